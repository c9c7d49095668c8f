//! One processor for all who hand a run to each other while it is built: whoever moves to another on the way has to wait
//! there behind those that it is busy with.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::sandbox::linux::sys;

/// Keeps this thread, and what it starts, on the processor that it is on; returns where it could run before.
pub(super) fn pin() -> Option<CpuSet> {
    let before = sched_getaffinity(None).ok()?;
    let mut one = CpuSet::new();
    one.set(sys::current_processor()?);
    sched_setaffinity(None, &one).ok()?;
    Some(before)
}

/// Lets this thread run on `processors`.
pub(super) fn unpin(processors: &CpuSet) {
    // One that is gone meanwhile is passed over by the kernel, and it refuses only a set of which none is left.
    sched_setaffinity(None, processors).ok();
}

/// The numbers of `processors`.
pub(super) fn numbers(processors: &CpuSet) -> Vec<usize> {
    (0..CpuSet::MAX_CPU).filter(|number| processors.is_set(*number)).collect()
}

/// The processors of these numbers.
pub(super) fn of_numbers(numbers: &[usize]) -> CpuSet {
    let mut processors = CpuSet::new();
    numbers.iter().filter(|number| **number < CpuSet::MAX_CPU).for_each(|number| processors.set(*number));
    processors
}
