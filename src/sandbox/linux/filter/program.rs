//! Rules to classic BPF: `linux/filter.h`, `linux/seccomp.h`.

use std::collections::BTreeMap;

use crate::sandbox::linux::arch::{Call, Numbering};

/// `struct sock_filter`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox::linux) struct Instruction {
    code: u16,
    if_true: u8,
    if_false: u8,
    value: u32,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// It runs.
    Allow,
    /// It is answered with an error; 0 is success without effect.
    Answer(u16),
    /// The tracer is asked.
    Ask(Call),
}

/// Which of a call's uses a rule means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// The low half of this argument is this value.
    Is(u32, u32),
    /// The low half of this argument has one of these bits.
    Has(u32, u32),
    /// This argument is no null pointer.
    Given(u32),
}

/// A rule; of several for one call the first that applies decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) number: u32,
    pub(super) when: When,
    pub(super) action: Action,
}

const LOAD: u16 = 0x20;
const IF_EQUAL: u16 = 0x15;
const IF_AT_LEAST: u16 = 0x35;
const IF_BITS: u16 = 0x45;
const JUMP: u16 = 0x05;
const RETURN: u16 = 0x06;

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

const ENOSYS: u16 = 38;

impl Action {
    fn value(self) -> u32 {
        match self {
            Self::Allow => 0x7fff_0000,
            Self::Answer(errno) => 0x0005_0000 | u32::from(errno),
            Self::Ask(call) => 0x7ff0_0000 | u32::from(call.mark()),
        }
    }
}

/// The program of `rules`.
pub(super) fn assemble(numbering: &Numbering, rules: Vec<Rule>) -> Vec<Instruction> {
    let mut by_number: BTreeMap<u32, Vec<(When, Action)>> = BTreeMap::new();
    for Rule { number, when, action } in rules {
        by_number.entry(number).or_default().push((when, action));
    }
    let calls: Vec<_> = by_number.into_iter().collect();
    // Another calling convention would pass every rule by.
    let mut program = vec![
        instruction(LOAD, ARCHITECTURE),
        jump(IF_EQUAL, 1, 0, numbering.audit),
        give(Action::Answer(ENOSYS)),
        instruction(LOAD, NUMBER),
        jump(IF_AT_LEAST, 0, 1, numbering.unknown_from),
        give(Action::Answer(ENOSYS)),
    ];
    program.extend(search(&calls));
    program
}

/// The part that finds the number, which is loaded, among `calls`.
fn search(calls: &[(u32, Vec<(When, Action)>)]) -> Vec<Instruction> {
    match calls {
        [] => vec![give(Action::Allow)],
        [(number, uses)] => {
            let mut leaf = vec![jump(IF_EQUAL, 1, 0, *number), give(Action::Allow)];
            let mut open = true;
            for (when, action) in uses {
                leaf.extend(decide(*when, *action));
                open = *when != When::Always;
            }
            if open {
                leaf.push(give(Action::Allow));
            }
            leaf
        }
        _ => {
            let (low, high) = calls.split_at(calls.len() / 2);
            let first = high.first().map_or(0, |(number, _)| *number);
            let (low, high) = (search(low), search(high));
            let mut node = match u8::try_from(low.len()) {
                Ok(length) => vec![jump(IF_AT_LEAST, length, 0, first)],
                Err(_) => {
                    let length = u32::try_from(low.len()).unwrap_or(u32::MAX);
                    vec![jump(IF_AT_LEAST, 0, 1, first), instruction(JUMP, length)]
                }
            };
            node.extend(low);
            node.extend(high);
            node
        }
    }
}

fn decide(when: When, action: Action) -> Vec<Instruction> {
    let low = |argument| instruction(LOAD, ARGUMENTS + 8 * argument);
    let high = |argument| instruction(LOAD, ARGUMENTS + 8 * argument + 4);
    match when {
        When::Always => vec![give(action)],
        When::Is(argument, value) => vec![low(argument), jump(IF_EQUAL, 0, 1, value), give(action)],
        When::Has(argument, bits) => vec![low(argument), jump(IF_BITS, 0, 1, bits), give(action)],
        When::Given(argument) => vec![
            low(argument),
            jump(IF_BITS, 2, 0, u32::MAX),
            high(argument),
            jump(IF_BITS, 0, 1, u32::MAX),
            give(action),
        ],
    }
}

fn instruction(code: u16, value: u32) -> Instruction {
    Instruction { code, if_true: 0, if_false: 0, value }
}

fn jump(code: u16, if_true: u8, if_false: u8, value: u32) -> Instruction {
    Instruction { code, if_true, if_false, value }
}

fn give(action: Action) -> Instruction {
    instruction(RETURN, action.value())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sandbox::linux::arch::NUMBERING;

    /// A call as the kernel shows it to a filter.
    #[derive(Debug, Clone, Copy)]
    struct Seen {
        architecture: u32,
        number: u32,
        arguments: [u64; 6],
    }

    /// Runs a program as the kernel does; `None` where it would be refused or run away.
    fn run(program: &[Instruction], seen: Seen) -> Option<u32> {
        let word = |offset: u32| match offset {
            NUMBER => seen.number,
            ARCHITECTURE => seen.architecture,
            _ => {
                let argument = seen.arguments[(offset as usize - 16) / 8];
                (if offset.is_multiple_of(8) { argument } else { argument >> 32 }) as u32
            }
        };
        let (mut at, mut loaded) = (0, 0);
        for _ in 0..program.len() {
            let Instruction { code, if_true, if_false, value } = *program.get(at)?;
            at += 1;
            let holds = match code {
                LOAD => {
                    loaded = word(value);
                    continue;
                }
                JUMP => {
                    at += value as usize;
                    continue;
                }
                RETURN => return Some(value),
                IF_EQUAL => loaded == value,
                IF_AT_LEAST => loaded >= value,
                IF_BITS => loaded & value != 0,
                _ => return None,
            };
            at += usize::from(if holds { if_true } else { if_false });
        }
        None
    }

    fn meant(rules: &[Rule], seen: Seen) -> Action {
        let low = |argument: u32| seen.arguments[argument as usize] as u32;
        let applies = |rule: &&Rule| {
            rule.number == seen.number
                && match rule.when {
                    When::Always => true,
                    When::Is(argument, value) => low(argument) == value,
                    When::Has(argument, bits) => low(argument) & bits != 0,
                    When::Given(argument) => seen.arguments[argument as usize] != 0,
                }
        };
        rules.iter().find(applies).map_or(Action::Allow, |rule| rule.action)
    }

    fn whens() -> impl Strategy<Value = When> {
        prop_oneof![
            Just(When::Always),
            (0u32..6, 0u32..4).prop_map(|(argument, value)| When::Is(argument, value)),
            (0u32..6, 1u32..8).prop_map(|(argument, bits)| When::Has(argument, bits)),
            (0u32..6).prop_map(When::Given),
        ]
    }

    fn actions() -> impl Strategy<Value = Action> {
        prop_oneof![
            Just(Action::Allow),
            (0u16..40).prop_map(Action::Answer),
            Just(Action::Ask(Call::Connect)),
            Just(Action::Ask(Call::Statx)),
        ]
    }

    proptest! {
        #[test]
        fn a_program_does_what_its_rules_mean(
            rules in prop::collection::vec((0u32..300, whens(), actions()), 0..200),
            number in 0u32..300,
            arguments in prop::array::uniform6(prop_oneof![0u64..8, Just(1u64 << 32)]),
        ) {
            let rules: Vec<_> = rules.into_iter().map(|(number, when, action)| Rule { number, when, action }).collect();
            let program = assemble(&NUMBERING, rules.clone());
            let seen = Seen { architecture: NUMBERING.audit, number, arguments };
            prop_assert_eq!(run(&program, seen), Some(meant(&rules, seen).value()));
        }
    }

    #[test]
    fn other_calling_conventions_and_newer_kernels_have_no_calls() {
        let program = assemble(&NUMBERING, Vec::new());
        let refused = Some(Action::Answer(ENOSYS).value());
        let seen = Seen { architecture: NUMBERING.audit ^ 1, number: 1, arguments: [0; 6] };
        assert_eq!(run(&program, seen), refused);
        for number in [NUMBERING.unknown_from, 0x4000_0001, u32::MAX] {
            assert_eq!(run(&program, Seen { architecture: NUMBERING.audit, number, ..seen }), refused);
        }
    }
}
