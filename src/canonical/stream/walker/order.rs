//! The members of an object in order, when it closes.

use crate::canonical::error::JsonErrorKind;
use crate::canonical::location::excerpt;
use crate::canonical::stream::fault::{Beside, Pass, fault};
use crate::canonical::stream::member::{self, Member, MemberBytes};
use crate::canonical::stream::reordered_output::Span;
use crate::canonical::stream::walker::Walker;

impl<const RULES: bool> Walker<'_, '_, '_, RULES> {
    /// Sorts the members of the innermost object into [`Self::order`], by position among its own.
    pub(in crate::canonical::stream) fn sort_members(&mut self) -> Pass<()> {
        let first = self.frames.last().map_or(0, |frame| frame.first);
        let (members, text) = (&self.members[first..], self.read.text);
        member::sort(members, text, &mut self.order);
        let member = |position: u32| &members[position as usize];
        let pairs = self.order.windows(2).map(|pair| (member(pair[0].1), member(pair[1].1)));
        let twice = pairs.filter(|(a, b)| a.compare(b, text).is_eq()).map(|(_, later)| later);
        match twice.min_by_key(|member| member.name) {
            Some(member) => {
                let name = excerpt(&member.decoded(text));
                fault(JsonErrorKind::DuplicateKey { name }, member.name.saturating_sub(1)).beside()
            }
            None => Ok(()),
        }
    }

    #[inline(never)]
    pub(super) fn put_in_order(&mut self, at: usize) -> Pass<()> {
        let Some(frame) = self.frames.last() else { return Ok(()) };
        let (first, body, mark, ordered, rule) = (frame.first, frame.body, frame.mark, frame.ordered, frame.rule);
        let mut moves = frame.moves;
        let mut moved = false;
        if !ordered {
            self.sort_members()?;
            if RULES && self.cut.is_some() {
                // Nothing of it is left.
                return Ok(());
            }
            let members = &self.members[first..];
            let kept = |(_, position): &(u64, u32)| {
                let member = &members[*position as usize];
                (member.kept == MemberBytes::Written).then_some(member.span)
            };
            self.parts.clear();
            self.parts.extend(self.order.iter().filter_map(kept));
            moved = self.read.out.arrange(body, at, &self.parts, mark, &mut moves);
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.moves = moves;
        }
        if RULES && rule != usize::MAX {
            self.find_key(first, body, rule, moved);
        }
        Ok(())
    }

    /// Notes where the members stand that the key of the set around the object names.
    fn find_key(&mut self, first: usize, body: usize, rule: usize, moved: bool) {
        let (key, members) = (self.states.key(rule), &self.members[first..]);
        self.elements.found.clear();
        self.elements.found.resize(key.len(), None);
        let mut note = |member: &Member, start: usize| {
            if let Some(found) = key.iter().position(|symbol| *symbol == member.symbol) {
                let (before, length) = (member.value - member.span.start, member.span.len());
                self.elements.found[found] = Some(Span { start: start + before, end: start + length });
            }
        };
        if !moved {
            let kept = members.iter().filter(|member| member.kept == MemberBytes::Written);
            kept.for_each(|member| note(member, member.span.start));
            return;
        }
        let mut start = body;
        for (_, position) in &self.order {
            let member = &members[*position as usize];
            if member.kept == MemberBytes::Written {
                note(member, start);
                start += member.span.len() + 1;
            }
        }
    }
}
