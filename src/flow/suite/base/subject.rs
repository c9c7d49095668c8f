//! The subject of the base: where it is, so that what fails with the checkout's can be run again with it.
//!
//! Where the base builds nothing, its files are in git. What a build has made is in no commit: somebody must have kept it, and name it.
//!
//! Invariants: whatever keeps it from being had is told in words and stops nothing, for it decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::config::Subject;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::finding::ItemId;
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
pub struct BaseSubject {
    place: Place,
    /// Cases and canaries that are run as the checkout has them: the base has no such replay, which could have been red.
    pub(in crate::flow::suite) of_checkout: BTreeSet<ItemId>,
}

#[derive(Debug, Clone)]
enum Place {
    /// It lies at the path that this names.
    Here(Box<Subject>),
    /// Somebody must say where it lies.
    NotGiven(Box<Subject>, &'static str),
    /// It cannot be had.
    NotThere(String),
}

impl BaseSubject {
    /// It was kept at `path`, whatever is in git.
    pub fn kept_at(&mut self, path: &Path) {
        self.place = match &self.place {
            Place::NotThere(_) => return,
            Place::Here(_) | Place::NotGiven(..) if !path.exists() => {
                Place::NotThere(format!("`{}`, where the base's subject should be, is not there", path.display()))
            }
            Place::Here(subject) | Place::NotGiven(subject, _) => Place::Here(Box::new(subject.at(path.to_owned()))),
        };
    }

    /// It, as it lies there, or why it cannot be had.
    pub(in crate::flow::suite) fn subject(&self) -> Result<&Subject, String> {
        match &self.place {
            Place::Here(subject) => Ok(subject),
            Place::NotGiven(_, why) => Err((*why).to_owned()),
            Place::NotThere(why) => Err(why.clone()),
        }
    }
}

/// That of the base `commit`, which calls it `written`, for a run that calls it `now`; its files are written below `scratch`.
pub(super) fn of_commit(
    (objects, known): (&mut Objects, &mut Known),
    commit: &Commit,
    layout: &Layout,
    (written, now): (&Subject, &Subject),
    (lfs, scratch): (&LfsPlaces, &Path),
    of_checkout: BTreeSet<ItemId>,
) -> BaseSubject {
    let place = |place| BaseSubject { place, of_checkout };
    if !written.is_called_as(now) {
        return place(Place::NotThere("the base has a subject of another kind, or calls it otherwise".to_owned()));
    }
    let subject = Box::new(written.clone());
    let Some(path) = subject.path() else {
        let why = "the scanner inside the stella that runs is judged, and which one the base ran is not recorded";
        return place(Place::NotGiven(subject, why));
    };
    if subject.build().is_some() {
        let why = "the base's subject is built, and no build of it was given (`base-subject`)";
        return place(Place::NotGiven(subject, why));
    }
    let to = scratch.join("base-subject");
    place(match write((objects, known), commit, layout, path, (lfs, &to)) {
        Ok(Ok(there)) => Place::Here(Box::new(subject.at(there))),
        Ok(Err(why)) => Place::NotThere(why),
        Err(error) => Place::NotThere(format!("the base's subject cannot be had: {}", causes(&error))),
    })
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
