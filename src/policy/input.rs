//! What a policy sees.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::compare::semantic::Semantics;
use crate::model::finding::Finding;
use crate::model::package::Package;
use crate::model::vex::VexStatement;

/// The input document of a policy: `{"packages": […], "findings": […], "vex": […]}`.
///
/// It holds the fields that semantic comparison sees and no others, sorted and without duplicates, so that results
/// with the same meaning give the same input. `policies/README.md` documents the shape.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyInput {
    json: Value,
    pub(super) bytes: usize,
}

impl PolicyInput {
    /// The input for these parts, in any order; a part that does not exist is an empty list.
    pub fn new<'a>(
        packages: impl IntoIterator<Item = &'a Package>,
        findings: impl IntoIterator<Item = &'a Finding>,
        vex: impl IntoIterator<Item = &'a VexStatement>,
    ) -> Self {
        let json = json!({
            "packages": list(packages, package),
            "findings": list(findings, finding),
            "vex": list(vex, statement),
        });
        let bytes = json.to_string().len();
        Self { json, bytes }
    }

    /// The input for a result.
    pub fn of(semantics: &Semantics) -> Self {
        Self::new(semantics.packages(), semantics.findings(), semantics.vex())
    }

    /// The document.
    pub fn as_json(&self) -> &Value {
        &self.json
    }
}

fn list<'a, T: Ord + 'a>(items: impl IntoIterator<Item = &'a T>, to_json: fn(&T) -> Value) -> Vec<Value> {
    items.into_iter().collect::<BTreeSet<_>>().into_iter().map(to_json).collect()
}

fn package(package: &Package) -> Value {
    json!({
        "name": package.name,
        "version": package.version,
        "purl": package.purl.as_ref().map(|purl| purl.as_str()),
        "ecosystem": package.ecosystem.to_string(),
        "licenses": package.licenses,
        "source": package.source.as_ref().map(|source| json!({ "name": source.name, "version": source.version })),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "cve_id": finding.key.cve_id,
        "affected_purl": finding.key.affected,
        "aliases": finding.aliases,
        "package": finding.package,
        "version": finding.version,
        "severity": finding.severity.code(),
        "fixed_versions": finding.fixed_versions,
        "reachability": finding.reachability.code(),
        "vex_status": finding.vex_status.map(|status| status.code()),
    })
}

fn statement(statement: &VexStatement) -> Value {
    json!({
        "vulnerability": statement.vulnerability,
        "product": statement.product,
        "status": statement.status.code(),
        "justification": statement.justification,
    })
}
