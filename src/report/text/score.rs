//! The score of a window, as `stella score` shows it: one table per question and window.

use comfy_table::{ContentArrangement, Table, presets};

use crate::model::comparison::fidelity::Level;
use crate::model::rate::{Sample, Tally};
use crate::report::text::style::{Ink, Style};
use crate::report::{gate_phrases, phrases, untrusted};
use crate::score::history::History;
use crate::score::window::Weeks;
use crate::score::windowed::{Score, Windowed};

/// Every score, each with its question and its window; `history` says what it was made from.
pub fn scores(history: &History, scores: &[(u16, Windowed)], style: Style) -> String {
    let mut out = String::new();
    for (days, score) in scores.iter().filter(|(_, score)| score.overall != Score::default()) {
        let (after, until) = score.window.ends();
        let (mode, question) = (phrases::mode(score.mode), phrases::question(score.mode));
        let title = style.paint(Ink::Heading, &format!("{mode}: {question} {days} days"));
        out += &format!("{title}, after {after} until {until}\n{}\n\n", table(score, style));
    }
    if out.is_empty() {
        out += "no replay in these windows\n";
    }
    let torn = match history.torn() {
        0 => String::new(),
        1 => "; 1 line was cut off by a crash and is not counted".to_owned(),
        more => format!("; {more} lines were cut off by a crash and are not counted"),
    };
    let replays = if history.len() == 1 { "replay" } else { "replays" };
    out + &format!("{} {replays} in the history{torn}\n", history.len())
}

fn table(score: &Windowed, style: Style) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(style.width());
    table.set_header(["", "BF", "95 % interval", "SF", "PF", "manifests", "in no rate", "BF week before → last week"]);
    table.add_row(row("all".to_owned(), &score.overall));
    for (bucket, score) in &score.buckets {
        let name = format!("{} {}", untrusted::line(&bucket.label), untrusted::line(&bucket.value));
        table.add_row(row(name, score));
    }
    table.to_string()
}

fn row(name: String, Score { window, weeks }: &Score) -> [String; 8] {
    let [bf, sf, pf] = Level::ALL.map(|level| phrases::counted_rate(window.tally.counts(level)));
    let interval = gate_phrases::interval(window.tally.counts(Level::Bitwise)).unwrap_or_else(|| "n/a".to_owned());
    [name, bf, interval, sf, pf, window.manifests.to_string(), in_no_rate(&window.tally), week_over_week(weeks)]
}

/// `2 unhealthy (5.0 %)`; empty where there is nothing.
fn in_no_rate(tally: &Tally) -> String {
    let all = [(tally.unhealthy, "unhealthy"), (tally.unreplayable, "unreplayable"), (tally.infra, "infra")];
    let present = all.into_iter().filter(|(count, _)| *count > 0);
    let shown = present.map(|(count, name)| {
        // Rounded up: a share of what is missing never looks smaller than it is.
        let permille = (u128::from(count) * 1000).div_ceil(u128::from(tally.total()));
        format!("{count} {name} ({}.{} %)", permille / 10, permille % 10)
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn week_over_week(Weeks { before, now }: &Weeks<Sample>) -> String {
    let [before, now] = [before, now].map(|sample| phrases::counted_rate(sample.tally.counts(Level::Bitwise)));
    format!("{before} → {now}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::result::Mode;
    use crate::report::fixture;
    use crate::score::rules::By;

    fn written(run: &crate::model::result::RunResult) -> String {
        let mut history = History::default();
        history.add_run(run).unwrap();
        history.note_torn(1);
        let score = |mode| (30, Windowed::of(&history, mode, run.finished_at, 30, &By::Every));
        scores(&history, &[score(Mode::Fidelity), score(Mode::Regression)], Style::plain())
    }

    #[test]
    fn each_question_has_a_table_with_counts_beside_the_rates() {
        insta::assert_snapshot!(written(&fixture::judged()));
    }

    #[test]
    fn nothing_in_the_windows_is_said() {
        assert_eq!(
            scores(&History::default(), &[], Style::plain()),
            "no replay in these windows\n0 replays in the history\n"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn labels_neither_act_nor_begin_a_line(run in fixture::hostile()) {
            for line in written(&run).lines() {
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
                prop_assert!(!line.trim_start().starts_with("::") && !line.contains("##"), "{line:?}");
            }
        }
    }
}
