//! A scanner that is recorded with all that it read of its machine, and replayed where nothing of it is left.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cli::scene::only;
use crate::harness::{World, valid};

/// Records with these arguments before `--`; whether the recording has a closure, which a machine that isolates less cannot give it.
fn record(world: &World, options: &[&str], command: &[&str]) -> bool {
    let scan = ["scan", "--closure", "--input", "in", "--artifact", "findings=-:bytes"];
    let run = world.stella(0, &[&scan[..], options, &["--"], command].concat());
    let manifest = world.json("MANIFEST.json");
    if manifest["environment"]["isolation"] != "full" {
        assert!(std::env::var_os("STELLA_TEST_ISOLATION").is_none());
        run.complains(&["the recording is not self-contained"]);
        eprintln!("skipped: this machine does not isolate in full");
        return false;
    }
    assert_eq!(manifest["scanner"]["kind"], "closure");
    assert!(
        manifest["scanner"].get("scanner_binary_digest").is_none() && manifest["environment"].get("roots").is_none()
    );
    run.says(&["closure: "]);
    true
}

fn outcome(world: &World, expected: u8, options: &[&str]) -> serde_json::Value {
    let replay = ["replay", "--from", "MANIFEST.json", "--format", "json"];
    only(&world.stella(expected, &[&replay[..], options].concat()).stdout_json()).clone()
}

/// A tool of Python with a package of its own, and a file of it that no usual run opens.
fn python_tool(world: &World) {
    world.write("in/a.txt", "alpha\n");
    world.write("tool/pkg/__init__.py", "from pkg.rules import RULES\n");
    world.write(
        "tool/pkg/rules.py",
        "import json, os\nHERE = os.path.dirname(__file__)\nRULES = json.load(open(HERE + '/rules.json'))\n",
    );
    world.write("tool/pkg/rules.json", "[\"a\", \"b\"]");
    world.write("tool/pkg/rare.json", "[\"rare\"]");
    let program = "#!/usr/bin/env python3\nimport os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..'))\n\
                   import json, pkg\nprint(sorted(os.listdir(pkg.rules.HERE)), pkg.RULES)\n\
                   if os.path.exists('rare'): print(json.load(open(pkg.rules.HERE + '/rare.json')))\n";
    world.program("tool/bin/scan", program);
}

#[test]
fn a_tool_of_python_is_replayed_where_it_is_gone_from() {
    let world = World::new();
    python_tool(&world);
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: no python3");
        return;
    }
    if !record(&world, &["--ro", "tool"], &["tool/bin/scan"]) {
        return;
    }
    fs::remove_dir_all(world.work("tool")).unwrap();
    for _ in 0..3 {
        let replayed = outcome(&world, 0, &[]);
        assert_eq!((&replayed["outcome"], &replayed["levels"]["bf"]), (&"match".into(), &true.into()), "{replayed}");
    }
    world.stella(0, &["manifest", "show", "MANIFEST.json"]).says(&["closure   sha256:"]);
    world.stella(0, &["manifest", "validate", "MANIFEST.json"]).says(&["replayable"]);
    // Of another user, with another home.
    let Some(mut command) = world.as_nobody(&["replay", "--from", "MANIFEST.json", "--format", "json"]) else { return };
    fs::create_dir(world.path("other")).unwrap();
    std::os::unix::fs::chown(world.path("other"), Some(65534), Some(65534)).unwrap();
    command.env("HOME", world.path("other")).env("STELLA_STORE", world.store().root());
    assert_eq!(only(&world.run(0, command).stdout_json())["outcome"], "match");
}

#[test]
fn a_file_that_the_recorded_run_did_not_read_ends_another_by_its_name() {
    let world = World::new();
    python_tool(&world);
    world.write("other/rare", "");
    if Command::new("python3").arg("--version").output().is_err()
        || !record(&world, &["--ro", "tool"], &["tool/bin/scan"])
    {
        return;
    }
    let missed = outcome(&world, 3, &["--with", "input=other"]);
    assert_eq!(missed["outcome"], "unreplayable", "{missed}");
    let detail = missed.to_string();
    assert!(
        detail.contains("lacks the content of")
            && detail.contains("tool/pkg/rare.json")
            && detail.contains("--closure"),
        "{detail}"
    );
}

#[test]
fn a_shell_script_and_a_program_of_c_are_replayed_without_the_machine() {
    let world = World::new();
    world.write("in/a.txt", "alpha\nbeta\n");
    // It lies in no folder that a sandbox shows; what it calls, its shell and their libraries are the machine's.
    let script =
        world.program("scan.sh", "#!/usr/bin/env -S sh -eu\nsort -r a.txt | sed s/a/A/\nls /\nls -l $0 | cut -c1-10\n");
    if !record(&world, &[], &["./scan.sh"]) {
        return;
    }
    fs::remove_file(script).unwrap();
    assert_eq!(outcome(&world, 0, &[])["outcome"], "match");

    let world = World::new();
    world.write("in/a.txt", "alpha\n");
    let source = "#include <stdio.h>\nint main(int n, char **a) { char b[99]; FILE *f = fopen(a[1], \"r\"); return !f || !fgets(b, 99, f) || puts(b) < 0; }\n";
    let (source, data) = (world.write("scan.c", source), world.write("data/rules", "rules\n"));
    let built = Command::new("cc").arg("-o").arg(world.work("data/scan")).arg(source).status();
    if !built.is_ok_and(|built| built.success()) {
        eprintln!("skipped: no compiler");
        return;
    }
    assert!(record(&world, &["--ro", "data"], &["data/scan", data.to_str().unwrap()]));
    fs::remove_dir_all(world.work("data")).unwrap();
    assert_eq!(outcome(&world, 0, &[])["outcome"], "match");
}

/// The listing of the recording in `MANIFEST.json`, as lines.
fn listing(world: &World) -> Vec<serde_json::Value> {
    let digest = world.json("MANIFEST.json")["scanner"]["closure_digest"].as_str().unwrap().parse().unwrap();
    let bytes = world.blobs().remove(&digest).unwrap();
    String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_gone_damaged_or_edited_is_named() {
    let world = World::new();
    world.write("in/a.txt", "alpha\n");
    world.write("data/rules", "rules of this test\n");
    world.program("data/scan", "#!/bin/sh\ncat \"${0%/*}/rules\"\n");
    if !record(&world, &["--ro", "data"], &["data/scan"]) {
        return;
    }
    let rules = world.work("data/rules").canonicalize().unwrap().display().to_string();
    let lines = listing(&world);
    let line = lines.iter().find(|line| line["path"] == rules.as_str()).unwrap();
    let digest = format!("sha256:{}", line["sha256"].as_str().unwrap()).parse().unwrap();
    let blob = world.store().path_of(&digest);
    let packed = fs::read(&blob).unwrap();
    fs::remove_file(&blob).unwrap();
    let gone = outcome(&world, 3, &[]);
    assert!(gone["outcome"] == "unreplayable" && gone.to_string().contains("data/rules"), "{gone}");
    fs::write(&blob, "rot").unwrap();
    let replay = ["replay", "--from", "MANIFEST.json"];
    world.stella(5, &replay).complains(&["damaged: `scanner.closure_digest`", "data/rules"]);
    fs::write(&blob, packed).unwrap();
    assert_eq!(outcome(&world, 0, &[])["outcome"], "match");
    // What was unpacked and is edited is not what runs.
    let unpacked = world.store().root().join("closures");
    let file = crate::harness::files(&unpacked).into_iter().find(|file| file.ends_with("data/rules")).unwrap();
    fs::write(file, "other rules\n").unwrap();
    assert_eq!(outcome(&world, 0, &[])["outcome"], "match");
    // Another file in the place of the listing, and a listing in the place of nothing.
    let original = world.json("MANIFEST.json");
    world.rewrite("MANIFEST.json", |manifest| {
        manifest["scanner"]["closure_digest"] = manifest["artifacts"][0]["raw_sha256"].clone()
    });
    world.stella(5, &replay).complains(&["edited: `scanner.closure_digest`", "not the listing of a closure"]);
    world.write("MANIFEST.json", original.to_string());
    world.rewrite("MANIFEST.json", |manifest| manifest["scanner"]["kind"] = "binary".into());
    world.stella(5, &replay).complains(&["edited: `scanner.kind`"]);
}

#[test]
fn nothing_that_every_run_has_for_itself_is_in_a_closure() {
    let world = World::new();
    world.write("in/a.txt", "alpha\n");
    world.program("scan.sh", "#!/bin/sh\ncat /etc/passwd /proc/self/status /dev/null /sys/devices/system/cpu/online a.txt; touch /tmp/x; cat /tmp/x\nls /etc /tmp >/dev/null; echo done\n");
    if !record(&world, &["--expect-exit", "0"], &["./scan.sh"]) {
        return;
    }
    let paths: Vec<String> =
        listing(&world).iter().filter_map(|line| line["path"].as_str().map(str::to_owned)).collect();
    for own in ["/proc", "/sys", "/dev", "/etc/passwd", "/tmp/x", "/tmp/stella/input", "/tmp/stella/out"] {
        assert!(!paths.iter().any(|path| Path::new(path).starts_with(own)), "{own}: {paths:?}");
    }
    assert!(
        paths.contains(&"/tmp/stella/scanner/scan.sh".to_owned()) && paths.contains(&"/etc/ld.so.cache".to_owned()),
        "{paths:?}"
    );
}

#[test]
fn a_closure_has_a_limit_and_a_machine_that_can_run_it() {
    let world = World::new();
    world.write("in/a.txt", "alpha\n");
    world.script("scan.sh", "cat a.txt");
    let scan = ["scan", "--closure", "--input", "in", "--artifact", "findings=-:bytes"];
    if !record(&world, &[], &["./scan.sh"]) {
        return;
    }
    fs::remove_file(world.work("scan.sh")).unwrap();
    if let Some(command) = world.without_namespaces(&["replay", "--from", "MANIFEST.json"]) {
        world.run(3, command).says(&["unreplayable here", "isolation `full`"]);
    }
    world.script("scan.sh", "cat a.txt");
    let limited = [&scan[..], &["--closure-limit", "1", "--", "./scan.sh"]].concat();
    world.stella(2, &limited).complains(&["its closure may hold 1048576", "the largest: `", "--closure-limit"]);
    if let Some(command) = world.without_namespaces(&[&scan[..], &["--", "./scan.sh"]].concat()) {
        world.run(0, command).complains(&["the recording is not self-contained"]);
        assert_eq!(world.json("MANIFEST.json")["scanner"]["kind"], "binary");
    }
}

#[test]
fn what_is_somebodys_own_is_kept_only_where_it_is_admitted() {
    let world = World::new();
    world.write("in/a.txt", "alpha\n");
    fs::write(world.path("home/.npmrc"), "token\n").unwrap();
    fs::write(world.path("home/notes"), "mine\n").unwrap();
    fs::create_dir(world.path("home/tool")).unwrap();
    fs::write(world.path("home/tool/rules"), "rules\n").unwrap();
    world.script("scan.sh", "cat \"$1\"/notes \"$1\"/tool/rules; test ! -e secret || cat \"$1\"/.npmrc");
    world.write("with/secret", "");
    let home = world.path("home").display().to_string();
    let scan = |input, more: &[&str]| {
        let start = ["scan", "--closure", "--input", input, "--artifact", "findings=-:bytes", "--ro", &home];
        [&start[..], more, &["--", "./scan.sh", &home]]
            .concat()
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let run =
        |expected, words: Vec<String>| world.stella(expected, &words.iter().map(String::as_str).collect::<Vec<_>>());
    if !record(&world, &["--ro", &home, "--capture", &home], &["./scan.sh", &home]) {
        return;
    }
    run(2, scan("in", &[])).complains(&["files of a home: `[WORLD]/home/notes`", "--capture"]);
    // What is shown by itself is meant for the scanner.
    let (tool, notes) = (world.path("home/tool").display().to_string(), world.path("home/notes").display().to_string());
    run(2, scan("in", &["--ro", &tool])).complains(&["files of a home: `[WORLD]/home/notes`\n"]);
    run(0, scan("in", &["--ro", &tool, "--capture", &notes]));
    run(2, scan("with", &["--capture", &home]))
        .complains(&["looks like credentials: `[WORLD]/home/.npmrc`", "--capture-secrets"]);
    let npmrc = format!("{home}/.npmrc");
    run(0, scan("with", &["--capture", &home, "--capture-secrets", &npmrc]));
    assert_eq!(outcome(&world, 0, &[])["outcome"], "match");
}

/// A folder in which the recorded run looked for nothing is not an empty one.
#[test]
fn a_folder_of_which_nothing_is_known_ends_a_run_that_looks_into_it() {
    let world = World::new();
    world.write("in/a.txt", "alpha\n");
    world.write("data/rules", "rules\n");
    world.write("data/deep/more", "more\n");
    let body = "cat \"${0%/*}/rules\"; test ! -e how || sh how \"${0%/*}\"; test -e \"${0%/*}/gone\" || echo none";
    world.script("data/scan", body);
    if !record(&world, &["--ro", "data"], &["data/scan"]) {
        return;
    }
    for (number, (how, outcome_is, named)) in [
        ("test -e $1/gone || true", "match", ""),
        ("test -e $1/never || true", "match", ""),
        ("ls $1 >/dev/null", "unreplayable", "/bin/ls"),
        ("test -e $1/deep || true", "match", ""),
        ("test -e $1/deep/more || true", "unreplayable", "data/deep"),
        ("cd $1/deep && test -e nothing || true", "unreplayable", "data/deep"),
        ("for i in $1/deep/*; do :; done", "unreplayable", "data/deep"),
        ("for i in $1/*; do :; done", "match", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let input = format!("other{number}");
        world.write(&format!("{input}/a.txt"), "alpha\n");
        world.write(&format!("{input}/how"), format!("{how}\n"));
        let replayed =
            outcome(&world, if outcome_is == "match" { 0 } else { 3 }, &["--with", &format!("input={input}")]);
        assert!(replayed["outcome"] == outcome_is && replayed.to_string().contains(named), "{how}: {replayed}");
    }
}

#[test]
fn a_closure_is_shown_held_against_another_and_written_out() {
    let world = World::new();
    world.write("in/a.txt", "alpha\n");
    world.write("data/rules", "rules\n");
    world.write("data/site-packages/stevedore/named.py", "one\n");
    world.write("data/site-packages/stevedore-5.1.0.dist-info/RECORD", "");
    let body = "cd \"${0%/*}\"; cat rules site-packages/stevedore/named.py; test -e more || echo none";
    world.script("data/scan", body);
    world.stella(2, &["closure", "show", "none.json"]).complains(&["none.json"]);
    if !record(&world, &["--ro", "data"], &["data/scan"]) {
        return;
    }
    fs::rename(world.work("MANIFEST.json"), world.work("ONE.json")).unwrap();
    world.write("data/rules", "other rules\n");
    world.write("data/site-packages/stevedore/named.py", "two\n");
    let site = |name: &str| world.work("data/site-packages").join(name);
    fs::rename(site("stevedore-5.1.0.dist-info"), site("stevedore-5.2.0.dist-info")).unwrap();
    world.write("data/more", "");
    assert!(record(&world, &["--ro", "data"], &["data/scan"]));
    world.stella(0, &["closure", "show", "ONE.json"]).says(&[
        "closure sha256:",
        "data/scan",
        "scanner 3 files",
        "runtime ",
    ]);
    let shown = world.stella(0, &["closure", "show", "ONE.json", "--format", "json"]).stdout_json();
    valid(&shown, "closure-info-v1.json");
    assert!(shown["runtime"]["bytes"].as_u64().unwrap() > 100_000 && shown["scanner"]["files"] == 3, "{shown}");
    world.stella(0, &["closure", "diff", "ONE.json", "ONE.json"]).says(&["the same: 0 differences"]);
    let diff = world.stella(1, &["closure", "diff", "ONE.json", "MANIFEST.json", "--format", "json"]).stdout_json();
    valid(&diff, "closure-diff-v1.json");
    let changes: Vec<_> = diff["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            let path = change["path"].as_str().unwrap();
            (path.rsplit('/').next().unwrap().to_owned(), change["part"].clone(), change["change"].clone())
        })
        .collect();
    let of = |name: &str, change: &str| (name.to_owned(), "scanner".into(), change.into());
    let expected = [
        of("data", "attributes"),
        of("more", "added"),
        of("rules", "content"),
        of("site-packages", "attributes"),
        of("stevedore-5.1.0.dist-info", "removed"),
        of("stevedore-5.2.0.dist-info", "added"),
        of("named.py", "content"),
    ];
    assert_eq!(changes, expected);
    world.stella(1, &["closure", "diff", "ONE.json", "MANIFEST.json"]).says(&[
        "scanner content [WORLD]/work/data/rules",
        "package stevedore 5.1.0: 2 files",
        "package stevedore 5.2.0: 1 file",
        "not the same: 7 differences",
    ]);
    world.stella(0, &["closure", "export", "ONE.json", "out/closure"]);
    let rules = world.work("data/rules").canonicalize().unwrap();
    assert_eq!(
        fs::read_to_string(world.work("out/closure").join(rules.strip_prefix("/").unwrap())).unwrap(),
        "rules\n"
    );
    world.stella(4, &["closure", "export", "ONE.json", "out/closure"]).complains(&["out/closure"]);
    // A recording that has none.
    world.rewrite("ONE.json", |manifest| {
        manifest["scanner"].as_object_mut().unwrap().remove("closure_digest");
    });
    world.stella(2, &["closure", "show", "ONE.json"]).complains(&["has no closure", "--closure"]);
}
