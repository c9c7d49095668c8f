//! What changed between two results, small enough to be understood in two minutes.

use crate::model::cause::Cause;
use crate::model::digest::Digest;

/// Which way something flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Not in the recording, in the replay.
    Appeared,
    /// In the recording, not in the replay.
    Disappeared,
    /// In both, with other fields.
    Changed,
}

impl Direction {
    /// The stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Appeared => "appeared",
            Self::Disappeared => "disappeared",
            Self::Changed => "changed",
        }
    }
}

/// One field with its two values, as text; `None` is *absent*.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub struct FieldChange {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// One finding that flipped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FindingFlip {
    /// The vulnerability.
    pub cve_id: String,
    /// The package.
    pub affected_purl: String,
    /// Which way.
    pub direction: Direction,
    /// Severity on the side that has it (the recording's, where both have).
    pub severity: crate::model::finding::Severity,
    /// The fields that differ; for a finding that only one side has, all its fields.
    pub changes: Vec<FieldChange>,
    /// One sentence: why it flipped, as far as the two results tell.
    pub why: String,
    /// Its own cause, where one is known.
    pub cause: Option<Cause>,
}

/// One package that was added, removed or changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PackageChange {
    /// Name of the package.
    pub name: String,
    /// Which way.
    pub direction: Direction,
    /// Versions before, sorted (a package may stand in several).
    pub before: Vec<String>,
    /// Versions after.
    pub after: Vec<String>,
}

/// One VEX statement whose status or justification differs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub struct VexChange {
    pub vulnerability: String,
    pub product: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A decision that differs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DecisionChange {
    /// `pass` or `fail`, `None` where that side has no decision.
    pub before: Option<String>,
    /// The same for the replay.
    pub after: Option<String>,
    /// Reason codes that only the replay has.
    pub reasons_added: Vec<String>,
    /// Reason codes that only the recording has.
    pub reasons_removed: Vec<String>,
}

/// One artifact whose canonical bytes differ.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArtifactChange {
    /// Its name, e.g. `findings.json`.
    pub name: String,
    /// Canonical digest before; `None` where that side lacks it.
    pub before: Option<Digest>,
    /// Canonical digest after.
    pub after: Option<Digest>,
    /// JSON pointer of the first difference in the canonical documents, where both are JSON.
    pub first_difference: Option<String>,
    /// The first places that differ, with both values; empty where the findings, packages and statements say more.
    pub differences: Top<PlaceChange>,
}

/// One place of a document at which two differ.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlaceChange {
    /// A JSON pointer (RFC 6901), or `line N` or `byte N` of what is not JSON.
    pub place: String,
    /// What stands there before, cut where it is long; `None` where nothing does.
    pub before: Option<String>,
    /// The same after.
    pub after: Option<String>,
}

/// A list that may be cut, with what was cut counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Top<T> {
    /// The first entries, most severe first.
    pub shown: Vec<T>,
    /// How many more there are.
    pub omitted: usize,
}

impl<T> Default for Top<T> {
    fn default() -> Self {
        Self { shown: Vec::new(), omitted: 0 }
    }
}

impl<T> Top<T> {
    /// Keeps the first `n` of `all`.
    pub fn first(n: usize, mut all: Vec<T>) -> Self {
        let omitted = all.len().saturating_sub(n);
        all.truncate(n);
        Self { shown: all, omitted }
    }

    /// How many there are in all.
    pub fn total(&self) -> usize {
        self.shown.len() + self.omitted
    }
}

/// What changed, most important first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct DiffSummary {
    /// Findings that flipped.
    pub findings: Top<FindingFlip>,
    /// Packages added, removed or changed.
    pub packages: Top<PackageChange>,
    /// VEX statements that differ.
    pub vex: Top<VexChange>,
    /// The decision, where it differs.
    pub decision: Option<DecisionChange>,
    /// Artifacts whose canonical bytes differ.
    pub artifacts: Vec<ArtifactChange>,
}

impl DiffSummary {
    /// Gives every text that a scanner wrote to `change`; names of artifacts are not among them.
    pub fn texts(&mut self, change: &mut impl FnMut(&mut String)) {
        for flip in &mut self.findings.shown {
            [&mut flip.cve_id, &mut flip.affected_purl, &mut flip.why].into_iter().for_each(&mut *change);
            for field in &mut flip.changes {
                [&mut field.before, &mut field.after].into_iter().flatten().for_each(&mut *change);
            }
        }
        for package in &mut self.packages.shown {
            change(&mut package.name);
            package.before.iter_mut().chain(&mut package.after).for_each(&mut *change);
        }
        for vex in &mut self.vex.shown {
            [&mut vex.vulnerability, &mut vex.product].into_iter().for_each(&mut *change);
            [&mut vex.before, &mut vex.after].into_iter().flatten().for_each(&mut *change);
        }
        if let Some(of) = &mut self.decision {
            [&mut of.before, &mut of.after].into_iter().flatten().for_each(&mut *change);
            of.reasons_added.iter_mut().chain(&mut of.reasons_removed).for_each(&mut *change);
        }
        for ArtifactChange { name: _, before: _, after: _, first_difference, differences } in &mut self.artifacts {
            first_difference.iter_mut().for_each(&mut *change);
            for PlaceChange { place, before, after } in &mut differences.shown {
                change(place);
                [before, after].into_iter().flatten().for_each(&mut *change);
            }
        }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
