//! The subject of the base: where it is, so that what fails with the checkout's can be run again with it.
//!
//! Where the base builds nothing, its files are in git. What a build has made is in no commit: somebody must have kept it, and name it.
//!
//! Invariants: whatever keeps it from being had is told in words and stops nothing, for it decides nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::{Config, Subject};
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::listing::{self, File, Known, Stored, What};
use crate::flow::suite::base::write_out::{self, LfsPlaces, Wanted};
use crate::git::lfs;
use crate::git::objects::Objects;
use crate::git::tree::{Commit, Mode};
use crate::model::digest::Digest;
use crate::model::error_chain::causes;
use crate::model::limits::MAX_BLOB_BYTES;

/// The subject of a base.
#[derive(Debug, Clone)]
pub enum BaseSubject {
    /// There is no base, or it has none.
    None,
    /// It cannot be had.
    NotThere(String),
    /// It lies at the path that this names.
    Here(Box<Subject>),
}

impl BaseSubject {
    /// The one that was kept at `path`, to be used as `subject` is.
    pub fn kept(subject: Option<&Subject>, path: &Path) -> Self {
        match subject {
            None => Self::None,
            Some(_) if !path.exists() => {
                Self::NotThere(format!("`{}`, where the base's subject should be, is not there", path.display()))
            }
            Some(subject) => Self::Here(Box::new(subject.at(path.to_owned()))),
        }
    }
}

/// That of `written`, the configuration of `commit`; its files are written below `scratch`.
pub(super) fn of_commit(
    (objects, known): (&mut Objects, &mut Known),
    commit: &Commit,
    layout: &Layout,
    written: &Config,
    lfs: &LfsPlaces,
    scratch: &Path,
) -> BaseSubject {
    let Some(subject) = &written.subject else { return BaseSubject::None };
    let Some(path) = subject.path() else {
        return BaseSubject::NotThere(
            "the scanner inside the stella that runs is judged, and which one the base ran is not recorded".to_owned(),
        );
    };
    if subject.build().is_some() {
        return BaseSubject::NotThere(
            "the base's subject is built, and no build of it was given (`base-subject`)".to_owned(),
        );
    }
    let to = scratch.join("base-subject");
    match write((objects, known), commit, layout, path, (lfs, &to)) {
        Ok(Ok(place)) => BaseSubject::Here(Box::new(subject.at(place))),
        Ok(Err(why)) => BaseSubject::NotThere(why),
        Err(error) => BaseSubject::NotThere(format!("the base's subject cannot be had: {}", causes(&error))),
    }
}

/// Writes it, and tells where it lies then, or why there is nothing to write.
fn write(
    (objects, known): (&mut Objects, &mut Known),
    commit: &Commit,
    layout: &Layout,
    path: &Path,
    (lfs, to): (&LfsPlaces, &Path),
) -> Result<Result<PathBuf, String>, BaseError> {
    let path = layout.path_of_joined(path)?;
    let Some(entry) = commit.find(objects, &path)? else { return Ok(Err(format!("the base has no `{path}`"))) };
    let what = match entry.mode {
        Mode::Folder => {
            let files = listing::of_commit(objects, commit, &path, known)?.unwrap_or_default();
            write_out::write(objects, &[Wanted { files: &files, path: &path, to }], lfs)?;
            return Ok(Ok(to.to_owned()));
        }
        Mode::Link => return Ok(Err(format!("`{path}` of the base is a link"))),
        Mode::Submodule => return Ok(Err(format!("`{path}` of the base lies in another repository"))),
        Mode::File => What::File,
        Mode::Executable => What::Executable,
    };
    let (_, bytes) = objects.read(&entry.id, "the subject of the base", MAX_BLOB_BYTES)?;
    let pointer = lfs::parse(&bytes);
    let content = pointer.map_or_else(|| Digest::of(&bytes), |pointer| pointer.content);
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path.as_str()));
    let stored = Stored { file: File { what, content }, id: entry.id, lfs: pointer };
    let files = BTreeMap::from([(name.to_owned(), stored)]);
    write_out::write(objects, &[Wanted { files: &files, path: folder, to }], lfs)?;
    Ok(Ok(to.join(name)))
}
