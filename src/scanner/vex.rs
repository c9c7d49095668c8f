//! VEX statements from findings: what the scan itself can say, and no more.
//!
//! | reachability | status | justification |
//! |---|---|---|
//! | reachable | `affected` | |
//! | unreachable | `not_affected` | `vulnerable_code_not_in_execute_path` |
//! | unknown | `under_investigation` | |
//!
//! `fixed` is never stated: a version that is fixed is not a finding. Justifications are OpenVEX's words.

use std::collections::BTreeSet;

use crate::model::finding::{Finding, Reachability};
use crate::model::vex::{VexStatement, VexStatus};

/// The status that follows from a verdict.
pub fn status(reachability: Reachability) -> VexStatus {
    match reachability {
        Reachability::Reachable => VexStatus::Affected,
        Reachability::Unreachable => VexStatus::NotAffected,
        Reachability::Unknown => VexStatus::UnderInvestigation,
    }
}

/// One statement for each finding, in the order of the findings.
pub fn statements(findings: &[Finding]) -> Vec<VexStatement> {
    let justification = |status| match status {
        VexStatus::NotAffected => Some("vulnerable_code_not_in_execute_path".to_owned()),
        _ => None,
    };
    findings
        .iter()
        .map(|finding| {
            let status = status(finding.reachability);
            VexStatement {
                vulnerability: finding.key.cve_id.clone(),
                product: finding.key.affected.clone(),
                status,
                justification: justification(status),
                details: BTreeSet::new(),
            }
        })
        .collect()
}
