//! Grype JSON (`grype -o json`), read for its matches.
//!
//! A match is a finding. Its key is the CVE id that the match or one of its related vulnerabilities bears, and the
//! package's purl. A match that a VEX document made Grype ignore is a statement; one that is ignored for other reasons
//! is a fact. *Negligible* is no severity, as in Grype's own CycloneDX.
//! CVSS scores, known exploitation, the namespace, and the origin of a package are details.
//! Absent: the matched packages as an inventory (clean ones are not in the document); how a match was made, EPSS, risk, what
//! was scanned, how the tool was configured: they are compared as bytes only.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::format::descriptor::Descriptor;
use crate::format::details::Details;
use crate::format::document::Document;
use crate::format::error::FormatError;
use crate::format::json::{self, Present};
use crate::format::licenses::canonical;
use crate::format::package::Affected;
use crate::format::text::Unfolding;
use crate::format::vulnerability_ids::Ids;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};
use crate::model::vex::{VexStatement, VexStatus};

const FORMAT: &str = "Grype JSON";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    matches: Vec<Match>,
    ignored_matches: Option<Vec<Match>>,
    distro: Option<Distro>,
    #[serde(default)]
    source: Present,
    #[serde(default)]
    descriptor: Descriptor,
}

#[derive(Deserialize)]
struct Distro {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Match {
    vulnerability: Vulnerability,
    #[serde(default)]
    related_vulnerabilities: Vec<Related>,
    artifact: Artifact,
    #[serde(default)]
    applied_ignore_rules: Vec<IgnoreRule>,
    #[serde(default)]
    match_details: Present,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vulnerability {
    id: String,
    #[serde(default)]
    namespace: String,
    cvss: Option<Vec<Cvss>>,
    known_exploited: Option<Vec<Exploited>>,
    #[serde(default)]
    epss: Present,
    #[serde(default)]
    risk: Present,
    /// Absent where Grype has none.
    severity: Option<Rated>,
    fix: Option<Fix>,
}

#[derive(Deserialize)]
struct Related {
    id: String,
    severity: Option<String>,
}

#[derive(Deserialize)]
struct Cvss {
    #[serde(default)]
    source: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    vector: String,
    metrics: Option<Metrics>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    base_score: Option<f64>,
}

#[derive(Deserialize)]
struct Exploited {
    #[serde(default)]
    cve: String,
}

impl Vulnerability {
    /// What is said of it besides its severity and fix.
    fn tell(&self, details: &mut Details) {
        details.add("namespace", &self.namespace);
        for Cvss { source, kind, version, vector, metrics } in self.cvss.iter().flatten() {
            let score = metrics.as_ref().and_then(|metrics| metrics.base_score).map(|score| score.to_string());
            details.add(
                "score",
                [source, kind, version, vector, &score.unwrap_or_default()].map(String::as_str).join(" "),
            );
        }
        details.each("exploited", self.known_exploited.iter().flatten().map(|exploited| &exploited.cve));
    }
}

#[derive(Deserialize)]
struct Fix {
    /// Absent and `null` in documents of older versions.
    versions: Option<Vec<String>>,
    state: Option<String>,
}

#[derive(Deserialize, Clone, Copy)]
enum Rated {
    Unknown,
    Negligible,
    Low,
    Medium,
    High,
    Critical,
    #[serde(rename = "")]
    Unstated,
}

impl From<Rated> for Severity {
    fn from(rated: Rated) -> Self {
        match rated {
            Rated::Unknown | Rated::Unstated => Self::Unknown,
            Rated::Negligible => Self::None,
            Rated::Low => Self::Low,
            Rated::Medium => Self::Medium,
            Rated::High => Self::High,
            Rated::Critical => Self::Critical,
        }
    }
}

#[derive(Deserialize)]
struct Artifact {
    name: String,
    version: String,
    purl: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    locations: Option<Vec<Place>>,
    #[serde(default)]
    language: String,
    licenses: Option<Vec<License>>,
    cpes: Option<Vec<String>>,
    upstreams: Option<Vec<Upstream>>,
    #[serde(default)]
    metadata: Present,
}

/// A name, or a name in an object in newer documents.
#[derive(Deserialize)]
#[serde(untagged)]
enum License {
    Text(String),
    Told { value: String },
}

/// What a package was built from.
#[derive(Deserialize)]
struct Upstream {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

impl Artifact {
    /// What it is besides its name.
    fn tell(self, details: &mut Details) {
        details.maybe("type", self.kind);
        details.add("language", self.language);
        details.each("seen at", self.locations.into_iter().flatten().filter_map(|place| place.path));
        details.each("cpe", self.cpes.into_iter().flatten());
        let upstreams = self.upstreams.into_iter().flatten();
        details.each("upstream", upstreams.map(|Upstream { name, version }| format!("{name} {version}")));
        let licenses = self.licenses.into_iter().flatten();
        details.each(
            "licence",
            licenses.map(|license| match license {
                License::Text(value) | License::Told { value } => canonical(&value),
            }),
        );
    }
}

/// Where a package was seen.
#[derive(Deserialize)]
struct Place {
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct IgnoreRule {
    vex_status: Option<String>,
    vex_justification: Option<String>,
    #[serde(default)]
    vulnerability: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    fix_state: String,
    package: Option<RuledPackage>,
}

/// The packages that a rule is about.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct RuledPackage {
    name: String,
    version: String,
    language: String,
    #[serde(rename = "type")]
    kind: String,
    location: String,
}

impl IgnoreRule {
    fn told(&self) -> String {
        let Self { vulnerability, reason, namespace, fix_state, package, .. } = self;
        let mut said = vec![vulnerability, reason, namespace, fix_state];
        if let Some(RuledPackage { name, version, language, kind, location }) = package {
            said.extend([name, version, language, kind, location]);
        }
        said.into_iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(" ")
    }
}

/// Reads a report.
pub(crate) fn read(text: &str) -> Result<Document, FormatError> {
    let report: Report = json::read(FORMAT, text)?;
    let mut findings = Vec::new();
    let all = || report.matches.iter().chain(report.ignored_matches.iter().flatten());
    let parts = [
        ("how a match was made", all().any(|found| found.match_details.0)),
        ("EPSS and risk", all().any(|found| found.vulnerability.epss.0 || found.vulnerability.risk.0)),
        ("metadata of packages", all().any(|found| found.artifact.metadata.0)),
        ("what was scanned", report.source.0),
        ("the configuration of the tool", report.descriptor.configuration.0),
    ];
    let not_compared = parts.into_iter().filter(|(_, is_there)| *is_there).map(|(part, _)| part.to_owned()).collect();
    let distro = report.distro.filter(|distro| !distro.name.is_empty());
    let distro = distro.map(|Distro { name, version }| format!("distribution: {name} {version}"));
    let mut unfolding = Unfolding::new(FORMAT);
    for (index, found) in report.matches.into_iter().enumerate() {
        let (ids, place) = identify(&found, || format!("matches[{index}].vulnerability.id"))?;
        let severity = found.vulnerability.severity.map(Severity::from).unwrap_or_default();
        let mut details = Details::default();
        found.vulnerability.tell(&mut details);
        let related = found.related_vulnerabilities.iter();
        details.each("related", related.filter_map(|other| Some(format!("{} {}", other.id, other.severity.as_ref()?))));
        details.each("id", own_id(&found.vulnerability.id, &ids));
        let fix = found.vulnerability.fix;
        details.maybe("fix", fix.as_ref().and_then(|fix| fix.state.as_ref()));
        found.artifact.tell(&mut details);
        let fixed_versions = fix.and_then(|fix| fix.versions).unwrap_or_default();
        let Affected { key, name, version, stated } = place;
        details.each("package", stated);
        unfolding.take(details.texts())?;
        findings.push(Finding {
            key: FindingKey { cve_id: ids.name, affected: key },
            aliases: ids.aliases,
            package: name,
            version,
            severity,
            fixed_versions: fixed_versions.into_iter().collect(),
            reachability: Reachability::Unknown,
            vex_status: None,
            details: details.done(),
        });
    }
    findings.sort();
    let ignored = report.ignored_matches.map(|ignored| statements(ignored, &mut unfolding)).transpose()?;
    let (vex, mut facts) = ignored.map_or((None, Vec::new()), |(vex, facts)| (Some(vex), facts));
    facts.extend(distro);
    facts.sort();
    Ok(Document { findings: Some(findings), vex, facts, not_compared, ..Document::default() })
}

/// Which of several ids the tool matched by.
fn own_id<'i>(id: &'i str, ids: &Ids) -> Option<&'i str> {
    Some(id).filter(|id| *id != ids.name)
}

fn identify(found: &Match, path: impl Fn() -> String) -> Result<(Ids, Affected), FormatError> {
    let related = found.related_vulnerabilities.iter().map(|related| related.id.clone());
    let Some(ids) = Ids::of(&found.vulnerability.id, related) else {
        let problem = "it is empty; a vulnerability is nothing without an id".to_owned();
        return Err(FormatError::Field { format: FORMAT, path: path(), problem });
    };
    let Artifact { name, version, purl, .. } = &found.artifact;
    Ok((ids, Affected::new(name.clone(), version.clone(), purl.as_deref())))
}

/// What VEX documents say of the matches that they made Grype ignore, sorted, each once; and the other ones.
fn statements(ignored: Vec<Match>, unfolding: &mut Unfolding) -> Result<(Vec<VexStatement>, Vec<String>), FormatError> {
    // An ignored match that comes twice says nothing more.
    let (mut statements, mut facts) = (BTreeSet::new(), BTreeSet::new());
    for (index, found) in ignored.into_iter().enumerate() {
        let (ids, place) = identify(&found, || format!("ignoredMatches[{index}].vulnerability.id"))?;
        let mut by_vex = false;
        let rules: Vec<String> = found.applied_ignore_rules.iter().map(IgnoreRule::told).collect();
        let mut said = Details::default();
        found.vulnerability.tell(&mut said);
        said.maybe("severity", found.vulnerability.severity.map(|severity| Severity::from(severity).code()));
        if let Some(fix) = &found.vulnerability.fix {
            said.maybe("fix", fix.state.as_ref());
            said.each("fixed in", fix.versions.iter().flatten());
        }
        said.each("alias", &ids.aliases);
        said.each("package", &place.stated);
        said.each("rule", rules.iter().filter(|rule| !rule.is_empty()));
        found.artifact.tell(&mut said);
        let said = said.done();
        for (at, rule) in found.applied_ignore_rules.into_iter().enumerate() {
            let status = match rule.vex_status.as_deref() {
                None | Some("") => continue,
                Some("not_affected") => VexStatus::NotAffected,
                Some("affected") => VexStatus::Affected,
                Some("fixed") => VexStatus::Fixed,
                Some("under_investigation") => VexStatus::UnderInvestigation,
                Some(other) => {
                    let path = format!("ignoredMatches[{index}].appliedIgnoreRules[{at}].vex-status");
                    let problem = format!("`{other}` is none of OpenVEX's words");
                    return Err(FormatError::Field { format: FORMAT, path, problem });
                }
            };
            by_vex = true;
            let justification = rule.vex_justification.filter(|word| !word.is_empty());
            unfolding.take([ids.name.as_str(), &place.key, justification.as_deref().unwrap_or_default()])?;
            let (vulnerability, product) = (ids.name.clone(), place.key.clone());
            unfolding.take(said.iter().map(String::as_str))?;
            statements.insert(VexStatement { vulnerability, product, status, justification, details: said.clone() });
        }
        if !by_vex {
            let said: Vec<&str> = said.iter().map(String::as_str).collect();
            facts.insert(format!("ignored: {} in {} ({})", ids.name, place.key, said.join("; ")));
        }
    }
    Ok((statements.into_iter().collect(), facts.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_findings_and_ignored_ones_statements() {
        let document = read(
            r#"{"matches":[
              {"vulnerability":{"id":"GHSA-35jh-r3h4-6jhm","severity":"High","fix":{"versions":["4.17.21"],"state":"fixed"}},
               "relatedVulnerabilities":[{"id":"CVE-2021-23337"}],
               "artifact":{"name":"lodash","version":"4.17.20","purl":"pkg:npm/lodash@4.17.20"}},
              {"vulnerability":{"id":"CVE-2020-1","severity":"Negligible","fix":{"versions":[],"state":"wont-fix"}},
               "artifact":{"name":"a","version":"1","purl":""}}],
             "ignoredMatches":[
              {"vulnerability":{"id":"CVE-2020-2","fix":{"versions":null,"state":""}},"artifact":{"name":"a","version":"1"},
               "appliedIgnoreRules":[{"namespace":"vex","vex-status":"not_affected","vex-justification":"component_not_present"},
                                     {"namespace":"x","fix-state":"wont-fix"}]}]}"#,
        )
        .unwrap();
        let read: Vec<_> = document
            .findings
            .iter()
            .flatten()
            .map(|f| (f.key.cve_id.as_str(), f.key.affected.as_str(), f.severity))
            .collect();
        assert_eq!(
            read,
            [("CVE-2020-1", "a@1", Severity::None), ("CVE-2021-23337", "pkg:npm/lodash@4.17.20", Severity::High)]
        );
        let vex = document.vex.unwrap();
        assert_eq!((vex.len(), vex[0].status, vex[0].product.as_str()), (1, VexStatus::NotAffected, "a@1"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (
                r#"{"matches":[{"vulnerability":{"id":""},"artifact":{"name":"a","version":"1"}}]}"#,
                "`matches[0].vulnerability.id`",
            ),
            (
                r#"{"matches":[{"vulnerability":{"id":"x","severity":"high"},"artifact":{"name":"a","version":"1"}}]}"#,
                "`matches[0].vulnerability.severity`",
            ),
            (r#"{"matches":[{"vulnerability":{"id":"x"},"artifact":{"name":"a"}}]}"#, "`matches[0].artifact`"),
            (
                r#"{"matches":[],"ignoredMatches":[{"vulnerability":{"id":"x"},"artifact":{"name":"a","version":"1"},"appliedIgnoreRules":[{"vex-status":"odd"}]}]}"#,
                "`ignoredMatches[0].appliedIgnoreRules[0].vex-status`",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
