//! Where findings flipped in a chain of snapshots, and what changed in the feed there.

use crate::model::experiment::bisect::{Bisection, Flip};
use crate::report::count::counted;
use crate::report::text::style::{Ink, Style};
use crate::report::untrusted;

/// One block for each finding.
pub fn bisection(of: &Bisection, style: Style) -> String {
    let mut out: String = of.flips.iter().map(|flip| block(flip, style)).collect();
    let flips = match of.flips.len() {
        0 => "no finding differs between the ends".to_owned(),
        some => format!("{} flipped", counted(some as u64, "finding", "findings")),
    };
    out += &format!("reproduce {}\n", untrusted::visible(&of.reproduce));
    out + &format!("{flips}: {} snapshots, {} replays\n", of.snapshots, of.replays)
}

fn block(flip: &Flip, style: Style) -> String {
    let [finding, before, at] = [&flip.finding, &flip.before.path, &flip.at.path].map(|text| untrusted::line(text));
    let heading = format!("finding {finding} {} at {at}", flip.direction.code());
    let mut out = format!("{}\n  before: {before}\n", style.paint(Ink::Heading, &heading));
    for record in &flip.records {
        let path = untrusted::line(&record.path);
        let advisory = record.advisory.as_deref().map(untrusted::line).unwrap_or(path);
        for field in &record.fields {
            let name = if field.path.is_empty() { "the record".to_owned() } else { untrusted::line(&field.path) };
            let side = |value: &Option<String>| value.as_deref().map_or("(absent)".to_owned(), untrusted::line);
            out += &format!("  advisory {advisory}: {name}: {} → {}\n", side(&field.before), side(&field.after));
        }
    }
    out
}
