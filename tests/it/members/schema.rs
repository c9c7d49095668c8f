//! Published schemas, walked: every place that a document may have, and a value for each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use stella::profiling::members::{Class, Members};
use stella::profiling::mutation::meaning;

/// A place: names of members, `*` for elements.
pub type Place = Vec<String>;

pub fn load(name: &str) -> Value {
    // Of our own documents the schema is generated from the types.
    if name.ends_with("-v1") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schema/{name}.json"));
        return serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/schema/{name}.json.zst"));
    let text = zstd::decode_all(&fs::read(&path).unwrap()[..]).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// Schemas that others refer to, by the last part of their address.
const REFERRED: [(&str, &str); 6] = [
    ("cryptography-defs.SNAPSHOT.schema.json", "cyclonedx-cryptography"),
    ("jsf-0.82.SNAPSHOT.schema.json", "cyclonedx-jsf-0.82"),
    ("spdx.SNAPSHOT.schema.json", "cyclonedx-spdx"),
    ("cvss-v2.0.json", "cvss-2.0"),
    ("cvss-v3.0.json", "cvss-3.0"),
    ("cvss-v3.1.json", "cvss-3.1"),
];

/// A part of a schema, and the schema in which its references are looked for. Schemas are kept for good: there are few.
#[derive(Clone, Copy)]
struct Node {
    says: &'static Value,
    document: &'static str,
}

/// What schemas say of each place.
pub struct Schema {
    nodes: BTreeMap<Place, Vec<Node>>,
    /// The places that are properties, as they are walked: not below a place of which all is one.
    properties: BTreeSet<Place>,
    documents: HashMap<&'static str, &'static Value>,
}

struct Walk<'m> {
    /// `None` where all places are walked, whatever they are.
    members: Option<&'m Members>,
    /// How many levels are still looked at.
    left: usize,
    schema: Schema,
}

impl Schema {
    /// Walks schemas as far as places have classes of their own.
    pub fn walk(names: &[&'static str], members: &Members) -> Self {
        let kept = |name: &str| -> &'static Value { Box::leak(Box::new(load(name))) };
        let mut documents: HashMap<&'static str, &'static Value> = HashMap::new();
        if !names.is_empty() {
            documents.extend(REFERRED.iter().map(|(address, name)| (*address, kept(name))));
            documents.extend(names.iter().map(|name| (*name, kept(name))));
        }
        let schema = Self { nodes: BTreeMap::new(), properties: BTreeSet::new(), documents };
        let mut walk = Walk { members: Some(members), left: usize::MAX, schema };
        for name in names.iter().copied() {
            let root = Node { says: walk.schema.documents[name], document: name };
            walk.node(root, &Vec::new(), &mut vec![root.says]);
        }
        walk.schema
    }

    /// `document` with all that the schemas allow some levels below a place of which all is one.
    pub fn in_full(&self, document: &Value, place: &[String], members: &Members) -> Option<Value> {
        if self.nodes(place).is_empty() {
            return None;
        }
        let schema = Self { nodes: BTreeMap::new(), properties: BTreeSet::new(), documents: self.documents.clone() };
        let mut walk = Walk { members: None, left: BELOW, schema };
        for node in self.nodes(place) {
            walk.node(*node, &place.to_vec(), &mut Vec::new());
        }
        let full = walk.schema.all(&place.to_vec(), 0)?;
        let mut changed = document.clone();
        self.put(&mut changed, (&Vec::new(), place), members);
        let spots = meaning::pointers(members, &changed, place);
        for pointer in spots {
            if let Some(value) = changed.pointer_mut(&pointer) {
                *value = full.clone();
            }
        }
        Some(changed)
    }

    /// A value with all that may be in it.
    fn all(&self, at: &Place, depth: usize) -> Option<Value> {
        let nodes = self.nodes(at);
        let names: BTreeSet<&String> = nodes
            .iter()
            .filter_map(|node| node.says["properties"].as_object())
            .flatten()
            .map(|(name, _)| name)
            .collect();
        let below = |name: &str| -> Place { at.iter().cloned().chain([name.to_owned()]).collect() };
        let word = |word: &str| nodes.iter().any(|node| node.says["type"] == word);
        if depth > BELOW || (names.is_empty() && !word("array")) {
            return made(nodes, self, at, 0, depth);
        }
        if names.is_empty() {
            return Some(Value::Array(self.all(&below("*"), depth + 1).into_iter().collect()));
        }
        let inner = names.into_iter().filter_map(|name| Some((name.clone(), self.all(&below(name), depth + 1)?)));
        Some(Value::Object(inner.collect()))
    }

    pub fn properties(&self) -> &BTreeSet<Place> {
        &self.properties
    }

    fn nodes(&self, place: &[String]) -> &[Node] {
        self.nodes.get(place).map_or(&[], Vec::as_slice)
    }

    /// Other values that are listed for the place.
    pub fn listed(&self, place: &[String]) -> Vec<Value> {
        let nodes = self.nodes(place).iter();
        nodes.filter_map(|node| node.says.get("enum").and_then(Value::as_array)).flatten().cloned().collect()
    }

    /// `document` with something said at `place`; as it is where something is said there already.
    pub fn with(&self, document: &Value, place: &[String], members: &Members) -> Option<Value> {
        let mut changed = document.clone();
        self.put(&mut changed, (&Vec::new(), place), members).then_some(changed)
    }

    fn put(&self, value: &mut Value, (at, rest): (&Place, &[String]), members: &Members) -> bool {
        let Some((step, rest)) = rest.split_first() else { return true };
        let below: Place = at.iter().cloned().chain([step.clone()]).collect();
        match value {
            Value::Array(items) => {
                for item in &mut *items {
                    if members.element(at, item) == *step && self.put(item, (&below, rest), members) {
                        return true;
                    }
                }
                let two = [0, 1].map(|seed| self.value(&below, rest, seed));
                let told_apart_by = members.told_apart_by(at).filter(|_| step != "*");
                for mut item in two.into_iter().flatten() {
                    // An element of a kind says so.
                    if let (Some(member), Some(object)) = (told_apart_by, item.as_object_mut()) {
                        object.insert(member.to_owned(), json!(step));
                    }
                    items.push(item);
                }
                items.iter().any(|item| members.element(at, item) == *step)
            }
            Value::Object(object) => {
                let name =
                    if step == "*" { object.keys().next().cloned().unwrap_or("key".into()) } else { step.clone() };
                if let Some(inner) = object.get_mut(&name)
                    && self.put(inner, (&below, rest), members)
                {
                    return true;
                }
                let Some(mut made) = self.value(&below, rest, 0) else { return false };
                // Elements are referred to, not written there.
                if made.is_object() && members.at(&below).is_some_and(|member| member.class == Class::Refers) {
                    made = json!("urn:another");
                }
                object.insert(name, made);
                true
            }
            _ => false,
        }
    }

    /// A value for a place in which something is said at `rest` below it.
    fn value(&self, at: &Place, rest: &[String], seed: usize) -> Option<Value> {
        let nodes = self.nodes(at);
        let Some((step, below_step)) = rest.split_first() else { return made(nodes, self, at, seed, 0) };
        let below: Place = at.iter().cloned().chain([step.clone()]).collect();
        let is_list = nodes.iter().any(|node| node.says.get("items").is_some());
        if is_list && !nodes.iter().any(|node| node.says["properties"].get(step).is_some()) {
            let items = [seed, seed + 1].map(|seed| self.value(&below, below_step, seed));
            return Some(Value::Array(items.into_iter().flatten().collect()));
        }
        let mut object = self.required(at, seed, 0, Some(step));
        let name = if step == "*" { "key".to_owned() } else { step.clone() };
        object.insert(name, self.value(&below, below_step, seed)?);
        Some(Value::Object(object))
    }

    /// A part of a schema and all that it says holds with it.
    fn together(&self, node: Node) -> Vec<&'static Value> {
        let mut all = vec![node.says];
        for inner in node.says.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            let inner = Node { says: inner, document: node.document };
            let reference = inner.says.get("$ref").and_then(Value::as_str);
            all.extend(self.together(reference.map_or(inner, |reference| self.target(reference, inner.document))));
        }
        all
    }

    fn target(&self, reference: &str, document: &'static str) -> Node {
        let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let file = address.rsplit('/').next().unwrap_or_default();
        let known = self.documents.get_key_value(if address.is_empty() { document } else { file });
        let target = known.and_then(|(name, found)| Some(Node { says: found.pointer(fragment)?, document: name }));
        target.unwrap_or_else(|| panic!("{reference} of {document}"))
    }

    /// What an object must have, of the alternative that has `wanted`.
    fn required(&self, at: &Place, seed: usize, depth: usize, wanted: Option<&str>) -> Map<String, Value> {
        let mut object = Map::new();
        if depth > 4 {
            return object;
        }
        let has = |all: &&Vec<&Value>| {
            wanted.is_none_or(|name| all.iter().any(|node| node["properties"].get(name).is_some()))
        };
        let alternatives: Vec<Vec<&Value>> = self.nodes(at).iter().map(|node| self.together(*node)).collect();
        let of_objects = || alternatives.iter().filter(|all| all.iter().any(|node| node.get("properties").is_some()));
        let Some(all) = of_objects().find(has).or(of_objects().next()) else { return object };
        let required = all.iter().filter_map(|node| node["required"].as_array()).flatten();
        for name in required.filter_map(Value::as_str) {
            let below: Place = at.iter().cloned().chain([name.to_owned()]).collect();
            if let Some(value) = made(self.nodes(&below), self, &below, seed, depth + 1) {
                object.insert(name.to_owned(), value);
            }
        }
        object
    }
}

/// A value as the nodes of a place want it.
fn made(nodes: &[Node], schema: &Schema, at: &Place, seed: usize, depth: usize) -> Option<Value> {
    let says = || nodes.iter().map(|node| node.says);
    if let Some(node) = says().find(|node| node.get("const").is_some()) {
        return Some(node["const"].clone());
    }
    if let Some(list) = says().find_map(|node| node.get("enum").and_then(Value::as_array)) {
        return list.get(seed % list.len().max(1)).cloned();
    }
    if depth > 4 {
        return None;
    }
    if let Some(node) = nodes.iter().find(|node| node.says.get("properties").is_some()) {
        let mut object = schema.required(at, seed, depth, None);
        if object.is_empty() {
            // Something is said in it: the first that can be made.
            for (name, inner) in node.says["properties"].as_object().into_iter().flatten() {
                let below: Place = at.iter().cloned().chain([name.clone()]).collect();
                let own = [Node { says: inner, document: node.document }];
                let inner = if schema.nodes(&below).is_empty() { &own[..] } else { schema.nodes(&below) };
                if let Some(value) = made(inner, schema, &below, seed, depth + 1) {
                    object.insert(name.clone(), value);
                    break;
                }
            }
        }
        return Some(Value::Object(object));
    }
    let word = says().find_map(|node| node.get("type")).map(|of| of.as_str().unwrap_or("string").to_owned());
    let element: Place = at.iter().cloned().chain(["*".to_owned()]).collect();
    // What is made differs from place to place, so that none says what another does.
    let name = at.iter().rev().find(|name| *name != "*").map_or("text", String::as_str);
    let text = format!("{name} {seed}");
    Some(match word.as_deref() {
        Some("boolean") => json!(seed == 0),
        Some("integer") => json!(seed + 1),
        Some("number") => json!(seed as f64 + 1.5),
        Some("array") => {
            let inner = schema.nodes(&element);
            let items = [seed, seed + 1].map(|seed| made(inner, schema, &element, seed, depth + 1));
            Value::Array(items.into_iter().flatten().collect())
        }
        Some("object") => json!({ "key": text }),
        _ if says().any(|node| node["format"] == "date-time") => json!(format!("2026-01-0{}T00:00:00Z", seed + 1)),
        _ => json!(text),
    })
}

/// How many levels are looked at where all is one.
const BELOW: usize = 3;

impl Walk<'_> {
    fn node(&mut self, node: Node, place: &Place, above: &mut Vec<&'static Value>) {
        if let Some(reference) = node.says.get("$ref").and_then(Value::as_str) {
            let target = self.schema.target(reference, node.document);
            if above.iter().any(|known| std::ptr::eq(*known, target.says)) {
                // What it may be stands further up; what kind of value it is does not.
                if target.says.get("enum").is_some() {
                    self.schema.nodes.entry(place.clone()).or_default().push(target);
                }
                return;
            }
            above.push(target.says);
            self.node(target, place, above);
            above.pop();
        }
        if !place.is_empty() {
            let known = self.schema.nodes.entry(place.clone()).or_default();
            // What was walked here on another way is not walked again: there are very many ways.
            if known.iter().any(|known| std::ptr::eq(known.says, node.says)) {
                return;
            }
            known.push(node);
            if self.members.is_some_and(|members| members.is_whole(place)) {
                // No place below it is one of its own; what a value must have is known all the same.
                let (members, left) = (self.members.take(), std::mem::replace(&mut self.left, 1));
                self.parts(node, place, above);
                (self.members, self.left) = (members, left);
                return;
            }
        }
        self.parts(node, place, above);
    }

    fn parts(&mut self, Node { says, document }: Node, place: &Place, above: &mut Vec<&'static Value>) {
        for word in ["allOf", "anyOf", "oneOf"] {
            for inner in says.get(word).and_then(Value::as_array).into_iter().flatten() {
                self.node(Node { says: inner, document }, place, above);
            }
        }
        for word in ["then", "else"] {
            // What a document is in place of what it usually is (a single element of SPDX 3) is classed as that.
            // That a value is not of a class is said by a text that it would have to be.
            let says_what = |inner: &&Value| word == "then" || !(place.is_empty() || inner.get("const").is_some());
            if let Some(inner) = says.get(word).filter(says_what) {
                self.node(Node { says: inner, document }, place, above);
            }
        }
        for (name, inner) in says.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.below(Node { says: inner, document }, (place, name), above);
        }
        for (_, inner) in says.get("patternProperties").and_then(Value::as_object).into_iter().flatten() {
            self.below(Node { says: inner, document }, (place, "*"), above);
        }
        if let Some(inner) = says.get("additionalProperties").filter(|inner| inner.is_object()) {
            self.below(Node { says: inner, document }, (place, "*"), above);
        }
        let Some(items) = says.get("items") else { return };
        for inner in items.as_array().map_or(std::slice::from_ref(items), Vec::as_slice) {
            self.elements(Node { says: inner, document }, place, above);
        }
    }

    fn below(&mut self, inner: Node, (place, name): (&Place, &str), above: &mut Vec<&'static Value>) {
        // Where another element is referred to, the schema of SPDX 3 also allows that element itself; documents are flat all the same.
        let list = place.split_last().filter(|(last, _)| *last == "*").map_or(place.as_slice(), |(_, list)| list);
        let refers = |members: &Members| members.at(list).is_some_and(|member| member.class == Class::Refers);
        if self.left == 0 || self.members.is_some_and(refers) {
            return;
        }
        let below: Place = place.iter().cloned().chain([name.to_owned()]).collect();
        self.left -= 1;
        if self.members.is_some() {
            self.schema.properties.insert(below.clone());
        }
        self.node(inner, &below, above);
        self.left += 1;
    }

    /// Elements of a list; each alternative by the text that tells it apart, where there is one.
    fn elements(&mut self, inner: Node, place: &Place, above: &mut Vec<&'static Value>) {
        let told_apart_by = self.members.and_then(|members| members.told_apart_by(place));
        if told_apart_by.is_some() {
            for (name, class) in self.classes(inner) {
                let below: Place = place.iter().cloned().chain([name]).collect();
                self.node(class, &below, above);
            }
        }
        let below: Place = place.iter().cloned().chain(["*".to_owned()]).collect();
        if told_apart_by.is_none_or(|member| member == "name") {
            self.node(inner, &below, above);
        }
    }

    /// The alternatives of an element whose `type` is one text.
    fn classes(&self, node: Node) -> Vec<(String, Node)> {
        let resolve = |node: Node| match node.says.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.schema.target(reference, node.document),
            None => node,
        };
        class_of(resolve(node), &resolve)
    }
}

/// Where an alternative says its `type`, the text and the alternative.
fn class_of(node: Node, resolve: &dyn Fn(Node) -> Node) -> Vec<(String, Node)> {
    let Node { says, document } = node;
    let words = |kind: &Value| -> Vec<String> {
        let of = |one: &Value| one.get("const").and_then(Value::as_str).map(str::to_owned);
        let listed = kind["oneOf"].as_array().into_iter().flatten();
        of(kind).into_iter().chain(listed.filter_map(of)).collect()
    };
    if let Some(word) = says["if"]["properties"]["type"].get("const").and_then(Value::as_str) {
        return vec![(word.to_owned(), Node { says: &says["then"], document })];
    }
    if let Some(kind) = says["properties"].get("type") {
        return words(kind).into_iter().map(|word| (word, node)).collect();
    }
    let mut found = Vec::new();
    for word in ["oneOf", "anyOf"] {
        for inner in says.get(word).and_then(Value::as_array).into_iter().flatten() {
            found.extend(class_of(resolve(Node { says: inner, document }), resolve));
        }
    }
    found
}
