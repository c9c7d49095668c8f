//! A SARIF log as it is written, as far as it is read.
//!
//! Absent: what a value means.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::format::json::Present;

#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) version: String,
}

#[derive(Deserialize)]
pub(super) struct Log {
    pub(super) runs: Option<Vec<Run>>,
    #[serde(default, rename = "inlineExternalProperties")]
    pub(super) inline: Option<Value>,
    #[serde(default)]
    pub(super) properties: Present,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub(super) tool: Tool,
    /// `null` where the run did not get as far.
    pub(super) results: Option<Vec<SarifResult>>,
    #[serde(default)]
    pub(super) artifacts: Vec<Artifact>,
    #[serde(default, rename = "originalUriBaseIds")]
    pub(super) bases: BTreeMap<String, ArtifactLocation>,
    #[serde(rename = "externalPropertyFileReferences")]
    pub(super) elsewhere: Option<Value>,
    #[serde(default)]
    pub(super) invocations: Vec<Invocation>,
    #[serde(default)]
    pub(super) logical_locations: Vec<LogicalLocation>,
    #[serde(default)]
    pub(super) automation_details: Present,
    #[serde(default)]
    pub(super) version_control_provenance: Present,
    #[serde(default)]
    pub(super) graphs: Present,
    #[serde(default)]
    pub(super) taxonomies: Present,
    #[serde(default)]
    pub(super) translations: Present,
    /// What somebody decided of rules besides the tool.
    #[serde(default)]
    pub(super) policies: Vec<Policy>,
    #[serde(default)]
    pub(super) web_requests: Present,
    #[serde(default)]
    pub(super) web_responses: Present,
    #[serde(default)]
    pub(super) addresses: Present,
    #[serde(default)]
    pub(super) thread_flow_locations: Present,
    #[serde(default)]
    pub(super) properties: Present,
}

/// How a tool was run, and how that ended.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub(super) execution_successful: Option<bool>,
    pub(super) exit_code: Option<i64>,
    pub(super) exit_code_description: Option<String>,
    pub(super) exit_signal_name: Option<String>,
    pub(super) exit_signal_number: Option<i64>,
    pub(super) process_start_failure_message: Option<String>,
    #[serde(default)]
    pub(super) rule_configuration_overrides: Vec<Override>,
    #[serde(default)]
    pub(super) notification_configuration_overrides: Present,
    #[serde(default)]
    pub(super) tool_execution_notifications: Present,
    #[serde(default)]
    pub(super) tool_configuration_notifications: Present,
    #[serde(default)]
    pub(super) properties: Present,
}

/// How a rule was set in one run of the tool.
#[derive(Deserialize)]
pub(super) struct Override {
    pub(super) descriptor: RuleReference,
    pub(super) configuration: Configuration,
    #[serde(default)]
    pub(super) properties: Present,
}

#[derive(Deserialize)]
pub(super) struct Tool {
    pub(super) driver: Component,
    #[serde(default)]
    pub(super) extensions: Vec<Component>,
    #[serde(default)]
    pub(super) properties: Present,
}

/// What somebody decided of rules: a component whose rules say only how they are set.
#[derive(Deserialize)]
pub(super) struct Policy {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) rules: Vec<PolicyRule>,
    #[serde(flatten)]
    pub(super) others: BTreeMap<String, Present>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicyRule {
    #[serde(default)]
    pub(super) id: String,
    pub(super) default_configuration: Option<Configuration>,
    #[serde(flatten)]
    pub(super) others: BTreeMap<String, Present>,
}

impl Policy {
    /// Whether there is anything that is not read.
    pub(super) fn has_others(&self) -> bool {
        let of_rule = |rule: &PolicyRule| {
            rule.others.values().any(|other| other.0)
                || rule.default_configuration.as_ref().is_some_and(Configuration::has_others)
        };
        self.others.values().any(|other| other.0) || self.rules.iter().any(of_rule)
    }
}

#[derive(Deserialize)]
pub(super) struct Component {
    #[serde(default)]
    pub(super) name: String,
    pub(super) guid: Option<String>,
    #[serde(default)]
    pub(super) rules: Vec<Rule>,
    #[serde(default, rename = "globalMessageStrings")]
    pub(super) global_message_strings: BTreeMap<String, MessageString>,
    #[serde(default)]
    pub(super) taxa: Present,
    #[serde(default)]
    pub(super) notifications: Present,
    #[serde(default)]
    pub(super) properties: Present,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) guid: Option<String>,
    pub(super) default_configuration: Option<Configuration>,
    pub(super) properties: Option<Properties>,
    #[serde(default)]
    pub(super) message_strings: BTreeMap<String, MessageString>,
    #[serde(default)]
    pub(super) relationships: Present,
}

/// A text that a message refers to.
#[derive(Deserialize)]
pub(super) struct MessageString {
    #[serde(default)]
    pub(super) text: String,
}

#[derive(Deserialize)]
pub(super) struct Configuration {
    pub(super) level: Option<Level>,
    /// §3.50.2: absent it is so.
    pub(super) enabled: Option<bool>,
    #[serde(default)]
    pub(super) rank: Present,
    #[serde(default)]
    pub(super) parameters: Present,
    #[serde(default)]
    pub(super) properties: Present,
}

impl Configuration {
    /// Whether there is anything that is not read.
    pub(super) fn has_others(&self) -> bool {
        self.rank.0 || self.parameters.0 || self.properties.0
    }

    /// What it says, in words.
    pub(super) fn said(&self) -> String {
        let level = self.level.map(<&str>::from).map(|level| format!("level {level}"));
        let off = (self.enabled == Some(false)).then(|| "off".to_owned());
        [level, off].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// What a tool adds. `security-severity` is a CVSS score, as a text (GitHub's convention) or as a number.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Properties(BTreeMap<String, Value>);

impl Properties {
    pub(super) fn security_severity(&self) -> Option<&Value> {
        self.0.get(SECURITY_SEVERITY)
    }

    /// Whether there are any that are not read.
    pub(super) fn has_others(&self) -> bool {
        self.0.keys().any(|name| name != SECURITY_SEVERITY)
    }
}

const SECURITY_SEVERITY: &str = "security-severity";

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
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
    pub(super) rank: Option<f64>,
    pub(super) provenance: Option<Provenance>,
    pub(super) correlation_guid: Option<String>,
    pub(super) analysis_target: Option<ArtifactLocation>,
    #[serde(default)]
    pub(super) related_locations: Vec<Location>,
    #[serde(default)]
    pub(super) code_flows: Vec<CodeFlow>,
    #[serde(default)]
    pub(super) stacks: Vec<Stack>,
    #[serde(default)]
    pub(super) taxa: Vec<RuleReference>,
    #[serde(default)]
    pub(super) fixes: Present,
    #[serde(default)]
    pub(super) attachments: Present,
    #[serde(default)]
    pub(super) graphs: Present,
    #[serde(default)]
    pub(super) graph_traversals: Present,
    #[serde(default)]
    pub(super) web_request: Present,
    #[serde(default)]
    pub(super) web_response: Present,
}

/// Where a result comes from.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Provenance {
    /// Which run of the tool found it.
    pub(super) invocation_index: Option<i64>,
}

/// Ways through the code.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CodeFlow {
    pub(super) message: Option<Message>,
    #[serde(default)]
    pub(super) thread_flows: Vec<ThreadFlow>,
}

#[derive(Deserialize)]
pub(super) struct ThreadFlow {
    pub(super) message: Option<Message>,
    #[serde(default)]
    pub(super) locations: Vec<FlowLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowLocation {
    pub(super) location: Option<Location>,
    pub(super) module: Option<String>,
    #[serde(default)]
    pub(super) kinds: Vec<String>,
    pub(super) nesting_level: Option<i64>,
    pub(super) execution_order: Option<i64>,
    pub(super) importance: Option<String>,
    #[serde(default)]
    pub(super) state: BTreeMap<String, MessageString>,
    pub(super) index: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Stack {
    pub(super) message: Option<Message>,
    #[serde(default)]
    pub(super) frames: Vec<Frame>,
}

#[derive(Deserialize)]
pub(super) struct Frame {
    pub(super) location: Option<Location>,
    pub(super) module: Option<String>,
    #[serde(default)]
    pub(super) parameters: Vec<String>,
}

/// Texts that messages refer to: of a rule, then of its component (§3.11.7).
#[derive(Clone, Copy, Default)]
pub(super) struct Texts<'r> {
    pub(super) rule: Option<&'r Rule>,
    pub(super) all: Option<&'r BTreeMap<String, MessageString>>,
}

impl Texts<'_> {
    fn of(&self, id: &str) -> Option<&str> {
        let own = self.rule.and_then(|rule| rule.message_strings.get(id));
        own.or_else(|| self.all?.get(id)).map(|named| named.text.as_str())
    }
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
    /// All that it says: the text, what else makes one, and the text of that id.
    pub(super) fn said(&self, texts: Texts<'_>) -> String {
        let Self { text, markdown, id, arguments } = self;
        let named = id.as_ref().and_then(|id| texts.of(id));
        let parts =
            [text.as_deref(), markdown.as_deref().filter(|other| Some(*other) != text.as_deref()), id.as_deref()];
        let parts = parts.into_iter().flatten().chain(arguments.iter().map(String::as_str)).chain(named);
        parts.collect::<Vec<_>>().join(" ")
    }
}

#[derive(Deserialize)]
pub(super) struct Suppression {
    pub(super) kind: Option<String>,
    pub(super) status: Option<String>,
    pub(super) justification: Option<String>,
    pub(super) location: Option<Location>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleReference {
    pub(super) guid: Option<String>,
    pub(super) id: Option<String>,
    pub(super) index: Option<i64>,
    pub(super) tool_component: Option<ToolComponent>,
}

impl RuleReference {
    /// What it says besides an id.
    pub(super) fn told(&self) -> Vec<String> {
        let of = self.tool_component.as_ref();
        let said = [
            self.index.filter(|index| *index >= 0).map(|index| format!("at {index}")),
            self.guid.clone(),
            of.and_then(|of| of.index).filter(|index| *index >= 0).map(|index| format!("of extension {index}")),
            of.and_then(|of| of.name.as_ref()).map(|name| format!("of {name}")),
            of.and_then(|of| of.guid.as_ref()).map(|guid| format!("of {guid}")),
        ];
        said.into_iter().flatten().collect()
    }
}

#[derive(Deserialize)]
pub(super) struct ToolComponent {
    pub(super) name: Option<String>,
    pub(super) guid: Option<String>,
    pub(super) index: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub(super) physical_location: Option<PhysicalLocation>,
    #[serde(default)]
    pub(super) logical_locations: Vec<LogicalLocation>,
    pub(super) message: Option<Message>,
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
    #[serde(default)]
    pub(super) roles: Present,
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
    pub(super) message: Option<Message>,
}

/// Where in memory, as far as it is the same in every process.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub(super) relative_address: Option<i64>,
    pub(super) offset_from_parent: Option<i64>,
    pub(super) fully_qualified_name: Option<String>,
    pub(super) name: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) length: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogicalLocation {
    pub(super) fully_qualified_name: Option<String>,
    pub(super) name: Option<String>,
    pub(super) decorated_name: Option<String>,
    pub(super) kind: Option<String>,
    /// Where the run lists it.
    pub(super) index: Option<i64>,
}

impl LogicalLocation {
    /// The name of it, its own or that of what the run lists.
    pub(super) fn said<'r>(&'r self, listed: &'r [Self]) -> Option<&'r String> {
        let own = self.fully_qualified_name.as_ref().or(self.name.as_ref());
        let other =
            || at(listed, self.index).and_then(|other| other.fully_qualified_name.as_ref().or(other.name.as_ref()));
        own.or_else(other)
    }

    /// All that is said of it.
    pub(super) fn told(&self, listed: &[Self]) -> String {
        let of = |one: &Self| [&one.fully_qualified_name, &one.name, &one.decorated_name, &one.kind].map(Clone::clone);
        let said = of(self).into_iter().chain(at(listed, self.index).into_iter().flat_map(of));
        said.flatten().collect::<Vec<_>>().join(" ")
    }
}

/// The element at a SARIF index; −1 means none (§3.7.4).
pub(super) fn at<T>(list: &[T], index: Option<i64>) -> Option<&T> {
    list.get(usize::try_from(index?).ok()?)
}

/// Parts of a run without which its findings are others: the results, what they take of rules, and where they are.
const DECIDING: [&str; 8] = [
    "results",
    "driver",
    "extensions",
    "policies",
    "invocations",
    "artifacts",
    "logicalLocations",
    "originalUriBaseIds",
];

/// Whether parts of a run that lie outside of it are such as decide. Of results an empty list says that there are none.
pub(super) fn have_deciding(parts: &Value) -> bool {
    let is_there = |part: &Value| match part {
        Value::Null => false,
        Value::Array(all) => !all.is_empty(),
        _ => true,
    };
    match parts {
        Value::Array(all) => all.iter().any(have_deciding),
        Value::Object(part) => DECIDING.iter().any(|name| part.get(*name).is_some_and(is_there)),
        _ => false,
    }
}
