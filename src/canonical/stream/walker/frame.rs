//! What is noted on the way: containers that are open, what is left out, and where reading can be taken up again.

use crate::canonical::stream::set::First;
use crate::canonical::stream::states::State;

/// A container that is open.
pub(in crate::canonical::stream) struct Frame {
    pub(in crate::canonical::stream) kind: Kind,
    /// Whether each name so far comes after the one before.
    pub(in crate::canonical::stream) ordered: bool,
    /// How often bytes of it were moved.
    pub(in crate::canonical::stream) moves: u8,
    /// The place behind its bracket.
    pub(in crate::canonical::stream) body: usize,
    /// How many members were noted before its own.
    pub(in crate::canonical::stream) first: usize,
    /// How many nodes of the reordered output were there before its own.
    pub(in crate::canonical::stream) mark: usize,
    /// Of an array: how many elements are read.
    pub(in crate::canonical::stream) index: usize,
    /// Of a set: where the element that is being read begins, where its elements are noted, and its rule.
    pub(in crate::canonical::stream) element: usize,
    pub(in crate::canonical::stream) elements: First,
    pub(in crate::canonical::stream) rule: usize,
    /// Of an object: what the rules say of it. Of an array: of its elements.
    pub(in crate::canonical::stream) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::canonical::stream) enum Kind {
    Object,
    /// An array that keeps its order.
    List,
    /// An array whose elements are put in order.
    Set,
}

/// A value that is read but not written.
pub(in crate::canonical::stream) struct Cut {
    /// How many containers are open around it.
    pub(in crate::canonical::stream) depth: usize,
    /// What was written from here on is taken back.
    pub(in crate::canonical::stream) place: usize,
    pub(in crate::canonical::stream) mark: usize,
    pub(in crate::canonical::stream) text: &'static [u8],
}

/// The safe place that was reached last.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::canonical::stream) struct Checkpoint {
    /// Where it is in the text.
    pub(in crate::canonical::stream) at: usize,
    /// How much was written until there.
    pub(in crate::canonical::stream) place: usize,
    /// How many nodes, elements and members were noted, and how many containers are open.
    pub(in crate::canonical::stream) mark: usize,
    pub(in crate::canonical::stream) elements: First,
    pub(in crate::canonical::stream) members: usize,
    pub(in crate::canonical::stream) frames: usize,
}
