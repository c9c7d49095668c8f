//! What the helper's two processes say to each other: the supervisor, outside of all namespaces, and the first inside.
//!
//! Messages keep their bounds (`SOCK_SEQPACKET`) and the inner side never waits to be heard, so neither can hold up
//! the other. The program holds neither end.

use std::cell::RefCell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};
use serde::{Deserialize, Serialize};

use crate::sandbox::linux::tracer::observed::Observed;
use crate::sandbox::wire::{Cause, Failure, How};

/// The longest message, in bytes; what is longer is not sent.
const LONGEST: usize = 64 << 10;
/// How long the network may take to come up.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the supervisor asks.
const GO_TRACED: u8 = b't';
const GO: u8 = b'g';
const NETWORK: u8 = b'n';
const MEMORY: u8 = b'm';

/// What the first process says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Said {
    /// Everything is built; what of the spec could not be had.
    Built { lost: Vec<String> },
    /// The mechanism does not work here.
    Refused(Cause),
    /// The spec cannot be run.
    Failed { what: Failure, errno: i32 },
    /// The network is up, or never will be.
    Network,
    /// The program is not in the control group that was made for it.
    Uncounted,
    /// A name was looked up.
    Name { name: String, record: String },
    /// Bytes of memory that the private file systems and shared memory of System V hold, mapped or not.
    Memory(u64),
    /// The program has ended; to a tracer that says nothing new, but of one that was never loaded.
    Ended { how: How, peak_memory: u64, processes: u64 },
}

impl Said {
    /// Notes what belongs into the ledger.
    pub(super) fn note(self, observed: &mut Observed) {
        match self {
            Self::Name { name, record } => observed.name(&name, record),
            Self::Memory(bytes) => observed.shared_memory = bytes,
            Self::Uncounted => observed.uncounted = true,
            _ => {}
        }
    }
}

/// What the first process is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InitRequest {
    /// Begin; whether there is a tracer.
    Go { traced: bool },
    /// Bring the network up.
    RaiseNetwork,
    /// Say how much memory is held by what belongs to no process.
    CountMemory,
}

/// The inner end.
#[derive(Debug)]
pub(super) struct Inside(OwnedFd);

/// The outer end, and the line to stella.
#[derive(Debug)]
pub(super) struct Channel {
    inside: OwnedFd,
    stella: UnixStream,
    /// How the building went: the first message that says so.
    built: RefCell<Option<Said>>,
    ended: RefCell<Option<Said>>,
    /// Room for a message.
    message: RefCell<Vec<u8>>,
}

/// Both ends.
pub(super) fn open(stella: UnixStream) -> rustix::io::Result<(Channel, Inside)> {
    let (outer, inner) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    let (built, ended, message) = (RefCell::default(), RefCell::default(), RefCell::new(Vec::with_capacity(LONGEST)));
    let channel = Channel { inside: outer, stella, built, ended, message };
    Ok((channel, Inside(inner)))
}

impl Inside {
    /// Says something. A name or a number that nobody takes in time is lost, so that a program cannot make this process
    /// wait; how the run goes is not.
    pub(super) fn say(&self, said: &Said) {
        let message = serde_json::to_vec(said).unwrap_or_default();
        let flags = match said {
            Said::Name { .. } | Said::Memory(_) => SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
            _ => SendFlags::NOSIGNAL,
        };
        if message.len() <= LONGEST {
            while send(&self.0, &message, flags) == Err(rustix::io::Errno::INTR) {}
        }
    }

    /// Waits for the next order; `None` when the supervisor is gone.
    pub(super) fn told(&self) -> Option<InitRequest> {
        let mut order = [0];
        loop {
            match recv(&self.0, &mut order, RecvFlags::empty()) {
                Ok((1, _)) => {}
                Err(rustix::io::Errno::INTR) => continue,
                _ => return None,
            }
            return match order {
                [GO_TRACED] => Some(InitRequest::Go { traced: true }),
                [GO] => Some(InitRequest::Go { traced: false }),
                [NETWORK] => Some(InitRequest::RaiseNetwork),
                [MEMORY] => Some(InitRequest::CountMemory),
                _ => None,
            };
        }
    }
}

impl AsFd for Inside {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Channel {
    /// Lets the first process begin.
    pub(super) fn go(&self, traced: bool) {
        let order = if traced { GO_TRACED } else { GO };
        send(&self.inside, &[order], SendFlags::NOSIGNAL).ok();
    }

    /// Takes everything that has been said so far, without waiting.
    pub(super) fn hear_all(&self, mut hear: impl FnMut(Said)) {
        while let Some(said) = self.hear(RecvFlags::DONTWAIT) {
            self.take(said, &mut hear);
        }
    }

    /// Asks how much memory is held by what belongs to no process; the answer is heard later.
    pub(super) fn ask_for_memory(&self) {
        send(&self.inside, &[MEMORY], SendFlags::DONTWAIT | SendFlags::NOSIGNAL).ok();
    }

    /// Asks for the network and waits until it is up, or will not be.
    pub(super) fn ask_for_network(&self, mut hear: impl FnMut(Said)) {
        send(&self.inside, &[NETWORK], SendFlags::NOSIGNAL).ok();
        let until = Instant::now() + PATIENCE;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let mut ready = [PollFd::new(&self.inside, PollFlags::IN)];
            let left = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
            match poll(&mut ready, Some(&left)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(_) => return,
            }
            match self.hear(RecvFlags::DONTWAIT) {
                Some(Said::Network) | None => return,
                Some(said) => self.take(said, &mut hear),
            }
        }
    }

    fn take(&self, said: Said, hear: &mut impl FnMut(Said)) {
        match said {
            Said::Built { .. } | Said::Refused(_) | Said::Failed { .. } => {
                // What goes wrong after the building outweighs it.
                self.built.replace(Some(said));
            }
            Said::Ended { .. } => {
                self.ended.replace(Some(said));
            }
            said => hear(said),
        }
    }

    fn hear(&self, flags: RecvFlags) -> Option<Said> {
        let mut message = self.message.borrow_mut();
        message.clear();
        loop {
            match recv(&self.inside, spare_capacity(&mut message), flags) {
                // The other end was closed with a question unread. The kernel says so once, before what was said there.
                Err(rustix::io::Errno::INTR | rustix::io::Errno::CONNRESET) => {}
                heard => {
                    heard.ok()?;
                    break;
                }
            }
        }
        serde_json::from_slice(&message).ok()
    }

    /// How the building went, as far as has been heard.
    pub(super) fn built(&self) -> Option<Said> {
        self.built.take()
    }

    /// How the run ended, as far as has been heard.
    pub(super) fn ended(&self) -> Option<Said> {
        self.ended.take()
    }

    /// Whether stella has closed its end: the run is to be ended.
    pub(super) fn stella_has_gone(&self) -> bool {
        let mut byte = [0];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        matches!(recv(&self.stella, &mut byte, flags), Ok((0, _)) | Err(rustix::io::Errno::CONNRESET))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a busy machine a tick comes before the first process listens: a run ended without a word of how it was built.
    #[test]
    fn what_was_said_is_heard_also_where_a_question_was_never_read() {
        let (stella, _caller) = UnixStream::pair().unwrap();
        let (channel, inside) = open(stella).unwrap();
        channel.go(true);
        assert_eq!(inside.told(), Some(InitRequest::Go { traced: true }));
        channel.ask_for_memory();
        inside.say(&Said::Name { name: "example".to_owned(), record: "A".to_owned() });
        inside.say(&Said::Built { lost: vec!["nothing".to_owned()] });
        drop(inside);
        let mut heard = 0;
        channel.hear_all(|_| heard += 1);
        assert_eq!(heard, 1);
        assert!(matches!(channel.built(), Some(Said::Built { lost }) if lost == ["nothing"]));
        assert!(channel.ended().is_none());
    }
}
