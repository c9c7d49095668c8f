//! `stella attest` and `stella verify`: what is signed is of the file that was replayed, and nothing else verifies.

use std::fs::{self, File};
use std::process::Command;

use serde_json::{Value, json};
use stella::attest::base64;
use stella::model::digest::Digest;

use crate::cli::attacks::{WORSE, repository};
use crate::harness::{Run, World, valid};

const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
const SVR: &str = "https://in-toto.io/attestation/svr/v0.2";
const FIDELITY: &str = "https://github.com/stella-replay/stella/attestation/replay-fidelity/v0.1";

/// A repository whose gate was asked, its result in `result.json`, with a pair of keys; the scanner that was replayed is `bin/scan`.
pub fn judged(exit: u8, scanner: Option<&str>) -> World {
    let world = repository(2);
    if let Some(scanner) = scanner {
        world.write("scan.in", scanner);
    }
    world.stella(exit, &["ci", "--result", "result.json"]);
    world.stella(0, &["key", "generate", "--unencrypted"]);
    world
}

fn attest(world: &World, exit: u8, more: &[&str]) -> Run {
    let always = ["attest", "--result", "result.json", "--gate", "pr", "--key", "stella.key", "--out-dir", "signed"];
    world.stella(exit, &[&always[..], more].concat())
}

fn verify(world: &World, exit: u8, more: &[&str]) -> Run {
    let always =
        ["verify", "--signature-only", "--key", "stella.pub", "--bundle", "signed/scan.replay-fidelity.dsse.json"];
    world.stella(exit, &[&always[..], more].concat())
}

/// The statement in an envelope.
fn statement(world: &World, file: &str) -> Value {
    let payload = world.json(file)["payload"].as_str().unwrap().to_owned();
    serde_json::from_slice(&base64::decode(&payload).unwrap()).unwrap()
}

#[test]
fn what_was_replayed_is_signed_and_verifies() {
    let world = judged(0, None);
    world.write("notes.txt", "released beside it");
    let run = attest(&world, 0, &["bin/scan", "notes.txt", "--format", "json"]);
    let document = run.stdout_json();
    valid(&document, "attest-v1.json");
    assert_eq!(document["verdict"], "green");
    assert_eq!(document["attestations"].as_array().unwrap().len(), 6);

    let digest = Digest::of(&fs::read(world.work("bin/scan")).unwrap());
    let said = statement(&world, "signed/scan.test-result.dsse.json");
    assert_eq!(said["subject"], json!([{ "name": "scan", "digest": { "sha256": digest.hex() } }]));
    assert_eq!((&said["predicateType"], &said["predicate"]["result"]), (&json!(TEST_RESULT), &json!("PASSED")));
    assert_eq!(said["predicate"]["passedTests"].as_array().unwrap().len(), 3);
    assert_eq!((&said["predicate"]["warnedTests"], &said["predicate"]["failedTests"]), (&json!([]), &json!([])));
    let rules = Digest::of(&fs::read(world.work(".stella.yaml")).unwrap());
    assert_eq!(said["predicate"]["configuration"], json!([{ "name": "gate:pr", "digest": { "sha256": rules.hex() } }]));

    let said = statement(&world, "signed/scan.svr.dsse.json");
    assert_eq!((&said["predicateType"], &said["subject"][0]["name"]), (&json!(SVR), &json!("scan")));
    assert_eq!(said["predicate"]["properties"], json!(["STELLA_GATE_PR_PASSED", "STELLA_GATE_PR_GREEN"]));
    assert_eq!(said["predicate"]["verifier"]["policies"][0]["digest"]["sha256"], rules.hex());

    let said = statement(&world, "signed/notes.txt.replay-fidelity.dsse.json");
    valid(&said, "replay-fidelity-v0.1.json");
    let subjects: Vec<&Value> =
        said["subject"].as_array().unwrap().iter().map(|subject| &subject["digest"]["sha256"]).collect();
    assert_eq!(subjects, [&json!(Digest::of(b"released beside it").hex()), &json!(digest.hex())]);
    let predicate = &said["predicate"];
    assert_eq!((&predicate["ranOn"], &predicate["of"]), (&json!(3), &json!(3)));
    let all = json!({ "agreed": 3, "applicable": 3, "rate": "1.000000", "lowerBound": predicate["regression"]["bf"]["lowerBound"] });
    assert_eq!(predicate["regression"]["bf"], all);
    assert_eq!(predicate["candidate"]["digest"]["sha256"], digest.hex());
    let result = Digest::of(&fs::read(world.work("result.json")).unwrap());
    assert_eq!(predicate["evidence"]["result"], result.to_string());

    verify(&world, 0, &["bin/scan"]).says(&["verified", FIDELITY, "which says green"]);
    verify(&world, 0, &[&digest.to_string(), "--type", FIDELITY]);
    let demands = ["bin/scan", "--require-fidelity", "regression.bf>=1", "--max-age", "1d"];
    valid(&verify(&world, 0, &[&demands[..], &["--format", "json"]].concat()).stdout_json(), "verify-v1.json");
}

#[test]
fn nothing_is_signed_of_another_file() {
    let world = judged(0, None);
    world.write("rebuilt", "#!/bin/sh\ncat \"$1\"\n# built again\n");
    attest(&world, 3, &["rebuilt"]).complains(&["none of the 1 files is the candidate that ran on 3 of 3 replays"]);
    // A result in which everything was replayed as recorded, and one of a shard.
    world.stella(0, &["ci", "--pinned", "--result", "result.json"]);
    attest(&world, 3, &["bin/scan"]).complains(&["the run had no candidate"]);
    world.stella(0, &["ci", "--shard", "1/2", "--result", "result.json"]);
    attest(&world, 3, &["bin/scan"]).complains(&["is of shard 1/2 alone"]);
    world.write("result.json", "{}");
    attest(&world, 2, &["bin/scan"]).complains(&["the result cannot be read"]);
    assert!(!world.exists("signed"));
}

/// What the file says of a gate is not read: its replays are judged again.
#[test]
fn a_failure_is_attested_as_one_whatever_the_result_says_of_its_gate() {
    let world = judged(1, Some(WORSE));
    world.edit("result.json", |result| result["gate"] = json!({ "gate": "pr", "verdict": "green" }));
    attest(&world, 0, &["bin/scan"]);
    let said = statement(&world, "signed/scan.test-result.dsse.json");
    assert_eq!(said["predicate"]["result"], "FAILED");
    assert_eq!(said["predicate"]["failedTests"].as_array().unwrap().len(), 3);
    assert!(!world.exists("signed/scan.svr.dsse.json"), "there is nothing that passed");
    verify(&world, 5, &["bin/scan", "--require-fidelity", "regression.bf>=0.5"])
        .complains(&["`signed/scan.replay-fidelity.dsse.json` is not verified", "0 of 3 agree"]);
    // What nobody can say has not passed: two canaries are too few for a release.
    world.stella(0, &["attest", "--result", "result.json", "--key", "stella.key", "--out-dir", "release", "bin/scan"]);
    assert_eq!(statement(&world, "release/scan.test-result.dsse.json")["predicate"]["result"], "FAILED");
}

#[test]
fn a_dry_run_shows_what_would_be_signed_and_writes_nothing() {
    let world = judged(0, None);
    let dry = ["attest", "--result", "result.json", "--gate", "pr", "--dry-run", "bin/scan"];
    world.stella(0, &dry).says(&[TEST_RESULT, FIDELITY, "PASSED"]);
    assert!(!world.exists("signed"));
    world.stella(2, &[&dry[..], &["--key", "stella.key"]].concat()).complains(&["cannot be used with"]);
    world.stella(2, &["attest", "--result", "result.json", "bin/scan"]).complains(&["--key"]);
}

#[test]
fn files_may_be_named_by_their_checksums() {
    let world = judged(0, None);
    let digest = Digest::of(&fs::read(world.work("bin/scan")).unwrap());
    world.write("SHA256SUMS", format!("{}  scan\n{}  other.txt\n", digest.hex(), Digest::of(b"x").hex()));
    attest(&world, 0, &["--checksums", "SHA256SUMS"]);
    verify(&world, 0, &["bin/scan"]);
    world.write("SHA256SUMS", format!("{}  ../scan\n", digest.hex()));
    attest(&world, 2, &["--checksums", "SHA256SUMS"]).complains(&["line 1 of the checksums names `../scan`"]);
    world.write("copy/scan", "x");
    attest(&world, 2, &["bin/scan", "copy/scan"]).complains(&["two files are called `scan`"]);
}

#[test]
fn another_key_another_file_or_another_predicate_does_not_verify() {
    let world = judged(0, None);
    attest(&world, 0, &["bin/scan"]);
    world.write("other", "x");
    verify(&world, 5, &["other"]).complains(&["the statement is not of sha256:"]);
    verify(&world, 5, &["bin/scan", "--type", TEST_RESULT]).complains(&["is wanted"]);
    verify(&world, 2, &["sha256:00"]).complains(&["the digest cannot be read"]);
    // Well-formed, and of somebody else.
    for algorithm in ["ecdsa-p256", "ed25519"] {
        world.stella(0, &["key", "generate", "--unencrypted", "--algorithm", algorithm, "--out", algorithm]);
        let key = format!("{algorithm}.pub");
        let bundle = "signed/scan.test-result.dsse.json";
        world
            .stella(5, &["verify", "--signature-only", "--key", &key, "--bundle", bundle, "bin/scan"])
            .complains(&["no signature of the envelope is by the key"]);
        world.stella(
            0,
            &["verify", "--signature-only", "--key", &key, "--key", "stella.pub", "--bundle", bundle, "bin/scan"],
        );
    }
    // Each must verify.
    world.write("signed/none.json", "{}");
    verify(&world, 2, &["--bundle", "signed/none.json", "bin/scan"])
        .complains(&["signed/none.json", "is not a DSSE envelope"]);
}

/// Every leaf of the envelope and of the statement in it: nothing changes and still verifies.
#[test]
fn any_leaf_that_changes_is_refused() {
    fn leaves(value: &Value, at: String, all: &mut Vec<String>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(key, value)| leaves(value, format!("{at}/{key}"), all)),
            Value::Array(array) => {
                array.iter().enumerate().for_each(|(i, value)| leaves(value, format!("{at}/{i}"), all))
            }
            _ => all.push(at),
        }
    }
    fn other(value: &Value) -> Value {
        match value {
            Value::String(text) if text.starts_with('A') => json!(format!("B{}", &text[1..])),
            Value::String(text) if text.is_empty() => json!("A"),
            Value::String(text) => json!(format!("A{}", text.chars().skip(1).collect::<String>())),
            Value::Number(number) => json!(number.as_u64().unwrap() + 1),
            Value::Bool(is) => json!(!is),
            _ => json!("x"),
        }
    }
    let world = judged(0, None);
    attest(&world, 0, &["bin/scan"]);
    let file = "signed/scan.replay-fidelity.dsse.json";
    let good = world.json(file);
    let said = statement(&world, file);
    let (mut of_envelope, mut of_statement) = (Vec::new(), Vec::new());
    leaves(&good, String::new(), &mut of_envelope);
    leaves(&said, String::new(), &mut of_statement);
    assert!(of_envelope.len() == 3 && of_statement.len() > 40, "{of_envelope:?} {of_statement:?}");
    for pointer in of_envelope {
        let mut bad = good.clone();
        let leaf = bad.pointer_mut(&pointer).unwrap();
        *leaf = other(leaf);
        world.write(file, bad.to_string());
        verify(&world, 5, &["bin/scan"]).complains(&["no signature of the envelope is by the key"]);
    }
    for pointer in of_statement {
        let mut bad = said.clone();
        let leaf = bad.pointer_mut(&pointer).unwrap();
        *leaf = other(leaf);
        let mut envelope = good.clone();
        envelope["payload"] = json!(base64::encode(bad.to_string().as_bytes()));
        world.write(file, envelope.to_string());
        verify(&world, 5, &["bin/scan"]).complains(&["no signature of the envelope is by the key"]);
    }
}

/// `cli::written` holds all other commands to it.
#[test]
fn what_cannot_be_printed_or_written_is_a_failure() {
    let world = judged(0, None);
    attest(&world, 0, &["bin/scan"]);
    for line in [
        "attest --result result.json --gate pr --key stella.key --out-dir again bin/scan",
        "attest --result result.json --gate pr --dry-run bin/scan",
        "verify --signature-only --key stella.pub --bundle signed/scan.test-result.dsse.json bin/scan",
        "key generate --unencrypted --out",
    ] {
        for format in ["text", "json"] {
            let more = if line.ends_with("--out") { vec![format] } else { Vec::new() };
            let arguments: Vec<&str> = line.split(' ').chain(more).chain(["--format", format]).collect();
            let mut command = world.command(&arguments);
            command.stdout(File::options().write(true).open("/dev/full").unwrap());
            let output = command.output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(4), "{line} {format}\n{stderr}");
            assert!(stderr.contains("No space left on device"), "{line} {format}\n{stderr}");
        }
    }
    world.write("file", "x");
    for dir in ["file", "file/below"] {
        let line =
            ["attest", "--result", "result.json", "--gate", "pr", "--key", "stella.key", "bin/scan", "--out-dir"];
        world.stella(4, &[&line[..], &[dir]].concat()).complains(&["cannot write into `file`: it is not a folder"]);
    }
    assert_eq!(world.read("file"), "x");
}

fn git(world: &World, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]);
    let output = command.args(arguments).current_dir(world.work("")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A result of yesterday's commit says nothing of today's, also where the file is the same.
#[test]
fn nothing_is_signed_of_another_commit() {
    let world = judged(0, None);
    let git = |arguments: &[&str]| git(&world, arguments);
    git(&["init", "--quiet"]);
    git(&["add", ".stella.yaml"]);
    git(&["commit", "--quiet", "-m", "one"]);
    let first = git(&["rev-parse", "HEAD"]);
    // It was made before there was a commit.
    attest(&world, 3, &["bin/scan"])
        .complains(&[&format!("the result is of no commit that is told, and the commit {first} is checked out")]);
    world.stella(0, &["ci", "--result", "result.json"]);
    assert_eq!(world.json("result.json")["commit"], first);
    attest(&world, 0, &["bin/scan"]);
    assert_eq!(statement(&world, "signed/scan.replay-fidelity.dsse.json")["predicate"]["sourceCommit"], first);
    git(&["commit", "--quiet", "--allow-empty", "-m", "two"]);
    attest(&world, 3, &["bin/scan"]).complains(&[&format!("the result is of the commit {first}, and the commit ")]);
    // Whatever a result says of its commit, it is no place on a terminal.
    world.edit("result.json", |result| result["commit"] = json!("\u{1b}[2J"));
    let run = attest(&world, 3, &["bin/scan"]);
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
}

/// Named regression: the private key, the result and a file were written over, and the first of a pair alone.
#[test]
fn nothing_that_was_read_is_written_over() {
    let world = judged(0, None);
    let key = world.read("stella.key");
    let into = |exit: u8, more: &[&str]| {
        world.stella(exit, &[&["attest", "--gate", "pr", "--out-dir", "out", "bin/scan"], more].concat())
    };
    world.write("out/scan.test-result.dsse.json", world.read("result.json"));
    world.write("out/scan.replay-fidelity.dsse.json", &key);
    let result = ["--result", "out/scan.test-result.dsse.json", "--key", "stella.key"];
    into(2, &result).complains(&["`out/scan.test-result.dsse.json` is read here"]);
    let private = ["--result", "result.json", "--key", "out/scan.replay-fidelity.dsse.json"];
    into(2, &private).complains(&["`out/scan.replay-fidelity.dsse.json` is read here"]);
    assert_eq!(world.read("out/scan.replay-fidelity.dsse.json"), key);
    assert_eq!(world.read("out/scan.test-result.dsse.json"), world.read("result.json"));
    // A pair is written whole or not at all.
    fs::remove_dir_all(world.work("out")).unwrap();
    fs::create_dir_all(world.work("out/scan.replay-fidelity.dsse.json")).unwrap();
    let usual = ["--result", "result.json", "--key", "stella.key"];
    into(2, &usual).complains(&["is a folder"]);
    assert!(!world.exists("out/scan.test-result.dsse.json"));
    // The twin: what stands there of an earlier time is written over.
    fs::remove_dir_all(world.work("out")).unwrap();
    into(0, &usual);
    into(0, &usual);
}

/// Named regression: a result whose end lay in the future was signed, and so never too old.
#[test]
fn a_run_of_the_future_is_not_attested() {
    let world = judged(0, None);
    let result = world.read("result.json");
    let finished = world.json("result.json")["finished_at"].as_str().unwrap().to_owned();
    for other in ["2099-01-01T00:00:00Z", "2001-01-01T00:00:00Z"] {
        let edited =
            result.replace(&format!("\"finished_at\": \"{finished}\""), &format!("\"finished_at\": \"{other}\""));
        assert_ne!(edited, result);
        world.write("result.json", edited);
        attest(&world, 3, &["bin/scan"]).complains(&["and ended at"]);
    }
}

/// Named regression: what was built from a change that nobody had committed was attested as built from the commit.
#[test]
fn nothing_is_signed_of_what_was_built_from_a_change() {
    let world = judged(0, None);
    git(&world, &["init", "--quiet"]);
    git(&world, &["add", ".stella.yaml", "scan.in"]);
    git(&world, &["commit", "--quiet", "-m", "one"]);
    let run = || {
        world.stella(0, &["ci", "--result", "result.json"]);
        world.json("result.json")["uncommitted"].clone()
    };
    assert_eq!(run(), 0);
    attest(&world, 0, &["bin/scan"]);
    // Files that git does not track are not the commit's; one that was touched is the same.
    let clean = world.read("scan.in");
    world.write("notes", "x");
    world.write("scan.in", &clean);
    assert_eq!(run(), 0);
    let kept = world.read("result.json");

    world.write("scan.in", format!("{clean} # dirty\n"));
    assert_eq!(run(), 1);
    let said =
        "when the candidate was built, 1 of the files of the commit lay in the checkout otherwise than it has them";
    attest(&world, 3, &["bin/scan"]).complains(&[said, "fresh checkout"]);
    // Also when it was put back since, and where it is staged.
    world.write("scan.in", &clean);
    attest(&world, 3, &["bin/scan"]).complains(&[said]);
    world.write("scan.in", format!("{clean} # staged\n"));
    git(&world, &["add", "scan.in"]);
    assert_eq!(run(), 1);
    git(&world, &["reset", "--quiet", "--hard"]);
    assert_eq!(run(), 0);
    fs::remove_file(world.work("scan.in")).unwrap();
    git(&world, &["checkout", "--quiet", "."]);
    // A program that git is told to run on files is not run: it would be, on a file that may have changed within a second.
    git(&world, &["config", "filter.x.clean", "touch ran; cat"]);
    world.write(".gitattributes", "scan.in filter=x\n");
    world.write("scan.in", &clean);
    assert_eq!(run(), 0);
    assert!(!world.exists("ran"));
    git(&world, &["status", "--short"]);
    assert!(world.exists("ran"), "the twin: git itself runs it");
    fs::remove_file(world.work(".gitattributes")).unwrap();
    git(&world, &["config", "--unset", "filter.x.clean"]);

    // Named regressions: git was told not to look, or could not be asked, and the commit was signed for.
    for bit in ["assume-unchanged", "skip-worktree"] {
        world.write("scan.in", format!("{clean} # hidden\n"));
        git(&world, &["update-index", &format!("--{bit}"), "scan.in"]);
        assert_eq!(run(), 1, "{bit}");
        attest(&world, 3, &["bin/scan"]).complains(&[said]);
        git(&world, &["update-index", &format!("--no-{bit}"), "scan.in"]);
        world.write("scan.in", &clean);
        assert_eq!(run(), 0, "{bit}");
    }
    fs::rename(world.work(".git/HEAD"), world.work(".git/away")).unwrap();
    assert_eq!(run(), Value::Null);
    attest(&world, 4, &["bin/scan"]).complains(&["nothing tells which commit is checked out"]);
    world.stella(3, &["ci", "--gate", "release", "--predicate", "p.json"]);
    assert!(!world.exists("p.json"));
    fs::rename(world.work(".git/away"), world.work(".git/HEAD")).unwrap();

    // A result that does not tell is of a stella that did not.
    world.write("result.json", &kept);
    world.edit("result.json", |result| drop(result.as_object_mut().unwrap().remove("uncommitted")));
    attest(&world, 3, &["bin/scan"]).complains(&["does not say whether the files of the commit were changed"]);

    // What it is judged by is that of the commit, too.
    world.write("result.json", &kept);
    attest(&world, 0, &["bin/scan"]);
    let rules = world.read(".stella.yaml");
    world.write(".stella.yaml", format!("{rules}\n# mine\n"));
    attest(&world, 3, &["bin/scan"]).complains(&["the configuration lies in this checkout otherwise"]);
    world.write(".stella.yaml", &rules);
    world.write("other/.stella.yaml", &rules);
    let other = ["bin/scan", "--config", "other/.stella.yaml"];
    let run = attest(&world, 3, &other);
    assert!(run.stderr.contains("otherwise than the commit has it"), "{}", run.stderr);
    // A link is committed, and what it leads to is not.
    world.write("../rules.yaml", &rules);
    fs::remove_file(world.work(".stella.yaml")).unwrap();
    std::os::unix::fs::symlink("../rules.yaml", world.work(".stella.yaml")).unwrap();
    git(&world, &["add", ".stella.yaml"]);
    git(&world, &["commit", "--quiet", "-m", "a link"]);
    world.stella(0, &["ci", "--result", "result.json"]);
    attest(&world, 3, &["bin/scan"]).complains(&["the configuration lies in this checkout otherwise"]);
}

/// Named regression: a match whose artifact came out otherwise was counted, and names that act upon a terminal were signed.
#[test]
fn a_result_that_contradicts_itself_or_hides_something_is_not_attested() {
    let world = judged(0, None);
    let kept = world.read("result.json");
    let with = |change: &dyn Fn(&mut Value)| {
        world.write("result.json", &kept);
        world.edit("result.json", change);
    };
    with(&|result| {
        result["replays"][0]["artifacts"][0]["actual"] = json!(Digest::of(b"another").to_string());
    });
    attest(&world, 2, &["bin/scan"]).complains(&["the artifacts of a match are what was expected"]);
    for text in ["a\u{1b}[31m", "a\nb", "\u{202e}nacs"] {
        with(&|result| result["stella_version"] = json!(text));
        let run = attest(&world, 2, &["bin/scan"]);
        run.complains(&["some of its characters are not seen"]);
        with(&|result| result["replays"][0]["id"] = json!(text));
        attest(&world, 2, &["bin/scan"]);
        with(&|result| result["candidate"]["name"] = json!(text));
        attest(&world, 2, &["bin/scan"]);
    }
    world.write("result.json", &kept);
    attest(&world, 0, &["bin/scan"]);
}

/// What another signer takes says of the commit what is signed here.
#[test]
fn no_predicate_is_left_of_what_was_built_from_a_change() {
    let world = judged(0, None);
    git(&world, &["init", "--quiet"]);
    git(&world, &["add", ".stella.yaml", "scan.in"]);
    git(&world, &["commit", "--quiet", "-m", "one"]);
    let is_left = |why: &str| {
        world.stella(3, &["ci", "--gate", "release", "--predicate", "p.json"]).complains(&[why]);
        world.exists("p.json")
    };
    assert!(is_left(""));
    let clean = world.read("scan.in");
    world.write("scan.in", format!("{clean} # dirty\n"));
    assert!(!is_left("no predicate is written: the checkout is not known to be as its commit"));
    world.write("scan.in", &clean);
    assert!(is_left(""));
    // Rules that nobody committed.
    git(&world, &["rm", "--quiet", "--cached", ".stella.yaml"]);
    git(&world, &["commit", "--quiet", "-m", "two"]);
    assert!(!is_left("the checkout is not known to be as its commit"));
}
