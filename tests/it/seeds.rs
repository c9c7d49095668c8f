//! The fuzz targets without the fuzzer: each is run once over the committed files that it begins with.
//!
//! libFuzzer searches for hours; this holds that what it found, and what other tests keep, stays found.

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use targets::{Run, TARGETS};

const SEEDS: &str = include_str!("../../fuzz/seeds.txt");

macro_rules! over_their_seeds {
    ($($target:ident)*) => {
        const TESTED: &[&str] = &[$(stringify!($target)),*];
        $(
            #[test]
            fn $target() {
                over_its_seeds(stringify!($target));
            }
        )*
    };
}

over_their_seeds! {
    advisories archives canonicalize configuration documents images inventories manifests names policies profiles sandbox versions
}

/// An input, and where it comes from.
type Seed = (String, Vec<u8>);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file at or below `path`, sorted.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut below: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    below.sort();
    below.iter().flat_map(|path| files(path)).collect()
}

/// The lines of `fuzz/seeds.txt`: target, way, paths.
fn listed() -> impl Iterator<Item = (&'static str, &'static str, Vec<&'static str>)> {
    SEEDS.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut words = line.split_whitespace();
        (words.next().unwrap(), words.next().unwrap(), words.collect())
    })
}

fn seeds(target: &str) -> Vec<Seed> {
    let own = root().join("fuzz/seeds").join(target);
    let mut seeds = Vec::new();
    let mut take = |path: &Path, how: &str| {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let bytes = fs::read(path).unwrap();
        let text = || String::from_utf8(bytes.clone()).unwrap();
        let named = |(at, part): (usize, String)| (format!("{name}, part {at}"), part.into_bytes());
        match how {
            "files" => seeds.push((name, bytes)),
            "lines" => seeds.extend(text().lines().map(str::to_owned).enumerate().map(named)),
            "triples" => {
                let words: Vec<String> = text().split([' ', '\n']).map(str::to_owned).collect();
                seeds.extend(words.chunks(3).map(|words| words.join("\n")).enumerate().map(named));
            }
            how => panic!("fuzz/seeds.txt: `{how}` is not a way to read {name}"),
        }
    };
    if own.is_dir() {
        files(&own).iter().for_each(|path| take(path, "files"));
    }
    for (_, how, paths) in listed().filter(|(name, ..)| *name == target) {
        paths.iter().flat_map(|path| files(&root().join(path))).for_each(|path| take(&path, how));
    }
    seeds
}

/// The seeds on which a run panics, whole or cut in the middle.
fn failing(run: Run, seeds: &[Seed]) -> Vec<String> {
    let mut failing = Vec::new();
    for (name, bytes) in seeds {
        let half = &bytes[..bytes.len() / 2];
        for (what, input) in [("the whole of", bytes.as_slice()), ("the first half of", half)] {
            if catch_unwind(|| run(input)).is_err() {
                failing.push(format!("{what} {name}"));
            }
        }
    }
    failing
}

fn over_its_seeds(target: &str) {
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).expect("it is in TARGETS");
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "`{target}` begins with nothing");
    let failing = failing(*run, &seeds);
    assert!(failing.is_empty(), "`{target}` panics on {failing:#?}");
}

#[test]
fn a_run_that_panics_is_told_with_its_seed() {
    let seeds = [("one".to_owned(), b"good".to_vec()), ("two".to_owned(), b"bad!".to_vec())];
    assert_eq!(failing(|input| assert_ne!(input, b"ba"), &seeds), ["the first half of two"]);
    assert_eq!(failing(|input| assert!(input.len() < 4), &seeds), ["the whole of one", "the whole of two"]);
}

#[test]
fn every_target_is_run_and_no_list_names_another() {
    let of_fuzzer: Vec<String> = files(&root().join("fuzz/targets"))
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(TESTED, of_fuzzer, "fuzz/targets");
    assert_eq!(TARGETS.map(|(name, _)| name), TESTED, "fuzz/src/lib.rs");
    for (target, how, paths) in listed() {
        assert!(TESTED.contains(&target) && !paths.is_empty(), "fuzz/seeds.txt: {target} {how}");
    }
}
