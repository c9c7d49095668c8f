//! Members of the objects that are open, and the order of their names.

use std::cmp::Ordering;
use std::ops::Range;

use crate::canonical::stream::reordered_output::Span;
use crate::canonical::stream::{scan, string_sort};

/// One member of an open object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// The first bytes of the name as written.
    prefix: u64,
    /// Where the name begins and ends in the input, without quotes.
    pub(super) name: usize,
    name_end: usize,
    /// Whether the name has escapes or other characters than ASCII, so that its bytes may sort otherwise than it.
    complex: bool,
    /// What the rules know the name as.
    pub(super) symbol: u32,
    /// Where it stands in the output.
    pub(super) span: Span,
    /// Where its value begins there.
    pub(super) value: usize,
    pub(super) kept: MemberBytes,
}

/// Where the bytes of a member are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberBytes {
    /// In the output.
    Written,
    /// Set aside until its turn.
    Aside,
    /// Sent already.
    Sent,
    /// Nowhere: a rule dropped it.
    Dropped,
}

impl Member {
    /// The member whose name stands in `input` from `name` to `name_end`, begun at the place `start`.
    #[inline(always)]
    pub(super) fn new(input: &[u8], name: usize, name_end: usize, complex: bool, start: usize) -> Self {
        let prefix = scan::prefix(input, name, name_end);
        let span = Span { start, end: start };
        Self { prefix, name, name_end, complex, symbol: 0, span, value: 0, kept: MemberBytes::Written }
    }

    /// Notes that its name will begin at `at`: where it stands now.
    pub(super) fn move_name(&mut self, at: usize) -> Range<usize> {
        let name = self.name..self.name_end;
        (self.name, self.name_end) = (at, at + name.len());
        name
    }

    /// The name as written, without quotes.
    pub(super) fn written<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.name..self.name_end).unwrap_or_default()
    }

    /// The name.
    pub(super) fn decoded(&self, text: &str) -> String {
        char::decode_utf16(Units::new(self.written(text))).filter_map(Result::ok).collect()
    }

    /// The order of names: by UTF-16 code units (RFC 8785 §3.2.3).
    #[inline(always)]
    pub(super) fn compare(&self, other: &Self, text: &str) -> Ordering {
        if self.complex || other.complex {
            return Units::new(self.written(text)).cmp(Units::new(other.written(text)));
        }
        match self.prefix.cmp(&other.prefix) {
            Ordering::Equal => self.written(text).cmp(other.written(text)),
            order => order,
        }
    }
}

/// Fills `order` with the positions of `members` in the order of their names; of equal names the earlier first.
pub(super) fn sort(members: &[Member], text: &str, order: &mut Vec<(u64, u32)>) {
    order.clear();
    order.extend((0..members.len() as u32).map(|position| (0, position)));
    let compare = |a: u32, b: u32| members[a as usize].compare(&members[b as usize], text);
    if members.len() < string_sort::MANY || members.iter().any(|member| member.complex) {
        order.sort_unstable_by(|(_, a), (_, b)| compare(*a, *b).then(a.cmp(b)));
    } else {
        string_sort::sort(order, &|position| members[position as usize].written(text).as_bytes(), &compare);
    }
}

/// The UTF-16 code units of a valid JSON string as written.
struct Units<'a> {
    rest: std::str::Chars<'a>,
    /// The second half of a surrogate pair, whose first was given.
    low: Option<u16>,
}

impl<'a> Units<'a> {
    fn new(written: &'a str) -> Self {
        Self { rest: written.chars(), low: None }
    }
}

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if let Some(low) = self.low.take() {
            return Some(low);
        }
        let character = match self.rest.next()? {
            '\\' => match self.rest.next()? {
                'u' => {
                    let mut digit = || self.rest.next().and_then(|c| c.to_digit(16)).unwrap_or(0) as u16;
                    return Some(digit() << 12 | digit() << 8 | digit() << 4 | digit());
                }
                'b' => '\u{8}',
                't' => '\t',
                'n' => '\n',
                'f' => '\u{c}',
                'r' => '\r',
                same => same,
            },
            plain => plain,
        };
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units);
        self.low = units.get(1).copied();
        units.first().copied()
    }
}
