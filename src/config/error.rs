//! Why a configuration cannot be used.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::canonical::profile::ProfileError;
use crate::config::adapter::AdapterError;
use crate::hint;
use crate::host::fs::FsError;
use crate::model::artifact::{InvalidProfileName, ProfileName};
use crate::model::artifact_spec::ArtifactSpecError;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::parameter::Operation;
use crate::model::text::names;

/// How deep `[` and `{` may stand in each other; a valid configuration has three levels.
pub(super) const MAX_DEPTH: usize = 64;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration")]
    Read(#[source] FsError),
    /// A file that looks like the configuration and is not called so.
    #[error("`{}` is not read: the configuration is called `.stella.yaml`", .0.display())]
    Misnamed(PathBuf),
    /// Not valid YAML, an unknown key or a wrong type.
    #[error("{}:{line}:{column}: not a valid configuration", .file.display())]
    Yaml {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        source: serde_yaml::Error,
    },
    /// Brackets in brackets: the parser's time would grow with the square of their depth.
    #[error("{}: nested deeper than {MAX_DEPTH} brackets", .file.display())]
    TooDeep {
        /// The file.
        file: PathBuf,
    },
    /// A value that is not allowed.
    #[error("{}: `{field}`: {what}", .file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// Its field.
        field: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// An artifact that cannot be understood.
    #[error("{}: `subject.artifacts`", .file.display())]
    Artifact {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: ArtifactSpecError,
    },
    /// A key that no profile can have for its name.
    #[error("{}: `profiles`", .file.display())]
    ProfileName {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: InvalidProfileName,
    },
    /// An adapter that is not valid.
    #[error("{}", .file.display())]
    Adapter {
        /// The adapter's file.
        file: PathBuf,
        /// What is wrong.
        source: AdapterError,
    },
    /// A profile that is not valid.
    #[error("{}", .file.display())]
    Profile {
        /// The profile's file.
        file: PathBuf,
        /// What is wrong.
        source: ProfileError,
    },
}

impl Diagnostic for ConfigError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Read(_) => Some(hint!("{} writes a configuration", Operation::Init)),
            Self::Misnamed(_) => Some("rename or remove it".into()),
            _ => Some("docs/configuration.md lists every key; docs/schema/stella-yaml-v1.json is the schema".into()),
        }
    }
}

/// A profile that an artifact names and nobody wrote.
#[derive(Debug, thiserror::Error)]
#[error("no profile is called `{name}`: known are those of the formats, {}", names::quoted(.known))]
pub struct UnknownProfile {
    pub(super) name: ProfileName,
    pub(super) known: BTreeSet<String>,
}

impl Diagnostic for UnknownProfile {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some("name one of your own under `profiles` in .stella.yaml; docs/profiles.md".into())
    }
}

/// A name that no adapter has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no adapter is called `{0}`")]
pub struct UnknownAdapter(pub(super) String);

impl Diagnostic for UnknownAdapter {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some(hint!("{} names them", Operation::AdapterList))
    }
}
