//! What a comparison of two results says: how far they agree, what changed, and which way it moved.

pub mod diff;
pub mod fidelity;
pub mod movement;
