//! Where the base has the configuration that is judged: in the same folder, or in another one, from which it was moved.
//!
//! Invariants: a first introduction is where the base has no configuration, case or canary that this one owns or could have been moved
//! from; whichever of several it is held against, the others that the change takes away are changes of their own, and each is named by
//! its content.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::config::{self, Config};
use crate::flow::suite::base::checkout::OwnItem;
use crate::flow::suite::base::commit::Which;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::finding::ItemId;
use crate::flow::suite::base::listing::{self, Known, Stored};
use crate::flow::suite::base::snapshot::{self, Layout, Snapshot, StoredItem};
use crate::flow::suite::{canary, case};
use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::git::tree::Commit;
use crate::host::fs;
use crate::model::change::approval::{ChangeKey, Changed, Cover};
use crate::model::change::base::{Change, Effect};
use crate::model::digest::Digest;
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

/// A configuration of the base that this one could have been.
struct Candidate {
    layout: Layout,
    /// Written, and not only by the folders that the default roots name.
    is_written: bool,
    is_gone: bool,
    shared: usize,
}

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
    let head = repository.commit("HEAD")?;
    let names: BTreeSet<&str> = [config::FILE_NAME, layout.file.as_str()].into();
    let names: Vec<&str> = names.into_iter().chain([case::METADATA, canary::MANIFEST]).collect();
    let (was, is) = (repository.paths_called(&tip.id, &names)?, repository.paths_called(&head, &names)?);
    let roots: Vec<String> =
        own.cases.iter().chain(&own.canaries).filter_map(|root| layout.path_of_joined(root).ok()).collect();
    let mut known = Known::new();
    let mut found: Vec<Candidate> = Vec::new();
    for (other, is_written) in layouts(&was, layout) {
        let path = other.path_of(Path::new(&other.file))?;
        // One that cannot be read has nothing that could be shared; held against it the run ends with what is wrong with it.
        let read = match snapshot::read(&mut repository.objects()?, &tip.id, &other, None, &mut known) {
            Ok(snapshot) => Some(snapshot),
            Err(BaseError::Git(error)) if !matches!(error, GitError::Malformed { .. }) => {
                return Err(error.into());
            }
            Err(_) => None,
        };
        let items = || read.iter().flat_map(|snapshot| &snapshot.items);
        let mark = |id: &ItemId, path: &str| match id.kind {
            SubjectKind::Case => format!("{path}/{}", case::METADATA),
            _ => format!("{path}/{}", canary::MANIFEST),
        };
        let is_away = |id: &ItemId, path: &str| !is.contains(&mark(id, path));
        let shared = items().filter(|(id, _)| here.contains_key(*id)).count();
        let is_gone = if is_written {
            !is.contains(&path)
        } else {
            items().next().is_some() && items().all(|(id, item)| is_away(id, &item.path))
        };
        let was_moved = items().any(|(id, item)| here.contains_key(id) && is_away(id, &item.path));
        let is_owned = items().any(|(_, item)| roots.iter().any(|root| item.path.starts_with(&format!("{root}/"))));
        let mut is_copied = false;
        for (id, item) in items() {
            if let Some(own) = here.get(id) {
                is_copied |= is_of_the_same(objects, item, own)?;
            }
        }
        if is_gone || was_moved || is_owned || is_copied {
            found.push(Candidate { layout: other, is_written, is_gone, shared });
        }
    }
    // The first of those that say as much.
    found.reverse();
    let best = found.into_iter().max_by_key(|one| (one.is_written, one.shared, one.is_gone));
    if let Some(best) = best {
        let is_same = best.layout.prefix == layout.prefix && best.layout.file == layout.file;
        return Ok(if is_same { Place::Same } else { Place::Other(best.layout) });
    }
    // Roots that only the checkout names may be older than the configuration that names them.
    for root in &roots {
        if tip.find(objects, root)?.is_some() {
            return Ok(Place::Same);
        }
    }
    Ok(Place::Nowhere)
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

/// Other configurations of the base that the change takes away. What is judged is found by the folder that a step runs in: whoever drops
/// one, or puts a link in the place of its folder, has another one judged. Where nothing of the base is judged (`judged` is `None`), its
/// cases and canaries, too.
///
/// # Errors
/// When the repository cannot be read.
pub fn taken_away(
    repository: &Repository,
    which: &Which,
    layout: &Layout,
    judged: Option<&str>,
) -> Result<Vec<Change>, BaseError> {
    let names: &[&str] = match judged {
        Some(_) => &[config::FILE_NAME],
        None => &[config::FILE_NAME, case::METADATA, canary::MANIFEST],
    };
    let head = repository.commit("HEAD")?;
    let there = repository.paths_called(&head, names)?;
    let all = repository.paths_called(&which.rules, names)?;
    let mut was = all.clone();
    if which.changed_from != which.rules {
        // What the base gained since is not what the change takes away.
        let before = repository.paths_called(&which.changed_from, names)?;
        was.retain(|path| before.contains(path));
    }
    let gone: Vec<&String> =
        was.iter().filter(|path| !there.contains(*path) && Some(path.as_str()) != judged).collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let mut content = Contents { repository, layout, known: Known::new() };
    let mut new = Vec::new();
    for path in there.iter().filter(|path| !all.contains(*path)) {
        new.push((path, content.of(&head, path)?));
    }
    let mut changes = Vec::new();
    for path in gone {
        let Some(old) = content.of(&which.rules, path)? else { continue };
        // One folder is the new place of one.
        let elsewhere = new.iter().position(|(_, content)| *content == Some(old));
        let (effect, side, detail) = match elsewhere.map(|at| new.remove(at).0) {
            Some(to) => (Effect::Neutral, Some(old), format!("it is `{to}` now, with all that it owns")),
            None => {
                let detail = format!("the base has `{path}`, and the checkout does not: nobody judges by it any more");
                (Effect::Loosening, None, detail)
            }
        };
        let key = ChangeKey { of: Changed::Rule { key: path.clone() }, old: Some(old), new: side };
        changes.push(Change { key, effect, detail, reverts_to: None, cover: Cover::None });
    }
    Ok(changes)
}

/// What names a configuration with all that it owns, a case or a canary.
struct Contents<'a> {
    repository: &'a Repository,
    layout: &'a Layout,
    known: Known,
}

impl Contents<'_> {
    /// `None` of a file that is called as one of a canary and is of something else.
    fn of(&mut self, commit: &ObjectId, path: &str) -> Result<Option<Digest>, BaseError> {
        let mut objects = self.repository.objects()?;
        let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
        let read = Commit::read(&mut objects, commit)?;
        if name == config::FILE_NAME {
            let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            let layout = Layout { prefix, file: name.to_owned(), ..self.layout.clone() };
            let bytes = snapshot::read_file(&mut objects, &read, path)?.unwrap_or_default();
            return Ok(Some(match snapshot::read(&mut objects, commit, &layout, None, &mut self.known) {
                Ok(snapshot) => owned(&bytes, &snapshot),
                // It is known by its text alone.
                Err(_) => Digest::of(&bytes),
            }));
        }
        let files = listing::of_commit(&mut objects, &read, folder, &mut self.known)?.unwrap_or_default();
        let is_one = name == case::METADATA || files.keys().any(|file| file.starts_with("expected/"));
        Ok(is_one.then(|| listing::digest(&listing::plain(&files))))
    }
}

/// One digest of a configuration and of every case and canary that it owns, wherever they lie.
fn owned(config: &[u8], snapshot: &Snapshot) -> Digest {
    let mut text = format!("{}\n", Digest::of(config));
    for (id, item) in &snapshot.items {
        let files = listing::digest(&listing::plain(&item.files));
        text += &format!("{} {}:{} {files}\n", id.kind.code(), id.id.len(), id.id);
    }
    Digest::of(text.as_bytes())
}
