//! What shows that a manifest was edited after it was recorded: values that no recording writes, fields that contradict
//! each other, digests that are not those of the bytes that they stand beside.
//!
//! Invariant: what is listed here cannot be the work of a recording, whatever machine made it. What is merely absent is
//! not listed: [`ReplayableManifest`] tells that, and a store tells what is gone.

mod artifacts;
mod fields;

pub use artifacts::of_artifacts;

use crate::job::dimensions::{self, Named};
use crate::job::manifest_file;
use crate::model::manifest::{Fault, MANIFEST_VERSION, ReplayableManifest, ScanManifest};

/// The field with the checksum.
const SEAL: &str = "seal";

/// Everything in `manifest` alone that shows that it was edited; the name of the scan last.
pub fn of_manifest(manifest: &ReplayableManifest) -> Vec<Fault> {
    let mut faults = fields::of(manifest.manifest());
    faults.extend(artifacts::of_records(&manifest.manifest().artifacts));
    // Only where nothing else is found: the name tells that something was edited, and not what.
    if faults.is_empty() {
        faults.extend(name(manifest));
    }
    if faults.is_empty() {
        faults.extend(seal(manifest.manifest()));
    }
    faults
}

/// Whether a fault is that of the checksum, which names no field.
pub fn is_of_seal(fault: &Fault) -> bool {
    fault.path == SEAL
}

/// The checksum over everything, where the manifest has one.
fn seal(written: &ScanManifest) -> Option<Fault> {
    let stated = written.seal.as_ref()?;
    let found = manifest_file::seal(written).ok()?;
    (stated.digest() != Some(found)).then(|| {
        Fault::edited(
            SEAL,
            format!(
                "it is the checksum of all other fields: from what stands there now comes `{found}`, so one was changed"
            ),
        )
    })
}

/// The name of a scan is derived from its inputs, outputs and time: where it is another, one of them was edited. It also
/// says whether there was a checksum.
fn name(manifest: &ReplayableManifest) -> Option<Fault> {
    let written = manifest.manifest();
    // A later version may derive it from fields that this one does not know; another program may give any name.
    if !dimensions::is_derived_id(&written.scan_id) || written.manifest_version != MANIFEST_VERSION {
        return None;
    }
    let outputs: Vec<_> = written.artifacts.iter().map(|artifact| artifact.raw_sha256).collect();
    let inputs = dimensions::of_manifest(manifest).ok()?;
    let derived = |named| dimensions::scan_id(&inputs, &outputs, written.created_at, named).ok();
    let sealed = derived(Named::Sealed)?;
    if sealed == written.scan_id {
        return written.seal.is_none().then(|| {
            Fault::edited(SEAL, "it was taken away: the name in `scan_id` is that of a recording with a checksum")
        });
    }
    (derived(Named::Either)? != written.scan_id).then(|| {
        Fault::edited(
            "scan_id",
            format!(
                "it is derived from `created_at`, the digests of `input`, `scanner`, `feeds`, `policy`, `artifacts`, the \
                 command and `environment`: from what stands there now comes `{sealed}`, so one of them was changed"
            ),
        )
    })
}
