//! Look-ups as they begin: noted, and held against the files of which the run has no content. Whether a path leads anywhere is
//! not waited for: one stop for each, at its entry.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2};
use rustix::io::Errno;

use crate::model::text::path_bytes;
use crate::sandbox::ending::Reason;
use crate::sandbox::linux::arch::Call;
use crate::sandbox::linux::tracee::{Pid, read_text};
use crate::sandbox::linux::tracer::noted::Access;
use crate::sandbox::linux::tracer::unix::root_of;
use crate::sandbox::linux::tracer::{Tracer, number};
use crate::sandbox::sandbox_path::{ROOT, SCANNER};

/// The longest path that the kernel takes.
const LONGEST: usize = 4096;

/// Where nothing is of the machine's files.
const OF_THE_RUN: [&str; 3] = ["/proc", "/sys", "/dev"];

impl Tracer<'_> {
    /// A call that looks a path up, where that is to be noted or may be of a file without its content. Whether the run goes on.
    pub(super) fn watch(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> bool {
        if !self.spec.watches_files() {
            return true;
        }
        let Some((access, path)) = look_up(pid, call, arguments) else { return true };
        if is_of_the_run(&path) {
            return true;
        }
        if self.spec.notes_files() {
            self.noted.add(&path, access);
        }
        if let Some(name) = self.lacking_at(pid, access, &path) {
            self.lacking = Some(path_bytes::to_text(&name));
            self.end(Reason::ContentMissing);
            return false;
        }
        true
    }

    /// What is not known and `path` leads to or through: a file that is to be read without its content, a folder in which something is
    /// looked for.
    fn lacking_at(&mut self, pid: Pid, access: Access, path: &[u8]) -> Option<Vec<u8>> {
        let without = self.without_content.as_mut()?;
        let root = root_of(pid).ok()?;
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let opened = openat2(root, Path::new(OsStr::from_bytes(path)), flags, Mode::empty(), ResolveFlags::IN_ROOT);
        let file = match opened {
            Ok(file) => file,
            Err(Errno::NOENT) => return without.folder_on_the_way(path),
            Err(_) => return None,
        };
        let found = fstat(&file).ok()?;
        let is_lacking = match (FileType::from_raw_mode(found.st_mode), access) {
            (FileType::RegularFile, Access::Open | Access::Execute) => without.has_file(found.st_dev, found.st_ino),
            (FileType::Directory, Access::List) => without.has_folder(found.st_dev, found.st_ino),
            _ => false,
        };
        // As the program's own root has it, without links on the way.
        let real = || fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok();
        is_lacking.then(|| real().map_or_else(|| path.to_vec(), |real| real.into_os_string().into_vec()))
    }
}

/// What a call looks up and why; the path from the root on.
fn look_up(pid: Pid, call: Call, arguments: &[u64; 6]) -> Option<(Access, Vec<u8>)> {
    const HERE: u64 = (libc::AT_FDCWD as u32) as u64;
    let [first, second, third, ..] = *arguments;
    let (access, folder, address) = match call {
        Call::Execve => (Access::Execute, HERE, first),
        Call::Execveat => (Access::Execute, first, second),
        Call::Open => (opening(second), HERE, first),
        Call::Openat => (opening(third), first, second),
        Call::Access | Call::Chdir | Call::Lstat | Call::Readlink | Call::Stat => (Access::LookAt, HERE, first),
        Call::Faccessat | Call::Faccessat2 | Call::Newfstatat | Call::Readlinkat | Call::Statx => {
            (Access::LookAt, first, second)
        }
        Call::Getdents64 => return Some((Access::List, link(pid, &format!("fd/{}", number(first)))?)),
        _ => return None,
    };
    let path = read_text(pid, address, LONGEST)?;
    if path.is_empty() {
        // The open file itself: no name is looked up, unless it is to be executed.
        return (access == Access::Execute)
            .then(|| link(pid, &format!("fd/{}", number(folder))))
            .flatten()
            .map(|path| (access, path));
    }
    if path.starts_with(b"/") {
        return Some((access, through_link(pid, &path).unwrap_or(path)));
    }
    let folder =
        if number(folder) == libc::AT_FDCWD { link(pid, "cwd") } else { link(pid, &format!("fd/{}", number(folder))) };
    let mut whole = folder?;
    if whole != b"/" {
        whole.push(b'/');
    }
    whole.extend(path);
    Some((access, whole))
}

/// Whether what is opened with these flags can be read.
fn opening(flags: u64) -> Access {
    let flags = number(flags);
    if flags & libc::O_PATH != 0 || flags & libc::O_ACCMODE != libc::O_RDONLY { Access::LookAt } else { Access::Open }
}

/// Where a link of `/proc` leads to, as a path from the root on.
fn link(pid: Pid, name: &str) -> Option<Vec<u8>> {
    let target = fs::read_link(format!("/proc/{pid}/{name}")).ok()?.into_os_string().into_vec();
    target.starts_with(b"/").then_some(target)
}

/// The path that one through a link of `/proc/self` means.
fn through_link(pid: Pid, path: &[u8]) -> Option<Vec<u8>> {
    let rest = path.strip_prefix(b"/proc/self/").or_else(|| path.strip_prefix(b"/proc/thread-self/"))?;
    let mut parts = rest.splitn(3, |byte| *byte == b'/');
    let (name, below) = match (parts.next()?, parts.next()) {
        (b"fd", Some(descriptor)) => {
            (format!("fd/{}", std::str::from_utf8(descriptor).ok()?.parse::<u32>().ok()?), parts.next())
        }
        (b"cwd", Some(below)) => ("cwd".to_owned(), Some(below)),
        (b"root", Some(below)) => ("root".to_owned(), Some(below)),
        (b"exe", None) => ("exe".to_owned(), None),
        _ => return None,
    };
    let mut target = link(pid, &name)?;
    // Of `cwd` and `root` all that comes after them lies below.
    let below = if matches!(name.as_str(), "cwd" | "root") {
        rest.split_at_checked(name.len() + 1).map(|(_, below)| below)
    } else {
        below
    };
    if let Some(below) = below {
        if target != b"/" {
            target.push(b'/');
        }
        target.extend(below);
    }
    Some(target)
}

/// Whether a path is of a place that every run has for itself. One with a step upwards may leave it.
fn is_of_the_run(path: &[u8]) -> bool {
    let is_in =
        |place: &str| path.strip_prefix(place.as_bytes()).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')));
    let climbs = path.split(|byte| *byte == b'/').any(|part| part == b"..");
    !climbs && (OF_THE_RUN.iter().any(|place| is_in(place)) || is_in(ROOT) && !is_in(SCANNER.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_has_for_itself_is_not_noted() {
        for path in
            ["/proc/self/maps", "/dev/null", "/sys", "/tmp/stella", "/tmp/stella/input/a", "/tmp/stella/scanners"]
        {
            assert!(is_of_the_run(path.as_bytes()), "{path}");
        }
        for path in
            ["/usr/lib", "/processes", "/tmp/stella/scanner/tool", "/tmp/stella/input/../../../usr", "/tmp/other", "/"]
        {
            assert!(!is_of_the_run(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn what_is_opened_to_be_written_or_to_be_named_is_not_read() {
        let of = |flags: i32| opening(u64::from(flags.cast_unsigned()));
        assert_eq!((of(libc::O_RDONLY), of(libc::O_RDONLY | libc::O_CREAT)), (Access::Open, Access::Open));
        for flags in [libc::O_WRONLY, libc::O_RDWR, libc::O_PATH] {
            assert_eq!(of(flags), Access::LookAt);
        }
    }

    #[test]
    fn a_link_of_the_process_means_what_it_leads_to() {
        let own = i32::try_from(std::process::id()).unwrap();
        let means = |path: &str| through_link(own, path.as_bytes()).map(|path| String::from_utf8(path).unwrap());
        let here = std::env::current_dir().unwrap().display().to_string();
        assert_eq!(means("/proc/self/cwd/a/b"), Some(format!("{here}/a/b")));
        assert_eq!(means("/proc/self/root/usr"), Some("/usr".to_owned()));
        assert_eq!(means("/proc/self/exe"), std::env::current_exe().ok().map(|exe| exe.display().to_string()));
        assert_eq!((means("/proc/self/maps"), means("/proc/self/fd/x"), means("/usr")), (None, None, None));
    }
}
