//! One replay, or one diff, at length.

use crate::model::comparison::diff::DiffSummary;
use crate::model::comparison::fidelity::Level;
use crate::model::outcome::Outcome;
use crate::model::result::ReplayResult;
use crate::report::changes::{self, Line, Mark};
use crate::report::text::explanation::explanation;
use crate::report::text::style::{Ink, Style};
use crate::report::text::table::duration;
use crate::report::{before_phrases, phrases, showing, untrusted};

/// Lines of a detail that are shown; errors of foreign programs can be long.
const DETAIL_LINES: usize = 20;

/// Characters of a line of what a run showed, so that it fits into a terminal of 80 columns.
const SHOWN_WIDTH: usize = 68;

/// A diff as `stella diff` shows it.
pub fn diff(diff: &DiffSummary, style: Style) -> String {
    if diff.is_empty() {
        return "no difference\n".to_owned();
    }
    let lines = changes::lines(diff).into_iter().map(|line| painted(&line, style) + "\n");
    lines.chain([format!("differs: {}\n", changes::in_short(diff))]).collect()
}

/// A replay as `stella replay` shows it: the block, and its verdict in words.
pub fn replay(replay: &ReplayResult, style: Style) -> String {
    let verdict = match &replay.outcome {
        Outcome::Match { lucky: false } => "match: the replay is the same as recorded",
        Outcome::Match { lucky: true } => "match (lucky): the same as recorded, although the sandbox denied something",
        Outcome::Drift { .. } => "drift: the replay differs from the recording, reproducibly",
        Outcome::Flaky { .. } => "flaky: the replay differs from itself",
        Outcome::Unhealthy { .. } => "unhealthy: the scanner ran but failed its health gate",
        Outcome::Unreplayable { missing } => unreplayable(missing),
        Outcome::Infra { .. } => "infra: the replay could not run",
    };
    let why = replay.explanation.as_ref().map(|of| explanation(of, style) + "\n").unwrap_or_default();
    block(replay, style) + &why + &style.paint(ink(&replay.outcome), verdict) + "\n"
}

fn unreplayable(missing: &[String]) -> &'static str {
    match missing.first().map_or("missing", |first| phrases::obstacle(first).0) {
        "missing" => "unreplayable: an input is gone",
        _ => "unreplayable: the recording was edited or is damaged",
    }
}

/// Everything that is known of one replay, in labelled lines.
pub(crate) fn block(replay: &ReplayResult, style: Style) -> String {
    let mut out = Block { text: String::new(), style };
    let outcome = style.paint(ink(&replay.outcome), phrases::outcome(&replay.outcome));
    let id = style.paint(Ink::Heading, &untrusted::line(&replay.id));
    let what = format!("{} {}", phrases::mode(replay.mode), phrases::kind(replay.kind));
    out.text +=
        &format!("{outcome}  {id}  {}  ({what}, {})\n", untrusted::line(&replay.title), duration(replay.duration_ms));

    match &replay.outcome {
        Outcome::Match { .. } => {}
        Outcome::Drift { causes } => causes.iter().for_each(|cause| {
            out.label("cause", &format!("{}: {}", phrases::cause(cause), phrases::known_by(cause, &replay.recorded)));
            if let Some(evidence) = phrases::evidence(cause) {
                out.label("proof", &evidence);
            }
        }),
        Outcome::Flaky { detail } | Outcome::Unhealthy { detail } | Outcome::Infra { detail } => {
            let mut label = "detail";
            for line in untrusted::lines(detail, DETAIL_LINES) {
                out.label(std::mem::take(&mut label), &line);
            }
        }
        Outcome::Unreplayable { missing } => missing.iter().for_each(|input| {
            let (label, text) = phrases::obstacle(input);
            out.label(label, &untrusted::line(text));
        }),
    }
    for (label, text) in replay.showing.iter().flat_map(|of| showing::wrapped(of, SHOWN_WIDTH)) {
        out.label(label, &text);
    }
    if let Some(explanation) = &replay.explanation {
        out.label("changes", &phrases::changes(explanation));
    }
    let [bf, sf, pf] = Level::ALL.map(|level| phrases::level(replay.fidelity, level));
    out.label("levels", &format!("BF {bf}, SF {sf}, PF {pf}"));
    for line in changes::inputs(&replay.recorded, &replay.replayed) {
        out.label("input", &line);
    }
    for line in changes::lines(&replay.diff) {
        out.text += &format!("  {}\n", painted(&line, style));
    }
    if let Some(before) = before_phrases::line(replay) {
        out.label("before", &before);
    }
    if let Some(env) = &replay.executor {
        out.label("ran", &phrases::executor(env));
    }
    for note in &replay.notes {
        out.label("note", &untrusted::line(note));
    }
    if let Some(source) = &replay.source {
        out.label("see", &format!("{}:{}", untrusted::line(&source.file), source.line));
    }
    out.label("reproduce", &untrusted::visible(&replay.reproduce));
    out.text
}

struct Block {
    text: String,
    style: Style,
}

impl Block {
    fn label(&mut self, label: &str, text: &str) {
        // No label: the line continues the one above, and a bar keeps foreign text from its start.
        let label = if label.is_empty() { format!("{:>9}", "|") } else { format!("{label:<9}") };
        self.text += &format!("  {} {text}\n", self.style.paint(Ink::Faint, &label));
    }
}

fn painted(line: &Line, style: Style) -> String {
    let text = line.to_text();
    match line.mark {
        Mark::Plain => text,
        Mark::Added => style.paint(Ink::Good, &text),
        Mark::Removed => style.paint(Ink::Bad, &text),
        Mark::Changed => style.paint(Ink::Unsure, &text),
    }
}

/// The colour of an outcome.
pub(crate) fn ink(outcome: &Outcome) -> Ink {
    match outcome {
        Outcome::Match { lucky: false } => Ink::Good,
        Outcome::Drift { .. } | Outcome::Flaky { .. } | Outcome::Infra { .. } => Ink::Bad,
        Outcome::Match { lucky: true } | Outcome::Unhealthy { .. } | Outcome::Unreplayable { .. } => Ink::Unsure,
    }
}
