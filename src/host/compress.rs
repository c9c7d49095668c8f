//! Zstandard, packed the same way every time and unpacked within limits.
//!
//! Packing uses one thread and a fixed level, so that one release of zstd gives one result. Unpacking takes exactly one
//! frame and nothing after it.

use std::io::{self, BufRead, Read, Write};

use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

/// The level for blobs at rest: written often, kept locally.
pub const STORE_LEVEL: i32 = 3;
/// The level for archives: packed once, sent and kept for years.
pub const ARCHIVE_LEVEL: i32 = 9;

/// The largest window (2^27 bytes) that a frame may ask for.
pub(crate) const MAX_WINDOW_LOG: u32 = 27;

/// How far a frame may unpack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The limit in bytes.
    bytes: u64,
    /// Whether the limit comes from the ratio, not from the absolute maximum.
    by_ratio: bool,
}

impl Allowance {
    /// At most `max` bytes.
    pub fn bytes(max: u64) -> Self {
        Self { bytes: max, by_ratio: false }
    }

    /// At most `max` bytes, and at most `ratio` times `packed`, though never less than `floor`.
    pub fn ratio(max: u64, packed: u64, ratio: u64, floor: u64) -> Self {
        let by_ratio = packed.saturating_mul(ratio).max(floor);
        if by_ratio < max { Self { bytes: by_ratio, by_ratio: true } } else { Self::bytes(max) }
    }

    /// Checks a length that is already known.
    ///
    /// # Errors
    /// [`UnpackError::TooLarge`] or [`UnpackError::Bomb`].
    pub fn check(self, unpacked: u64) -> Result<(), UnpackError> {
        match (unpacked > self.bytes, self.by_ratio) {
            (false, _) => Ok(()),
            (true, false) => Err(UnpackError::TooLarge { limit: self.bytes }),
            (true, true) => Err(UnpackError::Bomb { limit: self.bytes }),
        }
    }
}

/// Why a compressed stream was refused.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It unpacks to more than the maximum.
    #[error("unpacks to more than {limit} bytes")]
    TooLarge {
        /// The maximum, in bytes.
        limit: u64,
    },
    /// It unpacks to far more than its own size lets expect.
    #[error(
        "unpacks to more than {limit} bytes, far more than its own size lets expect: refused as a decompression bomb"
    )]
    Bomb {
        /// What its size would have allowed, in bytes.
        limit: u64,
    },
    /// Something follows the first frame.
    #[error("bytes follow the end of the zstd frame")]
    Trailing,
    /// A folder, a pipe or a link stands in its place.
    #[error("not a regular file")]
    NotAFile,
    /// It is not zstd, is cut short or is damaged.
    #[error("not a whole zstd frame")]
    Damaged(#[source] io::Error),
}

impl UnpackError {
    /// Takes back what [`Unpack`] had to hide in an [`io::Error`].
    pub fn from_io(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(hidden) => hidden,
            Err(error) => Self::Damaged(error),
        }
    }
}

/// Reads one zstd frame within an [`Allowance`]; its errors are [`UnpackError`]s inside [`io::Error`]s.
pub struct Unpack<'a, R: BufRead> {
    decoder: Decoder<'a, R>,
    allowance: Allowance,
    unpacked: u64,
    ended: bool,
}

impl<R: BufRead> Unpack<'_, R> {
    /// Starts to read `packed`.
    ///
    /// # Errors
    /// [`UnpackError::Damaged`] when the decoder cannot be set up.
    pub fn new(packed: R, allowance: Allowance) -> Result<Self, UnpackError> {
        let mut decoder = Decoder::with_buffer(packed).map_err(UnpackError::Damaged)?.single_frame();
        decoder.window_log_max(MAX_WINDOW_LOG).map_err(UnpackError::Damaged)?;
        Ok(Self { decoder, allowance, unpacked: 0, ended: false })
    }

    /// The frame is over: nothing may follow it, and an empty file is not a frame.
    fn end(&mut self) -> Result<(), UnpackError> {
        self.decoder.finish_frame().map_err(UnpackError::Damaged)?;
        let rest = self.decoder.get_mut().fill_buf().map_err(UnpackError::Damaged)?;
        if rest.is_empty() { Ok(()) } else { Err(UnpackError::Trailing) }
    }
}

impl<R: BufRead> Read for Unpack<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.ended {
            return Ok(0);
        }
        let count = self.decoder.read(buffer).map_err(UnpackError::from_io).map_err(io::Error::other)?;
        self.unpacked += count as u64;
        self.allowance.check(self.unpacked).map_err(io::Error::other)?;
        if count == 0 {
            self.ended = true;
            self.end().map_err(io::Error::other)?;
        }
        Ok(count)
    }
}

/// Starts a frame that is written to `out`; call `finish` on it.
///
/// # Errors
/// When the encoder cannot be set up.
pub fn packer<'a, W: Write>(out: W, level: i32) -> io::Result<Encoder<'a, W>> {
    Encoder::new(out, level)
}

/// Packs `bytes` as one frame.
///
/// # Errors
/// When the encoder cannot be set up.
pub fn pack(bytes: &[u8], level: i32) -> io::Result<Vec<u8>> {
    let mut encoder = packer(Vec::new(), level)?;
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Unpacks one frame.
///
/// # Errors
/// [`UnpackError`] when it goes beyond `allowance`, is damaged, or something follows it.
pub fn unpack(packed: &[u8], allowance: Allowance) -> Result<Vec<u8>, UnpackError> {
    let mut bytes = Vec::new();
    Unpack::new(packed, allowance)?.read_to_end(&mut bytes).map_err(UnpackError::from_io)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::text::damaged::damaged;

    #[test]
    fn what_is_not_exactly_one_frame_is_refused() {
        let frame = pack(b"stella", STORE_LEVEL).unwrap();
        let any = Allowance::bytes(1 << 20);
        assert_eq!(unpack(&frame, any).unwrap(), b"stella");
        assert!(matches!(unpack(b"", any), Err(UnpackError::Damaged(_))));
        assert!(matches!(unpack(b"stella", any), Err(UnpackError::Damaged(_))));
        for cut in 1..frame.len() {
            assert!(matches!(unpack(&frame[..cut], any), Err(UnpackError::Damaged(_))), "cut at {cut}");
        }
        assert!(matches!(unpack(&[&frame[..], b"x"].concat(), any), Err(UnpackError::Trailing)));
        assert!(matches!(unpack(&[&frame[..], &frame[..]].concat(), any), Err(UnpackError::Trailing)));
    }

    #[test]
    fn limits_hold_to_the_byte() {
        let frame = pack(&[0; 1000], STORE_LEVEL).unwrap();
        assert_eq!(unpack(&frame, Allowance::bytes(1000)).unwrap().len(), 1000);
        assert!(matches!(unpack(&frame, Allowance::bytes(999)), Err(UnpackError::TooLarge { limit: 999 })));
        assert!(matches!(unpack(&frame, Allowance::ratio(2000, 3, 100, 0)), Err(UnpackError::Bomb { limit: 300 })));
        assert_eq!(unpack(&frame, Allowance::ratio(2000, 3, 100, 1000)).unwrap().len(), 1000);
    }

    #[test]
    fn the_frame_does_not_depend_on_how_the_bytes_come() {
        let bytes: Vec<u8> = (0..900_000u32).map(|n| (n.wrapping_mul(n) >> 13) as u8 & 31).collect();
        for level in [STORE_LEVEL, ARCHIVE_LEVEL] {
            let whole = pack(&bytes, level).unwrap();
            for step in [1000, 65_536, 131_072, 200_001] {
                let mut encoder = packer(Vec::new(), level).unwrap();
                bytes.chunks(step).for_each(|chunk| encoder.write_all(chunk).unwrap());
                assert!(encoder.finish().unwrap() == whole, "level {level}, chunks of {step}");
            }
        }
    }

    proptest! {
        #[test]
        fn packing_is_undone(bytes: Vec<u8>, level in 1..=12i32) {
            let packed = pack(&bytes, level).unwrap();
            prop_assert_eq!(unpack(&packed, Allowance::bytes(1 << 20)).unwrap(), bytes);
        }

        #[test]
        fn no_input_panics(bytes: Vec<u8>, damaged in damaged(&pack(&[7; 5_000], 3).unwrap())) {
            for bytes in [bytes, damaged] {
                let unpacked = unpack(&bytes, Allowance::bytes(1 << 20));
                prop_assert!(unpacked.map_or(0, |bytes| bytes.len()) <= 1 << 20);
            }
        }
    }
}
