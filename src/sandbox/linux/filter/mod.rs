//! The seccomp filter of a run: which system calls stop for the tracer, which are answered at once, which run freely.
//!
//! ```text
//! Rules (by call and argument) ──▶ program: a balanced search over the numbers, in classic BPF
//! ```
//!
//! The kernel remembers for each number that it is always allowed (Linux 5.11), so a call without a rule costs nothing.
//! It finds that out by running the filter once for every number: hence the search tree, which starts a run faster
//! than a list.

mod program;
mod rules;

pub(super) use program::Instruction;
pub(super) use rules::{Purpose, refusal};

use crate::sandbox::linux::arch::NUMBERING;
use crate::sandbox::spec::SandboxSpec;

/// The filter for `spec` on this processor.
pub(super) fn build(spec: &SandboxSpec, purpose: Purpose) -> Vec<Instruction> {
    program::assemble(&NUMBERING, rules::rules(spec, purpose, &NUMBERING))
}
