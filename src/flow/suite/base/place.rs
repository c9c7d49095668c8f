//! Where the base has the configuration that is judged: in the same folder, or in another one, from which it was moved.
//!
//! Invariants: a first introduction is where the base has no configuration, case or canary that this one owns or could have been moved
//! from; of several that it could have been, the one that says most is taken, whatever the order in which they are found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::config::{self, Config};
use crate::flow::suite::base::checkout::OwnItem;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::finding::ItemId;
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::listing::{Known, Stored};
use crate::flow::suite::base::snapshot::{self, Snapshot, StoredItem};
use crate::flow::suite::{canary, case};
use crate::git::error::GitError;
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::git::tree::Commit;
use crate::host::fs;
use crate::model::limits;
use crate::model::result::SubjectKind;

/// Where the base has it.
pub enum Place {
    /// In the same folder.
    Same,
    /// In another folder, under this layout.
    Other(Layout),
    /// Nowhere.
    Nowhere,
}

/// Roots that a configuration has that names none.
const CASES: [&str; 2] = ["regressions/", "tests/scanner/regressions/"];
const CANARIES: [&str; 1] = ["fixtures/canaries/"];

/// Finds it. `here` are the cases and canaries of the change.
///
/// # Errors
/// When the base or the checkout cannot be read, or the base has another configuration in the same folder.
pub fn place(
    repository: &Repository,
    objects: &mut Objects,
    tip: &Commit,
    layout: &Layout,
    (own, here): (&Config, &BTreeMap<ItemId, OwnItem>),
) -> Result<Place, BaseError> {
    let file = layout.path_of(Path::new(&layout.file))?;
    if snapshot::read_file(objects, tip, &file)?.is_some() {
        return Ok(Place::Same);
    }
    if layout.file != config::FILE_NAME
        && let Some(has) = snapshot::has_something(objects, tip, layout)?
    {
        return Err(BaseError::OtherConfig { commit: tip.id.short().to_owned(), named: file, has });
    }
    let names: BTreeSet<&str> = [config::FILE_NAME, layout.file.as_str()].into();
    let names: Vec<&str> = names.into_iter().chain([case::METADATA, canary::MANIFEST]).collect();
    let judged = Judged::read(repository, layout, (own, here), &names)?;
    let mut known = Known::new();
    let mut candidates = Vec::new();
    for (other, is_written) in layouts(&repository.paths_called(&tip.id, &names)?, layout) {
        let snapshot = readable(repository, tip, &other, &mut known)?;
        let signs = judged.signs(objects, &other, is_written, snapshot.as_ref())?;
        candidates.push((other, signs));
    }
    if let Some(best) = best(candidates) {
        let is_same = best.prefix == layout.prefix && best.file == layout.file;
        return Ok(if is_same { Place::Same } else { Place::Other(best) });
    }
    // Roots that only the checkout names may be older than the configuration that names them.
    for root in &judged.roots {
        if tip.find(objects, root)?.is_some() {
            return Ok(Place::Same);
        }
    }
    Ok(Place::Nowhere)
}

/// A configuration of the base with what it owns. One that cannot be read has nothing that could be shared: held against it the run ends
/// with what is wrong with it.
fn readable(
    repository: &Repository,
    tip: &Commit,
    layout: &Layout,
    known: &mut Known,
) -> Result<Option<Snapshot>, BaseError> {
    // A process of its own: one that failed is not asked again.
    match snapshot::read(&mut repository.objects()?, &tip.id, layout, None, known) {
        Ok(snapshot) => Ok(Some(snapshot)),
        Err(BaseError::Git(error)) if !matches!(error, GitError::Malformed { .. }) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// What tells that a configuration of the base is the one that is judged.
#[derive(Debug, Clone, Copy)]
struct Signs {
    /// A file says it, and not only the folders that the default roots name.
    is_written: bool,
    /// The checkout does not have it: neither the file, nor, where none is written, what it owned.
    is_gone: bool,
    /// Something that it owned lies elsewhere under its id.
    was_moved: bool,
    /// Something that it owns is owned by the judged one, too.
    is_shared: bool,
    /// Something that it owns was copied.
    is_copied: bool,
    /// So many ids are known in both.
    ids: usize,
}

impl Signs {
    fn is_any(&self) -> bool {
        self.is_gone || self.was_moved || self.is_shared || self.is_copied
    }
}

/// The one of which most is told; the first of those of which as much is.
fn best(mut candidates: Vec<(Layout, Signs)>) -> Option<Layout> {
    candidates.retain(|(_, signs)| signs.is_any());
    candidates.reverse();
    let of_most = |(_, signs): &(Layout, Signs)| (signs.is_written, signs.ids, signs.is_gone);
    candidates.into_iter().max_by_key(of_most).map(|(layout, _)| layout)
}

/// What is judged: the checkout, as its own configuration finds it.
struct Judged<'a> {
    items: &'a BTreeMap<ItemId, OwnItem>,
    /// Where its cases and canaries lie, from the top.
    roots: Vec<String>,
    /// Every configuration, case and canary of HEAD.
    paths: BTreeSet<String>,
}

impl<'a> Judged<'a> {
    fn read(
        repository: &Repository,
        layout: &Layout,
        (own, items): (&Config, &'a BTreeMap<ItemId, OwnItem>),
        names: &[&str],
    ) -> Result<Self, BaseError> {
        let roots = own.cases.iter().chain(&own.canaries);
        Ok(Self {
            items,
            roots: roots.filter_map(|root| layout.path_of_joined(root).ok()).collect(),
            paths: repository.paths_called(&repository.commit("HEAD")?, names)?,
        })
    }

    /// What tells that the configuration of `layout`, which owns what `snapshot` has, is this one.
    fn signs(
        &self,
        objects: &mut Objects,
        layout: &Layout,
        is_written: bool,
        snapshot: Option<&Snapshot>,
    ) -> Result<Signs, BaseError> {
        let items = || snapshot.iter().flat_map(|snapshot| &snapshot.items);
        let has_left = |(id, item): (&ItemId, &StoredItem)| !self.paths.contains(&mark(id, &item.path));
        let is_gone = match is_written {
            true => !self.paths.contains(&layout.path_of(Path::new(&layout.file))?),
            false => items().next().is_some() && items().all(has_left),
        };
        let is_copied = items().map(|(id, item)| match self.items.get(id) {
            Some(own) => is_of_the_same(objects, item, own),
            None => Ok(false),
        });
        // All are asked: whatever cannot be read is an error, wherever it stands.
        let is_copied = is_copied.collect::<Result<Vec<bool>, BaseError>>()?.contains(&true);
        Ok(Signs {
            is_written,
            is_gone,
            was_moved: items().any(|of| self.items.contains_key(of.0) && has_left(of)),
            is_shared: items().any(|(_, item)| self.owns(&item.path)),
            is_copied,
            ids: items().filter(|(id, _)| self.items.contains_key(*id)).count(),
        })
    }

    /// Whether a path lies in one of its roots.
    fn owns(&self, path: &str) -> bool {
        self.roots.iter().any(|root| path.strip_prefix(root.as_str()).is_some_and(|below| below.starts_with('/')))
    }
}

/// The file by which a case or a canary is known.
fn mark(id: &ItemId, path: &str) -> String {
    match id.kind {
        SubjectKind::Case => format!("{path}/{}", case::METADATA),
        SubjectKind::Canary | SubjectKind::Manifest => format!("{path}/{}", canary::MANIFEST),
    }
}

/// Whether two of one id look at the same: then the one is a copy of the other, however it was changed since. Packages may have cases of
/// one id that have nothing in common.
fn is_of_the_same(objects: &mut Objects, item: &StoredItem, own: &OwnItem) -> Result<bool, BaseError> {
    let is_input = |path: &str| path.starts_with("input/") && path != "input/config.json";
    let same = |(path, stored): (&String, &Stored)| is_input(path) && own.files.get(path) == Some(&stored.file);
    if item.files.iter().any(same) {
        return Ok(true);
    }
    let input = |bytes: &[u8]| -> Option<Value> {
        serde_json::from_slice::<Value>(bytes).ok()?.get("input").cloned().filter(|input| !input.is_null())
    };
    let Some(manifest) = item.files.get(canary::MANIFEST) else { return Ok(false) };
    let was = objects.read(&manifest.id, "a manifest of the base", limits::MAX_DOCUMENT_BYTES)?.1;
    let is = fs::read_inside(&own.directory, &own.directory.join(canary::MANIFEST), limits::MAX_DOCUMENT_BYTES);
    let (was, is) = (input(&was), is.ok().and_then(|bytes| input(&bytes)));
    Ok(was.is_some() && was == is)
}

/// Every configuration of a commit, and every folder in which the default roots would find something; whether it is written.
fn layouts(paths: &BTreeSet<String>, layout: &Layout) -> Vec<(Layout, bool)> {
    let at = |prefix: &str, file: &str| Layout { prefix: prefix.to_owned(), file: file.to_owned(), ..layout.clone() };
    let mut written: BTreeSet<(String, String)> = BTreeSet::new();
    let mut unwritten: BTreeSet<String> = BTreeSet::new();
    for path in paths {
        let (folder, name) = path.rsplit_once('/').map_or(("", path.as_str()), |(folder, name)| (folder, name));
        let roots: &[&str] = match name {
            case::METADATA => &CASES,
            canary::MANIFEST => &CANARIES,
            _ => {
                let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
                written.insert((prefix, name.to_owned()));
                continue;
            }
        };
        let Some((above, _)) = folder.rsplit_once('/') else { continue };
        let above = format!("{above}/");
        let prefixes = roots.iter().filter_map(|root| above.strip_suffix(root));
        unwritten.extend(prefixes.filter(|prefix| prefix.is_empty() || prefix.ends_with('/')).map(str::to_owned));
    }
    unwritten.retain(|prefix| !written.iter().any(|(known, _)| known == prefix));
    let written = written.iter().map(|(prefix, file)| (at(prefix, file), true));
    let unwritten = unwritten.iter().map(|prefix| (at(prefix, config::FILE_NAME), false));
    written.chain(unwritten).collect()
}
