//! Every number that a gate uses, with its default.

use std::collections::BTreeSet;

use crate::model::comparison::fidelity::Level;
use crate::model::gate_result::{Gate, Strictness};
use crate::model::rate::Share;

/// The rules of every gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Bitwise fidelity of a window that is green.
    pub green: Share,
    /// Bitwise fidelity below which a bucket is a warning.
    pub bucket: Share,
    /// Bitwise fidelity below which a window fails.
    pub fail: Share,
    /// Bitwise fidelity below which a regulated project fails.
    pub regulated: Share,
    /// A drop of a bucket from one week to the next that is a warning.
    pub drop: Share,
    /// Bitwise fidelity of a release on the canary set.
    pub release_bf: Share,
    /// Policy fidelity of a release on the canary set.
    pub release_pf: Share,
    /// Distinct manifests without which a window says nothing.
    pub min_manifests: u64,
    /// Distinct manifests without which a bucket, or one of its weeks, says nothing.
    pub min_manifests_in_bucket: u64,
    /// Canaries without which a release is not judged.
    pub min_canaries: u64,
    /// Days of the window.
    pub window_days: u16,
    /// Which labels make buckets.
    pub by: By,
    /// Which replays are of regulated projects.
    pub regulated_label: RegulatedLabel,
    /// How strict each gate is unless it is told otherwise.
    pub strictness: PerGate,
    /// At which level a replay must agree for the gate of a pull request.
    pub pr_level: Level,
    /// At which level it must for the gate of a release.
    pub release_level: Level,
    /// What the gate of a pull request expects; `None`: nothing lost where the candidate is a feed, else the exact result.
    pub pr_expect: Option<Expect>,
}

/// What a gate expects of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// The same result.
    Exact,
    /// Nothing of it lost: findings may appear, and get a newer advisory.
    NothingLost,
}

/// How strict each gate is. That of a pull request has no window and no warnings, so there is nothing to choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "one per gate")]
pub struct PerGate {
    pub nightly: Strictness,
    pub release: Strictness,
}

impl PerGate {
    /// That of one gate.
    pub fn of(self, gate: Gate) -> Strictness {
        match gate {
            Gate::Pr => Strictness::default(),
            Gate::Nightly => self.nightly,
            Gate::Release => self.release,
        }
    }
}

/// Which labels make buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// Every one.
    Every,
    /// These.
    These(BTreeSet<String>),
}

impl By {
    /// Whether a label makes buckets.
    pub fn includes(&self, label: &str) -> bool {
        match self {
            Self::Every => true,
            Self::These(labels) => labels.contains(label),
        }
    }
}

/// A replay whose label has one of these values is of a regulated project; `project` tells the projects apart.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "explained above")]
pub struct RegulatedLabel {
    pub label: String,
    pub values: BTreeSet<String>,
    pub project: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            green: Share::percent(98),
            bucket: Share::percent(95),
            fail: Share::percent(90),
            regulated: Share::percent(95),
            drop: Share::percent(2),
            release_bf: Share::percent(98),
            release_pf: Share::percent(100),
            min_manifests: 30,
            min_manifests_in_bucket: 10,
            min_canaries: 10,
            window_days: 30,
            by: By::Every,
            regulated_label: RegulatedLabel {
                label: "tier".to_owned(),
                values: BTreeSet::from(["regulated".to_owned()]),
                project: "project".to_owned(),
            },
            strictness: PerGate::default(),
            pr_level: Level::Bitwise,
            release_level: Level::Bitwise,
            pr_expect: None,
        }
    }
}
