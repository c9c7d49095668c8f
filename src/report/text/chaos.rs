//! A table of perturbations: what was done, what came of it.

use comfy_table::{ContentArrangement, Table, presets};

use crate::model::chaos::{Chaos, Perturbation, PerturbationOutcome};
use crate::report::text::style::{Ink, Style};
use crate::report::untrusted;

/// The table and the verdict.
pub fn chaos(of: &Chaos, style: Style) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(style.width());
    table.set_header(["perturbation", "what", "result", "artifacts"]);
    for one in &of.perturbations {
        table.add_row([one.name.clone(), one.what.clone(), result(one), artifacts(one)]);
    }
    let shaking: Vec<&str> = of
        .perturbations
        .iter()
        .filter(|one| !matches!(one.shown, PerturbationOutcome::Same | PerturbationOutcome::NotTested))
        .map(|one| one.name.as_str())
        .collect();
    let untested = of.perturbations.iter().filter(|one| one.shown == PerturbationOutcome::NotTested).count();
    let (ink, verdict) = match shaking.as_slice() {
        [] => (Ink::Good, "steady: no perturbation changes a result".to_owned()),
        names => (Ink::Bad, format!("shaken by {}", names.join(", "))),
    };
    let untested = if untested == 0 { String::new() } else { format!("; {untested} not tested") };
    let reproduce = untrusted::visible(&of.reproduce);
    format!("{table}\nreproduce {reproduce}\n{}\n", style.paint(ink, &(verdict + &untested)))
}

fn result(one: &Perturbation) -> String {
    match &one.why {
        None => one.shown.words().to_owned(),
        Some(why) => format!("{}: {}", one.shown.words(), untrusted::line(why.lines().next().unwrap_or_default())),
    }
}

fn artifacts(one: &Perturbation) -> String {
    const SHOWN: usize = 10;
    let named: Vec<String> = one
        .changed
        .iter()
        .take(SHOWN)
        .map(|artifact| format!("{} → {}", untrusted::line(&artifact.name), artifact.canonical.short()))
        .collect();
    named.join("\n")
}
