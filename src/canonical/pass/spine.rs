//! Sends the output while the document is still being read.
//!
//! Of a document that is one long array, or an object with one, the elements are sent as they are read. For an
//! object that is a guess: that no later member comes before the array's. A wrong one is noticed, and the pass is
//! made again without sending anything early.

use crate::canonical::pass::fault::{Pass, Stop};
use crate::canonical::pass::member::{Kept, Member};
use crate::canonical::pass::rope::{Rope, Span};
use crate::canonical::pass::walk::{Kind, Walk};

/// How much is sent at once, in bytes.
pub(in crate::canonical) const BLOCK: usize = 128 << 10;
/// Of an object with more members nothing is sent early: they are gone through for each array.
pub(super) const MOST_MEMBERS: usize = 1_000;

/// Where canonical bytes go, a block at a time.
pub trait Sink {
    /// Takes the bytes of `block`, which it may replace by another vector; what it leaves in it is overwritten.
    fn take(&mut self, block: &mut Vec<u8>);

    /// All that was taken is void: the document begins anew.
    fn restart(&mut self);
}

/// Gathers pieces into blocks.
pub(super) struct Blocks<'s> {
    sink: &'s mut dyn Sink,
    block: Vec<u8>,
}

impl<'s> Blocks<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Self {
        Self { sink, block: Vec::new() }
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        for part in piece.chunks(BLOCK) {
            self.block.extend_from_slice(part);
            if self.block.len() >= BLOCK {
                self.flush();
            }
        }
    }

    /// Sends what `rope` holds.
    pub(super) fn push_all(&mut self, rope: &mut Rope) {
        if rope.is_flat() && rope.bytes.len() <= 2 * BLOCK {
            self.flush();
            self.sink.take(&mut rope.bytes);
            rope.bytes.clear();
        } else {
            rope.all().for_each(|piece| self.push(piece));
        }
    }

    pub(super) fn flush(&mut self) {
        if !self.block.is_empty() {
            self.sink.take(&mut self.block);
            self.block.clear();
        }
    }
}

/// What was sent of the document.
#[derive(Default)]
pub(super) struct Spine<'s> {
    /// None where nothing is sent early.
    pub(super) blocks: Option<Blocks<'s>>,
    /// How long an array is at least of which elements are sent early.
    early: usize,
    /// Whether the elements of the array that is being read are sent.
    open: bool,
    /// Whether the root is an object of which something was sent.
    begun: bool,
    /// The member that was sent last.
    last: Option<usize>,
    /// Members that were read and whose turn has not come.
    aside: Vec<u8>,
}

impl<'s> Spine<'s> {
    /// Sends elements early of arrays of at least `early` bytes.
    pub(super) fn new(sink: &'s mut dyn Sink, early: usize) -> Self {
        Self { blocks: Some(Blocks::new(sink)), early, ..Self::default() }
    }

    pub(super) fn is_begun(&self) -> bool {
        self.begun
    }

    /// Whether an array whose elements began at `body` and reach up to `place` is long enough to be sent. One of which all
    /// was dropped so far is not: the comma behind goes, too, and is known by its place.
    #[inline(always)]
    pub(super) fn wants(&self, place: usize, body: usize) -> bool {
        let length = if self.open { place } else { place - body };
        length >= self.early && place != body && self.blocks.is_some()
    }
}

impl<const RULES: bool> Walk<'_, '_, '_, RULES> {
    /// Sends the elements up to the comma at the input's `at` of an array at the root or in a member of it.
    #[inline(never)]
    pub(super) fn flow(&mut self, at: usize) -> Pass<()> {
        if !self.spine.open {
            if self.frames.first().is_some_and(|root| root.kind == Kind::Object) {
                if self.members.len() > MOST_MEMBERS {
                    return Ok(());
                }
                self.begin_member(at)?;
            } else if self.frames.len() > 1 {
                // An array in an array: the outer one will be sent by the element.
                return Ok(());
            }
            self.spine.open = true;
        }
        self.send(at);
        Ok(())
    }

    /// Sends what of the member of the root that ends at the input's `at` was not sent yet, if its beginning was.
    #[inline(always)]
    pub(super) fn end_flow(&mut self, at: usize) {
        if self.spine.open {
            self.send(at);
            self.spine.open = false;
        }
    }

    /// Sends what was written up to the input's `at`.
    fn send(&mut self, at: usize) {
        self.read.out.settle(at);
        if let Some(blocks) = &mut self.spine.blocks {
            blocks.push_all(&mut self.read.out.rope);
        }
        self.read.out.clear(at);
        for frame in &mut self.frames {
            // No place is the beginning of a container of which something was sent.
            (frame.body, frame.mark) = (usize::MAX, 0);
        }
    }

    /// Sends the members that come before the one that is being read, and begins that one.
    fn begin_member(&mut self, at: usize) -> Pass<()> {
        self.read.out.settle(at);
        let Some(current) = self.members.len().checked_sub(1) else { return Ok(()) };
        let text = self.read.text;
        let mut waiting: Vec<usize> = (0..current).filter(|i| self.members[*i].is_waiting()).collect();
        waiting.sort_unstable_by(|a, b| self.members[*a].compare(&self.members[*b], text));
        let turn = waiting.partition_point(|i| self.members[*i].compare(&self.members[current], text).is_lt());
        let later = waiting.split_off(turn);
        self.in_turn(waiting.first().copied().unwrap_or(current))?;
        for index in waiting {
            self.send_member(index);
        }
        self.send_separator(current);
        let span = self.members[current].span;
        let here = Span { start: span.start, end: self.read.out.rope.bytes.len() };
        if let Some(blocks) = &mut self.spine.blocks {
            self.read.out.rope.pieces(here).for_each(|piece| blocks.push(piece));
        }
        self.members[current].kept = Kept::Sent;
        for index in later {
            let member = &mut self.members[index];
            if member.kept == Kept::Written {
                let start = self.spine.aside.len();
                self.read.out.rope.pieces(member.span).for_each(|piece| self.spine.aside.extend_from_slice(piece));
                member.kept = Kept::Aside;
                member.span = Span { start, end: self.spine.aside.len() };
            }
        }
        self.read.out.clear(at);
        Ok(())
    }

    /// Checks that the turn of a member has not passed.
    fn in_turn(&self, member: usize) -> Pass<()> {
        let passed = |last| self.members[member].compare(&self.members[last], self.read.text).is_le();
        if self.spine.last.is_some_and(passed) { Err(Box::new(Stop::Misguess)) } else { Ok(()) }
    }

    fn send_separator(&mut self, index: usize) {
        let separator: &[u8] = if self.spine.begun { b"," } else { b"{" };
        self.spine.begun = true;
        self.spine.last = Some(index);
        if let Some(blocks) = &mut self.spine.blocks {
            blocks.push(separator);
        }
    }

    fn send_member(&mut self, index: usize) {
        self.send_separator(index);
        let member = &mut self.members[index];
        if let Some(blocks) = &mut self.spine.blocks {
            match member.kept {
                Kept::Aside => blocks.push(&self.spine.aside[member.span.start..member.span.end]),
                _ => self.read.out.rope.pieces(member.span).for_each(|piece| blocks.push(piece)),
            }
        }
        member.kept = Kept::Sent;
    }

    /// Ends the root object, whose bracket stands at `at`.
    #[cold]
    pub(super) fn close_root(&mut self, at: usize) -> Pass<()> {
        self.end_flow(at);
        self.read.out.settle(at);
        self.sort_members()?;
        let waiting = self.order.iter().map(|(_, index)| *index as usize);
        let waiting: Vec<usize> = waiting.filter(|index| self.members[*index].is_waiting()).collect();
        if let Some(next) = waiting.first() {
            self.in_turn(*next)?;
        }
        for index in waiting {
            self.send_member(index);
        }
        self.read.out.clear(at);
        Ok(())
    }
}

impl Member {
    /// Whether its bytes are still to be sent.
    fn is_waiting(&self) -> bool {
        matches!(self.kept, Kept::Written | Kept::Aside)
    }
}
