//! The canonicaliser on any bytes: no panic; what it accepts, another strict reader accepts and understands alike;
//! what is sent in blocks is what comes out at once; under rules, twice is the same as once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use stella::canonical::{Limits, Profile, Sink, canonicalize_with, jcs, send_with};
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

fuzz_target!(|input: &[u8]| {
    // The oracle reads no more than 128 levels.
    let limits = Limits::new(1 << 20, 100);
    let canonical = jcs::canonicalize(input, &limits);
    if let Ok(bytes) = &canonical {
        let value: Value = serde_json::from_slice(input).expect("a strict reader refuses what was accepted");
        assert_eq!(bytes, &serde_json_canonicalizer::to_vec(&value).expect("a value has a canonical form"));
    }
    for format in ArtifactFormat::ALL {
        let profile = Profile::builtin(format);
        let Ok(once) = canonicalize_with(profile, input, &limits) else {
            // What one profile refuses, all of JSON do.
            assert!(canonical.is_err());
            continue;
        };
        let mut sink = Gathered(Vec::new());
        let masked = send_with(profile, input, &limits, &mut sink).expect("accepted before");
        assert_eq!((&sink.0, &masked), (&once.bytes, &once.masked));
        // 1e20 is written as an integer, which is refused when it is read again.
        if let Ok(twice) = canonicalize_with(profile, &once.bytes, &limits) {
            assert_eq!(once.bytes, twice.bytes, "under {}", profile.name());
        }
    }
});
