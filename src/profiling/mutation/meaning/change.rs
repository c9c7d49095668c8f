//! The changes of one document, each judged and counted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::model::text::json_pointer;
use crate::profiling::members::{Class, DefaultValue, Member};
use crate::profiling::mutation::meaning::spot::Spot;
use crate::profiling::mutation::meaning::trial::{Dependence, Judge, MeaningTrial, PLACES, Verdict};
use crate::profiling::mutation::tally;
use crate::profiling::mutation::traverse::{rename, with};
use crate::profiling::mutation::variant::Variant;

pub(super) struct Changes<'t> {
    document: &'t Value,
    /// The document without what says nothing in a comparison, or something beside others alone.
    bare: Value,
    spots: &'t [Spot<'t>],
    /// Every local id.
    ids: BTreeSet<&'t str>,
    judge: &'t dyn Judge,
    dependence: Dependence,
    /// Changes that may not be seen: they are made at once, and one by one only where that is seen.
    says_nothing: Vec<Quiet<'t>>,
    done: MeaningTrial,
}

/// A change that may not be seen.
struct Quiet<'t> {
    kind: &'static str,
    spot: &'t Spot<'t>,
    value: Value,
    /// Which of several values for one place it is.
    turn: usize,
    /// Whether it may also be of a type that is refused.
    is_alien: bool,
}

impl Dependence {
    /// Whether a change there may be seen or not.
    fn may_not_decide(self, spot: &Spot<'_>) -> bool {
        self == Self::Open && spot.member.is_some_and(|member| member.maybe.is_some())
    }
}

impl<'t> Changes<'t> {
    pub(super) fn of(document: &'t Value, spots: &'t [Spot<'t>], dependence: Dependence, judge: &'t dyn Judge) -> Self {
        let local = |spot: &&Spot<'_>| spot.class() == Some(&Class::Local);
        let ids = spots.iter().filter(local).filter_map(|spot| spot.value.as_str()).collect();
        let mut bare = document.clone();
        let says_nothing = |spot: &&Spot<'_>| {
            spot.member.is_some()
                && (!spot.is_meant() || dependence.may_not_decide(spot))
                && (spot.is_leaf() || spot.class() != Some(&Class::Local))
        };
        // Elements keep their place, so that pointers stay right.
        for spot in spots.iter().filter(says_nothing) {
            if spot.is_member {
                remove(&mut bare, &spot.pointer);
            } else if let Some(place) = bare.pointer_mut(&spot.pointer) {
                *place = Value::Null;
            }
        }
        Self { document, bare, spots, ids, judge, dependence, says_nothing: Vec::new(), done: MeaningTrial::default() }
    }

    pub(super) fn done(self) -> MeaningTrial {
        self.done
    }

    pub(super) fn spot(&mut self, spot: &'t Spot<'t>) {
        match spot.class() {
            Some(Class::Identity | Class::Decides | Class::Refers) => {
                match spot.value {
                    Value::Array(items) => self.elements(spot, items),
                    Value::Object(_) => {}
                    _ => self.leaf(spot),
                }
                let is_default = self.is_default(spot);
                if spot.is_member && self.is_said_beside(spot) {
                    self.depends(spot);
                } else if spot.is_member && !is_default {
                    self.matters("removed", spot, &spot.pointer, &without(self.document, &spot.pointer));
                }
            }
            // Elements of which some member counts do so themselves.
            None => {
                if let Value::Array(items) = spot.value
                    && self.spots.iter().any(|other| other.is_meant() && is_below(&other.pointer, &spot.pointer))
                {
                    self.elements(spot, items);
                }
            }
            Some(Class::Cosmetic) => self.quiet("cosmetic", spot),
            Some(Class::NotCompared(part)) => {
                self.quiet("not compared", spot);
                if spot.is_leaf() || spot.is_whole {
                    let named = self.judge.not_compared().contains(part);
                    let place = spot.pointer.clone();
                    let variant = Variant { kind: "named", place, text: String::new(), roots: None };
                    tally(&mut self.done.trial.changes, &variant, !named);
                }
            }
            Some(Class::Local) => {
                self.done.places.insert(spot.place.clone());
            }
        }
    }

    /// Whether another member stands beside it that may say the same.
    fn is_said_beside(&self, spot: &Spot<'_>) -> bool {
        let Some(other) = spot.member.and_then(|member| member.or.as_deref()) else { return false };
        let above = spot.pointer.rsplit_once('/').map_or("", |(above, _)| above);
        self.document.pointer(&format!("{above}/{other}")).is_some()
    }

    /// Whether the value is what its absence says, too.
    fn is_default(&self, spot: &Spot<'_>) -> bool {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let above = spot.pointer.rsplit_once('/').map_or("", |(above, _)| above);
        let beside = |member: &str| self.document.pointer(&format!("{above}/{}", json_pointer::escaped(member)));
        let holds = |default: &&DefaultValue| {
            let Some((member, values)) = &default.when else { return true };
            beside(member).is_some_and(|value| values.contains(&text(value)))
        };
        let defaults = spot.member.map(|member| member.defaults.as_slice()).unwrap_or_default();
        if defaults.is_empty() {
            // What is false says what is said where nothing is.
            return *spot.value == Value::Bool(false);
        }
        defaults.iter().find(holds).is_some_and(|default| default.value == text(spot.value))
    }

    fn leaf(&mut self, spot: &'t Spot<'t>) {
        if spot.class() == Some(&Class::Refers) {
            // A BOM-Link ends with the id of what it links to.
            let id = |text: &'t str| {
                if self.ids.contains(text) { text } else { text.rsplit_once('#').map_or(text, |(_, id)| id) }
            };
            let now = spot.value.as_str().map(id);
            if let Some(other) = self.ids.iter().find(|id| Some(**id) != now) {
                let changed = with(self.document, &spot.pointer, Value::from(*other));
                self.matters("refers elsewhere", spot, &spot.pointer, &changed);
            }
            return;
        }
        let beside = self.spots.iter().filter(|other| other.place == spot.place && other.value != spot.value);
        let others = self.judge.others(&spot.place, spot.value).into_iter().filter(|other| other != spot.value);
        let candidates: Vec<Value> =
            others.chain(beside.map(|other| other.value.clone())).take(2).chain(other(spot.value)).collect();
        // Another value that the place may have is worth more than one that is refused.
        let mut judged = None;
        for value in candidates {
            let changed = with(self.document, &spot.pointer, value);
            let verdict = self.verdict(&changed);
            if judged.is_none() || verdict != Verdict::Unread {
                judged = Some((changed, verdict));
            }
            if verdict != Verdict::Unread {
                break;
            }
        }
        if let Some((changed, verdict)) = judged {
            self.seen("changed", spot, &spot.pointer, &changed, verdict);
        }
        self.exchange(spot);
    }

    /// Exchanges the value with that of another element of the list in which it stands.
    fn exchange(&mut self, spot: &Spot<'_>) {
        let steps: Vec<&str> = spot.pointer.split('/').skip(1).collect();
        let is_index = |at: &usize| {
            let array = format!("/{}", steps[..*at].join("/"));
            self.document.pointer(array.trim_end_matches('/')).is_some_and(Value::is_array)
        };
        let Some(at) = (0..steps.len().saturating_sub(1)).rev().find(is_index) else { return };
        let array = steps[..at].iter().fold(String::new(), |text, step| format!("{text}/{step}"));
        let tail = steps[at + 1..].iter().fold(String::new(), |text, step| format!("{text}/{step}"));
        let Some(items) = self.document.pointer(&array).and_then(Value::as_array) else { return };
        let differs = |item: &Value| {
            item.pointer(&tail).is_some_and(|other| other != spot.value && !other.is_array() && !other.is_object())
        };
        let Some(other) = items.iter().position(differs) else { return };
        let swapped = |document: &Value| -> Option<Value> {
            let (one, two) = (spot.pointer.clone(), format!("{array}/{other}{tail}"));
            let (first, second) = (document.pointer(&one)?.clone(), document.pointer(&two)?.clone());
            Some(with(&with(document, &one, second), &two, first))
        };
        let texts = |document: &Value| {
            let items = document.pointer(&array).and_then(Value::as_array);
            let mut texts: Vec<String> = items.into_iter().flatten().map(Value::to_string).collect();
            texts.sort();
            texts
        };
        // Elements that are alike in all else have only changed places.
        if swapped(&self.bare).is_none_or(|changed| texts(&changed) == texts(&self.bare)) {
            return;
        }
        if let Some(changed) = swapped(self.document) {
            self.matters("exchanged", spot, &spot.pointer, &changed);
        }
    }

    fn elements(&mut self, spot: &Spot<'_>, items: &[Value]) {
        // Of each kind some.
        let mut used: BTreeMap<&[String], usize> = BTreeMap::new();
        for index in 0..items.len() {
            let place = format!("{}/{index}", spot.pointer);
            let spots = self.spots;
            let Some(element) = spots.iter().find(|other| other.pointer == place) else { continue };
            let mut meant = spots.iter().filter(|other| {
                other.is_meant() && other.is_said() && (other.pointer == place || is_below(&other.pointer, &place))
            });
            let Some(first) = meant.next() else { continue };
            // Where all of it decides beside something else alone, so does the whole.
            let may_not = |spot: &Spot<'_>| self.dependence.may_not_decide(spot);
            let depends = may_not(first) && meant.all(may_not);
            let used = used.entry(&element.place).or_insert(0);
            *used += 1;
            if *used > PLACES {
                continue;
            }
            let once = [spot.member, element.member].into_iter().flatten().any(|member| member.once);
            let mut rest = items.to_vec();
            let gone = rest.remove(index);
            // Of two that are the same, where one says all, nothing is lost.
            if !(once && rest.contains(&gone)) {
                if depends {
                    self.depends(element);
                } else {
                    let changed = with(self.document, &spot.pointer, Value::Array(rest));
                    self.matters("removed", spot, &place, &changed);
                }
            }
            let mut doubled = items.to_vec();
            doubled.push(self.afresh(&place, gone));
            let doubled = with(self.document, &spot.pointer, Value::Array(doubled));
            if spot.member.is_some_and(|member| member.twice.is_some()) && self.dependence == Dependence::Open {
                self.depends(spot);
            } else if depends {
                self.depends(element);
            } else if once {
                let is_same = self.verdict(&doubled) == Verdict::Same;
                self.unseen("doubled", spot, &place, is_same);
            } else {
                self.matters("doubled", spot, &place, &doubled);
            }
        }
    }

    /// A copy of an element with local ids of its own.
    fn afresh(&self, pointer: &str, element: Value) -> Value {
        let own =
            self.spots.iter().filter(|spot| spot.class() == Some(&Class::Local) && is_below(&spot.pointer, pointer));
        let own: BTreeSet<&str> = own.filter_map(|spot| spot.value.as_str()).collect();
        let mut fresh = element;
        for spot in self.spots.iter().filter(|spot| is_below(&spot.pointer, pointer)) {
            let renamed = matches!(spot.class(), Some(Class::Local | Class::Refers));
            let Some(id) = spot.value.as_str().filter(|id| renamed && own.contains(id)) else { continue };
            if let Some(place) = fresh.pointer_mut(&spot.pointer[pointer.len()..]) {
                *place = Value::String(renamed_id(id));
            }
        }
        fresh
    }

    /// Puts other values where nothing may be seen: of its kind, and of any kind where all that is below is one.
    fn quiet(&mut self, kind: &'static str, spot: &'t Spot<'t>) {
        if spot.is_leaf() {
            let others = self.judge.others(&spot.place, spot.value).into_iter().filter(|other| other != spot.value);
            let other = others.chain(other(spot.value)).next();
            let own = spot.value.as_str().and_then(|text| text.strip_prefix("urn:uuid:"));
            if let Some(own) = own.filter(|_| other.is_some()) {
                // A document under another address refers to itself by that one.
                let renamed = rename(self.document, &|text| {
                    text.contains(own).then(|| text.replace(own, "00000000-0000-4000-8000-000000000000"))
                });
                let verdict = self.verdict(&renamed);
                self.unseen(kind, spot, &spot.pointer, verdict == Verdict::Same);
            } else if let Some(value) = other {
                self.says_nothing.push(Quiet { kind, spot, value, turn: 0, is_alien: false });
            }
        } else if spot.is_whole {
            let aliens = [json!(7), json!("alien"), json!({ "alien": [1] }), json!(["alien"])];
            for (turn, value) in aliens.into_iter().enumerate() {
                self.says_nothing.push(Quiet { kind, spot, value, turn, is_alien: true });
            }
        }
    }

    /// Makes all changes that may not be seen at once, and those of which something is seen one by one.
    pub(super) fn what_says_nothing(&mut self) {
        let all = std::mem::take(&mut self.says_nothing);
        for turn in 0..=all.iter().map(|quiet| quiet.turn).max().unwrap_or(0) {
            let (leaves, aliens): (Vec<&Quiet<'_>>, Vec<&Quiet<'_>>) =
                all.iter().filter(|quiet| quiet.turn == turn).partition(|quiet| !quiet.is_alien);
            // A place and all that is below it cannot both be changed.
            for group in [leaves, aliens] {
                let mut changed = self.document.clone();
                for Quiet { spot, value, .. } in &group {
                    if let Some(place) = changed.pointer_mut(&spot.pointer) {
                        *place = value.clone();
                    }
                }
                let is_same = group.is_empty() || self.verdict(&changed) == Verdict::Same;
                for quiet in group {
                    self.one_that_says_nothing(quiet, is_same);
                }
            }
        }
    }

    fn one_that_says_nothing(&mut self, quiet: &Quiet<'_>, is_same: bool) {
        let &Quiet { kind, spot, ref value, is_alien, .. } = quiet;
        let verdict = || self.verdict(&with(self.document, &spot.pointer, value.clone()));
        let verdict = if is_same { Verdict::Same } else { verdict() };
        if is_alien && verdict == Verdict::Unread {
            self.done.typed.insert(spot.place.clone());
            return;
        }
        self.unseen(kind, spot, &spot.pointer, verdict == Verdict::Same);
    }

    /// Every local id another, and all that refers to it with it.
    pub(super) fn rename(&mut self) {
        let mut changed = self.document.clone();
        for spot in self.spots {
            if !matches!(spot.class(), Some(Class::Local | Class::Refers)) {
                continue;
            }
            let Some(text) = spot.value.as_str() else { continue };
            let (link, id) = text.rsplit_once('#').map_or((None, text), |(link, id)| (Some(link), id));
            let renamed = match link {
                _ if self.ids.contains(text) => renamed_id(text),
                Some(link) if self.ids.contains(id) && self.is_own(link) => {
                    format!("{link}#{}", renamed_id(id))
                }
                _ => continue,
            };
            if let Some(place) = changed.pointer_mut(&spot.pointer) {
                *place = Value::String(renamed);
            }
        }
        let verdict = self.verdict(&changed);
        let variant = Variant { kind: "local ids", place: String::new(), text: String::new(), roots: None };
        tally(&mut self.done.trial.cosmetics, &variant, verdict != Verdict::Same);
    }

    /// Whether a BOM-Link is to this document.
    fn is_own(&self, link: &str) -> bool {
        let own = self.document.get("serialNumber").and_then(Value::as_str);
        let own = own.and_then(|own| own.strip_prefix("urn:uuid:"));
        own.is_some_and(|own| link.strip_prefix("urn:cdx:").is_some_and(|link| link.starts_with(own)))
    }

    fn verdict(&self, changed: &Value) -> Verdict {
        self.judge.judge(changed.to_string().as_bytes())
    }

    fn matters(&mut self, kind: &'static str, spot: &Spot<'_>, place: &str, changed: &Value) {
        let verdict = self.verdict(changed);
        self.seen(kind, spot, place, changed, verdict);
    }

    /// Counts a change that must be seen.
    fn seen(&mut self, kind: &'static str, spot: &Spot<'_>, place: &str, changed: &Value, verdict: Verdict) {
        if changed == self.document {
            return;
        }
        if self.dependence.may_not_decide(spot) {
            self.depends(spot);
            return;
        }
        if spot.member.is_some_and(Member::depends) {
            let (all, seen) = self.done.depending.entry(spot.place.clone()).or_default();
            *all += 1;
            *seen += usize::from(verdict != Verdict::Same);
        }
        self.done.places.insert(spot.place.clone());
        let variant = Variant { kind, place: place.to_owned(), text: String::new(), roots: None };
        tally(&mut self.done.trial.changes, &variant, verdict == Verdict::Same);
    }

    /// A change that may be seen or not says nothing: the place was looked at.
    fn depends(&mut self, spot: &Spot<'_>) {
        self.done.places.insert(spot.place.clone());
    }

    /// Counts a change that may not be seen.
    fn unseen(&mut self, kind: &'static str, spot: &Spot<'_>, place: &str, is_same: bool) {
        self.done.places.insert(spot.place.clone());
        let variant = Variant { kind, place: place.to_owned(), text: String::new(), roots: None };
        tally(&mut self.done.trial.cosmetics, &variant, !is_same);
    }
}

fn is_below(pointer: &str, above: &str) -> bool {
    pointer.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

fn renamed_id(id: &str) -> String {
    format!("{id}-renamed")
}

/// The document without a member.
fn without(document: &Value, pointer: &str) -> Value {
    let mut changed = document.clone();
    remove(&mut changed, pointer);
    changed
}

fn remove(document: &mut Value, pointer: &str) {
    if let Some((above, name)) = pointer.rsplit_once('/')
        && let Some(name) = json_pointer::unescaped(name)
        && let Some(object) = document.pointer_mut(above).and_then(Value::as_object_mut)
    {
        object.remove(&name);
    }
}

/// Another value of the same type. An instant stays one.
fn other(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(is) => Some(Value::Bool(!is)),
        Value::String(text) if is_instant(text) => Some(Value::String(format!("2019{}", &text[4..]))),
        Value::String(text) => Some(Value::String(format!("{text}-changed"))),
        Value::Number(number) => Some(match number.as_i64() {
            Some(whole) => Value::from(whole + 1),
            None => Value::from(number.as_f64()? + 1.0),
        }),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a text begins like an instant (RFC 3339).
fn is_instant(text: &str) -> bool {
    let digits =
        |range: std::ops::Range<usize>| text.get(range).is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()));
    digits(0..4)
        && text.get(4..5) == Some("-")
        && digits(5..7)
        && text.get(7..8) == Some("-")
        && !text.starts_with("2019")
}
