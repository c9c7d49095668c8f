//! Picks up what a scanner left, or says what is wrong with it.
//!
//! Invariant: what was there before the run is never taken for what the run wrote.

use std::fs::Permissions;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use crate::artifacts::meaning;
use crate::execute::failure::{Failure, Trouble};
use crate::execute::unnamed_format;
use crate::format;
use crate::host::fs::{self, FsError};
use crate::job::artifact::{Artifact, nothing_is_a_document, usual_profile};
use crate::job::scan_spec::ScanSpec;
use crate::model::artifact::{ArtifactFormat, ArtifactType};
use crate::model::artifact_spec::{ArtifactPath, ArtifactSpec};
use crate::model::limits;

/// What tells whether a file was written: its place on the disk, and when that was last changed. No program can choose it.
pub type Stamp = (u64, (i64, i64), u64);

/// The artifacts that are there already, each with its stamp.
pub fn stamps(specs: &[ArtifactSpec], directory: &Path) -> Vec<(String, Stamp)> {
    let stamp = |spec: &ArtifactSpec| {
        let ArtifactPath::File(path) = &spec.path else { return None };
        let found = std::fs::metadata(directory.join(path)).ok()?;
        Some((path.clone(), (found.ino(), (found.ctime(), found.ctime_nsec()), found.len())))
    };
    specs.iter().filter_map(stamp).collect()
}

/// The first artifact that is as it was before the run.
pub fn untouched(before: &[(String, Stamp)], specs: &[ArtifactSpec], directory: &Path) -> Option<String> {
    let after = stamps(specs, directory);
    before.iter().find(|old| after.contains(old)).map(|(path, _)| path.clone())
}

/// What was picked up, or what is wrong with it.
pub type Collected = Result<Vec<Artifact>, (Trouble, Failure)>;

/// Picks up what a scanner wrote. One that is missing means that the scanner is not well; so does an empty one, unless it
/// `may_be_empty`: the exit code is one that is known to mean that the scanner ran well, and nothing is a document of the
/// format.
///
/// # Errors
/// What is wrong, and which artifact it is about.
pub fn collect(
    specs: &[ArtifactSpec],
    stdout: &[u8],
    working_directory: &Path,
    out: &Path,
    may_be_empty: bool,
) -> Collected {
    let one = |spec: &ArtifactSpec| {
        let bytes = match &spec.path {
            ArtifactPath::Stdout => stdout.to_vec(),
            ArtifactPath::File(path) => {
                let file = match path.strip_prefix("{out}/") {
                    Some(below) => out.join(below),
                    None => working_directory.join(path),
                };
                let inside = if file.starts_with(out) { out } else { working_directory };
                may_be_read(&file);
                let bytes = fs::read_inside(inside, &file, limits::MAX_DOCUMENT_BYTES);
                bytes.map_err(|error| {
                    if let Some(kind) = other_than_a_file(&file) {
                        let what = format!("artifact `{spec}` was not written: there is {kind}, not a regular file");
                        return (Trouble::NotAFile, Failure::unwell(what));
                    }
                    match error {
                        FsError::TooLarge { .. } => too_large(spec),
                        // Where on this machine it is not there tells nothing.
                        gone if gone.is_not_found() => {
                            let elsewhere = match path.strip_prefix("{out}/") {
                                Some(below) => (working_directory.join(below), below.to_owned()),
                                None => (out.join(path), format!("{{out}}/{path}")),
                            };
                            let found = if std::fs::symlink_metadata(&elsewhere.0).is_ok_and(|found| found.is_file()) {
                                format!(", and there is a file `{}`", elsewhere.1)
                            } else {
                                String::new()
                            };
                            (Trouble::Missing, Failure::unwell(format!("artifact `{spec}` was not written{found}")))
                        }
                        why => {
                            (Trouble::Missing, Failure::unhealthy(&format!("artifact `{spec}` cannot be read"), &why))
                        }
                    }
                })?
            }
        };
        if bytes.len() as u64 > limits::MAX_DOCUMENT_BYTES {
            return Err(too_large(spec));
        }
        if bytes.iter().all(u8::is_ascii_whitespace) && !(may_be_empty && nothing_is_a_document(spec.format)) {
            return Err((Trouble::Empty, Failure::unwell(format!("artifact `{spec}` is empty"))));
        }
        let artifact_type = spec.artifact_type;
        let (format, profile) = match spec.format {
            Some(format) => (format, spec.profile.clone()),
            None => {
                let format = format::detect(&bytes);
                // What was cut, or has words of another kind behind it, is not a result of unknown meaning.
                let broken = (format == ArtifactFormat::Bytes).then(|| unnamed_format::broken_json(&bytes)).flatten();
                if let Some(why) = broken {
                    let what = format!("artifact `{spec}` begins as JSON and is not JSON: {why}");
                    return Err((Trouble::Malformed, Failure::unwell(what)));
                }
                (format, usual_profile(format, &bytes))
            }
        };
        Ok(Artifact { artifact_type, name: spec.file_name(), format, profile, bytes: bytes.into() })
    };
    specs.iter().map(one).collect()
}

fn too_large(spec: &ArtifactSpec) -> (Trouble, Failure) {
    let limit = limits::MAX_DOCUMENT_BYTES;
    (Trouble::TooLarge, Failure::unwell(format!("artifact `{spec}` has more than the {limit} bytes that are read")))
}

/// Gives the owner of a file, which is whoever runs this, the right to read it where the scanner took that away: for the
/// superuser it makes no difference, and for nobody else it may.
fn may_be_read(file: &Path) {
    let found = std::fs::symlink_metadata(file).ok().filter(std::fs::Metadata::is_file);
    if let Some(mode) = found.map(|found| found.permissions().mode()).filter(|mode| mode & 0o400 == 0) {
        // Where that fails, reading does.
        std::fs::set_permissions(file, Permissions::from_mode(mode | 0o400)).ok();
    }
}

/// What stands at a path, where that is not a file.
fn other_than_a_file(path: &Path) -> Option<&'static str> {
    let kind = std::fs::symlink_metadata(path).ok()?.file_type();
    Some(match () {
        () if kind.is_dir() => "a folder",
        () if kind.is_symlink() => "a link that leads elsewhere",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_file() => return None,
        () => "a device",
    })
}

/// Adds the decision of the job's policy, where one was given and the scanner decides nothing itself.
///
/// # Errors
/// When an artifact is not what its format says, or the policy cannot decide.
pub fn with_decision(job: &ScanSpec, mut artifacts: Vec<Artifact>) -> Result<Vec<Artifact>, Failure> {
    let decides = artifacts.iter().any(|artifact| artifact.artifact_type == ArtifactType::Decision);
    let Some(material) = job.policy.as_ref().filter(|_| !decides) else { return Ok(artifacts) };
    let decision = meaning::decide_on(&artifacts, &material.policy, job.clock)
        .map_err(|error| Failure::infra("the policy cannot decide", &error))?;
    if let Some(decision) = decision {
        let bytes = format::decision::write(&decision).into();
        let name = "decision.json".to_owned();
        let format = ArtifactFormat::StellaDecision;
        artifacts.push(Artifact { artifact_type: ArtifactType::Decision, name, format, profile: None, bytes });
    }
    Ok(artifacts)
}
