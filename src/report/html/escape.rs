//! What every value in a page goes through: text that is shown as what it is, and that ends neither an element nor an attribute.

use std::fmt::{self, Write};

use askama::filters::Escaper;

use crate::report::untrusted;

/// First what is not seen or acts upon its neighbours is written out, then what HTML acts upon.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visible;

impl Escaper for Visible {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        let shown = untrusted::visible(string);
        let mut rest = shown.as_str();
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'', '`', '=']) {
            let (before, from) = rest.split_at(at);
            dest.write_str(before)?;
            let mut chars = from.chars();
            if let Some(c) = chars.next() {
                write!(dest, "&#{};", u32::from(c))?;
            }
            rest = chars.as_str();
        }
        dest.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::fixture;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        Visible.write_escaped_str(&mut out, text).unwrap();
        out
    }

    #[test]
    fn nothing_ends_an_element_or_an_attribute() {
        assert_eq!(escaped("a<b>&\"'`= c"), "a&#60;b&#62;&#38;&#34;&#39;&#96;&#61; c");
        assert_eq!(escaped("\u{202e}\n\u{1b}"), "\\u{202e}\\n\\x1b");
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_given(text in fixture::nasty()) {
            let shown = escaped(&text);
            prop_assert!(!shown.contains(['<', '>', '"', '\'', '`', '=', '\n']));
            let mut parts = shown.split("&#");
            let mut read = parts.next().unwrap().to_owned();
            for part in parts {
                let (number, rest) = part.split_once(';').unwrap();
                read.push(char::from_u32(number.parse().unwrap()).unwrap());
                read += rest;
            }
            prop_assert_eq!(read, untrusted::visible(&text));
        }
    }
}
