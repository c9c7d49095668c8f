//! The health gate: a run that went badly says nothing about what was scanned.
//!
//! Invariant: what is unhealthy is decided by the profiles of what was written and by the exit codes, never by what is
//! expected of the scan.

use crate::canonical::health::{self, Unwell};
use crate::canonical::{Limits, Profile};
use crate::flow::config::Config;
use crate::flow::execute::Executed;
use crate::flow::failure::Failure;
use crate::flow::job::Job;
use crate::flow::material::ScannerMaterial;
use crate::flow::produced::Produced;

/// Lets `executed` pass where nothing tells of a run that did not go well.
pub fn gate(job: &Job, executed: &Executed, config: &Config) -> Result<(), Failure> {
    if job.expected_exit_codes.is_empty()
        && let Some(unwell) = exit(job, &executed.artifacts, executed.exit_code, config)
    {
        return Err(Failure::Unhealthy(format!("the scanner ended badly: {unwell}")));
    }
    let found: Vec<String> = executed.artifacts.iter().flat_map(|artifact| told(artifact, config)).collect();
    if found.is_empty() { Ok(()) } else { Err(Failure::Unhealthy(found.join("; "))) }
}

/// The exit codes that the profiles of `artifacts` know for the scanner of `job`.
pub fn known_exit_codes<'a>(job: &Job, artifacts: &[Produced], config: &'a Config) -> Option<&'a [i32]> {
    let scanner = name(job)?;
    artifacts
        .iter()
        .find_map(|artifact| config.profile(artifact.format, artifact.profile.as_ref()).health().exit_codes(scanner))
}

fn exit(job: &Job, artifacts: &[Produced], code: i32, config: &Config) -> Option<Unwell> {
    let scanner = name(job)?;
    let profiles = artifacts.iter().map(|artifact| config.profile(artifact.format, artifact.profile.as_ref()));
    let mut knowing = profiles.filter(|profile: &&Profile| profile.health().exit_codes(scanner).is_some());
    knowing.find_map(|profile| health::examine_exit(profile, scanner, code))
}

fn told(artifact: &Produced, config: &Config) -> Vec<String> {
    let found = health::examine(
        config.profile(artifact.format, artifact.profile.as_ref()),
        &artifact.bytes,
        &Limits::default(),
    );
    // What is no document of its format is told where it is compared or recorded, with its place.
    found.unwrap_or_default().iter().map(|unwell| format!("artifact `{}`: {unwell}", artifact.name)).collect()
}

/// What a profile knows the scanner by: the name of its program.
fn name(job: &Job) -> Option<&str> {
    match &job.scanner {
        ScannerMaterial::BuiltIn => None,
        ScannerMaterial::Binary { name, .. } => Some(name),
        ScannerMaterial::Tree(_) => job.argv.first().map(|word| word.rsplit('/').next().unwrap_or(word)),
    }
}
