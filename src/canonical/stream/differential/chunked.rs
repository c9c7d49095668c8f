//! A document in windows against the way by a document.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Gathered, Outcome, by_document, json, long, looks_further, profile, profiles};
use crate::canonical::scramble::Scramble;
use crate::canonical::stream::{self, BLOCK, Sink, Source, Unsuited};
use crate::canonical::{Limits, Profile};
use crate::model::artifact::ArtifactFormat;

/// A text that comes in pieces of at most so many bytes.
pub(in crate::canonical::stream) struct Pieces<'t> {
    text: &'t [u8],
    at: usize,
    most: usize,
    restarts: usize,
}

impl<'t> Pieces<'t> {
    pub(in crate::canonical::stream) fn new(text: &'t [u8], most: usize) -> Self {
        Self { text, at: 0, most, restarts: 0 }
    }
}

impl Source for Pieces<'_> {
    fn fill(&mut self, room: &mut [u8]) -> Result<usize, Unsuited> {
        assert!(!room.is_empty());
        let piece = &self.text[self.at..];
        let count = piece.len().min(room.len()).min(self.most);
        room[..count].copy_from_slice(&piece[..count]);
        self.at += count;
        Ok(count)
    }

    fn restart(&mut self) -> Result<(), Unsuited> {
        (self.at, self.restarts) = (0, self.restarts + 1);
        Ok(())
    }
}

fn read(text: &[u8], profile: &Profile, limits: &Limits, (window, early): (usize, usize)) -> Result<Outcome, Unsuited> {
    let mut sink = Gathered::default();
    let mut source = Pieces::new(text, window * 2 / 3 + 1);
    match stream::send_in_windows(&mut source, window, early, profile.rules(), limits, &mut sink) {
        Ok(masked) => Ok(Ok((sink.bytes, masked))),
        Err(Unsuited) => {
            assert!(sink.bytes.is_empty(), "what was sent is void");
            Err(Unsuited)
        }
    }
}

/// What is refused, and what needs a document, is unsuited; all else comes out the same.
#[track_caller]
fn agree(text: &[u8], profile: &Profile, limits: &Limits, sizes: (usize, usize)) {
    let expected = by_document(text, profile, limits);
    let shown = || String::from_utf8_lossy(&text[..text.len().min(2_000)]).into_owned();
    match read(text, profile, limits, sizes) {
        Ok(found) => assert!(found == expected, "{} under {:?} by {sizes:?}", shown(), profile.rules()),
        Err(Unsuited) => {
            let is_left = expected.is_err() || looks_further(profile);
            assert!(is_left, "{} under {:?} by {sizes:?} is unsuited", shown(), profile.rules());
        }
    }
}

/// Windows of every size, and arrays sent from few bytes on or not before the end.
fn sizes() -> impl Strategy<Value = (usize, usize)> {
    (prop_oneof![1_usize..9, 1_usize..300], prop_oneof![1_usize..40, Just(BLOCK)])
}

/// Arrays side by side in the root, and what stands between them, long enough to be cut anywhere.
fn wide() -> impl Strategy<Value = Value> {
    let array = || prop::collection::vec(json(), 0..9).prop_map(Value::from);
    let member = ("[ab]{0,2}|é", prop_oneof![4 => array().boxed(), 1 => json().boxed()]);
    prop_oneof![
        3 => prop::collection::vec(member, 0..6).prop_map(Value::from_iter),
        1 => prop::collection::vec(prop_oneof![array().boxed(), json().boxed()], 0..6).prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn of_any_document_under_any_rules(value in prop_oneof![json(), wide()], seed: u64, sizes in sizes()) {
        let text = Scramble::new(seed).spelling_and_order(&value);
        for profile in profiles() {
            agree(text.as_bytes(), &profile, &Limits::default(), sizes);
            agree(value.to_string().as_bytes(), &profile, &Limits::default(), sizes);
        }
    }

    #[test]
    fn of_any_damaged_document(
        value in prop_oneof![json(), wide()], seed: u64, at: prop::sample::Index, cut in 0..4_usize, sizes in sizes(),
        with in ".{0,2}|[\\[\\]{},:\"\\\\0-9eE.+-]{1,3}|\u{feff}",
    ) {
        let mut text = Scramble::new(seed).spelling(&value).into_bytes();
        let at = at.index(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, with.bytes());
        for profile in profiles().iter().step_by(2) {
            agree(&text, profile, &Limits::default(), sizes);
            agree(&text[..at], profile, &Limits::default(), sizes);
        }
    }

    #[test]
    fn of_any_limit(value in json(), depth in 0..6_usize, size in 0..200_usize, sizes in sizes()) {
        let (text, limits) = (value.to_string(), Limits::new(size, depth));
        for profile in profiles().iter().take(3) {
            agree(text.as_bytes(), profile, &limits, sizes);
        }
    }

    /// The set that a profile of an inventory is about, and rules beside and below it.
    #[test]
    fn of_an_inventory(names in prop::collection::vec("[ab\"é]{0,3}", 0..9), seed: u64, sizes in sizes()) {
        let component = |name: &String| json!({ "purl": name, "version": name.len(), "licenses": ["b", "a"], "type": 1e21 });
        let components: Vec<Value> = names.iter().map(component).collect();
        let document = json!({
            "bomFormat": "CycloneDX", "serialNumber": "x", "components": components, "version": 1,
            "metadata": { "timestamp": "now", "tools": [{ "b": 1, "a": [] }] }, "dependencies": components,
        });
        let text = Scramble::new(seed).spelling_and_order(&document);
        agree(text.as_bytes(), Profile::builtin(ArtifactFormat::Cyclonedx), &Limits::default(), sizes);
    }
}

/// Values that a window may end in, so that what was read of them is right and not all.
#[test]
fn on_values_that_go_on() {
    let rows = [
        "12",
        "-1.5e-7",
        " \n\"a\" ",
        "[]",
        "{}",
        "true",
        " [ ] ",
        "[[],[[]],{}]",
        "[99999999999999999.5]",
        "[1e400]",
        "[1000000000000000000000000e-9]",
        r#"["\ud83d\ude00"]"#,
        r#"{"\ud83d\ude00":[1,2],"é":{}}"#,
        "",
        " ",
        "[1] ]",
        "1 2",
        r#"{"a":1,"a":2}"#,
        r#"{"b":[1,2],"\u0062":[3]}"#,
        "[1,2",
        "[1,2]x",
    ];
    let rules = profile("- {path: /a, action: drop, reason: r}\n- {path: /*/b, action: mask, reason: r}");
    for row in rows {
        for window in 1..=row.len() + 2 {
            for profile in [&rules, Profile::builtin(ArtifactFormat::Json)] {
                agree(row.as_bytes(), profile, &Limits::default(), (window, 1));
            }
        }
    }
}

/// A dropped member takes the comma before it along, over which a window may have ended.
#[test]
fn on_members_that_are_dropped() {
    let rules = profile(
        "- {path: /a, action: drop, reason: r}\n- {path: /c, action: drop, reason: r}\n- {path: /e/*, action: drop, reason: r}",
    );
    for text in [
        r#"{"a":[1,2],"b":[1,2],"c":{"x":1},"d":3}"#,
        r#"{"d":3,"c":[1,2] ,"b":[1,2], "a":[[1,2],3]}"#,
        r#"{"a":1,"c":2}"#,
        r#"{"e":[1,2,3],"a":[],"c":[4,[5,6]],"b":0}"#,
    ] {
        for window in 1..40 {
            for early in [1, 8, BLOCK] {
                agree(text.as_bytes(), &rules, &Limits::default(), (window, early));
            }
        }
    }
}

#[test]
fn a_wrong_guess_is_taken_back() {
    let array = long(250_000);
    let plain = Profile::builtin(ArtifactFormat::Json);
    for (text, restarts) in [
        (format!(r#"{{"m":{array},"a":1}}"#), 1),
        (format!(r#"{{"m":{array},"z":1,"a":{array}}}"#), 1),
        (format!(r#"{{"a":1,"m":{array},"n":{array}}}"#), 0),
        (array.clone(), 0),
    ] {
        let mut source = Pieces::new(text.as_bytes(), usize::MAX);
        let mut sink = Gathered::default();
        let done = stream::send_in_windows(&mut source, 10_000, BLOCK, plain.rules(), &Limits::default(), &mut sink);
        assert!(done.is_ok());
        assert_eq!((source.restarts, sink.restarts), (restarts, restarts));
        assert!(
            sink.blocks > 1
                && Ok(sink.bytes) == by_document(text.as_bytes(), plain, &Limits::default()).map(|(bytes, _)| bytes)
        );
    }
}

/// What is sent early is sent before the rest is read.
#[test]
fn what_is_long_is_sent_while_it_is_read() {
    struct CountingSource<'t> {
        pieces: Pieces<'t>,
        taken: &'t std::cell::Cell<usize>,
        most: usize,
    }
    impl Source for CountingSource<'_> {
        fn fill(&mut self, room: &mut [u8]) -> Result<usize, Unsuited> {
            let count = self.pieces.fill(room)?;
            self.most = self.most.max(self.pieces.at - self.taken.get());
            Ok(count)
        }

        fn restart(&mut self) -> Result<(), Unsuited> {
            Err(Unsuited)
        }
    }
    struct Count<'t>(&'t std::cell::Cell<usize>);
    impl Sink for Count<'_> {
        fn take(&mut self, block: &mut Vec<u8>) {
            self.0.set(self.0.get() + block.len());
        }

        fn restart(&mut self) {}
    }
    let canonical: Vec<String> = (0..200_000).map(|i| format!(r#"{{"a":{i},"b":"x"}}"#)).collect();
    let array = canonical.join(",");
    for text in [format!("[{array}]"), format!(r#"{{"a":1,"b":[{array}],"c":[{array}]}}"#)] {
        let taken = std::cell::Cell::new(0);
        let mut source = CountingSource { pieces: Pieces::new(text.as_bytes(), usize::MAX), taken: &taken, most: 0 };
        let done = stream::send_in_windows(&mut source, 4_096, BLOCK, &[], &Limits::default(), &mut Count(&taken));
        assert!(done.is_ok() && taken.get() == text.len());
        assert!(source.most < 3 * BLOCK, "{} bytes were read and not sent", source.most);
    }
}

/// Members so deep that they are not moved but read in another order, over which a window may end.
#[test]
fn on_members_that_are_read_in_another_order() {
    let nest = format!("{}[2,1]{}", r#"{"b":0,"a":"#.repeat(12), "}".repeat(12));
    for text in [format!("[{nest},{nest},0]"), format!(r#"{{"z":[{nest},{nest}],"b":{nest},"a":[0,{nest}]}}"#)] {
        for window in (1..text.len()).step_by(5) {
            for profile in profiles().iter().step_by(2) {
                agree(text.as_bytes(), profile, &Limits::default(), (window, 1 + window % 7 * 40));
            }
        }
    }
}

/// Of an array whose elements were all dropped so far nothing is sent, since the comma behind them is dropped as well.
#[test]
fn dropped_elements_take_their_commas_along_wherever_a_block_ends() {
    let rules = profile("- {path: /*/*, action: drop, reason: r}");
    let text = format!("[{}]", vec!["[1,2,3]"; 200].join(","));
    let some = profile("- {path: /*/*, action: drop, reason: r}\n- {path: /*/a, action: mask, reason: r}");
    for early in 1..40 {
        for window in [8, 50, 10_000] {
            agree(text.as_bytes(), &rules, &Limits::default(), (window, early));
            let object = format!(r#"{{"a":{text},"b":{text},"c":[{text}]}}"#);
            agree(object.as_bytes(), &some, &Limits::default(), (window, early));
        }
    }
}

/// The names of the root stand at the beginning of a window, where an empty one takes no room.
#[test]
fn an_empty_name_that_comes_twice_is_left_to_the_whole() {
    let text = format!(r#"{{"":1,"":2,"c":[{}]}}"#, vec!["1"; 9_000].join(","));
    for window in [8, 100, 6_000] {
        let plain = Profile::builtin(ArtifactFormat::Json);
        assert!(read(text.as_bytes(), plain, &Limits::default(), (window, 1)).is_err());
    }
}
