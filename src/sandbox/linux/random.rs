//! Randomness that follows from the seed. For repeating a run, never for secrets.

use crate::model::statistics::split_mix::{self, GOLDEN};

/// Two numbers to one that looks like neither.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    split_mix::mix(a.wrapping_add(b.wrapping_mul(GOLDEN)).wrapping_add(GOLDEN))
}

/// Fills `buffer` with the stream of `key` from its word number `first` on.
pub(super) fn fill(key: u64, first: u64, buffer: &mut [u8]) {
    let (words, rest) = buffer.as_chunks_mut();
    let mut number = first;
    for word in words {
        *word = mix(key, number).to_le_bytes();
        number += 1;
    }
    rest.iter_mut().zip(mix(key, number).to_le_bytes()).for_each(|(byte, random)| *byte = random);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_in_one_piece_and_in_several() {
        let mut whole = [0; 40];
        fill(7, 0, &mut whole);
        let mut parts = [0; 40];
        let (low, high) = parts.split_at_mut(16);
        fill(7, 0, low);
        fill(7, 2, high);
        assert_eq!(whole, parts);
        let words = [mix(7, 3).to_le_bytes(), mix(7, 4).to_le_bytes(), mix(7, 5).to_le_bytes()].concat();
        let mut odd = [0; 21];
        fill(7, 3, &mut odd);
        assert_eq!(odd, words[..21]);
        let mut other = [0; 40];
        fill(8, 0, &mut other);
        assert_ne!(whole, other);
    }
}
