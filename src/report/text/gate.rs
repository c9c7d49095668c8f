//! The verdict of a gate, as `stella gate` shows it and as it stands at the end of a run.

use crate::model::gate_result::{GateResult, GateVerdict, Weight};
use crate::report::gate_phrases;
use crate::report::text::style::{Ink, Style};

/// Reasons that are shown; whoever wants all of them reads the JSON.
const REASONS: usize = 30;

/// What was counted, every reason, the verdict last.
pub fn gate(gate_result: &GateResult, style: Style) -> String {
    let mut out = String::new();
    for measured in gate_result.measured() {
        out += &format!("{}\n", gate_phrases::measured(measured));
    }
    for reason in gate_result.reasons().iter().take(REASONS) {
        let ink = match reason.weight {
            Weight::Note => Ink::Faint,
            Weight::Warn | Weight::Insufficient => Ink::Unsure,
            Weight::Fail => Ink::Bad,
        };
        let weight = style.paint(ink, gate_phrases::weight(reason.weight));
        out += &format!("{weight} {}: {}\n", reason.code.code(), gate_phrases::reason(reason));
    }
    if gate_result.reasons().len() > REASONS {
        out += &format!("{} more reasons in the JSON\n", gate_result.reasons().len() - REASONS);
    }
    if let Some(aloud) = gate_phrases::aloud(gate_result) {
        out += &format!("{} {aloud}\n", style.paint(Ink::Unsure, "insufficient evidence:"));
    }
    let ink = match gate_result.verdict() {
        GateVerdict::Green => Ink::Good,
        GateVerdict::Warn | GateVerdict::Insufficient => Ink::Unsure,
        GateVerdict::Fail => Ink::Bad,
    };
    out + &style.paint(ink, &gate_phrases::headline(gate_result)) + "\n"
}
