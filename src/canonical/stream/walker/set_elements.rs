//! The way through the elements of one set alone.

use crate::canonical::limits::Limits;
use crate::canonical::rule::{Action, Rule};
use crate::canonical::stream::early_output::EarlyOutput;
use crate::canonical::stream::fault::Pass;
use crate::canonical::stream::reordered_output::ReorderedOutput;
use crate::canonical::stream::set::{Elements, First};
use crate::canonical::stream::states::OTHER;
use crate::canonical::stream::walker::Walker;
use crate::canonical::stream::walker::frame::{Frame, Kind};

impl<'p, const RULES: bool> Walker<'static, 'p, '_, RULES> {
    /// Before the first element of the set that the rules mean at `member` of the root; about `size` bytes will come.
    /// None where the rules mean no set there.
    pub(in crate::canonical::stream) fn of_set(
        rules: &'p [Rule],
        member: &str,
        limits: &Limits,
        size: usize,
    ) -> Option<Self> {
        let mut walk = Self::new("", rules, limits, EarlyOutput::default(), size);
        let symbol = walk.states.symbol(member);
        let start = walk.states.start();
        let set = walk.states.step(start, symbol).ok()?;
        let Some((rule, Action::Set { .. })) = walk.states.action(set) else { return None };
        let state = walk.states.step(set, OTHER).ok()?;
        walk.apart = Some(rule);
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
        walk.reach(0);
        Some(walk)
    }
}

impl<const RULES: bool> Walker<'_, '_, '_, RULES> {
    /// Reads elements of a set that is read apart, until it ends or the text does: where the set ended.
    pub(in crate::canonical::stream) fn elements(&mut self) -> Pass<usize> {
        if !self.elements.is_empty() {
            return self.go_on(0);
        }
        let at = self.read.skip_blanks(0);
        if self.read.byte(at) == b']' {
            return Ok(at + 1);
        }
        self.begin_element(at);
        self.values(at)
    }

    /// What was read of a set that is read apart, and how many members there are in its key.
    pub(in crate::canonical::stream) fn into_set(self) -> (ReorderedOutput, Elements, usize) {
        let width = self.apart.map_or(0, |rule| self.states.key(rule).len());
        (self.read.out.reordered, self.elements, width)
    }
}
