//! Numbers about many runs: intervals, and a generator whose numbers are the same everywhere.

pub mod split_mix;
pub mod wilson;
