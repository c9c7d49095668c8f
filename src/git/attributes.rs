//! What the attributes of a commit make of its files when they are written into a checkout.
//!
//! Invariant: only `.gitattributes` of that commit are asked, as git reads them, and never those that lie in the checkout.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::git::repository::Repository;

/// The file in which a commit names them.
pub const FILE_NAME: &str = ".gitattributes";

/// Attributes by which git writes another file than it keeps.
const OF_WRITING: [&str; 6] = ["text", "eol", "crlf", "ident", "filter", "working-tree-encoding"];

/// Values of a file's attributes, those that are said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written(BTreeMap<String, String>);

impl Written {
    /// Whether the file is written as it is kept, on every machine. What Git LFS keeps is known by its content.
    pub fn is_as_kept(&self) -> bool {
        let is_off = |name: &str| !self.0.contains_key(name) || self.is(name, "unset");
        self.keeps_line_ends()
            && is_off("ident")
            && is_off("working-tree-encoding")
            && (is_off("filter") || self.is("filter", "lfs"))
    }

    /// Whether the file is written otherwise on no machine on which it is not by `other` too: nothing is said of it, so that only a
    /// machine's own settings change its line ends, and those change them by `other` as well.
    pub fn is_no_more_than(&self, other: &Self) -> bool {
        self.0.is_empty() && !other.keeps_line_ends()
    }

    /// Line feeds stay what they are (gitattributes(5): `eol=lf`, `-text`; `input` is what those were called before).
    fn keeps_line_ends(&self) -> bool {
        let of_text = if self.0.contains_key("text") { "text" } else { "crlf" };
        self.is("eol", "lf") || self.is(of_text, "unset") || self.is(of_text, "input")
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.0.get(name).is_some_and(|known| known == value)
    }

    /// Whether Git LFS writes what its pointer names.
    pub fn is_of_lfs(&self) -> bool {
        self.0.get("filter").is_some_and(|filter| filter == "lfs")
    }

    /// As they stand in such a file; `nothing` where nothing is said.
    pub fn told(&self) -> String {
        let told = |(name, value): (&String, &String)| match value.as_str() {
            "set" => name.clone(),
            "unset" => format!("-{name}"),
            value => format!("{name}={value}"),
        };
        let all: Vec<String> = self.0.iter().map(told).collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(" ") }
    }
}

impl Repository {
    /// How each of `paths` (from the top) is written into a checkout of `commit`.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn written(&self, commit: &ObjectId, paths: &BTreeSet<&str>) -> Result<BTreeMap<String, Written>, GitError> {
        let index = self.private(&format!("index-{commit}"));
        let questions = self.private("paths");
        let failed = |source| GitError::Write { path: questions.clone(), source };
        let mut text = String::new();
        for path in paths {
            text += path;
            text += "\0";
        }
        std::fs::write(&questions, text).map_err(failed)?;
        let read = ["read-tree", commit.as_str()];
        self.run_with_index(&index, &read, std::process::Stdio::null())?;
        let mut ask = vec!["check-attr", "--cached", "--stdin", "-z"];
        ask.extend(OF_WRITING);
        let said = self.run_with_index(&index, &ask, File::open(&questions).map_err(failed)?.into())?;
        let mut found: BTreeMap<String, Written> = BTreeMap::new();
        // `<path> NUL <attribute> NUL <value> NUL`
        let mut words = said.split('\0');
        while let (Some(path), Some(name), Some(value)) = (words.next(), words.next(), words.next()) {
            let of_path = found.entry(path.to_owned()).or_default();
            if value != "unspecified" {
                of_path.0.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_as_kept_where_nothing_changes_it_on_any_machine() {
        let written = |said: &[(&str, &str)]| {
            Written(said.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        for said in [
            &[("text", "unset")][..],
            &[("crlf", "unset")],
            &[("text", "unset"), ("eol", "crlf")],
            &[("text", "unset"), ("filter", "lfs")],
            &[("text", "unset"), ("ident", "unset"), ("filter", "unset")],
            &[("text", "auto"), ("eol", "lf")],
            &[("text", "set"), ("eol", "lf")],
            &[("eol", "lf"), ("filter", "lfs")],
            &[("crlf", "input")],
        ] {
            assert!(written(said).is_as_kept(), "{said:?}");
        }
        for said in [
            &[][..],
            &[("text", "auto")],
            &[("eol", "crlf")],
            &[("filter", "lfs")],
            &[("text", "set"), ("crlf", "unset")],
            &[("text", "auto"), ("eol", "native")],
            &[("text", "auto"), ("crlf", "input")],
            &[("eol", "lf"), ("ident", "set")],
            &[("text", "unset"), ("ident", "set")],
            &[("text", "unset"), ("filter", "rot13")],
            &[("text", "unset"), ("working-tree-encoding", "UTF-16")],
        ] {
            assert!(!written(said).is_as_kept(), "{said:?}");
        }
        let nothing = written(&[]);
        for (said, is_no_more) in [
            (&[("text", "auto")][..], true),
            (&[("text", "set"), ("ident", "set")], true),
            (&[("eol", "crlf")], true),
            (&[], true),
            (&[("text", "unset")], false),
            (&[("text", "auto"), ("eol", "lf")], false),
        ] {
            assert_eq!(nothing.is_no_more_than(&written(said)), is_no_more, "{said:?}");
            assert!(!written(&[("text", "auto")]).is_no_more_than(&written(said)), "{said:?}");
        }
        assert_eq!(written(&[("text", "unset"), ("eol", "crlf"), ("ident", "set")]).told(), "eol=crlf ident -text");
        assert_eq!(written(&[]).told(), "nothing");
    }
}
