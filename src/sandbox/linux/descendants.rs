//! Who descends from whom, as `/proc` has it: also where it shows the processes of more than one pid namespace, in which
//! each has another number in each.

use std::collections::BTreeMap;
use std::{fs, io};

use crate::sandbox::linux::proc;
use crate::sandbox::linux::tracee::Pid;

/// Every process that descends from this one, by its number in `/proc`.
///
/// # Errors
/// Where `/proc` cannot be read: no process would be seen, whatever there is.
pub(super) fn of_this_process() -> io::Result<Vec<Pid>> {
    Ok(below(own()?, &parents()?))
}

/// The number that this process has in `/proc`, whatever it has in its own namespace.
fn own() -> io::Result<Pid> {
    let link = fs::read_link("/proc/self")?;
    link.to_str().and_then(|number| number.parse().ok()).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn below(first: Pid, parents: &BTreeMap<Pid, Pid>) -> Vec<Pid> {
    let descends = |pid: &Pid| {
        // A chain of parents is finite; a torn reading of it must not be a loop.
        std::iter::successors(parents.get(pid), |parent| parents.get(parent))
            .take(parents.len())
            .any(|pid| *pid == first)
    };
    parents.keys().copied().filter(descends).collect()
}

/// The parent of every process that can be seen.
fn parents() -> io::Result<BTreeMap<Pid, Pid>> {
    let mut parents = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Some(stat) = proc::of_process(&entry.path().join("stat"))? else { continue };
        parents.extend(parent_in(&stat).map(|parent| (pid, parent)));
    }
    Ok(parents)
}

/// The fourth field of `/proc/PID/stat`; the second is a name in parentheses and may hold anything.
fn parent_in(stat: &str) -> Option<Pid> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_be_named_like_the_fields_around_it() {
        assert_eq!(parent_in("12 (sh) S 7 12 12 0"), Some(7));
        assert_eq!(parent_in("12 (a) S 1 (b)) R 9 12"), Some(9));
        assert_eq!(parent_in("12 (sh"), None);
        assert_eq!(parent_in(""), None);
    }

    #[test]
    fn this_process_has_the_parent_that_the_system_says() {
        let parent = rustix::process::getppid().map(rustix::process::Pid::as_raw_pid);
        assert_eq!(parents().unwrap().get(&own().unwrap()).copied(), parent);
    }

    #[test]
    fn children_of_children_descend_and_a_torn_reading_ends() {
        let parents = BTreeMap::from([(2, 1), (3, 2), (4, 3), (5, 1), (6, 7), (7, 6)]);
        assert_eq!(below(2, &parents), [3, 4]);
        assert_eq!(below(1, &parents), [2, 3, 4, 5]);
        assert_eq!(below(9, &parents), [] as [Pid; 0]);
    }
}
