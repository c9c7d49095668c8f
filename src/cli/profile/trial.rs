//! `stella profile test`: whether a profile sees what it must, and nothing else.

use std::path::PathBuf;

use clap::Args;

use crate::artifacts::held_against::HeldAgainst;
use crate::canonical::{Form, Limits, Profile, Roots};
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::{CliError, CliResult};
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::host::fs;
use crate::job::artifact::{Artifact, kind_of};
use crate::model::artifact::{ArtifactFormat, ArtifactType};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::exit::Exit;
use crate::model::limits;
use crate::profiling::members::Members;
use crate::profiling::mutation::meaning::{self, Dependence, Judge, Verdict};
use crate::profiling::mutation::{self, Trial, Tried};
use crate::report::untrusted;
use crate::wire::v1::profiles::{MeaningTrialV1, ProfileTestSchema, ProfileTestV1, TrialV1, TriedV1};
use crate::workspace::profiles::{self, DOCUMENTS_ROOT};

/// Change documents, and see what a profile makes of it
///
/// Versions, severities, fixes, VEX statuses, licences, hashes and references are changed one at a time: each must be seen
/// (the kill rate). Spelling, the order of sets, volatile values and random ids are changed as well: none may be seen
/// (the false-alarm rate). Where it is known what each member of the format is, semantic fidelity is tried in the same way: it must
/// see what identifies or decides, and nothing that is cosmetic. Exits with 1 unless all of these are 100 % and 0 %.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// The profile [default: every built-in one]
    #[arg(value_name = "NAME|FILE")]
    profile: Option<String>,
    /// A document to change [default: those that stella brings for the profile's name] (repeatable)
    #[arg(long, value_name = "FILE", requires = "profile")]
    document: Vec<PathBuf>,
    /// Where the input of the scan of these documents lay (repeatable)
    #[arg(long, value_name = "PATH", requires = "document")]
    root: Vec<String>,
}

/// Nothing to try a profile on.
#[derive(Debug, thiserror::Error)]
#[error("no document is known for profile `{0}`")]
struct NoDocument(String);

impl Diagnostic for NoDocument {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some("give one with `--document FILE`".into())
    }
}

pub(super) fn run(global: &GlobalArgs, args: &TestArgs) -> CliResult {
    let profiles = match &args.profile {
        Some(text) => vec![profiles::find(text, &setup::config(global)?)?],
        None => ArtifactFormat::ALL.iter().copied().map(|format| Profile::builtin(format).clone()).collect(),
    };
    let mut trials = Vec::new();
    for profile in &profiles {
        if profile.form() == Form::Bytes && args.profile.is_none() {
            continue;
        }
        for (name, bytes) in documents(args, profile)? {
            let given = if args.document.is_empty() { vec![DOCUMENTS_ROOT.to_owned()] } else { args.root.clone() };
            let roots = Roots::new(given)?;
            let trial = mutation::run(profile, &roots, &bytes, &Limits::default())?;
            let meaning = try_meaning(&name, &bytes, profile, &roots);
            trials.push(TriedDocument { profile, name, trial, meaning });
        }
    }
    let is_clean = trials.iter().all(TriedDocument::is_clean);
    match global.format {
        Format::Json => {
            let trials = trials.iter().map(document).collect();
            output::json(&ProfileTestV1 { schema: ProfileTestSchema, trials });
        }
        Format::Text => trials.iter().for_each(|tried| output::data(&text(tried))),
    }
    Ok(if is_clean { Exit::Passed } else { Exit::Failed }.into())
}

fn documents(args: &TestArgs, profile: &Profile) -> Result<Vec<(String, Vec<u8>)>, CliError> {
    if args.document.is_empty() {
        // A repository's own profile has a name of its own, and takes the place of the one that was asked for.
        let asked = args.profile.as_deref().map(profiles::documents).filter(|known| !known.is_empty());
        let known = asked.unwrap_or_else(|| profiles::documents(profile.name()));
        if known.is_empty() {
            return Err(NoDocument(profile.name().to_owned()).into());
        }
        return Ok(known.into_iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect());
    }
    let read = |path: &PathBuf| {
        let bytes = fs::read(path, limits::MAX_DOCUMENT_BYTES)?;
        // A byte order mark is no part of a document.
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec).unwrap_or(bytes);
        Ok((path.display().to_string(), bytes))
    };
    args.document.iter().map(read).collect()
}

/// Of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A document with what came of it.
struct TriedDocument<'p> {
    profile: &'p Profile,
    name: String,
    trial: Trial,
    meaning: Option<TriedMeaning>,
}

struct TriedMeaning {
    trial: Trial,
    unclassed: Vec<String>,
}

impl TriedDocument<'_> {
    fn is_clean(&self) -> bool {
        self.trial.is_clean() && self.meaning.as_ref().is_none_or(|meaning| meaning.trial.is_clean())
    }
}

struct Held<'p>(HeldAgainst<'p>);

impl Judge for Held<'_> {
    fn judge(&self, changed: &[u8]) -> Verdict {
        match self.0.agrees(changed) {
            Some(true) => Verdict::Same,
            Some(false) => Verdict::Different,
            None => Verdict::Unread,
        }
    }

    fn not_compared(&self) -> &std::collections::BTreeSet<String> {
        self.0.not_compared()
    }
}

/// Tries the comparison of meanings; none where nothing says what the members of the format are, or nothing of it is read.
fn try_meaning(name: &str, bytes: &[u8], profile: &Profile, roots: &Roots) -> Option<TriedMeaning> {
    let (format, tool) = kind_of(name, bytes);
    let named = tool.as_ref().map_or_else(|| Profile::builtin(format).name().to_owned(), ToString::to_string);
    let members = Members::of(&named)?;
    let tree = serde_json::from_slice(bytes).ok()?;
    let artifact = Artifact {
        artifact_type: ArtifactType::Evidence,
        name: name.to_owned(),
        format,
        profile: tool,
        bytes: bytes.into(),
    };
    let held = Held(HeldAgainst::new(artifact, profile, roots).ok()??);
    let trial = meaning::run(members, &tree, Dependence::Open, &|_| true, &held).trial;
    Some(TriedMeaning { trial, unclassed: meaning::unclassed(members, &tree).into_iter().collect() })
}

fn kinds(trial: &Trial) -> Vec<TriedV1> {
    let one = |matters| {
        move |tried: &Tried| TriedV1 {
            kind: tried.kind,
            matters,
            tried: tried.tried,
            wrong: tried.wrong,
            places: tried.places.clone(),
        }
    };
    trial.changes.iter().map(one(true)).chain(trial.cosmetics.iter().map(one(false))).collect()
}

fn document(tried: &TriedDocument<'_>) -> TrialV1 {
    let TriedDocument { profile, name, trial, meaning } = tried;
    let ((changes, killed), (cosmetics, false_alarms)) = (trial.kills(), trial.false_alarms());
    TrialV1 {
        profile: profile.name().to_owned(),
        profile_digest: profile.digest(),
        document: name.clone(),
        changes,
        killed,
        cosmetics,
        false_alarms,
        kinds: kinds(trial),
        meaning: meaning.as_ref().map(|TriedMeaning { trial, unclassed }| {
            let ((changes, killed), (cosmetics, false_alarms)) = (trial.kills(), trial.false_alarms());
            let unclassed = unclassed.clone();
            MeaningTrialV1 { changes, killed, cosmetics, false_alarms, kinds: kinds(trial), unclassed }
        }),
    }
}

fn text(tried: &TriedDocument<'_>) -> String {
    let TriedDocument { profile, name, trial, meaning } = tried;
    let mut lines = rates(&format!("{} on {name}", profile.name()), trial);
    if let Some(TriedMeaning { trial, unclassed }) = meaning {
        lines.extend(rates("  semantic fidelity", trial));
        lines.extend(unclassed.iter().map(|place| format!("  not tried, as nothing says what it is: {place}")));
    }
    lines.iter().map(|line| untrusted::visible(line).to_string() + "\n").collect()
}

fn rates(what: &str, trial: &Trial) -> Vec<String> {
    let rate = |(all, some): (usize, usize)| match all {
        0 => "nothing to try".to_owned(),
        all => format!("{:.1} % ({some} of {all})", some as f64 * 100.0 / all as f64),
    };
    let mut lines =
        vec![format!("{what}: kill rate {}, false alarms {}", rate(trial.kills()), rate(trial.false_alarms()))];
    let wrong = |what, kinds: &[Tried]| -> Vec<String> {
        let bad = kinds.iter().filter(|tried| tried.wrong > 0);
        bad.flat_map(|tried| {
            let more = tried.wrong - tried.places.len();
            let more = (more > 0).then(|| format!("  {what}: {} ({more} more)", tried.kind));
            tried.places.iter().map(move |place| format!("  {what}: {} at {place}", tried.kind)).chain(more)
        })
        .collect()
    };
    lines.extend(wrong("not seen", &trial.changes));
    lines.extend(wrong("false alarm", &trial.cosmetics));
    lines
}
