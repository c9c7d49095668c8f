//! The report of a run, written as the run goes on.

use std::fmt::{self, Write};

use crate::model::comparison::fidelity::Level;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::event::{Event, Subscriber};
use crate::model::exit::Exit;
use crate::model::result::{ReplayResult, RunResult};
use crate::report::text::block::{block, ink};
use crate::report::text::gate::gate;
use crate::report::text::style::{Ink, Style};
use crate::report::text::table::{duration, table};
use crate::report::{base_phrases, before_phrases, phrases, untrusted};

/// Which parts are written: progress is talk (stderr), the summary is data (stdout).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// One line per event.
    Progress,
    /// The table, the blocks, the rates and the verdict, once the run has ended.
    Summary,
    /// Both.
    All,
}

/// The sink of a report took no more.
#[derive(Debug, thiserror::Error)]
#[error("the report cannot be written")]
pub struct UnwrittenReport(#[source] fmt::Error);

impl Diagnostic for UnwrittenReport {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }
}

/// Listens to a run and writes plain lines.
#[derive(Debug)]
pub struct TextReport<W> {
    sink: W,
    style: Style,
    show: Show,
    discovered: usize,
    finished: usize,
    written: fmt::Result,
}

impl<W: Write> TextReport<W> {
    /// Writes to `sink`; `&mut String` and `&mut dyn Write` are sinks.
    pub fn new(sink: W, style: Style, show: Show) -> Self {
        Self { sink, style, show, discovered: 0, finished: 0, written: Ok(()) }
    }

    /// The sink, or the first error that it gave: nothing was written after it.
    ///
    /// # Errors
    /// The first error that the sink gave.
    pub fn into_sink(self) -> Result<W, UnwrittenReport> {
        self.written.map(|()| self.sink).map_err(UnwrittenReport)
    }

    fn text(&mut self, event: &Event) -> Option<String> {
        let (progress, summary) = (self.show != Show::Summary, self.show != Show::Progress);
        match event {
            Event::RunStarted { jobs } if progress => Some(format!("replaying, {jobs} at a time\n")),
            Event::Discovered { .. } => {
                self.discovered += 1;
                None
            }
            Event::Started { id } if progress => Some(format!("start   {}\n", untrusted::line(id))),
            Event::Finished(replay) => {
                self.finished += 1;
                progress.then(|| self.finished_line(replay))
            }
            Event::Warning(text) if progress => {
                Some(format!("{} {}\n", self.style.paint(Ink::Unsure, "warning:"), untrusted::line(text)))
            }
            Event::RunFinished(run) if summary => Some(self::summary(run, self.style)),
            _ => None,
        }
    }

    fn finished_line(&self, replay: &ReplayResult) -> String {
        let outcome = self.style.paint(ink(&replay.outcome), phrases::outcome(&replay.outcome));
        let (done, all) = (self.finished, self.discovered.max(self.finished));
        let cause = phrases::cause_cell(&replay.outcome);
        let cause = if cause.is_empty() { cause } else { format!("  {cause}") };
        let id = untrusted::line(&replay.id);
        format!("done    [{done}/{all}] {outcome}  {id}  {}{cause}\n", duration(replay.duration_ms))
    }
}

impl<W: Write> Subscriber for TextReport<W> {
    fn on_event(&mut self, event: &Event) {
        if self.written.is_ok()
            && let Some(text) = self.text(event)
        {
            self.written = self.sink.write_str(&text);
        }
    }
}

/// Notes of matching replays that are shown; whoever wants all of them reads the JSON.
const NOTES: usize = 3;

/// The table, a block per replay that does not match, notes, the two rates, the verdict.
fn summary(run: &RunResult, style: Style) -> String {
    let mut out = String::new();
    let first = base_phrases::first_lines(run);
    for line in &first {
        out += &format!("{line}\n");
    }
    if let Some(base) = &run.base {
        for line in base_phrases::changes(base) {
            out += &format!("{} {line}\n", style.paint(Ink::Faint, "change:"));
        }
    }
    if !first.is_empty() {
        out += "\n";
    }
    if !run.replays.is_empty() {
        out += &table(run, style);
        out += "\n\n";
    }
    for replay in run.replays.iter().filter(|replay| !phrases::is_match(replay)) {
        out += &block(replay, style);
        out += "\n";
    }
    let matching = run.replays.iter().filter(|replay| phrases::is_match(replay));
    let notes: Vec<_> = matching.flat_map(|replay| replay.notes.iter().map(|note| (&replay.id, note))).collect();
    for line in base_phrases::covered(run) {
        out += &format!("approvals: {line}\n");
    }
    for (id, note) in notes.iter().take(NOTES) {
        out += &format!("note: {}: {}\n", untrusted::line(id), untrusted::line(note));
    }
    if notes.len() > NOTES {
        out += &format!("note: {} more on replays that match, in the result's JSON\n", notes.len() - NOTES);
    }
    if let Some(unsealed) = phrases::unsealed(run) {
        out += &format!("{} {unsealed}\n", style.paint(Ink::Unsure, "warning:"));
    }
    for warning in &run.warnings {
        out += &format!("{} {}\n", style.paint(Ink::Unsure, "warning:"), untrusted::line(warning));
    }
    for (mode, tally) in phrases::rates(run).into_iter().filter(|(_, tally)| tally.total() > 0) {
        let [bf, sf, pf] = Level::ALL.map(|level| phrases::rate(tally, level));
        let beside = phrases::beside(tally);
        let beside = if beside.is_empty() { beside } else { format!("; {beside}") };
        out += &format!("{:<10}  BF {bf}, SF {sf}, PF {pf}{beside}\n", phrases::mode(mode));
    }
    for line in [phrases::shards(run), phrases::candidate(run), before_phrases::in_short(run), phrases::unclaimed(run)]
        .into_iter()
        .flatten()
    {
        out += &format!("{line}\n");
    }
    if let Some(gate_result) = &run.gate {
        out += &gate(gate_result, style);
    }
    let ink = match run.exit() {
        Exit::Passed => Ink::Good,
        Exit::Inconclusive => Ink::Unsure,
        _ => Ink::Bad,
    };
    out += &(style.paint(ink, &phrases::verdict(run)) + "\n");
    let accept = base_phrases::accepting(run);
    let line =
        accept.filter(|_| !style.folds()).map(|accept| format!("to accept exactly this change: {}\n", accept.line()));
    out += &line.unwrap_or_default();
    out = style.fit(out);
    if let Some(accept) = base_phrases::accepting(run).filter(|_| style.folds()) {
        // A shell reads it as one line.
        out += &format!("to accept exactly this change:\n  {}\n", accept.lines().join(" \\\n    "));
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::comparison::diff::DiffSummary;
    use crate::report::{fixture, text};

    fn written(run: &RunResult, style: Style, show: Show) -> String {
        let mut report = TextReport::new(String::new(), style, show);
        report.on_event(&Event::RunStarted { jobs: 2 });
        for replay in &run.replays {
            let (id, kind, mode) = (replay.id.clone(), replay.kind, replay.mode);
            report.on_event(&Event::Discovered { id, kind, mode });
        }
        for replay in &run.replays {
            report.on_event(&Event::Started { id: replay.id.clone() });
            report.on_event(&Event::Finished(Box::new(replay.clone())));
        }
        for warning in &run.warnings {
            report.on_event(&Event::Warning(warning.clone()));
        }
        report.on_event(&Event::RunFinished(Box::new(run.clone())));
        report.into_sink().unwrap()
    }

    fn without_colour(text: &str) -> String {
        let mut parts = text.split('\u{1b}');
        let mut out = parts.next().unwrap().to_owned();
        parts.for_each(|part| out += part.split_once('m').unwrap().1);
        out
    }

    #[test]
    fn progress_is_one_line_per_event() {
        insta::assert_snapshot!(written(&fixture::run(), Style::plain(), Show::Progress));
    }

    #[test]
    fn the_summary_names_what_flipped_why_and_how_to_see_it_again() {
        insta::assert_snapshot!(written(&fixture::run(), Style::plain(), Show::Summary));
    }

    #[test]
    fn a_gate_says_why_before_the_verdict() {
        let text = written(&fixture::judged(), Style::plain(), Show::Summary);
        insta::assert_snapshot!(text.split_once("\nregression").unwrap().1);
    }

    #[test]
    fn colour_adds_nothing_to_the_words() {
        let run = fixture::judged();
        let coloured = written(&run, Style::coloured(), Show::All);
        assert!(coloured.contains('\u{1b}'));
        assert_eq!(without_colour(&coloured), written(&run, Style::plain(), Show::All));
    }

    #[test]
    fn a_table_is_as_narrow_as_it_is_told() {
        for width in [60, 80, 100, 200] {
            let text = written(&fixture::run(), Style::plain().with_width(width), Show::Summary);
            let rows: Vec<&str> = text.lines().filter(|line| line.starts_with(['│', '┌', '╞', '└', '├'])).collect();
            assert!(rows.len() > 8, "{text}");
            assert!(rows.iter().all(|row| row.chars().count() <= usize::from(width)), "{text}");
        }
    }

    #[test]
    fn an_empty_run_says_so() {
        let run = fixture::run();
        let empty = RunResult::new(run.stella_version, run.started_at, run.finished_at, vec![], vec![]);
        assert_eq!(written(&empty, Style::plain(), Show::Summary), "inconclusive: nothing was replayed\n");
    }

    #[test]
    fn a_broken_sink_is_reported_once() {
        struct Full;
        impl Write for Full {
            fn write_str(&mut self, _: &str) -> fmt::Result {
                Err(fmt::Error)
            }
        }
        let mut report = TextReport::new(Full, Style::plain(), Show::All);
        report.on_event(&Event::RunStarted { jobs: 1 });
        report.on_event(&Event::Warning("x".into()));
        assert!(report.into_sink().is_err());
    }

    #[test]
    fn one_replay_and_one_diff_end_with_their_verdict() {
        let drifted = fixture::drifted();
        let text = text::replay(&drifted, Style::plain());
        assert!(text.ends_with("drift: the replay differs from the recording, reproducibly\n"), "{text}");
        let text = text::diff(&drifted.diff, Style::plain());
        assert!(
            text.ends_with("1 vex statement changed, 1 artifact changed, first CVE-2021-44228 disappeared\n"),
            "{text}"
        );
        assert_eq!(text::diff(&DiffSummary::default(), Style::plain()), "no difference\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn foreign_text_neither_acts_nor_begins_a_line(run in fixture::hostile_and_judged()) {
            let mut text = written(&run, Style::plain(), Show::All);
            for replay in &run.replays {
                text += &text::replay(replay, Style::plain());
                text += &text::diff(&replay.diff, Style::plain());
            }
            for line in text.lines() {
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
                prop_assert!(!line.trim_start().starts_with("::"), "{line:?}");
                prop_assert!(!line.contains("##"), "{line:?}");
                prop_assert!(!line.contains(['\u{202e}', '\u{200b}', '\u{ffff}']), "{line:?}");
            }
        }
    }
}
