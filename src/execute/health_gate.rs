//! The health gate: a run that went badly says nothing about what was scanned.
//!
//! Invariant: what is unhealthy is decided by the profiles of what was written and by the exit codes, never by what is
//! expected of the scan.

use crate::canonical::health::{self, Unwell};
use crate::canonical::{Limits, Profile};
use crate::config::Config;
use crate::execute::failure::{Failure, Trouble};
use crate::job::artifact::{Produced, nothing_is_a_document};
use crate::job::scan_spec::Job;
use crate::model::artifact::ArtifactFormat;

/// Lets a run pass where nothing that it wrote, nor its exit code, tells of a run that did not go well.
pub fn gate(job: &Job, artifacts: &[Produced], exit_code: i32, config: &Config) -> Result<(), (Trouble, Failure)> {
    if job.expected_exit_codes.is_empty()
        && let Some(unwell) = exit(job, artifacts, exit_code, config)
    {
        return Err((Trouble::ExitCode, Failure::unwell(format!("the scanner ended badly: {unwell}"))));
    }
    let found: Vec<String> = artifacts.iter().flat_map(|artifact| told(artifact, config)).collect();
    if found.is_empty() { Ok(()) } else { Err((Trouble::Malformed, Failure::unwell(found.join("; ")))) }
}

/// The exit codes that the profiles of `artifacts` know for the scanner of `job`.
pub fn known_exit_codes<'a>(job: &Job, artifacts: &[Produced], config: &'a Config) -> Option<&'a [i32]> {
    let scanner = job.program_name()?;
    artifacts
        .iter()
        .find_map(|artifact| config.profile(artifact.format, artifact.profile.as_ref()).health().exit_codes(scanner))
}

/// Whether `code` is known to mean that the scanner of `job` ran well: it was said so, or a profile says so.
pub fn is_known_well(job: &Job, code: i32, config: &Config) -> bool {
    if !job.expected_exit_codes.is_empty() {
        return job.expected_exit_codes.contains(&code);
    }
    let Some(scanner) = job.program_name() else { return false };
    job.artifacts.iter().any(|spec| {
        let profile = config.profile(spec.format.unwrap_or(ArtifactFormat::Json), spec.profile.as_ref());
        profile.health().exit_codes(scanner).is_some_and(|codes| codes.contains(&code))
    })
}

fn exit(job: &Job, artifacts: &[Produced], code: i32, config: &Config) -> Option<Unwell> {
    let scanner = job.program_name()?;
    let profiles = artifacts.iter().map(|artifact| config.profile(artifact.format, artifact.profile.as_ref()));
    let mut knowing = profiles.filter(|profile: &&Profile| profile.health().exit_codes(scanner).is_some());
    knowing.find_map(|profile| health::examine_exit(profile, scanner, code))
}

fn told(artifact: &Produced, config: &Config) -> Vec<String> {
    let found = health::examine(
        config.profile(artifact.format, artifact.profile.as_ref()),
        &artifact.document(),
        &Limits::default(),
    );
    // What is no document of its format is told where it is compared or recorded, with its place.
    let mut found = found.unwrap_or_default();
    // Where nothing is a document too, whether it may be one was decided when it was picked up.
    found.retain(|unwell| *unwell != Unwell::Empty || !nothing_is_a_document(Some(artifact.format)));
    found.iter().map(|unwell| format!("artifact `{}`: {unwell}", artifact.name)).collect()
}
