//! Severities from scores.

use crate::model::finding::Severity;

/// The qualitative rating of a CVSS base score (CVSS v3.1 §5, v4.0 §6: the same scale).
pub(crate) fn from_cvss_score(score: f64) -> Severity {
    match score {
        0.0 => Severity::None,
        s if s > 0.0 && s < 4.0 => Severity::Low,
        s if (4.0..7.0).contains(&s) => Severity::Medium,
        s if (7.0..9.0).contains(&s) => Severity::High,
        s if (9.0..=10.0).contains(&s) => Severity::Critical,
        _ => Severity::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_scale() {
        use Severity::{Critical, High, Low, Medium, None, Unknown};
        // CVSS v3.1 specification, table 14.
        for (score, severity) in [
            (0.0, None),
            (0.1, Low),
            (3.9, Low),
            (4.0, Medium),
            (6.9, Medium),
            (7.0, High),
            (8.9, High),
            (9.0, Critical),
            (10.0, Critical),
            (10.1, Unknown),
            (-1.0, Unknown),
            (f64::NAN, Unknown),
        ] {
            assert_eq!(from_cvss_score(score), severity, "{score}");
        }
    }
}
