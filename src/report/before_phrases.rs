//! The words for whether what fails now failed before the change, the same in every output.

use crate::model::change::before::BeforeChange;
use crate::model::result::{ReplayResult, RunResult};
use crate::report::count::counted;
use crate::report::phrases;
use crate::report::untrusted;

/// Of one replay; nothing where nobody asked.
pub fn line(of: &ReplayResult) -> Option<String> {
    Some(match of.before.as_ref()? {
        BeforeChange::RedAsNow => "red too: the base's subject ends in the same way".to_owned(),
        BeforeChange::RedOtherwise => "red too, and otherwise: the base's subject differs in another way".to_owned(),
        BeforeChange::Green => "it matched: with the base's subject it still does, so this change breaks it".to_owned(),
        BeforeChange::NotKnown { why } => format!("not known: {}", untrusted::line(why)),
    })
}

/// Of all that fail; nothing where nobody asked.
pub fn in_short(run: &RunResult) -> Option<String> {
    let all: Vec<&BeforeChange> = run.replays.iter().filter(|of| !phrases::is_match(of)).filter_map(before).collect();
    let count = |is: fn(&BeforeChange) -> bool| all.iter().filter(|of| is(of)).count() as u64;
    let parts = [
        (count(|of| *of == BeforeChange::Green), "by this change"),
        (count(|of| *of == BeforeChange::RedAsNow), "red before it in the same way"),
        (count(|of| *of == BeforeChange::RedOtherwise), "red before it in another way"),
        (count(|of| matches!(of, BeforeChange::NotKnown { .. })), "not known"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let failing = counted(all.len() as u64, "replay fails", "replays fail");
    (!all.is_empty()).then(|| format!("{failing} with what this checkout builds: {}", parts.join(", ")))
}

fn before(of: &ReplayResult) -> Option<&BeforeChange> {
    of.before.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn each_way_is_counted_and_what_matches_is_not() {
        let mut run = fixture::run();
        assert_eq!((in_short(&run), line(&run.replays[0])), (None, None));
        let ways = [
            BeforeChange::RedAsNow,
            BeforeChange::Green,
            BeforeChange::Green,
            BeforeChange::NotKnown { why: "::error::\u{1b}[2J".to_owned() },
        ];
        let mut ways = ways.iter().cycle();
        run.replays.iter_mut().for_each(|of| of.before = ways.next().cloned());
        let failing = run.replays.iter().filter(|of| !phrases::is_match(of)).count();
        let said = in_short(&run).unwrap();
        assert!(said.starts_with(&format!("{failing} replays fail with what this checkout builds: ")), "{said}");
        assert!(said.contains(" by this change") && !said.contains("another way"), "{said}");
        let lines: Vec<String> = run.replays.iter().filter_map(line).collect();
        assert_eq!(lines[0], "red too: the base's subject ends in the same way");
        assert!(lines[3].starts_with("not known: ") && !lines[3].contains('\u{1b}'), "{}", lines[3]);
    }
}
