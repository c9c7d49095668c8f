//! The shape on the wire, and how it becomes an [`Advisory`].

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::format::osv::cvss;
use crate::format::osv::record::{Advisory, Affected, AffectedPackage, Event, Range, RangeKind, VulnerableCode};
use crate::model::finding::Severity;
use crate::model::package::Ecosystem;

/// A record by its shape alone; [`super::read`] bounds it, too.
#[derive(Deserialize)]
pub(crate) struct Wire {
    #[serde(deserialize_with = "id")]
    id: String,
    modified: Option<Timestamp>,
    withdrawn: Option<Timestamp>,
    #[serde(default, deserialize_with = "list")]
    aliases: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    upstream: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    related: Vec<String>,
    summary: Option<String>,
    #[serde(default, deserialize_with = "list")]
    severity: Vec<WireScore>,
    #[serde(default, deserialize_with = "list")]
    affected: Vec<WireAffected>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct WireScore {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Deserialize)]
struct WireAffected {
    package: Option<WirePackage>,
    #[serde(default, deserialize_with = "list")]
    severity: Vec<WireScore>,
    #[serde(default, deserialize_with = "list")]
    ranges: Vec<WireRange>,
    #[serde(default, deserialize_with = "list")]
    versions: Vec<String>,
    #[serde(default)]
    ecosystem_specific: Value,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct WirePackage {
    ecosystem: String,
    name: String,
    purl: Option<String>,
}

#[derive(Deserialize)]
struct WireRange {
    #[serde(rename = "type")]
    kind: RangeKind,
    #[serde(default, deserialize_with = "list")]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct WireEvent {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
    limit: Option<String>,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WireEvent { introduced, fixed, last_affected, limit } = WireEvent::deserialize(deserializer)?;
        match (introduced, fixed, last_affected, limit) {
            (Some(version), None, None, None) => Ok(Self::Introduced(version)),
            (None, Some(version), None, None) => Ok(Self::Fixed(version)),
            (None, None, Some(version), None) => Ok(Self::LastAffected(version)),
            (None, None, None, Some(version)) => Ok(Self::Limit(version)),
            _ => Err(D::Error::custom("expected exactly one of `introduced`, `fixed`, `last_affected` and `limit`")),
        }
    }
}

/// An id is one word.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    if id.is_empty() || id.contains(|char: char| char.is_whitespace() || char.is_control()) {
        return Err(D::Error::custom("expected an id without blanks"));
    }
    Ok(id)
}

/// Several databases write `null` for an empty list.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl From<Wire> for Advisory {
    fn from(wire: Wire) -> Self {
        let stated = wire.database_specific.get("severity").and_then(Value::as_str).map_or(Severity::Unknown, word);
        Self {
            id: wire.id,
            modified: wire.modified,
            withdrawn: wire.withdrawn,
            aliases: wire.aliases.into_iter().collect(),
            upstream: wire.upstream.into_iter().collect(),
            related: wire.related.into_iter().collect(),
            summary: wire.summary.unwrap_or_default(),
            severity: scored(&wire.severity).max(stated),
            affected: wire.affected.into_iter().map(Affected::from).collect(),
        }
    }
}

impl From<WireAffected> for Affected {
    fn from(wire: WireAffected) -> Self {
        let own = &wire.ecosystem_specific;
        let words = [own.get("urgency"), own.get("severity"), wire.database_specific.get("severity")];
        let stated = words.into_iter().flatten().filter_map(Value::as_str).map(word).max().unwrap_or_default();
        let rustsec = wire.database_specific.get("cvss").and_then(Value::as_str).and_then(cvss::severity);
        Self {
            package: wire.package.map(|package| AffectedPackage {
                ecosystem: Ecosystem::from(package.ecosystem.as_str()),
                name: package.name,
                purl: package.purl,
            }),
            severity: scored(&wire.severity).max(stated).max(rustsec.unwrap_or_default()),
            ranges: wire.ranges.into_iter().map(|range| Range { kind: range.kind, events: range.events }).collect(),
            versions: wire.versions,
            code: vulnerable_code(own),
        }
    }
}

/// The strongest score that can be read. A CVSS v4 vector has none here: its databases state a word beside it.
fn scored(scores: &[WireScore]) -> Severity {
    let read = |score: &WireScore| match score.kind.as_str() {
        "CVSS_V3" => cvss::severity(&score.score).unwrap_or_default(),
        "Ubuntu" => word(&score.score),
        _ => Severity::Unknown,
    };
    scores.iter().map(read).max().unwrap_or_default()
}

/// The words of GitHub, Debian (urgency, starred where no developer set it) and Ubuntu.
fn word(text: &str) -> Severity {
    match text.trim_end_matches('*').to_ascii_lowercase().as_str() {
        "unimportant" | "none" => Severity::None,
        "low" | "negligible" => Severity::Low,
        "medium" | "moderate" => Severity::Medium,
        "high" => Severity::High,
        "critical" => Severity::Critical,
        _ => Severity::Unknown,
    }
}

/// Go's `imports[]{path, symbols[]}`; RustSec's `affects.functions` and the older `affected_functions`, each
/// a list of paths or a map from paths to versions.
fn vulnerable_code(own: &Value) -> BTreeSet<VulnerableCode> {
    let mut code = BTreeSet::new();
    for import in own.get("imports").and_then(Value::as_array).into_iter().flatten() {
        if let Some(path) = import.get("path").and_then(Value::as_str) {
            let symbols = import.get("symbols").and_then(Value::as_array).into_iter().flatten();
            let symbols = symbols.filter_map(Value::as_str).map(str::to_owned).collect();
            code.insert(VulnerableCode::Import { path: path.to_owned(), symbols });
        }
    }
    let functions = [own.get("affects").and_then(|affects| affects.get("functions")), own.get("affected_functions")];
    for functions in functions.into_iter().flatten() {
        let listed = functions.as_array().into_iter().flatten().filter_map(Value::as_str);
        let mapped = functions.as_object().into_iter().flatten().map(|(path, _)| path.as_str());
        code.extend(listed.chain(mapped).map(|path| VulnerableCode::Function(path.to_owned())));
    }
    code
}
