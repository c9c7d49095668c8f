//! What of a machine a job chooses beside clock, zone, locale and seed; the sandbox's own choice where nothing is said.

use std::time::Duration;

use serde_json::{Value, json};

use crate::host::machine;
use crate::sandbox::spec::{Clock, DirectoryOrder, FileTimes, HostRoot, InvalidHostRoot, Noting, SandboxSpec};
use crate::sandbox::validated::{CpuCount, Hostname, Umask, User};

/// The longest time limit of a run, in seconds: a day.
pub const MAX_TIME_LIMIT: u32 = 86_400;

/// The largest limit of memory, in MiB: a tebibyte.
pub const MAX_MEMORY_LIMIT: u32 = 1 << 20;

/// The settings of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of a sandbox's spec")]
pub struct Settings {
    pub hostname: Option<Hostname>,
    pub cpu_count: Option<CpuCount>,
    pub directory_order: Option<DirectoryOrder>,
    pub umask: Option<Umask>,
    pub user: Option<User>,
    /// The clock runs; an instant is then only where it began.
    pub clock_runs: bool,
    /// No file is shown as newer than the clock.
    pub clamp_file_times: bool,
    /// After how long the run is ended.
    pub time_limit: Option<Duration>,
    /// How much memory it may use, in MiB.
    pub memory_limit: Option<u32>,
    /// Folders in which programs are looked up before the system's.
    pub path: Vec<String>,
    /// What the run looks up is noted.
    pub notes_look_ups: bool,
}

impl Settings {
    /// Those of a new recording: a scanner is told how many processors this machine has, so that a replay on another one
    /// can tell it the same.
    pub fn of_this_machine() -> Self {
        Self { cpu_count: Some(CpuCount::nearest(machine::parallelism())), ..Self::default() }
    }

    /// Writes what was chosen into a spec.
    ///
    /// # Errors
    /// When a folder of `path` cannot be visible.
    pub fn apply(&self, spec: &mut SandboxSpec) -> Result<(), InvalidHostRoot> {
        if let Some(hostname) = &self.hostname {
            spec.hostname = hostname.clone();
        }
        if self.cpu_count.is_some() {
            spec.cpu_count = self.cpu_count;
        }
        if let Some(order) = self.directory_order {
            spec.directory_order = order;
        }
        if let Some(umask) = self.umask {
            spec.umask = umask;
        }
        if let Some(user) = self.user {
            spec.user = user;
        }
        if self.clock_runs {
            spec.clock = Clock::Real;
        }
        if self.clamp_file_times {
            spec.file_times = FileTimes::Clamped;
        }
        if self.notes_look_ups {
            spec.look_ups = Noting::Everything;
        }
        if let Some(limit) = self.time_limit {
            spec.limits.wall = limit;
        }
        if let Some(mib) = self.memory_limit {
            spec.limits.memory_bytes = u64::from(mib) << 20;
        }
        spec.path = self.path.iter().cloned().map(HostRoot::try_from).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// What was chosen beside what a manifest has a field for; `None` where nothing was. A time limit is not a setting that a
    /// result depends on.
    pub fn digested(&self) -> Option<Value> {
        let Self { hostname, cpu_count: _, directory_order, umask, user, .. } = self;
        let chosen = hostname.is_some() || directory_order.is_some() || umask.is_some() || user.is_some();
        chosen
            .then(|| json!({ "hostname": hostname, "directory_order": directory_order, "umask": umask, "user": user }))
    }
}
