//! What holds for every document: the RFC's examples, agreement with another implementation, and the laws of
//! canonical forms.

use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::canonical::error::JsonErrorKind;
use crate::canonical::jcs::canonicalize;
use crate::canonical::scramble::{Scramble, scalars};
use crate::canonical::{Canonical, Limits, Profile, canonicalize_artifact, canonicalize_with, first_difference};
use crate::model::artifact::ArtifactFormat;

fn jcs(input: &str) -> String {
    String::from_utf8(canonicalize(input.as_bytes(), &Limits::default()).unwrap()).unwrap()
}

fn under(profile: &Profile, input: &str) -> Canonical {
    canonicalize_with(profile, input.as_bytes(), &Limits::default()).unwrap()
}

fn profile(rules: &str) -> Profile {
    Profile::parse(&format!("profile: test\nform: json\nrules:\n{rules}")).unwrap()
}

/// RFC 8785 §3.2.2 (the document), §3.2.3 (sorted), §3.2.4 (as bytes).
#[test]
fn the_sample_of_rfc_8785() {
    let document = r#"{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"#;
    let bytes = "7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72 75 65 2c 66 61 6c 73 65 5d 2c 22 6e 75 \
                 6d 62 65 72 73 22 3a 5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31 65 2b 33 30 2c 34 \
                 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37 5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 \
                 30 30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d";
    let expected: Vec<u8> = bytes.split(' ').map(|hex| u8::from_str_radix(hex, 16).unwrap()).collect();
    assert_eq!(jcs(document).as_bytes(), expected);
}

/// RFC 8785 §3.2.3: the order of these names by UTF-16 units, told by their values.
#[test]
fn the_sorting_sample_of_rfc_8785() {
    let document = r#"{
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\ud83d\ude00": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis"
    }"#;
    let expected = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
                    \"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\
                    \"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}";
    assert_eq!(jcs(document), expected);
}

#[test]
fn one_form_of_each_value() {
    let rows = [
        (" null ", "null"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1.0", "1"),
        ("10e-1", "1"),
        ("1e-999", "0"),
        ("1E30", "1e+30"),
        ("1e20", "100000000000000000000"),
        ("9007199254740991", "9007199254740991"),
        ("9007199254740993.0", "9007199254740992"),
        (r#""\/\u007f\u2028""#, "\"/\u{7f}\u{2028}\""),
        (r#""\b\t\n\f\r\u000b\u0000""#, r#""\b\t\n\f\r\u000b\u0000""#),
        (r#""\uD83D\uDE00\uFFFF""#, "\"😀\u{ffff}\""),
        // Text is never normalised (RFC 8785 §3.1).
        ("[\"\u{c5}\",\"A\u{30a}\"]", "[\"\u{c5}\",\"A\u{30a}\"]"),
        ("[ ]", "[]"),
        ("{\t}", "{}"),
        (r#"{"b":[{"d":1,"c":2}],"a":{}}"#, r#"{"a":{},"b":[{"c":2,"d":1}]}"#),
    ];
    for (input, expected) in rows {
        assert_eq!(jcs(input), expected, "{input}");
    }
}

#[test]
fn a_set_is_ordered_by_its_key_then_by_bytes() {
    let keyed = profile("- {path: /s, action: set, key: [p, v], reason: a set}");
    let rows = [
        (
            r#"{"s":[{"p":"b"},{"p":"a","v":"2"},{"p":"a","v":"1"}]}"#,
            r#"{"s":[{"p":"a","v":"1"},{"p":"a","v":"2"},{"p":"b"}]}"#,
        ),
        // An absent key comes first, whatever else the element holds.
        (r#"{"s":[{"p":"a"},{"z":1},3]}"#, r#"{"s":[3,{"z":1},{"p":"a"}]}"#),
        // The key goes before the bytes: those of {"a":9,… would come first.
        (r#"{"s":[{"a":9,"p":"y"},{"b":0,"p":"x"}]}"#, r#"{"s":[{"b":0,"p":"x"},{"a":9,"p":"y"}]}"#),
        // A key that goes on comes after the one that ends, even with a character below the quote.
        (r#"{"s":[{"p":"a b"},{"p":"a!"},{"p":"a"}]}"#, r#"{"s":[{"p":"a"},{"p":"a b"},{"p":"a!"}]}"#),
        // Equal elements stay, equal keys go by the bytes.
        (
            r#"{"s":[{"p":1,"q":2},{"p":1,"q":1},{"p":1,"q":2}]}"#,
            r#"{"s":[{"p":1,"q":1},{"p":1,"q":2},{"p":1,"q":2}]}"#,
        ),
        // Not an array: left as it is. Another array: keeps its order.
        (r#"{"s":{"b":1,"a":[2,1]}}"#, r#"{"s":{"a":[2,1],"b":1}}"#),
        (r#"{"s":[],"t":[2,1]}"#, r#"{"s":[],"t":[2,1]}"#),
    ];
    for (input, expected) in rows {
        let canonical = under(&keyed, input);
        assert_eq!(String::from_utf8(canonical.bytes).unwrap(), expected);
        assert!(canonical.masked.is_empty());
    }
}

#[test]
fn sets_within_sets_are_ordered_from_within() {
    let nested =
        profile("- {path: '', action: set, reason: a set}\n- {path: /**/s, action: set, key: [s], reason: a set}");
    let input = r#"[{"s":[{"s":[4,3]},{"s":[2,1]}]},{"s":[{"s":[1,0]}]},[2,1]]"#;
    let expected = r#"[[2,1],{"s":[{"s":[0,1]}]},{"s":[{"s":[1,2]},{"s":[3,4]}]}]"#;
    assert_eq!(String::from_utf8(under(&nested, input).bytes).unwrap(), expected);
}

#[test]
fn what_is_masked_is_counted_and_the_first_rule_decides() {
    let rules = "- {path: /a/keep, action: mask, reason: first}\n- {path: /a/*, action: drop, reason: second}\n\
                 - {path: /**/t, action: drop, reason: third}\n- {path: /m/*, action: mask, reason: fourth}\n\
                 - {path: /never, action: drop, reason: fifth}";
    let input = r#"{"a":{"keep":[1,{"t":0}],"x":1,"t":2},"b":[{"t":1},{"t":2,"u":3}],"m":[1,2],"t":0}"#;
    let canonical = under(&profile(rules), input);
    let expected = r#"{"a":{"keep":"(masked)"},"b":[{},{"u":3}],"m":["(masked)","(masked)"]}"#;
    assert_eq!(String::from_utf8(canonical.bytes).unwrap(), expected);
    let masked: Vec<_> = canonical.masked.iter().map(|(path, count)| (path.as_str(), *count)).collect();
    assert_eq!(masked, [("/**/t", 3), ("/a/*", 2), ("/a/keep", 1), ("/m/*", 2)]);
    // Elements are dropped too.
    let canonical = under(&profile("- {path: /m/*, action: drop, reason: all of them}"), r#"{"m":[1,[2]],"n":[1]}"#);
    assert_eq!((canonical.bytes.as_slice(), canonical.masked["/m/*"]), (br#"{"m":[],"n":[1]}"#.as_slice(), 2));
}

#[test]
fn bytes_are_taken_as_they_are_within_the_size_limit() {
    let canonical = canonicalize_artifact(ArtifactFormat::Bytes, b"\xFF{} ", &Limits::default()).unwrap();
    assert_eq!(canonical.bytes, b"\xFF{} ");
    assert!(canonicalize_artifact(ArtifactFormat::Bytes, b"12345", &Limits::new(4, 1)).is_err());
}

/// Any double but NaN and the infinities, integers among them.
fn number() -> impl Strategy<Value = Value> {
    let doubles = any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |d| d.is_finite());
    let short = (-99_999i32..99_999, -30i32..30).prop_map(|(m, e)| format!("{m}e{e}").parse::<f64>().unwrap());
    prop_oneof![
        doubles.prop_map(Value::from),
        short.prop_map(Value::from),
        (-9_007_199_254_740_991i64..=9_007_199_254_740_991).prop_map(Value::from),
    ]
}

/// Escapes, surrogates, and both sides of every step in the length of UTF-8 and UTF-16.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[\u{0}-\u{1f}\"\\\\/~\u{7f}\u{80}é\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}]{0,6}",
        "\\PC{0,8}",
        "[ab]{0,2}"
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number(), text().prop_map(Value::from)];
    leaf.prop_recursive(6, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..8).prop_map(|members| Value::from(Map::from_iter(members))),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json_canonicalizer(value in json()) {
        let expected = serde_json_canonicalizer::to_string(&value).unwrap();
        prop_assert_eq!(jcs(&value.to_string()), expected);
    }

    #[test]
    fn agrees_on_every_double(bits in any::<u64>(), quarters in 1u64 << 51..1 << 55, fraction in 1..40) {
        // A third each near 2^51 and of few bits, where digits can be halfway between two.
        let number = match bits % 3 {
            0 => f64::from_bits(bits),
            1 => quarters as f64 / 4.0,
            _ => (quarters >> (fraction + 10)) as f64 * 0.5_f64.powi(fraction),
        };
        prop_assume!(number.is_finite());
        let expected = serde_json_canonicalizer::to_string(&number).unwrap();
        prop_assert_eq!(jcs(&format!("{number:e}")), expected);
    }

    #[test]
    fn once_is_enough(value in json()) {
        let once = jcs(&value.to_string());
        match canonicalize(once.as_bytes(), &Limits::default()) {
            Ok(twice) => prop_assert_eq!(once.as_bytes(), twice),
            // The one exception that the function tells of.
            Err(error) => prop_assert!(matches!(error.kind, JsonErrorKind::UnsafeInteger { .. }), "{}", error),
        }
    }

    #[test]
    fn spelling_and_order_of_members_do_not_matter(value in json(), seed in any::<u64>()) {
        let text = Scramble::new(seed).spelling(&value);
        prop_assert_eq!(jcs(&text), jcs(&value.to_string()));
    }

    #[test]
    fn order_of_sets_does_not_matter(value in json(), seed in any::<u64>(), keyed in any::<bool>()) {
        let key = if keyed { "key: [a, b, '']," } else { "" };
        let sets = profile(&format!(
            "- {{path: '', action: set, {key} reason: all}}\n- {{path: /**/*, action: set, {key} reason: all}}"
        ));
        let text = Scramble::new(seed).spelling_and_order(&value);
        prop_assert_eq!(under(&sets, &text), under(&sets, &value.to_string()));
    }

    #[test]
    fn a_changed_scalar_is_always_seen(value in json(), at in any::<prop::sample::Index>(), other in 0..3usize) {
        // Never without any.
        let value = Value::from(vec![value, Value::from(true)]);
        let pointers = scalars(&value);
        let pointer = at.get(&pointers).as_str();
        let mut changed = value.clone();
        let place = changed.pointer_mut(pointer).unwrap();
        let candidates = [Value::from("another text, longer than any"), Value::from(0.123_456_789), Value::Null];
        let new = candidates.into_iter().cycle().skip(other).find(|new| new != place).unwrap();
        *place = new;
        let sets = profile("- {path: '', action: set, reason: all}\n- {path: /**/*, action: set, reason: all}");
        let plain = Profile::builtin(ArtifactFormat::Json);
        for profile in [&sets, plain] {
            let (a, b) = (under(profile, &value.to_string()), under(profile, &changed.to_string()));
            prop_assert_ne!(a.digest, b.digest);
            prop_assert!(first_difference(&a.bytes, &b.bytes).is_some());
        }
        let (a, b) = (under(plain, &value.to_string()), under(plain, &changed.to_string()));
        let place = first_difference(&a.bytes, &b.bytes).unwrap();
        prop_assert!(place.contains('…') || place.contains('\\') || place == pointer, "{}", place);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for format in ArtifactFormat::ALL.iter().copied() {
            let _ = canonicalize_artifact(format, &bytes, &Limits::default());
        }
        prop_assert_eq!(first_difference(&bytes, b"{}").is_none(), bytes == b"{}");
    }

    /// What is accepted, another strict reader accepts as well and understands alike.
    #[test]
    fn a_damaged_document_is_refused_or_means_the_same(value in json(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut text = value.to_string().into_bytes();
        let at = at.index(text.len());
        if cut { text.truncate(at) } else { text[at] = byte }
        if let Ok(canonical) = canonicalize(&text, &Limits::default()) {
            let read: Value = serde_json::from_slice(&text).unwrap();
            prop_assert_eq!(canonical, serde_json_canonicalizer::to_vec(&read).unwrap());
        }
    }
}
