//! flow/record

pub mod contradictions;
pub mod recording;
pub mod restore;
