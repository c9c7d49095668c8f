//! Real scanners, recorded and replayed. `make real-parts` installs them; a test whose scanner is not there says so and
//! passes, unless `STELLA_TEST_REAL` is set.

mod act;
mod beside_osv_scanner;
mod parts;
mod readers;
mod scans;
#[cfg(feature = "registry")]
mod sigstore;
mod subject;
#[cfg(feature = "registry")]
mod thefts;
#[cfg(feature = "registry")]
mod two_jobs;
mod workflows;
mod zip;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stella::config::adapter::Adapter;

use crate::cli::scene::only;
use crate::harness::{Run, World};
use crate::real::scans::{SCANS, Scan};

/// The program of a scan; `None` where it is not installed, which is then said.
pub fn program(part: &str) -> Option<PathBuf> {
    let why = match parts::program(part) {
        Ok(program) => return Some(program),
        Err(why) => why,
    };
    assert!(std::env::var_os("STELLA_TEST_REAL").is_none(), "{why}");
    eprintln!("skipped the scans of {part}: {why}");
    None
}

/// Every scan of one adapter.
fn holds(adapter: &str) {
    let scans: Vec<&Scan> = SCANS.iter().filter(|scan| scan.adapter == adapter).collect();
    assert!(!scans.is_empty());
    let Some(program) = program(scans[0].part) else { return };
    for scan in scans {
        let world = World::new();
        let run = |folder: &str, manifest: &str, out: &str| {
            let folder = world.work(folder);
            std::fs::create_dir_all(&folder).unwrap();
            scans::write(&folder).unwrap();
            let more = ["--emit-manifest", manifest, "--emit-artifacts-dir", out];
            scan.record(&world, 0, (&program, &folder), &more);
            let manifest = world.json(manifest);
            assert_ne!(manifest["scanner"]["scanner_version"], "unknown", "{adapter}");
            manifest
        };
        // Where the checkout lies and what its folder is called must not show.
        let first = run("one", "one.json", "one-out");
        let second = run("another/checkout", "two.json", "two-out");
        let canonical = |manifest: &Value| -> Vec<(String, String)> {
            let artifacts = manifest["artifacts"].as_array().unwrap().iter();
            artifacts.map(|a| (a["path"].to_string(), a["canonical_sha256"].to_string())).collect()
        };
        assert_eq!(canonical(&first), canonical(&second), "{adapter}");
        for artifact in first["artifacts"].as_array().unwrap() {
            let text = world.read(&format!("one-out/{}", artifact["path"].as_str().unwrap()));
            for word in scan.finds {
                // SARIF and JSON write `/` and `@` in purls as they are or escaped.
                let escaped = word.replace('@', "%40");
                assert!(text.contains(word) || text.contains(&escaped), "`{word}` is not in {artifact}:\n{text}");
            }
        }

        let roots = first["environment"]["roots"].as_array().cloned().unwrap_or_default();
        let shown: Vec<&str> = roots.iter().flat_map(|root| ["--ro", root.as_str().unwrap()]).collect();
        let replay = |expected: u8, more: &[&str]| {
            let words = [&["replay", "--from", "one.json", "--format", "json"], more, &shown[..]].concat();
            world.stella(expected, &words).stdout_json()
        };
        let result = replay(0, &[]);
        assert_eq!(only(&result)["levels"]["bf"], true, "{adapter}");

        // With all that it read of the machine it is replayed in a root where nothing of the machine is.
        scan.record(&world, 0, (&program, &world.work("one")), &["--closure", "--emit-manifest", "whole.json"]);
        let whole = world.json("whole.json");
        if whole["environment"]["isolation"] == "full" {
            assert_eq!(
                (&whole["scanner"]["kind"], whole["environment"].get("roots")),
                (&"closure".into(), None),
                "{adapter}"
            );
            for _ in 0..3 {
                let replayed = world.stella(0, &["replay", "--from", "whole.json", "--format", "json"]).stdout_json();
                assert_eq!(only(&replayed)["levels"]["bf"], true, "{adapter} {}", scan.output);
            }
        }

        // What matters is not hidden by the profile.
        scan.change(&world.work("another/checkout")).unwrap();
        let changed = format!("input={}", world.work("another/checkout").join(scan.input).display());
        let result = replay(1, &["--with", &changed]);
        assert_eq!(only(&result)["outcome"], "drift", "{adapter} {}", scan.output);
        assert_eq!(only(&result)["mismatch_reason"], "input_drift");
    }
}

impl Scan {
    /// Records it, from inputs that lie in the second place.
    fn record(&self, world: &World, expected: u8, (program, folder): (&Path, &Path), more: &[&str]) -> Run {
        let words: Vec<String> = self.arguments(program, folder);
        let words = words.iter().map(String::as_str).chain(more.iter().copied());
        world.stella(expected, &words.collect::<Vec<_>>())
    }
}

/// What osv-scanner writes does not say which database it read: only the recording does.
#[test]
fn another_database_of_osv_scanner_is_feed_drift_and_a_broken_one_is_no_scan() {
    let Some(program) = program("osv-scanner") else { return };
    let scan = SCANS.iter().find(|scan| scan.adapter == "osv-scanner").unwrap();
    let world = World::new();
    let folder = world.work("");
    scans::write(&folder).unwrap();
    scan.record(&world, 0, (&program, &folder), &["--emit-manifest", "one.json"]);
    assert_eq!(world.json("one.json")["scanner"]["expected_exit_codes"], json!([0, 1]));

    let npm = "osv/osv-scalibr/npm/all.zip";
    std::fs::copy(world.work("osv/osv-scalibr/PyPI/all.zip"), world.work(npm)).unwrap();
    let swapped = ["replay", "--from", "one.json", "--with", "feed=osv", "--format", "json"];
    let result = world.stella(1, &swapped).stdout_json();
    assert_eq!(only(&result)["outcome"], "drift");
    assert_eq!(only(&result)["mismatch_reason"], "feed_drift");

    world.write(npm, "no archive");
    let run = scan.record(&world, 3, (&program, &folder), &["--emit-manifest", "two.json"]);
    run.complains(&["exit code 127, expected [0, 1]"]);
    assert!(!world.exists("two.json"));
}

macro_rules! scanners {
    ($($test:ident = $adapter:literal;)*) => {
        $(
            #[test]
            fn $test() {
                holds($adapter);
            }
        )*

        /// A scan that no test runs would hold nothing.
        #[test]
        fn every_scan_is_run() {
            let tested = [$($adapter),*];
            for scan in &SCANS {
                assert!(tested.contains(&scan.adapter), "{}", scan.adapter);
            }
            for adapter in Adapter::builtin().iter().filter(|adapter| adapter.verified.is_some()) {
                assert!(tested.contains(&adapter.name.as_str()), "`{}` is called verified and nothing runs it", adapter.name);
                for output in adapter.outputs.keys() {
                    let mut scans = SCANS.iter().filter(|scan| scan.adapter == adapter.name);
                    let runs = scans.any(|scan| scan.output.split(',').any(|asked| asked == output));
                    assert!(runs, "nothing runs `{}` of `{}`", output, adapter.name);
                }
            }
        }
    };
}

scanners! {
    bandit_repeats = "bandit";
    semgrep_repeats = "semgrep";
    zizmor_repeats = "zizmor";
    detect_secrets_repeats = "detect-secrets";
    osv_scanner_repeats = "osv-scanner";
    syft_repeats = "syft";
    cyclonedx_py_repeats = "cyclonedx-py";
    npm_sbom_repeats = "npm-sbom";
}
