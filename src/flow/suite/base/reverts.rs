//! Whether a golden artifact that a checkout brings stood on the base before.

use std::path::Path;

use jiff::Timestamp;

use crate::flow::suite::base::case_changes;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::snapshot::Snapshot;
use crate::flow::suite::canary::Canary;
use crate::flow::suite::case::Case;
use crate::flow::suite::subject;
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::git::tree::Commit;
use crate::job::artifact::Artifact;
use crate::job::manifest_summary;
use crate::model::change::approval::Changed;
use crate::model::change::base::{Change, Effect};
use crate::model::dimension::Dimension;
use crate::model::limits;
use crate::workspace::context::Context;

/// Commits of a file's past that are looked at.
const COMMITS: usize = 50;
/// Changes of golden artifacts whose past is looked at: of more the run would take too long.
const CHANGES: usize = 100;

/// Notes the commit at which each changed golden artifact was already as it would be now. Of a past that was cut off nothing is known.
///
/// # Errors
/// When git cannot say.
pub fn note(
    changes: &mut [Change],
    repository: &Repository,
    objects: &mut Objects,
    tip: &Snapshot,
    (layout, context): (&Layout, &Context),
) -> Result<(), BaseError> {
    let goldens = changes.iter_mut().filter(|change| change.effect == Effect::Loosening);
    let goldens = goldens.filter(|change| matches!(change.key.of, Changed::Golden { .. }) && change.key.new.is_some());
    for change in goldens.take(CHANGES) {
        let Changed::Golden { id, artifact } = &change.key.of else { continue };
        let Some(item) = tip.items.iter().find(|(item, _)| item.id == *id).map(|(_, item)| item) else { continue };
        let path = format!("{}/expected/{artifact}", item.path);
        let commits = repository.changed_before(&tip.commit.id, &path, COMMITS)?;
        // The first is the one that made it as it is.
        for commit in commits.iter().skip(1) {
            if golden(objects, commit, &item.path, artifact, (layout, context))? == change.key.new {
                change.reverts_to = Some(commit.short().to_owned());
                break;
            }
        }
    }
    Ok(())
}

/// The canonical digest of a golden artifact at a commit; `None` where it cannot be read, which says nothing.
fn golden(
    objects: &mut Objects,
    commit: &ObjectId,
    folder: &str,
    artifact: &str,
    (layout, context): (&Layout, &Context),
) -> Result<Option<crate::model::digest::Digest>, BaseError> {
    let commit = Commit::read(objects, commit)?;
    let mut file = |name: &str| -> Result<Option<Vec<u8>>, BaseError> {
        match commit.find(objects, &format!("{folder}/{name}"))? {
            Some(entry) => {
                Ok(Some(objects.read(&entry.id, "a file of the base's past", limits::MAX_DOCUMENT_BYTES)?.1))
            }
            None => Ok(None),
        }
    };
    let Some(bytes) = file(&format!("expected/{artifact}"))? else { return Ok(None) };
    let name = Path::new(artifact);
    let level = context.config.rules.pr_level;
    let goldens = match file("manifest.json")?.map(|bytes| crate::model::manifest::from_json(&bytes)) {
        Some(Ok(manifest)) => {
            let Some(record) = manifest.artifacts.iter().find(|record| Path::new(&record.path) == name) else {
                return Ok(None);
            };
            let across = subject::dimension_in(context.config.subject.as_ref(), &manifest) == Some(Dimension::Scanner);
            let now = manifest.environment.clock_value.unwrap_or(Timestamp::UNIX_EPOCH);
            let one = manifest_summary::artifact(record, bytes);
            case_changes::goldens(&[one], &Canary::roots(&manifest), (across, now), context)
        }
        Some(Err(_)) => return Ok(None),
        // A case: read as the checkout's is, where there is one.
        None => {
            let Ok(case) = Case::read(&layout.top.join(folder), context) else { return Ok(None) };
            let (artifacts, roots) = case.golden(context);
            let Some(one) = artifacts.iter().find(|one| one.name == artifact) else { return Ok(None) };
            let one = Artifact { bytes: bytes.into(), ..one.clone() };
            let across = case.is_across_builds(context.config.subject.as_ref());
            case_changes::goldens(&[one], &roots, (across, case.clock()), context)
        }
    };
    Ok(goldens.at(artifact, level))
}
