//! What stands for an artifact at each level of fidelity: a digest of its bytes, of what it means, or of the decision on it.
//!
//! By these digests changes are named and approved. So they must stay: the text that is digested is written here, field by field, and
//! does not follow from how a type of ours is called.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::artifacts::read_artifact::{ReadArtifact, UnreadableArtifact};
use crate::canonical::Roots;
use crate::config::Config;
use crate::format::Document;
use crate::job::artifact::Artifact;
use crate::model::comparison::fidelity::Level;
use crate::model::decision::Decision;
use crate::model::digest::Digest;
use crate::model::finding::{Finding, FindingKey};
use crate::model::package::{Package, SourcePackage};
use crate::model::vex::VexStatement;

/// How artifacts are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Whose profiles apply.
    pub config: &'a Config,
    /// What names the build of the tool is put aside: another build is compared with it.
    pub across_builds: bool,
}

/// The digests of one artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// Of its canonical bytes.
    pub bytes: Digest,
    /// Of what it means; `None` where that is not known.
    pub meaning: Option<Digest>,
}

impl Digests {
    /// What stands for it at a level, with the decision on all of its side.
    pub fn at(self, level: Level, decision: Option<Digest>) -> Digest {
        let meaning = self.meaning.unwrap_or(self.bytes);
        match level {
            Level::Bitwise => self.bytes,
            Level::Semantic => meaning,
            Level::Policy if self.meaning.is_some() => decision.unwrap_or(meaning),
            Level::Policy => meaning,
        }
    }
}

/// The digests of an artifact of a scan whose input lay at `roots`.
///
/// # Errors
/// When it is not what its format says.
pub fn of(artifact: &Artifact, roots: &Roots, reading: Reading<'_>) -> Result<Digests, UnreadableArtifact> {
    let Reading { config, across_builds } = reading;
    let read = ReadArtifact::read(artifact, roots, config)?;
    let read = if across_builds { read.without_identity(config)? } else { read };
    Ok(Digests { bytes: read.canonical.digest, meaning: of_meaning(&read.document) })
}

/// Of what a document means; `None` where it speaks of nothing that is known.
pub fn of_meaning(document: &Document) -> Option<Digest> {
    if !document.has_meaning() {
        return None;
    }
    let Document { packages, findings, vex, decision, facts, not_compared: _ } = document;
    // How often a package or a finding stands there counts.
    let sorted = |mut all: Vec<Value>| {
        all.sort_by_key(Value::to_string);
        all
    };
    let distinct = |all: Vec<Value>| {
        let mut all = sorted(all);
        all.dedup();
        all
    };
    let mut said = json!({
        "packages": packages.as_ref().map(|all| sorted(all.iter().map(package).collect())),
        "findings": findings.as_ref().map(|all| sorted(all.iter().map(finding).collect())),
        "vex": vex.as_ref().map(|all| distinct(all.iter().map(statement).collect())),
        "decision": decision.as_ref().map(decided),
    });
    // Absent where there are none, so that what has none keeps its digest.
    if !facts.is_empty() {
        said["facts"] = json!(facts);
    }
    Some(named("sf", &said))
}

/// An element with its details, where it has any.
fn with_details(of: Value, details: &BTreeSet<String>) -> Value {
    match of {
        Value::Array(mut fields) if !details.is_empty() => {
            fields.push(json!(details));
            Value::Array(fields)
        }
        other => other,
    }
}

/// Of a decision.
pub fn of_decision(decision: &Decision) -> Digest {
    named("pf", &decided(decision))
}

/// Two levels never have one digest. Keys of JSON are sorted.
fn named(level: &str, value: &Value) -> Digest {
    Digest::of(format!("stella.{level}/1\n{value}").as_bytes())
}

fn package(of: &Package) -> Value {
    let Package { name, version, purl, ecosystem, licenses, source, details } = of;
    let source = source.as_ref().map(|SourcePackage { name, version }| json!([name, version]));
    let purl = purl.as_ref().map(|purl| purl.as_str());
    with_details(json!([name, version, purl, ecosystem.to_string(), licenses, source]), details)
}

fn finding(of: &Finding) -> Value {
    let Finding { key, aliases, package, version, severity, fixed_versions, reachability, vex_status, details } = of;
    let FindingKey { cve_id, affected } = key;
    let status = vex_status.map(|status| status.code());
    let (severity, reachability) = (severity.code(), reachability.code());
    let fields = json!([cve_id, affected, aliases, package, version, severity, fixed_versions, reachability, status]);
    with_details(fields, details)
}

fn statement(of: &VexStatement) -> Value {
    let VexStatement { vulnerability, product, status, justification, details } = of;
    with_details(json!([vulnerability, product, status.code(), justification]), details)
}

fn decided(of: &Decision) -> Value {
    let Decision { passed, reasons } = of;
    json!([passed, reasons])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(passed: bool) -> Decision {
        Decision { passed, reasons: ["code".to_owned()].into() }
    }

    #[test]
    fn the_order_of_a_list_and_what_is_not_said_are_told_apart() {
        let vex = |product: &str| VexStatement {
            vulnerability: "CVE-1".into(),
            product: product.into(),
            status: crate::model::vex::VexStatus::Affected,
            justification: None,
            details: BTreeSet::new(),
        };
        let of = |all: &[&str]| {
            of_meaning(&Document { vex: Some(all.iter().map(|p| vex(p)).collect()), ..Document::default() })
        };
        assert_eq!(of(&["a", "b"]), of(&["b", "a", "b"]));
        assert_ne!(of(&["a"]), of(&["b"]));
        assert_ne!(of(&[]), None);
        assert_eq!(of_meaning(&Document::default()), None);
        let only = |decision| of_meaning(&Document { decision: Some(decision), ..Document::default() });
        assert_ne!(only(decision(true)), only(decision(false)));
        assert_ne!(only(decision(true)), Some(of_decision(&decision(true))));
    }

    /// Approvals hold them: another text would take back what was approved.
    #[test]
    fn the_text_that_is_digested_stays() {
        assert_eq!(of_decision(&decision(true)), Digest::of(b"stella.pf/1\n[true,[\"code\"]]"));
        let document = Document { findings: Some(Vec::new()), ..Document::default() };
        let text = "stella.sf/1\n{\"decision\":null,\"findings\":[],\"packages\":null,\"vex\":null}";
        assert_eq!(of_meaning(&document), Some(Digest::of(text.as_bytes())));
    }

    #[test]
    fn at_each_level_stands_what_is_known() {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let known = Digests { bytes: digest("b"), meaning: Some(digest("m")) };
        let opaque = Digests { meaning: None, ..known };
        let decision = Some(digest("d"));
        assert_eq!(Level::ALL.map(|level| known.at(level, decision)), ["b", "m", "d"].map(digest));
        assert_eq!(Level::ALL.map(|level| known.at(level, None)), ["b", "m", "m"].map(digest));
        assert_eq!(Level::ALL.map(|level| opaque.at(level, decision)), ["b"; 3].map(digest));
    }
}
