//! The shape of a root filesystem while layers are put upon each other.
//!
//! It knows every place before anything is written, so that links on the way to an entry are resolved here, inside the
//! root as the kernel would after `chroot`, and what is written is written through real directories alone. It does no I/O:
//! what is to be done on disk comes out as [`Step`]s.

use std::collections::BTreeMap;

use crate::model::limits::{MAX_IMAGE_LINK_STEPS, MAX_IMAGE_PATH_BYTES, MAX_LINK_HOPS, MAX_WHITEOUT_STEPS};
use crate::rootfs::layer::{LayerProblem, Modified, Name};

/// A directory on the way to an entry that no layer describes.
const IMPLIED: Node = Node::Directory { mode: 0o755, modified: Modified { seconds: 0, nanoseconds: 0 } };

pub(crate) type PlaceId = usize;
pub(crate) const ROOT: PlaceId = 0;

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Directory {
        mode: u32,
        modified: Modified,
    },
    /// One of the files that were written; several places may have the same.
    File(usize),
    Symlink(Vec<u8>),
}

#[derive(Debug)]
struct Place {
    parent: PlaceId,
    name: Vec<u8>,
    node: Node,
    /// The layer that said so last.
    layer: usize,
    children: BTreeMap<Vec<u8>, PlaceId>,
}

/// What is to be done on disk, in order. Paths are below the root, without links on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make a directory.
    Directory(Vec<u8>),
    /// Remove a file or link.
    Remove(Vec<u8>),
    /// Remove a directory with all that is in it.
    RemoveAll(Vec<u8>),
}

/// Why a change cannot be made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Problem(LayerProblem),
    TooManyEntries,
}

impl From<LayerProblem> for Refusal {
    fn from(problem: LayerProblem) -> Self {
        Self::Problem(problem)
    }
}

/// A root filesystem in the making.
#[derive(Debug)]
pub(crate) struct Tree {
    places: Vec<Place>,
    layer: usize,
    limit: u64,
    link_steps: usize,
    whiteout_steps: usize,
}

impl Tree {
    /// An empty root that takes at most `limit` entries, those that are replaced later counted.
    pub(crate) fn new(limit: u64) -> Self {
        let root = Place { parent: ROOT, name: Vec::new(), node: IMPLIED, layer: 0, children: BTreeMap::new() };
        Self { places: vec![root], layer: 0, limit, link_steps: 0, whiteout_steps: 0 }
    }

    /// What comes now is of the next layer.
    pub(crate) fn next_layer(&mut self) {
        self.layer += 1;
    }

    pub(crate) fn node(&self, place: PlaceId) -> &Node {
        &self.places[place].node
    }

    /// The path of a place below the root.
    pub(crate) fn path(&self, place: PlaceId) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = place;
        while at != ROOT {
            names.push(self.places[at].name.as_slice());
            at = self.places[at].parent;
        }
        names.reverse();
        names.join(&b'/')
    }

    /// The directory `parts`, made where it is missing. Links are followed inside the root.
    pub(crate) fn enter(&mut self, parts: &[Vec<u8>], steps: &mut Vec<Step>) -> Result<PlaceId, Refusal> {
        let entered = self.walk(parts, Some(steps))?;
        // Nothing is missing where everything is made.
        Ok(entered.unwrap_or(ROOT))
    }

    /// The directory `parts`, if it is there.
    pub(crate) fn find_directory(&mut self, parts: &[Vec<u8>]) -> Result<Option<PlaceId>, Refusal> {
        self.walk(parts, None)
    }

    /// What stands at `name`, if anything; a link there is not followed.
    pub(crate) fn find(&mut self, name: &Name) -> Result<Option<PlaceId>, Refusal> {
        let Some((directory, last)) = name.split() else { return Ok(Some(ROOT)) };
        let directory = self.walk(directory, None)?;
        Ok(directory.and_then(|directory| self.child(directory, last)))
    }

    pub(crate) fn child(&self, directory: PlaceId, name: &[u8]) -> Option<PlaceId> {
        self.places[directory].children.get(name).copied()
    }

    /// Whether `place` is `other` or stands below it.
    pub(crate) fn is_within(&self, place: PlaceId, other: PlaceId) -> bool {
        let mut at = place;
        loop {
            match at {
                _ if at == other => return true,
                ROOT => return false,
                _ => at = self.places[at].parent,
            }
        }
    }

    fn walk(&mut self, parts: &[Vec<u8>], mut make: Option<&mut Vec<Step>>) -> Result<Option<PlaceId>, Refusal> {
        let mut at = ROOT;
        let mut hops = 0;
        let mut link: Vec<u8> = Vec::new();
        let mut pending: Vec<Vec<u8>> = parts.iter().rev().cloned().collect();
        while let Some(name) = pending.pop() {
            self.link_steps += usize::from(hops > 0);
            if self.link_steps > MAX_IMAGE_LINK_STEPS {
                return Err(LayerProblem::LinkLoop.into());
            }
            match name.as_slice() {
                b"" | b"." => continue,
                b".." if at == ROOT => {
                    let target = String::from_utf8_lossy(&link).into_owned();
                    return Err(LayerProblem::LinkLeaves { target }.into());
                }
                b".." => {
                    at = self.places[at].parent;
                    continue;
                }
                _ => {}
            }
            let Some(child) = self.child(at, &name) else {
                let Some(steps) = make.as_deref_mut() else { return Ok(None) };
                at = self.add(at, &name, IMPLIED)?;
                steps.push(Step::Directory(self.path(at)));
                continue;
            };
            match &self.places[child].node {
                Node::Directory { .. } => at = child,
                Node::Symlink(target) => {
                    hops += 1;
                    if hops > MAX_LINK_HOPS {
                        return Err(LayerProblem::LinkLoop.into());
                    }
                    link.clone_from(target);
                    if link.starts_with(b"/") {
                        at = ROOT;
                    }
                    pending.extend(link.rsplit(|byte| *byte == b'/').map(<[u8]>::to_owned));
                }
                Node::File(_) => {
                    let Some(steps) = make.as_deref_mut() else { return Ok(None) };
                    let path = self.path(child);
                    if self.places[child].layer == self.layer {
                        let ancestor = String::from_utf8_lossy(&path).into_owned();
                        return Err(LayerProblem::NotBelowDirectory { ancestor }.into());
                    }
                    steps.extend([Step::Remove(path.clone()), Step::Directory(path)]);
                    self.places[child].node = IMPLIED;
                    self.places[child].layer = self.layer;
                    at = child;
                }
            }
        }
        Ok(Some(at))
    }

    /// Puts `node` at `name` in `directory`, in place of what lower layers have there.
    pub(crate) fn put(
        &mut self,
        directory: PlaceId,
        name: &[u8],
        node: Node,
        steps: &mut Vec<Step>,
    ) -> Result<PlaceId, Refusal> {
        let Some(place) = self.child(directory, name) else {
            let place = self.add(directory, name, node)?;
            if matches!(self.node(place), Node::Directory { .. }) {
                steps.push(Step::Directory(self.path(place)));
            }
            return Ok(place);
        };
        if let (Node::Directory { .. }, Node::Directory { .. }) = (&self.places[place].node, &node) {
            self.places[place].node = node;
            self.places[place].layer = self.layer;
            return Ok(place);
        }
        self.clear(place, steps)?;
        self.put(directory, name, node, steps)
    }

    /// Removes what lower layers have at `name` in `directory`: something that is not kept took its place.
    pub(crate) fn clear_at(&mut self, directory: PlaceId, name: &[u8], steps: &mut Vec<Step>) -> Result<(), Refusal> {
        self.child(directory, name).map_or(Ok(()), |place| self.clear(place, steps))
    }

    /// Describes the root itself.
    pub(crate) fn describe_root(&mut self, node: Node) {
        self.places[ROOT].node = node;
    }

    /// What lower layers have at `name` in `directory` is gone.
    pub(crate) fn whiteout(&mut self, directory: PlaceId, name: &[u8], steps: &mut Vec<Step>) -> Result<(), Refusal> {
        self.child(directory, name).map_or(Ok(()), |place| self.hide(place, steps).map(drop))
    }

    /// All that lower layers have in `directory` is gone.
    pub(crate) fn opaque(&mut self, directory: PlaceId, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        let children: Vec<PlaceId> = self.places[directory].children.values().copied().collect();
        children.into_iter().try_for_each(|place| self.hide(place, steps).map(drop))
    }

    /// Every place, depth first, a directory before what is in it, names sorted.
    pub(crate) fn places(&self) -> Vec<PlaceId> {
        let mut all = Vec::new();
        let mut pending = vec![ROOT];
        while let Some(place) = pending.pop() {
            all.push(place);
            pending.extend(self.places[place].children.values().rev());
        }
        all
    }

    fn add(&mut self, parent: PlaceId, name: &[u8], node: Node) -> Result<PlaceId, Refusal> {
        let place = self.places.len();
        if place as u64 > self.limit {
            return Err(Refusal::TooManyEntries);
        }
        let new = Place { parent, name: name.to_owned(), node, layer: self.layer, children: BTreeMap::new() };
        self.places.push(new);
        if self.path(place).len() > MAX_IMAGE_PATH_BYTES {
            return Err(LayerProblem::PathTooLong.into());
        }
        self.places[parent].children.insert(name.to_owned(), place);
        Ok(place)
    }

    /// Takes a place out of the tree, with all below it.
    fn clear(&mut self, place: PlaceId, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        let is_directory = matches!(self.places[place].node, Node::Directory { .. });
        let mut pending = vec![place];
        while let Some(at) = pending.pop() {
            if self.places[at].layer == self.layer {
                let problem = if is_directory { LayerProblem::HasChildren } else { LayerProblem::Duplicate };
                return Err(problem.into());
            }
            pending.extend(self.places[at].children.values());
        }
        self.detach(place, steps);
        Ok(())
    }

    fn detach(&mut self, place: PlaceId, steps: &mut Vec<Step>) {
        let path = self.path(place);
        steps.push(match self.places[place].node {
            Node::Directory { .. } => Step::RemoveAll(path),
            Node::File(_) | Node::Symlink(_) => Step::Remove(path),
        });
        let (parent, name) = (self.places[place].parent, std::mem::take(&mut self.places[place].name));
        self.places[parent].children.remove(&name);
    }

    /// Hides what lower layers have at a place and below it; tells whether anything of this layer stays there. A directory
    /// that stays only for what this layer has in it is one that nobody described. As deep as a path can be, which is
    /// bounded.
    fn hide(&mut self, place: PlaceId, steps: &mut Vec<Step>) -> Result<bool, Refusal> {
        self.whiteout_steps += 1;
        if self.whiteout_steps > MAX_WHITEOUT_STEPS {
            return Err(LayerProblem::TooManyWhiteouts.into());
        }
        let of_this_layer = self.places[place].layer == self.layer;
        let before = steps.len();
        let mut stays = of_this_layer;
        let children: Vec<PlaceId> = self.places[place].children.values().copied().collect();
        for child in children {
            stays |= self.hide(child, steps)?;
        }
        if !stays {
            steps.truncate(before);
            self.detach(place, steps);
        } else if !of_this_layer {
            self.places[place].node = IMPLIED;
            self.places[place].layer = self.layer;
        }
        Ok(stays)
    }
}
