//! Sockets and named pipes in folders of the machine that are shown: through them a program would talk to processes
//! outside, whatever keeps the network away, and read-only mounts do not hinder it.
//!
//! Where the run has a file system of its own they are covered. Elsewhere they are found and said. One that is made while
//! the program runs is not found: of sockets the tracer refuses it, where there is one.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, fstat, openat, statat};

use crate::model::result::Isolation;
use crate::sandbox::linux::proc;
use crate::sandbox::sandbox_path::SYSTEM_ROOTS;
use crate::sandbox::spec::{Mount, Network, SandboxSpec};

/// The most that are covered: whoever shows more than this shows the wrong folder.
pub(super) const MOST: usize = 1_000;

/// Bytes of a list of names that are taken at a time.
const LISTED: usize = 32 << 10;

/// What leads out of a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Special {
    /// Below the folder; empty for the folder itself, where it is none.
    pub(super) sockets: Vec<PathBuf>,
    pub(super) pipes: Vec<PathBuf>,
    /// Whether there was a folder that could not be looked into.
    pub(super) partly: bool,
}

impl Special {
    /// Those that a program with this network is to be kept from.
    pub(super) fn to_cover(&self, network: Network) -> impl Iterator<Item = &Path> {
        let sockets = self.sockets.iter().filter(move |_| network == Network::Denied);
        sockets.chain(&self.pipes).map(PathBuf::as_path)
    }
}

/// Every socket and named pipe at `top` and below; links are not followed.
pub(super) fn find(top: BorrowedFd<'_>) -> Special {
    let mut special = Special::default();
    let kind = fstat(top).map(|found| FileType::from_raw_mode(found.st_mode));
    match kind {
        Ok(FileType::Directory) => {}
        Ok(kind) => {
            special.add(kind, PathBuf::new());
            return special;
        }
        Err(_) => {
            special.partly = true;
            return special;
        }
    }
    let (mut folders, mut buffer) = (vec![PathBuf::new()], Vec::with_capacity(LISTED));
    while let Some(folder) = folders.pop() {
        if special.look_into(top, &folder, &mut folders, &mut buffer).is_err() {
            special.partly = true;
        }
    }
    special.sockets.sort();
    special.pipes.sort();
    special
}

impl Special {
    fn add(&mut self, kind: FileType, path: PathBuf) {
        match kind {
            FileType::Socket => self.sockets.push(path),
            FileType::Fifo => self.pipes.push(path),
            _ => {}
        }
    }

    /// Its list comes into `buffer`, which is for all folders: there are thousands.
    fn look_into(
        &mut self,
        top: BorrowedFd<'_>,
        folder: &Path,
        folders: &mut Vec<PathBuf>,
        buffer: &mut Vec<u8>,
    ) -> rustix::io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let at = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let opened = openat(top, at, flags, Mode::empty())?;
        let mut entries = RawDir::new(&opened, buffer.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let kind = match entry.file_type() {
                // Not every file system says so in its listing.
                FileType::Unknown => match statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(found) => FileType::from_raw_mode(found.st_mode),
                    Err(_) => continue,
                },
                kind => kind,
            };
            let path = || folder.join(std::ffi::OsStr::from_bytes(name.to_bytes()));
            match kind {
                FileType::Directory => folders.push(path()),
                FileType::Socket | FileType::Fifo => self.add(kind, path()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What of the folders that `spec` shows leads out at a level that shows them at their own place.
pub(super) fn declared(spec: &SandboxSpec, level: Isolation) -> Vec<String> {
    let shown = spec.roots.iter().chain(&spec.writable_roots).map(|root| Path::new(root.as_str()));
    let (mut found, mut partly) = (Vec::new(), Vec::new());
    for place in shown.chain(spec.mounts.iter().map(Mount::host)) {
        let Ok(top) = openat(CWD, place, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) else { continue };
        let special = find(top.as_fd());
        // The tracer refuses every socket outside the run's own folders.
        let sockets = special.sockets.iter().filter(|_| level == Isolation::None);
        found.extend(sockets.chain(&special.pipes).map(|path| place.join(path)));
        partly.extend(special.partly.then(|| place.to_owned()));
    }
    in_words(&found, &partly)
}

/// As they stand in `lost`.
pub(super) fn in_words(found: &[PathBuf], partly: &[PathBuf]) -> Vec<String> {
    let found = found.first().map(|first| {
        let count = found.len();
        format!(
            "sockets and pipes: {count} in the folders that are shown lead to other processes, such as `{}`",
            first.display()
        )
    });
    let partly = partly.first().map(|first| {
        format!("sockets and pipes: not all of `{}` could be looked through for some that lead out", first.display())
    });
    found.into_iter().chain(partly).collect()
}

/// Sockets that somebody listens on in the machine's system folders, which are too large to be looked through: as far as
/// the kernel names them.
pub(super) fn in_system_folders() -> Vec<PathBuf> {
    let table = proc::text("/proc/net/unix").unwrap_or_default();
    of_table(&table)
}

fn of_table(table: &str) -> Vec<PathBuf> {
    // The path is the eighth column, and may hold blanks.
    let path = |line: &str| {
        let mut rest = line;
        for _ in 0..7 {
            rest = rest.trim_start();
            rest = rest.get(rest.find(' ')?..)?;
        }
        Some(PathBuf::from(rest.get(1..)?))
    };
    let below = |path: &PathBuf| SYSTEM_ROOTS.iter().any(|root| path.starts_with(root));
    table.lines().skip(1).filter_map(path).filter(below).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn sockets_and_pipes_are_found_wherever_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("file"), "").unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(deep.join("socket")).unwrap();
        rustix::fs::mkfifoat(CWD, folder.path().join("pipe"), Mode::RWXU).unwrap();
        std::os::unix::fs::symlink(deep.join("socket"), folder.path().join("link")).unwrap();
        let open = |path: &Path| openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let special = find(open(folder.path()).as_fd());
        let expected = Special { sockets: vec!["a/b/socket".into()], pipes: vec!["pipe".into()], partly: false };
        assert_eq!(special, expected);
        assert_eq!(special.to_cover(Network::Denied).count(), 2);
        assert_eq!(special.to_cover(Network::Allowed).count(), 1);
        assert_eq!(find(open(&deep.join("socket")).as_fd()).sockets, [PathBuf::new()]);
        assert_eq!(find(open(&deep.join("file")).as_fd()), Special::default());
    }

    #[test]
    fn the_kernels_table_is_read() {
        let table = "Num       RefCount Protocol Flags    Type St Inode Path\n\
                     0000000000000000: 00000002 00000000 00010000 0001 01 16 /opt/x y/s\n\
                     0000000000000000: 00000003 00000000 00000000 0001 03 17\n\
                     0000000000000000: 00000002 00000000 00010000 0001 01 18 @abstract\n\
                     0000000000000000: 00000002 00000000 00010000 0001 01 19 /run/s\n";
        assert_eq!(of_table(table), [PathBuf::from("/opt/x y/s")]);
    }

    #[test]
    fn what_leads_out_is_said_by_name() {
        assert_eq!(in_words(&[], &[]), [] as [String; 0]);
        let said = in_words(&["/a/s".into(), "/a/t".into()], &["/b".into()]);
        assert!(said[0].contains("2 in the folders") && said[0].contains("`/a/s`"), "{said:?}");
        assert!(said[1].contains("`/b`"), "{said:?}");
    }
}
