//! What an unpacked closure lacks: files of which there is no content, and folders of which nothing is known, by their inodes.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The longest list that is read, in bytes.
const LONGEST: u64 = 64 << 20;
/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;
/// The most paths that are remembered to lead nowhere.
const MOST_REMEMBERED: usize = 100_000;

/// Inodes of the file system of one folder.
#[derive(Debug)]
pub(super) struct WithoutContent {
    root: PathBuf,
    device: u64,
    files: BTreeSet<u64>,
    folders: BTreeSet<u64>,
    /// Paths that lead nowhere, as the recorded run knew too.
    nowhere: HashSet<Vec<u8>>,
}

impl WithoutContent {
    /// Reads the list of `root`: in each line what it is, and its inode.
    pub(super) fn read(root: &Path, list: &Path) -> io::Result<Self> {
        let device = fs::metadata(root)?.dev();
        let mut text = String::new();
        File::open(list)?.take(LONGEST + 1).read_to_string(&mut text)?;
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        if text.len() as u64 > LONGEST {
            return Err(invalid());
        }
        let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
        for line in text.lines() {
            let (kind, inode) = line.split_once(' ').ok_or_else(invalid)?;
            let inodes = match kind {
                "file" => &mut files,
                "folder" => &mut folders,
                _ => return Err(invalid()),
            };
            inodes.insert(inode.parse().map_err(|_| invalid())?);
        }
        Ok(Self { root: root.to_owned(), device, files, folders, nowhere: HashSet::new() })
    }

    /// Whether this is a file without its content.
    pub(super) fn has_file(&self, device: u64, inode: u64) -> bool {
        device == self.device && self.files.contains(&inode)
    }

    /// Whether this is a folder of which nothing is known.
    pub(super) fn has_folder(&self, device: u64, inode: u64) -> bool {
        device == self.device && self.folders.contains(&inode)
    }

    /// The folder of which nothing is known on the way of a path that leads nowhere; `None` where the recorded run knew that.
    pub(super) fn folder_on_the_way(&mut self, path: &[u8]) -> Option<Vec<u8>> {
        if self.nowhere.contains(path) {
            return None;
        }
        let found = self.walk(path);
        if found.is_none() && self.nowhere.len() < MOST_REMEMBERED {
            self.nowhere.insert(path.to_vec());
        }
        found
    }

    fn walk(&self, path: &[u8]) -> Option<Vec<u8>> {
        let mut at: Vec<u8> = Vec::new();
        let mut pending: Vec<Vec<u8>> = path.split(|byte| *byte == b'/').rev().map(<[u8]>::to_vec).collect();
        let (mut links, mut is_unknown) = (0, false);
        while let Some(name) = pending.pop() {
            match name.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    at.truncate(at.iter().rposition(|byte| *byte == b'/').unwrap_or(0));
                    is_unknown = false;
                    continue;
                }
                _ if is_unknown => return Some(at),
                _ => {}
            }
            let before = at.len();
            at.push(b'/');
            at.extend(&name);
            let host = self.root.join(OsStr::from_bytes(at.get(1..).unwrap_or_default()));
            // What is not there may be of the run's own: a step upwards leaves it again.
            let Ok(found) = fs::symlink_metadata(&host) else { continue };
            is_unknown = found.is_dir() && self.has_folder(found.dev(), found.ino());
            if found.is_symlink() {
                links += 1;
                if links > MOST_LINKS {
                    return None;
                }
                let target = fs::read_link(&host).ok()?.into_os_string().into_vec();
                pending.extend(target.rsplit(|byte| *byte == b'/').map(<[u8]>::to_vec));
                at.truncate(if target.starts_with(b"/") { 0 } else { before });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_list_is_read_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list");
        let read = |text: &str| {
            fs::write(&list, text).unwrap();
            WithoutContent::read(folder.path(), &list)
        };
        let device = fs::metadata(folder.path()).unwrap().dev();
        let two = read("file 7\nfolder 9\n").unwrap();
        assert_eq!(
            (two.has_file(device, 7), two.has_file(device, 9), two.has_file(device + 1, 7)),
            (true, false, false)
        );
        assert_eq!((two.has_folder(device, 9), two.has_folder(device, 7)), (true, false));
        assert!(!read("").unwrap().has_file(device, 0));
        for text in ["x\n", "7\n", "file -1\n", "link 7\n", "file 7 9\n", "\n"] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_path_through_a_folder_of_which_nothing_is_known_is_told_from_one_that_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("usr/known")).unwrap();
        fs::create_dir(root.join("usr/unknown")).unwrap();
        symlink("/usr/unknown", root.join("usr/known/link")).unwrap();
        symlink("loop", root.join("usr/known/loop")).unwrap();
        let inode = fs::metadata(root.join("usr/unknown")).unwrap().ino();
        let list = folder.path().join("list");
        fs::write(&list, format!("folder {inode}\n")).unwrap();
        let mut without = WithoutContent::read(&root, &list).unwrap();
        let mut told =
            |path: &str| without.folder_on_the_way(path.as_bytes()).map(|path| String::from_utf8(path).unwrap());
        for path in [
            "/usr/unknown/x",
            "/usr/unknown/x/y",
            "/usr/known/link/x",
            "/usr/known/../unknown/./x",
            "/tmp/stella/input/../../../usr/unknown/x",
        ] {
            assert_eq!(told(path).as_deref(), Some("/usr/unknown"), "{path}");
        }
        for path in [
            "/usr/known/x",
            "/usr/unknown",
            "/usr/unknown/../known/x",
            "/nowhere/x",
            "/usr/known/loop/x",
            "/usr/known/x",
        ] {
            assert_eq!(told(path), None, "{path}");
        }
    }
}
