//! The shape on the wire, and how it becomes an [`Advisory`].

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::format::osv::cvss;
use crate::format::osv::record::{Advisory, Affected, AffectedPackage, Event, Range, RangeKind, VulnerableCode};
use crate::model::ecosystem::Ecosystem;
use crate::model::finding::Severity;

/// A record by its shape alone; [`super::read`] bounds it, too.
#[derive(Deserialize)]
#[serde(expecting = "an object, the record")]
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
    kind: Option<String>,
    score: String,
}

impl WireScore {
    /// The score with the standard that it says to follow.
    fn written(&self) -> String {
        format!("{} {}", self.kind.as_deref().unwrap_or_default(), self.score).trim_start().to_owned()
    }
}

/// What a record says of how severe it is, as it is written: not what is made of it.
pub(crate) struct WrittenRatings {
    /// Of the whole record: scores, then words of the database.
    pub(crate) own: Vec<String>,
    /// Of each affected package, in their order.
    pub(crate) affected: Vec<Vec<String>>,
}

impl Wire {
    /// How severe it is, as it is written.
    pub(crate) fn written_ratings(&self) -> WrittenRatings {
        let written = |scores: &[WireScore], database: &Value| {
            let word = database.get("severity").and_then(in_words).map(|word| format!("the database {word}"));
            scores.iter().map(WireScore::written).chain(word).collect()
        };
        let affected = self.affected.iter().map(|affected| written(&affected.severity, &affected.database_specific));
        WrittenRatings { own: written(&self.severity, &self.database_specific), affected: affected.collect() }
    }
}

/// A value as it is written: a text as it stands, all else that is not empty as JSON, for a form that nobody knows says something, too.
fn in_words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.is_empty() => None,
        Value::Object(members) if members.is_empty() => None,
        other => Some(other.to_string()),
    }
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
        let own = &wire.database_specific;
        let mut ratings = Ratings::default();
        ratings.scores(&wire.severity);
        ratings.words([own.get("severity"), own.get("cvss")]);
        let is_malicious = is_malicious(&wire);
        Self {
            id: wire.id,
            modified: wire.modified,
            withdrawn: wire.withdrawn,
            aliases: wire.aliases.into_iter().collect(),
            upstream: wire.upstream.into_iter().collect(),
            related: wire.related.into_iter().collect(),
            summary: wire.summary.unwrap_or_default(),
            severity: if is_malicious { Severity::Critical } else { ratings.strongest },
            unread_ratings: ratings.unread,
            affected: wire.affected.into_iter().map(Affected::from).collect(),
        }
    }
}

impl From<WireAffected> for Affected {
    fn from(wire: WireAffected) -> Self {
        let own = &wire.ecosystem_specific;
        let database = &wire.database_specific;
        let mut ratings = Ratings::default();
        ratings.scores(&wire.severity);
        ratings.words([own.get("urgency"), own.get("severity"), database.get("severity"), database.get("cvss")]);
        Self {
            package: wire.package.map(|package| AffectedPackage {
                ecosystem: Ecosystem::from(package.ecosystem.as_str()),
                name: package.name,
                purl: package.purl,
            }),
            severity: ratings.strongest,
            unread_ratings: ratings.unread,
            ranges: wire.ranges.into_iter().map(|range| Range { kind: range.kind, events: range.events }).collect(),
            versions: wire.versions,
            code: vulnerable_code(own),
        }
    }
}

/// How severe a record says that it is, in all the places where databases say it.
#[derive(Default)]
struct Ratings {
    /// The strongest that can be read.
    strongest: Severity,
    /// Those that cannot.
    unread: Vec<String>,
}

impl Ratings {
    fn scores(&mut self, scores: &[WireScore]) {
        for score in scores {
            match score.score.trim().is_empty() {
                true => self.unread.push(format!("{} without a score", score.kind.as_deref().unwrap_or("a rating"))),
                false => self.read(&score.score),
            }
        }
    }

    /// A word or a vector. What is neither a text nor an object with a vector in it says how severe it is in a way that is not known,
    /// but for what is empty.
    fn words<'v>(&mut self, values: impl IntoIterator<Item = Option<&'v Value>>) {
        for value in values.into_iter().flatten() {
            let text =
                value.as_str().or_else(|| ["vectorString", "vector"].iter().find_map(|key| value.get(key)?.as_str()));
            match (text, value) {
                (Some(text), _) => self.read(text),
                (None, Value::Null) => {}
                (None, Value::Array(items)) if items.is_empty() => {}
                (None, Value::Object(members)) if members.is_empty() => {}
                (None, other) => self.unread.push(other.to_string().chars().take(MAX_TOLD).collect()),
            }
        }
    }

    /// A vector is known by its prefix, whatever its `type` says.
    fn read(&mut self, text: &str) {
        match cvss::severity(text).or_else(|| word(text)) {
            Some(severity) => self.strongest = self.strongest.max(severity),
            None => self.unread.push(text.chars().take(MAX_TOLD).collect()),
        }
    }
}

/// Characters that are kept of a rating which cannot be read.
const MAX_TOLD: usize = 100;

/// The words of GitHub, Debian (urgency, starred where no developer set it), Ubuntu, Red Hat, SUSE and others; `None` for
/// what is no such word. Some say that nobody has rated it.
fn word(text: &str) -> Option<Severity> {
    Some(match text.trim().trim_end_matches('*').to_ascii_lowercase().as_str() {
        "unimportant" | "none" | "informational" | "info" => Severity::None,
        "low" | "negligible" | "minor" => Severity::Low,
        "medium" | "moderate" => Severity::Medium,
        "high" | "important" | "major" => Severity::High,
        "critical" => Severity::Critical,
        "" | "unknown" | "unspecified" | "undefined" | "untriaged" | "not yet assigned" | "end-of-life" => {
            Severity::Unknown
        }
        _ => return None,
    })
}

/// Whether a record reports a package that was made to do harm, and not a mistake in one: by the prefix of its id or of an
/// alias (<https://github.com/ossf/malicious-packages>), by CWE-506 (embedded malicious code), or by the first words of its
/// summary.
fn is_malicious(wire: &Wire) -> bool {
    let own = &wire.database_specific;
    let lists = [own.get("cwe_ids"), own.get("cwes")].into_iter().flatten().filter_map(Value::as_array).flatten();
    let mut weaknesses = lists.filter_map(|item| item.as_str().or_else(|| item.get("cweId")?.as_str()));
    let summary = wire.summary.as_deref().unwrap_or_default().trim_start().to_ascii_lowercase();
    std::iter::once(&wire.id).chain(&wire.aliases).any(|id| id.starts_with("MAL-"))
        || own.get("malicious-packages-origins").is_some()
        || weaknesses.any(|weakness| weakness == "CWE-506")
        || ["malicious code in ", "malicious package ", "malware in ", "embedded malicious code"]
            .iter()
            .any(|words| summary.starts_with(words))
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
