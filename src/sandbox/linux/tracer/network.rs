//! Who reaches for which address.
//!
//! With namespaces the kernel keeps the network away. What is left is a socket in a folder of the machine that is shown:
//! one that is there at the start is covered, one that comes later is refused here, as far as a path that lies in the
//! program's memory can be judged.
//!
//! Without namespaces this is the only wall, so nothing is let run that depends on memory, which another thread may
//! change between this reading and the kernel's. By registers alone it is decided which sockets there are: whoever asks
//! for one of the internet gets one of `AF_UNIX` in its place, of a kind that sends nothing without a connection, and
//! whatever it sends to an address is answered here. A connection is made by the tracer itself, through the program's own
//! descriptor, to the very file that was judged.

use crate::sandbox::linux::arch::Call;
use crate::sandbox::linux::tracee::{self, Pid, Resume, read_word};
use crate::sandbox::linux::tracer::address::Address;
use crate::sandbox::linux::tracer::observed::Reach;
use crate::sandbox::linux::tracer::pending::ECONNREFUSED;
use crate::sandbox::linux::tracer::task::AtExit;
use crate::sandbox::linux::tracer::unix::is_own;
use crate::sandbox::linux::tracer::{EFAULT, EINVAL, Tracer, Walls, answered, number};
use crate::sandbox::spec::Network;

const ENETUNREACH: i64 = libc::ENETUNREACH as i64;
const EADDRNOTAVAIL: i64 = libc::EADDRNOTAVAIL as i64;
const EPERM: u16 = libc::EPERM as u16;
const EPROTONOSUPPORT: u16 = libc::EPROTONOSUPPORT as u16;

/// The longest address of any family, in bytes: `struct sockaddr_storage`. The kernel takes no longer one.
const LONGEST: u64 = size_of::<libc::sockaddr_storage>() as u64;
/// How many messages of one `sendmmsg` the kernel takes.
const MOST_MESSAGES: u64 = libc::UIO_MAXIOV as u64;

/// What is decided about one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It can succeed.
    Free,
    /// It is denied by the kernel: seen, and let run.
    Walled,
    /// It is answered with this error, and seen as denied.
    Denied(i64),
    /// It is answered with this error, as without a sandbox.
    Failed(i64),
}

/// Where an address lies, and how long it is.
struct Given {
    place: u64,
    length: u64,
}

impl Tracer<'_> {
    /// Whether the tracer alone keeps the program from the network.
    fn is_the_wall(&self) -> bool {
        self.walls == Walls::Tracer && self.spec.network == Network::Denied
    }

    /// `socket` and `socketpair`: of the internet with namespaces, where the first one needs a loopback, and a resolver that
    /// says no; of any family without.
    pub(super) fn socket(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        if !self.is_the_wall() {
            self.raise_network();
            return Resume::Run;
        }
        /// `SOCK_TYPE_MASK`.
        const KINDS: i32 = 0xf;
        let [family, kind, protocol] = [arguments[0], arguments[1], arguments[2]].map(number);
        let (flags, kind) = (kind & !KINDS, kind & KINDS);
        let stand_in = match (family, kind) {
            (libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_SEQPACKET) => return Resume::Run,
            // The kernel's tables, which every program may read; through the other protocols it tells more.
            (libc::AF_NETLINK, _) if protocol == libc::NETLINK_ROUTE => return Resume::Run,
            (libc::AF_NETLINK, _) => return self.refuse(pid, Some(call), EPROTONOSUPPORT),
            (libc::AF_INET | libc::AF_INET6, libc::SOCK_STREAM) => libc::SOCK_STREAM,
            (libc::AF_INET | libc::AF_INET6, libc::SOCK_DGRAM) => libc::SOCK_SEQPACKET,
            // Messages keep their bounds, and go to no other socket than the one that it is connected to.
            (libc::AF_UNIX, libc::SOCK_DGRAM | libc::SOCK_RAW) => libc::SOCK_SEQPACKET,
            _ => return self.refuse(pid, Some(call), EPERM),
        };
        let changes = [(0, libc::AF_UNIX), (1, stand_in | flags), (2, 0)];
        self.change_arguments(pid, &changes.map(|(argument, value)| (argument, u64::from(value.cast_unsigned()))))
    }

    /// Lets the call run with other arguments, and puts them back at its end.
    pub(super) fn change_arguments(&mut self, pid: Pid, changes: &[(usize, u64)]) -> Resume {
        let Some(before) = tracee::registers(pid) else { return failed(pid) };
        let mut after = before;
        changes.iter().for_each(|(argument, value)| after.set_argument(*argument, *value));
        if !tracee::set_registers(pid, &after) {
            return failed(pid);
        }
        self.at_exit(pid, AtExit::Restore(Box::new(before)))
    }

    /// `bind`, where the tracer is the wall: to a path in the private folders, and without a number or a group to the
    /// kernel. There is no other address to be had, and none that the kernel chooses: by such a name a process outside
    /// could connect. It is made here, to what was judged.
    pub(super) fn bind(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        let [descriptor, place, length, ..] = *arguments;
        let bytes = match read_address(pid, &Given { place, length }) {
            Ok(bytes) => bytes,
            Err(errno) => return answered(pid, -errno),
        };
        let address = Address::parse(&bytes);
        match address {
            Address::Path(_) => self.bind_to_path(pid, descriptor, &address),
            Address::Kernel => self.reach_kernel(pid, call, descriptor, &bytes),
            _ => {
                self.observed_denied(pid, call, &address);
                answered(pid, -EADDRNOTAVAIL)
            }
        }
    }

    /// Notes a denied address, also one that is not known yet.
    fn observed_denied(&mut self, pid: Pid, call: Call, address: &Address) {
        if *address == Address::Nowhere {
            self.note_refusal(pid, Some(call));
        } else {
            self.note(pid, call, address, true);
        }
    }

    /// `connect`, `sendto`, `sendmsg`, `sendmmsg`.
    pub(super) fn reach(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        let [descriptor, second, third, _, fifth, sixth] = *arguments;
        let given = match call {
            Call::Connect => Ok(vec![Given { place: second, length: third }]),
            Call::Sendto => Ok(vec![Given { place: fifth, length: sixth }]),
            Call::Sendmsg => of_message(pid, second).map(|given| given.into_iter().collect()),
            _ => {
                // `struct mmsghdr`: a message, how much of it was sent, and what fills eight bytes.
                const SIZE: u64 = 64;
                let count = u64::from(number(third).cast_unsigned()).min(MOST_MESSAGES);
                let messages = (0..count).map(|index| second.wrapping_add(SIZE * index));
                messages.filter_map(|message| of_message(pid, message).transpose()).collect()
            }
        };
        let given = match given {
            Ok(given) => given,
            Err(errno) => return answered(pid, -errno),
        };
        let mut error = None;
        for given in given {
            let bytes = match read_address(pid, &given) {
                Ok(bytes) => bytes,
                Err(errno) => return answered(pid, -errno),
            };
            let address = Address::parse(&bytes);
            if call == Call::Connect && is_unspecified(&bytes) {
                // It ends a connection. Who stands in for a socket of the internet has none.
                return if self.is_the_wall() { answered(pid, 0) } else { Resume::Run };
            }
            if call == Call::Connect && self.is_the_wall() && matches!(address, Address::Path(_) | Address::Kernel) {
                return self.connect(pid, descriptor, &address, &bytes);
            }
            if call == Call::Connect && self.is_the_wall() && address == Address::Nowhere {
                return answered(pid, -EINVAL);
            }
            let verdict = self.judge(pid, &address);
            self.note(pid, call, &address, matches!(verdict, Verdict::Denied(_) | Verdict::Walled));
            if let Verdict::Denied(errno) | Verdict::Failed(errno) = verdict {
                error.get_or_insert(errno);
            }
        }
        error.map_or(Resume::Run, |errno| answered(pid, -errno))
    }

    fn judge(&self, pid: Pid, address: &Address) -> Verdict {
        if self.spec.network == Network::Allowed {
            return Verdict::Free;
        }
        match (address, self.walls) {
            (Address::Nowhere | Address::Kernel, _) => Verdict::Free,
            // The run has a loopback of its own.
            (Address::Internet(..), Walls::Namespaces) if address.is_loopback() => Verdict::Free,
            (Address::Internet(..) | Address::Other(_), Walls::Namespaces) => Verdict::Walled,
            (Address::Abstract(_), Walls::Namespaces) => Verdict::Free,
            (Address::Path(path), Walls::Namespaces) => {
                match self.own_devices(pid).and_then(|own| is_own(pid, path, &own)) {
                    Ok(true) => Verdict::Free,
                    Ok(false) => Verdict::Denied(ECONNREFUSED),
                    Err(errno) => failure(errno),
                }
            }
            (Address::Internet(..), Walls::Tracer) => Verdict::Denied(ENETUNREACH),
            (_, Walls::Tracer) => Verdict::Denied(ECONNREFUSED),
        }
    }

    pub(super) fn note(&mut self, pid: Pid, call: Call, address: &Address, denied: bool) {
        const RESOLVER: u16 = 53;
        // What was asked there is known by name.
        let resolver = address.is_loopback() && matches!(address, Address::Internet(_, RESOLVER));
        if matches!(address, Address::Nowhere | Address::Kernel) || (resolver && self.walls == Walls::Namespaces) {
            return;
        }
        let Some(task) = self.tasks.get(&pid) else { return };
        let executable = task.executable();
        let (address, port) = address.in_words();
        self.observed.reach(Reach { call: call.name(), address, port, denied }, executable, self.elapsed());
    }
}

/// What a path that cannot be resolved comes to: the kernel says the same, but where only the tracer cannot follow.
fn failure(errno: rustix::io::Errno) -> Verdict {
    use rustix::io::Errno;
    match errno {
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG => Verdict::Failed(errno.raw_os_error().into()),
        _ => Verdict::Denied(ECONNREFUSED),
    }
}

fn failed(pid: Pid) -> Resume {
    tracee::fail(pid);
    Resume::Run
}

fn is_unspecified(bytes: &[u8]) -> bool {
    bytes.first_chunk::<2>().is_some_and(|family| u16::from_ne_bytes(*family) == libc::AF_UNSPEC as u16)
}

/// The address, copied; or the error that the kernel gives for it.
fn read_address(pid: Pid, given: &Given) -> Result<Vec<u8>, i64> {
    let length = u64::try_from(number(given.length)).ok().filter(|length| *length <= LONGEST).ok_or(EINVAL)?;
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| EINVAL)?];
    if tracee::read(pid, given.place, &mut bytes) < bytes.len() {
        return Err(EFAULT);
    }
    Ok(bytes)
}

/// Where a `struct msghdr` has its address, if it has one; or the error that the kernel gives for it.
fn of_message(pid: Pid, message: u64) -> Result<Option<Given>, i64> {
    let place = read_word(pid, message).ok_or(EFAULT)?;
    let length = message.checked_add(8).and_then(|at| read_word(pid, at)).ok_or(EFAULT)?;
    // The kernel cuts a longer one.
    let length = u64::from(number(length).cast_unsigned()).min(LONGEST);
    Ok((place != 0 && length != 0).then_some(Given { place, length }))
}
