//! Why two results differ, by experiment: which replay to run next, and what the replays that were run prove.
//!
//! ```text
//! Plan + Trials ──▶ Next::Run(cell) ──▶ (somebody replays it) ──▶ Trials ──▶ … ──▶ Next::Done(Attribution)
//! ```
//!
//! A *cell* says of every factor from which side it is taken: as recorded, or as it is now. A plan is a function of the
//! trials so far: it judges every key that changed, and where a judgement lacks a trial, that trial is what it asks for.
//!
//! Invariants: the same trials give the same question and the same answer; whatever is blamed is blamed with a bound on
//! the chance that it is false ([`noise::ALPHA`]); what cannot be told is said to be so. Absent: replays. Nothing here
//! knows how a cell is run.

pub mod budget;
pub mod cause;
pub mod cell;
pub mod judge;
pub mod noise;
pub mod observation;
pub mod plan;
mod search;
pub mod trial_run;

pub use cell::Cell;
pub use observation::{Key, Observation, TrialOutcome, Trials};
pub use plan::{Attribution, Explained, Next, Plan};
