//! Who belongs to a run: processes and threads from their birth to their end.

use std::rc::Rc;

use crate::sandbox::ending::Reason;
use crate::sandbox::linux::tracee::{self, Pid, Resume};
use crate::sandbox::linux::tracer::Tracer;
use crate::sandbox::linux::tracer::task::{self, Task};
use crate::sandbox::wire::How;

impl Tracer<'_> {
    /// A process or thread is no more; whether the run is over.
    pub(super) fn is_gone(&mut self, pid: Pid, status: i32) -> bool {
        if let Some(task) = self.tasks.remove(&pid)
            && Rc::strong_count(&task.process) == 1
        {
            self.listings.forget(task.process.borrow().key);
        }
        self.early.remove(&pid);
        self.forget_pending(pid);
        if pid == self.init {
            // With namespaces the kernel has ended all others; without, they are ended here.
            self.kill_all();
            return self.tasks.is_empty();
        }
        if Some(pid) == self.program && self.ended.is_none() {
            // Before the program runs, the first process says what is wrong.
            self.ended = self.started.then(|| {
                if let Some(limit) = self.sampler.memory_exceeded() {
                    self.observed.peak_memory = self.observed.peak_memory.max(limit);
                    How::Killed(Reason::OutOfMemory)
                } else if libc::WIFEXITED(status) {
                    How::Code(libc::WEXITSTATUS(status))
                } else {
                    How::Signal(libc::WTERMSIG(status))
                }
            });
            // One that the kernel has ended while it was loaded: the first process knows more of it.
            self.is_unloaded = !self.started && libc::WIFSIGNALED(status);
            if self.ended.is_some() {
                self.kill_all();
            }
        }
        self.is_over()
    }

    /// Whether nobody of the program is left. The first process goes with it; nobody needs to wait for that.
    pub(super) fn is_over(&self) -> bool {
        self.ended.is_some() && self.tasks.is_empty() && self.early.is_empty()
    }

    /// `parent` has started `born`.
    pub(super) fn is_born(&mut self, born: Pid, parent: Pid, is_thread: bool) {
        if self.tasks.contains_key(&born) {
            // It was taken for an orphan.
            return;
        }
        self.observed.processes += 1;
        let task = match self.tasks.get(&parent) {
            Some(parent) if is_thread => parent.thread(),
            Some(parent) => parent.child(born),
            None if parent == self.init && self.program.is_none() => {
                self.program = Some(born);
                Task::first(self.spec.seed, born)
            }
            None => {
                tracee::kill(born);
                return;
            }
        };
        self.tasks.insert(born, task);
        if self.early.remove(&born).is_some() {
            tracee::resume(born, Resume::Run);
        }
        if self.tasks.len() > usize::try_from(self.spec.limits.processes).unwrap_or(usize::MAX) {
            self.end(Reason::TooManyProcesses);
        }
    }

    /// Finds a parent for whoever has waited for the event of one that was ended before it could come.
    pub(super) fn adopt(&mut self) {
        let waiting: Vec<_> =
            self.early.iter_mut().map(|(pid, waited)| (*pid, std::mem::replace(waited, true))).collect();
        for (born, _) in waiting.into_iter().filter(|(_, waited)| *waited) {
            match task::parent(born) {
                Some((parent, is_thread)) if self.tasks.contains_key(&parent) => self.is_born(born, parent, is_thread),
                // On a busy machine the first process may not have come to say so.
                Some((parent, false)) if parent == self.init && self.program.is_none() => {
                    self.is_born(born, parent, false);
                }
                // Where it belongs is not known, and so not what it may see.
                _ => tracee::kill(born),
            }
        }
    }
}
