//! Where bytes are kept.
//!
//! Absent: records of runs. Only content-addressed blobs live here.

pub mod blob;
