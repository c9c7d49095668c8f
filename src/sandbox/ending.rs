//! A run that was made: how the program ended, and what it printed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::result::Isolation;
use crate::sandbox::ledger::Ledger;
use crate::sandbox::level::Reached;
use crate::sandbox::look_ups::LookUps;
use crate::sandbox::spec::Limits;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit code.
    Code(i32),
    /// By a signal that was not ours.
    Signal(i32),
    /// By us.
    Killed(Reason),
}

/// Why we ended the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It took longer than its limit of wall time.
    TimedOut,
    /// It printed more, or wrote more, than its limits allow.
    OutputTooLarge,
    /// Its processes together had more memory than its limits allow.
    OutOfMemory,
    /// It had more processes and threads at a time than its limits allow.
    TooManyProcesses,
    /// It opened a file of its closure of which there is no content.
    ContentMissing,
}

impl Reason {
    /// In words, after *the scanner*.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::TimedOut => "ran out of time",
            Self::OutputTooLarge => "wrote more than its limit",
            Self::OutOfMemory => "used more memory than its limit",
            Self::TooManyProcesses => "had more processes than its limit",
            Self::ContentMissing => "opened a file of which its closure lacks the content",
        }
    }

    /// The same with the number of the limit, one of `limits`.
    pub fn in_words_of(self, limits: &Limits) -> String {
        let mebibytes = |bytes: u64| format!("{} MiB", bytes >> 20);
        let limit = match self {
            Self::TimedOut => format!("{} s", limits.wall.as_secs()),
            // Which of the two it was nothing here tells.
            Self::OutputTooLarge => {
                format!("{} printed, {} in files", mebibytes(limits.captured_bytes), mebibytes(limits.file_bytes))
            }
            Self::OutOfMemory => mebibytes(limits.memory_bytes),
            Self::TooManyProcesses => limits.processes.to_string(),
            Self::ContentMissing => return self.in_words().to_owned(),
        };
        format!("{} ({limit})", self.in_words())
    }
}

/// A run that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// How the program ended.
    pub ending: Ending,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it printed as talk.
    pub stderr: Vec<u8>,
    /// Whether more was printed than was kept.
    pub truncated: bool,
    /// The level of isolation that was reached.
    pub level: Isolation,
    /// What of the spec this level does not keep: `subject: what instead`.
    pub lost: Vec<String>,
    /// Wall time, the sandbox's own start included.
    pub wall: Duration,
    /// What was seen, as evidence; empty where nothing is observed, and then `lost` says so.
    pub ledger: Ledger,
    /// What was looked up, where that was asked for and somebody could see it.
    pub look_ups: Option<LookUps>,
    /// The file of which its closure lacks the content, where that ended the program.
    pub lacking: Option<String>,
}

impl Finished {
    /// The level with what it lost.
    pub fn reached(&self) -> Reached {
        Reached { level: self.level, lost: self.lost.clone() }
    }
}
