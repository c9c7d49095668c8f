//! Changes of what a gate goes by: what they are, what they do, and who answers for them.

pub mod accepted;
pub mod approval;
pub mod base;
pub mod before;
pub mod review;
