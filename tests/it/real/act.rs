//! Workflows as `act` runs them: this repository's actions from its checkout, and stand-ins for the two that keep artifacts.
//!
//! Each run is one attempt of one workflow run. Absent: permissions and limits, which act does not know; machines of their own for each
//! job, unless [`Act::machines`] is asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use stella::flow::suite::init::recipe::Recipe;

use crate::harness::{copy, repository, says};
use crate::real::program;

/// What a job may read and write; long, since act masks every text that is the same.
pub const TOKEN: &str = "ghs_1234_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0In0.c2lnbmF0dXJlLW9mLXRoaXMtdG9rZW4_-x";

const UPLOAD: &str = r#"name: upload
inputs: {name: {default: artifact}, path: {required: true}, overwrite: {default: 'false'}}
runs:
  using: composite
  steps:
    - shell: /bin/bash -eu {0}
      env: {NAME: '${{ inputs.name }}', FROM: '${{ inputs.path }}', OVERWRITE: '${{ inputs.overwrite }}'}
      run: |
        NAME=${NAME//\//-}
        case ",${STUB_LOSES:-}," in *",$NAME,"*) echo "the stand-in loses $NAME"; exit 0;; esac
        to="$STUB_ARTIFACTS/$NAME"
        if [ -e "$to" ] && [ "$OVERWRITE" != true ]; then echo "409: $NAME is there already"; exit 1; fi
        rm -rf "$to"; mkdir -p "$to"; cp -r "$FROM/." "$to"
"#;

const DOWNLOAD: &str = r#"name: download
inputs: {name: {default: ''}, pattern: {default: ''}, path: {default: .}}
runs:
  using: composite
  steps:
    - shell: /bin/bash -eu {0}
      env: {NAME: '${{ inputs.name }}', PATTERN: '${{ inputs.pattern }}', TO: '${{ inputs.path }}'}
      run: |
        if [ -n "$NAME" ]; then
          [ -d "$STUB_ARTIFACTS/$NAME" ] || { echo "404: $NAME"; exit 1; }
          mkdir -p "$TO"; cp -r "$STUB_ARTIFACTS/$NAME/." "$TO"
        else
          for one in "$STUB_ARTIFACTS"/$PATTERN; do
            if [ -d "$one" ]; then mkdir -p "$TO"; cp -r "$one" "$TO/"; fi
          done
        fi
"#;

/// act, and what it needs beside a checkout.
pub struct Act {
    program: PathBuf,
    root: PathBuf,
    token: &'static str,
    machines: bool,
}

/// What an attempt left.
pub struct ActRun {
    /// Every job succeeded.
    pub ok: bool,
    pub log: String,
}

impl Act {
    /// Lays it out below `root`; `None` where act is not installed, which is then said.
    pub fn new(root: &Path) -> Option<Self> {
        let program = program("act")?;
        let root = root.join("act");
        fs::create_dir_all(root.join("artifacts")).unwrap();
        for (name, text) in [("upload", UPLOAD), ("download", DOWNLOAD)] {
            fs::create_dir(root.join(name)).unwrap();
            fs::write(root.join(name).join("action.yml"), text).unwrap();
        }
        fs::create_dir(root.join("action")).unwrap();
        fs::copy(repository("action.yml"), root.join("action/action.yml")).unwrap();
        copy(&repository("action"), &root.join("action/action"));
        copy(&repository("publish"), &root.join("action/publish"));
        Some(Self { program, root, token: TOKEN, machines: false })
    }

    /// Each run of it is a machine of its own: nothing that it leaves running outlives it, and nothing is seen of other processes.
    pub fn machines(self) -> Self {
        Self { machines: true, ..self }
    }

    pub fn with_token(self, token: &'static str) -> Self {
        Self { token, ..self }
    }

    /// What was kept under a name.
    pub fn artifact(&self, name: &str) -> PathBuf {
        self.root.join("artifacts").join(name)
    }

    /// Runs the workflows of a checkout for an event. `env` stands in every job.
    pub fn run(&self, checkout: &Path, event: &str, payload: &Value, env: &[(&str, &str)], more: &[&str]) -> ActRun {
        let file = self.root.join("event.json");
        fs::write(&file, payload.to_string()).unwrap();
        // A fresh machine.
        let home = self.root.join("home");
        let _ = fs::remove_dir_all(&home);
        fs::create_dir(&home).unwrap();
        let mut command = if self.machines {
            let mut command = Command::new("unshare");
            command.args(["--pid", "--fork", "--mount-proc", "--kill-child"]).arg(&self.program);
            command
        } else {
            Command::new(&self.program)
        };
        command.arg(event).args(["--pull=false", "--action-offline-mode"]);
        for runner in ["ubuntu-24.04", "ubuntu-slim"] {
            command.args(["-P", &format!("{runner}=-self-hosted")]);
        }
        let recipe = &Recipe::GithubComment.files(None)[0].1;
        let pin = |action: &str| {
            let (_, rest) = recipe.split_once(&format!("{action}@")).unwrap();
            format!("{action}@{}", rest.split_whitespace().next().unwrap())
        };
        for (action, folder) in [
            (format!("stella-replay/stella@v{}", env!("CARGO_PKG_VERSION")), "action"),
            (pin("actions/upload-artifact"), "upload"),
            (pin("actions/download-artifact"), "download"),
        ] {
            command.args(["--local-repository", &format!("{action}={}", self.root.join(folder).display())]);
        }
        let artifacts = format!("STUB_ARTIFACTS={}", self.root.join("artifacts").display());
        command.args(["-s", &format!("GITHUB_TOKEN={}", self.token), "--env", &artifacts]);
        let workflow = "GITHUB_WORKFLOW_REF=acme/app/.github/workflows/stella.yml@refs/heads/main";
        command.args(["--env", "GITHUB_REPOSITORY=acme/app", "--env", workflow]);
        for (name, value) in env {
            command.args(["--env", &format!("{name}={value}")]);
        }
        command.args(more).arg("--eventpath").arg(file).current_dir(checkout).env_clear();
        command.env("HOME", &home).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        let output = command.output().unwrap();
        let log = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        ActRun { ok: output.status.success(), log }
    }
}

impl ActRun {
    /// It must have ended so, and said this.
    pub fn ends(self, ok: bool, words: &[&str]) -> Self {
        assert_eq!(self.ok, ok, "{}", self.log);
        says(&self.log, words);
        self
    }

    /// What the step that begins with a command printed, without act's marks.
    pub fn printed(&self, job: &str) -> String {
        let begin = format!("[{job}]   | ");
        let lines = self.log.lines().filter_map(|line| line.strip_prefix(begin.as_str()));
        let colours = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
        colours.replace_all(&lines.fold(String::new(), |text, line| text + line + "\n"), "").into_owned()
    }
}
