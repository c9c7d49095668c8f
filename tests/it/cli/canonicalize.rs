//! `stella canonicalize`: the one form of a document, or its digest.

use std::io::Write;
use std::process::Stdio;

use stella::model::digest::Digest;

use crate::harness::World;

const ONE: &str = r#"{"specVersion": "1.6", "bomFormat": "CycloneDX", "serialNumber": "urn:uuid:1",
    "components": [{"purl": "pkg:npm/b@1", "version": "1"}, {"version": "1", "purl": "pkg:npm/a@1"}]}"#;
const CANONICAL: &str = concat!(
    r#"{"bomFormat":"CycloneDX","components":[{"purl":"pkg:npm/a@1","version":"1"},"#,
    r#"{"purl":"pkg:npm/b@1","version":"1"}],"specVersion":"1.6"}"#
);

#[test]
fn the_profile_is_chosen_by_content_and_named() {
    let world = World::new();
    world.write("one.json", ONE);
    let run = world.stella(0, &["canonicalize", "one.json"]);
    assert_eq!(run.stdout, CANONICAL);
    run.complains(&["one.json: profile `cyclonedx`"]);

    world.write("other.json", "{\"b\": 1.0,\n \"a\": \"\\u00e9\"}");
    let run = world.stella(0, &["canonicalize", "other.json"]);
    assert_eq!(run.stdout, r#"{"a":"é","b":1}"#);
    run.complains(&["profile `json`"]);
}

#[test]
fn digests_are_lines_of_the_bytes() {
    let world = World::new();
    world.write("one.json", ONE);
    world.write("two.json", CANONICAL.replace("CycloneDX\"", "CycloneDX\",\"serialNumber\":\"another\""));
    let run = world.stella(0, &["canonicalize", "--hash", "one.json", "two.json"]);
    let digest = Digest::of(CANONICAL.as_bytes());
    assert_eq!(run.stdout, format!("{digest}  one.json\n{digest}  two.json\n"));
    world.stella(2, &["canonicalize", "one.json", "two.json"]).complains(&["several files", "--hash"]);
}

#[test]
fn a_profile_is_named_or_is_a_file_or_none() {
    let world = World::new();
    world.write("one.json", r#"{"b": [2, 1], "a": 0}"#);
    world.write("mine.yaml", "profile: mine\nform: json\nrules:\n- {path: /b, action: set, reason: no order}\n");
    let run = |profile: &str| world.stella(0, &["canonicalize", "--profile", profile, "one.json"]);
    for (profile, expected) in [
        ("none", r#"{"a":0,"b":[2,1]}"#),
        ("cyclonedx", r#"{"a":0,"b":[2,1]}"#),
        ("mine.yaml", r#"{"a":0,"b":[1,2]}"#),
        ("bytes", r#"{"b": [2, 1], "a": 0}"#),
    ] {
        let run = run(profile);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (expected, ""));
    }
    world.write("bad.yaml", "profile: bad\nform: jason\n");
    world.stella(2, &["canonicalize", "--profile", "bad.yaml", "one.json"]).complains(&["`bad.yaml`", "`form`"]);
    world.stella(2, &["canonicalize", "--profile", "nonesuch", "one.json"]).complains(&["`nonesuch`", "hint:"]);
}

#[test]
fn standard_input_is_read() {
    let world = World::new();
    let mut command = world.command(&["canonicalize", "--profile", "none", "--hash", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b" {} ").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{}  -\n", Digest::of(b"{}")));
}

#[test]
fn what_is_refused_is_named_with_its_place() {
    let world = World::new();
    let nested = "[".repeat(600);
    let rows: [(&str, &[u8], &[&str]); 6] = [
        ("cut.json", br#"{"bomFormat":"CycloneDX","a":[1"#, &["unexpected end", "byte 31", "in `/a`"]),
        ("twice.json", br#"{"x":{"b":1,"a":2,"b":3}}"#, &["duplicate key `b`", "byte 18", "in `/x`"]),
        ("utf8.json", b"{\"a\":\"\xFF\"}", &["invalid UTF-8", "byte 6"]),
        ("lone.json", br#"["\ud800"]"#, &["lone surrogate", "in `/0`"]),
        ("large.json", br#"{"n":1e999}"#, &["beyond the range", "byte 5"]),
        ("deep.json", nested.as_bytes(), &["limit of 512 levels", "byte 512"]),
    ];
    for (name, bytes, words) in rows {
        world.write(name, bytes);
        for arguments in [&["canonicalize", name][..], &["canonicalize", "--hash", name]] {
            let run = world.stella(2, arguments);
            assert_eq!(run.stdout, "");
            run.complains(&[&format!("`{name}`")]).complains(words);
        }
    }
    world.stella(2, &["canonicalize", "absent.json"]).complains(&["absent.json"]);
}

/// A file of more than one window.
fn large() -> String {
    let component = |i: usize| {
        format!(
            r#"{{"type":"library", "version":"{i}", "purl":"pkg:npm/a{}@{i}", "x":"{}"}}"#,
            i * 7919 % 9_000,
            "y".repeat(80)
        )
    };
    let components: Vec<String> = (0..9_000).map(component).collect();
    format!(r#"{{"bomFormat":"CycloneDX","serialNumber":"x","components":[{}],"version":1}}"#, components.join(", "))
}

#[test]
fn the_digest_of_a_large_file_is_that_of_its_bytes() {
    let world = World::new();
    world.write("large.json", large());
    for profile in [&[][..], &["--profile", "none"], &["--profile", "cyclonedx"], &["--profile", "bytes"]] {
        let bytes = world.stella(0, &[&["canonicalize"], profile, &["large.json"]].concat());
        assert!(bytes.stdout.len() > 1 << 20);
        let digest = world.stella(0, &[&["canonicalize", "--hash"], profile, &["large.json"]].concat());
        assert_eq!(digest.stdout, format!("{}  large.json\n", Digest::of(bytes.stdout.as_bytes())));
        assert_eq!(digest.stderr, bytes.stderr);
    }
}

/// An error and its place do not depend on how a file is read.
#[test]
fn what_is_refused_in_a_large_file_is_named_with_its_place() {
    let world = World::new();
    let good = large();
    let middle = good.len() / 2;
    let at = middle + good[middle..].find("\"version\"").unwrap();
    let rows = [
        ("twice.json", format!("{}\"type\":1,{}", &good[..at], &good[at..]), "duplicate key `type`"),
        ("odd.json", format!("{}!{}", &good[..at], &good[at..]), "unexpected `!`"),
        ("cut.json", good[..at].to_owned(), "unexpected end"),
        ("more.json", format!("{good} {good}"), "after the document"),
    ];
    for (name, text, words) in rows {
        world.write(name, &text);
        for profile in [&[][..], &["--profile", "none"], &["--profile", "cyclonedx"]] {
            let bytes = world.stella(2, &[&["canonicalize"], profile, &[name]].concat());
            let digest = world.stella(2, &[&["canonicalize", "--hash"], profile, &[name]].concat());
            digest.complains(&[words, &format!("`{name}`"), "byte "]);
            assert_eq!((digest.stdout, digest.stderr), (bytes.stdout, bytes.stderr));
        }
    }
}
