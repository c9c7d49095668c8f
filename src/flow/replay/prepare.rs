//! Replays one manifest that is given by name, with some of its inputs swapped if that is asked.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::Timestamp;

use crate::artifacts::comparison::Scope;
use crate::attribute::budget::Budget;
use crate::execute::builtin::{self, BuiltInError};
use crate::flow::record::contradictions;
use crate::flow::record::golden;
use crate::flow::record::restore::{self, Broken, RestoreError};
use crate::flow::replay::other_rules;
use crate::flow::replay::replay_job::{Expected, PreparedReplay, Recorded, Title};
use crate::hint;
use crate::job::dimensions;
use crate::job::input_roots;
use crate::job::known_locale::{is_known_locale, is_known_zone};
use crate::job::manifest_summary;
use crate::job::material::{InputMaterial, MaterialError, ScannerMaterial};
use crate::job::scan_spec::ScanSpec;
use crate::model::artifact_spec::ArtifactPath;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::dimension::Dimension;
use crate::model::error_chain::causes;
use crate::model::manifest::{Fault, ReplayableManifest, ScanManifest, ScannerKind};
use crate::model::outcome::Outcome;
use crate::model::parameter::{Operation, Parameter};
use crate::model::result::{Mode, SubjectKind};
use crate::model::text::command_line;
use crate::model::text::names;
use crate::model::text::source_line;
use crate::report::untrusted;
use crate::sandbox::validated::{CpuCount, Hostname, Locale, TimeZone};
use crate::workspace::context::Context;
use crate::workspace::image::{self, InputOptions};
use crate::workspace::open_inputs::{self, TreeError};
use crate::workspace::work_tree::LeftOut;

/// An input to put in the place of the recorded one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Swap {
    Feed {
        name: Option<String>,
        path: PathBuf,
    },
    Policy(PathBuf),
    Scanner(PathBuf),
    BuiltIn,
    Config(PathBuf),
    Input(PathBuf),
    /// Flags of the built-in scanner, or what follows the program in a command.
    Flags(Vec<String>),
    /// One part of the environment.
    Part(Part),
}

/// A part of the environment with the value that it shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Part {
    Tz(String),
    Locale(String),
    Hostname(Hostname),
    CpuCount(CpuCount),
    Clock(Timestamp),
    Seed(u64),
    /// Whether no file is shown as newer than the clock.
    ClampFileTimes(bool),
}

/// Why a text names no swap.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// No input is called so.
    #[error(
        "`{0}` names nothing to swap: expected `feed=PATH`, `feed=NAME=PATH`, `policy=PATH`, `scanner=PATH`, `scanner=builtin`, `config=PATH`, `input=PATH`, `flags=WORDS`, or one of `tz`, `locale`, `hostname`, `cpus`, `clock`, `seed`, `clamp-file-times` with its value"
    )]
    Name(String),
    /// It has no such value.
    #[error("`{value}` is not a value of `{name}`: expected {expected}")]
    Value {
        /// What is to be swapped.
        name: &'static str,
        /// What it should be.
        value: String,
        /// What it can be.
        expected: &'static str,
    },
}

impl Diagnostic for SwapError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

impl FromStr for Swap {
    type Err = SwapError;

    fn from_str(text: &str) -> Result<Self, SwapError> {
        match text.split_once('=').filter(|(_, path)| !path.is_empty()) {
            Some(("feed", given)) => match given.split_once('=') {
                // A path that holds a `=` is told apart by its `/`, as in `./a=b`.
                Some((name, path)) if manifest_summary::is_plain_name(name) && !path.is_empty() => {
                    Ok(Self::Feed { name: Some(name.to_owned()), path: path.into() })
                }
                _ => Ok(Self::Feed { name: None, path: given.into() }),
            },
            Some(("policy", path)) => Ok(Self::Policy(path.into())),
            Some(("scanner", "builtin")) => Ok(Self::BuiltIn),
            Some(("scanner", path)) => Ok(Self::Scanner(path.into())),
            Some(("config", path)) => Ok(Self::Config(path.into())),
            Some(("input", path)) => Ok(Self::Input(path.into())),
            Some(("flags", words)) => Ok(Self::Flags(words.split_whitespace().map(str::to_owned).collect())),
            Some((name, value)) => {
                let known = PARTS.iter().find(|(known, ..)| *known == name);
                let (name, expected, read) = known.ok_or_else(|| SwapError::Name(text.to_owned()))?;
                read(value).map(Self::Part).ok_or_else(|| SwapError::Value { name, value: value.to_owned(), expected })
            }
            _ => Err(SwapError::Name(text.to_owned())),
        }
    }
}

/// Reads the value of a part.
type ReadPart = fn(&str) -> Option<Part>;

/// Parts of the environment: what each is called, what it can be, and how it is read.
const PARTS: &[(&str, &str, ReadPart)] = &[
    ("tz", "a time zone of this machine, e.g. `Europe/Vienna`", |value| {
        let is_one = TimeZone::new(value).is_ok() && is_known_zone(value);
        is_one.then(|| Part::Tz(value.to_owned()))
    }),
    ("locale", "a locale, e.g. `de_AT.UTF-8`", |value| {
        let is_one = Locale::new(value).is_ok() && is_known_locale(value);
        is_one.then(|| Part::Locale(value.to_owned()))
    }),
    ("hostname", "up to 63 letters, digits and inner `-`", |value| Hostname::new(value).ok().map(Part::Hostname)),
    ("cpus", "a number of processors, at least 1", |value| {
        value.parse().ok().and_then(|count| CpuCount::new(count).ok()).map(Part::CpuCount)
    }),
    ("clock", "an instant, e.g. `2026-01-31T12:00:00Z`", |value| value.parse().ok().map(Part::Clock)),
    ("seed", "a number that is not negative", |value| value.parse().ok().map(Part::Seed)),
    ("clamp-file-times", "`true` or `false`", |value| value.parse().ok().map(Part::ClampFileTimes)),
];

impl fmt::Display for Swap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feed { name: None, path } => write!(f, "feed={}", path.display()),
            Self::Feed { name: Some(name), path } => write!(f, "feed={name}={}", path.display()),
            Self::Policy(path) => write!(f, "policy={}", path.display()),
            Self::Scanner(path) => write!(f, "scanner={}", path.display()),
            Self::BuiltIn => f.write_str("scanner=builtin"),
            Self::Config(path) => write!(f, "config={}", path.display()),
            Self::Input(path) => write!(f, "input={}", path.display()),
            Self::Flags(words) => write!(f, "flags={}", words.join(" ")),
            Self::Part(Part::Tz(name)) => write!(f, "tz={name}"),
            Self::Part(Part::Locale(name)) => write!(f, "locale={name}"),
            Self::Part(Part::Hostname(name)) => write!(f, "hostname={}", name.as_str()),
            Self::Part(Part::CpuCount(count)) => write!(f, "cpus={}", count.get()),
            Self::Part(Part::Clock(at)) => write!(f, "clock={at}"),
            Self::Part(Part::Seed(seed)) => write!(f, "seed={seed}"),
            Self::Part(Part::ClampFileTimes(clamp)) => write!(f, "clamp-file-times={clamp}"),
        }
    }
}

impl Swap {
    /// The input that it takes the place of.
    fn dimension(&self) -> Dimension {
        match self {
            Self::Feed { .. } => Dimension::Feed,
            Self::Policy(_) => Dimension::Policy,
            Self::Scanner(_) | Self::BuiltIn => Dimension::Scanner,
            Self::Input(_) => Dimension::Input,
            Self::Config(_) | Self::Flags(_) => Dimension::Config,
            Self::Part(_) => Dimension::Environment,
        }
    }
}

/// What to replay.
#[derive(Debug, Clone)]
pub struct ReplayRequest {
    /// The manifest's file.
    pub from: PathBuf,
    /// What to put in the place of recorded inputs.
    pub swaps: Vec<Swap>,
    /// Names of variables of the caller that are passed.
    pub env: Vec<String>,
    /// Where the artifacts are left.
    pub out_dir: Option<PathBuf>,
    /// How much may be spent on finding the causes; nothing where `None`.
    pub explain: Option<Budget>,
    /// What shows it again.
    pub command: Operation,
}

impl ReplayRequest {
    /// A replay of the manifest in `from` with nothing swapped, kept or explained.
    pub fn as_recorded(from: &Path, env: &[String], command: Operation) -> Self {
        Self { from: from.to_owned(), swaps: Vec::new(), env: env.to_vec(), out_dir: None, explain: None, command }
    }

    /// Whether a command is run: the manifest's, or one that is swapped in. The built-in scanner is none.
    pub fn runs_a_command(&self, manifest: &ScanManifest) -> bool {
        let swapped = self.swaps.iter().rev().find_map(|swap| match swap {
            Swap::Scanner(_) => Some(true),
            Swap::BuiltIn => Some(false),
            _ => None,
        });
        swapped.unwrap_or(manifest.scanner.kind != Some(ScannerKind::BuiltIn))
    }
}

/// Why a replay cannot begin: something the user gave cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// What should be swapped in cannot be used.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Nobody said which of several feeds is meant.
    #[error("the recording has several feeds: name one of {}", quoted_or_none(.feeds))]
    WhichFeed {
        /// The recorded feeds.
        feeds: Vec<String>,
    },
    /// A feed that the recording does not have.
    #[error("the recording has no feed `{name}`: it has {}", quoted_or_none(.feeds))]
    NoSuchFeed {
        /// What was asked for.
        name: String,
        /// The recorded feeds.
        feeds: Vec<String>,
    },
    /// The built-in scanner was recorded: there is no command to run another one with.
    #[error("no scanner can be put in: the recording has no command for one, it was made by the built-in one")]
    NoCommand,
    /// The recording has no configuration, so nothing in its command would look at another one.
    #[error("no configuration can be put in: the recording has none")]
    NoConfig,
    /// Flags that the built-in scanner does not have.
    #[error(transparent)]
    Flags(#[from] BuiltInError),
    /// A variable that the recording did not pass: the scan would be another one.
    #[error("the recording passed no variable `{0}`: it passed {passed}", passed = quoted_or_none(.1))]
    NotPassed(String, Vec<String>),
    /// A variable that is not set.
    #[error("the variable `{0}` is not set")]
    Variable(String),
    /// The manifest is not what was recorded, or what it names is not.
    #[error("{} is not what was recorded: {}", .file.display(), listed(.faults))]
    Untrue {
        /// The manifest.
        file: PathBuf,
        /// Every field that shows it; never empty.
        faults: Vec<Fault>,
    },
    /// A folder for restored scanners cannot be made.
    #[error("cannot make a private folder")]
    Scratch(#[source] std::io::Error),
}

impl Diagnostic for ReplayError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Scratch(_) => FailureKind::Infrastructure,
            Self::Untrue { .. } => FailureKind::Verification,
            Self::Tree(_)
            | Self::WhichFeed { .. }
            | Self::NoSuchFeed { .. }
            | Self::NoCommand
            | Self::NoConfig
            | Self::Flags(_)
            | Self::NotPassed(..)
            | Self::Variable(_) => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Untrue { .. } => Some(hint!(
                "a replay of it would prove nothing: take the manifest and the store as they were recorded, or record again; \
                 to replay with another input use {}",
                Parameter::With
            )),
            Self::WhichFeed { .. } => Some(hint!("name it as in {}", Parameter::With.to("feed=NAME=PATH"))),
            Self::NoCommand | Self::NoConfig => None,
            Self::Flags(error) => error.hint(),
            Self::NotPassed(..) => Some("leave it out".into()),
            Self::NoSuchFeed { .. } | Self::Variable(_) | Self::Scratch(_) => None,
            Self::Tree(error) => error.hint(),
        }
    }
}

fn quoted_or_none(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names::quoted(names)
}

fn listed(faults: &[Fault]) -> String {
    faults.iter().map(|fault| untrusted::visible(&fault.to_string())).collect::<Vec<_>>().join("; ")
}

impl From<MaterialError> for ReplayError {
    fn from(error: MaterialError) -> Self {
        Self::Tree(error.into())
    }
}

/// What the replay is called, with the command that shows it again.
pub fn title(manifest: &ScanManifest, request: &ReplayRequest, context: &Context) -> Title {
    let out_dir = request.out_dir.as_deref().unwrap_or(Path::new("replay_out"));
    let is_replay = request.command == Operation::Replay;
    let mut command = request.command.with([Parameter::From.to(request.from.display().to_string())], None);
    command.given.extend(is_replay.then(|| Parameter::OutDir.to(out_dir.display().to_string())));
    command.given.extend(request.swaps.iter().map(|swap| Parameter::With.to(swap.to_string())));
    command.given.extend(request.env.iter().map(|name| Parameter::Env.to(name)));
    command.given.extend((is_replay && request.explain.is_some()).then(|| Parameter::Explain.into()));
    Title {
        id: manifest.scan_id.clone(),
        title: manifest_summary::describe(manifest),
        kind: SubjectKind::Manifest,
        mode: if request.swaps.is_empty() { Mode::Fidelity } else { Mode::Regression },
        candidate: false,
        recording: manifest_summary::recording(manifest),
        labels: manifest_summary::labels(manifest),
        source: source_line::locate(&context.config.root, &request.from),
        reproduce: command_line::line(command.words().iter().chain(&context.options)),
    }
}

/// The replay, or how it ends before it begins.
///
/// # Errors
/// When the manifest was edited, or what is swapped in cannot be used.
pub fn prepare(
    manifest: ScanManifest,
    title: &Title,
    request: &ReplayRequest,
    context: &Context,
    scratch: &Path,
) -> Result<Result<PreparedReplay, Outcome>, ReplayError> {
    let manifest = match ReplayableManifest::try_from(manifest) {
        Ok(manifest) => manifest,
        Err(not) => {
            return Ok(Err(Outcome::Unreplayable { missing: not.problems.iter().map(ToString::to_string).collect() }));
        }
    };
    let swapped: Vec<Dimension> =
        request.swaps.iter().map(Swap::dimension).filter(|d| *d != Dimension::Environment).collect();
    let untrue = |faults| ReplayError::Untrue { file: request.from.clone(), faults };
    let mut faults = contradictions::of_manifest(&manifest);
    faults.extend(golden::edited(manifest.manifest(), &request.from));
    // The seal tells that something was edited, and what the manifest names may tell what.
    let (seal, faults): (Vec<Fault>, Vec<Fault>) = faults.into_iter().partition(contradictions::is_of_seal);
    if !faults.is_empty() {
        return Err(untrue(faults));
    }
    let roots = input_roots::of_manifest(manifest.manifest());
    let restored = restore::restore(&manifest, &swapped, context, scratch).and_then(|restored| {
        let dimensions = dimensions::of_manifest(&manifest)
            .map_err(|error| Broken::new("cannot digest the recorded inputs", error))?;
        let artifacts = restore::artifacts(&manifest.manifest().artifacts, |_| true, context)?;
        let (faults, known) = contradictions::of_artifacts(manifest.manifest(), &artifacts, &roots, &context.config);
        if faults.is_empty() {
            Ok((restored, dimensions, artifacts, known))
        } else {
            Err(RestoreError::Damaged(faults))
        }
    });
    let (restored, dimensions, artifacts, known) = match restored {
        Err(RestoreError::Damaged(faults)) => return Err(untrue(faults.into_iter().chain(seal).collect())),
        _ if !seal.is_empty() => return Err(untrue(seal)),
        Ok(restored) => restored,
        Err(RestoreError::Gone(missing)) => return Ok(Err(Outcome::Unreplayable { missing })),
        Err(RestoreError::Broken(broken)) => return Ok(Err(Outcome::Infra { detail: causes(&broken) })),
    };
    let mut job = restored.job.clone();
    for swap in &request.swaps {
        apply(swap, &mut job, context)?;
    }
    // Another program may need another variable.
    let same_program =
        !request.swaps.iter().any(|swap| matches!(swap, Swap::Scanner(_) | Swap::Config(_) | Swap::Flags(_)));
    let passed = job.recorded_env.as_ref().filter(|_| same_program);
    if let Some(name) = request.env.iter().find(|name| passed.is_some_and(|passed| !passed.contains(name))) {
        return Err(ReplayError::NotPassed(name.clone(), passed.cloned().unwrap_or_default()));
    }
    for name in &request.env {
        let value = std::env::var(name).map_err(|_| ReplayError::Variable(name.clone()))?;
        job.env.insert(name.clone(), value);
    }
    let expected = Expected { artifacts, scope: Scope::All, recorded: Recorded::Known(dimensions), roots, known };
    let notes = other_rules::other_rules(manifest.manifest(), &context.config);
    Ok(Ok(PreparedReplay { title: title.clone(), job, expected, notes, origin: Some(restored), across_builds: false }))
}

fn apply(swap: &Swap, job: &mut ScanSpec, context: &Context) -> Result<(), ReplayError> {
    match swap {
        Swap::Feed { name, path } => swap_feed(name.as_deref(), path, job, context)?,
        Swap::Policy(path) => job.policy = Some(open_inputs::policy(path, context)?),
        Swap::Scanner(_) if job.argv.is_empty() => return Err(ReplayError::NoCommand),
        Swap::Scanner(path) => job.scanner = open_inputs::scanner(path)?,
        Swap::BuiltIn => job.scanner = ScannerMaterial::BuiltIn,
        Swap::Config(_) if job.config.is_none() => return Err(ReplayError::NoConfig),
        Swap::Config(path) => job.config = Some(InputMaterial::read_configuration(path)?),
        Swap::Input(path) => {
            // What an earlier run left behind is not a part of another input, unless the recorded one had it.
            let left = job.artifacts.iter().filter_map(|spec| match &spec.path {
                ArtifactPath::File(file) if !job.input.holds(file) => Some(path.join(file)),
                _ => None,
            });
            let own = LeftOut::of(path, true).paths;
            let without: Vec<PathBuf> = left.chain(own).collect();
            let with_git = job.input.holds(".git/HEAD");
            job.input = image::input(path, &InputOptions { without: &without, with_git, platform: None }, context)?;
        }
        Swap::Flags(words) if job.argv.is_empty() => {
            builtin::check_flags(words)?;
            job.flags.clone_from(words);
        }
        Swap::Flags(words) => {
            job.argv.truncate(1);
            job.argv.extend(words.iter().cloned());
        }
        Swap::Part(part) => match part {
            Part::Tz(name) => job.tz.clone_from(name),
            Part::Locale(name) => job.locale.clone_from(name),
            Part::Hostname(name) => job.settings.hostname = Some(name.clone()),
            Part::CpuCount(count) => job.settings.cpu_count = Some(*count),
            Part::Clock(at) => (job.clock, job.settings.clock_runs) = (*at, false),
            Part::Seed(seed) => job.seed = *seed,
            Part::ClampFileTimes(clamp) => job.settings.clamp_file_times = *clamp,
        },
    }
    Ok(())
}

/// Puts a feed in the place of the recorded one, under its name; a recording without feeds gets its first.
fn swap_feed(name: Option<&str>, path: &Path, job: &mut ScanSpec, context: &Context) -> Result<(), ReplayError> {
    let feeds = || job.feeds.iter().map(|feed| feed.name.clone()).collect();
    let at = match (name, job.feeds.len()) {
        (None, 0 | 1) => 0,
        (None, _) => return Err(ReplayError::WhichFeed { feeds: feeds() }),
        (Some(_), 0) => 0,
        (Some(name), _) => {
            let at = job.feeds.iter().position(|feed| feed.name == name);
            at.ok_or_else(|| ReplayError::NoSuchFeed { name: name.to_owned(), feeds: feeds() })?
        }
    };
    let recorded = job.feeds.get_mut(at);
    let name = recorded.as_ref().map_or(name.unwrap_or("osv"), |feed| &feed.name);
    let feed = open_inputs::feed(name, path, context)?;
    match recorded {
        Some(recorded) => *recorded = feed,
        None => job.feeds.push(feed),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each part with a value that is one and values that are none: a wrong value is named as such, never as a wrong name.
    #[test]
    fn a_value_that_is_none_is_named_with_what_it_could_be() {
        let values: [(&str, &str, &[&str]); 7] = [
            ("tz", "Europe/Vienna", &["Nowhere/X", "../etc", "foo"]),
            ("locale", "de_AT.UTF-8", &["xx_YY", "a b"]),
            ("hostname", "a-b", &["a b", "-a"]),
            ("cpus", "2", &["0", "-1", "many"]),
            ("clock", "2026-01-31T12:00:00Z", &["foo", "2026-13-01T00:00:00Z"]),
            ("seed", "0", &["-1", "x"]),
            ("clamp-file-times", "true", &["yes", "1"]),
        ];
        assert!(PARTS.iter().map(|(name, ..)| *name).eq(values.iter().map(|(name, ..)| *name)));
        for (name, good, bad) in values {
            assert!(matches!(format!("{name}={good}").parse(), Ok(Swap::Part(_))), "{name}");
            for value in bad {
                let error = format!("{name}={value}").parse::<Swap>().unwrap_err();
                assert!(matches!(&error, SwapError::Value { name: found, .. } if *found == name), "{error}");
            }
        }
        for text in ["nosuch=x", "feed", "feed=", "=x", ""] {
            assert!(matches!(text.parse::<Swap>(), Err(SwapError::Name(_))), "{text}");
        }
    }

    #[test]
    fn a_feed_may_be_named() {
        let feed = |name: Option<&str>, path: &str| Swap::Feed { name: name.map(str::to_owned), path: path.into() };
        for (text, expected) in [
            ("feed=later", feed(None, "later")),
            ("feed=osv=later", feed(Some("osv"), "later")),
            ("feed=osv=a=b", feed(Some("osv"), "a=b")),
            ("feed=./a=b", feed(None, "./a=b")),
        ] {
            assert_eq!(text.parse::<Swap>().unwrap(), expected, "{text}");
        }
    }
}
