//! What a tool was told is seen where it decides a scan, and is not where it is a path of the machine: pairs of documents.

use serde_json::{Value, json};

use crate::canonical::{Limits, Profile, Roots, canonicalize_rooted, canonicalize_with};
use crate::model::artifact::ArtifactFormat;

fn same(format: ArtifactFormat, first: &Value, second: &Value) -> bool {
    let bytes = |document: &Value| {
        canonicalize_with(Profile::builtin(format), document.to_string().as_bytes(), &Limits::default()).unwrap().bytes
    };
    bytes(first) == bytes(second)
}

fn with(invocation: &Value, run: &Value) -> Value {
    let mut all = json!({ "tool": { "driver": { "name": "t" } }, "results": [], "invocations": [invocation] });
    all.as_object_mut().unwrap().extend(run.as_object().unwrap().clone());
    json!({ "version": "2.1.0", "runs": [all] })
}

/// The same told in one line and word by word.
fn told(line: &str) -> [Value; 2] {
    let words = line.strip_prefix("t ").unwrap_or(line).split(' ').collect::<Vec<_>>();
    [json!({ "commandLine": line }), json!({ "arguments": words })].map(|invocation| with(&invocation, &json!({})))
}

/// Named regression: all that begins with `/` was taken for a path of the machine, then all that did not stand behind an option of a list.
#[test]
fn what_decides_is_seen_in_a_command_line() {
    for (first, second) in [
        ("t /analyze /W4 a.c", "t /analyze /wd6001 a.c"),
        ("t /p:RunAnalyzers=true", "t /p:RunAnalyzers=false"),
        ("t /out:/src/a/x", "t /out:/src/b/x"),
        ("t /x,R1,R2", "t /x,R1"),
        ("t /a:--disable=R1", "t /a:--disable=R2"),
        ("t\t/x;--off", "t\t/x"),
        ("t --exclude=/src/x", "t --exclude=/src/y"),
        ("t --exclude /src/x/z", "t --exclude /src/y/z"),
        ("t --exclude /src/a /src/x/z", "t --exclude /src/a /src/y/z"),
        ("t \"--exclude\" \"/src/x/z\"", "t \"--exclude\" \"/src/y/z\""),
        ("t --exclude_dir /a/b", "t --exclude_dir /a/c"),
        ("t --disable /a/b", "t --disable /a/c"),
        ("t -x/src/a/tests", "t -x/src/b/tests"),
        ("t -e /foo/x/ src", "t -e /bar/x/ src"),
        ("t --skip-dirs '/src/x y/z'", "t --skip-dirs '/src/x y/w'"),
        ("t --config /etc/t/strict.yml", "t --config /etc/t/lax.yml"),
        ("t /usr/share/doc", "t /opt/share/doc"),
        ("t /home/**", "t /home/x/**"),
        ("t /home/x/*.c", "t /home/x/*.h"),
        ("t --skip \"/tmp/a, B1\"", "t --skip \"/tmp/a, B2\""),
        ("t --rules=/tmp/r --disable=R1", "t --rules=/tmp/q --disable=R2"),
        ("t '/home/a b' --disable", "t '/home/a b'"),
        ("t \"/home/a/b --off\"", "t \"/home/a/b --on\""),
        ("t \"/home/a/b c d\"", "t \"/home/a/b c e\""),
        ("t /tmp/a&--off", "t /tmp/a&--on"),
        ("t /tmp/a/../../src/x", "t /tmp/a/../../src/y"),
        ("t /tmp", "t /opt"),
        ("t /homes/a", "t /homes/b"),
        ("t src/home/a", "t src/home/b"),
        ("t https://x.example/home/a", "t https://x.example/home/b"),
        ("t D:\\rules\\a", "t D:\\rules\\b"),
        ("/usr/bin/t -q", "/usr/bin/u -q"),
    ] {
        for (first, second) in told(first).iter().zip(&told(second)) {
            assert!(!same(ArtifactFormat::Sarif, first, second), "{first} | {second}");
        }
    }
}

#[test]
fn paths_of_the_machine_are_not_seen_in_a_command_line() {
    for (first, second) in [
        ("t /home/a/x", "t /home/b/x"),
        ("t /home/a/x /home/a/y -q", "t /tmp/1/x /tmp/1/y -q"),
        ("t --in=/home/a", "t --in=/tmp/b"),
        ("t --in:/home/a", "t --in:/home/b"),
        ("t --in=\"/home/a\" -q", "t --in=\"/home/c\" -q"),
        ("t -I/home/a", "t -I/home/b"),
        ("t @/tmp/1", "t @/tmp/2"),
        ("t -v /home/a:/home/c", "t -v /home/b:/home/d"),
        ("t --in=/home/a,/home/c", "t --in=/home/b,/home/d"),
        ("t /home/a/node_modules/.bin/x", "t /root/x"),
        ("t \"C:\\Users\\x\\z\" -q", "t \"D:\\Users\\a\" -q"),
        ("t C:\\Users\\x C:/Users/w", "t D:\\Users\\x D:/Users/v"),
        ("t file:///home/a", "t file:///home/b"),
        ("t /builds/group/a /__w/a/a", "t /builds/group/b /__w/b/b"),
        ("t /var/folders/x/y/T/z", "t /private/var/folders/x/w"),
    ] {
        for (first, second) in told(first).iter().zip(&told(second)) {
            assert!(same(ArtifactFormat::Sarif, first, second), "{first} | {second}");
        }
    }
    for (first, second) in [
        ("/usr/bin/t -q", "/opt/t/bin/t -q"),
        ("\"/usr/bin/t\" -q", "\"/home/x/t\" -q"),
        ("C:\\tools\\t.exe -q", "D:\\t.exe -q"),
        ("sh -c \"t /home/a/x -q\"", "sh -c \"t /home/b/x -q\""),
    ] {
        assert!(same(ArtifactFormat::Sarif, &told(first)[0], &told(second)[0]), "{first} | {second}");
    }
}

/// Named regression: a path within the input was masked as one of the machine before the input was told, and two folders of it were one.
#[test]
fn two_folders_within_the_input_stay_two_under_every_mask() {
    let roots = |root: &str| Roots::new([root]).unwrap();
    let bytes = |document: &Value, root: &str| {
        let profile = Profile::builtin(ArtifactFormat::Sarif);
        let text = document.to_string();
        canonicalize_rooted(profile, &roots(root), text.as_bytes(), &Limits::default()).unwrap().bytes
    };
    let line = |root: &str, folder: &str| told(&format!("t --exclude {root}/{folder}"))[0].clone();
    let word = |root: &str, folder: &str| told(&format!("t --exclude={root}/{folder}"))[1].clone();
    let base = |root: &str, folder: &str| {
        with(&json!({}), &json!({ "originalUriBaseIds": { "SRC": { "uri": format!("file://{root}/{folder}/") } } }))
    };
    let bare = |root: &str, folder: &str| {
        with(&json!({}), &json!({ "originalUriBaseIds": { "SRC": { "uri": format!("{root}/{folder}/") } } }))
    };
    let (here, there) = ("/home/ci/app", "/tmp/other");
    for of in [&line as &dyn Fn(&str, &str) -> Value, &word, &base, &bare] {
        assert_ne!(bytes(&of(here, "a"), here), bytes(&of(here, "b"), here), "{}", of(here, "a"));
        assert_eq!(bytes(&of(here, "a"), here), bytes(&of(there, "a"), there), "{}", of(here, "a"));
        // Outside of it they are the machine's.
        assert_eq!(bytes(&of(here, "a"), "/x"), bytes(&of(there, "b"), "/x"), "{}", of(here, "a"));
    }
}

fn configured(path: &str, value: impl Into<Value>) -> Value {
    let value = path.rsplit('/').fold(value.into(), |value, name| json!({ name: value }));
    json!({ "descriptor": { "name": "t", "configuration": value } })
}

/// Named regression: patterns within an image begin with `/`, and were taken for paths of the machine; which files Syft catalogues was
/// taken for where it writes; whether Grype takes an old database was left out with where that lies.
#[test]
fn what_decides_is_seen_in_settings() {
    use ArtifactFormat::{Grype, Syft};
    for (format, path, first, second) in [
        (Grype, "exclude", json!(["/usr/share/**"]), json!(["/**"])),
        (
            Grype,
            "ignore",
            json!([{ "package": { "location": "/opt/**" } }]),
            json!([{ "package": { "location": "/**" } }]),
        ),
        (Grype, "search/scope", json!("squashed"), json!("all-layers")),
        (Grype, "db/validate-age", json!(true), json!(false)),
        (Grype, "db/max-allowed-built-age", json!(1), json!(2)),
        (Grype, "db/require-update-check", json!(true), json!(false)),
        (Grype, "file", json!({ "metadata": "all" }), json!({ "metadata": "none" })),
        (Syft, "exclude", json!(["/usr/**"]), json!(["/**"])),
        (Syft, "file/metadata/selection", json!("owned-by-package"), json!("all")),
        (Syft, "file/content/globs", json!(["/etc/**"]), json!(["/**"])),
        (Syft, "file/metadata/digests", json!(["sha1"]), json!([])),
        (Syft, "files/content/globs", json!(["/etc/**"]), json!(["/**"])),
    ] {
        assert!(!same(format, &configured(path, first), &configured(path, second)), "{path}");
    }
    for (format, path) in [
        (Grype, "db/cache-dir"),
        (Grype, "file"),
        (Grype, "configPath"),
        (Syft, "file"),
        (Syft, "packages/golang/local-mod-cache-dir"),
        (Syft, "source/base-path"),
    ] {
        assert!(same(format, &configured(path, "/home/a"), &configured(path, "/tmp/b")), "{path}");
    }
    let documents = |path: &str| configured("vex-documents", json!([path]));
    assert!(same(Grype, &documents("/home/a.json"), &documents("/tmp/b.json")));
    assert!(!same(Grype, &documents("/home/a.json"), &configured("vex-documents", json!([]))));
}

/// Named regression: schema 6 of Grype's database has its checksum in the address that it was fetched from, which was left out.
#[test]
fn with_which_database_grype_matched_is_seen() {
    let from = |address: &str| json!({ "descriptor": { "name": "grype", "db": { "status": { "from": address } } } });
    let of = |host: &str, sum: &str| from(&format!("https://{host}/db_v6.tar.zst?checksum=sha256%3A{sum}"));
    assert!(!same(ArtifactFormat::Grype, &of("a.example", "00"), &of("a.example", "01")));
    assert!(same(ArtifactFormat::Grype, &of("a.example", "00"), &of("b.example", "00")));
    assert!(same(ArtifactFormat::Grype, &from("/home/a/db.tar.zst"), &from("/tmp/db.tar.zst")));
}
