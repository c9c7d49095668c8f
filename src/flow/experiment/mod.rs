//! Replays with something changed: why a result drifted, and what it is sensitive to.
//!
//! Invariants: nothing is blamed inside the noise; a verdict never becomes milder by being explained.

pub mod bisect;
pub mod chaos;
pub mod explain;
pub mod learn;
pub mod learn_request;
pub mod perturbation;
pub mod trial_cache;
pub mod trials;
