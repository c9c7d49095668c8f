//! What stella and the helper say to each other over one socket.
//!
//! Stella writes one frame, the [`Request`]. Closing the socket's other direction means *end the run*. The helper answers
//! with one [`Report`] and closes. The program never holds the socket.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::sandbox::ending::Reason;
use crate::sandbox::ledger::Ledger;
use crate::sandbox::look_ups::LookUps;
use crate::sandbox::spec::SandboxSpec;

/// The longest frame, in bytes: more than the kernel takes for arguments and environment.
const LONGEST: u32 = 16 << 20;
/// A length that most messages keep to, in bytes.
const USUAL: usize = 16 << 10;

/// What is to be run, and how.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) mechanism: Mechanism,
    pub(crate) spec: SandboxSpec,
    /// The processors that stella may use; none where they are those of the helper.
    pub(crate) processors: Vec<usize>,
    /// Build the sandbox and run nothing.
    pub(crate) probe: bool,
}

/// How the run is to be isolated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mechanism {
    /// Namespaces and a tracer.
    Full,
    /// A tracer; `root` is a private folder of the run.
    Traced { root: PathBuf },
    /// Namespaces.
    Isolated,
    /// None; `root` is a private folder of the run.
    Plain { root: PathBuf },
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The mechanism does not work on this machine; nothing was run.
    Refused(Cause),
    /// The spec cannot be run; nothing was run.
    Failed { what: Failure, errno: i32 },
    /// A probe ended well.
    Ready { lost: Vec<String> },
    /// The program is no more.
    Ended {
        how: How,
        lost: Vec<String>,
        ledger: Ledger,
        look_ups: Option<LookUps>,
        /// The file that was opened and has no content.
        lacking: Option<String>,
    },
}

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum How {
    /// By itself.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// By the helper.
    Killed(Reason),
    /// By stella, which knows why.
    Stopped,
}

/// A part of a mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    Namespaces,
    Tracing,
}

/// A step that did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cause {
    pub(crate) part: Part,
    pub(crate) step: String,
    pub(crate) errno: i32,
}

/// What of a spec cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Failure {
    Program,
    WorkingDirectory,
    /// By its number in the spec.
    Mount(usize),
    Step(String),
}

/// Writes one frame: its length, then JSON.
pub(crate) fn send(mut to: impl Write, value: &impl Serialize) -> io::Result<()> {
    let body = serde_json::to_vec(value)?;
    let length = u32::try_from(body.len()).ok().filter(|length| *length <= LONGEST);
    let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
    // At once: whoever waits is woken once.
    to.write_all(&[&length.to_be_bytes(), body.as_slice()].concat())?;
    to.flush()
}

/// Reads one frame and not a byte more.
pub(crate) fn receive<T: DeserializeOwned>(mut from: impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    // What is claimed is made room for only as far as it is usual.
    let mut body = Vec::with_capacity(usize::try_from(length).unwrap_or(0).min(USUAL));
    from.take(length.into()).read_to_end(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}

/// The frame that `bytes` begin with; `None` where it has not come as a whole.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Option<io::Result<T>> {
    let (length, body) = bytes.split_first_chunk()?;
    let length = u32::from_be_bytes(*length);
    if length > LONGEST {
        return Some(Err(io::ErrorKind::InvalidData.into()));
    }
    let body = body.get(..usize::try_from(length).ok()?)?;
    Some(serde_json::from_slice(body).map_err(io::Error::from))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::text::damaged::damaged;

    #[test]
    fn frames_are_read_one_by_one() {
        let mut bytes = Vec::new();
        let (first, second) =
            (Report::Ready { lost: vec!["clock".into()] }, Report::Failed { what: Failure::Mount(3), errno: 2 });
        send(&mut bytes, &first).unwrap();
        send(&mut bytes, &second).unwrap();
        let mut rest = bytes.as_slice();
        assert_eq!(receive::<Report>(&mut rest).unwrap(), first);
        assert_eq!(receive::<Report>(&mut rest).unwrap(), second);
        assert!(receive::<Report>(&mut rest).is_err());
    }

    #[test]
    fn a_frame_is_parsed_when_it_has_come_as_a_whole() {
        let mut bytes = Vec::new();
        let report = Report::Ready { lost: vec!["clock".into()] };
        send(&mut bytes, &report).unwrap();
        assert!((0..bytes.len()).all(|length| parse::<Report>(&bytes[..length]).is_none()));
        bytes.extend(b"rest");
        assert_eq!(parse::<Report>(&bytes).unwrap().unwrap(), report);
        assert!(parse::<Report>(&[0xff; 4]).unwrap().is_err());
    }

    #[test]
    fn a_length_that_lies_takes_no_memory() {
        assert!(receive::<Report>([0xff; 8].as_slice()).is_err());
        assert!(receive::<Report>([0, 0xff, 0xff, 0xff, b'{'].as_slice()).is_err());
    }

    fn sample() -> Vec<u8> {
        let mut bytes = Vec::new();
        send(
            &mut bytes,
            &Report::Ended {
                how: How::Code(3),
                lost: vec!["clock".into()],
                ledger: Ledger::default(),
                look_ups: Some(LookUps { opened: vec!["/a".into()], ..LookUps::default() }),
                lacking: None,
            },
        )
        .unwrap();
        bytes
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>, damaged in damaged(&sample())) {
            for bytes in [bytes, damaged] {
                receive::<Report>(bytes.as_slice()).ok();
                parse::<Report>(&bytes);
            }
        }
    }
}
