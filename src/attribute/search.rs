//! The smallest sets of factors that make a difference: delta debugging (Zeller and Hildebrandt, 2002) over factors.

use crate::attribute::cell::Cell;

/// Answers whether swapping these factors makes the difference; the cell that must be run first where that is not known.
pub(super) type Makes<'a> = dyn Fn(Cell) -> Result<bool, Cell> + 'a;

/// Disjoint sets of factors of which each makes the difference alone, and no member of which can be spared.
///
/// They are found one after the other, each among the factors that the ones before left, so that without all of them the
/// difference is gone. Empty where not even all factors together make it.
pub(super) fn ways(all: Cell, makes: &Makes<'_>) -> Result<Vec<Cell>, Cell> {
    let (mut ways, mut rest) = (Vec::new(), all);
    while !rest.is_empty() && makes(rest)? {
        let way = smallest(rest, makes)?;
        rest = rest.minus(way);
        ways.push(way);
    }
    Ok(ways)
}

/// One smallest set within `all`, which makes the difference as a whole.
fn smallest(all: Cell, makes: &Makes<'_>) -> Result<Cell, Cell> {
    for factor in all.iter() {
        if makes(Cell::only(factor))? {
            return Ok(Cell::only(factor));
        }
    }
    // What cannot be spared from the whole is very often all that is needed.
    let mut needed = Cell::RECORDED;
    for factor in all.iter() {
        if !makes(all.without(factor))? {
            needed = needed.with(factor);
        }
    }
    let start = if !needed.is_empty() && makes(needed)? { needed } else { halved(all, makes)? };
    spared(start, makes)
}

/// Drops halves, quarters, … as long as what stays makes the difference.
fn halved(mut set: Cell, makes: &Makes<'_>) -> Result<Cell, Cell> {
    let mut parts = 2;
    while set.len() >= 2 {
        let members: Vec<usize> = set.iter().collect();
        let size = members.len().div_ceil(parts);
        let mut smaller = None;
        for part in members.chunks(size) {
            let part = part.iter().fold(Cell::RECORDED, |cell, factor| cell.with(*factor));
            let others = set.minus(part);
            if makes(part)? {
                smaller = Some((part, 2));
            } else if parts > 2 && makes(others)? {
                smaller = Some((others, parts - 1));
            }
            if smaller.is_some() {
                break;
            }
        }
        match smaller {
            Some((found, next)) => (set, parts) = (found, next.max(2)),
            None if parts >= set.len() => break,
            None => parts = (parts * 2).min(set.len()),
        }
    }
    Ok(set)
}

/// Drops single factors until none can be spared.
fn spared(mut set: Cell, makes: &Makes<'_>) -> Result<Cell, Cell> {
    loop {
        let mut smaller = None;
        for factor in set.iter() {
            let without = set.without(factor);
            if !without.is_empty() && makes(without)? {
                smaller = Some(without);
                break;
            }
        }
        match smaller {
            Some(without) => set = without,
            None => return Ok(set),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(factors: &[usize]) -> Cell {
        factors.iter().fold(Cell::RECORDED, |cell, factor| cell.with(*factor))
    }

    fn holds(cell: Cell, ways: &[Cell]) -> bool {
        ways.iter().any(|way| way.minus(cell).is_empty())
    }

    #[test]
    fn single_factors_pairs_and_alternatives_are_found() {
        for planted in [
            vec![set(&[0])],
            vec![set(&[1, 2])],
            vec![set(&[0, 1, 2, 3])],
            vec![set(&[0]), set(&[2])],
            vec![set(&[1]), set(&[0, 3])],
            vec![set(&[0, 1]), set(&[2, 3])],
        ] {
            let found = ways(Cell::now(4), &|cell| Ok(holds(cell, &planted))).unwrap();
            assert_eq!(found.iter().copied().collect::<std::collections::BTreeSet<_>>(), planted.into_iter().collect());
        }
        assert!(ways(Cell::now(4), &|_| Ok(false)).unwrap().is_empty());
    }

    proptest! {
        /// Of any rule: each way makes the difference, none of its members can be spared, and without all of them it is gone.
        #[test]
        fn what_is_found_makes_and_unmakes(table in prop::collection::vec(any::<bool>(), 64)) {
            let mut table = table;
            (table[0], table[63]) = (false, true);
            let makes = |cell: Cell| Ok(table[cell.iter().map(|factor| 1 << factor).sum::<usize>()]);
            let all = Cell::now(6);
            let found = ways(all, &makes).unwrap();
            let mut rest = all;
            for way in &found {
                prop_assert!(makes(*way).unwrap());
                for factor in way.iter() {
                    prop_assert!(!makes(way.without(factor)).unwrap());
                }
                rest = rest.minus(*way);
            }
            prop_assert!(!found.is_empty());
            prop_assert!(!makes(rest).unwrap());
        }
    }
}
