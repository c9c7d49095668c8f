//! A comparison of meanings on trial: every place of a document is changed by what its class says of it.
//!
//! What identifies or decides is changed, removed, doubled and exchanged with that of another element: each must be seen. What is
//! cosmetic is changed, a local id is renamed with all that refers to it: none may be seen. What is not compared may not be
//! seen either, and the verdict must name it. Where a class is for all that is below a place, whatever may stand there is put
//! there: that shows that nobody reads it.
//!
//! Invariant: the same document, classes and judge give the same trial.

mod change;
mod spot;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::change::Changes;
use self::spot::{Spot, spots};
use crate::profiling::members::{Class, Members};
use crate::profiling::mutation::Trial;

/// A place: names of members, and `*` or what tells them apart for elements.
pub type Place = Vec<String>;

/// What a comparison of meanings says of a changed document beside the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They mean the same.
    Same,
    /// They do not.
    Different,
    /// The changed one cannot be read, and the comparison says so.
    Unread,
}

/// Compares changed documents with a first one.
pub trait Judge {
    /// What it says of `changed`.
    fn judge(&self, changed: &[u8]) -> Verdict;

    /// The parts of the first document that the verdict names as not compared.
    fn not_compared(&self) -> &BTreeSet<String>;

    /// Other values that the place may have, where a schema knows them.
    fn others(&self, place: &[String], value: &Value) -> Vec<Value> {
        let _ = (place, value);
        Vec::new()
    }
}

/// What came of a trial of a comparison of meanings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeaningTrial {
    /// What must be seen, and what must not.
    pub trial: Trial,
    /// Of what decides beside something else alone: how many changes there were, and how many were seen.
    pub depending: BTreeMap<Place, (usize, usize)>,
    /// Where anything was changed.
    pub places: BTreeSet<Place>,
    /// Places of which all that is below is one, and whose types are read all the same.
    pub typed: BTreeSet<Place>,
}

impl MeaningTrial {
    /// Adds another trial to this one.
    pub fn add(&mut self, other: Self) {
        let Self { trial, depending, places, typed } = other;
        self.trial.add(trial);
        for (place, (all, seen)) in depending {
            let known = self.depending.entry(place).or_default();
            *known = (known.0 + all, known.1 + seen);
        }
        self.places.extend(places);
        self.typed.extend(typed);
    }
}

/// At how many places of one pattern a document is changed.
const PLACES: usize = 3;

/// Every place of a document at which something is said.
pub fn places(members: &Members, document: &Value) -> BTreeSet<Place> {
    spots(members, document).into_iter().filter(Spot::is_said).map(|spot| spot.place).collect()
}

/// The values that stand at a place of a document, by their JSON pointers (RFC 6901).
pub fn pointers(members: &Members, document: &Value, place: &[String]) -> Vec<String> {
    spots(members, document).into_iter().filter(|spot| spot.place == place).map(|spot| spot.pointer).collect()
}

/// The places of a document at which something is said and nothing says what it is.
pub fn unclassed(members: &Members, document: &Value) -> BTreeSet<String> {
    let spots = spots(members, document);
    let without = spots.iter().filter(|spot| spot.member.is_none() && spot.is_leaf() && spot.is_said());
    without.map(|spot| format!("/{}", spot.place.join("/"))).collect()
}

/// Tries a comparison of meanings on `document`, at the places that are `wanted`.
pub fn run(members: &Members, document: &Value, wanted: &dyn Fn(&[String]) -> bool, judge: &dyn Judge) -> MeaningTrial {
    let spots = spots(members, document);
    let mut changes = Changes::of(document, &spots, judge);
    let mut used: BTreeMap<&[String], usize> = BTreeMap::new();
    for spot in spots.iter().filter(|spot| wanted(&spot.place) && spot.is_said()) {
        let used = used.entry(&spot.place).or_insert(0);
        *used += 1;
        if *used <= PLACES {
            changes.spot(spot);
        }
    }
    changes.what_says_nothing();
    if spots.iter().any(|spot| spot.class() == Some(&Class::Local) && wanted(&spot.place)) {
        changes.rename();
    }
    changes.done()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CLASSES: &str = "identity /list/*/id\ndecides maybe \"the list counts where it says so\" /counts\n\
                           cosmetic \"who made it\" /made/**\nnot-compared \"the rest\" /rest/**\n";

    /// Reads what `read` takes of a document; what it cannot take is unread.
    struct Reads<F>(F, BTreeSet<String>);

    impl<F: Fn(&Value) -> Option<Value>> Judge for Reads<F> {
        fn judge(&self, changed: &[u8]) -> Verdict {
            match (self.0)(&serde_json::from_slice(changed).unwrap()) {
                None => Verdict::Unread,
                read if read == (self.0)(&document()) => Verdict::Same,
                Some(_) => Verdict::Different,
            }
        }

        fn not_compared(&self) -> &BTreeSet<String> {
            &self.1
        }
    }

    fn document() -> Value {
        json!({"list": [{"id": "a"}, {"id": "b"}], "counts": 1, "made": {"by": "x"}, "rest": {"a": [1]}})
    }

    fn trial(named: &str, read: impl Fn(&Value) -> Option<Value>) -> MeaningTrial {
        let members = Members::parse(CLASSES).unwrap();
        run(&members, &document(), &|_| true, &Reads(read, [named.to_owned()].into()))
    }

    fn ids(document: &Value) -> Vec<&Value> {
        let mut ids: Vec<&Value> = document["list"].as_array().into_iter().flatten().map(|item| &item["id"]).collect();
        ids.sort_by_key(|id| id.to_string());
        ids
    }

    #[test]
    fn a_good_reader_sees_what_it_must_and_nothing_else() {
        let done = trial("the rest", |document| Some(json!(ids(document))));
        assert!(done.trial.is_clean(), "{:?}", done.trial);
        assert_eq!(done.trial.false_alarms().0, 2 + 2 * 4, "each leaf once, and four values where all is one");
        assert_eq!(done.depending.values().copied().collect::<Vec<_>>(), [(2, 0)]);
        assert!(done.typed.is_empty());
    }

    #[test]
    fn what_is_not_seen_is_named_with_its_place() {
        let done = trial("the rest", |document| Some(json!(ids(document).len())));
        let wrong: BTreeSet<&str> =
            done.trial.changes.iter().flat_map(|kind| &kind.places).map(String::as_str).collect();
        assert_eq!(wrong, ["/list/0/id", "/list/1/id"].into());
    }

    #[test]
    fn what_is_seen_and_says_nothing_is_named_with_its_place() {
        let done = trial("the rest", |document| Some(json!([ids(document), document["made"]["by"]])));
        let wrong: BTreeSet<&str> =
            done.trial.cosmetics.iter().flat_map(|kind| &kind.places).map(String::as_str).collect();
        assert_eq!(wrong, ["/made", "/made/by"].into());
    }

    #[test]
    fn a_part_that_is_not_named_is_wrong() {
        let done = trial("another part", |document| Some(json!(ids(document))));
        assert!(done.trial.changes.iter().any(|kind| kind.kind == "named" && kind.wrong > 0));
    }

    #[test]
    fn where_types_are_read_all_the_same_is_told() {
        let done = trial("the rest", |document| document["rest"].is_object().then(|| json!(ids(document))));
        assert_eq!(done.typed, [vec!["rest".to_owned()]].into());
        assert!(done.trial.is_clean(), "{:?}", done.trial);
    }
}
