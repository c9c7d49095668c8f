//! The words of a gate: one sentence per reason, the same in every output.

use crate::model::comparison::fidelity::Level;
use crate::model::gate_result::{About, GateResult, Measured, Numbers, Reason, ReasonCode, Scope, Weight};
use crate::model::manifest::Wrong;
use crate::model::rate::Share;
use crate::model::statistics::wilson::Interval;
use crate::report::count::counted;
use crate::report::{phrases, untrusted};

/// `BF`, `SF`, `PF`
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Bitwise => "BF",
        Level::Semantic => "SF",
        Level::Policy => "PF",
    }
}

/// A rate with its counts and its interval: `96.6 % (29/30), 95 % interval 83.3 to 99.5 %`.
///
/// The interval is rounded outwards, as the rate is rounded down: nothing looks better than it is.
pub fn rate_with_interval(counts: (u64, u64)) -> String {
    match interval(counts) {
        Some(interval) => format!("{}, 95 % interval {interval}", phrases::counted_rate(counts)),
        None => phrases::counted_rate(counts),
    }
}

/// `83.3 to 99.5 %`; `None` of nothing.
pub fn interval(counts: (u64, u64)) -> Option<String> {
    let Interval { low, high } = Interval::wilson(counts)?;
    let [low, high] = [(low * 1000.0).floor() / 10.0, (high * 1000.0).ceil() / 10.0];
    Some(format!("{low:.1} to {high:.1} %"))
}

/// A threshold: `98 %`.
fn limit(share: Share) -> String {
    format!("{} %", tidy(share.number() * 100.0))
}

/// At most four decimals, which is all that a threshold in percent has.
fn tidy(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

/// The word of a weight.
pub fn weight(weight: Weight) -> &'static str {
    match weight {
        Weight::Note => "note",
        Weight::Warn => "warn",
        Weight::Insufficient => "insufficient",
        Weight::Fail => "fail",
    }
}

/// The verdict in one line: `gate nightly: warn (2 reasons)`.
pub fn headline(gate_result: &GateResult) -> String {
    let weighty = gate_result.reasons().iter().filter(|reason| reason.weight != Weight::Note).count();
    let reasons = match weighty {
        0 => String::new(),
        some => format!(" ({})", counted(some as u64, "reason", "reasons")),
    };
    format!("gate {}: {}{reasons}", gate_result.gate().code(), gate_result.verdict().code())
}

/// What decides where a gate is asked and where the verdict alone does not tell: thin evidence that blocks nothing.
pub fn aloud(gate_result: &GateResult) -> Option<&'static str> {
    if gate_result.reasons().iter().any(|reason| reason.code == ReasonCode::OneShard) {
        return Some("one shard does not decide: all of them are judged together when they are merged");
    }
    let is_thin = |reason: &Reason| reason.weight == Weight::Insufficient;
    let passes = gate_result.exit().code() == 0 && gate_result.reasons().iter().any(is_thin);
    passes
        .then_some("there is too little evidence to say whether it is good; this blocks only where the gate is strict")
}

/// What was counted, in one line.
pub fn measured(measured: &Measured) -> String {
    let what = match (measured.scope, measured.between) {
        (Scope::Run, _) => "this run".to_owned(),
        (Scope::Candidate, _) => "replays of this run in which the candidate ran".to_owned(),
        (Scope::Canaries, _) => "canaries of this run, as a census".to_owned(),
        (Scope::Window, Some((after, until))) => format!("pinned replays after {after} until {until}"),
        (Scope::Window, None) => "pinned replays".to_owned(),
    };
    let tally = &measured.sample.tally;
    let rates = Level::ALL.map(|at| {
        let counts = tally.counts(at);
        // A census has no uncertainty.
        let rate =
            if measured.scope == Scope::Canaries { phrases::counted_rate(counts) } else { rate_with_interval(counts) };
        format!("{} {rate}", level(at))
    });
    let manifests = counted(measured.sample.manifests, "distinct manifest", "distinct manifests");
    let beside = phrases::beside(tally);
    let beside = if beside.is_empty() { beside } else { format!("; beside it {beside}") };
    format!("{what}: {}; {manifests}{beside}", rates.join("; "))
}

/// A reason in one sentence, with its numbers. Foreign text in it is harmless in a line of text.
pub fn reason(reason: &Reason) -> String {
    let about = match &reason.about {
        About::Everything => String::new(),
        About::Replay(id) => format!("`{}`: ", untrusted::line(id)),
        About::Bucket(bucket) => {
            format!("{} `{}`: ", untrusted::line(&bucket.label), untrusted::line(&bucket.value))
        }
        About::Change(of) => match of.id() {
            Some(id) => format!("`{}`, `{}`: ", untrusted::line(id), untrusted::line(of.part())),
            None => format!("`{}`: ", untrusted::line(of.part())),
        },
    };
    match &reason.obstacle {
        Some(obstacle) => format!("{about}{}", not_begun(obstacle)),
        None => format!("{about}{}", sentence(reason.code, reason.numbers)),
    }
}

/// Why a replay could not begin: what is gone, or how its recording is not what was recorded.
fn not_begun(obstacle: &str) -> String {
    let recording = match Wrong::told(obstacle) {
        None => return format!("{}: {}", plain(ReasonCode::Unreplayable), untrusted::line(obstacle)),
        Some((Wrong::Edited, _)) => "the recording was edited",
        Some((Wrong::Damaged, _)) => "what was recorded is damaged",
    };
    let (_, what) = phrases::obstacle(obstacle);
    // Some of these texts say it themselves.
    let what = what.find(recording).map_or(what, |at| what[at + recording.len()..].trim_start_matches(": "));
    format!("{recording}: {}", untrusted::line(what))
}

fn sentence(code: ReasonCode, numbers: Numbers) -> String {
    match (numbers, code) {
        (Numbers::Below { level: at, counts, limit: wanted }, ReasonCode::CanaryFidelityBelowMinimum)
        | (Numbers::Below { level: at, counts, limit: wanted }, ReasonCode::CanaryPolicyBelowMinimum) => {
            format!("{} on the canaries is {}, below {}", level(at), phrases::counted_rate(counts), limit(wanted))
        }
        (Numbers::Below { level: at, counts, limit: wanted }, _) => {
            format!("{} is {}; wanted {}", level(at), rate_with_interval(counts), limit(wanted))
        }
        (Numbers::Dropped { before, now, limit: noticed }, _) => format!(
            "BF fell from {} to {} in a week, by {} points or more",
            phrases::counted_rate(before),
            phrases::counted_rate(now),
            tidy(noticed.number() * 100.0)
        ),
        (Numbers::Thin { found, needed }, ReasonCode::TooFewCanaries) => {
            format!("{} where a release needs {needed}", counted(found, "canary", "canaries"))
        }
        (Numbers::Thin { found, needed }, _) => {
            format!(
                "{} compared, too few to judge: {needed} needed",
                counted(found, "distinct manifest", "distinct manifests")
            )
        }
        (Numbers::Share { count, of }, ReasonCode::ThinBuckets) => {
            format!("{count} of {} too few manifests to judge", counted(of, "bucket has", "buckets have"))
        }
        (Numbers::Share { count, of }, ReasonCode::CandidateNotRun) => {
            format!(
                "the candidate was run on {count} of {}: nobody knows what it does",
                counted(of, "replay", "replays")
            )
        }
        (Numbers::Share { count, of }, ReasonCode::OneShard) => {
            format!("this is shard {count} of {of}: what it says of its own replays is not what the gate says")
        }
        (Numbers::Share { count, of }, ReasonCode::MissingShard) => {
            format!("{count} of {} no result: a part would pass for the whole", counted(of, "shard has", "shards have"))
        }
        (Numbers::Share { of, .. }, ReasonCode::CandidateConcernsNoCanary) => format!(
            "the candidate was run on none of {}: no recording is of the `engine` that the subject names",
            counted(of, "canary", "canaries")
        ),
        (Numbers::Share { count, of }, ReasonCode::UnclaimedCanaries) => format!(
            "{count} of {} of something else than the candidate, replayed as recorded and not counted",
            counted(of, "canary is", "canaries are")
        ),
        (Numbers::Share { count, of }, _) => {
            format!("{count} of {} in the window: in no rate", counted(of, "replay", "replays"))
        }
        (Numbers::Count(count), ReasonCode::TornHistory) => {
            format!("{} of the history cut off by a crash, and not counted", counted(count, "line", "lines"))
        }
        (Numbers::Count(count), ReasonCode::RecordingsRefreshed) => {
            format!("{} recorded anew, and canonically the same", counted(count, "canary", "canaries"))
        }
        (Numbers::Count(count), ReasonCode::ApprovalsInHead) => {
            format!("{} counted that only this checkout has", counted(count, "approval", "approvals"))
        }
        (Numbers::Count(count), ReasonCode::ApprovalsWaiting) => {
            format!("{} of this checkout did not count", counted(count, "approval", "approvals"))
        }
        (Numbers::Count(count), _) => {
            format!("{} dated after now, and in no window", counted(count, "replay", "replays"))
        }
        (Numbers::Holds(at), _) => {
            format!("differs from the recording, and {} holds, at which this gate judges", level(at))
        }
        (Numbers::Gained { appeared, updated }, _) => format!(
            "nothing is lost: {} came, of {updated} something newer is said",
            counted(appeared, "finding", "findings")
        ),
        (Numbers::None, code) => plain(code).to_owned(),
    }
}

/// Reasons that need no number.
fn plain(code: ReasonCode) -> &'static str {
    match code {
        ReasonCode::NothingReplayed => "nothing was replayed",
        ReasonCode::UnapprovedDrift => "differs from the recording, and nobody approved it",
        ReasonCode::UnapprovedFlaky => "differs from itself, and nobody approved it",
        ReasonCode::Unhealthy => "the scanner ran but failed its health gate",
        ReasonCode::Unreplayable => "an input is gone",
        ReasonCode::Infra => "could not run",
        ReasonCode::CanaryPolicyUnknown => "no canary has a decision to compare",
        ReasonCode::CaseNotMatching => "a case does not match; a release is judged by its canaries alone",
        ReasonCode::CandidateUnknown => "the result does not say on which replays the candidate was run",
        ReasonCode::CandidateLeftOut => "everything was replayed as recorded: the candidate was left out",
        ReasonCode::CandidateDropped => {
            "this checkout does not build what its base names as the subject: nothing was built"
        }
        ReasonCode::NoCandidate => "no candidate: this repository builds none",
        ReasonCode::PinnedNotMatching => "does not match as recorded; the candidate did not run in it",
        ReasonCode::PartialRun => "only some cases and canaries were asked for: a part would pass for the whole",
        ReasonCode::NoHistory => "no history was given: no window was looked at",
        ReasonCode::RuleLoosened => "the checkout loosens this rule, and nobody approved it",
        ReasonCode::RecordingGone => "the checkout takes it away, and nobody approved it",
        ReasonCode::RecordingLoosened => "the checkout changes it so that less may be seen, and nobody approved it",
        ReasonCode::ApprovalExpired => "it was approved, and the approval has expired",
        ReasonCode::ApprovalTakenBack => "it was approved, and the base has taken it back since: approve it anew",
        ReasonCode::ApprovalUnread => {
            "it was approved, and nobody can tell here whether the base has taken it back since"
        }
        ReasonCode::ApprovedDifference => "differs from the recording, as it was approved",
        ReasonCode::ApprovedChange => "the checkout changes it, as it was approved",
        ReasonCode::RuleChanged => {
            "the checkout changes this rule, and not so that less is seen; it counts once it is merged"
        }
        ReasonCode::RecordingChanged => {
            "the checkout changes it, and not so that less is seen; it counts once it is merged"
        }
        ReasonCode::RecordingAdded => "the checkout adds it",
        ReasonCode::RecordingReverted => "what is expected stood on the base before: this takes a change back",
        ReasonCode::FirstIntroduction => {
            "the base has nothing that this configuration was or owns: the checkout's own rules count"
        }
        // Reasons that have numbers; their code says enough where none were given.
        _ => code.code(),
    }
}
