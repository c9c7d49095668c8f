//! The built-in reference scanner: an inventory and an OSV feed in, findings out.
//!
//! ```text
//! OSV records ─▶ feed (index, aliases folded) ─┐
//! packages ────────────────────────────────────┼─▶ scan ─▶ findings, VEX, evidence, notes
//! call graph ──────────────────────────────────┘
//! ```
//!
//! It is small and honest, and no rival to the scanners that are replayed: what it cannot order, match or
//! decide it says aloud in the scan's notes and never guesses.
//!
//! Invariants: the output depends on what the inputs hold, never on their order; nothing foreign panics it.
//! Absent: reading packages (see [`crate::format`]), fetching feeds, policies.

mod alias;
pub mod callgraph;
pub mod feed;
pub mod gaps;
mod matching;
pub mod reachability;
pub mod scan;
pub mod version;
pub mod vex;
