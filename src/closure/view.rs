//! What a sandboxed run saw of the machine: which of its files stood at which path.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::sandbox::sandbox_path::{SYSTEM_FILES, SYSTEM_ROOTS};

/// The folders and files of the machine that a run saw, each at its path.
#[derive(Debug, Clone)]
pub struct View {
    mounts: Vec<(Vec<u8>, PathBuf)>,
}

/// What a path of a run is on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder that was made for the run, with something of the machine below it.
    Above,
    /// Something that was shown at this very path: a link there was followed.
    At(PathBuf),
    /// Something in what was shown.
    Below(PathBuf),
    /// Nothing of the machine.
    Outside,
}

impl View {
    /// The system's folders, the folders `roots` at their own paths, and the scanner where it was shown at a place of the run's.
    pub fn new(roots: &[String], scanner: Option<(&str, &Path)>) -> Self {
        let own = SYSTEM_ROOTS.into_iter().chain(SYSTEM_FILES).chain(roots.iter().map(String::as_str));
        let own = own.map(|path| (path.as_bytes().to_vec(), PathBuf::from(path)));
        let scanner = scanner.map(|(inside, host)| (inside.as_bytes().to_vec(), host.to_owned()));
        Self { mounts: own.chain(scanner).collect() }
    }

    /// Whether `path` lies in a folder or is a file that was shown by itself, and not as a part of a whole home: who shows a folder
    /// of a home to a scanner means it for the scanner.
    pub(crate) fn is_shown_by_itself(&self, path: &[u8], homes: &[Vec<u8>]) -> bool {
        let is_in =
            |mount: &[u8]| path.strip_prefix(mount).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')));
        let is_part_of_a_home = |mount: &[u8]| {
            let is_below = |home: &[u8]| mount.strip_prefix(home).is_some_and(|rest| rest.first() == Some(&b'/'));
            let parts = mount.split(|byte| *byte == b'/').count();
            homes.iter().any(|home| is_below(home))
                || mount.starts_with(b"/root/")
                || mount.starts_with(b"/home/") && parts > 3
        };
        self.mounts.iter().any(|(mount, _)| is_in(mount) && is_part_of_a_home(mount))
    }

    /// What `path` is, a plain one from the root on.
    pub(crate) fn place(&self, path: &[u8]) -> Place {
        let below = |mount: &[u8]| path.strip_prefix(mount).filter(|rest| matches!(rest.first(), None | Some(b'/')));
        let nearest =
            self.mounts.iter().filter(|(mount, _)| below(mount).is_some()).max_by_key(|(mount, _)| mount.len());
        match nearest {
            Some((mount, host)) if mount.len() == path.len() => Place::At(host.clone()),
            Some((mount, host)) => {
                let rest = below(mount).and_then(|rest| rest.strip_prefix(b"/")).unwrap_or_default();
                Place::Below(host.join(OsStr::from_bytes(rest)))
            }
            None if path == b"/" || self.is_above(path) => Place::Above,
            None => Place::Outside,
        }
    }

    fn is_above(&self, path: &[u8]) -> bool {
        let is_below = |mount: &[u8]| mount.strip_prefix(path).is_some_and(|rest| rest.first() == Some(&b'/'));
        self.mounts.iter().any(|(mount, host)| is_below(mount) && host.symlink_metadata().is_ok())
    }

    /// The names that a folder has which was made for the run.
    pub(crate) fn names_in(&self, folder: &[u8]) -> Vec<Vec<u8>> {
        let below = |mount: &[u8]| {
            let rest = if folder == b"/" { mount } else { mount.strip_prefix(folder)? };
            let name = rest.strip_prefix(b"/")?.split(|byte| *byte == b'/').next()?;
            Some(name.to_vec())
        };
        let there = self.mounts.iter().filter(|(_, host)| host.symlink_metadata().is_ok());
        let mut names: Vec<_> = there.filter_map(|(mount, _)| below(mount)).collect();
        names.sort();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_of_the_nearest_thing_that_was_shown() {
        let view = View::new(
            &["/usr/share/x".to_owned(), "/srv/tools".to_owned()],
            Some(("/tmp/stella/scanner/t", Path::new("/bin/sh"))),
        );
        let place = |path: &str| view.place(path.as_bytes());
        assert_eq!(place("/usr"), Place::At("/usr".into()));
        assert_eq!(place("/usr/lib/a"), Place::Below("/usr/lib/a".into()));
        assert_eq!(place("/usr/share/x"), Place::At("/usr/share/x".into()));
        assert_eq!(place("/tmp/stella/scanner/t"), Place::At("/bin/sh".into()));
        assert_eq!(
            (place("/"), place("/tmp"), place("/tmp/stella/scanner")),
            (Place::Above, Place::Above, Place::Above)
        );
        assert_eq!(
            (place("/home"), place("/usrx"), place("/etc/passwd")),
            (Place::Outside, Place::Outside, Place::Outside)
        );
        // Above nothing that is there.
        assert_eq!(place("/srv"), Place::Outside);
        assert!(view.names_in(b"/").contains(&b"usr".to_vec()));
        assert_eq!(view.names_in(b"/tmp"), [b"stella".to_vec()]);
    }
}
