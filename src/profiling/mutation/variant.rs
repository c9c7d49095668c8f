//! A changed document.

use crate::canonical::Roots;

/// The most changes of one kind to one document; with more places, some evenly spread ones are taken.
const MOST: usize = 120;

/// A changed document, where it was changed, and what kind of change that is.
pub(super) struct Variant {
    pub(super) kind: &'static str,
    pub(super) place: String,
    /// As text, since that may be what differs.
    pub(super) text: String,
    pub(super) roots: Option<Roots>,
}

/// At most [`MOST`] of `items`, evenly spread, the first among them.
pub(super) fn some<T>(items: Vec<T>) -> Vec<T> {
    let step = items.len().div_ceil(MOST).max(1);
    items.into_iter().step_by(step).collect()
}
