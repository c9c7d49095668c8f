//! The ledger: what the sandbox saw of one run. Evidence, never part of fidelity: it holds counts and peaks that do
//! not repeat.
//!
//! As a file it is lines of JSON: a [`Header`], then one [`Entry`] a line, `end` last. What stands in it came from a
//! foreign program and is bounded: of each kind so many entries are kept, and the header counts the rest.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::model::result;
use crate::model::same_words::same_words;

/// The version of the lines.
pub const SCHEMA: &str = "stella-ledger/1";

/// The first line of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// `stella-ledger/1`.
    pub schema: String,
    /// The level of isolation that was reached.
    pub level: Isolation,
    /// What of the spec it could not keep, in words.
    pub lost: Vec<String>,
    /// How many entries were left out because there were too many of their kind.
    pub omitted: u64,
}

/// How well a replay was isolated, found by trying; strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// Namespaces and system-call tracing.
    Full,
    /// Tracing without namespaces.
    Traced,
    /// Namespaces without tracing: no network, private directories; the clock is the machine's.
    Isolated,
    /// Nothing.
    None,
}

same_words!(result::Isolation { Full, Traced, Isolated, None });

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Entry {
    /// A process began to run a program.
    Exec {
        /// Its place in the tree: `1` is the scanner, `1.2` the second process that it started.
        process: String,
        /// The program's file.
        executable: String,
        /// Milliseconds after the start.
        at_ms: u64,
    },
    /// A connection or a datagram was attempted.
    Network {
        /// The system call.
        call: String,
        /// An IP address, or `unix:PATH`.
        address: String,
        /// The port; absent where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
        /// Who tried.
        executable: String,
        /// How often.
        count: u64,
        /// Milliseconds after the start, the first time.
        first_ms: u64,
        /// Whether it could not succeed; an address of the run's own loopback can.
        denied: bool,
    },
    /// A name was looked up.
    Name {
        /// The name, without a final dot.
        name: String,
        /// `A`, `AAAA`, … or the number of the type.
        record: String,
        /// How often.
        count: u64,
    },
    /// A path was looked up that is not in the sandbox.
    Path {
        /// As the program gave it.
        path: String,
        /// `execute`, `enter`, `create`, `open`, `look up`.
        attempt: String,
        /// Who tried.
        executable: String,
        /// How often.
        count: u64,
        /// Whether the machine has it: what the scanner might have found without a sandbox.
        on_machine: bool,
    },
    /// The time of day was read.
    Clock {
        /// By whom.
        executable: String,
        /// How often.
        reads: u64,
    },
    /// Randomness was drawn.
    Randomness {
        /// By whom.
        executable: String,
        /// How often.
        draws: u64,
        /// How many bytes in all.
        bytes: u64,
    },
    /// A system call was refused that could lead out of the sandbox.
    Refused {
        /// The system call.
        call: String,
        /// Who tried.
        executable: String,
        /// How often.
        count: u64,
    },
    /// The run is over.
    End {
        /// How: `exit 0`, `signal 9`, or why it was ended.
        how: String,
        /// Milliseconds of wall time.
        wall_ms: u64,
        /// The most memory at a time of all processes together, in bytes, as far as it was sampled.
        peak_memory_bytes: u64,
        /// How many processes and threads there were in all.
        processes: u64,
    },
}

/// A line of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LedgerLine {
    /// The first.
    Header(Header),
    /// Every other.
    Entry(Entry),
}

/// What the sandbox saw of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// In the order of their kinds; `End` is last.
    pub entries: Vec<Entry>,
    /// How many were left out.
    pub omitted: u64,
}

impl Ledger {
    /// What was denied, as one line each: evidence that a scan reached for more than it was given.
    pub fn denied(&self) -> Vec<Denied> {
        let denied = |entry: &Entry| match entry {
            Entry::Network { call, address, port, executable, denied: true, .. } => Some(Denied::Network {
                call: call.clone(),
                address: address.clone(),
                port: *port,
                executable: executable.clone(),
            }),
            Entry::Name { name, record, .. } => Some(Denied::Name { name: name.clone(), record: record.clone() }),
            Entry::Path { path, attempt, executable, on_machine: true, .. } => {
                Some(Denied::Path { path: path.clone(), attempt: attempt.clone(), executable: executable.clone() })
            }
            _ => None,
        };
        self.entries.iter().filter_map(denied).collect()
    }

    /// How often the time of day was read.
    pub fn clock_reads(&self) -> u64 {
        let reads = |entry: &Entry| if let Entry::Clock { reads, .. } = entry { *reads } else { 0 };
        self.entries.iter().map(reads).sum()
    }

    /// The ledger as a file.
    pub fn to_lines(&self, level: result::Isolation, lost: &[String]) -> Vec<u8> {
        let header =
            Header { schema: SCHEMA.to_owned(), level: level.into(), lost: lost.to_vec(), omitted: self.omitted };
        let mut lines = Vec::new();
        // Texts and numbers only: always JSON.
        lines.extend(serde_json::to_vec(&header).unwrap_or_default());
        lines.push(b'\n');
        for entry in &self.entries {
            lines.extend(serde_json::to_vec(entry).unwrap_or_default());
            lines.push(b'\n');
        }
        lines
    }

    /// SHA-256 of the ledger as a file.
    pub fn digest(&self, level: result::Isolation, lost: &[String]) -> Digest {
        Digest::of(&self.to_lines(level, lost))
    }
}

/// Something that a scan was not given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denied {
    /// A connection.
    Network {
        /// The system call.
        call: String,
        /// An IP address, or `unix:PATH`.
        address: String,
        /// The port.
        port: Option<u16>,
        /// Who tried.
        executable: String,
    },
    /// The address of a name.
    Name {
        /// The name.
        name: String,
        /// The type of record.
        record: String,
    },
    /// A path that the machine has and the sandbox does not.
    Path {
        /// The path.
        path: String,
        /// What was to be done with it.
        attempt: String,
        /// Who tried.
        executable: String,
    },
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { call, address, port: Some(port), executable } if address.contains(':') => {
                write!(f, "network: {call} to [{address}]:{port} by {executable}")
            }
            Self::Network { call, address, port: Some(port), executable } => {
                write!(f, "network: {call} to {address}:{port} by {executable}")
            }
            Self::Network { call, address, port: None, executable } => {
                write!(f, "network: {call} to {address} by {executable}")
            }
            Self::Name { name, record } => write!(f, "network: look-up of {name} ({record})"),
            Self::Path { path, attempt, executable } => {
                write!(f, "path: {attempt} {path} by {executable}: the machine has it, the sandbox does not")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        let executable = "/usr/bin/scan".to_owned();
        Ledger {
            entries: vec![
                Entry::Exec { process: "1".into(), executable: executable.clone(), at_ms: 0 },
                Entry::Network {
                    call: "connect".into(),
                    address: "192.0.2.1".into(),
                    port: Some(443),
                    executable: executable.clone(),
                    count: 2,
                    first_ms: 7,
                    denied: true,
                },
                Entry::Network {
                    call: "connect".into(),
                    address: "127.0.0.1".into(),
                    port: Some(80),
                    executable: executable.clone(),
                    count: 1,
                    first_ms: 8,
                    denied: false,
                },
                Entry::Name { name: "example.com".into(), record: "A".into(), count: 1 },
                Entry::Path {
                    path: "/root/.netrc".into(),
                    attempt: "open".into(),
                    executable: executable.clone(),
                    count: 1,
                    on_machine: true,
                },
                Entry::Clock { executable, reads: 4 },
            ],
            omitted: 3,
        }
    }

    #[test]
    fn every_line_reads_back() {
        let bytes = ledger().to_lines(result::Isolation::Full, &["a: b".into()]);
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.lines();
        let header: Header = serde_json::from_str(lines.next().unwrap()).unwrap();
        assert_eq!((header.schema.as_str(), header.omitted, header.level), (SCHEMA, 3, Isolation::Full));
        let entries: Vec<Entry> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(entries, ledger().entries);
    }

    #[test]
    fn what_could_not_succeed_is_denied_and_nothing_else() {
        let denied: Vec<_> = ledger().denied().iter().map(ToString::to_string).collect();
        assert_eq!(
            denied,
            [
                "network: connect to 192.0.2.1:443 by /usr/bin/scan",
                "network: look-up of example.com (A)",
                "path: open /root/.netrc by /usr/bin/scan: the machine has it, the sandbox does not",
            ]
        );
    }
}
