//! What is true of every history.

use jiff::SignedDuration;
use proptest::prelude::*;

use crate::model::comparison::fidelity::Level;
use crate::model::exit::Exit;
use crate::model::gate_result::{GateVerdict, Strictness};
use crate::model::outcome::Outcome;
use crate::model::replay_record::ReplayRecord;
use crate::model::result::Mode;
use crate::model::statistics::wilson::Interval;
use crate::score::arbitrary::{agreeing, drift, now, records};
use crate::score::gate::{Case, judge};
use crate::score::history::History;
use crate::score::rules::{By, Rules};
use crate::score::window::Window;
use crate::score::windowed::Windowed;

fn history<'a>(records: impl IntoIterator<Item = &'a ReplayRecord>) -> History {
    let mut history = History::default();
    records.into_iter().for_each(|record| history.add(record.clone()).unwrap());
    history
}

fn strictness(strict: bool) -> Strictness {
    Strictness { strict, fail_on_warn: false }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn an_interval_contains_the_rate_and_narrows_with_more_of_the_same(good in 0u64..5000, more in 0u64..5000) {
        let counts = (good, good + more);
        prop_assume!(counts.1 > 0);
        let rate = good as f64 / counts.1 as f64;
        let Interval { low, high } = Interval::wilson(counts).unwrap();
        prop_assert!((0.0..=rate).contains(&low) && (rate..=1.0).contains(&high));
        let tenfold = Interval::wilson((counts.0 * 10, counts.1 * 10)).unwrap();
        prop_assert!(tenfold.high - tenfold.low < high - low);
    }

    #[test]
    fn order_and_files_change_nothing(
        (all, shuffled) in records().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        cut in 0usize..160,
    ) {
        let whole = history(&all);
        let (a, b) = shuffled.split_at(cut.min(shuffled.len()));
        // Two files that overlap: the second holds the first once more.
        let merged = history(a.iter().chain(b).chain(a));
        prop_assert_eq!(&merged, &whole);
        let rules = Rules::default();
        let said = |history| judge(Case::Nightly(history, None), now(), &rules, strictness(true));
        prop_assert_eq!(said(&merged), said(&whole));
    }

    /// Turning matches into drifts never makes anything better.
    #[test]
    fn scores_fall_with_drift(all in records(), which in any::<u64>(), strict in any::<bool>()) {
        let worse: Vec<ReplayRecord> = all.iter().enumerate().map(|(i, record)| {
            let turns = which >> (i % 64) & 1 == 1 && matches!(record.outcome, Outcome::Match { .. });
            if turns {
                ReplayRecord { outcome: drift(), fidelity: agreeing(Some(false)), ..record.clone() }
            } else {
                record.clone()
            }
        }).collect();
        let score = |records| Windowed::of(&history(records), Mode::Fidelity, now(), 30, &By::Every);
        let (before, after) = (score(&all), score(&worse));
        for ((bucket, before), (_, after)) in before.buckets.iter().zip(&after.buckets) {
            for level in Level::ALL {
                let [was, is] = [before, after].map(|score| score.window.tally.counts(level));
                prop_assert!(is.0 <= was.0 && is.1 == was.1, "{bucket:?}");
                prop_assert!(Interval::wilson(is).map(|i| i.low) <= Interval::wilson(was).map(|i| i.low));
            }
        }
        // The rule on drops compares two weeks: a worse week before may end a drop. All other rules are monotone.
        let rules = Rules { drop: crate::model::rate::Share::percent(100), ..Rules::default() };
        let verdict = |records| judge(Case::Nightly(&history(records), None), now(), &rules, strictness(strict)).verdict();
        prop_assert!(verdict(&worse) >= verdict(&all));
    }

    #[test]
    fn what_could_not_be_compared_is_in_no_rate(all in records()) {
        let compared: Vec<&ReplayRecord> = all.iter().filter(|record| record.outcome.is_comparison()).collect();
        let by = By::Every;
        let with = Windowed::of(&history(&all), Mode::Fidelity, now(), 30, &by);
        let without = Windowed::of(&history(compared), Mode::Fidelity, now(), 30, &by);
        for level in Level::ALL {
            prop_assert_eq!(with.overall.window.tally.counts(level), without.overall.window.tally.counts(level));
        }
        prop_assert_eq!(with.overall.window.manifests, without.overall.window.manifests);
    }

    #[test]
    fn buckets_of_one_label_add_up_to_those_that_have_it(all in records()) {
        let history = history(&all);
        let score = Windowed::of(&history, Mode::Fidelity, now(), 30, &By::These(["tier".to_owned()].into()));
        let window = Window::ending(now(), 30);
        let inside = |r: &&ReplayRecord| r.mode == Mode::Fidelity && window.contains(r.at) && r.labels.contains_key("tier");
        let total: u64 = score.buckets.values().map(|score| score.window.tally.total()).sum();
        prop_assert_eq!(total, all.iter().filter(inside).count() as u64);
    }

    #[test]
    fn the_two_questions_are_never_added_up(all in records()) {
        let pinned: Vec<&ReplayRecord> = all.iter().filter(|record| record.mode == Mode::Fidelity).collect();
        let both = Windowed::of(&history(&all), Mode::Fidelity, now(), 30, &By::Every);
        let alone = Windowed::of(&history(pinned), Mode::Fidelity, now(), 30, &By::Every);
        prop_assert_eq!(both, alone);
    }

    /// Two weeks touch and do not overlap: every instant of a fortnight is in exactly one of them.
    #[test]
    fn every_instant_of_a_fortnight_is_in_one_week(nanoseconds in 0i64..14 * 24 * 3600 * 1_000_000_000) {
        let at = now() - SignedDuration::from_nanos(nanoseconds);
        let weeks = Window::weeks(now());
        prop_assert!(weeks.now.contains(at) != weeks.before.contains(at));
    }

    /// Strict never lets pass what would not have passed, and thin evidence is never green.
    #[test]
    fn strict_is_never_milder(all in records()) {
        let history = history(&all);
        let rules = Rules::default();
        let said = |strict| judge(Case::Nightly(&history, None), now(), &rules, strictness(strict));
        let (mild, strict) = (said(false), said(true));
        prop_assert!(strict.verdict() >= mild.verdict());
        if mild.exit() != Exit::Passed {
            prop_assert!(strict.exit() != Exit::Passed);
        }
        let window = mild.measured()[0].sample;
        if window.manifests < rules.min_manifests {
            prop_assert!(mild.verdict() >= GateVerdict::Insufficient);
        }
    }
}

#[test]
fn an_empty_history_has_no_rate_and_is_never_green() {
    let empty = History::default();
    let score = Windowed::of(&empty, Mode::Fidelity, now(), 30, &By::Every);
    assert!(score.buckets.is_empty());
    assert_eq!(score.overall.window.tally.rate(Level::Bitwise), None);
    let gate_result = judge(Case::Nightly(&empty, None), now(), &Rules::default(), strictness(false));
    assert_eq!(gate_result.verdict(), GateVerdict::Insufficient);
}
