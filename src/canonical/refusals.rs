//! Every way in which a document is refused, with the place that is named.

use crate::canonical::error::JsonErrorKind as Kind;
use crate::canonical::jcs::canonicalize;
use crate::canonical::{JsonError, Limits};

fn refused(input: &[u8]) -> JsonError {
    canonicalize(input, &Limits::default()).expect_err(&String::from_utf8_lossy(input))
}

#[test]
fn each_kind_of_bad_input_is_named_with_its_place() {
    let unexpected = |found, expected| Kind::Unexpected { found, expected };
    let end = |expected| Kind::UnexpectedEnd { expected };
    let unsafe_integer = |text: &str| Kind::UnsafeInteger { text: text.into() };
    let overflow = |text: &str| Kind::NumberOverflow { text: text.into() };
    let duplicate = |name: &str| Kind::DuplicateKey { name: name.into() };
    let rows: &[(&[u8], Kind, usize, &str)] = &[
        // nothing, and too much
        (b"", end("a value"), 0, ""),
        (b" \n", end("a value"), 2, ""),
        (b"{} x", Kind::Trailing { found: 'x' }, 3, ""),
        (b"1 2", Kind::Trailing { found: '2' }, 2, ""),
        (b"[]]", Kind::Trailing { found: ']' }, 2, ""),
        (b"{}\0", Kind::Trailing { found: '\0' }, 2, ""),
        // encoding
        (b"\xEF\xBB\xBF{}", unexpected('\u{FEFF}', "a value"), 0, ""),
        (b"\"\xFF\"", Kind::InvalidUtf8, 1, ""),
        (b"{\"a\":\"\xC0\x80\"}", Kind::InvalidUtf8, 6, ""),
        (b"\"\xED\xA0\x80\"", Kind::InvalidUtf8, 1, ""),
        (b"\"\xF4\x90\x80\x80\"", Kind::InvalidUtf8, 1, ""),
        (b"\"\xE2\x82", Kind::InvalidUtf8, 1, ""),
        // literals
        (b"nul", end("`null`"), 3, ""),
        (b"[tru]", unexpected(']', "`true`"), 4, "/0"),
        (b"False", unexpected('F', "a value"), 0, ""),
        (b"NaN", unexpected('N', "a value"), 0, ""),
        (b"-Infinity", unexpected('I', "a digit"), 1, ""),
        (b"'a'", unexpected('\'', "a value"), 0, ""),
        (b"[1, // one", unexpected('/', "a value"), 4, "/1"),
        // arrays
        (b"[1,]", unexpected(']', "a value"), 3, "/1"),
        (b"[1 2]", unexpected('2', "`,` or `]`"), 3, ""),
        (b"[1", end("`,` or `]`"), 2, ""),
        (b"[,1]", unexpected(',', "a value"), 1, "/0"),
        (b"]", unexpected(']', "a value"), 0, ""),
        // objects
        (b"{\"a\":1,}", unexpected('}', "a member's name in double quotes"), 7, ""),
        (b"{a:1}", unexpected('a', "a member's name in double quotes"), 1, ""),
        (b"{\"a\" 1}", unexpected('1', "`:`"), 5, ""),
        (b"{\"a\":}", unexpected('}', "a value"), 5, "/a"),
        (b"{\"a\":1", end("`,` or `}`"), 6, ""),
        (b"{\"a\":1 \"b\":2}", unexpected('"', "`,` or `}`"), 7, ""),
        (b"{\"a\":1,\"b\":2,\"a\":3}", duplicate("a"), 13, ""),
        (b"[{\"a\":1,\"\\u0061\":1}]", duplicate("a"), 8, "/0"),
        (b"{\"z\":1,\"z\":1,\"a\":1,\"a\":1}", duplicate("z"), 7, ""),
        (b"{\"x\":{\"\":0,\"\":0}}", duplicate(""), 11, "/x"),
        // numbers
        (b"01", Kind::LeadingZero, 0, ""),
        (b"[-00]", Kind::LeadingZero, 2, "/0"),
        (b"-", end("a digit"), 1, ""),
        (b"1.", end("a digit"), 2, ""),
        (b"1.e1", unexpected('e', "a digit"), 2, ""),
        (b".5", unexpected('.', "a value"), 0, ""),
        (b"+1", unexpected('+', "a value"), 0, ""),
        (b"1e", end("a digit"), 2, ""),
        (b"1e+x", unexpected('x', "a digit"), 3, ""),
        (b"0x10", Kind::Trailing { found: 'x' }, 1, ""),
        (b"{\"n\":9007199254740992}", unsafe_integer("9007199254740992"), 5, "/n"),
        (b"[-9007199254740992]", unsafe_integer("-9007199254740992"), 1, "/0"),
        (b"9007199254740993", unsafe_integer("9007199254740993"), 0, ""),
        (b"18446744073709551616", unsafe_integer("18446744073709551616"), 0, ""),
        (b"1e999", overflow("1e999"), 0, ""),
        (b"[-1E309]", overflow("-1E309"), 1, "/0"),
        // strings
        (b"\"a", end("`\"` at the end of a string"), 2, ""),
        (b"\"a\nb\"", Kind::ControlCharacter { byte: 10 }, 2, ""),
        (b"\"\x1F\"", Kind::ControlCharacter { byte: 31 }, 1, ""),
        (b"\"\\x\"", unexpected('x', "one of `\"\\/bfnrtu` after `\\`"), 2, ""),
        (b"\"\\", end("one of `\"\\/bfnrtu` after `\\`"), 2, ""),
        (b"\"\\u12G4\"", unexpected('G', "four hex digits after `\\u`"), 5, ""),
        (b"\"\\u00", end("four hex digits after `\\u`"), 5, ""),
        (b"\"ab\\ud800\"", Kind::LoneSurrogate { unit: 0xD800 }, 3, ""),
        (b"\"\\udc00\"", Kind::LoneSurrogate { unit: 0xDC00 }, 1, ""),
        (b"\"\\ud800\\n\"", Kind::LoneSurrogate { unit: 0xD800 }, 1, ""),
        (b"{\"\\ud83d\\ud83d\":1}", Kind::LoneSurrogate { unit: 0xD83D }, 2, ""),
    ];
    for (input, kind, offset, pointer) in rows {
        let error = refused(input);
        let shown = String::from_utf8_lossy(input);
        assert_eq!((&error.kind, error.offset, error.pointer.as_str()), (kind, *offset, *pointer), "{shown}");
    }
}

#[test]
fn a_message_says_what_where_and_how_to_mend() {
    let error = refused(b"{\n  \"findings\": [\n    {\"id\": 1, \"id\": 2}\n  ]\n}");
    let expected = "duplicate key `id`: a name may stand once in an object, at line 3, column 15 (byte 32) in \
                    `/findings/0`";
    assert_eq!(error.to_string(), expected);
    let error = refused(b"12345678901234567890");
    let expected = "integer `12345678901234567890` is beyond \u{b1}9007199254740991: write it as a string, at line 1, \
                    column 1 (byte 0)";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn foreign_text_is_quoted_safely() {
    let long = format!("{{\"{0}\":1,\"{0}\":2}}", "\\u001b[31m".repeat(100));
    for input in [long.as_bytes(), b"\x1B", &b"9".repeat(1000)] {
        let message = refused(input).to_string();
        assert!(message.len() < 1000 && !message.contains('\u{1b}'), "{message}");
    }
}

#[test]
fn size_and_depth_are_limited() {
    let limits = Limits::new(10, 3);
    assert!(canonicalize(b"[[[]],1]  ", &limits).is_ok());
    let error = canonicalize(b"[[[]],1]   ", &limits).unwrap_err();
    assert_eq!((error.kind, error.offset), (Kind::TooLarge { size: 11, limit: 10 }, 10));
    let error = canonicalize(b"[0,[[{}]]]", &limits).unwrap_err();
    assert_eq!((error.kind, error.offset, error.pointer.as_str()), (Kind::TooDeep { limit: 3 }, 5, "/1/0/0"));

    let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
    let deepest = nested(Limits::DEEPEST);
    assert_eq!(canonicalize(&deepest, &Limits::default()).unwrap(), deepest);
    assert_eq!(canonicalize(&nested(Limits::DEEPEST + 1), &Limits::default()).unwrap_err().offset, Limits::DEEPEST);
    // However much a caller allows.
    let generous = Limits::new(usize::MAX, usize::MAX);
    for hostile in [b"[".repeat(1_000_000), b"{\"a\":".repeat(1_000_000)] {
        let error = canonicalize(&hostile, &generous).unwrap_err();
        assert_eq!(error.kind, Kind::TooDeep { limit: Limits::DEEPEST });
        assert!(error.pointer.len() < 200);
    }
}
