//! What a run looked up in the file system, as its tracer saw it: each path as the program gave it, from the root on, before it is
//! known whether there is anything.

use serde::{Deserialize, Serialize};

/// The paths of one run, by what was done with them; each is in [the form of a text](crate::model::text::path_bytes).
///
/// Absent: what lies in the places that a run has for itself, and what the kernel opens by itself when a program is executed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookUps {
    /// Executed.
    pub executed: Vec<String>,
    /// Opened, so that its content could be read.
    pub opened: Vec<String>,
    /// Folders whose entries were read.
    pub listed: Vec<String>,
    /// Looked at alone.
    pub looked_at: Vec<String>,
    /// Whether there were more than are told of.
    pub cut: bool,
}
