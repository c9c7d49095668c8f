//! From the kind of a failure to the exit code: the one place. `docs/exit-codes.md` is its table.

use crate::model::diagnostic::FailureKind;
use crate::model::exit::Exit;

/// The exit code of a kind of failure.
pub fn of(kind: FailureKind) -> Exit {
    match kind {
        FailureKind::Usage => Exit::Usage,
        FailureKind::Infrastructure => Exit::Infrastructure,
        FailureKind::Verification => Exit::Verification,
        FailureKind::Inconclusive => Exit::Inconclusive,
    }
}
