//! Why a run could not be made. What the program itself did is a result, never an error.

use std::io;
use std::path::PathBuf;

use crate::hint;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::parameter::Parameter;
use crate::sandbox::sandbox_path::SandboxPath;

/// Names the helper where it is not beside stella.
pub(crate) const HELPER_OVERRIDE: &str = "STELLA_SANDBOX_HELPER";

/// A file that is no program of this machine; the same number on every Unix.
pub(crate) const ENOEXEC: i32 = 8;

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The helper program is nowhere.
    #[error(transparent)]
    Helper(#[from] HelperMissing),
    /// The helper program does not start.
    #[error("the sandbox helper `{}` does not start", helper.display())]
    Start {
        /// The helper.
        helper: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The helper ended without a word.
    #[error("the sandbox helper `{}` ended without a report{said}", helper.display())]
    Silent {
        /// The helper.
        helper: PathBuf,
        /// The end of what it printed; empty, or `: …`.
        said: String,
    },
    /// The program is not there, or cannot be executed.
    #[error("`{program}` cannot be run in the sandbox")]
    Program {
        /// As in the spec.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The working directory does not exist inside.
    #[error("the working directory `{path}` cannot be entered in the sandbox")]
    WorkingDirectory {
        /// As in the spec.
        path: SandboxPath,
        /// Why.
        source: io::Error,
    },
    /// A source of the spec cannot be mounted.
    #[error("`{}` cannot be mounted at `{inside}`", host.display())]
    Mount {
        /// Where it should be on the machine.
        host: PathBuf,
        /// Where it should be visible.
        inside: SandboxPath,
        /// Why.
        source: io::Error,
    },
    /// A closure that cannot be run here.
    #[error("a closure runs at isolation `full` alone, and that cannot be had here: {why}")]
    NoRoot {
        /// What was refused.
        why: String,
    },
    /// The machine failed us.
    #[error("the sandbox could not {step}")]
    Machine {
        /// What was being done.
        step: String,
        /// Why.
        source: io::Error,
    },
}

impl Diagnostic for SandboxError {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Helper(missing) => missing.hint(),
            Self::Program { source, .. } if source.kind() == io::ErrorKind::NotFound => Some(hint!(
                "the sandbox shows the system's folders and what is mounted below `/tmp/stella`; a program that exists may \
                 lack its interpreter there: {} shows another folder",
                Parameter::Ro.to("PATH")
            )),
            Self::Program { source, .. } if source.raw_os_error() == Some(ENOEXEC) => Some(
                "a program for 32-bit processors is not run: its system calls have other numbers, which are not followed; nor \
                 is one of another kind of machine, or a script without a first line such as `#!/bin/sh`"
                    .into(),
            ),
            Self::WorkingDirectory { .. } | Self::Mount { .. } => {
                Some("a place inside exists if it is `out`, `home` or `work`, or if something is mounted there".into())
            }
            _ => None,
        }
    }
}

/// The helper program is nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox helper is neither at `{}` nor named by `{HELPER_OVERRIDE}`", beside.display())]
pub struct HelperMissing {
    /// Where it was looked for.
    pub beside: PathBuf,
}

impl Diagnostic for HelperMissing {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }

    fn hint(&self) -> Option<Hint> {
        Some("install `stella-sandbox` beside `stella`, or set `STELLA_SANDBOX_HELPER` to its path".into())
    }
}
