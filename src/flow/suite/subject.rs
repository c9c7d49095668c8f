//! The subject: what this checkout builds, built once and swapped into every regression replay.
//!
//! Invariant: which canaries a scanner is the candidate of is told by its engine alone, never by the name of a file, which
//! whoever builds may change.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::{Config, ScannerSubject, Subject, TreeSubject};
use crate::execute::builtin;
use crate::flow::suite::build::{self, BuildError};
use crate::host::aside::Aside;
use crate::host::fs::{self, FsError};
use crate::job::in_place;
use crate::job::manifest_summary;
use crate::job::material::{FeedMaterial, PolicyMaterial, ScannerMaterial};
use crate::job::scan_spec::ScanSpec;
use crate::model::candidate::{Candidate, CandidateKind, Named};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::dimension::Dimension;
use crate::model::limits;
use crate::model::manifest::{ScanManifest, ScannerKind};
use crate::model::text::names;
use crate::sandbox::helper;
use crate::workspace::context::Context;
use crate::workspace::open_inputs::{self, TreeError};

/// A subject that is ready to be swapped in.
#[derive(Debug, Clone)]
pub enum Built {
    /// The repository builds nothing: cases run with the built-in scanner, canaries as they were recorded.
    Nothing,
    /// The scanner inside this stella.
    BuiltIn,
    /// The scanner inside a stella that the checkout builds.
    Stella(ScannerMaterial),
    /// A scanner.
    Scanner(ScannerMaterial, Box<ScannerSubject>, Engine),
    /// A feed.
    Feed(FeedMaterial),
    /// A policy.
    Policy(PolicyMaterial),
}

/// The engine whose recordings a scanner is the candidate of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// This one.
    Named(String),
    /// There is no canary, so none is concerned.
    OfNone,
}

/// Why a subject is not ready.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// Nobody says which recordings are of this scanner.
    #[error("`subject.engine` is missing, and the canaries do not tell it: {}", told(.recorded))]
    Engine {
        /// Engines of the canaries, but for the built-in scanner.
        recorded: Vec<String>,
        /// What may be written.
        suggested: String,
    },
    /// Its build did not come to a good end.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Its build made nothing: what lay there is of another build, or of nobody knows what.
    #[error(
        "the subject's build `{command}` left what was there before: it made nothing in the place of `{}`", .path.display()
    )]
    NotMade {
        /// The command.
        command: String,
        /// Where it should have made something.
        path: PathBuf,
    },
    /// It is reached by a link of the checkout that leads out of it.
    #[error(
        "`subject.path` leads out of the checkout: the link `{}` makes `{}` of `{}`",
        .link.display(), .to.display(), .path.display()
    )]
    Leads {
        /// As it is named.
        path: PathBuf,
        /// The link.
        link: PathBuf,
        /// Where it leads.
        to: PathBuf,
    },
    /// What a build makes anew would be the checkout itself.
    #[error("`subject.path` is `{}`, in which the checkout itself lies: a build cannot make it", if .0.as_os_str().is_empty() { Path::new(".") } else { .0 }.display())]
    Checkout(PathBuf),
    /// What lies there cannot be moved.
    #[error("cannot take what lies in the subject's place out of the way of its build")]
    Aside(#[source] FsError),
    /// The build changed the program that replays run in.
    #[error("the subject's build changed the sandbox helper `{}`: nothing is replayed with it", .0.display())]
    Helper(PathBuf),
    /// The build left nothing behind.
    #[error("the subject is not there")]
    Missing(#[source] FsError),
    /// It cannot be copied.
    #[error("cannot keep a copy of the subject")]
    Copy(#[source] FsError),
    /// Its feed or policy cannot be used.
    #[error("the subject cannot be used")]
    Tree(#[from] TreeError),
}

impl Diagnostic for SubjectError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Build(_) | Self::Helper(_) | Self::Copy(_) | Self::Aside(_) => FailureKind::Infrastructure,
            Self::NotMade { .. } => FailureKind::Inconclusive,
            Self::Engine { .. } | Self::Leads { .. } | Self::Checkout(_) | Self::Missing(_) | Self::Tree(_) => {
                FailureKind::Usage
            }
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Engine { suggested, .. } => Some(
                format!("say which one the subject is: `engine: {suggested}` below `subject:` in .stella.yaml").into(),
            ),
            Self::NotMade { .. } => Some(
                "have the build write it, e.g. `cp scan.py out/scan`; where nothing is built leave `subject.build` out".into(),
            ),
            Self::Leads { .. } => Some(
                "have the build copy it into the checkout, or name the place itself, where reviewers see it".into(),
            ),
            Self::Checkout(_) => Some("have the build write into a folder of its own, such as `out/feed`".into()),
            Self::Build(BuildError::Failed { .. }) => Some(
                "whatever lay at `subject.path` was out of the way while it ran: a build makes it, and does not change it".into(),
            ),
            Self::Build(_) | Self::Helper(_) | Self::Missing(_) | Self::Copy(_) | Self::Aside(_) | Self::Tree(_) => None,
        }
    }
}

fn told(recorded: &[String]) -> String {
    if recorded.is_empty() {
        return "all of them were recorded by the built-in scanner".to_owned();
    }
    format!("they were recorded by {}", names::quoted(recorded))
}

/// The engine that the canaries tell, where the configuration names none: the one that is not the built-in scanner.
///
/// # Errors
/// [`SubjectError::Engine`] where there is not exactly one.
pub fn engine(subject: &ScannerSubject, recorded: &BTreeSet<String>) -> Result<Engine, SubjectError> {
    if let Some(engine) = &subject.engine {
        return Ok(Engine::Named(engine.clone()));
    }
    let foreign: Vec<String> = recorded.iter().filter(|name| *name != builtin::ENGINE).cloned().collect();
    match foreign.as_slice() {
        [one] => Ok(Engine::Named(one.clone())),
        [] if recorded.is_empty() => Ok(Engine::OfNone),
        _ => {
            let file = subject.path.file_name().map(|name| name.to_string_lossy().into_owned());
            let suggested = foreign.first().cloned().or(file).unwrap_or_else(|| "NAME".to_owned());
            Err(SubjectError::Engine { recorded: foreign, suggested })
        }
    }
}

/// Builds the subject of the configuration, where it has a build; each line that the build says is given to `say`.
///
/// # Errors
/// When the build cannot be run or fails, or changed the program that replays run in.
pub fn build(context: &Context, say: &mut dyn FnMut(&str)) -> Result<(), SubjectError> {
    let config = &context.config;
    let Some(subject) = &config.subject else { return Ok(()) };
    let Some(command) = subject.build() else { return Ok(()) };
    let earlier = earlier(subject, config)?;
    let helper = ProtectedFile::helper();
    let variable = |name: &str| std::env::var_os(name);
    let may_become_another_user = subject.build_sudo();
    build::run(command, &config.root, (subject.build_env(), may_become_another_user), variable, say)?;
    if let Some(helper) = helper.filter(|helper| !helper.is_as_it_was()) {
        return Err(SubjectError::Helper(helper.path));
    }
    match (&earlier, subject.path()) {
        (Some(earlier), Some(path)) if !earlier.is_replaced() => {
            Err(SubjectError::NotMade { command: command.to_owned(), path: short(config, path) })
        }
        _ => Ok(()),
    }
}

/// What lies in the subject's place before it is built, out of the way of the build: it is not its product, and if the build makes
/// nothing it must not be taken for one. Tools that look for what has to be made anew make it again.
fn earlier(subject: &Subject, config: &Config) -> Result<Option<Aside>, SubjectError> {
    let Some(path) = subject.path() else { return Ok(None) };
    check_place(path, config)?;
    // A link of the checkout is its author's; what it leads to, the build makes.
    let Ok(place) = path.canonicalize() else { return Ok(None) };
    if config.root.canonicalize().is_ok_and(|root| root.starts_with(&place)) {
        return Err(SubjectError::Checkout(short(config, path)));
    }
    Aside::take(&place).map_err(SubjectError::Aside)
}

/// Refuses a link of the checkout that leads out of it: what is judged would lie where no reviewer looks.
fn check_place(path: &Path, config: &Config) -> Result<(), SubjectError> {
    match fs::leads_out(path) {
        None => Ok(()),
        Some((link, to)) => Err(SubjectError::Leads { path: short(config, path), link, to }),
    }
}

/// A path as the configuration names it.
fn short(config: &Config, path: &Path) -> PathBuf {
    path.strip_prefix(&config.root).unwrap_or(path).to_owned()
}

/// Takes up what the build left behind. `engine` is that of a scanner; a program is kept below `scratch`, where nobody
/// changes it any more.
///
/// # Errors
/// When what the build should have made is not there or cannot be used, or nobody says which recordings it is for.
pub fn take_up(context: &Context, engine: Engine, scratch: &Path) -> Result<Built, SubjectError> {
    let Some(subject) = &context.config.subject else { return Ok(Built::Nothing) };
    subject.path().map_or(Ok(()), |path| check_place(path, &context.config))?;
    take_up_of(subject, context, engine, scratch)
}

/// The same of a subject that lies where `subject` says, wherever that is.
///
/// # Errors
/// When it is not there or cannot be used.
pub(super) fn take_up_of(
    subject: &Subject,
    context: &Context,
    engine: Engine,
    scratch: &Path,
) -> Result<Built, SubjectError> {
    match subject {
        Subject::BuiltIn => Ok(Built::BuiltIn),
        Subject::Stella(TreeSubject { path, .. }) => {
            let (path, digest) = program(path, scratch)?;
            Ok(Built::Stella(ScannerMaterial::Stella { path, digest }))
        }
        Subject::Scanner(scanner) => {
            // Its name is that of the engine: a program must not see by what its file is called whether it is judged.
            let name = match &engine {
                Engine::Named(engine) if manifest_summary::is_plain_name(engine) => engine.clone(),
                _ => "scanner".to_owned(),
            };
            let path = std::path::absolute(&scanner.path).unwrap_or_else(|_| scanner.path.clone());
            let (path, digest) = if in_place::runs_in_place(&path, &context.roots) {
                let digest = fs::digest(&path, limits::MAX_BLOB_BYTES).map_err(SubjectError::Missing)?;
                (path, digest)
            } else {
                program(&path, scratch)?
            };
            let material = ScannerMaterial::Binary { name, path, digest };
            Ok(Built::Scanner(material, Box::new(scanner.clone()), engine))
        }
        Subject::Feed(TreeSubject { path, .. }) => {
            Ok(Built::Feed(open_inputs::feed("osv", path, context).map_err(TreeError::from)?))
        }
        Subject::Policy(TreeSubject { path, .. }) => Ok(Built::Policy(open_inputs::policy(path, context)?)),
    }
}

/// A copy of a program that was built, with its digest.
fn program(path: &Path, scratch: &Path) -> Result<(PathBuf, Digest), SubjectError> {
    let bytes = fs::read(path, limits::MAX_BLOB_BYTES).map_err(SubjectError::Missing)?;
    let copy = scratch.join("candidate");
    let write = || fs::write_atomic(&copy, &bytes).and_then(|()| fs::make_executable(&copy));
    write().map_err(SubjectError::Copy)?;
    Ok((copy, Digest::of(&bytes)))
}

/// A file that a build must leave as it is.
struct ProtectedFile {
    path: PathBuf,
    digest: Digest,
}

impl ProtectedFile {
    fn helper() -> Option<Self> {
        let path = helper::helper_path().ok()?;
        let digest = fs::digest(&path, limits::MAX_BLOB_BYTES).ok()?;
        Some(Self { path, digest })
    }

    fn is_as_it_was(&self) -> bool {
        fs::digest(&self.path, limits::MAX_BLOB_BYTES).is_ok_and(|now| now == self.digest)
    }
}

/// What a run is told of the candidate that the configuration names.
pub fn candidate(config: &Config, built: &Built) -> Candidate {
    let short = |path: &Path| short(config, path).display().to_string();
    let named = |kind, name: String| Candidate::Built(Named { kind, name });
    match (built, &config.subject) {
        (Built::Nothing, _) => Candidate::None,
        (Built::Stella(_), Some(Subject::Stella(tree))) => named(CandidateKind::BuiltIn, short(&tree.path)),
        (Built::BuiltIn | Built::Stella(_), _) => named(CandidateKind::BuiltIn, builtin::ENGINE.to_owned()),
        (Built::Scanner(_, scanner, Engine::OfNone), _) => named(CandidateKind::Scanner, short(&scanner.path)),
        (Built::Scanner(_, _, Engine::Named(engine)), _) => named(CandidateKind::Scanner, engine.clone()),
        (Built::Feed(_), Some(Subject::Feed(tree))) => named(CandidateKind::Feed, short(&tree.path)),
        (Built::Feed(_), _) => named(CandidateKind::Feed, "feed".to_owned()),
        (Built::Policy(_), Some(Subject::Policy(tree))) => named(CandidateKind::Policy, short(&tree.path)),
        (Built::Policy(_), _) => named(CandidateKind::Policy, "policy".to_owned()),
    }
}

/// Whether a candidate of that kind takes the place of an input of this recording. A scanner without a name is that of the one
/// engine of all recordings that is not the built-in one.
fn takes_part(kind: CandidateKind, engine: Option<&str>, manifest: &ScanManifest) -> bool {
    let recorded = manifest.scanner.engine.as_str();
    match kind {
        CandidateKind::BuiltIn => recorded == builtin::ENGINE,
        CandidateKind::Scanner => engine.map_or(recorded != builtin::ENGINE, |engine| recorded == engine),
        CandidateKind::Feed => match manifest.feeds.bundles.len() {
            0 => manifest.feeds.vuln_feed_bundle_digest.is_some(),
            feeds => feeds == 1,
        },
        CandidateKind::Policy => {
            manifest.policy.policy_bundle_digest.is_some() || manifest.scanner.kind == Some(ScannerKind::BuiltIn)
        }
    }
}

/// Which input of this recording the subject of a configuration takes the place of; `None` where it does not concern it.
pub fn dimension_in(subject: Option<&Subject>, manifest: &ScanManifest) -> Option<Dimension> {
    let (kind, engine, dimension) = match subject? {
        Subject::BuiltIn | Subject::Stella(_) => (CandidateKind::BuiltIn, None, Dimension::Scanner),
        Subject::Scanner(scanner) => (CandidateKind::Scanner, scanner.engine.as_deref(), Dimension::Scanner),
        Subject::Feed(_) => (CandidateKind::Feed, None, Dimension::Feed),
        Subject::Policy(_) => (CandidateKind::Policy, None, Dimension::Policy),
    };
    takes_part(kind, engine, manifest).then_some(dimension)
}

/// Whether a candidate that a result names takes the place of an input of this recording.
pub fn concerns(candidate: &Candidate, manifest: &ScanManifest) -> bool {
    match candidate {
        Candidate::Built(named) => {
            let engine = (named.kind == CandidateKind::Scanner).then_some(named.name.as_str());
            takes_part(named.kind, engine, manifest)
        }
        Candidate::Unknown | Candidate::LeftOut | Candidate::None | Candidate::Dropped => false,
    }
}

/// What kind of candidate a subject makes.
pub fn kind(subject: &Subject) -> CandidateKind {
    match subject {
        Subject::BuiltIn | Subject::Stella(_) => CandidateKind::BuiltIn,
        Subject::Scanner(_) => CandidateKind::Scanner,
        Subject::Feed(_) => CandidateKind::Feed,
        Subject::Policy(_) => CandidateKind::Policy,
    }
}

impl Built {
    /// What kind of candidate it is; `None` where nothing was built.
    pub fn kind(&self) -> Option<CandidateKind> {
        match self {
            Self::Nothing => None,
            Self::BuiltIn | Self::Stella(_) => Some(CandidateKind::BuiltIn),
            Self::Scanner(..) => Some(CandidateKind::Scanner),
            Self::Feed(_) => Some(CandidateKind::Feed),
            Self::Policy(_) => Some(CandidateKind::Policy),
        }
    }

    /// Which input of a case it is.
    pub fn dimension(&self) -> Dimension {
        match self {
            Self::Nothing | Self::BuiltIn | Self::Stella(_) | Self::Scanner(..) => Dimension::Scanner,
            Self::Feed(_) => Dimension::Feed,
            Self::Policy(_) => Dimension::Policy,
        }
    }

    /// Swaps the subject into a case.
    pub fn swap_into_case(&self, job: &mut ScanSpec) {
        match self {
            Self::Nothing | Self::BuiltIn => {}
            Self::Stella(material) => job.scanner = material.clone(),
            Self::Scanner(material, subject, _) => {
                job.scanner = material.clone();
                job.argv = subject.argv.iter().cloned().chain(job.flags.drain(..)).collect();
                job.artifacts.clone_from(&subject.artifacts);
                job.expected_exit_codes.clone_from(&subject.expected_exit_codes);
            }
            Self::Feed(feed) => job.feeds = vec![feed.clone()],
            Self::Policy(policy) => job.policy = Some(policy.clone()),
        }
    }

    /// Whether the subject is an input of this recording, so that swapping it in asks *did I break it*.
    ///
    /// A scanner is swapped for the engine of its own name only: running another engine's recording with it would say
    /// nothing about either. A feed takes the place of the only one: of several nobody said which. Without a recorded
    /// policy the default one decided, and only the built-in scanner asks it.
    pub fn concerns(&self, manifest: &ScanManifest) -> bool {
        match self {
            Self::Nothing => false,
            Self::BuiltIn | Self::Stella(_) => takes_part(CandidateKind::BuiltIn, None, manifest),
            Self::Scanner(_, _, Engine::Named(engine)) => takes_part(CandidateKind::Scanner, Some(engine), manifest),
            Self::Scanner(_, _, Engine::OfNone) => false,
            Self::Feed(_) => takes_part(CandidateKind::Feed, None, manifest),
            Self::Policy(_) => takes_part(CandidateKind::Policy, None, manifest),
        }
    }

    /// Swaps the subject into a recording.
    pub fn swap_into_recording(&self, job: &mut ScanSpec) {
        match self {
            Self::Nothing => {}
            Self::BuiltIn => job.scanner = ScannerMaterial::BuiltIn,
            Self::Stella(material) => job.scanner = material.clone(),
            // Under the name of the recorded one.
            Self::Scanner(ScannerMaterial::Binary { path, digest, name }, ..) => {
                let name = match &job.scanner {
                    ScannerMaterial::Binary { name, .. } => name.clone(),
                    _ => name.clone(),
                };
                job.scanner = ScannerMaterial::Binary { name, path: path.clone(), digest: *digest };
            }
            Self::Scanner(material, ..) => job.scanner = material.clone(),
            Self::Feed(feed) => {
                // The scanner may find its feed by the name that it had.
                let name = job.feeds.first().map_or(&feed.name, |recorded| &recorded.name).clone();
                job.feeds = vec![FeedMaterial { name, ..feed.clone() }];
            }
            Self::Policy(policy) => job.policy = Some(policy.clone()),
        }
    }

    /// Whether it takes the place of the recorded scanner, which then need not be restored.
    pub fn is_scanner(&self) -> bool {
        matches!(self, Self::BuiltIn | Self::Stella(_) | Self::Scanner(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_the_one_that_is_named_or_the_only_foreign_one() {
        let engine = |named: Option<&str>, recorded: &[&str]| {
            let subject = ScannerSubject {
                engine: named.map(str::to_owned),
                build: None,
                build_env: Vec::new(),
                build_sudo: false,
                path: "bin/scan.sh".into(),
                argv: Vec::new(),
                artifacts: Vec::new(),
                expected_exit_codes: Vec::new(),
            };
            let recorded = recorded.iter().map(ToString::to_string).collect();
            super::engine(&subject, &recorded)
        };
        let named = |name: &str| Engine::Named(name.to_owned());
        assert_eq!(engine(Some("grype"), &["trivy", "syft"]).unwrap(), named("grype"));
        assert_eq!(engine(None, &["trivy", builtin::ENGINE]).unwrap(), named("trivy"));
        assert_eq!(engine(None, &[]).unwrap(), Engine::OfNone);
        for (recorded, foreign, suggestion) in
            [(&[builtin::ENGINE][..], &[][..], "scan.sh"), (&["grype", "trivy"][..], &["grype", "trivy"][..], "grype")]
        {
            match engine(None, recorded).unwrap_err() {
                SubjectError::Engine { recorded, suggested } => {
                    assert_eq!(
                        (recorded, suggested.as_str()),
                        (foreign.iter().map(ToString::to_string).collect(), suggestion)
                    );
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
