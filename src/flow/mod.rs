//! The flow: from a scan to a manifest, from a manifest to a result, from many results to a verdict.
//!
//! - [`record`](mod@record): a scan is executed → a manifest, and a manifest → a scan again
//! - [`mod@replay`]: a scan and what is expected of it → one result, seen twice where it differs
//! - [`experiment`]: replays with something changed → the cause of each change
//! - [`suite`]: a repository → many replays
//! - [`publish`]: what another job has left → what people are shown
//! - [`attest`]: a result and files → signed statements' content, and what of it is expected
//! - [`mod@history`]: what was replayed before
//!
//! Each room uses those above it in this list, never the reverse. Invariants: what goes wrong in one replay stays in its
//! result; nothing here prints or exits.

pub mod attest;
pub mod experiment;
pub mod history;
pub mod publish;
pub mod record;
pub mod replay;
pub mod schema;
pub mod suite;
