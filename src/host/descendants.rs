//! Processes that a program of the caller has started and left behind.
//!
//! Whoever detaches itself (`setsid`, a second fork) falls to the first process of the machine. A *subreaper* (`prctl(2)`)
//! takes that place: then every one of them stays below this process, where it can be found and ended.
//!
//! Invariant: what cannot be ended is told, never passed over.

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

pub use imp::Watch;

#[cfg(target_os = "linux")]
mod imp {
    use std::collections::{BTreeMap, BTreeSet};
    use std::io;
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{
        DumpableBehavior, Pid, Signal, WaitOptions, dumpable_behavior, getpid, kill_process, set_child_subreaper,
        set_dumpable_behavior, waitpid,
    };

    use super::{PATIENCE, StillThere};

    const PAUSE: Duration = Duration::from_millis(5);

    /// From its beginning on, every orphan below this process falls to it.
    #[derive(Debug)]
    pub struct Watch {
        /// Children that were there before: not those of the program.
        before: BTreeSet<i32>,
        dumpable: DumpableBehavior,
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            set_child_subreaper(None).ok();
            set_dumpable_behavior(self.dumpable).ok();
        }
    }

    /// A process as `/proc` shows it.
    struct Seen {
        parent: i32,
        name: String,
        is_zombie: bool,
    }

    impl Watch {
        /// Begins to watch.
        ///
        /// # Errors
        /// Where the kernel does not make this process a subreaper, or `/proc` does not show processes: who cannot be seen
        /// cannot be ended.
        pub fn begin() -> io::Result<Self> {
            let own = getpid().as_raw_nonzero().get();
            let there = all();
            if !there.contains_key(&own) {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "`/proc` does not show the processes"));
            }
            // Nor may the program look into this process: its memory holds what is judged by, its environment may hold a token.
            let dumpable = dumpable_behavior()?;
            set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
            set_child_subreaper(Some(getpid()))?;
            let before = there.into_iter().filter(|(_, seen)| seen.parent == own).map(|(pid, _)| pid).collect();
            Ok(Self { before, dumpable })
        }

        /// Ends every process that was started below this one since, and waits until all are gone.
        ///
        /// # Errors
        /// [`StillThere`] where some are not gone, such as those of another user.
        pub fn end_all(&self) -> Result<(), StillThere> {
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

        fn left(&self) -> BTreeMap<i32, Seen> {
            let mut all = all();
            let own = getpid().as_raw_nonzero().get();
            let mut below = BTreeSet::from([own]);
            loop {
                let more: Vec<i32> = all
                    .iter()
                    .filter(|(pid, seen)| {
                        !below.contains(pid) && !self.before.contains(pid) && below.contains(&seen.parent)
                    })
                    .map(|(pid, _)| *pid)
                    .collect();
                if more.is_empty() {
                    break;
                }
                below.extend(more);
            }
            all.retain(|pid, _| *pid != own && below.contains(pid));
            all
        }
    }

    fn all() -> BTreeMap<i32, Seen> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        numbers.filter_map(|pid| Some((pid, seen(pid)?))).collect()
    }

    /// `stat` is `pid (name) state parent …`, and the name may hold anything.
    fn seen(pid: i32) -> Option<Seen> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        let (head, tail) = stat.rsplit_once(')')?;
        let mut fields = tail.split_ascii_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let name = head.split_once('(').map_or(head, |(_, name)| name).to_owned();
        Some(Seen { parent, name, is_zombie: matches!(state, "Z" | "X") })
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::io;

    use super::{PATIENCE, StillThere};

    /// Nothing: only Linux gives orphans to another process than the first.
    #[derive(Debug)]
    pub struct Watch;

    impl Watch {
        /// Begins to watch.
        ///
        /// # Errors
        /// None here.
        pub fn begin() -> io::Result<Self> {
            let _ = PATIENCE;
            Ok(Self)
        }

        /// Does nothing.
        ///
        /// # Errors
        /// None here.
        pub fn end_all(&self) -> Result<(), StillThere> {
            Ok(())
        }
    }
}
