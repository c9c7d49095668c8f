//! Which calls are asked about, which are refused, and why.

use crate::sandbox::linux::arch::{Call, Numbering};
use crate::sandbox::linux::filter::program::{Action, Rule, When};
use crate::sandbox::spec::{Clock, DirectoryOrder, FileTimes, Network, Paths, SandboxSpec};

/// What stands behind the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox::linux) enum Purpose {
    /// A tracer that is asked, and namespaces.
    Full,
    /// A tracer that is asked, and no namespaces: it also denies the network.
    Traced,
    /// Namespaces alone: nobody can be asked.
    Isolated,
}

const EPERM: u16 = 1;
const EBUSY: u16 = 16;
const ENOSYS: u16 = 38;
const EAFNOSUPPORT: u16 = 97;

/// `CLONE_NEWTIME` and every other namespace; the first is an exit signal for `clone`, which takes no time namespace.
const NAMESPACES: u32 = 0x7e02_0000;
const TIME_NAMESPACE: u32 = 0x80;
const UNTRACED: u32 = 0x0080_0000;

/// Calls that could loosen the sandbox or look past it, and that no scanner needs.
const REFUSED: [Call; 23] = [
    Call::AddKey,
    Call::Bpf,
    Call::ChangeRoot,
    Call::Fsconfig,
    Call::Fsmount,
    Call::Fsopen,
    Call::Fspick,
    Call::KeyControl,
    Call::Mount,
    Call::MountSetAttributes,
    Call::MoveMount,
    Call::OpenByHandleAt,
    Call::OpenTree,
    Call::PerfEventOpen,
    Call::PivotRoot,
    Call::Ptrace,
    Call::RequestKey,
    Call::SetNamespace,
    Call::Unmount,
    Call::UserFault,
    Call::IoUringSetup,
    Call::IoUringEnter,
    Call::IoUringRegister,
];

/// Looks a name up: asked about only where every look-up is to be seen.
const LOOK_UPS: [Call; 12] = [
    Call::Access,
    Call::FaccessAt,
    Call::FaccessAt2,
    Call::LinkStat,
    Call::NewFstatAt,
    Call::Open,
    Call::OpenAt,
    Call::OpenAt2,
    Call::ReadLink,
    Call::ReadLinkAt,
    Call::Stat,
    Call::Statx,
];

/// The answer to a refused call: a program that tries another way after `ENOSYS` must be able to.
pub(in crate::sandbox::linux) fn refusal(call: Call) -> u16 {
    match call {
        Call::IoUringSetup | Call::IoUringEnter | Call::IoUringRegister | Call::UserFault | Call::Bpf => ENOSYS,
        _ => EPERM,
    }
}

/// Collects rules; a call that the processor lacks has none.
struct Rules<'a> {
    numbering: &'a Numbering,
    traced: bool,
    list: Vec<Rule>,
}

impl Rules<'_> {
    fn add(&mut self, call: Call, when: When, action: Action) {
        if let Some(number) = (self.numbering.of)(call) {
            self.list.push(Rule { number, when, action });
        }
    }

    fn ask(&mut self, call: Call, when: When) {
        self.add(call, when, Action::Ask(call));
    }

    fn answer(&mut self, call: Call, when: When, errno: u16) {
        self.add(call, when, Action::Answer(errno));
    }

    /// Refused, and seen to be where there is a tracer.
    fn refuse(&mut self, call: Call, when: When) {
        let action = if self.traced { Action::Ask(call) } else { Action::Answer(refusal(call)) };
        self.add(call, when, action);
    }
}

/// The rules of `spec`.
pub(super) fn rules(spec: &SandboxSpec, purpose: Purpose, numbering: &Numbering) -> Vec<Rule> {
    let traced = purpose != Purpose::Isolated;
    let mut rules = Rules { numbering, traced, list: Vec::new() };
    holes(&mut rules);
    families(&mut rules, spec, purpose);
    if traced {
        network(&mut rules);
        clock(&mut rules, spec);
        machine(&mut rules, spec);
        paths(&mut rules, spec);
    }
    rules.list
}

/// What would leave the sandbox, or the sight of the tracer.
fn holes(rules: &mut Rules<'_>) {
    // Its flags are in memory, out of a filter's sight. C libraries fall back to `clone`.
    rules.answer(Call::Clone3, When::Always, ENOSYS);
    rules.refuse(Call::Clone, When::Has(0, NAMESPACES | UNTRACED));
    rules.refuse(Call::Unshare, When::Has(0, NAMESPACES | TIME_NAMESPACE));
    // `SECCOMP_FILTER_FLAG_NEW_LISTENER`: a listener of the program's own would be asked before the tracer.
    rules.answer(Call::Seccomp, When::Has(1, 8), EBUSY);
    for call in REFUSED {
        rules.refuse(call, When::Always);
    }
    for call in [Call::ClockSetTime, Call::SetTimeOfDay, Call::ClockAdjTime, Call::AdjTimex] {
        rules.answer(call, When::Always, EPERM);
    }
}

/// Sockets of no other family than these: a network namespace does not keep every family away (`AF_VSOCK` reaches the
/// host of a virtual machine), and no scanner needs one.
fn families(rules: &mut Rules<'_>, spec: &SandboxSpec, purpose: Purpose) {
    const UNIX: u32 = 1;
    const INTERNET: [u32; 2] = [2, 10];
    const KERNEL: u32 = 16;
    for family in [UNIX, KERNEL] {
        rules.add(Call::Socket, When::Is(0, family), Action::Allow);
    }
    for family in INTERNET {
        // The loopback is raised for whoever is the first to ask.
        let lazily = purpose == Purpose::Full && spec.network == Network::Denied;
        let action = if lazily { Action::Ask(Call::Socket) } else { Action::Allow };
        rules.add(Call::Socket, When::Is(0, family), action);
    }
    rules.answer(Call::Socket, When::Always, EAFNOSUPPORT);
}

fn network(rules: &mut Rules<'_>) {
    rules.ask(Call::Connect, When::Always);
    rules.ask(Call::SendTo, When::Given(4));
    rules.ask(Call::SendMessage, When::Always);
    rules.ask(Call::SendMessages, When::Always);
}

fn clock(rules: &mut Rules<'_>, spec: &SandboxSpec) {
    if spec.clock == Clock::Real {
        return;
    }
    // Real, its coarse form, its alarm, and international atomic time; monotonic clocks run on.
    for clock in [0, 5, 8, 11] {
        rules.ask(Call::ClockGetTime, When::Is(0, clock));
    }
    rules.ask(Call::GetTimeOfDay, When::Always);
    rules.ask(Call::Time, When::Always);
    // Deadlines on a clock that stands would be due at once or never.
    rules.ask(Call::ClockNanosleep, When::Has(1, 1));
    // `FUTEX_CLOCK_REALTIME`; `FUTEX_LOCK_PI` and its private form have no other clock.
    rules.ask(Call::Futex, When::Has(1, 256));
    rules.ask(Call::Futex, When::Is(1, 6));
    rules.ask(Call::Futex, When::Is(1, 6 | 128));
    rules.answer(Call::FutexWaitv, When::Always, ENOSYS);
    rules.ask(Call::TimerFdSetTime, When::Has(1, 1));
    rules.ask(Call::TimerSetTime, When::Has(1, 1));
    rules.ask(Call::QueueSend, When::Given(4));
    rules.ask(Call::QueueReceive, When::Given(4));
    for call in [Call::UtimensAt, Call::Utimes, Call::Utime, Call::FutimesAt] {
        rules.ask(call, When::Always);
    }
    if spec.file_times == FileTimes::Clamped {
        for call in [Call::NewFstatAt, Call::Fstat, Call::Statx, Call::Stat, Call::LinkStat] {
            rules.ask(call, When::Always);
        }
    }
}

/// Randomness, processors, order, names.
fn machine(rules: &mut Rules<'_>, spec: &SandboxSpec) {
    rules.ask(Call::GetRandom, When::Always);
    rules.ask(Call::SystemName, When::Always);
    rules.ask(Call::SystemInfo, When::Always);
    if spec.cpu_count.is_some() {
        rules.ask(Call::GetAffinity, When::Always);
        rules.answer(Call::SetAffinity, When::Always, 0);
    }
    if spec.directory_order != DirectoryOrder::Machine {
        rules.ask(Call::GetDirectoryEntries, When::Always);
    }
}

/// Look-ups that are rare are always seen: of programs, of working directories, of files that are to be made.
fn paths(rules: &mut Rules<'_>, spec: &SandboxSpec) {
    const CREATE: u32 = 0o100;
    rules.ask(Call::Execute, When::Always);
    rules.ask(Call::ExecuteAt, When::Always);
    rules.ask(Call::ChangeDirectory, When::Always);
    match spec.paths {
        Paths::Rare => {
            rules.ask(Call::Open, When::Has(1, CREATE));
            rules.ask(Call::OpenAt, When::Has(2, CREATE));
        }
        Paths::Every => {
            for call in LOOK_UPS {
                rules.ask(call, When::Always);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::sandbox::linux::arch::NUMBERING;
    use crate::sandbox::setting::Argv;

    fn spec() -> SandboxSpec {
        SandboxSpec::new(Argv::new(["true"]).unwrap(), Clock::Frozen(Timestamp::UNIX_EPOCH))
    }

    fn asks(spec: &SandboxSpec, purpose: Purpose, call: Call) -> bool {
        let number = (NUMBERING.of)(call);
        rules(spec, purpose, &NUMBERING)
            .iter()
            .any(|rule| Some(rule.number) == number && matches!(rule.action, Action::Ask(_)))
    }

    #[test]
    fn nobody_is_asked_where_nobody_answers() {
        let asked = |rule: &Rule| matches!(rule.action, Action::Ask(_));
        assert!(!rules(&spec(), Purpose::Isolated, &NUMBERING).iter().any(asked));
        assert!(rules(&spec(), Purpose::Full, &NUMBERING).iter().any(asked));
    }

    #[test]
    fn only_what_the_spec_asks_for_costs_a_stop() {
        let call = Call::ClockGetTime;
        assert!(asks(&spec(), Purpose::Full, call));
        let real = SandboxSpec { clock: Clock::Real, ..spec() };
        assert!(!asks(&real, Purpose::Full, call));
        assert!(!asks(&spec(), Purpose::Full, Call::GetAffinity));
        assert!(asks(&SandboxSpec { cpu_count: Some(1), ..spec() }, Purpose::Full, Call::GetAffinity));
        let call = Call::GetDirectoryEntries;
        assert!(asks(&spec(), Purpose::Full, call));
        let machine = SandboxSpec { directory_order: DirectoryOrder::Machine, ..spec() };
        assert!(!asks(&machine, Purpose::Full, call));
        assert!(!asks(&spec(), Purpose::Full, Call::Statx));
        assert!(asks(&SandboxSpec { paths: Paths::Every, ..spec() }, Purpose::Full, Call::Statx));
        assert!(asks(&SandboxSpec { file_times: FileTimes::Clamped, ..spec() }, Purpose::Full, Call::Statx));
    }

    #[test]
    fn every_way_out_is_refused_at_every_level() {
        for purpose in [Purpose::Full, Purpose::Traced, Purpose::Isolated] {
            let rules = rules(&spec(), purpose, &NUMBERING);
            for call in REFUSED.into_iter().chain([Call::Clone, Call::Unshare, Call::Clone3, Call::Seccomp]) {
                let number = (NUMBERING.of)(call);
                let found = rules.iter().find(|rule| Some(rule.number) == number);
                assert!(found.is_some_and(|rule| rule.action != Action::Allow), "{purpose:?} {call:?}");
            }
        }
    }
}
