//! The base of a change: whose rules and recordings count when a checkout is judged, and what the checkout changes of them.
//!
//! - [`commit`]: which commit is the base
//! - [`moved`]: in which folder the base has what is judged
//! - [`listing`]: files of a commit and of the checkout, by digest
//! - [`snapshot`]: configuration, cases, canaries and store of one commit
//! - [`checkout`]: cases and canaries of the files on disk
//! - [`committed`]: the same of what a pull request has committed, which is what will be merged
//! - [`write_out`]: folders of the base, written where a run can read them
//! - [`case_changes`], [`canary_changes`]: what a change of a folder does to what gates can see
//! - [`store_changes`]: what a change of the fixture store does to them
//! - [`items`]: all of them, held against each other
//! - [`approved`]: approvals of the base and of the checkout
//! - [`past`], [`taken_back`]: what stood on the base before, and which approvals are used up by it
//! - [`without`]: approvals of a run that has no base
//! - [`prepare`](mod@prepare): all of this, before anything of the checkout is run
//!
//! Invariants: what the base has is run as the base has it; identity is an id and a content, never a path; what cannot be read of the
//! base is an error, and never a reason to take the checkout's word. Absent: what a gate makes of a change.

pub mod approved;
pub mod canary_changes;
pub mod case_changes;
pub mod checkout;
pub mod commit;
pub mod committed;
pub mod error;
pub mod finding;
pub mod items;
pub mod listing;
pub mod moved;
pub mod past;
pub mod prepare;
pub mod reverts;
pub mod review_file;
pub mod snapshot;
pub mod store_changes;
pub mod taken_back;
pub mod without;
pub mod write_out;
