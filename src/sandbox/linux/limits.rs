//! What a whole run uses, sampled: memory, bytes written to disk, processes.
//!
//! A control group counts all memory. Where none can be had, it is summed up: what processes have for themselves with the
//! tables of their pages, the private file systems, shared memory and messages of System V, and files in memory that are
//! open. What then counts as nothing is named in the run's `lost`: other memory of the kernel (pipes, sockets, …), and a
//! file in memory that is only on its way from one process to another.

use std::collections::{BTreeSet, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{fs, io};

use crate::sandbox::ending::Reason;
use crate::sandbox::linux::group::Group;
use crate::sandbox::linux::tracee::Pid;
use crate::sandbox::linux::{kernel_counts, proc};
use crate::sandbox::spec::Limits;

/// The step that fails where limits cannot be watched.
pub(super) const UNSEEN: &str = "look at the processes of the run, for its limits";

/// Looks at the processes of a run.
#[derive(Debug)]
pub(super) struct Sampler {
    limits: Limits,
    group: Option<Group>,
    files: Files,
    written: Written,
}

/// Bytes that a run has caused to be written to a disk, also by who is no more.
///
/// The kernel gives a process what those have written that it has waited for, and nobody where nobody waits, or not yet. So
/// where each thread stops before it ends, threads are counted one by one, and nobody twice.
#[derive(Debug)]
enum Written {
    /// What has ended, who of them is still to be waited for, and processes of which a thread has ended unseen: those count
    /// as the kernel sums them up, too.
    ByThread { of_ended: u64, ending: HashSet<Pid>, unsure: HashSet<Pid> },
    /// As the kernel sums it up.
    ByProcess,
}

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
#[derive(Debug, PartialEq, Eq)]
struct Usage {
    /// `None` where its first thread has ended.
    memory: Option<Memory>,
    threads: u64,
}

/// Bytes of a process.
#[derive(Debug, Default, PartialEq, Eq)]
struct Memory {
    /// Of its own, in memory or swapped out, and the tables that say where.
    own: u64,
    /// Mapped of what others can have mapped too.
    shared: u64,
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
        Self { limits, group, files: Files::default(), written: Written::ByProcess }
    }

    /// Counts what is written by thread: for who says of each when it is about to end.
    pub(super) fn by_thread(self) -> Self {
        Self { written: Written::ByThread { of_ended: 0, ending: HashSet::new(), unsure: HashSet::new() }, ..self }
    }

    /// A thread is about to end.
    pub(super) fn is_ending(&mut self, pid: Pid) {
        if let Written::ByThread { of_ended, ending, .. } = &mut self.written {
            let io = proc::of_process(&PathBuf::from(format!("/proc/{pid}/task/{pid}/io")));
            if let Ok(Some(io)) = io {
                *of_ended = of_ended.saturating_add(written_by(&io));
                ending.insert(pid);
            }
        }
    }

    /// A thread has executed a program and taken this number, whose former owner has ended and is waited for by nobody.
    pub(super) fn has_executed(&mut self, pid: Pid) {
        if let Written::ByThread { ending, .. } = &mut self.written {
            ending.remove(&pid);
        }
    }

    /// A thread of `process` has ended; `written` is by that process, if it is its first one, and all that it has waited for.
    pub(super) fn is_gone(&mut self, pid: Pid, process: Pid, written: u64) {
        let Written::ByThread { of_ended, ending, unsure } = &mut self.written else { return };
        let seen = ending.remove(&pid);
        if pid == process {
            // One that was killed may not stop before.
            if unsure.remove(&pid) || !seen {
                *of_ended = of_ended.saturating_add(written);
            }
        } else if !seen {
            unsure.insert(process);
        }
    }

    /// Looks at `pids` in the `/proc` at `proc`; threads among them are counted with their process. `shared` are bytes
    /// that belong to no process.
    ///
    /// # Errors
    /// Where a process that is there cannot be looked at, as without a descriptor for it: what it uses would count as nothing.
    pub(super) fn sample(&mut self, proc: &Path, pids: impl Iterator<Item = Pid>, shared: u64) -> io::Result<Sample> {
        let mut sample = Sample::default();
        let mut written = match &self.written {
            Written::ByThread { of_ended, .. } => *of_ended,
            // Whoever takes in orphans is given what they have written.
            Written::ByProcess => kernel_counts::written_by_children(),
        };
        let (mut own, mut mapped) = (0_u64, 0_u64);
        let mut processes = Vec::new();
        for pid in pids {
            let folder = proc.join(pid.to_string());
            let status = proc::of_process(&folder.join("status"))?;
            let Some(usage) = status.and_then(|text| usage(&text, pid)) else { continue };
            // What is left of a first thread that has ended has no memory, whatever the others of its process have.
            let of_thread = |thread: PathBuf| memory(&proc::of_process(&thread.join("status")).ok()??);
            let memory = usage.memory.or_else(|| threads(&folder).find_map(of_thread));
            let Memory { own: of_it, shared } = memory.unwrap_or_default();
            own = own.saturating_add(of_it);
            mapped = mapped.saturating_add(shared);
            sample.processes = sample.processes.saturating_add(usage.threads);
            written = written.saturating_add(self.written.of(&folder)?);
            processes.push((folder, usage.threads));
        }
        let unnamed = if self.group.is_some() { 0 } else { self.files.look(&processes) };
        // What is mapped may be of these.
        sample.memory = own.saturating_add(mapped.max(shared.saturating_add(unnamed)));
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
        Ok(sample)
    }

    pub(super) fn has_group(&self) -> bool {
        self.group.is_some()
    }

    /// The program is not in its group: it is looked at as without one.
    pub(super) fn let_go_of_group(&mut self) {
        self.group = None;
    }

    /// From now on buffers of network connections count too.
    pub(super) fn count_network(&self) {
        if let Some(group) = &self.group {
            group.count_network();
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

impl Written {
    /// By a process that lives; nothing where the kernel does not account for it, or does not say.
    fn of(&self, process: &Path) -> io::Result<u64> {
        let of = |folder: &Path| match proc::of_process(&folder.join("io")) {
            Ok(text) => Ok(text.map_or(0, |text| written_by(&text))),
            Err(shut) if shut.kind() == io::ErrorKind::PermissionDenied => Ok(0),
            Err(why) => Err(why),
        };
        match self {
            Self::ByProcess => of(process),
            Self::ByThread { unsure, .. } if number(process).is_some_and(|process| unsure.contains(&process)) => {
                of(process)
            }
            Self::ByThread { ending, .. } => {
                let lives = |thread: &PathBuf| number(thread).is_none_or(|number| !ending.contains(&number));
                threads(process).filter(lives).try_fold(0, |sum: u64, thread| Ok(sum.saturating_add(of(&thread)?)))
            }
        }
    }
}

impl Files {
    /// Bytes of all such files that `processes`, by their folders in `/proc`, with so many threads, have open.
    fn look(&mut self, processes: &[(PathBuf, u64)]) -> u64 {
        /// How much of the time may go into it: one part of so many.
        const SHARE: u32 = 10;
        let now = Instant::now();
        if self.next.is_some_and(|next| now < next) {
            return self.bytes;
        }
        let mut seen = BTreeSet::new();
        self.bytes = 0;
        for table in processes.iter().flat_map(|(folder, threads)| tables(folder, *threads)) {
            for open in fs::read_dir(table).into_iter().flatten().flatten() {
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

/// The tables of open files of a process: each thread can have one of its own, and the first one has none when it has ended.
fn tables(process: &Path, count: u64) -> Vec<PathBuf> {
    let mut tables = vec![process.join("fd")];
    if count > 1 {
        let first = number(process);
        let others = threads(process).filter(|thread| {
            let same = first.zip(number(thread)).and_then(|(first, other)| kernel_counts::share_files(first, other));
            same != Some(true)
        });
        tables.extend(others.map(|thread| thread.join("fd")));
    }
    tables
}

/// The folders in `/proc` of the threads of a process.
fn threads(process: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(process.join("task")).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// The process or thread of a folder in `/proc`.
fn number(folder: &Path) -> Option<Pid> {
    folder.file_name()?.to_str()?.parse().ok()
}

/// Memory and threads of process `pid`; `None` where it is a thread.
fn usage(status: &str, pid: Pid) -> Option<Usage> {
    if field(status, "Tgid") != u64::try_from(pid).ok() {
        return None;
    }
    Some(Usage { memory: memory(status), threads: field(status, "Threads").unwrap_or(1) })
}

/// `None` where there is none.
fn memory(status: &str) -> Option<Memory> {
    let kibibytes = |name| field(status, name).map(|number| number.saturating_mul(1024));
    // What is mapped from files is shared with the machine.
    let beside = ["VmSwap", "VmPTE"].into_iter().filter_map(kibibytes).fold(0, u64::saturating_add);
    let own = kibibytes("RssAnon")?.saturating_add(beside);
    Some(Memory { own, shared: kibibytes("RssShmem").unwrap_or(0) })
}

/// Bytes that have been written to a disk, but for those that were taken back before they came there.
fn written_by(io: &str) -> u64 {
    let field = |name| field(io, name).unwrap_or(0);
    field("write_bytes").saturating_sub(field("cancelled_write_bytes"))
}

/// The number of this name, which comes first on a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\ta\nTgid:\t12\nPid:\t12\nRssAnon:\t  100 kB\nRssFile:\t 999 kB\nRssShmem:\t   20 kB\nVmPTE:\t   8 kB\nVmSwap:\t  40 kB\nThreads:\t3\n";

    #[test]
    fn only_memory_of_its_own_counts_and_threads_not_twice() {
        let memory = Some(Memory { own: 148 * 1024, shared: 20 * 1024 });
        assert_eq!(usage(STATUS, 12), Some(Usage { memory, threads: 3 }));
        assert_eq!(usage(STATUS, 13), None);
        assert_eq!(usage("", 13), None);
        assert_eq!(usage("Tgid:\t12\nThreads:\t2\n", 12), Some(Usage { memory: None, threads: 2 }));
        let io = "wchar: 9\nwrite_bytes: 4096\ncancelled_write_bytes: 96\n";
        assert_eq!(written_by(io), 4000);
    }

    #[test]
    fn what_threads_have_written_counts_once_when_they_end_and_after() {
        let proc = tempfile::tempdir().unwrap();
        for (thread, bytes) in [("12", 100), ("13", 20)] {
            let folder = proc.path().join("12/task").join(thread);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("io"), format!("write_bytes: {bytes}\ncancelled_write_bytes: 10\n")).unwrap();
        }
        // Of the process as a whole, with what it has waited for.
        std::fs::write(proc.path().join("12/io"), "write_bytes: 5000\n").unwrap();
        let process = proc.path().join("12");
        assert_eq!(Written::ByProcess.of(&process).unwrap(), 5000);
        let ending = |ending: &[Pid]| Written::ByThread {
            of_ended: 0,
            ending: ending.iter().copied().collect(),
            unsure: HashSet::new(),
        };
        assert_eq!([&[][..], &[12], &[12, 13]].map(|ended| ending(ended).of(&process).unwrap()), [100, 10, 0]);
        // This very thread.
        let mut sampler = Sampler::new(Limits::default(), None).by_thread();
        let own = rustix::thread::gettid().as_raw_pid();
        sampler.is_ending(own);
        sampler.is_gone(own, own, 7);
        sampler.is_gone(2, 2, 300);
        // A thread that nobody has seen ending: its process counts as a whole, while it lives and when it ends.
        sampler.is_gone(13, 12, 0);
        assert_eq!(sampler.written.of(&process).unwrap(), 5000);
        sampler.is_gone(12, 12, 5000);
        let Written::ByThread { of_ended, ending, unsure } = sampler.written else { panic!() };
        assert!(ending.is_empty() && unsure.is_empty() && (5300..1 << 30).contains(&of_ended), "{of_ended}");
    }

    #[test]
    fn a_process_whose_first_thread_has_ended_is_counted() {
        let proc = tempfile::tempdir().unwrap();
        let first = proc.path().join("12");
        for (thread, status) in [("12", "Tgid:\t12\nThreads:\t2\n"), ("13", STATUS)] {
            let folder = first.join("task").join(thread);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("status"), status).unwrap();
        }
        std::fs::copy(first.join("task/12/status"), first.join("status")).unwrap();
        let sample = Sampler::new(Limits::default(), None).sample(proc.path(), std::iter::once(12), 0).unwrap();
        assert_eq!((sample.memory, sample.processes), (168 * 1024, 2));
    }

    /// Named regression: whoever had no descriptor left to look with counted nothing, and let everything run.
    #[test]
    fn what_cannot_be_looked_at_is_an_error_and_not_nothing() {
        let proc = tempfile::tempdir().unwrap();
        let folder = proc.path().join("12");
        fs::create_dir(&folder).unwrap();
        let sample = || Sampler::new(Limits::default(), None).sample(proc.path(), std::iter::once(12), 0);
        // One that has ended is nothing.
        assert_eq!(sample().unwrap(), Sample::default());
        // A link to itself cannot be opened by anybody, and is no process that is gone.
        std::os::unix::fs::symlink("status", folder.join("status")).unwrap();
        assert_eq!(sample().unwrap_err().raw_os_error(), Some(libc::ELOOP));
        fs::remove_file(folder.join("status")).unwrap();
        fs::write(folder.join("status"), STATUS).unwrap();
        std::os::unix::fs::symlink("io", folder.join("io")).unwrap();
        assert_eq!(sample().unwrap_err().raw_os_error(), Some(libc::ELOOP));
    }

    #[test]
    fn files_in_memory_count_once_however_often_they_are_open() {
        let memory = rustix::fs::memfd_create("test", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        let mut file = fs::File::from(memory);
        std::io::Write::write_all(&mut file, &vec![1; 1 << 20]).unwrap();
        let _again = file.try_clone().unwrap();
        let looked = Files::default().look(&[("/proc/self".into(), 1), ("/proc/self".into(), 2)]);
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
            Sampler::new(limits, None).sample(proc.path(), [12, 13, 14].into_iter(), shared).unwrap().exceeded
        };
        assert_eq!(sample(336 * 1024, 6, 0), None);
        assert_eq!(sample(336 * 1024 - 1, 6, 0), Some(Reason::OutOfMemory));
        assert_eq!(sample(336 * 1024, 5, 0), Some(Reason::TooManyProcesses));
        // What is mapped is taken for a part of what belongs to nobody.
        assert_eq!(sample(336 * 1024, 6, 40 * 1024), None);
        assert_eq!(sample(336 * 1024, 6, 40 * 1024 + 1), Some(Reason::OutOfMemory));
    }
}
