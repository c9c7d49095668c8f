//! Instants and durations as the schema of JUnit XML wants them.

use jiff::Timestamp;
use junit_report::{Duration, OffsetDateTime};

/// Whole seconds, as the strictest schema wants them. RFC 3339 knows the years 0 to 9999 only.
pub(crate) fn timestamp(at: Timestamp) -> OffsetDateTime {
    let seconds = at.as_second().clamp(0, 253_402_300_799);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// At most a year: sums of any number of these do not overflow.
pub(crate) fn duration(ms: u64) -> Duration {
    const YEAR: i64 = 365 * 24 * 60 * 60 * 1000;
    Duration::milliseconds(i64::try_from(ms).unwrap_or(YEAR).min(YEAR))
}
