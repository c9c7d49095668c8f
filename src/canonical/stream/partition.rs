//! A document with one long set, block by block: the elements of the set apart from the rest.
//!
//! ```text
//! blocks ─▶ locate the array ─▶ rest, as written ─▶ (stream) ─▶ canonical rest
//!             └▶ walker ─▶ elements ─▶ in order ──────────────────┘ between them
//! ```
//!
//! What it comes to is the canonical form of the document, and never held in one piece; nor is the document.
//! Invariants: memory is the output, a block, and what is noted for each element; time is linear but for sorting. What
//! one pass is not enough for, and what is wrong, is left to those who read the whole document, as *unsuited*.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::canonical::limits::Limits;
use crate::canonical::location::{Step, pointer};
use crate::canonical::outline;
use crate::canonical::rule::{self, Rule};
use crate::canonical::stream::chunked::text_so_far;
use crate::canonical::stream::fault::{Stop, Unsuited};
use crate::canonical::stream::locate_array::ArrayLocator;
use crate::canonical::stream::reordered_output::ReorderedOutput;
use crate::canonical::stream::run::{self, Ending};
use crate::canonical::stream::set::Elements;
use crate::canonical::stream::walker::Walker;

/// How deep a document may be nested that is read apart.
const DEEPEST: usize = 100;

/// Reads a document whose set is apart.
pub struct PartitionReader<'p> {
    rules: &'p [Rule],
    member: &'static str,
    stage: Stage,
    /// The document but for the elements of the set, as written.
    rest: Vec<u8>,
    /// Behind the set's opening bracket, in the rest.
    at: usize,
    /// What was not read yet.
    waiting: Vec<u8>,
    /// How much has to wait before another try is worth it.
    enough: usize,
    /// The elements that were read. None where the profile has no such set, or they are wrong.
    walk: Option<Walker<'static, 'p, 'static, true>>,
}

enum Stage {
    ArrayLocator(ArrayLocator),
    Set,
    Tail,
}

impl<'p> PartitionReader<'p> {
    /// Begins a document of about `size` bytes whose root has the set at `member`.
    pub fn new(rules: &'p [Rule], member: &'static str, size: usize) -> Self {
        Self {
            rules,
            member,
            stage: Stage::ArrayLocator(ArrayLocator::new(member)),
            rest: Vec::new(),
            at: 0,
            waiting: Vec::new(),
            enough: 0,
            walk: Walker::of_set(rules, member, &Limits::new(usize::MAX, DEEPEST), size),
        }
    }

    /// Takes the next bytes of the document.
    ///
    /// # Errors
    /// [`Unsuited`]
    pub fn take(&mut self, mut block: &[u8]) -> Result<(), Unsuited> {
        if let Stage::ArrayLocator(head) = &mut self.stage {
            match head.find(block) {
                None => {
                    self.rest.extend_from_slice(block);
                    return Ok(());
                }
                Some(end) => {
                    self.rest.extend_from_slice(&block[..end]);
                    self.at = self.rest.len();
                    self.stage = Stage::Set;
                    block = &block[end..];
                }
            }
        }
        if let Stage::Tail = self.stage {
            self.rest.extend_from_slice(block);
            return Ok(());
        }
        self.waiting.extend_from_slice(block);
        if self.waiting.len() >= self.enough { self.read() } else { Ok(()) }
    }

    /// Reads as many elements as are there.
    fn read(&mut self) -> Result<(), Unsuited> {
        let complete = text_so_far(&self.waiting)?;
        let mut walk = self.walk.take().ok_or(Unsuited)?.onto(complete, 0, 1);
        let (used, is_whole) = match walk.elements() {
            Ok(end) => (end, true),
            // Perhaps only because it goes on in the next block: if not, that shows before the end of the document.
            Err(stop) if matches!(*stop, Stop::Fault(_)) => (walk.back(), false),
            Err(_) => return Err(Unsuited),
        };
        if walk.masked.iter().any(|count| *count > 0) || !walk.read.out.reordered.is_flat() {
            return Err(Unsuited);
        }
        self.walk = Some(walk.onto("", 0, 0));
        if is_whole {
            self.rest.push(b']');
            self.rest.extend_from_slice(&self.waiting[used..]);
            self.waiting = Vec::new();
            self.stage = Stage::Tail;
        } else {
            self.waiting.drain(..used);
            // An element that is longer than many blocks is not read anew for each of them.
            self.enough = 2 * self.waiting.len();
        }
        Ok(())
    }

    /// Ends the document.
    ///
    /// # Errors
    /// [`Unsuited`]
    pub fn finish(mut self) -> Result<Partitioned, Unsuited> {
        if let Stage::Set = self.stage {
            self.read()?;
        }
        let Stage::Tail = self.stage else { return Err(Unsuited) };
        let limits = Limits::new(usize::MAX, DEEPEST);
        let Ok(Ending::Done((canonical, masked))) = run::bytes(&self.rest, self.rules, &limits) else {
            return Err(Unsuited);
        };
        let canonical = String::from_utf8(canonical).map_err(|_| Unsuited)?;
        let middle = ArrayLocator::new(self.member).find(canonical.as_bytes()).ok_or(Unsuited)?;
        if canonical.as_bytes().get(middle) != Some(&b']') {
            return Err(Unsuited);
        }
        let masked = rule::hidden(self.rules, masked);
        let Self { member, rest, at, walk, .. } = self;
        let (reordered, mut elements, width) = walk.ok_or(Unsuited)?.into_set();
        elements.put_in_order(width, &reordered);
        Ok(Partitioned { member, rest, at, canonical, middle, masked, reordered, elements })
    }
}

/// A document that was read apart.
pub struct Partitioned {
    member: &'static str,
    rest: Vec<u8>,
    at: usize,
    canonical: String,
    /// Where in the canonical rest the elements belong.
    middle: usize,
    masked: BTreeMap<String, u64>,
    reordered: ReorderedOutput,
    elements: Elements,
}

impl Partitioned {
    /// How many elements the set has.
    pub fn len(&self) -> usize {
        self.elements.spans().len()
    }

    /// Whether the set has none.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// An element in its canonical form; they come in canonical order. Empty where there is none.
    pub fn element(&self, index: usize) -> &str {
        // What is written is text, since what is read is.
        std::str::from_utf8(self.raw_element(index)).unwrap_or_default()
    }

    /// The bytes of [`Self::element`].
    pub fn raw_element(&self, index: usize) -> &[u8] {
        self.elements.spans().get(index).map(|span| self.reordered.raw(*span)).unwrap_or_default()
    }

    /// The canonical form of the document with an empty set.
    pub fn canonical_rest(&self) -> &str {
        &self.canonical
    }

    /// As [`Canonical::masked`](crate::canonical::Canonical::masked).
    pub fn masked(&self) -> &BTreeMap<String, u64> {
        &self.masked
    }

    /// The document as it was written but for the set, which holds these elements alone.
    pub fn with_elements<'e>(&self, elements: impl Iterator<Item = &'e str>) -> Vec<u8> {
        let mut text = self.rest[..self.at].to_vec();
        for (turn, element) in elements.enumerate() {
            if turn > 0 {
                text.push(b',');
            }
            text.extend_from_slice(element.as_bytes());
        }
        text.extend_from_slice(&self.rest[self.at..]);
        text
    }

    /// The canonical bytes, piece by piece.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let (before, after) = self.canonical.as_bytes().split_at(self.middle);
        let spans = self.elements.spans().iter().enumerate();
        let elements = spans.flat_map(|(index, span)| {
            let comma: &[u8] = if index > 0 { b"," } else { b"" };
            [comma, self.reordered.raw(*span)]
        });
        std::iter::once(before).chain(elements).chain([after])
    }

    /// The elements that only one of the two has, by position on their sides. Of equal ones as many belong together as
    /// both have.
    pub fn unpaired(&self, other: &Self) -> (Vec<usize>, Vec<usize>) {
        let (mut mine, mut others) = (Vec::new(), Vec::new());
        let (mut a, mut b) = (0, 0);
        while a < self.len() && b < other.len() {
            match self.elements.compare_with((a, &self.reordered), (&other.elements, b, &other.reordered)) {
                Ordering::Equal => (a, b) = (a + 1, b + 1),
                Ordering::Less => {
                    mine.push(a);
                    a += 1;
                }
                Ordering::Greater => {
                    others.push(b);
                    b += 1;
                }
            }
        }
        mine.extend(a..self.len());
        others.extend(b..other.len());
        (mine, others)
    }

    /// As [`first_difference`](crate::canonical::first_difference) of the canonical bytes of both.
    pub fn first_difference(&self, other: &Self) -> Option<String> {
        let (a, b) = (self.canonical.as_str(), other.canonical.as_str());
        let same = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
        if same >= self.middle && same >= other.middle {
            let both = 0..self.len().min(other.len());
            let differs = both.clone().find(|index| self.raw_element(*index) != other.raw_element(*index));
            if let Some(index) = differs.or_else(|| (self.len() != other.len()).then_some(both.end)) {
                let mut steps = vec![Step::Member(self.member.into()), Step::Element(index)];
                if differs.is_some() {
                    let (x, y) = (self.element(index), other.element(index));
                    let same = x.bytes().zip(y.bytes()).take_while(|(x, y)| x == y).count();
                    steps.extend(outline::place_of(x, y, same));
                }
                return Some(pointer(&steps));
            }
        }
        (a != b).then(|| pointer(&outline::place_of(a, b, same)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::canonical::scramble::Scramble;
    use crate::canonical::{Canonical, Profile, canonicalize_with, first_difference};
    use crate::model::artifact::ArtifactFormat;

    fn profile() -> &'static Profile {
        Profile::builtin(ArtifactFormat::Cyclonedx)
    }

    fn parted(text: &[u8], block: usize) -> Result<Partitioned, Unsuited> {
        let mut reader = PartitionReader::new(profile().rules(), "components", text.len());
        text.chunks(block).try_for_each(|block| reader.take(block))?;
        reader.finish()
    }

    fn whole(text: &[u8]) -> Option<Canonical> {
        canonicalize_with(profile(), text, &Limits::default()).ok()
    }

    fn bytes(parted: &Partitioned) -> Vec<u8> {
        parted.pieces().collect::<Vec<_>>().concat()
    }

    fn element() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["[ab]{0,2}", "[a\"\\\\é\u{10000}/\u{1}]{0,6}"];
        let license = prop_oneof![Just(json!("MIT")), Just(json!(1e21)), Just(json!({"b": -0.5, "a": [[]]}))];
        let object = (text.clone(), text, prop::collection::vec(license, 0..3)).prop_map(|(purl, version, licenses)| {
            json!({ "version": version, "purl": purl, "licenses": licenses, "components": [{"a": 1}, {}], "type": "x" })
        });
        prop_oneof![9 => object, 1 => Just(json!({})), 1 => Just(json!([1, "a"])), 1 => (0..30).prop_map(Value::from)]
    }

    fn document() -> impl Strategy<Value = Value> {
        let elements = prop::collection::vec(element(), 0..8);
        (elements, "[abz]{0,3}", any::<bool>()).prop_map(|(elements, name, has_more)| {
            let mut document = json!({ "components": elements, "serialNumber": "x", "zeta": { "components": [2, 1] } });
            document[name] = json!([3]);
            if has_more {
                document["metadata"] = json!({ "timestamp": "now", "component": { "components": [{}] } });
            }
            document
        })
    }

    proptest! {
        #[test]
        fn it_comes_to_the_canonical_form(document in document(), seed in any::<u64>(), block in 1_usize..99) {
            let text = Scramble::new(seed).spelling_and_order(&document);
            let Some(expected) = whole(text.as_bytes()) else { return Err(TestCaseError::reject("an odd number")) };
            match parted(text.as_bytes(), block) {
                Ok(parted) => {
                    prop_assert_eq!(String::from_utf8(bytes(&parted)), String::from_utf8(expected.bytes));
                    prop_assert_eq!(parted.masked(), &expected.masked);
                }
                // The name of the set in another spelling.
                Err(Unsuited) => prop_assert_eq!(ArrayLocator::new("components").find(text.as_bytes()), None, "{}", text),
            }
        }

        #[test]
        fn what_is_damaged_is_never_read_as_something_else(
            document in document(), at in any::<prop::sample::Index>(), block in 1_usize..99, cut in 0..4_usize,
            with in ".{0,2}|[\\[\\]{},:\"\\\\0-9eE.+-]{1,3}",
        ) {
            let mut text = document.to_string().into_bytes();
            let at = at.index(text.len());
            let end = (at + cut).min(text.len());
            text.splice(at..end, with.bytes());
            for text in [&text[..], &text[..at]] {
                if let Ok(parted) = parted(text, block) {
                    prop_assert_eq!(Some(bytes(&parted)), whole(text).map(|whole| whole.bytes));
                }
            }
        }

        #[test]
        fn two_differ_where_their_canonical_forms_do(mut a in document(), b in document(), kept in 0_usize..9) {
            if let (Some(of_a), Some(of_b)) = (a["components"].as_array_mut(), b["components"].as_array()) {
                of_a.extend(of_b.iter().rev().take(kept).cloned());
            }
            let [a, b] = [a, b].map(|document| document.to_string());
            let (Some(whole_a), Some(whole_b)) = (whole(a.as_bytes()), whole(b.as_bytes())) else { return Ok(()) };
            let [a, b] = [a, b].map(|text| parted(text.as_bytes(), 64).ok().unwrap());
            prop_assert_eq!(a.first_difference(&b), first_difference(&whole_a.bytes, &whole_b.bytes));
            let (only_a, only_b) = a.unpaired(&b);
            let paired = |of: &Partitioned, only: &[usize]| -> Vec<String> {
                (0..of.len()).filter(|index| !only.contains(index)).map(|index| of.element(index).to_owned()).collect()
            };
            prop_assert_eq!(paired(&a, &only_a), paired(&b, &only_b));
            for index in only_a {
                prop_assert!(only_b.iter().all(|other| b.element(*other) != a.element(index)));
            }
        }
    }

    #[test]
    fn what_looks_at_more_than_one_place_is_left_to_the_whole() {
        let id = "3e671687-395b-41f5-a30f-b58921a69b79";
        for text in [
            format!(r#"{{"components":[{{"bom-ref":"{id}"}}]}}"#),
            format!(r#"{{"components":[],"metadata":{{"component":{{"bom-ref":"{id}"}}}}}}"#),
            r#"{"components":[],"components":[]}"#.to_owned(),
            r#"{"components":[1,]}"#.to_owned(),
            r#"{"components":[1]"#.to_owned(),
            r#"{"components":[1]}}"#.to_owned(),
            r#"["components",[]]"#.to_owned(),
            format!(r#"{{"components":[{}1{}]}}"#, "[".repeat(DEEPEST), "]".repeat(DEEPEST)),
            "{}".to_owned(),
            String::new(),
        ] {
            assert!(parted(text.as_bytes(), 7).is_err(), "{text}");
        }
    }

    /// An element that is longer than many blocks is not read anew for each of them.
    #[test]
    fn a_long_element_is_read() {
        let text = format!(r#"{{"components":["{}",{{}}]}}"#, "x".repeat(1 << 20));
        assert_eq!(parted(text.as_bytes(), 64).ok().map(|parted| parted.len()), Some(2));
    }
}
