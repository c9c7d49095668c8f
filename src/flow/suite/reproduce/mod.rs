//! A failing replay, run again elsewhere from nothing but what its report holds.
//!
//! - [`keep`]: what it needs, left beside the report
//! - [`again`]: the same red check, on another machine and offline
//!
//! Invariants: nothing is kept in which a secret was found; what is kept has an upper size, and what was left out is listed; what is
//! read is known by its digest or refused.

pub mod again;
pub mod keep;

/// The folder of a report with what its failing replays need.
pub const FOLDER: &str = "reproduce";

/// The list in it.
pub const LIST: &str = "reproduce.json";

/// The blobs in it.
pub const STORE: &str = "store";

/// The most replays that are kept.
pub const MAX_REPLAYS: usize = 50;

/// The most bytes of blobs that are kept, as they are stored.
pub const MAX_BYTES: u64 = 50 * 1024 * 1024;
