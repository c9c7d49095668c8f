//! Cases and canaries of the files on disk, by id.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::Config;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::finding::{self, ItemId};
use crate::flow::suite::base::listing::{self, Files};
use crate::flow::suite::case;
use crate::host::fs::{self, Kind};
use crate::model::limits;

/// A case or a canary of the checkout.
#[derive(Debug, Clone)]
pub struct OwnItem {
    /// Its folder.
    pub directory: PathBuf,
    /// Where it is found in the checkout.
    pub shown: PathBuf,
    /// Whether the folder is a link.
    pub is_link: bool,
    /// Its files, by their paths in it.
    pub files: Files,
}

/// What is found on disk.
#[derive(Debug, Default)]
pub struct Checkout {
    /// Cases and canaries that have an id.
    pub items: BTreeMap<ItemId, OwnItem>,
    /// Folders that look like a case and have no id that can be read.
    pub nameless: Vec<PathBuf>,
    /// Folders among canaries without a manifest.
    pub without_manifest: Vec<PathBuf>,
}

/// Looks for them in the roots of a configuration.
///
/// # Errors
/// When the checkout cannot be read.
pub fn read(config: &Config) -> Result<Checkout, BaseError> {
    let mut checkout = Checkout::default();
    for (directory, is_link, files) in folders(&config.cases)? {
        if !finding::looks_like_a_case(files.keys().map(String::as_str)) {
            continue;
        }
        let metadata = fs::read_inside(&directory, &directory.join(case::METADATA), limits::MAX_CONFIG_BYTES);
        match metadata.ok().and_then(|bytes| finding::id_of_case(&bytes)) {
            Some(id) => checkout.add(ItemId::case(id), OwnItem::on_disk(directory, is_link, files))?,
            None => checkout.nameless.push(directory),
        }
    }
    for (directory, is_link, files) in folders(&config.canaries)? {
        let Some(id) = directory.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        if finding::is_a_canary(files.keys().map(String::as_str)) {
            checkout.add(ItemId::canary(id), OwnItem::on_disk(directory, is_link, files))?;
        } else {
            checkout.without_manifest.push(directory);
        }
    }
    Ok(checkout)
}

impl OwnItem {
    fn on_disk(directory: PathBuf, is_link: bool, files: Files) -> Self {
        Self { shown: directory.clone(), directory, is_link, files }
    }
}

impl Checkout {
    fn add(&mut self, id: ItemId, item: OwnItem) -> Result<(), BaseError> {
        // A case and a canary share the names of replays.
        let twin = [ItemId::case(&id.id), ItemId::canary(&id.id)].into_iter().find_map(|twin| self.items.get(&twin));
        if let Some(first) = twin {
            return Err(BaseError::Duplicate { id: id.id, first: first.directory.clone(), second: item.directory });
        }
        self.items.insert(id, item);
        Ok(())
    }
}

/// The visible folders directly below the roots, with whether each is a link, and its files.
fn folders(roots: &[PathBuf]) -> Result<Vec<(PathBuf, bool, Files)>, BaseError> {
    let mut found = Vec::new();
    for root in roots.iter().filter(|root| root.exists()) {
        if !fs::is_dir(root) {
            return Err(BaseError::NotAFolder { path: root.clone() });
        }
        let mut all = listing::by_folder(&listing::on_disk(root)?);
        for item in fs::list(root)? {
            let directory = root.join(&item.relative);
            let name = item.relative.to_string_lossy().into_owned();
            if !finding::is_visible(&name) || !fs::is_dir(&directory) {
                continue;
            }
            let is_link = matches!(item.kind, Kind::Symlink { .. });
            let files = if is_link { listing::on_disk(&directory)? } else { all.remove(&name).unwrap_or_default() };
            found.push((directory, is_link, files));
        }
    }
    Ok(found)
}
