//! Where a result is: the address of the file, as far as it is not the machine's, with line and column; else a name.

use std::collections::BTreeMap;

use super::log::{Artifact, ArtifactLocation, Location, LogicalLocation, at};

/// How deep addresses may be relative to one another.
const DEEPEST_BASE: usize = 16;

/// What the places of a run are told by.
pub(super) struct Places<'r> {
    pub(super) artifacts: &'r [Artifact],
    pub(super) bases: &'r BTreeMap<String, ArtifactLocation>,
}

impl Places<'_> {
    /// What is affected, and the place in it.
    pub(super) fn of(&self, location: &Location) -> (String, String) {
        let physical = location.physical_location.as_ref();
        let given = physical.and_then(|physical| physical.artifact_location.as_ref());
        let listed = || at(self.artifacts, given?.index)?.location.as_ref();
        let found = given.filter(|given| given.uri.is_some()).or_else(listed);
        if let Some(uri) = found.and_then(|found| self.uri(found)) {
            let region = physical.and_then(|physical| physical.region.as_ref());
            let line = region.and_then(|region| region.start_line);
            let column = region.and_then(|region| region.start_column);
            let place = match (line, column) {
                (Some(line), Some(column)) => format!("{uri}:{line}:{column}"),
                (Some(line), None) => format!("{uri}:{line}"),
                (None, _) => uri.clone(),
            };
            return (uri, place);
        }
        let logical = location.logical_locations.first();
        let name = logical.and_then(LogicalLocation::said).cloned().unwrap_or_default();
        (name.clone(), name)
    }

    /// The address, with what it is relative to as far as that is relative itself: where the rest lies is the machine's.
    fn uri(&self, location: &ArtifactLocation) -> Option<String> {
        let mut uri = location.uri.clone()?;
        let mut base = location.uri_base_id.as_ref();
        for _ in 0..DEEPEST_BASE {
            let Some(found) = base.and_then(|id| self.bases.get(id)) else { break };
            match found.uri.as_deref() {
                Some(before) if !is_absolute(before) => uri.insert_str(0, before),
                _ => break,
            }
            base = found.uri_base_id.as_ref();
        }
        Some(uri)
    }
}

/// Whether an address says where on a machine, or on which.
fn is_absolute(uri: &str) -> bool {
    let scheme = uri.split(['/', '?', '#']).next().unwrap_or_default();
    uri.starts_with('/') || scheme.contains(':')
}
