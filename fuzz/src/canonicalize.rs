//! The canonicaliser on any bytes: no panic; what it accepts, another strict reader accepts and understands alike; one
//! pass is what the way by a document is, at once, in blocks and in windows; under rules, twice is the same as once.

use std::collections::BTreeMap;

use serde_json::Value;
use stella::canonical::{
    Limits, Profile, Roots, Sink, Source, Unsuited, canonicalize_with, explain, jcs, send_in_windows, send_with,
};
use stella::format::detect;
use stella::model::artifact::ArtifactFormat;

struct Gathered(Vec<u8>);

impl Sink for Gathered {
    fn take(&mut self, block: &mut Vec<u8>) {
        self.0.append(block);
    }

    fn restart(&mut self) {
        self.0.clear();
    }
}

struct Pieces<'i> {
    input: &'i [u8],
    rest: &'i [u8],
}

impl Source for Pieces<'_> {
    fn fill(&mut self, room: &mut [u8]) -> Result<usize, Unsuited> {
        let (now, later) = self.rest.split_at(self.rest.len().min(room.len()));
        room[..now.len()].copy_from_slice(now);
        self.rest = later;
        Ok(now.len())
    }

    fn restart(&mut self) -> Result<(), Unsuited> {
        self.rest = self.input;
        Ok(())
    }
}

/// One run of the target.
pub fn run(input: &[u8]) {
    // The oracle reads no more than 128 levels.
    let limits = Limits::new(1 << 20, 100);
    let canonical = jcs::canonicalize(input, &limits);
    if let Ok(bytes) = &canonical {
        let value: Value = serde_json::from_slice(input).expect("a strict reader refuses what was accepted");
        assert_eq!(bytes, &serde_json_canonicalizer::to_vec(&value).expect("a value has a canonical form"));
    }
    // Its own, and one more; all of them would take twenty times as long.
    let known: Vec<_> = ArtifactFormat::ALL.iter().copied().map(Profile::builtin).chain(Profile::tools()).collect();
    let tool = detect::tool::recognise(input).as_ref().and_then(Profile::named);
    let profiles = [Profile::builtin(detect(input)), known[input.len() % known.len()]];
    for profile in profiles.into_iter().chain(tool) {
        under(profile, input, &limits, canonical.is_ok());
    }
}

fn under(profile: &Profile, input: &[u8], limits: &Limits, is_json: bool) {
    // It always goes by a document.
    let explained = explain(profile, &Roots::default(), input, limits);
    let mut gathered = Gathered(Vec::new());
    let window = 1 + input.len() % 251;
    let in_windows = send_in_windows(profile, &mut Pieces { input, rest: input }, window, limits, &mut gathered);
    let once = match (canonicalize_with(profile, input, limits), &explained) {
        (Ok(once), Ok(_)) => once,
        (once, explained) => {
            // What one profile refuses, all of JSON do.
            assert!(!is_json, "`{}` refuses JSON", profile.name());
            assert_eq!(in_windows, Err(Unsuited), "under {}", profile.name());
            return assert_eq!(once.err(), explained.as_ref().err().cloned(), "under {}", profile.name());
        }
    };
    let explained = explained.expect("it was matched");
    assert_eq!((once.digest, once.bytes.len()), (explained.digest, explained.bytes), "under {}", profile.name());
    let mut hidden = BTreeMap::new();
    for used in explained.rules {
        let rule = &profile.rules()[used.index];
        if used.count > 0 && rule.action().code() != "set" {
            *hidden.entry(rule.path().to_string()).or_insert(0) += used.count;
        }
    }
    assert_eq!(once.masked, hidden, "under {}", profile.name());
    if let Ok(masked) = &in_windows {
        assert_eq!((&gathered.0, masked), (&once.bytes, &once.masked), "in windows, under {}", profile.name());
    }
    let mut sink = Gathered(Vec::new());
    let masked = send_with(profile, input, limits, &mut sink).expect("it was accepted at once");
    assert_eq!((&sink.0, &masked), (&once.bytes, &once.masked), "under {}", profile.name());
    // 1e20 is written as an integer, which is refused when it is read again.
    if let Ok(twice) = canonicalize_with(profile, &once.bytes, limits) {
        assert_eq!(once.bytes, twice.bytes, "under {}", profile.name());
    }
}
