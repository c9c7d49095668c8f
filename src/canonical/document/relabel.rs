//! Random ids, named after what they stand for (after Weisfeiler and Leman 1968).
//!
//! 1. Every id begins with the same colour.
//! 2. Four times: the colour of an id becomes a hash of the objects that it is the id of, their sets in order, with the
//!    colour of every id in place of the id.
//! 3. Ids that still share a colour are told apart, four times, by where they are mentioned: by a hash of each
//!    outermost element of an array that holds the id, and the path to it.
//! 4. The name of an id is its colour. Ids that share one even now stand for things that are alike in all they hold and
//!    in all that mentions them, and share the name.
//!
//! Only the third step looks beyond the object itself: where things differ in what they hold, a change in one place
//! does not rename the others.
//!
//! A rule may say where ids are referred to: a text elsewhere that happens to be one is only a text, and stays. It may also say
//! where they are words of a text, as in a licence expression.
//!
//! Invariants: the names do not depend on the ids, nor on the order of sets; a package URL is never taken for a random
//! id; other texts that only contain an id are left alone.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use crate::canonical::document::emit;
use crate::canonical::document::marked;
use crate::canonical::document::rewrite::rewrite;
use crate::canonical::document::value::Value;
use crate::canonical::rule::matcher::{Follower, Place};
use crate::canonical::rule::{Action, Pattern, Rule, Stage};

/// How often colours are refined: how many references away a difference is seen.
const ROUNDS: usize = 4;

/// How many names are remembered: those of formats are fewer, and those that are data come once.
const MOST_NAMES: usize = 1 << 12;

type Hash = [u8; 32];

/// Renames every random id that `rules` find; adds to `done` in how many texts and names.
pub(super) fn relabel(document: &mut Value<'_>, rules: &[Rule], done: &mut [u64]) {
    let mut ids = Ids::default();
    let (mut follower, place) = Follower::start(rules, Stage::Relabel);
    ids.collect(document, rules, &mut follower, &place);
    if ids.rules.is_empty() {
        return;
    }
    let in_words = ids.mark(document, rules);
    let colours = colours(document, rules, &ids);
    let names: HashMap<&str, (String, usize)> = ids
        .numbers
        .iter()
        .map(|(id, number)| {
            (id.as_str(), (format!("ref:{}", hex::encode(&colours[*number][..16])), ids.rules[*number]))
        })
        .collect();
    for (index, done) in done.iter_mut().enumerate() {
        if ids.rules.contains(&index) {
            *done += rewrite(document, &|text| {
                let (name, rule) = names.get(text)?;
                (*rule == index).then(|| name.clone())
            });
        }
    }
    if in_words {
        marked::join_words(document);
    }
}

/// The random ids of a document.
#[derive(Default)]
struct Ids {
    numbers: HashMap<String, usize>,
    /// The rule that found each, by its number.
    rules: Vec<usize>,
}

impl Ids {
    fn collect(&mut self, value: &Value<'_>, rules: &[Rule], follower: &mut Follower<'_>, place: &Place) {
        if let (Some(index), Value::String(text)) = (place.decision, value)
            && let Action::Relabel { pattern, .. } = rules[index].action()
            && !text.starts_with("pkg:")
            && !self.numbers.contains_key(text.as_ref())
            && pattern.is_match(text)
        {
            self.numbers.insert(text.clone().into_owned(), self.rules.len());
            self.rules.push(index);
        }
        if follower.is_done(place) {
            return;
        }
        match value {
            Value::Array(items) => {
                let below = follower.below(place, None);
                items.iter().for_each(|item| self.collect(item, rules, follower, &below));
                follower.leave(&below);
            }
            Value::Object(members) => {
                for member in members {
                    let below = follower.below(place, Some(&member.name));
                    self.collect(&member.value, rules, follower, &below);
                    follower.leave(&below);
                }
            }
            _ => {}
        }
    }

    /// Where the rule of an id says where ids are referred to, only texts there are it. Whether some of them are words.
    fn mark(&mut self, document: &mut Value<'_>, rules: &[Rule]) -> bool {
        let mut in_words = false;
        for (index, rule) in rules.iter().enumerate() {
            let Action::Relabel { at, within, .. } = rule.action() else { continue };
            if at.is_empty() && within.is_empty() {
                continue;
            }
            let own: HashSet<&str> = self
                .numbers
                .iter()
                .filter(|(_, number)| self.rules[**number] == index)
                .map(|(id, _)| id.as_str())
                .collect();
            let places: Vec<&Pattern> = std::iter::once(rule.path()).chain(at).collect();
            marked::mark(document, &places, &|text| own.contains(text));
            if !within.is_empty() && !own.is_empty() {
                in_words = true;
                marked::mark_words(document, &within.iter().collect::<Vec<_>>(), &|word| own.contains(word));
            }
        }
        let is_placed = |number: usize| match rules[self.rules[number]].action() {
            Action::Relabel { at, within, .. } => !at.is_empty() || !within.is_empty(),
            _ => false,
        };
        let numbers = std::mem::take(&mut self.numbers).into_iter();
        self.numbers = numbers
            .map(|(id, number)| if is_placed(number) { (marked::marked(&id), number) } else { (id, number) })
            .collect();
        in_words
    }

    fn number(&self, text: &str) -> Option<usize> {
        self.numbers.get(text).copied()
    }
}

fn colours(document: &Value<'_>, rules: &[Rule], ids: &Ids) -> Vec<Hash> {
    let (sets, at_set) = Follower::start(rules, Stage::Write);
    let (definitions, at_definition) = Follower::start(rules, Stage::Relabel);
    let mut planter = Planter { rules, ids, sets, definitions, names: HashMap::new() };
    let tree = planter.plant(document, &at_set, &at_definition, None);
    let mut parts = Vec::new();
    tree.parts(&mut parts);
    let mut colours = vec![hash(b"id", []); ids.rules.len()];
    for _ in 0..ROUNDS {
        let mut seen = Signatures::new(&colours);
        for part in parts.iter().filter(|part| part.owns) {
            seen.look(&part.whole);
        }
        let own = seen.owners.into_iter().map(|mut owners| {
            owners.sort_unstable();
            hash(b"own", owners)
        });
        colours = own.collect();
    }
    let mut shared: HashMap<Hash, usize> = HashMap::new();
    colours.iter().for_each(|colour| *shared.entry(*colour).or_default() += 1);
    let tied: Vec<bool> = colours.iter().map(|colour| shared[colour] > 1).collect();
    if !tied.contains(&true) {
        return colours;
    }
    for _ in 0..ROUNDS {
        let mut seen = Signatures::new(&colours);
        let mut mentions = vec![Vec::new(); colours.len()];
        for part in &parts {
            let mut mentioned = part.mentioned.iter().filter(|(id, _)| tied[*id]).peekable();
            if mentioned.peek().is_some() {
                let whole = seen.look(&part.whole);
                mentioned.for_each(|(id, path)| mentions[*id].push(hash(b"mention", [whole, *path])));
            }
        }
        let next = mentions.into_iter().zip(&colours).zip(&tied).map(|((mut mentions, colour), tied)| {
            if !tied {
                return *colour;
            }
            mentions.sort_unstable();
            hash(b"mentioned", std::iter::once(*colour).chain(mentions))
        });
        colours = next.collect();
    }
    colours
}

fn hash(tag: &[u8], parts: impl IntoIterator<Item = Hash>) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([tag.len() as u8]);
    hasher.update(tag);
    parts.into_iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// A document as far as its ids matter: what holds none is a hash already.
enum Tree {
    Fixed(Hash),
    Id(usize),
    List { is_set: bool, items: Vec<Tree> },
    Object { members: Vec<(Tree, Tree)>, owned: Vec<usize> },
    Part(Box<Part>),
}

/// A part that mentions ids: they are nowhere else, and no part stands in another.
struct Part {
    whole: Tree,
    /// Each with the path to it.
    mentioned: Vec<(usize, Hash)>,
    /// Whether an object in it has an id of its own.
    owns: bool,
}

impl Tree {
    /// Adds every part of it.
    fn parts<'t>(&'t self, found: &mut Vec<&'t Part>) {
        match self {
            Self::Fixed(_) | Self::Id(_) => {}
            Self::List { items, .. } => items.iter().for_each(|item| item.parts(found)),
            Self::Object { members, .. } => members.iter().for_each(|(_, value)| value.parts(found)),
            Self::Part(part) => found.push(part),
        }
    }
}

/// The ids that a part mentions, and a hash of the path from it to here: names may be long, and many ids below one.
struct Mentions {
    found: Vec<(usize, Hash)>,
    path: Hash,
    owns: bool,
}

struct Planter<'r> {
    rules: &'r [Rule],
    ids: &'r Ids,
    sets: Follower<'r>,
    definitions: Follower<'r>,
    /// The few names that many objects share, hashed.
    names: HashMap<String, Hash>,
}

impl Planter<'_> {
    fn plant(&mut self, value: &Value<'_>, set: &Place, definition: &Place, mentions: Option<&mut Mentions>) -> Tree {
        match value {
            Value::String(text) => self.text(text, mentions),
            Value::Array(items) => self.list(items, set, definition, mentions),
            Value::Object(_) => self.object(value, set, definition, mentions),
            other => Tree::Fixed(hash(b"scalar", [Sha256::digest(emit::emit(other, &[], 0).bytes).into()])),
        }
    }

    fn text(&self, text: &str, mentions: Option<&mut Mentions>) -> Tree {
        match self.ids.number(text) {
            None => Tree::Fixed(hash(b"text", [Sha256::digest(text).into()])),
            Some(id) => {
                if let Some(mentions) = mentions {
                    mentions.found.push((id, mentions.path));
                }
                Tree::Id(id)
            }
        }
    }

    fn name(&mut self, name: &str, mentions: Option<&mut Mentions>) -> Tree {
        if let Some(known) = self.names.get(name) {
            return Tree::Fixed(*known);
        }
        let tree = self.text(name, mentions);
        if let Tree::Fixed(hash) = tree
            && self.names.len() < MOST_NAMES
        {
            self.names.insert(name.to_owned(), hash);
        }
        tree
    }

    fn list(
        &mut self,
        items: &[Value<'_>],
        set: &Place,
        definition: &Place,
        mut mentions: Option<&mut Mentions>,
    ) -> Tree {
        let action = set.decision.map(|index| self.rules[index].action());
        let is_set = matches!(action, Some(Action::Set { .. }));
        let (set, definition) = (self.sets.below(set, None), self.definitions.below(definition, None));
        let items: Vec<Tree> = items
            .iter()
            .map(|item| match mentions.as_deref_mut() {
                Some(mentions) => {
                    let here = mentions.path;
                    mentions.path = hash(b"element", [here]);
                    let tree = self.plant(item, &set, &definition, Some(mentions));
                    mentions.path = here;
                    tree
                }
                // The outermost element: all that it holds is the context of the ids in it.
                None => self.part(item, &set, &definition),
            })
            .collect();
        self.sets.leave(&set);
        self.definitions.leave(&definition);
        folded(Tree::List { is_set, items })
    }

    fn part(&mut self, value: &Value<'_>, set: &Place, definition: &Place) -> Tree {
        let mut mentions = Mentions { found: Vec::new(), path: hash(b"part", []), owns: false };
        let whole = self.plant(value, set, definition, Some(&mut mentions));
        if mentions.found.is_empty() {
            return whole;
        }
        Tree::Part(Box::new(Part { whole, mentioned: mentions.found, owns: mentions.owns }))
    }

    fn object(
        &mut self,
        value: &Value<'_>,
        set: &Place,
        definition: &Place,
        mut mentions: Option<&mut Mentions>,
    ) -> Tree {
        let Value::Object(members) = value else { return Tree::Fixed(hash(b"none", [])) };
        let is_mentioned = |text: &str| self.ids.number(text).is_some();
        let holds_ids = members.iter().any(|member| {
            is_mentioned(&member.name) || matches!(&member.value, Value::String(text) if is_mentioned(text))
        });
        if mentions.is_none() && holds_ids {
            // Within no array: the object itself is the context.
            return self.part(value, set, definition);
        }
        let mut owned = Vec::new();
        let mut planted = Vec::with_capacity(members.len());
        for member in members {
            let (set, definition) =
                (self.sets.below(set, Some(&member.name)), self.definitions.below(definition, Some(&member.name)));
            if let (Some(_), Value::String(text)) = (definition.decision, &member.value) {
                owned.extend(self.ids.number(text));
            }
            let name = self.name(&member.name, mentions.as_deref_mut());
            let here = mentions.as_deref_mut().map(|mentions| {
                // An id as a name would make paths random.
                let step = if let Tree::Fixed(name) = &name { *name } else { hash(b"id", []) };
                let below = hash(b"member", [mentions.path, step]);
                std::mem::replace(&mut mentions.path, below)
            });
            let value = self.plant(&member.value, &set, &definition, mentions.as_deref_mut());
            if let (Some(mentions), Some(here)) = (mentions.as_deref_mut(), here) {
                mentions.path = here;
            }
            planted.push((name, value));
            self.sets.leave(&set);
            self.definitions.leave(&definition);
        }
        if let Some(mentions) = mentions {
            mentions.owns |= !owned.is_empty();
        }
        folded(Tree::Object { members: planted, owned })
    }
}

/// A tree without ids is its hash.
fn folded(tree: Tree) -> Tree {
    let is_fixed = |tree: &Tree| matches!(tree, Tree::Fixed(_));
    let fixed = match &tree {
        Tree::List { items, .. } => items.iter().all(is_fixed),
        Tree::Object { members, .. } => members.iter().all(|(name, value)| is_fixed(name) && is_fixed(value)),
        _ => false,
    };
    if fixed { Tree::Fixed(Signatures::new(&[]).look(&tree)) } else { tree }
}

/// What looking at parts shows of each id.
struct Signatures {
    /// Each colour as it stands where the id is.
    references: Vec<Hash>,
    owners: Vec<Vec<Hash>>,
}

impl Signatures {
    fn new(colours: &[Hash]) -> Self {
        let references = colours.iter().map(|colour| hash(b"ref", [*colour])).collect();
        Self { references, owners: vec![Vec::new(); colours.len()] }
    }

    fn look(&mut self, tree: &Tree) -> Hash {
        match tree {
            Tree::Fixed(hash) => *hash,
            Tree::Id(id) => self.references[*id],
            Tree::List { is_set, items } => {
                let mut items: Vec<Hash> = items.iter().map(|item| self.look(item)).collect();
                if *is_set {
                    items.sort_unstable();
                }
                hash(b"list", items)
            }
            Tree::Object { members, owned } => {
                let mut pairs: Vec<(Hash, Hash)> =
                    members.iter().map(|(name, value)| (self.look(name), self.look(value))).collect();
                // By their hashes: the order of names that are ids is random.
                pairs.sort_unstable();
                let whole = hash(b"object", pairs.into_iter().flat_map(|(name, value)| [name, value]));
                owned.iter().for_each(|id| self.owners[*id].push(whole));
                whole
            }
            Tree::Part(part) => self.look(&part.whole),
        }
    }
}
