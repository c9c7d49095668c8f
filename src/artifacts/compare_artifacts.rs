//! Two sets of artifacts side by side: how far they agree, and what changed.
//!
//! Invariants: raw bytes come in, everything derived is computed here, under the same profiles for both sides; a policy
//! is asked only about what semantic comparison sees, so that bitwise ⇒ semantic ⇒ policy holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use jiff::Timestamp;

use crate::artifacts::large_inventories::Side;
use crate::artifacts::level_digest;
use crate::artifacts::read_artifact::{self, KnownArtifacts, ReadArtifact, UnreadableArtifact};
use crate::canonical::{self, Roots};
use crate::compare::semantic::Semantics;
use crate::compare::{diff, fidelity, movement};
use crate::config::Config;
use crate::format::coverage;
use crate::format::{self, Document};
use crate::job::artifact::{Artifact, without_mark};
use crate::model::artifact::{ArtifactFormat, ArtifactType, ProfileName};
use crate::model::decision::Decision;
use crate::model::diff::{ArtifactChange, DiffSummary, Top};
use crate::model::digest::Digest;
use crate::model::error_chain::causes;
use crate::model::fidelity::{Fidelity, Level, OrderBroken};
use crate::model::movement::Movement;
use crate::model::result::{ArtifactResult, Sides};
use crate::policy::{Policy, PolicyError, PolicyInput, PolicyLimits};

/// How many entries of each kind a difference shows; the rest is counted.
const TOP: usize = 20;
/// From how many bytes on each side is read on a thread of its own.
const WORTH_A_THREAD: usize = 1 << 20;

/// Which artifacts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every artifact of either side: one that only one side has is a difference.
    All,
    /// Only those that are expected: a case states what it is about.
    Expected,
}

/// What two sides are compared under.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Whose profiles apply.
    pub config: &'a Config,
    /// Which artifacts are compared.
    pub scope: Scope,
    /// Decides for a side that has no decision of its own. One for both sides: else equal findings could be decided
    /// differently, and semantic fidelity would not imply policy fidelity.
    pub policy: &'a Policy,
    /// The instant that a policy takes for now.
    pub now: Timestamp,
    /// Where the input lay when what is expected was made.
    pub expected_roots: &'a Roots,
    /// Where it lay now.
    pub actual_roots: &'a Roots,
    /// The two sides were written by two builds of one tool: what names the build is put aside.
    pub across_builds: bool,
}

/// How far two sides agree.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The three verdicts.
    pub fidelity: Fidelity,
    /// What changed.
    pub diff: DiffSummary,
    /// Every artifact that was compared.
    pub artifacts: Vec<ArtifactResult>,
    /// What was gained and what was lost; `None` where the bytes agree.
    pub movement: Option<Movement>,
    /// Things to know that are not a failure: what could not be read, and why.
    pub notes: Vec<String>,
}

/// Why two sides cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum ComparisonError {
    /// An expected artifact is not what its format says.
    #[error("expected artifact `{name}`")]
    Expected {
        /// Its name.
        name: String,
        /// What is wrong with it.
        source: UnreadableArtifact,
    },
    /// An artifact that the scanner wrote is not what its format says.
    #[error("artifact `{name}`")]
    Actual {
        /// Its name.
        name: String,
        /// What is wrong with it.
        source: UnreadableArtifact,
    },
    /// The policy cannot decide.
    #[error("the policy cannot decide")]
    Policy(#[source] PolicyError),
    /// The comparison contradicts itself.
    #[error(transparent)]
    Order(#[from] OrderBroken),
}

/// Compares what was expected, as far as it is `known`, with what came out.
///
/// # Errors
/// When an artifact that is compared is not what its format says, or the policy cannot decide.
pub fn compare(
    expected: &[Artifact],
    known: &KnownArtifacts,
    actual: &[Artifact],
    rules: &Rules<'_>,
) -> Result<Comparison, ComparisonError> {
    let of_expected = || {
        ReadArtifact::all(expected, rules.expected_roots, rules.config, (known, rules.across_builds))
            .map_err(|(name, source)| ComparisonError::Expected { name, source })
    };
    let of_actual = || read_actual(expected, actual, rules);
    let size: usize = expected.iter().map(|artifact| artifact.bytes.len()).sum();
    let (before, after) = if size < WORTH_A_THREAD {
        (of_expected(), of_actual())
    } else {
        thread::scope(|scope| {
            let other = thread::Builder::new().spawn_scoped(scope, of_actual);
            let before = of_expected();
            match other {
                Ok(other) => (before, other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
                // Where no thread can be started, one after the other.
                Err(_) => (before, of_actual()),
            }
        })
    };
    let (mut before, mut after) = (by_name(before?), by_name(after?));
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();

    let mut artifacts = Vec::new();
    let mut changes = Vec::new();
    let mut notes = Vec::new();
    let mut opaque_differs = false;
    for name in names {
        as_one_tool(before.get_mut(name), after.get_mut(name));
        let (before, after) = (before.get(name), after.get(name));
        let Some(either) = after.or(before) else { continue };
        let artifact = either.artifact;
        notes.extend(unread(name, before, after));
        artifacts.push(ArtifactResult {
            name: name.to_owned(),
            artifact_type: artifact.artifact_type,
            expected: before.map(|read| read.canonical.digest),
            actual: after.map(|read| read.canonical.digest),
            profile: rules.config.profile(artifact.format, artifact.profile.as_ref()).digest(),
            masked: after.map(|read| read.canonical.masked.clone()).unwrap_or_default(),
            identity: after.map(|read| read.aside.clone()).unwrap_or_default(),
            meaning: None,
            decision: None,
            not_compared: not_compared(before, after),
        });
        let (digest_before, digest_after) = (before.map(|r| r.canonical.digest), after.map(|r| r.canonical.digest));
        if digest_before != digest_after {
            // Evidence supports findings and has no meaning of its own: it counts in the bytes alone.
            let is_opaque = before.is_some_and(ReadArtifact::is_opaque) || after.is_some_and(ReadArtifact::is_opaque);
            let is_evidence = !artifact.format.has_meaning() && artifact.artifact_type == ArtifactType::Evidence;
            opaque_differs |= is_opaque && !is_evidence;
            let both = before.zip(after).map(|(a, b)| (&*a.canonical.bytes, &*b.canonical.bytes));
            let first_difference = both.and_then(|(a, b)| canonical::first_difference(a, b));
            // Where the meanings differ, they say more.
            let is_told = !is_opaque && before.map(|read| &read.document) != after.map(|read| &read.document);
            let differences = both.filter(|_| !is_told).map(|(a, b)| canonical::differences(a, b, PLACES));
            let meaning =
                |side: Option<&ReadArtifact<'_>>| side.and_then(|read| level_digest::of_meaning(&read.document));
            let (expected, actual) = (meaning(before), meaning(after));
            if let Some(result) = artifacts.last_mut().filter(|_| expected.is_some() || actual.is_some()) {
                // A side of which no meaning is known stands for its bytes.
                let (expected, actual) = (expected.or(digest_before), actual.or(digest_after));
                result.meaning = Some(Sides { expected, actual });
            }
            changes.push(ArtifactChange {
                name: name.to_owned(),
                before: digest_before,
                after: digest_after,
                first_difference,
                differences: differences.unwrap_or_default(),
            });
        }
    }

    // Of what one side cannot be read, nothing is compared: else all that the other says would seem lost, or new.
    let is_unread = |read: &ReadArtifact<'_>| read.unread.is_some();
    let unread: BTreeSet<String> = before
        .values()
        .chain(after.values())
        .filter(|read| is_unread(read))
        .map(|read| read.name().to_owned())
        .collect();
    let of = |side: BTreeMap<&str, ReadArtifact<'_>>| {
        meaning(side.into_values().filter(|read| !unread.contains(read.name())).map(|read| read.document))
    };
    judge((of(before), of(after)), changes, (opaque_differs, notes), artifacts, rules)
}

/// How many places of a difference are shown with their values; the rest is counted.
const PLACES: usize = 10;

/// An empty list does not tell which tool wrote it: it is read as that which the other side is of.
fn as_one_tool(before: Option<&mut ReadArtifact<'_>>, after: Option<&mut ReadArtifact<'_>>) {
    let (Some(before), Some(after)) = (before, after) else { return };
    if let Some(tool) = tool(before) {
        read_as(&tool, after);
    } else if let Some(tool) = tool(after) {
        read_as(&tool, before);
    }
}

/// The tool whose report an artifact was read as.
fn tool(read: &ReadArtifact<'_>) -> Option<ProfileName> {
    read.artifact.profile.clone().filter(|_| !read.is_opaque())
}

/// Reads an empty list as a report of `tool`.
fn read_as(tool: &ProfileName, read: &mut ReadArtifact<'_>) {
    let is_empty =
        read.artifact.format == ArtifactFormat::Json && matches!(&*read.canonical.bytes, b"[]" | b"null" | b"{}");
    if read.is_opaque()
        && is_empty
        && let Ok(document) = format::read_report(tool, &read.canonical.bytes)
    {
        read.document = document.into();
    }
}

/// What could not be read of an artifact, on which side and why; and what was read and is not a part of it.
fn unread(name: &str, before: Option<&ReadArtifact<'_>>, after: Option<&ReadArtifact<'_>>) -> Vec<String> {
    let marked = |read: &&ReadArtifact<'_>| {
        read.artifact.format != ArtifactFormat::Bytes && without_mark(&read.artifact.bytes) != &*read.artifact.bytes
    };
    let mark = before.into_iter().chain(after).find(marked).map(|_| {
        format!("`{name}` begins with a byte order mark, which is not a part of the document (RFC 8259 §8.1)")
    });
    mark.into_iter().chain(sides_unread(name, before, after)).collect()
}

fn sides_unread(name: &str, before: Option<&ReadArtifact<'_>>, after: Option<&ReadArtifact<'_>>) -> Vec<String> {
    let said =
        |read: Option<&ReadArtifact<'_>>| read.and_then(|read| read.unread.as_ref()).map(|unread| causes(unread));
    match (said(before), said(after)) {
        (Some(before), Some(after)) if before == after => vec![format!("`{name}`: {before}")],
        (before, after) => {
            let sides = [("as expected", before), ("as it came out", after)];
            sides.into_iter().filter_map(|(side, said)| Some(format!("`{name}` {side}: {}", said?))).collect()
        }
    }
}

/// The parts of an artifact that count in its bytes alone.
fn not_compared(before: Option<&ReadArtifact<'_>>, after: Option<&ReadArtifact<'_>>) -> Vec<String> {
    let sides = || before.into_iter().chain(after);
    if sides().any(|read| read.unread.is_some()) || sides().all(ReadArtifact::is_opaque) {
        return vec!["what it means".to_owned()];
    }
    let parts: BTreeSet<&String> = sides().flat_map(|read| &read.document.not_compared).collect();
    parts.into_iter().cloned().collect()
}

fn by_name(side: Vec<ReadArtifact<'_>>) -> BTreeMap<&str, ReadArtifact<'_>> {
    side.into_iter().map(|read| (read.name(), read)).collect()
}

/// Two large inventories that were read in the quick way.
pub fn compare_inventories([before, after]: [Side; 2], rules: &Rules<'_>) -> Result<Comparison, ComparisonError> {
    let (expected, actual) = (Some(before.digest), Some(after.digest));
    let name = "artifact".to_owned();
    let artifact = ArtifactResult {
        name: name.clone(),
        artifact_type: ArtifactType::Sbom,
        expected,
        actual,
        profile: rules.config.profile(ArtifactFormat::Cyclonedx, None).digest(),
        masked: after.parted.masked().clone(),
        identity: BTreeMap::new(),
        meaning: None,
        decision: None,
        not_compared: [&before, &after]
            .into_iter()
            .flat_map(|side| side.document.not_compared.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
    };
    let change = (expected != actual).then(|| ArtifactChange {
        name,
        before: expected,
        after: actual,
        first_difference: before.parted.first_difference(&after.parted),
        differences: Top::default(),
    });
    let meanings = [before, after].map(|side| meaning(std::iter::once(side.document.into())));
    judge(meanings.into(), change.into_iter().collect(), (false, Vec::new()), vec![artifact], rules)
}

/// The verdicts on two meanings and on how their artifacts differ.
fn judge(
    (meaning_before, meaning_after): (Semantics, Semantics),
    changes: Vec<ArtifactChange>,
    (opaque_differs, mut notes): (bool, Vec<String>),
    mut artifacts: Vec<ArtifactResult>,
    rules: &Rules<'_>,
) -> Result<Comparison, ComparisonError> {
    let decision_before = decide(&meaning_before, rules.policy, rules.now)?;
    // Equal meanings are decided alike, and asking is what takes the time of a comparison.
    let decision_after = if meaning_after == meaning_before {
        decision_before.clone()
    } else {
        decide(&meaning_after, rules.policy, rules.now)?
    };
    // What a profile hides means nothing, but for few places that mean something beside others: then it is seen all the same.
    let bitwise = changes.is_empty() && meaning_before == meaning_after;
    if changes.is_empty() && !bitwise {
        notes.push(
            "the canonical bytes agree and the meanings do not: what the profile leaves out decides here".to_owned(),
        );
    }
    let fidelity = fidelity::judge(
        bitwise,
        opaque_differs,
        &meaning_before,
        &meaning_after,
        (decision_before.as_ref(), decision_after.as_ref()),
    )?;
    for artifact in &mut artifacts {
        let Some(Sides { expected, actual }) = artifact.meaning else { continue };
        if decision_before.is_none() && decision_after.is_none() {
            continue;
        }
        // What decides on nothing stands for what it means.
        let decided = |decision: &Option<Decision>, meaning: Option<Digest>| {
            meaning.map(|meaning| decision.as_ref().map_or(meaning, level_digest::of_decision))
        };
        let (expected, actual) = (decided(&decision_before, expected), decided(&decision_after, actual));
        artifact.decision = Some(Sides { expected, actual });
    }
    let gone = changes.iter().any(|change| change.after.is_none());
    let (before, after) = (meaning_before.with_decision(decision_before), meaning_after.with_decision(decision_after));
    let movement = (!bitwise).then(|| movement::between(&before, &after, opaque_differs || gone));
    let diff = diff::summarize(&before, &after, changes, TOP);
    if fidelity.at(Level::Semantic) == Some(true) && !bitwise {
        let parts = artifacts.iter().filter(|artifact| !artifact.not_compared.is_empty());
        notes.extend(parts.map(|artifact| {
            format!("semantic fidelity does not look at {} of `{}`", artifact.not_compared.join(", "), artifact.name)
        }));
    }
    Ok(Comparison { fidelity, diff, artifacts, movement, notes })
}

/// The canonical digests of one side, what it means, and its decision: its own, or the policy's.
#[expect(clippy::type_complexity, reason = "three values that are taken apart at once")]
pub fn read(
    expected: &[Artifact],
    actual: &[Artifact],
    rules: &Rules<'_>,
) -> Result<(Vec<(String, Digest)>, Semantics, Option<Decision>), ComparisonError> {
    let read = read_actual(expected, actual, rules)?;
    let digests = read.iter().map(|read| (read.name().to_owned(), read.canonical.digest)).collect();
    let meaning = meaning(read.into_iter().map(|read| read.document));
    let decision = decide(&meaning, rules.policy, rules.now)?;
    Ok((digests, meaning, decision))
}

/// The artifacts of a run that are compared with what is expected.
fn in_scope<'a>(expected: &[Artifact], actual: &'a [Artifact], scope: Scope) -> Vec<&'a Artifact> {
    let primary = expected.iter().filter(|artifact| artifact.artifact_type.is_primary());
    let names: BTreeSet<&str> = primary.map(|artifact| artifact.name.as_str()).collect();
    let is_older = is_before_coverage(expected);
    let counts = |artifact: &&Artifact| match scope {
        Scope::All => !(is_older && artifact.name == coverage::FILE),
        Scope::Expected => names.contains(artifact.name.as_str()),
    };
    actual.iter().filter(counts).collect()
}

/// Whether artifacts are those of a built-in scanner that did not say yet what it looked at: that is then not compared.
pub fn is_before_coverage(expected: &[Artifact]) -> bool {
    let has = |name: &str| expected.iter().any(|artifact| artifact.name == name);
    has("findings.json") && has("sbom.cdx.json") && !has(coverage::FILE)
}

/// The names of the artifacts in which two runs differ, among those that are compared with what is expected: `first` is what a
/// comparison read of the first run, `second` are the artifacts of the other.
pub fn unstable(
    expected: &[Artifact],
    (first, second): (&[ArtifactResult], &[Artifact]),
    rules: &Rules<'_>,
) -> Result<Vec<String>, ComparisonError> {
    let second = read_actual(expected, second, rules)?;
    let second: BTreeMap<&str, Digest> = second.iter().map(|read| (read.name(), read.canonical.digest)).collect();
    let first: BTreeMap<&str, Digest> =
        first.iter().filter_map(|result| Some((result.name.as_str(), result.actual?))).collect();
    let names: BTreeSet<&str> = first.keys().chain(second.keys()).copied().collect();
    Ok(names.into_iter().filter(|name| first.get(name) != second.get(name)).map(str::to_owned).collect())
}

/// The artifacts of a run that are compared with what is expected, each read.
fn read_actual<'a>(
    expected: &[Artifact],
    actual: &'a [Artifact],
    rules: &Rules<'_>,
) -> Result<Vec<ReadArtifact<'a>>, ComparisonError> {
    let (actual, nothing) = (in_scope(expected, actual, rules.scope), KnownArtifacts::default());
    ReadArtifact::all(actual, rules.actual_roots, rules.config, (&nothing, rules.across_builds))
        .map_err(|(name, source)| ComparisonError::Actual { name, source })
}

fn meaning(documents: impl Iterator<Item = Arc<Document>>) -> Semantics {
    let (mut packages, mut findings, mut vex, mut decision) = (None, None, None, None);
    let mut facts = Vec::new();
    for document in documents {
        let document = Arc::unwrap_or_clone(document);
        facts.extend(document.facts);
        join(&mut packages, document.packages);
        join(&mut findings, document.findings);
        join(&mut vex, document.vex);
        decision = decision.or(document.decision);
    }
    Semantics::from_parts(packages, findings, vex, decision).with_facts(facts)
}

fn join<T>(all: &mut Option<Vec<T>>, more: Option<Vec<T>>) {
    match (all.as_mut(), more) {
        (Some(all), Some(more)) => all.extend(more),
        (None, more) => *all = more,
        (Some(_), None) => {}
    }
}

/// The policy's decision on artifacts that have none of their own; none where they hold no findings to decide on.
pub fn decide_on(artifacts: &[Artifact], policy: &Policy, now: Timestamp) -> Result<Option<Decision>, ComparisonError> {
    let documents = artifacts.iter().map(|artifact| read_artifact::meaning(artifact, &artifact.document()).ok());
    // What cannot be read may hold whatever a policy forbids: nothing is decided beside it.
    let Some(documents) = documents.collect::<Option<Vec<Document>>>() else { return Ok(None) };
    decide(&meaning(documents.into_iter().map(Arc::new)), policy, now)
}

/// The decision that came with a result, else the policy's on its findings; none where there are no findings to decide on.
fn decide(meaning: &Semantics, policy: &Policy, now: Timestamp) -> Result<Option<Decision>, ComparisonError> {
    if let Some(decision) = meaning.decision() {
        return Ok(Some(decision.clone()));
    }
    if !meaning.has_findings() {
        return Ok(None);
    }
    let decision = policy.decide(&PolicyInput::of(meaning), now, &PolicyLimits::default());
    decision.map(Some).map_err(ComparisonError::Policy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Limits;
    use crate::model::artifact::ArtifactFormat;

    const DOCUMENTS: [(ArtifactFormat, &[u8]); 16] = [
        (ArtifactFormat::Cyclonedx, include_bytes!("../../tests/data/canonical/cyclonedx/full.json")),
        (ArtifactFormat::Cyclonedx, include_bytes!("../../tests/data/format/cyclonedx.json")),
        (ArtifactFormat::CyclonedxVex, include_bytes!("../../tests/data/canonical/cyclonedx-vex/full.json")),
        (ArtifactFormat::Spdx, include_bytes!("../../tests/data/canonical/spdx/full.json")),
        (ArtifactFormat::Spdx, include_bytes!("../../tests/data/format/spdx.json")),
        (ArtifactFormat::Openvex, include_bytes!("../../tests/data/canonical/openvex/full.json")),
        (ArtifactFormat::Sarif, include_bytes!("../../tests/data/canonical/sarif/full.json")),
        (ArtifactFormat::Spdx3, include_bytes!("../../tests/data/canonical/spdx3/full.json")),
        (ArtifactFormat::Csaf, include_bytes!("../../tests/data/canonical/csaf/full.json")),
        (ArtifactFormat::Grype, include_bytes!("../../tests/data/canonical/grype/full.json")),
        (ArtifactFormat::OsvScanner, include_bytes!("../../tests/data/canonical/osv-scanner/full.json")),
        (ArtifactFormat::OsvScanner, include_bytes!("../../tests/data/format/osv-scanner.json")),
        (ArtifactFormat::Syft, include_bytes!("../../tests/data/canonical/syft/full.json")),
        (ArtifactFormat::Syft, include_bytes!("../../tests/data/format/syft.json")),
        (ArtifactFormat::Trivy, include_bytes!("../../tests/data/canonical/trivy/full.json")),
        (ArtifactFormat::StellaFindings, include_bytes!("../../tests/data/format/findings.json")),
    ];

    fn meaning_of(format: ArtifactFormat, bytes: &[u8]) -> Semantics {
        meaning(std::iter::once(format::read_document(format, bytes).unwrap().into()))
    }

    #[test]
    fn two_runs_are_held_against_each_other_in_what_is_compared_alone() {
        let artifact = |name: &str, bytes: &[u8]| Artifact {
            artifact_type: ArtifactType::Findings,
            name: name.to_owned(),
            format: ArtifactFormat::Bytes,
            profile: None,
            bytes: bytes.into(),
        };
        let config = Config::for_directory(std::path::Path::new(".")).unwrap();
        let policy = Policy::builtin_default().unwrap();
        let expected = [artifact("a", b"0")];
        let first = [artifact("a", b"1"), artifact("log", b"1")];
        let broken = Artifact { format: ArtifactFormat::StellaFindings, ..artifact("other", b"{") };
        let second = [artifact("a", b"1"), artifact("log", b"2"), artifact("more", b"")];
        let names = |scope, second: &[Artifact]| {
            let rules = Rules {
                config: &config,
                scope,
                policy: &policy,
                now: Timestamp::UNIX_EPOCH,
                expected_roots: &Roots::default(),
                actual_roots: &Roots::default(),
                across_builds: false,
            };
            let compared = compare(&expected, &KnownArtifacts::default(), &first, &rules)?;
            unstable(&expected, (&compared.artifacts, second), &rules)
        };
        assert_eq!(names(Scope::All, &second).unwrap(), ["log", "more"]);
        assert!(names(Scope::Expected, &second).unwrap().is_empty());
        let second = [artifact("a", b"1"), artifact("log", b"1"), broken];
        assert!(names(Scope::All, &second).is_err());
        assert!(names(Scope::Expected, &second).unwrap().is_empty());
    }

    /// What a profile takes for random means nothing.
    #[test]
    fn other_random_ids_mean_the_same() {
        let text = include_str!("../../tests/data/canonical/cyclonedx/random-refs.json");
        let profile = crate::canonical::Profile::builtin(ArtifactFormat::Cyclonedx);
        let digest =
            |text: &str| canonical::canonicalize_with(profile, text.as_bytes(), &Limits::default()).unwrap().digest;
        let ids: BTreeSet<&str> = text.split('"').filter(|id| id.starts_with("BomRef.") || id.len() == 36).collect();
        assert!(ids.len() >= 9, "{ids:?}");
        let renamed = |text: String, (n, id): (usize, &&str)| text.replace(*id, &format!("BomRef.{n}.7"));
        let other = ids.iter().enumerate().fold(text.to_owned(), renamed);
        assert_ne!(other, text);
        assert_eq!(digest(&other), digest(text));
        let meaning = |text: &str| meaning_of(ArtifactFormat::Cyclonedx, text.as_bytes());
        assert_eq!(meaning(&other), meaning(text));
    }

    /// What a profile calls a set has no first element: else equal bytes could mean different things.
    #[test]
    fn the_canonical_form_means_what_the_document_means() {
        for (format, bytes) in DOCUMENTS {
            let canonical = canonical::canonicalize_artifact(format, bytes, &Limits::default()).unwrap();
            let mut canonical: serde_json::Value = serde_json::from_slice(&canonical.bytes).unwrap();
            if format == ArtifactFormat::Openvex {
                // Mandatory, and volatile: the profile drops them.
                canonical["@id"] = "urn:example".into();
                canonical["timestamp"] = "2026-01-01T00:00:00Z".into();
            }
            if format == ArtifactFormat::Sarif {
                // A position became the name of what it meant, which the results of this document give beside it.
                for result in canonical["runs"][0]["results"].as_array_mut().unwrap() {
                    assert_eq!(result["ruleIndex"], result["ruleId"]);
                    result.as_object_mut().unwrap().remove("ruleIndex");
                }
            }
            assert_eq!(meaning_of(format, canonical.to_string().as_bytes()), meaning_of(format, bytes), "{format}");
        }
    }
}
