//! Profiles and adapters as people write them: a profile that is read is written and read back, and canonicalises.

use stella::canonical::{Limits, Profile, Roots, canonicalize_with, explain};
use stella::config::adapter::Adapter;
use stella::profiling::mutation;

const DOCUMENT: &[u8] = include_bytes!("../../tests/data/canonical/sarif/full.json");

/// One run of the target.
pub fn run(text: &str) {
    let _ = Adapter::parse(text);
    let Ok(profile) = Profile::parse(text) else { return };
    let written = profile.to_yaml().expect("it was read");
    let again = Profile::parse(&written).expect("we wrote it");
    assert_eq!(again.digest(), profile.digest());
    let limits = Limits::default();
    let once = canonicalize_with(&profile, DOCUMENT, &limits).expect("it is JSON");
    let explained = explain(&profile, &Roots::default(), DOCUMENT, &limits).expect("it is JSON");
    assert_eq!(once.digest, explained.digest);
    let _ = mutation::run(&profile, &Roots::default(), br#"{"a":[1,{"b":"c"}],"d":"/e"}"#, &limits);
}
