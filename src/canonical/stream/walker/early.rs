//! What is sent while the document is still being read.

use crate::canonical::stream::early_output::MOST_MEMBERS;
use crate::canonical::stream::fault::{Pass, Stop};
use crate::canonical::stream::member::{Member, MemberBytes};
use crate::canonical::stream::reordered_output::Span;
use crate::canonical::stream::walker::Walker;
use crate::canonical::stream::walker::frame::Kind;

impl<const RULES: bool> Walker<'_, '_, '_, RULES> {
    /// Sends the elements up to the comma at the input's `at` of an array at the root or in a member of it.
    #[inline(never)]
    pub(super) fn flow(&mut self, at: usize) -> Pass<()> {
        if !self.early_output.open {
            if self.frames.first().is_some_and(|root| root.kind == Kind::Object) {
                if self.members.len() > MOST_MEMBERS {
                    return Ok(());
                }
                self.begin_member(at)?;
            } else if self.frames.len() > 1 {
                // An array in an array: the outer one will be sent by the element.
                return Ok(());
            }
            self.early_output.open = true;
        }
        self.send(at);
        Ok(())
    }

    /// Sends what of the member of the root that ends at the input's `at` was not sent yet, if its beginning was.
    #[inline(always)]
    pub(super) fn end_flow(&mut self, at: usize) {
        if self.early_output.open {
            self.send(at);
            self.early_output.open = false;
        }
    }

    /// Sends what was written up to the input's `at`.
    fn send(&mut self, at: usize) {
        self.read.out.settle(at);
        if let Some(blocks) = &mut self.early_output.blocks {
            blocks.push_all(&mut self.read.out.reordered);
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
        let here = Span { start: span.start, end: self.read.out.reordered.bytes.len() };
        if let Some(blocks) = &mut self.early_output.blocks {
            self.read.out.reordered.pieces(here).for_each(|piece| blocks.push(piece));
        }
        self.members[current].kept = MemberBytes::Sent;
        for index in later {
            let member = &mut self.members[index];
            if member.kept == MemberBytes::Written {
                let start = self.early_output.aside.len();
                self.read
                    .out
                    .reordered
                    .pieces(member.span)
                    .for_each(|piece| self.early_output.aside.extend_from_slice(piece));
                member.kept = MemberBytes::Aside;
                member.span = Span { start, end: self.early_output.aside.len() };
            }
        }
        self.read.out.clear(at);
        Ok(())
    }

    /// Checks that the turn of a member has not passed.
    fn in_turn(&self, member: usize) -> Pass<()> {
        let passed = |last| self.members[member].compare(&self.members[last], self.read.text).is_le();
        if self.early_output.last.is_some_and(passed) { Err(Box::new(Stop::Misguess)) } else { Ok(()) }
    }

    fn send_separator(&mut self, index: usize) {
        let separator: &[u8] = if self.early_output.begun { b"," } else { b"{" };
        self.early_output.begun = true;
        self.early_output.last = Some(index);
        if let Some(blocks) = &mut self.early_output.blocks {
            blocks.push(separator);
        }
    }

    fn send_member(&mut self, index: usize) {
        self.send_separator(index);
        let member = &mut self.members[index];
        if let Some(blocks) = &mut self.early_output.blocks {
            match member.kept {
                MemberBytes::Aside => blocks.push(&self.early_output.aside[member.span.start..member.span.end]),
                _ => self.read.out.reordered.pieces(member.span).for_each(|piece| blocks.push(piece)),
            }
        }
        member.kept = MemberBytes::Sent;
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
        matches!(self.kept, MemberBytes::Written | MemberBytes::Aside)
    }
}
