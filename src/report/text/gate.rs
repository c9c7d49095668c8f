//! The verdict of a gate, as `stella gate` shows it and as it stands at the end of a run.

use crate::model::judgement::{Judgement, Verdict, Weight};
use crate::report::text::style::{Ink, Style};
use crate::report::verdict_words;

/// Reasons that are shown; whoever wants all of them reads the JSON.
const REASONS: usize = 30;

/// What was counted, every reason, the verdict last.
pub fn gate(judgement: &Judgement, style: Style) -> String {
    let mut out = String::new();
    for measured in judgement.measured() {
        out += &format!("{}\n", verdict_words::measured(measured));
    }
    for reason in judgement.reasons().iter().take(REASONS) {
        let ink = match reason.weight {
            Weight::Note => Ink::Faint,
            Weight::Warn | Weight::Insufficient => Ink::Unsure,
            Weight::Fail => Ink::Bad,
        };
        let weight = style.paint(ink, verdict_words::weight(reason.weight));
        out += &format!("{weight} {}: {}\n", reason.code.code(), verdict_words::reason(reason));
    }
    if judgement.reasons().len() > REASONS {
        out += &format!("{} more reasons in the JSON\n", judgement.reasons().len() - REASONS);
    }
    if let Some(aloud) = verdict_words::aloud(judgement) {
        out += &format!("{} {aloud}\n", style.paint(Ink::Unsure, "insufficient evidence:"));
    }
    let ink = match judgement.verdict() {
        Verdict::Green => Ink::Good,
        Verdict::Warn | Verdict::Insufficient => Ink::Unsure,
        Verdict::Fail => Ink::Bad,
    };
    out + &style.paint(ink, &verdict_words::headline(judgement)) + "\n"
}
