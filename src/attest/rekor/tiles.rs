//! The path of an entry, out of the tiles of a log (C2SP `tlog-tiles`): files with 256 hashes of one level each, which anyone can fetch.

use std::collections::BTreeMap;

use crate::attest::log::merkle;
use crate::model::digest::Digest;

/// How many hashes a tile has.
const WIDTH: u64 = 256;
/// How many levels of the tree one level of tiles is.
const HEIGHT: u32 = 8;

/// A tile, so far as a tree of some size has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Its level: that of the entries is 0.
    pub level: u32,
    /// Its number on that level, from 0.
    pub number: u64,
    /// How many hashes of it the tree has, from 1 to 256.
    pub width: u64,
}

/// A log of this size has no such entry, or a tile is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its tiles are not those of its checkpoint")]
pub struct NotATile;

impl Tile {
    /// Its path below that of the log; a tile that is not full may be there in full alone, later.
    pub fn paths(self) -> Vec<String> {
        let Self { level, number, width } = self;
        let mut groups = vec![format!("{:03}", number % 1000)];
        let mut rest = number / 1000;
        while rest > 0 {
            groups.insert(0, format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        let full = format!("tile/{level}/{}", groups.join("/"));
        if width == WIDTH { vec![full] } else { vec![format!("{full}.p/{width}"), full] }
    }

    /// The hashes in `bytes`, so many as the tree has.
    fn read(self, bytes: &[u8]) -> Result<Vec<Digest>, NotATile> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        let count = usize::try_from(self.width).map_err(|_| NotATile)?;
        if !rest.is_empty() || hashes.len() < count {
            return Err(NotATile);
        }
        Ok(hashes[..count].iter().map(|hash| Digest::from_bytes(*hash)).collect())
    }
}

/// The hash of the entry at `index` of a tree of `size`, and the path from it to the root.
///
/// # Errors
/// What `fetch` says; [`NotATile`].
pub fn path<E: From<NotATile>>(
    index: u64,
    size: u64,
    fetch: &mut dyn FnMut(Tile) -> Result<Vec<u8>, E>,
) -> Result<(Digest, Vec<Digest>), E> {
    if index >= size {
        return Err(NotATile.into());
    }
    let mut tree = Tree { size, tiles: BTreeMap::new(), fetch };
    let leaf = tree.over(index, index + 1)?;
    let (mut low, mut high, mut beside) = (0, size, Vec::new());
    // From the root down; the path is told the other way.
    while high - low > 1 {
        let middle = low + left_of(high - low);
        if index < middle {
            beside.push(tree.over(middle, high)?);
            high = middle;
        } else {
            beside.push(tree.over(low, middle)?);
            low = middle;
        }
    }
    beside.reverse();
    Ok((leaf, beside))
}

/// The largest power of two below `count`, which is at least 2.
fn left_of(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

struct Tree<'f, E> {
    size: u64,
    tiles: BTreeMap<(u32, u64), Vec<Digest>>,
    fetch: &'f mut dyn FnMut(Tile) -> Result<Vec<u8>, E>,
}

impl<E: From<NotATile>> Tree<'_, E> {
    /// The hash over the entries from `low` up to `high`, a part into which the tree is divided (RFC 6962 §2.1).
    fn over(&mut self, low: u64, high: u64) -> Result<Digest, E> {
        let count = high - low;
        if !count.is_power_of_two() {
            let middle = low + left_of(count);
            return Ok(merkle::node(&self.over(low, middle)?, &self.over(middle, high)?));
        }
        let levels = count.trailing_zeros();
        let (level, within) = (levels / HEIGHT, levels % HEIGHT);
        let first = low >> (HEIGHT * level);
        let hashes = self.tile(level, first / WIDTH)?;
        let from = usize::try_from(first % WIDTH).map_err(|_| NotATile)?;
        let mut nodes = hashes.get(from..from + (1 << within)).ok_or(NotATile)?.to_vec();
        while nodes.len() > 1 {
            nodes = nodes.chunks_exact(2).map(|two| merkle::node(&two[0], &two[1])).collect();
        }
        nodes.pop().ok_or_else(|| NotATile.into())
    }

    fn tile(&mut self, level: u32, number: u64) -> Result<&[Digest], E> {
        if !self.tiles.contains_key(&(level, number)) {
            let there = (self.size >> (HEIGHT * level)).saturating_sub(number * WIDTH);
            let tile = Tile { level, number, width: there.min(WIDTH) };
            if there == 0 {
                return Err(NotATile.into());
            }
            let hashes = tile.read(&(self.fetch)(tile)?)?;
            self.tiles.insert((level, number), hashes);
        }
        Ok(self.tiles.get(&(level, number)).map(Vec::as_slice).unwrap_or_default())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::attest::log::merkle::reference;

    /// The bytes of a tile over these entries.
    pub fn bytes(leaves: &[Digest], level: u32, number: u64, width: u64) -> Vec<u8> {
        let mut nodes = leaves.to_vec();
        for _ in 0..level * HEIGHT {
            nodes = nodes.chunks_exact(2).map(|two| merkle::node(&two[0], &two[1])).collect();
        }
        let from = usize::try_from(number * WIDTH).unwrap();
        nodes[from..from + usize::try_from(width).unwrap()].iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    #[derive(Debug, PartialEq)]
    struct Bad;

    impl From<NotATile> for Bad {
        fn from(_: NotATile) -> Self {
            Self
        }
    }

    #[test]
    fn the_path_out_of_tiles_is_the_one_of_the_tree() {
        let all: Vec<Vec<u8>> = (0..700_u32).map(|at| at.to_be_bytes().to_vec()).collect();
        let leaves: Vec<Digest> = all.iter().map(|entry| merkle::leaf(entry)).collect();
        let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        for size in [1, 2, 3, 7, 255, 256, 257, 258, 511, 512, 513, 700] {
            for index in [0, 1, 2, 127, 128, 254, 255, 256, 257, 300, 511, 512, 600, 699] {
                let mut fetched = Vec::new();
                let at = usize::try_from(size).unwrap();
                let mut fetch = |tile: Tile| {
                    fetched.push(tile);
                    Ok::<_, Bad>(bytes(&leaves[..at], tile.level, tile.number, tile.width))
                };
                let found = path(index, size, &mut fetch);
                if index >= size {
                    assert_eq!(found, Err(Bad));
                    continue;
                }
                let index = usize::try_from(index).unwrap();
                assert_eq!(found, Ok((leaves[index], reference::path(&all[..at], index))), "{index} of {size}");
                assert!(fetched.len() <= 4, "{fetched:?}");
            }
        }
    }

    #[test]
    fn a_tile_is_where_every_client_looks_for_it() {
        let paths = |level, number, width| Tile { level, number, width }.paths();
        assert_eq!(paths(0, 0, 1), ["tile/0/000.p/1", "tile/0/000"]);
        assert_eq!(paths(1, 1_234_067, 256), ["tile/1/x001/x234/067"]);
        assert_eq!(paths(0, 1000, 256), ["tile/0/x001/000"]);
    }

    #[test]
    fn what_is_not_a_tile_is_an_error_and_no_number_makes_it_panic_or_run_long() {
        let empty = |_: Tile| Ok::<_, Bad>(vec![0; 31]);
        for (index, size) in [(0, 1), (0, 0), (5, 5), (u64::MAX - 1, u64::MAX), (0, u64::MAX), (1 << 62, 1 << 63)] {
            assert_eq!(path(index, size, &mut empty.clone()), Err(Bad));
            let mut count = 0;
            let found = path(index, size, &mut |_| {
                count += 1;
                Ok::<_, Bad>(vec![0; 256 * 32])
            });
            assert_eq!(found.is_ok(), index < size, "{index} of {size}");
            assert!(count <= 80, "{count}");
        }
        let short = |tile: Tile| Ok::<_, Bad>(vec![0; usize::try_from(tile.width - 1).unwrap() * 32]);
        assert_eq!(path(3, 9, &mut short.clone()), Err(Bad));
    }
}
