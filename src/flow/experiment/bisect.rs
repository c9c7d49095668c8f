//! The snapshot of a feed at which a finding flipped: bisection over a chain of snapshots, then the records that differ.
//!
//! Invariants: a logarithmic number of replays for each flip, shared among findings; neighbours are named only where their
//! replays differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::attribute::{Key, Observation, TrialOutcome};
use crate::flow::experiment::trial_cache::{self, Reading};
use crate::flow::replay::prepare::{self, ReplayError, ReplayRequest, Swap};
use crate::flow::replay::replay_job::PreparedReplay;
use crate::format::osv;
use crate::host::scratch::Scratch;
use crate::job::material::FeedMaterial;
use crate::model::comparison::diff::Direction;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::experiment::bisect::{Bisection, FieldFlip, Flip, RecordChange, Snapshot};
use crate::model::manifest::ScanManifest;
use crate::model::outcome::Outcome;
use crate::model::text::json_pointer;
use crate::workspace::context::Context;

/// Records, and fields of one record, that are listed.
const SHOWN: usize = 50;

/// Why a chain cannot be bisected.
#[derive(Debug, thiserror::Error)]
pub enum BisectError {
    /// Something that the user gave cannot be used.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// One snapshot is not a chain.
    #[error("a chain has at least two snapshots, oldest first: {0} given")]
    NoChain(usize),
    /// A finding that is asked for is never there.
    #[error("no finding is of `{asked}`, neither with the first snapshot nor with the last{}", those(.there))]
    NoSuchFinding {
        /// What was asked for.
        asked: String,
        /// The vulnerabilities of those findings that are there.
        there: BTreeSet<String>,
    },
    /// An input is gone.
    #[error("the scan cannot be run: {} gone", .0.join(", "))]
    Gone(Vec<String>),
    /// A replay gave no result.
    #[error("the scan gives no result with the snapshot `{}`: {why}", .snapshot.display())]
    NotRunning {
        /// The snapshot.
        snapshot: PathBuf,
        /// Why.
        why: String,
    },
}

impl Diagnostic for BisectError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Replay(error) => error.kind(),
            Self::NoChain(_) | Self::NoSuchFinding { .. } => FailureKind::Usage,
            Self::Gone(_) | Self::NotRunning { .. } => FailureKind::Inconclusive,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Replay(error) => error.hint(),
            _ => None,
        }
    }
}

/// How many vulnerabilities are named of those that are there.
const NAMED: usize = 10;

fn those(there: &BTreeSet<String>) -> String {
    let named: Vec<&str> = there.iter().take(NAMED).map(String::as_str).collect();
    match there.len().saturating_sub(NAMED) {
        _ if there.is_empty() => ": there is no finding at all".to_owned(),
        0 => format!(": there are {}", named.join(", ")),
        more => format!(": there are {} and {more} more", named.join(", ")),
    }
}

/// Bisects `chain`, oldest snapshot first, for every finding that differs between its ends; only those of `only`, where there
/// are any.
///
/// # Errors
/// When there are fewer than two snapshots, the manifest cannot be replayed, an input is gone, a finding that is asked for is
/// never there, or a replay gave no result.
pub fn run(
    manifest: &ScanManifest,
    request: &ReplayRequest,
    (feed, chain): (Option<&str>, &[PathBuf]),
    only: &[String],
    context: &Context,
) -> Result<Bisection, BisectError> {
    if chain.len() < 2 {
        return Err(BisectError::NoChain(chain.len()));
    }
    let scratch = Scratch::new().map_err(ReplayError::Scratch)?;
    let mut replays = Vec::new();
    for path in chain {
        let swap = Swap::Feed { name: feed.map(str::to_owned), path: path.clone() };
        let request = ReplayRequest { swaps: vec![swap], ..request.clone() };
        let title = prepare::title(manifest, &request, context);
        let prepared = prepare::prepare(manifest.clone(), &title, &request, context, scratch.path())?;
        replays.push(prepared.map_err(|outcome| match outcome {
            Outcome::Unreplayable { missing } => BisectError::Gone(missing),
            other => BisectError::NotRunning { snapshot: path.clone(), why: other.code().to_owned() },
        })?);
    }
    let mut search = Search { chain, replays: &replays, context, seen: BTreeMap::new() };
    let last = chain.len() - 1;
    let (first, end) = (search.at(0)?, search.at(last)?);
    let keys: BTreeSet<&Key> = first.keys().chain(end.keys()).collect();
    let vulnerability = |key: &&Key| match key {
        Key::Finding { cve_id, .. } => Some(cve_id.clone()),
        _ => None,
    };
    let there: BTreeSet<String> = keys.iter().filter_map(vulnerability).collect();
    if let Some(asked) = only.iter().find(|asked| !there.contains(*asked)) {
        return Err(BisectError::NoSuchFinding { asked: asked.clone(), there });
    }
    let wanted = |key: &&Key| match key {
        Key::Finding { cve_id, .. } => only.is_empty() || only.contains(cve_id),
        _ => false,
    };
    let mut flips = Vec::new();
    for key in keys.into_iter().filter(|key| first.get(*key) != end.get(*key)).filter(wanted) {
        let at = search.flip(key, last)?;
        let side = |at: usize| chain.get(at).zip(replays.get(at));
        let Some((old, new)) = side(at.saturating_sub(1)).zip(side(at)) else { continue };
        let (before, after) = (search.at(at.saturating_sub(1))?, search.at(at)?);
        flips.push(Flip {
            finding: key.to_string(),
            direction: match (before.contains_key(key), after.contains_key(key)) {
                (false, _) => Direction::Appeared,
                (true, false) => Direction::Disappeared,
                (true, true) => Direction::Changed,
            },
            before: snapshot(old.0, fed(old.1, feed)),
            at: snapshot(new.0, fed(new.1, feed)),
            records: records(fed(old.1, feed), fed(new.1, feed), key),
        });
    }
    let replays = search.seen.len();
    Ok(Bisection { snapshots: chain.len(), replays, flips, reproduce: String::new() })
}

fn snapshot(path: &Path, feed: Option<&FeedMaterial>) -> Snapshot {
    Snapshot { path: path.display().to_string(), content_digest: feed.map(FeedMaterial::identity) }
}

/// The feed of a replay that the chain is of.
fn fed<'a>(replay: &'a PreparedReplay, name: Option<&str>) -> Option<&'a FeedMaterial> {
    replay.job.feeds.iter().find(|feed| name.is_none_or(|name| feed.name == name))
}

struct Search<'a> {
    chain: &'a [PathBuf],
    replays: &'a [PreparedReplay],
    context: &'a Context,
    seen: BTreeMap<usize, Observation>,
}

impl Search<'_> {
    /// What the scan shows with one snapshot; it is run once.
    fn at(&mut self, at: usize) -> Result<Observation, BisectError> {
        if let Some(seen) = self.seen.get(&at) {
            return Ok(seen.clone());
        }
        let Some((replay, snapshot)) = self.replays.get(at).zip(self.chain.get(at)) else {
            return Ok(Observation::new());
        };
        match &trial_cache::run(&replay.job, 0, Reading::of(replay), self.context).shown {
            TrialOutcome::Observed(observation) => {
                self.seen.insert(at, observation.clone());
                Ok(observation.clone())
            }
            TrialOutcome::Failed(why) => Err(BisectError::NotRunning { snapshot: snapshot.clone(), why: why.clone() }),
        }
    }

    /// The first snapshot of a pair of neighbours between which `key` flips.
    fn flip(&mut self, key: &Key, last: usize) -> Result<usize, BisectError> {
        let start = self.at(0)?.get(key).copied();
        let (mut same, mut other) = (0, last);
        while other - same > 1 {
            let middle = same.midpoint(other);
            if self.at(middle)?.get(key).copied() == start { same = middle } else { other = middle }
        }
        Ok(other)
    }
}

/// The records in which two feeds differ; only those that name the finding's vulnerability, where there are any.
fn records(before: Option<&FeedMaterial>, after: Option<&FeedMaterial>, key: &Key) -> Vec<RecordChange> {
    let all = |feed: Option<&FeedMaterial>| -> BTreeMap<String, Vec<u8>> {
        let records = feed.into_iter().flat_map(|feed| feed.bundle.records());
        records.map(|record| (record.path.as_str().to_owned(), record.bytes.to_vec())).collect()
    };
    let (before, after) = (all(before), all(after));
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing: Vec<&String> = paths.into_iter().filter(|path| before.get(*path) != after.get(*path)).collect();
    let names = |path: &&&String| {
        let Key::Finding { cve_id, .. } = key else { return false };
        let sides = [before.get(**path), after.get(**path)];
        let ids = sides.into_iter().flatten().filter_map(|bytes| osv::read(bytes).ok());
        ids.into_iter().any(|record| record.id == *cve_id || record.aliases.iter().any(|alias| alias == cve_id))
    };
    let named: Vec<&String> = differing.iter().filter(names).copied().collect();
    let chosen = if named.is_empty() { differing } else { named };
    let one = |path: &String| {
        let (a, b) = (before.get(path), after.get(path));
        let id = |bytes: Option<&Vec<u8>>| bytes.and_then(|bytes| osv::read(bytes).ok()).map(|record| record.id);
        RecordChange {
            path: path.clone(),
            advisory: id(b).or_else(|| id(a)),
            fields: fields(a.map(Vec::as_slice), b.map(Vec::as_slice)),
        }
    };
    chosen.into_iter().take(SHOWN).map(one).collect()
}

/// The fields in which two records differ, by JSON pointer; a record that one side lacks is one field, its root.
fn fields(before: Option<&[u8]>, after: Option<&[u8]>) -> Vec<FieldFlip> {
    let parse = |bytes: Option<&[u8]>| bytes.and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let mut found = Vec::new();
    match (parse(before), parse(after)) {
        (Some(a), Some(b)) => differences("", &a, &b, &mut found),
        (a, b) => {
            let said = |value: Option<Value>, bytes: Option<&[u8]>| match (value, bytes) {
                (Some(_), _) => Some("(the record)".to_owned()),
                (None, Some(bytes)) => Some(format!("({} bytes)", bytes.len())),
                (None, None) => None,
            };
            found.push(FieldFlip { path: String::new(), before: said(a, before), after: said(b, after) });
        }
    }
    found
}

/// Walks two documents side by side. The depth is bounded by that of the parser.
fn differences(path: &str, before: &Value, after: &Value, found: &mut Vec<FieldFlip>) {
    if before == after || found.len() >= SHOWN {
        return;
    }
    let below = |name: &str| format!("{path}/{}", json_pointer::escaped(name));
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                side_by_side(&below(name), a.get(name), b.get(name), found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for at in 0..a.len().max(b.len()) {
                side_by_side(&below(&at.to_string()), a.get(at), b.get(at), found);
            }
        }
        _ => found.push(FieldFlip { path: path.to_owned(), before: text(Some(before)), after: text(Some(after)) }),
    }
}

fn side_by_side(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<FieldFlip>) {
    match (before, after) {
        (Some(a), Some(b)) => differences(path, a, b, found),
        (a, b) if found.len() < SHOWN => {
            found.push(FieldFlip { path: path.to_owned(), before: text(a), after: text(b) });
        }
        _ => {}
    }
}

/// A value as compact JSON, cut where it is long.
fn text(value: Option<&Value>) -> Option<String> {
    const LONG: usize = 200;
    let mut text = value?.to_string();
    if text.len() > LONG {
        text.truncate(text.floor_char_boundary(LONG));
        text.push('…');
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_named_by_pointer_with_both_values() {
        let a = json!({ "id": "A", "affected": [{ "events": [{ "fixed": "1" }] }], "gone": 1, "a/b": 1 });
        let b = json!({ "id": "A", "affected": [{ "events": [{ "fixed": "2" }] }], "new": [1], "a/b": 2 });
        let found = fields(Some(a.to_string().as_bytes()), Some(b.to_string().as_bytes()));
        let shown: Vec<String> = found
            .iter()
            .map(|f| format!("{} {} {}", f.path, f.before.as_deref().unwrap_or("-"), f.after.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(shown, ["/a~1b 1 2", "/affected/0/events/0/fixed \"1\" \"2\"", "/gone 1 -", "/new - [1]"]);
        assert_eq!(fields(None, Some(b"{}")).len(), 1);
        assert!(fields(Some(b"{}"), Some(b" {}")).is_empty());
    }
}
