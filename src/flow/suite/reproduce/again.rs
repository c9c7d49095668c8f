//! The failing replays of a report, run again.
//!
//! The report is foreign: the list in it is of bounded size, each blob is known by its digest, each manifest meets the checks of every
//! recording, and what is run is run in the sandbox. Nothing of the machine's own stores is asked, and nothing is put there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::artifacts::comparison::Scope;
use crate::canonical::profile::{Profile, ProfileError};
use crate::config::{Config, ConfigError};
use crate::flow::replay::prepare::{self, ReplayError, ReplayRequest};
use crate::flow::replay::replay_job::{Recorded, Title};
use crate::flow::suite::base::finding;
use crate::flow::suite::one::{self, Explain};
use crate::flow::suite::reproduce::{FOLDER, LIST, MAX_REPLAYS, STORE};
use crate::hint;
use crate::host::clock;
use crate::host::fs::{self, FsError, Kind};
use crate::host::scratch::Scratch;
use crate::job::dimensions;
use crate::job::manifest_summary::{self, UnsafeName};
use crate::model::artifact::InvalidProfileName;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::limits;
use crate::model::manifest::{self, ManifestError, ReplayableManifest, ScanManifest, ScannerKind};
use crate::model::outcome::Outcome;
use crate::model::parameter::{Operation, Parameter};
use crate::model::report_files;
use crate::model::result::{Isolation, ReplayResult, RunResult, SubjectKind};
use crate::model::shard::Part;
use crate::store::blob::{BlobSource, StoreError};
use crate::wire::v1::reproduce::{self, AgainV1, NotKeptV1, ReproduceV1, SeenV1};
use crate::workspace::context::{Context, ContextError};

/// The most files and folders in it.
const MAX_ENTRIES: u64 = 100_000;

/// What is run again.
#[derive(Debug, Clone)]
pub struct AgainRequest {
    /// The folder of a report.
    pub report: PathBuf,
    /// Only these ids; all where empty.
    pub only: Vec<String>,
    /// The level that a foreign scanner must reach: it comes from wherever the report does.
    pub isolation: Isolation,
    /// Folders of the machine that the caller lets scanners see.
    pub roots: Vec<String>,
}

/// Why nothing is run again.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// The report has no list.
    #[error("`{}` has no `{FOLDER}/{LIST}`: nothing of it can be run again", .0.display())]
    NoList(PathBuf),
    /// The list cannot be read.
    #[error("cannot read what the report holds")]
    Read(#[source] FsError),
    /// A link, a pipe, a device: no report has one.
    #[error("`{}` of the report is not a file", .0.display())]
    NotAFile(PathBuf),
    /// The list is not one.
    #[error("`{FOLDER}/{LIST}` is not a list of what failed")]
    List(#[source] serde_json::Error),
    /// More replays than are ever kept, or one twice.
    #[error("`{FOLDER}/{LIST}` is not a list of what failed: {0}")]
    Shape(&'static str),
    /// An id that the report does not have.
    #[error("the report holds nothing that is called `{0}`")]
    Unknown(String),
    /// A blob is not what its digest says.
    #[error("`{id}`: {digest} is not what it was")]
    Blob {
        /// The replay, or what needs it.
        id: String,
        /// The blob.
        digest: Digest,
        /// Why.
        source: StoreError,
    },
    /// A manifest is not one.
    #[error("`{id}`: its manifest cannot be read")]
    Manifest {
        /// The replay.
        id: String,
        /// Why.
        source: ManifestError,
    },
    /// A manifest names a file that it must not name.
    #[error("`{id}`: its manifest")]
    Names {
        /// The replay.
        id: String,
        /// Which.
        source: UnsafeName,
    },
    /// The manifest is not what was recorded.
    #[error("`{id}` cannot be run again")]
    Replay {
        /// The replay.
        id: String,
        /// Why.
        source: ReplayError,
    },
    /// A profile is gone or not one.
    #[error("the profile `{name}` of the report is not there")]
    NoProfile {
        /// Its name.
        name: String,
    },
    /// A profile is not one.
    #[error("the profile `{name}` of the report cannot be read")]
    Profile {
        /// Its name.
        name: String,
        /// Why.
        source: ProfileError,
    },
    /// A profile has a name that none has.
    #[error("a profile of the report has a name that none has")]
    ProfileName(#[from] InvalidProfileName),
    /// Defaults cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No store can be made.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// A private folder cannot be made.
    #[error("cannot make a private folder")]
    Scratch(#[source] std::io::Error),
}

impl Diagnostic for AgainError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NoList(_) => FailureKind::Inconclusive,
            Self::Read(source) => source.kind(),
            Self::Config(_) | Self::Context(_) | Self::Scratch(_) => FailureKind::Infrastructure,
            Self::Blob { source: StoreError::Io(_), .. } => FailureKind::Infrastructure,
            Self::Blob { .. } => FailureKind::Verification,
            Self::Replay { source, .. } => source.kind(),
            Self::NotAFile(_)
            | Self::List(_)
            | Self::Shape(_)
            | Self::Unknown(_)
            | Self::Manifest { .. }
            | Self::Names { .. }
            | Self::NoProfile { .. }
            | Self::Profile { .. }
            | Self::ProfileName(_) => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::NoList(_) => Some(hint!(
                "give the folder that {} wrote; it has that list where something failed",
                Operation::Ci.with([Parameter::OutDir.to("DIR")], None)
            )),
            Self::Replay { source, .. } => source.hint(),
            Self::Read(_)
            | Self::NotAFile(_)
            | Self::List(_)
            | Self::Shape(_)
            | Self::Unknown(_)
            | Self::Blob { .. }
            | Self::Manifest { .. }
            | Self::Names { .. }
            | Self::NoProfile { .. }
            | Self::Profile { .. }
            | Self::ProfileName(_)
            | Self::Config(_)
            | Self::Context(_)
            | Self::Scratch(_) => None,
        }
    }
}

/// A run of what failed in a report, and of each replay whether it ended as the report says.
#[derive(Debug)]
pub struct Again {
    /// What came out now.
    pub run: RunResult,
    /// Each replay by its id: whether it is the same as in the report.
    pub same: Vec<(String, bool)>,
}

/// Runs what failed in a report again.
///
/// # Errors
/// See [`AgainError`]; how each replay ends is a part of the result.
pub fn again(request: &AgainRequest) -> Result<Again, AgainError> {
    let started_at = clock::now();
    let list = read(&request.report)?;
    let scratch = Scratch::new().map_err(AgainError::Scratch)?;
    let context = context(&list, request, scratch.path())?;
    let known =
        |id: &String| list.replays.iter().any(|again| again.id == *id) || list.not_kept.iter().any(|one| one.id == *id);
    if let Some(unknown) = request.only.iter().find(|id| !known(id)) {
        return Err(AgainError::Unknown(unknown.clone()));
    }
    let is_wanted = |id: &String| request.only.is_empty() || request.only.contains(id);
    let (mut replays, mut same, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for (i, again) in list.replays.iter().enumerate().filter(|(_, again)| is_wanted(&again.id)) {
        let folder = scratch.path().join(i.to_string());
        std::fs::create_dir(&folder).map_err(AgainError::Scratch)?;
        let mut result = one(again, request, &context, &folder)?;
        let is_same = is_same(&again.seen, &result);
        result.notes.push(if is_same {
            "the same as in the report".to_owned()
        } else {
            "not the same as in the report".to_owned()
        });
        same.push((again.id.clone(), is_same));
        replays.push(result);
    }
    if list.stella_version != env!("CARGO_PKG_VERSION") {
        warnings.push(format!("the report was written by stella {}", list.stella_version));
    }
    // What was red and is not seen again is not known to be green.
    for one in list.not_kept.iter().filter(|one| is_wanted(&one.id)) {
        replays.push(not_kept(one, request));
    }
    for blob in &list.left_out {
        warnings.push(format!(
            "not in the report, which would be too large: {} ({} bytes), needed by `{}`",
            blob.digest, blob.bytes, blob.id
        ));
    }
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let mut run = RunResult::new(version, started_at, clock::now().max(started_at), replays, warnings);
    run.part = Part::Selected;
    Ok(Again { run, same })
}

/// The list of a report, which must lie in it.
///
/// # Errors
/// [`AgainError`]; [`AgainError::NoList`] where there is none.
pub fn read(report: &Path) -> Result<ReproduceV1, AgainError> {
    let file = report.join(FOLDER).join(LIST);
    let bytes = match fs::read_inside(report, &file, limits::MAX_CONFIG_BYTES) {
        Err(error) if error.is_not_found() => return Err(AgainError::NoList(report.to_owned())),
        read => read.map_err(AgainError::Read)?,
    };
    let list = reproduce::read(&bytes).map_err(AgainError::List)?;
    let folder = report.join(FOLDER);
    for item in fs::walk(&folder, MAX_ENTRIES).map_err(AgainError::Read)? {
        if matches!(item.kind, Kind::Symlink { .. } | Kind::Special) {
            return Err(AgainError::NotAFile(folder.join(item.relative)));
        }
    }
    if list.replays.len() > MAX_REPLAYS {
        return Err(AgainError::Shape("there are more replays in it"));
    }
    let all = || list.replays.iter().map(|again| &again.id).chain(list.not_kept.iter().map(|one| &one.id));
    if all().collect::<BTreeSet<_>>().len() != all().count() {
        return Err(AgainError::Shape("one replay stands in it twice"));
    }
    if !all().all(|id| may_be_called(id)) {
        return Err(AgainError::Shape("it has an id that no case and no canary has"));
    }
    Ok(list)
}

/// Whether a case or a canary can be called so: by the name of a folder that can be seen, and that no part of a report has.
fn may_be_called(id: &str) -> bool {
    let is_reserved = report_files::ALL.iter().any(|name| name.eq_ignore_ascii_case(id));
    !id.is_empty()
        && finding::is_visible(id)
        && !id.contains(['/', '\0'])
        && id.len() <= limits::MAX_NAME_BYTES
        && !is_reserved
}

/// The defaults, with the profiles of the report; blobs come from the report alone.
fn context(list: &ReproduceV1, request: &AgainRequest, scratch: &Path) -> Result<Context, AgainError> {
    let store = request.report.join(FOLDER).join(STORE);
    let place = scratch.join("place");
    std::fs::create_dir(&place).map_err(AgainError::Scratch)?;
    let mut config = Config::load(&place, None)?;
    let local = place.join("store");
    let bare = Context::open(config.clone(), &local, Some(request.isolation), Vec::new())?;
    let bare = bare.with_roots(request.roots.clone());
    let from_report = bare.by_rules_of(config.clone(), &store, Vec::new());
    for (name, digest) in &list.profiles {
        let bytes = blob(name, digest, &from_report)?.ok_or_else(|| AgainError::NoProfile { name: name.clone() })?;
        let text = String::from_utf8_lossy(&bytes);
        let profile = Profile::parse(&text).map_err(|source| AgainError::Profile { name: name.clone(), source })?;
        config.profiles.insert(name.parse()?, profile);
    }
    Ok(bare.by_rules_of(config, &store, Vec::new()))
}

fn blob(id: &str, digest: &Digest, context: &Context) -> Result<Option<Vec<u8>>, AgainError> {
    context.blobs.get(digest).map_err(|source| AgainError::Blob { id: id.to_owned(), digest: *digest, source })
}

fn manifest(id: &str, digest: &Digest, context: &Context) -> Result<Option<ScanManifest>, AgainError> {
    let Some(bytes) = blob(id, digest, context)? else { return Ok(None) };
    let manifest = manifest::from_json(&bytes).map_err(|source| AgainError::Manifest { id: id.to_owned(), source })?;
    manifest_summary::check_names(&manifest).map_err(|source| AgainError::Names { id: id.to_owned(), source })?;
    Ok(Some(manifest))
}

/// One that the report does not hold.
fn not_kept(one: &NotKeptV1, request: &AgainRequest) -> ReplayResult {
    let report = request.report.display().to_string();
    let title = Title {
        id: one.id.clone(),
        title: one.title.clone(),
        kind: one.kind.into(),
        mode: one.mode.into(),
        candidate: one.candidate,
        recording: None,
        labels: BTreeMap::new(),
        source: None,
        reproduce: Operation::Reproduce.with([Parameter::Only.to(&one.id)], Some(&report)).line(),
    };
    title.result(Outcome::Unreplayable { missing: vec![format!("not in the report: {}", one.why)] })
}

fn one(again: &AgainV1, request: &AgainRequest, context: &Context, scratch: &Path) -> Result<ReplayResult, AgainError> {
    let AgainV1 { id, title, candidate, .. } = again;
    let report = request.report.display().to_string();
    let command = Operation::Reproduce.with([Parameter::Only.to(id)], Some(&report));
    let recorded = match &again.recorded {
        None => None,
        Some(digest) => manifest(id, digest, context)?,
    };
    let mut title = Title {
        id: id.clone(),
        title: title.clone(),
        kind: again.kind.into(),
        mode: again.mode.into(),
        candidate: *candidate,
        recording: recorded.as_ref().and_then(manifest_summary::recording),
        labels: BTreeMap::new(),
        source: None,
        reproduce: command.line(),
    };
    let gone = |title: &Title, digest: &Digest| {
        title.result(Outcome::Unreplayable { missing: vec![format!("manifest, blob {digest}")] })
    };
    if let (Some(digest), None) = (&again.recorded, &recorded) {
        return Ok(gone(&title, digest));
    }
    let Some(manifest) = manifest(id, &again.manifest, context)? else { return Ok(gone(&title, &again.manifest)) };
    title.labels.clone_from(&manifest.labels);
    // The built-in scanner is this program, and no foreign code.
    let mut context = context.clone();
    if manifest.scanner.kind == Some(ScannerKind::BuiltIn) {
        context.require_isolation = None;
    }
    let list = request.report.join(FOLDER).join(LIST);
    let asked = ReplayRequest::as_recorded(&list, &[], Operation::Replay);
    let prepared = prepare::prepare(manifest, &title, &asked, &context, scratch);
    let prepared = prepared.map_err(|source| AgainError::Replay { id: id.clone(), source })?;
    let mut replay = match prepared {
        Err(outcome) => return Ok(title.result(outcome)),
        Ok(replay) => replay,
    };
    replay.across_builds = again.across_builds;
    if title.kind == SubjectKind::Case {
        replay.expected.scope = Scope::Expected;
    }
    if let Some(moving) = again.moving {
        replay.expected.recorded = Recorded::AllBut(moving.into());
    }
    // What was recorded, so that the cause is told as it was.
    if let Some(known) = recorded.and_then(|recorded| ReplayableManifest::try_from(recorded).ok())
        && let Ok(dimensions) = dimensions::of_manifest(&known)
    {
        replay.expected.recorded = Recorded::Known(dimensions);
    }
    Ok(one::one(&replay, Explain::Never, None, &context).result)
}

/// Whether a replay ended as it did before. What differs from itself comes out otherwise each time.
fn is_same(seen: &SeenV1, now: &ReplayResult) -> bool {
    let now_seen = SeenV1::from(now);
    now_seen.outcome == seen.outcome
        && (matches!(now.outcome, Outcome::Flaky { .. }) || now_seen.artifacts == seen.artifacts)
}
