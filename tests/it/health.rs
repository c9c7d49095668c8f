//! The health gate from end to end: an unhealthy run is neither recorded, nor a match, nor a drift.

use serde_json::json;

use crate::harness::World;

fn sarif(invocation: &serde_json::Value, results: usize) -> String {
    let result = |n| json!({"ruleId": format!("R{n}"), "message": {"text": "found"}});
    let results: Vec<_> = (0..results).map(result).collect();
    json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "scan"}}, "invocations": [invocation],
           "results": results}]})
    .to_string()
}

/// A scanner that writes what lies in its input as `report.sarif`, and ends with the code in `code`.
fn world(program: &str) -> World {
    let world = World::new();
    world.write("in/report.sarif", sarif(&json!({"executionSuccessful": true}), 2));
    world.write("in/code", "0");
    world.script(program, "cat report.sarif; exit $(cat code)");
    world
}

const SCAN: [&str; 6] = ["scan", "--input", "in", "--artifact", "findings=-:sarif", "--"];

#[test]
fn what_a_document_says_of_its_run_decides_before_it_is_recorded() {
    let world = world("scan.sh");
    let scan = [&SCAN[..], &["./scan.sh"]].concat();
    let gave_up = json!({"executionSuccessful": true, "toolExecutionNotifications": [
        {"level": "warning", "message": {"text": "Timeout on src/a.js"}}]});
    for (invocation, why) in [
        (json!({"executionSuccessful": false}), "the tool says that its run did not succeed; `/runs/0/invocations/0`"),
        (gave_up, "the tool gave up on something, so results may be missing"),
    ] {
        world.write("in/report.sarif", sarif(&invocation, 1));
        world.stella(3, &scan).complains(&["artifact `findings.out`", why, "hint: nothing was recorded"]);
        let as_is = [&SCAN[..5], &["--as-is", "--", "sh", "-c", "cat in/report.sarif"]].concat();
        world.stella(3, &as_is).complains(&[why, "hint: nothing was recorded"]);
        assert!(!world.exists("MANIFEST.json"));
    }
    world.write("in/report.sarif", " \n");
    let blank = ["scan", "--input", "in", "--artifact", "findings=-:json", "--", "./scan.sh"];
    world.stella(3, &blank).complains(&["artifact `findings=-:json` is empty"]);
    assert!(!world.exists("MANIFEST.json"));
}

/// Fewer results and a time-out: without the gate that would be a drift, with the same results a match.
#[test]
fn an_unhealthy_replay_is_an_outcome_of_its_own() {
    let world = world("scan.sh");
    let scan = [&SCAN[..], &["./scan.sh"]].concat();
    let healthy = sarif(&json!({"executionSuccessful": true}), 2);
    for results in [1, 2] {
        world.write("in/report.sarif", &healthy);
        world.stella(0, &scan);
        // The same scanner over another input, as the only thing that a script can depend on here.
        let gave_up = json!({"executionSuccessful": true, "toolExecutionNotifications": [
            {"level": "error", "message": {"text": "cannot parse b.js"}}]});
        world.write("in/report.sarif", sarif(&gave_up, results));
        let replay = ["replay", "--from", "MANIFEST.json", "--with", "input=in", "--format", "json"];
        let run = world.stella(3, &replay);
        let result = run.stdout_json()["replays"][0].clone();
        assert_eq!(result["outcome"], "unhealthy");
        assert!(result["detail"].to_string().contains("says: cannot parse b.js"), "{result:#}");
    }
}

#[test]
fn exit_codes_are_known_by_the_name_of_the_program() {
    let world = world("zizmor");
    let scan = [&SCAN[..], &["./zizmor"]].concat();
    world.write("in/code", "14");
    world.stella(0, &scan);
    let manifest = world.json("MANIFEST.json");
    assert_eq!(manifest["scanner"]["expected_exit_codes"], json!([0, 11, 12, 13, 14]));
    std::fs::remove_file(world.work("MANIFEST.json")).unwrap();
    world.write("in/code", "1");
    world.stella(3, &scan).complains(&["the scanner ended badly: exit code 1, expected [0, 11, 12, 13, 14]"]);
    assert!(!world.exists("MANIFEST.json"));
    // Who asks for another code knows better.
    let asked = [&SCAN[..5], &["--expect-exit", "1", "--", "./zizmor"]].concat();
    world.stella(0, &asked);
    assert_eq!(world.json("MANIFEST.json")["scanner"]["expected_exit_codes"], json!([1]));
}

/// Recorded where it is, replayed in the sandbox: the path of the input is another, and that is no drift.
#[test]
fn where_the_input_lay_is_no_difference() {
    let world = World::new();
    world.write("in/a.js", "eval(x)");
    let scanner = world.script(
        "scan.sh",
        r#"printf '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"scan"}},"results":[{"ruleId":"R","message":{"text":"in %s"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"file://%s/a.js"}}}]}]}]}' "$1" "$1""#,
    );
    let scanner = scanner.to_str().unwrap().to_owned();
    let as_is = [&SCAN[..5], &["--as-is", "--scanner", &scanner, "--", "{scanner}", "{input}"]].concat();
    world.stella(0, &as_is);
    let path = world.json("MANIFEST.json")["input"]["path"].as_str().unwrap().to_owned();
    assert_eq!(path, world.work("in").to_str().unwrap());
    world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match"]);
}

/// An observation of the sandbox is not a result: with it alone every replay would match.
#[test]
fn a_run_that_leaves_nothing_to_compare_is_not_recorded() {
    let world = world("scan.sh");
    let scan = ["scan", "--input", "in", "--artifact", "ledger=-:json", "--", "./scan.sh"];
    world.stella(3, &scan).complains(&["no artifact that can be compared"]);
    assert!(!world.exists("MANIFEST.json"));
}
