//! The listing as bytes: lines of JSON, a header and then one entry each, by the bytes of their paths.
//!
//! There is one form of a listing: it is compared and named by the digest of these bytes. Paths and targets are
//! [texts of paths](crate::model::text::path_bytes).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::closure::entry::{Entry, Modified};
use crate::closure::error::ListingError;
use crate::model::digest::Digest;
use crate::model::limits::MAX_CLOSURE_ENTRIES;
use crate::model::text::path_bytes;

const SCHEMA: &str = "stella.closure/1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema: String,
    scanner: String,
    entries: u64,
}

/// Seconds since the epoch and nanoseconds.
type Time = (i64, u32);

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum Line {
    Folder {
        path: String,
        mode: String,
        modified: Time,
        listed: bool,
    },
    File {
        path: String,
        mode: String,
        size: u64,
        modified: Time,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
    },
    Link {
        path: String,
        target: String,
    },
}

/// Writes a listing.
pub(crate) fn write(scanner: &str, entries: &BTreeMap<Vec<u8>, Entry>) -> Vec<u8> {
    let header = Header { schema: SCHEMA.to_owned(), scanner: scanner.to_owned(), entries: entries.len() as u64 };
    let mut bytes = Vec::new();
    // Texts and numbers only: always JSON.
    bytes.extend(serde_json::to_vec(&header).unwrap_or_default());
    bytes.push(b'\n');
    for (path, entry) in entries {
        let path = path_bytes::to_text(path);
        let of_mode = |mode: &u32| format!("{mode:04o}");
        let of_time = |modified: &Modified| (modified.seconds, modified.nanoseconds);
        let line = match entry {
            Entry::Folder { mode, modified, listed } => {
                Line::Folder { path, mode: of_mode(mode), modified: of_time(modified), listed: *listed }
            }
            Entry::File { mode, size, modified, content } => Line::File {
                path,
                mode: of_mode(mode),
                size: *size,
                modified: of_time(modified),
                sha256: content.map(|content| content.hex()),
            },
            Entry::Link { target } => Line::Link { path, target: path_bytes::to_text(target) },
        };
        bytes.extend(serde_json::to_vec(&line).unwrap_or_default());
        bytes.push(b'\n');
    }
    bytes
}

/// What a listing reads as: what its scanner is, and its entries by their paths.
pub(crate) type Parts = (String, BTreeMap<Vec<u8>, Entry>);

/// Reads a listing. Whether it may be one, and is in its one form, is the caller's to ask.
pub(crate) fn read(bytes: &[u8]) -> Result<Parts, ListingError> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let malformed = |line: usize| move |source| ListingError::Json { line, source };
    let header: Header = serde_json::from_slice(lines.next().unwrap_or_default()).map_err(malformed(1))?;
    if header.schema != SCHEMA {
        return Err(ListingError::Version { found: header.schema });
    }
    if header.entries > MAX_CLOSURE_ENTRIES {
        return Err(ListingError::TooMany { limit: MAX_CLOSURE_ENTRIES });
    }
    let mut entries = BTreeMap::new();
    for (number, line) in (2..).zip(lines) {
        if line.is_empty() {
            // The last one; any other is found out by the form.
            continue;
        }
        if entries.len() as u64 >= header.entries {
            return Err(ListingError::Form);
        }
        let (path, entry) =
            entry(serde_json::from_slice(line).map_err(malformed(number))?).ok_or(ListingError::Form)?;
        if entries.insert(path, entry).is_some() {
            return Err(ListingError::Form);
        }
    }
    Ok((header.scanner, entries))
}

fn entry(line: Line) -> Option<(Vec<u8>, Entry)> {
    let of_time = |(seconds, nanoseconds): Time| Modified { seconds, nanoseconds };
    let of_mode = |mode: &str| u32::from_str_radix(mode, 8).ok();
    let of_digest = |hex: &String| format!("sha256:{hex}").parse::<Digest>().ok();
    let (path, entry) = match line {
        Line::Folder { path, mode, modified, listed } => {
            (path, Entry::Folder { mode: of_mode(&mode)?, modified: of_time(modified), listed })
        }
        Line::File { path, mode, size, modified, sha256 } => {
            let content = match &sha256 {
                Some(hex) => Some(of_digest(hex)?),
                None => None,
            };
            (path, Entry::File { mode: of_mode(&mode)?, size, modified: of_time(modified), content })
        }
        Line::Link { path, target } => (path, Entry::Link { target: path_bytes::of_text(&target)? }),
    };
    Some((path_bytes::of_text(&path)?, entry))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::closure::error::Problem;
    use crate::closure::listing::Listing;
    use crate::model::text::damaged::damaged;

    const LISTING: &str = concat!(
        r#"{"schema":"stella.closure/1","scanner":"/usr/bin/scan","entries":5}"#,
        "\n",
        r#"{"kind":"folder","path":"/usr","mode":"0755","modified":[1700000000,5],"listed":false}"#,
        "\n",
        r#"{"kind":"folder","path":"/usr/bin","mode":"0755","modified":[-1,0],"listed":true}"#,
        "\n",
        r#"{"kind":"file","path":"/usr/bin/%0a","mode":"0644","size":7,"modified":[0,999999999]}"#,
        "\n",
        r#"{"kind":"file","path":"/usr/bin/scan","mode":"0755","size":3,"modified":[0,0],"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
        "\n",
        r#"{"kind":"link","path":"/usr/bin/x","target":"../bin/scan"}"#,
        "\n",
    );

    #[test]
    fn a_listing_reads_back_as_it_was() {
        let listing = Listing::parse(LISTING.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(listing.to_bytes()).unwrap(), LISTING);
        assert_eq!(listing.scanner(), "/usr/bin/scan");
        let totals = listing.totals();
        assert_eq!((totals.files, totals.bytes, totals.without_content, totals.folders, totals.links), (1, 3, 1, 2, 1));
    }

    /// Each row: what stands in the listing, what somebody puts there, and how that is refused.
    #[test]
    fn what_no_recording_writes_is_refused() {
        let path = |problem: Problem| move |error: &ListingError| matches!(error, ListingError::Entry { problem: found, .. } if *found == problem);
        let is_form = |error: &ListingError| matches!(error, ListingError::Form);
        let is_json = |error: &ListingError| matches!(error, ListingError::Json { .. });
        type Is<'a> = &'a dyn Fn(&ListingError) -> bool;
        let (bad_path, bad_link, bad_mode) = (path(Problem::Path), path(Problem::Link), path(Problem::Mode));
        let (bad_time, reserved, outside) = (path(Problem::Time), path(Problem::Reserved), path(Problem::NotInFolder));
        let rows: [(&str, &str, Is<'_>); 26] = [
            ("stella.closure/1", "stella.closure/2", &|error| matches!(error, ListingError::Version { .. })),
            ("\"entries\":5", "\"entries\":4", &is_form),
            ("\"entries\":5", "\"entries\":6", &is_form),
            ("\"entries\":5", "\"entries\":99999999", &|error| matches!(error, ListingError::TooMany { .. })),
            ("\"entries\":5", "\"entries\":5,\"more\":1", &is_json),
            ("\"listed\":true", "\"listed\":true,\"more\":1", &is_json),
            ("\"kind\":\"link\"", "\"kind\":\"device\"", &is_json),
            ("/usr/bin/%0a", "/usr/bin/scan", &is_form),
            ("/usr/bin/%0a", "/usr/bin/%0A", &is_form),
            ("/usr/bin/%0a", "/usr/bin/../x", &bad_path),
            ("/usr/bin/%0a", "/usr/bin/./x", &bad_path),
            ("/usr/bin/%0a", "/usr/bin//x", &bad_path),
            ("/usr/bin/%0a", "usr/bin/x", &bad_path),
            ("/usr/bin/%0a", "/usr/bin/a%00", &bad_path),
            ("/usr/bin/%0a", "/usr/bin/scan/x", &outside),
            ("/usr/bin/%0a", "/usr/bin/x/y", &outside),
            ("/usr/bin/%0a", "/usr/lib/x", &outside),
            ("/usr/bin/%0a", "/dev", &reserved),
            ("\"mode\":\"0644\"", "\"mode\":\"4644\"", &bad_mode),
            ("\"mode\":\"0644\"", "\"mode\":\"1644\"", &bad_mode),
            ("\"mode\":\"0644\"", "\"mode\":\"644\"", &is_form),
            ("999999999", "1000000000", &bad_time),
            ("../bin/scan", "../../../etc/passwd", &bad_link),
            ("../bin/scan", "", &bad_link),
            ("\"scanner\":\"/usr/bin/scan\"", "\"scanner\":\"scan\"", &bad_path),
            ("\"size\":7", "\"size\": 7", &is_form),
        ];
        for (there, put, is_it) in rows {
            assert!(LISTING.contains(there), "{there}");
            let error = Listing::parse(LISTING.replacen(there, put, 1).as_bytes()).unwrap_err();
            assert!(is_it(&error), "{put}: {error:?}");
        }
        // Another order, an empty line, no end of line, nothing.
        let mut lines: Vec<&str> = LISTING.lines().collect();
        lines.swap(3, 4);
        for text in [
            lines.join("\n") + "\n",
            LISTING.replace("\n{\"kind\":\"link", "\n\n{\"kind\":\"link"),
            LISTING.trim_end().to_owned(),
        ] {
            assert!(matches!(Listing::parse(text.as_bytes()), Err(ListingError::Form)), "{text}");
        }
        assert!(matches!(Listing::parse(b""), Err(ListingError::Json { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_listing_or_refused(bytes: Vec<u8>, damaged in damaged(LISTING.as_bytes())) {
            for bytes in [bytes, damaged] {
                if let Ok(listing) = Listing::parse(&bytes) {
                    prop_assert_eq!(listing.to_bytes(), bytes);
                }
            }
        }
    }
}
