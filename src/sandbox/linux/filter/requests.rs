//! Requests (`ioctl`) by their numbers: those that take blocks for a file, and those that a program may make of what is not its own.

/// `linux/falloc.h`, and those of XFS from which they come: blocks for a file without writing to it.
pub(super) const TAKING_BLOCKS: [(&str, u32); 7] = [
    ("allocate-old", 0x4030_580a),
    ("free-old", 0x4030_580b),
    ("allocate", 0x4030_5824),
    ("free", 0x4030_5825),
    ("reserve-old", 0x4030_5828),
    ("reserve", 0x4030_582a),
    ("zero", 0x4030_5839),
];

/// Requests to terminals and to sockets, by the part of their number that says whose they are.
pub(super) const TERMINALS: u32 = 0x5400;
pub(super) const SOCKETS: u32 = 0x8900;
/// `_IOC_TYPE`, where it stands.
pub(super) const WHOSE: u32 = 0xff00;

/// Requests to files that change none which was opened for reading: what attributes, version and size of blocks it has, where
/// they lie, and a copy into a file that was opened for writing.
pub(super) const OF_FILES: [(&str, u32); 9] = [
    ("block-size", 2),
    ("flags", 0x8008_6601),
    ("flags-32", 0x8004_6601),
    ("version", 0x8008_7601),
    ("extended-flags", 0x801c_581f),
    ("extents", 0xc020_660b),
    ("clone", 0x4004_9409),
    ("clone-range", 0x4020_940d),
    // `RNDGETENTCNT`, of random devices.
    ("entropy", 0x8004_5200),
];
