//! What flipped in one replay, item by item, with both values: for readers that want places and tables instead of lines.
//!
//! Invariants: every text is one harmless line; the fingerprint of an item says what flipped where, and not to which value, so
//! that the same flip has the same one in every run.

use crate::model::comparison::diff::{DiffSummary, Direction, FieldChange, FindingFlip, PackageChange, VexChange};
use crate::model::digest::Digest;
use crate::model::finding::Severity;
use crate::model::outcome::Outcome;
use crate::model::result::ReplayResult;
use crate::report::{phrases, untrusted};

/// Versions and reason codes of one side that are named.
const LIST: usize = 10;

/// What happened, as a closed list that other tools may count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "`about` explains each")]
pub enum Rule {
    DecisionChanged,
    FindingDisappeared,
    FindingAppeared,
    FindingChanged,
    PackageChanged,
    VexChanged,
    ArtifactChanged,
    Flaky,
    Unhealthy,
    Unreplayable,
    Infra,
    Gate,
}

impl Rule {
    /// Every rule.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The stable code.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Whether it tells how a replay ended, and not what differs.
    pub fn is_outcome(self) -> bool {
        matches!(self, Self::Flaky | Self::Unhealthy | Self::Unreplayable | Self::Infra)
    }

    /// One sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::DecisionChanged => "The decision is another than recorded.",
            Self::FindingDisappeared => "A finding of the recording is not found any more.",
            Self::FindingAppeared => "A finding that the recording does not have was found.",
            Self::FindingChanged => "A finding has other values than recorded.",
            Self::PackageChanged => "A package was added, removed, or has other versions than recorded.",
            Self::VexChanged => "A statement on exploitability is another than recorded.",
            Self::ArtifactChanged => "An artifact has other canonical bytes than recorded.",
            Self::Flaky => "The scan differs from itself under the same inputs.",
            Self::Unhealthy => "The scanner ran but failed its health gate.",
            Self::Unreplayable => "An input of the recording is gone.",
            Self::Infra => "The replay could not run.",
            Self::Gate => "The gate has a reason that is of no single replay.",
        }
    }
}

/// One value that differs; `None` is *absent*.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub struct Values {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// One thing that flipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip {
    /// What happened.
    pub rule: Rule,
    /// How severe it is; `Unknown` where that is not a question.
    pub severity: Severity,
    /// What it is about: a finding, a package, an artifact.
    pub what: String,
    /// Why, as far as the two results tell; empty where they do not.
    pub why: String,
    /// Its own cause, where one is known.
    pub cause: Option<String>,
    /// Both values, field by field.
    pub values: Vec<Values>,
    /// What flipped where, and not to which value.
    pub fingerprint: Digest,
}

impl Flip {
    /// `CVE-2021-44228 in pkg:… (critical) disappeared: the package is no longer in the inventory [scanner_drift (floor)]`
    pub fn line(&self) -> String {
        let why = if self.why.is_empty() { String::new() } else { format!(": {}", self.why) };
        let cause = self.cause.as_ref().map(|cause| format!(" [{cause}]")).unwrap_or_default();
        format!("{}{why}{cause}", self.what)
    }
}

/// What flipped in `replay`, most important first. A match has none; what has no difference to show has one for its outcome.
pub fn of_replay(replay: &ReplayResult) -> Vec<Flip> {
    let flips = of_diff(&replay.id, &replay.diff);
    let rule = match &replay.outcome {
        Outcome::Match { .. } => return Vec::new(),
        Outcome::Drift { .. } if !flips.is_empty() => return flips,
        Outcome::Drift { .. } => Rule::ArtifactChanged,
        Outcome::Flaky { .. } => Rule::Flaky,
        Outcome::Unhealthy { .. } => Rule::Unhealthy,
        Outcome::Unreplayable { .. } => Rule::Unreplayable,
        Outcome::Infra { .. } => Rule::Infra,
    };
    let what = format!("{}: {}", phrases::outcome(&replay.outcome), phrases::cause_cell(&replay.outcome));
    let own = flip(rule, &[&replay.id], what);
    std::iter::once(own).chain(flips).collect()
}

fn flip(rule: Rule, of: &[&str], what: String) -> Flip {
    // Names may hold anything: their lengths say where they end.
    let names: String = of.iter().map(|name| format!(" {}:{name}", name.len())).collect();
    Flip {
        rule,
        severity: Severity::Unknown,
        what,
        why: String::new(),
        cause: None,
        values: Vec::new(),
        fingerprint: Digest::of(format!("stella.flip/1 {}{names}", rule.code()).as_bytes()),
    }
}

fn of_diff(id: &str, diff: &DiffSummary) -> Vec<Flip> {
    let mut flips = Vec::new();
    if let Some(decision) = &diff.decision {
        let reasons = |all: &[String]| (!all.is_empty()).then(|| untrusted::list(all, LIST));
        let mut values = vec![values("decision", decision.before.as_deref(), decision.after.as_deref())];
        let (gone, new) = (reasons(&decision.reasons_removed), reasons(&decision.reasons_added));
        if gone.is_some() || new.is_some() {
            values.push(Values { field: "reasons".to_owned(), before: gone, after: new });
        }
        let side = |side: &Option<String>| side.as_deref().map_or_else(|| "(absent)".to_owned(), untrusted::line);
        let what = format!("decision {} → {}", side(&decision.before), side(&decision.after));
        flips.push(Flip { values, ..flip(Rule::DecisionChanged, &[id], what) });
    }
    flips.extend(diff.findings.shown.iter().map(|of| finding(id, of)));
    flips.extend(diff.packages.shown.iter().map(|of| package(id, of)));
    flips.extend(diff.vex.shown.iter().map(|of| vex(id, of)));
    // Bytes follow meaning: alone they are told only where nothing else is.
    if flips.is_empty() {
        flips.extend(diff.artifacts.iter().map(|of| {
            let short = |digest: Option<Digest>| digest.map(|digest| digest.short());
            let values =
                vec![Values { field: "canonical bytes".to_owned(), before: short(of.before), after: short(of.after) }];
            let name = untrusted::line(&of.name);
            let at = of.first_difference.as_deref().map(|at| format!(", first at {}", untrusted::line(at)));
            let what = format!("{name} has other bytes{}", at.unwrap_or_default());
            Flip { values, ..flip(Rule::ArtifactChanged, &[id, &of.name], what) }
        }));
    }
    flips
}

fn finding(id: &str, of: &FindingFlip) -> Flip {
    let rule = match of.direction {
        Direction::Appeared => Rule::FindingAppeared,
        Direction::Disappeared => Rule::FindingDisappeared,
        Direction::Changed => Rule::FindingChanged,
    };
    let [cve, purl, why] = [&of.cve_id, &of.affected_purl, &of.why].map(|text| untrusted::line(text));
    let what = format!("{cve} in {purl} ({}) {}", of.severity, of.direction.code());
    Flip {
        severity: of.severity,
        why,
        cause: of.cause.as_ref().map(phrases::cause),
        values: of.changes.iter().map(field).collect(),
        ..flip(rule, &[id, &of.cve_id, &of.affected_purl], what)
    }
}

fn field(of: &FieldChange) -> Values {
    values(&of.field, of.before.as_deref(), of.after.as_deref())
}

fn values(field: &str, before: Option<&str>, after: Option<&str>) -> Values {
    Values { field: untrusted::line(field), before: before.map(untrusted::line), after: after.map(untrusted::line) }
}

fn package(id: &str, of: &PackageChange) -> Flip {
    let versions = |all: &[String]| (!all.is_empty()).then(|| untrusted::list(all, LIST));
    let (before, after) = (versions(&of.before), versions(&of.after));
    let what = format!("{} {}", untrusted::line(&of.name), of.direction.code());
    let values = vec![Values { field: "versions".to_owned(), before, after }];
    Flip { values, ..flip(Rule::PackageChanged, &[id, &of.name], what) }
}

fn vex(id: &str, of: &VexChange) -> Flip {
    let [vulnerability, product] = [&of.vulnerability, &of.product].map(|text| untrusted::line(text));
    let values = vec![values("status", of.before.as_deref(), of.after.as_deref())];
    let names = [id, &of.vulnerability, &of.product];
    Flip { values, ..flip(Rule::VexChanged, &names, format!("{vulnerability} in {product}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn each_thing_that_flipped_has_both_values() {
        let drifted = fixture::drifted();
        let told: Vec<String> = of_replay(&drifted)
            .iter()
            .map(|flip| {
                let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
                let values =
                    flip.values.iter().map(|v| format!("{} {} → {}", v.field, side(&v.before), side(&v.after)));
                format!("{} | {} | {}", flip.rule.code(), flip.line(), values.collect::<Vec<_>>().join("; "))
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn a_fingerprint_says_what_flipped_and_not_to_which_value() {
        let first = of_replay(&fixture::drifted());
        let mut replay = fixture::drifted();
        replay.diff.findings.shown[1].changes[0].after = Some("high".into());
        replay.diff.findings.shown[1].severity = Severity::High;
        let second = of_replay(&replay);
        let prints = |all: &[Flip]| all.iter().map(|flip| flip.fingerprint).collect::<Vec<_>>();
        assert_eq!(prints(&first), prints(&second));
        replay.id = "SCN-9".into();
        assert!(prints(&of_replay(&replay)).iter().all(|print| !prints(&first).contains(print)));
    }

    #[test]
    fn whatever_does_not_match_has_something_to_show() {
        for replay in fixture::run().replays {
            assert_eq!(of_replay(&replay).is_empty(), phrases::is_match(&replay), "{}", replay.id);
        }
    }
}
