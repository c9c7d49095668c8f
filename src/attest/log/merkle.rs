//! The hash tree of a log (RFC 6962 §2.1; RFC 9162 §2.1.3 for how a path is followed), with SHA-256.
//!
//! Leaves and inner nodes are hashed with different first bytes, so none can pass for the other.

use crate::model::digest::Digest;

/// The hash of a leaf.
pub fn leaf(entry: &[u8]) -> Digest {
    Digest::of_all([&[0][..], entry])
}

/// The hash of a node over two others.
pub fn node(left: &Digest, right: &Digest) -> Digest {
    Digest::of_all([&[1][..], left.as_bytes(), right.as_bytes()])
}

/// The root of the tree of `size` leaves in which `leaf` is the one at `index` (counted from 0) and `path` leads up from it; `None` where the
/// path is too long or too short for such a tree.
pub fn root_over(leaf: Digest, index: u64, size: u64, path: &[Digest]) -> Option<Digest> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut root) = (index, size - 1, leaf);
    for beside in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            root = node(beside, &root);
            // A node without a right neighbour stands for itself on the levels above, until it is a right one.
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            root = node(&root, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(root)
}

/// Trees as a log builds them, to look at what is proved of them.
#[cfg(test)]
pub mod reference {
    use super::{Digest, leaf, node};

    /// The root of all `leaves` (RFC 6962 §2.1), of at least one.
    pub fn root(leaves: &[&[u8]]) -> Digest {
        match leaves {
            [one] => leaf(one),
            _ => {
                let (left, right) = leaves.split_at(left_of(leaves.len()));
                node(&root(left), &root(right))
            }
        }
    }

    /// The path of the leaf at `index` (RFC 6962 §2.1.1).
    pub fn path(leaves: &[&[u8]], index: usize) -> Vec<Digest> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(left_of(leaves.len()));
        let (mut below, beside) = match index.checked_sub(left.len()) {
            None => (path(left, index), root(right)),
            Some(index) => (path(right, index), root(left)),
        };
        below.push(beside);
        below
    }

    /// The largest power of two below `count`, which is at least 2.
    fn left_of(count: usize) -> usize {
        1 << (count - 1).ilog2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves and roots of the Certificate Transparency project's own tests (`merkletree/merkle_tree_test.go`).
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn leaves() -> Vec<Vec<u8>> {
        LEAVES.iter().map(|text| hex::decode(text).unwrap()).collect()
    }

    #[test]
    fn roots_are_those_of_the_certificate_transparency_project() {
        let all = leaves();
        let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        for size in 1..=8 {
            assert_eq!(reference::root(&all[..size]).hex(), ROOTS[size - 1], "{size}");
        }
    }

    /// Every leaf of every tree up to 65 leaves: its own path leads to the root, and no other does.
    #[test]
    fn the_path_of_a_leaf_leads_to_the_root_and_no_other_does() {
        let all: Vec<Vec<u8>> = (0..65_u8).map(|byte| vec![byte]).collect();
        let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        for size in 1..=all.len() {
            let tree = &all[..size];
            let root = reference::root(tree);
            for index in 0..size {
                let path = reference::path(tree, index);
                let over = |leaf_at: usize, index: usize, size: usize, path: &[Digest]| {
                    root_over(leaf(tree[leaf_at]), index as u64, size as u64, path)
                };
                assert_eq!(over(index, index, size, &path), Some(root), "{index} of {size}");
                for other in (0..size).filter(|other| *other != index) {
                    assert_ne!(over(other, index, size, &path), Some(root), "leaf {other} as {index} of {size}");
                    assert_ne!(over(index, other, size, &path), Some(root), "{index} at {other} of {size}");
                }
                for at in 0..path.len() {
                    let mut bad = path.clone();
                    bad[at] = leaf(b"another");
                    assert_ne!(over(index, index, size, &bad), Some(root));
                    bad.remove(at);
                    assert_ne!(over(index, index, size, &bad), Some(root));
                }
                let longer = [&path[..], &[root]].concat();
                assert_eq!(over(index, index, size, &longer), None);
            }
        }
    }

    #[test]
    fn no_numbers_make_it_panic_or_run_long() {
        let some = leaf(b"");
        for (index, size) in
            [(0, 0), (1, 1), (u64::MAX, u64::MAX), (u64::MAX - 1, u64::MAX), (0, u64::MAX), (0, 1 << 63)]
        {
            for length in [0, 1, 63, 64, 65, 1000] {
                let _ = root_over(some, index, size, &vec![some; length]);
            }
        }
        assert_eq!(root_over(some, 0, 0, &[]), None);
        assert_eq!(root_over(some, 1, 1, &[]), None);
        assert_eq!(root_over(some, 0, 1, &[]), Some(some));
        assert_eq!(root_over(some, 0, 1, &[some]), None);
    }
}
