//! What must not outlive this process: runs, folders and files that are of use to it alone.
//!
//! Whoever starts or makes one has it held. A signal that ends the process (`SIGINT`, `SIGTERM`, `SIGHUP`, …) ends every
//! run first, then removes every folder and file and puts back what is aside, then ends the process as that signal does, so
//! that a caller sees what it expects. A second signal does not wait for that.
//!
//! Invariant: while that goes on nobody else has the list. Whoever starts a run, makes a folder, or is about to go on
//! after the end of one waits there for the end of the process, so nothing is reported of a run that was interrupted.
//!
//! Absent: `SIGKILL`. What a killed process leaves is swept by the next one ([`crate::host::scratch`]), and its runs end
//! by themselves.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::host::removal::remove_tree;

/// Something that runs and can be ended from any thread.
pub trait End: Send + Sync {
    /// Asks it to end because of `signal`, without waiting.
    fn ask(&self, signal: i32);
    /// Waits until it has ended; forces it to where that takes too long.
    fn wait(&self);
}

enum Held {
    Run(Arc<dyn End>),
    Folder(PathBuf),
    File(PathBuf),
    /// A folder that others share: it goes when it is empty.
    Shared(PathBuf),
    /// What is aside, and its place.
    Moved(PathBuf, PathBuf),
}

/// What the name of a folder ends with while it is removed.
pub(super) const ASIDE: &str = "-ended";

/// One entry of the list; goes with the value.
#[derive(Debug)]
#[must_use]
pub struct Hold(u64);

impl Drop for Hold {
    fn drop(&mut self) {
        list().held.remove(&self.0);
    }
}

struct List {
    next: u64,
    held: BTreeMap<u64, Held>,
    /// Whether signals are this program's to handle.
    armed: bool,
    watched: bool,
}

static LIST: Mutex<List> = Mutex::new(List { next: 0, held: BTreeMap::new(), armed: false, watched: false });

fn list() -> MutexGuard<'static, List> {
    LIST.lock().unwrap_or_else(PoisonError::into_inner)
}

impl List {
    /// Makes something and holds it. A signal that comes meanwhile waits for that: before there is anything it is watched for.
    /// Fails where it cannot be, as where no thread can be started.
    fn hold<T>(&mut self, make: impl FnOnce() -> io::Result<(T, Held)>) -> io::Result<(T, Hold)> {
        if self.armed && !self.watched {
            signals::watch()?;
            self.watched = true;
        }
        let (made, held) = make()?;
        self.next += 1;
        self.held.insert(self.next, held);
        Ok((made, Hold(self.next)))
    }
}

/// Lets signals end what is held. For a program, whose signals are its own; a library leaves them to its caller.
pub fn arm() {
    list().armed = true;
}

/// Holds a run that ends by itself when this process does.
///
/// # Errors
/// Where signals cannot be watched.
pub fn hold_run(run: Arc<dyn End>) -> io::Result<Hold> {
    list().hold(|| Ok(((), Held::Run(run)))).map(|((), hold)| hold)
}

/// Starts a run and holds it, as one step: a signal finds it held, or comes before it is started.
///
/// # Errors
/// As `start`, and where signals cannot be watched: then it is not started.
pub fn hold_started<T>(start: impl FnOnce() -> io::Result<(T, Arc<dyn End>)>) -> io::Result<(T, Hold)> {
    list().hold(|| start().map(|(started, run)| (started, Held::Run(run))))
}

/// Makes a folder and holds it, as one step; `make` gives its path.
///
/// # Errors
/// As `make`.
pub fn hold_folder<T>(make: impl FnOnce() -> io::Result<(T, PathBuf)>) -> io::Result<(T, Hold)> {
    list().hold(|| make().map(|(made, path)| (made, Held::Folder(path))))
}

/// Holds a folder that other processes share: what is left of it when all else is removed is removed if it is empty.
///
/// # Errors
/// Where signals cannot be watched.
pub fn hold_shared(folder: PathBuf) -> io::Result<Hold> {
    list().hold(|| Ok(((), Held::Shared(folder)))).map(|((), hold)| hold)
}

/// Makes a file and holds it, as one step; `make` gives its path.
///
/// # Errors
/// As `make`.
pub fn hold_file<T>(make: impl FnOnce() -> io::Result<(T, PathBuf)>) -> io::Result<(T, Hold)> {
    list().hold(|| make().map(|(made, path)| (made, Held::File(path))))
}

/// Moves something aside and holds it, as one step; `make` gives where it is, and its place.
///
/// # Errors
/// As `make`.
pub fn hold_moved<T>(make: impl FnOnce() -> io::Result<(T, PathBuf, PathBuf)>) -> io::Result<(T, Hold)> {
    list().hold(|| make().map(|(made, aside, place)| (made, Held::Moved(aside, place))))
}

/// Puts back what is aside, or removes it where its place is taken.
pub(super) fn put_back(aside: &Path, place: &Path) -> io::Result<()> {
    match (aside.symlink_metadata(), place.symlink_metadata().is_ok()) {
        (Err(_), _) => Ok(()),
        (Ok(_), false) => std::fs::rename(aside, place),
        (Ok(there), true) if there.is_dir() => remove_tree(aside),
        (Ok(_), true) => std::fs::remove_file(aside),
    }
}

/// Starts a program as it is, without a sandbox, and holds it: it is told by the same signal.
///
/// # Errors
/// As [`hold_started`].
#[cfg(target_os = "linux")]
pub fn hold_child(start: impl FnOnce() -> io::Result<Child>) -> io::Result<(Child, Option<Hold>)> {
    let started = hold_started(|| {
        let child = start()?;
        let process = process::Process::of(&child);
        Ok((child, Arc::new(process) as Arc<dyn End>))
    });
    started.map(|(child, hold)| (child, Some(hold)))
}

/// Starts it: on other systems a terminal tells it.
///
/// # Errors
/// As `start`.
#[cfg(not(target_os = "linux"))]
pub fn hold_child(start: impl FnOnce() -> io::Result<Child>) -> io::Result<(Child, Option<Hold>)> {
    start().map(|child| (child, None))
}

#[cfg(target_os = "linux")]
pub mod process {
    //! A process as something that can be ended.

    use std::os::fd::OwnedFd;
    use std::process::Child;
    use std::time::{Duration, Instant};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    use super::End;

    /// How long a process may take to end when it was asked to, and when it was forced to.
    const GRACE: Duration = Duration::from_secs(10);
    const FORCED: Duration = Duration::from_secs(2);

    /// A child of this process, or what it was: never another one that got its number. Where the kernel gives no hold of
    /// it (before Linux 5.3) nothing is done to it.
    #[derive(Debug)]
    pub struct Process(Option<OwnedFd>);

    impl Process {
        /// The child, which must not have been waited for.
        pub fn of(child: &Child) -> Self {
            Self(pidfd_open(Pid::from_child(child), PidfdFlags::empty()).ok())
        }

        fn send(&self, signal: Signal) {
            if let Some(process) = &self.0 {
                pidfd_send_signal(process, signal).ok();
            }
        }

        fn is_over_within(&self, patience: Duration) -> bool {
            let Some(process) = &self.0 else { return true };
            let deadline = Instant::now() + patience;
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                let left = Timespec {
                    tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                    tv_nsec: left.subsec_nanos().into(),
                };
                match poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&left)) {
                    Err(Errno::INTR) => {}
                    ready => return matches!(ready, Ok(1..)),
                }
            }
        }
    }

    impl End for Process {
        fn ask(&self, signal: i32) {
            Signal::from_named_raw(signal).into_iter().for_each(|signal| self.send(signal));
        }

        fn wait(&self) {
            if !self.is_over_within(GRACE) {
                self.send(Signal::KILL);
                self.is_over_within(FORCED);
            }
        }
    }
}

#[cfg(not(unix))]
mod signals {
    pub(super) fn watch() -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
mod signals {
    use std::fs::File;
    use std::io::{self, Read};
    use std::path::Path;
    use std::thread;
    use std::time::Duration;

    use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use super::{ASIDE, Held, list, put_back};
    use crate::host::removal::remove_tree;

    /// Those that end a process, can be caught, and have no other meaning here.
    const ENDING: [i32; 8] = [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGXCPU];

    /// How often a folder is removed again to which another thread still adds, and how long lies between.
    const ROUNDS: usize = 100;
    const PAUSE: Duration = Duration::from_millis(10);

    /// Starts to watch for them.
    pub(super) fn watch() -> io::Result<()> {
        let ignored = ignored();
        let wanted = ENDING.into_iter().filter(|signal| !ignored.contains(signal));
        let mut signals = Signals::new(wanted)?;
        let watcher = thread::Builder::new().spawn(move || {
            let mut ending = false;
            for signal in signals.forever() {
                if ending {
                    emulate_default_handler(signal).ok();
                }
                ending = true;
                if thread::Builder::new().spawn(move || end(signal)).is_err() {
                    // Then a second signal has to wait.
                    end(signal);
                }
            }
        });
        watcher.map(drop)
    }

    /// Those that the caller has this process ignore, as `nohup` does.
    fn ignored() -> Vec<i32> {
        /// Bytes, so that it is read at once.
        const USUAL: usize = 8192;
        let mut status = Vec::with_capacity(USUAL);
        File::open("/proc/self/status").and_then(|mut file| file.read_to_end(&mut status)).ok();
        let status = String::from_utf8_lossy(&status);
        let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
        (1..=64).filter(|signal| mask.unwrap_or(0) >> (signal - 1) & 1 == 1).collect()
    }

    /// Ends all that is held, and then this process.
    fn end(signal: i32) {
        let list = list();
        let runs = || list.held.values().filter_map(|held| if let Held::Run(run) = held { Some(run) } else { None });
        runs().for_each(|run| run.ask(signal));
        runs().for_each(|run| run.wait());
        for held in list.held.values() {
            match held {
                Held::Run(_) | Held::Shared(_) => {}
                Held::Folder(path) => remove(path),
                Held::File(path) => {
                    std::fs::remove_file(path).ok();
                }
                Held::Moved(aside, place) => {
                    put_back(aside, place).ok();
                }
            }
        }
        for held in list.held.values() {
            if let Held::Shared(path) = held {
                std::fs::remove_dir(path).ok();
            }
        }
        emulate_default_handler(signal).ok();
        // Not reached: each of them ends a process.
        drop(list);
    }

    /// Removes a folder that other threads may still be writing in: under another name they do not find it again.
    fn remove(path: &Path) {
        let mut name = path.as_os_str().to_owned();
        name.push(ASIDE);
        let aside = Path::new(&name);
        for _ in 0..ROUNDS {
            let from = if std::fs::rename(path, aside).is_ok() { aside } else { path };
            let removed = remove_tree(from).is_ok() && remove_tree(aside).is_ok();
            if removed && path.symlink_metadata().is_err() {
                return;
            }
            thread::sleep(PAUSE);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;
    use std::thread;
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    const STARTS: &str = "STELLA_TEST_STARTS";

    /// Named regression: a signal that came when a step had just been started ended this process, and left the step running.
    #[test]
    fn a_signal_that_comes_while_a_run_is_started_ends_it() {
        // Signals are a process's own: this one sends itself one.
        if let Some(file) = std::env::var_os(STARTS) {
            arm();
            let started = hold_child(|| {
                let child = Command::new("sleep").arg("1000").spawn()?;
                fs::write(file, child.id().to_string())?;
                kill_process(getpid(), Signal::TERM)?;
                // Whoever is to hear of it does so now, or waits.
                thread::sleep(Duration::from_millis(200));
                Ok(child)
            });
            drop(started.unwrap().0.wait());
            thread::sleep(Duration::from_secs(60));
            return;
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut itself = Command::new(std::env::current_exe().unwrap());
        itself.args(["--exact", "host::ending::tests::a_signal_that_comes_while_a_run_is_started_ends_it"]);
        let ended = itself.env(STARTS, file.path()).output().unwrap();
        let pid = fs::read_to_string(file.path()).unwrap();
        let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if command.starts_with("sleep") {
            Command::new("kill").args(["-9", &pid]).status().unwrap();
        }
        assert_eq!((ended.status.signal(), command.as_str()), (Some(Signal::TERM.as_raw()), ""));
    }
}
