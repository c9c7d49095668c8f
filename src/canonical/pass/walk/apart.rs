//! The way through the elements of one set, on from where the last block ended.
//!
//! Invariant: what was read behind the last comma between two elements can be forgotten, and is read again with more.

use crate::canonical::limits::Limits;
use crate::canonical::pass::fault::Pass;
use crate::canonical::pass::places::OTHER;
use crate::canonical::pass::rope::Rope;
use crate::canonical::pass::set::{Elements, First};
use crate::canonical::pass::spine::Spine;
use crate::canonical::pass::walk::{Frame, Kind, Walk};
use crate::canonical::pass::writer::Writer;
use crate::canonical::profile::{Action, Rule};

/// A place between two elements of a set that is read apart.
#[derive(Debug, Clone, Copy)]
pub(in crate::canonical::pass) struct Reached {
    /// Where the next element begins in the input.
    pub(in crate::canonical::pass) at: usize,
    /// How much was written, how many nodes and elements were noted until there.
    place: usize,
    mark: usize,
    elements: First,
    /// That of the set.
    pub(super) rule: usize,
}

impl<'a, const RULES: bool> Walk<'a, '_, RULES> {
    /// Reads the elements of the set that the rules mean at `member` of the root, on from the beginning of `text`; what
    /// was read of them before is in `rope` and `elements`. None where the rules mean no set there.
    pub(in crate::canonical::pass) fn apart(
        text: &'a str,
        rules: &'a [Rule],
        member: &str,
        limits: &Limits,
        (rope, elements): (Rope, Elements),
    ) -> Option<Self> {
        let mut walk = Self::new(text, rules, limits, Spine::default(), 0);
        walk.read.out = Writer::onto(rope, text.as_bytes());
        walk.elements = elements;
        let symbol = walk.places.symbol(member);
        let start = walk.places.start();
        let set = walk.places.step(start, symbol).ok()?;
        let Some((rule, Action::Set { .. })) = walk.places.action(set) else { return None };
        let state = walk.places.step(set, OTHER).ok()?;
        // The root and the set are open.
        walk.max_depth = walk.max_depth.saturating_sub(1);
        walk.frames.push(Frame {
            kind: Kind::Set,
            ordered: true,
            moves: 0,
            body: 0,
            first: 0,
            mark: 0,
            index: 0,
            element: 0,
            elements: First::default(),
            rule,
            state,
        });
        walk.reach(0, rule);
        Some(walk)
    }

    /// Reads elements of a set that is read apart, until it ends or the text does: where the set ended.
    pub(in crate::canonical::pass) fn elements(&mut self) -> Pass<usize> {
        let at = self.read.skip_blanks(0);
        if self.read.byte(at) == b']' && self.elements.is_empty() {
            return Ok(at + 1);
        }
        self.begin_element(at);
        self.values(at)
    }

    pub(super) fn reach(&mut self, at: usize, rule: usize) {
        let (place, mark) = (self.read.out.place(at), self.read.out.rope.mark());
        self.apart = Some(Reached { at, place, mark, elements: self.elements.first(), rule });
    }

    /// Forgets what was read behind the last comma between two elements of a set that is read apart.
    pub(in crate::canonical::pass) fn back(&mut self) -> Option<Reached> {
        let reached = self.apart?;
        self.read.out.settle(self.read.text.len());
        self.read.out.rope.forget_since(reached.mark);
        self.read.out.rope.bytes.truncate(reached.place);
        self.elements.end(reached.elements);
        Some(reached)
    }

    /// What was read of a set that is read apart, and how many members there are in its key.
    pub(in crate::canonical::pass) fn into_set(self) -> (Rope, Elements, usize) {
        let width = self.apart.map_or(0, |reached| self.places.key(reached.rule).len());
        (self.read.out.rope, self.elements, width)
    }
}
