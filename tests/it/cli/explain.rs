//! `stella explain`: planted drifts, with real replays of real programs.

use std::fs;

use serde_json::{Value, json};
use stella::model::digest::Digest;

use crate::cli::scene::{only, recorded, scene};
use crate::harness::{World, valid};

const EXPLAIN: [&str; 3] = ["explain", "--from", "MANIFEST.json"];

fn explain(world: &World, exit: u8, more: &[&str]) -> Value {
    let run = world.stella(exit, &[&EXPLAIN[..], more, &["--format", "json"]].concat());
    let document = run.stdout_json();
    valid(&document, "explanation-v1.json");
    document
}

/// What every changed finding is attributed to, by its id.
fn by(document: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let changes = document["explanation"]["changes"].as_array().unwrap().iter();
    let named = changes.filter(|change| change["kind"] == "finding");
    named.map(|change| (text(&change["what"]).split(' ').next().unwrap().to_owned(), text(&change["by"]))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(what, by)| ((*what).to_owned(), (*by).to_owned())).collect()
}

/// A scanner in shell: `emit ID SEVERITY` reports a finding. It sees the feed as `$1`, the input as `$2`, flags after it.
fn scanner(body: &str) -> String {
    let emit = r#"emit() { printf '%s{"cve_id":"%s","affected_purl":"pkg:npm/a@1","package":"a","version":"1","severity":"%s"}' "$sep" "$1" "$2"; sep=,; }"#;
    format!("{emit}\nprintf '{{\"schema\":\"stella.findings/1\",\"findings\":['\n{body}\nprintf ']}}\\n'")
}

/// A recording of such a scanner, with a feed of one severity and an input.
fn of_scanner(body: &str) -> World {
    let world = World::new();
    world.write("in/x", "x");
    world.write("other/x", "y");
    world.write("feed/severity", "low");
    world.write("later/severity", "high");
    world.script("scan.sh", &scanner(body));
    let artifact = ["scan", "--input", "in", "--feed", "feed", "--artifact", "findings=-:stella-findings"];
    world.stella(0, &[&artifact[..], &["--", "./scan.sh", "{feed}", "{input}"]].concat());
    world
}

#[test]
fn a_feed_is_proved_and_every_finding_says_so() {
    let world = recorded();
    let document = explain(&world, 1, &["--with", "feed=later"]);
    assert_eq!(by(&document), pairs(&[("CVE-2022-0002", "feed")]));
    assert_eq!(document["mismatch_reason"], "feed_drift");
    assert_eq!(document["explanation"]["summary"], "1 feed, 0 unexplained");
    assert_eq!(document["explanation"]["partial"], false);
    let cause = &document["causes"][0];
    assert_eq!((&cause["reason"], &cause["known_by"]), (&json!("feed_drift"), &json!("proved")));
    assert!(cause["evidence"]["false_ppm"].as_u64().unwrap() <= 1000, "{cause}");
    assert_eq!(document["diff_summary"]["findings"]["shown"][0]["cause"]["known_by"], "proved");
    // What proves it is among the replays that were run.
    let cells = document["explanation"]["cells"].as_array().unwrap();
    let of = |inputs: &Value| cells.iter().find(|cell| cell["inputs"] == *inputs).unwrap();
    assert_eq!(of(&cause["evidence"]["made_by"])["from_now"], json!([{ "dimension": "feed" }]));
    assert_eq!(of(&cause["evidence"]["unmade_by"])["from_now"], json!([]));
    let line = document["reproduce"].as_str().unwrap();
    world.run(1, world.pasted(line)).says(&[
        "What was tried",
        "nothing: all as recorded",
        "1 feed, 0 unexplained",
        "feed_drift (proved)",
        "proof",
        "drift: the replay differs",
    ]);
}

#[test]
fn a_policy_that_bites_only_with_a_new_advisory_is_both() {
    let world = recorded();
    let rule = "deny contains \"new\" if { some finding in input.findings; finding.cve_id == \"CVE-2022-0002\" }";
    world.write("strict/rules.rego", format!("package stella.policy\n\nimport rego.v1\n\n{rule}\n"));
    let document = explain(&world, 1, &["--with", "feed=later", "--with", "policy=strict"]);
    assert_eq!(by(&document), pairs(&[("CVE-2022-0002", "feed")]));
    assert_eq!(document["explanation"]["changes"][0]["what"], "decision");
    let decision = &document["explanation"]["changes"][0]["cause"];
    assert_eq!(decision["reason"], "mixed");
    assert_eq!(decision["joined"], "together");
    assert_eq!(decision["inputs"], json!([{ "dimension": "feed" }, { "dimension": "policy" }]));
}

#[test]
fn two_causes_at_once_are_told_apart_finding_by_finding() {
    let world = recorded();
    world.write("other/package-lock.json", world.read("app/package-lock.json").replace("0.0.8", "0.2.4"));
    let document = explain(&world, 1, &["--with", "feed=later", "--with", "input=other/package-lock.json"]);
    assert_eq!(by(&document), pairs(&[("CVE-2020-0001", "input"), ("CVE-2022-0002", "feed")]));
    assert_eq!(document["mismatch_reason"], "mixed");
}

#[test]
fn every_single_input_of_a_foreign_scanner_is_found() {
    let body = "emit CVE-2026-1 $(cat $1/severity)\n[ \"$(cat $2/x)\" = x ] || emit CVE-2026-2 low\n\
                [ \"$TZ\" = UTC ] || emit CVE-2026-3 low\n[ \"$LC_ALL\" = C ] || emit CVE-2026-4 low\n\
                [ \"$3\" != --more ] || emit CVE-2026-5 low";
    let world = of_scanner(body);
    world.script("new/scan.sh", &scanner(&format!("{body}\nemit CVE-2026-6 low")));
    let rows: [(&str, &str, &str, &str); 6] = [
        ("feed=later", "CVE-2026-1", "feed", "feed_drift"),
        ("input=other", "CVE-2026-2", "input", "input_drift"),
        ("tz=Europe/Vienna", "CVE-2026-3", "tz", "runtime_drift"),
        ("locale=C.UTF-8", "CVE-2026-4", "locale", "runtime_drift"),
        ("flags={feed} {input} --more", "CVE-2026-5", "config", "scanner_drift"),
        ("scanner=new/scan.sh", "CVE-2026-6", "scanner", "scanner_drift"),
    ];
    for (with, finding, by_input, reason) in rows {
        let document = explain(&world, 1, &["--with", with]);
        assert_eq!(by(&document), pairs(&[(finding, by_input)]), "{with}");
        assert_eq!(document["mismatch_reason"], reason, "{with}");
    }
    // All of them at once: each finding still has its own.
    let all: Vec<&str> = rows.iter().flat_map(|(with, ..)| ["--with", with]).collect();
    let document = explain(&world, 1, &all);
    let expected: Vec<(&str, &str)> = rows.iter().map(|(_, finding, by_input, _)| (*finding, *by_input)).collect();
    assert_eq!(by(&document), pairs(&expected));
    assert_eq!(document["explanation"]["factors"].as_array().unwrap().len(), 6);
}

#[test]
fn interactions_and_alternatives_of_a_foreign_scanner_are_found() {
    let world = of_scanner(
        "high=$(grep -c high $1/severity); more=$([ \"$3\" = --more ] && echo 1 || echo 0)\n\
         [ $high$more = 11 ] && emit CVE-2026-1 low\n[ $high$more != 00 ] && emit CVE-2026-2 low\n\
         emit CVE-2026-3 $(echo critical high medium low | cut -d' ' -f$((1 + high + 2 * more)))",
    );
    let document = explain(&world, 1, &["--with", "feed=later", "--with", "flags={feed} {input} --more"]);
    let expected = [("CVE-2026-1", "feed × config"), ("CVE-2026-2", "feed or config"), ("CVE-2026-3", "feed + config")];
    assert_eq!(by(&document), pairs(&expected));
}

#[test]
fn a_scanner_that_differs_from_itself_is_flaky_and_nobody_is_blamed() {
    let world = of_scanner("emit CVE-2026-1 low\nemit CVE-$(cut -d' ' -f22 /proc/self/stat) low");
    let document = explain(&world, 1, &["--with", "feed=later"]);
    assert_eq!(document["outcome"], "flaky");
    assert_eq!(document["mismatch_reason"], "nondeterminism");
    assert!(document["explanation"]["noise"]["different"].as_u64().unwrap() > 0);
    // The one of the recording never comes again: no swap made it go.
    let innocent = |by: &str| ["flaky", "unexplained"].contains(&by);
    assert!(by(&document).iter().all(|(what, by)| what != "CVE-2026-1" && innocent(by)), "{:?}", by(&document));
}

#[test]
fn a_scanner_that_phones_home_is_blamed_on_evidence_alone() {
    if !World::new().command(&["doctor"]).output().unwrap().status.success() {
        assert!(std::env::var_os("STELLA_TEST_ISOLATION").is_none());
        eprintln!("skipped: this machine does not isolate in full");
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let reach = format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' 2>/dev/null && emit CVE-2026-1 low");
    for (asks, expected) in [("getent hosts scanner.example.com >/dev/null", "external_io"), ("true", "runtime_drift")]
    {
        let world = World::new();
        world.write("in/x", "x");
        world.script("scan.sh", &scanner(&format!("{asks}\n{reach}\nemit CVE-2026-2 low")));
        // Unsealed it reaches its server; sealed it does not.
        world.stella(0, &["scan", "--as-is", "--artifact", "findings=-:stella-findings", "--", "./scan.sh"]);
        let document = explain(&world, 1, &[]);
        let changes = document["explanation"]["changes"].as_array().unwrap();
        let finding = changes.iter().find(|change| change["kind"] == "finding").unwrap();
        if expected == "external_io" {
            assert_eq!(finding["cause"]["reason"], expected, "{document:#}");
            assert!(document["notes"].to_string().contains("scanner.example.com"), "{document:#}");
        } else {
            assert_ne!(finding["cause"]["reason"], "external_io", "without a denial nobody says so: {document:#}");
        }
    }
}

#[test]
fn what_no_swap_explains_is_looked_for_by_perturbation() {
    let world = World::new();
    world.write("in/x", "x");
    let body = "emit CVE-2026-1 $([ $HOME = /tmp/stella/home ] && echo low || echo high)\nemit CVE-2026-2 low";
    world.script("scan.sh", &scanner(body));
    // Where it is, with a home of its own that nobody wrote down.
    let scan = ["scan", "--as-is", "--artifact", "findings=-:stella-findings", "--", "./scan.sh"];
    world.stella(0, &scan);
    let document = explain(&world, 1, &[]);
    assert_eq!(by(&document), pairs(&[("CVE-2026-1", "unexplained")]));
    let changes = document["explanation"]["changes"].as_array().unwrap();
    let finding = changes.iter().find(|change| change["kind"] == "finding").unwrap();
    assert_eq!(finding["cause"], json!({ "reason": "runtime_drift", "sub_tag": "path", "known_by": "floor" }));
    assert_eq!(document["mismatch_reason"], "runtime_drift");
}

#[test]
fn what_does_not_differ_needs_no_cause() {
    let world = recorded();
    let document = explain(&world, 0, &[]);
    assert_eq!(document["outcome"], "match");
    assert_eq!(document["explanation"]["changes"], json!([]));
    assert_eq!(document["explanation"]["replays"], 2);
}

#[test]
fn an_input_that_is_gone_is_named_and_the_rest_is_explained() {
    let world = recorded();
    let feed: Digest = world.json("MANIFEST.json")["feeds"]["bundles"][0]["digest"].as_str().unwrap().parse().unwrap();
    fs::remove_file(world.store().path_of(&feed)).unwrap();
    world.write("other/package-lock.json", world.read("app/package-lock.json").replace("0.0.8", "0.2.4"));
    let document = explain(&world, 1, &["--with", "feed=later", "--with", "input=other/package-lock.json"]);
    let not_excluded = document["explanation"]["not_excluded"].to_string();
    assert!(not_excluded.contains(&feed.to_string()) && not_excluded.contains("is gone"), "{not_excluded}");
    assert_eq!(document["explanation"]["factors"], json!([{ "dimension": "input" }]));
    let expected = [("CVE-2020-0001", "input"), ("CVE-2022-0002", "unexplained")];
    assert_eq!(by(&document), pairs(&expected));
    // What no swap could make is put on the input that could not be swapped, by the floor rule.
    let cause = &document["explanation"]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["what"].as_str().unwrap().starts_with("CVE-2022-0002"));
    assert_eq!(cause.unwrap()["cause"], json!({ "reason": "feed_drift", "known_by": "floor" }));
}

#[test]
fn a_budget_ends_it_and_says_so() {
    let world = recorded();
    let document = explain(&world, 1, &["--with", "feed=later", "--max-replays", "4"]);
    assert_eq!(document["explanation"]["replays"], 4);
    assert_eq!(document["explanation"]["partial"], true);
    assert_eq!(document["causes"][0]["known_by"], "floor");
    let document = explain(&world, 1, &["--with", "feed=later", "--max-time", "0"]);
    assert_eq!(document["explanation"]["partial"], true);
    assert_eq!(document["causes"], json!([{ "reason": "feed_drift", "known_by": "floor" }]));
}

#[test]
fn a_pipeline_explains_its_canaries_in_every_report() {
    let world = scene();
    let manifest = "fixtures/canaries/app/manifest.json";
    let scan = ["scan", "--input", "app/package-lock.json", "--feed", "feed", "--store", "fixtures/store"];
    world.stella(0, &[&scan[..], &["--emit-manifest", manifest]].concat());
    world.write(".stella.yaml", "subject: {kind: feed, path: later}\n");
    let reports = ["--junit", "junit.xml", "--summary", "summary.md", "--result", "result.json"];
    let run = world.stella(1, &[&["ci", "--explain"], &reports[..]].concat());
    run.says(&["feed_drift (proved)", "1 feed, 0 unexplained"]);
    valid(&world.json("result.json"), "result-v1.json");
    let result = world.json("result.json");
    assert_eq!(only(&result)["causes"][0]["known_by"], "proved");
    assert_eq!(only(&result)["explanation"]["summary"], "1 feed, 0 unexplained");
    for report in ["junit.xml", "summary.md"] {
        let text = world.read(report);
        assert!(text.contains("proved") && text.contains("unexplained") && text.contains("proof"), "{text}");
    }
    world
        .stella(1, &["replay", "--from", manifest, "--store", "fixtures/store", "--with", "feed=later", "--explain"])
        .says(&["feed_drift (proved)", "What was tried"]);
}
