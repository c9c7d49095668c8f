//! Options of sockets that would show the machine's time of day: by their level and number, which is what a rule sees.
//!
//! The kernel stamps messages (`SO_TIMESTAMP` and its like), and packets whose header asks for it: the timestamp option of
//! the internet protocol (RFC 791) holds milliseconds since midnight, also on a run's own loopback. A header with options
//! can be sent with a message, from memory, which no filter sees; so what shows the header of a received packet is refused
//! too: its options, a connection's first packet, and a filter on the socket, which could look into it.

/// One option: how its rule is called, its level, its number.
pub(in crate::sandbox::linux) type SocketOption = (&'static str, i32, i32);

/// `SO_PASSPIDFD`; `libc` lacks it.
const PASS_PROCESS_FILE: i32 = 76;

/// Those that are not set.
pub(in crate::sandbox::linux) const SET: &[SocketOption] = &[
    ("stamp", libc::SOL_SOCKET, libc::SO_TIMESTAMP),
    ("stamp-ns", libc::SOL_SOCKET, libc::SO_TIMESTAMPNS),
    ("stamping", libc::SOL_SOCKET, libc::SO_TIMESTAMPING),
    // The same with seconds of 64 bits (`SO_TIMESTAMP_NEW` and its like); `libc` lacks the names.
    ("stamp-new", libc::SOL_SOCKET, 63),
    ("stamp-ns-new", libc::SOL_SOCKET, 64),
    ("stamping-new", libc::SOL_SOCKET, 65),
    ("filter", libc::SOL_SOCKET, libc::SO_ATTACH_FILTER),
    ("filter-bpf", libc::SOL_SOCKET, libc::SO_ATTACH_BPF),
    ("filter-group", libc::SOL_SOCKET, libc::SO_ATTACH_REUSEPORT_CBPF),
    ("filter-group-bpf", libc::SOL_SOCKET, libc::SO_ATTACH_REUSEPORT_EBPF),
    ("header-options", libc::IPPROTO_IP, libc::IP_OPTIONS),
    ("received-options", libc::IPPROTO_IP, libc::IP_RECVOPTS),
    ("returned-options", libc::IPPROTO_IP, libc::IP_RETOPTS),
    ("first-packet", libc::IPPROTO_TCP, libc::TCP_SAVE_SYN),
];

/// Those that let the kernel bind a socket to a name of its choice: not set where the names are the machine's.
pub(in crate::sandbox::linux) const BINDING: &[SocketOption] =
    &[("credentials", libc::SOL_SOCKET, libc::SO_PASSCRED), ("process-file", libc::SOL_SOCKET, PASS_PROCESS_FILE)];

/// Those that are not read.
pub(in crate::sandbox::linux) const GOT: &[SocketOption] = &[
    ("header-options", libc::IPPROTO_IP, libc::IP_OPTIONS),
    ("packet-options", libc::IPPROTO_IP, libc::IP_PKTOPTIONS),
];

/// Whether a list has the option of this number at this level.
pub(in crate::sandbox::linux) fn has(list: &[SocketOption], level: i32, option: i32) -> bool {
    list.iter().any(|(_, known, number)| (*known, *number) == (level, option))
}
