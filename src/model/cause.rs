//! Why a replay differs, and how that is known.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

impl MismatchReason {
    /// The stable code, as in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::FeedDrift => "feed_drift",
            Self::PolicyDrift => "policy_drift",
            Self::RuntimeDrift => "runtime_drift",
            Self::ScannerDrift => "scanner_drift",
            Self::InputDrift => "input_drift",
            Self::Mixed => "mixed",
            Self::Nondeterminism => "nondeterminism",
            Self::ExternalIo => "external_io",
        }
    }
}

impl fmt::Display for MismatchReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
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

/// How a cause is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// By experiment: swapping this input alone makes and unmakes the difference.
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
}

impl Cause {
    /// A cause found by the floor rule.
    pub fn floor(reason: MismatchReason, sub_tag: Option<SubTag>) -> Self {
        Self { reason, sub_tag, known_by: KnownBy::Floor }
    }
}
