//! Severities from CVSS vectors: v3.0 and v3.1 base scores, v2 base scores, v4 scores.
//!
//! v2 (<https://www.first.org/cvss/v2/guide>) and v4 (<https://www.first.org/cvss/v4.0/specification-document>) are scored by
//! the crate `cvss`. v3 (<https://www.first.org/cvss/v3.1/specification-document>, §7.1 and §7.4) is scored here: the score is
//! the same on every machine, for only additions, multiplications and comparisons of doubles are used (`powi` may differ
//! between platforms), and the result is rounded to tenths as appendix A says.
//!
//! Absent: temporal and environmental scores of v2 and v3. A v4 vector has one score, all its metrics counted (§1.3).

use std::str::FromStr;

use crate::format::severity::from_cvss_score;
use crate::model::finding::Severity;

/// The base metrics in the order of the specification.
const BASE: [&str; 8] = ["AV", "AC", "PR", "UI", "S", "C", "I", "A"];

/// Temporal and environmental metrics: allowed in a vector, without effect on the base score.
const OTHER: [&str; 14] = ["E", "RL", "RC", "CR", "IR", "AR", "MAV", "MAC", "MPR", "MUI", "MS", "MC", "MI", "MA"];

/// The base metrics of version 2.
const BASE_2: [&str; 6] = ["AV:", "AC:", "Au:", "C:", "I:", "A:"];

/// The qualitative severity of a CVSS vector of any version, which its prefix tells; `None` where it is not one.
pub fn severity(vector: &str) -> Option<Severity> {
    let vector = vector.trim();
    if vector.starts_with("CVSS:4.") {
        return Some(from_cvss_score(score_4(vector)?));
    }
    if vector.starts_with("CVSS:3.") {
        return base_score_tenths(vector).map(|tenths| from_cvss_score(f64::from(tenths) / 10.0));
    }
    // Version 2 has no prefix of its own; some write one, some put it in parentheses. It knows no `critical`.
    score_2(vector).map(|score| from_cvss_score(score).min(Severity::High))
}

/// The score of a v4 vector.
fn score_4(vector: &str) -> Option<f64> {
    cvss::v4::Vector::from_str(vector).ok().map(|vector| vector.score().value())
}

/// The base score of a v2 vector.
fn score_2(vector: &str) -> Option<f64> {
    let vector = vector.strip_prefix("CVSS2#").or_else(|| vector.strip_prefix("CVSS:2.0/")).unwrap_or(vector);
    let vector = vector.strip_prefix('(').and_then(|vector| vector.strip_suffix(')')).unwrap_or(vector);
    let whole = BASE_2.iter().all(|metric| vector.split('/').any(|part| part.starts_with(metric)));
    cvss::v2::Vector::from_str(vector).ok().filter(|_| whole).map(|vector| vector.score().value())
}

/// The base score in tenths (0 to 100) of a vector such as
/// `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H`; `None` where it is not one.
pub fn base_score_tenths(vector: &str) -> Option<u8> {
    let metrics = vector.strip_prefix("CVSS:3.0/").or_else(|| vector.strip_prefix("CVSS:3.1/"))?;
    let mut base = [None; BASE.len()];
    for metric in metrics.split('/') {
        let (name, value) = metric.split_once(':')?;
        match BASE.iter().position(|&known| known == name) {
            // A metric stands at most once (§6).
            Some(index) if base[index].is_none() => base[index] = Some(value),
            None if OTHER.contains(&name) => {}
            _ => return None,
        }
    }
    let [Some(av), Some(ac), Some(pr), Some(ui), Some(scope), Some(c), Some(i), Some(a)] = base else { return None };
    let changed = match scope {
        "U" => false,
        "C" => true,
        _ => return None,
    };
    let av = match av {
        "N" => 0.85,
        "A" => 0.62,
        "L" => 0.55,
        "P" => 0.2,
        _ => return None,
    };
    let ac = match ac {
        "L" => 0.77,
        "H" => 0.44,
        _ => return None,
    };
    let pr = match (pr, changed) {
        ("N", _) => 0.85,
        ("L", false) => 0.62,
        ("L", true) => 0.68,
        ("H", false) => 0.27,
        ("H", true) => 0.5,
        _ => return None,
    };
    let ui = match ui {
        "N" => 0.85,
        "R" => 0.62,
        _ => return None,
    };
    let loss = 1.0 - (1.0 - impact(c)?) * (1.0 - impact(i)?) * (1.0 - impact(a)?);
    let impact = if changed { 7.52 * (loss - 0.029) - 3.25 * power_15(loss - 0.02) } else { 6.42 * loss };
    if impact <= 0.0 {
        return Some(0);
    }
    let sum = impact + 8.22 * av * ac * pr * ui;
    Some(round_up_to_tenths(if changed { 1.08 * sum } else { sum }))
}

fn impact(value: &str) -> Option<f64> {
    match value {
        "H" => Some(0.56),
        "L" => Some(0.22),
        "N" => Some(0.0),
        _ => None,
    }
}

fn power_15(base: f64) -> f64 {
    (0..15).fold(1.0, |product, _| product * base)
}

/// `Roundup(Minimum(score, 10))` of appendix A, which forgives errors of a double under 0.00001.
fn round_up_to_tenths(score: f64) -> u8 {
    // Between 0 and 1,000,000 by the minimum, so the cast is exact.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the minimum")]
    let hundred_thousandths = (score.min(10.0) * 100_000.0).round() as u32;
    u8::try_from(hundred_thousandths.div_ceil(10_000)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_the_published_ones() {
        // FIRST, "CVSS v3.1: Examples" (https://www.first.org/cvss/v3.1/examples).
        for (cve, vector, tenths) in [
            ("CVE-2013-1937", "AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 61),
            ("CVE-2013-0375", "AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 64),
            ("CVE-2014-3566", "AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 31),
            ("CVE-2012-1516", "AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 99),
            ("CVE-2009-0783", "AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 42),
            ("CVE-2012-0384", "AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 88),
            ("CVE-2015-1098", "AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 78),
            ("CVE-2014-0160", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 75),
            ("CVE-2014-6271", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98),
            ("CVE-2008-1447", "AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N", 68),
            ("CVE-2014-2005", "AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 68),
            ("CVE-2010-0467", "AV:N/AC:L/PR:N/UI:N/S:C/C:L/I:N/A:N", 58),
            ("CVE-2014-9253", "AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N", 54),
            ("CVE-2011-1265", "AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 88),
            ("CVE-2014-2019", "AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N", 46),
            ("CVE-2014-0224", "AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N", 74),
            ("CVE-2012-5376", "AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H", 96),
        ] {
            for version in ["3.0", "3.1"] {
                assert_eq!(base_score_tenths(&format!("CVSS:{version}/{vector}")), Some(tenths), "{cve}");
            }
        }
    }

    /// In tenths, whatever the version.
    fn score(vector: &str) -> Option<String> {
        let of_3 = || base_score_tenths(vector).map(|tenths| f64::from(tenths) / 10.0);
        let score = match vector.get(..7) {
            Some("CVSS:4.") => score_4(vector),
            Some("CVSS:3.") => of_3(),
            _ => score_2(vector),
        };
        score.map(|score| format!("{score:.1}"))
    }

    /// Another implementation, on vectors of every metric: `cvss_scores.txt` says whose, or a larger table that
    /// STELLA_CVSS_SCORES names.
    #[test]
    fn scores_are_those_of_another_implementation() {
        let larger = std::env::var("STELLA_CVSS_SCORES").map(|path| std::fs::read_to_string(path).unwrap());
        let table = larger.unwrap_or_else(|_| include_str!("cvss_scores.txt").to_owned());
        let rows: Vec<_> = table.lines().filter(|line| !line.starts_with('#')).collect();
        let parsed = rows.iter().map(|row| row.split_once(' ').unwrap());
        let wrong: Vec<_> = parsed.filter(|(vector, expected)| score(vector).as_deref() != Some(*expected)).collect();
        let shown: Vec<_> = wrong.iter().take(20).map(|(vector, expected)| (vector, expected, score(vector))).collect();
        assert!(wrong.is_empty() && rows.len() >= 1000, "{} of {}: {shown:#?}", wrong.len(), rows.len());
    }

    #[test]
    fn scores_of_version_4_are_those_of_real_vectors() {
        // Vectors that were given to real vulnerabilities, and the two ends of the scale; scored by the same implementation as
        // `cvss_scores.txt`.
        for (cve, vector, score) in [
            ("CVE-2022-41741", "AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3),
            ("CVE-2020-3549", "AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.7),
            ("CVE-2023-3089", "AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N", 8.3),
            ("CVE-2021-44714", "AV:L/AC:L/AT:N/PR:N/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 4.6),
            ("CVE-2022-21830", "AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 5.1),
            ("CVE-2022-22186", "AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N", 6.9),
            ("CVE-2023-21989", "AV:L/AC:L/AT:N/PR:H/UI:N/VC:N/VI:N/VA:N/SC:H/SI:N/SA:N", 5.9),
            ("CVE-2014-0160", "AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N", 8.7),
            ("CVE-2021-44228", "AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0),
            ("no impact", "AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0),
        ] {
            assert_eq!(score_4(&format!("CVSS:4.0/{vector}")), Some(score), "{cve}");
        }
    }

    #[test]
    fn scores_of_version_2_are_the_published_ones() {
        // FIRST, "A Complete Guide to CVSS v2.0", §3.3.
        for (vector, score) in [
            ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),
            ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0),
            ("AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2),
            ("(AV:L/AC:H/Au:N/C:C/I:C/A:C)", 6.2),
            ("CVSS2#AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C", 7.8),
        ] {
            assert_eq!(score_2(vector), Some(score), "{vector}");
        }
        assert_eq!(score_2("AV:N/AC:L/Au:N/C:N/I:N"), None);
        assert_eq!(severity("AV:N/AC:L/Au:N/C:C/I:C/A:C"), Some(Severity::High));
    }

    #[test]
    fn bands_are_those_of_the_specification() {
        // §5: None 0.0, Low 0.1–3.9, Medium 4.0–6.9, High 7.0–8.9, Critical 9.0–10.0.
        for (vector, expected) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", Severity::None),
            ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", Severity::Low),
            ("CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", Severity::Medium),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N/E:X/RL:O", Severity::High),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Severity::Critical),
        ] {
            assert_eq!(severity(vector), Some(expected), "{vector}");
        }
    }

    #[test]
    fn what_is_not_a_vector_has_no_score() {
        for vector in [
            "",
            "7.5",
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
            "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "CVSS:3.1/AV:Z/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/X:Y",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/",
        ] {
            assert_eq!((base_score_tenths(vector), severity(vector)), (None, None), "{vector}");
        }
    }
}
