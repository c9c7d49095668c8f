//! From verdicts to causes: one for each change, those of the whole, and the sentence that counts them.

use std::collections::BTreeMap;

use crate::attribute::cell::Cell;
use crate::attribute::judge::{Accusation, KeyVerdict};
use crate::attribute::observation::Key;
use crate::attribute::plan::{Attribution, Explained};
use crate::model::cause::{Cause, Evidence, Factor, Joined, KnownBy, MismatchReason, SubTag};
use crate::model::digest::Digest;

/// What attribution alone cannot know.
pub struct CauseContext<'a> {
    /// The digest of all inputs of a cell's replay.
    pub digest: &'a dyn Fn(Cell) -> Digest,
    /// What a key that flickers, or changes without any swap, answers to, where a perturbation has shown it.
    pub sensitive: &'a dyn Fn(&Key) -> Option<Factor>,
    /// What is blamed for a change that no swap makes: an input that differs and could not be swapped, where there is one.
    pub beyond: Option<Factor>,
}

/// The cause of one change.
pub fn of(one: &Explained, factors: &[Factor], around: &CauseContext<'_>) -> Option<Cause> {
    let mut cause = Cause::floor(MismatchReason::Nondeterminism, None);
    match &one.verdict {
        KeyVerdict::Same | KeyVerdict::Open(_) => return None,
        KeyVerdict::Flaky => {
            cause.known_by = KnownBy::Proved;
            if let Some(factor) = (around.sensitive)(&one.key) {
                (cause.reason, cause.sub_tag) = factor.reason();
            }
        }
        KeyVerdict::Elsewhere => match ((around.sensitive)(&one.key), around.beyond) {
            (Some(factor), _) | (None, Some(factor)) => (cause.reason, cause.sub_tag) = factor.reason(),
            (None, None) => {}
        },
        KeyVerdict::Swaps(accusation) => return Some(of_swaps(accusation, factors, around)),
    }
    Some(cause)
}

fn of_swaps(accusation: &Accusation, factors: &[Factor], around: &CauseContext<'_>) -> Cause {
    let named: Vec<Factor> = accusation.factors().iter().filter_map(|at| factors.get(at).copied()).collect();
    let mut reasons: Vec<(MismatchReason, Option<SubTag>)> = named.iter().map(|factor| factor.reason()).collect();
    reasons.dedup();
    let (reason, sub_tag) = match reasons.as_slice() {
        [one] => *one,
        [first, rest @ ..] if rest.iter().all(|other| other.0 == first.0) => (first.0, None),
        _ => (MismatchReason::Mixed, None),
    };
    let parts_per_million = (accusation.chance * 1e6).ceil().clamp(0.0, 1e6);
    Cause {
        reason,
        sub_tag,
        known_by: if accusation.is_proved() { KnownBy::Proved } else { KnownBy::Floor },
        inputs: if named.len() > 1 { named } else { Vec::new() },
        joined: accusation.joined,
        evidence: Some(Evidence {
            made_by: (around.digest)(accusation.made_by),
            unmade_by: (around.digest)(accusation.unmade_by),
            runs: u32::try_from(accusation.runs).unwrap_or(u32::MAX),
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1e6")]
            false_ppm: parts_per_million as u32,
        }),
    }
}

/// Which changes are counted: those of findings, and where no finding changed, all of them.
pub fn counted(attribution: &Attribution) -> impl Iterator<Item = &Explained> {
    let is_finding = |one: &&Explained| matches!(one.key, Key::Finding { .. });
    let any = attribution.explained.iter().any(|one| is_finding(&one));
    attribution.explained.iter().filter(move |one| !any || is_finding(one))
}

/// How a verdict is named where it is counted: `feed`, `feed × policy`, `flaky`, `unexplained`.
pub fn name(verdict: &KeyVerdict, factors: &[Factor]) -> String {
    let name = |factor: usize| factors.get(factor).map(ToString::to_string).unwrap_or_default();
    match verdict {
        KeyVerdict::Same => "unchanged".to_owned(),
        KeyVerdict::Flaky => "flaky".to_owned(),
        KeyVerdict::Elsewhere | KeyVerdict::Open(_) => "unexplained".to_owned(),
        KeyVerdict::Swaps(accusation) => {
            let inner = match accusation.joined {
                Some(Joined::Each) => Joined::Each.sign(),
                _ => Joined::Together.sign(),
            };
            let way = |way: &Cell| way.iter().map(name).collect::<Vec<_>>().join(inner);
            accusation.ways.iter().map(way).collect::<Vec<_>>().join(Joined::Either.sign())
        }
    }
}

/// `12 feed, 2 scanner, 1 feed × policy, 0 unexplained`
pub fn in_short(attribution: &Attribution) -> String {
    const UNEXPLAINED: &str = "unexplained";
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for one in counted(attribution) {
        *counts.entry(name(&one.verdict, &attribution.factors)).or_default() += 1;
    }
    let unexplained = counts.remove(UNEXPLAINED).unwrap_or(0);
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let parts = counts.into_iter().chain([(UNEXPLAINED.to_owned(), unexplained)]);
    parts.map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}
