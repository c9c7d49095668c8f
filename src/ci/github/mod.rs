//! GitHub, by its REST API.
//!
//! Invariants: whoever calls brings the door to the network; what comes through it is bounded there and strict here.

pub mod access;
pub mod reviews;
pub mod step_inputs;
