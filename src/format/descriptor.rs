//! What a tool says of itself in its report, as Grype and Syft do, which are of the same makers.

use serde::Deserialize;

use crate::format::json::Present;

/// The tool that wrote a report.
#[derive(Deserialize, Default)]
pub(super) struct Descriptor {
    /// How it was set: compared as bytes only.
    #[serde(default)]
    pub(super) configuration: Present,
}
