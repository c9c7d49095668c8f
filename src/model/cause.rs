//! Why a replay differs, and how that is known.

use std::fmt;

use crate::model::digest::Digest;
use crate::model::dimension::{Dimension, Dimensions};

/// The class of a mismatch (`mismatch_reason`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
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

impl MismatchReason {
    /// The stable code, as in JSON.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for MismatchReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A finer name below a [`MismatchReason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the meaning")]
#[cfg_attr(test, derive(strum::VariantArray))]
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

impl SubTag {
    /// The stable code, as in JSON.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// What can be swapped alone: an input, or one part of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor {
    /// The input.
    pub dimension: Dimension,
    /// The part of it, where it has parts.
    pub part: Option<SubTag>,
}

impl Factor {
    /// A whole input.
    pub fn whole(dimension: Dimension) -> Self {
        Self { dimension, part: None }
    }

    /// One part of the environment.
    pub fn of_environment(part: SubTag) -> Self {
        Self { dimension: Dimension::Environment, part: Some(part) }
    }

    /// The class of a mismatch that it causes alone.
    pub fn reason(self) -> (MismatchReason, Option<SubTag>) {
        match (self.dimension, self.part) {
            (Dimension::Feed, _) => (MismatchReason::FeedDrift, None),
            (Dimension::Scanner, _) => (MismatchReason::ScannerDrift, None),
            (Dimension::Config, _) => (MismatchReason::ScannerDrift, Some(SubTag::Config)),
            (Dimension::Policy, _) => (MismatchReason::PolicyDrift, None),
            (Dimension::Input, _) => (MismatchReason::InputDrift, None),
            (
                Dimension::Environment,
                Some(part @ (SubTag::Ordering | SubTag::Time | SubTag::Rng | SubTag::Concurrency)),
            ) => (MismatchReason::Nondeterminism, Some(part)),
            (Dimension::Environment, part) => (MismatchReason::RuntimeDrift, part),
        }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.part.map_or(self.dimension.code(), SubTag::code))
    }
}

/// How the inputs of a cause that has several act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Joined {
    /// Only together: without one of them the others change nothing, or something else.
    Together,
    /// Each has a part of its own in the difference.
    Each,
    /// Any one of them is enough.
    Either,
}

impl Joined {
    /// The sign between two inputs.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Together => " × ",
            Self::Each => " + ",
            Self::Either => " or ",
        }
    }
}

/// The replays that prove a cause. Each is named by the digest of all its inputs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KnownBy {
    /// By experiment: swapping what the cause names, and nothing else, makes and unmakes the difference.
    Proved,
    /// By the floor rule: the first recorded digest that differs.
    Floor,
}

/// One cause of a mismatch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cause {
    /// The class.
    pub reason: MismatchReason,
    /// A finer name where one is known.
    pub sub_tag: Option<SubTag>,
    /// How it is known.
    pub known_by: KnownBy,
    /// The inputs of a cause that has several, in the order in which the floor rule asks; empty where `reason` names it.
    pub inputs: Vec<Factor>,
    /// How these inputs act.
    pub joined: Option<Joined>,
    /// What proves it.
    pub evidence: Option<Evidence>,
}

impl Cause {
    /// A cause found by the floor rule.
    pub fn floor(reason: MismatchReason, sub_tag: Option<SubTag>) -> Self {
        Self { reason, sub_tag, known_by: KnownBy::Floor, inputs: Vec::new(), joined: None, evidence: None }
    }

    /// The same without what proves it: two causes are one where only their proofs differ.
    #[must_use]
    pub fn without_evidence(&self) -> Self {
        Self { evidence: None, ..self.clone() }
    }
}

impl Dimensions {
    /// The floor rule: the cause named by the first digest that differs, else nondeterminism.
    ///
    /// It is a floor, not a proof: where several digests differ, only an experiment can tell them apart.
    pub fn floor_cause(&self, replayed: &Self) -> Cause {
        let first = self.differing(replayed).first().copied();
        let (reason, sub_tag) =
            first.map_or((MismatchReason::Nondeterminism, None), |dimension| Factor::whole(dimension).reason());
        Cause::floor(reason, sub_tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_asks_in_its_documented_order() {
        let same = Dimensions::default();
        assert_eq!(same.floor_cause(&same).reason, MismatchReason::Nondeterminism);
        let digest = Some(Digest::of(b"x"));
        let mut replayed = Dimensions { environment: digest, ..Dimensions::default() };
        assert_eq!(same.floor_cause(&replayed).reason, MismatchReason::RuntimeDrift);
        replayed.input = digest;
        assert_eq!(same.floor_cause(&replayed).reason, MismatchReason::InputDrift);
        replayed.policy = digest;
        assert_eq!(same.floor_cause(&replayed).reason, MismatchReason::PolicyDrift);
        replayed.config = digest;
        assert_eq!(same.floor_cause(&replayed).sub_tag, Some(SubTag::Config));
        replayed.scanner = digest;
        assert_eq!(same.floor_cause(&replayed), Cause::floor(MismatchReason::ScannerDrift, None));
        replayed.feed = digest;
        assert_eq!(same.floor_cause(&replayed).reason, MismatchReason::FeedDrift);
        assert_eq!(same.differing(&replayed).len(), 6);
    }
}
