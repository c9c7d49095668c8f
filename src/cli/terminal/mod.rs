//! What a person at a terminal sees while a command runs: data and talk, and how far it is.

pub(in crate::cli) mod output;
pub(in crate::cli) mod progress;

use crate::report::text::Style;

/// With colours, and as wide as COLUMNS says, where it is set.
pub(in crate::cli) fn style() -> Style {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.map_or_else(Style::coloured, |columns| Style::coloured().with_width(columns))
}
