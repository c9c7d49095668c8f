//! The seccomp filter of a run: which system calls stop for the tracer, which are answered at once, which run freely.
//!
//! ```text
//! rules (by call and argument) ─┬─▶ program: a search over the numbers, in classic BPF, for the kernel
//!                               └─▶ decide: the same rules, for the tracer
//! ```
//!
//! A program may put filters of its own beside this one, and the kernel takes the strictest answer of all: it cannot
//! weaken what is answered here, but it can make any call stop for the tracer, with any mark. So the tracer never
//! looks at a mark: it decides anew, by the number and the arguments, from the same rules.
//!
//! The kernel remembers for each number that it is always allowed (Linux 5.11), so a call without a rule costs nothing.
//! It finds that out by running the filter once for every number: hence the search, which starts a run faster
//! than a list.

mod call_lists;
pub(super) mod options;
mod program;
mod requests;
mod rule;
mod rules;
#[cfg(test)]
mod table;

pub(super) use program::{Instruction, TRAPPED};
pub(super) use rule::{Action, ObservedCall};
pub(super) use rules::{CORE_FILES, Purpose};

use crate::sandbox::linux::arch::{Call, NUMBERING};
use crate::sandbox::spec::SandboxSpec;

/// The rules of one run.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    traced: bool,
    rules: rule::ByNumber,
}

impl Filter {
    /// The filter for `spec` on this processor.
    pub(super) fn new(spec: &SandboxSpec, purpose: Purpose) -> Self {
        let rules = rules::rules(spec, purpose);
        Self { traced: purpose != Purpose::Isolated, rules: rule::ByNumber::new(&NUMBERING, &rules) }
    }

    /// As the kernel takes it.
    pub(super) fn program(&self) -> Vec<Instruction> {
        program::assemble(&self.rules, self.traced)
    }

    /// What becomes of a call, and which it is; `None` where it is in no table.
    pub(super) fn decide(&self, seen: ObservedCall) -> (Option<Call>, Action) {
        self.rules.decide(seen)
    }
}

/// The names of the rules that keep something from a program, for those who switch them off one by one.
#[cfg(stella_weaken)]
pub(super) fn names(spec: &SandboxSpec, purpose: Purpose) -> Vec<String> {
    let rules = rules::rules(spec, purpose);
    rules.iter().filter(|rule| rule.action != Action::Allow).map(rule::Rule::name).collect()
}
