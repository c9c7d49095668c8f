//! A control group of the run: the kernel counts all its memory, also what no process has mapped or open and what it
//! needs itself for them (page tables, pipes, sockets, queues), and ends what takes more than its limit.
//!
//! It can be had where stella may make groups below its own or beside it: as the superuser, or where the memory controller
//! is delegated (`systemd-run --user --scope -p Delegate=yes`).
//!
//! Invariant: the program's first process is in it before the program runs, so whatever it starts is too; nobody is moved
//! there later. Who moves others stops the machine's forks for some milliseconds. So the process puts itself there, which
//! in version 1 costs nothing, or is born there, which only version 2 knows.
//!
//! Absent: memory of version 1 for buffers of TCP is not counted before [`Group::count_network`]: to switch that on changes
//! the kernel's code, which takes a while.

use std::cell::LazyCell;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{fstat, stat, statfs};

use crate::sandbox::linux::proc;

const PREFIX: &str = "stella-run-";
/// How many names are tried.
const ATTEMPTS: u32 = 16;
/// How long a group may take to be empty when its last process is gone.
const ROUNDS: usize = 200;
const PAUSE: Duration = Duration::from_millis(5);

/// What the two versions of the interface call things.
#[derive(Debug)]
struct Version {
    /// Where nearly every machine has its groups.
    usual: &'static str,
    /// What the kernel calls the file system.
    magic: u64,
    limit: &'static str,
    /// With swap; absent where the machine has none to count.
    swap: (&'static str, Swap),
    /// What cannot be given back to the machine, as `memory.stat` calls it.
    held: &'static [&'static str],
    /// The same, each in a file of its own.
    held_by: &'static [&'static str],
    /// What of `held` can be given back all the same.
    spare: &'static [&'static str],
    /// The limit on buffers of TCP, where it is one of its own.
    network: Option<&'static str>,
    /// The file through which a process puts itself into the group.
    entry: &'static str,
    /// The file that says how often the kernel has ended somebody.
    events: &'static str,
}

#[derive(Debug)]
enum Swap {
    /// The limit of memory and swap together.
    Sum,
    /// The limit of swap alone: none.
    None,
}

const V1: Version = Version {
    usual: "/sys/fs/cgroup/memory",
    magic: 0x0027_e0eb,
    limit: "memory.limit_in_bytes",
    swap: ("memory.memsw.limit_in_bytes", Swap::Sum),
    held: &["total_rss", "total_shmem", "total_swap"],
    held_by: &["memory.kmem.usage_in_bytes", "memory.kmem.tcp.usage_in_bytes"],
    spare: &[],
    network: Some("memory.kmem.tcp.limit_in_bytes"),
    entry: "tasks",
    events: "memory.oom_control",
};

const V2: Version = Version {
    usual: "/sys/fs/cgroup",
    magic: 0x6367_7270,
    limit: "memory.max",
    swap: ("memory.swap.max", Swap::None),
    held: &["anon", "shmem", "kernel", "sock"],
    held_by: &[],
    spare: &["slab_reclaimable"],
    network: None,
    entry: "cgroup.procs",
    events: "memory.events",
};

/// A group; gone with the value.
#[derive(Debug)]
pub(super) struct Group {
    /// Empty in a copy of the process that made it.
    folder: PathBuf,
    /// Locked for as long as it is in use.
    owner: File,
    version: &'static Version,
    limit: u64,
    entry: File,
}

/// The way into a group, for the process that starts the program.
#[derive(Debug)]
pub(super) struct Entry {
    folder: File,
    version: &'static Version,
    entry: File,
}

impl Entry {
    /// Where a process can be born in the group.
    pub(super) fn birthplace(&self) -> Option<BorrowedFd<'_>> {
        self.version.network.is_none().then(|| self.folder.as_fd())
    }

    /// Puts the calling thread, which must be the only one of its process, into the group.
    pub(super) fn enter(&self) -> io::Result<()> {
        (&self.entry).write_all(b"0")
    }
}

impl Group {
    /// Makes one that holds at most `limit` bytes; `None` where none can be had.
    pub(super) fn new(limit: u64) -> Option<Self> {
        let groups = proc::text("/proc/self/cgroup").ok()?;
        let mounts = LazyCell::new(|| proc::text("/proc/self/mountinfo").unwrap_or_default());
        let place = |path: &str, version: &Version| {
            if is_hierarchy(version) { Some(beneath(version.usual, path)) } else { mounted(&mounts, path, version) }
        };
        places(&groups, place).find_map(|(parent, version)| Self::below(&parent, version, limit))
    }

    fn below(parent: &Path, version: &'static Version, limit: u64) -> Option<Self> {
        // In another pid namespace there may be a process of the same number that has one.
        let names = (0..ATTEMPTS).map(|attempt| parent.join(format!("{PREFIX}{}-{attempt}", std::process::id())));
        let (folder, owner) = own(names, |folder| fs::create_dir(folder))?;
        let entry = fs::OpenOptions::new().write(true).open(folder.join(version.entry)).ok();
        let Some(entry) = entry else {
            fs::remove_dir(folder).ok();
            return None;
        };
        let group = Self { folder, owner, version, limit, entry };
        // Without the controller it has no such file.
        group.write(version.limit, &limit.to_string()).ok()?;
        let (file, swap) = &version.swap;
        let swap = match swap {
            Swap::Sum => limit.to_string(),
            Swap::None => "0".to_owned(),
        };
        group.write(file, &swap).ok();
        Some(group)
    }

    /// The way in, for a copy of this process; the group itself stays the original's.
    pub(super) fn into_entry(mut self) -> io::Result<Entry> {
        self.folder = PathBuf::new();
        Ok(Entry { folder: self.owner.try_clone()?, version: self.version, entry: self.entry.try_clone()? })
    }

    /// From now on buffers of TCP count too.
    pub(super) fn count_network(&self) {
        if let Some(file) = self.version.network {
            self.write(file, &self.limit.to_string()).ok();
        }
    }

    /// Bytes that the run holds.
    pub(super) fn memory(&self) -> u64 {
        let Version { held: names, held_by, spare, .. } = self.version;
        let text = self.read("memory.stat");
        let files = held_by.iter().map(|file| self.read(file).trim().parse::<u64>().unwrap_or(0));
        let beside = files.fold(0, u64::saturating_add);
        held(&text, names).saturating_add(beside).saturating_sub(held(&text, spare))
    }

    /// Whether the kernel has ended a process that wanted more than the limit.
    pub(super) fn is_exceeded(&self) -> bool {
        held(&self.read(self.version.events), &["oom_kill"]) > 0
    }

    /// Whether it has been taken away from under the run.
    pub(super) fn is_lost(&self) -> bool {
        !self.folder.exists()
    }

    fn read(&self, file: &str) -> String {
        proc::text(self.folder.join(file)).unwrap_or_default()
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        // Never made: only the kernel makes files there.
        let mut file = fs::OpenOptions::new().write(true).open(self.folder.join(file))?;
        file.write_all(text.as_bytes())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.folder.as_os_str().is_empty() {
            return;
        }
        for _ in 0..ROUNDS {
            match fs::remove_dir(&self.folder) {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => thread::sleep(PAUSE),
                _ => break,
            }
        }
        // Now, since nobody waits for this process any more.
        self.folder.parent().into_iter().filter(|parent| has_groups(parent)).for_each(sweep);
    }
}

/// Makes the first of the folders `names` that can be had, and locks it. Another run that ends may take it for nobody's before
/// it is locked, and remove it: then the next one is tried.
fn own(names: impl Iterator<Item = PathBuf>, make: impl Fn(&Path) -> io::Result<()>) -> Option<(PathBuf, File)> {
    for folder in names {
        match make(&folder) {
            Ok(()) => {}
            Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => continue,
            // Who may not make one is not asked again.
            Err(_) => return None,
        }
        match File::open(&folder).and_then(|owner| owner.lock().map(|()| owner)) {
            Ok(owner) if is_at(&owner, &folder) => return Some((folder, owner)),
            Ok(_) => {}
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => {}
            Err(_) => {
                fs::remove_dir(&folder).ok();
                return None;
            }
        }
    }
    None
}

/// Whether `folder` is what lies at `path`, and not another one that has its name since.
fn is_at(folder: &File, path: &Path) -> bool {
    fstat(folder)
        .is_ok_and(|held| stat(path).is_ok_and(|found| (held.st_dev, held.st_ino) == (found.st_dev, found.st_ino)))
}

/// Whether there are groups below this one: the kernel counts them among its links, and where it does not there may be some.
fn has_groups(group: &Path) -> bool {
    // Its name, and its own name within it.
    !stat(group).is_ok_and(|found| found.st_nlink == 2)
}

/// Removes groups that nobody holds: their makers were killed. One with processes in it cannot be removed.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if ours && File::open(entry.path()).is_ok_and(|owner| owner.try_lock().is_ok()) {
            fs::remove_dir(entry.path()).ok();
        }
    }
}

/// Sums up the lines of `names` in a file of names and numbers.
fn held(text: &str, names: &[&str]) -> u64 {
    let numbers = text.lines().filter_map(|line| {
        let (name, number) = line.split_once(' ')?;
        names.contains(&name).then(|| number.trim().parse::<u64>().ok()).flatten()
    });
    numbers.fold(0, u64::saturating_add)
}

/// Where groups could be made: below the own one, then beside it. Of the old interface first, where both are there: it has
/// the controller then.
/// `place` says where a group is visible.
fn places(
    groups: &str,
    place: impl Fn(&str, &Version) -> Option<PathBuf>,
) -> impl Iterator<Item = (PathBuf, &'static Version)> {
    groups
        .lines()
        .flat_map(move |line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { return [None, None] };
            let version = match controllers {
                "" => &V2,
                list if list.split(',').any(|controller| controller == "memory") => &V1,
                _ => return [None, None],
            };
            let own = place(path, version);
            // The top of what is shown has nothing beside it.
            let beside = own.as_deref().filter(|_| path != "/").and_then(Path::parent).map(Path::to_owned);
            [own, beside].map(|place| place.map(|place| (place, version)))
        })
        .flatten()
}

/// Whether what is mounted at the usual place is the whole hierarchy: a part of it would show groups under other paths.
fn is_hierarchy(version: &Version) -> bool {
    /// The number of the top folder of a whole hierarchy.
    const TOP: u64 = 1;
    let kind = statfs(version.usual).ok().and_then(|found| u64::try_from(found.f_type).ok());
    kind == Some(version.magic) && stat(version.usual).is_ok_and(|found| found.st_ino == TOP)
}

/// The absolute path `path`, beneath the folder `top`.
fn beneath(top: &str, path: &str) -> PathBuf {
    Path::new(top).join(path.trim_start_matches('/'))
}

/// Where the group `path` is visible, by the list of all mounts: it may be long.
fn mounted(mounts: &str, path: &str, version: &Version) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(3);
        let (root, place) = (left.next()?, left.next()?);
        let mut right = right.split(' ');
        let kind = right.next()?;
        let is_it = match version.events {
            "memory.events" => kind == "cgroup2",
            _ => kind == "cgroup" && right.nth(1)?.split(',').any(|option| option == "memory"),
        };
        let below = Path::new(path).strip_prefix(root).ok()?;
        is_it.then(|| Path::new(place).join(below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::linux::sys;

    const MOUNTS: &str = "\
30 25 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
31 25 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
32 25 0:28 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
33 25 0:29 /docker/x /mnt rw,relatime - cgroup cgroup rw,memory
";

    #[test]
    fn a_group_is_looked_for_where_the_own_one_is_visible() {
        let found = |groups: &str| -> Vec<_> {
            let places = places(groups, |path, version| mounted(MOUNTS, path, version));
            places.map(|(path, version)| (path, version.limit)).collect()
        };
        let v1 = "memory.limit_in_bytes";
        assert_eq!(
            found("4:memory,hugetlb:/a/b\n2:cpu:/\n0::/\n"),
            [
                ("/sys/fs/cgroup/memory/a/b".into(), v1),
                ("/sys/fs/cgroup/memory/a".into(), v1),
                ("/sys/fs/cgroup/unified".into(), "memory.max")
            ]
        );
        assert_eq!(found(""), []);
        assert_eq!(
            found("4:memory:/a"),
            [("/sys/fs/cgroup/memory/a".into(), v1), ("/sys/fs/cgroup/memory".into(), v1)]
        );
        assert_eq!(mounted(&MOUNTS[MOUNTS.find("33").unwrap()..], "/docker/x/y", &V1), Some("/mnt/y".into()));
        assert_eq!(mounted(&MOUNTS[MOUNTS.find("33").unwrap()..], "/other", &V1), None);
    }

    /// Whatever this machine has: the short way must not come to another place than the list of all mounts.
    #[test]
    fn the_usual_place_is_where_the_list_of_mounts_says() {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        for version in [&V1, &V2].into_iter().filter(|version| is_hierarchy(version)) {
            for path in ["/", "/a/b"] {
                assert_eq!(mounted(&mounts, path, version), Some(beneath(version.usual, path)), "{version:?}");
            }
        }
        assert!(!is_hierarchy(&Version { usual: "/proc", ..V1 }));
        assert_eq!(beneath("/sys/fs/cgroup", "/"), Path::new("/sys/fs/cgroup"));
    }

    /// Where this machine shows groups of version 2 and lets one be made, with whatever controllers.
    #[test]
    fn a_process_is_born_in_a_group_of_version_2() {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap();
        let places = places(&groups, |path, version| mounted(&mounts, path, version))
            .filter(|(_, version)| version.network.is_none());
        let named = |(place, _): (PathBuf, _)| place.join(format!("stella-test-{}", std::process::id()));
        let Some(folder) = places.map(named).find(|folder| fs::create_dir(folder).is_ok()) else { return };
        let place = File::open(&folder).unwrap();
        let mut seen = [0; 4096];
        let mut length = 0;
        // Nothing here may be allocated: another thread of the tests may be about to.
        let mut look = || {
            let file = rustix::fs::open(c"/proc/self/cgroup", rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty());
            length = file.and_then(|file| rustix::io::read(file, &mut seen)).unwrap_or(0);
            7
        };
        let born = sys::fork_sharing(&mut look, Some(place.as_fd())).unwrap();
        let status = rustix::process::waitpid(Some(born), rustix::process::WaitOptions::empty()).unwrap().unwrap().1;
        fs::remove_dir(&folder).unwrap();
        assert_eq!(status.exit_status(), Some(7));
        let text = String::from_utf8_lossy(&seen[..length]).into_owned();
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert!(text.lines().any(|line| line.starts_with("0::") && line.ends_with(name)), "{text}");
        // A folder that is none: nothing is started.
        let none = File::open("/").unwrap();
        assert!(sys::fork_sharing(&mut || 7, Some(none.as_fd())).is_err());
    }

    /// Named regression: a run that ended took the group of one that was just beginning away, which then ran without.
    #[test]
    fn a_group_that_is_swept_before_it_is_locked_is_made_again() {
        let parent = tempfile::tempdir().unwrap();
        let names = || (0..4).map(|number| parent.path().join(format!("{PREFIX}{number}")));
        let made = std::cell::Cell::new(0);
        let swept = |folder: &Path| {
            fs::create_dir(folder)?;
            made.set(made.get() + 1);
            // Another run ends just now, twice.
            if made.get() < 3 {
                sweep(parent.path())
            }
            Ok(())
        };
        let (folder, owner) = own(names(), swept).unwrap();
        assert_eq!((folder, made.get()), (parent.path().join("stella-run-2"), 3));
        // It is held from now on.
        sweep(parent.path());
        assert_eq!(names().filter(|name| name.exists()).count(), 1);
        drop(owner);
        sweep(parent.path());
        assert_eq!(names().filter(|name| name.exists()).count(), 0);
        assert!(own(names(), |_| Err(io::ErrorKind::PermissionDenied.into())).is_none());
    }

    #[test]
    fn only_what_cannot_be_given_back_is_counted() {
        let stat = "anon 5\nfile 100\nkernel 30\nshmem 7\nanon_thp 3\nsock 2\nslab_reclaimable 4\n";
        assert_eq!((held(stat, V2.held), held(stat, V2.spare)), (44, 4));
        assert_eq!(held("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", &["oom_kill"]), 2);
        assert_eq!(held("anon x\n", V2.held), 0);
    }
}
