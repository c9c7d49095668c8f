//! Folding the records of one package: `CVE-…`, `GHSA-…`, `GO-…`, `DEBIAN-CVE-…` of one vulnerability become one.
//!
//! Two records are one vulnerability where they concern the same package and share an id: their own, an alias, or the only id
//! in `upstream`, which is how a distribution's record names its CVE. `related` never folds.
//!
//! Invariants: one vulnerability never has two CVE ids. A record with several (as aliases, or in `upstream`) is a bundle: a
//! vulnerability of its own, under its own id alone, so that who accepts one of its CVEs does not accept the others. A record
//! without a CVE id that could belong to two CVEs belongs to neither. The order of the records does not matter.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::osv::Advisory;

/// One vulnerability under all its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vulnerability {
    /// The name in results: its CVE id, else its smallest id by bytes.
    pub(super) name: String,
    /// Every id of it, `name` among them.
    pub(super) ids: BTreeSet<String>,
}

/// The names of a record. A feed has one for each of its records: each id is kept once.
#[derive(Debug)]
pub(super) struct Names {
    /// Its id, its aliases, and its only id upstream: sorted, each once.
    ids: Box<[String]>,
    /// The place of its id in its database among them.
    own: usize,
    cve: Cve,
}

/// Which CVE a record is about.
#[derive(Debug)]
enum Cve {
    None,
    /// Its place among the ids.
    One(usize),
    Several,
}

impl Names {
    pub(super) fn of(advisory: &Advisory) -> Self {
        let upstream = advisory.upstream.iter().filter(|_| advisory.upstream.len() == 1);
        let mut ids: Vec<&String> = std::iter::once(&advisory.id).chain(&advisory.aliases).chain(upstream).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut cves = ids.iter().enumerate().filter(|(_, id)| is_cve(id)).map(|(place, _)| place);
        let cve = match (cves.next(), cves.next()) {
            (None, _) => Cve::None,
            (Some(only), None) => Cve::One(only),
            (Some(_), Some(_)) => Cve::Several,
        };
        let own = ids.iter().position(|id| **id == advisory.id).unwrap_or_default();
        Self { ids: ids.into_iter().cloned().collect(), own, cve }
    }

    /// Its id in its database.
    pub(super) fn id(&self) -> &str {
        self.ids.get(self.own).map_or("", String::as_str)
    }

    /// Whether it is about several vulnerabilities at once.
    pub(super) fn is_bundle(&self) -> bool {
        matches!(self.cve, Cve::Several)
    }
}

/// The vulnerabilities behind the records of one package, each with the places of its records.
pub(super) fn fold(records: &[&Names]) -> Vec<(Vulnerability, Vec<usize>)> {
    let mut bundles: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut by_cve: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut others = Vec::new();
    for (place, record) in records.iter().enumerate() {
        match &record.cve {
            Cve::Several => bundles.entry(record.id()).or_default().push(place),
            Cve::One(cve) => by_cve.entry(&record.ids[*cve]).or_default().push(place),
            Cve::None => others.push(place),
        }
    }
    // Which CVEs an id stands for: one, or several, and then it tells nothing.
    let mut cves_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (cve, places) in &by_cve {
        for id in places.iter().flat_map(|place| &records[*place].ids) {
            cves_of.entry(id).or_default().insert(cve);
        }
    }
    let mut alone = Vec::new();
    for places in linked(records, &others) {
        let ids = places.iter().flat_map(|place| &records[*place].ids);
        let cves: BTreeSet<&str> = ids.filter_map(|id| cves_of.get(id.as_str())).flatten().copied().collect();
        match (cves.first(), cves.len()) {
            (Some(cve), 1) => by_cve.entry(cve).or_default().extend(places),
            _ => alone.push(places),
        }
    }

    let all_ids = |places: &[usize]| -> BTreeSet<String> {
        places.iter().flat_map(|place| records[*place].ids.iter().cloned()).collect()
    };
    let bundles = bundles
        .into_iter()
        .map(|(id, places)| (Vulnerability { name: id.to_owned(), ids: [id.to_owned()].into() }, places));
    let with_cve =
        by_cve.into_iter().map(|(cve, places)| (Vulnerability { name: cve.to_owned(), ids: all_ids(&places) }, places));
    let alone = alone.into_iter().map(|places| {
        let ids = all_ids(&places);
        (Vulnerability { name: ids.first().cloned().unwrap_or_default(), ids }, places)
    });
    bundles.chain(with_cve).chain(alone).collect()
}

/// The sets of records that are linked by ids that they share, through each other too.
fn linked(records: &[&Names], places: &[usize]) -> Vec<Vec<usize>> {
    let mut sets = Sets::default();
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut owns = Vec::with_capacity(places.len());
    for place in places {
        let own = sets.add();
        for id in records[*place].ids.iter() {
            let number = *numbers.entry(id).or_insert_with(|| sets.add());
            sets.join(own, number);
        }
        owns.push(own);
    }
    let mut linked: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, own) in places.iter().zip(owns) {
        linked.entry(sets.root(own)).or_default().push(*place);
    }
    linked.into_values().collect()
}

/// Whether an id is one of CVE: `CVE-2021-44228`.
fn is_cve(id: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = id.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(year, number)| digits(year) && digits(number))
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
        let records: Vec<_> = records.iter().map(|text| Names::of(&record(text))).collect();
        let mut names = vec![String::new(); records.len()];
        for (vulnerability, places) in fold(&records.iter().collect::<Vec<_>>()) {
            for place in places {
                names[place].clone_from(&vulnerability.name);
            }
        }
        names
    }

    #[test]
    fn records_that_share_an_id_are_one() {
        assert_eq!(names(&["GO-1 GHSA-a", "GHSA-a CVE-2021-1", "PYSEC-1 GHSA-a"]), ["CVE-2021-1"; 3]);
        assert_eq!(names(&["GHSA-a", "GHSA-b"]), ["GHSA-a", "GHSA-b"]);
        // Through an id that has no record here, and through each other.
        assert_eq!(names(&["GHSA-b CVE-2021-7", "RUSTSEC-1 CVE-2021-7"]), ["CVE-2021-7"; 2]);
        assert_eq!(names(&["A X-1", "B X-1,X-2", "C X-2", "D X-3"]), ["A", "A", "A", "D"]);
        assert_eq!(names(&["RUSTSEC-1 GHSA-a,CVE-x-1"]), ["CVE-x-1"], "no CVE id: smallest by bytes");
    }

    #[test]
    fn a_distribution_is_about_its_only_upstream() {
        assert_eq!(names(&["DEBIAN-CVE-2022-1 <CVE-2022-1", "DSA-1 <CVE-2022-1"]), ["CVE-2022-1"; 2]);
        let bundle = names(&["DSA-2 <CVE-2022-1,CVE-2022-2", "DEBIAN-CVE-2022-1 <CVE-2022-1"]);
        assert_eq!(bundle, ["DSA-2", "CVE-2022-1"]);
    }

    #[test]
    fn two_cves_are_never_one() {
        let bundle = ["RLSA-1 CVE-2021-1000,CVE-2021-1001", "GHSA-a CVE-2021-1001", "GHSA-b CVE-2021-1000"];
        assert_eq!(names(&bundle), ["RLSA-1", "CVE-2021-1001", "CVE-2021-1000"]);
        // An alias that two CVEs have tells nothing, in whatever order.
        let mixed = ["A GHSA-x,CVE-2021-1", "B GHSA-x,CVE-2021-2", "GHSA-x"];
        assert_eq!(names(&mixed), ["CVE-2021-1", "CVE-2021-2", "GHSA-x"]);
        let [a, b, c] = mixed;
        assert_eq!(names(&[c, b, a]), ["GHSA-x", "CVE-2021-2", "CVE-2021-1"]);
    }

    #[test]
    fn a_long_chain_folds_without_recursion() {
        let records: Vec<_> = (0..20_000).map(|i| Names::of(&record(&format!("X-{i} X-{}", i + 1)))).collect();
        let folded = fold(&records.iter().collect::<Vec<_>>());
        assert_eq!(folded.len(), 1);
        assert_eq!((folded[0].0.ids.len(), folded[0].1.len()), (20_001, 20_000));
    }
}
