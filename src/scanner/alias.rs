//! Folding the records of one vulnerability: `CVE-…`, `GHSA-…`, `GO-…`, `DEBIAN-CVE-…` become one.
//!
//! Aliases are symmetric and transitive, as the OSV schema says. A distribution's record names its CVE in
//! `upstream` instead; where that is exactly one id, the record is about that vulnerability and is folded with
//! it. With several ids it is a bundle, which stays a vulnerability of its own. `related` never folds.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::osv::Advisory;

/// One vulnerability under all its names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Vulnerability {
    /// The name in results: its smallest CVE id by year and number, else its smallest id by bytes.
    pub(super) name: String,
    /// Every id of it, `name` among them.
    pub(super) ids: BTreeSet<String>,
}

/// The vulnerabilities behind the records, and for each record which one it describes.
pub(super) fn fold(advisories: &[Advisory]) -> (Vec<Vulnerability>, Vec<usize>) {
    let mut numbers = BTreeMap::new();
    let mut sets = Sets::default();
    let mut number = |sets: &mut Sets, id| *numbers.entry(id).or_insert_with(|| sets.add());
    let owns: Vec<usize> = advisories
        .iter()
        .map(|advisory| {
            let own = number(&mut sets, advisory.id.as_str());
            for other in same_vulnerability(advisory) {
                let other = number(&mut sets, other);
                sets.join(own, other);
            }
            own
        })
        .collect();

    let mut ids: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (id, number) in numbers {
        ids.entry(sets.root(number)).or_default().insert(id.to_owned());
    }
    let mut places = BTreeMap::new();
    let mut vulnerabilities = Vec::new();
    for (root, ids) in ids {
        places.insert(root, vulnerabilities.len());
        let cve = ids.iter().filter_map(|id| Some((cve_number(id)?, id))).min();
        let name = cve.map(|(_, id)| id).or(ids.first()).cloned().unwrap_or_default();
        vulnerabilities.push(Vulnerability { name, ids });
    }
    let described = owns.into_iter().map(|own| places.get(&sets.root(own)).copied().unwrap_or_default()).collect();
    (vulnerabilities, described)
}

fn same_vulnerability(advisory: &Advisory) -> impl Iterator<Item = &str> {
    let upstream = advisory.upstream.iter().filter(|_| advisory.upstream.len() == 1);
    advisory.aliases.iter().chain(upstream).map(String::as_str)
}

/// Year and number of `CVE-2021-44228`; `None` for any other id.
fn cve_number(id: &str) -> Option<(u16, u64)> {
    let (year, number) = id.strip_prefix("CVE-")?.split_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(year) && digits(number)).then_some((year.parse().ok()?, number.parse().ok()?))
}

/// Disjoint sets of numbers (union by size, path halving: no recursion).
#[derive(Default)]
struct Sets {
    parents: Vec<usize>,
    sizes: Vec<usize>,
}

impl Sets {
    fn add(&mut self) -> usize {
        self.parents.push(self.parents.len());
        self.sizes.push(1);
        self.parents.len() - 1
    }

    fn root(&mut self, mut number: usize) -> usize {
        while self.parents[number] != number {
            self.parents[number] = self.parents[self.parents[number]];
            number = self.parents[number];
        }
        number
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        let (large, small) = if self.sizes[a] < self.sizes[b] { (b, a) } else { (a, b) };
        self.parents[small] = large;
        self.sizes[large] += self.sizes[small];
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::format::osv;

    /// Reads `ID alias,alias <upstream,upstream`.
    fn record(text: &str) -> Advisory {
        let (mut aliases, mut upstream) = (Vec::new(), Vec::new());
        let mut words = text.split(' ');
        let id = words.next().unwrap();
        for word in words {
            match word.strip_prefix('<') {
                Some(ids) => upstream.extend(ids.split(',')),
                None => aliases.extend(word.split(',')),
            }
        }
        osv::read(json!({ "id": id, "aliases": aliases, "upstream": upstream }).to_string().as_bytes()).unwrap()
    }

    fn names(records: &[&str]) -> Vec<String> {
        let records: Vec<_> = records.iter().map(|text| record(text)).collect();
        let (vulnerabilities, described) = fold(&records);
        described.into_iter().map(|place| vulnerabilities[place].name.clone()).collect()
    }

    #[test]
    fn aliases_are_symmetric_and_transitive() {
        assert_eq!(names(&["GO-1 GHSA-a", "GHSA-a CVE-2021-1", "PYSEC-1 GHSA-a"]), ["CVE-2021-1"; 3]);
        assert_eq!(names(&["GHSA-a", "GHSA-b"]), ["GHSA-a", "GHSA-b"]);
        // Through an id that has no record here.
        assert_eq!(names(&["GHSA-b CVE-2021-7", "RUSTSEC-1 CVE-2021-7"]), ["CVE-2021-7"; 2]);
    }

    #[test]
    fn the_smallest_cve_is_smallest_by_number() {
        assert_eq!(names(&["GHSA-a CVE-2021-10000,CVE-2021-9999,CVE-2022-1"]), ["CVE-2021-9999"]);
        assert_eq!(names(&["RUSTSEC-1 GHSA-a,CVE-x-1"]), ["CVE-x-1"], "no CVE id: smallest by bytes");
        assert_eq!(names(&["RUSTSEC-1 GHSA-a"]), ["GHSA-a"]);
    }

    #[test]
    fn a_distribution_is_about_its_only_upstream() {
        assert_eq!(names(&["DEBIAN-CVE-2022-1 <CVE-2022-1", "DSA-1 <CVE-2022-1"]), ["CVE-2022-1"; 2]);
        let bundle = names(&["DSA-2 <CVE-2022-1,CVE-2022-2", "DEBIAN-CVE-2022-1 <CVE-2022-1"]);
        assert_eq!(bundle, ["DSA-2", "CVE-2022-1"]);
    }

    #[test]
    fn a_long_chain_folds_without_recursion() {
        let records: Vec<_> = (0..20_000).map(|i| record(&format!("X-{i} X-{}", i + 1))).collect();
        let (vulnerabilities, _) = fold(&records);
        assert_eq!(vulnerabilities.len(), 1);
        assert_eq!(vulnerabilities[0].ids.len(), 20_001);
    }
}
