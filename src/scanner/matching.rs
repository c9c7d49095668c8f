//! Is this version affected: the evaluation of the OSV schema (<https://ossf.github.io/osv-schema/#evaluation>).
//!
//! Invariant: a range with a version that has no place in its order is no [`Timeline`]: it decides nothing,
//! rather than half of it deciding wrongly.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::format::osv::Event;
use crate::model::ecosystem::version_order::VersionOrder;
use crate::scanner::version::{self, Version, VersionError};

/// A range with its versions read and its events sorted.
#[derive(Debug)]
pub(super) struct Timeline {
    order: VersionOrder,
    /// Sorted, one for each version: what the record writes for one version has no order among itself.
    changes: Vec<(Point, Changes)>,
    limits: Vec<Point>,
}

/// What happens at one version.
#[derive(Debug, Default)]
struct Changes {
    introduced: bool,
    fixed: bool,
    last_affected: bool,
}

/// Whether a range covers every version, those too that have no place in any order: it begins before all of them and
/// never ends.
pub(super) fn covers_everything(events: &[Event]) -> bool {
    let begins = events.iter().any(|event| matches!(event, Event::Introduced(text) if text == "0"));
    let ends = |event: &Event| match event {
        Event::Fixed(_) | Event::LastAffected(_) => true,
        Event::Introduced(_) | Event::Limit(_) => false,
    };
    let mut limits = events.iter().filter_map(|event| match event {
        Event::Limit(text) => Some(text),
        _ => None,
    });
    let unlimited = limits.clone().next().is_none() || limits.any(|text| text.contains('*'));
    begins && unlimited && !events.iter().any(ends)
}

/// A place in a version order, with the schema's two special ones.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    /// `introduced: "0"`: before every version.
    Start,
    At(Version),
    /// `limit: "*"`: after every version.
    End,
}

impl Timeline {
    /// Reads and sorts the events of one range.
    ///
    /// # Errors
    /// The first version that has no place in `order`.
    pub(super) fn new(order: VersionOrder, events: &[Event]) -> Result<Self, VersionError> {
        let at = |text: &str| version::parse(order, text).map(Point::At);
        let (mut changes, mut limits) = (BTreeMap::<Point, Changes>::new(), Vec::new());
        for event in events {
            match event {
                Event::Introduced(text) if text == "0" => changes.entry(Point::Start).or_default().introduced = true,
                Event::Introduced(text) => changes.entry(at(text)?).or_default().introduced = true,
                Event::Fixed(text) => changes.entry(at(text)?).or_default().fixed = true,
                Event::LastAffected(text) => changes.entry(at(text)?).or_default().last_affected = true,
                Event::Limit(text) if text.contains('*') => limits.push(Point::End),
                Event::Limit(text) => limits.push(at(text)?),
            }
        }
        Ok(Self { order, changes: changes.into_iter().collect(), limits })
    }

    /// The order in which a version must have been read to be asked for.
    pub(super) fn order(&self) -> VersionOrder {
        self.order
    }

    /// Whether `version` lies in the range.
    pub(super) fn contains(&self, version: &Version) -> bool {
        let before_limits = self.limits.is_empty() || self.limits.iter().any(|limit| limit.seen_from(version).is_lt());
        let mut vulnerable = false;
        for (point, change) in &self.changes {
            let seen = point.seen_from(version);
            if seen.is_lt() {
                break;
            }
            // One vulnerability ends where the next begins: together they change nothing.
            if change.introduced != change.fixed {
                vulnerable = change.introduced;
            }
            if change.last_affected && seen.is_gt() {
                vulnerable = false;
            }
        }
        before_limits && vulnerable
    }
}

impl Point {
    /// Where `version` stands, seen from this point.
    fn seen_from(&self, version: &Version) -> Ordering {
        match self {
            Self::Start => Ordering::Greater,
            Self::At(own) => version.cmp(own),
            Self::End => Ordering::Less,
        }
    }
}

/// The explicit list of affected versions.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Sorted, so that `1.0` finds `1.0.0` where the ecosystem holds them for one version.
    versions: Vec<Version>,
    /// What has no place in the order is compared as text: the list is exact.
    texts: BTreeSet<String>,
}

impl Listed {
    /// Reads a list; without an order it is one of texts.
    pub(super) fn new(order: Option<VersionOrder>, list: &[String]) -> Self {
        let mut listed = Self::default();
        for text in list {
            match order.and_then(|order| version::parse(order, text).ok()) {
                Some(version) => listed.versions.push(version),
                None => _ = listed.texts.insert(text.clone()),
            }
        }
        listed.versions.sort();
        listed
    }

    /// Whether it lists nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.texts.is_empty()
    }

    /// Whether the list holds a version: as read, or as text where it could not be read.
    pub(super) fn contains(&self, text: &str, version: Option<&Version>) -> bool {
        match version {
            Some(version) => self.versions.binary_search(version).is_ok(),
            None => self.texts.contains(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads `introduced=0 fixed=1.0.2`.
    fn timeline(order: VersionOrder, events: &str) -> Timeline {
        let event = |text: &str| match text.split_once('=').unwrap() {
            ("introduced", version) => Event::Introduced(version.into()),
            ("fixed", version) => Event::Fixed(version.into()),
            ("last_affected", version) => Event::LastAffected(version.into()),
            ("limit", version) => Event::Limit(version.into()),
            other => panic!("{other:?}"),
        };
        Timeline::new(order, &events.split(' ').map(event).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn ranges_hold_what_the_schema_says() {
        // The first six are the examples of the schema's page.
        let every = ["0.0.0-0", "0.0.1", "1.0.1", "1.0.2", "2.5.0", "3.0.0", "3.2.4", "3.2.5", "9.9.9"];
        for (events, affected) in [
            ("introduced=0", &every[..]),
            ("introduced=0 fixed=1.0.2", &every[..3]),
            ("introduced=1.0.0 fixed=1.0.2 introduced=3.0.0 fixed=3.2.5", &["1.0.1", "3.0.0", "3.2.4"]),
            ("fixed=3.2.5 introduced=3.0.0 fixed=1.0.2 introduced=1.0.0", &["1.0.1", "3.0.0", "3.2.4"]),
            ("introduced=0 last_affected=1.0.2", &every[..4]),
            ("introduced=0 limit=*", &every[..]),
            ("introduced=0 limit=3.0.0", &every[..5]),
            ("introduced=0 limit=1.0.2 limit=3.0.0", &every[..5]),
            ("introduced=1.0.2 fixed=1.0.2", &[]),
            ("introduced=0 fixed=1.0.2 introduced=1.0.2 fixed=3.0.0", &every[..5]),
            ("introduced=3.0.0 last_affected=3.0.0", &["3.0.0"]),
            ("introduced=1.0.2 fixed=1.0.2 introduced=0", &every[..]),
            ("fixed=1.0.2 introduced=0 introduced=1.0.2", &every[..]),
        ] {
            let range = timeline(VersionOrder::SemVer, events);
            let found: Vec<_> = every
                .into_iter()
                .filter(|text| range.contains(&version::parse(VersionOrder::SemVer, text).unwrap()))
                .collect();
            assert_eq!(found, affected, "{events}");
        }
    }

    #[test]
    fn what_begins_before_all_and_never_ends_covers_everything() {
        let introduced = |text: &str| Event::Introduced(text.to_owned());
        for (events, expected) in [
            (vec![introduced("0")], true),
            (vec![introduced("1.x"), introduced("0")], true),
            (vec![introduced("0"), Event::Limit("*".into())], true),
            (vec![introduced("0"), Event::Limit("2.0".into())], false),
            (vec![introduced("0"), Event::Fixed("2.0".into())], false),
            (vec![introduced("0"), Event::LastAffected("2.0".into())], false),
            (vec![introduced("1.0")], false),
        ] {
            assert_eq!(covers_everything(&events), expected, "{events:?}");
        }
    }

    #[test]
    fn each_order_is_its_own() {
        for (order, events, inside, outside) in [
            (VersionOrder::Pypi, "introduced=0 fixed=1!1.0", "2024.1", "1!1.0"),
            (VersionOrder::Pypi, "introduced=1.0 fixed=2.0", "2.0rc1", "2.0"),
            (VersionOrder::Debian, "introduced=0 fixed=1.1.1k-1+deb11u2", "1.1.1k-1+deb11u1", "1.1.1k-1+deb11u2"),
            (VersionOrder::Debian, "introduced=0 fixed=1:1.0-1", "9.0-1", "1:1.0-1"),
            (VersionOrder::Go, "introduced=1.21.0-0 fixed=1.21.3", "go1.21rc2", "go1.21.3"),
            (VersionOrder::Npm, "introduced=0 fixed=6.5.4", "v6.5.3", "6.5.10"),
            (VersionOrder::Maven, "introduced=0 fixed=4.1.94.Final", "4.1.94.CR1", "4.1.94"),
            (VersionOrder::RubyGems, "introduced=7.0.0 fixed=7.0.8.1", "7.0.8", "7.0.0.rc2"),
            (VersionOrder::Rpm, "introduced=0 fixed=1:3.0.7-25.el9_3", "1:3.0.7-25.el9", "1:3.0.7-25.el9_3"),
        ] {
            let range = timeline(order, events);
            assert!(range.contains(&version::parse(order, inside).unwrap()), "{inside} in {events}");
            assert!(!range.contains(&version::parse(order, outside).unwrap()), "{outside} not in {events}");
        }
    }

    #[test]
    fn a_range_with_an_unreadable_version_decides_nothing() {
        let events = [Event::Introduced("0".into()), Event::Fixed("1.x".into())];
        assert_eq!(
            Timeline::new(VersionOrder::Npm, &events).unwrap_err().to_string(),
            "`1.x` is not a valid npm version"
        );
    }

    #[test]
    fn lists_are_compared_by_order_and_else_by_text() {
        let listed = Listed::new(Some(VersionOrder::Pypi), &["1.0".into(), "2.0.x-dev".into()]);
        for (text, expected) in [("1.0.0", true), ("1.0.1", false), ("2.0.x-dev", true), ("2.0.X-dev", false)] {
            assert_eq!(
                listed.contains(text, version::parse(VersionOrder::Pypi, text).ok().as_ref()),
                expected,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_order_of_events_does_not_matter(
            cuts in proptest::collection::vec(1u64..8, 2..8),
            version in 0u64..9,
            seed in any::<u64>(),
        ) {
            let cut = |(i, at): (usize, &u64)| match i % 2 {
                0 => Event::Introduced(format!("{at}.0.0")),
                _ => Event::Fixed(format!("{at}.0.0")),
            };
            let events: Vec<_> = cuts.iter().enumerate().map(cut).collect();
            let mut turned = events.clone();
            turned.rotate_left(usize::try_from(seed % 7).unwrap() % events.len());
            let version = version::parse(VersionOrder::SemVer, &format!("{version}.0.0")).unwrap();
            let sorted = Timeline::new(VersionOrder::SemVer, &events).unwrap();
            let turned = Timeline::new(VersionOrder::SemVer, &turned).unwrap();
            prop_assert_eq!(sorted.contains(&version), turned.contains(&version));
        }
    }
}
