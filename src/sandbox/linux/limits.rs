//! What a whole run uses, sampled: memory, bytes written to disk, processes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::sandbox::linux::tracee::Pid;
use crate::sandbox::run::Reason;
use crate::sandbox::spec::Limits;

/// Looks at the processes of a run.
#[derive(Debug)]
pub(super) struct Sampler {
    limits: Limits,
}

/// What was found at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sample {
    /// Bytes of all processes together.
    pub(super) memory: u64,
    /// Threads of all processes together.
    pub(super) processes: u64,
    /// The limit that is not kept.
    pub(super) exceeded: Option<Reason>,
}

/// What one process uses.
#[derive(Debug, Default, PartialEq, Eq)]
struct Usage {
    memory: u64,
    threads: u64,
}

impl Sampler {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// Looks at `pids` in the `/proc` at `proc`; threads among them are counted with their process.
    pub(super) fn sample(&self, proc: &Path, pids: impl Iterator<Item = Pid>) -> Sample {
        let mut sample = Sample::default();
        let mut written: u64 = 0;
        for pid in pids {
            let folder = proc.join(pid.to_string());
            let Some(usage) = read(&folder.join("status")).and_then(|text| usage(&text, pid)) else { continue };
            sample.memory = sample.memory.saturating_add(usage.memory);
            sample.processes = sample.processes.saturating_add(usage.threads);
            // Absent where the kernel does not account for it.
            written = written.saturating_add(read(&folder.join("io")).map_or(0, |text| written_by(&text)));
        }
        let limits = [
            (sample.memory > self.limits.memory_bytes, Reason::OutOfMemory),
            (written > self.limits.file_bytes, Reason::OutputTooLarge),
            (sample.processes > self.limits.processes.into(), Reason::TooManyProcesses),
        ];
        sample.exceeded = limits.into_iter().find_map(|(exceeded, reason)| exceeded.then_some(reason));
        sample
    }
}

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
    let memory = field("RssAnon").unwrap_or(0).saturating_add(field("RssShmem").unwrap_or(0));
    Some(Usage { memory: memory.saturating_mul(1024), threads: field("Threads").unwrap_or(1) })
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

    const STATUS: &str =
        "Name:\ta\nTgid:\t12\nPid:\t12\nRssAnon:\t  100 kB\nRssFile:\t 999 kB\nRssShmem:\t   20 kB\nThreads:\t3\n";

    #[test]
    fn only_memory_of_its_own_counts_and_threads_not_twice() {
        assert_eq!(usage(STATUS, 12), Some(Usage { memory: 120 * 1024, threads: 3 }));
        assert_eq!(usage(STATUS, 13), None);
        assert_eq!(usage("", 13), None);
        assert_eq!(written_by("wchar: 9\nwrite_bytes: 4096\ncancelled_write_bytes: 96\n"), 4000);
    }

    #[test]
    fn the_sum_is_what_is_limited() {
        let proc = tempfile::tempdir().unwrap();
        for pid in [12, 13] {
            let folder = proc.path().join(pid.to_string());
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("status"), STATUS.replace("12", &pid.to_string())).unwrap();
        }
        let sample = |memory_bytes, processes| {
            let limits = Limits { memory_bytes, processes, ..Limits::default() };
            Sampler::new(limits).sample(proc.path(), [12, 13, 14].into_iter()).exceeded
        };
        assert_eq!(sample(240 * 1024, 6), None);
        assert_eq!(sample(240 * 1024 - 1, 6), Some(Reason::OutOfMemory));
        assert_eq!(sample(240 * 1024, 5), Some(Reason::TooManyProcesses));
    }
}
