//! Arguments that several commands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::attribute::budget::Budget;
use crate::cli::terminal::output;
use crate::model::result::Isolation;

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document with a versioned schema.
    Json,
}

/// Arguments of every command.
#[derive(Debug, Args)]
pub struct GlobalArgs {
    /// Print results for people or as one JSON document
    #[arg(long, global = true, value_enum, default_value = "text", value_name = "FORMAT")]
    pub format: Format,
    /// Configuration file [default: .stella.yaml in the working directory, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Local blob store [default: the configuration's, else stella/store in the user's data directory]
    #[arg(long, global = true, value_name = "DIR", env = "STELLA_STORE", hide_env_values = true)]
    pub store: Option<PathBuf>,
}

/// A level of isolation that a user may require.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WantedIsolation {
    /// Namespaces and system-call tracing
    Full,
    /// System-call tracing
    Traced,
    /// Namespaces: no network, private directories
    Isolated,
    /// A process of its own is enough
    None,
}

impl From<WantedIsolation> for Isolation {
    fn from(wanted: WantedIsolation) -> Self {
        match wanted {
            WantedIsolation::Full => Self::Full,
            WantedIsolation::Traced => Self::Traced,
            WantedIsolation::Isolated => Self::Isolated,
            WantedIsolation::None => Self::None,
        }
    }
}

/// How replays are isolated.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Isolation")]
pub struct IsolationArgs {
    /// Fail unless this level is reached; the built-in scanner then runs in the sandbox too
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub require_isolation: Option<WantedIsolation>,
    /// A folder of the machine that a scanner may see read-only at its own path, e.g. a virtual environment; a manifest
    /// that asks for one is not believed (repeatable)
    #[arg(long, value_name = "PATH")]
    pub ro: Vec<PathBuf>,
}

impl IsolationArgs {
    /// Says that `--ro` shows nothing to anybody, where no command runs: the built-in scanner sees what was recorded and no folder.
    pub fn note_without_a_command(&self, runs_a_command: bool) {
        if !self.ro.is_empty() && !runs_a_command {
            output::talk(
                "note: `--ro` says nothing here: the built-in scanner is a part of stella and sees no folder of the machine",
            );
        }
    }
}

/// Whether causes are found by experiment.
#[derive(Debug, Args)]
#[command(next_help_heading = "Causes")]
pub struct ExplainArgs {
    /// Find the cause of every change by experiment: replay with single inputs swapped (docs/attribution.md)
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    budget: BudgetArgs,
}

/// How much an experiment may cost.
#[derive(Debug, Args)]
pub struct BudgetArgs {
    /// Stop an experiment after this many replays, with the best answer so far
    #[arg(long, value_name = "N", default_value = "200", value_parser = clap::value_parser!(u16).range(1..))]
    max_replays: u16,
    /// Stop an experiment after this many seconds, with the best answer so far
    #[arg(long, value_name = "SECONDS")]
    max_time: Option<u32>,
}

impl ExplainArgs {
    /// The budget, where an experiment is asked for.
    pub fn budget(&self) -> Option<Budget> {
        self.explain.then(|| self.budget.budget())
    }
}

impl BudgetArgs {
    /// The budget.
    pub fn budget(&self) -> Budget {
        let max_time = self.max_time.map(|seconds| Duration::from_secs(u64::from(seconds)));
        Budget { max_replays: usize::from(self.max_replays), max_time }
    }
}

/// `key=value`
pub fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}
