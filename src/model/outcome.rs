//! The six ways a replay can end, kept apart everywhere.

use crate::model::cause::{Cause, MismatchReason};
use crate::model::exit::Exit;

/// How one replay ended.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Outcome {
    /// The same as recorded.
    Match {
        /// The sandbox denied something (network, a path that was not mounted) and the result held all the same.
        lucky: bool,
    },
    /// Differs, reproducibly.
    Drift {
        /// Never empty.
        causes: Vec<Cause>,
    },
    /// Differs from itself.
    Flaky {
        /// What the reruns showed.
        detail: String,
    },
    /// The scanner ran but failed its health gate.
    Unhealthy {
        /// Which check failed.
        detail: String,
    },
    /// An input is gone.
    Unreplayable {
        /// Every input that is missing, by name and digest.
        missing: Vec<String>,
    },
    /// Could not run: our fault or the machine's.
    Infra {
        /// What failed.
        detail: String,
    },
}

/// What a JUnit reader is shown. There is no `skipped`: a replay that did not run is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JunitStatus {
    /// `<testcase/>` without a child.
    Pass,
    /// `<failure>`: a real difference.
    Failure,
    /// `<error>`: no statement about the scan can be made.
    Error,
}

impl Outcome {
    /// The stable code, as in JSON.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// The one reason of a mismatch (`mismatch_reason`): `mixed` where the causes have several.
    ///
    /// A flaky replay differs from itself under the same inputs, which is nondeterminism by definition.
    pub fn mismatch_reason(&self) -> Option<MismatchReason> {
        match self {
            Self::Drift { causes } => {
                let first = causes.first()?.reason;
                let one = causes.iter().all(|cause| cause.reason == first);
                Some(if one { first } else { MismatchReason::Mixed })
            }
            Self::Flaky { .. } => Some(MismatchReason::Nondeterminism),
            _ => None,
        }
    }

    /// Whether it counts in the denominator of bitwise fidelity.
    pub fn is_comparison(&self) -> bool {
        matches!(self, Self::Match { .. } | Self::Drift { .. } | Self::Flaky { .. })
    }

    /// Its exit code when no gate is asked.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Match { .. } => Exit::Passed,
            Self::Drift { .. } | Self::Flaky { .. } => Exit::Failed,
            Self::Unhealthy { .. } | Self::Unreplayable { .. } => Exit::Inconclusive,
            Self::Infra { .. } => Exit::Infrastructure,
        }
    }

    /// Its place in a JUnit report.
    pub fn junit(&self) -> JunitStatus {
        match self {
            Self::Match { .. } => JunitStatus::Pass,
            Self::Drift { .. } | Self::Flaky { .. } => JunitStatus::Failure,
            Self::Unhealthy { .. } | Self::Unreplayable { .. } | Self::Infra { .. } => JunitStatus::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cause::SubTag;

    #[test]
    fn each_outcome_has_the_row_of_the_contract() {
        let text = String::new;
        let drift = Outcome::Drift { causes: vec![Cause::floor(MismatchReason::FeedDrift, None)] };
        let table = [
            (Outcome::Match { lucky: true }, "match", true, JunitStatus::Pass, 0),
            (drift, "drift", true, JunitStatus::Failure, 1),
            (Outcome::Flaky { detail: text() }, "flaky", true, JunitStatus::Failure, 1),
            (Outcome::Unhealthy { detail: text() }, "unhealthy", false, JunitStatus::Error, 3),
            (Outcome::Unreplayable { missing: vec![] }, "unreplayable", false, JunitStatus::Error, 3),
            (Outcome::Infra { detail: text() }, "infra", false, JunitStatus::Error, 4),
        ];
        for (outcome, code, compared, junit, exit) in table {
            assert_eq!(outcome.code(), code);
            assert_eq!(outcome.is_comparison(), compared, "{code}");
            assert_eq!(outcome.junit(), junit, "{code}");
            assert_eq!(outcome.exit().code(), exit, "{code}");
        }
    }

    #[test]
    fn several_reasons_are_mixed_and_several_causes_of_one_reason_are_not() {
        let floor = Cause::floor;
        let drift = |causes| Outcome::Drift { causes }.mismatch_reason();
        let (scanner, feed) = (MismatchReason::ScannerDrift, MismatchReason::FeedDrift);
        assert_eq!(drift(vec![floor(scanner, None), floor(scanner, Some(SubTag::Config))]), Some(scanner));
        assert_eq!(drift(vec![floor(scanner, None), floor(feed, None)]), Some(MismatchReason::Mixed));
        assert_eq!(Outcome::Match { lucky: true }.mismatch_reason(), None);
    }
}
