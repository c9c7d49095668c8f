//! What a tool was told is seen where it decides a scan, and is not where it is a path of the machine: pairs of documents.
//!
//! Positions that a log uses are here as well: what they mean stays the same where the list is in another order.

use serde_json::{Value, json};

use crate::canonical::{Limits, Profile, canonicalize_with};
use crate::model::artifact::ArtifactFormat;

fn same(format: ArtifactFormat, first: &Value, second: &Value) -> bool {
    let bytes = |document: &Value| {
        canonicalize_with(Profile::builtin(format), document.to_string().as_bytes(), &Limits::default()).unwrap().bytes
    };
    bytes(first) == bytes(second)
}

fn invoked(member: &str, value: impl Into<Value>) -> Value {
    let mut invocation = json!({ "executionSuccessful": true });
    invocation[member] = value.into();
    json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": "t" } }, "results": [], "invocations": [invocation] }] })
}

/// Named regression: all that begins with `/` was taken for a path.
#[test]
fn what_decides_is_seen_in_a_command_line() {
    for (first, second) in [
        ("cl.exe /analyze /W4 a.c", "cl.exe /analyze /wd6001 a.c"),
        ("t /p:RunAnalyzers=true", "t /p:RunAnalyzers=false"),
        ("t /out:/home/a/x", "t /out:/home/b/x"),
        ("t /x,R1,R2", "t /x,R1"),
        ("t /a:--disable=R1", "t /a:--disable=R2"),
        ("t\t/x;--off", "t\t/x"),
        ("t --exclude=/src/x", "t --exclude=/src/y"),
        ("t --exclude /src/x/z", "t --exclude /src/y/z"),
        ("t --skip-dirs '/src/x y/z'", "t --skip-dirs '/src/x y/w'"),
        ("t --ignore-pattern=\"/a/b c\"", "t --ignore-pattern=\"/a/b d\""),
        ("t -e /foo/ src", "t -e /bar/ src"),
        ("t -e /foo/x/ src", "t -e /bar/x/ src"),
        ("t /usr/*/a", "t /usr/*/b"),
        ("t --skip \"/a, B1\"", "t --skip \"/a, B2\""),
        ("t --rules=/opt/r --disable=R1", "t --rules=/opt/q --disable=R2"),
        ("t '/a b' --disable", "t '/a b'"),
        ("t \"/a/b --off\"", "t \"/a/b --on\""),
        ("t https://x.example/a/b", "t https://x.example/a/c"),
        ("t src/a/b", "t src/a/c"),
    ] {
        let line = |text: &str| invoked("commandLine", text);
        assert!(!same(ArtifactFormat::Sarif, &line(first), &line(second)), "{first} | {second}");
    }
    for (first, second) in [
        ("/W4", "/W3"),
        ("/p:RunAnalyzers=true", "/p:RunAnalyzers=false"),
        ("--exclude=/home/x/y", "--exclude=/home/x/z"),
        ("/usr/share/doc", "/usr/share/man"),
        ("/home/**", "/home/x/**"),
        ("/foo/", "/bar/"),
        ("/tmp", "/opt"),
    ] {
        let argument = |text: &str| invoked("arguments", json!([text]));
        assert!(!same(ArtifactFormat::Sarif, &argument(first), &argument(second)), "{first} | {second}");
    }
}

#[test]
fn paths_of_the_machine_are_not_seen_in_a_command_line() {
    for (first, second) in [
        ("t /home/a/x", "t /home/b/x"),
        ("t /home/a/x /home/a/y -q", "t /tmp/1/x /tmp/1/y -q"),
        ("/usr/bin/t -q", "/opt/t/bin/t -q"),
        ("t --in=/home/a", "t --in=/tmp/b"),
        ("t --in:/home/a", "t --in:/home/b"),
        ("t --in=\"/home/a b\" -q", "t --in=\"/home/c\" -q"),
        ("t -I/home/a", "t -I/home/b"),
        ("t @/tmp/1", "t @/tmp/2"),
        ("t -v /home/a:/home/c", "t -v /home/b:/home/d"),
        ("t --in=/home/a,/home/c", "t --in=/home/b,/home/d"),
        ("sh -c \"t /home/a/x -q\"", "sh -c \"t /home/b/x -q\""),
        ("t \"C:\\x y\\z\" -q", "t \"D:\\a b\\z\" -q"),
        ("t C:\\x\\y C:/z/w", "t D:\\x D:/u/v"),
        ("t '/home/a b/c' -q", "t '/home/q r/c' -q"),
        ("t file:///home/a", "t file:///home/b"),
    ] {
        let line = |text: &str| invoked("commandLine", text);
        assert!(same(ArtifactFormat::Sarif, &line(first), &line(second)), "{first} | {second}");
    }
    for (first, second) in [
        ("/home/a b/c", "/home/q r/c"),
        ("--in=/src/a", "--in=/src/b"),
        ("-I/home/a", "-I/home/b"),
        ("@/tmp/1", "@/tmp/2"),
        ("C:\\x y\\z", "D:\\a b\\z"),
    ] {
        let argument = |text: &str| invoked("arguments", json!([text]));
        assert!(same(ArtifactFormat::Sarif, &argument(first), &argument(second)), "{first} | {second}");
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

/// A log with one result, whose `run` is more of the run.
fn positions(part: &Value, run: &Value) -> Value {
    let guid = |last: char| format!("11111111-2222-4333-8444-55555555555{last}");
    let component = |name: &str, last: char| {
        let of = |what: &str| json!([{ "id": format!("{name}{what}0") }, { "id": format!("{name}{what}1") }]);
        json!({ "name": name, "guid": guid(last), "rules": of("r"), "taxa": of("t"), "notifications": of("n") })
    };
    let mut result = json!({ "message": { "text": "m" } });
    result.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
    let mut all = json!({
        "tool": { "driver": { "name": "t", "rules": [{ "id": "D0" }, { "id": "D1" }] },
                  "extensions": [component("x", 'a'), component("y", 'b')] },
        "artifacts": [{ "location": { "uri": "a" } }, { "location": { "uri": "b" } }],
        "results": [result],
    });
    all.as_object_mut().unwrap().extend(run.as_object().unwrap().clone());
    json!({ "version": "2.1.0", "runs": [all] })
}

fn reversed(mut log: Value, list: &str) -> Value {
    log["runs"][0].pointer_mut(list).and_then(Value::as_array_mut).unwrap().reverse();
    log
}

/// Named regression: extensions, rules and files may stand in any order, and not every position in them was followed: the log
/// with another order said something else and was the same, or the same and was another one.
#[test]
fn what_a_position_means_is_seen_and_where_that_stands_is_not() {
    let nothing = json!({});
    let invocation = |value: Value| json!({ "invocations": [value] });
    let of = |at: u32| json!({ "index": at });
    let rule_of = |component: Value, at: u32| json!({ "rule": { "index": at, "toolComponent": component } });
    let guid = || json!({ "guid": "11111111-2222-4333-8444-55555555555A" });
    type Log = Box<dyn Fn(u32) -> Value>;
    let part = |part: Log| -> Log { Box::new(move |at| positions(&part(at), &json!({}))) };
    let run = |run: Log| -> Log { Box::new(move |at| positions(&json!({}), &run(at))) };
    let cases: Vec<(&str, Log)> = vec![
        ("/tool/extensions/0/rules", part(Box::new(move |at| rule_of(json!({ "index": 0 }), at)))),
        ("/tool/extensions/0/rules", part(Box::new(move |at| rule_of(json!({ "name": "x" }), at)))),
        ("/tool/extensions/0/rules", part(Box::new(move |at| rule_of(guid(), at)))),
        (
            "/tool/extensions/0/rules",
            part(Box::new(|at| json!({ "ruleIndex": at, "rule": { "toolComponent": { "name": "x" } } }))),
        ),
        ("/tool/driver/rules", part(Box::new(move |at| rule_of(json!({ "name": "t" }), at)))),
        ("/tool/extensions", part(Box::new(|at| json!({ "rule": { "id": "R", "toolComponent": { "index": at } } })))),
        (
            "/tool/extensions",
            part(Box::new(|at| json!({ "taxa": [{ "index": 0, "toolComponent": { "index": at } }] }))),
        ),
        (
            "/tool/extensions",
            run(Box::new(move |at| {
                let descriptor = json!({ "index": 0, "toolComponent": { "index": at } });
                invocation(
                    json!({ "toolExecutionNotifications": [{ "message": { "text": "m" }, "descriptor": descriptor }] }),
                )
            })),
        ),
        ("/artifacts", run(Box::new(move |at| invocation(json!({ "responseFiles": [of(at)] }))))),
        ("/artifacts", run(Box::new(move |at| json!({ "originalUriBaseIds": { "S": of(at) } })))),
    ];
    for (list, log) in cases {
        let (first, second) = (log(0), log(1));
        assert!(!same(ArtifactFormat::Sarif, &first, &second), "{list}: {first}");
        assert!(!same(ArtifactFormat::Sarif, &first, &reversed(log(0), list)), "{list} in another order: {first}");
        assert!(same(ArtifactFormat::Sarif, &first, &reversed(log(1), list)), "{list} with the position: {first}");
    }
    // A relationship of a rule to a taxon.
    let related = |at: u32| {
        let mut log = positions(&nothing, &nothing);
        log["runs"][0]["tool"]["driver"]["rules"][0]["relationships"] =
            json!([{ "target": { "index": 0, "toolComponent": { "index": at } } }]);
        log
    };
    assert!(!same(ArtifactFormat::Sarif, &related(0), &reversed(related(0), "/tool/extensions")));
    assert!(same(ArtifactFormat::Sarif, &related(0), &reversed(related(1), "/tool/extensions")));
}
