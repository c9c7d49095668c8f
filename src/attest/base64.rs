//! Base64 as DSSE and Protocol Buffers' JSON have it: written in the standard alphabet with padding, read in that or in the
//! URL-safe one (RFC 4648 §4 and §5), with padding or without.
//!
//! Invariant: what is read is the only text of its bytes in its alphabet, padding aside: bits that no byte holds are nought, and
//! an alphabet is not mixed with the other. Two texts that differ otherwise are never the same bytes.

use base64::Engine;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The text is not base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not base64")]
pub struct NotBase64;

/// `bytes` in the standard alphabet, with padding.
pub fn encode(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The bytes of `text`.
///
/// # Errors
/// [`NotBase64`].
pub fn decode(text: &str) -> Result<Vec<u8>, NotBase64> {
    let alphabet: &Alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    // All of it or none.
    let padding =
        if text.ends_with('=') { DecodePaddingMode::RequireCanonical } else { DecodePaddingMode::RequireNone };
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(padding);
    GeneralPurpose::new(alphabet, config).decode(text).map_err(|_| NotBase64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_alphabets_are_read_and_never_mixed() {
        let bytes = [0xfb, 0xef, 0xff, 0x01];
        assert_eq!(encode(&bytes), "++//AQ==");
        for text in ["++//AQ==", "++//AQ", "--__AQ==", "--__AQ"] {
            assert_eq!(decode(text), Ok(bytes.to_vec()), "{text}");
        }
        // Mixed, bits beyond the last byte, blanks, too much or too little.
        for text in ["+-//AQ==", "--//AQ==", "++//AR==", "++//\nAQ==", "++//AQ== ", "++//AQ=", "++//A", "=", "ä"] {
            assert_eq!(decode(text), Err(NotBase64), "{text}");
        }
        assert_eq!(decode(""), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_another_text_is_other_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64), at in any::<prop::sample::Index>(), to in "[A-Za-z0-9+/]") {
            let text = encode(&bytes);
            prop_assert_eq!(decode(&text), Ok(bytes.clone()));
            if !text.is_empty() {
                let at = at.index(text.len());
                let other = format!("{}{to}{}", &text[..at], &text[at + 1..]);
                prop_assert!(other == text || decode(&other) != Ok(bytes));
            }
        }
    }
}
