//! Where two documents differ, as places that a rule can name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::model::text::json_pointer;

/// A place at which two documents differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// The place, with `*` for every element.
    pub(super) path: String,
    pub(super) what: What,
}

/// How two documents differ at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// Two texts; whether the first is found elsewhere in its document, too.
    Texts { first: String, second: String, is_referred_to: bool },
    /// Two numbers.
    Numbers,
    /// The same elements in another order.
    Order,
    /// A list that became longer or shorter.
    Lengths(usize, usize),
    /// A member that one of them lacks.
    Absent,
    /// Values of other kinds.
    Kinds,
}

/// How many differences at one path are kept: they are judged together.
const KEPT: usize = 64;

/// Every place at which `a` and `b` differ, the first ways of each path.
pub(super) fn differences(a: &Value, b: &Value) -> Vec<Difference> {
    let mut texts = BTreeMap::new();
    count(a, &mut texts);
    let mut comparison = Comparison { texts, found: BTreeMap::new() };
    comparison.values(a, b, &mut String::new());
    let found = comparison.found.into_iter();
    found.flat_map(|(path, ways)| ways.into_iter().map(move |what| Difference { path: path.clone(), what })).collect()
}

/// How often each text stands in a document.
fn count<'v>(value: &'v Value, texts: &mut BTreeMap<&'v str, usize>) {
    match value {
        Value::String(text) => *texts.entry(text).or_default() += 1,
        Value::Array(items) => items.iter().for_each(|item| count(item, texts)),
        Value::Object(members) => members.values().for_each(|value| count(value, texts)),
        _ => {}
    }
}

struct Comparison<'v> {
    texts: BTreeMap<&'v str, usize>,
    found: BTreeMap<String, BTreeSet<What>>,
}

impl<'v> Comparison<'v> {
    fn found(&mut self, path: &str, what: What) {
        let ways = self.found.entry(path.to_owned()).or_default();
        // An order is judged alone: it must never be the one that is left out.
        if ways.len() < KEPT || what == What::Order {
            ways.insert(what);
        }
    }

    fn values(&mut self, a: &'v Value, b: &Value, path: &mut String) {
        match (a, b) {
            (Value::Object(a), Value::Object(b)) => self.objects(a, b, path),
            (Value::Array(a), Value::Array(b)) => self.lists(a, b, path),
            (Value::String(first), Value::String(second)) if first != second => {
                let is_referred_to = self.texts.get(first.as_str()).is_some_and(|count| *count > 1);
                let (first, second) = (first.clone(), second.clone());
                self.found(path, What::Texts { first, second, is_referred_to });
            }
            (Value::Number(first), Value::Number(second)) if first != second => self.found(path, What::Numbers),
            _ if a != b => self.found(path, What::Kinds),
            _ => {}
        }
    }

    fn objects(&mut self, a: &'v Map<String, Value>, b: &Map<String, Value>, path: &mut String) {
        let length = path.len();
        let mut step = |comparison: &mut Self, name: &str, pair: Option<(&'v Value, &Value)>| {
            path.push('/');
            path.push_str(&json_pointer::escaped(name));
            match pair {
                Some((a, b)) => comparison.values(a, b, path),
                None => comparison.found(path, What::Absent),
            }
            path.truncate(length);
        };
        for (name, value) in a {
            step(self, name, b.get(name).map(|other| (value, other)));
        }
        for name in b.keys().filter(|name| !a.contains_key(*name)) {
            step(self, name, None);
        }
    }

    fn lists(&mut self, a: &'v [Value], b: &[Value], path: &mut String) {
        if a.len() != b.len() {
            return self.found(path, What::Lengths(a.len(), b.len()));
        }
        if a == b {
            return;
        }
        let ordered = |items: &[Value]| {
            let mut texts: Vec<String> = items.iter().map(Value::to_string).collect();
            texts.sort_unstable();
            texts
        };
        if ordered(a) == ordered(b) {
            return self.found(path, What::Order);
        }
        let pairs = match matched(a, b) {
            None => a.iter().zip(b).collect(),
            Some(order) => {
                if !order.iter().enumerate().all(|(at, to)| at == *to) {
                    self.found(path, What::Order);
                }
                a.iter().zip(order).filter_map(|(item, to)| Some((item, b.get(to)?))).collect::<Vec<_>>()
            }
        };
        path.push_str("/*");
        pairs.into_iter().for_each(|(a, b)| self.values(a, b, path));
        path.truncate(path.len() - 2);
    }
}

/// Which element of `b` each of `a` became, by the texts that both have the same of: those name an element. Nothing
/// where they do not tell all elements apart.
fn matched(a: &[Value], b: &[Value]) -> Option<Vec<usize>> {
    let names: Vec<&String> = a.first()?.as_object()?.keys().collect();
    let column = |items: &[Value], name: &str| -> Option<Vec<String>> {
        let mut texts =
            items.iter().map(|item| item.get(name)?.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?;
        texts.sort_unstable();
        Some(texts)
    };
    let same = |name: &&&String| column(a, name).is_some_and(|texts| Some(texts) == column(b, name));
    let naming: Vec<&&String> = names.iter().filter(same).collect();
    let key = |item: &Value| -> String {
        naming.iter().map(|name| item.get(name.as_str()).map(Value::to_string).unwrap_or_default() + ",").collect()
    };
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (at, item) in b.iter().enumerate() {
        if places.insert(key(item), at).is_some() {
            return None;
        }
    }
    a.iter().map(|item| places.get(&key(item)).copied()).collect()
}
