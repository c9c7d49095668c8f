//! The output, in which what is long is put in order without being moved.
//!
//! To put an object or a set in order its parts are moved. Deep in others that would move the same bytes again at
//! each level, so there the new order is only noted: a *node* says that a stretch of the bytes is to be read in
//! another order. A stretch is then read as its [`Pieces`].
//!
//! Invariants: the bytes of a node never move; nodes lie side by side or within another, and each stands behind
//! those that lie within it.

use std::cmp::Ordering;
use std::ops::Range;

/// A stretch of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) fn len(self) -> usize {
        self.end - self.start
    }
}

/// A stretch whose parts, with commas between them, stand in another order than its bytes.
struct Node {
    span: Span,
    /// Within [`ReorderedOutput::parts`].
    parts: Range<usize>,
    /// How many nodes lie within it.
    inside: usize,
}

/// Bytes, and the order in which they are read.
pub(super) struct ReorderedOutput {
    pub(super) bytes: Vec<u8>,
    nodes: Vec<Node>,
    parts: Vec<Span>,
}

impl ReorderedOutput {
    pub(super) fn with_capacity(size: usize) -> Self {
        Self { bytes: Vec::with_capacity(size), nodes: Vec::new(), parts: Vec::new() }
    }

    /// How many nodes there are: a mark for [`Self::has_since`] and [`Self::forget_since`].
    pub(super) fn mark(&self) -> usize {
        self.nodes.len()
    }

    /// Whether a node was made since `mark`.
    pub(super) fn has_since(&self, mark: usize) -> bool {
        self.nodes.len() > mark
    }

    /// Forgets the nodes since `mark`.
    pub(super) fn forget_since(&mut self, mark: usize) {
        if self.has_since(mark) {
            self.nodes.truncate(mark);
            self.parts.truncate(self.nodes.last().map_or(0, |node| node.parts.end));
        }
    }

    /// Notes that `span`, in which all nodes since `mark` lie, reads as `parts`, two or more, with commas between.
    pub(super) fn put_off(&mut self, span: Span, mark: usize, parts: &[Span]) {
        let start = self.parts.len();
        self.parts.extend_from_slice(parts);
        self.nodes.push(Node { span, parts: start..self.parts.len(), inside: self.nodes.len() - mark });
    }

    /// Whether the bytes stand in their order already.
    pub(super) fn is_flat(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The bytes of `span` in their order.
    pub(super) fn pieces(&self, span: Span) -> Pieces<'_> {
        Pieces { reordered: self, open: vec![Task::Mixed(span)] }
    }

    /// All bytes in their order.
    pub(super) fn all(&self) -> Pieces<'_> {
        self.pieces(Span { start: 0, end: self.bytes.len() })
    }

    /// Compares two stretches as they are read.
    pub(super) fn compare(&self, a: Span, b: Span) -> Ordering {
        if self.is_flat() {
            return self.raw(a).cmp(self.raw(b));
        }
        let (mut left, mut right) = (self.pieces(a), self.pieces(b));
        let (mut x, mut y): (&[u8], &[u8]) = (&[], &[]);
        loop {
            x = if x.is_empty() { left.next().unwrap_or_default() } else { x };
            y = if y.is_empty() { right.next().unwrap_or_default() } else { y };
            let both = x.len().min(y.len());
            if both == 0 {
                return x.len().cmp(&y.len());
            }
            match x[..both].cmp(&y[..both]) {
                Ordering::Equal => (x, y) = (&x[both..], &y[both..]),
                order => return order,
            }
        }
    }

    /// The bytes of `span` as they stand.
    pub(super) fn raw(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }

    /// How many nodes end at `place` or before.
    fn nodes_up_to(&self, place: usize) -> usize {
        self.nodes.partition_point(|node| node.span.end <= place)
    }
}

/// The bytes of a stretch in their order; no piece is empty.
pub(super) struct Pieces<'r> {
    reordered: &'r ReorderedOutput,
    /// What is still to be read, next last.
    open: Vec<Task>,
}

enum Task {
    /// Bytes that may hold nodes.
    Mixed(Span),
    /// Bytes that hold none.
    Plain(Span),
    /// A comma, unless it is the first part, and the parts of a node from `next` on.
    Parts { node: usize, next: usize },
}

impl<'r> Iterator for Pieces<'r> {
    type Item = &'r [u8];

    fn next(&mut self) -> Option<&'r [u8]> {
        while let Some(task) = self.open.pop() {
            let piece: &[u8] = match task {
                Task::Plain(span) => self.reordered.raw(span),
                Task::Mixed(span) => match self.divide(span) {
                    Some(plain) => self.reordered.raw(plain),
                    None => continue,
                },
                Task::Parts { node, next } => {
                    let range = self.reordered.nodes[node].parts.clone();
                    let Some(part) = self.reordered.parts[range.clone()].get(next) else { continue };
                    self.open.push(Task::Parts { node, next: next + 1 });
                    self.open.push(Task::Mixed(*part));
                    if next > 0 { b"," } else { continue }
                }
            };
            if !piece.is_empty() {
                return Some(piece);
            }
        }
        None
    }
}

impl Pieces<'_> {
    /// Gives `span` back if no node lies in it; else opens the nodes and what stands between them.
    fn divide(&mut self, span: Span) -> Option<Span> {
        let mut end = span.end;
        let mut count = self.reordered.nodes_up_to(end);
        let mut found = false;
        while let Some(index) = count.checked_sub(1) {
            let node = &self.reordered.nodes[index];
            if node.span.end <= span.start {
                break;
            }
            if node.span.start < span.start {
                // The one of which it is the last part.
                count = index;
                continue;
            }
            found = true;
            self.open.push(Task::Plain(Span { start: node.span.end, end }));
            self.open.push(Task::Parts { node: index, next: 0 });
            end = node.span.start;
            count = index - node.inside;
        }
        if !found {
            return Some(span);
        }
        self.open.push(Task::Plain(Span { start: span.start, end }));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reordered: &ReorderedOutput, start: usize, end: usize) -> String {
        let pieces: Vec<&[u8]> = reordered.pieces(Span { start, end }).collect();
        String::from_utf8(pieces.concat()).unwrap()
    }

    #[test]
    fn nodes_within_nodes_are_read_in_their_order() {
        let mut reordered = ReorderedOutput::with_capacity(0);
        reordered.bytes.extend_from_slice(b"<c,[b,a],d>(z,y)");
        let span = |start, end| Span { start, end };
        reordered.put_off(span(4, 7), 0, &[span(6, 7), span(4, 5)]);
        reordered.put_off(span(1, 10), 0, &[span(9, 10), span(3, 8), span(1, 2)]);
        let mark = reordered.mark();
        reordered.put_off(span(12, 15), mark, &[span(14, 15), span(12, 13)]);
        assert_eq!(read(&reordered, 0, 16), "<d,[a,b],c>(y,z)");
        assert_eq!(read(&reordered, 3, 8), "[a,b]");
        assert_eq!(read(&reordered, 3, 10), "[a,b],d", "the end of a node that lies around it");
        assert_eq!(read(&reordered, 11, 16), "(y,z)");
        assert_eq!(read(&reordered, 10, 12), ">(");
        assert_eq!(reordered.compare(span(4, 7), span(4, 5)), Ordering::Less, "a,b against b");
        assert_eq!(reordered.compare(span(3, 8), span(3, 8)), Ordering::Equal);
        assert_eq!(reordered.compare(span(4, 6), span(4, 5)), Ordering::Greater, "a longer one comes later");
        reordered.forget_since(mark);
        assert_eq!(read(&reordered, 11, 16), "(z,y)");
    }
}
