//! `stella adapter`, and `stella scan` with one: a scanner is run by data.

use std::fs;

use serde_json::{Value, json};
use stella::model::digest::Digest;

use crate::cli::scene::only;
use crate::harness::{World, valid};

const ADAPTER: &str = r#"
adapter: words
summary: counts words, for these tests
program: words.sh
version_arguments: [--version]
command: ["{scanner}", "{options}", "{input}"]
env: {WORDS: "{feed}/words.txt", MODE: strict}
input: directory
feed: {what: a folder with words.txt, required: true}
config: {what: rules, arguments: ["--rules={config}"]}
outputs:
  json: {arguments: ["--out={out}/words.json"], artifact: "findings={out}/words.json:json/words"}
  text: {arguments: ["--text={out}/words.txt"], artifact: "evidence={out}/words.txt:bytes"}
default_output: json
several_outputs: true
exit_codes: [0, 3]
"#;

const SCANNER: &str = r#"[ "$1" = --version ] && echo "words v1.2.3" && exit 0
rules=none
for word; do
  case "$word" in
  --out=*) out="${word#--out=}";;
  --text=*) text="${word#--text=}";;
  --rules=*) rules="$(cat "${word#--rules=}"; echo)";;
  esac
done
[ -z "$text" ] || echo "$MODE" > "$text"
[ -z "$out" ] || echo "{\"at\":\"$(date +%s%N)\",\"rules\":\"$rules\",\"words\":\"$(cat "$WORDS")\",\"in\":\"$(cat in.txt)\"}" > "$out"
exit 3"#;

/// A repository with an adapter of its own.
fn words() -> World {
    let world = World::new();
    world.script("tools/words.sh", SCANNER);
    world.write("tools/words.yaml", ADAPTER);
    let rule = "{path: /at, action: drop, reason: the time of the scan}";
    world.write("tools/profile.yaml", format!("profile: words\nform: json\nrules: [{rule}]\n"));
    world.write(".stella.yaml", "adapters: [tools/words.yaml]\nprofiles: {words: tools/profile.yaml}\n");
    world.write("app/in.txt", "hello");
    world.write("feed/words.txt", "good");
    world.write("rules.txt", "strictly");
    world
}

const SCAN: [&str; 9] =
    ["scan", "--scanner", "words=tools/words.sh", "--input", "app", "--feed", "feed", "--emit-artifacts-dir", "out"];

fn scan<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SCAN[..], more].concat()
}

#[test]
fn the_scanners_that_it_knows_are_listed() {
    let world = World::new();
    world.stella(0, &["adapter", "list"]).says(&["osv-scanner      2.5.1     json,sarif", "trivy            not run"]);
    let listed = world.stella(0, &["adapter", "list", "--format", "json"]).stdout_json();
    valid(&listed, "adapters-v1.json");
    let semgrep = listed["adapters"].as_array().unwrap().iter().find(|a| a["name"] == "semgrep").unwrap();
    assert_eq!(semgrep["outputs"], json!(["json", "sarif"]));
    assert_eq!((&semgrep["feed"], &semgrep["config"]), (&Value::Null, &json!("rules, a file or a folder")));
    let shown = world.stella(0, &["adapter", "show", "bandit"]).stdout;
    assert!(shown.starts_with("adapter: bandit\n"), "{shown}");
    world.stella(2, &["adapter", "show", "nope"]).complains(&["no adapter is called `nope`", "stella adapter list"]);
}

#[test]
fn one_of_the_repositorys_own_records_and_replays() {
    let world = words();
    world.stella(0, &["adapter", "list"]).says(&["words            not run   json,text"]);
    let run = world.stella(0, &scan(&["--scanner-config", "rules.txt", "--output", "json,text"]));
    run.complains(&["the adapter `words` is not verified"]);
    let manifest = world.json("MANIFEST.json");
    valid(&manifest, "scan-manifest-v1.json");
    let scanner = &manifest["scanner"];
    assert_eq!((&scanner["engine"], &scanner["scanner_version"]), (&json!("words"), &json!("1.2.3")));
    assert_eq!(scanner["set_env"], json!({ "MODE": "strict", "WORDS": "{feed}/words.txt" }));
    assert_eq!(scanner["expected_exit_codes"], json!([0, 3]));
    assert_eq!(scanner["config_digest"], json!(Digest::of(b"strictly")));
    assert_eq!(scanner["config_path"], "/tmp/stella/config/rules.txt");
    assert_eq!(
        scanner["argv"],
        json!(["{scanner}", "--out={out}/words.json", "--text={out}/words.txt", "--rules={config}", "{input}"])
    );
    assert_eq!(world.read("out/words.txt"), "strict\n");
    let written = world.json("out/words.json");
    assert_eq!(
        (&written["rules"], &written["words"], &written["in"]),
        (&json!("strictly"), &json!("good"), &json!("hello"))
    );

    // Everything comes out of the store: the adapter is not needed to replay.
    fs::remove_dir_all(world.work("app")).unwrap();
    fs::remove_dir_all(world.work("feed")).unwrap();
    fs::remove_file(world.work("rules.txt")).unwrap();
    fs::remove_file(world.work("tools/words.sh")).unwrap();
    world.write(".stella.yaml", "profiles: {words: tools/profile.yaml}\n");
    world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match"]);
}

#[test]
fn a_configuration_is_an_input_that_can_drift() {
    let world = words();
    world.write("rules/a.txt", "x");
    world.stella(0, &scan(&["--scanner-config", "rules.txt"]));
    world.write("other.txt", "loosely");
    let swapped = ["replay", "--from", "MANIFEST.json", "--with", "config=other.txt", "--format", "json"];
    let result = world.stella(1, &swapped).stdout_json();
    assert_eq!(only(&result)["mismatch_reason"], "scanner_drift");
    assert_eq!(only(&result)["causes"][0]["sub_tag"], "config");

    // A folder of rules is kept as an archive.
    world.stella(0, &scan(&["--scanner-config", "rules"]));
    let manifest = world.json("MANIFEST.json");
    assert_eq!(manifest["scanner"]["config_path"], "/tmp/stella/config");
    let archive: Digest = manifest["scanner"]["config_bundle_digest"].as_str().unwrap().parse().unwrap();
    assert!(world.blobs().contains_key(&archive));
    world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match"]);

    world.stella(0, &scan(&[]));
    world
        .stella(2, &["replay", "--from", "MANIFEST.json", "--with", "config=other.txt"])
        .complains(&["no configuration"]);
}

#[test]
fn misuse_says_what_to_do() {
    let world = words();
    let bare = |scanner: &'static str| vec!["scan", "--scanner", scanner, "--input", "app"];
    let with = |more: &[&'static str]| [bare("words=tools/words.sh"), more.to_vec()].concat();
    let rows: [(Vec<&str>, &[&str]); 10] = [
        (bare("nope"), &["no adapter is called `nope`", "stella adapter list"]),
        (
            bare("words"),
            &["`words` needs a folder with words.txt", "give it with `--feed PATH`", "stella adapter show words"],
        ),
        (with(&["--feed", "feed", "--output", "xml"]), &["no output `xml`: it has `json`, `text`", "--output"]),
        (with(&["--feed", "feed", "--artifact", "findings=-"]), &["`--artifact` does not apply", "`--output` chooses"]),
        (with(&["--feed", "feed", "--as-is"]), &["`--as-is` does not apply", "no command was given"]),
        (vec!["scan", "--scanner", "words=nowhere", "--input", "app", "--feed", "feed"], &["`nowhere` is not a file"]),
        (
            vec!["scan", "--scanner", "words", "--input", "app", "--feed", "feed"],
            &["no program `words.sh`", "words=PATH"],
        ),
        (
            vec!["scan", "--scanner", "words=tools/words.sh", "--input", "app/in.txt", "--feed", "feed"],
            &["`words` scans a directory, and `app/in.txt` is not one"],
        ),
        (
            vec!["scan", "--input", "app", "--output", "json"],
            &["`--output` does not apply", "what the built-in scanner reads and writes is fixed"],
        ),
        (
            vec!["scan", "--output", "json", "--artifact", "findings=-", "--", "tools/words.sh"],
            &["`--output` does not apply"],
        ),
    ];
    for (arguments, words) in rows {
        world.stella(2, &arguments).complains(words);
        assert!(!world.exists("MANIFEST.json"), "{arguments:?}");
    }
    // A code that the adapter does not know is no good run, unless the user says so.
    world.script("tools/words.sh", "exit 5");
    world.stella(3, &scan(&[])).complains(&["exit code 5, expected [0, 3]"]);

    for (text, words) in [
        ("adapters: [nowhere.yaml]\n", &["nowhere.yaml"][..]),
        ("adapters: [tools/words.yaml, tools/words.yaml]\n", &["`adapters`: two of them are called `words`"]),
        ("adapters: [tools/profile.yaml]\n", &["tools/profile.yaml", "unknown field `profile`"]),
    ] {
        world.write(".stella.yaml", text);
        world.stella(2, &["adapter", "list"]).complains(words);
    }
}

#[test]
fn secrets_of_an_adapter_are_taken_out() {
    let world = words();
    world.write("tools/words.yaml", ADAPTER.replace("MODE: strict", "MODE: strict, API_TOKEN: swordfish-4711"));
    world.stella(0, &scan(&[])).complains(&["secrets were taken out"]);
    assert_eq!(world.json("MANIFEST.json")["scanner"]["set_env"]["API_TOKEN"], "REDACTED");
    assert!(!world.read("MANIFEST.json").contains("swordfish"));
}
