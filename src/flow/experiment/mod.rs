//! flow/experiment

pub mod bisect;
pub mod chaos;
pub mod explain;
pub mod learn;
pub mod perturbation;
pub mod trial_cache;
pub mod trials;
