//! The reference way: a document is read into a tree, rules are applied to it as a whole, and it is written.
//!
//! ```text
//! own links ─▶ roots ─▶ drop, mask ─▶ positions ─▶ aliases ─▶ random ids ─▶ (written: sets in order, RFC 8785)
//! ```
//!
//! The order matters: a path within the input must not be masked as one of the machine; an id is named after what it stands for, so nothing volatile may be left in that; and a set is
//! ordered by bytes, so ids must have their names by then.
//!
//! Invariants: each step takes time linear in the document, but for sorting; each changes nothing in a document that
//! went through it already; a step that has nothing to do changes nothing.

use crate::canonical::document::emit::Emitted;
use crate::canonical::document::value::Value;
use crate::canonical::rule::{self, Action, Rule, Stage};

pub(super) mod emit;
pub(super) mod parse;
pub(super) mod value;

mod aliases;
mod drop_and_mask;
mod indices;
mod marked;
mod own_links;
mod relabel;
mod rewrite;
mod roots;

#[cfg(test)]
mod properties;

pub(super) use indices::below;
pub use roots::{InvalidRoot, Roots};

/// Applies `rules` to `document` and writes it; `size` is a guess at the result's.
pub(super) fn apply(rules: &[Rule], roots: &Roots, mut document: Value<'_>, size: usize) -> Emitted {
    if rule::are_one_pass(rules) {
        return emit::emit(&document, rules, size);
    }
    let mut done = vec![0; rules.len()];
    let has = |stage| rules.iter().any(|rule| rule.action().stage() == stage);
    // First: the address of the document is itself volatile, and dropped.
    if has(Stage::OwnLink) {
        own_links::shorten(&mut document, rules, &mut done);
    }
    if has(Stage::RootMap) && !roots.is_empty() {
        roots::map(&mut document, rules, roots, &mut done);
    }
    drop_and_mask::drop_and_mask(&mut document, rules, &mut done);
    if has(Stage::ResolveIndex) {
        indices::resolve(&mut document, rules, &mut done);
    }
    if has(Stage::Alias) {
        aliases::replace(&mut document, rules, &mut done);
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

/// Replaces roots and aliases alone and writes all else as it was; nothing where there is none to replace.
pub(super) fn apply_names(rules: &[Rule], roots: &Roots, mut document: Value<'_>, size: usize) -> Option<Vec<u8>> {
    let mut done = vec![0; rules.len()];
    roots::map(&mut document, rules, roots, &mut done);
    aliases::replace(&mut document, rules, &mut done);
    (done.iter().sum::<u64>() > 0).then(|| emit::emit(&document, &[], size).bytes)
}
