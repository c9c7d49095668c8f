//! The numbers of the pictures: rates with their intervals, and how replays ended.
//!
//! Invariants: numbers alone, within the picture; what they say stands in words beside them.

use crate::model::comparison::fidelity::Level;
use crate::model::rate::Tally;
use crate::model::result::{Mode, RunResult};
use crate::model::statistics::wilson::Interval;
use crate::report::{gate_phrases, phrases};

/// Where the axis begins, and how long it is.
const LEFT: f64 = 150.0;
const LONG: f64 = 360.0;

/// One rate with its interval.
#[derive(Debug)]
pub(super) struct Rate {
    pub(super) name: String,
    pub(super) words: String,
    pub(super) y: usize,
    pub(super) at: f64,
    pub(super) low: f64,
    pub(super) wide: f64,
}

/// A mark of the axis.
#[derive(Debug)]
pub(super) struct Tick {
    pub(super) x: f64,
    pub(super) label: &'static str,
}

/// A part of a bar.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) words: String,
    pub(super) x: f64,
    pub(super) wide: f64,
}

/// How the replays of one question ended.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) words: String,
    pub(super) parts: Vec<Part>,
}

fn x(share: f64) -> f64 {
    tenth(LEFT + LONG * share.clamp(0.0, 1.0))
}

/// One decimal is finer than any screen.
fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// Every rate that is one.
pub(super) fn rates(run: &RunResult) -> Vec<Rate> {
    let of_mode = |(mode, tally): (Mode, &Tally)| Level::ALL.map(|level| (mode, level, tally.counts(level)));
    let all = phrases::rates(run).into_iter().flat_map(of_mode);
    let rates = all.filter_map(|(mode, level, counts)| {
        let Interval { low, high } = Interval::wilson(counts)?;
        let (name, words) = (
            format!("{} {}", phrases::mode(mode), gate_phrases::level(level)),
            gate_phrases::rate_with_interval(counts),
        );
        let at = x(counts.0 as f64 / counts.1 as f64);
        Some(Rate { name, words, y: 0, at, low: x(low), wide: tenth(x(high) - x(low)) })
    });
    rates.enumerate().map(|(i, rate)| Rate { y: 20 + i * 24, ..rate }).collect()
}

/// The marks of the axis of rates.
pub(super) fn ticks() -> [Tick; 5] {
    [(0.0, "0 %"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %")]
        .map(|(share, label)| Tick { x: x(share), label })
}

/// How the replays of each question ended that was asked.
pub(super) fn bars(run: &RunResult) -> Vec<Bar> {
    let asked = phrases::rates(run).into_iter().filter(|(_, tally)| tally.total() > 0);
    let bar = |(mode, tally): (Mode, &Tally)| {
        let counts = [
            ("match", tally.matched),
            ("drift", tally.drift),
            ("flaky", tally.flaky),
            ("unhealthy", tally.unhealthy),
            ("unreplayable", tally.unreplayable),
            ("infra", tally.infra),
        ];
        let mut begin = 0.0;
        let mut parts = Vec::new();
        for (class, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            let wide = 640.0 * count as f64 / tally.total() as f64;
            parts.push(Part { class, words: format!("{count} {class}"), x: tenth(begin), wide: tenth(wide) });
            begin += wide;
        }
        let words = parts.iter().map(|part| part.words.clone()).collect::<Vec<_>>().join(", ");
        Bar { name: phrases::mode(mode).to_owned(), words, parts }
    };
    asked.map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_picture_says_what_its_words_say() {
        let run = fixture::run();
        let rates = rates(&run);
        assert_eq!(rates.len(), 6);
        for rate in &rates {
            assert!(LEFT <= rate.low && rate.low <= rate.at && rate.at <= rate.low + rate.wide + 0.1, "{rate:?}");
            assert!(rate.low + rate.wide <= LEFT + LONG + 0.1, "{rate:?}");
        }
        assert_eq!(rates[0].at, 270.0, "a third of the axis");
        let bars = bars(&run);
        assert_eq!(bars[0].words, "1 match, 1 drift, 1 flaky");
        for bar in bars {
            let all: f64 = bar.parts.iter().map(|part| part.wide).sum();
            assert!((all - 640.0).abs() < 1.0, "{all}");
        }
    }
}
