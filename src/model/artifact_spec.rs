//! `TYPE=PATH[:FORMAT[/PROFILE]]`: how a user names what a scanner writes.

use std::fmt;
use std::str::FromStr;

use crate::model::artifact::{ArtifactFormat, ArtifactType, InvalidProfileName, ProfileName, UnknownName};
use crate::model::diagnostic::{Diagnostic, FailureKind};
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
    /// The profile under which it is compared, where it is not that of the format.
    pub profile: Option<ProfileName>,
}

/// Why a text does not name an artifact.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactSpecError {
    /// No `=`, or nothing behind it.
    #[error("`{0}` is not an artifact: expected `TYPE=PATH[:FORMAT[/PROFILE]]`, e.g. `findings=out.json:sarif`")]
    Shape(String),
    /// A type or a format that does not exist.
    #[error("artifact `{given}`")]
    Name {
        /// The text.
        given: String,
        /// What is wrong.
        source: UnknownName,
    },
    /// A name that no profile can have.
    #[error("artifact `{given}`")]
    Profile {
        /// The text.
        given: String,
        /// What is wrong.
        source: InvalidProfileName,
    },
    /// A path that leaves the scanner's directories.
    #[error(
        "artifact path `{0}` leaves the scanner's working directory: give a relative path without `..`, or one below `{{out}}`"
    )]
    Outside(String),
}

impl Diagnostic for ArtifactSpecError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

impl FromStr for ArtifactSpec {
    type Err = ArtifactSpecError;

    fn from_str(text: &str) -> Result<Self, ArtifactSpecError> {
        let name = |source| ArtifactSpecError::Name { given: text.to_owned(), source };
        let (artifact_type, rest) = text
            .split_once('=')
            .filter(|(_, rest)| !rest.is_empty())
            .ok_or_else(|| ArtifactSpecError::Shape(text.to_owned()))?;
        let (path, read_as) = match rest.rsplit_once(':') {
            Some((path, read_as)) if !path.is_empty() => (path, Some(read_as)),
            _ => (rest, None),
        };
        let (format, profile) = match read_as.map(|text| text.split_once('/').unwrap_or((text, ""))) {
            None => (None, None),
            Some((format, "")) => (Some(format.parse().map_err(name)?), None),
            Some((format, profile)) => {
                let unnamed = |source| ArtifactSpecError::Profile { given: text.to_owned(), source };
                (Some(format.parse().map_err(name)?), Some(profile.parse().map_err(unnamed)?))
            }
        };
        let artifact_type = artifact_type.parse().map_err(name)?;
        Ok(Self { artifact_type, path: ArtifactPath::read(path)?, format, profile })
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
        let (artifact_type, format, profile) = (record.artifact_type, Some(record.format), record.profile.clone());
        let spec = |path| Self { artifact_type, path, format, profile };
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
        self.format.map_or(Ok(()), |format| write!(f, ":{format}"))?;
        self.profile.as_ref().map_or(Ok(()), |profile| write!(f, "/{profile}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_back() {
        for text in [
            "findings=out/findings.json:sarif",
            "sbom=-",
            "sbom=-:cyclonedx",
            "evidence={out}/e.txt",
            "vex=a:bytes",
            "findings=a/b:json/bandit",
        ] {
            assert_eq!(text.parse::<ArtifactSpec>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn errors_say_what_is_expected() {
        use crate::model::error_chain::causes;

        let form = "expected `TYPE=PATH[:FORMAT[/PROFILE]]`";
        for (text, said) in [
            ("", form),
            ("findings", form),
            ("findings=", form),
            ("x=a", "artifact `x=a`: unknown"),
            ("findings=a:nope", "artifact `findings=a:nope`: unknown"),
            ("findings=a:json/B", "artifact `findings=a:json/B`: "),
            ("findings=a:/b", "artifact `findings=a:/b`: unknown"),
            ("findings=/etc/passwd", "artifact path `/etc/passwd` leaves the scanner's working directory"),
            ("findings=../x", "artifact path `../x` leaves the scanner's working directory"),
        ] {
            let error = causes(&text.parse::<ArtifactSpec>().unwrap_err());
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
