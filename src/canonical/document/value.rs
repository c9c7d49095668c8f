//! A parsed document, as small as canonicalisation needs it.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A JSON value. An object's members are in canonical order and have distinct names.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::canonical) enum Value<'a> {
    Null,
    Bool(bool),
    /// Always finite.
    Number(f64),
    String(Cow<'a, str>),
    Array(Vec<Value<'a>>),
    Object(Vec<Member<'a>>),
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::canonical) struct Member<'a> {
    pub(in crate::canonical) name: Cow<'a, str>,
    pub(in crate::canonical) value: Value<'a>,
}

/// The order of member names: by UTF-16 code units (RFC 8785 §3.2.3).
///
/// UTF-8 bytes sort by code point, which differs from UTF-16 in one case only: characters above U+FFFF are
/// surrogates (D800…DFFF) in UTF-16 and so precede U+E000…U+FFFF, whose UTF-8 begins with EE or EF.
pub(in crate::canonical) fn utf16_order(a: &str, b: &str) -> Ordering {
    match a.bytes().zip(b.bytes()).find(|(x, y)| x != y) {
        None => a.len().cmp(&b.len()),
        Some((x, y)) if x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) => y.cmp(&x),
        Some((x, y)) => x.cmp(&y),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_are_ordered_as_utf16(
            a in "[a\u{7f}\u{80}é\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}]{0,4}",
            b in "[a\u{7f}\u{80}é\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}]{0,4}",
        ) {
            prop_assert_eq!(utf16_order(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
        }
    }
}
