//! A scan as a value: everything that it depends on, each input with its digest.
//!
//! Invariants: two values that are equal run the same; what a command holds is written with placeholders, never with a path
//! of this machine. Absent: running it (`execute`), and reading what it names from where a user keeps it (`workspace`).

pub mod artifact;
pub mod dimensions;
pub mod in_place;
pub mod input_roots;
pub mod known_locale;
pub mod machine_settings;
pub mod manifest_file;
pub mod manifest_summary;
pub mod material;
pub mod osv_feed;
pub mod placeholder;
pub mod scan_spec;
