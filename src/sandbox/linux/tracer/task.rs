//! Who is who among the traced: processes by their birth, threads by their process.

use std::cell::RefCell;
use std::rc::Rc;

use crate::sandbox::linux::proc;
use crate::sandbox::linux::random::mix;
use crate::sandbox::linux::tracee::{Pid, Registers};
use crate::sandbox::linux::tracer::observed::Executable;

/// What all threads of a process share.
///
/// Randomness is drawn by process and not by thread: Go moves its routines between threads as it likes.
#[derive(Debug)]
pub(super) struct Process {
    /// Its own, for who looks at it; nothing that a program sees follows from it.
    pub(super) number: Pid,
    /// Where its randomness begins: follows from how it was born, never from a number or a time.
    pub(super) key: u64,
    /// Its place in the tree, such as `1.2`; below a depth at which it would grow too long, that of the last one that is
    /// not, and `…`.
    pub(super) name: Rc<str>,
    /// How many processes it has started.
    children: u64,
    /// How often it has drawn randomness.
    pub(super) draws: u64,
    pub(super) executable: Executable,
}

/// One thread.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) process: Rc<RefCell<Process>>,
    /// What is to be done when the call that it is in ends.
    pub(super) at_exit: Vec<AtExit>,
    /// Where it was led away from, while it does what the tracer wants.
    pub(super) led_from: Option<Box<Registers>>,
}

/// Something to be done at the end of a system call.
#[derive(Debug, Clone)]
pub(super) enum AtExit {
    /// The arguments are to be as they were.
    Restore(Box<Registers>),
    /// The entries of a directory are to be put in order.
    Order { descriptor: u64, buffer: u64, length: u64 },
    /// Times of a file that lie after the standing clock are to be set back to it.
    Clamp { buffer: u64, offsets: &'static [u64] },
    /// It waits without a deadline, and is interrupted after this instant of the monotonic clock, in nanoseconds.
    Overdue { after: i128 },
    /// The path may not have been there.
    LookedUp { path: String, attempt: &'static str },
}

impl Task {
    /// The first process of a run, whose randomness comes from `seed`.
    pub(super) fn first(seed: u64, number: Pid) -> Self {
        Self::of(Process {
            number,
            key: mix(seed, 1),
            name: "1".into(),
            children: 0,
            draws: 0,
            executable: Executable::default(),
        })
    }

    fn of(process: Process) -> Self {
        Self { process: Rc::new(RefCell::new(process)), at_exit: Vec::new(), led_from: None }
    }

    /// Another thread of the same process.
    pub(super) fn thread(&self) -> Self {
        Self { process: Rc::clone(&self.process), at_exit: Vec::new(), led_from: None }
    }

    /// A process that this one starts.
    pub(super) fn child(&self, number: Pid) -> Self {
        let mut parent = self.process.borrow_mut();
        parent.children += 1;
        Self::of(Process {
            number,
            key: mix(parent.key, parent.children),
            name: below(&parent.name, parent.children),
            children: 0,
            draws: 0,
            executable: parent.executable,
        })
    }

    /// The same process, running another program.
    pub(super) fn executing(&self, executable: Executable) -> Self {
        const EXECUTED: u64 = 0xe0ec;
        let before = self.process.borrow();
        Self::of(Process {
            number: before.number,
            key: mix(before.key, EXECUTED),
            name: Rc::clone(&before.name),
            children: before.children,
            draws: 0,
            executable,
        })
    }

    pub(super) fn executable(&self) -> Executable {
        self.process.borrow().executable
    }
}

/// The place in the tree of the child with this number.
fn below(parent: &Rc<str>, number: u64) -> Rc<str> {
    const LONGEST: usize = 256;
    if parent.ends_with('…') {
        return Rc::clone(parent);
    }
    let name = format!("{parent}.{number}");
    if name.len() <= LONGEST { name.into() } else { format!("{parent}.…").into() }
}

/// The process to which `pid` belongs as a thread, or that has started it, and which of both; as the kernel says now.
pub(super) fn parent(pid: Pid) -> Option<(Pid, bool)> {
    let text = proc::text(format!("/proc/{pid}/status")).ok()?;
    let number = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<Pid>().ok());
    match number("Tgid:")? {
        process if process != pid => Some((process, true)),
        _ => Some((number("PPid:")?, false)),
    }
}

/// Whether there is no such process, or nothing of it but how it has ended.
pub(super) fn is_no_more(pid: Pid) -> bool {
    let Ok(text) = proc::text(format!("/proc/{pid}/stat")) else { return true };
    // The state comes after the name, which may hold anything.
    let state = text.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    matches!(state, Some('Z' | 'X'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Named regression: a process whose name is not UTF-8 was taken for one that is no more, so that at `traced` a signal to it was
    /// let through wherever it was, and belonged to nobody.
    #[test]
    fn a_process_may_have_any_name() {
        let named = std::thread::spawn(|| {
            rustix::thread::set_name(c"\xff) Z \xfe").unwrap();
            let thread = rustix::thread::gettid().as_raw_nonzero().get();
            (is_no_more(thread), parent(thread))
        });
        let process = rustix::process::getpid().as_raw_nonzero().get();
        assert_eq!(named.join().unwrap(), (false, Some((process, true))));
    }

    #[test]
    fn a_process_is_known_by_its_birth() {
        let names = |task: &Task| task.process.borrow().name.to_string();
        let first = Task::first(7, 1);
        let (a, b) = (first.child(1), first.child(1));
        assert_eq!((names(&a), names(&b), names(&b.child(1))), ("1.1".into(), "1.2".into(), "1.2.1".into()));
        let key = |task: &Task| task.process.borrow().key;
        assert_ne!(key(&a), key(&b));
        assert_eq!(key(&Task::first(7, 1).child(1)), key(&a));
        assert_ne!(key(&Task::first(8, 1).child(1)), key(&a));
        assert_ne!(key(&a.executing(Executable::default())), key(&a));
        // However deep a tree is, its names are short, and cost the same.
        let deep = (0..10_000).fold(Task::first(7, 1), |task, _| task.child(1));
        assert!(names(&deep).len() <= 260 && names(&deep).ends_with(".1.…"), "{}", names(&deep));
        assert!(Rc::ptr_eq(&deep.child(1).process.borrow().name, &deep.process.borrow().name));
        let thread = a.thread();
        thread.process.borrow_mut().draws += 1;
        assert_eq!(a.process.borrow().draws, 1);
    }
}
