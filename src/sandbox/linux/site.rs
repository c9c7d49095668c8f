//! Where a root is built: the files, folders and links that are made there, with the times of the run's clock.
//!
//! A file and a link get theirs when they are made; a folder gets its when all is made, since each entry changes them. So
//! nothing has to be walked through, and nothing that is only mounted there is touched.
//!
//! Paths are relative to the current folder.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, Timestamps, futimens, linkat, lstat, mkdirat, mknodat, openat, utimensat,
};
use rustix::io::{Errno, write};

use crate::sandbox::linux::times;
use crate::sandbox::spec::Clock;

/// A root that is being built.
pub(super) struct Site {
    /// `None` where the clock does not stand.
    times: Option<Timestamps>,
    folders: Vec<String>,
}

impl Site {
    /// In the current folder, which is on a file system of the run's own.
    pub(super) fn new(clock: Clock) -> Self {
        Self { times: times::of(clock), folders: vec![".".to_owned()] }
    }

    /// Writes a file; its folders are made where they are not there.
    pub(super) fn file(&mut self, at: &str, bytes: &[u8]) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        let file = self.in_folders(at, || openat(CWD, at, flags, Mode::from_raw_mode(0o666)))?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = write(&file, rest)?;
            rest = rest.get(written..).unwrap_or_default();
        }
        Ok(self.times.as_ref().map_or(Ok(()), |times| futimens(&file, times))?)
    }

    /// Writes files of text, those that say the same as one file of several names: to make a name takes a third of the time.
    pub(super) fn files<'a>(&mut self, files: impl Iterator<Item = (String, &'a str)>) -> io::Result<()> {
        let mut written: BTreeMap<&str, String> = BTreeMap::new();
        for (at, text) in files {
            match written.get(text) {
                Some(same) => self.in_folders(&at, || linkat(CWD, same, CWD, &at, AtFlags::empty()))?,
                None => {
                    self.file(&at, text.as_bytes())?;
                    written.insert(text, at);
                }
            }
        }
        Ok(())
    }

    /// Makes an empty file for something to be mounted on; one that is there is left as it is.
    pub(super) fn point(&mut self, at: &str) -> io::Result<()> {
        let made = self.in_folders(at, || mknodat(CWD, at, FileType::RegularFile, Mode::from_raw_mode(0o666), 0));
        Ok(made.or_else(there)?)
    }

    /// Makes a folder, and those above it; one that is there is left as it is.
    pub(super) fn folder(&mut self, at: &str) -> io::Result<()> {
        match self.in_folders(at, || mkdirat(CWD, at, Mode::from_raw_mode(0o777))) {
            Ok(()) => {
                self.folders.push(at.to_owned());
                Ok(())
            }
            Err(errno) => Ok(there(errno)?),
        }
    }

    /// Makes a symbolic link.
    pub(super) fn link(&mut self, target: &str, at: &str) -> io::Result<()> {
        self.in_folders(at, || rustix::fs::symlinkat(target, CWD, at))?;
        Ok(self.times.as_ref().map_or(Ok(()), |times| utimensat(CWD, at, times, AtFlags::SYMLINK_NOFOLLOW))?)
    }

    /// Does what makes `at`; once more with the folders above it, which are there nearly always.
    fn in_folders<T>(&mut self, at: &str, make: impl Fn() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
        match (make(), Path::new(at).parent().and_then(Path::to_str)) {
            (Err(Errno::NOENT), Some(above)) if !above.is_empty() => {
                self.folder(above).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
                make()
            }
            (made, _) => made,
        }
    }

    /// Gives every folder that was made its times, as long as it lies on one of the file systems of the folders `own`: what
    /// is mounted over one keeps its own.
    pub(super) fn finish(self, own: &[&str]) -> rustix::io::Result<()> {
        let Some(times) = &self.times else { return Ok(()) };
        let own: Vec<_> = own.iter().map(|at| lstat(*at).map(|found| found.st_dev)).collect::<Result<_, _>>()?;
        for at in &self.folders {
            if own.contains(&lstat(at)?.st_dev) {
                match utimensat(CWD, at, times, AtFlags::SYMLINK_NOFOLLOW) {
                    // Mounted read-only from elsewhere on the site, where it has got them.
                    Ok(()) | Err(Errno::ROFS) => {}
                    Err(errno) => return Err(errno),
                }
            }
        }
        Ok(())
    }
}

/// Nothing is wrong where what was to be made is there.
fn there(errno: Errno) -> rustix::io::Result<()> {
    if errno == Errno::EXIST { Ok(()) } else { Err(errno) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use jiff::Timestamp;

    use super::*;

    /// Paths of tests are absolute: the current folder is that of all tests.
    fn site() -> (tempfile::TempDir, Site, impl Fn(&str) -> String) {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().to_str().unwrap().to_owned();
        let clock = Clock::Frozen(Timestamp::from_second(1_000_000_000).unwrap());
        let site = Site { times: times::of(clock), folders: vec![top.clone()] };
        (folder, site, move |at: &str| format!("{top}/{at}"))
    }

    #[test]
    fn everything_that_is_made_has_the_times_of_the_clock() {
        let (top, mut site, at) = site();
        site.file(&at("a/b/file"), b"text").unwrap();
        site.folder(&at("c/d")).unwrap();
        site.link("nowhere", &at("e/link")).unwrap();
        site.file(&at("c/late"), b"").unwrap();
        site.finish(&[&at("")]).unwrap();
        for made in ["", "a", "a/b", "a/b/file", "c", "c/d", "c/late", "e", "e/link"] {
            let found = fs::symlink_metadata(at(made)).unwrap();
            assert_eq!((found.mtime(), found.atime(), found.mtime_nsec()), (1_000_000_000, 1_000_000_000, 0), "{made}");
        }
        assert_eq!(fs::read(top.path().join("a/b/file")).unwrap(), b"text");
    }

    #[test]
    fn files_that_say_the_same_are_one() {
        let (_top, mut site, at) = site();
        let files = [("a", "1"), ("b/c", "1"), ("b/d", "2")];
        site.files(files.map(|(name, text)| (at(name), text)).into_iter()).unwrap();
        for (name, text) in files {
            assert_eq!(fs::read_to_string(at(name)).unwrap(), text, "{name}");
            assert_eq!(fs::metadata(at(name)).unwrap().mtime(), 1_000_000_000, "{name}");
        }
        let [a, c, d] = files.map(|(name, _)| fs::metadata(at(name)).unwrap().ino());
        assert!(a == c && c != d);
    }

    #[test]
    fn what_is_there_is_left_as_it_is() {
        let (top, mut site, at) = site();
        fs::write(top.path().join("file"), "kept").unwrap();
        fs::create_dir(top.path().join("folder")).unwrap();
        let before = fs::metadata(top.path().join("folder")).unwrap().mtime();
        site.point(&at("file")).unwrap();
        site.folder(&at("folder")).unwrap();
        site.point(&at("new/point")).unwrap();
        site.finish(&[&at("")]).unwrap();
        assert_eq!(fs::read(top.path().join("file")).unwrap(), b"kept");
        assert_eq!(fs::metadata(top.path().join("folder")).unwrap().mtime(), before);
        assert!(top.path().join("new/point").is_file());
        // A file where a folder is to be: whoever needs the folder finds out.
        assert!(site_error(&at("file/below")));
    }

    fn site_error(at: &str) -> bool {
        Site { times: None, folders: Vec::new() }.folder(at).is_err()
    }

    #[test]
    fn what_lies_on_another_file_system_keeps_its_times() {
        let (top, mut site, at) = site();
        site.folder(&at("folder")).unwrap();
        let before = fs::metadata(top.path().join("folder")).unwrap().mtime();
        site.finish(&["/proc"]).unwrap();
        assert_eq!(fs::metadata(top.path().join("folder")).unwrap().mtime(), before);
    }
}
