//! A SARIF log as it is written, as far as it is read.
//!
//! Absent: what a value means.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) version: String,
}

#[derive(Deserialize)]
pub(super) struct Log {
    pub(super) runs: Option<Vec<Run>>,
}

#[derive(Deserialize)]
pub(super) struct Run {
    pub(super) tool: Tool,
    /// `null` where the run did not get as far.
    pub(super) results: Option<Vec<SarifResult>>,
    #[serde(default)]
    pub(super) artifacts: Vec<Artifact>,
    #[serde(default, rename = "originalUriBaseIds")]
    pub(super) bases: BTreeMap<String, ArtifactLocation>,
    #[serde(rename = "externalPropertyFileReferences")]
    pub(super) elsewhere: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Tool {
    pub(super) driver: Component,
    #[serde(default)]
    pub(super) extensions: Vec<Component>,
}

#[derive(Deserialize)]
pub(super) struct Component {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) default_configuration: Option<Configuration>,
    pub(super) properties: Option<Properties>,
}

#[derive(Deserialize)]
pub(super) struct Configuration {
    pub(super) level: Option<Level>,
}

/// A CVSS score, as a text (GitHub's convention) or as a number.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Properties {
    pub(super) security_severity: Option<Value>,
}

#[derive(Deserialize, Clone, Copy, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    None,
    Note,
    Warning,
    Error,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifResult {
    pub(super) rule_id: Option<String>,
    pub(super) rule_index: Option<i64>,
    pub(super) rule: Option<RuleReference>,
    pub(super) kind: Option<String>,
    pub(super) level: Option<Level>,
    pub(super) baseline_state: Option<String>,
    pub(super) message: Option<Message>,
    #[serde(default)]
    pub(super) locations: Vec<Location>,
    #[serde(default)]
    pub(super) fingerprints: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) partial_fingerprints: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) suppressions: Vec<Suppression>,
    pub(super) occurrence_count: Option<i64>,
    pub(super) properties: Option<Properties>,
}

#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) text: Option<String>,
    pub(super) markdown: Option<String>,
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) arguments: Vec<String>,
}

impl Message {
    /// The text, else what makes it.
    pub(super) fn said(&self) -> String {
        match self.text.as_ref().or(self.markdown.as_ref()) {
            Some(text) => text.clone(),
            None => std::iter::once(self.id.as_deref().unwrap_or_default())
                .chain(self.arguments.iter().map(String::as_str))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Suppression {
    pub(super) kind: Option<String>,
    pub(super) status: Option<String>,
    pub(super) justification: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleReference {
    pub(super) id: Option<String>,
    pub(super) index: Option<i64>,
    pub(super) tool_component: Option<ToolComponent>,
}

#[derive(Deserialize)]
pub(super) struct ToolComponent {
    pub(super) index: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub(super) physical_location: Option<PhysicalLocation>,
    #[serde(default)]
    pub(super) logical_locations: Vec<LogicalLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub(super) artifact_location: Option<ArtifactLocation>,
    pub(super) region: Option<Region>,
    pub(super) address: Option<Address>,
}

#[derive(Deserialize)]
pub(super) struct Artifact {
    pub(super) location: Option<ArtifactLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    pub(super) uri: Option<String>,
    pub(super) uri_base_id: Option<String>,
    pub(super) index: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub(super) start_line: Option<u64>,
    pub(super) start_column: Option<u64>,
    pub(super) end_line: Option<u64>,
    pub(super) end_column: Option<u64>,
    pub(super) char_offset: Option<i64>,
    pub(super) char_length: Option<u64>,
    pub(super) byte_offset: Option<i64>,
    pub(super) byte_length: Option<u64>,
}

/// Where in memory, as far as it is the same in every process.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub(super) relative_address: Option<i64>,
    pub(super) offset_from_parent: Option<i64>,
    pub(super) fully_qualified_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogicalLocation {
    pub(super) fully_qualified_name: Option<String>,
    pub(super) name: Option<String>,
}

impl LogicalLocation {
    pub(super) fn said(&self) -> Option<&String> {
        self.fully_qualified_name.as_ref().or(self.name.as_ref())
    }
}

/// The element at a SARIF index; −1 means none (§3.7.4).
pub(super) fn at<T>(list: &[T], index: Option<i64>) -> Option<&T> {
    list.get(usize::try_from(index?).ok()?)
}
