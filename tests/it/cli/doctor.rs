//! `stella doctor`: what this machine can do, and how to get more.

use crate::harness::{World, valid};

#[test]
fn every_level_is_tried_and_the_best_one_is_named() {
    let world = World::new();
    let output = world.command(&["doctor"]).output().unwrap();
    let code = u8::try_from(output.status.code().unwrap()).unwrap();
    assert!([0, 3].contains(&code), "{output:?}");
    let page = world.stella(code, &["doctor"]);
    page.says(&["kernel ", "helper ", "full ", "traced ", "isolated ", "none ", "Scans run at `"]);
    let json = world.stella(code, &["doctor", "--format", "json"]).stdout_json();
    valid(&json, "doctor-v1.json");
    assert_eq!(json["best"] == "full", code == 0);
    let none = json["levels"].as_array().unwrap().iter().find(|state| state["level"] == "none").unwrap();
    assert_eq!(none["works"], true, "{json:#}");
}

#[test]
fn a_weaker_machine_says_what_is_refused_and_what_to_paste() {
    let world = World::new();
    let Some(command) = world.without_namespaces(&["doctor"]) else { return };
    let page = world.run(3, command);
    page.says(&["full     does not work", "because: namespaces: refused at", "To get more:", "sysctl"]);
}
