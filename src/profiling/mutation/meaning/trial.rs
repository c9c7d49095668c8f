//! What judges a changed document, and what is counted of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::profiling::mutation::Trial;

/// At how many places of one pattern a document is changed.
pub(super) const PLACES: usize = 3;

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

/// What is asked of members that decide beside something else alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependence {
    /// It is not known where they decide: a change of one may be seen or not.
    Open,
    /// The document is made so that each of them decides: every change must be seen.
    SetUp,
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
    /// Of members that decide beside something else alone, in documents that are made so: how many changes there were, and how
    /// many were seen.
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
