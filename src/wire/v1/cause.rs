//! Why a replay differs, on the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cause;
use crate::model::digest::Digest;
use crate::model::same_words::same_words;
use crate::wire::v1::words::Dimension;

/// The class of a mismatch (`mismatch_reason`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MismatchReason {
    /// Another vulnerability or licence feed.
    FeedDrift,
    /// Other policy rules.
    PolicyDrift,
    /// Another base image, libc, kernel, locale, time zone, architecture, host name, path or CPU count.
    RuntimeDrift,
    /// Another scanner binary, dependency, flag or configuration.
    ScannerDrift,
    /// Another input.
    InputDrift,
    /// Findings with different causes.
    Mixed,
    /// The same inputs give different results.
    Nondeterminism,
    /// The scan reached for the network, for "latest" or for a remote registry.
    ExternalIo,
}

/// A finer name below a [`MismatchReason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum SubTag {
    Config,
    BaseImage,
    Libc,
    Kernel,
    Locale,
    Tz,
    Arch,
    Hostname,
    Path,
    CpuCount,
    Ordering,
    Time,
    Rng,
    Concurrency,
}

/// What can be swapped alone: an input, or one part of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Factor {
    /// The input.
    pub dimension: Dimension,
    /// The part of it, where it has parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<SubTag>,
}

/// How the inputs of a cause that has several act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Joined {
    /// Only together: without one of them the others change nothing, or something else.
    Together,
    /// Each has a part of its own in the difference.
    Each,
    /// Any one of them is enough.
    Either,
}

/// The replays that prove a cause. Each is named by the digest of all its inputs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// With the cause's inputs swapped in and all else as recorded the difference is there.
    pub made_by: Digest,
    /// With the cause's inputs as recorded and all else swapped in it is not.
    pub unmade_by: Digest,
    /// How many runs the accusation rests on, the recording counted as one.
    pub runs: u32,
    /// An upper bound for the chance that the accusation is false, in parts per million.
    pub false_ppm: u32,
}

/// How a cause is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// By experiment: swapping what the cause names, and nothing else, makes and unmakes the difference.
    Proved,
    /// By the floor rule: the first recorded digest that differs.
    Floor,
}

/// One cause of a mismatch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// The class.
    pub reason: MismatchReason,
    /// A finer name where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_tag: Option<SubTag>,
    /// How it is known.
    pub known_by: KnownBy,
    /// The inputs of a cause that has several, in the order in which the floor rule asks; empty where `reason` names it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Factor>,
    /// How these inputs act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<Joined>,
    /// What proves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

same_words!(cause::MismatchReason {
    FeedDrift,
    PolicyDrift,
    RuntimeDrift,
    ScannerDrift,
    InputDrift,
    Mixed,
    Nondeterminism,
    ExternalIo
});
same_words!(cause::SubTag {
    Config,
    BaseImage,
    Libc,
    Kernel,
    Locale,
    Tz,
    Arch,
    Hostname,
    Path,
    CpuCount,
    Ordering,
    Time,
    Rng,
    Concurrency
});
same_words!(cause::Joined { Together, Each, Either });
same_words!(cause::KnownBy { Proved, Floor });

impl From<cause::Factor> for Factor {
    fn from(of: cause::Factor) -> Self {
        Self { dimension: of.dimension.into(), part: of.part.map(Into::into) }
    }
}

impl From<Factor> for cause::Factor {
    fn from(of: Factor) -> Self {
        Self { dimension: of.dimension.into(), part: of.part.map(Into::into) }
    }
}

impl From<cause::Evidence> for Evidence {
    fn from(of: cause::Evidence) -> Self {
        let cause::Evidence { made_by, unmade_by, runs, false_ppm } = of;
        Self { made_by, unmade_by, runs, false_ppm }
    }
}

impl From<Evidence> for cause::Evidence {
    fn from(of: Evidence) -> Self {
        let Evidence { made_by, unmade_by, runs, false_ppm } = of;
        Self { made_by, unmade_by, runs, false_ppm }
    }
}

impl From<&cause::Cause> for Cause {
    fn from(of: &cause::Cause) -> Self {
        let cause::Cause { reason, sub_tag, known_by, inputs, joined, evidence } = of.clone();
        Self {
            reason: reason.into(),
            sub_tag: sub_tag.map(Into::into),
            known_by: known_by.into(),
            inputs: inputs.into_iter().map(Into::into).collect(),
            joined: joined.map(Into::into),
            evidence: evidence.map(Into::into),
        }
    }
}

impl From<Cause> for cause::Cause {
    fn from(of: Cause) -> Self {
        let Cause { reason, sub_tag, known_by, inputs, joined, evidence } = of;
        Self {
            reason: reason.into(),
            sub_tag: sub_tag.map(Into::into),
            known_by: known_by.into(),
            inputs: inputs.into_iter().map(Into::into).collect(),
            joined: joined.map(Into::into),
            evidence: evidence.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_those_of_the_model() {
        for tag in <cause::SubTag as strum::VariantArray>::VARIANTS {
            assert_eq!(serde_json::to_value(SubTag::from(*tag)).unwrap(), tag.code());
        }
    }
}
