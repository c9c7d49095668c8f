//! OCI image layouts: a folder, or an uncompressed tar archive of one.
//!
//! `oci-layout`, `index.json` and `blobs/sha256/<hex>` are all that is looked at. A name in an archive is only ever
//! compared; nothing is unpacked by it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tar::{Archive, EntryType};

use crate::host::fs::{self, FsError, Staged};
use crate::model::digest::Digest;
use crate::model::limits::{MAX_IMAGE_DOCUMENT_BYTES, MAX_LAYER_BYTES, MAX_LAYOUT_FILES};
use crate::oci::blobs::{Blobs, Checked, problem};
use crate::oci::descriptor::{Descriptor, Document};
use crate::oci::error::ImageError;
use crate::oci::resolve::Image;

const MARKER: &str = "oci-layout";
const INDEX: &str = "index.json";
const VERSION: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// An image layout that was opened.
#[derive(Debug)]
pub struct Layout {
    path: PathBuf,
    files: Files,
    index: Vec<Descriptor>,
}

#[derive(Debug)]
enum Files {
    Folder,
    /// Where each file stands in the archive: first byte and length.
    Archive(HashMap<String, (u64, u64)>),
}

impl Layout {
    /// Whether `path` looks like a layout, so that it is to be opened as one.
    pub fn is_one(path: &Path) -> bool {
        if fs::is_dir(path) {
            return path.join(MARKER).is_file() && path.join(INDEX).is_file();
        }
        // A tar archive says so in its first header; only then is it looked through.
        let mut head = [0; 512];
        let read =
            fs::open(path).and_then(|(mut file, _)| file.read_exact(&mut head).map_err(FsError::reading("read", path)));
        read.is_ok() && &head[257..262] == b"ustar" && listing(path).is_ok_and(|files| files.contains_key(MARKER))
    }

    /// Opens a layout and reads its index.
    ///
    /// # Errors
    /// [`ImageError::NotALayout`], [`ImageError::Document`], [`ImageError::Io`].
    pub fn open(path: &Path) -> Result<Self, ImageError> {
        let files = if fs::is_dir(path) { Files::Folder } else { Files::Archive(listing(path)?) };
        let mut layout = Self { path: path.to_owned(), files, index: Vec::new() };
        let read = |name: &str| {
            let absent = || layout.refused(format!("it has no `{name}`"));
            let mut bytes = Vec::new();
            let file = layout.file(name)?.ok_or_else(absent)?;
            file.take(MAX_IMAGE_DOCUMENT_BYTES + 1).read_to_end(&mut bytes).map_err(FsError::reading("read", path))?;
            let fits = bytes.len() as u64 <= MAX_IMAGE_DOCUMENT_BYTES;
            if fits { Ok(bytes) } else { Err(layout.refused(format!("its `{name}` is too large"))) }
        };
        let marker: serde_json::Value = serde_json::from_slice(&read(MARKER)?)
            .map_err(|error| layout.refused(format!("its `{MARKER}` is broken: {error}")))?;
        match marker.get("imageLayoutVersion").and_then(|version| version.as_str()) {
            Some(version) if version.starts_with("1.") => {}
            version => return Err(layout.refused(format!("its version is {version:?}, expected 1.x"))),
        }
        match Document::parse(INDEX, None, &read(INDEX)?)? {
            Document::Index(index) => layout.index = index,
            Document::Manifest { .. } => return Err(layout.refused(format!("its `{INDEX}` is a manifest"))),
        }
        Ok(layout)
    }

    /// What its index lists.
    pub fn index(&self) -> &[Descriptor] {
        &self.index
    }

    fn refused(&self, what: String) -> ImageError {
        ImageError::NotALayout { path: self.path.clone(), what }
    }

    fn file(&self, name: &str) -> Result<Option<Box<dyn Read>>, ImageError> {
        match &self.files {
            Files::Folder => match fs::open(&self.path.join(name)) {
                Ok((file, _)) => Ok(Some(Box::new(file))),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error.into()),
            },
            Files::Archive(files) => {
                let Some((start, length)) = files.get(name) else { return Ok(None) };
                let (mut file, _) = fs::open(&self.path)?;
                file.seek(SeekFrom::Start(*start)).map_err(FsError::reading("read", &self.path))?;
                Ok(Some(Box::new(file.take(*length))))
            }
        }
    }
}

impl Blobs for Layout {
    fn open(&self, digest: &Digest) -> Result<Option<Box<dyn Read>>, ImageError> {
        self.file(&blob_name(digest))
    }
}

fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// Where the files of an archive stand.
fn listing(path: &Path) -> Result<HashMap<String, (u64, u64)>, ImageError> {
    let refused = |what: String| ImageError::NotALayout { path: path.to_owned(), what };
    let damaged = |error: io::Error| refused(format!("it is not a tar archive: {error}"));
    let (file, length): (File, u64) = fs::open(path)?;
    let mut archive = Archive::new(file);
    let mut files = HashMap::new();
    for (seen, entry) in archive.entries_with_seek().map_err(damaged)?.raw(true).enumerate() {
        let entry = entry.map_err(damaged)?;
        if seen >= MAX_LAYOUT_FILES {
            return Err(refused(format!("it has more than {MAX_LAYOUT_FILES} entries")));
        }
        let name = entry.path_bytes();
        let Ok(name) = std::str::from_utf8(name.strip_prefix(b"./").unwrap_or(&name)) else { continue };
        let ours = name == MARKER || name == INDEX || name.starts_with("blobs/sha256/");
        if entry.header().entry_type() != EntryType::Regular || !ours {
            continue;
        }
        let (start, size) = (entry.raw_file_position(), entry.size());
        if start.checked_add(size).is_none_or(|end| end > length) {
            return Err(refused(format!("it is cut short in `{name}`")));
        }
        if files.insert(name.to_owned(), (start, size)).is_some() {
            return Err(refused(format!("`{name}` stands in it twice")));
        }
    }
    Ok(files)
}

/// Writes `image` as the layout `to`, which must not exist yet or be empty: the same bytes on every machine.
///
/// # Errors
/// [`ImageError`] for a blob that is missing or not what it is called; `to` is then as it was.
pub fn write_layout(image: &Image, blobs: &dyn Blobs, to: &Path) -> Result<(), ImageError> {
    let staged = fs::StagedDir::beside(to)?;
    let root = staged.path();
    fs::ensure_dir(&root.join("blobs/sha256"))?;
    for descriptor in image.blobs() {
        let path = root.join(blob_name(&descriptor.digest));
        if !path.exists() {
            copy_blob(blobs, descriptor, &path)?;
        }
    }
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": [image.manifest()] });
    fs::write_atomic(&root.join(INDEX), index.to_string().as_bytes())?;
    fs::write_atomic(&root.join(MARKER), VERSION.as_bytes())?;
    Ok(staged.publish(to)?)
}

/// Copies a blob into the file `to`, checked; the file appears only when it is whole.
///
/// # Errors
/// [`ImageError::Blob`] for one that is missing or not what it is called, [`ImageError::Io`].
pub fn copy_blob(blobs: &dyn Blobs, descriptor: &Descriptor, to: &Path) -> Result<(), ImageError> {
    let (mut checked, _) = Checked::open(blobs, descriptor, MAX_LAYER_BYTES)?;
    let mut staged = Staged::beside(to)?;
    io::copy(&mut checked, &mut staged).map_err(|error| problem(error, descriptor.digest))?;
    Ok(staged.publish(to)?)
}
