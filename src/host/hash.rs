//! Digests of streams: hash what passes by, and count it.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use crate::model::digest::Digest;

/// Hashes and counts every byte that is read or written through it.
pub struct Hashing<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Hashing<T> {
    /// Wraps a reader or a writer.
    pub fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// What was wrapped, the digest of what passed, and its length in bytes.
    pub fn finish(self) -> (T, Digest, u64) {
        (self.inner, Digest::from_bytes(self.hash.finalize().into()), self.bytes)
    }

    fn saw(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.saw(&buffer[..count]);
        Ok(count)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.saw(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_and_writing_hash_alike() {
        let mut reader = Hashing::new(&b"stella"[..]);
        let mut writer = Hashing::new(Vec::new());
        io::copy(&mut reader, &mut writer).unwrap();
        let (rest, read, _) = reader.finish();
        let (copy, written, bytes) = writer.finish();
        assert_eq!((rest, copy.as_slice(), bytes), (&b""[..], &b"stella"[..], 6));
        assert_eq!((read, written), (Digest::of(b"stella"), Digest::of(b"stella")));
    }
}
