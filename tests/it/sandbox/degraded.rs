//! The same tests where a machine gives less: an ordinary user, no namespaces, no tracing, neither.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use stella::model::result::Isolation;
use stella::sandbox::level;

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
        fs::copy(from, &to).unwrap();
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
}

#[test]
fn the_level_is_the_one_that_this_machine_gives() {
    let Some(expected) = std::env::var_os(INNER) else { return };
    let reached = level::probe(helper()).unwrap();
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
