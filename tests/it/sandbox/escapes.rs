//! Programs that try to get out: refused, and seen.

use stella::model::result::Isolation;
use stella::sandbox::ledger::Entry;
use stella::sandbox::run::run_at_most;

use super::probes::{Probe, probe, spec_of};
use super::{helper, isolates, out, traces};

#[test]
fn every_way_out_is_refused_at_every_level_with_namespaces() {
    let (true, Some(program)) = (isolates("every_way_out_is_refused"), probe(Probe::Escape)) else { return };
    // Two lead through calls that other processors do not have.
    let ways = if cfg!(target_arch = "x86_64") { 38 } else { 36 };
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

#[test]
fn attempts_are_in_the_ledger() {
    let (true, Some(program)) = (traces("attempts_are_in_the_ledger"), probe(Probe::Escape)) else { return };
    let finished = run_at_most(&spec_of(&program, &[]), helper(), Isolation::Full).unwrap();
    for call in ["clone", "unshare", "setns", "ptrace", "mount", "bpf", "io_uring_setup", "keyctl"] {
        let seen = |entry: &Entry| {
            matches!(entry, Entry::Refused { call: refused, executable, .. }
                if refused == call && program.ends_with(executable))
        };
        assert!(finished.ledger.entries.iter().any(seen), "{call} in {:?}", finished.ledger);
    }
}
