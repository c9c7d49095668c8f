//! An outcome and its levels on the wire: the same fields in a result and in a history.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::comparison::fidelity::{Fidelity, Level, OrderBroken};
use crate::model::outcome::Outcome;
use crate::wire::v1::cause::{Cause, MismatchReason};

/// How a replay ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeCode {
    /// The same as recorded.
    Match,
    /// Differs, reproducibly.
    Drift,
    /// Differs from itself.
    Flaky,
    /// The scanner ran but failed its health gate.
    Unhealthy,
    /// An input is gone.
    Unreplayable,
    /// Could not run.
    Infra,
}

/// The three verdicts of a comparison: true, false, or null where the level does not apply.
///
/// All three are null where nothing was compared. `bf` implies `sf` implies `pf`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Levels {
    /// Bitwise: the same bytes after canonicalisation.
    pub bf: Option<bool>,
    /// Semantic: the same packages, findings, VEX statements and decision.
    pub sf: Option<bool>,
    /// Policy: the same decision with the same reason codes.
    pub pf: Option<bool>,
}

/// Why an outcome and its levels cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Contradiction {
    /// It says two things at once.
    Says(&'static str),
    /// A stronger level holds and a weaker one does not.
    Levels(OrderBroken),
}

/// The fields of an outcome, whatever document they stand in.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub(crate) outcome: OutcomeCode,
    pub(crate) lucky: bool,
    pub(crate) detail: Option<String>,
    pub(crate) missing: Vec<String>,
    pub(crate) mismatch_reason: Option<MismatchReason>,
    pub(crate) causes: Vec<Cause>,
    pub(crate) levels: Levels,
}

impl Fields {
    pub(crate) fn of(ended: &Outcome, fidelity: Option<Fidelity>) -> Self {
        let (mut lucky, mut detail, mut missing, mut causes) = (false, None, Vec::new(), Vec::new());
        let outcome = match ended {
            Outcome::Match { lucky: was } => {
                lucky = *was;
                OutcomeCode::Match
            }
            Outcome::Drift { causes: all } => {
                causes = all.iter().map(Cause::from).collect();
                OutcomeCode::Drift
            }
            Outcome::Flaky { detail: text } => {
                detail = Some(text.clone());
                OutcomeCode::Flaky
            }
            Outcome::Unhealthy { detail: text } => {
                detail = Some(text.clone());
                OutcomeCode::Unhealthy
            }
            Outcome::Unreplayable { missing: all } => {
                missing.clone_from(all);
                OutcomeCode::Unreplayable
            }
            Outcome::Infra { detail: text } => {
                detail = Some(text.clone());
                OutcomeCode::Infra
            }
        };
        let levels = fidelity.map(Levels::from).unwrap_or_default();
        Self {
            outcome,
            lucky,
            detail,
            missing,
            mismatch_reason: ended.mismatch_reason().map(Into::into),
            causes,
            levels,
        }
    }

    /// What they say, if they can be believed.
    pub(crate) fn read(self) -> Result<(Outcome, Option<Fidelity>), Contradiction> {
        let Self { outcome, lucky, detail, missing, mismatch_reason, causes, levels } = self;
        let detail = || detail.ok_or(Contradiction::Says("the outcome needs a `detail`"));
        let outcome = match outcome {
            OutcomeCode::Match => Outcome::Match { lucky },
            OutcomeCode::Drift if causes.is_empty() => return Err(Contradiction::Says("a drift needs a cause")),
            OutcomeCode::Drift => Outcome::Drift { causes: causes.into_iter().map(Into::into).collect() },
            OutcomeCode::Flaky => Outcome::Flaky { detail: detail()? },
            OutcomeCode::Unhealthy => Outcome::Unhealthy { detail: detail()? },
            OutcomeCode::Unreplayable => Outcome::Unreplayable { missing },
            OutcomeCode::Infra => Outcome::Infra { detail: detail()? },
        };
        if mismatch_reason != outcome.mismatch_reason().map(Into::into) {
            return Err(Contradiction::Says("`mismatch_reason` is not the reason of the causes"));
        }
        let fidelity = match levels {
            Levels { bf: None, sf: None, pf: None } => None,
            Levels { bf: None, .. } => return Err(Contradiction::Says("`bf` applies to every comparison")),
            Levels { bf: Some(bf), sf, pf } => Some(Fidelity::new(bf, sf, pf).map_err(Contradiction::Levels)?),
        };
        match (&outcome, fidelity.map(|fidelity| fidelity.is_bitwise())) {
            (Outcome::Match { .. }, Some(false)) => return Err(Contradiction::Says("a match needs `bf`")),
            (Outcome::Match { .. }, None) => return Err(Contradiction::Says("a match has levels")),
            (Outcome::Drift { .. } | Outcome::Flaky { .. }, Some(true)) => {
                return Err(Contradiction::Says("what differs does not hold `bf`"));
            }
            (Outcome::Drift { .. } | Outcome::Flaky { .. }, None) => {
                return Err(Contradiction::Says("a comparison has levels"));
            }
            _ => {}
        }
        if lucky && !matches!(outcome, Outcome::Match { .. }) {
            return Err(Contradiction::Says("only a match is lucky"));
        }
        Ok((outcome, fidelity))
    }
}

impl From<Fidelity> for Levels {
    fn from(fidelity: Fidelity) -> Self {
        let [bf, sf, pf] = Level::ALL.map(|level| fidelity.at(level));
        Self { bf, sf, pf }
    }
}
