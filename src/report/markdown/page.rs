//! The summary of a run, as large as it may be.

use crate::model::comparison::fidelity::Level;
use crate::model::exit::Exit;
use crate::model::gate_result::GateResult;
use crate::model::outcome::Outcome;
use crate::model::result::{ReplayResult, RunResult};
use crate::report::changes::{self, Line, Mark};
use crate::report::markdown::md::Md;
use crate::report::{base_phrases, before_phrases, gate_phrases, phrases, showing, untrusted};

/// Bytes that every reader takes: GitHub refuses comments above 65,536 characters.
pub const DEFAULT_BUDGET: usize = 65_000;

/// How much of each part is shown.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Rows of replays that do not match.
    rows: usize,
    /// Replays shown at length.
    blocks: usize,
    /// Lines of the diff of each.
    lines: usize,
    /// Matches that are listed, notes, and warnings.
    others: usize,
}

/// From everything that a person would read to counts alone.
const STEPS: [Limits; 6] = [
    Limits { rows: 200, blocks: 50, lines: 80, others: 100 },
    Limits { rows: 100, blocks: 25, lines: 30, others: 30 },
    Limits { rows: 50, blocks: 10, lines: 15, others: 10 },
    Limits { rows: 20, blocks: 3, lines: 8, others: 3 },
    Limits { rows: 10, blocks: 0, lines: 0, others: 0 },
    Limits { rows: 0, blocks: 0, lines: 0, others: 0 },
];

/// The summary of `run` in at most `budget` bytes.
///
/// The last step holds counts alone; a budget below even that cuts it where it ends.
pub fn render(run: &RunResult, budget: usize) -> String {
    render_with(run, budget, &Lead::default())
}

/// What stands before everything that the run says.
#[derive(Debug, Clone, Default)]
pub struct Lead {
    /// Why it is not taken at its word, in sentences of ours; with one, the headline says so and not the verdict.
    pub doubts: Vec<String>,
    /// A sentence of ours below the verdict.
    pub sentence: Option<String>,
}

/// The same with something of ours before it.
pub fn render_with(run: &RunResult, budget: usize, lead: &Lead) -> String {
    let mut text = String::new();
    for limits in STEPS {
        text = page(run, lead, limits).into_string();
        if text.len() <= budget {
            return text;
        }
    }
    text.truncate(whole_lines(&text, budget));
    text
}

/// How much of `text` fits into `budget` bytes and leaves nothing open: no row of a table, no fence, nothing of what makes
/// foreign text harmless.
fn whole_lines(text: &str, budget: usize) -> usize {
    // Where the text may end, and the fence that is open there with where it began.
    let (mut end, mut fence) = (0, None::<(&str, usize)>);
    for line in text.split_inclusive('\n') {
        if end + line.len() > budget || !line.ends_with('\n') {
            break;
        }
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        fence = match fence {
            Some((open, _)) if line.trim_end() == open => None,
            None if ticks.len() >= 3 => Some((ticks, end)),
            fence => fence,
        };
        end += line.len();
    }
    fence.map_or(end, |(_, began)| began)
}

fn page(run: &RunResult, lead: &Lead, limits: Limits) -> Md {
    let (mut md, mut cut) = (Md::new(), Vec::new());
    let verdict = phrases::verdict(run);
    let (word, counts) = verdict.split_once(": ").unwrap_or((&verdict, ""));
    if lead.doubts.is_empty() {
        md.raw("## stella: ").text(word).raw("\n\n").text(counts).raw("\n");
    } else {
        md.raw("## stella: not trusted\n");
        for doubt in &lead.doubts {
            md.raw("\n**").text(doubt).raw("**\n");
        }
        md.raw("\nWhat the report says: ").text(&verdict).raw("\n");
    }
    if let Some(sentence) = &lead.sentence {
        md.raw("\n").text(sentence).raw("\n");
    }
    if run.base.is_some() || run.without_base.is_some() {
        base(&mut md, run, limits, &mut cut);
    }
    rates(&mut md, run);
    candidate(&mut md, run, limits);
    if let Some(gate_result) = &run.gate {
        gate(&mut md, gate_result, limits, &mut cut);
    }
    if let Some(unsealed) = phrases::unsealed(run) {
        md.raw("\n**Warning:** ").text(&unsealed).raw("\n");
    }

    let mut failing: Vec<&ReplayResult> = run.replays.iter().filter(|replay| !phrases::is_match(replay)).collect();
    failing.sort_by_key(|replay| urgency(&replay.outcome));
    let matching: Vec<&ReplayResult> = run.replays.iter().filter(|replay| phrases::is_match(replay)).collect();

    if !failing.is_empty() && limits.rows > 0 {
        md.raw("\n### Not matching\n\n");
        md.raw("| replay | kind | mode | outcome | BF | SF | PF | cause |\n|---|---|---|---|---|---|---|---|\n");
        failing.iter().take(limits.rows).for_each(|replay| row(&mut md, replay));
    }
    left_out(&mut cut, failing.len(), limits.rows, "rows of the table");
    for (i, replay) in failing.iter().take(limits.blocks).enumerate() {
        block(&mut md, replay, limits, i == 0);
    }
    left_out(&mut cut, failing.len(), limits.blocks, "replays at length");
    let short = failing.iter().take(limits.blocks).filter(|r| changes::lines(&r.diff).len() > limits.lines).count();
    left_out(&mut cut, short, 0, "diffs in full");

    let notes: Vec<(&str, &str)> = matching
        .iter()
        .flat_map(|replay| replay.notes.iter().map(|note| (replay.id.as_str(), note.as_str())))
        .collect();
    if limits.others > 0 && !(notes.is_empty() && run.warnings.is_empty()) {
        md.raw("\n### Notes\n\n");
        for warning in run.warnings.iter().take(limits.others) {
            md.raw("- warning: ").text(warning).raw("\n");
        }
        for (id, note) in notes.iter().take(limits.others) {
            md.raw("- ").code(id).raw(": ").text(note).raw("\n");
        }
    }
    left_out(&mut cut, run.warnings.len(), limits.others, "warnings");
    left_out(&mut cut, notes.len(), limits.others, "notes");
    if limits.others > 0 && !matching.is_empty() {
        md.raw("\n<details><summary>Matching</summary>\n\n");
        for replay in matching.iter().take(limits.others) {
            md.raw("- ").code(&replay.id).raw(" ").text(&replay.title).raw(": ");
            md.raw(phrases::outcome(&replay.outcome)).raw("\n");
        }
        md.raw("\n</details>\n");
    }
    left_out(&mut cut, matching.len(), limits.others, "matching replays");
    let covered = base_phrases::covered(run);
    if limits.others > 0 && !covered.is_empty() {
        md.raw("\n### Approvals\n\n");
        for line in covered.iter().take(limits.others) {
            md.raw("- ").text(line).raw("\n");
        }
    }
    left_out(&mut cut, covered.len(), limits.others, "approvals");
    if let Some(accept) = base_phrases::accept(run) {
        md.raw("\nTo accept exactly this change:\n\n");
        md.fence("sh", vec![accept]);
        md.raw("\n").text(&base_phrases::then(run)).raw("\n");
    }
    if !cut.is_empty() {
        md.raw("\nNot shown here: ").text(&cut.join(", ")).raw(". The result file has everything.\n");
    }
    md
}

fn left_out(cut: &mut Vec<String>, all: usize, shown: usize, what: &str) {
    if all > shown {
        cut.push(format!("{} {what}", all - shown));
    }
}

fn rates(md: &mut Md, run: &RunResult) {
    if run.replays.is_empty() {
        return;
    }
    md.raw("\n| rate | question | BF | SF | PF | beside it |\n|---|---|---|---|---|---|\n");
    for (mode, tally) in phrases::rates(run).into_iter().filter(|(_, tally)| tally.total() > 0) {
        md.raw("| ").raw(phrases::mode(mode)).raw(" | ").raw(phrases::question(mode)).raw(" | ");
        for level in Level::ALL {
            md.text(&phrases::rate(tally, level)).raw(" | ");
        }
        md.text(&phrases::beside(tally)).raw(" |\n");
    }
    md.raw("\n").text(phrases::LEVELS).raw("\n");
}

/// On how many replays the candidate was run: a number of its own, never left out. The names of the others may be.
fn candidate(md: &mut Md, run: &RunResult, limits: Limits) {
    if let Some(told) = phrases::shards(run) {
        md.raw("\n").text(&told).raw("\n");
    }
    if let Some(told) = phrases::candidate(run) {
        md.raw("\n").text(&told).raw("\n");
    }
    if let Some(told) = before_phrases::in_short(run) {
        md.raw("\n").text(&told).raw("\n");
    }
    if let Some(unclaimed) = phrases::unclaimed(run).filter(|_| limits.rows > 0) {
        md.raw("\n").text(&unclaimed).raw("\n");
    }
}

/// Whose rules counted, and what the checkout changes of them.
fn base(md: &mut Md, run: &RunResult, limits: Limits, cut: &mut Vec<String>) {
    for line in base_phrases::first_lines(run) {
        md.raw("\n").text(&line).raw("\n");
    }
    let changes = run.base.as_ref().map(base_phrases::changes).unwrap_or_default();
    if limits.rows > 0 && !changes.is_empty() {
        md.raw("\n");
        for line in changes.iter().take(limits.rows) {
            md.raw("- ").text(line).raw("\n");
        }
    }
    left_out(cut, changes.len(), limits.rows, "changes of rules and recordings");
}

/// What the gate says; the heaviest reasons are the last to go.
fn gate(md: &mut Md, gate_result: &GateResult, limits: Limits, cut: &mut Vec<String>) {
    md.raw("\n**").text(&gate_phrases::headline(gate_result)).raw("**\n");
    if let Some(aloud) = gate_phrases::aloud(gate_result) {
        md.raw("\n**Insufficient evidence:** ").raw(aloud).raw("\n");
    }
    if limits.rows > 0 {
        md.raw("\n");
        for measured in gate_result.measured() {
            md.raw("- ").text(&gate_phrases::measured(measured)).raw("\n");
        }
        for reason in gate_result.reasons().iter().take(limits.rows) {
            md.raw("- ").raw(gate_phrases::weight(reason.weight)).raw(" ").code(reason.code.code()).raw(": ");
            md.text(&gate_phrases::reason(reason)).raw("\n");
        }
    }
    left_out(cut, gate_result.reasons().len(), limits.rows, "reasons of the gate");
}

fn row(md: &mut Md, replay: &ReplayResult) {
    md.raw("| ").code(&replay.id).raw(" ").text(&replay.title).raw(" | ");
    md.raw(phrases::kind(replay.kind)).raw(" | ").raw(phrases::mode(replay.mode)).raw(" | **");
    md.raw(phrases::outcome(&replay.outcome)).raw("** | ");
    for level in Level::ALL {
        md.raw(phrases::level(replay.fidelity, level)).raw(" | ");
    }
    md.text(&phrases::cause_cell(&replay.outcome)).raw(" |\n");
}

/// One replay at length; the first stands open.
fn block(md: &mut Md, replay: &ReplayResult, limits: Limits, open: bool) {
    md.raw(if open { "\n<details open><summary>" } else { "\n<details><summary>" });
    md.raw("<code>").text(&replay.id).raw("</code> ").text(&replay.title).raw(": ");
    md.raw(phrases::outcome(&replay.outcome)).raw("</summary>\n\n");
    match &replay.outcome {
        Outcome::Match { .. } => {}
        Outcome::Drift { causes } => causes.iter().take(limits.lines).for_each(|cause| {
            md.raw("- cause: ")
                .text(&phrases::cause(cause))
                .raw(", ")
                .raw(phrases::known_by(cause, &replay.recorded))
                .raw("\n");
            if let Some(evidence) = phrases::evidence(cause) {
                md.raw("- proof: ").text(&evidence).raw("\n");
            }
        }),
        Outcome::Flaky { detail } | Outcome::Unhealthy { detail } | Outcome::Infra { detail } => {
            md.fence("text", untrusted::lines(detail, limits.lines));
        }
        Outcome::Unreplayable { missing } => missing.iter().take(limits.lines).for_each(|input| {
            let (label, text) = phrases::obstacle(input);
            md.raw("- ").raw(label).raw(": ").text(text).raw("\n");
        }),
    }
    for (label, text) in replay.showing.iter().flat_map(showing::lines).take(limits.lines) {
        md.raw("- ").raw(if label.is_empty() { "said" } else { label }).raw(": ").text(&text).raw("\n");
    }
    if let Some(explanation) = &replay.explanation {
        md.raw("- changes: ").text(&phrases::changes(explanation)).raw("\n");
        for what in explanation.not_excluded.iter().take(limits.lines) {
            md.raw("- cannot be excluded: ").text(what).raw("\n");
        }
    }
    for line in changes::inputs(&replay.recorded, &replay.replayed) {
        md.raw("- input: ").text(&line).raw("\n");
    }
    if let Some(before) = before_phrases::line(replay) {
        md.raw("- before: ").text(&before).raw("\n");
    }
    for note in replay.notes.iter().take(limits.lines) {
        md.raw("- note: ").text(note).raw("\n");
    }
    let diff = changes::first_lines(&replay.diff, limits.lines);
    if !diff.is_empty() {
        md.raw("\n").fence("diff", diff.iter().map(diff_line));
    }
    md.raw("\nReproduce:\n\n").fence("sh", [replay.reproduce.clone()]);
    md.raw("\n</details>\n");
}

/// The sign first: that is what a reader colours by. `!` is its sign for a change.
fn diff_line(line: &Line) -> String {
    let sign = if line.mark == Mark::Changed { '!' } else { line.mark.sign() };
    format!("{sign} {:indent$}{}", "", line.text, indent = line.depth * 2)
}

/// Real differences first, then what could not run, then what is inconclusive.
fn urgency(outcome: &Outcome) -> usize {
    Exit::BY_PRECEDENCE.iter().position(|exit| *exit == outcome.exit()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::fixture;
    use crate::report::markdown::inert;

    #[test]
    fn the_summary_of_the_rich_run() {
        insta::assert_snapshot!(render(&fixture::run(), DEFAULT_BUDGET));
    }

    #[test]
    fn a_gate_stands_beside_the_rates() {
        let page = render(&fixture::judged(), DEFAULT_BUDGET);
        let (head, rest) = page.split_once("\n### ").unwrap();
        insta::assert_snapshot!(head);
        assert!(rest.contains("Not matching"));
        // Its headline stays to the last.
        assert!(render(&fixture::judged(), 700).contains("gate release: insufficient"));
    }

    #[test]
    fn an_empty_run_is_a_verdict() {
        let run = fixture::run();
        let empty = RunResult::new(run.stella_version, run.started_at, run.finished_at, vec![], vec![]);
        assert_eq!(render(&empty, DEFAULT_BUDGET), "## stella: inconclusive\n\nnothing was replayed\n");
    }

    #[test]
    fn a_large_run_degrades_in_steps_and_says_what_is_missing() {
        let run = fixture::many(400);
        let mut shown = usize::MAX;
        for budget in [1_000_000, 65_000, 20_000, 8_000, 3_000, 700] {
            let page = render(&run, budget);
            assert!(page.len() <= budget);
            assert!(page.contains("800 of 2400 replays match"), "{page}");
            assert!(
                page.contains("\nNot shown here: ") && page.ends_with("The result file has everything.\n"),
                "{page}"
            );
            assert!(page.matches("<details").count() <= shown);
            shown = page.matches("<details").count();
        }
        assert_eq!(shown, 0);
    }

    #[test]
    fn any_budget_is_kept() {
        for budget in (0..1000).step_by(13) {
            assert!(render(&fixture::run(), budget).len() <= budget);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn foreign_text_is_inert(run in fixture::hostile_and_judged(), budget in 500usize..30_000) {
            let page = render(&run, budget);
            prop_assert!(page.len() <= budget);
            inert::check(&page);
        }
    }
}
