//! What is split into shards: every case and canary of a run, with what it expects.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::suite::discover::Discovered;
use crate::flow::suite::shards::split;
use crate::job::manifest_summary;
use crate::model::digest::Digest;
use crate::model::shard::Shard;

/// Every case and canary of a run, by id: what identifies the content of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite(BTreeMap<String, String>);

impl Suite {
    /// What was found; without the cases where everything is replayed as recorded.
    pub fn of(found: &Discovered, pinned: bool) -> Self {
        let cases = found.cases.iter().filter(|_| !pinned).map(|case| {
            let mut content = "case".to_owned();
            for artifact in case.expected() {
                content += &format!(" {}:{} {}", artifact.name.len(), artifact.name, Digest::of(&artifact.bytes));
            }
            (case.metadata.id.clone(), content)
        });
        let canaries = found.canaries.iter().map(|canary| {
            let recording = manifest_summary::recording(&canary.manifest);
            let manifest = recording.map_or_else(|| "none".to_owned(), |of| of.manifest.to_string());
            (canary.id.clone(), format!("canary {manifest}"))
        });
        Self(cases.chain(canaries).collect())
    }

    /// One of these.
    #[cfg(test)]
    pub(super) fn of_ids<'a>(ids: impl IntoIterator<Item = &'a str>) -> Self {
        Self(ids.into_iter().map(|id| (id.to_owned(), "case".to_owned())).collect())
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its identity.
    pub fn digest(&self) -> Digest {
        let mut text = "stella.suite/1\n".to_owned();
        for (id, content) in &self.0 {
            // Both may hold anything: their lengths say where they end.
            text += &format!("{}:{id} {}:{content}\n", id.len(), content.len());
        }
        Digest::of(text.as_bytes())
    }

    /// What falls to each of `count` shards.
    pub fn split(&self, timings: &BTreeMap<String, u64>, count: u32) -> Vec<BTreeSet<String>> {
        split::split(&self.0.keys().map(String::as_str).collect(), timings, count)
    }

    /// What falls to one of them.
    pub fn ids_of(&self, shard: Shard, timings: &BTreeMap<String, u64>) -> BTreeSet<String> {
        let at = shard.index() as usize - 1;
        self.split(timings, shard.count()).into_iter().nth(at).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_is_its_ids_and_contents() {
        let digest = |ids: &[&str]| Suite::of_ids(ids.iter().copied()).digest();
        assert_eq!(digest(&["a", "b"]), digest(&["b", "a"]));
        assert_ne!(digest(&["a", "b"]), digest(&["a"]));
        assert_ne!(digest(&["a 4:case\n1:b"]), digest(&["a", "b"]));
        let mut other = Suite::of_ids(["a"]);
        other.0.insert("a".to_owned(), "canary none".to_owned());
        assert_ne!(other.digest(), digest(&["a"]));
    }
}
