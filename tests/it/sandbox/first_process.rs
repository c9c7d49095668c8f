//! The first process of a run, which looks at the limits and answers for the resolver, is the same user as the program, and
//! is not the program's to touch.

use std::fs;
use std::process::Command;

use stella::model::result::Isolation;
use stella::sandbox::ledger::Entry;
use stella::sandbox::run::run_at_most;

use super::{helper, out, python, spec};

const LEVELS: [Isolation; 3] = [Isolation::Full, Isolation::Traced, Isolation::Isolated];

/// Tries to limit it, to put it behind, and to stop it; then looks whether it still comes to run.
const TOUCH: &str = r"
import ctypes, os, resource, signal, time
c = ctypes.CDLL(None, use_errno=True)
first = os.getppid()
x86 = os.uname().machine == 'x86_64'
ioprio_set, tgkill = (251, 234) if x86 else (30, 131)
def tried(what, act):
    try:
        print(what, act())
    except OSError as error:
        print(what, error.errno)
def call(*arguments):
    return 0 if c.syscall(*arguments) == 0 else ctypes.get_errno()
tried('files', lambda: resource.prlimit(first, resource.RLIMIT_NOFILE, (4, 4)))
tried('core files', lambda: resource.prlimit(first, resource.RLIMIT_CORE, (0, 0)))
tried('time', lambda: resource.prlimit(first, resource.RLIMIT_CPU))
tried('rank', lambda: os.setpriority(os.PRIO_PROCESS, first, 19))
tried('rank of all', lambda: os.setpriority(os.PRIO_USER, os.getuid(), 19))
tried('schedule', lambda: os.sched_setscheduler(first, os.SCHED_IDLE, os.sched_param(0)))
tried('processors', lambda: os.sched_setaffinity(first, {0}))
tried('disk', lambda: call(ioprio_set, 1, first, 3 << 13))
tried('disk of all', lambda: call(ioprio_set, 3, os.getuid(), 3 << 13))
tried('thread', lambda: call(tgkill, first, first, signal.SIGSTOP))
tried('file', lambda: signal.pidfd_send_signal(os.pidfd_open(first), signal.SIGSTOP))
tried('kill', lambda: os.kill(first, signal.SIGSTOP))
def state():
    try:
        return open(f'/proc/{first}/stat').read().rsplit(') ')[1][0]
    except OSError:
        return '?'
states = set()
for _ in range(20):
    time.sleep(0.05)
    states.add(state())
print('awake', bool(states - {'t', 'T'}))
";

#[test]
fn nobody_touches_the_first_process() {
    let Some(python) = python() else { return };
    for ceiling in LEVELS {
        // Where nothing is kept from it, it stops who would end it: the run would last as long as it may.
        if run_at_most(&spec(&["/bin/true"]), helper(), ceiling).unwrap().level == Isolation::None {
            continue;
        }
        let finished = run_at_most(&spec(&[python, "-c", TOUCH]), helper(), ceiling).unwrap();
        let text = out(&finished);
        let said = |what: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("{ceiling:?} {what}: {text}{}", String::from_utf8_lossy(&finished.stderr)))
        };
        let limits = ["files", "core files", "time"];
        for what in limits.into_iter().chain(["rank", "rank of all", "schedule", "processors", "disk", "disk of all"]) {
            assert_eq!(said(what), libc::EPERM.to_string(), "{ceiling:?} {what}: {text}");
        }
        // With namespaces the kernel takes these signals, and nothing comes of them.
        let is_kept = !finished.lost.iter().any(|lost| lost.contains("can send them signals"));
        if finished.level == Isolation::Traced && is_kept {
            for what in ["thread", "file", "kill"] {
                assert_eq!(said(what), libc::EPERM.to_string(), "{ceiling:?} {what}: {text}");
            }
        }
        assert_eq!(said("awake"), "True", "{ceiling:?}: {text}");
    }
}

/// Where the machine hands core files to a program, only this limit keeps the memory of one that crashes from it.
#[test]
fn no_handler_of_core_files_is_called() {
    let Some(python) = python() else { return };
    // By its number, too, which at one level is the machine's and is judged. Python asks for the limit that there was in the
    // same call: it is told, or that it cannot be.
    let script = "import os, resource\nof = resource.getrlimit\ncore, files = resource.RLIMIT_CORE, resource.RLIMIT_NOFILE\n\
                  def both(pid):\n  try: print('was', resource.prlimit(pid, core, (0, 0)))\n  except OSError as e: print('was', e.errno)\n\
                  print(of(core))\nresource.setrlimit(core, (0, 0))\nprint(of(core))\n\
                  both(0)\nprint(of(core))\nboth(os.getpid())\nprint(of(core))\n\
                  resource.setrlimit(files, (64, 64))\nprint(of(files))";
    // One that whoever starts stella has set lower stays.
    let highest = rustix::process::getrlimit(rustix::process::Resource::Core).maximum.unwrap_or(u64::MAX).min(1);
    for ceiling in LEVELS {
        let finished = run_at_most(&spec(&[python, "-c", script]), helper(), ceiling).unwrap();
        if finished.level != Isolation::None {
            let limit = format!("({highest}, {highest})");
            let said = String::from_utf8_lossy(&finished.stderr);
            let was = if finished.level == Isolation::Isolated { libc::EPERM.to_string() } else { limit.clone() };
            let expected = format!("{limit}\n{limit}\nwas {was}\n{limit}\nwas {was}\n{limit}\n(64, 64)\n");
            assert_eq!(out(&finished), expected, "{ceiling:?} {said}");
        }
    }
}

/// A limit that has no effect on the run's own is refused for a process outside: it is no success, and it is in the ledger.
#[test]
fn no_process_outside_is_limited_not_even_in_its_core_files() {
    let Some(python) = python() else { return };
    let mut outside = Command::new("sleep").arg("60").spawn().unwrap();
    let limits = || fs::read_to_string(format!("/proc/{}/limits", outside.id())).unwrap();
    let before = limits();
    let script = "import resource, sys\nfor limit in (resource.RLIMIT_CORE, resource.RLIMIT_NOFILE):\n    \
                  try:\n        print(resource.prlimit(int(sys.argv[1]), limit, (0, 0)))\n    \
                  except OSError as error:\n        print(error.errno)";
    let finished = run_at_most(&spec(&[python, "-c", script, &outside.id().to_string()]), helper(), Isolation::Traced);
    let after = limits();
    outside.kill().unwrap();
    outside.wait().unwrap();
    let finished = finished.unwrap();
    if finished.level == Isolation::Traced {
        assert_eq!(out(&finished), format!("{0}\n{0}\n", libc::EPERM));
        let count = finished.ledger.entries.iter().find_map(|entry| match entry {
            Entry::Refused { call, count, .. } if call == "prlimit64" => Some(*count),
            _ => None,
        });
        assert_eq!(count, Some(2), "{:?}", finished.ledger.entries);
    }
    assert_eq!(before, after);
}
