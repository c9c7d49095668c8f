//! Entries of layers made by hand, beyond those of [`crate::oci::samples`].

use tar::EntryType;

use crate::archive::pax;
use crate::oci::samples::entry;

/// An extended header of these records.
pub(crate) fn extended(records: &[(&str, &str)]) -> Vec<u8> {
    let text: String = records.iter().map(|(key, value)| pax::record(key, value)).collect();
    entry(EntryType::XHeader, b"pax", b"", 0o644, text.as_bytes())
}
