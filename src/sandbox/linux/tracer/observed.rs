//! What the tracer counts while a run goes on, bounded; in the end a [`Ledger`].

use std::collections::BTreeMap;

use crate::sandbox::ledger::{Entry, Ledger};

/// The most entries of one kind: a program that makes more of them has made its point.
const MOST: usize = 2_000;
/// The longest text that is kept, in bytes.
const LONGEST: usize = 1_024;

/// A program's file, by its number in [`Observed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Executable(usize);

/// Somebody reached for an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reach {
    pub(super) call: &'static str,
    pub(super) address: String,
    pub(super) port: Option<u16>,
    pub(super) denied: bool,
}

/// Everything that was seen so far.
#[derive(Debug, Default)]
pub(in crate::sandbox::linux) struct Observed {
    executables: Vec<String>,
    execs: Vec<Entry>,
    /// How often, and when first.
    reached: BTreeMap<(Reach, Executable), (u64, u64)>,
    names: BTreeMap<(String, String), u64>,
    /// How often, and whether the machine has it.
    paths: BTreeMap<(String, &'static str, Executable), (u64, bool)>,
    clock: BTreeMap<Executable, u64>,
    /// Draws and bytes.
    randomness: BTreeMap<Executable, (u64, u64)>,
    refused: BTreeMap<(&'static str, Executable), u64>,
    /// Processes and threads.
    pub(in crate::sandbox::linux) processes: u64,
    /// Bytes.
    pub(in crate::sandbox::linux) peak_memory: u64,
    /// Bytes that are held by what belongs to no process, at the last look.
    pub(in crate::sandbox::linux) shared_memory: u64,
    /// Whether the program is not in the control group that was made for it.
    pub(in crate::sandbox::linux) uncounted: bool,
    omitted: u64,
}

impl Observed {
    /// The number of a program's file.
    pub(super) fn executable(&mut self, path: &str) -> Executable {
        let known = self.executables.iter().position(|known| known == path);
        Executable(known.unwrap_or_else(|| {
            // The last one stands for all that come after too many.
            if self.executables.len() <= MOST {
                self.executables.push(bounded(path));
            }
            self.executables.len() - 1
        }))
    }

    pub(super) fn exec(&mut self, process: String, executable: Executable, at_ms: u64) {
        let executable = self.path(executable);
        if self.execs.len() < MOST {
            self.execs.push(Entry::Exec { process, executable, at_ms });
        } else {
            self.omitted += 1;
        }
    }

    pub(super) fn reach(&mut self, reach: Reach, executable: Executable, at_ms: u64) {
        match slot(&mut self.reached, (reach, executable), &mut self.omitted) {
            Some((count @ 0, first)) => (*count, *first) = (1, at_ms),
            Some((count, _)) => *count += 1,
            None => {}
        }
    }

    pub(in crate::sandbox::linux) fn name(&mut self, name: &str, record: String) {
        if let Some(count) = slot(&mut self.names, (bounded(name), record), &mut self.omitted) {
            *count += 1;
        }
    }

    /// `on_machine` is asked once for each path.
    pub(super) fn missing(
        &mut self,
        path: &str,
        attempt: &'static str,
        executable: Executable,
        on_machine: impl FnOnce() -> bool,
    ) {
        match slot(&mut self.paths, (bounded(path), attempt, executable), &mut self.omitted) {
            Some((count @ 0, found)) => (*count, *found) = (1, on_machine()),
            Some((count, _)) => *count += 1,
            None => {}
        }
    }

    pub(super) fn clock_read(&mut self, executable: Executable) {
        *self.clock.entry(executable).or_default() += 1;
    }

    pub(super) fn draw(&mut self, executable: Executable, bytes: usize) {
        let (draws, sum) = self.randomness.entry(executable).or_default();
        *draws += 1;
        *sum += bytes as u64;
    }

    pub(super) fn refuse(&mut self, call: &'static str, executable: Executable) {
        *self.refused.entry((call, executable)).or_default() += 1;
    }

    fn path(&self, executable: Executable) -> String {
        self.executables.get(executable.0).cloned().unwrap_or_default()
    }

    /// Everything as a ledger.
    pub(in crate::sandbox::linux) fn into_ledger(self, how: String, wall_ms: u64) -> Ledger {
        let mut entries = self.execs.clone();
        for ((reach, executable), (count, first_ms)) in &self.reached {
            let Reach { call, address, port, denied } = reach.clone();
            let (executable, call) = (self.path(*executable), call.to_owned());
            let (count, first_ms) = (*count, *first_ms);
            entries.push(Entry::Network { call, address, port, executable, count, first_ms, denied });
        }
        for ((name, record), count) in &self.names {
            entries.push(Entry::Name { name: name.clone(), record: record.clone(), count: *count });
        }
        for ((path, attempt, executable), (count, on_machine)) in &self.paths {
            entries.push(Entry::Path {
                path: path.clone(),
                attempt: (*attempt).to_owned(),
                executable: self.path(*executable),
                count: *count,
                on_machine: *on_machine,
            });
        }
        for (executable, reads) in &self.clock {
            entries.push(Entry::Clock { executable: self.path(*executable), reads: *reads });
        }
        for (executable, (draws, bytes)) in &self.randomness {
            let executable = self.path(*executable);
            entries.push(Entry::Randomness { executable, draws: *draws, bytes: *bytes });
        }
        for ((call, executable), count) in &self.refused {
            let executable = self.path(*executable);
            entries.push(Entry::Refused { call: (*call).to_owned(), executable, count: *count });
        }
        entries.push(Entry::End { how, wall_ms, peak_memory_bytes: self.peak_memory, processes: self.processes });
        Ledger { entries, omitted: self.omitted }
    }
}

/// The place for `key`, if it is there already or there is room for one more.
fn slot<'a, K: Ord, V: Default>(map: &'a mut BTreeMap<K, V>, key: K, omitted: &mut u64) -> Option<&'a mut V> {
    if map.len() >= MOST && !map.contains_key(&key) {
        *omitted += 1;
        return None;
    }
    Some(map.entry(key).or_default())
}

fn bounded(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_tries_everything_fills_no_memory() {
        let mut observed = Observed::default();
        let executable = observed.executable("/x");
        for number in 0..3 * MOST {
            observed.name(&format!("{number}.example"), "A".into());
            observed.missing(&"x".repeat(5_000), "open", executable, || true);
            observed.executable(&number.to_string());
        }
        let ledger = observed.into_ledger("exit 0".into(), 1);
        assert_eq!(ledger.omitted, 2 * MOST as u64);
        assert_eq!(ledger.entries.len(), MOST + 2);
        let path = ledger.entries.iter().find_map(|entry| match entry {
            Entry::Path { path, count, .. } => Some((path.len(), *count)),
            _ => None,
        });
        assert_eq!(path, Some((LONGEST + '…'.len_utf8(), 3 * MOST as u64)));
    }

    #[test]
    fn the_same_again_is_counted_and_keeps_its_first_time() {
        let mut observed = Observed::default();
        let executable = observed.executable("/x");
        let reach = Reach { call: "connect", address: "192.0.2.1".into(), port: Some(1), denied: true };
        observed.reach(reach.clone(), executable, 5);
        observed.reach(reach, executable, 9);
        let ledger = observed.into_ledger(String::new(), 0);
        assert!(matches!(&ledger.entries[0], Entry::Network { count: 2, first_ms: 5, .. }), "{ledger:?}");
    }
}
