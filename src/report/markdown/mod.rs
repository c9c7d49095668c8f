//! Markdown for job summaries and comments: understood in two minutes, never larger than it may be.
//!
//! Invariants: at most `budget` bytes; literal pieces are ours, everything else is escaped (see [`Md`]).
//! Too much degrades in steps (fewer rows, shorter blocks, counts alone), and what was left out is said.
//! Absent: the marker of a comment, which belongs to whoever posts it.

#[cfg(test)]
pub(crate) mod inert;
mod md;
mod page;

pub use md::Md;
pub use page::{DEFAULT_BUDGET, Lead, render, render_with};
