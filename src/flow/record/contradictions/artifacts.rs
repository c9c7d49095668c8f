//! The artifacts of a manifest, beside each other and beside their bytes.

use std::collections::BTreeSet;

use crate::artifacts::read_artifact::{KnownArtifacts, ReadArtifact, UnreadableArtifact};
use crate::canonical::{CANONICALIZER_VERSION, Profile, Roots};
use crate::config::Config;
use crate::flow::record::contradictions::fields::NOT_PLAIN;
use crate::job::artifact::{Artifact, kind_of};
use crate::job::manifest_summary::is_plain_name;
use crate::model::artifact::ArtifactFormat;
use crate::model::artifact_spec::ArtifactSpec;
use crate::model::digest::Digest;
use crate::model::error_chain::causes;
use crate::model::manifest::{ArtifactRecord, Fault, ScanManifest};

/// What no list of artifacts of a recording says.
pub fn of_records(records: &[ArtifactRecord]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !records.iter().any(|record| record.artifact_type.is_primary()) {
        // A recording has at least one, and a replay without one would compare nothing.
        faults.push(Fault::edited("artifacts", "it lists no artifact that is compared: every replay would match"));
    }
    let mut names = BTreeSet::new();
    for (i, record) in records.iter().enumerate() {
        let mut edited =
            |field: &str, what: String| faults.push(Fault::edited(format!("artifacts[{i}].{field}"), what));
        if !is_plain_name(&record.path) {
            edited("path", NOT_PLAIN.to_owned());
            continue;
        }
        if !names.insert(&record.path) {
            edited("path", format!("another artifact is called `{}`, too", record.path));
        }
        match ArtifactSpec::of_record(record) {
            Some(Err(error)) => edited("source", causes(&error)),
            Some(Ok(spec)) if spec.file_name() != record.path => {
                edited("path", format!("what is found at `{}` is called `{}`", spec.path, spec.file_name()));
            }
            Some(Ok(_)) | None => {}
        }
    }
    faults
}

/// What the bytes of the recorded artifacts contradict, and what was read of them. `artifacts` are those of `manifest` whose
/// bytes are at hand.
pub fn of_artifacts(
    manifest: &ScanManifest,
    artifacts: &[Artifact],
    roots: &Roots,
    config: &Config,
) -> (Vec<Fault>, KnownArtifacts) {
    let (mut faults, mut known) = (Vec::new(), KnownArtifacts::default());
    for (i, record) in manifest.artifacts.iter().enumerate() {
        let Some(artifact) = artifacts.iter().find(|artifact| artifact.name == record.path) else { continue };
        // A golden file that was edited on purpose is said elsewhere.
        if Digest::of(&artifact.bytes) != record.raw_sha256 {
            continue;
        }
        let same_rules = manifest.normalization.canonicalizer_version == CANONICALIZER_VERSION;
        let read = ReadArtifact::read(artifact, roots, config);
        if let Some((field, what)) = of_artifact(record, &read, same_rules, config) {
            faults.push(Fault::edited(format!("artifacts[{i}].{field}"), what));
        }
        if let Ok(read) = read
            && read.unread.is_none()
        {
            known.add(read);
        }
    }
    (faults, known)
}

fn of_artifact(
    record: &ArtifactRecord,
    read: &Result<ReadArtifact<'_>, UnreadableArtifact>,
    same_rules: bool,
    config: &Config,
) -> Option<(&'static str, String)> {
    let format = record.format;
    let canonical = match read {
        Ok(ReadArtifact { unread: Some(unread), artifact, .. }) if is_other(&artifact.bytes, format) => {
            return Some(("format", format!("the stored artifact is not `{format}`: {}", causes(unread))));
        }
        Ok(read) => &read.canonical,
        Err(error) => return Some(("format", format!("the stored artifact is not `{format}`: {}", causes(error)))),
    };
    let applies = config.profile(format, record.profile.as_ref());
    let other_profile = || {
        let other = known(&record.profile_digest)?;
        let named = record.profile.as_ref().map_or_else(|| format.to_string(), ToString::to_string);
        Some(("format", format!("`profile_digest` is that of the profile `{other}`, and not of `{named}`")))
    };
    if canonical.digest == record.canonical_sha256 {
        // What could not be read has one canonical form under most profiles: which one was meant its digest says.
        let is_unread = matches!(read, Ok(ReadArtifact { unread: Some(_), .. }));
        return if is_unread && record.profile_digest != applies.digest() { other_profile() } else { None };
    }
    if record.profile_digest == applies.digest() {
        // Under other rules of output it may be another; that is said in a note.
        return same_rules.then(|| {
            let found = canonical.digest;
            ("canonical_sha256", format!("the stored artifact has {found} under the profile `{}`", applies.name()))
        });
    }
    other_profile()
}

/// Whether a document is of another format than `format`. One of no format and of no tool that is known may be what a scanner wrote once
/// in the place of it, such as an empty object, and is recorded as the format that was said: as JSON it says no more. The report of a tool
/// does, and would lose its findings under another name.
fn is_other(bytes: &[u8], format: ArtifactFormat) -> bool {
    match kind_of("", bytes) {
        (found, _) if found == format => false,
        (ArtifactFormat::Json, tool) => tool.is_some(),
        (found, _) => !matches!(found, ArtifactFormat::JsonLines | ArtifactFormat::Bytes),
    }
}

/// The name of the profile that ships with stella and has this digest.
fn known(digest: &Digest) -> Option<&'static str> {
    let builtin = ArtifactFormat::ALL.iter().copied().map(Profile::builtin);
    builtin.chain(Profile::tools()).find(|profile| profile.digest() == *digest).map(Profile::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Named regression: the report of a tool is plain JSON by its format, and passed for a broken document of any other.
    #[test]
    fn the_report_of_a_tool_is_of_no_other_format() {
        let semgrep = r#"{"results":[{"check_id":"a","path":"b","extra":{}}],"errors":[]}"#;
        let zizmor = r#"[{"determinations":{},"ident":"x","locations":[],"url":"u"}]"#;
        for (text, is_one) in [
            (semgrep, true),
            (zizmor, true),
            (r#"{"bomFormat":"CycloneDX"}"#, true),
            (r#"{"version":"2.1.0","runs":[]}"#, false),
            ("{}", false),
            ("[]", false),
            ("null", false),
            (r#"{"error":"out of memory"}"#, false),
        ] {
            assert_eq!(is_other(text.as_bytes(), ArtifactFormat::Sarif), is_one, "{text}");
        }
        assert!(!is_other(semgrep.as_bytes(), ArtifactFormat::Json));
    }
}
