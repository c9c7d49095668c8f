//! The one place where an error becomes words, a hint and an exit code.

use std::error::Error;
use std::fmt;

use crate::model::exit::Exit;

/// An error on its way to the user.
#[derive(Debug)]
pub struct CliError {
    exit: Exit,
    error: Box<dyn Error + Send + Sync>,
    shown: Vec<(&'static str, String)>,
    hints: Vec<String>,
}

/// What a command returns.
pub type CliResult = Result<ExitCode, CliError>;

/// The number with which the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitCode(pub u8);

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self(exit.code())
    }
}

impl ExitCode {
    /// That of a command that stella stands in front of; one that fits into no byte is 255.
    pub fn of_wrapped(code: i32) -> Self {
        Self(u8::try_from(code).unwrap_or(u8::MAX))
    }
}

impl CliError {
    /// The command line or the configuration is wrong.
    pub fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Usage, error)
    }

    /// Could not run: our fault or the machine's.
    pub fn infrastructure(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Infrastructure, error)
    }

    /// Any other.
    pub fn new(exit: Exit, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit, error: error.into(), shown: Vec::new(), hints: Vec::new() }
    }

    /// Adds a line that says how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what a run that went wrong showed, in labelled lines.
    #[must_use]
    pub fn showing(mut self, lines: Vec<(&'static str, String)>) -> Self {
        self.shown = lines;
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for CliError {
    /// `error: what`, one indented line per cause, then the hints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.error)?;
        let mut cause = self.error.source();
        while let Some(error) = cause {
            writeln!(f, "  caused by: {error}")?;
            cause = error.source();
        }
        for (label, text) in &self.shown {
            // A bar keeps foreign text from the start of a line.
            let label = if label.is_empty() { "|" } else { label };
            writeln!(f, "  {label:<8}{text}")?;
        }
        for hint in &self.hints {
            writeln!(f, "hint: {hint}")?;
        }
        Ok(())
    }
}
