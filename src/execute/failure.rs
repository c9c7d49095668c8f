//! Why an execution says nothing about the scan: two kinds that are never mixed up, with what the run showed.

use std::error::Error;

use crate::model::error_chain::chain;
use crate::model::hint::Hint;
use crate::model::showing::Showing;
use crate::model::text::redact::Known;

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The scanner ran but failed its health gate.
    Unhealthy,
    /// It could not run: our fault or the machine's.
    Infra,
    /// It cannot run here, or not with what was recorded: something of it is not there.
    Unreplayable,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It could not be started, or was ended.
    Ended,
    /// Its exit code is not one that is expected.
    ExitCode,
    /// An artifact is not there.
    Missing,
    /// Where an artifact should be is something else than a file.
    NotAFile,
    /// An artifact has more than is read.
    TooLarge,
    /// An artifact is empty.
    Empty,
    /// An artifact is not what its format says, or tells of an error.
    Malformed,
}

/// An execution that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Failure {
    /// Whose fault it is.
    pub fault: Fault,
    /// What went wrong.
    pub detail: String,
    /// What the run showed; nothing where it was not made.
    pub showing: Box<Showing>,
}

impl Failure {
    fn new(fault: Fault, detail: String) -> Self {
        Self { fault, detail, showing: Box::default() }
    }

    /// The scanner's fault.
    pub fn unwell(detail: impl Into<String>) -> Self {
        Self::new(Fault::Unhealthy, detail.into())
    }

    /// Our fault or the machine's.
    pub fn machine(detail: impl Into<String>) -> Self {
        Self::new(Fault::Infra, detail.into())
    }

    /// Something that is not there.
    pub fn unreplayable(detail: impl Into<String>) -> Self {
        Self::new(Fault::Unreplayable, detail.into())
    }

    /// The scanner's fault, with the whole chain of causes.
    pub fn unhealthy(doing: &str, error: &(dyn Error + 'static)) -> Self {
        Self::unwell(chain(doing, error))
    }

    /// Our fault or the machine's, with the whole chain of causes.
    pub fn infra(doing: &str, error: &(dyn Error + 'static)) -> Self {
        Self::machine(chain(doing, error))
    }

    /// The same without these values.
    #[must_use]
    pub fn without(self, secrets: &Known) -> Self {
        Self { detail: secrets.hide(&self.detail), showing: Box::new((*self.showing).without(secrets)), ..self }
    }

    /// The same with what can be done about it.
    #[must_use]
    pub fn next(mut self, hints: impl IntoIterator<Item = Hint>) -> Self {
        self.showing.next.extend(hints);
        self
    }

    /// The same with what the run showed.
    #[must_use]
    pub fn showing(self, showing: Showing) -> Self {
        Self { showing: Box::new(showing), ..self }
    }
}
