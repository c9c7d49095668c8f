//! What could tell a program that it is replayed: it is run as two callers would run it, and must see the same.

use std::fs;

use stella::model::result::Isolation;
use stella::sandbox::run::run_at_most;
use stella::sandbox::spec::SandboxSpec;

use super::probes::{Probe, probe};
use super::{helper, is_lost, out, python, root, spec};

/// Prints one line for each thing that it looks at; what it looks at must stand in `docs/sandbox.md`.
const LOOK: &str = r#"
import ctypes, mmap, os, resource, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    result = libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    return result if result >= 0 else -ctypes.get_errno()
mask = os.umask(0)
print("umask", oct(mask))
print("argv", os.path.basename(sys.executable))
for name in ["CPU", "FSIZE", "STACK", "CORE", "MEMLOCK", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO"]:
    print("limit", name, resource.getrlimit(getattr(resource, "RLIMIT_" + name)))
print("slack", libc.prctl(30, 0, 0, 0, 0))
print("priority", os.getpriority(os.PRIO_PROCESS, 0))
x86 = os.uname().machine == "x86_64"
preadv2, mincore, cachestat, io_setup = (327, 27, 451, 206) if x86 else (286, 232, 451, 0)
file = os.open(sys.argv[1], os.O_RDONLY)
size = os.fstat(file).st_size
buffer = ctypes.create_string_buffer(4096)
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
vector = Vector(ctypes.addressof(buffer), 4096)
print("no-wait", call(preadv2, file, ctypes.byref(vector), 1, 0, 0, 8))
print("cachestat", call(cachestat, file, ctypes.byref(vector), ctypes.byref(vector), 0))
context = ctypes.c_long(0)
print("io_setup", call(io_setup, 1, ctypes.byref(context)))
seen = mmap.mmap(file, size, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
place = libc.mmap(None, size, 1, 2, file, 0)
pages = ctypes.create_string_buffer(size // 4096)
print("mincore", call(mincore, ctypes.c_void_p(place), size, pages), set(pages.raw))
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.munmap(place, size)
print("hole", call(mincore, ctypes.c_void_p(place), 4096, pages))
print("odd", call(mincore, ctypes.c_void_p(place + 1), 4096, pages))
"#;

fn looking(program: &str, file: &std::path::Path) -> SandboxSpec {
    let mut spec = spec(&[program, "-c", LOOK, file.to_str().unwrap()]);
    spec.roots.push(root(file.parent().unwrap()));
    spec
}

#[test]
fn what_is_asked_of_the_process_and_of_the_page_cache_tells_nothing() {
    let Some(program) = python() else { return };
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let (cold, warm) = (folder.path().join("cold"), folder.path().join("warm"));
    for file in [&cold, &warm] {
        fs::write(file, vec![7; 64 * 4096]).unwrap();
        let file = fs::File::open(file).unwrap();
        file.sync_all().unwrap();
        let whole = std::num::NonZeroU64::new(64 * 4096);
        rustix::fs::fadvise(&file, 0, whole, rustix::fs::Advice::DontNeed).unwrap();
    }
    fs::read(&warm).unwrap();
    for ceiling in [Isolation::Full, Isolation::Traced] {
        let seen = |file| {
            let finished = run_at_most(&looking(program, file), helper(), ceiling).unwrap();
            let text = out(&finished);
            assert!(text.contains("odd -22"), "{text}{}", String::from_utf8_lossy(&finished.stderr));
            (text, finished)
        };
        let ((one, finished), (other, _)) = (seen(&cold), seen(&warm));
        if !matches!(finished.level, Isolation::Full | Isolation::Traced) {
            eprintln!("skipped: this machine does not trace");
            return;
        }
        assert_eq!(one, other, "at {ceiling:?} a file that was read before looks like one that was not");
        for line in [
            "umask 0o22",
            "limit CORE (1, 1)",
            "limit MEMLOCK (65536, 65536)",
            "limit SIGPENDING (4096, 4096)",
            "limit NICE (0, 0)",
            "limit RTPRIO (0, 0)",
            "slack 50000",
            "no-wait -95",
            "cachestat -38",
            "io_setup -38",
            "mincore 0 {1}",
            "hole -12",
        ] {
            assert!(one.lines().any(|seen| seen == line), "{ceiling:?}: no `{line}` in\n{one}");
        }
        assert!(one.contains("priority 0\n") || is_lost(&finished, "priority"), "{one}{:?}", finished.lost);
    }
}

/// What the caller has said of its own memory outlives the start of a program: it is taken back, or said.
#[test]
fn how_the_caller_treats_its_memory_is_not_inherited() {
    const TREATMENT: &str = "import ctypes, mmap\n\
        libc = ctypes.CDLL(None, use_errno=True)\n\
        ask = lambda option: libc.prctl(option, *[ctypes.c_ulong(0)] * 4)\n\
        print('huge', ask(42), 'failures', ask(34), 'merge', max(ask(68), 0))\n\
        mode = ctypes.c_int(-1)\n\
        libc.syscall(239 if __import__('os').uname().machine == 'x86_64' else 236, ctypes.byref(mode), None, 0, None, 0); print('nodes', mode.value)\n\
        print('core', open('/proc/self/coredump_filter').read().strip())";
    let (Some(python), Some(block)) = (python(), probe(Probe::Block)) else { return };
    let world = crate::harness::World::new();
    let seen = |level: &str, how: &str| {
        let mut command = std::process::Command::new(&block);
        command.args([how, env!("CARGO_BIN_EXE_stella"), "sandbox", "--at-most", level, "--ledger"]);
        command.arg(world.path("ledger.jsonl")).args(["--", python, "-c", TREATMENT]);
        let run = world.run(0, command);
        (run, fs::read_to_string(world.path("ledger.jsonl")).unwrap())
    };
    for level in ["full", "traced", "isolated"] {
        let ((plain, ledger), (treated, _)) = (seen(level, "-"), seen(level, "t"));
        assert!(plain.stdout.starts_with("huge 0 failures 2 merge 0\nnodes 0\ncore 00000033"), "{}", plain.stdout);
        assert_eq!(plain.stdout, treated.stdout, "{level}");
        assert!(!ledger.contains("MemoryDenyWriteExecute"), "{ledger}");
        // Older kernels lack it.
        let (denied, ledger) = seen(level, "w");
        assert!(ledger.contains("MemoryDenyWriteExecute") || denied.stderr.contains("w: "), "{level}: {ledger}");
    }
}

/// What remains is a list, and no other page may say that nothing does.
#[test]
fn what_remains_to_tell_is_a_list() {
    let page = fs::read_to_string(crate::harness::repository("docs/sandbox.md")).unwrap();
    let (_, list) = page.split_once("## What still tells\n").expect("a heading");
    let list = list.split("\n## ").next().unwrap();
    for what in
        ["process numbers", "time-stamp counter", "`smaps`", "priority", "I/O priority", "oom_score_adj", "size of"]
    {
        assert!(list.contains(what), "`{what}` is not in the list");
    }
}

/// What everyday programs print of the machine is said, as two runs differ by it although the ledger shows nothing.
#[test]
fn what_programs_draw_from_what_is_not_fixed_is_said() {
    let page = fs::read_to_string(crate::harness::repository("docs/sandbox.md")).unwrap();
    let (_, limits) = page.split_once("## Known limits\n").expect("a heading");
    let limits = limits.split("\n## ").next().unwrap();
    for what in ["`mkstemp`", "`Map.of`", "links of `/proc`", "`sched_getcpu`", "numbers of devices and of mounts"] {
        assert!(limits.contains(what), "`{what}` is not among the limits");
    }
    let finished = run_at_most(&spec(&["/bin/true"]), helper(), Isolation::Full).unwrap();
    let said = |what: &str| finished.lost.iter().any(|lost| lost.contains(what));
    assert!(said("devices and mounts"), "{:?}", finished.lost);
    if matches!(finished.level, Isolation::Full | Isolation::Traced) {
        assert!(said("names of temporary files") && said("`Map.of`"), "{:?}", finished.lost);
    }
}

#[test]
fn folders_of_a_run_have_the_same_modes_whatever_the_umask_is() {
    use std::process::Command;
    let world = crate::harness::World::new();
    world.write("in/seen.txt", "x\n");
    world.write("feed/one.json", "{}");
    world.script("scan.sh", "for folder; do cd \"$folder\"; stat -c '%a' . *; done");
    let seen = |umask: &str| {
        let stella = env!("CARGO_BIN_EXE_stella");
        let line = format!(
            "umask {umask} && chmod -R u=rwX,go= in && {stella} scan --input in/seen.txt --feed feed --artifact findings=-:bytes \
             --emit-artifacts-dir out-{umask} --emit-manifest {umask}.json -- ./scan.sh {{input}} {{feed}} {{out}}"
        );
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &line]).current_dir(world.work("")).env_clear();
        command
            .env("HOME", world.path("home"))
            .env("PATH", "/usr/bin:/bin")
            .env("STELLA_TEST_NOW", crate::harness::NOW);
        world.run(0, command);
        world.read(&format!("out-{umask}/findings.out"))
    };
    let (open, shut) = (seen("000"), seen("077"));
    assert_eq!(open, shut);
    assert!(open.starts_with("755\n644\n755\n644\n755\n"), "{open}");
}

#[test]
fn new_recordings_show_no_file_as_newer_than_the_clock() {
    let world = crate::harness::World::new();
    world.write("in/seen.txt", "x\n");
    world.script("scan.sh", "touch made; echo more >> made; stat -c %y made");
    let scan = ["scan", "--input", "in", "--artifact", "findings=-:bytes", "--emit-manifest"];
    let record = |manifest: &str, more: &[&str]| {
        world.stella(0, &[&scan[..], &[manifest], more, &["--", "./scan.sh"]].concat());
        world.json(manifest)["environment"]["file_times"].clone()
    };
    let clamped = record("one.json", &[]);
    if world.json("one.json")["environment"]["isolation"] == "isolated" {
        assert!(clamped.is_null());
        return;
    }
    assert_eq!(clamped, "clamped");
    world.stella(0, &["replay", "--from", "one.json"]);
    assert!(record("two.json", &["--clamp-file-times=false"]).is_null());
    // The machine's time differs from run to run; with the option it does not show.
    world.stella(1, &["replay", "--from", "two.json"]);
    world.stella(1, &["replay", "--from", "one.json", "--clamp-file-times=false"]);
    assert!(record("three.json", &["--clock", "real"]).is_null());
}
