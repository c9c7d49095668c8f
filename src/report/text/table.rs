//! The table of a run: one row per replay.

use comfy_table::{ContentArrangement, Table, presets};

use crate::model::comparison::fidelity::Level;
use crate::model::result::{ReplayResult, RunResult};
use crate::report::text::style::Style;
use crate::report::{phrases, untrusted};

/// The table, with a border: no line of it begins with the text of a cell.
pub(crate) fn table(run: &RunResult, style: Style) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(style.width());
    table.set_header(["id", "kind", "mode", "outcome", "BF", "SF", "PF", "cause", "time"]);
    for replay in &run.replays {
        table.add_row(row(replay));
    }
    table.to_string()
}

fn row(replay: &ReplayResult) -> [String; 9] {
    let [bf, sf, pf] = Level::ALL.map(|level| phrases::level(replay.fidelity, level).to_owned());
    [
        untrusted::line(&replay.id),
        phrases::kind(replay.kind).to_owned(),
        phrases::mode(replay.mode).to_owned(),
        phrases::outcome(&replay.outcome).to_owned(),
        bf,
        sf,
        pf,
        phrases::cause_cell(&replay.outcome),
        duration(replay.duration_ms),
    ]
}

/// Milliseconds as seconds: `1.23 s`.
pub(crate) fn duration(ms: u64) -> String {
    format!("{}.{:02} s", ms / 1000, ms % 1000 / 10)
}
