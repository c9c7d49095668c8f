//! What `/proc` shows beside the processes of the run: an allow-list. What it names holds the same on every machine; every
//! other entry that the kernel has, also one of a later kernel, is covered by an empty file or folder.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use rustix::io::Errno;
use rustix::mount::mount_bind;

use crate::sandbox::linux::site::Site;

/// Covers `/proc` below the current folder. What `listed` names, relative to `/proc`, holds the text beside it; what covers
/// is written below `covers`.
pub(super) fn cover(site: &mut Site, listed: &[(&str, String)], covers: &str) -> io::Result<()> {
    site.files(listed.iter().map(|(name, text)| (format!("{covers}/proc/{name}"), text.as_str())))?;
    let (file, folder) = (format!("{covers}/empty"), format!("{covers}/nothing"));
    site.file(&file, b"")?;
    site.folder(&folder)?;
    let shown: BTreeSet<&OsStr> = listed.iter().filter_map(|(name, _)| Path::new(name).iter().next()).collect();
    for entry in fs::read_dir("proc")? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        // Links lead to what is below a process: `self`, `mounts`, `net`.
        if kind.is_symlink() || is_process(name.as_encoded_bytes()) {
            continue;
        }
        let at = Path::new("proc").join(&name);
        if shown.contains(name.as_os_str()) {
            mount_bind(Path::new(covers).join(&at), &at)?;
        } else {
            mount_bind(if kind.is_dir() { &folder } else { &file }, &at)?;
        }
    }
    Ok(())
}

/// A file of `/proc` or of a control group, in as few readings as can be: the kernel makes much of it anew for each.
pub(super) fn text(path: impl AsRef<Path>) -> io::Result<String> {
    let text = bytes(path)?;
    // What is no text there is a path, and none that is used.
    Ok(String::from_utf8(text).unwrap_or_else(|text| String::from_utf8_lossy(text.as_bytes()).into_owned()))
}

/// The same, of what need not be text.
pub(super) fn bytes(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    /// Bytes.
    const USUAL: usize = 16 << 10;
    let mut bytes = Vec::with_capacity(USUAL);
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A small file of a process, as far as it is small; `None` where the process is gone.
pub(super) fn of_process(path: &Path) -> io::Result<Option<String>> {
    /// Bytes.
    const MOST: u64 = 8192;
    /// Bytes, so that it is read at once.
    const USUAL: usize = 1024;
    let mut text = Vec::with_capacity(USUAL);
    match File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut text)) {
        Ok(_) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
        Err(gone) if matches!(Errno::from_io_error(&gone), Some(Errno::NOENT | Errno::SRCH)) => Ok(None),
        Err(why) => Err(why),
    }
}

/// How many bytes from `address` on are not kept from being written by the program itself, in one piece. Where nothing is mapped that
/// is up to what is: a stack may grow there. None where that cannot be told.
pub(super) fn writable_from(pid: libc::pid_t, address: usize) -> usize {
    File::open(format!("/proc/{pid}/maps")).map_or(0, |maps| writable_in(BufReader::new(maps), address))
}

fn writable_in(maps: impl BufRead, address: usize) -> usize {
    let mut end = address;
    for line in maps.lines() {
        let Some((from, to, is_writable)) = line.ok().as_deref().and_then(mapping) else { return end - address };
        if to <= end {
            continue;
        }
        if end == address && from > address {
            // Nothing is mapped at its beginning.
            return from - address;
        }
        if from > end || !is_writable {
            break;
        }
        end = to;
    }
    end - address
}

/// Beginning and end of what a line of `maps` is about, and whether it can be written to.
fn mapping(line: &str) -> Option<(usize, usize, bool)> {
    let (range, rest) = line.split_once(' ')?;
    let (from, to) = range.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    Some((number(from)?, number(to)?, rest.as_bytes().get(1) == Some(&b'w')))
}

fn is_process(name: &[u8]) -> bool {
    name.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_may_write_ends_where_a_mapping_says_so() {
        let maps = "1000-2000 rw-p 00000000 00:00 0\n2000-3000 rw-s 00000000 00:00 0 /x\n3000-4000 r--p 00000000 00:00 0\n\
                    8000-9000 rw-p 00000000 00:00 0 [stack]\n";
        let from = |address| writable_in(maps.as_bytes(), address);
        assert_eq!((from(0x1000), from(0x1800), from(0x2fff), from(0x3000), from(0x3fff)), (0x2000, 0x1800, 1, 0, 0));
        // Below the stack nothing is mapped; behind everything neither, and what cannot be read is nothing.
        assert_eq!((from(0x4000), from(0x8800), from(0x9000)), (0x4000, 0x800, 0));
        assert_eq!(writable_in(&b"1000-2000 rw-p\nnonsense\n"[..], 0x1000), 0x1000);
        assert_eq!(writable_from(0, 0x1000), 0);
    }
}
