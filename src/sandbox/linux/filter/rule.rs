//! What a rule is, and what a list of them means for a call. The same list is put into the kernel ([`super::program`])
//! and asked by the tracer, so that both decide alike.

use crate::sandbox::linux::arch::{Call, Numbering};

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox::linux) enum Action {
    /// It runs.
    Allow,
    /// It is answered with an error; 0 is success without effect.
    Answer(u16),
    /// It is answered with an error, and seen to have been tried where there is a tracer.
    Refuse(u16),
    /// The tracer is asked.
    Ask(Call),
}

/// Which of a call's uses a rule means. But for what is given the low half of an argument counts: that is what the
/// kernel takes where a number is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox::linux) enum When {
    Always,
    /// This argument is this value.
    Is(u32, u32),
    /// This argument has one of these bits.
    Has(u32, u32),
    /// These bits of this argument, the first of the two, are as in the second.
    Masked(u32, u32, u32),
    /// This argument, the first of the pair, is the value beside it, and the other one is not a null pointer.
    IsGiven((u32, u32), u32),
    /// The same, and the third is not a null pointer either.
    IsGivenBoth((u32, u32), u32, u32),
    /// Both of these arguments have one of the bits beside them.
    Both((u32, u32), (u32, u32)),
    /// This argument is not a null pointer.
    Given(u32),
}

/// A rule; of several for one call the first that applies decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox::linux) struct Rule {
    pub(in crate::sandbox::linux) call: Call,
    /// Tells it from the other rules of the same call; empty where there is none.
    pub(super) label: &'static str,
    pub(super) when: When,
    pub(super) action: Action,
}

impl Rule {
    #[cfg(test)]
    pub(super) fn label(&self) -> &'static str {
        self.label
    }

    /// By this it is known, such as `clone:namespaces`: one rule for each name.
    #[cfg_attr(not(any(test, stella_weaken)), expect(dead_code, reason = "for those who list the rules"))]
    pub(in crate::sandbox::linux) fn name(&self) -> String {
        match self.label {
            "" => self.call.name().to_owned(),
            label => format!("{}:{label}", self.call.name()),
        }
    }
}

/// A call as the kernel shows it to a filter and to a tracer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox::linux) struct ObservedCall {
    /// Whose calling convention, as `AUDIT_ARCH_*`.
    pub(in crate::sandbox::linux) architecture: u32,
    pub(in crate::sandbox::linux) number: u32,
    pub(in crate::sandbox::linux) arguments: [u64; 6],
}

/// The answer to what no rule has thought of: another calling convention, and a call that is not in the table. As by a
/// kernel that lacks it.
pub(super) const UNKNOWN: Action = Action::Answer(ENOSYS);

pub(super) const ENOSYS: u16 = errno(libc::ENOSYS);

/// An error as a filter takes it: the kernel's are below 4096.
pub(super) const fn errno(number: i32) -> u16 {
    number.cast_unsigned() as u16
}

/// A call and its rules, in the order in which they are asked.
pub(super) type OfCall = (Call, Vec<(When, Action)>);

/// The rules, by the numbers of a processor.
#[derive(Debug, Clone)]
pub(super) struct ByNumber {
    pub(super) audit: u32,
    /// By its number what a call is, and its rules; `None` where no call is known by that number.
    pub(super) calls: Vec<Option<OfCall>>,
}

impl ByNumber {
    /// A rule of a call that the processor lacks has no effect.
    pub(super) fn new(numbering: &Numbering, rules: &[Rule]) -> Self {
        let place = |call: Call| (numbering.of)(call).and_then(|number| usize::try_from(number).ok());
        let last = Call::ALL.iter().filter_map(|call| place(*call)).max();
        let mut calls = vec![None; last.map_or(0, |last| last + 1)];
        for call in Call::ALL {
            if let Some(known) = place(*call).and_then(|number| calls.get_mut(number)) {
                *known = Some((*call, Vec::new()));
            }
        }
        for rule in rules {
            if let Some(Some((_, uses))) = place(rule.call).and_then(|number| calls.get_mut(number)) {
                uses.push((rule.when, rule.action));
            }
        }
        Self { audit: numbering.audit, calls }
    }

    /// What becomes of a call, and which it is.
    pub(super) fn decide(&self, seen: ObservedCall) -> (Option<Call>, Action) {
        let known = usize::try_from(seen.number).ok().and_then(|number| self.calls.get(number));
        let Some(Some((call, uses))) = known.filter(|_| seen.architecture == self.audit) else {
            return (None, UNKNOWN);
        };
        let decided = uses.iter().find(|(when, _)| when.applies(&seen.arguments));
        (Some(*call), decided.map_or(Action::Allow, |(_, action)| *action))
    }
}

impl When {
    pub(super) fn applies(self, arguments: &[u64; 6]) -> bool {
        let argument = |index: u32| usize::try_from(index).ok().and_then(|at| arguments.get(at)).copied().unwrap_or(0);
        let low = |index| argument(index) as u32;
        match self {
            Self::Always => true,
            Self::Is(index, value) => low(index) == value,
            Self::Has(index, bits) => low(index) & bits != 0,
            Self::IsGiven((index, value), other) => low(index) == value && argument(other) != 0,
            Self::IsGivenBoth((index, value), one, other) => {
                low(index) == value && argument(one) != 0 && argument(other) != 0
            }
            Self::Masked(index, mask, value) => low(index) & mask == value,
            Self::Both((one, its), (other, bits)) => low(one) & its != 0 && low(other) & bits != 0,
            Self::Given(index) => argument(index) != 0,
        }
    }
}
