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
        if is_of_no_file(&path) {
            return true;
        }
        if self.spec.notes_files() {
            match is_of_the_run(&path) {
                // A link that the run has made may lead out of its places: what counts is where it leads.
                true => led_out(pid, &path).into_iter().for_each(|real| self.noted.add(&real, access)),
                false => self.noted.add(&path, access),
            }
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
            Err(Errno::NOENT) => {
                let on_the_way = without.folder_on_the_way(path);
                return on_the_way.or_else(|| {
                    let (folder, real) = last_folder(pid, path)?;
                    without.has_folder(folder.0, folder.1).then_some(real)
                });
            }
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

/// Where `path`, which is of a place of the run, leads out of all of them; of what is not there its last folder with the name behind it.
fn led_out(pid: Pid, path: &[u8]) -> Option<Vec<u8>> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let at = Path::new(OsStr::from_bytes(path));
    let real = match openat2(root_of(pid).ok()?, at, flags, Mode::empty(), ResolveFlags::IN_ROOT) {
        Ok(file) => fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?.into_os_string().into_vec(),
        Err(_) => {
            let (_, mut folder) = last_folder(pid, path)?;
            folder.push(b'/');
            folder.extend(path.rsplit(|byte| *byte == b'/').next()?);
            folder
        }
    };
    (real.starts_with(b"/") && !is_of_the_run(&real) && !is_of_no_file(&real)).then_some(real)
}

/// The last folder on the way of a path that leads to nothing: its device and inode, and its path without links.
fn last_folder(pid: Pid, path: &[u8]) -> Option<((u64, u64), Vec<u8>)> {
    let root = root_of(pid).ok()?;
    let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::DIRECTORY;
    let open = |at: &Path| openat2(&root, at, flags, Mode::empty(), ResolveFlags::IN_ROOT).ok();
    let folder = Path::new(OsStr::from_bytes(path)).ancestors().skip(1).find_map(open)?;
    let found = fstat(&folder).ok()?;
    let real = fs::read_link(format!("/proc/self/fd/{}", folder.as_raw_fd())).ok()?;
    Some(((found.st_dev, found.st_ino), real.into_os_string().into_vec()))
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

/// The path that one through a link of a process means: `/proc/self/fd/3`, `/proc/12/task/13/cwd/a`, `/dev/fd/3`.
fn through_link(pid: Pid, path: &[u8]) -> Option<Vec<u8>> {
    let path = std::str::from_utf8(path).ok()?;
    let stream = ["/dev/stdin", "/dev/stdout", "/dev/stderr"].iter().position(|name| *name == path);
    let path = match (path.strip_prefix("/dev/fd/"), stream) {
        (Some(descriptor), _) => format!("/proc/self/fd/{descriptor}"),
        (None, Some(number)) => format!("/proc/self/fd/{number}"),
        (None, None) => path.to_owned(),
    };
    let mut parts = path.strip_prefix("/proc/")?.split('/').filter(|part| !part.is_empty()).peekable();
    let is_number = |part: &&str| part.parse::<u32>().is_ok();
    // Its own number it may know by another name than we do.
    let mut process = match parts.next()? {
        "self" | "thread-self" => format!("/proc/{pid}"),
        other => format!("/proc/{pid}/root/proc/{}", Some(other).filter(is_number)?),
    };
    if parts.next_if_eq(&"task").is_some() {
        process = format!("{process}/task/{}", parts.next().filter(is_number)?);
    }
    let name = match parts.next()? {
        name @ ("cwd" | "root" | "exe") => name.to_owned(),
        "fd" => format!("fd/{}", parts.next().filter(is_number)?),
        "map_files" => format!("map_files/{}", parts.next()?),
        _ => return None,
    };
    let mut target = fs::read_link(format!("{process}/{name}")).ok()?.into_os_string().into_vec();
    if !target.starts_with(b"/") {
        return None;
    }
    for part in parts {
        if target != b"/" {
            target.push(b'/');
        }
        target.extend(part.as_bytes());
    }
    Some(target)
}

/// Whether a path is of a place in which nothing is of the machine's files.
fn is_of_no_file(path: &[u8]) -> bool {
    !climbs(path) && OF_THE_RUN.iter().any(|place| is_in(path, place))
}

fn is_in(path: &[u8], place: &str) -> bool {
    path.strip_prefix(place.as_bytes()).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
}

fn climbs(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(|part| part == b"..")
}

/// Whether a path is of a place that every run has for itself. One with a step upwards may leave it.
fn is_of_the_run(path: &[u8]) -> bool {
    is_of_no_file(path) || !climbs(path) && is_in(path, ROOT) && !is_in(path, SCANNER.as_str())
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
