//! One layer: a tar stream of changes, read entry by entry.
//!
//! The stream is checked three times over while it passes: the blob's digest and size, the limits on what it unpacks to,
//! and the digest of the tar stream itself (the DiffID).

mod decode;
mod entry;
pub(crate) mod error;
mod name;

use std::io::{self, Read};

use tar::Archive;

use crate::host::compress::Allowance;
use crate::host::hash::Hashing;
use crate::model::limits::{LAYER_RATIO_FLOOR, MAX_LAYER_BYTES, MAX_LAYER_RATIO};
use crate::oci::{BlobProblem, Blobs, Checked, Layer, problem};
use crate::rootfs::error::RootfsError;

pub(crate) use decode::stream_error;
pub use entry::Notes;
pub(crate) use entry::{Change, Kind, Modified};
pub use error::{LayerError, LayerProblem};
pub(crate) use name::Name;

/// Shows every change of a layer to `apply`, in order. `budget` is how many bytes its tar stream may still have; what it
/// had is taken off.
///
/// # Errors
/// [`RootfsError::Layer`] for a stream or an entry that is refused, [`ImageError::Blob`] for a blob that is not what it is
/// called. What was applied until then is to be thrown away.
pub(crate) fn read(
    layer: &Layer,
    blobs: &dyn Blobs,
    budget: &mut u64,
    notes: &mut Notes,
    apply: &mut dyn FnMut(&Change, &mut dyn Read) -> Result<(), LayerError>,
) -> Result<(), RootfsError> {
    let digest = layer.blob.digest;
    let refused = |source| RootfsError::Layer { digest, source };
    let (checked, proof) = Checked::open(blobs, &layer.blob, MAX_LAYER_BYTES)?;
    let allowance = Allowance::ratio(*budget, layer.blob.size, MAX_LAYER_RATIO, LAYER_RATIO_FLOOR);
    let plain = decode::decode(layer.encoding, checked).map_err(|error| problem(error, digest))?;
    let mut stream = Hashing::new(decode::Within::new(plain, allowance));
    let result = changes(&mut stream, notes, apply);
    if let Err(error) = result {
        return Err(match error {
            // What went wrong below is what went wrong.
            LayerError::Blob(problem) => problem.of(digest).into(),
            error => refused(error),
        });
    }
    let (_, diff_id, bytes) = stream.finish();
    *budget = budget.saturating_sub(bytes);
    if !proof.holds() {
        return Err(BlobProblem::Size { expected: layer.blob.size }.of(digest).into());
    }
    if diff_id != layer.diff_id {
        return Err(refused(LayerError::DiffId { expected: layer.diff_id, found: diff_id }));
    }
    Ok(())
}

fn changes(
    stream: &mut dyn Read,
    notes: &mut Notes,
    apply: &mut dyn FnMut(&Change, &mut dyn Read) -> Result<(), LayerError>,
) -> Result<(), LayerError> {
    let mut archive = Archive::new(stream);
    let mut pending = entry::Pending::default();
    let mut end = 0;
    for item in archive.entries().map_err(|error| stream_error(error, 0))?.raw(true) {
        let mut item = item.map_err(|error| stream_error(error, end))?;
        end = item.raw_file_position().saturating_add(item.size().next_multiple_of(512));
        let Some(change) = pending.read(&mut item, notes)? else { continue };
        apply(&change, &mut item)?;
    }
    pending.done(end)?;
    // After the end mark stand zeros; every byte counts for the digest.
    let rest = archive.into_inner();
    let mut buffer = [0; 16 * 1024];
    loop {
        match rest.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) if buffer[..count].iter().all(|byte| *byte == 0) => {}
            Ok(_) => return Err(LayerError::TrailingGarbage),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(stream_error(error, end)),
        }
    }
}
