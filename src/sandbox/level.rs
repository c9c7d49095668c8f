//! How well a run is isolated: found by trying, never by reading what the machine claims.

use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::result::Isolation;
use crate::sandbox::spec::{Clock, DirectoryOrder, FileTimes, Mount, Network, SandboxSpec, SystemRoots};

/// The level that was reached, and what of the spec it could not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The level.
    pub level: Isolation,
    /// What has no effect or is visible all the same: `subject: what instead`.
    pub lost: Vec<String>,
}

/// Refuses a level that is weaker than the wanted one.
///
/// # Errors
/// [`NotIsolated`], which says why and how to mend it.
pub fn require(reached: &Reached, wanted: Isolation) -> Result<(), NotIsolated> {
    if reached.level <= wanted { Ok(()) } else { Err(NotIsolated { reached: reached.clone(), wanted }) }
}

/// The sandbox is weaker than required.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("isolation `{}` is required, `{}` was reached: {}", wanted.code(), reached.level.code(), reached.lost.join("; "))]
pub struct NotIsolated {
    /// What was reached.
    pub reached: Reached,
    /// What was wanted.
    pub wanted: Isolation,
}

impl Diagnostic for NotIsolated {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }

    /// Ready to paste.
    fn hint(&self) -> Option<Hint> {
        let hint = match (self.wanted, self.reached.level) {
            (Isolation::Full | Isolation::Traced, Isolation::Isolated) => {
                "tracing is refused here\n\
                 in Docker and `container:` jobs: `--security-opt seccomp=unconfined`, or `--cap-add SYS_PTRACE`\n\
                 where Yama forbids it: `sudo sysctl -w kernel.yama.ptrace_scope=1`"
            }
            _ if cfg!(target_os = "linux") => {
                "user namespaces are refused here\n\
                 on Ubuntu 24.04 and GitHub-hosted runners: `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`\n\
                 in Docker and `container:` jobs: `--security-opt seccomp=unconfined --security-opt apparmor=unconfined \
                 --security-opt systempaths=unconfined`"
            }
            _ => "only Linux isolates: run in a Linux container or virtual machine",
        };
        Some(hint.into())
    }
}

/// What of `spec` no run at `level` can keep, whatever the machine.
pub(crate) fn lost_at(level: Isolation, spec: &SandboxSpec) -> Vec<String> {
    let namespaces = matches!(level, Isolation::Full | Isolation::Isolated);
    let traced = matches!(level, Isolation::Full | Isolation::Traced);
    let mut lost = Vec::new();
    let mut lose = |when: bool, what: &str| {
        if when {
            lost.push(what.to_owned());
        }
    };
    let frozen = spec.clock != Clock::Real;
    lose(!namespaces && !traced && spec.network == Network::Denied, "network: reachable");
    lose(
        !namespaces && traced && spec.network == Network::Denied,
        "network: the machine's interfaces and routes are visible, and there is no loopback and no datagram socket",
    );
    let shows = !spec.roots.is_empty() || !spec.writable_roots.is_empty();
    lose(
        namespaces && shows,
        "sockets and pipes: one that is made in a folder of the machine while the program runs leads to other processes, but \
         for a socket where there is a tracer",
    );
    lose(
        !namespaces && !traced,
        "ipc: message queues, semaphores and shared memory of the machine's processes are in reach",
    );
    lose(!namespaces && traced, "ipc: there are no message queues, and no semaphores or shared memory of System V");
    lose(!traced && frozen, "clock: the machine's time is visible");
    lose(
        traced && frozen && spec.file_times == FileTimes::Machine,
        "file times: what the program creates or changes has the machine's time, also in archives that it makes of it",
    );
    lose(
        traced && frozen && spec.file_times == FileTimes::Machine,
        "inodes: when one was made or changed is the machine's time, also of the sandbox's own folders (*Birth* and *Change*)",
    );
    lose(
        traced && frozen,
        "uptime: monotonic clocks, start times of processes and the processor time that they used are the machine's, and so is \
         what programs draw from them (names of temporary files that glibc makes, the order of Java's `Map.of`)",
    );
    lose(
        true,
        "machine: numbers of processes, inodes, sockets, devices and mounts, how many processes there are, sizes, identities \
         and access times of the file systems that are shown, features and counters of the processor, which one a thread runs on and how it was scheduled, and the caller's \
         user number and priority are visible",
    );
    lose(
        namespaces,
        "network: counters of the machine are visible below `/proc/self/net` (`sockstat`, `softnet_stat`, `protocols`)",
    );
    lose(
        !namespaces && traced,
        "control groups: those of the machine, and the number of the run's own, are visible in `/proc/self/cgroup`",
    );
    lose(
        traced && frozen && spec.file_times == FileTimes::Clamped,
        "file times: for a moment a second thread can see the machine's, before they are set back",
    );
    lose(!namespaces, "paths: the machine's, not `/tmp/stella`");
    lose(!namespaces && spec.system != SystemRoots::Host, "system folders: the machine's, not the image's");
    lose(!namespaces, "host files: visible");
    lose(!namespaces && !traced, "host files: writable where stella may write; mounts are not read-only");
    lose(!namespaces, "host processes: visible, and with them their environment to programs of the same user");
    lose(!namespaces, "hostname: the machine's in files");
    lose(!namespaces, "user: the machine's");
    lose(!namespaces && !traced, "limits: processes are not limited, memory and written files not in sum");
    lose(namespaces && !traced, "limits: processes are counted ten times a second, not one by one");
    lose(
        namespaces && !traced,
        "limits: what a process has written that nobody waits for is not counted when it has ended",
    );
    let writes = !spec.writable_roots.is_empty() || spec.mounts.iter().any(Mount::is_writable);
    lose(
        traced && !namespaces || namespaces && writes,
        "limits: of files on a disk what is written to them is counted, not how many there are, nor what names, links and \
         attributes hold",
    );
    lose(namespaces || traced, "locks: those of files that are shown can be taken, and keep others waiting");
    lose(!namespaces && !traced, "keys: those of the caller's user keyring can be read");
    lose(!traced, "ledger: denied calls are not observed");
    lose(!traced, "randomness: `getrandom` gives the machine's");
    lose(!namespaces, "randomness: `/dev/urandom` gives the machine's");
    lose(!traced && spec.directory_order != DirectoryOrder::Machine, "directory order: the file system's");
    lose(!traced && spec.cpu_count.is_some(), "cpu count: only the affinity mask and, with namespaces, files show it");
    lose(!traced, "kernel: its version and uptime are visible");
    lose(
        !namespaces,
        "kernel: its files in `/proc` and `/sys` are visible, and by some the time of day (`/proc/stat`)",
    );
    lost
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::sandbox::validated::{Argv, CpuCount};

    fn spec() -> SandboxSpec {
        SandboxSpec::new(Argv::new(["true"]).unwrap(), Clock::Frozen(Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn a_stronger_level_satisfies_a_weaker_wish_and_never_the_other_way() {
        use Isolation::{Full, Isolated, None, Traced};
        let order = [Full, Traced, Isolated, None];
        for (i, level) in order.into_iter().enumerate() {
            for (j, wanted) in order.into_iter().enumerate() {
                let reached = Reached { level, lost: vec![] };
                assert_eq!(require(&reached, wanted).is_ok(), i <= j, "{level:?} for {wanted:?}");
            }
        }
    }

    #[test]
    fn a_refusal_says_what_was_reached_and_why() {
        let reached = Reached { level: Isolation::None, lost: vec!["namespaces: refused".into()] };
        let refusal = require(&reached, Isolation::Isolated).unwrap_err();
        assert_eq!(refusal.to_string(), "isolation `isolated` is required, `none` was reached: namespaces: refused");
        assert!(refusal.hint().is_some_and(|hint| hint.for_command_line().contains("user namespaces are refused")));
    }

    #[test]
    fn a_weaker_level_never_loses_less_of_what_the_stronger_keeps() {
        let lost = |level| lost_at(level, &spec());
        assert!(lost(Isolation::Isolated).iter().any(|what| what.starts_with("clock:")));
        for what in ["network:", "clock:", "paths:", "host files:", "directory order:"] {
            assert!(lost(Isolation::None).iter().any(|lost| lost.starts_with(what)), "{what}");
        }
    }

    #[test]
    fn only_what_was_asked_for_can_be_lost() {
        let mut spec = spec();
        spec.clock = Clock::Real;
        spec.network = Network::Allowed;
        spec.directory_order = DirectoryOrder::Machine;
        let lost = lost_at(Isolation::None, &spec);
        for what in ["clock:", "network:", "directory order:", "cpu count:"] {
            assert!(!lost.iter().any(|lost| lost.starts_with(what)), "{what}");
        }
        spec.cpu_count = Some(CpuCount::new(2).unwrap());
        assert!(lost_at(Isolation::None, &spec).iter().any(|lost| lost.starts_with("cpu count:")));
    }
}
