//! The shape of a tree: what may stand where, and where its links lead.
//!
//! Places are numbered, so that a path costs its length once and a link one step per component, however deep it lies;
//! the steps of all links together are bounded. No input makes this quadratic.

use std::collections::HashMap;

use crate::archive::entry::EntryPath;
use crate::archive::error::{ArchiveError, Problem};
use crate::model::limits::{MAX_LINK_HOPS, MAX_LINK_STEPS, MAX_PATH_BYTES};

/// What stands at a path, as far as the shape goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    Directory,
    File,
    Symlink(String),
}

/// A numbered place; `shape` is `None` while it is only the way to something.
#[derive(Debug)]
struct Place {
    parent: usize,
    shape: Option<Shape>,
}

impl Place {
    fn is_directory(&self) -> bool {
        matches!(self.shape, None | Some(Shape::Directory))
    }
}

const ROOT: usize = 0;

/// A tree that is being put together, entry by entry, in any order.
#[derive(Debug)]
pub(crate) struct Tree {
    places: Vec<Place>,
    children: HashMap<(usize, String), usize>,
    links: Vec<(usize, EntryPath)>,
    limit: u64,
}

impl Tree {
    /// An empty tree that takes at most `limit` places.
    pub(crate) fn new(limit: u64) -> Self {
        let root = Place { parent: ROOT, shape: Some(Shape::Directory) };
        Self { places: vec![root], children: HashMap::new(), links: Vec::new(), limit }
    }

    /// Puts `shape` at `path`. Returns the directories to be made for it, itself included, parents first.
    pub(crate) fn insert(&mut self, path: &EntryPath, shape: Shape) -> Result<Vec<EntryPath>, ArchiveError> {
        let mut made = Vec::new();
        let (mut at, mut end, mut fresh) = (ROOT, 0, false);
        for name in path.components() {
            if !self.places[at].is_directory() {
                let ancestor = path.as_str()[..end - 1].to_owned();
                return Err(Problem::NotBelowDirectory { ancestor }.at(path));
            }
            end += name.len() + 1;
            let known = self.children.get(&(at, name.to_owned())).copied();
            fresh = known.is_none();
            at = match known {
                Some(child) => child,
                None => {
                    if end <= path.as_str().len() || shape == Shape::Directory {
                        made.push(path.as_str()[..end - 1].parse().map_err(|error| Problem::Path(error).at(path))?);
                    }
                    self.add(at, name)?
                }
            };
        }
        let place = &mut self.places[at];
        match place.shape {
            Some(_) => return Err(Problem::Duplicate.at(path)),
            None if !fresh && shape != Shape::Directory => return Err(Problem::HasChildren.at(path)),
            None => {}
        }
        if let Shape::Symlink(target) = &shape {
            if target.is_empty() || target.len() > MAX_PATH_BYTES || target.contains('\0') {
                return Err(Problem::SymlinkTarget.at(path));
            }
            self.links.push((at, path.clone()));
        }
        place.shape = Some(shape);
        Ok(made)
    }

    fn add(&mut self, parent: usize, name: &str) -> Result<usize, ArchiveError> {
        let child = self.places.len();
        if child as u64 > self.limit {
            return Err(ArchiveError::TooManyEntries { limit: self.limit });
        }
        self.places.push(Place { parent, shape: None });
        self.children.insert((parent, name.to_owned()), child);
        Ok(child)
    }

    /// Checks, now that the tree is complete, that every link stays inside, also through other links.
    pub(crate) fn check_links(&self) -> Result<(), ArchiveError> {
        let mut steps = 0;
        for (link, path) in &self.links {
            if let Some(Shape::Symlink(target)) = &self.places[*link].shape {
                self.follow(self.places[*link].parent, target, &mut steps).map_err(|problem| problem.at(path))?;
            }
        }
        Ok(())
    }

    /// Walks as the kernel would, from the directory `at`. A link to something missing is not an error if it stays inside.
    fn follow(&self, mut at: usize, target: &str, steps: &mut usize) -> Result<(), Problem> {
        let leaves = || Problem::SymlinkLeaves { target: target.to_owned() };
        let endless = || Problem::SymlinkLoop { target: target.to_owned() };
        let mut hops = 0;
        // How far below `at` the walk is in directories that are not there.
        let mut beyond = 0_usize;
        let mut pending = components(target).ok_or_else(leaves)?;
        while let Some(name) = pending.pop() {
            *steps += 1;
            if *steps > MAX_LINK_STEPS {
                return Err(endless());
            }
            match name {
                "" | "." => {}
                ".." if beyond > 0 => beyond -= 1,
                ".." if at == ROOT => return Err(leaves()),
                ".." => at = self.places[at].parent,
                _ if beyond > 0 => beyond += 1,
                name => match self.children.get(&(at, name.to_owned())) {
                    None => beyond = 1,
                    Some(child) => match &self.places[*child].shape {
                        Some(Shape::Symlink(next)) => {
                            hops += 1;
                            if hops > MAX_LINK_HOPS {
                                return Err(endless());
                            }
                            pending.extend(components(next).ok_or_else(leaves)?);
                        }
                        _ => at = *child,
                    },
                },
            }
        }
        Ok(())
    }
}

/// The components of a link's target, last one first; `None` for an absolute one.
fn components(target: &str) -> Option<Vec<&str>> {
    (!target.starts_with('/')).then(|| target.rsplit('/').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(entries: &[(&str, Shape)]) -> Result<(), ArchiveError> {
        let mut tree = Tree::new(1000);
        for (path, shape) in entries {
            tree.insert(&path.parse().unwrap(), shape.clone())?;
        }
        tree.check_links()
    }

    fn problem(entries: &[(&str, Shape)]) -> Problem {
        match build(entries) {
            Err(ArchiveError::Entry { problem, .. }) => problem,
            other => panic!("{other:?}"),
        }
    }

    fn link(target: &str) -> Shape {
        Shape::Symlink(target.to_owned())
    }

    #[test]
    fn links_that_stay_inside_are_taken() {
        use Shape::{Directory, File};
        build(&[("a/b", File), ("link", link("a/b"))]).unwrap();
        build(&[("a/link", link("../a/./b")), ("a/b", File)]).unwrap();
        build(&[("a/up", link("..")), ("b", link("a/up/a/up/a"))]).unwrap();
        build(&[("dangling", link("not/here/../../there"))]).unwrap();
        build(&[("d", Directory), ("d/e", link(".")), ("f", link("d//e/e/e/"))]).unwrap();
    }

    #[test]
    fn links_that_leave_are_refused_however_they_do_it() {
        for entries in [
            vec![("link", link("/etc/passwd"))],
            vec![("link", link(".."))],
            vec![("a/link", link("../.."))],
            vec![("a/link", link("../missing/../../x"))],
            // `up` stays inside, and so does `..` from where `link` stands, but not from where `up` leads.
            vec![("a/up", link("..")), ("a/b/link", link("../up/../x"))],
            vec![("a", link("b")), ("b", link("/"))],
            vec![("a/x", link("../b/y")), ("b/y", link("../c/z")), ("c/z", link("../../out"))],
        ] {
            assert!(matches!(problem(&entries), Problem::SymlinkLeaves { .. }), "{entries:?}");
        }
    }

    #[test]
    fn loops_end() {
        assert!(matches!(problem(&[("a", link("b")), ("b", link("a"))]), Problem::SymlinkLoop { .. }));
        assert!(matches!(problem(&[("a", link("a/a"))]), Problem::SymlinkLoop { .. }));
    }

    #[test]
    fn one_place_holds_one_thing() {
        use Shape::{Directory, File};
        assert_eq!(problem(&[("a", File), ("a", File)]), Problem::Duplicate);
        assert_eq!(problem(&[("a", Directory), ("a", Directory)]), Problem::Duplicate);
        assert_eq!(problem(&[("a/b", File), ("a", File)]), Problem::HasChildren);
        assert_eq!(problem(&[("a/b", File), ("a", link("c"))]), Problem::HasChildren);
        for on_the_way in [File, link("c")] {
            let ancestor = "d/a".to_owned();
            assert_eq!(problem(&[("d/a", on_the_way), ("d/a/b", File)]), Problem::NotBelowDirectory { ancestor });
        }
        build(&[("a/b", File), ("a", Directory)]).unwrap();
    }

    #[test]
    fn the_way_counts_as_entries() {
        let mut tree = Tree::new(3);
        let made = tree.insert(&"a/b/c".parse().unwrap(), Shape::File).unwrap();
        assert_eq!(made.iter().map(EntryPath::as_str).collect::<Vec<_>>(), ["a", "a/b"]);
        let error = tree.insert(&"d".parse().unwrap(), Shape::File).unwrap_err();
        assert!(matches!(error, ArchiveError::TooManyEntries { limit: 3 }));
    }
}
