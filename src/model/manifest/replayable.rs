//! A manifest from which a replay can start: every digest resolved, nothing left to guess.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use crate::model::digest::{Digest, DigestRef};
use crate::model::manifest::v1::{ClockMode, InputType, ScanManifest, ScannerKind};

/// Bytes with their identity and the blob that holds them.
///
/// For a file the two are one; for a directory `identity` is the content digest of its deterministic tar
/// and `blob` the digest of the compressed archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "explained above")]
pub struct Located {
    pub identity: Digest,
    pub blob: Digest,
}

/// A feed to restore.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub struct ReplayableFeed {
    pub name: String,
    pub archive: Located,
}

/// A manifest in which every digest is resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayableManifest {
    manifest: ScanManifest,
    /// What to scan.
    pub input: Located,
    /// How the scanner is packaged.
    pub scanner_kind: ScannerKind,
    /// The scanner.
    pub scanner: Located,
    /// Its configuration, where it was kept.
    pub config: Option<Located>,
    /// The feeds, in the manifest's order.
    pub feeds: Vec<ReplayableFeed>,
    /// The policy; `None` means the default policy of this program.
    pub policy: Option<Located>,
    /// The instant at which the scanner's clock stood, or began.
    pub clock: Timestamp,
}

/// Something that keeps a manifest from being replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the field.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.what)
    }
}

/// Every problem at once, so that a manifest is mended in one go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the manifest cannot be replayed: {}", list(.problems))]
pub struct NotReplayable {
    /// Never empty.
    pub problems: Vec<Problem>,
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl ReplayableManifest {
    /// The manifest as it was read.
    pub fn manifest(&self) -> &ScanManifest {
        &self.manifest
    }
}

impl TryFrom<ScanManifest> for ReplayableManifest {
    type Error = NotReplayable;

    fn try_from(manifest: ScanManifest) -> Result<Self, NotReplayable> {
        let mut check = Check { problems: placeholders(&manifest) };
        let input = check.input(&manifest);
        let scanner = check.scanner(&manifest);
        let config = check.config(&manifest);
        let feeds = check.feeds(&manifest);
        let policy = check.policy(&manifest);
        let clock = check.clock(&manifest);
        match (input, scanner, clock) {
            (Some(input), Some((scanner_kind, scanner)), Some(clock)) if check.problems.is_empty() => {
                Ok(Self { manifest, input, scanner_kind, scanner, config, feeds, policy, clock })
            }
            _ => Err(NotReplayable { problems: check.problems }),
        }
    }
}

/// Every digest in the document that names no bytes, wherever it stands; labels are free text, and a seal names no bytes.
fn placeholders(manifest: &ScanManifest) -> Vec<Problem> {
    let mut found = Vec::new();
    if let Ok(value) = serde_json::to_value(manifest) {
        walk(&value, &mut String::new(), &mut found);
    }
    found
}

fn walk(value: &Value, path: &mut String, found: &mut Vec<Problem>) {
    let length = path.len();
    match value {
        Value::String(text) => {
            let digest = text.strip_prefix("sha256:").or_else(|| text.split_once("@sha256:").map(|(_, d)| d));
            if digest.is_some_and(|digest| format!("sha256:{digest}").parse::<Digest>().is_err()) {
                found.push(Problem { path: path.clone(), what: format!("`{text}` is a placeholder, not a digest") });
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                path.push_str(&format!("[{i}]"));
                walk(item, path, found);
                path.truncate(length);
            }
        }
        Value::Object(members) => {
            for (key, member) in
                members.iter().filter(|(key, _)| !(length == 0 && matches!(key.as_str(), "labels" | "seal")))
            {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(key);
                walk(member, path, found);
                path.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

struct Check {
    problems: Vec<Problem>,
}

impl Check {
    fn problem(&mut self, path: &str, what: &str) {
        self.problems.push(Problem { path: path.to_owned(), what: what.to_owned() });
    }

    /// The digest, or a problem where it is missing; a placeholder has been listed already.
    fn required(&mut self, path: &str, digest: Option<&DigestRef>) -> Option<Digest> {
        if digest.is_none() {
            self.problem(path, "missing");
        }
        digest.and_then(DigestRef::resolved)
    }

    fn input(&mut self, manifest: &ScanManifest) -> Option<Located> {
        let input = &manifest.input;
        let identity = self.required("input.digest", input.digest.as_ref())?;
        let blob = match input.input_type {
            InputType::Directory => self.required("input.bundle_digest", input.bundle_digest.as_ref())?,
            _ => identity,
        };
        Some(Located { identity, blob })
    }

    fn scanner(&mut self, manifest: &ScanManifest) -> Option<(ScannerKind, Located)> {
        let scanner = &manifest.scanner;
        let Some(kind) = scanner.kind else {
            self.problem("scanner.kind", "missing");
            return None;
        };
        let identity = match kind {
            ScannerKind::Closure => self.required("scanner.closure_digest", scanner.closure_digest.as_ref())?,
            _ => self.required("scanner.scanner_binary_digest", scanner.digest())?,
        };
        let blob = match kind {
            ScannerKind::Image => {
                self.problem(
                    "scanner.kind",
                    "this version replays binaries, trees and the built-in scanner, not images",
                );
                return None;
            }
            ScannerKind::Tree => self.required("scanner.bundle_digest", scanner.bundle_digest.as_ref())?,
            ScannerKind::Binary | ScannerKind::Closure | ScannerKind::BuiltIn => identity,
        };
        if kind != ScannerKind::BuiltIn && scanner.argv.is_empty() {
            self.problem("scanner.argv", "missing: the command that was run");
        }
        Some((kind, Located { identity, blob }))
    }

    fn config(&mut self, manifest: &ScanManifest) -> Option<Located> {
        let scanner = &manifest.scanner;
        scanner.config_path.as_ref()?;
        let identity = self.required("scanner.config_digest", scanner.config_digest.as_ref())?;
        let blob = scanner.config_bundle_digest.as_ref().map_or(Some(identity), DigestRef::resolved)?;
        Some(Located { identity, blob })
    }

    fn feeds(&mut self, manifest: &ScanManifest) -> Vec<ReplayableFeed> {
        let feeds = &manifest.feeds;
        if feeds.bundles.is_empty() {
            let only = feeds.vuln_feed_bundle_digest.as_ref().and_then(DigestRef::resolved);
            let archive = only.map(|digest| Located { identity: digest, blob: digest });
            return archive.into_iter().map(|archive| ReplayableFeed { name: "vuln".to_owned(), archive }).collect();
        }
        let resolved = feeds.bundles.iter().filter_map(|bundle| {
            let blob = bundle.digest.resolved()?;
            let identity = bundle.content_digest.as_ref().and_then(DigestRef::resolved).unwrap_or(blob);
            Some(ReplayableFeed { name: bundle.name.clone(), archive: Located { identity, blob } })
        });
        resolved.collect()
    }

    fn policy(&mut self, manifest: &ScanManifest) -> Option<Located> {
        let policy = &manifest.policy;
        let blob = policy.policy_bundle_digest.as_ref()?.resolved()?;
        let identity = policy.policy_content_digest.as_ref().and_then(DigestRef::resolved).unwrap_or(blob);
        Some(Located { identity, blob })
    }

    fn clock(&mut self, manifest: &ScanManifest) -> Option<Timestamp> {
        let environment = &manifest.environment;
        match (environment.clock_mode, environment.clock_value) {
            (_, Some(value)) => Some(value),
            (ClockMode::Real, None) => Some(manifest.created_at),
            (ClockMode::Frozen, None) => {
                self.problem("environment.clock_value", "missing: a frozen clock needs its instant");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::manifest::from_json;

    const EXAMPLE: &[u8] = include_bytes!("../../../tests/data/manifest/published-example.json");

    #[test]
    fn the_published_example_lists_all_its_placeholders() {
        let error = ReplayableManifest::try_from(from_json(EXAMPLE).unwrap()).unwrap_err();
        let paths: Vec<&str> = error.problems.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "feeds.license_db_digest",
                "feeds.vuln_feed_bundle_digest",
                "input.image_ref",
                "input.layers[0]",
                "input.layers[1]",
                "policy.policy_bundle_digest",
                "scanner.config_digest",
                "scanner.scanner_image_digest",
                "input.digest",
                "scanner.kind",
            ]
        );
    }

    #[test]
    fn a_resolved_manifest_is_replayable_until_one_digest_is_lost() {
        let digest = Digest::of(b"x").to_string();
        let text = String::from_utf8(EXAMPLE.to_vec()).unwrap().replace("sha256:...", &digest);
        let mut value: Value = serde_json::from_str(&text).unwrap();
        value["input"]["type"] = "sbom".into();
        value["input"]["digest"] = digest.clone().into();
        value["scanner"]["kind"] = "built-in".into();
        let read = |value: &Value| from_json(value.to_string().as_bytes()).unwrap();
        let replayable = ReplayableManifest::try_from(read(&value)).unwrap();
        assert_eq!(replayable.input.blob, Digest::of(b"x"));
        assert_eq!(replayable.feeds.len(), 1);

        for (pointer, path) in
            [("/input/digest", "input.digest"), ("/feeds/vuln_feed_bundle_digest", "feeds.vuln_feed_bundle_digest")]
        {
            let mut broken = value.clone();
            *broken.pointer_mut(pointer).unwrap() = "sha256:...".into();
            let problems = ReplayableManifest::try_from(read(&broken)).unwrap_err().problems;
            assert_eq!(problems.len(), 1);
            assert_eq!(problems[0].path, path);
        }
        let mut broken = value.clone();
        broken["environment"].as_object_mut().unwrap().remove("clock_value");
        let problems = ReplayableManifest::try_from(read(&broken)).unwrap_err().problems;
        assert_eq!(problems[0].path, "environment.clock_value");
    }

    #[test]
    fn labels_are_free_text() {
        let mut manifest = from_json(EXAMPLE).unwrap();
        let before = placeholders(&manifest).len();
        manifest.labels.insert("note".into(), "sha256:...".into());
        assert_eq!(placeholders(&manifest).len(), before);
    }
}
