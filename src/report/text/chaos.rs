//! A table of perturbations: what was done, what came of it.

use comfy_table::{ContentArrangement, Table, presets};

use crate::model::experiment::chaos::{Chaos, Perturbation, PerturbationOutcome};
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
    let untested = of.perturbations.iter().filter(|one| one.shown == PerturbationOutcome::NotTested).count();
    let (ink, verdict) = verdict(of);
    let untested = if untested == 0 { String::new() } else { format!("; {untested} not tested") };
    let reproduce = untrusted::visible(&of.reproduce);
    format!("{table}\nreproduce {reproduce}\n{}\n", style.paint(ink, &(verdict + &untested)))
}

/// What the whole table says. Only what the table blames is named here.
fn verdict(of: &Chaos) -> (Ink, String) {
    let blamed = of.blamed().join(", ");
    match (of.differs_from_itself(), blamed.is_empty()) {
        (false, true) => (Ink::Good, "steady: no perturbation changes a result".to_owned()),
        (false, false) => (Ink::Bad, format!("shaken by {blamed}")),
        (true, true) => (Ink::Bad, "not repeatable: the scan differs from itself, whatever is perturbed".to_owned()),
        (true, false) => (Ink::Bad, format!("not repeatable: the scan differs from itself; also shaken by {blamed}")),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(outcomes: &[(&str, PerturbationOutcome)]) -> Chaos {
        let perturbation = |(name, shown): &(&str, PerturbationOutcome)| Perturbation {
            name: (*name).to_owned(),
            what: String::new(),
            shown: *shown,
            changed: Vec::new(),
            why: None,
        };
        let perturbations = outcomes.iter().map(perturbation).collect();
        Chaos { scan_id: String::new(), unperturbed: Vec::new(), perturbations, reproduce: String::new() }
    }

    fn last_line(of: &Chaos) -> String {
        chaos(of, Style::plain()).lines().last().unwrap_or_default().to_owned()
    }

    #[test]
    fn what_differs_from_itself_is_blamed_on_nothing() {
        use PerturbationOutcome::{Changed, NotTested, Same, Unstable};
        let racing = shown(&[("again", Unstable), ("uid", Unstable), ("seed", Same), ("cpu-count", NotTested)]);
        assert_eq!(
            last_line(&racing),
            "not repeatable: the scan differs from itself, whatever is perturbed; 1 not tested"
        );
        assert!(racing.is_shaken());
        let both = shown(&[("again", Unstable), ("clock", Changed)]);
        assert_eq!(last_line(&both), "not repeatable: the scan differs from itself; also shaken by clock");
        assert_eq!(last_line(&shown(&[("again", Same), ("clock", Changed)])), "shaken by clock");
        assert_eq!(last_line(&shown(&[("again", Same)])), "steady: no perturbation changes a result");
    }
}
