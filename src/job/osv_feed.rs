//! A feed of OSV records, read for the built-in scanner.
//!
//! Records are `.json` files, YAML files that have what a record must have, and both of them in `.zip` archives, as databases
//! publish them. What else lies in a feed is named.

use std::collections::BTreeMap;

use crate::archive::zip::{self, ZipRefused};
use crate::format::osv::{self, Advisory, MAX_BYTES, OsvError};

/// Why a feed cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// A record that cannot be read.
    #[error("`{file}` is not an OSV record")]
    Record {
        /// Its path in the feed.
        file: String,
        /// Why.
        source: OsvError,
    },
    /// An archive that is refused.
    #[error("`{file}` is refused")]
    Archive {
        /// Its path in the feed.
        file: String,
        /// Why.
        source: ZipRefused,
    },
    /// Nothing in it is a record.
    #[error(
        "no record was read in it: {seen}; a record is a `.json` file, or a `.yaml` file with `id` and `modified`, \
         alone or in a `.zip`"
    )]
    Nothing {
        /// What is in it.
        seen: String,
    },
    /// Its records are about no package, so that nothing is ever found with them.
    #[error("no record in it names a package ({records} read): nothing can be found with it")]
    NoPackage {
        /// How many there are.
        records: usize,
    },
}

/// What a feed holds.
#[derive(Debug, Default)]
pub struct Records {
    /// Its records.
    pub advisories: Vec<Advisory>,
    /// What else is in it, in words.
    pub unread: Vec<String>,
}

/// Reads every record. One that cannot be read is an error for the whole feed, for a finding that is missing in silence is
/// worse than no scan; so is a feed in which nothing is a record, or no record is about a package.
///
/// # Errors
/// Names the record that cannot be read, or says that nothing is one, or that none is about a package.
pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Records, FeedError> {
    let files = files.into_iter();
    // As many as there are files at least; growing by doubling would hold half as much again for nothing.
    let mut reader = Reader { advisories: Vec::with_capacity(files.size_hint().0), ..Reader::default() };
    for (path, bytes) in files {
        if path.ends_with(".zip") {
            reader.archive(path, bytes)?;
        } else {
            reader.file(path.to_owned(), bytes)?;
        }
    }
    let Reader { advisories, others } = reader;
    if advisories.is_empty() {
        let seen = if others.is_empty() { vec!["it is empty".to_owned()] } else { in_words(&others) };
        return Err(FeedError::Nothing { seen: seen.join(", ") });
    }
    // Records of repositories alone, as those that are made of the NVD's: an inventory has packages.
    if advisories.iter().flat_map(|advisory| &advisory.affected).all(|affected| affected.package.is_none()) {
        return Err(FeedError::NoPackage { records: advisories.len() });
    }
    let unread = in_words(&others).into_iter().map(|what| format!("{what} of the feed: not read, not a record"));
    Ok(Records { advisories, unread: unread.collect() })
}

#[derive(Default)]
struct Reader {
    advisories: Vec<Advisory>,
    /// By how their names end: how many, and the first of them.
    others: BTreeMap<String, (usize, String)>,
}

fn may_be_record(path: &str) -> bool {
    [".json", ".yaml", ".yml"].iter().any(|end| path.ends_with(end))
}

impl Reader {
    fn file(&mut self, path: String, bytes: &[u8]) -> Result<(), FeedError> {
        let read = match path.ends_with(".json") {
            true => osv::read(bytes).map(Some),
            false if may_be_record(&path) => osv::read_yaml(bytes),
            false => Ok(None),
        };
        match read {
            Ok(Some(advisory)) => self.advisories.push(advisory),
            Ok(None) => self.other(&path),
            Err(source) => return Err(FeedError::Record { file: path, source }),
        }
        Ok(())
    }

    fn archive(&mut self, path: &str, bytes: &[u8]) -> Result<(), FeedError> {
        enum Stopped {
            Refused(ZipRefused),
            Feed(FeedError),
        }
        impl From<ZipRefused> for Stopped {
            fn from(refused: ZipRefused) -> Self {
                Self::Refused(refused)
            }
        }
        let mut others = Vec::new();
        let each = |name: &str, content: &[u8]| self.file(format!("{path}!{name}"), content).map_err(Stopped::Feed);
        let read =
            zip::read(bytes, MAX_BYTES as u64, may_be_record, each, |name| others.push(format!("{path}!{name}")));
        others.iter().for_each(|name| self.other(name));
        read.map_err(|stopped| match stopped {
            Stopped::Refused(source) => FeedError::Archive { file: path.to_owned(), source },
            Stopped::Feed(error) => error,
        })
    }

    fn other(&mut self, path: &str) {
        let name = path.rsplit(['/', '!']).next().unwrap_or(path);
        let ending = name.split_once('.').map_or_else(String::new, |(_, ending)| format!(".{ending}"));
        self.others.entry(ending).or_insert_with(|| (0, path.to_owned())).0 += 1;
    }
}

/// How many endings are told one by one.
const SHOWN: usize = 5;

fn in_words(others: &BTreeMap<String, (usize, String)>) -> Vec<String> {
    let mut words: Vec<String> = others
        .iter()
        .take(SHOWN)
        .map(|(ending, (count, first))| match (count, ending.as_str()) {
            (1, _) => format!("`{first}`"),
            (count, "") => format!("{count} files like `{first}`"),
            (count, ending) => format!("{count} files that end in `{ending}` (`{first}`)"),
        })
        .collect();
    let more: usize = others.values().skip(SHOWN).map(|(count, _)| count).sum();
    words.extend((more > 0).then(|| format!("{more} other files")));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &[u8] = br#"{"id":"X-1","affected":[{"package":{"ecosystem":"npm","name":"x"}}]}"#;
    const YAML: &[u8] = b"id: Y-1\nmodified: 2024-01-01T00:00:00Z\n";

    #[test]
    fn records_and_all_else() {
        let files = [("a.json", JSON), ("b/Y-1.yaml", YAML), ("c.yml", b"a: 1\n"), ("README", b""), ("LICENSE", b"")];
        let records = read(files).unwrap();
        let ids: Vec<_> = records.advisories.iter().map(|advisory| advisory.id.as_str()).collect();
        assert_eq!(ids, ["X-1", "Y-1"]);
        assert_eq!(
            records.unread,
            [
                "2 files like `README` of the feed: not read, not a record",
                "`c.yml` of the feed: not read, not a record"
            ]
        );
    }

    #[test]
    fn a_feed_without_a_record_is_refused_with_what_is_there() {
        for (files, seen) in [
            (vec![], "it is empty"),
            (vec![("PYSEC-1.yaml", &b"id: PYSEC-1\n"[..])], "`PYSEC-1.yaml`"),
            (vec![("a.json.gz", b"\x1f\x8b"), ("b.json.gz", b"\x1f\x8b")], "2 files that end in `.json.gz`"),
            (vec![("x.txt", b"")], "`x.txt`"),
        ] {
            let error = read(files).unwrap_err().to_string();
            assert!(error.starts_with("no record was read in it: ") && error.contains(seen), "{error}");
        }
        for none in [r#"{"id":"X-1"}"#, r#"{"id":"X-1","affected":[{"versions":["1"]}]}"#] {
            let error = read([("a.json", none.as_bytes()), ("Y-1.yaml", YAML)]).unwrap_err().to_string();
            assert_eq!(error, "no record in it names a package (2 read): nothing can be found with it");
        }
        let error = read([("all.zip", &b"no"[..])]).unwrap_err();
        assert!(matches!(error, FeedError::Archive { file, .. } if file == "all.zip"));
        assert!(matches!(read([("a.json", &b"{}"[..])]), Err(FeedError::Record { .. })));
    }
}
