//! A bare repository with pull requests, a developer's clone, and the checkout that a CI system makes of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::cli::scene::{advisory, npm_lock};
use crate::harness::{Run, World, copy, valid, write_program};

pub const CVE: &str = "CVE-2020-0001";

/// The forge and everybody's clones of it.
pub struct Forge {
    pub world: World,
    pulls: std::cell::Cell<u64>,
}

/// A pull request.
#[derive(Debug, Clone)]
pub struct Pull {
    pub number: u64,
    pub head: String,
    pub base: String,
    pub merge: String,
}

/// The developer's clone.
pub struct Dev<'a>(&'a Forge);

impl Forge {
    /// A repository whose checkout builds a feed, with a case and two canaries that are green under it.
    pub fn new() -> Self {
        Self::of(|dev| {
            dev.write(".stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\ngates: {pr: {expect: exact}}\n");
            dev.write("feed/GHSA-old.json", old().to_string());
            dev.case("regressions/SCN-0001-minimist", "SCN-0001");
            dev.canary("npm-app", &["--label", "tier=regulated", "--label", "project=shop"]);
            dev.canary("npm-other", &[]);
        })
    }

    /// A repository with what `fill` writes.
    pub fn of(fill: impl FnOnce(&Dev<'_>)) -> Self {
        let forge = Self { world: World::new(), pulls: std::cell::Cell::new(0) };
        let bare = forge.world.path("bare.git");
        forge.git(&forge.world.path("."), &["init", "--quiet", "--bare", "-b", "main", bare.to_str().unwrap()]);
        forge.git(&bare, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
        fs::create_dir(forge.world.path("dev")).unwrap();
        forge.dev_git(&["init", "--quiet", "-b", "main"]);
        forge.dev_git(&["remote", "add", "origin", bare.to_str().unwrap()]);
        let dev = Dev(&forge);
        fill(&dev);
        forge.dev_git(&["add", "--all"]);
        forge.dev_git(&["commit", "--quiet", "--allow-empty", "-m", "base"]);
        forge.dev_git(&["push", "--quiet", "origin", "main"]);
        forge
    }

    pub fn dev(&self) -> Dev<'_> {
        Dev(self)
    }

    pub fn git(&self, directory: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.current_dir(directory).args(arguments).env_clear();
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", self.world.path("home"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        for (name, value) in [("NAME", "dev"), ("EMAIL", "dev@example.com"), ("DATE", "2026-01-01T00:00:00Z")] {
            command.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub fn dev_git(&self, arguments: &[&str]) -> String {
        self.git(&self.world.path("dev"), arguments)
    }

    /// Commits on the base branch.
    pub fn on_main(&self, edit: impl FnOnce(&Dev<'_>)) -> String {
        self.dev_git(&["checkout", "--quiet", "main"]);
        edit(&self.dev());
        self.dev_git(&["add", "--all"]);
        self.dev_git(&["commit", "--quiet", "--allow-empty", "-m", "main"]);
        self.dev_git(&["push", "--quiet", "origin", "main"]);
        self.dev_git(&["rev-parse", "HEAD"])
    }

    /// Opens a pull request from the base's tip.
    pub fn pull(&self, edit: impl FnOnce(&Dev<'_>)) -> Pull {
        self.pull_from("main", edit)
    }

    /// Opens a pull request from an older commit.
    pub fn pull_from(&self, start: &str, edit: impl FnOnce(&Dev<'_>)) -> Pull {
        let number = self.pulls.get() + 1;
        self.pulls.set(number);
        let topic = format!("topic-{number}");
        self.dev_git(&["checkout", "--quiet", "-B", &topic, start]);
        edit(&self.dev());
        self.dev_git(&["add", "--all"]);
        self.dev_git(&["commit", "--quiet", "--allow-empty", "-m", &topic]);
        self.publish(number, &topic)
    }

    /// What a forge makes of a branch that a pull request is opened for.
    pub fn publish(&self, number: u64, topic: &str) -> Pull {
        let head = self.dev_git(&["rev-parse", topic]);
        let base = self.dev_git(&["rev-parse", "main"]);
        self.dev_git(&["checkout", "--quiet", "--detach", "main"]);
        self.dev_git(&["merge", "--quiet", "--no-ff", "-m", "merge", topic]);
        let merge = self.dev_git(&["rev-parse", "HEAD"]);
        for (from, to) in [(&head, "head"), (&merge, "merge")] {
            self.dev_git(&["push", "--quiet", "--force", "origin", &format!("{from}:refs/pull/{number}/{to}")]);
        }
        Pull { number, head, base, merge }
    }

    /// Merges it, as a person does who is allowed to.
    pub fn merge(&self, pull: &Pull) {
        self.dev_git(&["checkout", "--quiet", "-B", "main", &pull.merge]);
        self.dev_git(&["push", "--quiet", "origin", "main"]);
    }

    /// Checks out as `actions/checkout` does.
    pub fn check_out(&self, commit: &str, depth: Option<u32>) -> PathBuf {
        let work = self.world.path("work");
        fs::remove_dir_all(&work).unwrap();
        fs::create_dir(&work).unwrap();
        self.git(&work, &["init", "--quiet", "-b", "ignored"]);
        let bare = format!("file://{}", self.world.path("bare.git").display());
        self.git(&work, &["remote", "add", "origin", &bare]);
        let depth = depth.map(|depth| format!("--depth={depth}"));
        let mut arguments = vec!["-c", "protocol.version=2", "fetch", "--quiet", "--no-tags", "--prune"];
        arguments.extend(depth.as_deref());
        arguments.extend(["origin", commit]);
        self.git(&work, &arguments);
        self.git(&work, &["checkout", "--quiet", "--force", "--detach", commit]);
        work
    }

    /// The environment of a pull request's run.
    pub fn event(&self, pull: &Pull) -> BTreeMap<String, String> {
        let event = json!({ "number": pull.number, "action": "synchronize", "pull_request": {
            "number": pull.number, "head": {"sha": pull.head, "ref": "topic"}, "base": {"sha": pull.base, "ref": "main"},
        }});
        self.environment("pull_request", &pull.merge, &event)
    }

    pub fn environment(&self, name: &str, sha: &str, event: &Value) -> BTreeMap<String, String> {
        let file = self.world.path("event.json");
        fs::write(&file, event.to_string()).unwrap();
        let set = [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", name),
            ("GITHUB_SHA", sha),
            ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
        ];
        set.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// Runs `stella` in the checkout.
    pub fn run(&self, exit: u8, environment: &BTreeMap<String, String>, arguments: &[&str]) -> Run {
        let mut command = self.world.command(arguments);
        command.envs(environment);
        self.world.run(exit, command)
    }

    /// Runs a line in the checkout, as a person pastes it into a shell.
    pub fn paste(&self, exit: u8, environment: &BTreeMap<String, String>, line: &str) -> Run {
        let mut command = self.world.pasted(line);
        command.envs(environment);
        self.world.run(exit, command)
    }

    /// Does what the hints say, as it stands, until `stella` gives no more; how it ended, and how many lines were pasted.
    pub fn mended(&self, environment: &BTreeMap<String, String>, arguments: &[&str]) -> (Option<i32>, usize) {
        // No word of these lines has a space in it, whatever stands between quotes for a shell.
        let words = |line: &str| line.replace('\'', "").split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mut arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let mut pasted = 0;
        for _ in 0..4 {
            let mut command = self.world.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            let output = command.envs(environment).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            let hints: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("hint: ")).collect();
            let quoted: Vec<&str> = hints.iter().flat_map(|hint| hint.split('`').skip(1).step_by(2)).collect();
            let lines: Vec<&&str> = quoted.iter().filter(|quoted| quoted.starts_with("git ")).collect();
            if lines.is_empty() {
                return (output.status.code(), pasted);
            }
            for line in lines {
                self.paste(0, environment, line);
                pasted += 1;
            }
            for quoted in quoted {
                if let Some(line) = quoted.strip_prefix("stella ") {
                    arguments = words(line);
                } else if quoted.starts_with("--base ") {
                    if let Some(at) = arguments.iter().position(|word| word == "--base") {
                        arguments.drain(at..at + 2);
                    }
                    arguments.extend(words(quoted));
                }
            }
        }
        panic!("the hints do not come to an end: {arguments:?}");
    }

    /// Judges a pull request whose merge is checked out with both its parents.
    pub fn judge(&self, exit: u8, pull: &Pull) -> Value {
        self.check_out(&pull.merge, Some(2));
        self.judge_checked_out(exit, &self.event(pull))
    }

    /// The same of a pull request that is opened for it.
    pub fn judge_pull(&self, exit: u8, edit: impl FnOnce(&Dev<'_>)) -> Value {
        let pull = self.pull(edit);
        self.judge(exit, &pull)
    }

    /// The same with the whole of its history.
    pub fn judge_with_history(&self, exit: u8, pull: &Pull) -> Value {
        self.check_out(&pull.merge, None);
        self.judge_checked_out(exit, &self.event(pull))
    }

    pub fn judge_checked_out(&self, exit: u8, environment: &BTreeMap<String, String>) -> Value {
        let run = self.run(exit, environment, &["ci", "--gate", "pr", "--format", "json"]);
        let result = run.stdout_json();
        valid(&result, "result-v1.json");
        result
    }

    /// In words, with the whole of its history.
    pub fn words_with_history(&self, exit: u8, pull: &Pull) -> String {
        self.check_out(&pull.merge, None);
        self.run(exit, &self.event(pull), &["ci", "--gate", "pr"]).stdout
    }

    /// The same in words.
    pub fn words(&self, exit: u8, pull: &Pull) -> String {
        self.check_out(&pull.merge, Some(2));
        self.run(exit, &self.event(pull), &["ci", "--gate", "pr"]).stdout
    }
}

/// The codes of the gate's reasons with that weight.
pub fn codes(result: &Value, weight: &str) -> Vec<String> {
    let reasons = result["gate"]["reasons"].as_array().unwrap();
    let mut codes: Vec<String> = reasons
        .iter()
        .filter(|reason| reason["weight"] == weight)
        .map(|reason| reason["code"].as_str().unwrap().to_owned())
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

/// What the gate's reasons are about, with that code.
pub fn about(result: &Value, code: &str) -> Vec<String> {
    let reasons = result["gate"]["reasons"].as_array().unwrap();
    let of = |reason: &Value| {
        let part = |name: &str| reason[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}", part("replay"), part("change")).trim().to_owned()
    };
    reasons.iter().filter(|reason| reason["code"] == code).map(of).collect()
}

pub fn old() -> Value {
    advisory("GHSA-old", CVE, "minimist", "0.2.1", "MODERATE")
}

impl Dev<'_> {
    pub fn path(&self, relative: &str) -> PathBuf {
        self.0.world.path("dev").join(relative)
    }

    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
    }

    pub fn script(&self, relative: &str, body: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_program(&path, format!("#!/bin/sh\n{body}\n"));
    }

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    pub fn edit(&self, relative: &str, change: impl FnOnce(&mut Value)) {
        let mut value = serde_json::from_str(&self.read(relative)).unwrap();
        change(&mut value);
        self.write(relative, value.to_string());
    }

    /// Changes a manifest as another program writes it: it has a name of that program's, and no seal.
    pub fn rewrite(&self, canary: &str, change: impl FnOnce(&mut Value)) {
        self.edit(&format!("fixtures/canaries/{canary}/manifest.json"), |manifest| {
            manifest.as_object_mut().unwrap().remove("seal");
            manifest["scan_id"] = Value::from("of-another-program");
            change(manifest);
        });
    }

    pub fn replace(&self, relative: &str, from: &str, to: &str) {
        let text = self.read(relative);
        assert!(text.contains(from), "`{from}` is not in {relative}");
        self.write(relative, text.replace(from, to));
    }

    pub fn link(&self, to: &str, at: &str) {
        std::os::unix::fs::symlink(to, self.path(at)).unwrap();
    }

    /// A commit of another repository at a path.
    pub fn submodule(&self, at: &str) {
        let head = self.0.dev_git(&["rev-parse", "HEAD"]);
        fs::create_dir_all(self.path(at)).unwrap();
        self.0.dev_git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},{at}")]);
    }

    pub fn executable(&self, relative: &str) {
        fs::set_permissions(self.path(relative), fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn remove(&self, relative: &str) {
        let path = self.path(relative);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::create_dir_all(self.path(to).parent().unwrap()).unwrap();
        // Another branch may have left empty folders there, which git does not know.
        if self.path(to).is_dir() {
            fs::remove_dir_all(self.path(to)).unwrap();
        }
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub fn copy(&self, from: &str, to: &str) {
        copy(&self.path(from), &self.path(to));
    }

    /// Adds to the configuration.
    pub fn configure(&self, more: &str) {
        let text = self.read(".stella.yaml");
        self.write(".stella.yaml", format!("{text}{more}\n"));
    }

    pub fn stella(&self, exit: u8, arguments: &[&str]) -> Run {
        let mut command = self.0.world.command(arguments);
        command.current_dir(self.path("."));
        self.0.world.run(exit, command)
    }

    /// A case that expects the one finding of the feed.
    pub fn case(&self, folder: &str, id: &str) {
        let metadata = json!({
            "id": id, "title": "minimist is found", "kind": "vulnerability-missed", "source": "test", "severity": "high",
            "tags": ["language:javascript"],
        });
        self.write(&format!("{folder}/case.metadata.json"), metadata.to_string());
        self.write(&format!("{folder}/case.md"), "# why\n");
        self.write(&format!("{folder}/input/package-lock.json"), npm_lock(&[("minimist", "0.0.8")]).to_string());
        self.write(&format!("{folder}/input/feed/GHSA-old.json"), old().to_string());
        let findings = json!({ "schema": "stella.findings/1", "findings": [{
            "cve_id": CVE, "aliases": ["GHSA-old"], "affected_purl": "pkg:npm/minimist@0.0.8", "package": "minimist",
            "version": "0.0.8", "severity": "medium", "fixed_versions": ["0.2.1"], "reachability": "unknown",
            "vex_status": "under_investigation",
        }] });
        self.write(&format!("{folder}/expected/findings.json"), findings.to_string());
    }

    /// Records a canary with the feed of the checkout.
    pub fn canary(&self, name: &str, more: &[&str]) {
        let (seen, folder) = (self.0.world.path("seen"), format!("fixtures/canaries/{name}"));
        fs::create_dir_all(&seen).unwrap();
        let lock = seen.join("package-lock.json");
        fs::write(&lock, npm_lock(&[("minimist", "0.0.8"), ("marked", "0.3.9"), (name, "1.0.0")]).to_string()).unwrap();
        let manifest = format!("{folder}/manifest.json");
        let expected = format!("{folder}/expected");
        let mut arguments =
            vec!["scan", "--input", lock.to_str().unwrap(), "--feed", "feed", "--store", "fixtures/store"];
        arguments.extend(["--emit-manifest", &manifest, "--emit-artifacts-dir", &expected]);
        arguments.extend(more);
        self.stella(0, &arguments);
    }
}
