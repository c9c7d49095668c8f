//! Decompression, bounded.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder;

use crate::archive::TarDamage;
use crate::host::compress::{Allowance, MAX_WINDOW_LOG, UnpackError};
use crate::oci::{BlobProblem, LayerEncoding};
use crate::rootfs::layer::error::LayerError;

/// The compression is damaged.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
struct Damaged {
    encoding: &'static str,
    source: io::Error,
}

/// The tar stream of a layer. Both encodings may come in several members or frames: that is how parallel packers and
/// lazily pulled images are written.
pub(crate) fn decode<R: Read + 'static>(encoding: LayerEncoding, packed: R) -> io::Result<Box<dyn Read>> {
    let buffered = BufReader::with_capacity(64 * 1024, packed);
    Ok(match encoding {
        LayerEncoding::Plain => Box::new(buffered),
        LayerEncoding::Gzip => Box::new(Named { inner: MultiGzDecoder::new(buffered), encoding: "gzip" }),
        LayerEncoding::Zstd => {
            let mut decoder = Decoder::with_buffer(buffered)?;
            decoder.window_log_max(MAX_WINDOW_LOG)?;
            Box::new(Named { inner: decoder, encoding: "zstd" })
        }
    })
}

/// Names the encoding in what goes wrong, unless it went wrong below.
struct Named<R> {
    inner: R,
    encoding: &'static str,
}

impl<R: Read> Read for Named<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| match error.downcast::<BlobProblem>() {
            Ok(problem) => io::Error::other(problem),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => error,
            Err(source) => io::Error::other(Damaged { encoding: self.encoding, source }),
        })
    }
}

/// Refuses to give more than is allowed.
pub(crate) struct Within {
    inner: Box<dyn Read>,
    allowance: Allowance,
    bytes: u64,
}

impl Within {
    pub(crate) fn new(inner: Box<dyn Read>, allowance: Allowance) -> Self {
        Self { inner, allowance, bytes: 0 }
    }
}

impl Read for Within {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        self.allowance.check(self.bytes).map_err(io::Error::other)?;
        Ok(count)
    }
}

/// Takes back what the readers below had to hide in an [`io::Error`].
pub(crate) fn stream_error(error: io::Error, offset: u64) -> LayerError {
    let error = match error.downcast::<BlobProblem>() {
        Ok(problem) => return LayerError::Blob(problem),
        Err(error) => error,
    };
    let error = match error.downcast::<UnpackError>() {
        Ok(unpack) => return LayerError::TooMuch(unpack),
        Err(error) => error,
    };
    match error.downcast::<Damaged>() {
        Ok(damaged) => LayerError::Damaged { encoding: damaged.encoding, source: damaged.source },
        Err(error) => LayerError::Tar { offset, source: TarDamage::Header(error) },
    }
}
