//! Which part of a suite is whose.
//!
//! The longest first, each to the shard that has the least so far: never more than a third above the best that there is (Graham,
//! *Bounds on multiprocessing timing anomalies*, 1969).

use std::collections::{BTreeMap, BTreeSet};

/// What one takes whose time nobody knows, where nobody's is known.
const UNKNOWN_MS: u64 = 1000;

/// The ids of each of `count` shards. An id that `known` does not have takes what half of the known ones exceed; milliseconds.
pub fn split(ids: &BTreeSet<&str>, known: &BTreeMap<String, u64>, count: u32) -> Vec<BTreeSet<String>> {
    let mut times: Vec<u64> = ids.iter().filter_map(|id| known.get(*id)).copied().collect();
    times.sort_unstable();
    let usual = times.get(times.len() / 2).copied().unwrap_or(UNKNOWN_MS);
    // What takes no time at all would all be put upon one.
    let time = |id: &str| known.get(id).copied().unwrap_or(usual).max(1);
    let mut longest_first: Vec<&str> = ids.iter().copied().collect();
    // The order of the ids stays where times are equal.
    longest_first.sort_by_key(|id| std::cmp::Reverse(time(id)));
    let mut shards: Vec<(u128, BTreeSet<String>)> = (0..count).map(|_| (0, BTreeSet::new())).collect();
    for id in longest_first {
        if let Some((sum, shard)) = shards.iter_mut().min_by_key(|(sum, shard)| (*sum, shard.len())) {
            *sum += u128::from(time(id));
            shard.insert(id.to_owned());
        }
    }
    shards.into_iter().map(|(_, shard)| shard).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sizes(ids: &[&str], known: &[(&str, u64)], count: u32) -> Vec<Vec<String>> {
        let known = known.iter().map(|(id, time)| ((*id).to_owned(), *time)).collect();
        let shards = split(&ids.iter().copied().collect(), &known, count);
        shards.into_iter().map(|shard| shard.into_iter().collect()).collect()
    }

    #[test]
    fn the_longest_stands_alone_and_the_rest_is_shared() {
        let known = [("slow", 9000), ("b", 3000), ("c", 3000), ("d", 3000)];
        assert_eq!(sizes(&["slow", "b", "c", "d"], &known, 2), [vec!["slow"], vec!["b", "c", "d"]]);
        // Where nothing is known, all are alike.
        assert_eq!(sizes(&["a", "b", "c"], &[], 2), [vec!["a", "c"], vec!["b"]]);
        // One that is not known takes what is usual.
        assert_eq!(sizes(&["new", "b", "c"], &[("b", 10), ("c", 1000)], 2), [vec!["b", "c"], vec!["new"]]);
        assert_eq!(sizes(&["a"], &[("a", 0)], 3), [vec!["a"], vec![], vec![]]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn each_falls_to_exactly_one_shard_and_none_is_overloaded(
            times in proptest::collection::btree_map("[a-z]{1,4}", 0u64..100_000, 0..40), count in 1u32..12,
        ) {
            let ids: BTreeSet<&str> = times.keys().map(String::as_str).collect();
            let shards = split(&ids, &times, count);
            prop_assert_eq!(shards.len(), count as usize);
            let all: Vec<&str> = shards.iter().flatten().map(String::as_str).collect();
            prop_assert_eq!(all.len(), ids.len());
            prop_assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), ids);
            let sum = |shard: &BTreeSet<String>| shard.iter().map(|id| times[id].max(1)).sum::<u64>();
            let total: u64 = shards.iter().map(sum).sum();
            let longest = times.values().copied().max().unwrap_or(0).max(1);
            for shard in &shards {
                prop_assert!(sum(shard) <= total / u64::from(count) + longest);
            }
        }
    }
}
