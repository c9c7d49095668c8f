//! Canonical bytes in one pass over a document, without a tree of it.
//!
//! ```text
//! input ─▶ walker ─▶ writer ─▶ output ─▶ blocks ─▶ sink
//!           │ ▲      what is canonical already goes out in long stretches;
//!           ▼ │      members and sets are put in order when they close
//!         places: what the rules say
//! ```
//!
//! It does what [`parse`](crate::canonical::document::parse) and [`emit`](crate::canonical::document::emit) do for rules that look at one
//! place at a time; their result is the measure of it, errors included. What looks at a whole document needs them.
//!
//! Invariants: time is linear in the input but for sorting; memory is the input, or a window of it where it is read in
//! such; the output, or a block of it where it can be sent early; and what is noted for each member of the objects that
//! are open.

mod chunked;
mod early_output;
mod fault;
mod locate_array;
mod member;
mod partition;
mod reordered_output;
mod run;
mod scalar;
mod scan;
mod set;
mod states;
mod string_sort;
mod walker;
mod writer;

#[cfg(test)]
mod differential;

pub use chunked::Source;
pub(super) use early_output::BLOCK;
pub use early_output::Sink;
pub use fault::Unsuited;
pub use partition::{PartitionReader, Partitioned};
pub(super) use run::{Ending, Written, bytes, canonical_text, send, send_in_windows};
