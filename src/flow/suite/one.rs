//! One replay to its end: run, explained where that is asked for, both sides kept.

use std::path::Path;

use crate::artifacts::found_secrets::FoundSecrets;
use crate::attribute::budget::Budget;
use crate::flow::experiment::explain;
use crate::flow::replay::output_dir;
use crate::flow::replay::prepare::{self, ReplayError, ReplayRequest};
use crate::flow::replay::replay_job::PreparedReplay;
use crate::host::clock;
use crate::host::fs::FsError;
use crate::host::scratch::Scratch;
use crate::job::artifact::Artifact;
use crate::model::comparison::diff::DiffSummary;
use crate::model::error_chain::chain;
use crate::model::manifest::ScanManifest;
use crate::model::result::{ReplayResult, RunResult};
use crate::model::text::redact::REDACTED;
use crate::workspace::context::Context;

/// Which results are explained.
#[derive(Debug, Clone, Copy)]
pub enum Explain {
    /// None.
    Never,
    /// Those that differ.
    Open(Budget),
    /// Any: of one that matches it says so.
    Any(Budget),
}

/// Where both sides of a replay are kept.
#[derive(Debug, Clone, Copy)]
pub enum Keep<'a> {
    /// The artifacts in this folder itself, as a scan leaves them, the rest aside.
    AsScan(&'a Path),
    /// `expected/` and `actual/` below this folder.
    SideBySide(&'a Path),
}

/// A replay that is over.
#[derive(Debug)]
pub struct Over {
    /// How it ended.
    pub result: ReplayResult,
    /// Why its artifacts could not be left where that was asked for.
    pub unkept: Option<FsError>,
    /// A secret scanner found values in it: nothing of it is published as it is.
    pub has_secrets: bool,
}

/// Runs `replay`. Never fails: what goes wrong is an outcome; what cannot be kept stands beside it.
pub fn one(replay: &PreparedReplay, explain: Explain, keep: Option<Keep<'_>>, context: &Context) -> Over {
    let replayed = replay.run(context);
    let mut result = replayed.result.clone();
    let budget = match explain {
        Explain::Never => None,
        Explain::Open(budget) => Some(budget).filter(|_| explain::is_open(&result)),
        Explain::Any(budget) => Some(budget),
    };
    if let Some(budget) = budget {
        explain::explain(replay, &mut result, context, &budget);
    }
    let expected = &replay.expected.artifacts;
    let secrets = FoundSecrets::of(expected.iter().chain(&replayed.artifacts));
    let kept = match keep {
        None => Ok(()),
        Some(Keep::AsScan(folder)) => output_dir::replay(folder, expected, &replayed),
        Some(Keep::SideBySide(folder)) if secrets.is_empty() => {
            output_dir::side_by_side(folder, expected, &replayed.artifacts)
        }
        Some(Keep::SideBySide(folder)) => {
            let without = |all: &[Artifact]| all.iter().filter_map(|one| secrets.without(one)).collect::<Vec<_>>();
            output_dir::side_by_side(folder, &without(expected), &without(&replayed.artifacts))
        }
    };
    let unkept = kept.err();
    if let Some(error) = &unkept {
        result.notes.push(chain("expected and actual artifacts could not be kept", error));
    }
    let has_secrets = !secrets.is_empty();
    let result = if has_secrets { without_secrets(result, &secrets) } else { result };
    Over { result, unkept, has_secrets }
}

/// What is shown of a replay is published: no value that a secret scanner found stands in it.
fn without_secrets(result: ReplayResult, secrets: &FoundSecrets) -> ReplayResult {
    let mut result = match secrets.known() {
        Some(known) => {
            let mut result = result.without(&known);
            // What was cut may end within a value: what is left of it is none, and goes all the same.
            for change in &mut result.diff.artifacts {
                let places = change.differences.shown.iter_mut();
                let texts = places.flat_map(|of| [Some(&mut of.place), of.before.as_mut(), of.after.as_mut()]);
                let texts = texts.flatten().chain(&mut change.first_difference);
                texts.for_each(|text| *text = known.hide_cut(text));
            }
            result
        }
        None => ReplayResult { diff: DiffSummary::default(), explanation: None, showing: None, ..result },
    };
    let values = match (secrets.len(), secrets.known().is_some()) {
        (1, _) => "1 value".to_owned(),
        (more, true) => format!("{more} values"),
        (more, false) => format!("more than {more} values"),
    };
    result
        .notes
        .push(format!("{values} that a secret scanner found: not shown, and {REDACTED} where they would stand"));
    result
}

/// Replays `manifest`: how the run ended, and why what it wrote could not be left where that was asked for.
///
/// # Errors
/// When the manifest was edited, or what is swapped in cannot be used; how the replay ends is a part of the result.
pub fn manifest(
    manifest: ScanManifest,
    request: &ReplayRequest,
    context: &Context,
) -> Result<(RunResult, Option<FsError>), ReplayError> {
    let started_at = clock::now();
    let scratch = Scratch::new().map_err(ReplayError::Scratch)?;
    let title = prepare::title(&manifest, request, context);
    let over = match prepare::prepare(manifest, &title, request, context, scratch.path())? {
        Err(outcome) => Over { result: title.result(outcome), unkept: None, has_secrets: false },
        Ok(replay) => {
            let keep = request.out_dir.as_deref().map(Keep::AsScan);
            one(&replay, request.explain.map_or(Explain::Never, Explain::Any), keep, context)
        }
    };
    let Over { mut result, unkept, .. } = over;
    if !request.swaps.is_empty() {
        result.notes.push("inputs were swapped on request: this replay is not as recorded".to_owned());
    }
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let finished_at = clock::now().max(started_at);
    Ok((RunResult::new(version, started_at, finished_at, vec![result], Vec::new()), unkept))
}
