//! Nothing that was given is passed over in silence: names that nothing has, and files that are something else.
//!
//! What the words of a command line alone tell is tried beside the code, over every option that there is.

use serde_json::json;

use crate::cli::scene::{advisory, recorded};
use crate::harness::World;

/// A world in which every command has something to do.
fn world() -> World {
    let world = recorded();
    world.write("project/app/package-lock.json", world.read("app/package-lock.json"));
    world.write("file", "x");
    world.script("tool", "echo '{}'");
    world.write("plain", "#!/bin/sh\necho '{}'\n");
    world.stella(0, &["init"]);
    world.stella(0, &["replay", "--from", "MANIFEST.json", "--history", "h.jsonl"]);
    world.stella(0, &["feed", "build", "feed", "--out-dir", "bundles"]);
    world
}

const SCAN: &str = "scan --input project --feed feed --emit-manifest m/M.json";
const REPLAY: &str = "replay --from MANIFEST.json";

#[test]
fn a_name_that_nothing_has_is_an_error_that_says_so() {
    let world = world();
    let rows: &[(u8, &str, &[&str])] = &[
        (2, "SCAN --exclude nosuch", &["`nosuch`", "is not there"]),
        (2, "SCAN --exclude app", &["does not lie in `project`"]),
        (2, "SCAN --exclude ap", &["is not there"]),
        (2, "scan --input project --exclude package-lock.json --feed feed", &["is not there"]),
        (2, "scan --input app/package-lock.json --exclude app --feed feed", &["which is not a directory"]),
        (2, "profile learn --exclude nosuch -- ./tool", &["`nosuch`", "is not there"]),
        (2, "SCAN --call-graph app/package-lock.json", &["`app/package-lock.json` is not a call graph"]),
        (2, "SCAN --call-graph nosuch.json", &["nosuch.json"]),
        (2, "SCAN --platform linux/arm64", &["is not an image"]),
        (2, "SCAN --flag=--nosuch", &["unknown flag `--nosuch`", "--distro"]),
        (2, "SCAN --flag=--distro=debian-12 --flag=--distro=debian-11", &["`--distro=debian-11` is the second"]),
        (2, "scan --input project --feed osv=feed --feed nvd=feed", &["reads one feed"]),
        (2, "scan --as-is --artifact findings=- --policy nosuch -- ./tool", &["cannot read the policy"]),
        (2, "REPLAY --with flags=--nosuch", &["unknown flag `--nosuch`"]),
        (2, "REPLAY --with clock=foo", &["`foo` is not a value of `clock`", "2026-01-31T12:00:00Z"]),
        (2, "REPLAY --with colour=red", &["names nothing to swap"]),
        (2, "REPLAY --env HOME", &["the recording passed no variable `HOME`"]),
        (2, "REPLAY --commit c0ffee", &["no replay is noted", "--history"]),
        (2, "explain --from MANIFEST.json --with tz=Nowhere/X", &["`Nowhere/X` is not a value of `tz`"]),
        (2, "explain --from MANIFEST.json --with locale=xx_YY", &["`xx_YY` is not a value of `locale`"]),
        (2, "sandbox --tz Nowhere/X -- true", &["`Nowhere/X` is not a time zone"]),
        (2, "sandbox --locale xx_YY -- true", &["`xx_YY` is not a locale"]),
        (4, "sandbox -- ./plain", &["`./plain` is not executable", "chmod +x"]),
        (4, "sandbox -- ./project", &["`./project` is a folder"]),
        (2, "sandbox --ro nosuch -- true", &["nosuch"]),
        (2, "score --history h.jsonl --by nosuch", &["no replay of this history has the label `nosuch`", "scanner"]),
        (2, "score --history file", &["file:1", "not a record of a replay"]),
        (2, "feed bisect --from MANIFEST.json --finding CVE-1999-1 feed later", &["`CVE-1999-1`", "CVE-2020-0001"]),
        (2, "accept nosuch", &["is called `nosuch`"]),
        (2, "ci --only nosuch", &["nothing is called `nosuch`"]),
        (2, "chaos --from MANIFEST.json --only nosuch", &["there is no perturbation `nosuch`"]),
        (2, "diff --a nosuch --b feed", &["there is no `nosuch`"]),
        (2, "diff --a feed --b nosuch", &["there is no `nosuch`"]),
        (2, "adapter show nosuch", &["no adapter is called `nosuch`"]),
        (2, "profile show nosuch", &["`nosuch` is neither a profile nor a file"]),
        (2, "canonicalize --profile nosuch feed/GHSA-old.json", &["`nosuch` is neither"]),
        (2, "ci --config nosuch.yaml", &["nosuch.yaml"]),
        (2, "ci --commit c0ffee", &["no replay is noted"]),
    ];
    for (exit, line, words) in rows {
        let line = line.replace("SCAN", SCAN).replace("REPLAY", REPLAY);
        let mut command = world.command(&line.split(' ').collect::<Vec<_>>());
        command.env("USER", "somebody");
        let run = world.run(*exit, command);
        run.complains(words).complains(&["error: "]);
        assert!(!world.exists("m"), "{line}");
    }
}

#[test]
fn a_scan_without_a_feed_says_which_option_gives_one() {
    let world = world();
    let run = world.stella(3, &["scan", "--input", "project", "--emit-manifest", "m/M.json"]);
    run.complains(&["no feed of advisories was given", "`--feed"]);
}

/// A wrong name must not make a lockfile grow.
#[test]
fn nothing_is_noted_in_a_file_that_is_no_history() {
    let world = world();
    for file in ["file", "app/package-lock.json", ".stella.yaml", "feed/GHSA-old.json"] {
        let before = world.read(file);
        world.stella(2, &["ci", "--history", file]).complains(&[file, "not a record of a replay"]);
        world.stella(2, &["replay", "--from", "MANIFEST.json", "--history", file]).complains(&[file]);
        assert_eq!(world.read(file), before, "{file}");
    }
    world.stella(0, &["ci", "--history", "new/h.jsonl"]);
    world.stella(0, &["ci", "--history", "new/h.jsonl"]);
    assert_eq!(world.read("new/h.jsonl").lines().count(), 2);
}

#[test]
fn a_configuration_under_another_name_is_not_passed_over() {
    let world = World::new();
    for name in [".stella.yml", ".stella.json", ".stella.toml", "stella.yaml", "stella.yml"] {
        world.write(name, "version: 1\n");
        world.stella(2, &["ci"]).complains(&[&format!("`./{name}` is not read"), "`.stella.yaml`"]);
        // Whoever names it means it.
        world.stella(3, &["ci", "--config", name]);
        std::fs::remove_file(world.work(name)).unwrap();
    }
    world.write(".stella.yaml", "version: 1\n");
    world.write("stella.yml", "of another program");
    world.stella(3, &["ci"]);
    world.write(".stella.yml", "version: 1\n");
    world.stella(2, &["ci"]).complains(&["`./.stella.yml` is not read"]);
    world.write(".stella.yaml", "version: 1\ncannaries: []\n");
    std::fs::remove_file(world.work(".stella.yml")).unwrap();
    world.stella(2, &["ci"]).complains(&["cannaries"]);
}

#[test]
fn a_bundle_is_the_one_that_its_name_says() {
    let world = world();
    let bundles: Vec<_> = crate::harness::files(&world.work("bundles"));
    let name = bundles[0].file_name().unwrap().to_str().unwrap().to_owned();
    let at = |name: &str| format!("bundles/{name}");
    world.stella(0, &["feed", "verify", &at(&name)]);
    let other = format!("{}{}", if name.starts_with('0') { "1" } else { "0" }, &name[1..]);
    std::fs::copy(world.work(&at(&name)), world.work(&at(&other))).unwrap();
    let run = world.stella(5, &["feed", "verify", &at(&other)]);
    run.complains(&["is not the one that its name says", &name[..12]]);
    // A name of one's own says nothing.
    std::fs::copy(world.work(&at(&name)), world.work("osv.tar.zst")).unwrap();
    world.stella(0, &["feed", "verify", "osv.tar.zst"]);
}

#[test]
fn a_case_that_is_broken_is_an_error_and_nothing_is_judged() {
    let case = "regressions/EXAMPLE-0001-first-case";
    type Break = fn(&World, &str);
    let rows: &[(&str, Break, &[&str])] = &[
        ("no input", |world, input| std::fs::remove_dir_all(world.work(input)).unwrap(), &["cannot read the input"]),
        (
            "a flag",
            |world, input| drop(world.write(&format!("{input}/config.json"), r#"{"flags": ["--nosuch"]}"#)),
            &["config.json", "unknown flag `--nosuch`"],
        ),
        (
            "a key",
            |world, input| drop(world.write(&format!("{input}/config.json"), r#"{"flag": []}"#)),
            &["config.json", "unknown field `flag`"],
        ),
        (
            "a policy",
            |world, input| drop(world.write(&format!("{input}/policy/a.rego"), "nonsense")),
            &["input/policy", "a.rego"],
        ),
        (
            "an expected artifact",
            |world, input| drop(world.write(&format!("{input}/../expected/findings.json"), "{")),
            &["expected/findings.json"],
        ),
    ];
    for (what, break_it, words) in rows {
        let world = World::new();
        world.write("package-lock.json", world_lock());
        world.stella(0, &["init"]);
        world.stella(0, &["ci"]);
        break_it(&world, &format!("{case}/input"));
        let run = world.stella(2, &["ci", "--result", "r.json", "--junit", "j.xml"]);
        run.complains(&["error: "]).complains(words);
        assert!(!world.exists("r.json") && !world.exists("j.xml"), "{what}");
    }
}

fn world_lock() -> String {
    crate::cli::scene::npm_lock(&[("minimist", "0.0.8")]).to_string()
}

#[test]
fn init_names_the_lockfiles_that_are_broken() {
    let world = World::new();
    world.write("a/package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {");
    world.write("b/Cargo.lock", "[[package]]\nname = \n");
    world.write("c/data.bin", b"\xff\xfe\x00");
    let run = world.stella(0, &["init"]);
    run.complains(&["note: a/package-lock.json is not read: ", "note: b/Cargo.lock is not read: "]);
    run.complains(&["the first case uses a sample"]);
    assert!(!run.stderr.contains("data.bin"));
}

#[test]
fn profiles_and_adapters_are_listed_and_shown_alike() {
    let world = World::new();
    for (kind, list, name) in [("adapter", "bandit", "bandit"), ("profile", "sarif", "sarif")] {
        world.stella(0, &[kind, "list"]).says(&[list]);
        let shown = world.stella(0, &[kind, "show", name]);
        shown.says(&[&format!("{kind}: {name}")]);
        world.stella(2, &[kind, "show", "nosuch"]).complains(&["`nosuch`", &format!("`stella {kind} list`")]);
        world.stella(2, &[kind, "show", name, "--format", "json"]).complains(&["`--format` does not apply"]);
    }
    // What is shown is a profile again.
    world.write("mine.yaml", world.stella(0, &["profile", "show", "sarif"]).stdout);
    assert_eq!(
        world.stella(0, &["profile", "show", "mine.yaml"]).stdout,
        world.stella(0, &["profile", "show", "sarif"]).stdout
    );
}

/// What may not be looked at is there.
#[test]
fn a_folder_that_is_forbidden_is_not_called_missing() {
    let world = recorded();
    world.write("shut/inside/file.json", json!({}).to_string());
    world.write("feed2/GHSA-x.json", advisory("GHSA-x", "CVE-1-1", "a", "1.0.0", "LOW").to_string());
    let shut = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    let inside = world.work("shut/inside");
    let inside = inside.to_str().unwrap();
    for arguments in [
        &["replay", "--from", "MANIFEST.json", "--ro", inside][..],
        &["diff", "--a", "shut/inside/file.json", "--b", "shut/inside/file.json"],
        &["canonicalize", "--profile", "shut/inside/file.json", "MANIFEST.json"],
        &["scan", "--input", "shut/inside", "--exclude", "shut/inside/file.json", "--feed", "feed2"],
    ] {
        std::fs::set_permissions(world.work("shut"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let Some(command) = world.as_nobody(arguments) else { return };
        std::fs::set_permissions(world.work("shut"), Clone::clone(&shut)).unwrap();
        let run = world.run(2, command);
        run.complains(&["ermission denied"]);
        assert!(!run.stderr.contains("there is no") && !run.stderr.contains("is neither"), "{}", run.stderr);
    }
    std::fs::set_permissions(world.work("shut"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_folder_that_nobody_is_shown_is_a_note() {
    let world = world();
    let said = "note: `--ro` says nothing here: the built-in scanner";
    let chain = crate::harness::files(&world.work("bundles"))[0].to_str().unwrap().to_owned();
    for line in ["replay --from MANIFEST.json", "explain --from MANIFEST.json", "chaos --from MANIFEST.json", "ci"] {
        let words: Vec<&str> = line.split(' ').collect();
        for (more, is_said) in [(&["--ro", "/usr"][..], true), (&[], false)] {
            let output = world.command(&[&words[..], more].concat()).output().unwrap();
            assert!(matches!(output.status.code(), Some(0 | 1)), "{line}: {output:?}");
            let talk = String::from_utf8(output.stderr).unwrap();
            assert_eq!(talk.contains(said), is_said, "{line} {more:?}: {talk}");
        }
    }
    let bisect = ["feed", "bisect", "--from", "MANIFEST.json", "--ro", "/usr", &chain, &chain];
    let output = world.command(&bisect).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains(said), "{output:?}");
    // A command is shown it.
    world.stella(
        0,
        &["scan", "--input", "app", "--artifact", "findings=-:json", "--emit-manifest", "c.json", "--", "./tool"],
    );
    let run = world.stella(0, &["replay", "--from", "c.json", "--ro", "/usr"]);
    assert!(!run.stderr.contains(said), "{}", run.stderr);
}
