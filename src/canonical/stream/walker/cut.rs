//! What the rules take out of a document, or leave to those who read all of it.

use std::borrow::Cow;

use crate::canonical::rule::Action;
use crate::canonical::stream::fault::{Pass, Stop};
use crate::canonical::stream::states::State;
use crate::canonical::stream::walker::Walker;
use crate::canonical::stream::walker::frame::Cut;

impl<const RULES: bool> Walker<'_, '_, '_, RULES> {
    /// Leaves the document to the other way where the text from `at` to `end` is one that a rule replaces everywhere.
    #[inline(always)]
    pub(super) fn look_at_text(&self, at: usize, end: usize) -> Pass<()> {
        for watch in self.states.watching(self.state) {
            let pattern = match watch {
                Action::Alias { pattern, .. }
                | Action::Relabel { pattern, .. }
                | Action::Mask { pattern: Some(pattern) } => pattern,
                Action::OwnLink { form, .. } => {
                    // An escape may hide how it begins.
                    let written = self.read.text.get(at + 1..end.saturating_sub(1)).unwrap_or_default();
                    if written.contains('\\') || form.may_be(written) {
                        return Err(Box::new(Stop::Unsuited));
                    }
                    continue;
                }
                Action::Drop
                | Action::Mask { pattern: None }
                | Action::Set { .. }
                | Action::RootMap
                | Action::ResolveIndex { .. } => continue,
            };
            let written = self.read.text.get(at..end).unwrap_or_default();
            // Only what has an escape in it is another text than what is written.
            let text = match written.contains('\\') {
                false => Cow::Borrowed(written.get(1..written.len().saturating_sub(1)).unwrap_or_default()),
                true => Cow::Owned(serde_json::from_str::<String>(written).unwrap_or_default()),
            };
            if pattern.is_match(&text) {
                return Err(Box::new(Stop::Unsuited));
            }
        }
        Ok(())
    }

    pub(super) fn begin_cut(&mut self, rule: usize, place: usize, text: &'static [u8]) {
        self.masked[rule] += 1;
        if self.careful > 0 {
            self.counted.push(rule);
        }
        self.state = State::SILENT;
        self.cut = Some(Cut { depth: self.frames.len(), place, mark: self.read.out.reordered.mark(), text });
    }

    #[inline(always)]
    pub(super) fn end_cut(&mut self, at: usize) {
        if let Some(cut) = self.cut.take_if(|cut| cut.depth == self.frames.len()) {
            self.read.out.reordered.forget_since(cut.mark);
            self.read.out.cut(cut.place, at, cut.text);
        }
    }
}
