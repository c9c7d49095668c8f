//! Programs that use too much are ended, with all that they started, and it is said why.

use std::time::Duration;

use stella::model::result::Isolation;
use stella::sandbox::ledger::Entry;
use stella::sandbox::run::{Ending, Finished, Reason, run_at_most};

use super::{alive, helper, isolates, mark, out, python, root, shell, spec, within};

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
    let left = std::cell::RefCell::new(groups_of_nobody());
    super::until("groups are left", || {
        let now = groups_of_nobody();
        left.borrow_mut().retain(|path| now.contains(path));
        left.borrow().is_empty()
    });
}

/// Ways to hold 300 MiB that a program does not have in its memory, or hides; whether it takes a control group to count them,
/// and whether it takes System V's queues.
const HIDES: [(&str, bool, bool, &str); 6] = [
    (
        "tables of pages",
        false,
        false,
        "import mmap\nm = mmap.mmap(-1, 150 << 30, flags=mmap.MAP_PRIVATE | 0x4000, prot=mmap.PROT_READ)\nm.madvise(15)\nfor i in range(0, 150 << 30, 2 << 20): m[i]",
    ),
    (
        "messages of System V",
        false,
        true,
        "b = ctypes.create_string_buffer(b'\\1' + bytes(8191))\nheld = 0\nwhile held < 300 << 20:\n  q = c.msgget(0, 0o1600)\n  while c.msgsnd(q, b, 8184, 0o4000) == 0: held += 8184",
    ),
    (
        "buffers of sockets",
        true,
        false,
        "import socket, resource\nmost = resource.getrlimit(7)[1]; resource.setrlimit(7, (most, most))\nheld = 0; all = []\nwhile held < 300 << 20:\n  a, b = socket.socketpair(); all += [a, b]; a.setblocking(False)\n  try:\n    while True: held += a.send(bytes(65536))\n  except BlockingIOError: pass",
    ),
    (
        "a memory file of who closes itself",
        false,
        false,
        "c.prctl(4, 0, 0, 0, 0)\nfd = os.memfd_create('x')\nfor _ in range(300): os.write(fd, bytes(1 << 20))",
    ),
    (
        "memory of one whose first thread has ended",
        false,
        false,
        "import mmap, threading\ndef rest():\n  time.sleep(0.2); x = mmap.mmap(-1, 300 << 20)\n  for i in range(0, 300 << 20, 4096): x[i] = 1\n  time.sleep(30); print('HAD')\nthreading.Thread(target=rest).start(); c.syscall(NR_EXIT, 0)",
    ),
    (
        "a memory file of a thread's own table",
        false,
        false,
        "import threading\ndef rest():\n  c.unshare(0x400); fd = os.memfd_create('x')\n  for _ in range(300): os.write(fd, bytes(1 << 20))\n  time.sleep(30); print('HAD')\nthreading.Thread(target=rest).start()",
    ),
];

/// Whether all memory of a run was counted by the kernel.
fn has_group(finished: &Finished) -> bool {
    !finished.lost.iter().any(|lost| lost.contains("no control group can be had"))
}

#[test]
fn memory_counts_however_it_is_hidden() {
    let Some(python) = python() else { return };
    let exit = if cfg!(target_arch = "aarch64") { 93 } else { 60 };
    for (what, by_kernel, of_system_v, hold) in HIDES {
        let hold = hold.replace("NR_EXIT", &exit.to_string());
        let script = format!("import ctypes, os, time\nc = ctypes.CDLL(None)\n{hold}\ntime.sleep(30); print('HAD')");
        for ceiling in [Isolation::Full, Isolation::Traced, Isolation::Isolated] {
            let mut probed = spec(&["/bin/true"]);
            probed.limits.memory_bytes = 200 << 20;
            let reached = run_at_most(&probed, helper(), ceiling).unwrap();
            // Without namespaces there are no queues, and without a group nobody counts all that the kernel has.
            if reached.level == Isolation::None
                || of_system_v && reached.level == Isolation::Traced
                || by_kernel && !has_group(&reached)
            {
                continue;
            }
            let mut spec = spec(&[python, "-c", &script]);
            spec.limits.memory_bytes = 200 << 20;
            let finished = run_at_most(&spec, helper(), ceiling).unwrap();
            let said = String::from_utf8_lossy(&finished.stderr);
            assert_eq!(finished.ending, Ending::Killed(Reason::OutOfMemory), "{what} at {ceiling:?}: {said}");
            assert_eq!(out(&finished), "", "{what} at {ceiling:?}");
        }
    }
}

/// Memory that no process and no control group has in its count: of `memfd_secret` 1 GiB was had below a limit of 128 MiB where there
/// was no control group, and the pages of a store of the machine's in any case.
#[test]
fn memory_that_nobody_counts_is_not_to_be_had() {
    let Some(python) = python() else { return };
    let shmget = if cfg!(target_arch = "aarch64") { 194 } else { 29 };
    let script = format!(
        "import ctypes, errno, mmap\nc = ctypes.CDLL(None, use_errno=True)\n\
         def asked(got): return 'HAD' if got >= 0 else errno.errorcode[ctypes.get_errno()]\n\
         print(asked(c.syscall(447, 0)))\n\
         print(asked(c.memfd_create(b'x', 4)))\n\
         print(asked(c.syscall({shmget}, 0, ctypes.c_size_t(2 << 20), 0o4600)))\n\
         try: mmap.mmap(-1, 2 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000); print('HAD')\n\
         except OSError as error: print(errno.errorcode[error.errno])"
    );
    for ceiling in [Isolation::Full, Isolation::Traced, Isolation::Isolated] {
        let finished = run_at_most(&spec(&[python, "-c", &script]), helper(), ceiling).unwrap();
        let of_system_v = match finished.level {
            Isolation::None => continue,
            Isolation::Traced => "ENOSYS",
            Isolation::Full | Isolation::Isolated => "ENOMEM",
        };
        assert_eq!(out(&finished), format!("ENOSYS\nENOMEM\n{of_system_v}\nENOMEM\n"), "{ceiling:?}");
    }
}

/// Chains of processes of which each ends at once: who looks at processes finds none of them twice.
#[test]
fn memory_of_processes_that_run_from_who_counts_is_counted() {
    let Some(python) = python() else { return };
    let script = "import os, time\n\
                  def chain(n):\n  for _ in range(n):\n    if os.fork(): os._exit(0)\n\
                  for _ in range(12):\n  if os.fork() == 0:\n\
                  \x20   chain(40); fd = os.memfd_create('x')\n    for _ in range(30): os.write(fd, bytes(1 << 20))\n\
                  \x20   time.sleep(30); os._exit(0)\n\
                  time.sleep(30); print('HAD')";
    for ceiling in [Isolation::Full, Isolation::Traced, Isolation::Isolated] {
        let mut spec = spec(&[python, "-c", script]);
        spec.limits.memory_bytes = 200 << 20;
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        if finished.level != Isolation::None {
            assert_eq!(finished.ending, Ending::Killed(Reason::OutOfMemory), "{ceiling:?}: {:?}", finished.lost);
        }
    }
}

/// The kernel ends it while it is loaded: with a signal, and without an exec that a tracer would see.
#[test]
fn a_program_that_its_limit_does_not_hold_is_ended_at_once() {
    let Some(python) = python() else { return };
    for ceiling in super::LEVELS {
        let mut spec = spec(&[python, "-c", "print('HAD')"]);
        spec.limits.memory_bytes = 1 << 20;
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        assert_eq!(finished.ending, Ending::Killed(Reason::OutOfMemory), "{ceiling:?}");
        assert_eq!(out(&finished), "");
    }
}

/// A folder on a disk; writing to a file system in memory is no writing.
fn on_a_disk() -> Option<tempfile::TempDir> {
    const TMPFS: u64 = 0x0102_1994;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let found = rustix::fs::statfs(folder.path()).unwrap();
    (u64::try_from(found.f_type).ok() != Some(TMPFS)).then_some(folder)
}

#[test]
fn written_bytes_count_whoever_has_written_them() {
    let Some(python) = python() else { return };
    let each = "open(f'{at}/{i}', 'wb').write(bytes(8 << 20))";
    let ways = [
        ("who ends at once", format!("  if os.fork() == 0:\n    {each}; os._exit(0)\n  os.wait()")),
        (
            "whose parent ends before",
            format!("  if os.fork() == 0:\n    if os.fork() == 0:\n      {each}\n    os._exit(0)"),
        ),
        (
            "whom nobody waits for",
            format!("  signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n  if os.fork() == 0:\n    {each}; os._exit(0)"),
        ),
        ("who is killed", format!("  p = os.fork()\n  if p == 0:\n    {each}; time.sleep(100)\n  while not os.path.exists(f'{{at}}/{{i}}') or os.stat(f'{{at}}/{{i}}').st_size < 8 << 20: time.sleep(0.01)\n  os.kill(p, 9); os.wait()")),
        ("threads that end", format!("  t = threading.Thread(target=lambda: {each}); t.start(); t.join()")),
        (
            "what the kernel copies",
            "  m = os.memfd_create('x'); os.truncate(m, 8 << 20); f = open(f'{at}/{i}', 'wb')\n  \
             while os.sendfile(f.fileno(), m, None, 8 << 20): pass".to_owned(),
        ),
        (
            "past the cache",
            "  f = os.open(f'{at}/{i}', os.O_CREAT | os.O_WRONLY | os.O_DIRECT); b = mmap.mmap(-1, 8 << 20)\n  os.writev(f, [b])".to_owned(),
        ),
        ("mappings", "  f = open(f'{at}/{i}', 'w+b'); f.truncate(8 << 20)\n  m = mmap.mmap(f.fileno(), 8 << 20)\n  for j in range(0, 8 << 20, 4096): m[j] = 1".to_owned()),
    ];
    // Where nothing is limited nothing would end those who wait.
    let limited = |ceiling: &Isolation| {
        run_at_most(&shell("true"), helper(), *ceiling).is_ok_and(|finished| finished.level != Isolation::None)
    };
    let mut ceilings = vec![Isolation::Full, Isolation::Traced, Isolation::Isolated];
    ceilings.retain(limited);
    for (what, way) in ways {
        for ceiling in ceilings.iter().copied() {
            // A new one each time: who takes back what another has written and no disk has seen yet has written less.
            let Some(folder) = on_a_disk() else { return };
            let at = folder.path().to_str().unwrap();
            // Without a tracer what nobody waits for is lost, and said to be.
            let is_lost = what == "whom nobody waits for" && ceiling == Isolation::Isolated;
            let wait = if is_lost { 1 } else { 30 };
            let script = format!(
                "import mmap, os, signal, threading, time\nat = '{at}'\nfor i in range(8):\n{way}\n  time.sleep(0.03)\ntime.sleep({wait}); print('HAD')"
            );
            let mut spec = spec(&[python, "-c", &script]);
            spec.writable_roots.push(root(folder.path()));
            spec.limits.file_bytes = 40 << 20;
            let finished = run_at_most(&spec, helper(), ceiling).unwrap();
            let said = String::from_utf8_lossy(&finished.stderr);
            let lost = finished.level == Isolation::Isolated && what == "whom nobody waits for";
            if finished.level != Isolation::None && !lost {
                assert_eq!(finished.ending, Ending::Killed(Reason::OutputTooLarge), "{what} at {ceiling:?}: {said}");
            }
        }
    }
}

/// Blocks that are taken and not written to are in no count, so they are not to be had.
#[test]
fn no_blocks_are_taken_without_being_written() {
    let (Some(python), Some(folder)) = (python(), on_a_disk()) else { return };
    let at = folder.path().to_str().unwrap();
    let script = format!(
        "import ctypes, os, struct\nc = ctypes.CDLL(None, use_errno=True)\n\
         span = struct.pack('hxxxxxxqqii4i', 0, 0, 8 << 20, 0, 0, 0, 0, 0, 0)\n\
         requests = (0x4030580a, 0x4030580b, 0x40305824, 0x40305825, 0x40305828, 0x4030582a, 0x40305839)\nfor at in ('{at}', os.environ['TMPDIR']):\n\
         \x20 f = open(at + '/x', 'wb'); n = ctypes.c_long\n\
         \x20 tried = [(c.fallocate(f.fileno(), mode, n(0), n(8 << 20)), ctypes.get_errno()) for mode in (0, 1, 16, 17, 64)]\n\
         \x20 tried += [(c.ioctl(f.fileno(), ctypes.c_ulong(request), span), ctypes.get_errno()) for request in requests]\n\
         \x20 print(tried == [(-1, 95)] * 12, os.stat(at + '/x').st_blocks)\n\
         \x20 os.posix_fallocate(f.fileno(), 0, 1 << 20); print(os.stat(at + '/x').st_size)\n\
         \x20 f.seek(0); f.write(bytes(1 << 20)); f.flush(); print(c.fallocate(f.fileno(), 3, n(0), n(1 << 20)))"
    );
    for ceiling in [Isolation::Full, Isolation::Traced, Isolation::Isolated] {
        let mut spec = spec(&[python, "-c", &script]);
        spec.writable_roots.push(root(folder.path()));
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        if finished.level != Isolation::None {
            let said = String::from_utf8_lossy(&finished.stderr);
            assert_eq!(out(&finished), "True 0\n1048576\n0\n".repeat(2), "{ceiling:?}: {said}");
        }
        std::fs::remove_file(folder.path().join("x")).unwrap();
    }
}

/// Control groups of runs that nobody holds. One that is just being made or removed is such a one for a moment.
fn groups_of_nobody() -> Vec<std::path::PathBuf> {
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
        let daemon = format!("trap \"\" TERM HUP INT QUIT USR1; touch $TMPDIR/begun; while :; do sleep {mark}; done");
        let begun = "until test -e $TMPDIR/begun; do sleep 0.05; done";
        let spec = shell(&format!("(setsid sh -c '{daemon}' </dev/null >/dev/null 2>&1 &); {begun}; echo gone"));
        // The run has a limit on time, which would end it otherwise if it waited for the daemon.
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        assert_eq!((finished.ending, out(&finished).as_str()), (Ending::Code(0), "gone\n"));
        assert_eq!(alive(&mark), [] as [String; 0], "{ceiling:?}");
    }
}

#[test]
fn a_program_that_spins_on_the_clock_is_timed_out_and_counted() {
    let (true, Some(python)) = (super::traces("a_program_that_spins_on_the_clock"), python()) else { return };
    let mut spec = spec(&[python, "-c", "import time\nwhile time.time() < 2e9: pass"]);
    within(&mut spec, Isolation::Full, Duration::from_secs(3), |finished| {
        assert_eq!(finished.ending, Ending::Killed(Reason::TimedOut));
        // Without the helper's own report the ledger is empty: the helper heard that the run is due, and was not killed itself.
        assert_ne!(finished.ledger.entries, []);
        let reads = |entry: &Entry| matches!(entry, Entry::Clock { reads, .. } if *reads > 100);
        finished.ledger.entries.iter().any(reads)
    });
}
