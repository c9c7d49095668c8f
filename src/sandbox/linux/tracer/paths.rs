//! Look-ups of paths that are not in the sandbox: always those of programs, of working directories and of files that
//! are to be made; the rest only where the spec asks for it, since each then costs a stop, or two.

use std::fs;
use std::path::Path;

use crate::sandbox::linux::arch::Call;
use crate::sandbox::linux::tracee::{Pid, Resume, read_text};
use crate::sandbox::linux::tracer::task::AtExit;
use crate::sandbox::linux::tracer::{Tracer, Walls};
use crate::sandbox::looked_for;
use crate::sandbox::sandbox_path::ROOT;
use crate::sandbox::spec::{Paths, SystemRoots};

/// The longest path that the kernel takes.
const LONGEST: usize = 4096;

/// Folders that every run has for itself: that the machine has something there says nothing.
const OF_THE_RUN: [&str; 4] = ["/tmp", "/var/tmp", "/dev/shm", "/proc"];

const CREATE: &str = "create";
const OPEN: &str = "open";
const LOOK_UP: &str = "look up";

impl Tracer<'_> {
    /// Notes that the path of a call is to be looked at when the call has failed.
    pub(super) fn look_up(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        const O_CREAT: u64 = libc::O_CREAT as u64;
        let [first, second, third, ..] = *arguments;
        let (address, attempt) = match call {
            Call::Execve => (first, "execute"),
            Call::Execveat => (second, "execute"),
            Call::Chdir => (first, "enter"),
            Call::Open if second & O_CREAT != 0 => (first, CREATE),
            Call::Openat if third & O_CREAT != 0 => (second, CREATE),
            Call::Open => (first, OPEN),
            Call::Openat => (second, OPEN),
            Call::Access | Call::Lstat | Call::Readlink | Call::Stat => (first, LOOK_UP),
            _ => (second, LOOK_UP),
        };
        let path = read_text(pid, address, LONGEST).and_then(|bytes| String::from_utf8(bytes).ok());
        match path.map(|path| self.as_in_a_root(path)) {
            Some(path) if self.tells(&path, attempt) => self.at_exit(pid, AtExit::LookedUp { path, attempt }),
            _ => Resume::Run,
        }
    }

    /// What lies in the private folder of a run that has no root of its own, at the place where it would lie in one.
    fn as_in_a_root(&self, path: String) -> String {
        let private = self.private.as_deref().filter(|_| self.spec.paths == Paths::Telling);
        match private.and_then(|private| Path::new(&path).strip_prefix(private).ok()) {
            Some(below) => Path::new(ROOT).join(below).display().to_string(),
            None => path,
        }
    }

    /// Whether it is of interest that the path is not there.
    fn tells(&self, path: &str, attempt: &'static str) -> bool {
        let is_rare = !matches!(attempt, OPEN | LOOK_UP);
        match self.spec.paths {
            Paths::Telling if !is_rare => looked_for::purpose(path, &self.given).is_some(),
            // Asked about for another reason.
            Paths::Rare if !is_rare => false,
            // A relative path is looked up where the program is, which is in the sandbox.
            Paths::Rare | Paths::Telling | Paths::Every => path.starts_with('/'),
        }
    }

    /// Notes the path if it was not there.
    pub(super) fn looked_up(&mut self, pid: Pid, path: &str, attempt: &'static str, result: i64) {
        const ENOENT: i64 = libc::ENOENT as i64;
        const ENOTDIR: i64 = libc::ENOTDIR as i64;
        if !matches!(-result, ENOENT | ENOTDIR) {
            return;
        }
        let Some(executable) = self.tasks.get(&pid).map(super::task::Task::executable) else { return };
        // What a closure lacks its recording lacked too, whatever this machine has.
        let is_of_machine = self.walls == Walls::Namespaces && !matches!(self.spec.system, SystemRoots::Closure { .. });
        self.observed.missing(path, attempt, executable, || is_of_machine && on_machine(path, attempt));
    }
}

/// Whether the machine has what the sandbox lacks.
fn on_machine(path: &str, attempt: &str) -> bool {
    let path = Path::new(path);
    if OF_THE_RUN.iter().any(|own| path.starts_with(own)) {
        return false;
    }
    // What is to be made needs its folder.
    let wanted = if attempt == CREATE { path.parent().unwrap_or(path) } else { path };
    fs::symlink_metadata(wanted).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_run_has_for_itself_is_not_missed() {
        assert!(on_machine("/usr/bin", "look up"));
        assert!(on_machine("/usr/bin/not-there", CREATE));
        assert!(!on_machine("/usr/bin/not-there", "open"));
        assert!(!on_machine("/tmp", "open"));
        assert!(!on_machine("/proc/self", "open"));
    }
}
