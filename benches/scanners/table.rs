//! The table of `docs/scanners.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Fallible;

const BEGIN: &str = "<!-- written by `make scanners` -->\n";
const END: &str = "<!-- end -->\n";

/// One scan: how many of its replays were the same.
pub struct Row {
    scanner: String,
    output: String,
    version: String,
    /// The isolation that was reached.
    pub level: String,
    replays: u32,
    raw: u32,
    levels: [Option<u32>; 3],
    hidden: BTreeSet<String>,
    left: BTreeSet<String>,
}

impl Row {
    /// A scan that was not replayed yet.
    pub fn new(scanner: &str, output: &str, version: String) -> Self {
        Self {
            scanner: scanner.to_owned(),
            output: output.to_owned(),
            version,
            level: String::new(),
            replays: 0,
            raw: 0,
            levels: [None; 3],
            hidden: BTreeSet::new(),
            left: BTreeSet::new(),
        }
    }

    /// Counts one replay of a result document; `same_bytes` before any profile.
    pub fn count(&mut self, replay: &Value, same_bytes: bool) {
        self.replays += 1;
        self.raw += u32::from(same_bytes);
        for (count, level) in self.levels.iter_mut().zip(["bf", "sf", "pf"]) {
            if let Some(same) = replay["levels"][level].as_bool() {
                *count = Some(count.unwrap_or_default() + u32::from(same));
            }
        }
        for artifact in replay["artifacts"].as_array().into_iter().flatten() {
            // What is hidden matters where it differed.
            let masked = artifact["masked"].as_object().into_iter().flatten().filter(|_| !same_bytes);
            // A rule for the whole document has the empty path: such a rule maps roots.
            let named = |path: &String| if path.is_empty() { "folders".to_owned() } else { format!("`{path}`") };
            self.hidden.extend(masked.map(|(path, _)| named(path)));
        }
        for change in replay["diff_summary"]["artifacts"].as_array().into_iter().flatten() {
            let place = change["first_difference"].as_str().or_else(|| change["first_difference"]["pointer"].as_str());
            self.left.insert(format!("`{}`", place.unwrap_or("?")));
        }
    }

    fn cells(&self) -> [String; 8] {
        let rate = |count: u32| format!("{:.2}", f64::from(count) / f64::from(self.replays.max(1)));
        let level = |at: usize| self.levels[at].map_or_else(|| "n/a".to_owned(), rate);
        let list = |places: &BTreeSet<String>| places.iter().cloned().collect::<Vec<_>>().join(" ");
        let why = if self.left.is_empty() { list(&self.hidden) } else { format!("differs at {}", list(&self.left)) };
        let version = if self.version == "unknown" { "" } else { &self.version };
        [
            self.scanner.clone(),
            version.to_owned(),
            self.output.clone(),
            rate(self.raw),
            level(0),
            level(1),
            level(2),
            why,
        ]
    }

    /// The row as a line.
    pub fn line(&self) -> String {
        format!("| {} |", self.cells().join(" | "))
    }
}

/// Puts the rows between the marks of a page.
pub fn write(page: &Path, rows: &[Row]) -> Fallible<()> {
    let text = fs::read_to_string(page)?;
    let (before, rest) = text.split_once(BEGIN).ok_or("the page has no mark where the table begins")?;
    let (_, after) = rest.split_once(END).ok_or("the page has no mark where the table ends")?;
    let mut table = String::from("\n| scanner | version | output | raw | BF | SF | PF | what the profile hides |\n");
    table.push_str("|---|---|---|---|---|---|---|---|\n");
    for row in rows {
        table.push_str(&row.line());
        table.push('\n');
    }
    let levels: BTreeSet<String> = rows.iter().map(|row| format!("`{}`", row.level)).collect();
    let levels = levels.into_iter().collect::<Vec<_>>().join(", ");
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d");
    let taken = format!("\nTaken on {day}; isolation {levels}.\n\n");
    fs::write(page, format!("{before}{BEGIN}{table}{taken}{END}{after}"))?;
    Ok(())
}
