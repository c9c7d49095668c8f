//! What a run of a scanner showed that tells why it went as it did: how it ended, what it said, what it was refused.
//!
//! Invariants: everything is bounded; what a foreign program said was redacted; the texts are shown through the gate for
//! foreign text like any other. Evidence, never part of fidelity.

use crate::model::hint::Hint;
use crate::model::text::redact::Known;

/// How [`Showing::refused`] begins to speak of a system call.
pub const OF_A_CALL: &str = "the system call ";

/// What one run showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Showing {
    /// How the scanner ended; absent where it did not start.
    pub ended: Option<Ended>,
    /// The last lines of its standard error, redacted.
    pub said: Vec<String>,
    /// Names and addresses that it reached for in vain, with their ports.
    pub refused: Vec<String>,
    /// Paths that it looked for and that are not in the sandbox.
    pub absent: Vec<AbsentPath>,
    /// A program that has no interpreter in the sandbox.
    pub no_interpreter: Option<NoInterpreter>,
    /// How often the time was read, where that was counted.
    pub clock_reads: Option<u64>,
    /// What to do next, one thing each.
    pub next: Vec<Hint>,
}

impl Showing {
    /// The same without these values.
    #[must_use]
    pub fn without(self, secrets: &Known) -> Self {
        let hide = |all: Vec<String>| all.iter().map(|text| secrets.hide(text)).collect();
        let absent = self.absent.into_iter().map(|path| AbsentPath { path: secrets.hide(&path.path), ..path });
        let no_interpreter = self.no_interpreter.map(|missing| NoInterpreter {
            program: secrets.hide(&missing.program),
            interpreter: secrets.hide(&missing.interpreter),
            ..missing
        });
        Self {
            said: hide(self.said),
            refused: hide(self.refused),
            absent: absent.collect(),
            no_interpreter,
            next: self.next.into_iter().map(|hint| hint.without(secrets)).collect(),
            ..self
        }
    }

    /// Whether it reached for an address or a name of the network in vain.
    pub fn was_refused_the_network(&self) -> bool {
        self.refused.iter().any(|what| !what.starts_with(OF_A_CALL))
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a scanner ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself.
    Exit {
        /// Its exit code.
        code: i32,
    },
    /// By a signal that was not ours.
    Signal {
        /// Its number.
        number: i32,
    },
    /// By us, for it used more than a limit.
    Limit {
        /// Which.
        limit: Limit,
        /// How much it may use, in the unit of the limit.
        allowed: u64,
        /// How much it used, as far as that was seen.
        used: Option<u64>,
    },
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Wall time, in seconds.
    Time,
    /// Memory of all processes together, in bytes.
    Memory,
    /// What is printed, or written to files, in bytes.
    Output,
    /// Processes and threads at a time.
    Processes,
}

/// A path that is not in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AbsentPath {
    /// The path; of a program that was looked up in every folder of `PATH` its name alone. What begins with `~/` lies in the
    /// home folder: that of a run is empty.
    pub path: String,
    /// `execute`, `enter`, `create`, `open`, `look up`; `named` where the command names it.
    pub attempt: String,
    /// Whether the machine has it.
    pub on_machine: bool,
}

impl AbsentPath {
    /// The attempt on what the command names.
    pub const NAMED: &str = "named";

    /// Whether the command names it, or the program in these lines of its own: then it was meant to be there.
    pub fn is_told(&self, said: &[String]) -> bool {
        self.attempt == Self::NAMED || said.iter().any(|line| line.contains(&self.path))
    }

    /// Whether a program, a folder to work in or a file to be made was looked for by name: nobody does that to see whether it
    /// is there.
    pub fn is_needed(&self) -> bool {
        matches!(self.attempt.as_str(), "execute" | "enter" | "create")
    }

    /// Whether it is the name of a program, which was looked up in every folder of `PATH`.
    pub fn is_looked_up(&self) -> bool {
        self.attempt == "execute" && !self.path.contains('/')
    }
}

/// A program that cannot start for want of the one that reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoInterpreter {
    /// The program.
    pub program: String,
    /// Its interpreter: what its first line names, or the loader of an ELF file.
    pub interpreter: String,
    /// Whether the machine has it.
    pub on_machine: bool,
}

/// The name of a signal on Linux; its number where it has no usual name.
pub fn signal_name(number: i32) -> String {
    let name = match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return format!("signal {number}"),
    };
    format!("signal {number} ({name})")
}
