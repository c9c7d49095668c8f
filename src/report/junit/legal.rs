//! Text that an XML 1.0 document may hold, and that cannot leave a CDATA section.

use std::borrow::Cow;

/// Without the characters that XML 1.0 forbids (§2.2, production 2).
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_legal) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|c| is_legal(*c)).collect())
    }
}

/// Legal text for a CDATA section: a `]]>` ends one section and its `>` stands in the next.
pub(crate) fn cdata(given: &str) -> String {
    text(given).replace("]]>", "]]]]><![CDATA[>")
}

/// `char` cannot be a surrogate, which are forbidden too.
fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_go_and_all_others_stay() {
        assert_eq!(text("a\u{1b}[31m\0\u{b}\u{fffe}\u{ffff}b\t\r\n🦀\u{85}"), "a[31mb\t\r\n🦀\u{85}");
    }

    #[test]
    fn a_section_cannot_be_left() {
        // A removed character must not make a new end.
        for end in ["]]>", "]]\0>", "]\u{1b}]>"] {
            assert_eq!(cdata(&format!("{end}<x/>")), "]]]]><![CDATA[><x/>");
        }
        assert_eq!(cdata("]]]>]]>"), "]]]]]><![CDATA[>]]]]><![CDATA[>");
    }
}
