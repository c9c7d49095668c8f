//! Renders what a run found: for terminals, for CI systems, for pull requests. For programs: [`crate::wire`].
//!
//! | module | for |
//! |---|---|
//! | [`text`] | a terminal or a CI log |
//! | [`junit`] | test viewers of CI systems |
//! | [`markdown`] | job summaries and comments |
//! | [`html`] | a page for people, and what is printed from it |
//! | [`emit`] | every form, as a list: all in which a report leaves the program |
//!
//! Invariants: everything is made from [`crate::model::result::RunResult`] (a score: from [`crate::score`]) with the words of [`phrases`] and
//! [`gate_phrases`] and the lines of [`changes`], so that no two outputs disagree; every foreign text passes [`untrusted`].
//! Absent: I/O, the clock, and any verdict of its own.

pub mod accept_phrases;
pub mod annotation;
pub mod attempt;
pub mod badge;
pub mod base_phrases;
pub mod before_phrases;
pub mod changes;
pub mod commit_status;
pub mod count;
pub mod doubt;
pub mod emit;
pub mod flip;
pub mod gate_phrases;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod origin;
pub mod phrases;
pub mod problem;
pub mod publication;
pub mod review_phrases;
pub mod showing;
pub mod standing;
pub mod text;
pub mod untrusted;

#[cfg(test)]
pub(crate) mod fixture;
