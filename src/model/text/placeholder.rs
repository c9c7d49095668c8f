//! The names that stand in a command for what every machine has at the same path.

/// The unpacked image, where the input is one.
pub const ROOTFS: &str = "{rootfs}";

/// The scanner that was named.
pub const SCANNER: &str = "{scanner}";

/// The names that may stand in a command.
pub const NAMES: [&str; 7] = ["{input}", ROOTFS, "{feed}", "{policy}", "{config}", SCANNER, "{out}"];
