//! The subject: what this checkout builds, built once and swapped into every regression replay.

use std::process::{Command, Stdio};

use crate::config::{Config, ScannerSubject, Subject, TreeSubject};
use crate::execute::builtin;
use crate::host::ending;
use crate::host::fs::FsError;
use crate::job::material::{FeedMaterial, PolicyMaterial, ScannerMaterial};
use crate::job::scan_spec::Job;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::dimension::Dimension;
use crate::model::manifest::{ScanManifest, ScannerKind};
use crate::workspace::context::Context;
use crate::workspace::open_inputs::{self, TreeError};

/// A subject that is ready to be swapped in.
#[derive(Debug, Clone)]
pub enum Built {
    /// The repository builds nothing: cases run with the built-in scanner, canaries as they were recorded.
    Nothing,
    /// The scanner inside this stella.
    BuiltIn,
    /// A scanner.
    Scanner(ScannerMaterial, Box<ScannerSubject>),
    /// A feed.
    Feed(FeedMaterial),
    /// A policy.
    Policy(PolicyMaterial),
}

/// Why a subject is not ready.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// The build cannot be started.
    #[error("cannot run the subject's build `{command}`")]
    Start {
        /// The command.
        command: String,
        /// Why.
        source: std::io::Error,
    },
    /// The build failed.
    #[error("the subject's build `{command}` failed ({status})")]
    Build {
        /// The command.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// The build left nothing behind.
    #[error("the subject is not there")]
    Missing(#[source] FsError),
    /// Its feed or policy cannot be used.
    #[error("the subject cannot be used")]
    Tree(#[from] TreeError),
}

impl Diagnostic for SubjectError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Start { .. } | Self::Build { .. } => FailureKind::Infrastructure,
            Self::Missing(_) | Self::Tree(_) => FailureKind::Usage,
        }
    }
}

/// Builds the subject of the configuration and takes it up.
pub fn build(context: &Context) -> Result<Built, SubjectError> {
    let config = &context.config;
    let Some(subject) = &config.subject else { return Ok(Built::Nothing) };
    if let Some(command) = subject.build() {
        run_build(command, config)?;
    }
    match subject {
        Subject::BuiltIn => Ok(Built::BuiltIn),
        Subject::Scanner(scanner) => {
            let material = open_inputs::executable(&scanner.path).map_err(SubjectError::Missing)?;
            Ok(Built::Scanner(material, Box::new(scanner.clone())))
        }
        Subject::Feed(TreeSubject { path, .. }) => {
            Ok(Built::Feed(open_inputs::feed("osv", path, context).map_err(TreeError::from)?))
        }
        Subject::Policy(TreeSubject { path, .. }) => Ok(Built::Policy(open_inputs::policy(path, context)?)),
    }
}

/// Runs the checkout's own build. Its talk goes to stderr: stdout is ours.
fn run_build(command: &str, config: &Config) -> Result<(), SubjectError> {
    let mut build = Command::new("sh");
    build.args(["-c", command]).current_dir(&config.root).stdin(Stdio::null()).stdout(std::io::stderr());
    let mut run = || {
        let mut child = build.spawn()?;
        let _hold = ending::hold_child(&child);
        child.wait()
    };
    let status = run().map_err(|source| SubjectError::Start { command: command.to_owned(), source })?;
    if status.success() { Ok(()) } else { Err(SubjectError::Build { command: command.to_owned(), status }) }
}

impl Built {
    /// Which input of a case it is.
    pub fn dimension(&self) -> Dimension {
        match self {
            Self::Nothing | Self::BuiltIn | Self::Scanner(..) => Dimension::Scanner,
            Self::Feed(_) => Dimension::Feed,
            Self::Policy(_) => Dimension::Policy,
        }
    }

    /// Swaps the subject into a case.
    pub fn swap_into_case(&self, job: &mut Job) {
        match self {
            Self::Nothing | Self::BuiltIn => {}
            Self::Scanner(material, subject) => {
                job.scanner = material.clone();
                job.argv = subject.argv.iter().cloned().chain(job.flags.drain(..)).collect();
                job.artifacts.clone_from(&subject.artifacts);
                job.expected_exit_codes.clone_from(&subject.expected_exit_codes);
            }
            Self::Feed(feed) => job.feeds = vec![feed.clone()],
            Self::Policy(policy) => job.policy = Some(policy.clone()),
        }
    }

    /// Whether the subject is an input of this recording, so that swapping it in asks *did I break it*.
    ///
    /// A scanner is swapped for the engine of its own name only: running another engine's recording with it would say
    /// nothing about either. A feed takes the place of the only one: of several nobody said which. Without a recorded
    /// policy the default one decided, and only the built-in scanner asks it.
    pub fn concerns(&self, manifest: &ScanManifest) -> bool {
        match self {
            Self::Nothing => false,
            Self::BuiltIn => manifest.scanner.engine == builtin::ENGINE,
            Self::Scanner(_, subject) => manifest.scanner.engine == subject.engine,
            Self::Feed(_) => match manifest.feeds.bundles.len() {
                0 => manifest.feeds.vuln_feed_bundle_digest.is_some(),
                feeds => feeds == 1,
            },
            Self::Policy(_) => {
                manifest.policy.policy_bundle_digest.is_some() || manifest.scanner.kind == Some(ScannerKind::BuiltIn)
            }
        }
    }

    /// Swaps the subject into a recording.
    pub fn swap_into_recording(&self, job: &mut Job) {
        match self {
            Self::Nothing => {}
            Self::BuiltIn => job.scanner = ScannerMaterial::BuiltIn,
            Self::Scanner(material, _) => job.scanner = material.clone(),
            Self::Feed(feed) => {
                // The scanner may find its feed by the name that it had.
                let name = job.feeds.first().map_or(&feed.name, |recorded| &recorded.name).clone();
                job.feeds = vec![FeedMaterial { name, ..feed.clone() }];
            }
            Self::Policy(policy) => job.policy = Some(policy.clone()),
        }
    }

    /// Whether it takes the place of the recorded scanner, which then need not be restored.
    pub fn is_scanner(&self) -> bool {
        matches!(self, Self::BuiltIn | Self::Scanner(..))
    }
}
