//! Which difference is noise, and which rule hides it.

use std::collections::BTreeSet;

use crate::canonical::rule::{Action, Anchor, TextPattern};
use crate::profiling::learn::compare::What;
use crate::profiling::learn::evidence::{Variation, VariationCounts};
use crate::profiling::mutation::meaning;

const UUID: &str = "(?i:(?:urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})";
const TIME: &str = "[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:\\.[0-9]+)? ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?";
const DATE_IN_WORDS: &str = "(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, )?(?:January|February|March|April|May|June|July|August|September|October|November|December) [0-9]{1,2}, [0-9]{4}";
/// Why a place is left that nothing is known of.
const UNKNOWN: &str = "it is not understood";
/// Why a place is left that is not under the path of the input, but follows it.
const PLACE: &str = "it follows how the folder of the input is called: record and replay have it at one place";
/// Members whose text names the object that they stand in.
const NAMING: [&str; 7] = ["bom-ref", "id", "@id", "uuid", "guid", "SPDXID", "spdxId"];

/// The action that hides all that was seen at `path` and what it is, or why it is not hidden: the first thing that is no
/// noise speaks for the place.
pub(super) fn judge_all(
    path: &str,
    seen: &BTreeSet<What>,
    evidence: &VariationCounts,
) -> Result<(Action, String), String> {
    let mut all: Option<(Action, String)> = None;
    for what in seen {
        let judged = judge(path, what, evidence)?;
        match &all {
            Some((action, _)) if *action != judged.0 => return Err("it is not always of the same kind".to_owned()),
            Some(_) => {}
            None => all = Some(judged),
        }
    }
    all.ok_or_else(|| UNKNOWN.to_owned())
}

fn judge(path: &str, what: &What, evidence: &VariationCounts) -> Result<(Action, String), String> {
    let is_of_the_run = evidence.has(Variation::Again) || evidence.has(Variation::Later);
    match what {
        What::Order => Ok((Action::Set { key: Vec::new() }, "the same elements in another order".to_owned())),
        What::Lengths(before, after) => Err(format!("{before} elements, then {after}")),
        What::Absent => Err("a member that is there only sometimes".to_owned()),
        What::Kinds => Err("values of different kinds".to_owned()),
        What::Numbers => match about(path) {
            Some(kind) => Err(kind),
            None if is_of_the_run => Ok((Action::Drop, "a measurement of the run".to_owned())),
            None => Err("a number that follows what was changed".to_owned()),
        },
        What::Texts { first, second, is_referred_to } => texts(path, (first, second), *is_referred_to).map_err(|why| {
            if why == UNKNOWN && evidence.is_only(Variation::Elsewhere) { PLACE.to_owned() } else { why }
        }),
    }
}

/// What a reader would act upon, by the names that lead to it; a name or an id may be random, the rest may not.
fn about(path: &str) -> Option<String> {
    let names: Vec<Option<&str>> = path.split('/').skip(1).map(|step| (step != "*").then_some(step)).collect();
    meaning(&names).filter(|kind| *kind != "identity").map(|kind| match kind {
        "identity" | "hash" | "fix" | "version" | "severity" | "status" | "licence" => format!("a {kind}"),
        other => other.to_owned(),
    })
}

fn texts(path: &str, (first, second): (&str, &str), is_referred_to: bool) -> Result<(Action, String), String> {
    if let Some(kind) = about(path) {
        return Err(kind);
    }
    let whole = |text: &str| pattern(text, Anchor::Whole);
    let both = |text: &str| whole(text).is_some_and(|pattern| pattern.is_match(first) && pattern.is_match(second));
    if both(UUID) {
        let last = path.rsplit('/').next().unwrap_or_default();
        if is_referred_to && NAMING.contains(&last) {
            let pattern = whole(UUID).ok_or(UNKNOWN)?;
            return Ok((
                Action::Relabel { pattern, at: Vec::new(), within: Vec::new() },
                "a random id that other places refer to".to_owned(),
            ));
        }
        if is_referred_to {
            return Err("a random id that refers to another place".to_owned());
        }
        return Ok((hidden(path, UUID), "a random id".to_owned()));
    }
    if both(TIME) {
        return Ok((hidden(path, TIME), "a time".to_owned()));
    }
    for (text, what) in
        [(DATE_IN_WORDS, "a date within a text"), (TIME, "a time within a text"), (UUID, "a random id within a text")]
    {
        let Some(pattern) = pattern(text, Anchor::Part) else { continue };
        let masked = |text: &str| pattern.replaced(text, "");
        if masked(first).is_some() && masked(first) == masked(second) {
            return Ok((Action::Mask { pattern: Some(pattern) }, what.to_owned()));
        }
    }
    Err(UNKNOWN.to_owned())
}

/// A place of its own is dropped. Of one among many, as of properties, only the part that is noise is hidden: the others
/// may hold something else.
fn hidden(path: &str, text: &str) -> Action {
    if path.split('/').any(|step| step == "*") {
        Action::Mask { pattern: pattern(text, Anchor::Part) }
    } else {
        Action::Drop
    }
}

/// A pattern of ours.
pub(super) fn pattern(text: &str, anchor: Anchor) -> Option<TextPattern> {
    TextPattern::new(text, anchor).ok()
}
