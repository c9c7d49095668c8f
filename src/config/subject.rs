//! What a checkout builds, as a configuration names it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::error::ConfigError;
use crate::config::raw::{RawSubject, RawSubjectKind};
use crate::config::valid::Valid;
use crate::model::artifact_spec::ArtifactSpec;

/// What a checkout builds, swapped into every regression replay.
#[derive(Debug, Clone)]
pub enum Subject {
    /// The scanner inside the stella that runs.
    BuiltIn,
    /// The scanner inside another stella, which the checkout builds.
    Stella(TreeSubject),
    /// A scanner of its own.
    Scanner(ScannerSubject),
    /// A feed of OSV records.
    Feed(TreeSubject),
    /// A policy in Rego.
    Policy(TreeSubject),
}

/// How a subject is built and where it lies then, as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectPlace {
    /// The command that builds it.
    pub build: Option<String>,
    /// What the build leaves behind.
    pub path: Option<String>,
}

/// A scanner that the checkout builds.
#[derive(Debug, Clone)]
pub struct ScannerSubject {
    /// Its name, as canaries record it; where it is not written, the canaries tell it.
    pub engine: Option<String>,
    /// How it is built.
    pub build: Option<String>,
    /// Variables that its build gets beside those that are harmless.
    pub build_env: Vec<String>,
    /// Its build may become another user.
    pub build_sudo: bool,
    /// The executable.
    pub path: PathBuf,
    /// The command for cases.
    pub argv: Vec<String>,
    /// What it writes.
    pub artifacts: Vec<ArtifactSpec>,
    /// Exit codes that mean that it ran well.
    pub expected_exit_codes: Vec<i32>,
}

/// A feed, a policy or a stella that the checkout builds.
#[derive(Debug, Clone)]
pub struct TreeSubject {
    /// How it is built.
    pub build: Option<String>,
    /// Variables that its build gets beside those that are harmless.
    pub build_env: Vec<String>,
    /// Its build may become another user.
    pub build_sudo: bool,
    /// Its folder, or the program.
    pub path: PathBuf,
}

impl Subject {
    /// Variables that its build gets beside those that are harmless.
    pub fn build_env(&self) -> &[String] {
        match self {
            Self::BuiltIn => &[],
            Self::Scanner(scanner) => &scanner.build_env,
            Self::Stella(tree) | Self::Feed(tree) | Self::Policy(tree) => &tree.build_env,
        }
    }

    /// Whether its build may become another user.
    pub fn build_sudo(&self) -> bool {
        match self {
            Self::BuiltIn => false,
            Self::Scanner(scanner) => scanner.build_sudo,
            Self::Stella(tree) | Self::Feed(tree) | Self::Policy(tree) => tree.build_sudo,
        }
    }

    /// What its build leaves behind; `None` of the scanner inside the stella that runs.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::BuiltIn => None,
            Self::Scanner(scanner) => Some(&scanner.path),
            Self::Stella(tree) | Self::Feed(tree) | Self::Policy(tree) => Some(&tree.path),
        }
    }

    /// Whether a run calls it as it calls `other`: of the same kind, with the same command and artifacts, wherever the two lie.
    pub fn is_called_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scanner(one), Self::Scanner(other)) => {
                (&one.engine, &one.argv, &one.artifacts, &one.expected_exit_codes)
                    == (&other.engine, &other.argv, &other.artifacts, &other.expected_exit_codes)
            }
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// The same, as it lies at `path`: a scanner inside a stella is that of the stella there.
    #[must_use]
    pub fn at(&self, path: PathBuf) -> Self {
        let tree = |tree: &TreeSubject| TreeSubject { path: path.clone(), ..tree.clone() };
        match self {
            Self::BuiltIn => Self::Stella(TreeSubject { build: None, build_env: Vec::new(), build_sudo: false, path }),
            Self::Stella(of) => Self::Stella(tree(of)),
            Self::Scanner(of) => Self::Scanner(ScannerSubject { path, ..of.clone() }),
            Self::Feed(of) => Self::Feed(tree(of)),
            Self::Policy(of) => Self::Policy(tree(of)),
        }
    }

    /// The command that builds it, if it has one.
    pub fn build(&self) -> Option<&str> {
        match self {
            Self::BuiltIn => None,
            Self::Scanner(scanner) => scanner.build.as_deref(),
            Self::Stella(tree) | Self::Feed(tree) | Self::Policy(tree) => tree.build.as_deref(),
        }
    }
}

/// Variables by which a program steers the CI system, or speaks for it: no build gets them, not even where they are named.
const STEERING: [&str; 5] = ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_STATE"];
impl RawSubject {
    pub(super) fn place(&self) -> SubjectPlace {
        SubjectPlace { build: self.build.clone(), path: self.path.clone() }
    }

    /// The same subject, built as `place` says: whoever changes a checkout can change what its build runs anyway. Where nothing
    /// is built, or `place` is that of something that is not built, nothing is taken over.
    pub(super) fn built_at(&mut self, place: &SubjectPlace) {
        if place.path.is_none() || (self.kind == RawSubjectKind::Builtin && self.path.is_none()) {
            return;
        }
        self.build.clone_from(&place.build);
        self.path.clone_from(&place.path);
    }
}

impl Valid<'_> {
    fn build_env(&self, names: Option<Vec<String>>) -> Result<Vec<String>, ConfigError> {
        let names = names.unwrap_or_default();
        for name in &names {
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !is_name {
                return Err(self.error("subject.build_env", format!("`{name}` is not the name of a variable")));
            }
            if STEERING.contains(&name.as_str()) || name.starts_with("ACTIONS_") {
                return Err(self.error("subject.build_env", format!("`{name}` steers the CI system: no build gets it")));
            }
        }
        Ok(names)
    }

    pub(super) fn subject(&self, raw: RawSubject) -> Result<Subject, ConfigError> {
        let scanner_only = [
            ("subject.engine", raw.engine.is_some()),
            ("subject.argv", raw.argv.is_some()),
            ("subject.artifacts", raw.artifacts.is_some()),
            ("subject.expect_exit", raw.expect_exit.is_some()),
        ];
        if raw.kind != RawSubjectKind::Scanner
            && let Some((field, _)) = scanner_only.iter().find(|(_, given)| *given)
        {
            return Err(self.error(field, "only a subject of kind `scanner` has it"));
        }
        match raw.kind {
            RawSubjectKind::Builtin if raw.path.is_some() => self.tree(raw).map(Subject::Stella),
            RawSubjectKind::Builtin if raw.build.is_some() || raw.build_env.is_some() || raw.build_sudo.is_some() => {
                let what = "missing: without the stella that is built there is nothing to build for kind `builtin`";
                Err(self.error("subject.path", what))
            }
            RawSubjectKind::Builtin => Ok(Subject::BuiltIn),
            RawSubjectKind::Scanner => self.scanner(raw).map(Subject::Scanner),
            RawSubjectKind::Feed => self.tree(raw).map(Subject::Feed),
            RawSubjectKind::Policy => self.tree(raw).map(Subject::Policy),
        }
    }

    fn path(&self, path: Option<String>) -> Result<PathBuf, ConfigError> {
        let path = path.ok_or_else(|| self.error("subject.path", "missing: what the build leaves behind"))?;
        Ok(self.root.join(path))
    }

    fn tree(&self, raw: RawSubject) -> Result<TreeSubject, ConfigError> {
        let (path, build_env) = (self.path(raw.path)?, self.build_env(raw.build_env)?);
        Ok(TreeSubject { path, build_env, build_sudo: raw.build_sudo.unwrap_or_default(), build: raw.build })
    }

    fn scanner(&self, raw: RawSubject) -> Result<ScannerSubject, ConfigError> {
        let path = self.path(raw.path)?;
        let argv = raw.argv.unwrap_or_default();
        if argv.first().is_none_or(|program| program != "{scanner}") {
            return Err(self.error("subject.argv", "the first word must be `{scanner}`"));
        }
        let specs = raw.artifacts.unwrap_or_default();
        if specs.is_empty() {
            return Err(
                self.error("subject.artifacts", "missing: name what the scanner writes, e.g. `findings=findings.json`")
            );
        }
        let artifacts = specs.iter().map(|spec| spec.parse()).collect::<Result<Vec<ArtifactSpec>, _>>();
        let artifacts = artifacts.map_err(|source| ConfigError::Artifact { file: self.file.to_owned(), source })?;
        let mut names = BTreeSet::new();
        if let Some(twice) = artifacts.iter().map(ArtifactSpec::file_name).find(|name| !names.insert(name.clone())) {
            return Err(self.error("subject.artifacts", format!("two of them have the file name `{twice}`")));
        }
        Ok(ScannerSubject {
            engine: raw.engine,
            build: raw.build,
            build_env: self.build_env(raw.build_env)?,
            build_sudo: raw.build_sudo.unwrap_or_default(),
            path,
            argv,
            artifacts,
            expected_exit_codes: raw.expect_exit.unwrap_or_else(|| vec![0]),
        })
    }
}
