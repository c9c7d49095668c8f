//! What nobody should be able to break stella with: hostile, malformed and misplaced files.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use serde_json::json;

use crate::cli::scene::recorded;
use crate::harness::{World, files};

/// Files that are never right, by name.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let bomb = |open: &str| open.repeat(100_000).into_bytes();
    vec![
        ("empty", Vec::new()),
        ("not-utf8.json", b"{\"a\": \"\xff\xfe\"}".to_vec()),
        ("utf16.json", "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("arrays.json", bomb("[")),
        ("objects.json", bomb("{\"a\":")),
        ("number.json", b"{\"a\": 1e999999999}".to_vec()),
        ("integer.json", b"{\"bomFormat\": \"CycloneDX\", \"version\": 123456789012345678901234567890}".to_vec()),
        ("twice.json", b"{\"a\": 1, \"a\": 2}".to_vec()),
        ("truncated.json", b"{\"lockfileVersion\": 3, \"packages\": {\"node_modules/a\": {\"ver".to_vec()),
        ("null.json", b"null".to_vec()),
        ("nul-byte.json", b"{\"a\": \"\0\"}".to_vec()),
        ("noise.bin", (0..4096_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()),
    ]
}

/// Runs and expects one of these exit codes, these words, and no panic.
fn refused(world: &World, exits: &[i32], arguments: &[&str], words: &[&str]) {
    let output = world.command(arguments).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let all = format!("{}{stderr}", String::from_utf8(output.stdout).unwrap());
    let code = output.status.code();
    assert!(code.is_some_and(|code| exits.contains(&code)), "{arguments:?} ended with {code:?}, not {exits:?}\n{all}");
    assert!(!all.contains("panicked"), "{arguments:?}\n{all}");
    for word in words {
        assert!(all.contains(word), "{arguments:?}: `{word}` is not in:\n{all}");
    }
    // An error is a few lines, not a dump of the file.
    assert!(all.len() < 4000, "{arguments:?}: {} bytes", all.len());
}

#[test]
fn no_file_breaks_a_command_that_reads_it() {
    let world = recorded();
    for (name, bytes) in hostile() {
        let path = format!("bad/{name}");
        world.write(&path, bytes);
        let scan = ["scan", "--emit-manifest", "m/M.json", "--emit-artifacts-dir", "m", "--input"];
        refused(&world, &[3], &[&scan[..], &[&path]].concat(), &["error: ", name, "hint: "]);
        let with = [&scan[..], &["app/package-lock.json"]].concat();
        refused(&world, &[2], &[&with[..], &["--feed", &path]].concat(), &["error: ", name, "hint: "]);
        refused(&world, &[2], &[&with[..], &["--policy", &path]].concat(), &["error: ", name, "hint: "]);
        refused(&world, &[2], &["replay", "--from", &path], &["error: ", name, "hint: "]);
        refused(&world, &[2], &["manifest", "show", &path], &["error: ", name, "hint: "]);
        refused(&world, &[2], &["manifest", "migrate", &path, "--out", "m/M.json"], &["error: ", name]);
        refused(&world, &[2], &["manifest", "validate", &path], &[name, "unreadable"]);
        refused(&world, &[5], &["feed", "verify", &path], &["error: ", name]);
        // Nothing written means the defaults.
        if !["empty", "null.json"].contains(&name) {
            refused(&world, &[2], &["ci", "--config", &path], &["error: ", name, "hint: "]);
        }
        refused(&world, &[0, 1, 2], &["diff", "--a", &path, "--b", "out/findings.json"], &[]);
    }
    assert!(files(&world.work("m")).is_empty(), "{:?}", files(&world.work("m")));
}

#[test]
fn a_record_that_is_not_one_stops_the_scan_and_is_named() {
    let world = recorded();
    for (name, bytes) in hostile().into_iter().filter(|(name, _)| name.ends_with(".json")) {
        world.write(&format!("{name}-feed/good.json"), world.read("feed/GHSA-old.json"));
        world.write(&format!("{name}-feed/{name}"), bytes);
        let scan = ["scan", "--input", "app/package-lock.json", "--emit-manifest", "m/M.json", "--feed"];
        refused(
            &world,
            &[3],
            &[&scan[..], &[&format!("{name}-feed")]].concat(),
            &["error: ", "not a feed of OSV records", name],
        );
        refused(
            &world,
            &[2],
            &["feed", "build", &format!("{name}-feed"), "--out-dir", "m"],
            &["error: ", name, "hint: "],
        );
    }
    assert!(!world.exists("m"));
}

#[test]
fn a_directory_is_no_file_and_a_file_no_directory() {
    let world = recorded();
    world.write("file", "x");
    let misplaced: [(&[&str], &[i32]); 8] = [
        (&["replay", "--from", "app"], &[2]),
        (&["manifest", "show", "app"], &[2]),
        (&["ci", "--config", "app"], &[2]),
        (&["feed", "build", "file"], &[2]),
        (&["scan", "--input", "app/package-lock.json", "--feed", "feed", "--emit-manifest", "app"], &[4]),
        (&["scan", "--input", "app/package-lock.json", "--feed", "feed", "--emit-artifacts-dir", "file"], &[4]),
        (&["scan", "--input", "app/package-lock.json", "--feed", "feed", "--store", "file"], &[4]),
        (&["scan", "--input", "app/package-lock.json", "--feed", "feed", "--emit-manifest", "file/M.json"], &[4]),
    ];
    for (arguments, exits) in misplaced {
        let name = if arguments.contains(&"file") || arguments.contains(&"file/M.json") { "file" } else { "app" };
        refused(&world, exits, arguments, &["error: ", name]);
    }
    assert_eq!(world.read("file"), "x");
    assert_eq!(files(&world.work("app")).len(), 1);
}

#[test]
fn a_pipe_or_a_device_is_not_waited_for() {
    let world = recorded();
    let status = std::process::Command::new("mkfifo").arg(world.work("pipe")).status();
    if !status.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no mkfifo");
        return;
    }
    for path in ["pipe", "/dev/zero"] {
        refused(&world, &[2], &["scan", "--input", path], &[path, "is not a regular file"]);
        refused(&world, &[2], &["replay", "--from", path], &[path, "is not a regular file"]);
    }
    fs::create_dir(world.work("holds")).unwrap();
    fs::rename(world.work("pipe"), world.work("holds/pipe")).unwrap();
    refused(&world, &[2], &["scan", "--input", "holds"], &["holds", "pipe", "hint: "]);
}

#[test]
fn a_link_or_a_pipe_is_written_to_and_never_replaced() {
    let world = recorded();
    symlink("real.json", world.work("link.json")).unwrap();
    let scan = ["scan", "--input", "app/package-lock.json", "--feed", "feed", "--emit-manifest"];
    world.stella(0, &[&scan[..], &["link.json"]].concat());
    assert!(world.work("link.json").is_symlink());
    world.stella(0, &["replay", "--from", "real.json"]).says(&["match"]);

    let line = "mkfifo pipe && { cat pipe > got.json & } && stella manifest migrate MANIFEST.json --out pipe && wait";
    world.run(0, world.pasted(line));
    assert_eq!(world.json("got.json"), world.json("MANIFEST.json"));
}

#[test]
fn links_in_the_input_are_kept_and_never_followed_outside() {
    let world = recorded();
    for (name, target) in [("loop/a", "b"), ("loop/b", "a"), ("self/here", "."), ("out-of/away", "../../../etc/passwd")]
    {
        world.write(
            &format!("{}/package-lock.json", name.split('/').next().unwrap()),
            world.read("app/package-lock.json"),
        );
        symlink(target, world.work(name)).unwrap();
    }
    for input in ["loop", "self", "out-of"] {
        let output = world
            .command(&["scan", "--input", input, "--feed", "feed", "--emit-manifest", &format!("{input}.json")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => drop(world.stella(0, &["replay", "--from", &format!("{input}.json")])),
            code => {
                assert_eq!(code, Some(2), "{said}");
                assert!(said.contains(input) && said.contains("hint: "), "{said}");
                assert!(!world.exists(&format!("{input}.json")));
            }
        }
        assert!(!said.contains("panicked"));
    }
    assert!(!world.blobs().into_values().any(|blob| String::from_utf8_lossy(&blob).contains("root:")));
}

#[test]
fn what_may_not_be_read_is_named() {
    let world = recorded();
    world.write("shut/package-lock.json", "{}");
    fs::set_permissions(world.work("shut/package-lock.json"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(world.work("shut/package-lock.json")).is_ok() {
        eprintln!("skipped what_may_not_be_read_is_named: the superuser reads everything");
        return;
    }
    for input in ["shut", "shut/package-lock.json"] {
        refused(&world, &[2], &["scan", "--input", input], &["error: ", "shut", "Permission denied"]);
    }
    refused(
        &world,
        &[2],
        &["replay", "--from", "shut/package-lock.json"],
        &["shut/package-lock.json", "Permission denied"],
    );
}

/// A tar.zst with one entry of this path.
fn archive(path: &str) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(2);
    header.set_mode(0o644);
    header.set_cksum();
    let mut builder = tar::Builder::new(Vec::new());
    builder.append(&header, &b"{}"[..]).unwrap();
    zstd::encode_all(&builder.into_inner().unwrap()[..], 1).unwrap()
}

#[test]
fn an_archive_never_writes_outside() {
    let world = recorded();
    for path in ["../evil.json", "feeds/../../evil.json", "/evil.json", "feeds/a\\..\\evil.json"] {
        world.write("evil.tar.zst", archive(path));
        let scan = ["scan", "--input", "app/package-lock.json", "--emit-manifest", "m.json", "--feed", "evil.tar.zst"];
        refused(&world, &[2], &scan, &["error: ", "evil.tar.zst", "hint: "]);
        refused(&world, &[5], &["feed", "verify", "evil.tar.zst"], &["error: ", "evil.tar.zst"]);
    }
    // A little that unpacks to very much.
    let bomb = zstd::encode_all(std::io::repeat(0).take(64 << 20), 3).unwrap();
    assert!(bomb.len() < 100_000);
    world.write("evil.tar.zst", bomb);
    refused(&world, &[5], &["feed", "verify", "evil.tar.zst"], &["evil.tar.zst"]);
    assert!(!world.exists("m.json") && !world.path("evil.json").exists());
}

#[test]
fn a_manifest_cannot_name_files_of_the_machine() {
    let world = recorded();
    let spoiled = [
        (5, "/artifacts/1/path", json!("../../evil"), "edited: `artifacts[1].path`: expected a plain name"),
        (5, "/artifacts/1/path", json!(world.path("evil")), "expected a plain name"),
        (5, "/artifacts/1/source", json!("../../../etc/passwd"), "leaves the scanner's working directory"),
        (5, "/feeds/bundles/0/name", json!("../evil"), "edited: `feeds.bundles[0].name`: expected a plain name"),
        (5, "/feeds/bundles/0/name", json!(world.path("evil")), "expected a plain name"),
        (5, "/input/path", json!("../../evil"), "edited: `seal`"),
        (5, "/environment/tz", json!("../../../etc/passwd"), "../../../etc/passwd"),
        (3, "/scanner/scanner_binary_digest", json!("sha256:zz"), "`sha256:zz` is a placeholder"),
        (2, "/environment/seed", json!(-1), "`environment.seed`"),
    ];
    let good = world.json("MANIFEST.json");
    for (exit, place, value, words) in spoiled {
        let mut manifest = good.clone();
        match manifest.pointer_mut(place) {
            Some(spot) => *spot = value,
            None => {
                let (parent, key) = place.rsplit_once('/').unwrap();
                manifest.pointer_mut(parent).unwrap()[key] = value;
            }
        }
        world.write("spoiled.json", manifest.to_string());
        let replay = ["replay", "--from", "spoiled.json", "--out-dir", "deep/er/replay", "--require-isolation", "none"];
        refused(&world, &[exit], &replay, &[words]);
        let named = |path: &PathBuf| path.file_name().is_some_and(|name| name == "evil");
        assert_eq!(files(&world.path("")).into_iter().find(named), None, "{place}");
    }
}

#[test]
fn foreign_text_does_not_steer_a_terminal() {
    let world = recorded();
    world.rewrite("MANIFEST.json", |manifest| {
        manifest["scan_id"] = json!("\u{1b}[2J\u{1b}]0;owned\u{7}");
        manifest["input"]["path"] = json!("a\n::error::b\r\u{202e}");
        manifest["labels"] = json!({ "\u{1b}[31m": "\u{1b}[0m" });
    });
    for arguments in [&["replay", "--from", "MANIFEST.json"][..], &["manifest", "show", "MANIFEST.json"]] {
        let run = world.stella(0, arguments);
        assert!(!run.stdout.contains(['\u{1b}', '\r', '\u{7}', '\u{202e}']), "{:?}", run.stdout);
        assert!(!run.stdout.lines().any(|line| line.starts_with("::")), "{:?}", run.stdout);
    }
    world.rewrite("MANIFEST.json", |manifest| manifest["scan_id"] = json!("\u{9b}2J\u{2028}\u{202e}\u{7f}##vso[task]"));
    for arguments in [&["replay", "--from", "MANIFEST.json"][..], &["manifest", "show", "MANIFEST.json"]] {
        for format in ["text", "json"] {
            let run = world.stella(0, &[&["--format", format], arguments].concat());
            assert!(!run.stdout.contains(['\u{9b}', '\u{2028}', '\u{202e}', '\u{7f}']), "{format}: {:?}", run.stdout);
            assert!(!run.stdout.contains("##vso"), "{format}: {:?}", run.stdout);
            if format == "json" {
                let shown = run.stdout.contains(r"\u009b2J\u2028\u202e\u007f#\u0023vso[task]");
                assert!(shown, "{:?}", run.stdout);
                serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap();
            }
        }
    }
    world.write("bad.json", json!({ "manifest_version": "\u{1b}[2J\u{202e}" }).to_string());
    let run = world.stella(2, &["replay", "--from", "bad.json"]);
    assert!(!run.stderr.contains(['\u{1b}', '\u{202e}']), "{:?}", run.stderr);
}

/// A text that would colour a terminal and be obeyed by GitHub at the start of a line.
const FOREIGN: &str = "a\u{1b}[31m\r\n::error::x";

#[test]
fn no_foreign_text_begins_a_line_or_reaches_the_terminal_raw() {
    let world = recorded();
    world.write("bad/M.json", world.read("MANIFEST.json"));
    world.edit("bad/M.json", |manifest| manifest["input"]["type"] = FOREIGN.into());
    world.write("long/M.json", world.read("MANIFEST.json"));
    world.edit("long/M.json", |manifest| manifest["environment"]["clock_mode"] = FOREIGN.repeat(10_000).into());
    world.write("canaries/one/manifest.json", world.read("bad/M.json"));
    world.write(".stella.yaml", "version: 1\ncanaries: [canaries]\n");
    let lock = json!({"name": "app", "version": "1.0.0", "lockfileVersion": 3,
        "packages": {"": {"name": "app"}, (format!("node_modules/{FOREIGN}")): {"version": FOREIGN}}});
    world.write("pull/package-lock.json", lock.to_string());
    world.write("pull/out.sarif", json!({"version": FOREIGN, "runs": []}).to_string());
    symlink("/nowhere", world.work(&format!("pull/{}", FOREIGN.replace('/', "")))).unwrap();
    world.write("key.yaml", format!("version: 1\n{}: 1\n", json!(FOREIGN)));
    let artifact = format!("findings={FOREIGN}:sarif");
    let rows: [&[&str]; 10] = [
        &["manifest", "validate", "bad/M.json", "long/M.json"],
        &["manifest", "show", "bad/M.json"],
        &["replay", "--from", "bad/M.json"],
        &["replay", "--from", "long/M.json"],
        &["ci", "--pinned"],
        &["ci", "--config", "key.yaml"],
        &["scan", "--input", "pull/package-lock.json", "--feed", "feed"],
        &["scan", "--input", "pull", "--artifact", "findings=-:sarif", "--", "/bin/cat", "out.sarif"],
        &["scan", "--input", "app", "--artifact", &artifact, "--", "/bin/true"],
        &["scan", FOREIGN],
    ];
    for arguments in rows {
        let output = world.command(arguments).output().unwrap();
        let all = [output.stdout, output.stderr].concat();
        let all = String::from_utf8(all).unwrap();
        assert!(all.contains(":error::x"), "{arguments:?} does not show it:\n{all}");
        assert!(!all.lines().any(|line| line.trim_start().starts_with("::")), "{arguments:?}\n{all}");
        assert!(!all.contains(['\u{1b}', '\r']), "{arguments:?}\n{all:?}");
        assert!(all.len() < 8000, "{arguments:?}: {} bytes", all.len());
    }
}
