//! What a run that went wrong showed, on the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::hint::Hint;
use crate::model::same_words::same_words;
use crate::model::showing;

/// What one run showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Showing {
    /// How the scanner ended; absent where it did not start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
    /// The last lines of its standard error, redacted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
    /// Names and addresses that it reached for in vain, with their ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
    /// Paths that it looked for and that are not in the sandbox.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<AbsentPath>,
    /// A program that has no interpreter in the sandbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_interpreter: Option<NoInterpreter>,
    /// How often the time was read, where that was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_reads: Option<u64>,
    /// What to do next, one thing each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<String>,
}

/// How a scanner ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "how", rename_all = "kebab-case")]
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        used: Option<u64>,
    },
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct AbsentPath {
    /// The path; what begins with `~/` lies in the home folder, and that of a run is empty.
    pub path: String,
    /// `execute`, `enter`, `create`, `open`, `look up`; `named` where the command names it.
    pub attempt: String,
    /// Whether the machine has it.
    pub on_machine: bool,
}

/// A program that cannot start for want of the one that reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoInterpreter {
    /// The program.
    pub program: String,
    /// Its interpreter: what its first line names, or the loader of an ELF file.
    pub interpreter: String,
    /// Whether the machine has it.
    pub on_machine: bool,
}

same_words!(showing::Limit { Time, Memory, Output, Processes });

impl From<showing::AbsentPath> for AbsentPath {
    fn from(of: showing::AbsentPath) -> Self {
        let showing::AbsentPath { path, attempt, on_machine } = of;
        Self { path, attempt, on_machine }
    }
}

impl From<AbsentPath> for showing::AbsentPath {
    fn from(of: AbsentPath) -> Self {
        let AbsentPath { path, attempt, on_machine } = of;
        Self { path, attempt, on_machine }
    }
}

impl From<showing::NoInterpreter> for NoInterpreter {
    fn from(of: showing::NoInterpreter) -> Self {
        let showing::NoInterpreter { program, interpreter, on_machine } = of;
        Self { program, interpreter, on_machine }
    }
}

impl From<NoInterpreter> for showing::NoInterpreter {
    fn from(of: NoInterpreter) -> Self {
        let NoInterpreter { program, interpreter, on_machine } = of;
        Self { program, interpreter, on_machine }
    }
}

impl From<showing::Ended> for Ended {
    fn from(of: showing::Ended) -> Self {
        match of {
            showing::Ended::Exit { code } => Self::Exit { code },
            showing::Ended::Signal { number } => Self::Signal { number },
            showing::Ended::Limit { limit, allowed, used } => Self::Limit { limit: limit.into(), allowed, used },
        }
    }
}

impl From<Ended> for showing::Ended {
    fn from(of: Ended) -> Self {
        match of {
            Ended::Exit { code } => Self::Exit { code },
            Ended::Signal { number } => Self::Signal { number },
            Ended::Limit { limit, allowed, used } => Self::Limit { limit: limit.into(), allowed, used },
        }
    }
}

impl From<&showing::Showing> for Showing {
    fn from(of: &showing::Showing) -> Self {
        let showing::Showing { ended, said, refused, absent, no_interpreter, clock_reads, next } = of.clone();
        Self {
            ended: ended.map(Into::into),
            said,
            refused,
            absent: absent.into_iter().map(Into::into).collect(),
            no_interpreter: no_interpreter.map(Into::into),
            clock_reads,
            next: next.iter().map(Hint::for_command_line).collect(),
        }
    }
}

impl From<Showing> for showing::Showing {
    fn from(of: Showing) -> Self {
        let Showing { ended, said, refused, absent, no_interpreter, clock_reads, next } = of;
        Self {
            ended: ended.map(Into::into),
            said,
            refused,
            absent: absent.into_iter().map(Into::into).collect(),
            no_interpreter: no_interpreter.map(Into::into),
            clock_reads,
            next: next.into_iter().map(Hint::from).collect(),
        }
    }
}
