//! Strings and numbers: left in the open stretch where they are canonical, else replaced.

use crate::canonical::error::JsonErrorKind;
use crate::canonical::location::excerpt;
use crate::canonical::number;
use crate::canonical::stream::fault::{Pass, fault};
use crate::canonical::stream::scan;
use crate::canonical::stream::writer::Writer;

/// A text that is being read, and what becomes of it.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) out: Writer<'a>,
    /// Where numbers are written before they go out.
    digits: Vec<u8>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, out: Writer<'a>) -> Self {
        Self { text, out, digits: Vec::new() }
    }

    /// The byte at `at`; zero behind the end, which has no place in JSON either.
    #[inline(always)]
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    /// Leaves out white space; the first byte behind it.
    #[inline(always)]
    pub(super) fn skip_blanks(&mut self, at: usize) -> usize {
        if self.byte(at) > b' ' {
            return at;
        }
        let end = scan::blank_end(self.text.as_bytes(), at);
        if end > at {
            self.out.skip(at, end);
        }
        end
    }

    #[cold]
    pub(super) fn unexpected<T>(&self, at: usize, expected: &'static str) -> Pass<T> {
        let kind = match self.text.get(at..).and_then(|rest| rest.chars().next()) {
            Some(found) => JsonErrorKind::Unexpected { found, expected },
            None => JsonErrorKind::UnexpectedEnd { expected },
        };
        fault(kind, at)
    }

    /// Reads one of `true`, `false` and `null`, which `quoted` is in backticks.
    pub(super) fn literal(&self, at: usize, quoted: &'static str) -> Pass<usize> {
        let wanted = quoted.trim_matches('`').as_bytes();
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let same = wanted.iter().zip(rest).take_while(|(a, b)| a == b).count();
        if same == wanted.len() { Ok(at + same) } else { self.unexpected(at + same, quoted) }
    }

    /// Reads a string whose opening quote stands before `at`; where it ends, its closing quote included.
    #[inline(always)]
    pub(super) fn string(&mut self, at: usize) -> Pass<usize> {
        let end = scan::text_end(self.text.as_bytes(), at);
        if self.byte(end) == b'"' { Ok(end + 1) } else { self.rest_of_string(end) }
    }

    /// Reads on in a string from `at`.
    #[inline(never)]
    pub(super) fn rest_of_string(&mut self, mut at: usize) -> Pass<usize> {
        let bytes = self.text.as_bytes();
        loop {
            at = scan::text_end(bytes, at);
            match bytes.get(at) {
                Some(b'"') => return Ok(at + 1),
                Some(b'\\') => at = self.escape(at)?,
                Some(byte) => return fault(JsonErrorKind::ControlCharacter { byte: *byte }, at),
                None => return self.unexpected(at, "`\"` at the end of a string"),
            }
        }
    }

    /// Reads the escape at `at`; where it ends.
    #[inline(always)]
    fn escape(&mut self, at: usize) -> Pass<usize> {
        match self.byte(at + 1) {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
            b'/' => {
                self.out.skip(at, at + 1);
                Ok(at + 2)
            }
            b'u' => self.unicode_escape(at),
            _ => self.unexpected(at + 1, "one of `\"\\/bfnrtu` after `\\`"),
        }
    }

    /// Reads `\uXXXX`, or a pair of them, at `at`.
    fn unicode_escape(&mut self, at: usize) -> Pass<usize> {
        let unit = self.hex4(at + 2)?;
        let lone = || fault(JsonErrorKind::LoneSurrogate { unit }, at);
        let mut end = at + 6;
        let code = match unit {
            0xD800..=0xDBFF => {
                if (self.byte(end), self.byte(end + 1)) != (b'\\', b'u') {
                    return lone();
                }
                let low = self.hex4(end + 2)?;
                end += 6;
                match low {
                    0xDC00..=0xDFFF => 0x10000 + ((u32::from(unit) & 0x3FF) << 10) + (u32::from(low) & 0x3FF),
                    _ => return lone(),
                }
            }
            _ => u32::from(unit),
        };
        let Some(character) = char::from_u32(code) else { return lone() };
        let short = match character {
            '"' => Some(b'"'),
            '\\' => Some(b'\\'),
            '\u{8}' => Some(b'b'),
            '\t' => Some(b't'),
            '\n' => Some(b'n'),
            '\u{c}' => Some(b'f'),
            '\r' => Some(b'r'),
            _ => None,
        };
        match short {
            Some(short) => self.out.replace(at, end, &[b'\\', short]),
            // The digits are canonical but for their case, which counts in the last only: the others are 0 and 1.
            None if character < ' ' => {
                let last = self.byte(at + 5);
                if last.is_ascii_uppercase() {
                    self.out.replace(at + 5, end, &[last.to_ascii_lowercase()]);
                }
            }
            None => self.out.replace(at, end, character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        Ok(end)
    }

    #[inline(always)]
    fn hex4(&self, at: usize) -> Pass<u16> {
        let mut unit = 0;
        for place in at..at + 4 {
            let Some(digit) = char::from(self.byte(place)).to_digit(16) else {
                return self.unexpected(place, "four hex digits after `\\u`");
            };
            unit = unit << 4 | digit as u16;
        }
        Ok(unit)
    }

    /// Reads the number at `start`; where it ends.
    #[inline]
    pub(super) fn number(&mut self, start: usize) -> Pass<usize> {
        let bytes = self.text.as_bytes();
        let whole = start + usize::from(self.byte(start) == b'-');
        let mut at = scan::digits_end(bytes, whole);
        let digits = at - whole;
        if digits == 0 {
            return self.unexpected(at, "a digit");
        }
        if digits > 1 && bytes[whole] == b'0' {
            return fault(JsonErrorKind::LeadingZero, whole);
        }
        let next = self.byte(at);
        if !matches!(next, b'.' | b'e' | b'E') {
            if digits > 15 {
                return self.long_integer(start, at);
            }
            if bytes[whole] == b'0' {
                // The sign of a negative zero.
                self.out.skip(start, whole);
            }
            return Ok(at);
        }
        if next == b'.' {
            let fraction = at + 1;
            at = scan::digits_end(bytes, fraction);
            let places = at - fraction;
            if places == 0 {
                return self.unexpected(at, "a digit");
            }
            // Up to 15 digits no two decimals are the same double, so none is shorter; and from 10^-6 on ECMAScript
            // writes no exponent.
            let short = digits + places <= 15 && bytes[at - 1] != b'0' && (bytes[whole] != b'0' || places <= 6);
            if short && !matches!(self.byte(at), b'e' | b'E') {
                return Ok(at);
            }
        }
        if matches!(self.byte(at), b'e' | b'E') {
            at += 1;
            at += usize::from(matches!(self.byte(at), b'+' | b'-'));
            let exponent = at;
            at = scan::digits_end(bytes, at);
            if at == exponent {
                return self.unexpected(at, "a digit");
            }
        }
        let written = self.text.get(start..at).unwrap_or_default();
        // The grammar of JSON is within that of Rust, so only the range is left to check.
        let number = written.parse().unwrap_or(f64::INFINITY);
        if !f64::is_finite(number) {
            return fault(JsonErrorKind::NumberOverflow { text: excerpt(written) }, start);
        }
        self.digits.clear();
        number::write(number, &mut self.digits);
        self.out.replace(start, at, &self.digits);
        Ok(at)
    }

    /// An integer of so many digits that a double may not hold it.
    fn long_integer(&self, start: usize, end: usize) -> Pass<usize> {
        let written = self.text.get(start..end).unwrap_or_default();
        let number = written.parse().unwrap_or(f64::INFINITY);
        if !f64::is_finite(number) {
            return fault(JsonErrorKind::NumberOverflow { text: excerpt(written) }, start);
        }
        if number.abs() > number::MAX_SAFE_INTEGER {
            return fault(JsonErrorKind::UnsafeInteger { text: excerpt(written) }, start);
        }
        Ok(end)
    }
}
