//! A comparison of meanings on trial: every place of a document is changed by what its class says of it.
//!
//! What identifies or decides is changed, removed, doubled and exchanged with that of another element: each must be seen. What is
//! cosmetic is changed, a local id is renamed with all that refers to it: none may be seen. What decides beside something else
//! alone must be seen in a document that is made so that it decides ([`Dependence`]). What is not compared may not be
//! seen either, and the verdict must name it. Where a class is for all that is below a place, whatever may stand there is put
//! there: that shows that nobody reads it.
//!
//! Invariant: the same document, classes and judge give the same trial.

mod change;
mod spot;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::change::Changes;
use self::spot::{Spot, spots};
use self::trial::PLACES;
pub use self::trial::{Dependence, Judge, MeaningTrial, Place, Verdict};
use crate::profiling::members::{Class, Members};

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
pub fn run(
    members: &Members,
    document: &Value,
    dependence: Dependence,
    wanted: &dyn Fn(&[String]) -> bool,
    judge: &dyn Judge,
) -> MeaningTrial {
    let spots = spots(members, document);
    let mut changes = Changes::of(document, &spots, dependence, judge);
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
        run(&members, &document(), Dependence::Open, &|_| true, &Reads(read, [named.to_owned()].into()))
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
        assert!(done.depending.is_empty(), "nothing says where it decides");
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

    /// Nobody reads `counts`: where the document is made so that it decides, that is wrong.
    #[test]
    fn what_depends_must_be_seen_where_it_is_set_up() {
        let members = Members::parse(CLASSES).unwrap();
        let trial = |read: fn(&Value) -> Option<Value>| {
            let judge = Reads(read, ["the rest".to_owned()].into());
            run(&members, &document(), Dependence::SetUp, &|_| true, &judge)
        };
        let blind = trial(|document| Some(json!(ids(document))));
        let wrong: BTreeSet<&str> =
            blind.trial.changes.iter().flat_map(|kind| &kind.places).map(String::as_str).collect();
        assert_eq!(wrong, ["/counts"].into());
        let sees = trial(|document| Some(json!([ids(document), document["counts"]])));
        assert!(sees.trial.is_clean(), "{:?}", sees.trial);
        assert_eq!(sees.depending.values().copied().collect::<Vec<_>>(), [(2, 2)]);
    }

    #[test]
    fn where_types_are_read_all_the_same_is_told() {
        let done = trial("the rest", |document| document["rest"].is_object().then(|| json!(ids(document))));
        assert_eq!(done.typed, [vec!["rest".to_owned()]].into());
        assert!(done.trial.is_clean(), "{:?}", done.trial);
    }
}
