//! What a hostile program can have and the sandbox says so: each with the words of `lost` or of `docs/sandbox.md` that say it.

use stella::model::result::Isolation;

use super::play::{Finding, Setting};

/// One thing that is known to be open.
#[derive(Debug, Clone, Copy)]
pub struct Exception {
    /// At this level only, or at every one.
    level: Option<Isolation>,
    /// How the finding begins.
    what: &'static str,
    /// The call, or any.
    call: Option<i64>,
    /// Where it is said.
    #[expect(dead_code, reason = "for whoever reads")]
    said: &'static str,
}

pub const EXCEPTIONS: &[Exception] = &[];

/// Whether it is known and said.
pub fn is_said(finding: &Finding, setting: Setting) -> bool {
    EXCEPTIONS.iter().any(|known| {
        known.level.is_none_or(|level| level == setting.level)
            && finding.what.starts_with(known.what)
            && known.call.is_none_or(|call| call == finding.call)
    })
}
