//! Entries of a directory as the kernel writes them (`struct linux_dirent64`).

use rustix::fs::{FileType, RawDirEntry};

/// Offsets in `struct linux_dirent64`.
const LENGTH: usize = 16;
const NAME: usize = 19;

/// An entry as the kernel writes it.
pub(super) type Entry = Vec<u8>;

pub(super) fn encode_raw(entry: &RawDirEntry<'_>) -> Entry {
    encode(entry.ino(), entry.next_entry_cookie(), entry.file_type(), entry.file_name().to_bytes())
}

pub(super) fn encode(inode: u64, cookie: u64, kind: FileType, name: &[u8]) -> Entry {
    // `d_type` is the file's mode without the bits for permissions, as `DT_*` in `dirent.h`.
    let kind = u8::try_from(kind.as_raw_mode() >> 12).unwrap_or(0);
    let length = (NAME + name.len() + 1).next_multiple_of(8);
    let mut entry = Vec::with_capacity(length);
    entry.extend(inode.to_ne_bytes());
    entry.extend(cookie.to_ne_bytes());
    entry.extend(u16::try_from(length).unwrap_or(0).to_ne_bytes());
    entry.push(kind);
    entry.extend(name);
    entry.resize(length, 0);
    entry
}

/// The entries in a buffer; what is none ends the list.
pub(super) fn entries(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some(length) = bytes.get(LENGTH..LENGTH + 2) {
        let length = length.iter().rev().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        match bytes.split_at_checked(length) {
            Some((entry, rest)) if length > NAME => {
                entries.push(entry.to_vec());
                bytes = rest;
            }
            _ => break,
        }
    }
    entries
}

pub(super) fn cookie(entry: &[u8]) -> [u8; 8] {
    let mut cookie = [0; 8];
    cookie.iter_mut().zip(entry.iter().skip(8)).for_each(|(byte, from)| *byte = *from);
    cookie
}

pub(super) fn name(entry: &[u8]) -> &[u8] {
    let name = entry.get(NAME..).unwrap_or_default();
    name.split(|byte| *byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_encoded_is_what_the_kernel_writes() {
        let entry = encode(7, 9, FileType::Directory, b"abc");
        assert_eq!(entry.len(), 24);
        assert_eq!((name(&entry), entry[18], cookie(&entry)), (b"abc".as_slice(), 4, 9_u64.to_ne_bytes()));
        assert_eq!(entries(&[entry.clone(), entry.clone()].concat()), [entry.clone(), entry]);
    }

    proptest! {
        #[test]
        fn any_buffer_is_read(bytes: Vec<u8>) {
            let read = entries(&bytes);
            prop_assert!(read.concat().len() <= bytes.len());
            read.iter().for_each(|entry| { name(entry); cookie(entry); });
        }
    }
}
