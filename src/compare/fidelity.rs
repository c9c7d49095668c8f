//! The three verdicts of a comparison.

use crate::compare::semantic::{Semantics, semantically_equal};
use crate::model::decision::Decision;
use crate::model::fidelity::{Fidelity, OrderBroken};

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
