//! Reading: every entry looked at, none skipped, none repaired.
//!
//! The tar crate splits the stream into raw entries; everything that gives an entry a meaning is decided here, because
//! its own unpacking strips, skips and renames in silence.

use std::io::{self, Read};

use tar::{Archive, EntryType, Header};

use crate::archive::entry::{Content, Entry, EntryPath, Node};
use crate::archive::error::{ArchiveError, Problem, TarDamage};
use crate::archive::limits::Limits;
use crate::archive::pax::{self, Pax};
use crate::archive::shape::{Shape, Tree};
use crate::host::compress::{Unpack, UnpackError};
use crate::model::limits::MAX_PAX_HEADER_BYTES;

const BLOCK: u64 = 512;

/// Reads an archive into memory, its entries as they stand in it.
///
/// # Errors
/// [`ArchiveError`]: whatever is refused is refused by name.
pub fn read(archive: &[u8], limits: &Limits) -> Result<Vec<Entry>, ArchiveError> {
    let mut entries = Collected(Vec::new());
    scan(archive, limits, &mut entries)?;
    Ok(entries.0)
}

/// Takes the entries of an archive one by one. They are checked each for itself; whether links leave the tree and
/// whether the stream is whole is known only when [`scan`] returns.
pub(crate) trait Visitor {
    /// A directory, given or on the way to the next entry; parents come first, none comes twice.
    fn directory(&mut self, path: &EntryPath, given: bool) -> Result<(), ArchiveError>;
    /// A regular file; its parents have come. `data` ends after `size` bytes, or earlier in a broken archive.
    fn file(&mut self, path: &EntryPath, executable: bool, data: &mut dyn Read) -> Result<u64, ArchiveError>;
    /// A symbolic link; its parents have come.
    fn symlink(&mut self, path: &EntryPath, target: String) -> Result<(), ArchiveError>;
}

struct Collected(Vec<Entry>);

impl Visitor for Collected {
    fn directory(&mut self, path: &EntryPath, given: bool) -> Result<(), ArchiveError> {
        if given {
            self.0.push(Entry { path: path.clone(), node: Node::Directory });
        }
        Ok(())
    }

    fn file(&mut self, path: &EntryPath, executable: bool, data: &mut dyn Read) -> Result<u64, ArchiveError> {
        let mut bytes = Vec::new();
        let count = data.read_to_end(&mut bytes).map_err(|error| stream_error(error, 0))?;
        let content = Content::Bytes(bytes);
        self.0.push(Entry { path: path.clone(), node: Node::File { content, executable } });
        Ok(count as u64)
    }

    fn symlink(&mut self, path: &EntryPath, target: String) -> Result<(), ArchiveError> {
        self.0.push(Entry { path: path.clone(), node: Node::Symlink { target } });
        Ok(())
    }
}

/// Counts what the tar crate has taken, which tells an end marker from an end of file.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

/// Shows every entry of `archive` to `visitor`.
pub(crate) fn scan(archive: &[u8], limits: &Limits, visitor: &mut dyn Visitor) -> Result<(), ArchiveError> {
    let packed = archive.len() as u64;
    if packed > limits.packed_bytes {
        return Err(ArchiveError::TooLarge { limit: limits.packed_bytes });
    }
    let stream = Unpack::new(archive, limits.allowance(packed)).map_err(ArchiveError::Unpack)?;
    let mut archive = Archive::new(Counted { inner: stream, bytes: 0 });
    let mut tree = Tree::new(limits.entries);
    let mut extended: Option<Pax> = None;
    let mut end = 0;
    for entry in archive.entries().map_err(|error| stream_error(error, 0))?.raw(true) {
        let mut entry = entry.map_err(|error| stream_error(error, end))?;
        let (header, size, offset) = (entry.header().clone(), entry.size(), entry.raw_header_position());
        end = entry.raw_file_position().saturating_add(size.div_ceil(BLOCK).saturating_mul(BLOCK));
        if header.as_ustar().is_none() && header.as_gnu().is_none() {
            return Err(damaged(offset, "not a ustar header"));
        }
        if header.entry_type() == EntryType::XHeader {
            if extended.is_some() || size > MAX_PAX_HEADER_BYTES {
                return Err(damaged(offset, "two pax headers for one entry, or too large a one"));
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(|error| stream_error(error, offset))?;
            let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
            extended = Some(pax::parse(&bytes).map_err(|problem| problem.at(name))?);
            continue;
        }
        let head = Head::read(&header, extended.take().unwrap_or_default(), size, offset)?;
        for made in tree.insert(&head.path, head.shape())? {
            visitor.directory(&made, made == head.path)?;
        }
        match head.node {
            // Already made, on the way to an earlier entry.
            HeadNode::Directory => {}
            HeadNode::Symlink { target } => visitor.symlink(&head.path, target)?,
            HeadNode::File { executable } => {
                if visitor.file(&head.path, executable, &mut entry)? != size {
                    return Err(ArchiveError::Truncated);
                }
            }
        }
    }
    if extended.is_some() {
        return Err(damaged(end, "a pax header without its entry"));
    }
    check_end(archive.into_inner(), end)?;
    tree.check_links()
}

/// After the last entry stand two blocks of zeros, then nothing but zeros.
fn check_end<R: Read>(mut stream: Counted<R>, end: u64) -> Result<(), ArchiveError> {
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) if buffer[..count].iter().all(|byte| *byte == 0) => {}
            Ok(_) => return Err(ArchiveError::TrailingGarbage),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(stream_error(error, end)),
        }
    }
    if stream.bytes < end.saturating_add(2 * BLOCK) { Err(ArchiveError::Truncated) } else { Ok(()) }
}

enum HeadNode {
    Directory,
    File { executable: bool },
    Symlink { target: String },
}

/// What a header and the pax header before it say, checked.
struct Head {
    path: EntryPath,
    node: HeadNode,
}

impl Head {
    fn read(header: &Header, pax: Pax, size: u64, offset: u64) -> Result<Self, ArchiveError> {
        let raw = pax.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let shown = String::from_utf8_lossy(&raw).into_owned();
        let refuse = |problem: Problem| problem.at(&shown);
        let kind = header.entry_type();
        let link = || pax.link.clone().or_else(|| header.link_name_bytes().map(|link| link.into_owned()));

        let name = if kind == EntryType::Directory { raw.strip_suffix(b"/").unwrap_or(&raw) } else { &raw };
        let path = EntryPath::from_bytes(name).map_err(|error| refuse(error.into()))?;
        let mode = header.mode().map_err(|_| damaged(offset, "the mode is not an octal number"))?;
        if mode & 0o7000 != 0 {
            return Err(refuse(Problem::SpecialBits(mode)));
        }
        if size > 0 && matches!(kind, EntryType::Directory | EntryType::Symlink) {
            return Err(refuse(Problem::Contents(size)));
        }
        let node = match kind {
            EntryType::Directory => HeadNode::Directory,
            EntryType::Regular => HeadNode::File { executable: mode & 0o100 != 0 },
            EntryType::Symlink => {
                let target = link().and_then(|link| String::from_utf8(link).ok());
                HeadNode::Symlink { target: target.ok_or_else(|| refuse(Problem::SymlinkTarget))? }
            }
            EntryType::Link => {
                let target = String::from_utf8_lossy(&link().unwrap_or_default()).into_owned();
                return Err(refuse(Problem::HardLink { target }));
            }
            EntryType::Char => return Err(refuse(Problem::Special("a character device"))),
            EntryType::Block => return Err(refuse(Problem::Special("a block device"))),
            EntryType::Fifo => return Err(refuse(Problem::Special("a named pipe"))),
            other => return Err(refuse(Problem::UnknownType(other.as_byte().escape_ascii().to_string()))),
        };
        Ok(Self { path, node })
    }

    fn shape(&self) -> Shape {
        match &self.node {
            HeadNode::Directory => Shape::Directory,
            HeadNode::File { .. } => Shape::File,
            HeadNode::Symlink { target } => Shape::Symlink(target.clone()),
        }
    }
}

fn damaged(offset: u64, what: &'static str) -> ArchiveError {
    ArchiveError::Tar { offset, source: TarDamage::Order(what) }
}

pub(crate) fn stream_error(error: io::Error, offset: u64) -> ArchiveError {
    match error.downcast::<UnpackError>() {
        Ok(unpack) => ArchiveError::Unpack(unpack),
        Err(error) => ArchiveError::Tar { offset, source: TarDamage::Header(error) },
    }
}
