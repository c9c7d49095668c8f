//! What stands in the folder of a report beside the folders of its replays, and how much it may hold.

/// Files and folders of a report: both sides of thousands of replays.
pub const MAX_ENTRIES: u64 = 50_000;
/// All files of a report together.
pub const MAX_BYTES: u64 = 2 << 30;

/// Files and folders: no replay can be called so.
pub const ALL: [&str; 7] = [
    "result.json",
    "report.html",
    "junit.xml",
    "summary.md",
    "stella.sarif",
    "codequality.json",
    // What failing replays need to be run again.
    "reproduce",
];
