//! Cases and canaries of the base, held against those of the checkout: what is run, and what changes.
//!
//! Invariants: whatever the base has is run as the base has it, and what it has not is run as the checkout has it; what a checkout never
//! touched is not called its change, however far the base has moved on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::flow::suite::base::case_changes::{About, ChangeScope};
use crate::flow::suite::base::checkout::{Checkout, OwnItem};
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::finding::ItemId;
use crate::flow::suite::base::listing;
use crate::flow::suite::base::side::Side;
use crate::flow::suite::base::snapshot::{Snapshot, StoredItem};
use crate::flow::suite::base::write_out::{self, LfsPlaces, Wanted};
use crate::flow::suite::discover::{Folder, Folders};
use crate::git::objects::Objects;
use crate::model::change::approval::{ChangeKey, Changed};
use crate::model::change::base::{Change, Effect};
use crate::model::result::SubjectKind;
use crate::workspace::context::Context;

/// Where folders of a commit are written.
pub struct Writing<'a> {
    /// What hands out their objects.
    pub objects: &'a mut Objects,
    /// Where files of Git LFS may lie.
    pub lfs: &'a LfsPlaces,
    /// A private folder.
    pub scratch: &'a Path,
}

/// Where folders of the two commits were written, by id.
#[derive(Debug, Default)]
struct Written<'a> {
    tip: BTreeMap<&'a ItemId, PathBuf>,
    was: BTreeMap<&'a ItemId, PathBuf>,
}

impl Writing<'_> {
    /// Writes everything that is read from a commit.
    fn write<'a>(&mut self, commits: &Commits<'a>, own: &Checkout) -> Result<Written<'a>, BaseError> {
        let is_kept = |id: &ItemId, item: &StoredItem| {
            own.items.get(id).is_some_and(|head| !head.is_link && head.files == listing::plain(&item.files))
        };
        let tip = commits.tip.items.iter().filter(|(id, item)| !is_kept(id, item));
        let was = commits.was.iter().flat_map(|was| &was.items).filter(|(id, item)| {
            own.items.contains_key(id) && commits.tip.items.contains_key(id) && !is_kept(id, item)
        });
        let mut at: Vec<(PathBuf, &StoredItem)> = Vec::new();
        let mut place = |(id, item): (&'a ItemId, &'a StoredItem)| {
            // A folder of its own, so that its name is its own: that of a canary is its id.
            let folder = self.scratch.join(at.len().to_string()).join(&item.folder);
            at.push((folder.clone(), item));
            (id, folder)
        };
        let written = Written { tip: tip.map(&mut place).collect(), was: was.map(&mut place).collect() };
        let wanted: Vec<Wanted<'_>> =
            at.iter().map(|(to, item)| Wanted { files: &item.files, path: &item.path, to }).collect();
        write_out::write(self.objects, &wanted, self.lfs)?;
        Ok(written)
    }
}

/// What came out.
#[derive(Debug, Default)]
pub struct Compared {
    /// What is run.
    pub folders: Folders,
    /// What the checkout changes.
    pub changes: Vec<Change>,
    /// How many folders are run as the base has them, because the checkout has them otherwise.
    pub from_base: usize,
    /// Those that are run as the checkout has them, because that is approved.
    pub as_approved: Vec<String>,
    /// All that are run as the checkout has them, and not the base.
    pub of_checkout: BTreeSet<ItemId>,
}

/// The two commits: `tip` has the rules, and `was` is what the checkout started from.
pub struct Commits<'a> {
    /// Whose recordings are run.
    pub tip: &'a Snapshot,
    /// Since which changes are counted; `None` where it is the same commit.
    pub was: Option<&'a Snapshot>,
    /// Whether a change is approved.
    pub is_approved: &'a dyn Fn(&ChangeKey) -> bool,
}

/// Holds the base against the checkout.
///
/// # Errors
/// When a case or a canary of either side cannot be read.
pub fn compare(
    commits: &Commits<'_>,
    own: &Checkout,
    writing: &mut Writing<'_>,
    context: &Context,
) -> Result<Compared, BaseError> {
    let mut compared = Compared::default();
    let written = writing.write(commits, own)?;
    let mut used: BTreeSet<&ItemId> = BTreeSet::new();
    let was_of = |id: &ItemId| match commits.was {
        None => commits.tip.items.get(id),
        Some(was) => was.items.get(id),
    };
    for (id, item) in &commits.tip.items {
        let files = listing::plain(&item.files);
        let head = own.items.get(id);
        if head.is_some() {
            used.extend(own.items.get_key_value(id).map(|(id, _)| id));
        }
        if let Some(head) = head.filter(|head| head.files == files && !head.is_link) {
            compared.run(id.kind, Folder { directory: head.directory.clone(), shown: head.shown.clone() });
            continue;
        }
        // Whatever is not kept was written.
        let Some(directory) = written.tip.get(id).cloned() else { continue };
        compared.from_base += 1;
        let shown = context.config.root.join(relative_to_root(&item.path, context, writing.lfs));
        let mut folder = Folder { directory: directory.clone(), shown };
        let was = was_of(id);
        let was_files = was.map(|was| listing::plain(&was.files));
        match (head, was_files) {
            // Neither has it: the base gained it.
            (None, None) => {}
            (Some(head), Some(was_files)) if head.files == was_files && !head.is_link => {}
            (None, Some(was_files)) => {
                // One folder is the new place of one: a copy does not stand for two.
                let elsewhere = own.items.iter().find(|(other, item)| {
                    let is_free = !commits.tip.items.contains_key(*other) && !used.contains(*other);
                    is_free && other.kind == id.kind && item.files == was_files
                });
                let about = About(&id.id);
                let old = Some(listing::digest(&was_files));
                compared.changes.push(match elsewhere {
                    Some((other, _)) => {
                        used.insert(other);
                        about.part("moved", Effect::Neutral, (old, old), format!("its folder is called `{}`", other.id))
                    }
                    None => about.part("gone", Effect::Loosening, (old, None), gone(id, own, item)),
                });
            }
            (Some(head), was_files) => {
                // What it was when the change began, where it was there; else what the base made of it.
                let (directory, was_files) = match written.was.get(id) {
                    Some(folder) => (folder.clone(), was_files.unwrap_or_default()),
                    None => (directory, files.clone()),
                };
                let is_of_the_tip = was_files == files;
                let shown = PathBuf::from(was.map_or(&item.path, |was| &was.path));
                let was = OwnItem { directory, shown, is_link: false, files: was_files };
                let was = Side::read(id, was, context)?;
                let changes = was.changes(head, ChangeScope::All, context);
                if is_of_the_tip && is_run_as_changed(&changes, commits.is_approved) {
                    folder = Folder { directory: head.directory.clone(), shown: head.shown.clone() };
                    compared.from_base -= 1;
                    compared.as_approved.push(id.id.clone());
                    compared.of_checkout.insert(id.clone());
                }
                compared.changes.extend(changes);
            }
        }
        compared.run(id.kind, folder);
    }
    for (id, item) in &own.items {
        if used.contains(id) {
            continue;
        }
        // What the base took away since the change began, and the change still has as it was, goes with the base.
        if commits.was.and_then(|was| was.items.get(id)).is_some_and(|was| listing::plain(&was.files) == item.files) {
            continue;
        }
        let sides = (None, Some(listing::digest(&item.files)));
        compared.changes.push(About(&id.id).part("new", Effect::Tightening, sides, "it is new".to_owned()));
        compared.of_checkout.insert(id.clone());
        compared.run(id.kind, Folder { directory: item.directory.clone(), shown: item.shown.clone() });
    }
    // Those that cannot be read are an error of the checkout, unless the base has what was there.
    let is_the_bases = |directory: &PathBuf| {
        compared.folders.cases.iter().chain(&compared.folders.canaries).any(|folder| folder.shown == *directory)
    };
    let nameless: Vec<PathBuf> = own.nameless.iter().filter(|one| !is_the_bases(one)).cloned().collect();
    let without: Vec<PathBuf> = own.without_manifest.iter().filter(|one| !is_the_bases(one)).cloned().collect();
    let in_place = |directory: PathBuf| Folder { shown: directory.clone(), directory };
    compared.folders.cases.extend(nameless.into_iter().map(in_place));
    compared.folders.canaries.extend(without.into_iter().map(in_place));
    Ok(compared)
}

impl Compared {
    fn run(&mut self, kind: SubjectKind, folder: Folder) {
        match kind {
            SubjectKind::Case => self.folders.cases.push(folder),
            SubjectKind::Canary | SubjectKind::Manifest => self.folders.canaries.push(folder),
        }
    }
}

/// Whether what changed is run: how it is run is another one, such as its command, and all of that is approved. As the base has it the
/// candidate might not run at all. What is expected alone is held against the candidate as it was.
fn is_run_as_changed(changes: &[Change], is_approved: &dyn Fn(&ChangeKey) -> bool) -> bool {
    let mut loosening = changes.iter().filter(|change| change.effect == Effect::Loosening).peekable();
    let is_of_the_run = |change: &Change| matches!(change.key.of, Changed::Recording { .. });
    loosening.peek().is_some()
        && changes.iter().any(|change| change.effect == Effect::Loosening && is_of_the_run(change))
        && loosening.all(|change| is_approved(&change.key))
}

/// Where an item of the base lies, from the root of the configuration.
fn relative_to_root(path: &str, context: &Context, lfs: &LfsPlaces) -> PathBuf {
    let root = context.config.root.canonicalize().unwrap_or_else(|_| context.config.root.clone());
    let whole = lfs.top.join(path);
    whole.strip_prefix(&root).map_or_else(|_| PathBuf::from(path), Path::to_owned)
}

fn gone(id: &ItemId, own: &Checkout, item: &StoredItem) -> String {
    let is_here = |directory: &PathBuf| directory.ends_with(&item.path) || directory.ends_with(&item.folder);
    let unreadable = own.nameless.iter().chain(&own.without_manifest).any(is_here);
    let other_kind = match id.kind {
        SubjectKind::Case => ItemId::canary(&id.id),
        _ => ItemId::case(&id.id),
    };
    if unreadable {
        "the checkout has its folder, and in it nothing that can be read as it".to_owned()
    } else if own.items.contains_key(&other_kind) {
        "the checkout has something else under its id".to_owned()
    } else {
        "the checkout does not have it".to_owned()
    }
}
