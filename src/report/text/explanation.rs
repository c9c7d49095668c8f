//! How a cause was found: the replays that were run, what each showed, and the conclusion.

use std::collections::HashMap;

use comfy_table::{ContentArrangement, Table, presets};

use crate::model::cause::{Cause, Factor};
use crate::model::experiment::explanation::{CellRuns, Change, Explanation};
use crate::report::count::counted;
use crate::report::text::style::{Ink, Style};
use crate::report::{phrases, untrusted};

/// Changes of one cause that are listed; whoever wants all of them reads the JSON.
const CHANGES: usize = 20;

/// The reasoning, for a terminal.
pub fn explanation(of: &Explanation, style: Style) -> String {
    let mut out = style.paint(Ink::Heading, "What differs between the recording and now") + "\n";
    out += &format!("  {}\n", names(&of.factors).unwrap_or_else(|| "nothing that can be swapped".to_owned()));
    for what in &of.not_excluded {
        out += &format!("  cannot be excluded: {}\n", untrusted::line(what));
    }
    out += &style.paint(Ink::Heading, "What was tried");
    out += &format!("\n{}\n", table(of, style));
    out += &style.paint(Ink::Heading, "What follows");
    out += "\n";
    for (by, alike) in groups(of) {
        let count = if alike.len() == 1 { "1 change".to_owned() } else { format!("{} changes", alike.len()) };
        out += &format!("  - {}: {count}\n", style.paint(Ink::Heading, &untrusted::line(by)));
        if let Some(evidence) = alike.first().and_then(|change| change.cause.as_ref()).and_then(phrases::evidence) {
            out += &format!("    {}\n", style.paint(Ink::Faint, &evidence));
        }
        for change in alike.iter().take(CHANGES) {
            out += &format!("    · {}\n", untrusted::line(&change.what));
        }
        if alike.len() > CHANGES {
            out += &format!("    · and {} more\n", alike.len() - CHANGES);
        }
    }
    out += &format!("  noise: {}\n", phrases::noise(&of.noise));
    let partial = if of.partial { "; the budget ended before everything was sure (partial)" } else { "" };
    out += &format!("  causes: {}, found with {} replays{partial}\n", untrusted::line(&of.summary), of.replays);
    out
}

/// The changes by what they are put on and by what proves it, in the order in which they come.
fn groups(of: &Explanation) -> Vec<(&str, Vec<&Change>)> {
    let mut groups: Vec<(&str, Vec<&Change>)> = Vec::new();
    let mut places: HashMap<(&str, Option<&Cause>), usize> = HashMap::new();
    for change in &of.changes {
        let place = *places.entry((&change.by, change.cause.as_ref())).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.1.push(change),
            None => groups.push((&change.by, vec![change])),
        }
    }
    groups
}

fn table(of: &Explanation, style: Style) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(style.width());
    table.set_header(["taken from now", "runs", "what came out", "inputs"]);
    for cell in &of.cells {
        let from_now = match names(&cell.from_now) {
            None => "nothing: all as recorded".to_owned(),
            Some(_) if cell.from_now.len() == of.factors.len() && of.factors.len() > 1 => "everything".to_owned(),
            Some(names) => names,
        };
        table.add_row([from_now, cell.runs.to_string(), came_out(cell), cell.inputs.short()]);
    }
    table.to_string()
}

fn came_out(cell: &CellRuns) -> String {
    if let Some(why) = &cell.failed {
        return format!("no result: {}", untrusted::line(why.lines().next().unwrap_or_default()));
    }
    let shown = match cell.changed {
        0 => "as recorded".to_owned(),
        some => counted(some, "change", "changes"),
    };
    if cell.results > 1 { format!("{} different results; the first: {shown}", cell.results) } else { shown }
}

fn names(factors: &[Factor]) -> Option<String> {
    let names: Vec<String> = factors.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_reasoning_is_told_step_by_step() {
        insta::assert_snapshot!(explanation(&fixture::explanation(), Style::plain()));
    }
}
