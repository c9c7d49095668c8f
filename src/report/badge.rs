//! The badge of a repository: how repeatable its scans are, in a few words.
//!
//! Invariants: the colour says nothing that the words do not; too little evidence is *insufficient* and never a rate; the day of
//! the run stands in it, and three days later the rate does not any more: a badge that nobody renews must not look fresh.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::model::comparison::fidelity::Level;
use crate::model::rate::Sample;
use crate::model::result::RunResult;
use crate::score::history::History;
use crate::score::rules::Rules;
use crate::score::windowed::Windowed;

/// What stands on the left.
pub const LABEL: &str = "Replay Fidelity";

/// A rate that is older than this is not shown.
const FRESH: SignedDuration = SignedDuration::from_hours(3 * 24);

/// How it looks. White text has a contrast of at least 4.5 on each (WCAG 2.2, AA).
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::VariantArray)]
pub enum Colour {
    /// At least the rate of green.
    Green,
    /// Below it.
    Amber,
    /// Below the rate at which a gate fails.
    Red,
    /// There is no rate.
    Grey,
}

impl Colour {
    /// Six hexadecimal digits.
    pub fn hex(self) -> &'static str {
        match self {
            Self::Green => "1a7f37",
            Self::Amber => "9a6700",
            Self::Red => "cf222e",
            Self::Grey => "555555",
        }
    }
}

/// What the right side says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// What stands on the right.
    pub message: String,
    /// The colour behind it.
    pub colour: Colour,
    /// The same in a sentence, for who does not see it.
    pub sentence: String,
}

impl Badge {
    /// Of one run: its canaries that were replayed as recorded, as a census.
    pub fn of_run(run: &RunResult, now: Timestamp) -> Self {
        let counts = run.fidelity.counts(Level::Bitwise);
        // A part would pass for the whole.
        let is_enough = counts.1 > 0 && !run.part.is_partial();
        Self::new(is_enough.then_some(counts), Some(run.finished_at), now, &Rules::default(), "in the last run")
    }

    /// Of a window of time: what was replayed as recorded. Fewer manifests than `rules` ask for are insufficient.
    pub fn of_history(history: &History, now: Timestamp, rules: &Rules) -> Self {
        let mode = crate::model::result::Mode::Fidelity;
        let Sample { tally, manifests } = Windowed::of(history, mode, now, rules.window_days, &rules.by).overall.window;
        let is_enough = manifests >= rules.min_manifests && tally.compared() > 0;
        let last = history.records().filter(|record| record.mode == mode && record.at <= now).map(|r| r.at).max();
        let when = format!("in the last {} days", rules.window_days);
        if last.is_none() && history.records().any(|record| record.at <= now) {
            // In each of them something was swapped in, which tells nothing of repeatability.
            return Self {
                message: "no pinned run yet".to_owned(),
                colour: Colour::Grey,
                sentence: format!("{LABEL}: nothing was replayed as recorded yet, which is what `pinned` does"),
            };
        }
        Self::new(is_enough.then(|| tally.counts(Level::Bitwise)), last, now, rules, &when)
    }

    fn new(counts: Option<(u64, u64)>, last: Option<Timestamp>, now: Timestamp, rules: &Rules, when: &str) -> Self {
        let grey = |message: String, sentence: String| Self { message, colour: Colour::Grey, sentence };
        let Some(last) = last else {
            return grey("no run yet".to_owned(), format!("{LABEL}: there is no run yet"));
        };
        let day = last.to_zoned(TimeZone::UTC).date();
        if now.duration_since(last) > FRESH {
            return grey(format!("no run since {day}"), format!("{LABEL}: there is no run since {day}"));
        }
        let Some((good, all)) = counts else {
            let sentence = format!("{LABEL}: too little evidence to tell; last run on {day}");
            return grey(format!("insufficient ({day})"), sentence);
        };
        // Rounded down, so that 100 % always means all.
        let permille = u128::from(good) * 1000 / u128::from(all.max(1));
        let rate = format!("{}.{}%", permille / 10, permille % 10);
        let (word, colour) = if rules.green.is_reached((good, all)) {
            ("", Colour::Green)
        } else if rules.fail.is_reached((good, all)) {
            (" warn", Colour::Amber)
        } else {
            (" fail", Colour::Red)
        };
        let sentence = format!("{LABEL}: {good} of {all} replays {when} are bitwise the same; last run on {day}");
        Self { message: format!("{rate}{word} ({day})"), colour, sentence }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;
    use crate::report::fixture;
    use crate::score::arbitrary::record;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Relative luminance and contrast, as WCAG 2.2 defines them.
    fn contrast_with_white(hex: &str) -> f64 {
        let channel = |at: usize| {
            let c = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        1.05 / (0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4) + 0.05)
    }

    #[test]
    fn white_text_can_be_read_on_every_colour() {
        for colour in Colour::VARIANTS {
            assert!(contrast_with_white(colour.hex()) >= 4.5, "{colour:?}");
        }
        assert!(contrast_with_white("44cc11") < 4.5, "the usual green of badges is seen to be too light");
    }

    #[test]
    fn every_state_says_itself_in_words() {
        let (last, rules) = (Some(at("2026-11-27T04:00:00Z")), Rules::default());
        let now = at("2026-11-28T00:00:00Z");
        let late = at("2026-11-30T04:00:01Z");
        for (counts, last, now, message, colour) in [
            (Some((992, 1000)), last, now, "99.2% (2026-11-27)", Colour::Green),
            (Some((9999, 10_000)), last, now, "99.9% (2026-11-27)", Colour::Green),
            (Some((96, 100)), last, now, "96.0% warn (2026-11-27)", Colour::Amber),
            (Some((89, 100)), last, now, "89.0% fail (2026-11-27)", Colour::Red),
            (Some((0, 3)), last, now, "0.0% fail (2026-11-27)", Colour::Red),
            (None, last, now, "insufficient (2026-11-27)", Colour::Grey),
            (Some((992, 1000)), last, late, "no run since 2026-11-27", Colour::Grey),
            (Some((992, 1000)), last, at("2026-11-30T04:00:00Z"), "99.2% (2026-11-27)", Colour::Green),
            (None, None, now, "no run yet", Colour::Grey),
        ] {
            let badge = Badge::new(counts, last, now, &rules, "in the last run");
            assert_eq!((badge.message.as_str(), badge.colour), (message, colour));
            assert!(badge.sentence.starts_with("Replay Fidelity: "));
        }
    }

    #[test]
    fn a_run_is_a_census_and_a_window_needs_its_manifests() {
        let run = fixture::run();
        assert_eq!(Badge::of_run(&run, run.finished_at).message, "100.0% (2026-02-03)");
        let empty = RunResult::new("1".into(), run.started_at, run.finished_at, vec![], vec![]);
        assert_eq!(Badge::of_run(&empty, run.finished_at).message, "insufficient (2026-02-03)");

        let mut history = History::default();
        history.add(record(1, 0)).unwrap();
        let (last, rules) = (history.records().next().unwrap().at, Rules::default());
        assert!(Badge::of_history(&history, last, &rules).message.starts_with("insufficient ("));
        assert_eq!(Badge::of_history(&History::default(), last, &rules).message, "no run yet");
        // What was noted and was not as recorded is a run all the same.
        let mut swapped = History::default();
        let of_another_mode = |mut of: crate::model::replay_record::ReplayRecord| {
            of.mode = crate::model::result::Mode::Regression;
            of
        };
        swapped.add(of_another_mode(record(1, 0))).unwrap();
        assert_eq!(Badge::of_history(&swapped, last, &rules).message, "no pinned run yet");
        let few = Rules { min_manifests: 1, ..rules };
        assert!(
            Badge::of_history(&history, last, &few).message.starts_with("100.0%"),
            "{:?}",
            Badge::of_history(&history, last, &few)
        );
    }
}
