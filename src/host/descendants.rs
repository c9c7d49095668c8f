//! Processes that a program of the caller has started and left behind.
//!
//! Whoever detaches itself (`setsid`, a second fork) falls to the first process of the machine. A *subreaper* (`prctl(2)`)
//! takes that place: then every one of them stays below this process, where it can be found and ended.
//!
//! Invariant: what cannot be ended is told, never passed over.
//!
//! Two kinds of program are watched: a [`Watch`] is kept on a build, of which nothing may go on when it has ended; a [`Step`] is
//! a step of the caller's pipeline, which may leave behind what it likes. Where a signal ends this process, it is told to both
//! and to all that they have started, and ends it.

use std::fmt;
use std::time::Duration;

/// How long processes may take to be gone after they were killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Processes that are still there although they were killed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct StillThere {
    /// Number and name of each.
    pub processes: Vec<(i32, String)>,
}

impl fmt::Display for StillThere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> =
            self.processes.iter().take(10).map(|(pid, name)| format!("{pid} (`{name}`)")).collect();
        write!(f, "{} of its processes cannot be ended: {}", self.processes.len(), shown.join(", "))
    }
}

pub use imp::{Step, Watch};

#[cfg(target_os = "linux")]
mod imp {
    use std::collections::{BTreeMap, BTreeSet};
    use std::io;
    use std::process::Child;
    use std::sync::Arc;
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{
        DumpableBehavior, Pid, Signal, WaitOptions, dumpable_behavior, getpid, kill_process, set_child_subreaper,
        set_dumpable_behavior, waitpid,
    };

    use super::{PATIENCE, StillThere};
    use crate::host::ending::process::Process;
    use crate::host::ending::{self, End, Hold};

    const PAUSE: Duration = Duration::from_millis(5);

    /// What a program that was asked to end may still take for it, and what it leaves behind after that.
    const GRACE: Duration = Duration::from_secs(10);
    const LEFT_BEHIND: Duration = Duration::from_secs(1);

    /// From its beginning on, every orphan below this process falls to it.
    #[derive(Debug)]
    struct Tree {
        /// Processes below this one that were there before: not those of the program.
        before: BTreeSet<i32>,
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            set_child_subreaper(None).ok();
        }
    }

    /// A program of which nothing may go on.
    #[derive(Debug)]
    pub struct Watch {
        tree: Arc<Tree>,
        dumpable: DumpableBehavior,
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            set_dumpable_behavior(self.dumpable).ok();
        }
    }

    /// A step of the caller's pipeline: it does not notice that it is watched.
    #[derive(Debug)]
    pub enum Step {}

    /// A program that has been started, with all that it starts.
    #[derive(Debug)]
    struct Running {
        tree: Arc<Tree>,
        pid: i32,
    }

    /// A process as `/proc` shows it.
    struct ProcessStatus {
        parent: i32,
        name: String,
        is_zombie: bool,
    }

    impl Tree {
        fn begin() -> io::Result<Self> {
            let there = all();
            if !there.contains_key(&own()) {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "`/proc` does not show the processes"));
            }
            set_child_subreaper(Some(getpid()))?;
            let before = below(&there, own(), &BTreeSet::new());
            Ok(Self { before })
        }

        /// The processes of the program that are there now.
        fn left(&self) -> BTreeMap<i32, ProcessStatus> {
            let mut all = all();
            let program = below(&all, own(), &self.before);
            all.retain(|pid, _| program.contains(pid));
            all
        }

        /// Ends what is left, and what that still starts, and reaps what falls to this process.
        fn end_all(&self) -> Result<(), StillThere> {
            let deadline = Instant::now() + PATIENCE;
            loop {
                let left = self.left();
                if left.is_empty() {
                    return Ok(());
                }
                for (pid, seen) in &left {
                    let Some(number) = Pid::from_raw(*pid) else { continue };
                    if seen.is_zombie {
                        // Only a child of this process: others are reaped by their parents, or fall to it.
                        waitpid(Some(number), WaitOptions::NOHANG).ok();
                    } else {
                        kill_process(number, Signal::KILL).ok();
                    }
                }
                if Instant::now() > deadline {
                    let living = left.into_iter().filter(|(_, seen)| !seen.is_zombie);
                    let processes: Vec<_> = living.map(|(pid, seen)| (pid, seen.name)).collect();
                    return if processes.is_empty() { Ok(()) } else { Err(StillThere { processes }) };
                }
                thread::sleep(PAUSE);
            }
        }
    }

    impl Watch {
        /// Begins to watch.
        ///
        /// # Errors
        /// Where the kernel does not make this process a subreaper, or `/proc` does not show processes: who cannot be seen
        /// cannot be ended.
        pub fn begin() -> io::Result<Self> {
            let tree = Arc::new(Tree::begin()?);
            // Nor may the program look into this process: its memory holds what is judged by, its environment may hold a token.
            let dumpable = dumpable_behavior()?;
            set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
            Ok(Self { tree, dumpable })
        }

        /// Starts the program and holds it: a signal that ends this process ends all of it.
        ///
        /// # Errors
        /// As `start`, and where signals cannot be watched.
        pub fn start(&self, start: impl FnOnce() -> io::Result<Child>) -> io::Result<(Child, Hold)> {
            ending::hold_started(|| {
                let child = start()?;
                let run = Running::new(Arc::clone(&self.tree), &child);
                Ok((child, Arc::new(run) as Arc<dyn End>))
            })
        }

        /// Ends every process that was started below this one since, and waits until all are gone.
        ///
        /// # Errors
        /// [`StillThere`] where some are not gone, such as those of another user.
        pub fn end_all(&self) -> Result<(), StillThere> {
            self.tree.end_all()
        }
    }

    impl Step {
        /// Starts the step, watches it and holds it. Where what it starts cannot be seen ([`Watch::begin`]), the step alone is
        /// told of a signal.
        ///
        /// # Errors
        /// As `start`, and where signals cannot be watched.
        pub fn start(start: impl FnOnce() -> io::Result<Child>) -> io::Result<(Child, Option<Hold>)> {
            let started = ending::hold_started(|| {
                let tree = Tree::begin().ok();
                let child = start()?;
                let run: Arc<dyn End> = match tree {
                    Some(tree) => Arc::new(Running::new(Arc::new(tree), &child)),
                    None => Arc::new(Process::of(&child)),
                };
                Ok((child, run))
            });
            started.map(|(child, hold)| (child, Some(hold)))
        }
    }

    impl Running {
        fn new(tree: Arc<Tree>, child: &Child) -> Self {
            Self { tree, pid: Pid::from_child(child).as_raw_nonzero().get() }
        }

        fn living(&self) -> BTreeMap<i32, ProcessStatus> {
            let mut left = self.tree.left();
            left.retain(|_, seen| !seen.is_zombie);
            left
        }
    }

    /// The program is told by the same signal, and so is all that it has started; what does not end by it is ended.
    impl End for Running {
        fn ask(&self, signal: i32) {
            let Some(signal) = Signal::from_named_raw(signal) else { return };
            for pid in self.living().into_keys().filter_map(Pid::from_raw) {
                kill_process(pid, signal).ok();
            }
        }

        fn wait(&self) {
            let begun = Instant::now();
            // The program may tidy up; what goes on without it has less time for that.
            let mut over = None;
            loop {
                let living = self.living();
                if over.is_none() && !living.contains_key(&self.pid) {
                    over = Some(Instant::now());
                }
                let is_late = begun.elapsed() > GRACE || over.is_some_and(|since| since.elapsed() > LEFT_BEHIND);
                if living.is_empty() || is_late {
                    break;
                }
                thread::sleep(PAUSE);
            }
            // Nobody is left to tell what cannot be ended: this process ends by a signal.
            self.tree.end_all().ok();
        }
    }

    fn own() -> i32 {
        getpid().as_raw_nonzero().get()
    }

    /// What is below `top` in `there`, but for `but` and what is below those.
    fn below(there: &BTreeMap<i32, ProcessStatus>, top: i32, but: &BTreeSet<i32>) -> BTreeSet<i32> {
        let mut below = BTreeSet::from([top]);
        loop {
            let is_new = |pid: &i32, seen: &ProcessStatus| {
                !below.contains(pid) && !but.contains(pid) && below.contains(&seen.parent)
            };
            let more: Vec<i32> = there.iter().filter(|(pid, seen)| is_new(pid, seen)).map(|(pid, _)| *pid).collect();
            if more.is_empty() {
                below.remove(&top);
                return below;
            }
            below.extend(more);
        }
    }

    fn all() -> BTreeMap<i32, ProcessStatus> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        numbers.filter_map(|pid| Some((pid, seen(pid)?))).collect()
    }

    /// `stat` is `pid (name) state parent …`, and the name may hold anything.
    fn seen(pid: i32) -> Option<ProcessStatus> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        let (head, tail) = stat.rsplit_once(')')?;
        let mut fields = tail.split_ascii_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let name = head.split_once('(').map_or(head, |(_, name)| name).to_owned();
        Some(ProcessStatus { parent, name, is_zombie: matches!(state, "Z" | "X") })
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::io;
    use std::process::Child;

    use super::{PATIENCE, StillThere};
    use crate::host::ending::Hold;

    /// It cannot begin: only Linux gives orphans to another process than the first.
    #[derive(Debug)]
    pub struct Watch(std::convert::Infallible);

    impl Watch {
        /// Refuses: what a program leaves behind cannot be found here.
        ///
        /// # Errors
        /// Always.
        pub fn begin() -> io::Result<Self> {
            let _ = PATIENCE;
            let why = "on this system nobody can tell what a build leaves running: build before, and give `subject.path` alone";
            Err(io::Error::new(io::ErrorKind::Unsupported, why))
        }

        /// Never called: no watch begins.
        ///
        /// # Errors
        /// None.
        pub fn start(&self, _start: impl FnOnce() -> io::Result<Child>) -> io::Result<(Child, Hold)> {
            match self.0 {}
        }

        /// Never called: no watch begins.
        ///
        /// # Errors
        /// None.
        pub fn end_all(&self) -> Result<(), StillThere> {
            match self.0 {}
        }
    }

    /// Never made here.
    #[derive(Debug)]
    pub enum Step {}

    impl Step {
        /// Starts the step, and watches nothing.
        ///
        /// # Errors
        /// As `start`.
        pub fn start(start: impl FnOnce() -> io::Result<Child>) -> io::Result<(Child, Option<Hold>)> {
            Ok((start()?, None))
        }
    }
}
