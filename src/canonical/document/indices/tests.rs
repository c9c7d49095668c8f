//! Positions that a log uses: what they mean stays the same where the list is in another order.

use serde_json::{Value, json};

use crate::canonical::{Limits, Profile, canonicalize_with};
use crate::model::artifact::ArtifactFormat;

fn same(first: &Value, second: &Value) -> bool {
    let bytes = |document: &Value| {
        canonicalize_with(Profile::builtin(ArtifactFormat::Sarif), document.to_string().as_bytes(), &Limits::default())
            .unwrap()
            .bytes
    };
    bytes(first) == bytes(second)
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
        assert!(!same(&first, &second), "{list}: {first}");
        assert!(!same(&first, &reversed(log(0), list)), "{list} in another order: {first}");
        assert!(same(&first, &reversed(log(1), list)), "{list} with the position: {first}");
    }
    // A relationship of a rule to a taxon.
    let related = |at: u32| {
        let mut log = positions(&nothing, &nothing);
        log["runs"][0]["tool"]["driver"]["rules"][0]["relationships"] =
            json!([{ "target": { "index": 0, "toolComponent": { "index": at } } }]);
        log
    };
    assert!(!same(&related(0), &reversed(related(0), "/tool/extensions")));
    assert!(same(&related(0), &reversed(related(1), "/tool/extensions")));
}
