//! Addresses of sockets, as the kernel reads them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where somebody reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Internet(IpAddr, u16),
    /// A socket in the file system.
    Path(Vec<u8>),
    /// A socket with a name of its own.
    Abstract(Vec<u8>),
    /// Nothing that leads anywhere: no address.
    Nowhere,
    /// The kernel itself.
    Kernel,
    /// A family that is none of these.
    Other(u16),
}

impl Address {
    /// Reads a `struct sockaddr` to which something is to be sent.
    ///
    /// A family that is not specified is that of the internet, as for the kernel.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        const UNSPECIFIED: u16 = libc::AF_UNSPEC as u16;
        const UNIX: u16 = libc::AF_UNIX as u16;
        const INTERNET: u16 = libc::AF_INET as u16;
        const INTERNET_6: u16 = libc::AF_INET6 as u16;
        const KERNEL: u16 = libc::AF_NETLINK as u16;
        let Some((family, rest)) = bytes.split_first_chunk::<2>() else { return Self::Nowhere };
        let port = rest.first_chunk::<2>().map_or(0, |port| u16::from_be_bytes(*port));
        match u16::from_ne_bytes(*family) {
            KERNEL => Self::Kernel,
            UNIX => match rest.split_first() {
                None => Self::Nowhere,
                Some((0, name)) => Self::Abstract(name.to_vec()),
                Some(_) => Self::Path(rest.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()),
            },
            family @ (UNSPECIFIED | INTERNET) => match rest.get(2..).and_then(<[u8]>::first_chunk::<4>) {
                Some(address) => Self::Internet(Ipv4Addr::from(*address).into(), port),
                None => Self::Other(family),
            },
            INTERNET_6 => match rest.get(6..).and_then(<[u8]>::first_chunk::<16>) {
                Some(address) => Self::Internet(Ipv6Addr::from(*address).to_canonical(), port),
                None => Self::Other(INTERNET_6),
            },
            family => Self::Other(family),
        }
    }

    pub(super) fn is_loopback(&self) -> bool {
        matches!(self, Self::Internet(address, _) if address.is_loopback() || address.is_unspecified())
    }

    pub(super) fn in_words(&self) -> (String, Option<u16>) {
        match self {
            Self::Internet(address, port) => (address.to_string(), Some(*port)),
            Self::Path(path) => (format!("unix:{}", String::from_utf8_lossy(path)), None),
            Self::Abstract(name) => (format!("unix:@{}", String::from_utf8_lossy(name)), None),
            Self::Nowhere => ("nowhere".to_owned(), None),
            Self::Kernel => ("kernel".to_owned(), None),
            Self::Other(family) => (format!("family {family}"), None),
        }
    }
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
            (sockaddr(0, &[1, 187, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]), "192.0.2.1", Some(443), false),
            (sockaddr(16, &[0; 10]), "kernel", None, false),
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
