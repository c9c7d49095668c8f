//! Regression cases: folders that hold an input and what a scanner must find in it.
//!
//! ```text
//! SCN-0001-short-slug/
//!   case.metadata.json   id, title, kind, source, severity, tags
//!   case.md              what failed, why it matters, what is correct
//!   input/               everything the case needs, and config.json
//!   expected/            findings.json, and whatever else must hold
//! ```
//!
//! Invariants: a folder that looks like a case and cannot be read is an error that names the file and, where there is one,
//! the line; a case never depends on anything outside its folder but blobs by digest.

mod files;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::artifacts::comparison::Scope;
use crate::artifacts::read_artifact::{KnownArtifacts, ReadArtifact, UnreadableArtifact};
use crate::bundle::listed::BundleError;
use crate::bundle::{feed, policy};
use crate::canonical::Roots;
use crate::config::{self, Subject};
use crate::execute::builtin::{self, BuiltInError};
use crate::flow::replay::replay_job::{Expected, PreparedReplay, Recorded, Title};
use crate::flow::suite::subject::Built;
use crate::host::fs::{self, FsError};
use crate::job::artifact::{Artifact, kind_of, usual_type};
use crate::job::input_roots;
use crate::job::machine_settings::Settings;
use crate::job::material::{FeedMaterial, InputMaterial, MaterialError, PolicyMaterial, ScannerMaterial};
use crate::job::scan_spec::ScanSpec;
use crate::model::artifact_spec::ArtifactSpec;
use crate::model::candidate::{Candidate, CandidateKind};
use crate::model::digest::{Digest, DigestError};
use crate::model::dimension::Dimension;
use crate::model::error_chain::Elsewhere;
use crate::model::limits;
use crate::model::manifest::NetworkMode;
use crate::model::result::{Mode, SubjectKind};
use crate::model::text::objects;
use crate::model::text::source_line;
use crate::store::blob::{BlobSource, StoreError};
use crate::workspace::context::Context;
use crate::workspace::open_inputs::{self, TreeError};

pub use files::{CaseConfig, CaseMetadata, CaseScanner, CaseSeverity, METADATA};
pub use write::{CaseWriter, WriteCaseError};

/// A case's default clock: an instant that is nobody's now.
const DEFAULT_CLOCK: &str = "2026-01-01T00:00:00Z";

/// A case whose own files were read.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its folder.
    pub directory: PathBuf,
    /// Where people find it.
    pub shown: PathBuf,
    /// `case.metadata.json`
    pub metadata: CaseMetadata,
    /// `input/config.json`
    pub config: CaseConfig,
    expected: Vec<Artifact>,
}

/// What a case holds, in memory.
#[derive(Debug, Clone)]
pub struct Materials {
    input: InputMaterial,
    feed: Option<FeedMaterial>,
    policy: Option<PolicyMaterial>,
}

/// Why a case cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A file is missing or cannot be read.
    #[error("the case is incomplete")]
    Read(#[source] FsError),
    /// A file is not what it must be.
    #[error("{}:{line}: not a valid {what}", .file.display())]
    Json {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// `case.metadata.json`, …
        what: &'static str,
        /// What is wrong.
        source: serde_json::Error,
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
    /// Flags that the built-in scanner does not have.
    #[error("{}: `flags`", .file.display())]
    Flags {
        /// The file.
        file: PathBuf,
        /// What is wrong with them.
        source: BuiltInError,
    },
    /// Nothing is expected.
    #[error("{}: nothing is expected: write `expected/findings.json`", .directory.display())]
    NothingExpected {
        /// The case's folder.
        directory: PathBuf,
    },
    /// An expected artifact that cannot be read.
    #[error("{}", .file.display())]
    Expected {
        /// The file.
        file: PathBuf,
        /// Why.
        source: UnreadableArtifact,
    },
    /// The input, feed or policy folder cannot be used.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// Its feed or policy cannot be used.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A blob that is named by digest is not to be had.
    #[error("{}: blob {digest} is in none of its stores", .directory.display())]
    Gone {
        /// The case's folder.
        directory: PathBuf,
        /// The blob.
        digest: Digest,
    },
    /// A store cannot be read.
    #[error("{}: cannot read a blob", .directory.display())]
    Store {
        /// The case's folder.
        directory: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// The case was read in another folder than the one in which people find it.
    #[error(transparent)]
    Elsewhere(Elsewhere),
    /// A blob is not a bundle.
    #[error("{}: blob {digest} is not a bundle", .directory.display())]
    Bundle {
        /// The case's folder.
        directory: PathBuf,
        /// The blob.
        digest: Digest,
        /// Why.
        source: BundleError,
    },
}

impl CaseError {
    /// Whether the case itself is wrong, rather than that a store lacks something or cannot be read.
    pub fn is_broken(&self) -> bool {
        !matches!(self, Self::Gone { .. } | Self::Store { .. })
    }

    /// The same of a case that was read in `directory` and that people find at `shown`.
    fn shown_at(self, directory: &Path, shown: &Path) -> Self {
        match self {
            same if directory == shown => same,
            Self::Gone { digest, .. } => Self::Gone { directory: shown.to_owned(), digest },
            Self::Store { source, .. } => Self::Store { directory: shown.to_owned(), source },
            error => Self::Elsewhere(Elsewhere::new(&error, directory, shown)),
        }
    }
}

/// Whether a folder looks like a case.
pub fn looks_like_one(directory: &Path) -> bool {
    [METADATA, "input", "expected"].iter().any(|name| directory.join(name).exists())
}

/// Reads a file of a case by its path below the case's folder, which is also what it is called.
fn read_json<T: DeserializeOwned>(directory: &Path, what: &'static str) -> Result<T, CaseError> {
    let file = directory.join(what);
    let bytes = fs::read_inside(directory, &file, limits::MAX_CONFIG_BYTES).map_err(CaseError::Read)?;
    objects::from_slice(&bytes).map_err(|source| CaseError::Json { file, line: source.line().max(1), what, source })
}

impl Case {
    /// Reads a case's own files in `directory`, its expected artifacts included. People find it at `shown`.
    ///
    /// # Errors
    /// When a file of the case is not what it must be.
    pub fn found(directory: &Path, shown: &Path, context: &Context) -> Result<Self, CaseError> {
        let read = Self::read(directory, context).map(|case| case.shown_at(shown));
        read.map_err(|error| error.shown_at(directory, shown))
    }

    /// The same, where people find it in that folder.
    ///
    /// # Errors
    /// When a file of the case is not what it must be.
    pub fn read(directory: &Path, context: &Context) -> Result<Self, CaseError> {
        let metadata_file = directory.join(METADATA);
        let metadata: CaseMetadata = read_json(directory, METADATA)?;
        let value =
            |file: &Path, field, what: &str| CaseError::Value { file: file.to_owned(), field, what: what.to_owned() };
        let plain =
            |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) && !text.starts_with('.');
        if metadata.id.is_empty() || !plain(&metadata.id) {
            return Err(value(&metadata_file, "id", "expected letters, digits, `-`, `_` and `.`, e.g. `SCN-0001`"));
        }
        let config_file = directory.join("input/config.json");
        let config: CaseConfig =
            if config_file.exists() { read_json(directory, "input/config.json")? } else { CaseConfig::default() };
        for (field, path) in [("input", &config.input), ("feed", &config.feed), ("policy", &config.policy)] {
            if path.as_ref().is_some_and(|path| path.starts_with('/') || path.split('/').any(|part| part == "..")) {
                return Err(value(&config_file, field, "leaves the case's folder"));
            }
        }
        let of_subject = matches!(context.config.subject, Some(config::Subject::Scanner(_)));
        if config.scanner != CaseScanner::Subject || !of_subject {
            builtin::check_flags(&config.flags)
                .map_err(|source| CaseError::Flags { file: config_file.clone(), source })?;
        }
        let specs = match &context.config.subject {
            Some(config::Subject::Scanner(scanner)) if config.scanner == CaseScanner::Subject => &*scanner.artifacts,
            _ => &[],
        };
        let expected = read_expected(directory, specs, context)?;
        if expected.is_empty() {
            return Err(CaseError::NothingExpected { directory: directory.to_owned() });
        }
        Ok(Self { directory: directory.to_owned(), shown: directory.to_owned(), metadata, config, expected })
    }

    /// The same, found by people at `shown`.
    #[must_use]
    pub fn shown_at(self, shown: &Path) -> Self {
        Self { shown: shown.to_owned(), ..self }
    }

    /// What is expected, and where the input of a replay lies; nowhere, where it cannot be read.
    pub fn golden(&self, context: &Context) -> (&[Artifact], Roots) {
        let replay = self.materials(context).map(|materials| self.replay(materials, &Built::Nothing, context));
        (&self.expected, replay.map(|replay| replay.expected.roots).unwrap_or_default())
    }

    /// What it expects, as its folder has it.
    pub fn expected(&self) -> &[Artifact] {
        &self.expected
    }

    /// Reads what the case scans, its feed and its policy.
    ///
    /// # Errors
    /// When the input, the feed or the policy cannot be read.
    pub fn materials(&self, context: &Context) -> Result<Materials, CaseError> {
        self.open(context).map_err(|error| error.shown_at(&self.directory, &self.shown))
    }

    fn open(&self, context: &Context) -> Result<Materials, CaseError> {
        let input_root = self.directory.join("input");
        let feed = match self.place("feed", self.config.feed.as_deref(), context)? {
            None => None,
            Some(Place::Folder(folder)) => Some(open_inputs::feed("osv", &folder, context)?),
            Some(Place::Blob(digest, bytes)) => {
                let bundle = feed::verify(&bytes).map_err(|source| self.not_a_bundle(digest, source))?;
                Some(context.feed("osv", bundle, Some(bytes)))
            }
        };
        let policy = match self.place("policy", self.config.policy.as_deref(), context)? {
            None => None,
            Some(Place::Folder(folder)) => Some(open_inputs::policy(&folder, context)?),
            Some(Place::Blob(digest, bytes)) => {
                let bundle = policy::verify(&bytes).map_err(|source| self.not_a_bundle(digest, source))?;
                let material = context.policy(bundle, Some(bytes));
                Some(material.map_err(|source| TreeError::Policy { path: self.directory.clone(), source })?)
            }
        };
        Ok(Materials { input: self.input(&input_root)?, feed, policy })
    }

    /// Whether the scanner of `built`, or what takes the place of its feed or policy, runs in this case.
    pub fn takes(&self, built: &Built) -> bool {
        self.takes_kind(built.kind())
    }

    /// The same of a candidate that a result names.
    pub fn takes_candidate(&self, candidate: &Candidate) -> bool {
        match candidate {
            Candidate::Built(named) => self.takes_kind(Some(named.kind)),
            Candidate::Unknown | Candidate::LeftOut | Candidate::None | Candidate::Dropped => false,
        }
    }

    fn takes_kind(&self, kind: Option<CandidateKind>) -> bool {
        match kind {
            None => false,
            // The case names the built-in scanner, which is what was built.
            Some(CandidateKind::BuiltIn | CandidateKind::Feed | CandidateKind::Policy) => true,
            Some(CandidateKind::Scanner) => self.config.scanner == CaseScanner::Subject,
        }
    }

    /// Whether the scanner that runs in this case is built by the checkout.
    pub fn is_across_builds(&self, subject: Option<&Subject>) -> bool {
        match subject {
            Some(Subject::BuiltIn | Subject::Stella(_)) => true,
            Some(Subject::Scanner(_)) => self.config.scanner == CaseScanner::Subject,
            Some(Subject::Feed(_) | Subject::Policy(_)) | None => false,
        }
    }

    /// What the scanner takes for now.
    pub fn clock(&self) -> Timestamp {
        self.config.clock.unwrap_or_else(default_clock)
    }

    /// The replay of this case with `built` as the subject; `materials` are its own.
    pub fn replay(&self, materials: Materials, built: &Built, context: &Context) -> PreparedReplay {
        let Materials { input, feed, policy } = materials;
        let mut job = ScanSpec {
            input,
            scanner: ScannerMaterial::BuiltIn,
            argv: Vec::new(),
            config: None,
            flags: self.config.flags.clone(),
            env: BTreeMap::new(),
            set_env: BTreeMap::new(),
            recorded_env: None,
            expected_exit_codes: vec![0],
            artifacts: Vec::new(),
            feeds: feed.into_iter().collect(),
            policy,
            clock: self.clock(),
            tz: "UTC".to_owned(),
            locale: "C".to_owned(),
            seed: self.config.seed.unwrap_or_default(),
            settings: Settings::default(),
            roots: Vec::new(),
            network: NetworkMode::Disabled,
        };
        // A case has no recording: what differs from what it expects is what does not come out of its folder.
        let mut moving = Dimension::Scanner;
        if self.takes(built) {
            built.swap_into_case(&mut job);
            moving = built.dimension();
        }
        // What a case expects was written for the place at which every case runs.
        let roots = input_roots::of_job(&job);
        PreparedReplay {
            title: self.title(self.takes(built), context),
            job,
            expected: Expected {
                artifacts: self.expected.clone(),
                scope: Scope::Expected,
                recorded: Recorded::AllBut(moving),
                roots,
                known: KnownArtifacts::default(),
            },
            notes: Vec::new(),
            origin: None,
            across_builds: built.is_scanner() && self.takes(built),
        }
    }

    /// How the case is called in results; `candidate`: what the checkout builds runs in it.
    pub fn title(&self, candidate: bool, context: &Context) -> Title {
        let id = &self.metadata.id;
        let tags = self.metadata.tags.iter().filter_map(|tag| tag.split_once(':'));
        let mut labels: BTreeMap<String, String> = tags.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        labels.insert("kind".to_owned(), self.metadata.kind.clone());
        Title {
            id: id.clone(),
            title: self.metadata.title.clone(),
            kind: SubjectKind::Case,
            mode: Mode::Regression,
            candidate,
            recording: None,
            labels,
            source: source_line::locate(&context.config.root, &self.shown.join(METADATA)),
            reproduce: context.reproduce(id, false),
        }
    }

    fn input(&self, root: &Path) -> Result<InputMaterial, CaseError> {
        self.inside("input", root)?;
        if let Some(name) = &self.config.input {
            let path = root.join(name);
            self.inside("input", &path)?;
            return Ok(InputMaterial::read(&path, &[])?);
        }
        let aside = [self.config.feed.as_deref().unwrap_or("feed"), self.config.policy.as_deref().unwrap_or("policy")];
        let mut without: Vec<PathBuf> = aside.iter().map(|name| root.join(name)).collect();
        without.push(root.join("config.json"));
        let input = InputMaterial::read(root, &without)?;
        match input.files().as_slice() {
            [(name, bytes)] => Ok(InputMaterial::file(*name, bytes.to_vec())),
            _ => Ok(input),
        }
    }

    /// Refuses a path that leads out of the case's folder through a symbolic link. One that is not there is for its reader.
    fn inside(&self, field: &'static str, path: &Path) -> Result<(), CaseError> {
        let (Ok(root), Ok(real)) = (self.directory.canonicalize(), path.canonicalize()) else { return Ok(()) };
        if real.starts_with(root) {
            return Ok(());
        }
        Err(CaseError::Value {
            file: self.directory.join("input/config.json"),
            field,
            what: format!("`{}` is a link that leaves the case's folder", path.display()),
        })
    }

    /// A folder of the case, or a bundle by digest.
    fn place(&self, what: &'static str, given: Option<&str>, context: &Context) -> Result<Option<Place>, CaseError> {
        match (given, given.map(str::parse::<Digest>)) {
            (_, Some(Ok(digest))) => Ok(Some(Place::Blob(digest, self.blob(digest, context)?))),
            (Some(given), Some(Err(DigestError::Hex(_)))) => Err(CaseError::Value {
                file: self.directory.join("input/config.json"),
                field: what,
                what: format!("`{given}` is not a digest"),
            }),
            (given, _) => {
                let folder = self.directory.join("input").join(given.unwrap_or(what));
                self.inside(what, &folder)?;
                Ok((given.is_some() || folder.exists()).then_some(Place::Folder(folder)))
            }
        }
    }

    fn blob(&self, digest: Digest, context: &Context) -> Result<Vec<u8>, CaseError> {
        let blobs = context.blobs.clone().with_case(self.directory.join("store"));
        let bytes =
            blobs.get(&digest).map_err(|source| CaseError::Store { directory: self.directory.clone(), source })?;
        bytes.ok_or_else(|| CaseError::Gone { directory: self.directory.clone(), digest })
    }

    fn not_a_bundle(&self, digest: Digest, source: BundleError) -> CaseError {
        CaseError::Bundle { directory: self.directory.clone(), digest, source }
    }
}

/// Where a feed or a policy of a case is.
enum Place {
    Folder(PathBuf),
    Blob(Digest, Vec<u8>),
}

fn default_clock() -> Timestamp {
    DEFAULT_CLOCK.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Reads `expected/` of a case whose scanner writes what `specs` say; a format that they name needs no recognising.
fn read_expected(case: &Path, specs: &[ArtifactSpec], context: &Context) -> Result<Vec<Artifact>, CaseError> {
    let directory = case.join("expected");
    let mut expected = Vec::new();
    for item in fs::list(&directory).map_err(CaseError::Read)? {
        let file = directory.join(&item.relative);
        let name = item.relative.to_string_lossy().into_owned();
        let bytes = fs::read_inside(case, &file, limits::MAX_DOCUMENT_BYTES).map_err(CaseError::Read)?;
        let given = specs.iter().find(|spec| spec.file_name() == name).filter(|spec| spec.format.is_some());
        let (format, profile) = match given.and_then(|spec| Some((spec.format?, spec.profile.clone()))) {
            Some(given) => given,
            None => kind_of(&name, &bytes),
        };
        let artifact = Artifact { artifact_type: usual_type(format), name, format, profile, bytes: bytes.into() };
        ReadArtifact::read(&artifact, &Roots::default(), &context.config)
            .map_err(|source| CaseError::Expected { file, source })?;
        expected.push(artifact);
    }
    Ok(expected)
}
