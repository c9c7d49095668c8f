//! An adapter as written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// How one scanner is run so that its scans replay, version 1. Unknown keys are errors.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct RawAdapter {
    /// Version of this format: 1.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1))]
    pub(super) version: u32,
    /// Its name, as in `--scanner NAME`.
    pub(super) adapter: String,
    /// What the scanner is, in one line.
    pub(super) summary: String,
    /// The release of the scanner that was recorded and replayed with it. Absent: it was written from public
    /// documentation and not run.
    pub(super) verified: Option<String>,
    /// The name of its program, looked up on PATH.
    pub(super) program: String,
    /// What the program needs of the machine beside the system's folders.
    #[serde(default)]
    pub(super) runtime: Runtime,
    /// Arguments that make the program print its version.
    #[serde(default)]
    pub(super) version_arguments: Vec<String>,
    /// The command. Its first word is `{scanner}`; the word `{options}` stands for the arguments of output, feed and
    /// configuration and for the flags of the user. Places may stand in words.
    pub(super) command: Vec<String>,
    /// Variables that pin the scanner; places may stand in their values.
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    /// What it can scan.
    pub(super) input: InputKind,
    /// The feed that it reads, seen as `{feed}`.
    pub(super) feed: Option<RawNeed>,
    /// The configuration that it reads, seen as `{config}`.
    pub(super) config: Option<RawNeed>,
    /// What it can write, by names of this adapter's own.
    pub(super) outputs: BTreeMap<String, RawOutput>,
    /// The output that is taken where none is asked for.
    pub(super) default_output: String,
    /// Whether one run can write several outputs.
    #[serde(default)]
    pub(super) several_outputs: bool,
    /// Exit codes that mean that it ran well, with findings or without.
    pub(super) exit_codes: Vec<i32>,
    /// What to know of it, each in a line.
    #[serde(default)]
    pub(super) notes: Vec<String>,
}

fn one() -> u32 {
    1
}

/// What a program needs of the machine beside the system's folders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// Nothing: it is one file.
    #[default]
    Alone,
    /// The Python environment that it was installed into.
    Python,
    /// The `node_modules` that it was installed into.
    Node,
}

/// What a scanner can scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    /// A directory alone.
    Directory,
    /// A file alone.
    File,
    /// Either.
    Any,
}

/// Something that a scanner reads beside its input.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawNeed {
    /// What it is, in words for people.
    pub(super) what: String,
    /// Whether nothing can be scanned without it.
    #[serde(default)]
    pub(super) required: bool,
    /// Arguments that are added where it is given.
    #[serde(default)]
    pub(super) arguments: Vec<String>,
}

/// Something that a scanner can write.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawOutput {
    /// Arguments that make it write this.
    #[serde(default)]
    pub(super) arguments: Vec<String>,
    /// What comes out, as `TYPE=PATH[:FORMAT[/PROFILE]]`.
    pub(super) artifact: String,
}
