//! The sandbox against real programs: what they see, what they cannot reach, and that nothing of them is left.
//!
//! Each test of isolation says so and ends where this machine refuses namespaces.
#![cfg(target_os = "linux")]

mod degraded;
mod endings;
mod escapes;
mod first_process;
mod hostile;
mod image;
mod leaks;
mod limits;
mod network;
mod probes;
mod repeat;
mod telltales;
mod waits;
mod walls;
mod writes;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use stella::model::result::Isolation;
use stella::sandbox::level::require;
use stella::sandbox::run::{Ending, Finished, probe_strictest, run, run_at_most};
use stella::sandbox::spec::{Clock, HostRoot, SandboxSpec};
use stella::sandbox::validated::Argv;

/// Each as a ceiling: a machine that refuses one reaches the next.
const LEVELS: [Isolation; 4] = [Isolation::Full, Isolation::Traced, Isolation::Isolated, Isolation::None];

/// After what time a program or a wait hangs and is not merely slow. A run keeps to one processor, and one of many threads beside
/// compilers was seen to take fifteen times as long as alone.
const HANGS: Duration = Duration::from_secs(300);

/// The helper of this build, or the copy that another user can reach.
fn helper() -> &'static Path {
    static HELPER: LazyLock<PathBuf> = LazyLock::new(|| {
        std::env::var_os("STELLA_TEST_HELPER")
            .map_or_else(|| env!("CARGO_BIN_EXE_stella-sandbox").into(), PathBuf::from)
    });
    &HELPER
}

fn spec(argv: &[&str]) -> SandboxSpec {
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let mut spec = SandboxSpec::new(Argv::new(argv.iter().copied()).unwrap(), Clock::Frozen(now));
    spec.limits.wall = HANGS;
    spec
}

/// A folder of the machine that is shown.
fn root(folder: &Path) -> HostRoot {
    HostRoot::try_from(folder.to_str().unwrap().to_owned()).unwrap()
}

fn shell(script: &str) -> SandboxSpec {
    spec(&["/bin/sh", "-c", script])
}

fn out(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.stdout).into_owned()
}

/// Runs with a limit on time that is multiplied by four until the program has come as far as it is to, for how far it comes
/// within a time is the machine's load; up to some minutes.
fn within(spec: &mut SandboxSpec, ceiling: Isolation, wall: Duration, came: impl Fn(&Finished) -> bool) -> Finished {
    spec.limits.wall = wall;
    loop {
        let finished = run_at_most(spec, helper(), ceiling).unwrap();
        if came(&finished) {
            return finished;
        }
        spec.limits.wall *= 4;
        assert!(spec.limits.wall < Duration::from_secs(240), "{ceiling:?} {:?}: {}", finished.ending, out(&finished));
    }
}

/// Waits until something is so.
fn until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < HANGS, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Runs to a good end and returns what was printed.
fn printed(spec: &SandboxSpec) -> String {
    let finished = run(spec, helper()).unwrap();
    assert_eq!(finished.ending, Ending::Code(0), "{}{}", out(&finished), String::from_utf8_lossy(&finished.stderr));
    out(&finished)
}

fn is_lost(finished: &Finished, subject: &str) -> bool {
    finished.lost.iter().any(|lost| lost.starts_with(&format!("{subject}:")))
}

/// Whether the run had a file system, and all else that namespaces give, of its own.
fn has_namespaces(finished: &Finished) -> bool {
    matches!(finished.level, Isolation::Full | Isolation::Isolated)
}

/// Whether this machine gives namespaces; says why not.
fn isolates(test: &str) -> bool {
    let reached = probe_strictest(helper()).unwrap();
    let isolates = matches!(reached.level, Isolation::Full | Isolation::Isolated);
    if !isolates {
        // Set where the machine is known to isolate, so that a defect cannot pass for a lack.
        assert!(std::env::var_os("STELLA_TEST_ISOLATION").is_none(), "{test}: {reached:?}");
        eprintln!("skipped {test}: {}", reached.lost.join("; "));
    }
    isolates
}

fn python() -> Option<&'static str> {
    let found = ["/usr/bin/python3", "/bin/python3"].into_iter().find(|path| Path::new(path).exists());
    if found.is_none() {
        eprintln!("skipped: no system python3");
    }
    found
}

/// Processes of this machine whose arguments hold `mark`.
fn alive(mark: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let arguments = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    arguments.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " ")).filter(|a| a.contains(mark)).collect()
}

/// A number that no other process has among its arguments.
fn mark(test: u32) -> String {
    format!("31{test}{:07}", std::process::id())
}

/// Whether this machine isolates and traces; says why not.
fn traces(test: &str) -> bool {
    let reached = probe_strictest(helper()).unwrap();
    let traces = require(&reached, Isolation::Full).is_ok();
    if !traces {
        assert!(std::env::var_os("STELLA_TEST_ISOLATION").is_none(), "{test}: {reached:?}");
        eprintln!("skipped {test}: {}", reached.lost.join("; "));
    }
    traces
}
