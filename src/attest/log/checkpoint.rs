//! A checkpoint: how many entries a log has and the root over them, as a note that the log has signed (C2SP `tlog-checkpoint` and
//! `signed-note`).
//!
//! Invariant: what is read is the only text of its meaning: numbers have no leading zeros, base64 is written in one way.

use crate::attest::base64;
use crate::model::digest::Digest;

/// The most lines of signatures: each may cost an operation.
const MOST_SIGNATURES: usize = 32;

/// A checkpoint, none of its signatures checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint<'t> {
    /// What is signed, with its last line break.
    pub signed: &'t str,
    /// Which log it is.
    pub origin: &'t str,
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// By whom it is signed.
    pub signatures: Vec<Signature<'t>>,
}

/// A line of signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature<'t> {
    /// Who signs, by name: nothing signs the name itself.
    pub name: &'t str,
    /// The first bytes of the key's id.
    pub hint: [u8; 4],
    /// The signature.
    pub bytes: Vec<u8>,
}

/// It is not a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a signed checkpoint")]
pub struct NotACheckpoint;

/// Bytes of a text in the standard alphabet, as they are written.
fn strict(text: &str) -> Option<Vec<u8>> {
    base64::decode(text).ok().filter(|bytes| base64::encode(bytes) == text)
}

impl<'t> Checkpoint<'t> {
    /// Reads one.
    ///
    /// # Errors
    /// [`NotACheckpoint`].
    pub fn read(text: &'t str) -> Result<Self, NotACheckpoint> {
        Self::parts(text).ok_or(NotACheckpoint)
    }

    fn parts(text: &'t str) -> Option<Self> {
        let end = text.rfind("\n\n")? + 1;
        let (signed, below) = text.split_at(end);
        let mut lines = signed.lines();
        let origin = lines.next().filter(|line| !line.is_empty())?;
        let size = lines.next()?;
        let number: u64 = size.parse().ok()?;
        let root = <[u8; 32]>::try_from(strict(lines.next()?)?).ok()?;
        // Further lines are for others to read. None is empty, or the text would end there for somebody else.
        if number.to_string() != size || lines.any(str::is_empty) || signed.contains('\r') {
            return None;
        }
        let signatures = below.strip_prefix('\n')?.strip_suffix('\n')?.split('\n');
        let signatures: Vec<_> = signatures.map(signature).take(MOST_SIGNATURES + 1).collect::<Option<_>>()?;
        let root = Digest::from_bytes(root);
        (signatures.len() <= MOST_SIGNATURES).then_some(Self { signed, origin, size: number, root, signatures })
    }
}

/// `— NAME BASE64`
fn signature(line: &str) -> Option<Signature<'_>> {
    let (name, text) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = strict(text)?;
    let (hint, bytes) = bytes.split_first_chunk::<4>()?;
    (!name.is_empty() && !bytes.is_empty()).then(|| Signature { name, hint: *hint, bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the public log of Sigstore gave it.
    const PUBLIC: &str = "rekor.sigstore.dev - 1193050959916656506\n649584076\nrnpacIXSjoToEDh0qD4CLAKdkPnW1Y4R1DhFMS+AGlI=\n\n— rekor.sigstore.dev wNI9ajBFAiB+dI3iNRQRRAEwq+BzKTSdPsCKz/m9BkbkJhT9TXRKxQIhANcH3cgUq9pObcC7hQct9sqjd4ZW54GyCHRXiLC8FF17\n";

    #[test]
    fn what_a_log_gives_is_read() {
        let read = Checkpoint::read(PUBLIC).unwrap();
        assert_eq!((read.origin, read.size), ("rekor.sigstore.dev - 1193050959916656506", 649_584_076));
        assert_eq!(read.root.as_bytes()[..3], [0xae, 0x7a, 0x5a]);
        assert!(read.signed.ends_with("GlI=\n"));
        let [signature] = &read.signatures[..] else { panic!() };
        assert_eq!((signature.name, signature.hint), ("rekor.sigstore.dev", [0xc0, 0xd2, 0x3d, 0x6a]));
        assert_eq!(signature.bytes[0], 0x30);
        // Witnesses sign, too, and some logs say more.
        let more = PUBLIC.replace("GlI=\n", "GlI=\nTimestamp: 1\n") + "— witness AAAAAAA=\n";
        assert_eq!(Checkpoint::read(&more).unwrap().signatures.len(), 2);
    }

    #[test]
    fn what_another_reader_could_read_otherwise_is_refused() {
        for (from, to) in [
            ("\n649584076\n", "\n0649584076\n"),
            ("\n649584076\n", "\n+649584076\n"),
            ("\n649584076\n", "\n18446744073709551616\n"),
            ("GlI=", "GlJ="),
            ("GlI=", "GlI"),
            ("rnpacIXS", "rnpa"),
            ("+AGlI", "-AGlI"),
            ("rekor.sigstore.dev - 1193050959916656506\n", "\n"),
            ("GlI=\n", "GlI=\r\n"),
            ("— rekor", "- rekor"),
            ("— rekor.sigstore.dev ", "—  "),
            ("wNI9ajBF", "wNI9aj"),
            ("FF17\n", "FF17"),
            ("FF17\n", "FF17\n\n"),
            ("FF17\n", "FF17\nx\n"),
            ("GlI=\n\n", "GlI=\n"),
        ] {
            let text = PUBLIC.replace(from, to);
            assert_ne!(text, PUBLIC, "{from}");
            assert_eq!(Checkpoint::read(&text), Err(NotACheckpoint), "{from} -> {to}");
        }
        let many = PUBLIC.to_owned() + &"— w AAAAAAA=\n".repeat(32);
        assert_eq!(Checkpoint::read(&many), Err(NotACheckpoint));
        for nothing in ["", "\n", "\n\n", "a\n\n", "a\n1\n\n\n"] {
            assert_eq!(Checkpoint::read(nothing), Err(NotACheckpoint), "{nothing:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0..PUBLIC.len(), with in ".{0,3}") {
            if PUBLIC.is_char_boundary(at) {
                let text = format!("{}{with}{}", &PUBLIC[..at], &PUBLIC[at..]);
                let _ = Checkpoint::read(&text);
                let _ = Checkpoint::read(&PUBLIC[..at]);
            }
        }
    }
}
