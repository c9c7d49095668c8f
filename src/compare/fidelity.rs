//! The three verdicts of a comparison.

use crate::compare::semantic::{Semantics, semantically_equal};
use crate::model::comparison::fidelity::{Fidelity, OrderBroken};
use crate::model::decision::Decision;

/// Judges a replay by its recording.
///
/// * `bitwise_equal`: the canonical bytes of every primary artifact are the same.
/// * `opaque_differs`: an artifact whose format has no known meaning differs (or only one side has it). What that
///   means cannot be said, so the semantic verdict is never *true*: it is *not applicable*, unless what is known
///   differs as well, which must not be hidden.
/// * `decisions`: those of the artifacts; for a scan without one, that of the default policy over its normalised
///   findings; `None` where there is nothing to decide on.
///
/// The semantic verdict is not applicable either where neither side holds anything with a known meaning, the policy
/// verdict where neither side has a decision. A decision on one side only is a difference.
///
/// # Errors
/// The verdicts contradict each other: equal bytes with different meanings, or equal meanings with different
/// decisions. That is a bug of a reader, or a decision that does not follow from the meaning.
pub fn judge(
    bitwise_equal: bool,
    opaque_differs: bool,
    before: &Semantics,
    after: &Semantics,
    decisions: (Option<&Decision>, Option<&Decision>),
) -> Result<Fidelity, OrderBroken> {
    let meaningless = before.is_unknown() && after.is_unknown();
    let semantic = match semantically_equal(before, after) {
        _ if meaningless => None,
        true if opaque_differs => None,
        equal => Some(equal),
    };
    let policy = match decisions {
        (None, None) => None,
        (before, after) => Some(before == after),
    };
    Fidelity::new(bitwise_equal, semantic, policy)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::compare::arbitrary::{Parts, parts};
    use crate::model::comparison::fidelity::Level;
    use crate::model::finding::Severity;

    fn decision(passed: bool) -> Decision {
        Decision { passed, reasons: ["code".to_owned()].into() }
    }

    /// A policy: any function of the meaning will do.
    fn decide(semantics: &Semantics) -> Decision {
        let severe = semantics.findings().filter(|finding| finding.severity >= Severity::High);
        let reasons: BTreeSet<String> = severe.map(|finding| finding.severity.to_string()).collect();
        Decision { passed: reasons.is_empty(), reasons }
    }

    fn semantics((packages, findings, vex): Parts) -> Semantics {
        Semantics::from_parts(packages, findings, vex, None)
    }

    #[test]
    fn verdicts_by_table() {
        let known = |severe: bool| Semantics::from_parts(None, Some(Vec::new()), None, Some(decision(severe)));
        let (a, b, unknown) = (known(true), known(false), Semantics::default());
        let (yes, no) = (decision(true), decision(false));
        let other_codes = Decision { passed: true, reasons: ["other".to_owned()].into() };
        let cases = [
            // bitwise, opaque differs, before, after, decisions → semantic, policy
            (true, false, &a, &a, (Some(&yes), Some(&yes)), Some(true), Some(true)),
            (false, false, &a, &a, (Some(&yes), Some(&yes)), Some(true), Some(true)),
            (false, false, &a, &b, (Some(&yes), Some(&yes)), Some(false), Some(true)),
            (false, false, &a, &b, (Some(&yes), Some(&no)), Some(false), Some(false)),
            (false, false, &a, &b, (Some(&yes), Some(&other_codes)), Some(false), Some(false)),
            (false, false, &a, &b, (Some(&yes), None), Some(false), Some(false)),
            (true, false, &unknown, &unknown, (None, None), None, None),
            (false, true, &unknown, &unknown, (None, None), None, None),
            (false, true, &a, &a, (Some(&yes), Some(&yes)), None, Some(true)),
            (false, true, &a, &a, (Some(&yes), Some(&no)), None, Some(false)),
            (false, true, &a, &b, (Some(&yes), Some(&yes)), Some(false), Some(true)),
            (false, false, &a, &unknown, (Some(&yes), None), Some(false), Some(false)),
        ];
        for (i, (bitwise, opaque, before, after, decisions, semantic, policy)) in cases.into_iter().enumerate() {
            let fidelity = judge(bitwise, opaque, before, after, decisions).unwrap();
            let verdicts = (fidelity.is_bitwise(), fidelity.at(Level::Semantic), fidelity.at(Level::Policy));
            assert_eq!(verdicts, (bitwise, semantic, policy), "case {i}");
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let (a, b) = (Semantics::from_parts(None, Some(Vec::new()), None, None), Semantics::default());
        assert!(judge(true, false, &a, &b, (None, None)).is_err());
        assert!(judge(false, false, &a, &a, (Some(&decision(true)), Some(&decision(false)))).is_err());
    }

    proptest! {
        /// With a reader that gives equal meanings for equal bytes and a policy that looks at nothing else, the
        /// order of the levels holds.
        #[test]
        fn a_stronger_level_implies_the_weaker(a in parts(), b in parts(), same: bool, bitwise: bool, opaque: bool) {
            let before = semantics(a);
            let after = if same { before.clone() } else { semantics(b) };
            let bitwise = bitwise && same && !opaque;
            let decisions = (decide(&before), decide(&after));
            let fidelity = judge(bitwise, opaque, &before, &after, (Some(&decisions.0), Some(&decisions.1)));
            let fidelity = fidelity.map_err(|error| TestCaseError::fail(error.to_string()))?;
            let at = |level| fidelity.at(level);
            prop_assert!(!bitwise || at(Level::Semantic) != Some(false));
            prop_assert!(at(Level::Semantic) != Some(true) || at(Level::Policy) == Some(true));
            prop_assert!(!opaque || at(Level::Semantic) != Some(true));
        }
    }
}
