//! Everything that a run may depend on, in one value: to perturb a run is to change one field.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::diagnostic::{Diagnostic, FailureKind};
pub use crate::sandbox::environment::Environment;
use crate::sandbox::sandbox_path::{ROOT, SandboxPath, WORK};
use crate::sandbox::validated::{Argv, CpuCount, Hostname, Locale, TimeZone, Umask, User};

/// What is run, and all that it may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxSpec {
    /// The program and its arguments.
    pub argv: Argv,
    /// What of the machine is visible below [`crate::sandbox::sandbox_path::ROOT`].
    pub mounts: Mounts,
    /// What stands at `/usr`, `/etc` and so on.
    pub system: SystemRoots,
    /// Further folders of the machine that are visible, read-only, at their own path.
    pub roots: Vec<HostRoot>,
    /// Further folders of the machine that the program may change, at their own path.
    pub writable_roots: Vec<HostRoot>,
    /// Folders of the machine in which programs are looked up first; each lies in one that is visible.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<HostRoot>,
    /// The working directory.
    pub working_directory: SandboxPath,
    /// Variables beside the fixed ones.
    pub env: Environment,
    /// What the program takes for now.
    pub clock: Clock,
    /// By how much a frozen clock moves at each reading: nothing, unless a program waits for it to move.
    pub clock_step: Duration,
    /// Which times of files the program sees.
    pub file_times: FileTimes,
    /// `TZ`.
    pub tz: TimeZone,
    /// `LC_ALL` and `LANG`.
    pub locale: Locale,
    /// The host's name.
    pub hostname: Hostname,
    /// Whom the program believes to be.
    pub user: User,
    /// Permission bits that new files do not get.
    pub umask: Umask,
    /// Where all randomness comes from.
    pub seed: u64,
    /// How many processors the program sees; the machine's where `None`.
    pub cpu_count: Option<CpuCount>,
    /// In which order directories are listed.
    pub directory_order: DirectoryOrder,
    /// Whether addresses differ from run to run.
    pub aslr: bool,
    /// Whether the network can be reached.
    pub network: Network,
    /// Which look-ups of paths are observed.
    pub paths: Paths,
    /// Whether every path that is looked up is noted.
    pub look_ups: Noting,
    /// When the run is ended.
    pub limits: Limits,
    /// A rule of the filter that is switched off.
    #[cfg(stella_weaken)]
    #[serde(default)]
    pub weaken: Option<String>,
}

impl SandboxSpec {
    /// The strictest spec that runs `argv`: no mount, no variable, no network, fixed everything.
    pub fn new(argv: Argv, clock: Clock) -> Self {
        Self {
            argv,
            mounts: Mounts::default(),
            system: SystemRoots::Host,
            roots: Vec::new(),
            writable_roots: Vec::new(),
            path: Vec::new(),
            working_directory: WORK,
            env: Environment::default(),
            clock,
            clock_step: Duration::ZERO,
            file_times: FileTimes::Machine,
            tz: TimeZone::default(),
            locale: Locale::default(),
            hostname: Hostname::default(),
            user: User::default(),
            umask: Umask::default(),
            seed: 0,
            cpu_count: None,
            directory_order: DirectoryOrder::Sorted,
            aslr: false,
            network: Network::Denied,
            paths: Paths::Rare,
            look_ups: Noting::Nothing,
            limits: Limits::default(),
            #[cfg(stella_weaken)]
            weaken: None,
        }
    }
}

impl SandboxSpec {
    /// Whether every path that is looked up is noted.
    pub(crate) fn notes_files(&self) -> bool {
        self.look_ups == Noting::Everything
    }

    /// Whether a tracer has to see every path that is looked up.
    pub(crate) fn watches_files(&self) -> bool {
        self.notes_files() || matches!(self.system, SystemRoots::Closure { .. })
    }
}

/// What stands at `/usr`, `/etc` and so on, read-only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemRoots {
    /// The machine's interpreters, libraries and certificates ([`crate::sandbox::sandbox_path::SYSTEM_ROOTS`]).
    Host,
    /// All that an unpacked image holds, but for what every run has for itself (`/proc`, `/dev`, `/tmp`, …).
    Image(PathBuf),
    /// All that an unpacked closure holds, and nothing of the machine. Only a run with a root of its own and a tracer can have it.
    Closure {
        /// Its folder.
        root: PathBuf,
        /// The list of its files of which there is no content: who opens one ends the run.
        without_content: PathBuf,
    },
}

/// A folder or file of the machine that a program needs at its own path, such as an interpreter outside the system's
/// folders. Absolute and plain, and none of the places that the sandbox makes itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostRoot(String);

/// Why a path cannot be a [`HostRoot`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be shown in the sandbox: expected an absolute path without `..`, outside /proc, /sys, /dev and {ROOT}"
)]
pub struct InvalidHostRoot(String);

impl Diagnostic for InvalidHostRoot {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

impl HostRoot {
    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HostRoot {
    type Error = InvalidHostRoot;

    fn try_from(path: String) -> Result<Self, InvalidHostRoot> {
        let plain = path.len() > 1
            && path.starts_with('/')
            && !path.contains('\0')
            && path.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."));
        let own = ["/proc", "/sys", "/dev", "/tmp", ROOT];
        let taken = own.iter().any(|place| path == *place)
            || own.iter().filter(|place| **place != "/tmp").any(|place| path.starts_with(&format!("{place}/")));
        if plain && !taken { Ok(Self(path)) } else { Err(InvalidHostRoot(path)) }
    }
}

impl From<HostRoot> for String {
    fn from(root: HostRoot) -> Self {
        root.0
    }
}

/// What the program takes for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Always this instant.
    Frozen(Timestamp),
    /// The machine's time.
    Real,
}

/// In which order directories are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryOrder {
    /// By the bytes of the names.
    Sorted,
    /// Shuffled by the seed.
    Seeded,
    /// As the file system has it.
    Machine,
}

/// Whether the network can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Nothing but the run's own loopback.
    Denied,
    /// The machine's network.
    Allowed,
}

/// Which times of files the program sees, where the clock is frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileTimes {
    /// Those that the file system has: a file that the program creates or changes has the machine's time.
    Machine,
    /// None after the frozen clock. Each look at a file then costs two stops.
    Clamped,
}

/// Which look-ups of paths that are not in the sandbox are observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paths {
    /// Those that are rare anyway: of programs, of working directories, of files that are to be made.
    Rare,
    /// Those too of what a result may depend on: what the command names, configuration, databases
    /// ([`crate::sandbox::looked_for`]). Each open and each look at a file then costs a stop.
    Telling,
    /// All. Each open and each look at a file then costs two stops.
    Every,
}

/// Whether every path that is looked up is noted, whatever becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noting {
    /// No path is.
    Nothing,
    /// Each is, once: [`LookUps`](crate::sandbox::look_ups::LookUps). Each look-up then costs a stop.
    Everything,
}

/// When a run is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Wall time, the sandbox's own start included.
    pub wall: Duration,
    /// Bytes of stdout and stderr together.
    pub captured_bytes: u64,
    /// Bytes of one written file, of all private folders together, and of all that is written to a disk.
    pub file_bytes: u64,
    /// Processes and threads at a time.
    pub processes: u32,
    /// Bytes of memory of all processes together, and of the data of each; what the machine seems to have.
    pub memory_bytes: u64,
}

impl Default for Limits {
    /// Ten minutes, 64 MiB of output, 4 GiB of files, 4096 processes, 8 GiB of memory.
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(600),
            captured_bytes: 64 << 20,
            file_bytes: 4 << 30,
            processes: 4096,
            memory_bytes: 8 << 30,
        }
    }
}

/// A file or folder of the machine that is visible inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawMount", into = "RawMount")]
pub struct Mount {
    host: PathBuf,
    inside: SandboxPath,
    writable: bool,
}

/// Why something cannot be mounted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMount {
    /// A source that depends on the working directory, or that cannot be passed on.
    #[error("`{}` cannot be mounted: expected an absolute path in UTF-8", host.display())]
    Host {
        /// The source.
        host: PathBuf,
    },
    /// Two mounts where one would hide the other.
    #[error("`{inside}` cannot be mounted: it overlaps `{other}`")]
    Overlap {
        /// The place asked for.
        inside: SandboxPath,
        /// The place taken.
        other: SandboxPath,
    },
}

impl Mount {
    /// `host` is visible at `inside` and cannot be changed.
    ///
    /// # Errors
    /// When `host` is not absolute or not UTF-8.
    pub fn read_only(host: impl Into<PathBuf>, inside: SandboxPath) -> Result<Self, InvalidMount> {
        Self::new(host.into(), inside, false)
    }

    /// `host` is visible at `inside` and can be written.
    ///
    /// # Errors
    /// When `host` is not absolute or not UTF-8.
    pub fn writable(host: impl Into<PathBuf>, inside: SandboxPath) -> Result<Self, InvalidMount> {
        Self::new(host.into(), inside, true)
    }

    fn new(host: PathBuf, inside: SandboxPath, writable: bool) -> Result<Self, InvalidMount> {
        let passable = host.to_str().is_some_and(|text| !text.contains('\0'));
        if host.is_absolute() && passable {
            Ok(Self { host, inside, writable })
        } else {
            Err(InvalidMount::Host { host })
        }
    }

    /// Where it is on the machine.
    pub fn host(&self) -> &Path {
        &self.host
    }

    /// Where the program finds it.
    pub fn inside(&self) -> &SandboxPath {
        &self.inside
    }

    /// Whether the program may change it.
    pub fn is_writable(&self) -> bool {
        self.writable
    }
}

/// Mounts of which none lies within another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Mount>", into = "Vec<Mount>")]
pub struct Mounts(Vec<Mount>);

impl Mounts {
    /// Adds a mount.
    ///
    /// # Errors
    /// When it overlaps one that is there.
    pub fn add(&mut self, mount: Mount) -> Result<(), InvalidMount> {
        let overlaps = |other: &&Mount| mount.inside.is_within(&other.inside) || other.inside.is_within(&mount.inside);
        if let Some(other) = self.0.iter().find(overlaps) {
            return Err(InvalidMount::Overlap { inside: mount.inside, other: other.inside.clone() });
        }
        self.0.push(mount);
        Ok(())
    }

    /// Every mount, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Mount> {
        self.0.iter()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMount {
    host: PathBuf,
    inside: SandboxPath,
    writable: bool,
}

impl TryFrom<RawMount> for Mount {
    type Error = InvalidMount;

    fn try_from(raw: RawMount) -> Result<Self, Self::Error> {
        Self::new(raw.host, raw.inside, raw.writable)
    }
}

impl From<Mount> for RawMount {
    fn from(mount: Mount) -> Self {
        Self { host: mount.host, inside: mount.inside, writable: mount.writable }
    }
}

impl TryFrom<Vec<Mount>> for Mounts {
    type Error = InvalidMount;

    fn try_from(list: Vec<Mount>) -> Result<Self, Self::Error> {
        let mut mounts = Self::default();
        for mount in list {
            mounts.add(mount)?;
        }
        Ok(mounts)
    }
}

impl From<Mounts> for Vec<Mount> {
    fn from(mounts: Mounts) -> Self {
        mounts.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::sandbox_path::{INPUT, OUT};

    #[test]
    fn a_source_is_absolute() {
        assert!(Mount::read_only("/a", INPUT).is_ok());
        for bad in ["", "a", "./a", "/a\0"] {
            assert_eq!(Mount::read_only(bad, INPUT), Err(InvalidMount::Host { host: bad.into() }));
        }
    }

    #[test]
    fn no_mount_hides_another() {
        let mut mounts = Mounts::default();
        mounts.add(Mount::read_only("/a", INPUT.join("x").unwrap()).unwrap()).unwrap();
        for taken in [INPUT, INPUT.join("x").unwrap(), INPUT.join("x/y").unwrap()] {
            let other = INPUT.join("x").unwrap();
            let added = mounts.add(Mount::read_only("/b", taken.clone()).unwrap());
            assert_eq!(added, Err(InvalidMount::Overlap { inside: taken, other }));
        }
        mounts.add(Mount::writable("/b", OUT).unwrap()).unwrap();
        assert_eq!(mounts.iter().count(), 2);
    }

    #[test]
    fn a_spec_survives_the_way_to_the_helper() {
        let mut spec = SandboxSpec::new(
            Argv::new(["scan", "--out", "/tmp/stella/out"]).unwrap(),
            Clock::Frozen("2026-01-02T03:04:05.123456789Z".parse().unwrap()),
        );
        spec.mounts.add(Mount::writable("/b", OUT).unwrap()).unwrap();
        spec.env.set("A", "b").unwrap();
        spec.seed = u64::MAX;
        spec.cpu_count = Some(CpuCount::new(3).unwrap());
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<SandboxSpec>(&text).unwrap(), spec);
    }
}
