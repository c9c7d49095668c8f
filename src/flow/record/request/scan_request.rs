//! A scan that somebody asks for, by names and paths: a value that any face can make of its arguments.
//!
//! Invariant: what does not go together has no place beside each other; a face says so of its arguments. Absent: reading.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

use crate::flow::record::closure::Keeping;
use crate::flow::record::request::error::ScanRequestError;
use crate::job::manifest_summary;
use crate::model::artifact_spec::ArtifactSpec;
use crate::model::manifest::NetworkMode;
use crate::oci::Platform;

/// A scan that somebody asks for.
#[derive(Debug, Clone)]
pub struct ScanRequest {
    /// What scans.
    pub scanner: Scanner,
    /// What is scanned: a file, a directory or an image.
    pub input: PathBuf,
    /// Of an image: for which platform.
    pub platform: Option<Platform>,
    /// What is not a part of the input.
    pub exclude: Vec<PathBuf>,
    /// Whether what git ignores is a part of the input too.
    pub include_ignored: bool,
    /// Whether the repository itself, `.git`, is a part of the input.
    pub with_git: bool,
    /// Files and folders into which the face writes: no part of the input either.
    pub written: Vec<PathBuf>,
    /// Advisories.
    pub feeds: Vec<FeedChoice>,
    /// Rules that decide; `None` for those that ship with stella, where the scanner has a place for them.
    pub policy: Option<PathBuf>,
    /// Variables that the scanner may see.
    pub env: BTreeMap<String, String>,
    /// Where programs are looked up, as in `PATH`.
    pub search: Option<OsString>,
    /// Exit codes that mean that it ran well; empty for what the adapter knows, else for any.
    pub expected_exit_codes: Vec<i32>,
    /// The version of the scanner; `None` where the adapter asks for it.
    pub scanner_version: Option<String>,
    /// Labels for the manifest.
    pub labels: BTreeMap<String, String>,
    /// The instant at which the clock is frozen; `None` for now.
    pub clock: Option<Timestamp>,
    /// Whether the recording may reach the network.
    pub network: NetworkMode,
}

/// What scans.
#[derive(Debug, Clone)]
pub enum Scanner {
    /// The built-in scanner.
    BuiltIn {
        /// Its flags.
        flags: Vec<String>,
        /// A call graph for its reachability.
        call_graph: Option<PathBuf>,
    },
    /// A scanner whose command an adapter makes.
    Adapter(ByAdapter),
    /// A scanner of which the command is given.
    Command {
        /// The words of the command; the first is the program where no scanner is named.
        words: Vec<String>,
        /// The scanner for which `{scanner}` stands in the command: an executable, or a directory with all it needs.
        scanner: Option<PathBuf>,
        /// What it writes.
        artifacts: Vec<ArtifactSpec>,
        /// An artifact that lies in the input already is part of it.
        artifact_in_input: bool,
        /// What it reads its configuration or rules from.
        config: Option<PathBuf>,
        /// Where it runs.
        run: Run,
    },
}

/// A scanner whose command an adapter makes.
#[derive(Debug, Clone)]
pub struct ByAdapter {
    /// The adapter.
    pub name: String,
    /// Its program, where it is not to be looked up.
    pub program: Option<PathBuf>,
    /// What it writes; empty for what the adapter writes by itself.
    pub outputs: Vec<String>,
    /// More options for its command.
    pub options: Vec<String>,
    /// What it reads its configuration or rules from.
    pub config: Option<PathBuf>,
    /// How it is sealed.
    pub sealing: Sealing,
}

/// Where a command runs.
#[derive(Debug, Clone)]
pub enum Run {
    /// In a sandbox.
    Sealed(Sealing),
    /// Where it is, without a sandbox.
    AsIs,
}

/// How a command is sealed.
#[derive(Debug, Clone, Default)]
pub struct Sealing {
    /// The clock moves.
    pub clock_runs: bool,
    /// No file is shown as newer than the clock.
    pub clamp_file_times: bool,
    /// How long it may run.
    pub time_limit: Option<Duration>,
    /// How much memory it may use, in MiB.
    pub memory_limit: Option<u32>,
    /// Folders in which programs are looked up before the system's.
    pub path: Vec<String>,
    /// How its closure is kept; `None` where none is.
    pub closure: Option<Keeping>,
}

/// A feed by its name and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedChoice {
    /// Its name.
    pub(crate) name: String,
    /// Where it lies.
    pub(crate) path: PathBuf,
}

impl FromStr for FeedChoice {
    type Err = ScanRequestError;

    /// `PATH`, or `NAME=PATH`; a feed without a name is called `osv`.
    fn from_str(text: &str) -> Result<Self, ScanRequestError> {
        let (name, path) = text.split_once('=').unwrap_or(("osv", text));
        if !manifest_summary::is_plain_name(name) {
            return Err(ScanRequestError::FeedName(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), path: path.into() })
    }
}

impl Scanner {
    /// What it reads its configuration or rules from.
    pub(crate) fn config(&self) -> Option<&Path> {
        match self {
            Self::BuiltIn { .. } => None,
            Self::Adapter(ByAdapter { config, .. }) | Self::Command { config, .. } => config.as_deref(),
        }
    }
}

impl ScanRequest {
    /// Whether its command runs where it is, without a sandbox.
    pub(crate) fn is_as_is(&self) -> bool {
        matches!(self.scanner, Scanner::Command { run: Run::AsIs, .. })
    }

    /// How it is sealed; `None` for what runs without a sandbox or decides by itself.
    pub(crate) fn sealing(&self) -> Option<&Sealing> {
        match &self.scanner {
            Scanner::Adapter(ByAdapter { sealing, .. }) | Scanner::Command { run: Run::Sealed(sealing), .. } => {
                Some(sealing)
            }
            Scanner::BuiltIn { .. } | Scanner::Command { run: Run::AsIs, .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_named_before_the_first_equals_sign() {
        let feed = |text: &str| text.parse::<FeedChoice>().map(|feed| (feed.name, feed.path));
        assert_eq!(feed("dir/osv").unwrap(), ("osv".to_owned(), "dir/osv".into()));
        assert_eq!(feed("nvd=a=b").unwrap(), ("nvd".to_owned(), "a=b".into()));
        assert!(matches!(feed("dir/a=b"), Err(ScanRequestError::FeedName(name)) if name == "dir/a"));
    }
}
