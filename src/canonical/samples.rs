//! What each built-in profile does to a document of its format or tool, place by place.
//!
//! For every scalar: is a change of it seen? For every array: is another order of it seen? The answers are kept in
//! `tests/data/canonical`, where a profile that begins to hide something shows it in a line.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::canonical::rule::Action;
use crate::canonical::scramble::{Scramble, arrays, scalars};
use crate::canonical::{Canonical, Limits, Profile, Roots, canonicalize_rooted};
use crate::model::artifact::ArtifactFormat;
use crate::model::digest::Digest;
use crate::profiling::mutation;

struct Sample {
    profile: &'static Profile,
    path: PathBuf,
    document: Value,
}

/// Every built-in profile that has rules to test, or none on purpose.
fn profiles() -> Vec<&'static Profile> {
    let formats = ArtifactFormat::ALL.iter().copied().filter(|format| *format != ArtifactFormat::Bytes);
    formats.map(Profile::builtin).chain(Profile::tools()).collect()
}

fn samples() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/canonical");
    let mut samples = Vec::new();
    for profile in profiles() {
        for entry in folder.join(profile.name()).read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let document = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
                samples.push(Sample { profile, path, document });
            }
        }
    }
    samples
}

fn canonical(profile: &Profile, document: &Value) -> Canonical {
    of_text(profile, &document.to_string())
}

/// Every sample is of a scan whose input lay in the same folder.
fn of_text(profile: &Profile, text: &str) -> Canonical {
    let roots = Roots::new(["/home/ci/app"]).unwrap();
    canonicalize_rooted(profile, &roots, text.as_bytes(), &Limits::default()).unwrap()
}

fn reverse(document: &Value, pointer: &str) -> Value {
    let mut changed = document.clone();
    changed.pointer_mut(pointer).unwrap().as_array_mut().unwrap().reverse();
    changed
}

#[test]
fn what_is_seen_of_each_format() {
    for Sample { profile, path, document } in samples() {
        let before = canonical(profile, &document).digest;
        let mut outline = String::from("change not seen:\n");
        for pointer in scalars(&document) {
            let mut changed = document.clone();
            *changed.pointer_mut(&pointer).unwrap() = Value::from("changed");
            if canonical(profile, &changed).digest == before {
                writeln!(outline, "  {pointer}").unwrap();
            }
        }
        let (hidden, seen): (Vec<_>, Vec<_>) = arrays(&document)
            .into_iter()
            .partition(|pointer| canonical(profile, &reverse(&document, pointer)).digest == before);
        for (title, pointers) in [("order not seen", hidden), ("order seen", seen)] {
            writeln!(outline, "{title}:").unwrap();
            pointers.iter().for_each(|pointer| writeln!(outline, "  {pointer}").unwrap());
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(path.parent().unwrap());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        settings.bind(|| insta::assert_snapshot!(name, outline));
    }
}

/// A rule without a place in any sample of its format would be a rule that nothing tests.
#[test]
fn every_rule_does_something_to_a_sample() {
    for profile in profiles() {
        let mut unused: BTreeSet<&str> = profile.rules().iter().map(|rule| rule.path().as_str()).collect();
        // Formats with the same rules share their samples.
        for sample in samples().iter().filter(|sample| sample.profile.rules() == profile.rules()) {
            unused.retain(|path| !canonical(profile, &sample.document).masked.contains_key(*path));
            let reordered = reordered(profile, &sample.document);
            for (at, rule) in profile.rules().iter().enumerate().filter(|(_, rule)| *rule.action() != Action::Drop) {
                let without = profile.without(at);
                if digest(&without, &reordered) != digest(&without, &sample.document) {
                    unused.remove(rule.path().as_str());
                }
            }
        }
        assert!(unused.is_empty(), "{}: rules that do nothing to any sample: {unused:?}", profile.name());
    }
}

/// `document` with every array reversed of which `profile` hides the order.
fn reordered(profile: &Profile, document: &Value) -> Value {
    let before = digest(profile, document);
    let hidden = arrays(document).into_iter().filter(|p| digest(profile, &reverse(document, p)) == before);
    // From within, so that pointers stay right.
    let pointers: Vec<String> = hidden.collect();
    pointers.iter().rev().fold(document.clone(), |document, pointer| reverse(&document, pointer))
}

fn digest(profile: &Profile, document: &Value) -> Digest {
    let roots = Roots::default();
    canonicalize_rooted(profile, &roots, document.to_string().as_bytes(), &Limits::default()).unwrap().digest
}

#[test]
fn another_spelling_is_the_same_document() {
    for Sample { profile, document, .. } in samples() {
        for seed in 0..20 {
            let text = Scramble::new(seed).spelling(&document);
            assert_eq!(of_text(profile, &text), canonical(profile, &document));
        }
    }
}

#[test]
fn canonical_documents_stay_as_they_are() {
    for Sample { profile, document, .. } in samples() {
        let once = canonical(profile, &document);
        let twice = of_text(profile, std::str::from_utf8(&once.bytes).unwrap());
        assert_eq!((once.digest, twice.masked.len()), (twice.digest, 0), "{}", profile.name());
    }
}

/// What a reader would act upon is seen, and nothing else, in every sample.
#[test]
fn every_builtin_profile_stands_its_trial() {
    for Sample { profile, path, document } in samples() {
        let roots = Roots::new(["/home/ci/app"]).unwrap();
        let text = document.to_string();
        let trial = mutation::run(profile, &roots, text.as_bytes(), &Limits::default()).unwrap();
        assert!(trial.is_clean(), "{}: {trial:#?}", path.display());
        assert!(trial.kills().0 > 0 && trial.false_alarms().0 > 0, "{}", path.display());
    }
}
