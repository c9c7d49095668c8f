//! Elements of the sets that are open, and their order.
//!
//! The order is that of [`emit`](crate::canonical::document::emit): by the members that the rule's key names, in turn, an
//! absent one first; then by the bytes of the whole element.

use std::cmp::Ordering;

use crate::canonical::stream::reordered_output::{ReorderedOutput, Span};
use crate::canonical::stream::string_sort;

/// The elements of all sets that are open, those of the innermost last.
#[derive(Default)]
pub(super) struct Elements {
    spans: Vec<Span>,
    /// For each element as many as its set's key has members: where their values stand.
    keys: Vec<Option<Span>>,
    /// The key of the element that was read last, until it is noted.
    pub(super) found: Vec<Option<Span>>,
}

/// Where the elements of a set begin among all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct First {
    spans: usize,
    keys: usize,
}

impl Elements {
    /// Begins a set.
    pub(super) fn first(&self) -> First {
        First { spans: self.spans.len(), keys: self.keys.len() }
    }

    /// Notes an element of a set whose key has `width` members; what was found of its key is used up.
    pub(super) fn note(&mut self, span: Span, width: usize) {
        self.spans.push(span);
        self.found.resize(width, None);
        self.keys.append(&mut self.found);
    }

    /// Ends the set that began at `first`.
    pub(super) fn end(&mut self, first: First) {
        self.spans.truncate(first.spans);
        self.keys.truncate(first.keys);
    }

    /// The elements since `first` in order, each with its key of `width` members; `None` if they stand so already.
    /// `mark` is from before the first of them.
    pub(super) fn sorted(
        &self,
        first: First,
        width: usize,
        reordered: &ReorderedOutput,
        mark: usize,
    ) -> Option<Vec<Span>> {
        let order = self.order(first, width, reordered, mark)?;
        let spans = &self.spans[first.spans..];
        Some(order.into_iter().map(|(_, position)| spans[position as usize]).collect())
    }

    /// The positions of the elements since `first` in order, each beside scratch; else as [`Self::sorted`].
    fn order(&self, first: First, width: usize, reordered: &ReorderedOutput, mark: usize) -> Option<Vec<(u64, u32)>> {
        let spans = &self.spans[first.spans..];
        let set = Set { spans, keys: &self.keys[first.keys..], width, reordered };
        let positions = 0..spans.len() as u32;
        if positions.clone().skip(1).all(|later| set.compare(later - 1, later).is_le()) {
            return None;
        }
        let mut order: Vec<(u64, u32)> = positions.map(|position| (0, position)).collect();
        if spans.len() < string_sort::MANY || reordered.has_since(mark) {
            order.sort_unstable_by(|(_, a), (_, b)| set.compare(*a, *b).then(a.cmp(b)));
        } else {
            string_sort::sort(&mut order, &|position| set.text(position), &|a, b| set.compare(a, b));
        }
        Some(order)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Puts all elements in order, of one set whose key has `width` members.
    pub(super) fn put_in_order(&mut self, width: usize, reordered: &ReorderedOutput) {
        let Some(order) = self.order(First::default(), width, reordered, 0) else { return };
        let positions = || order.iter().map(|(_, position)| *position as usize);
        self.spans = positions().map(|position| self.spans[position]).collect();
        self.keys =
            positions().flat_map(|position| &self.keys[position * width..(position + 1) * width]).copied().collect();
    }

    /// Where each element stands.
    pub(super) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The element at `a` beside that at `b` of a set of the same rule in another document.
    pub(super) fn compare_with(
        &self,
        (a, reordered): (usize, &ReorderedOutput),
        (other, b, other_rope): (&Self, usize, &ReorderedOutput),
    ) -> Ordering {
        let (whole, other_whole) = (reordered.raw(self.spans[a]), other_rope.raw(other.spans[b]));
        if whole == other_whole {
            return Ordering::Equal;
        }
        let width = self.keys.len().checked_div(self.spans.len()).unwrap_or(0);
        let (mine, others) = (&self.keys[a * width..(a + 1) * width], &other.keys[b * width..(b + 1) * width]);
        let by_key = mine.iter().zip(others).map(|(a, b)| match (a, b) {
            (Some(a), Some(b)) => bare(reordered, *a).cmp(bare(other_rope, *b)),
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
        by_key.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| whole.cmp(other_whole))
    }
}

/// A string without its quotes; any other value as it is.
fn bare(reordered: &ReorderedOutput, value: Span) -> &[u8] {
    let raw = reordered.raw(value);
    raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\"")).unwrap_or(raw)
}

struct Set<'e> {
    spans: &'e [Span],
    keys: &'e [Option<Span>],
    width: usize,
    reordered: &'e ReorderedOutput,
}

impl<'e> Set<'e> {
    fn key(&self, element: u32) -> &'e [Option<Span>] {
        let start = element as usize * self.width;
        &self.keys[start..start + self.width]
    }

    fn compare(&self, a: u32, b: u32) -> Ordering {
        let parts = self.key(a).iter().zip(self.key(b));
        let by_key = parts.map(|(a, b)| match (a, b) {
            (Some(a), Some(b)) => self.reordered.compare(self.bare(*a), self.bare(*b)),
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
        let whole = |element: u32| self.spans[element as usize];
        by_key.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| self.reordered.compare(whole(a), whole(b)))
    }

    /// A string without its quotes; any other value as it is.
    fn bare(&self, value: Span) -> Span {
        let is_string = self.reordered.bytes.get(value.start) == Some(&b'"');
        if is_string { Span { start: value.start + 1, end: value.end - 1 } } else { value }
    }

    /// What orders an element first, as bytes: nothing where it is absent, which comes first, too.
    fn text(&self, element: u32) -> &'e [u8] {
        match self.key(element).first() {
            None => self.reordered.raw(self.spans[element as usize]),
            Some(first) => first.map(|value| self.reordered.raw(self.bare(value))).unwrap_or_default(),
        }
    }
}
