//! Finds the next byte that matters, eight at a time.

const ONES: u64 = u64::MAX / 255;
const TOPS: u64 = ONES << 7;

/// Marks the bytes of `word` that are zero; above the lowest that is, a mark may be wrong.
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOPS
}

/// Marks every byte of `word` that is not zero, exactly.
fn others(word: u64) -> u64 {
    ((word & !TOPS).wrapping_add(!TOPS) | word) & TOPS
}

fn each(byte: u8) -> u64 {
    ONES * u64::from(byte)
}

/// Marks what ends a stretch of plain text: a quote, a backslash, a control character.
#[inline(always)]
fn ends_of_text(word: u64) -> u64 {
    let controls = word.wrapping_sub(each(0x20)) & !word & TOPS;
    zeros(word ^ each(b'"')) | zeros(word ^ each(b'\\')) | controls
}

#[inline(always)]
fn find(bytes: &[u8], mut at: usize, marks: impl Fn(u64) -> u64, is_end: impl Fn(u8) -> bool) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let found = marks(u64::from_le_bytes(*chunk));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !is_end(*byte)) {
        at += 1;
    }
    at
}

/// Where, from `at` on, a string has its next quote, backslash or control character; else the end of `bytes`.
#[inline(always)]
pub(super) fn text_end(bytes: &[u8], at: usize) -> usize {
    find(bytes, at, ends_of_text, |byte| matches!(byte, b'"' | b'\\' | 0..0x20))
}

/// As [`text_end`]; what is not ASCII is an end as well.
#[inline(always)]
pub(super) fn ascii_end(bytes: &[u8], at: usize) -> usize {
    let marks = |word| ends_of_text(word) | word & TOPS;
    find(bytes, at, marks, |byte| matches!(byte, b'"' | b'\\' | 0..0x20 | 0x80..))
}

/// The first byte from `at` on that is not white space of JSON.
#[inline(always)]
pub(super) fn blank_end(bytes: &[u8], at: usize) -> usize {
    let marks = |word: u64| {
        others(word ^ each(b' ')) & others(word ^ each(b'\n')) & others(word ^ each(b'\r')) & others(word ^ each(b'\t'))
    };
    find(bytes, at, marks, |byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
}

/// The first byte from `at` on that is not a decimal digit.
#[inline(always)]
pub(super) fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// The first eight bytes of `bytes[start..end]` as one number that sorts as they do; zeros where there are fewer.
#[inline(always)]
pub(super) fn prefix(bytes: &[u8], start: usize, end: usize) -> u64 {
    let length = end - start;
    match bytes.get(start..).and_then(<[u8]>::first_chunk::<8>) {
        Some(chunk) => {
            let word = u64::from_be_bytes(*chunk);
            match length {
                0 => 0,
                1..8 => word & u64::MAX << (64 - 8 * length),
                _ => word,
            }
        }
        None => {
            let mut padded = [0; 8];
            for (to, from) in padded.iter_mut().zip(bytes.get(start..end).unwrap_or_default()) {
                *to = *from;
            }
            u64::from_be_bytes(padded)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_end_is_found(text in "[ab \"\\\\\u{0}\u{1f} \u{7f}\u{80}é\n\r\t]{0,40}", at in 0_usize..8) {
            let bytes = text.as_bytes();
            prop_assume!(at <= bytes.len());
            let first = |is_end: fn(u8) -> bool| {
                bytes[at..].iter().position(|byte| is_end(*byte)).map_or(bytes.len(), |found| at + found)
            };
            prop_assert_eq!(text_end(bytes, at), first(|b| matches!(b, b'"' | b'\\' | 0..0x20)));
            prop_assert_eq!(ascii_end(bytes, at), first(|b| matches!(b, b'"' | b'\\' | 0..0x20 | 0x80..)));
            prop_assert_eq!(blank_end(bytes, at), first(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t')));
        }

        #[test]
        fn prefixes_sort_as_the_bytes_do(a in "[ab\u{0}é]{0,10}", b in "[ab\u{0}é]{0,10}", behind in "[ab]{0,9}") {
            let of = |text: &str| prefix((text.to_owned() + &behind).as_bytes(), 0, text.len());
            if of(&a) != of(&b) {
                prop_assert_eq!(of(&a).cmp(&of(&b)), a.cmp(&b));
            }
        }
    }
}
