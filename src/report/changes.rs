//! What changed, as lines that a person reads: shared by terminal, JUnit and Markdown.
//!
//! Invariants: every line is harmless (see [`crate::report::untrusted`]) and begins with a word or a sign of
//! ours; what was cut is counted.

use crate::model::comparison::diff::{
    ArtifactChange, DecisionChange, DiffSummary, Direction, FieldChange, FindingFlip, PackageChange, PlaceChange, Top,
    VexChange,
};
use crate::model::digest::Digest;
use crate::model::dimension::{Dimension, Dimensions};
use crate::report::{phrases, untrusted};

/// Entries of one list inside a line (versions, reason codes).
const LIST: usize = 10;

/// Which way a line points; the words of the line say it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A heading or a detail.
    Plain,
    /// Only the replay has it.
    Added,
    /// Only the recording has it.
    Removed,
    /// Both have it, and it differs.
    Changed,
}

impl Mark {
    /// `+`, `-`, `~`, or a space.
    pub fn sign(self) -> char {
        match self {
            Self::Plain => ' ',
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
        }
    }
}

impl From<Direction> for Mark {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Appeared => Self::Added,
            Direction::Disappeared => Self::Removed,
            Direction::Changed => Self::Changed,
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which way it points.
    pub mark: Mark,
    /// How far it is indented, in steps.
    pub depth: usize,
    /// What it says; one harmless line.
    pub text: String,
}

impl Line {
    /// The line with its sign and indentation: `+ CVE-2021-44228 …`.
    pub fn to_text(&self) -> String {
        format!("{:indent$}{} {}", "", self.mark.sign(), self.text, indent = self.depth * 2)
    }
}

/// The lines of a diff, most important first; none where nothing differs.
pub fn lines(diff: &DiffSummary) -> Vec<Line> {
    let mut out = Vec::new();
    if let Some(change) = &diff.decision {
        decision(change, &mut out);
    }
    section("findings", "flipped", &diff.findings, &mut out, finding);
    section("packages", "changed", &diff.packages, &mut out, package);
    section("vex statements", "changed", &diff.vex, &mut out, vex);
    if !diff.artifacts.is_empty() {
        plain(0, format!("artifacts: {} changed in canonical bytes", diff.artifacts.len()), &mut out);
        diff.artifacts.iter().for_each(|change| artifact(change, &mut out));
    }
    out
}

/// The first `max` lines of a diff and one that counts the rest.
pub fn first_lines(diff: &DiffSummary, max: usize) -> Vec<Line> {
    let mut all = lines(diff);
    if all.len() > max {
        let more = all.len() - max;
        all.truncate(max);
        plain(0, format!("… {more} more lines"), &mut all);
    }
    all
}

/// One sentence with the counts of what differs; empty where nothing does.
pub fn in_short(diff: &DiffSummary) -> String {
    let mut parts = Vec::new();
    if let Some(change) = &diff.decision {
        parts.push(format!("decision {} → {}", side(&change.before), side(&change.after)));
    }
    let counts = [
        (diff.findings.total(), "finding", "findings", "flipped"),
        (diff.packages.total(), "package", "packages", "changed"),
        (diff.vex.total(), "vex statement", "vex statements", "changed"),
        (diff.artifacts.len(), "artifact", "artifacts", "changed"),
    ];
    for (count, one, many, what) in counts.into_iter().filter(|(count, ..)| *count > 0) {
        parts.push(format!("{count} {} {what}", if count == 1 { one } else { many }));
    }
    if let Some(first) = diff.findings.shown.first() {
        parts.push(format!("first {} {}", untrusted::line(&first.cve_id), first.direction.code()));
    }
    parts.join(", ")
}

/// One line per input whose digest differs.
pub fn inputs(recorded: &Dimensions, replayed: &Dimensions) -> Vec<String> {
    let pairs = recorded.by_floor_order().into_iter().zip(replayed.by_floor_order());
    let differing = pairs.filter(|((_, before), (_, after))| before != after);
    let line = |((name, before), (_, after)): ((Dimension, Option<Digest>), (Dimension, Option<Digest>))| {
        let name = name.code();
        match (before, after) {
            // A case has no recording: its scanner is whatever runs it.
            (None, Some(after)) => format!("{name} (none recorded) → {}", after.short()),
            _ => format!("{name} {}", arrow(before, after)),
        }
    };
    differing.map(line).collect()
}

fn section<T>(name: &str, what: &str, top: &Top<T>, out: &mut Vec<Line>, each: fn(&T, &mut Vec<Line>)) {
    if top.total() == 0 {
        return;
    }
    let omitted = if top.omitted == 0 { String::new() } else { format!(" ({} not shown)", top.omitted) };
    plain(0, format!("{name}: {} {what}{omitted}", top.total()), out);
    top.shown.iter().for_each(|entry| each(entry, out));
}

fn finding(flip: &FindingFlip, out: &mut Vec<Line>) {
    let cause = flip.cause.as_ref().map(|cause| format!(" [{}]", phrases::cause(cause))).unwrap_or_default();
    let [id, purl, why] = [&flip.cve_id, &flip.affected_purl, &flip.why].map(|text| untrusted::line(text));
    let text = format!("{id} in {purl} ({}) {}: {why}{cause}", flip.severity, flip.direction.code());
    out.push(Line { mark: flip.direction.into(), depth: 1, text });
    if flip.direction == Direction::Changed {
        for change in &flip.changes {
            let field = untrusted::line(&change.field);
            plain(2, format!("· {field}: {} → {}", side(&change.before), side(&change.after)), out);
        }
    } else {
        let fields: Vec<String> = flip.changes.iter().filter_map(held).take(LIST).collect();
        if !fields.is_empty() {
            plain(2, format!("· {}", fields.join("; ")), out);
        }
    }
}

/// A field of a finding that only one side has; `None` where the line above says it already or it says nothing.
fn held(change: &FieldChange) -> Option<String> {
    const ALIASES: usize = 3;
    let value = change.after.as_deref().or(change.before.as_deref())?;
    match change.field.as_str() {
        "package" | "version" | "severity" => None,
        "reachability" if value == "unknown" => None,
        "fixed_versions" => Some(format!("fixed in {}", untrusted::line(value))),
        "aliases" => {
            let all: Vec<String> = value.split(", ").map(str::to_owned).collect();
            Some(format!("aliases {}", untrusted::list(&all, ALIASES)))
        }
        field => Some(format!("{} {}", untrusted::line(field), untrusted::line(value))),
    }
}

fn package(change: &PackageChange, out: &mut Vec<Line>) {
    let versions = |all: &[String]| if all.is_empty() { "(absent)".to_owned() } else { untrusted::list(all, LIST) };
    let (before, after) = (versions(&change.before), versions(&change.after));
    let text = format!("{} {}: {before} → {after}", untrusted::line(&change.name), change.direction.code());
    out.push(Line { mark: change.direction.into(), depth: 1, text });
}

fn vex(change: &VexChange, out: &mut Vec<Line>) {
    let [id, product] = [&change.vulnerability, &change.product].map(|text| untrusted::line(text));
    let text = format!("{id} in {product}: {} → {}", side(&change.before), side(&change.after));
    let mark = match (&change.before, &change.after) {
        (None, Some(_)) => Mark::Added,
        (Some(_), None) => Mark::Removed,
        _ => Mark::Changed,
    };
    out.push(Line { mark, depth: 1, text });
}

fn decision(change: &DecisionChange, out: &mut Vec<Line>) {
    let text = format!("decision: {} → {}", side(&change.before), side(&change.after));
    out.push(Line { mark: Mark::Changed, depth: 0, text });
    for (mark, what, reasons) in [
        (Mark::Added, "reasons added", &change.reasons_added),
        (Mark::Removed, "reasons removed", &change.reasons_removed),
    ] {
        if !reasons.is_empty() {
            out.push(Line { mark, depth: 1, text: format!("{what}: {}", untrusted::list(reasons, LIST)) });
        }
    }
}

fn artifact(change: &ArtifactChange, out: &mut Vec<Line>) {
    let mut text = format!("{}: {}", untrusted::line(&change.name), arrow(change.before, change.after));
    if let Some(pointer) = &change.first_difference {
        let at = if pointer.is_empty() { "the root".to_owned() } else { untrusted::line(pointer) };
        text += &format!(", first difference at {at}");
    }
    out.push(Line { mark: Mark::Changed, depth: 1, text });
    for PlaceChange { place, before, after } in &change.differences.shown {
        let at = if place.is_empty() { "the root".to_owned() } else { untrusted::line(place) };
        let mark = match (before, after) {
            (None, _) => Mark::Added,
            (_, None) => Mark::Removed,
            _ => Mark::Changed,
        };
        out.push(Line { mark, depth: 2, text: format!("{at}: {} → {}", side(before), side(after)) });
    }
    if change.differences.omitted > 0 {
        let (count, word) =
            (change.differences.omitted, if change.differences.omitted == 1 { "place" } else { "places" });
        plain(2, format!("and {count} more {word}"), out);
    }
}

fn plain(depth: usize, text: String, out: &mut Vec<Line>) {
    out.push(Line { mark: Mark::Plain, depth, text });
}

fn side(value: &Option<String>) -> String {
    value.as_deref().map_or_else(|| "(absent)".to_owned(), untrusted::line)
}

fn arrow(before: Option<Digest>, after: Option<Digest>) -> String {
    let short = |digest: Option<Digest>| digest.map_or_else(|| "(absent)".to_owned(), |digest| digest.short());
    format!("{} → {}", short(before), short(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_drift_reads_from_decision_to_bytes() {
        let text: Vec<String> = lines(&fixture::drifted().diff).iter().map(Line::to_text).collect();
        insta::assert_snapshot!(text.join("\n"));
    }

    #[test]
    fn nothing_differs_in_no_lines() {
        assert_eq!(lines(&DiffSummary::default()), []);
        assert_eq!(in_short(&DiffSummary::default()), "");
    }

    #[test]
    fn what_is_cut_is_counted() {
        let diff = fixture::drifted().diff;
        let cut = first_lines(&diff, 3);
        assert_eq!(cut.len(), 4);
        assert_eq!(cut[3].text, format!("… {} more lines", lines(&diff).len() - 3));
        assert_eq!(first_lines(&diff, 1000), lines(&diff));
    }

    #[test]
    fn only_inputs_that_differ_are_named() {
        let replay = fixture::drifted();
        let named = inputs(&replay.recorded, &replay.replayed);
        assert_eq!(named.len(), 1);
        assert!(named[0].starts_with("scanner "), "{named:?}");
    }
}
