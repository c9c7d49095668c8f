//! Programs that try to get out: refused, and seen.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use stella::model::result::Isolation;
use stella::sandbox::ledger::Entry;
use stella::sandbox::run::{Ending, Finished, run_at_most};

use super::probes::{Probe, probe, spec_of};
use super::{LEVELS, helper, is_lost, isolates, out, shell, traces};
use crate::harness::write_program;

#[test]
fn every_way_out_is_refused_at_every_level_with_namespaces() {
    let (true, Some(program)) = (isolates("every_way_out_is_refused"), probe(Probe::Escape)) else { return };
    // Two lead through calls that other processors do not have.
    let ways = if cfg!(target_arch = "x86_64") { 45 } else { 43 };
    for ceiling in [Isolation::Full, Isolation::Isolated] {
        let finished = run_at_most(&spec_of(&program, &[]), helper(), ceiling).unwrap();
        let text = out(&finished);
        assert!(text.lines().count() >= ways && text.contains("first-process alive"), "{ceiling:?}: {text}");
        assert!(!text.contains(" OUT"), "{ceiling:?}: {text}");
    }
}

#[test]
fn without_namespaces_the_tracer_is_not_escaped() {
    let Some(program) = probe(Probe::Escape) else { return };
    let finished = run_at_most(&spec_of(&program, &[]), helper(), Isolation::Traced).unwrap();
    if finished.level != Isolation::Traced {
        eprintln!("skipped: {:?}", finished.lost);
        return;
    }
    let text = out(&finished);
    for way in ["clone-untraced", "clone3", "unshare-user", "seccomp-listener", "io_uring", "ptrace-me", "mount", "bpf"]
    {
        assert!(text.contains(way) && !text.contains(&format!("{way} OUT")), "{way}: {text}");
    }
}

/// Whether `program` is in the ledger with a refused `call`.
fn refused(finished: &Finished, program: &Path, call: &str) -> bool {
    finished.ledger.entries.iter().any(|entry| {
        matches!(entry, Entry::Refused { call: refused, executable, .. }
            if refused == call && program.ends_with(executable))
    })
}

/// What the filter itself refuses, by its name in the ledger.
const REFUSED: [&str; 21] = [
    "add_key",
    "bpf",
    "chroot",
    "clock_adjtime",
    "clock_settime",
    "clone",
    "fsopen",
    "io_uring_setup",
    "kcmp",
    "keyctl",
    "mount",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pidfd_getfd",
    "ptrace",
    "request_key",
    "seccomp",
    "setns",
    "unshare",
    "userfaultfd",
];

#[test]
fn attempts_are_in_the_ledger() {
    let (true, Some(program)) = (traces("attempts_are_in_the_ledger"), probe(Probe::Escape)) else { return };
    for ceiling in [Isolation::Full, Isolation::Traced] {
        let finished = run_at_most(&spec_of(&program, &[]), helper(), ceiling).unwrap();
        for call in REFUSED {
            assert!(refused(&finished, &program, call), "{ceiling:?} {call} in {:?}", finished.ledger);
        }
    }
}

/// A filter of the program's own that asks a tracer about every call, with any mark, changes nothing: what is refused stays
/// refused and is seen, what stands still stands still.
#[test]
fn a_programs_own_filter_opens_nothing() {
    let Some(program) = probe(Probe::Escape) else { return };
    for ceiling in [Isolation::Full, Isolation::Traced] {
        let without = run_at_most(&spec_of(&program, &[]), helper(), ceiling).unwrap();
        if without.level != ceiling {
            eprintln!("skipped at {ceiling:?}: {:?}", without.lost);
            continue;
        }
        for (mark, how) in [
            ("77", "seccomp"),
            ("0", "seccomp"),
            ("1", "prctl"),
            ("65535", "tsync"),
            ("22497", "child"),
            ("12", "twice"),
        ] {
            let with = run_at_most(&spec_of(&program, &[mark, how]), helper(), ceiling).unwrap();
            assert_eq!(with.ending, Ending::Code(0), "{ceiling:?} {mark} {how}: {}", out(&with));
            // A child's randomness is another.
            let seen = |finished: &Finished| {
                let text = out(finished);
                let lines = text.lines().filter(|line| how != "child" || !line.starts_with("sees "));
                lines.map(str::to_owned).collect::<Vec<_>>()
            };
            assert_eq!(seen(&with), seen(&without), "{ceiling:?} {mark} {how}");
            assert!(out(&with).contains("sees 1767323045 "), "{ceiling:?} {mark} {how}: {}", out(&with));
            for call in REFUSED {
                assert!(refused(&with, &program, call), "{ceiling:?} {mark} {how}: {call} in {:?}", with.ledger);
            }
        }
    }
    // Where nobody traces, the kernel answers such a filter with an error.
    let finished = run_at_most(&spec_of(&program, &["77", "seccomp"]), helper(), Isolation::Isolated).unwrap();
    assert!(finished.level == Isolation::None || !out(&finished).contains(" OUT"), "{}", out(&finished));
}

/// As browsers and language runtimes have them.
#[test]
fn a_programs_own_filter_works() {
    let Some(program) = probe(Probe::Filter) else { return };
    for ceiling in [Isolation::Full, Isolation::Traced, Isolation::Isolated] {
        let finished = run_at_most(&spec_of(&program, &[]), helper(), ceiling).unwrap();
        if finished.level != ceiling {
            eprintln!("skipped at {ceiling:?}: {:?}", finished.lost);
            continue;
        }
        assert_eq!(
            out(&finished),
            "keyctl -1 EPERM handled 0\ntrapped 1 code 1 getpgid\ngetsid -1 EXDEV\nclock -1 EXDEV 0\n\
             blocked keyctl -1 EPERM\nthread keyctl -1 EPERM\nignored keyctl -1 EPERM\nend\n",
            "{ceiling:?}"
        );
        assert_eq!(finished.ending, Ending::Code(0));
        assert_eq!(refused(&finished, &program, "keyctl"), ceiling != Isolation::Isolated, "{:?}", finished.ledger);
    }
}

/// More of them by hand: `STELLA_TEST_EXECS=400`.
#[test]
fn a_thread_that_executes_among_dying_threads_is_not_killed() {
    let Some(program) = probe(Probe::Exec) else { return };
    let races: usize = std::env::var("STELLA_TEST_EXECS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let modes = ["random", "plain", "clock", "pause", "fork", "refused"];
    for ceiling in LEVELS {
        for (number, mode) in modes.into_iter().enumerate() {
            let (each, executing) = ((races / modes.len()).to_string(), (1 + number % 3).to_string());
            let finished = run_at_most(&spec_of(&program, &[&each, "6", &executing, mode]), helper(), ceiling).unwrap();
            let expected = format!("well {each} failed 0 killed 0 last 0\n");
            assert_eq!(out(&finished), expected, "{ceiling:?} {mode}: {:?}", finished.ending);
        }
    }
}

/// Named regression: the program had the usual priority, and its tracer the caller's. Under `nice -n 19` threads that computed kept the
/// tracer from every processor, and the run, its time limit and the machine stood still.
#[test]
fn the_tracer_has_the_priority_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let patient = folder.path().join("helper");
    write_program(&patient, format!("#!/bin/sh\nexec nice -n 19 {} \"$@\"\n", helper().display()));
    let of = "cut -d' ' -f19 /proc/self/stat; cut -d' ' -f19 /proc/$(sed -n 's/^TracerPid:[^0-9]*//p' /proc/self/status)/stat";
    let finished = run_at_most(&shell(of), &patient, Isolation::Traced).unwrap();
    if finished.level != Isolation::Traced {
        eprintln!("skipped: {:?}", finished.lost);
        return;
    }
    let told = out(&finished);
    let (own, tracer) = told.trim_end().split_once('\n').unwrap();
    assert_eq!(own, tracer);
    assert_eq!(is_lost(&finished, "priority"), own != "0", "{:?}", finished.lost);
}

/// The caller's secrets are planted before the helper starts, as they are there for whoever starts stella.
#[test]
fn no_key_of_the_caller_can_be_read() {
    let Some(program) = probe(Probe::Keys) else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let planting = folder.path().join("helper");
    let secret = format!("secret-{}", std::process::id());
    let script = format!("#!/bin/sh\nexec {} plant {secret} {} \"$@\"\n", program.display(), helper().display());
    write_program(&planting, &script);
    for ceiling in LEVELS {
        let Ok(finished) = run_at_most(&spec_of(&program, &["steal"]), &planting, ceiling) else {
            eprintln!("skipped: no secret can be planted here");
            return;
        };
        let text = out(&finished);
        assert!(text.ends_with("end\n"), "{ceiling:?}: {text}");
        assert!(!text.contains("FOUND session"), "{ceiling:?}: {text}");
        if finished.level == Isolation::None {
            assert!(is_lost(&finished, "keys"), "{:?}", finished.lost);
        } else {
            assert!(!text.contains("FOUND"), "{ceiling:?}: {text}");
        }
    }
}
