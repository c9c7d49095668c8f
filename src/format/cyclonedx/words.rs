//! The words of CycloneDX for a status, a justification and a severity.

use serde::{Deserialize, Serialize};

use crate::model::finding::Severity;
use crate::model::vex::VexStatus;

/// `analysis.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Resolved,
    ResolvedWithPedigree,
    Exploitable,
    InTriage,
    FalsePositive,
    NotAffected,
}

impl State {
    pub(crate) fn status(self) -> VexStatus {
        match self {
            Self::Resolved | Self::ResolvedWithPedigree => VexStatus::Fixed,
            Self::Exploitable => VexStatus::Affected,
            Self::InTriage => VexStatus::UnderInvestigation,
            Self::FalsePositive | Self::NotAffected => VexStatus::NotAffected,
        }
    }
}

impl State {
    /// The word, where its status has another word, too.
    pub(crate) fn finer(self) -> Option<&'static str> {
        match self {
            Self::ResolvedWithPedigree => Some("resolved with pedigree"),
            Self::FalsePositive => Some("false positive"),
            Self::Resolved | Self::Exploitable | Self::InTriage | Self::NotAffected => None,
        }
    }
}

impl From<VexStatus> for State {
    fn from(status: VexStatus) -> Self {
        match status {
            VexStatus::NotAffected => Self::NotAffected,
            VexStatus::Affected => Self::Exploitable,
            VexStatus::Fixed => Self::Resolved,
            VexStatus::UnderInvestigation => Self::InTriage,
        }
    }
}

/// `analysis.justification`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CodeWord {
    CodeNotPresent,
    CodeNotReachable,
    RequiresConfiguration,
    RequiresDependency,
    RequiresEnvironment,
    ProtectedByCompiler,
    ProtectedAtRuntime,
    ProtectedAtPerimeter,
    ProtectedByMitigatingControl,
}

impl CodeWord {
    const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// OpenVEX's word where it has the same meaning, else CycloneDX's own.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::CodeNotPresent => "vulnerable_code_not_present",
            Self::CodeNotReachable => "vulnerable_code_not_in_execute_path",
            Self::RequiresConfiguration => "requires_configuration",
            Self::RequiresDependency => "requires_dependency",
            Self::RequiresEnvironment => "requires_environment",
            Self::ProtectedByCompiler => "protected_by_compiler",
            Self::ProtectedAtRuntime => "protected_at_runtime",
            Self::ProtectedAtPerimeter => "protected_at_perimeter",
            Self::ProtectedByMitigatingControl => "inline_mitigations_already_exist",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.word() == word)
    }
}

/// `ratings[].severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub(crate) enum Rated {
    Critical,
    High,
    Medium,
    Low,
    Info,
    None,
    Unknown,
}

impl From<Rated> for Severity {
    fn from(rated: Rated) -> Self {
        match rated {
            Rated::Critical => Self::Critical,
            Rated::High => Self::High,
            Rated::Medium => Self::Medium,
            Rated::Low => Self::Low,
            Rated::Info | Rated::None => Self::None,
            Rated::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_one_code() {
        for code in CodeWord::ALL.iter().copied() {
            assert_eq!(CodeWord::of_word(code.word()), Some(code));
        }
        assert_eq!(CodeWord::of_word("component_not_present"), None);
    }
}
