//! The table of system calls in `docs/sandbox-calls.md`, made from the filter as the kernel runs it: each rule is tried with
//! arguments that it means, at each level, and what comes out stands there.

use std::fmt::Write;

use jiff::Timestamp;

use crate::sandbox::linux::arch::{Call, NUMBERING};
use crate::sandbox::linux::filter::program::{assemble, run, value};
use crate::sandbox::linux::filter::rule::{Action, ByNumber, ObservedCall, Rule, When};
use crate::sandbox::linux::filter::rules::{Purpose, rules};
use crate::sandbox::spec::{Clock, SandboxSpec};
use crate::sandbox::validated::{Argv, CpuCount};

const LEVELS: [(Purpose, &str); 3] =
    [(Purpose::Full, "`full`"), (Purpose::Traced, "`traced`"), (Purpose::Isolated, "`isolated`")];

/// As a scan has it.
fn spec() -> SandboxSpec {
    let spec = SandboxSpec::new(Argv::new(["true"]).unwrap(), Clock::Frozen(Timestamp::UNIX_EPOCH));
    SandboxSpec { cpu_count: Some(CpuCount::nearest(1)), ..spec }
}

/// What the tracer does with a call that it is asked about.
fn asked(call: Call) -> &'static str {
    match call {
        Call::ClockGettime | Call::Gettimeofday | Call::Time => "answered: the run's clock",
        Call::Getrandom => "answered: from the seed",
        Call::Getdents64 => "answered: in order",
        Call::SchedGetaffinity | Call::Sysinfo | Call::Uname => "answered: as on every machine",
        Call::Mincore => "answered: all of it is in memory",
        Call::Futex
        | Call::ClockNanosleep
        | Call::TimerfdSettime
        | Call::TimerSettime
        | Call::MqTimedsend
        | Call::MqTimedreceive => "allowed, the deadline moved",
        Call::TimerCreate | Call::TimerfdCreate => "allowed, of a clock that runs",
        Call::Utimensat | Call::Utimes | Call::Utime | Call::Futimesat => "allowed, *now* is the run's clock",
        Call::Execve | Call::Execveat | Call::Chdir | Call::Open | Call::Openat => "allowed, the path seen",
        Call::Chmod | Call::Creat | Call::Fchmod | Call::Fchmodat | Call::Fchmodat2 | Call::Mknod | Call::Mknodat => {
            "allowed, those bits cleared"
        }
        Call::Getsockopt
        | Call::Setsockopt
        | Call::Socket
        | Call::Socketpair
        | Call::Connect
        | Call::Bind
        | Call::Sendto
        | Call::Sendmsg
        | Call::Sendmmsg => "judged",
        Call::Kill
        | Call::RtSigqueueinfo
        | Call::Tkill
        | Call::IoprioSet
        | Call::MigratePages
        | Call::MovePages
        | Call::Prlimit64
        | Call::SchedSetaffinity
        | Call::SchedSetattr
        | Call::SchedSetparam
        | Call::SchedSetscheduler
        | Call::Setpriority => "judged",
        _ => panic!("{call:?} is asked about and described nowhere"),
    }
}

fn errno(number: u32) -> &'static str {
    match number.cast_signed() {
        libc::EPERM => "EPERM",
        libc::EAGAIN => "EAGAIN",
        libc::EACCES => "EACCES",
        libc::ENOMEM => "ENOMEM",
        libc::ENOTTY => "ENOTTY",
        libc::EBUSY => "EBUSY",
        libc::EINVAL => "EINVAL",
        libc::ENOSYS => "ENOSYS",
        libc::EOPNOTSUPP => "EOPNOTSUPP",
        libc::EAFNOSUPPORT => "EAFNOSUPPORT",
        _ => panic!("error {number} has no name here"),
    }
}

/// In words, what the kernel does: from the value that the filter returns, and the rules for what lies behind it.
fn in_words(value: u32, action: Action) -> String {
    let data = value & libc::SECCOMP_RET_DATA;
    match (value & libc::SECCOMP_RET_ACTION_FULL, action) {
        (libc::SECCOMP_RET_ALLOW, _) => "allowed".to_owned(),
        (libc::SECCOMP_RET_ERRNO, _) if data == 0 => "answered: no effect".to_owned(),
        (libc::SECCOMP_RET_ERRNO, _) => format!("refused, {}", errno(data)),
        (libc::SECCOMP_RET_TRAP, Action::Refuse(number)) => format!("refused and noted, {}", errno(number.into())),
        (libc::SECCOMP_RET_TRACE, Action::Ask(call)) => asked(call).to_owned(),
        (value, action) => panic!("{value:#x} for {action:?}"),
    }
}

/// Arguments that `when` means and none of `before` does; `None` where there are none.
fn example(when: When, before: &[&Rule]) -> Option<[u64; 6]> {
    let (at, value) = match when {
        When::Always => (0, 0),
        When::Is(at, value) | When::Masked(at, _, value) => (at, value),
        When::Has(at, bits) | When::Both((at, bits), _) => (at, 1 << bits.trailing_zeros()),
        When::IsGiven((at, value), _) | When::IsGivenBoth((at, value), ..) => (at, value),
        When::Given(at) => (at, 1),
    };
    // The others may be what a rule before means.
    let beside = |others: u64| {
        let mut arguments = [others; 6];
        arguments[at as usize] = value.into();
        if let When::Both(_, (at, bits)) = when {
            arguments[at as usize] = 1 << bits.trailing_zeros();
        }
        if let When::IsGiven(_, at) | When::IsGivenBoth(_, at, _) = when {
            arguments[at as usize] = 1;
        }
        if let When::IsGivenBoth(.., at) = when {
            arguments[at as usize] = 1;
        }
        arguments
    };
    let tried = if when == When::Always { vec![[0; 6], [0x100; 6], [u64::MAX; 6]] } else { vec![beside(0), beside(1)] };
    tried.into_iter().find(|arguments| !before.iter().any(|rule| rule.when.applies(arguments)))
}

/// What becomes of `call` at a level.
fn cell(call: Call, purpose: Purpose) -> Option<String> {
    let rules = rules(&spec(), purpose);
    let compiled = ByNumber::new(&NUMBERING, &rules);
    let program = assemble(&compiled, purpose != Purpose::Isolated);
    let number = (NUMBERING.of)(call)?;
    let tried = |arguments| {
        let seen = ObservedCall { architecture: NUMBERING.audit, number, arguments };
        let (found, action) = compiled.decide(seen);
        assert_eq!(found, Some(call));
        (action, in_words(run(&program, seen).unwrap(), action))
    };
    let own: Vec<&Rule> = rules.iter().filter(|rule| rule.call == call).collect();
    let mut parts: Vec<(Vec<&str>, String)> = Vec::new();
    for (index, rule) in own.iter().enumerate() {
        let arguments = example(rule.when, &own[..index]);
        let (action, words) = tried(arguments.unwrap_or_else(|| panic!("`{}` is never reached", rule.name())));
        assert_eq!(action, rule.action, "{}", rule.name());
        match parts.iter_mut().find(|(_, known)| *known == words) {
            Some((labels, _)) => labels.push(rule.label()),
            None => parts.push((vec![rule.label()], words)),
        }
    }
    if let Some(arguments) = example(When::Always, &own) {
        let (_, words) = tried(arguments);
        match parts.iter_mut().find(|(_, known)| *known == words) {
            Some((labels, _)) => labels.push("others"),
            None => parts.push((vec!["others"], words)),
        }
    }
    Some(match parts.as_slice() {
        [(_, words)] => words.clone(),
        parts => {
            let parts: Vec<_> = parts.iter().map(|(labels, words)| format!("{}: {words}", labels.join(", "))).collect();
            parts.join("; ")
        }
    })
}

fn page() -> String {
    let mut page = String::from(
        "# System calls\n\n\
         What becomes of each system call at each level of the [sandbox](sandbox.md), with the options of a scan. Made from the \
         filter that the kernel runs, by `make bless`; a test compares it. At `none` every call is allowed.\n\n\
         *Refused and noted*: the kernel refuses it, whatever filters the program has beside, and the attempt is in the \
         ledger. *Refused*: as before, but not seen, since C libraries try it on their own. *Judged*: the tracer looks at \
         the arguments. A call that stands nowhere here, as those of newer kernels and of other calling conventions (32 bits, \
         x32), is answered with `ENOSYS` at each of these levels.\n\n\
         | call | `full` | `traced` | `isolated` |\n|---|---|---|---|\n",
    );
    let mut free = Vec::new();
    for call in Call::ALL {
        let cells: Vec<_> = LEVELS.iter().filter_map(|(purpose, _)| cell(*call, *purpose)).collect();
        match cells.as_slice() {
            [] => {}
            cells if cells.iter().all(|cell| cell == "allowed") => free.push(format!("`{}`", call.name())),
            cells => writeln!(page, "| `{}` | {} |", call.name(), cells.join(" | ")).unwrap(),
        }
    }
    write!(page, "\nAllowed at every level, without a rule:\n{}.\n", free.join(", ")).unwrap();
    page
}

#[test]
fn the_page_of_calls_says_what_the_filter_does() {
    // The page is of the calls that this processor has.
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sandbox-calls.md");
    let made = page();
    if std::env::var_os("STELLA_BLESS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == made, "{path} is stale: `make bless` makes it anew");
}

/// What the kernel does is what the tracer decides, for every rule and every number, known or not.
#[test]
fn every_call_is_decided_alike_at_every_level() {
    for (purpose, name) in LEVELS {
        let rules = rules(&spec(), purpose);
        let compiled = ByNumber::new(&NUMBERING, &rules);
        let traced = purpose != Purpose::Isolated;
        let program = assemble(&compiled, traced);
        let known = |number| Call::ALL.iter().any(|call| (NUMBERING.of)(*call) == Some(number));
        for number in 0..600 {
            for arguments in rules.iter().filter_map(|rule| example(rule.when, &[])).chain([[0; 6], [u64::MAX; 6]]) {
                let seen = ObservedCall { architecture: NUMBERING.audit, number, arguments };
                let (call, action) = compiled.decide(seen);
                assert_eq!(call.is_some(), known(number), "{name} {number}");
                assert_eq!(run(&program, seen), Some(value(action, traced)), "{name} {number} {arguments:?}");
            }
        }
    }
}
