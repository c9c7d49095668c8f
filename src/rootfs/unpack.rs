//! Layers, lowest first, become a root filesystem.

use std::io::Read;
use std::path::Path;

use crate::archive::TarDamage;
use crate::model::digest::Digest;
use crate::model::limits::{MAX_IMAGE_ENTRIES, MAX_IMAGE_UNPACKED_BYTES};
use crate::oci::{Blobs, Image};
use crate::rootfs::content::{ContentDigest, What};
use crate::rootfs::disk::Disk;
use crate::rootfs::error::RootfsError;
use crate::rootfs::layer::{self, Change, Kind, LayerError, LayerProblem, Notes};
use crate::rootfs::tree::{Node, Refusal, Step, Tree};

/// How much one image may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Entries of all layers.
    pub(crate) entries: u64,
    /// Bytes of all tar streams.
    pub(crate) bytes: u64,
}

/// Unpacks `image` as the new folder `root`; tells its content digest and what was not kept.
pub(crate) fn unpack(image: &Image, blobs: &dyn Blobs, root: &Path) -> Result<(Digest, Notes), RootfsError> {
    unpack_within(image, blobs, root, Limits { entries: MAX_IMAGE_ENTRIES, bytes: MAX_IMAGE_UNPACKED_BYTES })
}

pub(crate) fn unpack_within(
    image: &Image,
    blobs: &dyn Blobs,
    root: &Path,
    limits: Limits,
) -> Result<(Digest, Notes), RootfsError> {
    let mut unpacker =
        Unpacker { tree: Tree::new(limits.entries), disk: Disk::create(root)?, files: Vec::new(), limits, seen: 0 };
    let (mut budget, mut notes) = (limits.bytes, Notes::default());
    for layer in image.layers() {
        unpacker.tree.next_layer();
        layer::read(layer, blobs, &mut budget, &mut notes, &mut |change, data| unpacker.apply(change, data))?;
    }
    Ok((unpacker.finish()?, notes))
}

/// A file that was written, whatever its names are.
#[derive(Debug, Clone, Copy)]
struct Written {
    mode: u32,
    content: Digest,
}

struct Unpacker {
    tree: Tree,
    disk: Disk,
    files: Vec<Written>,
    limits: Limits,
    seen: u64,
}

impl Unpacker {
    fn apply(&mut self, change: &Change, data: &mut dyn Read) -> Result<(), LayerError> {
        // What is replaced or hidden costs as much as what stays.
        self.seen += 1;
        if self.seen > self.limits.entries {
            return Err(LayerError::TooManyEntries { limit: self.limits.entries });
        }
        let limit = self.limits.entries;
        let refuse = |refusal| match refusal {
            Refusal::Problem(problem) => problem.at(&change.raw),
            Refusal::TooManyEntries => LayerError::TooManyEntries { limit },
        };
        let mut steps = Vec::new();
        match &change.kind {
            Kind::Whiteout { name } => {
                if let Some(directory) = self.tree.find_directory(change.name.parts()).map_err(refuse)? {
                    self.tree.whiteout(directory, name, &mut steps).map_err(refuse)?;
                }
                Ok(self.disk.run(steps)?)
            }
            Kind::Opaque => {
                if let Some(directory) = self.tree.find_directory(change.name.parts()).map_err(refuse)? {
                    self.tree.opaque(directory, &mut steps).map_err(refuse)?;
                }
                Ok(self.disk.run(steps)?)
            }
            Kind::Nothing => {
                let Some((parent, name)) = change.name.split() else { return Err(root_taken(change)) };
                if let Some(directory) = self.tree.find_directory(parent).map_err(refuse)? {
                    self.tree.clear_at(directory, name, &mut steps).map_err(refuse)?;
                }
                Ok(self.disk.run(steps)?)
            }
            Kind::Directory { mode } => {
                let node = Node::Directory { mode: *mode, modified: change.modified };
                let Some((parent, name)) = change.name.split() else {
                    self.tree.describe_root(node);
                    return Ok(());
                };
                let directory = self.tree.enter(parent, &mut steps).map_err(refuse)?;
                self.tree.put(directory, name, node, &mut steps).map_err(refuse)?;
                Ok(self.disk.run(steps)?)
            }
            Kind::File { mode, size } => {
                let path = self.put(change, Node::File(self.files.len()), steps, &refuse)?;
                let (content, length) = self.disk.file(&path, *mode, change.modified, data)?;
                if length != *size {
                    let source = TarDamage::Order("it is cut short inside a file");
                    return Err(LayerError::Tar { offset: 0, source });
                }
                self.files.push(Written { mode: *mode, content });
                Ok(())
            }
            Kind::Symlink { target } => self.symlink(change, target, steps, &refuse),
            Kind::HardLink { target, shown } => {
                let problem = || LayerProblem::HardLinkTarget { target: shown.clone() }.at(&change.raw);
                let from = self.tree.find(target).map_err(refuse)?.ok_or_else(problem)?;
                let node = self.tree.node(from).clone();
                if matches!(node, Node::Directory { .. }) {
                    return Err(problem());
                }
                if let Some(there) = self.tree.find(&change.name).map_err(refuse)? {
                    if there == from {
                        // A name of itself, and it stays so.
                        return Ok(());
                    }
                    if self.tree.is_within(from, there) {
                        return Err(problem());
                    }
                }
                match node {
                    Node::Symlink(target) => self.symlink(change, &target, steps, &refuse),
                    node => {
                        let path = self.put(change, node, steps, &refuse)?;
                        Ok(self.disk.hard_link(&self.tree.path(from), &path)?)
                    }
                }
            }
        }
    }

    /// Puts what is not a directory at its place, and tells where that is.
    fn put(
        &mut self,
        change: &Change,
        node: Node,
        mut steps: Vec<Step>,
        refuse: &dyn Fn(Refusal) -> LayerError,
    ) -> Result<Vec<u8>, LayerError> {
        let Some((parent, name)) = change.name.split() else { return Err(root_taken(change)) };
        let directory = self.tree.enter(parent, &mut steps).map_err(refuse)?;
        let place = self.tree.put(directory, name, node, &mut steps).map_err(refuse)?;
        self.disk.run(steps)?;
        Ok(self.tree.path(place))
    }

    fn symlink(
        &mut self,
        change: &Change,
        target: &[u8],
        steps: Vec<Step>,
        refuse: &dyn Fn(Refusal) -> LayerError,
    ) -> Result<(), LayerError> {
        let path = self.put(change, Node::Symlink(target.to_owned()), steps, refuse)?;
        Ok(self.disk.symlink(target, &path, change.modified)?)
    }

    /// Modes and times of directories, from the deepest up, and the digest of everything.
    fn finish(self) -> Result<Digest, RootfsError> {
        let places = self.tree.places();
        let mut digest = ContentDigest::new();
        for place in &places {
            let path = self.tree.path(*place);
            match self.tree.node(*place) {
                Node::Directory { mode, .. } => digest.add(&path, &What::Directory { mode: *mode }),
                Node::File(file) => {
                    let Written { mode, content } = self.files[*file];
                    digest.add(&path, &What::File { mode, content });
                }
                Node::Symlink(target) => digest.add(&path, &What::Symlink { target }),
            }
        }
        for place in places.iter().rev() {
            if let Node::Directory { mode, modified } = self.tree.node(*place) {
                self.disk.finish_directory(&self.tree.path(*place), *mode, *modified)?;
            }
        }
        Ok(digest.finish())
    }
}

/// Something that is not a directory wants to be the root.
fn root_taken(change: &Change) -> LayerError {
    LayerProblem::HasChildren.at(&change.raw)
}
