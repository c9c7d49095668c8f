//! `.stella.yaml` as written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::gates::{RawBuckets, RawGates, RawThresholds};
use crate::model::change::approval::InHead;

/// The configuration file, version 1. Everything is optional; unknown keys are errors.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct RawConfig {
    /// Version of this format: 1.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1))]
    pub(super) version: u32,
    /// What this checkout builds. Without it, cases run with the built-in scanner and canaries are replayed as recorded.
    pub(super) subject: Option<RawSubject>,
    /// Folders that hold regression cases. Default: `regressions` and `tests/scanner/regressions`.
    pub(super) cases: Option<Vec<String>>,
    /// Folders that hold canaries. Default: `fixtures/canaries`.
    pub(super) canaries: Option<Vec<String>>,
    /// Read-only blobs committed with the repository. Default: `fixtures/store`.
    pub(super) fixture_store: Option<String>,
    /// The local blob store. Default: the user's data directory.
    pub(super) store: Option<String>,
    /// Keep a history of every replay in the local store. Default: false.
    #[serde(default)]
    pub(super) history: bool,
    /// What gates judge by.
    #[serde(default)]
    pub(super) thresholds: RawThresholds,
    /// How severe each gate is.
    #[serde(default)]
    pub(super) gates: RawGates,
    /// How scores are broken down.
    #[serde(default)]
    pub(super) buckets: RawBuckets,
    /// Profiles of this repository by name. The name of a built-in one, such as that of a format, takes its place.
    #[serde(default)]
    pub(super) profiles: BTreeMap<String, String>,
    /// Files with adapters of this repository. One with the name of a built-in one takes its place.
    #[serde(default)]
    pub(super) adapters: Vec<String>,
    /// Who may approve a change, and from when an approval counts.
    #[serde(default)]
    pub(super) approvals: RawApprovals,
}

/// Who may approve a change, and from when an approval counts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct RawApprovals {
    /// Whether an entry of `approvals.yaml` that a pull request brings with it counts in that pull request. Default: `no`.
    #[serde(default)]
    pub(super) in_head: RawInHead,
    /// Whose review counts under `in_head: reviewed`, by their names at the provider.
    #[serde(default)]
    pub(super) approvers: Vec<String>,
}

/// Whether an approval that a pull request brings with it counts in that pull request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawInHead {
    /// It counts once it is merged.
    #[default]
    No,
    /// It counts where one of the approvers has approved exactly this commit.
    Reviewed,
    /// It counts, and is the first line of the report.
    Yes,
}

impl From<RawInHead> for InHead {
    fn from(raw: RawInHead) -> Self {
        match raw {
            RawInHead::No => Self::No,
            RawInHead::Reviewed => Self::Reviewed,
            RawInHead::Yes => Self::Yes,
        }
    }
}

fn one() -> u32 {
    1
}

/// What kind of thing the checkout builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawSubjectKind {
    /// The scanner inside the stella that runs; with `path`, that of another stella, which runs sealed.
    Builtin,
    /// A scanner of its own.
    Scanner,
    /// A feed of OSV records.
    Feed,
    /// A policy in Rego.
    Policy,
}

/// What this checkout builds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct RawSubject {
    pub(super) kind: RawSubjectKind,
    /// A command for `sh -c`, run in the root of the repository before anything is replayed.
    pub(super) build: Option<String>,
    /// Variables that the build gets beside those that are harmless, by name. Default: none.
    pub(super) build_env: Option<Vec<String>>,
    /// Whether the build may become another user, by `sudo` for example. Default: false.
    pub(super) build_sudo: Option<bool>,
    /// The executable, the stella, the feed's folder or the policy's folder.
    pub(super) path: Option<String>,
    /// Scanner only: its name, as canaries record it. Default: the one engine of the canaries that is not the built-in scanner.
    pub(super) engine: Option<String>,
    /// Scanner only: the command, with the places `{scanner}`, `{input}`, `{feed}`, `{policy}` and `{out}`.
    pub(super) argv: Option<Vec<String>>,
    /// Scanner only: what it writes, each `TYPE=PATH[:FORMAT[/PROFILE]]`.
    pub(super) artifacts: Option<Vec<String>>,
    /// Scanner only: exit codes that mean that it ran well. Default: 0.
    pub(super) expect_exit: Option<Vec<i32>>,
}
