//! Sorts many texts that lie far apart in memory.
//!
//! To compare two of them is to wait for memory twice. So of each text the eight bytes behind what all have in common
//! are read once and sorted, and those that are equal so far are sorted by what follows.

use std::cmp::Ordering;

use crate::canonical::stream::scan;

/// From how many texts on this pays.
pub(super) const MANY: usize = 64;
/// How many times eight bytes are looked at before whole texts are compared.
const ROUNDS: usize = 16;

/// Sorts `order`, pairs of scratch and a position, by `compare`, and where that finds no difference by position.
///
/// Where the `text`s of two positions differ, `compare` must order them as their bytes.
pub(super) fn sort<'t>(
    order: &mut [(u64, u32)],
    text: &impl Fn(u32) -> &'t [u8],
    compare: &impl Fn(u32, u32) -> Ordering,
) {
    sort_further(order, text, compare, 0);
}

fn sort_further<'t>(
    order: &mut [(u64, u32)],
    text: &impl Fn(u32) -> &'t [u8],
    compare: &impl Fn(u32, u32) -> Ordering,
    round: usize,
) {
    let Some((_, first)) = order.first() else { return };
    let first = text(*first);
    let common =
        order.iter().fold(first.len(), |common, (_, position)| common_start(&first[..common], text(*position)));
    for (prefix, position) in order.iter_mut() {
        let text = text(*position);
        *prefix = scan::prefix(text, common, text.len());
    }
    order.sort_unstable();
    for group in order.chunk_by_mut(|(a, _), (b, _)| a == b) {
        if group.len() < MANY || round == ROUNDS {
            group.sort_unstable_by(|(_, a), (_, b)| compare(*a, *b).then(a.cmp(b)));
        } else {
            sort_further(group, text, compare, round + 1);
        }
    }
}

/// How many bytes of `a` the text `b` begins with.
fn common_start(a: &[u8], b: &[u8]) -> usize {
    if b.starts_with(a) {
        return a.len();
    }
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_come_out_in_order(texts in prop::collection::vec("(|a|prefix)[ab\u{0}]{0,3}(x{20})?[ab]{0,3}", 0..500)) {
            let mut order: Vec<(u64, u32)> = (0..texts.len() as u32).map(|position| (9, position)).collect();
            let text = |position: u32| texts[position as usize].as_bytes();
            sort(&mut order, &text, &|a, b| text(a).cmp(text(b)));
            let mut expected: Vec<(&str, u32)> = texts.iter().map(String::as_str).zip(0..).collect();
            expected.sort();
            let found: Vec<u32> = order.into_iter().map(|(_, position)| position).collect();
            prop_assert_eq!(found, expected.into_iter().map(|(_, position)| position).collect::<Vec<_>>());
        }
    }
}
