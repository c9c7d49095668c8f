//! Two sets of artifacts side by side: how far they agree, and what changed.
//!
//! Invariants: raw bytes come in, everything derived is computed here, under the same profiles for both sides; a policy
//! is asked only about what semantic comparison sees, so that bitwise ⇒ semantic ⇒ policy holds.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use crate::artifacts::comparison::{Comparison, ComparisonError, Rules};
use crate::artifacts::empty_list::as_one_tool;
use crate::artifacts::in_scope::read_actual;
use crate::artifacts::large_inventories::Side;
use crate::artifacts::level_digest;
use crate::artifacts::meaning::{decide, meaning};
use crate::artifacts::read_artifact::{KnownArtifacts, ReadArtifact};
use crate::artifacts::unread::{not_compared, unread};
use crate::canonical;
use crate::compare::semantic::Semantics;
use crate::compare::{diff, fidelity, movement};
use crate::job::artifact::Artifact;
use crate::model::artifact::{ArtifactFormat, ArtifactType};
use crate::model::comparison::diff::{ArtifactChange, Top};
use crate::model::comparison::fidelity::Level;
use crate::model::decision::Decision;
use crate::model::digest::Digest;
use crate::model::result::{ArtifactResult, Sides};

/// How many entries of each kind a difference shows; the rest is counted.
const TOP: usize = 20;
/// How many places of a difference are shown with their values; the rest is counted.
const PLACES: usize = 10;
/// From how many bytes on each side is read on a thread of its own.
const WORTH_A_THREAD: usize = 1 << 20;

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
            // Where findings, packages or statements differ, they say more; what a document says besides is told by its places.
            let lists_the_same =
                |(a, b): (&ReadArtifact<'_>, &ReadArtifact<'_>)| a.document.lists_the_same(&b.document);
            let is_told = !is_opaque && !before.zip(after).is_some_and(lists_the_same);
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

fn by_name(side: Vec<ReadArtifact<'_>>) -> BTreeMap<&str, ReadArtifact<'_>> {
    side.into_iter().map(|read| (read.name(), read)).collect()
}

/// Two large inventories that were read in the quick way.
///
/// # Errors
/// When the policy cannot decide.
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
