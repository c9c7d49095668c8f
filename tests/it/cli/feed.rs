//! `stella feed`: bundles that are named by their digest.

use std::fs;
use std::path::PathBuf;

use stella::model::digest::Digest;

use crate::cli::scene::{advisory, recorded, scene};
use crate::harness::{World, files, valid};

/// Builds the bundle of `folder` into `bundles/` and returns its path.
fn build(world: &World, folder: &str) -> PathBuf {
    let run = world.stella(0, &["feed", "build", folder, "--out-dir", "bundles", "--format", "json"]);
    valid(&run.stdout_json(), "feed-bundle-info-v1.json");
    world.work(run.stdout_json()["bundle"].as_str().unwrap())
}

#[test]
fn the_name_is_the_digest_and_the_same_records_give_the_same_bundle() {
    let world = scene();
    let bundle = build(&world, "later");
    let bytes = fs::read(&bundle).unwrap();
    let digest = Digest::of(&bytes);
    assert_eq!(bundle.file_name().unwrap().to_str().unwrap(), format!("{}.tar.zst", digest.hex()));

    // Written in another order, at another time, under another name.
    for name in ["GHSA-old.json", "GHSA-new.json"] {
        world.write(&format!("copy/{name}"), world.read(&format!("later/{name}")));
    }
    assert_eq!(build(&world, "copy"), bundle);
    assert_eq!(files(&world.work("bundles")).len(), 1);

    let path = bundle.to_str().unwrap();
    let run = world.stella(0, &["feed", "verify", path]);
    run.says(&["records  2", &format!("archive  {digest}"), "content  sha256:"]);
}

#[test]
fn a_directory_and_its_bundle_are_one_feed() {
    let world = scene();
    let bundle = build(&world, "feed");
    let scan = ["scan", "--input", "app/package-lock.json", "--feed"];
    world.stella(0, &[&scan[..], &["feed"]].concat());
    let of_folder = world.json("MANIFEST.json")["feeds"]["bundles"][0]["content_digest"].clone();
    world.stella(0, &[&scan[..], &[bundle.to_str().unwrap()]].concat());
    assert_eq!(world.json("MANIFEST.json")["feeds"]["bundles"][0]["content_digest"], of_folder);
    let with = format!("feed={}", bundle.display());
    world.stella(0, &["replay", "--from", "MANIFEST.json", "--with", &with]).says(&["match"]);
}

#[test]
fn one_flipped_byte_is_found_wherever_it_is() {
    let world = scene();
    let bundle = build(&world, "later");
    let bytes = fs::read(&bundle).unwrap();
    for i in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
        let mut flipped = bytes.clone();
        flipped[i] ^= 0x20;
        world.write("flipped.tar.zst", &flipped);
        world.stella(5, &["feed", "verify", "flipped.tar.zst"]).complains(&["error: ", "hint: do not use this bundle"]);
    }
    world.write("cut.tar.zst", &bytes[..bytes.len() / 2]);
    world.stella(5, &["feed", "verify", "cut.tar.zst"]);
    world.stella(2, &["feed", "verify", "feed"]).complains(&["`feed` is a directory", "stella feed build DIR"]);
    world.stella(2, &["feed", "verify", "nowhere.tar.zst"]).complains(&["nowhere.tar.zst"]);
}

#[test]
fn what_is_no_feed_is_packed_only_on_request() {
    let world = scene();
    let run = world.stella(2, &["feed", "build", "app", "--out-dir", "bundles"]);
    run.complains(&["`package-lock.json` is not an OSV record", "hint: mend or remove the record", "--any-format"]);
    world.write("text/readme.txt", "no records");
    world
        .stella(2, &["feed", "build", "text", "--out-dir", "bundles"])
        .complains(&["`text` holds no OSV record", "hint: "]);
    world.stella(2, &["feed", "build", "nowhere", "--out-dir", "bundles"]).complains(&["nowhere", "hint: "]);
    assert!(!world.exists("bundles"));
    world.stella(0, &["feed", "build", "app", "--out-dir", "bundles", "--any-format"]);
}

/// A chain of eight snapshots: an advisory appears in the fourth, its fix moves below the package's version in the seventh.
fn chain(world: &World) -> Vec<String> {
    let snapshots = (1..=8).map(|at| {
        let name = format!("chain/{at}");
        world.write(&format!("{name}/GHSA-old.json"), world.read("feed/GHSA-old.json"));
        let fixed = if at < 7 { "4.0.10" } else { "0.3.1" };
        if at >= 4 {
            let new = advisory("GHSA-new", "CVE-2022-0002", "marked", fixed, "HIGH");
            world.write(&format!("{name}/GHSA-new.json"), new.to_string());
        }
        let severity = if at < 6 { "MODERATE" } else { "HIGH" };
        let old = advisory("GHSA-old", "CVE-2020-0001", "minimist", "0.2.1", severity);
        world.write(&format!("{name}/GHSA-old.json"), old.to_string());
        name
    });
    snapshots.collect()
}

#[test]
fn a_chain_names_the_snapshot_the_advisory_and_the_field() {
    let world = recorded();
    let chain = chain(&world);
    let bisect = |exit, chain: &[String]| {
        let from = ["feed", "bisect", "--from", "MANIFEST.json", "--format", "json"];
        let chain: Vec<&str> = chain.iter().map(String::as_str).collect();
        let document = world.stella(exit, &[&from[..], &chain].concat()).stdout_json();
        valid(&document, "feed-bisect-v1.json");
        document
    };
    let document = bisect(1, &chain);
    let flips = document["flips"].as_array().unwrap();
    assert_eq!(flips.len(), 1, "what came and went differs at neither end");
    assert_eq!(flips[0]["direction"], "changed");
    assert_eq!((&flips[0]["before"]["path"], &flips[0]["at"]["path"]), (&"chain/5".into(), &"chain/6".into()));
    let record = &flips[0]["records"][0];
    assert_eq!(record["advisory"], "GHSA-old");
    assert_eq!(record["fields"][0]["path"], "/database_specific/severity");
    assert_eq!(record["fields"][0]["after"], "\"HIGH\"");
    assert!(document["replays"].as_u64().unwrap() <= 2 + 3, "{document}");

    // Up to the sixth the advisory is there: it appeared in the fourth.
    let document = bisect(1, &chain[..6]);
    let flips = document["flips"].as_array().unwrap();
    let new = flips.iter().find(|flip| flip["finding"].as_str().unwrap().starts_with("CVE-2022-0002")).unwrap();
    assert_eq!((&new["direction"], &new["at"]["path"]), (&"appeared".into(), &"chain/4".into()));
    assert_eq!(new["records"][0]["advisory"], "GHSA-new");
    world.run(1, world.pasted(document["reproduce"].as_str().unwrap())).says(&[
        "CVE-2022-0002 in pkg:npm/marked@0.3.9 appeared at chain/4",
        "advisory GHSA-new: the record: (absent) → (the record)",
        "advisory GHSA-old: /database_specific/severity: \"MODERATE\" → \"HIGH\"",
        "2 findings flipped: 6 snapshots",
    ]);

    assert_eq!(bisect(0, &chain[..2])["flips"], serde_json::json!([]));
    world.stella(2, &["feed", "bisect", "--from", "MANIFEST.json", "chain/1"]).complains(&["at least two snapshots"]);
}
