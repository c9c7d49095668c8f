//! The recipe of two jobs from begin to end, against a GitHub that keeps state: what docs/pull-request.md shows is what is run here, and
//! what it prints is what came out.
//!
//! With `STELLA_BLESS=1` the page's outputs are written anew.

use std::collections::BTreeMap;
use std::fs;

use regex::Regex;
use serde_json::{Value, json};

use crate::base::forge::{Forge, Pull};
use crate::harness::{World, copy, repository, says};
use crate::publish::github::Github;
use crate::real::act::{Act, ActRun};

const PAGE: &str = "docs/pull-request.md";

/// The event of a pull request as GitHub tells it, in the repository itself.
pub fn payload(forge: &Forge, pull: &Pull) -> Value {
    let file = &forge.event(pull)["GITHUB_EVENT_PATH"];
    let mut event: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    event["pull_request"]["head"]["repo"] = json!({"full_name": "acme/app"});
    event["repository"] = json!({"default_branch": "main", "full_name": "acme/app"});
    event
}

/// The commands of the page, and what came out of them.
struct Page {
    text: String,
    found: BTreeMap<String, String>,
}

impl Page {
    fn read() -> Self {
        Self { text: fs::read_to_string(repository(PAGE)).unwrap(), found: BTreeMap::new() }
    }

    fn block(&self, kind: &str, name: &str) -> std::ops::Range<usize> {
        let mark = format!("<!-- {kind}: {name} -->\n");
        let at = self.text.find(&mark).unwrap_or_else(|| panic!("{PAGE} has no `{mark}`")) + mark.len();
        let begin = at + self.text[at..].find('\n').unwrap() + 1;
        let fence = if self.text[at..].starts_with("~~~") { "\n~~~\n" } else { "\n```\n" };
        begin..begin + self.text[begin - 1..].find(fence).unwrap()
    }

    /// Runs the lines of the page in the developer's clone, as they stand there.
    fn pasted(&mut self, forge: &Forge, name: &str, exit: u8) -> String {
        let lines = self.text[self.block("run", name)].to_owned();
        let mut command = forge.world.pasted(&format!("exec 2>&1\n{lines}"));
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "dev").env(format!("GIT_{who}_EMAIL"), "dev@example.com");
        }
        command.current_dir(forge.dev().path("."));
        let said = forge.world.run(exit, command).stdout;
        self.shows(name, &said);
        said
    }

    fn shows(&mut self, name: &str, said: &str) {
        self.found.insert(name.to_owned(), said.trim_end().to_owned() + "\n");
    }

    /// Holds the page against what came out.
    fn check(mut self) {
        let found = std::mem::take(&mut self.found);
        let steady = Steady::new();
        let is_asked = |page: &Self, name: &str| page.text.contains(&format!("<!-- output: {name} -->\n"));
        for (name, said) in found.into_iter().collect::<Vec<_>>().into_iter().rev() {
            if !is_asked(&self, &name) {
                continue;
            }
            let at = self.block("output", &name);
            if std::env::var_os("STELLA_BLESS").is_some() {
                if steady.of(&self.text[at.clone()]) != steady.of(&said) {
                    self.text.replace_range(at, &said);
                }
                continue;
            }
            assert_eq!(steady.of(&self.text[at]), steady.of(&said), "{PAGE}, `{name}`: run it with STELLA_BLESS=1");
        }
        if std::env::var_os("STELLA_BLESS").is_some() {
            fs::write(repository(PAGE), self.text).unwrap();
        }
    }
}

/// Takes out of a text what is another on each day or machine.
struct Steady(Vec<(Regex, &'static str)>);

impl Steady {
    fn new() -> Self {
        let rules = [
            (r"[0-9a-f]{12,}", "HEX"),
            (r"\d{4}-\d{2}-\d{2}", "DAY"),
            (r" +\d+\.\d+ s", " TIME"),
            (r"(linux|macos)/[a-z0-9]+", "PLATFORM"),
            (r"[─═]+", "-"),
            (r"(?m)^(start|done|replaying).*\n", ""),
        ];
        Self(rules.map(|(rule, by)| (Regex::new(rule).unwrap(), by)).into())
    }

    fn of(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (rule, by)| rule.replace_all(&text, *by).into_owned())
    }
}

struct Scene {
    forge: Forge,
    act: Act,
    github: Github,
}

impl Scene {
    /// One run of the workflow for a pull request, of what is checked out at `commit`.
    fn run(&self, event: &Value, commit: &str, id: &str) -> ActRun {
        let work = self.forge.check_out(commit, None);
        self.forge.git(&work, &["update-ref", "refs/remotes/pull/1/merge", commit]);
        let env = [("GITHUB_API_URL", self.github.url.as_str()), ("GITHUB_RUN_ID", id), ("GITHUB_RUN_ATTEMPT", "1")];
        self.act.run(&work, "pull_request", event, &env, &[])
    }

    fn comment(&self) -> String {
        let comments = self.github.comments();
        assert_eq!(comments.len(), 1, "{comments:?}");
        comments[0].body.clone()
    }
}

/// The release stands in the workflow; what is built here takes its place.
fn with_binary(forge: &Forge) {
    let (dev, path) = (forge.dev(), ".github/workflows/stella.yml");
    let binary = env!("CARGO_BIN_EXE_stella");
    dev.replace(path, "        id: stella\n", &format!("        id: stella\n        with: {{binary: {binary}}}\n"));
    dev.replace(path, "with: {report-dir", &format!("with: {{binary: {binary}, report-dir"));
}

#[test]
fn a_pull_request_from_begin_to_end() {
    let lock = crate::cli::scene::npm_lock(&[("marked", "0.3.9")]).to_string();
    let forge = Forge::of(|dev| dev.write("package-lock.json", &lock));
    let Some(act) = Act::new(&forge.world.path("")) else { return };
    let mut page = Page::read();
    page.pasted(&forge, "init", 0);
    page.pasted(&forge, "canary", 0);
    with_binary(&forge);
    forge.on_main(|_| ());
    let scene = Scene { forge, act, github: Github::start() };

    // Green: nothing is said.
    let pull = scene.forge.pull(|dev| dev.write("README.md", "# app\n"));
    scene.github.open(1, &pull.head, 1);
    let ran = scene.run(&payload(&scene.forge, &pull), &pull.merge, "50");
    let ran = ran.ends(true, &["passed: 2 of 2 replays match", "nothing is said: it is green"]);
    page.shows("green", &ran.printed("stella/stella"));
    assert_eq!(scene.github.comments().len(), 0);

    // A finding is lost: red, with a comment.
    scene.forge.dev_git(&["checkout", "--quiet", "topic-1"]);
    page.pasted(&scene.forge, "lose", 0);
    scene.forge.dev_git(&["commit", "--quiet", "--all", "-m", "lose"]);
    let lost = scene.forge.publish(1, "topic-1");
    scene.github.push(1, &lost.head);
    let red = payload(&scene.forge, &lost);
    scene.run(&red, &lost.merge, "51").ends(false, &["created (", "Job 'stella' failed"]);
    let comment = scene.comment();
    says(&comment, &["## stella: failed", "STELLA-EXAMPLE-0001", "disappeared", "stella accept --base"]);
    page.shows("comment", &comment);
    // The same red on a laptop, from the artifact alone.
    let laptop = World::new();
    copy(&scene.act.artifact("stella"), &laptop.work("stella"));
    page.shows("reproduce", &laptop.stella(1, &["reproduce", "stella"]).stdout);

    // The head is checked out in place of the merge: it is judged by the same base, and as red.
    scene.run(&red, &lost.head, "52").ends(false, &["pull request 1, its head", "written over ("]);
    says(&scene.comment(), &["## stella: failed", "its head"]);

    // Accepted where the change is, committed to the default branch, and run again.
    scene.forge.dev_git(&["checkout", "--quiet", "topic-1"]);
    page.pasted(&scene.forge, "accept", 0);
    let approvals = scene.forge.dev().read("approvals.yaml");
    scene.forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    scene.forge.dev_git(&["clean", "--quiet", "-fd"]);
    scene.forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    let accepted = scene.forge.publish(1, "topic-1");
    let event = payload(&scene.forge, &accepted);
    let ran = scene.run(&event, &accepted.merge, "53").ends(true, &["the advisory was withdrawn", "written over ("]);
    page.shows("accepted", &ran.printed("stella/stella"));
    let green = scene.comment();
    says(&green, &["## stella: passed"]);
    page.shows("green-again", &green);

    // An older run that finishes last changes nothing, neither of this commit nor of an earlier one.
    scene.run(&red, &lost.merge, "51").ends(false, &["a newer run wrote it"]);
    assert_eq!(scene.comment(), green);
    scene.github.push(1, "a200000000000000000000000000000000000000");
    scene.run(&red, &lost.merge, "54").ends(false, &["the pull request is at a20000000000 now"]);
    assert_eq!(scene.comment(), green);
    page.check();
}

/// The recipe of docs/shards.md: a shard whose report is lost is red, and green once it alone was run again.
#[test]
fn shards_and_their_merge() {
    let page = fs::read_to_string(repository("docs/shards.md")).unwrap();
    let recipe = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let binary = env!("CARGO_BIN_EXE_stella");
    let recipe = recipe.replace("          shard:", &format!("          binary: {binary}\n          shard:"));
    // act does not know the place of a job in its matrix.
    let recipe = recipe.replace("strategy.job-index", "matrix.shard");
    let recipe = recipe.replace("with: {merge", &format!("with: {{binary: {binary}, merge"));
    assert_eq!(recipe.matches(binary).count(), 2);
    let forge = Forge::of(|dev| {
        dev.write(".stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\ngates: {pr: {expect: exact}}\n");
        dev.write("feed/GHSA-old.json", crate::base::forge::old().to_string());
        for i in 1..6 {
            dev.case(&format!("regressions/SCN-000{i}"), &format!("SCN-000{i}"));
        }
        dev.canary("npm-app", &[]);
        dev.write(".github/workflows/stella.yml", &recipe);
    });
    let Some(act) = Act::new(&forge.world.path("")) else { return };
    let pull = forge.pull(|dev| dev.write("README.md", "# app\n"));
    let (event, work) = (payload(&forge, &pull), forge.check_out(&pull.merge, None));
    forge.git(&work, &["update-ref", "refs/remotes/pull/1/merge", &pull.merge]);
    let run = |attempt: &str, lost: &str, more: &[&str]| {
        let env = [("GITHUB_RUN_ID", "60"), ("GITHUB_RUN_ATTEMPT", attempt), ("STUB_LOSES", lost)];
        act.run(&work, "pull_request", &event, &env, more)
    };
    let first = run("1", "stella-shard-2-4-1", &[]);
    let first = first.ends(false, &["the stand-in loses stella-shard-2-4-1", "missing-shard", "2/4"]);
    assert!(!first.log.contains("passed:"), "{}", first.log);
    let kept = |name: &str| act.artifact(name).join("result.json").is_file();
    assert_eq!([1, 2, 3, 4].map(|i| kept(&format!("stella-shard-{i}-4-1"))), [true, false, true, true]);
    // GitHub runs what failed again, and what needs it.
    run("2", "", &["--matrix", "shard:2/4"]).ends(true, &["passed: 6 of 6 replays match", "Job succeeded"]);
}
