//! Bytes to text: bounded, UTF-8, with or without its byte order mark; what people save as UTF-16 too.

use std::borrow::Cow;

use crate::format::error::FormatError;
use crate::model::limits;

/// The most bytes that are read of one document: far above any real inventory (an SBOM of 100,000
/// components takes about 60 MB), and small enough to be held in memory.
pub const MAX_DOCUMENT_BYTES: usize = limits::MAX_DOCUMENT_BYTES as usize;

/// The byte order mark of UTF-8.
pub(crate) const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text of a document.
///
/// A UTF-8 byte order mark is left out (RFC 8259 §8.1 allows it); offsets in errors count it.
pub(crate) fn decode<'b>(format: &'static str, bytes: &'b [u8]) -> Result<&'b str, FormatError> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(FormatError::TooLarge { format, size: bytes.len(), limit: MAX_DOCUMENT_BYTES });
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(FormatError::Utf16 { format });
    }
    let text = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
    let skipped = bytes.len() - text.len();
    std::str::from_utf8(text).map_err(|source| FormatError::Encoding {
        format,
        offset: skipped + source.valid_up_to(),
        source,
    })
}

/// The text of an inventory, which people edit: UTF-8, or what its byte order mark says.
pub(crate) fn decode_marked<'b>(format: &'static str, bytes: &'b [u8]) -> Result<Cow<'b, str>, FormatError> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(FormatError::TooLarge { format, size: bytes.len(), limit: MAX_DOCUMENT_BYTES });
    }
    let unit: fn([u8; 2]) -> u16 = match bytes {
        // UTF-32 begins like UTF-16, and nobody writes it.
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Err(FormatError::Utf32 { format }),
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return decode(format, bytes).map(Cow::Borrowed),
    };
    let (pairs, odd) = bytes[2..].as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut offset = 2;
    for read in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let char = read.map_err(|_| FormatError::BrokenUtf16 { format, offset })?;
        offset += 2 * char.len_utf16();
        text.push(char);
    }
    if !odd.is_empty() {
        return Err(FormatError::BrokenUtf16 { format, offset });
    }
    Ok(Cow::Owned(text))
}

/// How much text a document may repeat by reference (one name for a million findings): without a bound a
/// small document could fill the memory.
#[derive(Debug)]
pub(crate) struct Unfolding {
    format: &'static str,
    left: usize,
}

impl Unfolding {
    pub(crate) fn new(format: &'static str) -> Self {
        Self { format, left: MAX_DOCUMENT_BYTES }
    }

    /// Takes the texts of one element, and something for the element itself.
    pub(crate) fn take<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) -> Result<(), FormatError> {
        let size: usize = texts.into_iter().map(|text| text.len() + 32).sum();
        let left = self.left.checked_sub(size + 64);
        self.left = left.ok_or(FormatError::Unfolds { format: self.format, limit: MAX_DOCUMENT_BYTES })?;
        Ok(())
    }
}

/// A digest in its one spelling: hexadecimal digits mean the same in capitals. Another text is left as it is.
pub(crate) fn digest_spelled(text: &str) -> Cow<'_, str> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_capitals = text.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_hex && has_capitals { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_bad_bytes() {
        assert_eq!(decode("x", b"\xef\xbb\xbf{}").unwrap(), "{}");
        let error = decode("x", b"\xef\xbb\xbfab\xff").unwrap_err();
        assert_eq!(error.to_string(), "x: byte 5 is not UTF-8; save the document as UTF-8");
        assert!(matches!(decode("x", b"\xff\xfea\0"), Err(FormatError::Utf16 { .. })));
    }

    #[test]
    fn a_byte_order_mark_says_how_to_read() {
        let utf16 = |text: &str, big: bool| -> Vec<u8> {
            let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
        };
        for big in [false, true] {
            assert_eq!(decode_marked("x", &utf16("a == 1 # \u{1f600}\n", big)).unwrap(), "a == 1 # \u{1f600}\n");
            let mut cut = utf16("ab", big);
            cut.pop();
            let error = decode_marked("x", &cut).unwrap_err().to_string();
            assert_eq!(error, "x: byte 4 is not UTF-16, which the byte order mark says; save the document as UTF-8");
        }
        assert!(decode_marked("x", b"\xff\xfe\x00\xd8a\0").is_err(), "half of a pair");
        assert!(matches!(decode_marked("x", b"\xff\xfe\0\0"), Err(FormatError::Utf32 { .. })));
        assert_eq!(decode_marked("x", b"\xef\xbb\xbfa").unwrap(), "a");
        assert_eq!(decode_marked("x", b"").unwrap(), "");
    }

    #[test]
    fn repetition_is_bounded() {
        let mut unfolding = Unfolding::new("x");
        let name = "n".repeat(1 << 20);
        let taken = (0..1000).take_while(|_| unfolding.take([name.as_str()]).is_ok()).count();
        assert_eq!(taken, 255);
    }
}
