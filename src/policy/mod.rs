//! Policies: Rego rules that turn what was found into a [`Decision`](crate::model::decision::Decision).
//!
//! A policy is a set of `.rego` files and `data.json` files; `policies/README.md` is the contract for those who
//! write one. [`Policy::load`] compiles it once, [`Policy::decide`] asks it as often as needed.
//!
//! Invariants:
//! * A decision is a function of the policy, the [`PolicyInput`] and the instant that is passed in. What would make
//!   it anything else (randomness, network, environment, the machine's time zone) is refused when the policy is
//!   loaded, and shadowed at run time where a static look cannot tell.
//! * The input holds only fields that [`crate::compare::semantic`] compares: equal meaning gives equal decisions.
//! * A policy that fails, hangs or answers in another shape is an error, never a decision.
//!
//! What is bounded, and how: the sizes of the files and of the input are counted; evaluation stops at a time limit,
//! which is looked at between steps; the functions that a policy may call each do work in proportion to their
//! arguments (the others are not offered), so that memory cannot grow faster than the time limit lets values be
//! copied; rules may not call themselves and refer to each other at most 32 deep, and brackets nest at most 12
//! deep, which bounds the stack. There is no limit on memory as such: the engine would need an allocator of its own for it.
//!
//! Absent: where policies come from (see [`crate::bundle`]).

mod builtin_default;
mod builtins;
mod decide;
mod error;
mod input;
mod limits;
mod load;
mod static_check;
#[cfg(test)]
mod tests;

pub use builtin_default::FILES as DEFAULT_FILES;
pub use error::{EngineError, PolicyError, Site};
pub use input::PolicyInput;
pub use limits::PolicyLimits;
pub use load::Policy;
