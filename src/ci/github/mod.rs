//! GitHub, by its REST API.
//!
//! | file | for |
//! |---|---|
//! | [`access`] | how it is asked |
//! | [`event`], [`other_run`] | what a run is about |
//! | [`status`], [`check_run`], [`issue`] | what is written, beside the [comment](crate::ci::sticky_comment) |
//! | [`reviews`] | who approved |
//! | [`step_inputs`] | what a workflow gives to our action |
//!
//! Invariants: whoever calls brings the door to the network; what comes through it is bounded there and strict here: small types of our
//! own, which take no more of an answer than is used.

pub mod access;
pub mod check_run;
pub mod event;
pub mod issue;
pub mod other_run;
pub mod reviews;
pub mod status;
pub mod step_inputs;
