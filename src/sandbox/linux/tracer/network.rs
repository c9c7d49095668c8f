//! Who reaches for which address. Namespaces already keep the network away; without them the calls are refused here.
//!
//! Without namespaces this is evidence and not a boundary: an address is read from memory that another thread of a
//! hostile program may change between this reading and the kernel's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::sandbox::linux::arch::Call;
use crate::sandbox::linux::tracee::{self, Pid, Resume, read_word};
use crate::sandbox::linux::tracer::observed::Reach;
use crate::sandbox::linux::tracer::{Tracer, Walls};
use crate::sandbox::spec::Network;

const ENETUNREACH: i64 = 101;
const ECONNREFUSED: i64 = 111;

/// The longest address of any family, in bytes: `struct sockaddr_storage`.
const LONGEST: u64 = 128;
/// How many messages of one `sendmmsg` are looked at.
const MOST_MESSAGES: u64 = 64;

/// Where somebody reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Address {
    Internet(IpAddr, u16),
    /// A socket in the file system.
    Path(Vec<u8>),
    /// A socket with a name of its own.
    Abstract(Vec<u8>),
    /// Nothing that leads anywhere: no address, or the kernel itself.
    Nowhere,
    /// A family that is none of these.
    Other(u16),
}

impl Address {
    /// Reads a `struct sockaddr`.
    fn parse(bytes: &[u8]) -> Self {
        const UNSPECIFIED: u16 = 0;
        const UNIX: u16 = 1;
        const INTERNET: u16 = 2;
        const INTERNET_6: u16 = 10;
        const KERNEL: u16 = 16;
        let Some((family, rest)) = bytes.split_first_chunk::<2>() else { return Self::Nowhere };
        let port = rest.first_chunk::<2>().map_or(0, |port| u16::from_be_bytes(*port));
        match u16::from_ne_bytes(*family) {
            UNSPECIFIED | KERNEL => Self::Nowhere,
            UNIX => match rest.split_first() {
                None => Self::Nowhere,
                Some((0, name)) => Self::Abstract(name.to_vec()),
                Some(_) => Self::Path(rest.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()),
            },
            INTERNET => match rest.get(2..).and_then(<[u8]>::first_chunk::<4>) {
                Some(address) => Self::Internet(Ipv4Addr::from(*address).into(), port),
                None => Self::Other(INTERNET),
            },
            INTERNET_6 => match rest.get(6..).and_then(<[u8]>::first_chunk::<16>) {
                Some(address) => Self::Internet(Ipv6Addr::from(*address).to_canonical(), port),
                None => Self::Other(INTERNET_6),
            },
            family => Self::Other(family),
        }
    }

    fn is_loopback(&self) -> bool {
        matches!(self, Self::Internet(address, _) if address.is_loopback() || address.is_unspecified())
    }

    fn in_words(&self) -> (String, Option<u16>) {
        match self {
            Self::Internet(address, port) => (address.to_string(), Some(*port)),
            Self::Path(path) => (format!("unix:{}", String::from_utf8_lossy(path)), None),
            Self::Abstract(name) => (format!("unix:@{}", String::from_utf8_lossy(name)), None),
            Self::Nowhere => ("nowhere".to_owned(), None),
            Self::Other(family) => (format!("family {family}"), None),
        }
    }
}

impl Tracer<'_> {
    /// `socket` of the internet: the first one needs a loopback, and a resolver that says no.
    pub(super) fn socket(&mut self) -> Resume {
        self.raise_network();
        Resume::Run
    }

    /// `connect`, `sendto`, `sendmsg`, `sendmmsg`.
    pub(super) fn reach(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        let [_, second, third, _, fifth, sixth] = *arguments;
        let addresses: Vec<(u64, u64)> = match call {
            Call::Connect => vec![(second, third)],
            Call::Sendto => vec![(fifth, sixth)],
            Call::Sendmsg => of_message(pid, second).into_iter().collect(),
            _ => {
                // `struct mmsghdr`: a message, how much of it was sent, and what fills eight bytes.
                const SIZE: u64 = 64;
                let messages = (0..third.min(MOST_MESSAGES)).map(|index| second.wrapping_add(SIZE * index));
                messages.filter_map(|message| of_message(pid, message)).collect()
            }
        };
        let mut refused = None;
        for (place, length) in addresses {
            let mut bytes = vec![0; usize::try_from(length.min(LONGEST)).unwrap_or(0)];
            let read = tracee::read(pid, place, &mut bytes);
            bytes.truncate(read);
            let address = Address::parse(&bytes);
            let denied = self.denies(&address);
            if self.walls == Walls::Tracer && denied {
                refused = Some(if matches!(address, Address::Internet(..)) { ENETUNREACH } else { ECONNREFUSED });
            }
            self.note(pid, call, &address, denied);
        }
        if let Some(errno) = refused {
            tracee::answer(pid, -errno);
        }
        Resume::Run
    }

    fn denies(&self, address: &Address) -> bool {
        if self.spec.network == Network::Allowed {
            return false;
        }
        match (address, self.walls) {
            (Address::Nowhere, _) => false,
            // The run has a loopback and a file system of its own.
            (Address::Internet(..), Walls::Namespaces) => !address.is_loopback(),
            (Address::Path(_) | Address::Abstract(_), Walls::Namespaces) => false,
            (Address::Path(path), Walls::Tracer) => {
                let path = Path::new(std::str::from_utf8(path).unwrap_or_default());
                // A relative one may lead anywhere.
                !self.private.is_some_and(|root| path.starts_with(root))
            }
            _ => true,
        }
    }

    fn note(&mut self, pid: Pid, call: Call, address: &Address, denied: bool) {
        const RESOLVER: u16 = 53;
        // What was asked there is known by name.
        let resolver = address.is_loopback() && matches!(address, Address::Internet(_, RESOLVER));
        if *address == Address::Nowhere || (resolver && self.walls == Walls::Namespaces) {
            return;
        }
        let Some(task) = self.tasks.get(&pid) else { return };
        let executable = task.executable();
        let (address, port) = address.in_words();
        self.observed.reach(Reach { call: call.name(), address, port, denied }, executable, self.elapsed());
    }
}

/// Where a `struct msghdr` has its address, and how long it is.
fn of_message(pid: Pid, message: u64) -> Option<(u64, u64)> {
    let place = read_word(pid, message).filter(|place| *place != 0)?;
    let length = read_word(pid, message.checked_add(8)?)? & u64::from(u32::MAX);
    Some((place, length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sockaddr(family: u16, rest: &[u8]) -> Vec<u8> {
        [family.to_ne_bytes().as_slice(), rest].concat()
    }

    #[test]
    fn addresses_are_read_as_the_kernel_reads_them() {
        let mapped = [&[0, 80, 0, 0, 0, 0], [0; 10].as_slice(), &[255, 255, 192, 0, 2, 1], &[0; 4]].concat();
        let rows = [
            (sockaddr(2, &[1, 187, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]), "192.0.2.1", Some(443), false),
            (sockaddr(2, &[0, 53, 127, 0, 0, 1]), "127.0.0.1", Some(53), true),
            (sockaddr(10, &mapped), "192.0.2.1", Some(80), false),
            (sockaddr(1, b"/run/x\0rest"), "unix:/run/x", None, false),
            (sockaddr(1, b"\0name"), "unix:@name", None, false),
            (sockaddr(40, &[0; 14]), "family 40", None, false),
            (sockaddr(2, &[0, 53, 127]), "family 2", None, false),
            (sockaddr(16, &[0; 10]), "nowhere", None, false),
            (vec![2], "nowhere", None, false),
        ];
        for (bytes, text, port, loopback) in rows {
            let address = Address::parse(&bytes);
            assert_eq!((address.in_words(), address.is_loopback()), ((text.to_owned(), port), loopback));
        }
    }

    proptest! {
        #[test]
        fn any_address_is_read(bytes in prop::collection::vec(any::<u8>(), 0..130)) {
            Address::parse(&bytes).in_words();
        }
    }
}
