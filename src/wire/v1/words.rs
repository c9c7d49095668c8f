//! Words that several documents share: closed lists, each with one spelling on the wire.
//!
//! They have the names of the model, so that schemas read alike, and are not its types: the model may change, a version may not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::comparison::{diff, fidelity};
use crate::model::digest::Digest;
use crate::model::same_words::same_words;
use crate::model::{artifact, dimension, finding, gate_result, result};

/// What a replay was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    /// A regression case: a folder with input and expected findings.
    Case,
    /// A canary: a recorded manifest with its expected artifacts.
    Canary,
    /// A manifest given by name.
    Manifest,
}

/// Which question a replay answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Did I break it: the subject swapped in, everything else pinned.
    Regression,
    /// Is it repeatable: everything as recorded.
    Fidelity,
}

/// How well a replay was isolated, found by trying; strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// Namespaces and system-call tracing.
    Full,
    /// Tracing without namespaces.
    Traced,
    /// Namespaces without tracing: no network, private directories; the clock is the machine's.
    Isolated,
    /// Nothing.
    None,
}

/// A level of fidelity, strongest first: `Bitwise` implies `Semantic` implies `Policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Level {
    /// Byte for byte the same after canonicalisation.
    #[serde(rename = "bf")]
    Bitwise,
    /// The same packages, findings, VEX statements and decision.
    #[serde(rename = "sf")]
    Semantic,
    /// The same final decision with the same reason codes.
    #[serde(rename = "pf")]
    Policy,
}

/// What an artifact is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactType {
    /// The packages that were found.
    Sbom,
    /// The vulnerabilities that were found.
    Findings,
    /// Statements on exploitability.
    Vex,
    /// What supports the findings: call paths, file hashes.
    Evidence,
    /// The policy's decision.
    Decision,
    /// What the sandbox observed. Not primary: it holds counts that never repeat.
    Ledger,
}

/// Which way something flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Not in the recording, in the replay.
    Appeared,
    /// In the recording, not in the replay.
    Disappeared,
    /// In both, with other fields.
    Changed,
}

/// A qualitative severity (CVSS v3.1 §5 names), weakest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Severity {
    #[default]
    Unknown,
    None,
    Low,
    Medium,
    High,
    Critical,
}

/// One input of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// What is scanned.
    Input,
    /// The program that scans.
    Scanner,
    /// Its flags and configuration.
    Config,
    /// The advisories it reads.
    Feed,
    /// The rules that decide.
    Policy,
    /// Everything around it: system roots, clock, time zone, locale, CPU count.
    Environment,
}

/// The digests of all dimensions; `None` where a scan has no such input or it is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "one field per variant of `Dimension`")]
pub struct Dimensions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanner: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Digest>,
}

/// One value of one label, such as `ecosystem` `npm`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Bucket {
    /// Name of the label.
    pub label: String,
    /// Its value.
    pub value: String,
}

same_words!(result::SubjectKind { Case, Canary, Manifest });
same_words!(result::Mode { Regression, Fidelity });
same_words!(result::Isolation { Full, Traced, Isolated, None });
same_words!(fidelity::Level { Bitwise, Semantic, Policy });
same_words!(artifact::ArtifactType { Sbom, Findings, Vex, Evidence, Decision, Ledger });
same_words!(diff::Direction { Appeared, Disappeared, Changed });
same_words!(finding::Severity { Unknown, None, Low, Medium, High, Critical });
same_words!(dimension::Dimension { Input, Scanner, Config, Feed, Policy, Environment });

impl From<&dimension::Dimensions> for Dimensions {
    fn from(of: &dimension::Dimensions) -> Self {
        let dimension::Dimensions { input, scanner, config, feed, policy, environment } = of.clone();
        Self { input, scanner, config, feed, policy, environment }
    }
}

impl From<Dimensions> for dimension::Dimensions {
    fn from(of: Dimensions) -> Self {
        let Dimensions { input, scanner, config, feed, policy, environment } = of;
        Self { input, scanner, config, feed, policy, environment }
    }
}

impl From<&gate_result::Bucket> for Bucket {
    fn from(of: &gate_result::Bucket) -> Self {
        let gate_result::Bucket { label, value } = of.clone();
        Self { label, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_modes_are_those_of_the_model() {
        for kind in [result::SubjectKind::Case, result::SubjectKind::Canary, result::SubjectKind::Manifest] {
            assert_eq!(serde_json::to_value(SubjectKind::from(kind)).unwrap(), kind.code());
        }
        for mode in [result::Mode::Regression, result::Mode::Fidelity] {
            assert_eq!(serde_json::to_value(Mode::from(mode)).unwrap(), mode.code());
        }
    }
}
