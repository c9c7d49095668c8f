//! The law of layers: however changes are split into layers, the outcome is that of applying them in order.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tar::EntryType;

use crate::oci::samples::{entry, file, image, symlink};
use crate::rootfs::content;
use crate::rootfs::unpack::unpack;

/// One thing that a layer does.
#[derive(Debug, Clone)]
enum Act {
    Write(String, String),
    Link(String, String),
    Directory(String, u32),
    Whiteout(String),
    Opaque(String),
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    File(String),
    Link(String),
    Directory(u32),
}

/// The naive model: a map from paths to nodes. Links are never on the way: their names have no other use.
#[derive(Debug, Clone, Default)]
struct Model(BTreeMap<String, Node>);

impl Model {
    fn remove(&mut self, path: &str) {
        self.0.retain(|known, _| known != path && !known.starts_with(&format!("{path}/")));
    }

    fn put(&mut self, path: &str, node: Node) {
        let parents: Vec<_> = path.match_indices('/').map(|(at, _)| &path[..at]).collect();
        for parent in parents {
            if !matches!(self.0.get(parent), Some(Node::Directory(_))) {
                self.0.insert(parent.to_owned(), Node::Directory(0o755));
            }
        }
        if !matches!((&node, self.0.get(path)), (Node::Directory(_), Some(Node::Directory(_)))) {
            self.remove(path);
        }
        self.0.insert(path.to_owned(), node);
    }

    /// Whiteouts first, as the specification wants layers to be written, then everything else.
    fn apply(&mut self, layer: &[Act]) {
        for act in layer {
            match act {
                Act::Whiteout(path) => self.remove(path),
                Act::Opaque(path) => self.0.retain(|known, _| !known.starts_with(&format!("{path}/"))),
                _ => {}
            }
        }
        for act in layer {
            match act {
                Act::Write(path, text) => self.put(path, Node::File(text.clone())),
                Act::Link(path, target) => self.put(path, Node::Link(target.clone())),
                Act::Directory(path, mode) => self.put(path, Node::Directory(*mode)),
                Act::Whiteout(_) | Act::Opaque(_) => {}
            }
        }
    }
}

fn tar_of(layer: &[Act]) -> Vec<Vec<u8>> {
    let marks = layer.iter().filter_map(|act| match act {
        Act::Whiteout(path) => {
            let (directory, name) = path.rsplit_once('/').map_or(("", path.as_str()), |(d, n)| (d, n));
            Some(file(&format!("{directory}/.wh.{name}"), ""))
        }
        Act::Opaque(path) => Some(file(&format!("{path}/.wh..wh..opq"), "")),
        _ => None,
    });
    let others = layer.iter().filter_map(|act| match act {
        Act::Write(path, text) => Some(file(path, text)),
        Act::Link(path, target) => Some(symlink(path, target)),
        Act::Directory(path, mode) => Some(entry(EntryType::Directory, path.as_bytes(), b"", *mode, b"")),
        Act::Whiteout(_) | Act::Opaque(_) => None,
    });
    marks.chain(others).collect()
}

/// Layers in which no path stands twice and nothing stands below a file of the same layer: others are refused.
fn layers() -> impl Strategy<Value = Vec<Vec<Act>>> {
    let path = prop::collection::vec("[abc]", 1..4).prop_map(|parts| parts.join("/"));
    let act = (path, 0u8..8, "[xy]{0,3}").prop_map(|(path, kind, text)| match kind {
        0..=2 => Act::Write(path, text),
        3 => Act::Link(format!("{path}.link"), format!("/{text}n")),
        4 => Act::Directory(path, 0o711),
        5 => Act::Directory(path, 0o755),
        6 => Act::Whiteout(path),
        _ => Act::Opaque(path),
    });
    prop::collection::vec(prop::collection::vec(act, 0..8), 1..5)
        .prop_map(|layers| layers.into_iter().map(sound).collect())
}

fn sound(layer: Vec<Act>) -> Vec<Act> {
    let mut kept: Vec<Act> = Vec::new();
    let below = |path: &str, other: &str| path.starts_with(&format!("{other}/"));
    for act in layer {
        let clash = |known: &Act| match (known, &act) {
            (Act::Directory(a, _), Act::Directory(b, _)) => a == b,
            (Act::Directory(a, _), Act::Write(b, _) | Act::Link(b, _)) => a == b || below(a, b),
            (Act::Write(a, _) | Act::Link(a, _), Act::Directory(b, _)) => a == b || below(b, a),
            (Act::Write(a, _) | Act::Link(a, _), Act::Write(b, _) | Act::Link(b, _)) => {
                a == b || below(a, b) || below(b, a)
            }
            _ => false,
        };
        if !kept.iter().any(clash) {
            kept.push(act);
        }
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn layers_are_applied_as_the_model_does(layers in layers()) {
        let mut model = Model::default();
        layers.iter().for_each(|layer| model.apply(layer));
        let tars: Vec<_> = layers.iter().map(|layer| tar_of(layer)).collect();
        let tars: Vec<&[Vec<u8>]> = tars.iter().map(Vec::as_slice).collect();
        let (blobs, image) = image(&tars);
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        let (digest, _) = unpack(&image, &blobs, &root).unwrap();
        prop_assert_eq!(content::of_folder(&root, 1000).unwrap(), digest);

        let mut found = Model::default();
        for item in crate::host::fs::walk(&root, 1000).unwrap() {
            let path = root.join(&item.relative);
            let node = match item.kind {
                crate::host::fs::Kind::Directory => {
                    let mode = std::fs::metadata(&path).unwrap().permissions();
                    Node::Directory(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777)
                }
                crate::host::fs::Kind::Symlink { target } => Node::Link(target.to_str().unwrap().to_owned()),
                _ => Node::File(std::fs::read_to_string(&path).unwrap()),
            };
            found.0.insert(item.relative.to_str().unwrap().to_owned(), node);
        }
        prop_assert_eq!(found.0, model.0);
    }

    #[test]
    fn a_tree_is_the_same_however_it_is_split(
        files in prop::collection::btree_map("[abc]/[abc]", "[xy]{0,3}", 1..8),
        cuts in prop::collection::vec(0usize..8, 0..4),
    ) {
        let entries: Vec<_> = files.iter().map(|(path, text)| file(path, text)).collect();
        let content = |layers: Vec<&[Vec<u8>]>| {
            let (blobs, image) = image(&layers);
            let dir = tempfile::tempdir().unwrap();
            unpack(&image, &blobs, &dir.path().join("root")).unwrap().0
        };
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(entries.len())).collect();
        cuts.extend([0, entries.len()]);
        cuts.sort_unstable();
        let split: Vec<&[Vec<u8>]> = cuts.windows(2).map(|pair| &entries[pair[0]..pair[1]]).collect();
        prop_assert_eq!(content(split), content(vec![&entries]));
    }
}
