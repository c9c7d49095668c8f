//! job

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
