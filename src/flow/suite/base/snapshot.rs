//! What a commit holds of all that decides: configuration, cases, canaries, fixture store, approvals.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::{self, Config, SubjectPlace, approvals};
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::finding::{self, ItemId};
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::listing::{self, Known, StoredFiles, What};
use crate::flow::suite::case;
use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::git::tree::{Commit, Mode};
use crate::host::fs::{Access, FsError};
use crate::model::change::approval::Approval;
use crate::model::limits;

/// A case or a canary of a commit.
#[derive(Debug, Clone)]
pub struct StoredItem {
    /// The name of its folder.
    pub folder: String,
    /// The folder's path from the top of the repository.
    pub path: String,
    /// Its files, by their paths in it.
    pub files: StoredFiles,
}

/// What a commit holds.
#[derive(Debug)]
pub struct Snapshot {
    /// The commit.
    pub commit: Commit,
    /// Its configuration.
    pub config: Config,
    /// Whether it has a file with one.
    pub has_config: bool,
    /// Its cases and canaries.
    pub items: BTreeMap<ItemId, StoredItem>,
    /// Its fixture store, by paths in it.
    pub store: StoredFiles,
    /// Its approvals.
    pub approvals: Vec<Approval>,
    /// Things to know, in words.
    pub notes: Vec<String>,
}

/// Reads what a commit holds. With a `place` its subject is built as that says.
///
/// # Errors
/// When git cannot say, or what the commit holds cannot be read.
pub fn read(
    objects: &mut Objects,
    id: &ObjectId,
    layout: &Layout,
    place: Option<&SubjectPlace>,
    known: &mut Known,
) -> Result<Snapshot, BaseError> {
    let commit = Commit::read(objects, id)?;
    let mut notes = Vec::new();
    let file = layout.path_of(Path::new(&layout.file))?;
    let bytes = read_file(objects, &commit, &file)?;
    let config = configuration(objects, &commit, layout, bytes.as_deref(), place)?;
    let mut items = BTreeMap::new();
    for root in &config.cases {
        let root = layout.path_of_joined(root)?;
        let Some(files) = listing::of_commit(objects, &commit, &root, known)? else { continue };
        let mut found = folders(&root, &files, |paths| finding::looks_like_a_case(paths))?;
        let metadata: Vec<(usize, ObjectId)> = found
            .iter()
            .enumerate()
            .filter_map(|(at, item)| Some((at, item.files.get(case::METADATA)?.id.clone())))
            .collect();
        let wanted: Vec<ObjectId> = metadata.iter().map(|(_, id)| id.clone()).collect();
        let mut ids: BTreeMap<usize, String> = BTreeMap::new();
        objects.each(&wanted, "the metadata of a case", &mut |object| {
            let mut bytes = Vec::new();
            if object.size <= limits::MAX_CONFIG_BYTES {
                // What cannot be read has no id.
                let _ = object.bytes.read_to_end(&mut bytes);
            }
            if let Some(id) = finding::id_of_case(&bytes) {
                ids.insert(metadata[object.at].0, id);
            }
            Ok(())
        })?;
        for (at, item) in found.drain(..).enumerate() {
            match ids.remove(&at) {
                Some(id) => keep(&mut items, ItemId::case(id), item, &mut notes),
                None => notes.push(format!("`{}` of the base has no id: it is not run", item.path)),
            }
        }
    }
    for root in &config.canaries {
        let root = layout.path_of_joined(root)?;
        let Some(files) = listing::of_commit(objects, &commit, &root, known)? else { continue };
        for item in folders(&root, &files, |paths| finding::is_a_canary(paths))? {
            keep(&mut items, ItemId::canary(item.folder.clone()), item, &mut notes);
        }
    }
    let store = layout.path_of_joined(&config.fixture_store)?;
    let store = listing::of_commit(objects, &commit, &store, known)?.unwrap_or_default();
    notes.extend(filters(objects, &commit, layout)?);
    notes.extend(misnamed(objects, &commit, layout, bytes.is_some())?);
    let approvals = approvals_of(objects, &commit, layout)?;
    Ok(Snapshot { config, has_config: bytes.is_some(), items, store, approvals, notes, commit })
}

/// The approvals of a commit; none where it has no such file.
///
/// # Errors
/// When the commit cannot be read, or what it holds is not valid.
pub fn approvals_of(objects: &mut Objects, commit: &Commit, layout: &Layout) -> Result<Vec<Approval>, BaseError> {
    match read_file(objects, commit, &layout.path_of(Path::new(approvals::FILE_NAME))?)? {
        None => Ok(Vec::new()),
        Some(bytes) => approvals::parse(&bytes)
            .map_err(|source| BaseError::Approvals { commit: commit.id.short().to_owned(), source }),
    }
}

/// The configuration of a commit and its approvals, without its cases and canaries.
///
/// # Errors
/// When the commit cannot be read, or what it holds is not valid.
pub fn config_and_approvals(
    objects: &mut Objects,
    commit: &Commit,
    layout: &Layout,
) -> Result<(Config, Vec<Approval>), BaseError> {
    let bytes = read_file(objects, commit, &layout.path_of(Path::new(&layout.file))?)?;
    let config = configuration(objects, commit, layout, bytes.as_deref(), None)?;
    Ok((config, approvals_of(objects, commit, layout)?))
}

/// Keeps the first of two with one id, and says so.
fn keep(items: &mut BTreeMap<ItemId, StoredItem>, id: ItemId, item: StoredItem, notes: &mut Vec<String>) {
    if let Some(first) = items.get(&id) {
        notes.push(format!(
            "`{}` of the base names both `{}` and `{}`: the second is not run",
            id.id, first.path, item.path
        ));
    } else {
        items.insert(id, item);
    }
}

/// The configuration of a commit, and the files that it names.
///
/// # Errors
/// When git cannot say, or the configuration is not valid.
pub fn configuration(
    objects: &mut Objects,
    commit: &Commit,
    layout: &Layout,
    bytes: Option<&[u8]>,
    place: Option<&SubjectPlace>,
) -> Result<Config, BaseError> {
    configuration_and_names(objects, commit, layout, bytes, place, &mut Vec::new())
}

/// The same, with the paths of the files that it names, from the top; also where one of them cannot be read.
///
/// # Errors
/// When the commit cannot be read, or what it holds is not valid.
pub fn configuration_and_names(
    objects: &mut Objects,
    commit: &Commit,
    layout: &Layout,
    bytes: Option<&[u8]>,
    place: Option<&SubjectPlace>,
    names: &mut Vec<String>,
) -> Result<Config, BaseError> {
    let objects = std::cell::RefCell::new((objects, names));
    let named = |path: &str| -> Result<Vec<u8>, FsError> {
        let whole = layout.root.join(path);
        let failed = |error: &dyn std::error::Error| FsError::Io {
            path: whole.clone(),
            action: "read from the base",
            access: Access::Read,
            source: std::io::Error::other(error.to_string()),
        };
        let path = layout.path_of(Path::new(path)).map_err(|error| failed(&error))?;
        let (objects, names) = &mut *objects.borrow_mut();
        names.push(path.clone());
        match read_file(objects, commit, &path) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(failed(&GitError::Missing { what: format!("`{path}`"), id: commit.id.short().to_owned() })),
            Err(error) => Err(failed(&error)),
        }
    };
    let file = layout.root.join(&layout.file);
    Config::of_commit(&layout.root, (&file, bytes), place, &named)
        .map_err(|source| BaseError::Config { commit: commit.id.short().to_owned(), source })
}

/// A file of a commit that people write; `None` where it is not there.
///
/// # Errors
/// When git cannot say, or it is not a file.
pub fn read_file(objects: &mut Objects, commit: &Commit, path: &str) -> Result<Option<Vec<u8>>, BaseError> {
    match commit.find(objects, path)? {
        None => Ok(None),
        Some(entry) if matches!(entry.mode, Mode::File | Mode::Executable) => {
            Ok(Some(objects.read(&entry.id, &format!("`{path}` of the base"), limits::MAX_CONFIG_BYTES)?.1))
        }
        Some(entry) if entry.mode == Mode::Folder => Err(BaseError::NotAFile { path: path.to_owned() }),
        Some(_) => Err(BaseError::Leads { path: path.to_owned() }),
    }
}

/// Whether a commit has the default configuration, or anything that the default roots would find.
///
/// # Errors
/// When git cannot say.
pub fn has_something(objects: &mut Objects, commit: &Commit, layout: &Layout) -> Result<Option<String>, BaseError> {
    for path in [config::FILE_NAME, "regressions", "tests/scanner/regressions", "fixtures/canaries"] {
        let whole = layout.path_of(Path::new(path))?;
        let Some(entry) = commit.find(objects, &whole)? else { continue };
        if path == config::FILE_NAME {
            return Ok(Some(format!("`{whole}`")));
        }
        if entry.mode != Mode::Folder {
            continue;
        }
        let below = commit.below(objects, &whole)?.unwrap_or_default();
        let marks = [format!("/{}", case::METADATA), "/manifest.json".to_owned()];
        if below.keys().any(|file| marks.iter().any(|mark| file.ends_with(mark))) {
            return Ok(Some(format!("cases or canaries in `{whole}`")));
        }
    }
    Ok(None)
}

/// The folders directly below a root that are what `is_one` says; a folder that is a link or a submodule cannot be read.
fn folders(
    root: &str,
    files: &StoredFiles,
    is_one: impl Fn(&mut dyn Iterator<Item = &str>) -> bool,
) -> Result<Vec<StoredItem>, BaseError> {
    let leads = files.iter().find(|(path, stored)| {
        !path.contains('/') && finding::is_visible(path) && matches!(stored.file.what, What::Link | What::Other)
    });
    if let Some((path, _)) = leads {
        return Err(BaseError::Leads { path: format!("{root}/{path}") });
    }
    let mut found = Vec::new();
    for (folder, files) in listing::by_folder(files) {
        if !finding::is_visible(&folder) || !is_one(&mut files.keys().map(String::as_str)) {
            continue;
        }
        if let Some((path, _)) = files.iter().find(|(_, stored)| stored.file.what == What::Other) {
            return Err(BaseError::Leads { path: format!("{root}/{folder}/{path}") });
        }
        found.push(StoredItem { path: format!("{root}/{folder}"), folder, files });
    }
    Ok(found)
}

/// A configuration of a commit under a name that is not read. A checkout that has one is refused; what a base has is history.
fn misnamed(
    objects: &mut Objects,
    commit: &Commit,
    layout: &Layout,
    has_right_one: bool,
) -> Result<Option<String>, BaseError> {
    for name in config::misnamed(has_right_one).filter(|name| *name != layout.file) {
        let path = layout.path_of(Path::new(name))?;
        if commit.find(objects, &path)?.is_some_and(|entry| matches!(entry.mode, Mode::File | Mode::Executable)) {
            let file = config::FILE_NAME;
            return Ok(Some(format!("`{path}` of the base is not read: the configuration is called `{file}`")));
        }
    }
    Ok(None)
}

/// What the attributes at the top ask git to do to files on their way into a checkout, and what is not done here.
fn filters(objects: &mut Objects, commit: &Commit, layout: &Layout) -> Result<Vec<String>, BaseError> {
    let mut notes = Vec::new();
    let mut paths = vec![".gitattributes".to_owned()];
    if !layout.prefix.is_empty() {
        paths.push(format!("{}.gitattributes", layout.prefix));
    }
    for path in paths {
        let Some(bytes) = read_file(objects, commit, &path)? else { continue };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        for word in lines.flat_map(str::split_whitespace) {
            let is_filter = word.strip_prefix("filter=").is_some_and(|name| name != "lfs");
            let is_other_text = word == "ident" || word == "eol=crlf" || word.starts_with("working-tree-encoding=");
            if is_filter || is_other_text {
                notes.push(format!(
                    "`{path}` asks git for `{word}`: files of the base are read as git keeps them, without it"
                ));
            }
        }
    }
    notes.sort();
    notes.dedup();
    Ok(notes)
}
