//! Programs that use too much are ended, with all that they started, and it is said why.

use std::time::{Duration, Instant};

use stella::model::result::Isolation;
use stella::sandbox::ledger::Entry;
use stella::sandbox::run::{Ending, Reason, run_at_most};

use super::{alive, helper, isolates, mark, out, python, shell, spec};

const WITH_NAMESPACES: [Isolation; 2] = [Isolation::Full, Isolation::Isolated];

#[test]
fn a_fork_bomb_is_ended() {
    if !isolates("a_fork_bomb_is_ended") {
        return;
    }
    for (number, ceiling) in (400..).zip(WITH_NAMESPACES) {
        let mark = mark(number);
        let mut spec = shell(&format!("while :; do sleep {mark} & done"));
        spec.limits.processes = 60;
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        let by_shell = out(&finished).is_empty() && finished.ending != Ending::Code(0);
        assert!(finished.ending == Ending::Killed(Reason::TooManyProcesses) || by_shell, "{:?}", finished.ending);
        assert_eq!(alive(&mark), [] as [String; 0], "{ceiling:?}");
    }
}

#[test]
fn memory_is_limited_in_sum() {
    let (true, Some(python)) = (isolates("memory_is_limited_in_sum"), python()) else { return };
    let script = "import os, time\n\
                  for _ in range(3): os.fork()\n\
                  x = bytearray(60 << 20); time.sleep(20); print('HAD')";
    for ceiling in WITH_NAMESPACES {
        let mut spec = spec(&[python, "-c", script]);
        spec.limits.memory_bytes = 200 << 20;
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        assert_eq!(finished.ending, Ending::Killed(Reason::OutOfMemory), "{ceiling:?}");
        assert_eq!(out(&finished), "");
        let peak = finished.ledger.entries.iter().find_map(|entry| match entry {
            Entry::End { peak_memory_bytes, .. } => Some(*peak_memory_bytes),
            _ => None,
        });
        assert!(peak.is_some_and(|peak| peak > 200 << 20), "{peak:?}");
    }
}

#[test]
fn a_daemon_that_ignores_every_signal_ends_with_the_run() {
    if !isolates("a_daemon_that_ignores_every_signal") {
        return;
    }
    for (number, ceiling) in (410..).zip(WITH_NAMESPACES) {
        let mark = mark(number);
        let daemon = format!("trap \"\" TERM HUP INT QUIT USR1; while :; do sleep {mark}; done");
        let spec = shell(&format!("(setsid sh -c '{daemon}' </dev/null >/dev/null 2>&1 &); sleep 0.3; echo gone"));
        let began = Instant::now();
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        assert_eq!((finished.ending, out(&finished).as_str()), (Ending::Code(0), "gone\n"));
        assert!(began.elapsed() < Duration::from_secs(20));
        assert_eq!(alive(&mark), [] as [String; 0], "{ceiling:?}");
    }
}

#[test]
fn a_program_that_spins_on_the_clock_is_timed_out_and_counted() {
    let (true, Some(python)) = (super::traces("a_program_that_spins_on_the_clock"), python()) else { return };
    let mut spec = spec(&[python, "-c", "import time\nwhile time.time() < 2e9: pass"]);
    // An emulated machine may take seconds to start Python.
    spec.limits.wall = Duration::from_secs(if cfg!(target_arch = "aarch64") { 40 } else { 8 });
    let finished = run_at_most(&spec, helper(), Isolation::Full).unwrap();
    assert_eq!(finished.ending, Ending::Killed(Reason::TimedOut));
    // Without the helper's own report the ledger is empty: the helper heard that the run is due, and was not killed itself.
    let reads = finished.ledger.entries.iter().find_map(|entry| match entry {
        Entry::Clock { reads, .. } => Some(*reads),
        _ => None,
    });
    assert!(reads.is_some_and(|reads| reads > 100), "{reads:?}");
}
