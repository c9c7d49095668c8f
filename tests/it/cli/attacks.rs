//! Attacks on the gates of `stella ci` by whoever opens a pull request, each beside a harmless twin that is green.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use stella::model::digest::Digest;

use crate::cli::gate::{codes, forge};
use crate::harness::{World, copy, valid};

const SUBJECT: &str = "subject:\n  kind: scanner\n  build: mkdir -p bin && cp scan.in bin/scan && chmod +x bin/scan\n  \
                       path: bin/scan\n  argv: ['{scanner}', '{input}']\n  artifacts: ['findings=-:stella-findings']\n";
/// Prints what it is given; the other one loses what is high.
pub const GOOD: &str = "#!/bin/sh\ncat \"$1\"\n";
pub const WORSE: &str = "#!/bin/sh\nsed s/high/low/ \"$1\"\n";

fn findings(package: &str) -> Value {
    json!({ "schema": "stella.findings/1", "findings": [{
        "cve_id": "CVE-2020-0001", "aliases": [], "affected_purl": format!("pkg:npm/{package}@1.0.0"), "package": package,
        "version": "1.0.0", "severity": "high", "fixed_versions": ["2.0.0"], "reachability": "unknown",
        "vex_status": "under_investigation",
    }] })
}

/// Records what the scanner at `program` says as a canary.
fn record(world: &World, program: &str, id: &str) {
    world.write("seen.json", findings(id).to_string());
    let (manifest, expected) =
        (format!("fixtures/canaries/{id}/manifest.json"), format!("fixtures/canaries/{id}/expected"));
    let scan =
        ["scan", "--input", "seen.json", "--artifact", "findings=-:stella-findings", "--store", "fixtures/store"];
    let more = ["--emit-manifest", &manifest, "--emit-artifacts-dir", &expected, "--", program, "{input}"];
    world.stella(0, &[&scan[..], &more].concat());
    fs::remove_file(world.work("seen.json")).unwrap();
}

/// A repository that builds a scanner, with a case and so many canaries of it.
pub fn repository(canaries: usize) -> World {
    let world = World::new();
    world.write("scan.in", GOOD);
    world.write(".stella.yaml", SUBJECT);
    world.script("bin/scan", "cat \"$1\"");
    (0..canaries).for_each(|i| record(&world, "bin/scan", &format!("canary-{i}")));
    fs::remove_dir_all(world.work("bin")).unwrap();
    case(&world, "regressions/SCN-0001", "SCN-0001");
    world
}

fn case(world: &World, folder: &str, id: &str) {
    let metadata = json!({
        "id": id, "title": "found", "kind": "vulnerability-missed", "source": "test", "severity": "high", "tags": [],
    });
    world.write(&format!("{folder}/case.metadata.json"), metadata.to_string());
    world.write(&format!("{folder}/case.md"), "# why\n");
    world.write(&format!("{folder}/input/seen.json"), findings("of-a-case").to_string());
    world.write(&format!("{folder}/expected/findings.out"), findings("of-a-case").to_string());
}

/// What the gate of a pull request says of the working directory.
pub fn pr(world: &World, exit: u8, reasons: &[&str]) -> Value {
    judged(world, "pr", exit, reasons)
}

fn judged(world: &World, gate: &str, exit: u8, reasons: &[&str]) -> Value {
    let result = world.stella(exit, &["ci", "--gate", gate, "--format", "json"]).stdout_json();
    valid(&result, "result-v1.json");
    assert_eq!(codes(&result["gate"]), reasons, "{:#}", result["gate"]);
    result
}

fn candidate(result: &Value) -> (u64, u64) {
    (result["candidate"]["ran"].as_u64().unwrap(), result["candidate"]["of"].as_u64().unwrap())
}

/// Changes the configuration.
pub fn configure(world: &World, from: &str, to: &str) {
    let text = world.read(".stella.yaml");
    assert!(text.contains(from), "{text}");
    world.write(".stella.yaml", text.replace(from, to));
}

#[test]
fn a_renamed_scanner_is_still_the_candidate() {
    let world = repository(2);
    assert_eq!(candidate(&pr(&world, 0, &[])), (3, 3));
    configure(&world, "bin/scan", "bin/scan-2");
    assert_eq!(candidate(&pr(&world, 0, &[])), (3, 3));
    // Worse under its new name: seen in all of them.
    world.write("scan.in", WORSE);
    let result = pr(&world, 1, &["unapproved-drift", "unapproved-drift", "unapproved-drift"]);
    assert_eq!(candidate(&result), (3, 3));
}

#[test]
fn a_renamed_engine_concerns_no_canary() {
    let world = repository(2);
    configure(&world, "  path:", "  engine: scan\n  path:");
    pr(&world, 0, &[]);
    world.write("scan.in", WORSE);
    fs::remove_dir_all(world.work("regressions")).unwrap();
    pr(&world, 1, &["unapproved-drift", "unapproved-drift"]);
    configure(&world, "engine: scan", "engine: scan-2");
    let result = pr(&world, 3, &["candidate-not-run", "candidate-concerns-no-canary"]);
    assert_eq!(candidate(&result), (0, 2));
    assert_eq!(result["candidate"]["unclaimed"], json!(["canary-0", "canary-1"]));
    // Also where no gate is asked, and in every output.
    let reports = ["ci", "--junit", "junit.xml", "--summary", "summary.md"];
    let run = world.stella(3, &reports);
    for text in [&run.stdout, &world.read("junit.xml"), &world.read("summary.md")] {
        assert!(text.contains("was run on 0 of 2"), "{text}");
    }
    // A case that runs does not make up for it.
    case(&world, "regressions/SCN-0001", "SCN-0001");
    world.write("scan.in", GOOD);
    assert_eq!(candidate(&pr(&world, 3, &["candidate-concerns-no-canary"])), (1, 3));
}

#[test]
fn an_engine_that_nobody_tells_must_be_written() {
    let world = repository(1);
    pr(&world, 0, &[]);
    world.script("other", "cat \"$1\"");
    record(&world, "./other", "of-another");
    let run = world.stella(2, &["ci"]);
    run.complains(&["`subject.engine` is missing", "recorded by `other`, `scan`", "hint:", "`engine: other`"]);
    configure(&world, "  path:", "  engine: scan\n  path:");
    let result = pr(&world, 0, &["unclaimed-canaries"]);
    assert_eq!(candidate(&result), (2, 3));
    assert_eq!(result["candidate"]["unclaimed"], json!(["of-another"]));
    // Recordings of the built-in scanner alone tell nothing of another one.
    for id in ["canary-0", "of-another"] {
        fs::remove_dir_all(world.work(&format!("fixtures/canaries/{id}"))).unwrap();
    }
    configure(&world, "  engine: scan\n", "");
    pr(&world, 0, &[]);
    world.write("app/package-lock.json", crate::cli::scene::npm_lock(&[("minimist", "0.0.8")]).to_string());
    let record = crate::cli::scene::advisory("GHSA-old", "CVE-2020-0001", "minimist", "0.2.1", "HIGH");
    world.write("feed/old.json", record.to_string());
    let scan = ["scan", "--input", "app/package-lock.json", "--feed", "feed", "--store", "fixtures/store"];
    let kept = [
        "--emit-manifest",
        "fixtures/canaries/own/manifest.json",
        "--emit-artifacts-dir",
        "fixtures/canaries/own/expected",
    ];
    world.stella(0, &[&scan[..], &kept].concat());
    world.stella(2, &["ci"]).complains(&["recorded by the built-in scanner", "`engine: scan`"]);
}

#[test]
fn pinned_canaries_around_one_that_drifts_do_not_dilute_it() {
    let world = repository(10);
    fs::remove_dir_all(world.work("regressions")).unwrap();
    world.script("other", "cat \"$1\"");
    (0..20).for_each(|i| record(&world, "./other", &format!("other-{i}")));
    configure(&world, "  path:", "  engine: scan\n  path:");
    judged(&world, "release", 0, &["no-history", "unclaimed-canaries"]);
    // One of ten is 90 %; one of thirty would be 96.6 %, and with sixty more above 98 %.
    world.write(
        "scan.in",
        "#!/bin/sh\ncase $(cat \"$1\") in *canary-3*) sed s/high/low/ \"$1\" ;; *) cat \"$1\" ;; esac\n",
    );
    let result = judged(
        &world,
        "release",
        1,
        &[
            "canary-fidelity-below-minimum",
            "canary-policy-below-minimum",
            "unapproved-drift",
            "no-history",
            "unclaimed-canaries",
        ],
    );
    assert_eq!(result["gate"]["measured"][0]["sample"]["counts"]["compared"], 10);
    pr(&world, 1, &["unapproved-drift", "unclaimed-canaries"]);
}

#[test]
fn a_repository_that_builds_nothing_is_told_so() {
    let world = repository(1);
    world.write(".stella.yaml", "");
    // Its case names no scanner: it is the built-in one, which does not read this input.
    fs::remove_dir_all(world.work("regressions")).unwrap();
    let result = pr(&world, 0, &["no-candidate"]);
    assert_eq!(result["candidate"]["state"], "none");
    world.stella(0, &["ci"]).says(&["no candidate: this repository builds none"]);
    judged(&world, "release", 3, &["too-few-canaries", "no-candidate", "no-history"]);
    // Its pinned canaries are judged.
    let folder = "fixtures/canaries/canary-0";
    world.edit(&format!("{folder}/expected/findings.out"), |golden| golden["findings"][0]["severity"] = json!("low"));
    forge(&world, folder);
    pr(&world, 1, &["unapproved-drift", "no-candidate"]);
}

#[test]
fn a_part_or_another_question_does_not_pass_for_the_whole() {
    let world = repository(2);
    let judge = |exit: u8, reasons: &[&str], run: &[&str]| {
        world.stella(0, &[&["ci", "--result", "result.json"], run].concat());
        let gate = world.stella(exit, &["gate", "pr", "--result", "result.json", "--format", "json"]).stdout_json();
        assert_eq!(codes(&gate), reasons);
    };
    judge(0, &[], &[]);
    judge(3, &["partial-run"], &["--only", "canary-0"]);
    judge(3, &["candidate-left-out"], &["--pinned"]);
    // A result from before, and results that say more than their replays.
    world.stella(0, &["ci", "--result", "result.json"]);
    world.edit("result.json", |result| drop(result.as_object_mut().unwrap().remove("candidate")));
    let gate = world.stella(3, &["gate", "pr", "--result", "result.json", "--format", "json"]).stdout_json();
    assert_eq!(codes(&gate), ["candidate-unknown"]);
    for (field, lie) in [("ran", json!(9)), ("unclaimed", json!(["canary-0"])), ("state", json!("none"))] {
        world.stella(0, &["ci", "--result", "result.json"]);
        world.edit("result.json", |result| result["candidate"][field] = lie);
        world
            .stella(2, &["gate", "pr", "--result", "result.json"])
            .complains(&["what the result says of the candidate is not what its replays say"]);
    }
}

#[test]
fn the_digest_of_the_candidate_is_that_of_the_file_and_follows_from_the_replays() {
    let world = repository(2);
    let result = pr(&world, 0, &[]);
    let digest = Digest::of(&fs::read(world.work("bin/scan")).unwrap());
    assert_eq!(result["candidate"]["digest"], digest.to_string());
    let refused = |change: &dyn Fn(&mut Value)| {
        world.stella(0, &["ci", "--result", "result.json"]);
        world.edit("result.json", change);
        world
            .stella(2, &["gate", "pr", "--result", "result.json"])
            .complains(&["what the result says of the candidate is not what its replays say"]);
    };
    let other = Digest::of(b"another").to_string();
    refused(&|result| result["candidate"]["digest"] = json!(other));
    // One replay is of another file: then there is no one digest.
    refused(&|result| result["replays"][0]["digests"]["replayed"]["scanner"] = json!(other));
    // A result from before does not tell.
    world.stella(0, &["ci", "--result", "result.json"]);
    world.edit("result.json", |result| drop(result["candidate"].as_object_mut().unwrap().remove("digest")));
    world.stella(0, &["gate", "pr", "--result", "result.json"]);
}

#[test]
fn a_golden_that_was_edited_is_no_golden() {
    let world = repository(2);
    pr(&world, 0, &[]);
    // The scanner loses the finding's severity, and the recording is made to agree with it.
    world.write(
        "scan.in",
        "#!/bin/sh\ncase $(cat \"$1\") in *canary-0*) sed s/high/low/ \"$1\" ;; *) cat \"$1\" ;; esac\n",
    );
    pr(&world, 1, &["unapproved-drift"]);
    let golden = "fixtures/canaries/canary-0/expected/findings.out";
    world.edit(golden, |golden| golden["findings"][0]["severity"] = json!("low"));
    let result = pr(&world, 3, &["unreplayable"]);
    assert!(result.to_string().contains("the recording was edited"));
}

#[test]
fn what_is_a_link_out_of_the_repository_is_refused() {
    let world = repository(1);
    let outside = world.path("outside");
    fs::create_dir(&outside).unwrap();
    for folder in ["regressions/SCN-0001", "fixtures/canaries/canary-0", "regressions", "fixtures/canaries"] {
        let (inside, away) = (world.work(folder), outside.join("away"));
        fs::rename(&inside, &away).unwrap();
        symlink(&away, &inside).unwrap();
        world.stella(2, &["ci"]).complains(&[folder, "is a link out of the repository"]);
        // Back into it by a link that stays inside: green.
        fs::remove_file(&inside).unwrap();
        fs::rename(&away, world.work("kept")).unwrap();
        symlink(world.work("kept"), &inside).unwrap();
        pr(&world, 0, &[]);
        fs::remove_file(&inside).unwrap();
        fs::rename(world.work("kept"), &inside).unwrap();
        pr(&world, 0, &[]);
    }
    symlink(world.path("nowhere"), world.work("regressions/gone")).unwrap();
    world.stella(2, &["ci"]).complains(&["regressions/gone", "is a link out of the repository"]);
}

#[test]
fn a_history_that_contradicts_itself_is_refused() {
    let world = repository(1);
    world.stella(0, &["ci", "--pinned", "--history", "h.jsonl"]);
    let line = world.read("h.jsonl");
    world.stella(0, &["score", "--history", "h.jsonl"]);
    let refused = |change: &dyn Fn(&mut Value), word: &str| {
        let mut record: Value = serde_json::from_str(line.trim()).unwrap();
        change(&mut record);
        world.write("h.jsonl", format!("{record}\n"));
        world.stella(2, &["score", "--history", "h.jsonl"]).complains(&["h.jsonl:1", word]);
    };
    refused(&|record| record["levels"] = json!({ "bf": null, "sf": null, "pf": null }), "a match has levels");
    refused(&|record| record["levels"]["bf"] = json!(false), "a match needs `bf`");
    refused(
        &|record| {
            record["outcome"] = json!("flaky");
            record["detail"] = json!("x");
            record["mismatch_reason"] = json!("nondeterminism");
        },
        "what differs does not hold `bf`",
    );
}

/// What a build does before it copies the scanner; `{}` is where stella's own files are not.
fn build(world: &World, attack: &str) {
    world.script("attack.sh", attack);
    configure(world, "build: mkdir", "build: ./attack.sh && mkdir");
}

#[test]
fn a_build_that_changes_what_it_is_judged_by_changes_nothing() {
    let worse = "sed s/high/low/";
    let edits = [
        // A golden, a case's input and expectation, the manifest, the configuration; or all of them gone.
        "for f in fixtures/canaries/*/expected/findings.out regressions/*/expected/findings.out; do sed -i s/high/low/ $f; done",
        "sed -i s/high/low/ regressions/*/input/seen.json",
        "rm -rf regressions fixtures/canaries/canary-0",
        "rm -rf .git .stella.yaml; echo 'subject: {kind: builtin}' > .stella.yaml",
        "for f in fixtures/canaries/*/manifest.json; do echo '{}' > $f; done",
    ];
    for edit in edits {
        let world = repository(2);
        build(&world, edit);
        // Harmless: the scanner is as good as before, and so is the verdict.
        assert_eq!(candidate(&pr(&world, 0, &[])), (3, 3), "{edit}");
        let world = repository(2);
        build(&world, edit);
        world.write("scan.in", format!("#!/bin/sh\n{worse} \"$1\"\n"));
        let result = pr(&world, 1, &["unapproved-drift", "unapproved-drift", "unapproved-drift"]);
        assert_eq!(candidate(&result), (3, 3), "{edit}");
    }
    // A blob that is gone or changed is never another blob.
    let world = repository(1);
    build(&world, "find fixtures/store -name '*.zst' -exec sh -c 'echo x > $1' sh {} \\;");
    pr(&world, 3, &["unreplayable"]);
}

#[test]
fn whatever_a_build_started_is_ended_before_the_first_replay() {
    let spin = "i=0; while [ $i -lt 600 ]; do sed -i s/high/low/ result.json fixtures/canaries/*/expected/*; touch alive; sleep 0.05; i=$((i+1)); done";
    let daemons = [
        format!("({spin}) & true"),
        format!("setsid sh -c '{spin}' & true"),
        format!("(setsid sh -c '({spin}) & exit 0' &) ; true"),
        format!("nohup sh -c '{spin}' > /dev/null 2>&1 < /dev/null & true"),
    ];
    // As root in a namespace of processes; as anybody else by taking in whatever was left behind.
    for (daemon, as_user) in daemons.iter().flat_map(|daemon| [(daemon, false), (daemon, true)]) {
        let world = repository(1);
        build(&world, daemon);
        let arguments = ["ci", "--gate", "pr", "--result", "result.json", "--format", "json"];
        let command = if as_user { world.as_nobody(&arguments) } else { Some(world.command(&arguments)) };
        let Some(command) = command else { continue };
        let result = world.run(0, command).stdout_json();
        assert_eq!(candidate(&result), (2, 2), "{daemon}");
        fs::remove_file(world.work("alive")).ok();
        let written = world.read("result.json");
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(!world.exists("alive"), "it lives on: {daemon}");
        assert_eq!(world.read("result.json"), written);
    }
}

#[test]
fn a_build_gets_no_variable_that_steers_or_opens_anything() {
    let world = repository(0);
    build(&world, "env | sort > seen.env; echo '::set-output name=x::y'; echo '##[error]forged'");
    let steering =
        ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_STATE", "GITHUB_TOKEN"];
    let tokens = ["ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "CI_JOB_TOKEN", "AWS_SECRET_ACCESS_KEY"];
    let run = |exit| {
        let mut command = world.command(&["ci"]);
        command.envs(steering.iter().chain(&tokens).map(|name| (name, "secret-of-the-machine")));
        command.env("CC", "clang").env("NPM_TOKEN", "npm");
        world.run(exit, command)
    };
    let said = run(0);
    let seen = world.read("seen.env");
    assert!(!seen.contains("secret-of-the-machine") && !seen.contains("NPM_TOKEN"), "{seen}");
    assert!(seen.contains("CC=clang\n") && seen.contains("PATH="), "{seen}");
    // What it says is shown and never obeyed.
    said.complains(&["build   ::set-output name=x::y"]);
    assert!(!said.stderr.lines().any(|line| line.trim_start().starts_with("::")) && !said.stderr.contains("##["));
    configure(&world, "  path:", "  build_env: [NPM_TOKEN]\n  path:");
    run(0);
    assert!(world.read("seen.env").contains("NPM_TOKEN=npm"));
    for name in ["GITHUB_ENV", "ACTIONS_RUNTIME_TOKEN", "a b"] {
        configure(&world, "build_env: [", &format!("build_env: ['{name}', "));
        world.stella(2, &["ci"]).complains(&["`subject.build_env`", name]);
        configure(&world, &format!("'{name}', "), "");
    }
}

#[test]
fn a_build_that_fails_or_says_much_is_told() {
    let world = repository(0);
    build(
        &world,
        "i=0; while [ $i -lt 3000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; head -c 100000 /dev/zero | tr '\\0' x",
    );
    world.stella(0, &["ci"]).complains(&["build   out 2999", "build   err 2999"]);
    configure(&world, "./attack.sh", "exit 7; ./attack.sh");
    world.stella(4, &["ci"]).complains(&["the subject's build", "exit status: 7"]);
}

/// In another world the same build leaves its scanner as it was recorded: the twin of all the above.
#[test]
fn a_build_that_is_harmless_is_green() {
    let world = repository(1);
    copy(&world.work("scan.in"), &world.work("scan.copy"));
    build(&world, "cmp scan.in scan.copy");
    assert_eq!(candidate(&pr(&world, 0, &[])), (2, 2));
}

/// A repository that publishes a feed, with canaries of the built-in scanner.
fn feed_repository() -> World {
    use crate::cli::scene::{advisory, npm_lock};
    let world = World::new();
    world.write("app/package-lock.json", npm_lock(&[("minimist", "0.0.8"), ("marked", "0.3.9")]).to_string());
    world.write("records/old.json", advisory("GHSA-old", "CVE-2020-0001", "minimist", "0.2.1", "MODERATE").to_string());
    let folder = "fixtures/canaries/shop";
    let (manifest, expected) = (format!("{folder}/manifest.json"), format!("{folder}/expected"));
    let scan = ["scan", "--input", "app/package-lock.json", "--feed", "records", "--store", "fixtures/store"];
    world.stella(0, &[&scan[..], &["--emit-manifest", &manifest, "--emit-artifacts-dir", &expected]].concat());
    world.write(".stella.yaml", "subject:\n  kind: feed\n  path: records\n");
    world
}

#[test]
fn a_feed_may_gain_and_never_lose() {
    use crate::cli::scene::advisory;
    let world = feed_repository();
    pr(&world, 0, &[]);
    // The advisories of a day: one of them concerns the canary.
    for i in 0..40 {
        let record = advisory(&format!("GHSA-{i}"), &format!("CVE-2026-{i:04}"), &format!("other-{i}"), "2.0.0", "LOW");
        world.write(&format!("records/day-{i}.json"), record.to_string());
    }
    let new = advisory("GHSA-new", "CVE-2026-1000", "marked", "4.0.10", "LOW");
    world.write("records/new.json", new.to_string());
    let result = pr(&world, 0, &["nothing-lost"]);
    assert_eq!(result["replays"][0]["outcome"], "drift");
    assert_eq!(result["replays"][0]["movement"]["appeared"], 1);
    // It is listed, and no viewer of tests is red.
    let run = world.stella(0, &["ci", "--gate", "pr", "--junit", "junit.xml"]);
    run.says(&["CVE-2026-1000", "nothing-lost: `shop`: nothing is lost: 1 finding came", "gate pr: green"]);
    let junit = world.read("junit.xml");
    assert!(
        junit.contains("failures=\"0\"") && junit.contains("name=\"stella.allowed\" value=\"nothing-lost\""),
        "{junit}"
    );

    // A newer advisory of what was found: another fix, a higher severity.
    let newer = advisory("GHSA-old", "CVE-2020-0001", "minimist", "0.2.4", "MODERATE");
    world.write("records/old.json", newer.to_string());
    assert_eq!(pr(&world, 0, &["nothing-lost"])["replays"][0]["movement"]["updated"], 1);
    // Weakened; withdrawn; a decision that turns: red.
    let weaker = advisory("GHSA-old", "CVE-2020-0001", "minimist", "0.2.1", "LOW");
    world.write("records/old.json", weaker.to_string());
    assert_eq!(pr(&world, 1, &["unapproved-drift"])["replays"][0]["movement"]["weakened"], 1);
    fs::remove_file(world.work("records/old.json")).unwrap();
    assert_eq!(pr(&world, 1, &["unapproved-drift"])["replays"][0]["movement"]["disappeared"], 1);
    world.write("records/old.json", newer.to_string());
    let critical = advisory("GHSA-new", "CVE-2026-1000", "marked", "4.0.10", "CRITICAL");
    world.write("records/new.json", critical.to_string());
    assert_eq!(pr(&world, 1, &["unapproved-drift"])["replays"][0]["movement"]["decision_changed"], true);
    // A configuration may want the exact result, or accept the same of a scanner.
    world.write("records/new.json", new.to_string());
    pr(&world, 0, &["nothing-lost"]);
    world.write(".stella.yaml", "subject:\n  kind: feed\n  path: records\ngates: {pr: {expect: exact}}\n");
    pr(&world, 1, &["unapproved-drift"]);
    world.write(".stella.yaml", "gates: {pr: {expect: more}}\n");
    world.stella(2, &["ci"]).complains(&["unknown variant `more`"]);
}

#[test]
fn a_level_is_what_a_gate_judges_at() {
    let world = repository(1);
    fs::remove_dir_all(world.work("regressions")).unwrap();
    // Another title of the same finding: other bytes, the same meaning. And one whose decision alone holds.
    let reordered = "#!/bin/sh\nsed 's/\"aliases\":\\[\\]/\"aliases\":[\"GHSA-1\"]/' \"$1\"\n";
    world.write("scan.in", reordered);
    pr(&world, 1, &["unapproved-drift"]);
    for (level, exit, reason) in [("sf", 1, "unapproved-drift"), ("pf", 0, "agrees-at-level")] {
        world.write(".stella.yaml", format!("{SUBJECT}gates: {{pr: {{level: {level}}}}}\n"));
        pr(&world, exit, &[reason]);
    }
    // The decision turns: not at any level.
    world.write("scan.in", "#!/bin/sh\nsed s/high/critical/ \"$1\"\n");
    pr(&world, 1, &["unapproved-drift"]);
    world.write(".stella.yaml", format!("{SUBJECT}gates: {{pr: {{level: tf}}}}\n"));
    world.stella(2, &["ci"]).complains(&["unknown variant `tf`"]);
}

#[test]
fn a_stella_of_the_checkout_runs_sealed_and_is_judged_by_this_one() {
    let world = feed_repository();
    let released = env!("CARGO_BIN_EXE_stella");
    let subject = |build: &str| {
        format!(
            "subject:\n  kind: builtin\n  build: mkdir -p out && {build} && chmod +x out/stella\n  path: out/stella\n"
        )
    };
    world.write(".stella.yaml", subject(&format!("cp {released} out/stella")));
    let result = pr(&world, 0, &[]);
    assert_eq!((&result["candidate"]["kind"], &result["candidate"]["name"]), (&json!("builtin"), &json!("out/stella")));
    assert_eq!(result["replays"][0]["executor_env"]["in_process"], false);
    // One that loses what it found: it runs in the sandbox, and this stella is not it.
    let mut lossy = "test \"$1\" = builtin-scan || exit 9\n".to_owned();
    for entry in fs::read_dir(world.work("fixtures/canaries/shop/expected")).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), entry.as_ref().unwrap().file_name());
        let text = fs::read_to_string(path).unwrap().replace("medium", "low").replace("MODERATE", "LOW");
        lossy += &format!("cat > /tmp/stella/out/{} <<'END'\n{text}\nEND\n", name.to_str().unwrap());
    }
    world.script("lossy", &lossy);
    world.write(".stella.yaml", subject("cp lossy out/stella"));
    let result = pr(&world, 1, &["unapproved-drift"]);
    assert_eq!(result["replays"][0]["mismatch_reason"], "scanner_drift");
    world.write(".stella.yaml", "subject: {kind: builtin, build: make}\n");
    world.stella(2, &["ci"]).complains(&["`subject.path`: missing"]);
}

#[test]
fn the_name_of_its_file_does_not_tell_a_scanner_that_it_is_judged() {
    let world = repository(0);
    fs::remove_dir_all(world.work("regressions")).unwrap();
    let telling = "cat \"$1\" | sed \"s|GHSA|$0|\"";
    world.script("bin/scan", telling);
    world.write("seen.json", findings("GHSA").to_string());
    let kept = [
        "--emit-manifest",
        "fixtures/canaries/one/manifest.json",
        "--emit-artifacts-dir",
        "fixtures/canaries/one/expected",
    ];
    let scan =
        ["scan", "--input", "seen.json", "--artifact", "findings=-:stella-findings", "--store", "fixtures/store"];
    world.stella(0, &[&scan[..], &kept, &["--", "bin/scan", "{input}"]].concat());
    assert!(world.read("fixtures/canaries/one/expected/findings.out").contains("/tmp/stella/scanner/scan"));
    world.script("scan.in", telling);
    configure(&world, "bin/scan", "bin/of-a-pull-request");
    pr(&world, 0, &[]);
}
