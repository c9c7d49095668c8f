//! Packing: entries in, the one archive of them out.

use std::io::{self, Read, Write};
use std::path::Path;

use tar::{EntryType, Header};

use crate::archive::entry::{Content, ContentReader, Entry, EntryPath, Node};
use crate::archive::error::{ArchiveError, Problem};
use crate::archive::limits::Limits;
use crate::archive::pax;
use crate::archive::shape::{Shape, Tree};
use crate::host::compress::{self, ARCHIVE_LEVEL};
use crate::host::fs::FsError;
use crate::host::hash::Hashing;
use crate::model::digest::Digest;

const BLOCK: usize = 512;
const NAME_BYTES: usize = 100;

/// The two digests of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// Of the whole archive: its name.
    pub archive: Digest,
    /// Of the uncompressed tar: its identity.
    pub content: Digest,
}

/// An archive in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The archive.
    pub bytes: Vec<u8>,
    /// Its digests.
    pub digests: Digests,
}

impl Packed {
    /// The file name that says what is inside: `<64 hex digits>.tar.zst`.
    pub fn file_name(&self) -> String {
        format!("{}.tar.zst", self.digests.archive.hex())
    }
}

/// Packs `entries`, in whatever order they come.
///
/// # Errors
/// [`ArchiveError`] for everything that [`read`](crate::archive::read()) would refuse.
pub fn pack(entries: &[Entry], limits: &Limits) -> Result<Packed, ArchiveError> {
    pack_items(items(entries), limits)
}

/// Packs `entries` into `out`, such as a file, without holding the archive in memory.
///
/// # Errors
/// As [`pack`].
pub fn pack_to<W: Write>(entries: &[Entry], out: W, limits: &Limits) -> Result<(W, Digests), ArchiveError> {
    pack_at(ARCHIVE_LEVEL, items(entries), out, limits)
}

/// The content digest of `entries`: what [`pack`] would tell, without compressing anything.
///
/// # Errors
/// As [`pack`], but for the limits that compression has.
pub fn content_digest(entries: &[Entry], limits: &Limits) -> Result<Digest, ArchiveError> {
    digest_items(items(entries), limits)
}

/// An entry whose node is borrowed, so that it can stand at several paths.
pub(crate) type Item<'a> = (EntryPath, &'a Node);

pub(crate) fn items(entries: &[Entry]) -> Vec<Item<'_>> {
    entries.iter().map(|entry| (entry.path.clone(), &entry.node)).collect()
}

pub(crate) fn pack_items(items: Vec<Item<'_>>, limits: &Limits) -> Result<Packed, ArchiveError> {
    let (bytes, digests) = pack_at(ARCHIVE_LEVEL, items, Vec::new(), limits)?;
    Ok(Packed { bytes, digests })
}

pub(crate) fn digest_items(items: Vec<Item<'_>>, limits: &Limits) -> Result<Digest, ArchiveError> {
    let (_, digest, _) = write_tar(items, Hashing::new(io::sink()), limits)?.finish();
    Ok(digest)
}

pub(crate) fn pack_at<W: Write>(
    level: i32,
    items: Vec<Item<'_>>,
    out: W,
    limits: &Limits,
) -> Result<(W, Digests), ArchiveError> {
    let encoder = compress::packer(Hashing::new(out), level).map_err(failed)?;
    let (encoder, content, unpacked) = write_tar(items, Hashing::new(encoder), limits)?.finish();
    let (out, archive, packed) = encoder.finish().map_err(failed)?.finish();
    if packed > limits.packed_bytes {
        return Err(ArchiveError::TooLarge { limit: limits.packed_bytes });
    }
    limits.allowance(packed).check(unpacked).map_err(ArchiveError::Unpack)?;
    Ok((out, Digests { archive, content }))
}

fn failed(error: io::Error) -> ArchiveError {
    FsError::writing("write", Path::new("archive"))(error).into()
}

/// Writes the tar stream: checked, sorted, with a directory entry for each directory.
fn write_tar<W: Write>(mut sorted: Vec<Item<'_>>, mut out: W, limits: &Limits) -> Result<W, ArchiveError> {
    sorted.sort_by(|a, b| a.0.cmp(&b.0));

    let mut tree = Tree::new(limits.entries);
    let mut implied = Vec::new();
    let mut length = 2 * BLOCK as u64;
    for (path, node) in &sorted {
        let (shape, size) = match node {
            Node::Directory => (Shape::Directory, 0),
            Node::File { content, .. } => (Shape::File, content.size()),
            Node::Symlink { target } => (Shape::Symlink(target.clone()), 0),
        };
        implied.extend(tree.insert(path, shape)?.into_iter().filter(|made| made != path));
        length = length.saturating_add(size).saturating_add(BLOCK as u64);
    }
    tree.check_links()?;
    compress::Allowance::bytes(limits.unpacked_bytes).check(length).map_err(ArchiveError::Unpack)?;
    sorted.extend(implied.into_iter().map(|path| (path, &Node::Directory)));
    sorted.sort_by(|a, b| a.0.cmp(&b.0));

    for (path, node) in &sorted {
        write_entry(&mut out, path, node)?;
    }
    out.write_all(&[0; 2 * BLOCK]).map_err(failed)?;
    Ok(out)
}

fn write_entry(out: &mut impl Write, path: &EntryPath, node: &Node) -> Result<(), ArchiveError> {
    match node {
        Node::Directory => write_header(out, EntryType::Directory, &format!("{path}/"), "", 0, 0o755).map_err(failed),
        Node::Symlink { target } => {
            write_header(out, EntryType::Symlink, path.as_str(), target, 0, 0o777).map_err(failed)
        }
        Node::File { content, executable } => {
            let mode = if *executable { 0o755 } else { 0o644 };
            write_header(out, EntryType::Regular, path.as_str(), "", content.size(), mode).map_err(failed)?;
            write_content(out, path, content)
        }
    }
}

/// Writes a ustar header. Names that do not fit stand in a pax header before it, whole, and in the ustar header cut.
fn write_header(out: &mut impl Write, kind: EntryType, path: &str, link: &str, size: u64, mode: u32) -> io::Result<()> {
    let mut extended = String::new();
    if link.len() > NAME_BYTES {
        extended += &pax::record("linkpath", link);
    }
    if path.len() > NAME_BYTES {
        extended += &pax::record("path", path);
    }
    if !extended.is_empty() {
        out.write_all(ustar(EntryType::XHeader, "pax", "", extended.len() as u64, 0o644).as_bytes())?;
        out.write_all(extended.as_bytes())?;
        out.write_all(padding(extended.len() as u64))?;
    }
    out.write_all(ustar(kind, path, link, size, mode).as_bytes())
}

fn ustar(kind: EntryType, path: &str, link: &str, size: u64, mode: u32) -> Header {
    let mut header = Header::new_ustar();
    if let Some(fields) = header.as_ustar_mut() {
        fill(&mut fields.name, path);
        fill(&mut fields.linkname, link);
    }
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size);
    header.set_cksum();
    header
}

fn fill(field: &mut [u8; NAME_BYTES], text: &str) {
    let cut = text.floor_char_boundary(NAME_BYTES);
    field[..cut].copy_from_slice(&text.as_bytes()[..cut]);
}

fn padding(size: u64) -> &'static [u8] {
    const ZEROS: [u8; BLOCK] = [0; BLOCK];
    &ZEROS[..(BLOCK - (size % BLOCK as u64) as usize) % BLOCK]
}

fn write_content(out: &mut impl Write, path: &EntryPath, content: &Content) -> Result<(), ArchiveError> {
    let size = content.size();
    // One byte more than announced, so that a file that has grown is seen.
    let mut rest = size + 1;
    let mut reader = content.open()?;
    let mut buffer = [0; 64 * 1024];
    loop {
        let room = buffer.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
        let count = read_some(&mut reader, &mut buffer[..room], content)?;
        if count == 0 && rest == 1 {
            return out.write_all(padding(size)).map_err(failed);
        }
        rest -= count as u64;
        if count == 0 || rest == 0 {
            return Err(Problem::Changed.at(path));
        }
        out.write_all(&buffer[..count]).map_err(failed)?;
    }
}

fn read_some(reader: &mut ContentReader<'_>, buffer: &mut [u8], content: &Content) -> Result<usize, ArchiveError> {
    let path = match content {
        Content::Bytes(_) => Path::new("memory"),
        Content::OnDisk { path, .. } => path,
    };
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return Ok(other.map_err(FsError::reading("read", path))?),
        }
    }
}
