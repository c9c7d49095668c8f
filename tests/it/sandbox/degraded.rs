//! The same tests where a machine gives less: an ordinary user, no namespaces, no tracing, neither.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use stella::model::result::Isolation;
use stella::sandbox::run;

use super::probes::{self, Probe, probe};
use super::{helper, isolates, traces};

/// What a run within a run is told to be.
const INNER: &str = "STELLA_TEST_REACHES";

/// What such a run must find lost.
const LOSES: &str = "STELLA_TEST_LOSES";

/// Every test of the sandbox.
const ALL: &[&str] = &["sandbox::"];

/// Starts what follows as in a container that hides parts of `/proc`: the kernel refuses to mount another.
const HIDING: [&str; 9] = [
    "unshare",
    "--map-root-user",
    "--mount",
    "--pid",
    "--fork",
    "--mount-proc",
    "sh",
    "-c",
    "mount -t tmpfs -o ro none /proc/fs && mount --bind /dev/null /proc/interrupts && mount --bind /proc/sys /proc/sys && \
     mount -o remount,bind,ro /proc/sys && exec env \"$@\"",
];

/// Runs `tests` once more, through `wrapper`, where `level` is what can be reached.
fn again(wrapper: &[&str], level: Isolation, tests: &[&str]) {
    if std::env::var_os(INNER).is_some() {
        return;
    }
    for program in Probe::ALL {
        probe(program);
    }
    // Where everybody can reach it, whatever stands above the repository.
    let shared = tempfile::Builder::new()
        .prefix("stella-test-")
        .permissions(Permissions::from_mode(0o755))
        .tempdir_in("/var/tmp");
    let shared = shared.unwrap();
    let copy = |from: &Path, name: &str| {
        let to = shared.path().join(name);
        crate::harness::copy(from, &to);
        fs::set_permissions(&to, Permissions::from_mode(0o755)).unwrap();
        to
    };
    let program = copy(&std::env::current_exe().unwrap(), "tests");
    let helper = copy(helper(), "stella-sandbox");
    let stella = copy(Path::new(env!("CARGO_BIN_EXE_stella")), "stella");
    let folder = shared.path().join("probes");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    for program in fs::read_dir(probes::folder()).unwrap().flatten() {
        copy(&program.path(), &format!("probes/{}", program.file_name().to_str().unwrap()));
    }
    let output = Command::new(wrapper[0])
        .args(&wrapper[1..])
        .arg(&program)
        .args(tests)
        // Another user need not reach the program in the build's folder, which these run.
        .args(["--skip", "cli::", "--skip", "sandbox::image"])
        .args(["sandbox::degraded::the_level", "--skip", "sandbox::degraded::again", "--test-threads", "2"])
        .arg("--show-output")
        .current_dir("/var/tmp")
        .env(INNER, level.code())
        .env("STELLA_TEST_HELPER", helper)
        .env("STELLA_TEST_PROGRAM", stella)
        .env("STELLA_TEST_PROBES", folder)
        .env_remove("STELLA_TEST_ISOLATION")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let tail: Vec<_> = said.lines().rev().take(120).collect();
    let tail: Vec<_> = tail.into_iter().rev().collect();
    assert!(output.status.success(), "{}\n{}", tail.join("\n"), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("the_level_is_the_one_that_this_machine_gives ... ok"), "{said}");
    let test = std::thread::current().name().unwrap().to_owned();
    Counted::of(&said).check(test.rsplit_once("again_").unwrap().1);
}

/// What came of the tests where a machine gives less.
struct Counted {
    ran: usize,
    /// Those that ended where what they are about is not there.
    degraded: Vec<String>,
    /// Those that ended for want of a compiler or an interpreter, which is not the machine's level.
    skipped: Vec<String>,
}

/// Which tests degrade where, as data: a line for each, by the name of the test that runs them again.
const DEGRADED: &str = "tests/it/sandbox/degraded.txt";

impl Counted {
    /// From what the tests printed.
    fn of(said: &str) -> Self {
        let ran = said.lines().find_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse().ok());
        let mut counted = Self { ran: ran.unwrap(), degraded: Vec::new(), skipped: Vec::new() };
        let mut test = String::new();
        for line in said.lines() {
            if let Some(name) = line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" stdout ----")) {
                name.clone_into(&mut test);
            } else if line.starts_with("skipped") {
                let lacks =
                    ["no compiler", "no system python3", "no node", "no java"].iter().any(|tool| line.contains(tool));
                let list = if lacks { &mut counted.skipped } else { &mut counted.degraded };
                if list.last() != Some(&test) {
                    list.push(test.clone());
                }
            }
        }
        counted.degraded.sort();
        counted
    }

    /// Holds it against the data; one that degrades and is not listed, or the reverse, is a change to be looked at.
    fn check(&self, environment: &str) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (degraded, skipped) = (self.degraded.len(), self.skipped.len());
        println!("{environment}: {} ran, {degraded} of them degraded; {skipped} skipped", self.ran - skipped);
        // Set where the machine is known to have everything.
        if std::env::var_os("STELLA_TEST_ISOLATION").is_none() {
            return;
        }
        assert_eq!(self.skipped, [] as [String; 0], "{environment}");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(DEGRADED);
        let text = fs::read_to_string(&file).unwrap();
        let line = |test: &String| format!("{environment} {}", test.trim_start_matches("sandbox::"));
        let found: BTreeSet<String> = self.degraded.iter().map(line).collect();
        let of_this = |line: &&str| line.split(' ').next() == Some(environment);
        let listed: BTreeSet<String> = text.lines().filter(of_this).map(str::to_owned).collect();
        if std::env::var_os("STELLA_BLESS").is_some() {
            let others = text.lines().filter(|line| !of_this(line)).map(str::to_owned);
            let (comments, mut all): (Vec<_>, Vec<_>) = others.partition(|line| line.starts_with('#'));
            all.extend(found);
            all.sort();
            fs::write(file, [comments, all].concat().join("\n") + "\n").unwrap();
        } else {
            assert_eq!(found, listed, "`make bless` writes {DEGRADED} anew");
        }
    }
}

#[test]
fn tests_that_end_early_are_counted() {
    let said = "running 3 tests\ntest sandbox::a::b ... ok\n\nsuccesses:\n\n---- sandbox::a::c stdout ----\nskipped c: x\n\
                skipped: y\n\n---- sandbox::a::b stdout ----\nskipped: no system python3\n\n\
                test result: ok. 3 passed; 0 failed; 0 ignored\n";
    let Counted { ran, degraded, skipped } = Counted::of(said);
    assert_eq!((ran, degraded, skipped), (3, vec!["sandbox::a::c".to_owned()], vec!["sandbox::a::b".to_owned()]));
}

#[test]
fn the_level_is_the_one_that_this_machine_gives() {
    let Some(expected) = std::env::var_os(INNER) else { return };
    let reached = run::probe_strictest(helper()).unwrap();
    assert_eq!(reached.level.code(), expected.to_str().unwrap(), "{:?}", reached.lost);
    if let Some(subject) = std::env::var_os(LOSES) {
        let subject = subject.into_string().unwrap();
        assert!(reached.lost.iter().any(|lost| lost.starts_with(&subject)), "{subject} in {:?}", reached.lost);
    }
    if reached.level != Isolation::Full {
        assert!(reached.lost.iter().any(|lost| lost.contains("refused at")), "{:?}", reached.lost);
    }
}

#[test]
fn again_as_an_ordinary_user() {
    if !isolates("again_as_an_ordinary_user") {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped again_as_an_ordinary_user: this is one");
        return;
    }
    again(&["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"], Isolation::Full, ALL);
}

#[test]
fn again_where_user_namespaces_are_refused() {
    if let Some(block) = probe(Probe::Block) {
        again(&[block.to_str().unwrap(), "n"], Isolation::Traced, ALL);
    }
}

#[test]
fn again_where_nothing_protects_files() {
    if let Some(block) = probe(Probe::Block) {
        let lost =
            "STELLA_TEST_LOSES=host files: writable where stella may write; mounts are not read-only (the kernel";
        again(&["env", lost, block.to_str().unwrap(), "nl"], Isolation::Traced, &["sandbox::writes"]);
    }
}

/// The superuser's processes have powers that the program lacks, which shuts them to it; an ordinary user's have not.
#[test]
fn again_where_nothing_protects_processes_of_a_user() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped again_where_nothing_protects_processes_of_a_user: this is one");
        return;
    }
    if let Some(block) = probe(Probe::Block) {
        let lost = "STELLA_TEST_LOSES=host processes: a hostile program can change the memory";
        let user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", lost];
        let wrapper: Vec<_> = user.into_iter().chain([block.to_str().unwrap(), "nl"]).collect();
        again(&wrapper, Isolation::Traced, &["sandbox::network::whoever_decides"]);
    }
}

#[test]
fn again_where_namespaces_cannot_mount() {
    if let Some(block) = probe(Probe::Block) {
        again(&[block.to_str().unwrap(), "m"], Isolation::Traced, &["sandbox::leaks"]);
    }
}

#[test]
fn again_where_tracing_is_refused() {
    if !isolates("again_where_tracing_is_refused") {
        return;
    }
    if let Some(block) = probe(Probe::Block) {
        again(&[block.to_str().unwrap(), "p"], Isolation::Isolated, ALL);
    }
}

#[test]
fn again_where_memory_is_reached_word_by_word() {
    if !isolates("again_where_memory_is_reached_word_by_word") {
        return;
    }
    if let Some(block) = probe(Probe::Block) {
        again(&[block.to_str().unwrap(), "v"], Isolation::Full, &["sandbox::leaks", "sandbox::repeat"]);
    }
}

#[test]
fn again_where_everything_is_refused() {
    if let Some(block) = probe(Probe::Block) {
        again(&[block.to_str().unwrap(), "nmp"], Isolation::None, &["sandbox::walls"]);
    }
}

/// A wrapper that hides parts of `/proc` and then runs what follows through `inner`.
fn hiding<'a>(loses: &'a str, inner: &[&'a str]) -> Vec<&'a str> {
    HIDING.iter().chain(&["sh", loses]).chain(inner).copied().collect()
}

#[test]
fn again_where_parts_of_proc_are_hidden() {
    if !traces("again_where_parts_of_proc_are_hidden") {
        return;
    }
    again(&hiding("STELLA_TEST_LOSES=host processes: their numbers", &[]), Isolation::Full, ALL);
}

#[test]
fn again_where_parts_of_proc_are_hidden_and_tracing_is_refused() {
    if !isolates("again_where_parts_of_proc_are_hidden_and_tracing_is_refused") {
        return;
    }
    if let Some(block) = probe(Probe::Block) {
        let inner = [block.to_str().unwrap(), "p"];
        let wrapper = hiding("STELLA_TEST_LOSES=host processes: their numbers", &inner);
        again(&wrapper, Isolation::Isolated, &["sandbox::walls", "sandbox::limits"]);
    }
}

#[test]
fn again_where_what_proc_shows_cannot_be_closed() {
    if !isolates("again_where_what_proc_shows_cannot_be_closed") {
        return;
    }
    if let Some(block) = probe(Probe::Block) {
        let inner = [block.to_str().unwrap(), "l"];
        let wrapper = hiding("STELLA_TEST_LOSES=namespaces: refused at `hide the machine's processes`", &inner);
        again(&wrapper, Isolation::Traced, &["sandbox::walls::no_process"]);
    }
}
