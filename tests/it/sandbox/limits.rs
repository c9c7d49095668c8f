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
        // The kernel may be faster than what looks at the sum, and ends at the limit.
        assert!(peak.is_some_and(|peak| peak >= 200 << 20), "{peak:?}");
    }
}

/// Ways to hold 300 MiB that are no process's own memory; what waits then is ended.
const HOLDS: [(&str, &str); 6] = [
    (
        "memory files",
        "fds = [os.memfd_create('x') for _ in range(5)]\nfor fd in fds:\n  for _ in range(60): os.write(fd, bytes(1 << 20))",
    ),
    (
        "one that is not mapped any more",
        "import mmap\nfd = os.memfd_create('x'); os.ftruncate(fd, 300 << 20)\nm = mmap.mmap(fd, 300 << 20)\nfor i in range(0, 300 << 20, 4096): m[i] = 1\nm.close()",
    ),
    ("shared mappings", "import mmap\nm = mmap.mmap(-1, 300 << 20)\nfor i in range(0, 300 << 20, 4096): m[i] = 1"),
    (
        "private file systems together",
        "for at in ('/tmp', '/var/tmp', '/dev/shm', os.environ['HOME']):\n  with open(at + '/x', 'wb') as f:\n    for _ in range(75): f.write(bytes(1 << 20))",
    ),
    (
        "shared memory of POSIX",
        "from multiprocessing.shared_memory import SharedMemory\ns = SharedMemory(create=True, size=300 << 20)\nfor i in range(0, 300 << 20, 4096): s.buf[i] = 1",
    ),
    (
        "shared memory of System V",
        "import ctypes\nc = ctypes.CDLL(None); c.shmat.restype = ctypes.c_void_p\nat = c.shmat(c.shmget(0, 300 << 20, 0o1600), None, 0)\nctypes.memset(at, 1, 300 << 20)\nc.shmdt(ctypes.c_void_p(at))",
    ),
];

#[test]
fn memory_counts_wherever_it_is_held() {
    let (true, Some(python)) = (isolates("memory_counts_wherever_it_is_held"), python()) else { return };
    for (what, hold) in HOLDS {
        let script = format!("import os, time\n{hold}\ntime.sleep(30); print('HAD')");
        for ceiling in WITH_NAMESPACES {
            let mut spec = spec(&[python, "-c", &script]);
            spec.limits.memory_bytes = 200 << 20;
            let finished = run_at_most(&spec, helper(), ceiling).unwrap();
            let said = String::from_utf8_lossy(&finished.stderr);
            assert_eq!(finished.ending, Ending::Killed(Reason::OutOfMemory), "{what} at {ceiling:?}: {said}");
            let peak = finished.ledger.entries.iter().find_map(|entry| match entry {
                Entry::End { peak_memory_bytes, .. } => Some(*peak_memory_bytes),
                _ => None,
            });
            // The kernel may be faster than what looks at the sum, and ends at the limit.
            assert!(peak.is_some_and(|peak| peak >= 200 << 20), "{what} at {ceiling:?}: {peak:?}");
        }
    }
    assert_eq!(groups_left(), [] as [std::path::PathBuf; 0]);
}

/// Control groups of runs, when all of them have ended.
fn groups_left() -> Vec<std::path::PathBuf> {
    fn list(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let name = entry.file_name();
                // Other tests run meanwhile: theirs are held.
                let nobodys = || std::fs::File::open(entry.path()).is_ok_and(|group| group.try_lock().is_ok());
                let number = name.to_str().and_then(|name| name.strip_prefix("stella-run-")?.split_once('-'));
                if number.is_some() && nobodys() {
                    found.push(entry.path());
                }
                list(&entry.path(), found);
            }
        }
    }
    let mut found = Vec::new();
    list(std::path::Path::new("/sys/fs/cgroup"), &mut found);
    found.retain(|path| path.exists());
    found
}

#[test]
fn private_folders_share_one_limit() {
    if !isolates("private_folders_share_one_limit") {
        return;
    }
    let script = "for at in /tmp /var/tmp /dev/shm $HOME; do dd if=/dev/zero of=$at/x bs=1M count=8 2>/dev/null && echo had; done";
    for ceiling in WITH_NAMESPACES {
        let mut spec = shell(script);
        spec.limits.file_bytes = 20 << 20;
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        assert_eq!(out(&finished), "had\nhad\n", "{ceiling:?}");
    }
    // Nothing of one is in sight in another, and each is as it is on any machine.
    let script =
        "touch /tmp/a /dev/shm/b /var/tmp/c; ls /tmp /dev/shm /var/tmp /run; stat -c %a /tmp /dev/shm /var/tmp";
    let seen = "/dev/shm:\nb\n\n/run:\nstella\n\n/tmp:\na\nstella\n\n/var/tmp:\nc\n1777\n1777\n1777\n";
    assert_eq!(super::printed(&shell(script)), seen);
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
