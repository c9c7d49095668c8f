//! Where a result is: the address of the file, as far as it is not the machine's, with line and column; else a name.

use std::collections::BTreeMap;

use super::log::{Address, Artifact, ArtifactLocation, Location, LogicalLocation, Region, Texts, at};
use crate::format::details::Details;

/// How deep addresses may be relative to one another.
const DEEPEST_BASE: usize = 16;

/// What the places of a run are told by.
pub(super) struct Places<'r> {
    pub(super) artifacts: &'r [Artifact],
    pub(super) bases: &'r BTreeMap<String, ArtifactLocation>,
    pub(super) logical: &'r [LogicalLocation],
    /// What messages mean by an id.
    pub(super) texts: Texts<'r>,
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
        let name = logical.and_then(|logical| logical.said(self.logical)).cloned().unwrap_or_default();
        (name.clone(), name)
    }

    /// The place with all that is said of it.
    pub(super) fn told(&self, location: &Location) -> String {
        let mut details = Details::default();
        self.around(location, &mut details);
        let (_, place) = self.of(location);
        let around: Vec<&str> = details.texts().collect();
        if around.is_empty() { place } else { format!("{place} ({})", around.join("; ")) }
    }

    /// What of a place is not in its name.
    pub(super) fn around(&self, location: &Location, details: &mut Details) {
        details.each("in", location.logical_locations.iter().map(|logical| logical.told(self.logical)));
        details.maybe("note", location.message.as_ref().map(|message| message.said(self.texts)));
        let Some(physical) = &location.physical_location else { return };
        let given = physical.artifact_location.as_ref();
        details.maybe("relative to", given.and_then(|given| given.uri_base_id.as_ref()));
        if let Some(region) = &physical.region {
            tell_region(region, self.texts, details);
        }
        if let Some(address) = &physical.address {
            let Address { relative_address, offset_from_parent, fully_qualified_name, name, kind, length } = address;
            details.maybe("relative address", signed(*relative_address));
            details.maybe("offset from parent", signed(*offset_from_parent));
            details.maybe("length of address", signed(*length));
            details.each("address in", [fully_qualified_name, name, kind].into_iter().flatten());
        }
    }

    /// The address of a file, and what it is relative to.
    pub(super) fn file(&self, location: &ArtifactLocation) -> Option<String> {
        let listed = || at(self.artifacts, location.index)?.location.as_ref();
        let found = Some(location).filter(|given| given.uri.is_some()).or_else(listed)?;
        let base = found.uri_base_id.as_deref().unwrap_or_default();
        Some(format!("{} {base}", self.uri(found)?).trim_end().to_owned())
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

fn signed(number: Option<i64>) -> Option<String> {
    number.filter(|number| *number >= 0).map(|number| number.to_string())
}

fn tell_region(region: &Region, texts: Texts<'_>, details: &mut Details) {
    let pair = |one: Option<String>, other: Option<String>| {
        (one.is_some() || other.is_some())
            .then(|| format!("{}:{}", one.as_deref().unwrap_or_default(), other.as_deref().unwrap_or_default()))
    };
    let text = |number: Option<u64>| number.map(|number| number.to_string());
    details.maybe("until", pair(text(region.end_line), text(region.end_column)));
    details.maybe("characters", pair(signed(region.char_offset), text(region.char_length)));
    details.maybe("bytes", pair(signed(region.byte_offset), text(region.byte_length)));
    details.maybe("region", region.message.as_ref().map(|message| message.said(texts)));
    // A column without a line is in no name of a place.
    details
        .maybe("column", region.start_column.filter(|_| region.start_line.is_none()).map(|column| column.to_string()));
}

/// Whether an address says where on a machine, or on which.
fn is_absolute(uri: &str) -> bool {
    let scheme = uri.split(['/', '?', '#']).next().unwrap_or_default();
    uri.starts_with('/') || scheme.contains(':')
}
