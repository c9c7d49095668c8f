//! Where the input lay on the machine, replaced by a constant.

use std::fmt::Write as _;

use crate::canonical::document::rewrite::rewrite;
use crate::canonical::document::value::Value;
use crate::canonical::rule::matcher::{Follower, Place};
use crate::canonical::rule::{Rule, Stage};
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// What stands in place of a root.
const ROOT: &str = "(root)";

/// Absolute paths at which the input of a scan lay: what a profile's `root-map` replaces. A profile cannot hold them, for
/// they are the machine's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots {
    /// The longest first, each as it stands in a path and in a URI.
    spellings: Vec<String>,
}

/// Why a path is not a root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a root: expected an absolute path with a name in it")]
pub struct InvalidRoot(String);

impl Diagnostic for InvalidRoot {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

impl Roots {
    /// Reads absolute paths.
    ///
    /// # Errors
    /// When one is relative, or is `/` alone: that would be a part of every path.
    pub fn new(paths: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, InvalidRoot> {
        let mut spellings = Vec::new();
        for path in paths {
            let path: String = path.into();
            let plain = path.trim_end_matches('/');
            if !plain.starts_with('/') || plain.len() < 2 {
                return Err(InvalidRoot(path));
            }
            spellings.extend([encoded(plain), plain.to_owned()]);
        }
        spellings.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        spellings.dedup();
        Ok(Self { spellings })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.spellings.is_empty()
    }

    /// Whether a root may stand in a JSON text: never false where one does.
    pub(crate) fn may_be_in(&self, json: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(json) else { return true };
        // An escape may hide a character of a root.
        let is_escaped = || text.contains("\\/") || text.contains("\\u");
        !self.is_empty() && (self.spellings.iter().any(|root| text.contains(root.as_str())) || is_escaped())
    }

    /// Whether a root stands in a JSON text, as far as no escape hides it.
    pub(crate) fn stand_in(&self, json: &[u8]) -> bool {
        let text = String::from_utf8_lossy(json);
        self.spellings.iter().any(|root| text.contains(root.as_str()))
    }

    /// A JSON text in which the longest root is another, and that root; nothing where it is not there.
    pub(crate) fn moved(&self, json: &str) -> Option<(String, Self)> {
        const ELSEWHERE: &str = "/mnt/else where";
        let root = self.spellings.iter().find(|root| json.contains(root.as_str()))?;
        let moved = Self::new([ELSEWHERE]).ok()?;
        Some((json.replace(root.as_str(), ELSEWHERE), moved))
    }

    /// `text` with every root replaced; `None` where it holds none.
    fn replaced(&self, text: &str) -> Option<String> {
        let mut mapped: Option<String> = None;
        for root in &self.spellings {
            let from = mapped.as_deref().unwrap_or(text);
            if let Some(new) = replaced(from, root) {
                mapped = Some(new);
            }
        }
        mapped
    }
}

/// As a path stands in a URI (RFC 3986 §3.3: what is no `pchar` is encoded).
fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Whether a character is part of a name in a path: beside one, a root is a piece of another path.
fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || "._-%".contains(c)
}

fn replaced(text: &str, root: &str) -> Option<String> {
    let mut new = String::new();
    let mut kept = 0;
    for (at, _) in text.match_indices(root) {
        let end = at + root.len();
        let alone = !text[..at].ends_with(is_of_name) && !text[end..].starts_with(is_of_name);
        // `/tmp/root` within `/mnt/tmp/root` is preceded by a name; after `file://` by nothing of the kind.
        if alone && at >= kept {
            new.push_str(&text[kept..at]);
            new.push_str(ROOT);
            kept = end;
        }
    }
    (kept > 0).then(|| new + &text[kept..])
}

/// Replaces every root at and below the places that `rules` name; adds to `done` in how many texts and names.
pub(super) fn map(document: &mut Value<'_>, rules: &[Rule], roots: &Roots, done: &mut [u64]) {
    let (mut follower, place) = Follower::start(rules, Stage::RootMap);
    below(document, &mut follower, &place, roots, done);
}

fn below(value: &mut Value<'_>, follower: &mut Follower<'_>, place: &Place, roots: &Roots, done: &mut [u64]) {
    if let Some(index) = place.decision {
        done[index] += rewrite(value, &|text| roots.replaced(text));
        return;
    }
    if follower.is_done(place) {
        return;
    }
    match value {
        Value::Array(items) => {
            let element = follower.below(place, None);
            items.iter_mut().for_each(|item| below(item, follower, &element, roots, done));
            follower.leave(&element);
        }
        Value::Object(members) => {
            for member in members {
                let inner = follower.below(place, Some(&member.name));
                below(&mut member.value, follower, &inner, roots, done);
                follower.leave(&inner);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_found_where_a_path_begins() {
        let roots = Roots::new(["/tmp/my app/", "/tmp/my app/sub"]).unwrap();
        let rows = [
            ("/tmp/my app/src/a.c", Some("(root)/src/a.c")),
            ("/tmp/my app", Some("(root)")),
            ("/tmp/my app/", Some("(root)/")),
            ("/tmp/my app/sub/x", Some("(root)/x")),
            ("file:///tmp/my%20app/a.c", Some("file://(root)/a.c")),
            ("file:///tmp/my app/a.c", Some("file://(root)/a.c")),
            ("read /tmp/my app/a, /tmp/my app/b:3", Some("read (root)/a, (root)/b:3")),
            ("-I/tmp/my app", None),
            ("/tmp/my application", None),
            ("/tmp/my app.old/a", None),
            ("/mnt/tmp/my app/a", None),
            ("/tmp/other", None),
        ];
        for (text, expected) in rows {
            assert_eq!(roots.replaced(text).as_deref(), expected, "{text}");
        }
        for bad in ["", "/", "//", "a/b"] {
            assert!(Roots::new([bad]).is_err(), "{bad:?}");
        }
    }
}
