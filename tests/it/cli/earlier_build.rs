//! What lies at `subject.path` before the subject is built: it is not what the build made, and never judged as such.

use std::fs;
use std::os::unix::fs::symlink;

use crate::cli::attacks::{GOOD, WORSE, configure, pr, repository};
use crate::harness::{World, files};

/// A repository whose source is worse than what lies in the place of its subject.
fn stale() -> World {
    let world = repository(1);
    world.script("bin/scan", "cat \"$1\"");
    world.write("scan.in", WORSE);
    world
}

fn build(world: &World, command: &str) {
    configure(world, "build: mkdir -p bin && cp scan.in bin/scan && chmod +x bin/scan", &format!("build: {command}"));
}

const LEFT: &str = "left what was there before";

#[test]
fn a_build_that_makes_nothing_is_no_verdict() {
    for command in ["'true'", "echo built", "'exit 0'", "mkdir -p bin other", "cp scan.in bin/scan-2"] {
        let world = stale();
        let before = files(&world.work("bin"));
        build(&world, command);
        for arguments in [&["ci", "--gate", "pr"][..], &["ci"], &["ci", "--gate", "release"], &["accept"]] {
            let run = world.stella(3, arguments);
            run.complains(&[LEFT, "`bin/scan`", "hint: have the build write it"]);
        }
        // What lay there lies there again, and nothing beside it.
        assert!(world.exists("bin/scan"), "{command}");
        let left: Vec<_> = files(&world.work("bin")).into_iter().filter(|path| !path.ends_with("scan-2")).collect();
        assert_eq!(left, before, "{command}");
    }
}

#[test]
fn the_twin_builds_and_is_judged_by_what_it_built() {
    let world = stale();
    pr(&world, 1, &["unapproved-drift", "unapproved-drift"]);
    world.write("scan.in", GOOD);
    pr(&world, 0, &[]);
    // Where nothing is built, what lies there is what is judged.
    build(&world, "''");
    let text = world.read(".stella.yaml").replace("  build: ''\n", "");
    world.write(".stella.yaml", text);
    pr(&world, 0, &[]);
}

/// Tools that look for what has to be made anew find that it is missing.
#[test]
fn a_build_that_finds_nothing_to_do_makes_it_anew() {
    let world = repository(1);
    world.write("Makefile", "bin/scan: scan.in\n\tmkdir -p bin && cp scan.in bin/scan && chmod +x bin/scan\n");
    build(&world, "make --silent bin/scan");
    for _ in 0..3 {
        pr(&world, 0, &[]);
    }
    world.write("scan.in", WORSE);
    pr(&world, 1, &["unapproved-drift", "unapproved-drift"]);
}

#[test]
fn a_build_that_fails_leaves_what_was_there() {
    let world = stale();
    let before = files(&world.work("."));
    build(&world, "'test -e bin/scan'");
    let run = world.stella(4, &["ci", "--gate", "pr"]);
    run.complains(&["failed (exit status: 1)", "hint: whatever lay at `subject.path` was out of the way"]);
    assert_eq!(files(&world.work(".")), before);
    assert!(world.read("bin/scan").contains("cat"));
}

#[test]
fn a_folder_is_made_anew_as_well() {
    let world = World::new();
    crate::cli::scene::feed_into(&world, "feed");
    crate::cli::scene::feed_into(&world, "out");
    world.write(".stella.yaml", "version: 1\nsubject: {kind: feed, path: out, build: mkdir -p elsewhere}\n");
    world.stella(3, &["ci"]).complains(&[LEFT]);
    assert!(!files(&world.work("out")).is_empty());
    world.write(".stella.yaml", "version: 1\nsubject: {kind: feed, path: out, build: cp -r feed out}\n");
    world.stella(3, &["ci"]).complains(&["nothing to replay"]);
    // The checkout itself cannot be made by its build.
    world.write(".stella.yaml", "version: 1\nsubject: {kind: feed, path: ., build: 'true'}\n");
    world.stella(2, &["ci"]).complains(&["in which the checkout itself lies"]);
}

#[test]
fn a_subject_behind_a_link_lies_in_the_checkout() {
    let said = "`subject.path` leads out of the checkout";
    let outside = |world: &World| {
        fs::create_dir(world.path("outside")).unwrap();
        fs::write(world.path("outside/scan"), GOOD).unwrap();
        fs::copy(world.work("bin/scan"), world.path("outside/scan")).unwrap();
    };
    // The program, a folder above it, by a chain; with a build and without, and one that the build makes.
    for (at, to, command) in [
        ("bin/scan", "../../outside/scan", Some("'true'")),
        ("bin/scan", "../../outside/scan", None),
        ("bin", "../outside", None),
        ("bin", "../outside", Some("cp scan.in bin/scan")),
        ("made", "../outside", Some("ln -s ../made/scan bin/scan")),
    ] {
        let world = stale();
        outside(&world);
        if at == "bin" {
            fs::remove_dir_all(world.work("bin")).unwrap();
        } else {
            fs::remove_file(world.work("bin/scan")).unwrap();
        }
        symlink(to, world.work(at)).unwrap();
        let whole = "  build: mkdir -p bin && cp scan.in bin/scan && chmod +x bin/scan\n";
        match command {
            Some(command) => build(&world, command),
            None => configure(&world, whole, ""),
        }
        world.stella(2, &["ci", "--gate", "pr"]).complains(&[said, "outside"]);
        assert_eq!(fs::read_to_string(world.path("outside/scan")).unwrap(), "#!/bin/sh\ncat \"$1\"\n", "{at}");
    }
    // Twins: a link that stays in the checkout, and a program that the configuration names where it lies.
    let world = repository(1);
    fs::create_dir(world.work("bin")).unwrap();
    symlink("../out/scan", world.work("bin/scan")).unwrap();
    build(&world, "mkdir -p out && cp scan.in out/scan && chmod +x out/scan");
    pr(&world, 0, &[]);
    pr(&world, 0, &[]);
    build_is(&world, "'true'");
    world.stella(3, &["ci"]).complains(&[LEFT]);
}

fn build_is(world: &World, command: &str) {
    configure(world, "build: mkdir -p out && cp scan.in out/scan && chmod +x out/scan", &format!("build: {command}"));
}
