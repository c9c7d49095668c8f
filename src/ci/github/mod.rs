//! GitHub, by its REST API.
//!
//! | file | for |
//! |---|---|
//! | [`access`], [`api`] | how it is asked, and when again |
//! | [`event`], [`other_run`], [`pull_head`] | what a run is about |
//! | [`sticky_comment`], [`status`], [`check_run`], [`issue`] | what is written |
//! | [`reviews`] | who approved |
//! | [`step_inputs`] | what a workflow gives to our action |
//!
//! Invariants: whoever calls brings the door to the network; what comes through it is bounded there and strict here: small types of our
//! own, which take no more of an answer than is used.

pub mod access;
pub mod api;
pub mod check_run;
pub mod event;
pub mod issue;
pub mod other_run;
pub mod pull_head;
pub mod reviews;
pub mod status;
pub mod step_inputs;
pub mod sticky_comment;
pub mod written;
