//! A real scanner in two releases as the subject of a repository.

use std::fs;

use serde_json::Value;

use crate::cli::gate::codes;
use crate::cli::scene::only;
use crate::harness::{World, copy, valid};
use crate::real::{program, scans};

/// A repository with a canary of the release before, which builds whatever `scan.in` is.
fn repository() -> Option<World> {
    let before = program("zizmor-before")?;
    let world = World::new();
    scans::write(&world.work("seen")).unwrap();
    fs::create_dir(world.work("bin")).unwrap();
    copy(&before, &world.work("bin/zizmor"));
    let scan = ["scan", "--scanner", "zizmor=bin/zizmor", "--output", "sarif", "--input", "seen/workflows"];
    let folder = "fixtures/canaries/workflows";
    let (manifest, expected) = (format!("{folder}/manifest.json"), format!("{folder}/expected"));
    let kept = ["--store", "fixtures/store", "--emit-manifest", &manifest, "--emit-artifacts-dir", &expected];
    world.stella(0, &[&scan[..], &kept].concat());
    for folder in ["seen", "bin"] {
        fs::remove_dir_all(world.work(folder)).unwrap();
    }
    world.write(
        ".stella.yaml",
        "subject:\n  kind: scanner\n  build: mkdir -p out && cp scan.in out/release && chmod +x out/release\n  path: out/release\n  \
         argv: ['{scanner}', --offline, --format, sarif, '{input}']\n  artifacts: ['findings=-:sarif']\n",
    );
    Some(world)
}

fn pr(world: &World, exit: u8, reasons: &[&str]) -> Value {
    let result = world.stella(exit, &["ci", "--gate", "pr", "--format", "json"]).stdout_json();
    valid(&result, "result-v1.json");
    assert_eq!(codes(&result["gate"]), reasons, "{:#}", result["gate"]);
    assert_eq!((&result["candidate"]["name"], &result["candidate"]["ran"]), (&"zizmor".into(), &1.into()));
    result
}

#[test]
fn a_release_that_moves_its_version_is_green_and_one_that_loses_a_finding_is_red() {
    let (Some(world), Some(after)) = (repository(), program("zizmor")) else { return };
    fs::copy(&after, world.work("scan.in")).unwrap();
    let result = pr(&world, 0, &[]);
    let replay = only(&result);
    assert_eq!(replay["outcome"], "match");
    assert_eq!(replay["artifacts"][0]["identity"]["/runs/*/tool/driver/version"], 1, "{:#}", replay["artifacts"]);
    assert!(
        replay["notes"].to_string().contains("what names the build of the tool was put aside"),
        "{}",
        replay["notes"]
    );
    // As recorded nothing is put aside.
    let pinned = world.stella(0, &["ci", "--pinned", "--format", "json"]).stdout_json();
    assert!(only(&pinned)["artifacts"][0].get("identity").is_none());

    // The same release, told to be quiet about what is not severe: a script that holds the program.
    let script =
        "#!/bin/sh\ntail -n +4 \"$0\" > /tmp/held && chmod +x /tmp/held\nexec /tmp/held --min-severity high \"$@\"\n";
    let held = [script.as_bytes(), &fs::read(&after).unwrap()].concat();
    world.write("scan.in", held);
    let result = pr(&world, 1, &["unapproved-drift"]);
    let lost = only(&result)["diff_summary"]["findings"].to_string();
    assert!(lost.contains("artipacked") && lost.contains("disappeared"), "{lost}");
    assert_eq!(only(&result)["movement"]["appeared"], 0);
}
