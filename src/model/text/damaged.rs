//! Bytes that nearly are what a reader wants: a real sample with a few wounds. Bytes at random die at its first one.

use proptest::prelude::*;

/// What can happen to a sample at one place.
#[derive(Debug, Clone)]
enum Wound {
    /// One byte is another.
    Byte(u8),
    /// So many bytes are missing.
    Gap(usize),
    /// Something of the syntax of many formats stands in between.
    Syntax(&'static str),
    /// So many bytes stand there twice.
    Again(usize),
    /// It ends here.
    End,
}

/// `sample` with one to four wounds.
pub(crate) fn damaged(sample: &[u8]) -> impl Strategy<Value = Vec<u8>> + use<> {
    const SYNTAX: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "\\",
        "\n",
        " ",
        "null",
        "-1",
        "1e999",
        "0",
        "true",
        "\u{0}",
        "\u{fffd}",
        "\\ud800",
        "- ",
        "#",
        "&a ",
        "*a",
        "<",
        "..",
        "/",
        "~1",
        "sha256:",
        "99999999999999999999",
    ];
    let wound = prop_oneof![
        any::<u8>().prop_map(Wound::Byte),
        (1..40_usize).prop_map(Wound::Gap),
        prop::sample::select(SYNTAX).prop_map(Wound::Syntax),
        (1..200_usize).prop_map(Wound::Again),
        Just(Wound::End),
    ];
    let sample = sample.to_vec();
    prop::collection::vec((any::<prop::sample::Index>(), wound), 1..=4).prop_map(move |wounds| {
        let mut bytes = sample.clone();
        for (at, wound) in wounds {
            let at = at.index(bytes.len() + 1);
            let end = |length: usize| (at + length).min(bytes.len());
            match wound {
                Wound::Byte(byte) => drop(bytes.splice(at..end(1), [byte])),
                Wound::Gap(length) => drop(bytes.drain(at..end(length))),
                Wound::Syntax(text) => drop(bytes.splice(at..at, text.bytes())),
                Wound::Again(length) => {
                    let twice = bytes[at..end(length)].to_vec();
                    drop(bytes.splice(at..at, twice));
                }
                Wound::End => bytes.truncate(at),
            }
        }
        bytes
    })
}
