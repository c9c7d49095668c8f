//! Lists of which the shorter goes on with one and the same element, without end.

use std::cmp::Ordering;

/// Compares two lists element by element, the shorter one filled up with `filler`: a total order, since it is that of
/// endless lists.
pub(super) fn compare<T: Ord>(a: &[T], b: &[T], filler: &T) -> Ordering {
    let pairs = (0..a.len().max(b.len())).map(|i| (a.get(i).unwrap_or(filler), b.get(i).unwrap_or(filler)));
    pairs.map(|(a, b)| a.cmp(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
