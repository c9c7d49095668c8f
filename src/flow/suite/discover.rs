//! Finds regression cases and canaries.
//!
//! Invariants: sorted by id; two things with one id are an error that names both; a folder that looks like a case or canary
//! and cannot be read is an error, for a guard that falls asleep in silence is worse than none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::flow::suite::canary::{Canary, CanaryError};
use crate::flow::suite::case::{self, Case, CaseError};
use crate::host::fs::{self, FsError};
use crate::model::report_files;
use crate::workspace::context::Context;

/// Everything that can be replayed.
#[derive(Debug, Default)]
pub struct Discovered {
    /// Regression cases, by id.
    pub cases: Vec<Case>,
    /// Canaries, by id.
    pub canaries: Vec<Canary>,
    /// Engines that all canaries were recorded by, also of those that were not asked for.
    pub engines: BTreeSet<String>,
}

/// Why discovery failed.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// A root cannot be listed.
    #[error("cannot look for cases and canaries")]
    List(#[source] FsError),
    /// A case cannot be read.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A canary cannot be read.
    #[error(transparent)]
    Canary(#[from] CanaryError),
    /// A folder that lies elsewhere.
    #[error("`{}` is a link out of the repository: what is replayed must lie in it", .0.display())]
    Outside(PathBuf),
    /// Two folders with one id.
    #[error("`{id}` names both `{}` and `{}`: ids must be unique", .first.display(), .second.display())]
    Duplicate {
        /// The id.
        id: String,
        /// One folder.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// An id that a file of a report has.
    #[error("`{id}` (`{}`) is called like a part of a report: its own would have no place there", .folder.display())]
    Reserved {
        /// The id.
        id: String,
        /// Its folder.
        folder: PathBuf,
    },
    /// An id was asked for that is not there.
    #[error("nothing is called `{id}`{}", did_you_mean(.near))]
    Unknown {
        /// The id.
        id: String,
        /// Ids that are nearly it.
        near: Vec<String>,
    },
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!(": did you mean {}?", near.join(", ")) }
}

/// A folder, and where it lies in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where it is read.
    pub directory: PathBuf,
    /// Where people find it.
    pub shown: PathBuf,
}

/// The folders of a run.
#[derive(Debug, Clone, Default)]
pub struct Folders {
    /// Those of cases.
    pub cases: Vec<Folder>,
    /// Those of canaries.
    pub canaries: Vec<Folder>,
}

impl Folders {
    /// Every folder below the roots of the configuration that is to be read.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn of(context: &Context) -> Result<Self, DiscoverError> {
        let config = &context.config;
        let in_place = |directory: PathBuf| Folder { shown: directory.clone(), directory };
        let cases =
            folders(&config.root, &config.cases)?.into_iter().filter(|directory| case::looks_like_one(directory));
        let canaries = folders(&config.root, &config.canaries)?;
        Ok(Self { cases: cases.map(in_place).collect(), canaries: canaries.into_iter().map(in_place).collect() })
    }
}

/// Reads all cases and canaries, or only those that are asked for by id or by folder name.
///
/// # Errors
/// When a case or a canary cannot be read or lies elsewhere, two have one id, or what is asked for is not there.
pub fn discover(folders: &Folders, context: &Context, only: &[String]) -> Result<Discovered, DiscoverError> {
    let mut found = Discovered::default();
    for Folder { directory, shown } in &folders.cases {
        found.cases.push(Case::found(directory, shown, context)?);
    }
    for Folder { directory, shown } in &folders.canaries {
        found.canaries.push(Canary::found(directory, shown)?);
    }
    found.cases.sort_by(|a, b| a.metadata.id.cmp(&b.metadata.id));
    found.canaries.sort_by(|a, b| a.id.cmp(&b.id));
    unique(&found)?;
    free(&found)?;
    found.engines = found.canaries.iter().map(|canary| canary.manifest().scanner.engine.clone()).collect();
    if only.is_empty() { Ok(found) } else { select(found, only) }
}

/// Refuses the names of what else stands in the folder of a report, in any spelling: some file systems know one.
fn free(found: &Discovered) -> Result<(), DiscoverError> {
    let cases = found.cases.iter().map(|case| (&case.metadata.id, &case.shown));
    let canaries = found.canaries.iter().map(|canary| (&canary.id, &canary.shown));
    let is_taken = |id: &str| report_files::ALL.iter().any(|name| name.eq_ignore_ascii_case(id));
    match cases.chain(canaries).find(|(id, _)| is_taken(id)) {
        None => Ok(()),
        Some((id, folder)) => Err(DiscoverError::Reserved { id: id.clone(), folder: folder.clone() }),
    }
}

/// Every visible folder directly below the roots; a root that does not exist has none.
fn folders(repository: &Path, roots: &[PathBuf]) -> Result<Vec<PathBuf>, DiscoverError> {
    let mut folders = Vec::new();
    for root in roots.iter().filter(|root| root.symlink_metadata().is_ok()) {
        // A root that is given as absolute may lie anywhere: the configuration says so openly. Its folders lie in it.
        let within = if root.starts_with(repository) { repository } else { root.as_path() };
        inside(within, root)?;
        if !root.exists() {
            continue;
        }
        for item in fs::list(root).map_err(DiscoverError::List)? {
            let directory = root.join(&item.relative);
            let hidden = item.relative.to_string_lossy().starts_with('.');
            if hidden {
                continue;
            }
            inside(within, &directory)?;
            if fs::is_dir(&directory) {
                folders.push(directory);
            }
        }
    }
    Ok(folders)
}

/// Refuses what leads out of `within` by a symbolic link; one that leads nowhere, too.
fn inside(within: &Path, path: &Path) -> Result<(), DiscoverError> {
    let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|there| there.is_symlink());
    let goes_through_link = path.ancestors().take_while(|above| *above != within).any(is_link);
    if !goes_through_link {
        return Ok(());
    }
    match (within.canonicalize(), path.canonicalize()) {
        (Ok(within), Ok(real)) if real.starts_with(&within) => Ok(()),
        _ => Err(DiscoverError::Outside(path.to_owned())),
    }
}

fn unique(found: &Discovered) -> Result<(), DiscoverError> {
    let cases = found.cases.iter().map(|case| (&case.metadata.id, &case.directory));
    let canaries = found.canaries.iter().map(|canary| (&canary.id, &canary.directory));
    let mut seen: BTreeMap<&str, &Path> = BTreeMap::new();
    for (id, directory) in cases.chain(canaries) {
        if let Some(first) = seen.insert(id, directory) {
            return Err(DiscoverError::Duplicate {
                id: id.clone(),
                first: first.to_owned(),
                second: directory.clone(),
            });
        }
    }
    Ok(())
}

fn select(found: Discovered, only: &[String]) -> Result<Discovered, DiscoverError> {
    let named = |id: &str, directory: &Path, wanted: &str| {
        id == wanted || directory.file_name().is_some_and(|name| name.to_string_lossy() == wanted)
    };
    for wanted in only {
        let case = found.cases.iter().any(|case| named(&case.metadata.id, &case.directory, wanted));
        let canary = found.canaries.iter().any(|canary| named(&canary.id, &canary.directory, wanted));
        if !case && !canary {
            let ids = found.cases.iter().map(|case| &case.metadata.id).chain(found.canaries.iter().map(|c| &c.id));
            let near = |id: &&String| {
                let (id, wanted) = (id.to_lowercase(), wanted.to_lowercase());
                id.contains(&wanted) || wanted.contains(&id) || strsim::levenshtein(&id, &wanted) <= 2
            };
            let near = ids.filter(near).take(3).map(|id| format!("`{id}`")).collect();
            return Err(DiscoverError::Unknown { id: wanted.clone(), near });
        }
    }
    let keep = |id: &str, directory: &Path| only.iter().any(|wanted| named(id, directory, wanted));
    let Discovered { mut cases, mut canaries, engines } = found;
    cases.retain(|case| keep(&case.metadata.id, &case.directory));
    canaries.retain(|canary| keep(&canary.id, &canary.directory));
    Ok(Discovered { cases, canaries, engines })
}
