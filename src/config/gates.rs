//! `thresholds`, `gates` and `buckets`: as written, and as the rules that gates judge by.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::comparison::fidelity::Level;
use crate::model::gate_result::Strictness;
use crate::model::rate::Share;
use crate::score::rules::{By, Expect, PerGate, Rules};

/// Ten years: beyond them a window is a mistake.
const MAX_WINDOW_DAYS: u16 = 3650;

/// What gates judge by. Shares are numbers from 0 to 1 with at most six decimals.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct RawThresholds {
    /// Bitwise fidelity of a window that is green. Default: 0.98.
    #[schemars(range(min = 0.0, max = 1.0))]
    green: Option<f64>,
    /// Bitwise fidelity below which a bucket is a warning. Default: 0.95.
    #[schemars(range(min = 0.0, max = 1.0))]
    bucket: Option<f64>,
    /// Bitwise fidelity below which a window fails. Default: 0.90.
    #[schemars(range(min = 0.0, max = 1.0))]
    fail: Option<f64>,
    /// Bitwise fidelity below which a regulated project fails. Default: 0.95.
    #[schemars(range(min = 0.0, max = 1.0))]
    regulated: Option<f64>,
    /// A drop of a bucket from one week to the next that is a warning. Default: 0.02, two percentage points.
    #[schemars(range(min = 0.0, max = 1.0))]
    drop: Option<f64>,
    /// Bitwise fidelity of a release on the canary set. Default: 0.98.
    #[schemars(range(min = 0.0, max = 1.0))]
    release_bf: Option<f64>,
    /// Policy fidelity of a release on the canary set. Default: 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    release_pf: Option<f64>,
    /// Distinct manifests without which a window says nothing. Default: 30.
    #[schemars(range(min = 1))]
    min_manifests: Option<u32>,
    /// Distinct manifests without which a bucket says nothing. Default: 10.
    #[schemars(range(min = 1))]
    min_manifests_in_bucket: Option<u32>,
    /// Canaries without which a release is not judged. Default: 10.
    #[schemars(range(min = 1))]
    min_canaries: Option<u32>,
    /// Days of the window. Default: 30.
    #[schemars(range(min = 1, max = 3650))]
    window_days: Option<u16>,
}

/// What each gate asks for; `--strict` and `--fail-on` on the command line win.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct RawGates {
    /// A pull request.
    #[serde(default)]
    pr: RawPr,
    /// The nightly run.
    #[serde(default)]
    nightly: RawGate,
    /// A release.
    #[serde(default)]
    release: RawRelease,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
struct RawPr {
    /// At which level a replay must agree. Default: `bf`.
    #[serde(default)]
    level: RawLevel,
    /// What is expected. Default: `nothing_lost` where the subject is a feed, else `exact`.
    expect: Option<RawExpect>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
struct RawGate {
    /// Judge the window by the lower end of its interval, and block on thin evidence. Default: false.
    #[serde(default)]
    strict: bool,
    /// What ends with 1. Default: `fail`.
    #[serde(default)]
    fail_on: RawFailOn,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
struct RawRelease {
    /// Judge the window by the lower end of its interval, and block on thin evidence. Default: false.
    #[serde(default)]
    strict: bool,
    /// What ends with 1. Default: `fail`.
    #[serde(default)]
    fail_on: RawFailOn,
    /// At which level a canary must agree. Default: `bf`.
    #[serde(default)]
    level: RawLevel,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawLevel {
    /// Bitwise.
    #[default]
    Bf,
    /// Semantic.
    Sf,
    /// Policy.
    Pf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RawExpect {
    /// The same result.
    Exact,
    /// Nothing of it lost: findings may appear, and get a newer advisory.
    NothingLost,
}

impl From<RawLevel> for Level {
    fn from(raw: RawLevel) -> Self {
        match raw {
            RawLevel::Bf => Self::Bitwise,
            RawLevel::Sf => Self::Semantic,
            RawLevel::Pf => Self::Policy,
        }
    }
}

impl From<RawExpect> for Expect {
    fn from(raw: RawExpect) -> Self {
        match raw {
            RawExpect::Exact => Self::Exact,
            RawExpect::NothingLost => Self::NothingLost,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawFailOn {
    /// Only what fails.
    #[default]
    Fail,
    /// Warnings too.
    Warn,
}

/// How scores are broken down.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct RawBuckets {
    /// Labels that make buckets. Default: every label.
    by: Option<Vec<String>>,
    /// Which replays are of regulated projects.
    regulated: Option<RawRegulated>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
struct RawRegulated {
    /// The label that says so. Default: `tier`.
    label: Option<String>,
    /// Its values that mean regulated. Default: `regulated`.
    values: Option<Vec<String>>,
    /// The label that tells projects apart. Default: `project`.
    project: Option<String>,
}

/// A field that is not allowed, and why.
pub(super) type Refused = (&'static str, String);

/// The rules: the defaults, and what was written in their place.
pub(super) fn rules(thresholds: RawThresholds, gates: RawGates, buckets: RawBuckets) -> Result<Rules, Refused> {
    let mut rules = Rules::default();
    for (field, given, share) in [
        ("thresholds.green", thresholds.green, &mut rules.green),
        ("thresholds.bucket", thresholds.bucket, &mut rules.bucket),
        ("thresholds.fail", thresholds.fail, &mut rules.fail),
        ("thresholds.regulated", thresholds.regulated, &mut rules.regulated),
        ("thresholds.drop", thresholds.drop, &mut rules.drop),
        ("thresholds.release_bf", thresholds.release_bf, &mut rules.release_bf),
        ("thresholds.release_pf", thresholds.release_pf, &mut rules.release_pf),
    ] {
        if let Some(number) = given {
            let wanted = "expected a number from 0 to 1 with at most six decimals";
            *share = Share::from_number(number).ok_or_else(|| (field, format!("{number}: {wanted}")))?;
        }
    }
    for (field, given, count) in [
        ("thresholds.min_manifests", thresholds.min_manifests, &mut rules.min_manifests),
        ("thresholds.min_manifests_in_bucket", thresholds.min_manifests_in_bucket, &mut rules.min_manifests_in_bucket),
        ("thresholds.min_canaries", thresholds.min_canaries, &mut rules.min_canaries),
    ] {
        match given {
            Some(0) => return Err((field, "0: expected at least 1, or nothing at all would be evidence".to_owned())),
            Some(given) => *count = given.into(),
            None => {}
        }
    }
    if let Some(days) = thresholds.window_days {
        if !(1..=MAX_WINDOW_DAYS).contains(&days) {
            return Err(("thresholds.window_days", format!("{days}: expected 1 to {MAX_WINDOW_DAYS}")));
        }
        rules.window_days = days;
    }
    if rules.fail > rules.green {
        return Err(("thresholds.fail", "above `green`: a window would be green and fail".to_owned()));
    }
    let strictness = |strict, fail_on| Strictness { strict, fail_on_warn: fail_on == RawFailOn::Warn };
    let RawGates { pr, nightly, release } = gates;
    rules.strictness = PerGate {
        nightly: strictness(nightly.strict, nightly.fail_on),
        release: strictness(release.strict, release.fail_on),
    };
    (rules.pr_level, rules.release_level) = (pr.level.into(), release.level.into());
    rules.pr_expect = pr.expect.map(Expect::from);
    labels(buckets, &mut rules)?;
    Ok(rules)
}

fn labels(buckets: RawBuckets, rules: &mut Rules) -> Result<(), Refused> {
    if let Some(by) = buckets.by {
        if by.is_empty() {
            return Err(("buckets.by", "empty: without buckets a bad one cannot be seen".to_owned()));
        }
        rules.by = By::These(by.into_iter().collect());
    }
    let Some(RawRegulated { label, values, project }) = buckets.regulated else { return Ok(()) };
    let regulated = &mut rules.regulated_label;
    if let Some(values) = values {
        if values.is_empty() {
            return Err(("buckets.regulated.values", "empty: no project would be regulated".to_owned()));
        }
        regulated.values = BTreeSet::from_iter(values);
    }
    regulated.label = label.unwrap_or_else(|| std::mem::take(&mut regulated.label));
    regulated.project = project.unwrap_or_else(|| std::mem::take(&mut regulated.project));
    Ok(())
}
