//! `TYPE=PATH[:FORMAT]`: how a user names what a scanner writes.

use std::fmt;
use std::str::FromStr;

use crate::model::artifact::{ArtifactFormat, ArtifactType, UnknownName};
use crate::model::manifest::ArtifactRecord;

/// Where an artifact is found after the scanner ran.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ArtifactPath {
    /// The scanner's standard output, written `-`.
    Stdout,
    /// A file: relative to the scanner's working directory, or below `{out}`.
    File(String),
}

impl ArtifactPath {
    fn read(path: &str) -> Result<Self, ArtifactSpecError> {
        if path == "-" { Ok(Self::Stdout) } else { inside(path).map(Self::File) }
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("-"),
            Self::File(path) => f.write_str(path),
        }
    }
}

/// One artifact to collect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArtifactSpec {
    /// What it is for.
    pub artifact_type: ArtifactType,
    /// Where it is found.
    pub path: ArtifactPath,
    /// Its format, where it is given; else it is recognised by its content.
    pub format: Option<ArtifactFormat>,
}

/// Why a text does not name an artifact.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactSpecError {
    /// No `=`, or nothing behind it.
    #[error("`{0}` is not an artifact: expected `TYPE=PATH[:FORMAT]`, e.g. `findings=out.json:sarif`")]
    Shape(String),
    /// A type or a format that does not exist.
    #[error("artifact `{given}`")]
    Name {
        /// The text.
        given: String,
        /// What is wrong.
        source: UnknownName,
    },
    /// A path that leaves the scanner's directories.
    #[error(
        "artifact path `{0}` leaves the scanner's working directory: give a relative path without `..`, or one below `{{out}}`"
    )]
    Outside(String),
}

impl FromStr for ArtifactSpec {
    type Err = ArtifactSpecError;

    fn from_str(text: &str) -> Result<Self, ArtifactSpecError> {
        let name = |source| ArtifactSpecError::Name { given: text.to_owned(), source };
        let (artifact_type, rest) = text
            .split_once('=')
            .filter(|(_, rest)| !rest.is_empty())
            .ok_or_else(|| ArtifactSpecError::Shape(text.to_owned()))?;
        let (path, format) = match rest.rsplit_once(':') {
            Some((path, format)) if !path.is_empty() => (path, Some(format.parse().map_err(name)?)),
            _ => (rest, None),
        };
        Ok(Self { artifact_type: artifact_type.parse().map_err(name)?, path: ArtifactPath::read(path)?, format })
    }
}

fn inside(path: &str) -> Result<String, ArtifactSpecError> {
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        return Err(ArtifactSpecError::Outside(path.to_owned()));
    }
    Ok(path.to_owned())
}

impl ArtifactSpec {
    /// What a recorded artifact was collected by; `None` where stella itself wrote it.
    pub fn of_record(record: &ArtifactRecord) -> Option<Result<Self, ArtifactSpecError>> {
        let source = record.source.as_ref()?;
        let spec = |path| Self { artifact_type: record.artifact_type, path, format: Some(record.format) };
        Some(ArtifactPath::read(source).map(spec))
    }

    /// The name under which the artifact is kept: its file name, or its type for standard output.
    pub fn file_name(&self) -> String {
        match &self.path {
            ArtifactPath::Stdout => format!("{}.out", self.artifact_type),
            ArtifactPath::File(path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
        }
    }
}

impl fmt::Display for ArtifactSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.artifact_type, self.path)?;
        self.format.map_or(Ok(()), |format| write!(f, ":{format}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_back() {
        for text in
            ["findings=out/findings.json:sarif", "sbom=-", "sbom=-:cyclonedx", "evidence={out}/e.txt", "vex=a:bytes"]
        {
            assert_eq!(text.parse::<ArtifactSpec>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn errors_say_what_is_expected() {
        for text in ["", "findings", "findings=", "x=a", "findings=a:nope", "findings=/etc/passwd", "findings=../x"] {
            assert!(text.parse::<ArtifactSpec>().is_err(), "{text}");
        }
    }
}
