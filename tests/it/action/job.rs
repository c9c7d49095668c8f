//! A stand-in for the runner: one job with a checkout, a folder for temporary files, a tool cache, and one step that uses the action.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{World, copy, repository};

/// The release that the table of a job's action names.
pub const VERSION: &str = "9.8.7";
/// Its archive for the machine that the job says it has.
pub const ASSET: &str = "stella-9.8.7-x86_64-unknown-linux-musl.tar.gz";

/// A job before its step has run.
pub struct Job {
    pub world: World,
    with: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
    /// The file of the action, and the step of it that is run.
    action: (&'static str, &'static str),
}

/// A step that has run.
pub struct Step {
    pub code: i32,
    /// What the runner reads: standard output, and standard error after it.
    pub log: String,
    pub outputs: String,
    pub summary: String,
}

impl Job {
    pub fn new() -> Self {
        Self::of(World::new())
    }

    /// A job whose checkout is the working directory of a world.
    pub fn of(world: World) -> Self {
        let action = world.path("_actions/stella-replay/stella/v1");
        fs::create_dir_all(&action).unwrap();
        copy(&repository("action"), &action.join("action"));
        copy(&repository("action.yml"), &action.join("action.yml"));
        copy(&repository("publish"), &action.join("publish"));
        for folder in ["_temp", "_tool", "_runner"] {
            fs::create_dir(world.path(folder)).unwrap();
        }
        for file in ["_runner/output", "_runner/summary"] {
            fs::write(world.path(file), "").unwrap();
        }
        let path = |relative: &str| world.path(relative).to_str().unwrap().to_owned();
        let env = [
            ("CI", "true".to_owned()),
            ("HOME", path("home")),
            ("USER", "runner".to_owned()),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_ACTION_PATH", action.to_str().unwrap().to_owned()),
            ("GITHUB_EVENT_NAME", "push".to_owned()),
            ("GITHUB_REPOSITORY", "octo/app".to_owned()),
            ("GITHUB_WORKFLOW_REF", "octo/app/.github/workflows/stella.yml@refs/heads/main".to_owned()),
            ("GITHUB_WORKSPACE", path("work")),
            ("GITHUB_OUTPUT", path("_runner/output")),
            ("GITHUB_STEP_SUMMARY", path("_runner/summary")),
            ("RUNNER_TEMP", path("_temp")),
            ("RUNNER_TOOL_CACHE", path("_tool")),
            ("RUNNER_OS", "Linux".to_owned()),
            ("RUNNER_ARCH", "X64".to_owned()),
        ];
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { world, with: BTreeMap::new(), env, action: ("action.yml", "gate") }
    }

    /// The same job with the action that publishes.
    pub fn publishing(mut self) -> Self {
        self.action = ("publish/action.yml", "publish");
        let folder = self.action("publish");
        self.env("GITHUB_ACTION_PATH", folder.to_str().unwrap())
    }

    /// A job that uses the program under test.
    pub fn with_binary(self) -> Self {
        self.with("binary", env!("CARGO_BIN_EXE_stella"))
    }

    /// A job that uses a shell script in its place.
    pub fn with_script(self, body: &str) -> Self {
        let program = self.world.script("tools/stella", body);
        self.with("binary", program.to_str().unwrap())
    }

    pub fn with(mut self, input: &str, value: &str) -> Self {
        self.with.insert(input.to_owned(), value.to_owned());
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    pub fn action(&self, relative: &str) -> PathBuf {
        self.world.path("_actions/stella-replay/stella/v1").join(relative)
    }

    /// The archive of a release whose program is a script, and the action's table with its digest.
    pub fn release(&self, body: &str) -> Vec<u8> {
        let folder = self.world.path("release").join(ASSET.trim_end_matches(".tar.gz"));
        fs::create_dir_all(&folder).unwrap();
        let script = self.world.script("release-stella", body);
        for name in ["stella", "stella-sandbox"] {
            copy(&script, &folder.join(name));
        }
        let archive = self.world.path(ASSET);
        let mut tar = Command::new("tar");
        tar.arg("-czf").arg(&archive).arg("-C").arg(self.world.path("release"));
        run(tar.arg(folder.file_name().unwrap()));
        let table = self.action("action/checksums.json");
        run(Command::new(repository(".ci/add-checksums")).arg(table).arg(VERSION).arg(&archive));
        fs::read(archive).unwrap()
    }

    /// The command that the runner makes of the step.
    pub fn command(&self) -> Command {
        let action: Value = serde_yaml::from_slice(&fs::read(self.action(self.action.0)).unwrap()).unwrap();
        let steps = action["runs"]["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["id"] == self.action.1).unwrap();
        let script = self.world.path("_temp/step.sh");
        fs::write(&script, step["run"].as_str().unwrap()).unwrap();
        let shell = step["shell"].as_str().unwrap().replace("{0}", script.to_str().unwrap());
        let mut words = shell.split_whitespace();
        let mut command = Command::new(words.next().unwrap());
        command.args(words).current_dir(self.world.work("")).env_clear().envs(&self.env);
        for (name, value) in step["env"].as_object().unwrap() {
            command.env(name, self.evaluate(value.as_str().unwrap(), &action));
        }
        command
    }

    fn evaluate(&self, expression: &str, action: &Value) -> String {
        let name = expression.strip_prefix("${{ inputs.").and_then(|rest| rest.strip_suffix(" }}"));
        let name = name.unwrap_or_else(|| panic!("`{expression}` is not an input"));
        match self.with.get(name) {
            Some(value) => value.clone(),
            None => action["inputs"][name]["default"].as_str().unwrap().to_owned(),
        }
    }

    pub fn run(&self) -> Step {
        let output = self.command().output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Step {
            code: output.status.code().unwrap_or(-1),
            log: text(&output.stdout) + &text(&output.stderr),
            outputs: fs::read_to_string(self.world.path("_runner/output")).unwrap(),
            summary: fs::read_to_string(self.world.path("_runner/summary")).unwrap(),
        }
    }

    /// The step must end so.
    pub fn ends(&self, code: i32, words: &[&str]) -> Step {
        let step = self.run();
        assert_eq!(step.code, code, "{}", step.log);
        crate::harness::says(&step.log, words);
        step
    }
}

impl Step {
    /// The value of an output; empty where there is none.
    pub fn output(&self, name: &str) -> &str {
        let line = |line: &'_ str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
        self.outputs.lines().find(|text| line(text)).map_or("", |text| &text[name.len() + 1..])
    }

    /// The lines that the runner obeys, as it reads them (actions/runner, `ActionCommand.cs`): one of version 2 at the begin of a
    /// line, one of version 1 anywhere in it. Between `::stop-commands::TOKEN` and `::TOKEN::` there is none.
    pub fn commands(&self) -> Vec<&str> {
        let (mut obeyed, mut stopped) = (Vec::new(), None);
        for line in self.log.lines() {
            let text = line.trim_start();
            if let Some(token) = &stopped {
                if text == format!("::{token}::") {
                    stopped = None;
                }
                continue;
            }
            if let Some(token) = text.strip_prefix("::stop-commands::") {
                stopped = Some(token.to_owned());
            } else if text.starts_with("::") || line.contains("##[") {
                obeyed.push(line);
            }
        }
        assert_eq!(stopped, None, "commands are stopped for ever:\n{}", self.log);
        obeyed
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Whether a folder has nothing in it.
pub fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}
