//! What a checkout holds in the place of an output: nothing is written through it, and nothing runs before that is said.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::cli::scene::recorded;
use crate::harness::{World, files};

/// Every option by which `ci`, `replay`, `scan` and `report` write a file; `@` stands for its name.
const FILES: &[&str] = &[
    "ci --summary @",
    "ci --result @",
    "ci --junit @",
    "ci --timings @",
    "ci --history @",
    "replay --from MANIFEST.json --history @",
    "scan --input app --feed feed --emit-manifest @",
    "report --html result.json --output @",
    "report --markdown result.json -o @",
];

/// The same of folders.
const FOLDERS: &[&str] = &[
    "ci --out-dir @",
    "replay --from MANIFEST.json --out-dir @",
    "scan --input app --feed feed --emit-manifest other.json --emit-artifacts-dir @",
];

/// A checkout with something to replay and a stored result, beside a folder of the user's own.
fn world() -> World {
    let world = recorded();
    world.stella(0, &["init"]);
    world.stella(0, &["ci", "--result", "result.json", "--out-dir", "kept"]);
    fs::create_dir_all(world.path("user/folder")).unwrap();
    fs::write(world.path("user/file"), "mine").unwrap();
    world
}

/// The user's own files, with what they hold.
fn own(world: &World) -> Vec<(String, Vec<u8>)> {
    let folder = world.path("user");
    files(&folder).into_iter().map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

fn words<'a>(line: &'a str, name: &'a str) -> Vec<&'a str> {
    line.split(' ').map(|word| if word == "@" { name } else { word }).collect()
}

fn refused(world: &World, line: &str, name: &str, why: &str) {
    let before = own(world);
    let run = world.stella(2, &words(line, name));
    run.complains(&[why, "hint: whoever wrote the checkout could have put it there"]);
    assert!(!run.stderr.contains("replaying"), "{line}: {}", run.stderr);
    assert_eq!(own(world), before, "{line}");
}

#[test]
fn no_output_is_written_through_a_link_that_leaves_the_checkout() {
    let world = world();
    symlink(world.path("user/file"), world.work("to-a-file")).unwrap();
    symlink("../user/new", world.work("to-nothing")).unwrap();
    symlink("../user/folder", world.work("to-a-folder")).unwrap();
    for line in FILES {
        for name in ["to-a-file", "to-nothing", "to-a-folder/file", "to-a-folder/deep/file", "app/../to-a-file"] {
            refused(&world, line, name, "in the checkout leads to");
        }
    }
    for line in FOLDERS {
        for name in ["to-a-folder", "to-a-folder/deep", "to-nothing"] {
            refused(&world, line, name, "in the checkout leads to");
        }
    }
    // Into the repository itself.
    fs::create_dir_all(world.work(".git/hooks")).unwrap();
    symlink(".git/hooks/post-checkout", world.work("to-a-hook")).unwrap();
    refused(&world, "ci --summary @", "to-a-hook", "in the checkout leads to");
    // Twins: what lies in the checkout, also behind a link, and a link that is the user's own.
    fs::create_dir(world.work("reports")).unwrap();
    symlink("reports", world.work("inside")).unwrap();
    symlink("user", world.path("link-of-the-user")).unwrap();
    let outside = world.path("link-of-the-user/summary.md");
    for name in ["plain.md", "inside/summary.md", "reports/deep/summary.md", outside.to_str().unwrap()] {
        world.stella(0, &words("ci --summary @", name));
    }
    assert!(!world.read("reports/summary.md").is_empty());
    assert!(world.path("user/summary.md").is_file());
}

#[test]
fn folders_of_an_output_folder_lead_nowhere_else() {
    let world = world();
    let id = fs::read_dir(world.work("kept")).unwrap().map(Result::unwrap).find(|entry| entry.path().is_dir()).unwrap();
    let id = id.file_name().into_string().unwrap();
    fs::create_dir_all(world.path("user/folder/expected")).unwrap();
    fs::write(world.path("user/folder/expected/mine"), "mine").unwrap();
    fs::remove_dir_all(world.work("kept").join(&id)).unwrap();
    symlink("../../user/folder", world.work("kept").join(&id)).unwrap();
    let before = own(&world);
    world.stella(2, &["ci", "--out-dir", "kept"]).complains(&["in the checkout leads to"]);
    assert_eq!(own(&world), before);
    // A report that is a link.
    fs::remove_file(world.work("kept").join(&id)).unwrap();
    fs::remove_file(world.work("kept/result.json")).unwrap();
    symlink("../../user/file", world.work("kept/result.json")).unwrap();
    world.stella(2, &["ci", "--out-dir", "kept"]).complains(&["in the checkout leads to"]);
    assert_eq!(own(&world), before);
    fs::remove_file(world.work("kept/result.json")).unwrap();
    world.stella(0, &["ci", "--out-dir", "kept"]);
    assert_eq!(own(&world), before);
}

#[test]
fn a_build_that_plants_a_link_has_nothing_written_through_it() {
    let world = World::new();
    let config = |build: &str| format!("version: 1\nsubject: {{kind: feed, path: out, build: '{build}'}}\n");
    crate::cli::scene::feed_into(&world, "feed");
    fs::create_dir(world.path("user")).unwrap();
    for (plants, exit) in [("ln -s ../user/file summary.md", 2), ("ln ../user/file summary.md", 3), ("true", 3)] {
        fs::remove_file(world.work("summary.md")).ok();
        fs::write(world.path("user/file"), "mine").unwrap();
        world.write(".stella.yaml", config(&format!("cp -r feed out && {plants}")));
        // There is nothing to replay (3); what was built is written down all the same.
        world.stella(exit, &["ci", "--summary", "summary.md"]);
        assert_eq!(fs::read_to_string(world.path("user/file")).unwrap(), "mine", "{plants}");
    }
}

#[test]
fn a_second_name_of_a_file_does_not_change_with_it() {
    let world = world();
    let history = world.path("user/h.jsonl");
    world.stella(0, &["ci", "--history", history.to_str().unwrap()]);
    fs::hard_link(&history, world.work("h.jsonl")).unwrap();
    refused(&world, "ci --history @", "h.jsonl", "has another name");
    fs::hard_link(world.path("user/file"), world.work("summary.md")).unwrap();
    let before = own(&world);
    // A new file takes the place of this name alone.
    world.stella(0, &["ci", "--summary", "summary.md"]);
    assert_eq!(own(&world), before);
    // Twins: a history of the checkout, and one of the user with two names.
    world.stella(0, &["ci", "--history", "own.jsonl"]);
    fs::hard_link(&history, world.path("twice.jsonl")).unwrap();
    world.stella(0, &["ci", "--history", history.to_str().unwrap()]);
}

#[test]
fn a_pipe_in_the_checkout_does_not_block_and_one_outside_is_written_to() {
    let world = world();
    let pipe = |path: &Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    pipe(&world.work("pipe"));
    // Open for both, so that whoever writes to it all the same comes to an end and is seen.
    let mut reader = fs::File::options().read(true).write(true).open(world.work("pipe")).unwrap();
    std::thread::spawn(move || io::copy(&mut reader, &mut io::sink()));
    for line in FILES.iter().filter(|line| !line.contains("history")) {
        refused(&world, line, "pipe", "is not a regular file");
    }
    pipe(&world.path("user/pipe"));
    let script = "cat ../user/pipe > got & stella ci --junit ../user/pipe; code=$?; wait; exit $code";
    world.run(0, world.pasted(script));
    assert!(world.read("got").contains("<testsuites"));
    // Where a shell gives a descriptor it is written to.
    world.run(0, world.pasted("stella ci --junit /dev/stdout > /dev/null && stella ci --junit /dev/fd/3 3> third"));
    assert!(world.read("third").contains("<testsuites"));
}
