//! The programs of `tests/probes`, built once with whatever compilers the machine has.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use stella::sandbox::spec::{HostRoot, SandboxSpec};

use super::spec;

/// Without a C library, which makes calls of its own.
const FREESTANDING: [&str; 6] =
    ["-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fno-pie", "-no-pie"];

/// A program of `tests/probes`.
#[derive(Debug, Clone, Copy)]
pub enum Probe {
    /// Reads every clock: linked dynamically, statically, statically with musl.
    Clock,
    ClockStatic,
    ClockMusl,
    /// The same in Go, static.
    ClockGo,
    /// Tries to get out.
    Escape,
    /// Has a filter of its own.
    Filter,
    /// Executes programs from threads among other threads.
    Exec,
    /// Secrets in keyrings.
    Keys,
    /// Reaches for a network.
    Network,
    /// Waits for instants of the wall clock.
    Wait,
    /// Runs a command as on a machine that refuses parts of a sandbox.
    Block,
    /// Does whatever it is told.
    Hostile,
    /// Keeps what the kernel lends a program.
    Lent,
    /// Asks for times that the kernel writes down beside something else.
    Stamp,
    /// Asks the kernel in ways in which programs ask seldom.
    Answers,
}

impl Probe {
    pub const ALL: [Self; 15] = [
        Self::Answers,
        Self::Lent,
        Self::Stamp,
        Self::Clock,
        Self::ClockStatic,
        Self::ClockMusl,
        Self::ClockGo,
        Self::Escape,
        Self::Filter,
        Self::Exec,
        Self::Keys,
        Self::Network,
        Self::Wait,
        Self::Block,
        Self::Hostile,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::ClockStatic => "clock-static",
            Self::ClockMusl => "clock-musl",
            Self::ClockGo => "clock-go",
            Self::Escape => "escape",
            Self::Filter => "filter",
            Self::Exec => "exec",
            Self::Keys => "keys",
            Self::Network => "network",
            Self::Wait => "wait",
            Self::Block => "block",
            Self::Hostile => "hostile",
            Self::Stamp => "stamp",
            Self::Lent => "lent",
            Self::Answers => "answers",
        }
    }

    fn build(self, to: &Path) -> std::io::Result<std::process::Output> {
        let source = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probes").join(name);
        let c = |compiler: &str, name: &str, flags: &[&str]| {
            Command::new(compiler).args(["-O1", "-o"]).arg(to).arg(source(name)).args(flags).output()
        };
        match self {
            Self::Clock => c("cc", "clock.c", &["-lpthread"]),
            Self::ClockStatic => c("cc", "clock.c", &["-static", "-lpthread"]),
            Self::ClockMusl => c("musl-gcc", "clock.c", &["-static"]),
            Self::Escape => c("cc", "escape.c", &["-lpthread"]),
            Self::Filter => c("cc", "filter.c", &["-lpthread"]),
            Self::Exec => c("cc", "exec.c", &["-lpthread"]),
            Self::Network => c("cc", "network.c", &["-lpthread"]),
            Self::Keys => c("cc", "keys.c", &[]),
            Self::Wait => c("cc", "wait.c", &["-lpthread", "-lrt"]),
            Self::Block => c("cc", "block.c", &["-static"]),
            Self::Hostile => c("cc", "hostile.c", &FREESTANDING),
            Self::Stamp => c("cc", "stamp.c", &[]),
            Self::Lent => c("cc", "lent.c", &[]),
            Self::Answers => c("cc", "answers.c", &[]),
            Self::ClockGo => Command::new("go")
                .args(["build", "-o"])
                .arg(to)
                .arg(source("clock.go"))
                .env("CGO_ENABLED", "0")
                .env("GOFLAGS", "-p=2")
                .output(),
        }
    }
}

/// Where the probes are; another user is given a copy.
pub fn folder() -> PathBuf {
    std::env::var_os("STELLA_TEST_PROBES")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("probes"), PathBuf::from)
}

/// The program; `None`, and a word why, where the machine has no compiler for it.
pub fn probe(probe: Probe) -> Option<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let program = folder().join(probe.name());
    let newest = |path: &Path| path.metadata().and_then(|found| found.modified()).ok();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probes");
    let folders = [sources.clone(), sources.join("hostile")];
    let files = folders.iter().flat_map(|folder| folder.read_dir().into_iter().flatten().flatten());
    let changed = files.filter_map(|file| newest(&file.path())).max();
    if program.exists() && (newest(&program) >= changed || std::env::var_os("STELLA_TEST_PROBES").is_some()) {
        return Some(program);
    }
    std::fs::create_dir_all(folder()).unwrap();
    // Nobody may execute what is still being written.
    let fresh = program.with_extension("new");
    match probe.build(&fresh) {
        Ok(output) if output.status.success() => {
            std::fs::rename(&fresh, &program).unwrap();
            Some(program)
        }
        Ok(output) => panic!("{probe:?}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(missing) => {
            // Set where the machine is known to have everything.
            assert!(std::env::var_os("STELLA_TEST_ISOLATION").is_none(), "{probe:?}: {missing}");
            eprintln!("skipped {probe:?}: no compiler ({missing})");
            None
        }
    }
}

/// A spec that runs `program` at its own path.
pub fn spec_of(program: &Path, arguments: &[&str]) -> SandboxSpec {
    let argv: Vec<&str> = [program.to_str().unwrap()].into_iter().chain(arguments.iter().copied()).collect();
    let mut spec = spec(&argv);
    let folder = program.parent().unwrap().canonicalize().unwrap();
    spec.roots.push(HostRoot::try_from(folder.to_str().unwrap().to_owned()).unwrap());
    spec
}
