//! OSV records (<https://ossf.github.io/osv-schema/>, version 1.7): what a scanner needs of them.
//!
//! Strict in the fields that decide a match: an event names one thing, a range has an `introduced`, a type is
//! a known one. Unknown fields are accepted, as the schema asks; `database_specific` and `ecosystem_specific`
//! are read where they have a known shape and passed over where not.
//!
//! Absent: references, credits and details; evaluating ranges, which is the scanner's.

pub mod cvss;
mod record;
mod wire;

pub use record::{Advisory, Affected, AffectedPackage, Event, Range, RangeKind, VulnerableCode};
pub(crate) use wire::{Wire, WrittenRatings};

use std::borrow::Cow;

use crate::format::error::FormatError;
use crate::format::text::{UTF8_MARK, decode_marked};
use crate::model::text::objects;

/// Largest record in bytes; the largest published ones (kernel, malicious packages) are under 4 MiB.
pub const MAX_BYTES: usize = 16 << 20;
/// Most entries in any one list of a record.
pub const MAX_LIST: usize = 100_000;

/// Why bytes are not an OSV record.
#[derive(Debug, thiserror::Error)]
pub enum OsvError {
    /// More bytes than any record has.
    #[error("record of {bytes} bytes is larger than {MAX_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// A byte order mark that says another encoding than the bytes have.
    #[error(transparent)]
    Encoding(FormatError),
    /// Not JSON, or not the schema's shape.
    #[error("no OSV record at `{path}`")]
    Shape {
        /// Where, as a JSON path.
        path: String,
        /// What is wrong there.
        source: serde_json::Error,
    },
    /// YAML that has the members of a record and cannot be read.
    #[error("it is not YAML")]
    Yaml,
    /// A list with more entries than any record has.
    #[error("`{path}` has {count} entries, more than {MAX_LIST}")]
    TooMany {
        /// Which list, as a JSON path.
        path: String,
        /// How many.
        count: usize,
    },
    /// A range that can never begin.
    #[error("`{path}` has no `introduced`: add one (`0` for every version)")]
    NeverIntroduced {
        /// Which list of events, as a JSON path.
        path: String,
    },
}

/// Reads one record.
///
/// # Errors
/// Names the JSON path of what is not as the schema says.
pub fn read(bytes: &[u8]) -> Result<Advisory, OsvError> {
    if bytes.len() > MAX_BYTES {
        return Err(OsvError::TooLarge { bytes: bytes.len() });
    }
    let bytes = unmarked(bytes)?;
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let wire: Wire = objects::deserialize(&mut json)
        .map_err(|error| OsvError::Shape { path: error.path().to_string(), source: error.into_inner() })?;
    json.end().map_err(|source| OsvError::Shape { path: ".".into(), source })?;
    let advisory = Advisory::from(wire);
    check(&advisory)?;
    Ok(advisory)
}

/// Reads a record in YAML, as several databases keep theirs; `None` for YAML that does not have the schema's two required
/// members, `id` and `modified`: a directory of records holds other YAML too.
///
/// # Errors
/// As [`read`].
pub fn read_yaml(bytes: &[u8]) -> Result<Option<Advisory>, OsvError> {
    if bytes.len() > MAX_BYTES {
        return Err(OsvError::TooLarge { bytes: bytes.len() });
    }
    let bytes = &*unmarked(bytes)?;
    let Ok(value) = serde_yaml::from_slice::<serde_json::Value>(bytes) else {
        // Only what says that it is a record must be one.
        let says_so = |member: &[u8]| bytes.split(|byte| *byte == b'\n').any(|line| line.starts_with(member));
        return if says_so(b"id:") && says_so(b"modified:") { Err(OsvError::Yaml) } else { Ok(None) };
    };
    if value.get("id").is_none() || value.get("modified").is_none() {
        return Ok(None);
    }
    read(value.to_string().as_bytes()).map(Some)
}

/// The UTF-8 that a byte order mark stands before or says to be in another encoding.
fn unmarked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, OsvError> {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            let text = decode_marked("OSV record", bytes).map_err(OsvError::Encoding)?;
            Ok(Cow::Owned(text.into_owned().into_bytes()))
        }
        _ => Ok(Cow::Borrowed(bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes))),
    }
}

fn check(advisory: &Advisory) -> Result<(), OsvError> {
    let within = |count: usize, path: String| {
        if count > MAX_LIST { Err(OsvError::TooMany { path, count }) } else { Ok(()) }
    };
    within(advisory.aliases.len(), "aliases".into())?;
    within(advisory.upstream.len(), "upstream".into())?;
    within(advisory.related.len(), "related".into())?;
    within(advisory.affected.len(), "affected".into())?;
    for (i, affected) in advisory.affected.iter().enumerate() {
        within(affected.versions.len(), format!("affected[{i}].versions"))?;
        within(affected.ranges.len(), format!("affected[{i}].ranges"))?;
        within(affected.code.len(), format!("affected[{i}].ecosystem_specific"))?;
        for (j, range) in affected.ranges.iter().enumerate() {
            let path = format!("affected[{i}].ranges[{j}].events");
            within(range.events.len(), path.clone())?;
            if !range.events.iter().any(|event| matches!(event, Event::Introduced(_))) {
                return Err(OsvError::NeverIntroduced { path });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::ecosystem::Ecosystem;
    use crate::model::finding::Severity;

    fn read_value(value: &serde_json::Value) -> Result<Advisory, OsvError> {
        read(value.to_string().as_bytes())
    }

    #[test]
    fn the_records_of_each_database_are_read() {
        // Shapes of the GitHub, Go, RustSec and Debian databases, cut down to the fields that are read.
        let github = read(include_bytes!("../../../tests/data/scanner/osv/GHSA-r9p9-mrjm-926w.json")).unwrap();
        assert_eq!(github.aliases, ["CVE-2020-28498".to_owned()].into());
        assert_eq!(github.severity, Severity::Medium);
        assert_eq!(github.affected[0].ranges[0].events[1], Event::Fixed("6.5.4".into()));

        let go = read(include_bytes!("../../../tests/data/scanner/osv/GO-2021-0113.json")).unwrap();
        let symbols = ["MatchStrings".to_owned(), "MustParse".into(), "Parse".into(), "ParseAcceptLanguage".into()];
        let code = VulnerableCode::Import { path: "golang.org/x/text/language".into(), symbols: symbols.into() };
        assert_eq!(go.affected[0].code, [code].into());

        let rust = read(include_bytes!("../../../tests/data/scanner/osv/RUSTSEC-2021-0003.json")).unwrap();
        let code = VulnerableCode::Function("smallvec::SmallVec::insert_many".into());
        assert_eq!(rust.affected[0].code, [code].into());
        assert_eq!(rust.affected[0].severity, Severity::Critical);

        let debian = read(include_bytes!("../../../tests/data/scanner/osv/DEBIAN-CVE-2022-0778.json")).unwrap();
        assert_eq!(debian.upstream, ["CVE-2022-0778".to_owned()].into());
        let package = debian.affected[0].package.as_ref().unwrap();
        assert_eq!(package.ecosystem, Ecosystem::from("Debian:11"));
        assert_eq!(debian.affected[0].severity, Severity::High);
    }

    #[test]
    fn errors_name_the_path() {
        let range =
            |events| json!({ "id": "X-1", "affected": [{ "ranges": [{ "type": "SEMVER", "events": events }] }] });
        for (record, path) in [
            (json!({ "id": 1 }), "id"),
            (json!({ "id": "a b" }), "id"),
            (json!({ "id": "X-1", "withdrawn": "yesterday" }), "withdrawn"),
            (json!({ "id": "X-1", "affected": [{ "package": { "name": "x" } }] }), "affected[0].package"),
            (json!({ "id": "X-1", "affected": [{ "ranges": [{ "type": "DATE" }] }] }), "affected[0].ranges[0].type"),
            (range(json!([{ "introduced": "0", "fixed": "1" }])), "affected[0].ranges[0].events[0]"),
            (range(json!([{ "introduced": "0" }, {}])), "affected[0].ranges[0].events[1]"),
        ] {
            let OsvError::Shape { path: found, .. } = read_value(&record).unwrap_err() else { panic!("{record}") };
            assert_eq!(found, path, "{record}");
        }
        let error = read_value(&range(json!([{ "fixed": "1" }]))).unwrap_err();
        assert!(matches!(error, OsvError::NeverIntroduced { path } if path == "affected[0].ranges[0].events"));
        assert!(matches!(read(b"{\"id\":\"X-1\"} x"), Err(OsvError::Shape { .. })));
    }

    #[test]
    fn sizes_are_bounded() {
        assert!(matches!(read(&vec![b' '; MAX_BYTES + 1]), Err(OsvError::TooLarge { .. })));
        let versions: Vec<_> = (0..=MAX_LIST).collect::<Vec<_>>().iter().map(usize::to_string).collect();
        let error = read_value(&json!({ "id": "X-1", "affected": [{ "versions": versions }] })).unwrap_err();
        assert!(matches!(error, OsvError::TooMany { path, .. } if path == "affected[0].versions"));
    }

    #[test]
    fn records_in_yaml_are_the_same() {
        let yaml = b"id: PYSEC-2021-1\nmodified: 2021-01-02T03:04:05Z\naliases:\n- CVE-2021-1\naffected:\n- package:\n    name: x\n\
            \x20   ecosystem: PyPI\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: \"0\"\n    - fixed: 1.2.3\n  versions:\n  - '1.0'\n";
        let json = json!({ "id": "PYSEC-2021-1", "modified": "2021-01-02T03:04:05Z", "aliases": ["CVE-2021-1"],
            "affected": [{ "package": { "name": "x", "ecosystem": "PyPI" }, "versions": ["1.0"],
            "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }, { "fixed": "1.2.3" }] }] }] });
        assert_eq!(read_yaml(yaml).unwrap().unwrap(), read_value(&json).unwrap());
        for other in ["", "a: 1\n", "id: X-1\n", "[1", "&a [*a]", "- id: 1\n", "\u{1}"] {
            assert!(read_yaml(other.as_bytes()).unwrap().is_none(), "{other}");
        }
        assert!(read_yaml(b"id: X-1\nmodified: never\n").is_err());
        assert!(matches!(read_yaml(b"id: X-1\nmodified: 2021-01-01T00:00:00Z\nx: [\n"), Err(OsvError::Yaml)));
        // Aliases that would fill the memory.
        let mut bomb = "id: X-1\nmodified: 2021-01-01T00:00:00Z\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for i in 1..12 {
            let before = format!("*a{}", i - 1);
            bomb += &format!("a{i}: &a{i} [{}]\n", [before.as_str(); 10].join(","));
        }
        assert!(read_yaml(bomb.as_bytes()).is_err());
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(100_000);
        for field in ["database_specific", "aliases", "unknown"] {
            assert!(read(format!("{{\"id\":\"X-1\",\"{field}\":{deep}").as_bytes()).is_err(), "{field}");
        }
    }

    #[test]
    fn foreign_blocks_of_any_shape_are_passed_over() {
        for foreign in
            [json!(null), json!([]), json!(1), json!({ "severity": { "x": 1 }, "imports": "no", "cvss": [] })]
        {
            let record = json!({
                "id": "X-1", "aliases": null, "new_field": true, "database_specific": foreign,
                "severity": [{ "type": "CVSS_V4", "score": "CVSS:4.0/AV:N" }],
                "affected": [{ "ecosystem_specific": foreign, "database_specific": foreign, "versions": null }],
            });
            let advisory = read_value(&record).unwrap();
            assert_eq!((advisory.severity, advisory.affected[0].severity), (Severity::Unknown, Severity::Unknown));
            assert!(advisory.affected[0].code.is_empty());
        }
    }

    #[test]
    fn the_strongest_severity_counts() {
        for (record, expected) in [
            (json!({ "database_specific": { "severity": "MODERATE" } }), Severity::Medium),
            (
                json!({
                    "severity": [{ "type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
                    "database_specific": { "severity": "LOW" },
                }),
                Severity::Critical,
            ),
            (json!({ "severity": [{ "type": "CVSS_V3", "score": "9.8" }] }), Severity::Unknown),
            (json!({ "severity": [{ "type": "Ubuntu", "score": "high" }] }), Severity::High),
            (json!({ "database_specific": { "severity": "Important" } }), Severity::High),
            (
                json!({ "severity": [{ "type": "CVSS_V4",
                    "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }] }),
                Severity::Critical,
            ),
            (json!({ "severity": [{ "type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:N/I:N/A:C" }] }), Severity::High),
            (json!({ "summary": "Malicious code in a (npm)" }), Severity::Critical),
            (json!({ "aliases": ["MAL-2024-1"], "database_specific": { "severity": "LOW" } }), Severity::Critical),
            (json!({ "database_specific": { "cwe_ids": ["CWE-506"] } }), Severity::Critical),
            (json!({ "summary": "A malicious server can crash a" }), Severity::Unknown),
        ] {
            let mut record = record;
            record["id"] = "X-1".into();
            assert_eq!(read_value(&record).unwrap().severity, expected, "{record}");
        }
        let unread = json!({ "id": "X-1", "severity": [{ "type": "CVSS_V3", "score": "9.8" }],
            "database_specific": { "severity": "awful" } });
        assert_eq!(read_value(&unread).unwrap().unread_ratings, ["9.8", "awful"]);
        // In forms that are not known, and without the value.
        for (written, told) in
            [(json!(9.8), "9.8"), (json!(["HIGH"]), r#"["HIGH"]"#), (json!({ "x": 1 }), r#"{"x":1}"#)]
        {
            let record = json!({ "id": "X-1", "affected": [{ "database_specific": { "severity": written } }] });
            assert_eq!(read_value(&record).unwrap().affected[0].unread_ratings, [told]);
        }
        let empty = json!({ "id": "X-1", "severity": [{ "type": "CVSS_V3", "score": " " }] });
        assert_eq!(read_value(&empty).unwrap().unread_ratings, ["CVSS_V3 without a score"]);
        let unrated = json!({ "id": "X-1", "database_specific": { "severity": "not yet assigned" } });
        assert!(read_value(&unrated).unwrap().unread_ratings.is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_damaged_record_panics(at in 0usize..600, byte in any::<u8>()) {
            let mut bytes = include_bytes!("../../../tests/data/scanner/osv/GO-2021-0113.json").to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = read(&bytes);
        }
    }
}
