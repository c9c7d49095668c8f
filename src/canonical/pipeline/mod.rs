//! What a profile asks of a document as a whole, before it is written.
//!
//! ```text
//! drop, mask ─▶ positions ─▶ aliases ─▶ roots ─▶ random ids ─▶ (written: sets in order, RFC 8785)
//! ```
//!
//! The order matters: an id is named after what it stands for, so nothing volatile may be left in that; and a set is
//! ordered by bytes, so ids must have their names by then.
//!
//! Invariants: each step takes time linear in the document, but for sorting; each changes nothing in a document that
//! went through it already; a step that has nothing to do changes nothing.

use crate::canonical::emit::{self, Emitted};
use crate::canonical::profile::{Action, Profile, Stage};
use crate::canonical::value::{Member, Value, utf16_order};

mod aliases;
mod indices;
mod relabel;
mod roots;
mod strip;

#[cfg(test)]
mod laws;

pub(super) use indices::below;
pub use roots::{InvalidRoot, Roots};

/// Applies every rule of `profile` to `document` and writes it; `size` is a guess at the result's.
pub(super) fn apply(profile: &Profile, roots: &Roots, mut document: Value<'_>, size: usize) -> Emitted {
    let rules = profile.rules();
    if profile.is_one_pass() {
        return emit::emit(&document, rules, size);
    }
    let mut done = vec![0; rules.len()];
    let has = |stage| rules.iter().any(|rule| rule.action().stage() == stage);
    strip::strip(&mut document, rules, &mut done);
    if has(Stage::ResolveIndex) {
        indices::resolve(&mut document, rules, &mut done);
    }
    if has(Stage::Alias) {
        aliases::replace(&mut document, rules, &mut done);
    }
    if has(Stage::RootMap) && !roots.is_empty() {
        roots::map(&mut document, rules, roots, &mut done);
    }
    if has(Stage::Relabel) {
        relabel::relabel(&mut document, rules, &mut done);
    }
    let mut emitted = emit::emit(&document, rules, size);
    for ((rule, done), written) in rules.iter().zip(done).zip(&mut emitted.done) {
        // What is dropped or masked by now was counted when it was.
        if !matches!(rule.action(), Action::Set { .. }) {
            *written = done;
        }
    }
    emitted
}

/// Replaces aliases and roots alone and writes all else as it was; nothing where there is none to replace.
pub(super) fn apply_names(profile: &Profile, roots: &Roots, mut document: Value<'_>, size: usize) -> Option<Vec<u8>> {
    let rules = profile.rules();
    let mut done = vec![0; rules.len()];
    aliases::replace(&mut document, rules, &mut done);
    roots::map(&mut document, rules, roots, &mut done);
    (done.iter().sum::<u64>() > 0).then(|| emit::emit(&document, &[], size).bytes)
}

/// Gives the members of an object the names that `rename` has for them, and puts them in order again. Where two would
/// have one name, all keep theirs: nothing may vanish.
fn rename_members(members: &mut [Member<'_>], rename: impl Fn(&str) -> Option<String>) -> u64 {
    let names: Vec<Option<String>> = members.iter().map(|member| rename(&member.name)).collect();
    let renamed = names.iter().flatten().count();
    if renamed == 0 {
        return 0;
    }
    let mut after: Vec<&str> =
        members.iter().zip(&names).map(|(member, name)| name.as_deref().unwrap_or(&member.name)).collect();
    after.sort_unstable();
    if after.windows(2).any(|pair| pair[0] == pair[1]) {
        return 0;
    }
    for (member, name) in members.iter_mut().zip(names) {
        if let Some(name) = name {
            member.name = name.into();
        }
    }
    members.sort_by(|a, b| utf16_order(&a.name, &b.name));
    renamed as u64
}

/// Replaces texts and members' names at and below `value`; returns how many.
fn rewrite(value: &mut Value<'_>, replaced: &impl Fn(&str) -> Option<String>) -> u64 {
    match value {
        Value::String(text) => match replaced(text) {
            None => 0,
            Some(new) => {
                *text = new.into();
                1
            }
        },
        Value::Array(items) => items.iter_mut().map(|item| rewrite(item, replaced)).sum(),
        Value::Object(members) => {
            let below: u64 = members.iter_mut().map(|member| rewrite(&mut member.value, replaced)).sum();
            below + rename_members(members, replaced)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
