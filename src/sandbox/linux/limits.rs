//! What a whole run uses, sampled: memory, bytes written to disk, processes.
//!
//! A control group counts all memory. Where none can be had, it is summed up: what processes have for themselves, the
//! private file systems, shared memory of System V, and files in memory that are open. What then counts as nothing is
//! named in the run's `lost`: memory of the kernel (pipes, sockets), and a file in memory that is only on its way from
//! one process to another.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::sandbox::ending::Reason;
use crate::sandbox::linux::group::Group;
use crate::sandbox::linux::tracee::Pid;
use crate::sandbox::spec::Limits;

/// Looks at the processes of a run.
#[derive(Debug)]
pub(super) struct Sampler {
    limits: Limits,
    group: Option<Group>,
    entered: bool,
    files: Files,
}

/// Which part of its limit a run may use before the kernel counts.
const NEAR: u64 = 4;

/// What was found at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sample {
    /// Bytes of all processes together, and of what they hold in memory beside that.
    pub(super) memory: u64,
    /// Threads of all processes together.
    pub(super) processes: u64,
    /// The limit that is not kept.
    pub(super) exceeded: Option<Reason>,
}

/// What one process uses.
#[derive(Debug, Default, PartialEq, Eq)]
struct Usage {
    /// Of its own, in memory or swapped out.
    own: u64,
    /// Mapped of what others can have mapped too.
    shared: u64,
    threads: u64,
}

/// Files in memory that processes have open, mapped or not; to look at all of them takes a while, so it is not done at
/// every look.
#[derive(Debug, Default)]
struct Files {
    bytes: u64,
    next: Option<Instant>,
}

impl Sampler {
    /// Without a group, files in memory are looked for.
    pub(super) fn new(limits: Limits, group: Option<Group>) -> Self {
        Self { limits, group, entered: false, files: Files::default() }
    }

    /// Looks at `pids` in the `/proc` at `proc`; threads among them are counted with their process. `shared` are bytes
    /// that belong to no process.
    pub(super) fn sample(&mut self, proc: &Path, pids: impl Iterator<Item = Pid> + Clone, shared: u64) -> Sample {
        let mut sample = Sample::default();
        let (mut written, mut own, mut mapped): (u64, u64, u64) = (0, 0, 0);
        let mut processes = Vec::new();
        for pid in pids.clone() {
            let folder = proc.join(pid.to_string());
            let Some(usage) = read(&folder.join("status")).and_then(|text| usage(&text, pid)) else { continue };
            own = own.saturating_add(usage.own);
            mapped = mapped.saturating_add(usage.shared);
            sample.processes = sample.processes.saturating_add(usage.threads);
            // Absent where the kernel does not account for it.
            written = written.saturating_add(read(&folder.join("io")).map_or(0, |text| written_by(&text)));
            processes.push(folder);
        }
        let unnamed = if self.entered { 0 } else { self.files.look(&processes) };
        // What is mapped may be of these.
        sample.memory = own.saturating_add(mapped.max(shared.saturating_add(unnamed)));
        if self.entered || unnamed > 0 || sample.memory > self.limits.memory_bytes / NEAR {
            self.enter_group(pids);
        }
        let mut killed = false;
        if let Some(group) = &self.group {
            sample.memory = sample.memory.max(group.memory());
            killed = group.is_exceeded();
        }
        if killed {
            // The kernel was faster than this look: it held all that it may.
            sample.memory = sample.memory.max(self.limits.memory_bytes);
        }
        let limits = [
            (killed || sample.memory > self.limits.memory_bytes, Reason::OutOfMemory),
            (written > self.limits.file_bytes, Reason::OutputTooLarge),
            (sample.processes > self.limits.processes.into(), Reason::TooManyProcesses),
        ];
        sample.exceeded = limits.into_iter().find_map(|(exceeded, reason)| exceeded.then_some(reason));
        sample
    }

    pub(super) fn has_group(&self) -> bool {
        self.group.is_some()
    }

    /// From now on the kernel counts, where there is a group: for who may need it, since to enter it takes a while.
    pub(super) fn enter_group(&mut self, pids: impl Iterator<Item = Pid>) {
        if let Some(group) = &mut self.group {
            group.enter(pids);
            self.entered = true;
        }
    }

    /// The limit on memory, where the kernel has ended a process that wanted more.
    pub(super) fn memory_exceeded(&self) -> Option<u64> {
        self.group.as_ref().is_some_and(Group::is_exceeded).then_some(self.limits.memory_bytes)
    }

    /// The group, to be removed when the last process is gone.
    pub(super) fn into_group(self) -> Option<Group> {
        self.group
    }
}

impl Files {
    /// Bytes of all such files that `processes`, by their folders in `/proc`, have open.
    fn look(&mut self, processes: &[PathBuf]) -> u64 {
        /// How much of the time may go into it: one part of so many.
        const SHARE: u32 = 10;
        let now = Instant::now();
        if self.next.is_some_and(|next| now < next) {
            return self.bytes;
        }
        let mut seen = BTreeSet::new();
        self.bytes = 0;
        for process in processes {
            for open in fs::read_dir(process.join("fd")).into_iter().flatten().flatten() {
                let target = fs::read_link(open.path()).unwrap_or_default();
                let target = target.as_os_str().as_encoded_bytes();
                if !NAMELESS.iter().any(|name| target.starts_with(name.as_bytes())) {
                    continue;
                }
                let Ok(found) = fs::metadata(open.path()) else { continue };
                if seen.insert((found.dev(), found.ino())) {
                    self.bytes = self.bytes.saturating_add(found.blocks().saturating_mul(512));
                }
            }
        }
        self.next = Some(Instant::now() + now.elapsed() * SHARE);
        self.bytes
    }
}

/// How `/proc` names files that are memory: of `memfd_create` and of `memfd_secret`.
const NAMELESS: [&str; 2] = ["/memfd:", "/secretmem"];

/// A small file of `/proc`, as far as it is small.
fn read(path: &Path) -> Option<String> {
    let mut text = Vec::new();
    File::open(path).ok()?.take(8192).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// Memory of its own and threads of process `pid`; `None` where it is a thread.
fn usage(status: &str, pid: Pid) -> Option<Usage> {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
    };
    if field("Tgid") != u64::try_from(pid).ok() {
        return None;
    }
    // What is mapped from files is shared with the machine.
    let kibibytes = |name| field(name).unwrap_or(0).saturating_mul(1024);
    let own = kibibytes("RssAnon").saturating_add(kibibytes("VmSwap"));
    Some(Usage { own, shared: kibibytes("RssShmem"), threads: field("Threads").unwrap_or(1) })
}

/// Bytes that a process and its children that have ended have caused to be written to a disk.
fn written_by(io: &str) -> u64 {
    let field = |name: &str| {
        let line = io.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    field("write_bytes").saturating_sub(field("cancelled_write_bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\ta\nTgid:\t12\nPid:\t12\nRssAnon:\t  100 kB\nRssFile:\t 999 kB\nRssShmem:\t   20 kB\nVmSwap:\t  40 kB\nThreads:\t3\n";

    #[test]
    fn only_memory_of_its_own_counts_and_threads_not_twice() {
        assert_eq!(usage(STATUS, 12), Some(Usage { own: 140 * 1024, shared: 20 * 1024, threads: 3 }));
        assert_eq!(usage(STATUS, 13), None);
        assert_eq!(usage("", 13), None);
        assert_eq!(written_by("wchar: 9\nwrite_bytes: 4096\ncancelled_write_bytes: 96\n"), 4000);
    }

    #[test]
    fn files_in_memory_count_once_however_often_they_are_open() {
        let memory = rustix::fs::memfd_create("test", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        let mut file = File::from(memory);
        std::io::Write::write_all(&mut file, &vec![1; 1 << 20]).unwrap();
        let _again = file.try_clone().unwrap();
        let looked = Files::default().look(&[PathBuf::from("/proc/self"), PathBuf::from("/proc/self")]);
        // Other tests of this process have files of their own.
        assert!((1 << 20..2 << 20).contains(&looked), "{looked}");
    }

    #[test]
    fn the_sum_is_what_is_limited() {
        let proc = tempfile::tempdir().unwrap();
        for pid in [12, 13] {
            let folder = proc.path().join(pid.to_string());
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("status"), STATUS.replace("12", &pid.to_string())).unwrap();
        }
        let sample = |memory_bytes, processes, shared| {
            let limits = Limits { memory_bytes, processes, ..Limits::default() };
            Sampler::new(limits, None).sample(proc.path(), [12, 13, 14].into_iter(), shared).exceeded
        };
        assert_eq!(sample(320 * 1024, 6, 0), None);
        assert_eq!(sample(320 * 1024 - 1, 6, 0), Some(Reason::OutOfMemory));
        assert_eq!(sample(320 * 1024, 5, 0), Some(Reason::TooManyProcesses));
        // What is mapped is taken for a part of what belongs to nobody.
        assert_eq!(sample(320 * 1024, 6, 40 * 1024), None);
        assert_eq!(sample(320 * 1024, 6, 40 * 1024 + 1), Some(Reason::OutOfMemory));
    }
}
