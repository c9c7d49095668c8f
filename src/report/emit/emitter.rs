//! One form of a report, and why it could not be written.

use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::report::junit::JunitError;
use crate::report::publication::Publication;

/// The language of an output: what acts in it, and so how text is made harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// A page for browsers.
    Html,
    /// Markdown as forges read it.
    Markdown,
    /// XML for test viewers.
    Junit,
    /// A picture.
    Svg,
    /// A JSON document.
    Json,
    /// Lines that a CI system obeys when they are printed.
    Commands,
}

/// One form of a report.
#[derive(Debug)]
pub struct Emitter {
    /// Its name, in kebab case.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// The usual name of its file.
    pub file: &'static str,
    /// Its language.
    pub media: Media,
    /// The most bytes that it writes.
    pub limit: usize,
    /// Whether a folder with the reports of a run has it.
    pub in_folder: bool,
    /// Writes it.
    pub emit: fn(&Publication<'_>) -> Result<Vec<u8>, EmitError>,
}

/// Why a report could not be written. No result causes it: it is a bug here or in a library.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// The XML.
    #[error(transparent)]
    Junit(#[from] JunitError),
    /// The JSON.
    #[error("the JSON cannot be written")]
    Json(#[from] serde_json::Error),
    /// The page.
    #[error("the page cannot be written")]
    Html(#[from] askama::Error),
    /// More than the limit, with nothing left to leave out.
    #[error("the {name} has {bytes} bytes, more than {limit}")]
    TooLarge {
        /// The emitter.
        name: &'static str,
        /// What was written.
        bytes: usize,
        /// What may be.
        limit: usize,
    },
}

impl Diagnostic for EmitError {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }
}

impl Emitter {
    /// The report in this form.
    ///
    /// # Errors
    /// See [`EmitError`].
    pub fn write(&self, report: &Publication<'_>) -> Result<Vec<u8>, EmitError> {
        let bytes = (self.emit)(report)?;
        if bytes.len() > self.limit {
            return Err(EmitError::TooLarge { name: self.name, bytes: bytes.len(), limit: self.limit });
        }
        Ok(bytes)
    }
}
