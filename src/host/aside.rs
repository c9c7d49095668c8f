//! Something that is out of its place for a while, and comes back where nothing has taken it.
//!
//! Invariants: it stays in its folder, so that no bytes are moved; it comes back also where the process is ended by a signal
//! ([`crate::host::ending`]). What a killed process left aside the next one finds by its name and puts back first.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::host::ending::{self, Hold};
use crate::host::fs::FsError;

/// What the name of a thing that is aside ends with.
const MARK: &str = ".stella-aside";

/// A file, a folder or a link that is aside. When this is dropped it is back in its place, or gone where something new stands there.
#[derive(Debug)]
pub struct Aside {
    place: PathBuf,
    aside: PathBuf,
    _hold: Hold,
}

impl Aside {
    /// Takes what stands in `place` out of it; `None` where nothing does.
    ///
    /// # Errors
    /// [`FsError::Io`]; it then stands where it stood.
    pub fn take(place: &Path) -> Result<Option<Self>, FsError> {
        let Some(name) = place.file_name() else { return Ok(None) };
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(MARK);
        let aside = place.with_file_name(hidden);
        let failed = |source| FsError::writing("move aside", place)(source);
        ending::put_back(&aside, place).map_err(failed)?;
        if !is_there(place) {
            return Ok(None);
        }
        let moving = || std::fs::rename(place, &aside).map(|()| ((), aside.clone(), place.to_owned()));
        let ((), hold) = ending::hold_moved(moving).map_err(failed)?;
        Ok(Some(Self { place: place.to_owned(), aside, _hold: hold }))
    }

    /// Whether something new stands in its place.
    pub fn is_replaced(&self) -> bool {
        is_there(&self.place)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // What cannot be put back stays aside, and the next one finds it.
        ending::put_back(&self.aside, &self.place).ok();
    }
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn it_comes_back_where_nothing_took_its_place_and_goes_where_something_did() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("scan");
        for is_folder in [false, true] {
            if is_folder {
                fs::create_dir(&place).unwrap();
                fs::write(place.join("old"), "old").unwrap();
            } else {
                fs::write(&place, "old").unwrap();
            }
            let aside = Aside::take(&place).unwrap().unwrap();
            assert!(!place.exists() && !aside.is_replaced());
            drop(aside);
            assert_eq!(names(folder.path()), ["scan"]);
            let aside = Aside::take(&place).unwrap().unwrap();
            fs::write(&place, "new").unwrap();
            assert!(aside.is_replaced());
            drop(aside);
            assert_eq!(
                (names(folder.path()), fs::read_to_string(&place).unwrap()),
                (vec!["scan".to_owned()], "new".to_owned())
            );
            fs::remove_file(&place).unwrap();
        }
        assert!(Aside::take(&place).unwrap().is_none());
    }

    #[test]
    fn what_a_killed_process_left_aside_is_put_back_first() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("scan");
        fs::write(&place, "old").unwrap();
        std::mem::forget(Aside::take(&place).unwrap());
        assert_eq!(names(folder.path()), [".scan.stella-aside"]);
        drop(Aside::take(&place).unwrap().unwrap());
        assert_eq!(
            (names(folder.path()), fs::read_to_string(&place).unwrap()),
            (vec!["scan".to_owned()], "old".to_owned())
        );
    }
}
