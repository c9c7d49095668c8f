//! How much a program may print: a limit that stdout and stderr share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How many bytes may still come.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU64,
    exceeded: AtomicBool,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self { left: AtomicU64::new(bytes), exceeded: AtomicBool::new(false) })
    }

    /// Whether more came than may.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.exceeded.load(Ordering::SeqCst)
    }

    /// How many of `wanted` bytes may be kept.
    pub(crate) fn take(&self, wanted: usize) -> usize {
        let wanted = wanted as u64;
        let take = |left: u64| Some(left.saturating_sub(wanted));
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).unwrap_or_else(|left| left);
        if left < wanted {
            self.exceeded.store(true, Ordering::SeqCst);
        }
        usize::try_from(left.min(wanted)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_the_limit_is_not_kept_and_said() {
        let budget = Budget::new(5);
        assert_eq!((budget.take(3), budget.take(2), budget.is_exceeded()), (3, 2, false));
        assert_eq!((budget.take(0), budget.is_exceeded()), (0, false));
        assert_eq!((budget.take(1), budget.is_exceeded()), (0, true));
        assert_eq!(Budget::new(5).take(9), 5);
    }
}
