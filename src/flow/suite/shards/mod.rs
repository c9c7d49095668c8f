//! One run on several machines: a suite split into shards, and their results put together.
//!
//! - [`split`](mod@split): which case and canary falls to which shard
//! - [`suite`]: what is split, as a value
//! - [`common`]: what all shards of a run must have in common
//! - [`join`](mod@join): the results of shards as one run
//! - [`merge`](mod@merge): the same, judged as one run is judged
//! - [`gather`](mod@gather): what their reports hold beside the results
//!
//! Invariants: a split depends on the suite, the timings and the number of shards alone, so that every machine comes to the same; a
//! shard decides nothing of the whole; what was judged by something else is refused, and what is missing is never green.

pub mod common;
pub mod gather;
pub mod join;
pub mod merge;
pub mod split;
pub mod suite;
