//! Scores that cannot flatter: windows, buckets, intervals, and the gates that judge them.
//!
//! | module | holds |
//! |---|---|
//! | [`history`] | one record per replay, merged from any number of files |
//! | [`window`] | a stretch of time, and the weeks before its end |
//! | [`sample`] | records counted: replays, and distinct manifests |
//! | [`windowed`] | the score of one window: overall, by bucket, week over week |
//! | [`rules`] | every number that a gate uses, with its default |
//! | [`gate`] | the verdict, with every reason |
//!
//! Invariants: the result depends on the records and never on their order or on how they were spread over files; the two
//! questions (*did I break it*, *is it repeatable*) are never added up; what could not be compared stands beside a rate and
//! never in it. Absent: files (see [`crate::flow`]), words (see [`crate::report`]), and the reading
//! of approvals (see [`crate::config::approvals`]).

pub mod gate;
pub mod history;
pub mod rules;
pub mod sample;
pub mod window;
pub mod windowed;

#[cfg(test)]
pub(crate) mod arbitrary;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod worked_examples;
