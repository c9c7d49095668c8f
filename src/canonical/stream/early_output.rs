//! Sends the output while the document is still being read.
//!
//! Of a document that is one long array, or an object with one, the elements are sent as they are read. For an
//! object that is a guess: that no later member comes before the array's. A wrong one is noticed, and the pass is
//! made again without sending anything early.

use crate::canonical::stream::reordered_output::ReorderedOutput;

/// How much is sent at once, in bytes.
pub(in crate::canonical) const BLOCK: usize = 128 << 10;
/// Of an object with more members nothing is sent early: they are gone through for each array.
pub(super) const MOST_MEMBERS: usize = 1_000;

/// Where canonical bytes go, a block at a time.
pub trait Sink {
    /// Takes the bytes of `block`, which it may replace by another vector; what it leaves in it is overwritten.
    fn take(&mut self, block: &mut Vec<u8>);

    /// All that was taken is void: the document begins anew.
    fn restart(&mut self);
}

/// Gathers pieces into blocks.
pub(super) struct Blocks<'s> {
    sink: &'s mut dyn Sink,
    block: Vec<u8>,
}

impl<'s> Blocks<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Self {
        Self { sink, block: Vec::new() }
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        for part in piece.chunks(BLOCK) {
            self.block.extend_from_slice(part);
            if self.block.len() >= BLOCK {
                self.flush();
            }
        }
    }

    /// Sends what `reordered` holds.
    pub(super) fn push_all(&mut self, reordered: &mut ReorderedOutput) {
        if reordered.is_flat() && reordered.bytes.len() <= 2 * BLOCK {
            self.flush();
            self.sink.take(&mut reordered.bytes);
            reordered.bytes.clear();
        } else {
            reordered.all().for_each(|piece| self.push(piece));
        }
    }

    pub(super) fn flush(&mut self) {
        if !self.block.is_empty() {
            self.sink.take(&mut self.block);
            self.block.clear();
        }
    }
}

/// What was sent of the document.
#[derive(Default)]
pub(super) struct EarlyOutput<'s> {
    /// None where nothing is sent early.
    pub(super) blocks: Option<Blocks<'s>>,
    /// How long an array is at least of which elements are sent early.
    pub(super) early: usize,
    /// Whether the elements of the array that is being read are sent.
    pub(super) open: bool,
    /// Whether the root is an object of which something was sent.
    pub(super) begun: bool,
    /// The member that was sent last.
    pub(super) last: Option<usize>,
    /// Members that were read and whose turn has not come.
    pub(super) aside: Vec<u8>,
}

impl<'s> EarlyOutput<'s> {
    /// Sends elements early of arrays of at least `early` bytes.
    pub(super) fn new(sink: &'s mut dyn Sink, early: usize) -> Self {
        Self { blocks: Some(Blocks::new(sink)), early, ..Self::default() }
    }

    pub(super) fn is_begun(&self) -> bool {
        self.begun
    }

    /// Whether an array whose elements began at `body` and reach up to `place` is long enough to be sent. One of which all
    /// was dropped so far is not: the comma behind goes, too, and is known by its place.
    #[inline(always)]
    pub(super) fn wants(&self, place: usize, body: usize) -> bool {
        let length = if self.open { place } else { place - body };
        length >= self.early && place != body && self.blocks.is_some()
    }
}
