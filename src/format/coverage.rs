//! `stella.coverage/1`: what a scan looked at and what not, on the wire.
//!
//! It holds what follows from the input and from the records about its packages. How many records a feed has is no part of
//! it: that changes every day. Numbers of lines and of elements are no part of it either: entries have no order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::format::error::FormatError;
use crate::format::json;
use crate::format::reading::Reading;

const FORMAT: &str = "stella coverage";
/// The schema that is read and written.
pub const SCHEMA: &str = "stella.coverage/1";
/// The name of the artifact.
pub const FILE: &str = "coverage.json";

/// The document.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverageV1 {
    /// `stella.coverage/1`
    schema: String,
    /// Files that were read, sorted by path.
    read: Vec<FileReadV1>,
    /// Files that list packages and were not read, sorted by path.
    not_read: Vec<FileNotReadV1>,
    /// Files of no known kind, sorted.
    unknown: Vec<String>,
    /// Packages that were not compared with the records of their ecosystem, or not wholly; sorted.
    not_compared: Vec<NotComparedV1>,
    /// Advisories about packages of the input that could not be evaluated, sorted.
    not_evaluated: Vec<NotEvaluatedV1>,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileReadV1 {
    /// The path in the input.
    path: String,
    /// What it was read as: `cargo-lock`, `cyclonedx`, …
    kind: String,
    /// How many packages it lists.
    packages: usize,
    /// The file that includes it, or that it tells something about; absent for a file that is read for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    with: Option<String>,
    /// Its entries that were left out, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOutV1>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LeftOutV1 {
    /// The entry, as the file names it.
    what: String,
    /// The reason.
    why: String,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileNotReadV1 {
    /// The path in the input.
    path: String,
    /// What it is.
    what: String,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NotComparedV1 {
    /// The package's purl, else `name@version`.
    package: String,
    /// The reason.
    why: String,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NotEvaluatedV1 {
    /// The id of the record.
    advisory: String,
    /// The package's purl, else `name@version`.
    package: String,
    /// The reason.
    why: String,
}

/// What could not be compared and evaluated, as `(package, why)` and `(advisory, package, why)`.
#[derive(Debug, Clone, Default)]
pub struct Undecided {
    /// Packages.
    pub packages: Vec<(String, String)>,
    /// Advisories.
    pub advisories: Vec<(String, String, String)>,
}

/// Writes the coverage of a scan.
pub fn write(reading: &Reading, undecided: &Undecided) -> Vec<u8> {
    let read = reading.read.iter().map(|file| {
        let without = |text: &str| without_places(text);
        let left_out =
            file.skipped.iter().map(|entry| LeftOutV1 { what: without(&entry.what), why: without(&entry.why) });
        let mut left_out: Vec<LeftOutV1> = left_out.collect();
        left_out.sort();
        FileReadV1 {
            path: file.path.clone(),
            kind: file.kind.code().to_owned(),
            packages: file.packages,
            with: file.with.clone(),
            left_out,
        }
    });
    let not_read =
        reading.not_read.iter().map(|file| FileNotReadV1 { path: file.path.clone(), what: file.what.to_owned() });
    let packages = undecided.packages.iter().cloned();
    let mut not_compared: Vec<_> = packages.map(|(package, why)| NotComparedV1 { package, why }).collect();
    not_compared.sort();
    let advisories = undecided.advisories.iter().cloned();
    let mut not_evaluated: Vec<_> =
        advisories.map(|(advisory, package, why)| NotEvaluatedV1 { advisory, package, why }).collect();
    not_evaluated.sort();
    json::write(&CoverageV1 {
        schema: SCHEMA.to_owned(),
        read: read.collect(),
        not_read: not_read.collect(),
        unknown: reading.unknown.clone(),
        not_compared,
        not_evaluated,
    })
}

/// One line for people.
///
/// # Errors
/// When the document is not `stella.coverage/1` to the letter.
pub fn in_a_line(text: &str) -> Result<String, FormatError> {
    json::check_schema(FORMAT, text, &[SCHEMA])?;
    let coverage: CoverageV1 = json::read(FORMAT, text)?;
    let some = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let left_out = coverage.read.iter().map(|file| file.left_out.len()).sum();
    let parts = [
        Some(some(coverage.read.len(), "file read", "files read").unwrap_or_else(|| "no file read".to_owned())),
        some(coverage.not_read.len(), "not read that lists packages", "not read that list packages"),
        some(coverage.unknown.len(), "of another kind", "of other kinds"),
        some(left_out, "entry left out", "entries left out"),
        some(coverage.not_compared.len(), "package not wholly compared", "packages not wholly compared"),
        some(coverage.not_evaluated.len(), "advisory not evaluated", "advisories not evaluated"),
    ];
    Ok(parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// A text without the numbers of lines and of elements: `line 3: it is local` and `components[3].purl`.
fn without_places(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['[', 'l']) {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let number = |mark: &str, end: &str| {
            let after = found.strip_prefix(mark)?;
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            (digits > 0).then(|| after[digits..].strip_prefix(end)).flatten()
        };
        let begins_word = !out.ends_with(char::is_alphanumeric);
        if let Some(after) = number("[", "]") {
            out.push_str("[]");
            rest = after;
        } else if let Some(after) = number("line ", ": ").filter(|_| begins_word) {
            // Of another file: its name stays.
            if let Some(name) = out.strip_suffix(' ') {
                out.truncate(name.len());
                out.push_str(": ");
            }
            rest = after;
        } else {
            out.push_str(&found[..1]);
            rest = &found[1..];
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::detect::inventory::InventoryKind;
    use crate::format::listing::Skipped;
    use crate::format::reading::{FileRead, NotRead};

    #[test]
    fn places_are_left_out() {
        for (text, expected) in [
            ("line 3: it is local", "it is local"),
            ("`base.txt` line 12: it is not pinned", "`base.txt`: it is not pinned"),
            ("components[3].components[0].purl", "components[].components[].purl"),
            ("baseline 3: x[y] line", "baseline 3: x[y] line"),
            ("", ""),
            ("l", "l"),
        ] {
            assert_eq!(without_places(text), expected);
        }
    }

    #[test]
    fn the_order_of_entries_does_not_matter() {
        let skipped = |what: &str, why: &str| Skipped { what: what.to_owned(), why: why.to_owned(), is_lost: false };
        let reading = |skipped: Vec<Skipped>| Reading {
            packages: Vec::new(),
            read: vec![FileRead {
                path: "a".into(),
                kind: InventoryKind::Requirements,
                packages: 2,
                skipped,
                with: None,
            }],
            not_read: vec![NotRead { path: "yarn.lock".into(), what: "a lockfile of Yarn" }],
            unknown: vec!["x".into(), "y".into()],
        };
        let undecided = Undecided {
            packages: vec![("b".into(), "no".into()), ("a".into(), "no".into())],
            advisories: vec![("X".into(), "b".into(), "no".into())],
        };
        let one = write(&reading(vec![skipped("b", "line 1: no"), skipped("a", "line 2: no")]), &undecided);
        let other = write(&reading(vec![skipped("a", "line 1: no"), skipped("b", "line 2: no")]), &undecided);
        assert_eq!(one, other);
        assert_eq!(
            in_a_line(std::str::from_utf8(&one).unwrap()).unwrap(),
            "1 file read, 1 not read that lists packages, 2 of other kinds, 2 entries left out, \
             2 packages not wholly compared, 1 advisory not evaluated"
        );
    }
}
