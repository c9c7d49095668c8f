//! The health gate: a run that went badly says nothing about what was scanned.
//!
//! Invariants: what is unhealthy is decided by the profiles of what was written and by the exit codes, never by what is
//! expected of the scan; a run that left nothing to compare says nothing.

use crate::canonical::health::{self, Unwell};
use crate::canonical::{Limits, Profile};
use crate::config::Config;
use crate::execute::failure::{Failure, Trouble};
use crate::job::artifact::{Artifact, nothing_is_a_document};
use crate::job::scan_spec::ScanSpec;
use crate::model::artifact::ArtifactFormat;

/// Lets a run pass where nothing that it wrote, nor its exit code, tells of a run that did not go well.
/// `was_refused` says that it reached for the network in vain.
///
/// # Errors
/// Says which trouble the run tells of.
pub fn gate(
    job: &ScanSpec,
    artifacts: &[Artifact],
    (exit_code, was_refused): (i32, bool),
    config: &Config,
) -> Result<(), (Trouble, Failure)> {
    if job.expected_exit_codes.is_empty()
        && let Some(unwell) = exit(job, artifacts, (exit_code, was_refused), config)
    {
        return Err((Trouble::ExitCode, Failure::unwell(format!("the scanner ended badly: {unwell}"))));
    }
    if !artifacts.iter().any(|artifact| artifact.artifact_type.is_primary()) {
        let failure =
            Failure::unwell("the scanner left no artifact that can be compared: of a ledger nothing is".to_owned());
        return Err((Trouble::Malformed, failure));
    }
    let found: Vec<String> = artifacts.iter().flat_map(|artifact| told(artifact, config)).collect();
    if found.is_empty() { Ok(()) } else { Err((Trouble::Malformed, Failure::unwell(found.join("; ")))) }
}

/// The exit codes that the profiles of `artifacts`, else the adapter of the same program, know for the scanner of `job`.
pub fn known_exit_codes<'a>(job: &ScanSpec, artifacts: &[Artifact], config: &'a Config) -> Option<&'a [i32]> {
    let scanner = job.program_name()?;
    let profiles = artifacts.iter().map(|artifact| config.profile(artifact.format, artifact.profile.as_ref()));
    known(scanner, profiles, config)
}

/// Whether `code` is known to mean that the scanner of `job` ran well: it was said so, or a profile or an adapter says so.
pub fn is_known_well(job: &ScanSpec, code: i32, config: &Config) -> bool {
    if !job.expected_exit_codes.is_empty() {
        return job.expected_exit_codes.contains(&code);
    }
    let Some(scanner) = job.program_name() else { return false };
    let format = |format: Option<ArtifactFormat>| format.unwrap_or(ArtifactFormat::Json);
    let profiles = job.artifacts.iter().map(|spec| config.profile(format(spec.format), spec.profile.as_ref()));
    known(scanner, profiles, config).is_some_and(|codes| codes.contains(&code))
}

fn known<'a>(scanner: &str, mut profiles: impl Iterator<Item = &'a Profile>, config: &'a Config) -> Option<&'a [i32]> {
    let adapter = || {
        let adapters = config.all_adapters();
        adapters.into_iter().find(|adapter| adapter.program == scanner).map(|adapter| adapter.exit_codes.as_slice())
    };
    profiles.find_map(|profile| profile.health().exit_codes(scanner)).or_else(adapter)
}

/// From which code on nobody says "I ran well": 126 and 127 are a shell's for a program that cannot be run or is not there,
/// those above 128 its word for one that was ended by a signal (POSIX, Shell Command Language, 2.8.2).
const COULD_NOT_RUN: i32 = 126;

fn exit(job: &ScanSpec, artifacts: &[Artifact], (code, was_refused): (i32, bool), config: &Config) -> Option<String> {
    let unexpected = match known_exit_codes(job, artifacts, config) {
        Some(known) => (!known.contains(&code)).then(|| known.to_vec()),
        None if code >= COULD_NOT_RUN => {
            return Some(format!(
                "exit code {code}, with which programs say that they, or what they started, did not run"
            ));
        }
        // As `npm audit` and `govulncheck` end that found nothing for want of a network, and others that found something.
        None if code != 0 && was_refused => {
            return Some(format!(
                "exit code {code}, after it was refused the network: nobody has said that it ran well all the same"
            ));
        }
        None => None,
    };
    unexpected.map(|expected| Unwell::ExitCode { code, expected }.to_string())
}

fn told(artifact: &Artifact, config: &Config) -> Vec<String> {
    let found = health::examine(
        config.profile(artifact.format, artifact.profile.as_ref()),
        &artifact.document(),
        &Limits::default(),
    );
    // What is not a document of its format is told where it is compared or recorded, with its place.
    let mut found = found.unwrap_or_default();
    // Where nothing is a document too, whether it may be one was decided when it was picked up.
    found.retain(|unwell| *unwell != Unwell::Empty || !nothing_is_a_document(Some(artifact.format)));
    found.iter().map(|unwell| format!("artifact `{}`: {unwell}", artifact.name)).collect()
}
