//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/>), read for its results.
//!
//! A result is a finding when it says that something is wrong (`kind` *fail*, *open* or *review*) and still
//! there (`baselineState` is not *absent*). Its key is the rule and the first place: `uri:line`, else the
//! logical location. Results that agree in all of that are one finding.
//! Absent: suppressions, code flows, fixes, messages: they are compared as bytes only.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::Value;

use crate::format::error::FormatError;
use crate::format::json;
use crate::format::severity;
use crate::format::text::Unfolding;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};

const FORMAT: &str = "SARIF";

#[derive(Deserialize)]
struct Header {
    version: String,
}

#[derive(Deserialize)]
struct Log {
    runs: Option<Vec<Run>>,
}

#[derive(Deserialize)]
struct Run {
    tool: Tool,
    /// `null` where the run did not get as far.
    results: Option<Vec<SarifResult>>,
    #[serde(default)]
    artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Component,
    #[serde(default)]
    extensions: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    default_configuration: Option<Configuration>,
    properties: Option<Properties>,
}

#[derive(Deserialize)]
struct Configuration {
    level: Option<Level>,
}

/// A CVSS score, as a text (GitHub's convention) or as a number.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Properties {
    security_severity: Option<Value>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Level {
    None,
    Note,
    Warning,
    Error,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: Option<String>,
    rule_index: Option<i64>,
    rule: Option<RuleReference>,
    kind: Option<String>,
    level: Option<Level>,
    baseline_state: Option<String>,
    #[serde(default)]
    locations: Vec<Location>,
    properties: Option<Properties>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleReference {
    id: Option<String>,
    index: Option<i64>,
    tool_component: Option<ToolComponent>,
}

#[derive(Deserialize)]
struct ToolComponent {
    index: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Option<PhysicalLocation>,
    #[serde(default)]
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Option<ArtifactLocation>,
    region: Option<Region>,
}

#[derive(Deserialize)]
struct Artifact {
    location: Option<ArtifactLocation>,
}

#[derive(Deserialize)]
struct ArtifactLocation {
    uri: Option<String>,
    index: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: Option<String>,
    name: Option<String>,
}

/// Reads the findings of a SARIF log, sorted, each once.
pub(crate) fn read(text: &str) -> Result<Vec<Finding>, FormatError> {
    let header: Header = json::read(FORMAT, text)?;
    if header.version != "2.1.0" {
        return Err(FormatError::Version { format: FORMAT, found: header.version, known: &["2.1.0"] });
    }
    let log: Log = json::read(FORMAT, text)?;
    let mut findings = BTreeSet::new();
    let mut unfolding = Unfolding::new(FORMAT);
    for (run_at, run) in log.runs.unwrap_or_default().iter().enumerate() {
        let rules = Rules::of(&run.tool);
        for (at, result) in run.results.iter().flatten().enumerate() {
            let failed = matches!(result.kind.as_deref(), None | Some("fail" | "open" | "review"));
            if !failed || result.baseline_state.as_deref() == Some("absent") {
                continue;
            }
            let rule = rules.find(result);
            let named = result.rule_id.as_ref().or(result.rule.as_ref().and_then(|rule| rule.id.as_ref()));
            let Some(id) = named.or(rule.map(|rule| &rule.id)) else {
                let path = format!("runs[{run_at}].results[{at}].ruleId");
                let problem = "it is absent, and no rule is referred to; name the rule".to_owned();
                return Err(FormatError::Field { format: FORMAT, path, problem });
            };
            let (uri, place) = place(result, &run.artifacts);
            unfolding.take([id.as_str(), &uri, &place])?;
            findings.insert(Finding {
                key: FindingKey { cve_id: id.clone(), affected: place },
                aliases: BTreeSet::new(),
                package: uri,
                version: String::new(),
                severity: result_severity(result, rule),
                fixed_versions: BTreeSet::new(),
                reachability: Reachability::Unknown,
                vex_status: None,
            });
        }
    }
    Ok(findings.into_iter().collect())
}

/// The rules of a run, by place and by id.
struct Rules<'r> {
    tool: &'r Tool,
    by_id: HashMap<&'r str, &'r Rule>,
}

impl<'r> Rules<'r> {
    fn of(tool: &'r Tool) -> Self {
        // Of several rules with one id the first counts; the driver's come first.
        let mut by_id = HashMap::new();
        for rule in std::iter::once(&tool.driver).chain(&tool.extensions).flat_map(|component| &component.rules) {
            by_id.entry(rule.id.as_str()).or_insert(rule);
        }
        Self { tool, by_id }
    }

    fn find(&self, result: &SarifResult) -> Option<&'r Rule> {
        let reference = result.rule.as_ref();
        let component = reference.and_then(|rule| rule.tool_component.as_ref()).and_then(|component| component.index);
        let component = match component {
            Some(index) => at(&self.tool.extensions, Some(index)),
            None => Some(&self.tool.driver),
        };
        let index = result.rule_index.or(reference.and_then(|rule| rule.index));
        let id = result.rule_id.as_deref().or(reference.and_then(|rule| rule.id.as_deref()));
        let by_index = component.and_then(|component| at(&component.rules, index));
        by_index.or_else(|| self.by_id.get(id?).copied())
    }
}

/// The element at a SARIF index; −1 means none (§3.7.4).
fn at<T>(list: &[T], index: Option<i64>) -> Option<&T> {
    list.get(usize::try_from(index?).ok()?)
}

/// What is affected, and the place in it.
fn place(result: &SarifResult, artifacts: &[Artifact]) -> (String, String) {
    let Some(location) = result.locations.first() else { return Default::default() };
    let physical = location.physical_location.as_ref();
    let artifact = physical.and_then(|physical| physical.artifact_location.as_ref());
    let listed = || at(artifacts, artifact?.index)?.location.as_ref()?.uri.as_ref();
    if let Some(uri) = artifact.and_then(|artifact| artifact.uri.as_ref()).or_else(listed) {
        let line = physical.and_then(|physical| physical.region.as_ref()).and_then(|region| region.start_line);
        let place = line.map_or_else(|| uri.clone(), |line| format!("{uri}:{line}"));
        return (uri.clone(), place);
    }
    let logical = location.logical_locations.first();
    let name = logical.and_then(|logical| logical.fully_qualified_name.as_ref().or(logical.name.as_ref()));
    let name = name.cloned().unwrap_or_default();
    (name.clone(), name)
}

/// A score counts before a level; the result's own before its rule's.
fn result_severity(result: &SarifResult, rule: Option<&Rule>) -> Severity {
    let properties = [result.properties.as_ref(), rule.and_then(|rule| rule.properties.as_ref())];
    let score = properties.into_iter().flatten().find_map(|properties| match &properties.security_severity {
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Number(number)) => number.as_f64(),
        _ => None,
    });
    if let Some(score) = score {
        return severity::from_cvss_score(score);
    }
    let default = || rule?.default_configuration.as_ref()?.level;
    // §3.27.10: the level is `warning` where nothing says another.
    match result.level.or_else(default).unwrap_or(Level::Warning) {
        Level::None => Severity::None,
        Level::Note => Severity::Low,
        Level::Warning => Severity::Medium,
        Level::Error => Severity::High,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_findings() {
        let text = r#"{"version":"2.1.0","runs":[
          {"tool":{"driver":{"name":"t","rules":[
              {"id":"R1","properties":{"security-severity":"9.8"}},
              {"id":"R2","defaultConfiguration":{"level":"error"}}]}},
           "artifacts":[{"location":{"uri":"listed.py"}}],
           "results":[
              {"ruleId":"R1","locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":3}}}]},
              {"ruleId":"R1","locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":3,"startColumn":9}}}]},
              {"ruleIndex":1,"locations":[{"physicalLocation":{"artifactLocation":{"index":0}}}]},
              {"ruleId":"R3","ruleIndex":-1,"level":"note","locations":[{"logicalLocations":[{"fullyQualifiedName":"m::f"}]}]},
              {"ruleId":"R4"},
              {"ruleId":"R5","kind":"pass","level":"none"},
              {"ruleId":"R6","baselineState":"absent"}]},
          {"tool":{"driver":{"name":"u"}},"results":null}]}"#;
        let findings = read(text).unwrap();
        let read: Vec<_> =
            findings.iter().map(|f| (f.key.cve_id.as_str(), f.key.affected.as_str(), f.severity)).collect();
        assert_eq!(
            read,
            [
                ("R1", "a.py:3", Severity::Critical),
                ("R2", "listed.py", Severity::High),
                ("R3", "m::f", Severity::Low),
                ("R4", "", Severity::Medium),
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (r#"{"version":"2.0.0"}"#, "version `2.0.0` is not read, only `2.1.0`"),
            (r#"{"version":"2.1.0","runs":[{"tool":{"driver":{}},"results":[{}]}]}"#, "`runs[0].results[0].ruleId`"),
            (
                r#"{"version":"2.1.0","runs":[{"tool":{"driver":{}},"results":[{"level":"bad"}]}]}"#,
                "`runs[0].results[0].level`",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
