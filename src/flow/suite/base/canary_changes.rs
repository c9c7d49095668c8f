//! What a change of a canary does to what gates can see.
//!
//! Invariants: a field that this version does not know counts as one that nobody can judge; a recording that was made anew is a refresh
//! only where every golden artifact is canonically the same and nothing but the subject's own part, the scan's name and instants, and
//! what is recorded and never replayed moved.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::artifacts::level_digest::Digests;
use crate::flow::record::contradictions;
use crate::flow::record::golden;
use crate::flow::suite::base::case_changes::{self, About, ChangeScope, Goldens};
use crate::flow::suite::canary::Canary;
use crate::flow::suite::subject;
use crate::host::fs;
use crate::job::manifest_file;
use crate::job::manifest_summary;
use crate::model::change::base::{Change, Effect};
use crate::model::digest::Digest;
use crate::model::dimension::Dimension;
use crate::model::error_chain::chain;
use crate::model::limits;
use crate::model::manifest::{ArtifactRecord, ReplayableManifest, ScanManifest};
use crate::store::blob::BlobSource;
use crate::workspace::context::Context;

/// Fields of the scanner that are those of the program itself.
const PROGRAM: [&str; 5] = ["scanner_image_digest", "scanner_binary_digest", "bundle_digest", "scanner_version", "uri"];
/// Fields of the environment that every recording has anew: the instant at which it was made, and what was seen of the machine and of the
/// run. No replay is made or judged by them.
const OF_THE_RECORDING: [&str; 6] =
    ["clock_value", "ledger_digest", "kernel", "runtime_digest", "runtime_source", "toolchain_versions"];
/// Fields of the document that name the recording.
const NAMES: [&str; 4] = ["manifest_version", "scan_id", "created_at", "seal"];

/// One state of a canary.
pub struct CanarySide {
    canary: Canary,
    document: Map<String, Value>,
    goldens: Goldens,
}

impl CanarySide {
    /// A canary that was read.
    pub fn new(canary: Canary, context: &Context) -> Self {
        Self { document: document(&canary.manifest), goldens: goldens(&canary, context), canary }
    }
}

/// Everything of what is asked for that `head` changes of `was`.
pub fn changes(was_side: &CanarySide, head_side: &CanarySide, scope: ChangeScope, context: &Context) -> Vec<Change> {
    let (was, head) = (&was_side.canary, &head_side.canary);
    let (old, new) = (&was_side.document, &head_side.document);
    // Of a canary that the candidate does not concern nothing is its own.
    let subject = subject::dimension_in(context.config.subject.as_ref(), &was.manifest);
    let about = About(&was.id);
    let mut changes = Vec::new();
    let mut moved = false;
    let sections: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in sections {
        let (before, after) = (field(old, name), field(new, name));
        if before == after {
            continue;
        }
        match name.as_str() {
            "artifacts" => changes.extend(artifacts(&about, &was.manifest, &head.manifest)),
            "labels" => changes.extend(about.labels(&was.manifest.labels, &head.manifest.labels)),
            "scanner" => {
                let own = subject == Some(Dimension::Scanner);
                moved |= fields(&about, "", &before, &after, |field| own && PROGRAM.contains(&field), &mut changes);
            }
            "environment" => {
                let own = |field: &str| OF_THE_RECORDING.contains(&field);
                moved |= fields(&about, "environment.", &before, &after, own, &mut changes);
            }
            "feeds" if subject == Some(Dimension::Feed) => moved = true,
            "policy" if subject == Some(Dimension::Policy) => moved = true,
            name if NAMES.contains(&name) => moved = true,
            other => changes.extend(about.value(other, Effect::Loosening, &before, &after)),
        }
    }
    let level = context.config.rules.pr_level;
    changes.extend(about.goldens(&was_side.goldens, &head_side.goldens, level));
    if scope == ChangeScope::All
        && let (None, Some(why)) = (edited(was, context), edited(head, context))
    {
        // Whatever else it changes. Without digests nothing names it, and so nobody can approve it: no later change could be judged by
        // such a recording.
        let why = format!("{why}; it cannot be approved: put it back as the base has it, or record it anew");
        changes.push(about.part("unreplayable", Effect::Loosening, (None, None), why));
    }
    if changes.is_empty() && moved {
        let digest = |manifest| manifest_file::digest(manifest).ok();
        let detail = "recorded anew, and canonically the same".to_owned();
        changes.push(about.part("refresh", Effect::Refresh, (digest(&was.manifest), digest(&head.manifest)), detail));
    }
    changes
}

/// Why a recording is not what was recorded, and so could not be replayed; `None` where it is.
fn edited(canary: &Canary, context: &Context) -> Option<String> {
    let manifest = match ReplayableManifest::try_from(canary.manifest.clone()) {
        Ok(manifest) => manifest,
        Err(not) => return not.problems.first().map(ToString::to_string),
    };
    let mut faults = contradictions::of_manifest(&manifest);
    match golden::beside(&canary.manifest, &canary.directory) {
        Ok(golden) => {
            let roots = Canary::roots(&canary.manifest);
            faults.extend(golden.edited);
            let (found, _) = contradictions::of_artifacts(&canary.manifest, &golden.artifacts, &roots, &context.config);
            faults.extend(found);
        }
        Err(error) => return Some(chain("what it expects cannot be read", &error)),
    }
    faults.first().map(ToString::to_string)
}

fn document(manifest: &ScanManifest) -> Map<String, Value> {
    match serde_json::to_value(manifest) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn field(of: &Map<String, Value>, name: &str) -> Value {
    of.get(name).cloned().unwrap_or(Value::Null)
}

/// Each field of a section; whether one moved that a refresh may move.
fn fields(
    about: &About<'_>,
    prefix: &str,
    before: &Value,
    after: &Value,
    may_move: impl Fn(&str) -> bool,
    changes: &mut Vec<Change>,
) -> bool {
    let empty = Map::new();
    let (before, after) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut moved = false;
    for name in names {
        let (old, new) = (field(before, name), field(after, name));
        if old == new {
            continue;
        }
        if may_move(name) {
            moved = true;
        } else {
            changes.extend(about.value(&format!("{prefix}{name}"), Effect::Loosening, &old, &new));
        }
    }
    moved
}

/// What an artifact is for, how it is read, and where it comes from: another profile, format or type can hide anything.
fn artifacts(about: &About<'_>, was: &ScanManifest, head: &ScanManifest) -> Vec<Change> {
    let read_as = |manifest: &ScanManifest| -> BTreeMap<String, Value> {
        let read_as = |record: &ArtifactRecord| {
            let value = json!({
                "type": record.artifact_type,
                "format": record.format,
                "profile": record.profile,
                "source": record.source,
                "extra": record.extra,
            });
            (record.path.clone(), value)
        };
        manifest.artifacts.iter().map(read_as).collect()
    };
    let (old, new) = (read_as(was), read_as(head));
    let both = old.iter().filter_map(|(name, old)| Some((name, old, new.get(name)?)));
    both.filter_map(|(name, old, new)| about.value(&format!("reading of {name}"), Effect::Loosening, old, new))
        .collect()
}

/// What is expected, as it lies there: whoever edits a golden artifact says nothing of it in the manifest. Of one that is not
/// there the blob in the store, and where that is not to be had, its name.
pub fn goldens(canary: &Canary, context: &Context) -> Goldens {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    let compared = canary.manifest.artifacts.iter().filter(|record| record.artifact_type.is_primary());
    for record in compared {
        let path = canary.directory.join("expected").join(&record.path);
        let bytes = match fs::read_inside(&canary.directory, &path, limits::MAX_DOCUMENT_BYTES) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.is_not_found() => {
                context.blobs.get(&record.raw_sha256).ok().flatten().ok_or(record.raw_sha256)
            }
            // It cannot be read: that is another one than any that can.
            Err(error) => Err(Digest::of(error.to_string().as_bytes())),
        };
        match bytes {
            Ok(bytes) => found.push(manifest_summary::artifact(record, bytes)),
            Err(bytes) => unread.push((record.path.clone(), Digests { bytes, meaning: None })),
        }
    }
    let across_builds =
        subject::dimension_in(context.config.subject.as_ref(), &canary.manifest) == Some(Dimension::Scanner);
    let now = canary.manifest.environment.clock_value.unwrap_or(Timestamp::UNIX_EPOCH);
    let roots = Canary::roots(&canary.manifest);
    let mut goldens = case_changes::goldens(&found, &roots, (across_builds, now), context);
    goldens.digests.extend(unread);
    goldens
}
