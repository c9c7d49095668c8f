//! Trees packed for keeping: archives, and feeds, policies and plain trees in them.

pub mod archive;
