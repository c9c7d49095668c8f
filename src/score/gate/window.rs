//! Pinned fidelity of a window: overall, by regulated project, by bucket, week over week.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::comparison::fidelity::Level;
use crate::model::gate_result::{About, Bucket, Measured, Numbers, ReasonCode, Scope, Weight};
use crate::model::rate::{Sample, Share};
use crate::model::replay_record::ReplayRecord;
use crate::model::result::Mode;
use crate::model::statistics::wilson::Interval;
use crate::score::gate::findings::Findings;
use crate::score::history::History;
use crate::score::rules::Rules;
use crate::score::sample::Counter;
use crate::score::windowed::{Score, Windowed};

/// What a project is called whose replays do not say.
const NO_PROJECT: &str = "(no project)";

pub(super) fn judge(history: &History, now: Timestamp, rules: &Rules, strict: bool, findings: &mut Findings) {
    let score = Windowed::of(history, Mode::Fidelity, now, rules.window_days, &rules.by);
    let sample = score.overall.window;
    findings.measured.push(Measured { scope: Scope::Window, between: Some(score.window.ends()), sample });

    overall(&sample, rules, strict, findings);
    let records = history.records().filter(|r| r.mode == Mode::Fidelity && score.window.contains(r.at));
    regulated(records, rules, strict, findings);
    buckets(&score.buckets, rules, strict, findings);
    beside(&sample, findings);

    if history.torn() > 0 {
        findings.everything(ReasonCode::TornHistory, Weight::Note, Numbers::Count(history.torn()));
    }
    let later = history.records().filter(|record| record.at > now).count() as u64;
    if later > 0 {
        findings.everything(ReasonCode::LaterRecords, Weight::Note, Numbers::Count(later));
    }
}

/// Whether bitwise fidelity reaches a limit: as it was seen, or by the lower end of its interval.
fn reaches(sample: &Sample, limit: Share, strict: bool) -> bool {
    let counts = sample.tally.counts(Level::Bitwise);
    if strict {
        Interval::wilson(counts).is_some_and(|interval| interval.low >= limit.number())
    } else {
        limit.is_reached(counts)
    }
}

fn below(sample: &Sample, limit: Share) -> Numbers {
    Numbers::Below { level: Level::Bitwise, counts: sample.tally.counts(Level::Bitwise), limit }
}

fn overall(sample: &Sample, rules: &Rules, strict: bool, findings: &mut Findings) {
    if sample.manifests < rules.min_manifests {
        let numbers = Numbers::Thin { found: sample.manifests, needed: rules.min_manifests };
        findings.everything(ReasonCode::ThinWindow, Weight::Insufficient, numbers);
    } else if !reaches(sample, rules.fail, strict) {
        findings.everything(ReasonCode::FidelityBelowFail, Weight::Fail, below(sample, rules.fail));
    } else if !reaches(sample, rules.green, strict) {
        findings.everything(ReasonCode::FidelityBelowGreen, Weight::Warn, below(sample, rules.green));
    }
}

/// Each regulated project by itself. One that is too thin leaves the fail rule undecided, which is not green.
fn regulated<'a>(
    records: impl Iterator<Item = &'a ReplayRecord>,
    rules: &Rules,
    strict: bool,
    findings: &mut Findings,
) {
    let rule = &rules.regulated_label;
    let mut projects: BTreeMap<&str, Counter<'_>> = BTreeMap::new();
    for record in records {
        if record.labels.get(&rule.label).is_some_and(|value| rule.values.contains(value)) {
            let project = record.labels.get(&rule.project).map_or(NO_PROJECT, String::as_str);
            projects.entry(project).or_default().add(record);
        }
    }
    for (project, counter) in projects {
        let sample = counter.sample();
        let about = About::Bucket(Bucket { label: rule.project.clone(), value: project.to_owned() });
        if sample.manifests < rules.min_manifests_in_bucket {
            let numbers = Numbers::Thin { found: sample.manifests, needed: rules.min_manifests_in_bucket };
            findings.add(ReasonCode::ThinRegulatedProject, Weight::Insufficient, about, numbers);
        } else if !reaches(&sample, rules.regulated, strict) {
            let numbers = below(&sample, rules.regulated);
            findings.add(ReasonCode::RegulatedProjectBelowMinimum, Weight::Fail, about, numbers);
        }
    }
}

fn buckets(buckets: &BTreeMap<Bucket, Score>, rules: &Rules, strict: bool, findings: &mut Findings) {
    let is_thin = |sample: &Sample| sample.manifests < rules.min_manifests_in_bucket;
    let (mut seen, mut thin) = (0, 0);
    for (bucket, score) in buckets {
        if score.window.tally.total() > 0 {
            seen += 1;
            if is_thin(&score.window) {
                thin += 1;
            } else if !reaches(&score.window, rules.bucket, strict) {
                let about = About::Bucket(bucket.clone());
                findings.add(ReasonCode::BucketBelowMinimum, Weight::Warn, about, below(&score.window, rules.bucket));
            }
        }
        let weeks = &score.weeks;
        let [before, now] = [&weeks.before, &weeks.now].map(|sample| sample.tally.counts(Level::Bitwise));
        if !is_thin(&weeks.before) && !is_thin(&weeks.now) && rules.drop.is_dropped(before, now) {
            let numbers = Numbers::Dropped { before, now, limit: rules.drop };
            findings.add(ReasonCode::BucketDropped, Weight::Warn, About::Bucket(bucket.clone()), numbers);
        }
    }
    if thin > 0 {
        findings.everything(ReasonCode::ThinBuckets, Weight::Note, Numbers::Share { count: thin, of: seen });
    }
}

/// What is in no rate, and policy fidelity, which should be whole where everything is pinned.
fn beside(sample: &Sample, findings: &mut Findings) {
    let tally = &sample.tally;
    for (code, count) in [
        (ReasonCode::Unhealthy, tally.unhealthy),
        (ReasonCode::Unreplayable, tally.unreplayable),
        (ReasonCode::Infra, tally.infra),
    ] {
        if count > 0 {
            findings.everything(code, Weight::Note, Numbers::Share { count, of: tally.total() });
        }
    }
    let policy = tally.counts(Level::Policy);
    let whole = Share::percent(100);
    if policy.1 > 0 && !whole.is_reached(policy) {
        let numbers = Numbers::Below { level: Level::Policy, counts: policy, limit: whole };
        findings.everything(ReasonCode::PolicyBelowExpected, Weight::Note, numbers);
    }
}
