//! To be written.

pub mod osv;
