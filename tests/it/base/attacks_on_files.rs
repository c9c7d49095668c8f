//! Attacks by how files are written, named and linked, each with a harmless twin that is green.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;
use stella::model::digest::Digest;

use crate::base::attacks::{Attack, judge};
use crate::base::forge::{Dev, Forge, about, codes};

const CASE: &str = "regressions/SCN-0001-minimist";
const CANARY: &str = "fixtures/canaries/npm-app";

const ATTACKS: &[Attack] = &[
    (
        "put a link in place of the root of the cases: no base after it could be read",
        |dev| {
            dev.rename("regressions", "real");
            dev.link("real", "regressions");
        },
        "rule-loosened",
        "as a base",
        |dev| dev.copy("regressions", "real"),
    ),
    (
        "put a submodule among the cases",
        |dev| dev.submodule("regressions/other"),
        "rule-loosened",
        "as a base",
        |dev| dev.submodule("third_party/other"),
    ),
    (
        "put a link in place of the configuration",
        |dev| {
            dev.rename(".stella.yaml", "stella.yaml");
            dev.link("stella.yaml", ".stella.yaml");
        },
        "rule-loosened",
        "as a base",
        |dev| dev.link(".stella.yaml", "stella.yaml"),
    ),
    (
        "put a link in place of the approvals",
        |dev| {
            dev.write("elsewhere.yaml", "version: 1\n");
            dev.link("elsewhere.yaml", "approvals.yaml");
        },
        "rule-loosened",
        "as a base",
        |dev| dev.write("approvals.yaml", "version: 1\n"),
    ),
    (
        "give a case a file whose name no text can hold",
        |dev| fs::write(dev.path(CASE).join(OsStr::from_bytes(b"caf\xe9")), "").unwrap(),
        "rule-loosened",
        "as a base",
        |dev| fs::write(dev.path(".").join(OsStr::from_bytes(b"caf\xe9")), "").unwrap(),
    ),
    (
        "make an input a program",
        |dev| dev.executable(&format!("{CASE}/input/package-lock.json")),
        "recording-loosened",
        "SCN-0001 input",
        |dev| dev.executable(&format!("{CASE}/case.md")),
    ),
    (
        "hide a file in the input",
        |dev| dev.write(&format!("{CASE}/input/.npmrc"), "ignore-scripts=true\n"),
        "recording-loosened",
        "SCN-0001 input",
        |dev| dev.write(&format!("{CASE}/.npmrc"), "beside the input\n"),
    ),
    (
        "put a link into the input",
        |dev| dev.link("/etc/passwd", &format!("{CASE}/input/more")),
        "recording-loosened",
        "SCN-0001 input",
        |dev| dev.link("case.md", &format!("{CASE}/README.md")),
    ),
    (
        "change the feed of a case",
        |dev| dev.replace(&format!("{CASE}/input/feed/GHSA-old.json"), "0.2.1", "0.0.1"),
        "recording-loosened",
        "SCN-0001 input",
        |dev| dev.write("feed/README.txt", "not a record\n"),
    ),
    (
        "call a canary by a name that looks like its own, and weaken it",
        |dev| {
            dev.rename(CANARY, "fixtures/canaries/npm\u{2011}app");
            dev.rewrite("npm\u{2011}app", |manifest| manifest["labels"]["tier"] = json!("free"));
        },
        "recording-gone",
        "npm-app gone",
        |dev| dev.rename(CANARY, "fixtures/canaries/npm\u{2011}app"),
    ),
    (
        "have a case in other letters take the place of one",
        |dev| {
            dev.rename(CASE, "regressions/scn-0001-minimist");
            dev.replace("regressions/scn-0001-minimist/case.metadata.json", "SCN-0001", "scn-0001");
        },
        "recording-gone",
        "SCN-0001 gone",
        |dev| dev.rename(CASE, "regressions/scn-0001-minimist"),
    ),
    (
        "write a key of the metadata twice",
        |dev| dev.replace(&format!("{CASE}/case.metadata.json"), "{", "{\"kind\": \"note\", "),
        "recording-loosened",
        "SCN-0001 unreadable",
        |dev| dev.replace(&format!("{CASE}/case.metadata.json"), "{", "{ \n\t"),
    ),
    (
        "write a key of how a case is scanned twice",
        |dev| dev.write(&format!("{CASE}/input/config.json"), "{\"scanner\": \"subject\", \"scanner\": \"builtin\"}"),
        "recording-loosened",
        "SCN-0001 unreadable",
        |dev| dev.write(&format!("{CASE}/input/config.json"), "{\"scanner\": \"subject\"}\n"),
    ),
    (
        "write a manifest that begins with a mark of its byte order",
        |dev| {
            let text = dev.read(&format!("{CANARY}/manifest.json"));
            dev.write(&format!("{CANARY}/manifest.json"), format!("\u{feff}{text}"));
        },
        "recording-loosened",
        "npm-app unreadable",
        |dev| {
            let text = dev.read(&format!("{CANARY}/manifest.json"));
            dev.write(&format!("{CANARY}/manifest.json"), text.replace('\n', "\r\n"));
        },
    ),
    (
        "write a key of a manifest twice",
        |dev| {
            let text = dev.read(&format!("{CANARY}/manifest.json"));
            dev.write(&format!("{CANARY}/manifest.json"), text.replacen('{', "{\"labels\": {},", 1));
        },
        "recording-loosened",
        "npm-app unreadable",
        |dev| {
            let text = dev.read(&format!("{CANARY}/manifest.json"));
            dev.write(&format!("{CANARY}/manifest.json"), format!("{text}\n\n"));
        },
    ),
    (
        "edit a digest of a recording, so that nobody can replay it any more",
        |dev| {
            dev.rewrite("npm-app", |manifest| {
                manifest["artifacts"][0]["raw_sha256"] = json!(Digest::of(b"x").to_string())
            });
        },
        "recording-loosened",
        "npm-app unreplayable",
        |dev| dev.rewrite("npm-app", |manifest| manifest["labels"]["more"] = json!("labels")),
    ),
    (
        "edit the canonical digest of a recording",
        |dev| {
            dev.rewrite("npm-app", |manifest| {
                manifest["artifacts"][0]["canonical_sha256"] = json!(Digest::of(b"x").to_string())
            });
        },
        "recording-loosened",
        "npm-app unreplayable",
        |dev| dev.rewrite("npm-app", |manifest| manifest["scan_id"] = json!("called-otherwise")),
    ),
    (
        "break the seal of a recording",
        |dev| {
            dev.edit(&format!("{CANARY}/manifest.json"), |manifest| {
                manifest["seal"] = json!(Digest::of(b"x").to_string())
            })
        },
        "recording-loosened",
        "npm-app unreplayable",
        |dev| dev.rewrite("npm-app", |_| {}),
    ),
    (
        "change bytes of a golden artifact that its canonical form does not show",
        |dev| {
            let text = dev.read(&format!("{CANARY}/expected/findings.json"));
            dev.write(&format!("{CANARY}/expected/findings.json"), format!("{text}\n\n"));
        },
        "recording-loosened",
        "npm-app unreplayable",
        |dev| dev.executable(&format!("{CANARY}/expected/findings.json")),
    ),
    (
        "put a pointer of Git LFS in the place of what is expected",
        |dev| {
            let path = format!("{CANARY}/expected/findings.json");
            let text = dev.read(&path);
            let (digest, size) = (Digest::of(text.as_bytes()), text.len());
            dev.write(&path, format!("version https://git-lfs.github.com/spec/v1\noid {digest}\nsize {size}\n"));
        },
        "recording-loosened",
        // And it is not what was recorded.
        "npm-app findings.json,npm-app unreplayable",
        |dev| dev.write(".gitattributes", "*.zip filter=lfs diff=lfs merge=lfs -text\n"),
    ),
    (
        "ignore what is expected of a case",
        |dev| {
            dev.write(".gitignore", "expected/\n");
            dev.remove(&format!("{CASE}/expected"));
        },
        "recording-loosened",
        "SCN-0001 unreadable",
        |dev| dev.write(".gitignore", "expected/\n*.json\n"),
    ),
    (
        "lower a threshold by an anchor",
        |dev| dev.configure("thresholds: {release_pf: &low 0.1, release_bf: *low}"),
        "rule-loosened",
        "thresholds.release_bf,thresholds.release_pf",
        |dev| dev.configure("thresholds: {release_pf: &whole 1.0, release_bf: *whole}"),
    ),
    (
        "name the cases by another way around them",
        |dev| dev.configure("cases: ['regressions/../elsewhere', './nothing/../regressions/..']"),
        "recording-gone",
        "SCN-0001 gone",
        |dev| dev.configure("cases: ['./feed/../regressions', 'tests/scanner/regressions']"),
    ),
    (
        "write the configuration as other systems do, and weaker",
        |dev| {
            let text = format!("{}thresholds: {{drop: 1}}\n", dev.read(".stella.yaml"));
            dev.write(".stella.yaml", format!("\u{feff}{}", text.replace('\n', "\r\n")));
        },
        "rule-loosened",
        "thresholds.drop",
        |dev| {
            let text = dev.read(".stella.yaml");
            dev.write(".stella.yaml", format!("\u{feff}{}", text.replace('\n', "\r\n")));
        },
    ),
    (
        "call what names the build of a tool more than it is",
        |dev| {
            let known = crate::harness::repository("src/canonical/profiles/sarif.yaml");
            let profile = fs::read_to_string(known).unwrap();
            let more = profile.replacen("  version:\n", "  version:\n    - /runs/*/results/*/level\n", 1);
            assert_ne!(profile, more);
            dev.write("sarif.yaml", more);
            dev.configure("profiles: {sarif: sarif.yaml}");
        },
        "rule-loosened",
        "profiles.sarif",
        |dev| {
            let known = crate::harness::repository("src/canonical/profiles/sarif.yaml");
            dev.write("sarif.yaml", fs::read(known).unwrap());
            dev.configure("profiles: {sarif: sarif.yaml}");
        },
    ),
];

#[test]
fn each_attack_is_red_for_its_reason_and_its_twin_is_green() {
    judge(&Forge::new(), ATTACKS);
}

/// An entry for it would be one that nobody can read again, and a base that nobody can be judged by.
#[test]
fn what_makes_a_recording_unreplayable_is_not_offered_for_approval_and_nothing_is_written() {
    let forge = Forge::new();
    forge.dev_git(&["checkout", "--quiet", "-B", "topic"]);
    let dev = forge.dev();
    let golden = format!("{CANARY}/expected/findings.json");
    dev.write(&golden, format!("{}\n\n", dev.read(&golden)));
    let run = dev.stella(1, &["accept", "--base", "main", "--reason", "r", "--by", "b", "--update"]);
    run.says(&["npm-app: unreplayable", "it cannot be approved"]);
    assert!(!dev.path("approvals.yaml").exists());
}

#[test]
fn a_copy_does_not_stand_for_two_that_are_gone() {
    let forge = Forge::new();
    forge.on_main(|dev| dev.copy(CANARY, "fixtures/canaries/npm-twin"));
    let pull = forge.pull(|dev| {
        dev.rename(CANARY, "fixtures/canaries/only-one");
        dev.remove("fixtures/canaries/npm-twin");
    });
    assert_eq!(about(&forge.judge(1, &pull), "recording-gone"), ["npm-twin gone"]);
    let pull = forge.pull(|dev| {
        dev.rename(CANARY, "fixtures/canaries/one");
        dev.rename("fixtures/canaries/npm-twin", "fixtures/canaries/two");
    });
    assert_eq!(codes(&forge.judge(0, &pull), "fail"), [] as [&str; 0]);
}

#[test]
fn a_configuration_that_says_a_thing_twice_is_an_error_and_no_choice() {
    let forge = Forge::new();
    for (more, said) in [
        ("thresholds: {green: 0.99}\nthresholds: {green: 0.1}", "duplicate"),
        ("thresholds: {green: 0.99, green: 0.1}", "duplicate"),
        ("low: &low {green: 0.1}\nthresholds: {<<: *low}", "unknown field"),
        ("thresholds: {<<: {green: 0.1}}", "unknown field `<<`"),
        ("thresholds: {green: .nan}", "expected a number from 0 to 1"),
        ("thresholds: {green: -0.0001}", "expected a number from 0 to 1"),
        ("--- {version: 1}", "configuration"),
    ] {
        let pull = forge.pull(|dev| dev.configure(more));
        forge.check_out(&pull.merge, Some(2));
        forge.run(2, &forge.event(&pull), &["ci", "--gate", "pr"]).complains(&[said]);
    }
}

/// A finding is lost, and the approval that the same change brings is written in every way that might count by mistake.
#[test]
fn however_an_approval_is_written_it_counts_for_one_change_once_it_is_in_the_base() {
    let forge = Forge::new();
    let lose = |dev: &Dev<'_>| {
        dev.edit("feed/GHSA-old.json", |record| record["affected"][0]["package"]["name"] = json!("other"))
    };
    let pull = forge.pull(lose);
    forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
    forge.dev().stella(0, &["accept", "--base", "main", "--reason", "right", "--by", "alice", "--until", "2026-12-31"]);
    let approvals = forge.dev().read("approvals.yaml");
    forge.dev().remove("approvals.yaml");
    type Write<'a> = (&'a str, &'a dyn Fn(&str) -> String, &'a str);
    let ways: [Write<'_>; 6] = [
        ("other ids", &|text| text.replace("id: npm", "id: NPM").replace("id: SCN", "id: scn"), "unapproved-drift"),
        (
            "the other way round",
            &|text| text.replace("old:", "was:").replace("new:", "old:").replace("was:", "new:"),
            "unapproved-drift",
        ),
        ("another artifact", &|text| text.replace("artifact: findings", "artifact: ./findings"), "unapproved-drift"),
        (
            "a rule of that name",
            &|text| {
                let text = text.replace("kind: difference", "kind: recording");
                text.replace("artifact:", "rule:")
            },
            "unapproved-drift",
        ),
        ("a recording alone", &|text| text.replace("kind: difference", "kind: recording"), "unapproved-drift"),
        ("the day before", &|text| text.replace("2026-12-31", "2026-01-01"), "approval-expired"),
    ];
    for (name, write, code) in ways {
        forge.on_main(|dev| dev.write("approvals.yaml", write(&approvals)));
        let result = forge.judge(1, &forge.pull(lose));
        assert_eq!(codes(&result, "fail"), [code], "{name}");
    }
    // The twin: as other systems write texts, with a mark of the byte order, anchors, and more entries than are needed.
    let other = "- {kind: rule, rule: x, old: absent, new: '{}', reason: &why r, by: *why, until: 9999-12-31}\n";
    let other = other.replace("{}", &Digest::of(b"x").to_string());
    let text = format!("\u{feff}{approvals}  {other}").replace('\n', "\r\n");
    forge.on_main(|dev| dev.write("approvals.yaml", &text));
    let result = forge.judge_with_history(0, &forge.pull(lose));
    assert_eq!(codes(&result, "note"), ["approved-difference"]);
}

#[test]
fn a_name_cannot_write_a_line_of_the_report_or_of_what_is_accepted() {
    let forge = Forge::new();
    let name = "x\n\u{1b}[2Jto accept exactly this change: stella accept --exactly sha256:0\u{202e}";
    let pull = forge.pull(|dev| {
        dev.copy(CANARY, &format!("fixtures/canaries/{name}"));
        dev.edit("feed/GHSA-old.json", |record| record["affected"][0]["package"]["name"] = json!("other"));
    });
    let words = forge.words(1, &pull);
    let lines: Vec<&str> = words.lines().filter(|line| line.starts_with("to accept exactly this change:")).collect();
    assert!(lines.len() == 1 && !lines[0].contains("sha256:0"), "{words}");
    assert!(words.contains("sha256:0") && !words.contains('\u{1b}') && !words.contains('\u{202e}'), "{words}");
    let shown = forge.run(0, &forge.event(&pull), &["accept"]).stdout;
    assert!(shown.contains("sha256:0") && !shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
    assert!(!shown.lines().any(|line| line.starts_with("to accept")), "{shown}");
}

#[test]
fn a_submodule_among_the_canaries_is_no_canary() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.submodule("fixtures/canaries/other"));
    forge.check_out(&pull.merge, Some(2));
    let run = forge.run(2, &forge.event(&pull), &["ci", "--gate", "pr"]);
    run.complains(&["fixtures/canaries/other", "has no `manifest.json`"]);
    forge.judge(0, &forge.pull(|dev| dev.submodule("third_party/other")));
}

/// What a repository builds concerns its own recordings alone.
#[test]
fn the_program_of_a_recording_by_another_tool_is_not_the_subjects_to_change() {
    let forge = Forge::of(|dev| {
        dev.write("seen.json", "{\"a\": 1}\n");
        dev.write(
            ".stella.yaml",
            "version: 1\nsubject:\n  kind: scanner\n  engine: mine\n  path: mine\n  argv: ['{scanner}', '{input}']\n  \
             artifacts: ['findings=-:json']\n",
        );
        dev.script("mine", "cat \"$1\"");
        dev.script("theirs", "cat \"$1\" # as it was recorded");
        record(dev, "mine");
        record(dev, "theirs");
    });
    let anew = |dev: &Dev<'_>, name: &str| {
        dev.script(name, "printf '{\"a\": 1}\\n' # whatever it is given");
        dev.remove(&format!("fixtures/canaries/{name}"));
        record(dev, name);
    };
    let result = forge.judge(1, &forge.pull(|dev| anew(dev, "theirs")));
    let about = about(&result, "recording-loosened");
    assert!(about.iter().any(|what| what.starts_with("theirs ")), "{about:?}");
    // The twin: its own program is what is judged, and runs in the place of what was recorded.
    let result = forge.judge(0, &forge.pull(|dev| anew(dev, "mine")));
    assert!(codes(&result, "note").contains(&"recordings-refreshed".to_owned()), "{:#}", result["base"]);
}

fn record(dev: &Dev<'_>, name: &str) {
    let (manifest, expected) =
        (format!("fixtures/canaries/{name}/manifest.json"), format!("fixtures/canaries/{name}/expected"));
    let program = format!("./{name}");
    let scan = ["scan", "--input", "seen.json", "--artifact", "findings=-:json", "--store", "fixtures/store"];
    let kept = ["--emit-manifest", &manifest, "--emit-artifacts-dir", &expected, "--", &program, "{input}"];
    dev.stella(0, &[&scan[..], &kept].concat());
}
