//! The same spec gives the same output; one field changed is what the program sees changed.

use std::fs;

use stella::model::result::Isolation;
use stella::sandbox::run::{Ending, run, run_at_most};
use stella::sandbox::sandbox_path::INPUT;
use stella::sandbox::spec::{DirectoryOrder, Mount, SandboxSpec};
use stella::sandbox::validated::CpuCount;

use super::probes::{Probe, probe, spec_of};
use super::{helper, out, printed, python, shell, spec, traces};

const RANDOM: &str = "import os, sys, uuid, random, tempfile, secrets\n\
                      print(uuid.uuid1(), uuid.uuid4(), random.random(), hash('a'), os.urandom(4).hex(), secrets.token_hex(4))\n\
                      print(tempfile.mkdtemp(), open('/dev/urandom', 'rb').read(8).hex(), open('/proc/sys/kernel/random/boot_id').read(), flush=True)\n\
                      for child in range(2):\n\
                      \x20 if os.fork() == 0: print(child, os.urandom(4).hex(), flush=True); os._exit(0)\n\
                      \x20 os.wait()";

#[test]
fn randomness_follows_from_the_seed() {
    let (true, Some(python)) = (traces("randomness_follows_from_the_seed"), python()) else { return };
    let with = |seed| {
        let mut spec = spec(&[python, "-c", RANDOM]);
        spec.seed = seed;
        printed(&spec)
    };
    let first = with(7);
    assert_eq!(first, with(7));
    let other = with(8);
    for (a, b) in first.split_whitespace().zip(other.split_whitespace()).filter(|(a, _)| a.len() > 1) {
        assert_ne!(a, b, "{first}{other}");
    }
    let children: Vec<_> = first.lines().rev().take(2).filter_map(|line| line.split_once(' ')).collect();
    assert_ne!(children[0].1, children[1].1, "two children of one parent draw different bytes");
}

#[test]
fn node_is_repeatable() {
    if !traces("node_is_repeatable") {
        return;
    }
    let script =
        "const c = require('crypto'); console.log(c.randomUUID(), c.randomBytes(8).toString('hex'), Math.random())";
    let spec = spec(&["node", "-e", script]);
    let first = match run(&spec, helper()) {
        Ok(first) => out(&first),
        Err(missing) => {
            eprintln!("skipped: no node ({missing})");
            return;
        }
    };
    assert_eq!(first, printed(&spec));
}

#[test]
fn every_runtime_sees_the_processors_of_the_spec() {
    let (true, Some(python)) = (traces("every_runtime_sees_the_processors"), python()) else { return };
    for count in [1, 5, 70] {
        let mut spec = shell(&format!(
            "nproc; grep -c ^processor /proc/cpuinfo; getconf _NPROCESSORS_ONLN; cat /sys/devices/system/cpu/online\n\
             {python} -c 'import os; print(os.cpu_count(), len(os.sched_getaffinity(0)))'"
        ));
        spec.cpu_count = Some(CpuCount::nearest(count));
        let range = if count == 1 { "0".to_owned() } else { format!("0-{}", count - 1) };
        assert_eq!(printed(&spec), format!("{count}\n{count}\n{count}\n{range}\n{count} {count}\n"));
    }
}

/// Lists the input in the order in which the system gives it, in pieces of a kilobyte and of 32.
fn listing(python: &str, count: usize, order: DirectoryOrder, seed: u64) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..count {
        fs::write(folder.path().join(format!("file-{number:05}-{}", "x".repeat(number % 40))), "").unwrap();
    }
    let script = "import os\nfor name in os.listdir('/tmp/stella/input'): print(name)";
    let mut spec: SandboxSpec = spec(&[python, "-c", script]);
    spec.mounts.add(Mount::read_only(folder.path(), INPUT).unwrap()).unwrap();
    (spec.directory_order, spec.seed) = (order, seed);
    printed(&spec).lines().map(str::to_owned).collect()
}

#[test]
fn directories_of_every_size_are_in_order_and_whole() {
    let (true, Some(python)) = (traces("directories_are_in_order"), python()) else { return };
    for count in [0, 1, 300, 4_000] {
        let sorted = listing(python, count, DirectoryOrder::Sorted, 0);
        assert!(sorted.is_sorted() && sorted.len() == count, "{count}: {}", sorted.len());
    }
    let shuffled = |seed| listing(python, 4_000, DirectoryOrder::Seeded, seed);
    let (first, other) = (shuffled(1), shuffled(2));
    assert_eq!(first, shuffled(1));
    assert!(first != other && !first.is_sorted());
    let (mut first, mut other) = (first, other);
    first.sort();
    other.sort();
    assert_eq!(first, other);
    assert_eq!(first.len(), 4_000);
}

#[test]
fn a_large_directory_can_be_read_again_from_its_beginning() {
    let (true, Some(python)) = (traces("a_large_directory_can_be_read_again"), python()) else { return };
    let script = "import os\n\
                  os.mkdir('/tmp/d'); [open(f'/tmp/d/{n:05}', 'w').close() for n in range(3000)]\n\
                  d = os.open('/tmp/d', os.O_RDONLY); want = [f'{n:05}' for n in range(3000)]\n\
                  print(os.listdir(d) == want, os.listdir(d) == want)\n\
                  with os.scandir('/tmp/d') as entries: half = [next(entries).name for _ in range(1500)]\n\
                  print(half == want[:1500], sorted(os.listdir('/tmp/d')) == want, os.listdir('/tmp/d') == want)\n\
                  [os.remove(f'/tmp/d/{n}') for n in os.listdir('/tmp/d')]; os.rmdir('/tmp/d')";
    assert_eq!(printed(&spec(&[python, "-c", script])), "True True\nTrue True True\n");
}

/// Threads, children with a file of their parent, and one file read by several: each entry comes once, the end stays.
#[test]
fn whoever_reads_a_directory_reads_on_where_its_file_stands() {
    let (true, Some(python)) = (traces("whoever_reads_a_directory"), python()) else { return };
    let script = "import ctypes, os, threading\n\
                  getdents64 = 61 if os.uname().machine == 'aarch64' else 217\n\
                  os.mkdir('/tmp/d'); want = [f'{n:02}' for n in range(20)]; found = []\n\
                  [open(f'/tmp/d/{n}', 'w').close() for n in want]\n\
                  thread = threading.Thread(target=lambda: found.extend(os.listdir('/tmp/d'))); thread.start(); thread.join()\n\
                  libc = ctypes.CDLL(None); d = os.open('/tmp/d', os.O_RDONLY); buffer = ctypes.create_string_buffer(4096)\n\
                  names = lambda size: [buffer.raw[i + 19:].split(b'\\0')[0].decode() for i in steps(libc.syscall(getdents64, d, buffer, size))]\n\
                  def steps(length):\n \
                  at = 0\n \
                  while at < length: yield at; at += buffer.raw[at + 16]\n\
                  print(libc.syscall(getdents64, d, buffer, 8), libc.syscall(getdents64, 99, buffer, 4096), libc.syscall(getdents64, 0, buffer, 4096))\n\
                  whole = names(4096); print(sorted(whole) == ['.', '..'] + want, names(4096)); os.lseek(d, 0, 0)\n\
                  if os.fork() == 0: os._exit(0 if names(4096) == whole else 1)\n\
                  print(os.wait()[1], names(4096)); os.lseek(d, 0, 0)\n\
                  print(libc.syscall(getdents64, d, 8, 4096))\n\
                  print(found == want)";
    assert_eq!(printed(&spec(&[python, "-c", script])), "-1 -1 -1\nTrue []\n0 []\n-1\nTrue\n");
}

/// Small buffers, memory that cannot be written, a stack that has not grown: who answers in the kernel's place answers as it does.
#[test]
fn seldom_questions_are_answered_as_by_the_kernel() {
    let Some(program) = probe(Probe::Answers) else { return };
    let folder = tempfile::tempdir().unwrap();
    let outside = std::process::Command::new(&program).arg(folder.path()).output().unwrap();
    let outside = String::from_utf8(outside.stdout).unwrap();
    assert!(outside.contains("randomness up to a guard: 4096\n") && outside.lines().count() == 35, "{outside}");
    for ceiling in [Isolation::Full, Isolation::Traced, Isolation::Isolated] {
        let finished = run_at_most(&spec_of(&program, &[]), helper(), ceiling).unwrap();
        assert_eq!(out(&finished), outside, "{:?} {:?}", finished.level, finished.ending);
    }
}

#[test]
fn the_machine_looks_the_same_everywhere() {
    if !traces("the_machine_looks_the_same_everywhere") {
        return;
    }
    let text = printed(&shell(
        "uname -srv; cat /proc/uptime /proc/loadavg /proc/version; head -1 /proc/meminfo; cut -d. -f1 /proc/uptime",
    ));
    assert_eq!(
        text,
        "Linux 6.1.0-stella #1 SMP\n3600.00 3600.00\n0.00 0.00 0.00 1/1 1\nLinux version 6.1.0-stella (stella) #1 SMP\n\
         MemTotal:       8388608 kB\n3600\n"
    );
}

/// A limit that follows the memory of the machine would be another on each.
#[test]
fn limits_of_resources_are_the_same_everywhere() {
    for ceiling in super::LEVELS {
        let finished = run_at_most(&shell("ulimit -l; cat /proc/self/limits"), helper(), ceiling).unwrap();
        let text = out(&finished);
        let of = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_whitespace().rev().skip(1).take(2).map(str::to_owned).collect::<Vec<_>>()
        };
        // Where what a program reads of itself is shut, there is nothing to see.
        if text.contains("Max pending signals") {
            assert_eq!(of("Max pending signals"), ["4096", "4096"], "{ceiling:?}");
            assert_eq!(of("Max msgqueue size"), ["819200", "819200"], "{ceiling:?}");
        }
        assert!(text.starts_with("64\n"), "{ceiling:?}: {text}");
    }
}

/// A run's own control group is the top one for it, so its number is not in sight.
#[test]
fn control_groups_are_called_the_same_in_every_run() {
    let script = "sh -c 'cat /proc/self/cgroup' | cut -d: -f3; tr '\\0' ' ' </proc/1/cmdline";
    for ceiling in [Isolation::Full, Isolation::Isolated] {
        let finished = run_at_most(&shell(script), helper(), ceiling).unwrap();
        if super::has_namespaces(&finished) {
            let text = out(&finished);
            // Where parts of `/proc` are hidden, both are shut.
            let (groups, first) = text.rsplit_once('\n').unwrap_or_default();
            assert!(groups.lines().all(|group| group == "/"), "{ceiling:?}: {text}");
            assert!(["stella-sandbox ", ""].contains(&first), "{first}");
        }
    }
}

#[test]
fn threads_vforks_and_job_control_work() {
    let (true, Some(python)) = (traces("threads_vforks_and_job_control_work"), python()) else { return };
    let script = "import threading, os, signal, subprocess, time\n\
                  seen = []\n\
                  threads = [threading.Thread(target=lambda: seen.append(int(time.time()))) for _ in range(50)]\n\
                  [t.start() for t in threads]; [t.join() for t in threads]\n\
                  print(len(seen), len(set(seen)))\n\
                  pid = os.fork()\n\
                  if pid == 0:\n\
                  \x20 while True: signal.pause()\n\
                  os.kill(pid, signal.SIGSTOP); print(os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1]))\n\
                  os.kill(pid, signal.SIGCONT); print(os.WIFCONTINUED(os.waitpid(pid, os.WCONTINUED)[1]))\n\
                  os.kill(pid, signal.SIGTERM); print(os.WTERMSIG(os.waitpid(pid, 0)[1]))\n\
                  print([subprocess.run(['true']).returncode for _ in range(20)].count(0))";
    let finished = run(&spec(&[python, "-c", script]), helper()).unwrap();
    assert_eq!(finished.ending, Ending::Code(0), "{}", String::from_utf8_lossy(&finished.stderr));
    assert_eq!(out(&finished), "50 1\nTrue\nTrue\n15\n20\n");
}

/// A program cannot give what it starts addresses of the kernel's choice, nor take a listing that the kernel has made.
#[test]
fn nothing_that_a_program_asks_for_brings_the_kernels_choice_back() {
    let Some(python) = python() else { return };
    let script = "import ctypes, os, subprocess, sys\n\
                  libc = ctypes.CDLL(None, use_errno=True); libc.getauxval.restype = ctypes.c_ulong\n\
                  if len(sys.argv) > 1: print(libc.getauxval(31)); sys.exit()\n\
                  start = lambda: subprocess.run([sys.executable, '-c', open('/proc/self/cmdline').read().split(chr(0))[2], 'x'],\n \
                  capture_output=True, text=True).stdout\n\
                  before = start()\n\
                  for value in (0, 8, 0x0200000, 0x0040000, 0xffffffff): print(libc.personality(ctypes.c_ulong(value)) >= 0)\n\
                  libc.personality(0)\n\
                  print(hex(libc.personality(ctypes.c_ulong(0xffffffff))), [start() == before for _ in range(3)])\n\
                  if os.uname().machine == 'x86_64':\n \
                  fd = os.open('/usr', os.O_RDONLY); buffer = ctypes.create_string_buffer(4096)\n \
                  print('old', libc.syscall(78, fd, buffer, 4096), ctypes.get_errno())\n";
    for ceiling in [Isolation::Full, Isolation::Traced, Isolation::Isolated] {
        let finished = run_at_most(&spec(&[python, "-c", script]), helper(), ceiling).unwrap();
        let text = out(&finished);
        if finished.level == Isolation::None {
            eprintln!("skipped at {ceiling:?}: {:?}", finished.lost);
            continue;
        }
        let stderr = String::from_utf8_lossy(&finished.stderr);
        assert!(text.contains("0x40000 [True, True, True]"), "{ceiling:?}: {text}{stderr}");
        assert_eq!(text.matches("True\n").count(), 5, "{ceiling:?}: {text}");
        let old = text.lines().any(|line| line == "old -1 38");
        assert!(old || finished.level == Isolation::Isolated || !cfg!(target_arch = "x86_64"), "{ceiling:?}: {text}");
    }
}

/// What is kept of large directories is the tracer's memory: it ends, and comes back when they are closed.
#[test]
fn listings_that_are_never_finished_are_bounded() {
    let (true, Some(python)) = (traces("listings_that_are_never_finished"), python()) else { return };
    let script = "import ctypes, os, resource\n\
                  libc = ctypes.CDLL(None, use_errno=True); buffer = ctypes.create_string_buffer(2048)\n\
                  resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)); os.chdir(os.environ['TMPDIR']); os.mkdir('many')\n\
                  for number in range(100): open(f'many/{number:0>200}', 'w').close()\n\
                  def begin():\n \
                  fd = os.open('many', os.O_RDONLY); return fd, libc.getdents64(fd, buffer, 2048)\n\
                  begun = [begin() for _ in range(1100)]\n\
                  print(sum(got > 0 for _, got in begun), ctypes.get_errno())\n\
                  for fd, _ in begun: os.close(fd)\n\
                  print(begin()[1] > 0, os.listdir('many') == sorted(os.listdir('many')))\n\
                  pids = [os.fork() for _ in range(1)]\n\
                  if pids == [0]: [begin() for _ in range(1100)]; os._exit(0)\n\
                  os.wait(); print(begin()[1] > 0)";
    assert_eq!(printed(&spec(&[python, "-c", script])), "1024 12\nTrue True\nTrue\n");
}
