//! What a change takes away of what canaries are replayed from: blobs of the fixture store, and expected artifacts.
//!
//! Invariants: what the base has and the change takes away is missed only by a canary that could not be replayed without it, from the
//! change's own store and no other: the next machine has none.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::Config;
use crate::flow::record::restore;
use crate::flow::suite::base::case_changes::About;
use crate::flow::suite::base::checkout::{Checkout, OwnItem};
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::finding::ItemId;
use crate::flow::suite::base::listing::Files;
use crate::flow::suite::base::snapshot::{Snapshot, StoredItem};
use crate::flow::suite::canary::{self, Canary};
use crate::flow::suite::subject;
use crate::host::fs;
use crate::model::change::base::{Change, Effect};
use crate::model::error_chain::causes;
use crate::model::limits;
use crate::model::manifest::{ArtifactRecord, ReplayableManifest};
use crate::model::result::SubjectKind;
use crate::store::blob::LocalStore;
use crate::workspace::context::{Context, ContextError};

/// Canaries of the base that the change has, too, and that could not be replayed from its own store any more, which is `is`.
///
/// # Errors
/// When a private folder cannot be made.
pub fn changes(
    tip: &Snapshot,
    (checkout, is): (&Checkout, &Files),
    (own, rules, scratch): (&Context, &Config, &Path),
) -> Result<Vec<Change>, BaseError> {
    let lost: BTreeSet<&str> = tip
        .store
        .iter()
        .filter(|(path, stored)| is.get(*path).is_none_or(|file| file.content != stored.file.content))
        .filter_map(|(path, _)| path.rsplit('/').next()?.split('.').next())
        .collect();
    let asked: Vec<(&str, Canary)> =
        tip.items.iter().filter_map(|(id, was)| affected(id, was, checkout.items.get(id)?, &lost)).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let nowhere = scratch.join("no-store");
    let failed = |source| ContextError::Store { path: nowhere.clone(), source };
    let local = LocalStore::open(&nowhere).map_err(failed)?;
    let config = Config { fixture_store: own.config.fixture_store.clone(), ..rules.clone() };
    let context = own.keeping_in(local).by_rules_of(config, &nowhere, Vec::new());
    let to = scratch.join("restored");
    std::fs::create_dir_all(&to).map_err(BaseError::Scratch)?;
    let mut changes = Vec::new();
    for (id, canary) in asked {
        // What is not one that could be replayed is a change of its own.
        let Ok(manifest) = ReplayableManifest::try_from(canary.manifest.clone()) else { continue };
        let swapped = subject::dimension_in(context.config.subject.as_ref(), &canary.manifest);
        let restored = restore::restore(&manifest, swapped.as_slice(), &context, &to).map(|_| ());
        let is_elsewhere = |record: &ArtifactRecord| !canary.directory.join("expected").join(&record.path).exists();
        let expected = || restore::artifacts(&canary.manifest.artifacts, is_elsewhere, &context).map(|_| ());
        if let Err(error) = restored.and_then(|()| expected()) {
            let why = format!(
                "the checkout lacks what it is replayed from, and the base has it: {}; it cannot be approved: put it back, or \
                 record the canary anew",
                causes(&error)
            );
            changes.push(About(id).part("unreplayable", Effect::Loosening, (None, None), why));
        }
    }
    Ok(changes)
}

/// The canary of the change, where the change takes away a blob that it names, or an expected artifact that the base has beside it.
fn affected<'a>(id: &'a ItemId, was: &StoredItem, is: &OwnItem, lost: &BTreeSet<&str>) -> Option<(&'a str, Canary)> {
    if id.kind == SubjectKind::Case {
        return None;
    }
    let file = is.directory.join(canary::MANIFEST);
    let bytes = fs::read_inside(&is.directory, &file, limits::MAX_DOCUMENT_BYTES).ok()?;
    // As it is read, whatever letters it is spelt in; what is spelt in a way that is not known here may name anything.
    let names_lost = match serde_json::from_slice::<serde_json::Value>(&bytes) {
        Ok(manifest) => {
            manifest.to_string().split(|letter: char| !letter.is_ascii_hexdigit()).any(|word| lost.contains(word))
        }
        Err(_) => true,
    };
    let lacks = |path: &&String| path.starts_with("expected/") && !is.files.contains_key(*path);
    if !names_lost && !was.files.keys().any(|path| lacks(&path)) {
        return None;
    }
    // What cannot be read is a change of its own.
    Some((&id.id, Canary::read(&is.directory).ok()?))
}
