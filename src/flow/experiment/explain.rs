//! Finds the cause of each change of a replay by experiment: runs what the plan asks for, writes what it concludes into the
//! result.
//!
//! Invariants: the verdict of a replay never becomes milder by being explained; what could not be swapped is named; a budget
//! that ends gives the best answer so far, and says that it is partial.

use std::collections::BTreeSet;

use crate::attribute::budget::Budget;
use crate::attribute::cause::{self, CauseContext};
use crate::attribute::judge::KeyVerdict;
use crate::attribute::noise::Share;
use crate::attribute::{Attribution, Cell, Key};
use crate::flow::experiment::trials::Experiment;
use crate::flow::replay::replay_job::PreparedReplay;
use crate::flow::replay::swap_request;
use crate::model::cause::{Cause, Factor, MismatchReason};
use crate::model::dimension::Dimension;
use crate::model::experiment::explanation::{Change, Explanation, Noise};
use crate::model::outcome::Outcome;
use crate::model::result::ReplayResult;
use crate::workspace::context::Context;

/// Whether a result has something to explain.
pub fn is_open(result: &ReplayResult) -> bool {
    matches!(result.outcome, Outcome::Drift { .. } | Outcome::Flaky { .. })
}

/// Explains `result`, which `replay` gave. A case has no recording whose inputs could be swapped back: it stays as it is.
pub fn explain(replay: &PreparedReplay, result: &mut ReplayResult, context: &Context, budget: &Budget) {
    let Some(restored) = &replay.origin else { return };
    let mut recorded = restored.job.clone();
    for (dimension, _) in &restored.gone {
        // It cannot be swapped back: both sides have what is there now.
        swap_request::take(Factor::whole(*dimension), &mut recorded, &replay.job);
    }
    let experiment = Experiment::new(replay, recorded, context);
    let (attribution, trials, denied) = experiment.run(budget);
    let mut not_excluded: Vec<String> =
        restored.gone.iter().map(|(dimension, what)| format!("{dimension:?}: {what} is gone").to_lowercase()).collect();
    let beyond = beyond(&attribution, result);
    let lost = result.executor.as_ref().map(|executor| executor.lost.clone()).unwrap_or_default();
    let (sensitive, more) = experiment.sensitivities(&attribution, &trials, &lost);
    if let Some(factor) = beyond {
        not_excluded.push(format!("{factor}: differs from the recording, and cannot be swapped"));
    }
    let digest = |cell: Cell| experiment.digest(cell);
    let around = CauseContext { digest: &digest, sensitive: &|key| sensitive.get(key).copied(), beyond };
    let floor = result.recorded.floor_cause(&result.replayed);
    let external = external(&denied);
    let caused = |verdict: &KeyVerdict, cause: Option<Cause>| match (verdict, &external) {
        (KeyVerdict::Elsewhere, Some(_)) => Some(Cause::floor(MismatchReason::ExternalIo, None)),
        _ => cause,
    };
    let causes: Vec<(Key, &KeyVerdict, Option<Cause>)> = attribution
        .explained
        .iter()
        .map(|one| (one.key.clone(), &one.verdict, caused(&one.verdict, cause::of(one, &attribution.factors, &around))))
        .collect();

    for flip in &mut result.diff.findings.shown {
        let key = Key::Finding { cve_id: flip.cve_id.clone(), affected_purl: flip.affected_purl.clone() };
        flip.cause = causes.iter().find(|(known, ..)| *known == key).and_then(|(.., cause)| cause.clone());
    }
    result.notes.extend(external);
    result.outcome = outcome(&result.outcome, &attribution, &causes, &floor);
    result.explanation = Some(Explanation {
        summary: cause::in_short(&attribution),
        factors: attribution.factors.clone(),
        not_excluded,
        cells: experiment.cells(&trials),
        changes: causes
            .into_iter()
            .map(|(key, verdict, cause)| Change {
                kind: key.kind().to_owned(),
                what: key.to_string(),
                by: cause::name(verdict, &attribution.factors),
                cause,
            })
            .collect(),
        noise: in_words(&attribution.noise),
        replays: (attribution.replays + more) as u64,
        partial: attribution.partial,
    });
}

/// The outcome after the experiment: still a difference, with what is known of it now.
fn outcome(
    seen: &Outcome,
    attribution: &Attribution,
    causes: &[(Key, &KeyVerdict, Option<Cause>)],
    floor: &Cause,
) -> Outcome {
    if !matches!(seen, Outcome::Drift { .. } | Outcome::Flaky { .. } | Outcome::Match { .. }) {
        return seen.clone();
    }
    let noise = attribution.noise;
    let summary = cause::in_short(attribution);
    if attribution.is_flaky() {
        return Outcome::Flaky {
            detail: format!("{summary}; {} of {} control replays differ from the others", noise.part, noise.all),
        };
    }
    if attribution.explained.is_empty() {
        return match seen {
            seen if attribution.partial => seen.clone(),
            Outcome::Drift { .. } => Outcome::Flaky {
                detail: format!("it differed twice, and then in none of {} replays", attribution.replays),
            },
            seen => seen.clone(),
        };
    }
    if let Outcome::Match { .. } = seen {
        return seen.clone();
    }
    let mut all: Vec<Cause> = Vec::new();
    for (_, verdict, cause) in causes {
        let cause = cause.clone().or_else(|| matches!(verdict, KeyVerdict::Open(_)).then(|| floor.clone()));
        let Some(cause) = cause else { continue };
        if !all.iter().any(|known| known.without_evidence() == cause.without_evidence()) {
            all.push(cause);
        }
    }
    // The bytes of an artifact and the decision have whatever the findings have, joined: that names no further cause.
    if all.iter().any(|cause| cause.inputs.is_empty()) {
        let alone: BTreeSet<MismatchReason> =
            all.iter().filter(|cause| cause.inputs.is_empty()).map(|cause| cause.reason).collect();
        let counted: BTreeSet<&Key> = cause::counted(attribution).map(|one| &one.key).collect();
        let of_counted = |cause: &Cause| {
            let mut own = causes.iter().filter(|(key, ..)| counted.contains(key));
            own.any(|(_, _, known)| {
                known.as_ref().is_some_and(|known| known.without_evidence() == cause.without_evidence())
            })
        };
        let is_sum = |cause: &Cause| {
            !cause.inputs.is_empty() && cause.inputs.iter().all(|factor| alone.contains(&factor.reason().0))
        };
        all.retain(|cause| of_counted(cause) || !is_sum(cause));
    }
    if all.is_empty() { seen.clone() } else { Outcome::Drift { causes: all } }
}

/// An input that differs from the recording and is not a factor: it could not be swapped.
fn beyond(attribution: &Attribution, result: &ReplayResult) -> Option<Factor> {
    let swapped = |dimension: Dimension| attribution.factors.iter().any(|factor| factor.dimension == dimension);
    let differing = result.recorded.differing(&result.replayed);
    differing.into_iter().find(|dimension| !swapped(*dimension)).map(Factor::whole)
}

/// What the sandbox denied, where something that the recording may have reached is a ground for what swaps cannot explain.
fn external(denied: &BTreeSet<String>) -> Option<String> {
    let first = denied.first()?;
    let more = denied.len() - 1;
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    Some(format!("the sandbox denied {first}{more}"))
}

fn in_words(share: &Share) -> Noise {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share lies in 0..=1")]
    let parts_per_million = |share: f64| (share * 1e6).round() as u64;
    Noise {
        different: u64::from(share.part),
        runs: u64::from(share.all),
        low_ppm: parts_per_million(share.low),
        high_ppm: parts_per_million(share.high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn external_io_is_never_said_without_evidence() {
        assert_eq!(external(&BTreeSet::new()), None);
        let denied = ["connect 192.0.2.1:443 by /usr/bin/scan", "getaddrinfo feed.example"].map(str::to_owned);
        let said = external(&BTreeSet::from(denied)).unwrap();
        assert_eq!(said, "the sandbox denied connect 192.0.2.1:443 by /usr/bin/scan and 1 more");
    }
}
