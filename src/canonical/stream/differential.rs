//! The pass against the way by a document, and against itself with blocks: bytes, counts and errors.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{Ending, Sink, bytes, send};
use crate::canonical::document::emit::Emitted;
use crate::canonical::scramble::Scramble;
use crate::canonical::{Action, JsonError, Limits, Profile, Roots, document};
use crate::model::artifact::ArtifactFormat;

pub(super) mod chunked;

type Outcome = Result<(Vec<u8>, Vec<u64>), JsonError>;

fn by_document(input: &[u8], profile: &Profile, limits: &Limits) -> Outcome {
    let document = document::parse::parse(input, document::parse::Source::Foreign, limits)?;
    let Emitted { bytes, mut done, .. } = document::apply(profile.rules(), &Roots::default(), document, input.len());
    // A pass counts what is hidden, and an order is not.
    let sets = profile.rules().iter().zip(&mut done).filter(|(rule, _)| matches!(rule.action(), Action::Set { .. }));
    sets.for_each(|(_, count)| *count = 0);
    Ok((bytes, done))
}

/// What one pass comes to; as by a document where it leaves that to the document, which only some rules may make it do.
fn in_one_pass(input: &[u8], profile: &Profile, limits: &Limits) -> Outcome {
    match bytes(input, profile.rules(), limits)? {
        Ending::Done(done) => Ok(done),
        Ending::Unsuited => {
            assert!(looks_further(profile), "these rules need no document");
            by_document(input, profile, limits)
        }
    }
}

/// Whether a profile has a rule that may need the whole document.
fn looks_further(profile: &Profile) -> bool {
    !profile.is_one_pass()
        || profile.rules().iter().any(|rule| matches!(rule.action(), Action::Mask { pattern: Some(_) }))
}

#[derive(Default)]
struct Gathered {
    bytes: Vec<u8>,
    blocks: usize,
    restarts: usize,
}

impl Sink for Gathered {
    fn take(&mut self, block: &mut Vec<u8>) {
        self.bytes.extend_from_slice(block);
        self.blocks += 1;
        // Whatever a sink leaves behind.
        block.extend_from_slice(b"rest");
    }

    fn restart(&mut self) {
        self.bytes.clear();
        self.restarts += 1;
    }
}

fn sent(input: &[u8], profile: &Profile) -> (Gathered, Vec<u64>) {
    let mut sink = Gathered::default();
    match send(input, profile.rules(), &Limits::default(), &mut sink).unwrap() {
        Ending::Done(masked) => (sink, masked),
        Ending::Unsuited => {
            assert!(looks_further(profile), "these rules need no document");
            let (bytes, masked) = by_document(input, profile, &Limits::default()).unwrap();
            (Gathered { bytes, ..Gathered::default() }, masked)
        }
    }
}

#[track_caller]
fn agree(input: &[u8], profile: &Profile) {
    let limits = Limits::default();
    let expected = by_document(input, profile, &limits);
    let shown = || String::from_utf8_lossy(&input[..input.len().min(2_000)]).into_owned();
    assert!(in_one_pass(input, profile, &limits) == expected, "{} under {:?}", shown(), profile.rules());
    if let Ok((bytes, masked)) = expected {
        let (sink, counts) = sent(input, profile);
        assert!(sink.bytes == bytes, "sent in blocks it is another");
        assert_eq!(counts, masked);
    }
}

fn profile(rules: &str) -> Profile {
    Profile::parse(&format!("profile: test\nform: json\nrules:\n{rules}")).unwrap()
}

/// Rules of every kind over the names that [`json`] makes.
fn profiles() -> Vec<Profile> {
    let texts = [
        "- {path: /**/a, action: drop, reason: r}\n- {path: /**/b, action: mask, reason: r}",
        "- {path: /**/a, action: set, reason: r}\n- {path: '', action: set, key: [b, a], reason: r}",
        "- {path: /**/*, action: set, key: [a, b], reason: r}\n- {path: '', action: set, key: [''], reason: r}",
        "- {path: '', action: set, reason: r}\n- {path: /**/ab/*, action: drop, reason: r}\n\
         - {path: /**/b/*, action: mask, reason: r}\n- {path: /**/*, action: set, reason: r}",
        "- {path: /*/a, action: mask, reason: r}\n- {path: /*, action: set, key: [ab, b, a], reason: r}\n\
         - {path: /a/**/b, action: drop, reason: r}\n- {path: /**/é, action: drop, reason: r}",
        "- {path: '', action: set, key: [b], reason: r}\n- {path: /*/b, action: set, reason: r}\n\
         - {path: /*/a, action: drop, reason: r}\n- {path: /*/ab, action: mask, reason: r}",
        "- {path: /**/a, action: relabel, pattern: '[ab]{2,}', reason: r}\n- {path: /**/b, action: set, reason: r}\n\
         - {path: /**/ab, action: mask, pattern: 'b+', reason: r}",
        "- {path: /**/a, action: alias, pattern: 'ab', reason: r}\n- {path: /**/b, action: drop, reason: r}",
    ];
    let builtin = [ArtifactFormat::Json, ArtifactFormat::Cyclonedx, ArtifactFormat::Spdx, ArtifactFormat::Sarif];
    texts.iter().map(|text| profile(text)).chain(builtin.map(|format| Profile::builtin(format).clone())).collect()
}

fn json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        4 => "[ab]{0,2}",
        1 => "[ab\u{1}\"\\\\é\u{e000}\u{ffff}\u{10000}]{0,9}",
        1 => "[ab]{7,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-99..99).prop_map(Value::from),
        any::<f64>().prop_filter("finite", |d| d.is_finite()).prop_map(Value::from),
        "[ab\u{1f}\"\\\\/é\u{10000}]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(12, 120, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| Value::from(Map::from_iter(members))),
        ]
    })
}

proptest! {
    #[test]
    fn of_any_document_under_any_rules(value in json(), seed in any::<u64>()) {
        let text = Scramble::new(seed).spelling_and_order(&value);
        for profile in profiles() {
            agree(text.as_bytes(), &profile);
            agree(value.to_string().as_bytes(), &profile);
        }
    }

    /// The same refusal at the same place, or the same bytes.
    #[test]
    fn of_any_damaged_document(value in json(), seed in any::<u64>(), at in any::<prop::sample::Index>(), with in ".{0,2}|[\\[\\]{},:\"\\\\0-9eE.+-]{1,3}", cut in 0..4_usize) {
        let mut text = Scramble::new(seed).spelling(&value).into_bytes();
        let at = at.index(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, with.bytes());
        for profile in profiles().iter().take(2) {
            agree(&text, profile);
        }
        agree(&text[..at], &profiles()[0]);
    }

    #[test]
    fn of_any_limit(value in json(), depth in 0..6_usize, size in 0..200_usize) {
        let (text, limits) = (value.to_string(), Limits::new(size, depth));
        let profile = Profile::builtin(ArtifactFormat::Json);
        prop_assert_eq!(in_one_pass(text.as_bytes(), profile, &limits), by_document(text.as_bytes(), profile, &limits));
    }
}

/// Names twice, escapes and all, among members out of order: the same one is named.
#[test]
fn on_which_name_stands_twice() {
    let rows = [
        r#"{"b":1,"a":2,"b":3,"a":4}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"[0,{"x":{"b":1,"a":{"c":1,"\u0063":2},"b":3}}]"#,
        r#"{"a":1,"a":2,]"#,
        r#"{"😀":1,"\ud83d\ude00":2,"\uffff":3}"#,
    ];
    for row in rows {
        for profile in profiles() {
            assert!(in_one_pass(row.as_bytes(), &profile, &Limits::default()).is_err());
            agree(row.as_bytes(), &profile);
        }
    }
    let many: Vec<String> = (0..200).rev().map(|i| format!("\"name{}\":{i}", i % 150)).collect();
    agree(format!("{{{}}}", many.join(",")).as_bytes(), &profiles()[0]);
}

/// A long array of objects, at least `size` bytes.
fn long(size: usize) -> String {
    let count = size / 60;
    let items: Vec<String> = (0..count)
        .map(|i| format!(r#"{{ "b": {{"n": {i}, "a": "\/{}" }}, "a": [{}] }}"#, i * 7919 % count, i % 7))
        .collect();
    format!("[{}]", items.join(", "))
}

#[test]
fn what_is_sent_early_is_what_is_sent_at_once() {
    let (plain, array) = (Profile::builtin(ArtifactFormat::Json), long(250_000));
    // (document, whether some of it is sent before it is read)
    let rows = [
        (array.clone(), true),
        (format!(r#"{{"z":1,"a":2,"m":{array},"n":3,"y":0}}"#), true),
        (format!(r#"{{"z":1,"b":{array},"x":0,"y":{array},"é":0}}"#), true),
        (format!(r#"{{"b":{array},"c":{array},"d":[],"é":{array}}}"#), true),
        (format!(r#"{{"z":{{"y":{array},"a":1}},"b":{array},"c":[]}}"#), true),
        (format!("[[{array}],{array}]"), true),
        (format!(r#"{{"z":1,"m":{{"x":{array}}}}}"#), false),
    ];
    for (text, early) in rows {
        agree(text.as_bytes(), plain);
        let (sink, _) = sent(text.as_bytes(), plain);
        assert_eq!((sink.restarts, sink.blocks > 1), (0, true));
        let mut cut = Gathered::default();
        // Whether anything is sent before the end shows in a document without one.
        assert!(send(&text.as_bytes()[..text.len() - 1], &[], &Limits::default(), &mut cut).is_err());
        assert_eq!(cut.blocks > 0, early, "{}", &text[..20]);
        agree(text.as_bytes(), &profiles()[1]);
        agree(text.as_bytes(), &profiles()[3]);
    }
}

#[test]
fn a_wrong_guess_is_taken_back() {
    let array = long(250_000);
    for text in [
        format!(r#"{{"m":{array},"a":1}}"#),
        format!(r#"{{"m":{array},"z":1,"a":{array}}}"#),
        format!(r#"{{"m":{array},"z":1,"\u0061":1}}"#),
    ] {
        agree(text.as_bytes(), Profile::builtin(ArtifactFormat::Json));
        assert_eq!(sent(text.as_bytes(), Profile::builtin(ArtifactFormat::Json)).0.restarts, 1);
    }
    // The name that stands twice is found in the second pass.
    agree(format!(r#"{{"m":{array},"m":1}}"#).as_bytes(), Profile::builtin(ArtifactFormat::Json));
}

/// Shapes that would be moved over and over, or sorted slowly.
#[test]
fn on_hostile_shapes() {
    let string = "x".repeat(70_000);
    let nest = |open: &str, core: &str, close: &str| format!("{}{core}{}", open.repeat(500), close.repeat(500));
    let keys: Vec<String> = (0..3_000_u64).map(|i| format!("\"key{:05}\":{i}", i * 7919 % 3_000)).collect();
    let shapes = [
        nest(r#"{"b":0,"a":"#, &format!("\"{string}\""), "}"),
        nest(r#"{"b":0,"a":"#, "1", "}"),
        nest("[1,", &format!("\"{string}\""), ",0]"),
        format!("{}1{}", r#"{"b":[2,1],"a":[1,"#.repeat(250), "]}".repeat(250)),
        // Of which the rules leave one member.
        format!(r#"{{"c":"{string}","ab":[{{"c":"{string}","b":0,"a":1}},0],"a":1,"b":0}}"#),
        format!("{{{}}}", keys.join(",")),
        format!(r#"{{"z":{{{}}},"a":1}}"#, keys.join(", ")),
        format!("[{}]", (0..3_000_u64).map(|i| (i * 7919 % 3_000).to_string()).collect::<Vec<_>>().join(",")),
    ];
    for shape in shapes {
        for profile in profiles().iter().step_by(3) {
            agree(shape.as_bytes(), profile);
        }
    }
}
