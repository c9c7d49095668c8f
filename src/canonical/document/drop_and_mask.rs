//! Drops and masks, before anything is made of what is left.

use crate::canonical::document::emit::MASK;
use crate::canonical::document::value::Value;
use crate::canonical::rule::matcher::{Follower, Place};
use crate::canonical::rule::{Action, Rule, Stage};

/// Applies every drop and mask of `rules`; adds to `done` at how many places.
pub(super) fn drop_and_mask(document: &mut Value<'_>, rules: &[Rule], done: &mut [u64]) {
    let (follower, place) = Follower::start(rules, Stage::Write);
    Strip { rules, follower, done }.below(document, &place);
}

struct Strip<'r, 'd> {
    rules: &'r [Rule],
    follower: Follower<'r>,
    done: &'d mut [u64],
}

impl Strip<'_, '_> {
    /// Whether the value at `place` is to stay; masks it, and all below, on the way.
    fn keeps(&mut self, value: &mut Value<'_>, place: &Place) -> bool {
        let decision = place.decision.map(|index| (index, self.rules[index].action()));
        match (decision, value) {
            (Some((index, Action::Drop)), _) => {
                self.done[index] += 1;
                return false;
            }
            (Some((index, Action::Mask { pattern: None })), value) => {
                self.done[index] += 1;
                *value = Value::String(MASK.into());
            }
            (Some((index, Action::Mask { pattern: Some(pattern) })), Value::String(text)) => {
                if let Some(masked) = pattern.replaced(text, MASK) {
                    self.done[index] += 1;
                    *text = masked.into();
                }
            }
            (_, value) => self.below(value, place),
        }
        true
    }

    fn below(&mut self, value: &mut Value<'_>, place: &Place) {
        if self.follower.is_done(place) {
            return;
        }
        match value {
            Value::Array(items) => {
                let below = self.follower.below(place, None);
                items.retain_mut(|item| self.keeps(item, &below));
                self.follower.leave(&below);
            }
            Value::Object(members) => members.retain_mut(|member| {
                let below = self.follower.below(place, Some(&member.name));
                let keeps = self.keeps(&mut member.value, &below);
                self.follower.leave(&below);
                keeps
            }),
            _ => {}
        }
    }
}
