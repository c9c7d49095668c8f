//! The one table of the house: who may use whom, which rooms are pure, and which doors these must not open.

/// Who may use whom. A row may be of a module or of a room inside one (`flow::record`); for a file the longest row counts.
/// A row may always use itself and what is below it. `docs/architecture.md` shows the same table.
pub const MAY_USE: [(&str, &[&str]); 19] = [
    ("model", &[]),
    ("canonical", &["model"]),
    ("format", &["model"]),
    ("scanner", &["model", "format"]),
    ("compare", &["model", "canonical", "format"]),
    ("attribute", &["model", "compare"]),
    ("score", &["model"]),
    ("report", &["model", "canonical", "format", "scanner", "compare", "score"]),
    ("wire", &["model", "score", "report"]),
    ("host", &["model"]),
    ("oci", &["model", "host"]),
    ("store", &["model", "host", "oci"]),
    ("archive", &["model", "host"]),
    ("bundle", &["model", "host", "archive"]),
    ("rootfs", &["model", "host", "archive", "oci", "store"]),
    ("policy", &["model", "compare", "host"]),
    ("sandbox", &["model", "host"]),
    (
        "flow",
        &[
            "model",
            "canonical",
            "format",
            "scanner",
            "compare",
            "attribute",
            "score",
            "report",
            "wire",
            "host",
            "oci",
            "store",
            "archive",
            "bundle",
            "rootfs",
            "policy",
            "sandbox",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "canonical",
            "format",
            "scanner",
            "compare",
            "attribute",
            "score",
            "report",
            "wire",
            "host",
            "oci",
            "store",
            "archive",
            "bundle",
            "rootfs",
            "policy",
            "sandbox",
            "flow",
        ],
    ),
];

/// Rooms that do no I/O, read no clock and no environment, start no process and print nothing.
pub const PURE: [&str; 9] =
    ["model", "canonical", "format", "scanner", "compare", "attribute", "score", "report", "wire"];

/// Doors to the outside world that a pure room must not open: a path, and everything below it.
pub const DOORS: [&str; 21] = [
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::env",
    "std::thread",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "tempfile",
    "cap_std",
    "rustix",
    "libc",
    "landlock",
    "reqwest",
    "anstream",
    "indicatif",
];

/// Macros that print.
pub const PRINTS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
