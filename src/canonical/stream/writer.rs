//! Writes the output while the input is read.
//!
//! Most of a document is canonical already, so nothing is copied token by token: a *stretch* of the input that goes
//! out as it is grows until something differs (white space, another escape, members out of order), and is then
//! copied at once. A *place* is an offset in the output, that of the open stretch included.

use crate::canonical::stream::reordered_output::{ReorderedOutput, Span};

/// The longest object or set that is moved to put it in order; a longer one is read in another order.
const LONGEST_MOVED: usize = 64 << 10;
/// How often a byte is moved at most. What is nested more deeply is read in another order.
const MOST_MOVES: u8 = 8;

pub(super) struct Writer<'a> {
    input: &'a [u8],
    /// Where the open stretch begins in the input.
    stretch: usize,
    pub(super) reordered: ReorderedOutput,
}

impl<'a> Writer<'a> {
    /// Writes from `at` of the `input` on, behind what is in `reordered`.
    pub(super) fn onto(reordered: ReorderedOutput, input: &'a [u8], at: usize) -> Self {
        Self { input, stretch: at, reordered }
    }

    /// The place of the input's `at`.
    #[inline(always)]
    pub(super) fn place(&self, at: usize) -> usize {
        self.reordered.bytes.len() + (at - self.stretch)
    }

    /// Ends the open stretch at the input's `at`; the next one begins there.
    #[inline]
    pub(super) fn settle(&mut self, at: usize) {
        self.reordered.bytes.extend_from_slice(&self.input[self.stretch..at]);
        self.stretch = at;
    }

    /// Leaves out the input from `from` to `to`.
    #[inline]
    pub(super) fn skip(&mut self, from: usize, to: usize) {
        self.settle(from);
        self.stretch = to;
    }

    /// Writes `text` in place of the input from `from` to `to`.
    #[inline]
    pub(super) fn replace(&mut self, from: usize, to: usize, text: &[u8]) {
        self.settle(from);
        self.reordered.bytes.extend_from_slice(text);
        self.stretch = to;
    }

    /// Takes back what was written since `place`, and writes `text` instead; goes on from the input's `at`.
    pub(super) fn cut(&mut self, place: usize, at: usize, text: &[u8]) {
        let written = self.reordered.bytes.len();
        if place < written {
            self.reordered.bytes.truncate(place);
        } else {
            self.settle(self.stretch + (place - written));
        }
        self.reordered.bytes.extend_from_slice(text);
        self.stretch = at;
    }

    /// Takes back what was written since the input's `at`, which then had this `place`; nothing is left in an open stretch.
    pub(super) fn back(&mut self, at: usize, place: usize) {
        if self.stretch < at {
            self.settle(at);
        }
        self.reordered.bytes.truncate(place);
    }

    /// Forgets all that was written; goes on from the input's `at`.
    pub(super) fn clear(&mut self, at: usize) {
        self.reordered.bytes.clear();
        self.reordered.forget_since(0);
        self.stretch = at;
    }

    /// Puts `parts`, which fill the output from `body` to the input's `at` with commas between them, in this order.
    /// `mark` is from before the first of them; `moves` tells how often bytes of theirs were moved, and is kept up
    /// to date. Whether places within the parts have changed is the answer.
    pub(super) fn arrange(&mut self, body: usize, at: usize, parts: &[Span], mark: usize, moves: &mut u8) -> bool {
        if parts.len() < 2 {
            return false;
        }
        let span = Span { start: body, end: self.place(at) };
        if self.reordered.has_since(mark) || span.len() > LONGEST_MOVED || *moves >= MOST_MOVES {
            self.reordered.put_off(span, mark, parts);
            return false;
        }
        *moves += 1;
        let bytes = &mut self.reordered.bytes;
        let written = bytes.len();
        if body >= written {
            // All of it is still in the open stretch: taken from the input in the right order at once.
            let source = |place: usize| self.stretch + (place - written);
            bytes.extend_from_slice(&self.input[self.stretch..source(body)]);
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    bytes.push(b',');
                }
                bytes.extend_from_slice(&self.input[source(part.start)..source(part.end)]);
            }
            self.stretch = at;
            return true;
        }
        self.settle(at);
        let bytes = &mut self.reordered.bytes;
        let end = bytes.len();
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                bytes.push(b',');
            }
            bytes.extend_from_within(part.start..part.end);
        }
        let length = bytes.len() - end;
        bytes.copy_within(end.., body);
        bytes.truncate(body + length);
        true
    }
}
