//! The parts of a trusted root with their validity, and whether another root can come after it.
//!
//! Invariant: every part counts, whatever it is for: logs of signatures and of certificates, authorities of certificates and of timestamps.
//! Absent: who gave a root out, which TUF tells.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::attest::trusted_root::TrustedRoot;

/// The lists of a trusted root (`sigstore_trustroot.proto`), how each of their entries is called, where it says how long it is valid, and by
/// what it is the same.
const LISTS: [(&str, &str, &str, &str); 4] = [
    ("tlogs", "log", "/publicKey/validFor", "/publicKey/rawBytes"),
    ("certificateAuthorities", "authority of certificates", "/validFor", "/certChain"),
    ("ctlogs", "log of certificates", "/publicKey/validFor", "/publicKey/rawBytes"),
    ("timestampAuthorities", "authority of timestamps", "/validFor", "/certChain"),
];

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    name: String,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

/// All of them, by what they are.
pub type Parts = BTreeMap<(&'static str, String), Part>;

/// The parts of `root`.
pub fn of(root: &TrustedRoot) -> Parts {
    let json: Value = serde_json::from_str(root.text()).unwrap_or_default();
    let mut parts = Parts::new();
    for (list, what, valid, identity) in LISTS {
        for entry in json.get(list).and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| entry.get(name).and_then(Value::as_str);
            let time = |name: &str| {
                entry
                    .pointer(valid)
                    .and_then(|valid| valid.get(name))
                    .and_then(Value::as_str)
                    .and_then(|at| at.parse().ok())
            };
            let identity = entry.pointer(identity).map(Value::to_string).unwrap_or_default();
            let name = text("baseUrl").or_else(|| text("uri")).unwrap_or("without a URL").to_owned();
            parts.insert((what, identity), Part { name, start: time("start"), end: time("end") });
        }
    }
    parts
}

/// Why `new` cannot come after `old`; `None` where it can.
pub fn is_no_successor(old: &Parts, new: &Parts) -> Option<String> {
    if new.is_empty() {
        return Some("it trusts nothing".to_owned());
    }
    if !old.is_empty() && !old.keys().any(|key| new.contains_key(key)) {
        return Some("it has nothing of it, so it is that of another instance".to_owned());
    }
    let reopened = old.iter().find(|(key, was)| {
        let is = new.get(key);
        is.is_some_and(|is| was.end.is_some_and(|end| is.end.is_none_or(|later| later > end)))
    });
    if let Some(((what, _), part)) = reopened {
        return Some(format!("it takes back that the {what} {} has ended", part.name));
    }
    let newest = |parts: &Parts| parts.values().filter_map(|part| part.start).max();
    (newest(new) < newest(old)).then(|| "the newest of its parts is older".to_owned())
}

/// What is other in `new`, a line each.
pub fn changes(old: &Parts, new: &Parts) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, is) in new {
        match old.get(key) {
            None => lines.push(format!("new      {} {}", key.0, is.name)),
            Some(was) if (was.start, was.end) != (is.start, is.end) => {
                let end = is.end.map_or_else(|| "without an end".to_owned(), |end| format!("until {end}"));
                lines.push(format!("changed  {} {} {end}", key.0, is.name));
            }
            Some(_) => {}
        }
    }
    lines.extend(
        old.iter()
            .filter(|(key, _)| !new.contains_key(key))
            .map(|(key, was)| format!("gone     {} {}", key.0, was.name)),
    );
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(list: &[(&'static str, &str, Option<&str>, Option<&str>)]) -> Parts {
        let time = |text: &Option<&str>| text.map(|text| text.parse().unwrap());
        let part = |(what, id, start, end): &(&'static str, &str, Option<&str>, Option<&str>)| {
            ((*what, (*id).to_owned()), Part { name: (*id).to_owned(), start: time(start), end: time(end) })
        };
        list.iter().map(part).collect()
    }

    #[test]
    fn what_takes_back_an_end_or_is_of_another_instance_does_not_come_after() {
        const ONE: &str = "2025-01-01T00:00:00Z";
        const TWO: &str = "2026-01-01T00:00:00Z";
        let old = parts(&[("log", "a", Some(ONE), Some(TWO)), ("log", "b", Some(TWO), None)]);
        let why = |list: &[(&'static str, &str, Option<&str>, Option<&str>)]| is_no_successor(&old, &parts(list));
        assert_eq!(is_no_successor(&old, &old), None);
        assert_eq!(why(&[("log", "a", Some(ONE), Some(TWO)), ("log", "b", Some(TWO), Some(TWO))]), None);
        assert!(why(&[("log", "a", Some(ONE), None), ("log", "b", Some(TWO), None)]).unwrap().contains("takes back"));
        assert!(why(&[("log", "a", Some(ONE), Some(TWO))]).unwrap().contains("older"));
        assert!(why(&[("log", "c", Some(TWO), None)]).unwrap().contains("another instance"));
        assert!(why(&[]).unwrap().contains("nothing"));
        let new = parts(&[("log", "b", Some(TWO), Some(TWO)), ("authority of certificates", "c", None, None)]);
        let said =
            ["new      authority of certificates c", "changed  log b until 2026-01-01T00:00:00Z", "gone     log a"];
        assert_eq!(changes(&old, &new), said);
    }

    #[test]
    fn every_list_is_read() {
        let root = TrustedRoot::public_good().unwrap();
        let parts = of(&root);
        let json: Value = serde_json::from_str(root.text()).unwrap();
        let count = LISTS.iter().map(|(list, ..)| json[*list].as_array().map_or(0, Vec::len)).sum::<usize>();
        assert_eq!(parts.len(), count);
        assert!(parts.values().all(|part| part.start.is_some()), "{parts:?}");
    }
}
