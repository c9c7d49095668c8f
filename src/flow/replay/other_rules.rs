//! Rules of comparison that a manifest was recorded under and that are not those of today.

use crate::canonical::CANONICALIZER_VERSION;
use crate::config::Config;
use crate::model::manifest::{ArtifactRecord, ScanManifest};

/// What to know where a manifest was recorded under other rules of comparison than those of today, which apply.
pub fn other_rules(manifest: &ScanManifest, config: &Config) -> Vec<String> {
    let mut notes = Vec::new();
    let version = &manifest.normalization.canonicalizer_version;
    if version != CANONICALIZER_VERSION {
        notes.push(format!(
            "recorded under canonicalizer {version}, compared under {CANONICALIZER_VERSION}: record again to be sure"
        ));
    }
    let is_other = |record: &&ArtifactRecord| {
        let applies = config.profile(record.format, record.profile.as_ref());
        record.artifact_type.is_primary() && record.profile_digest != applies.digest()
    };
    let others: Vec<String> =
        manifest.artifacts.iter().filter(is_other).map(|record| format!("`{}`", record.path)).collect();
    if !others.is_empty() {
        notes.push(format!(
            "recorded under another profile than it is compared under now: {}; record again to be sure",
            others.join(", ")
        ));
    }
    notes
}
