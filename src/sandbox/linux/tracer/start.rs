//! The moment at which a process has a new program of which nothing has run yet: the clock that the kernel lends it is
//! taken away, and its sixteen random bytes follow from the seed.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::thread::sched_setaffinity;

use crate::sandbox::elf;
use crate::sandbox::linux::random::{fill, mix};
use crate::sandbox::linux::tracee::{self, Pid, read_word};
use crate::sandbox::linux::tracer::Tracer;
use crate::sandbox::linux::tracer::evict::{Led, Lent};
use crate::sandbox::linux::tracer::noted::Access;
use crate::sandbox::linux::{cpu_pinning, proc, restrict};
use crate::sandbox::spec::Clock;

/// The most entries that are read: the kernel writes about twenty.
const MOST_ENTRIES: usize = 64;
/// The most words of arguments and variables that are passed over, as many as the kernel takes.
const MOST_WORDS: u64 = 1 << 20;

impl Tracer<'_> {
    /// `pid` has executed a program.
    pub(super) fn executed(&mut self, pid: Pid) {
        self.sampler.has_executed(pid);
        // A thread that executes takes the number of its process; all others of the process are gone.
        if let Some(former) = tracee::event_number(pid)
            && former != pid
            && let Some(task) = self.tasks.remove(&former)
        {
            self.tasks.insert(pid, task);
        }
        let path = fs::read_link(format!("/proc/{pid}/exe"));
        if let Ok(path) = &path
            && self.spec.notes_files()
        {
            self.noted.add(path.as_os_str().as_bytes(), Access::Execute);
        }
        let path = path.map_or_else(|_| "?".to_owned(), |path| path.to_string_lossy().into_owned());
        let executable = self.observed.executable(&path);
        let Some(task) = self.tasks.get(&pid).map(|task| task.executing(executable)) else {
            // Nobody's child would read the machine's clock too.
            return tracee::kill(pid);
        };
        if let Some(before) = self.tasks.get(&pid) {
            self.listings.forget(before.process.borrow().key);
        }
        let (name, key) = (task.process.borrow().name.to_string(), task.process.borrow().key);
        self.tasks.insert(pid, task);
        self.observed.exec(name, executable, self.elapsed());
        if !self.prepare(pid, key) {
            if elf::is_program_of_32_bits(Path::new(&format!("/proc/{pid}/exe"))) {
                self.of_32_bits.insert(path);
            }
            // It would read the machine's clock.
            tracee::fail(pid);
        }
    }

    /// Lets the program run on its processors, and the tracer on all: until here everything kept to one. The tracer has to be
    /// free, so that a stop can be answered from the processor on which it happened.
    #[must_use]
    pub(super) fn spread(&self, program: Pid) -> bool {
        let (chosen, _) = restrict::processors(self.spec, &self.processors);
        cpu_pinning::unpin(&self.processors);
        sched_setaffinity(rustix::process::Pid::from_raw(program), &chosen).is_ok()
    }

    /// Whether the new program sees neither the kernel's clock nor its randomness.
    ///
    /// Where they lie the kernel says, as another process of the run may be writing to the new program's memory by now.
    fn prepare(&mut self, pid: Pid, key: u64) -> bool {
        self.seed(pid, key) && (self.spec.clock == Clock::Real || self.part_with_clock(pid))
    }

    /// Replaces the sixteen random bytes.
    fn seed(&self, pid: Pid, key: u64) -> bool {
        let Ok(vector) = proc::bytes(format!("/proc/{pid}/auxv")) else { return false };
        let mut entries = vector.chunks_exact(16).map(entry);
        let Some((_, place)) = entries.find(|(kind, _)| *kind == libc::AT_RANDOM) else { return !vector.is_empty() };
        let mut bytes = [0; 16];
        fill(mix(key, libc::AT_RANDOM), 0, &mut bytes);
        tracee::write(pid, place, &bytes)
    }

    /// Takes the lent code out of sight, replaces its functions, and lets the program part with the pages that they read.
    fn part_with_clock(&mut self, pid: Pid) -> bool {
        let Some(lent) = Lent::of(pid) else { return false };
        if lent == Lent::default() {
            // This kernel lends nothing.
            return true;
        }
        let replaced = lent.code.is_some_and(|base| self.hide_clock(pid, base));
        replaced
            && match self.eviction.lead(pid, lent) {
                Led::No => true,
                Led::Failed => false,
                Led::From(before) => self.tasks.get_mut(&pid).is_some_and(|task| {
                    task.led_from = Some(before);
                    true
                }),
            }
    }

    /// Takes the entry of the code at `base` out of sight and replaces its functions.
    fn hide_clock(&self, pid: Pid, base: u64) -> bool {
        let replaced = self.patches.iter().all(|patch| {
            (patch.offset..).step_by(8).zip(&patch.code).all(|(offset, word)| {
                let place = base.checked_add(offset).and_then(|place| usize::try_from(place).ok());
                place.is_some_and(|place| tracee::poke(pid, place, *word))
            })
        });
        // Without any there is nothing that would stand for the clock.
        replaced && !self.patches.is_empty() && hide_entry(pid)
    }
}

/// Takes the entry of the lent code out of the vector on the stack. It is a matter of use, not of safety: who finds the
/// code without it finds what has replaced it.
fn hide_entry(pid: Pid) -> bool {
    let Some(start) = auxiliary_vector(pid) else { return false };
    let mut vector = [0; 16 * MOST_ENTRIES];
    let read = tracee::read(pid, start, &mut vector);
    let entries = vector.get(..read).unwrap_or_default().chunks_exact(16).map(entry);
    let mut entries = (start..).step_by(16).zip(entries).take_while(|(_, (kind, _))| *kind != libc::AT_NULL);
    entries
        .find(|(_, (kind, _))| *kind == libc::AT_SYSINFO_EHDR)
        .is_some_and(|(at, _)| tracee::write(pid, at, &libc::AT_IGNORE.to_ne_bytes()))
}

/// Kind and value of an entry of sixteen bytes.
fn entry(bytes: &[u8]) -> (u64, u64) {
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
    let (kind, value) = bytes.split_at(bytes.len() / 2);
    (word(kind), word(value))
}

/// Where the auxiliary vector begins: above the arguments and the variables on the new stack.
fn auxiliary_vector(pid: Pid) -> Option<u64> {
    let stack = tracee::registers(pid)?.stack();
    let arguments = read_word(pid, stack)?;
    let mut at = stack.checked_add(8 * arguments.checked_add(2)?)?;
    let end = at.checked_add(8 * MOST_WORDS)?;
    let mut words = [0; 4096];
    while at < end {
        let read = tracee::read(pid, at, &mut words);
        let words = words.get(..read & !7)?;
        if words.is_empty() {
            return None;
        }
        match words.chunks_exact(8).position(|word| word.iter().all(|byte| *byte == 0)) {
            Some(zero) => return Some(at + 8 * (zero as u64 + 1)),
            None => at += words.len() as u64,
        }
    }
    None
}
