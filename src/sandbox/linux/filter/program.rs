//! Rules to classic BPF: `linux/filter.h`, `linux/seccomp.h`.

use std::mem::offset_of;

use crate::sandbox::linux::filter::rule::{Action, ByNumber, OfCall, UNKNOWN, When};

/// `struct sock_filter`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox::linux) struct Instruction {
    code: u16,
    if_true: u8,
    if_false: u8,
    value: u32,
}

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const IF_BITS: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

const NUMBER: u32 = offset_of!(libc::seccomp_data, nr) as u32;
const ARCHITECTURE: u32 = offset_of!(libc::seccomp_data, arch) as u32;
const ARGUMENTS: u32 = offset_of!(libc::seccomp_data, args) as u32;

/// What a signal of this filter carries, so that it is told from one of a program's own filter. Not a secret: whoever
/// imitates it is answered with an error in place of a signal.
pub(in crate::sandbox::linux) const TRAPPED: u16 = 0x57e1;

/// The kernel's value for an action (`linux/seccomp.h`). Of several filters the lowest counts: what is trapped or
/// answered here no other filter can hand to a tracer.
pub(super) fn value(action: Action, traced: bool) -> u32 {
    let answer = |errno| libc::SECCOMP_RET_ERRNO | u32::from(errno);
    match action {
        Action::Allow => libc::SECCOMP_RET_ALLOW,
        Action::Answer(errno) => answer(errno),
        Action::Refuse(_) if traced => libc::SECCOMP_RET_TRAP | u32::from(TRAPPED),
        Action::Refuse(errno) => answer(errno),
        Action::Ask(_) => libc::SECCOMP_RET_TRACE,
    }
}

/// The program of `rules`.
///
/// A refused call becomes a signal that stops the program for its tracer, which takes the signal away and gives the
/// error; where nobody would, it is the error itself.
pub(super) fn assemble(rules: &ByNumber, traced: bool) -> Vec<Instruction> {
    // From each of these numbers on, up to the next, the same is done.
    let mut ranges: Vec<Range<'_>> = (0..).zip(rules.calls.iter().map(|known| uses_of(known.as_ref()))).collect();
    ranges.push((u32::try_from(ranges.len()).unwrap_or(u32::MAX), UNCLASSED));
    ranges.dedup_by(|later, earlier| is_same(later.1, earlier.1, traced));
    let mut program = Vec::with_capacity(USUAL);
    // Another calling convention would pass every rule by.
    program.extend([instruction(LOAD, ARCHITECTURE), jump(IF_EQUAL, 1, 0, rules.audit), give(UNKNOWN, traced)]);
    program.push(instruction(LOAD, NUMBER));
    search(&ranges, traced, &mut program);
    program
}

/// How many instructions there usually are, about.
const USUAL: usize = 1500;

/// The uses of a number that is no call.
const UNCLASSED: &[(When, Action)] = &[(When::Always, UNKNOWN)];

/// The first of some numbers with which the same is done, and what.
type Range<'a> = (u32, &'a [(When, Action)]);

fn uses_of(known: Option<&OfCall>) -> &[(When, Action)] {
    known.map_or(UNCLASSED, |(_, uses)| uses)
}

/// Whether the same becomes of both.
fn is_same(one: &[(When, Action)], other: &[(When, Action)], traced: bool) -> bool {
    let is_one = |((when, action), (its, of_it)): (&(When, Action), &(When, Action))| {
        when == its && value(*action, traced) == value(*of_it, traced)
    };
    one.len() == other.len() && one.iter().zip(other).all(is_one)
}

/// Adds the part that finds the last of `ranges` that begins at the number, which is loaded, or before.
fn search(ranges: &[Range<'_>], traced: bool, program: &mut Vec<Instruction>) {
    let (low, high) = match ranges {
        [] => return,
        [(_, uses)] => return decide_all(uses, traced, program),
        _ => ranges.split_at(ranges.len() / 2),
    };
    let first = high.first().map_or(0, |(number, _)| *number);
    let node = program.len();
    program.push(jump(IF_AT_LEAST, 0, 0, first));
    search(low, traced, program);
    // Known only now; jumps within what it passes over are by distance.
    let length = program.len() - node - 1;
    let jump = program.get_mut(node);
    match (u8::try_from(length), jump) {
        (Ok(length), Some(jump)) => jump.if_true = length,
        (Err(_), Some(jump)) => {
            jump.if_false = 1;
            program.insert(node + 1, instruction(JUMP, u32::try_from(length).unwrap_or(u32::MAX)));
        }
        (_, None) => {}
    }
    search(high, traced, program);
}

/// Adds what is done with a known number.
fn decide_all(uses: &[(When, Action)], traced: bool, program: &mut Vec<Instruction>) {
    for (when, action) in uses {
        program.extend(decide(*when, give(*action, traced)));
        if *when == When::Always {
            return;
        }
    }
    program.push(give(Action::Allow, traced));
}

fn low(argument: u32) -> Instruction {
    instruction(LOAD, ARGUMENTS + 8 * argument)
}

/// Does it where the argument is not 0: one of its halves at least.
fn given(argument: u32, then: Vec<Instruction>) -> Vec<Instruction> {
    let high = instruction(LOAD, ARGUMENTS + 8 * argument + 4);
    let head = [low(argument), jump(IF_BITS, 2, 0, u32::MAX), high, jump(IF_BITS, 0, length(&then), u32::MAX)];
    head.into_iter().chain(then).collect()
}

/// Does it where the argument is this value.
fn is(argument: u32, value: u32, then: Vec<Instruction>) -> Vec<Instruction> {
    [low(argument), jump(IF_EQUAL, 0, length(&then), value)].into_iter().chain(then).collect()
}

/// What a rule has is a few instructions.
fn length(instructions: &[Instruction]) -> u8 {
    u8::try_from(instructions.len()).unwrap_or(u8::MAX)
}

fn decide(when: When, give: Instruction) -> Vec<Instruction> {
    match when {
        When::Always => vec![give],
        When::Is(argument, value) => is(argument, value, vec![give]),
        When::Has(argument, bits) => vec![low(argument), jump(IF_BITS, 0, 1, bits), give],
        When::Masked(argument, mask, value) => {
            vec![low(argument), instruction(AND, mask), jump(IF_EQUAL, 0, 1, value), give]
        }
        When::Both((one, its), (other, bits)) => {
            vec![low(one), jump(IF_BITS, 0, 3, its), low(other), jump(IF_BITS, 0, 1, bits), give]
        }
        When::Given(argument) => given(argument, vec![give]),
        When::IsGiven((argument, value), other) => is(argument, value, given(other, vec![give])),
        When::IsGivenBoth((argument, value), one, other) => is(argument, value, given(one, given(other, vec![give]))),
    }
}

fn instruction(code: u16, value: u32) -> Instruction {
    Instruction { code, if_true: 0, if_false: 0, value }
}

fn jump(code: u16, if_true: u8, if_false: u8, value: u32) -> Instruction {
    Instruction { code, if_true, if_false, value }
}

fn give(action: Action, traced: bool) -> Instruction {
    instruction(RETURN, value(action, traced))
}

/// Runs a program as the kernel does; `None` where it would be refused or run away.
#[cfg(test)]
pub(super) fn run(program: &[Instruction], seen: super::rule::ObservedCall) -> Option<u32> {
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
            AND => {
                loaded &= value;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sandbox::linux::arch::{Call, NUMBERING};
    use crate::sandbox::linux::filter::rule::{ENOSYS, ObservedCall, Rule};

    fn whens() -> impl Strategy<Value = When> {
        prop_oneof![
            Just(When::Always),
            (0u32..6, 0u32..4).prop_map(|(argument, value)| When::Is(argument, value)),
            (0u32..6, 1u32..8).prop_map(|(argument, bits)| When::Has(argument, bits)),
            (0u32..6, 1u32..8, 0u32..8).prop_map(|(argument, mask, value)| When::Masked(argument, mask, value)),
            (0u32..6, 1u32..8, 0u32..6, 1u32..8)
                .prop_map(|(one, its, other, bits)| When::Both((one, its), (other, bits))),
            (0u32..6).prop_map(When::Given),
            (0u32..6, 0u32..4, 0u32..6).prop_map(|(argument, value, other)| When::IsGiven((argument, value), other)),
            (0u32..6, 0u32..4, 0u32..6, 0u32..6).prop_map(|(argument, value, one, other)| When::IsGivenBoth(
                (argument, value),
                one,
                other
            )),
        ]
    }

    fn actions() -> impl Strategy<Value = Action> {
        prop_oneof![
            Just(Action::Allow),
            (0u16..40).prop_map(Action::Answer),
            (1u16..40).prop_map(Action::Refuse),
            Just(Action::Ask(Call::Connect)),
            Just(Action::Ask(Call::Statx)),
        ]
    }

    proptest! {
        #[test]
        fn the_kernel_and_the_tracer_decide_alike(
            rules in prop::collection::vec((prop::sample::select(Call::ALL), whens(), actions()), 0..200),
            number in 0u32..500,
            arguments in prop::array::uniform6(prop_oneof![0u64..8, Just(1u64 << 32), any::<u64>()]),
            traced: bool,
        ) {
            let rules: Vec<_> =
                rules.into_iter().map(|(call, when, action)| Rule { call, label: "", when, action }).collect();
            let rules = ByNumber::new(&NUMBERING, &rules);
            let seen = ObservedCall { architecture: NUMBERING.audit, number, arguments };
            let (_, action) = rules.decide(seen);
            prop_assert_eq!(run(&assemble(&rules, traced), seen), Some(value(action, traced)));
        }
    }

    #[test]
    fn other_calling_conventions_and_newer_kernels_have_no_calls() {
        let rules = ByNumber::new(&NUMBERING, &[]);
        let program = assemble(&rules, true);
        let refused = Some(value(Action::Answer(ENOSYS), true));
        let seen = ObservedCall { architecture: NUMBERING.audit ^ 1, number: 1, arguments: [0; 6] };
        assert_eq!((run(&program, seen), rules.decide(seen)), (refused, (None, UNKNOWN)));
        // A gap in the table of every processor, the first number that is not classed, one of x32, and the last.
        for number in [410, 463, 0x4000_0001, u32::MAX] {
            let seen = ObservedCall { architecture: NUMBERING.audit, number, ..seen };
            assert_eq!((run(&program, seen), rules.decide(seen)), (refused, (None, UNKNOWN)), "{number}");
        }
    }

    /// What a filter returns is compared by the kernel as a signed number, and the least counts.
    #[test]
    fn what_is_refused_here_outranks_every_stop_that_a_program_can_ask_for() {
        for traced in [true, false] {
            let refused = value(Action::Refuse(1), traced).cast_signed();
            for action in [libc::SECCOMP_RET_TRACE, libc::SECCOMP_RET_USER_NOTIF, libc::SECCOMP_RET_LOG] {
                assert!(refused < action.cast_signed());
            }
        }
        assert!(value(Action::Answer(1), true).cast_signed() < libc::SECCOMP_RET_TRACE.cast_signed());
    }

    #[test]
    fn the_kernel_takes_no_longer_program() {
        for traced in [true, false] {
            let all: Vec<_> = Call::ALL
                .iter()
                .map(|call| Rule { call: *call, label: "", when: When::Given(1), action: Action::Refuse(1) })
                .collect();
            // `BPF_MAXINSNS`.
            assert!(assemble(&ByNumber::new(&NUMBERING, &all), traced).len() <= 4096);
        }
    }
}
