//! The base of a change: whose rules and recordings count when a checkout is judged, and what the checkout changes of them.
//!
//! - [`commit`]: which commit is the base
//! - [`place`](mod@place): in which folder the base has what is judged; [`taken_away`](mod@taken_away): what else of the base is gone
//! - [`listing`]: files of a commit and of the checkout, by digest
//! - [`layout`]: where things of the checkout lie in the repository
//! - [`snapshot`]: configuration, cases, canaries and store of one commit
//! - [`checkout`]: cases and canaries of the files on disk
//! - [`committed`]: the same of what a pull request has committed, which is what will be merged
//! - [`checked_out`]: how git writes them into a checkout
//! - [`write_out`]: folders of the base, written where a run can read them
//! - [`case_changes`], [`canary_changes`]: what a change of a folder does to what gates can see
//! - [`side`]: one state of a case or canary, and what another changes of it
//! - [`store_changes`]: what a change of the fixture store does to them
//! - [`items`]: all of them, held against each other
//! - [`approved`]: approvals of the base and of the checkout
//! - [`past`](mod@past), [`taken_back`], [`standings`](mod@standings): what stood on the base before, and which approvals are used up by it
//! - [`broken`]: what is said of a base that cannot be read
//! - [`hold`]: the checkout, held against its base
//! - [`subject`]: what the base has in the place of what the checkout builds
//! - [`without`]: approvals of a run that has no base
//! - [`prepare`](mod@prepare): all of this, before anything of the checkout is run
//!
//! Invariants: what the base has is run as the base has it; identity is an id and a content, never a path; what cannot be read of the
//! base is an error, and never a reason to take the checkout's word. Absent: what a gate makes of a change.

pub mod approved;
mod broken;
pub mod canary_changes;
pub mod case_changes;
pub mod checked_out;
pub mod checkout;
pub mod commit;
pub mod committed;
pub mod error;
pub mod finding;
mod hold;
pub mod items;
pub mod layout;
pub mod listing;
pub mod past;
pub mod place;
pub mod prepare;
pub mod reverts;
pub mod review_file;
pub mod side;
pub mod snapshot;
pub mod standings;
pub mod store_changes;
pub mod subject;
pub mod taken_away;
pub mod taken_back;
pub mod without;
pub mod write_out;
