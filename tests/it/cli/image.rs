//! Images: shown, unpacked, scanned, replayed from the store alone.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use stella::host::machine;
use stella::model::digest::Digest;

use crate::cli::scene::{advisory, npm_lock};
use crate::harness::{World, files, valid};
use crate::oci_layout::{Layout, layer};

const STATUS: &str = "Package: zlib1g\nStatus: install ok installed\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\nArchitecture: amd64\n\n\
Package: hidden\nStatus: install ok installed\nVersion: 1.0\nArchitecture: amd64\n";

/// A Debian image with a Node application; its second layer hides a lockfile of the first and mends the package list.
fn image(architecture: &str) -> (Layout, Digest) {
    let lock = npm_lock(&[("minimist", "0.0.8")]).to_string();
    let hidden = npm_lock(&[("marked", "0.3.9")]).to_string();
    let release = "ID=debian\nVERSION_ID=\"12\"\n";
    let lower = layer(&[
        ("usr/lib/os-release", release),
        ("etc/os-release", "->../usr/lib/os-release"),
        ("var/lib/dpkg/status", STATUS),
        ("srv/app/package-lock.json", &lock),
        ("srv/old/package-lock.json", &hidden),
        ("srv/escape", "->/etc/passwd"),
    ]);
    let upper = layer(&[("srv/.wh.old", ""), ("var/lib/dpkg/status", STATUS.split_inclusive("\n\n").next().unwrap())]);
    let mut layout = Layout::default();
    let digest = layout.image(architecture, &[lower, upper]);
    (layout, digest)
}

/// A world with that image as `image/`, and a feed.
fn scene() -> (World, Digest) {
    let world = World::new();
    let (layout, digest) = image(machine::arch());
    layout.write(&world.work("image"));
    world.write(
        "feed/GHSA-old.json",
        advisory("GHSA-old", "CVE-2020-0001", "minimist", "0.2.1", "MODERATE").to_string(),
    );
    (world, digest)
}

fn purls(world: &World, file: &str) -> Vec<String> {
    let sbom = world.json(file);
    let all = sbom["components"].as_array().unwrap();
    all.iter().map(|component| component["purl"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_image_is_shown_without_reading_its_layers() {
    let (world, digest) = scene();
    for blob in files(&world.work("image/blobs")) {
        if fs::read(&blob).unwrap().starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            fs::remove_file(blob).unwrap();
        }
    }
    let run = world.stella(0, &["image", "inspect", "image", "--format", "json"]);
    let shown = run.stdout_json();
    valid(&shown, "image-info-v1.json");
    assert_eq!(shown["digest"], digest.to_string());
    assert_eq!(shown["layers"].as_array().unwrap().len(), 2);
    assert_eq!(shown["rootfs"], Value::Null);
    world.stella(0, &["image", "inspect", "image"]).says(&[&digest.to_string(), "linux/", "runs      sh -c exit"]);
    world.stella(5, &["image", "unpack", "image"]).complains(&["is not there"]);
    assert_eq!(files(&world.path("home/.local/share/stella/store/rootfs")).len(), 0);
}

#[test]
fn an_unpacked_image_is_checked_each_time_it_is_asked_for() {
    let (world, _) = scene();
    let unpack = || world.stella(0, &["image", "unpack", "image", "--format", "json"]).stdout_json();
    let first = unpack();
    valid(&first, "image-info-v1.json");
    assert_eq!(first, unpack());
    let root = PathBuf::from(
        first["rootfs"]["path"]
            .as_str()
            .unwrap()
            .replace("[WORLD]", world.path("").to_str().unwrap().trim_end_matches('/')),
    );
    assert!(!root.join("srv/old").exists());
    assert!(root.join("srv/app/package-lock.json").is_file());
    let lock = root.join("srv/app/package-lock.json");
    let text = fs::read(&lock).unwrap();
    fs::write(&lock, "{}").unwrap();
    assert_eq!(first, unpack());
    assert_eq!(fs::read(&lock).unwrap(), text);
}

/// What a scan of a folder would read is read in an image as well: one list says what a lockfile is called.
#[test]
fn every_lockfile_of_an_image_is_read() {
    let world = World::new();
    let gemfile = "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.2.3)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rack\n";
    let mut layout = Layout::default();
    layout.image(
        machine::arch(),
        &[layer(&[
            ("srv/ruby/Gemfile.lock", gemfile),
            ("srv/gems/gems.locked", &gemfile.replace("rack", "rake")),
            ("srv/java/gradle.lockfile", "com.google.guava:guava:31.1-jre=compileClasspath\nempty=\n"),
            ("srv/java/buildscript-gradle.lockfile", "org.ow2.asm:asm:9.2=classpath\nempty=\n"),
            ("srv/python/requirements/dev.txt", "requests==2.31.0\n"),
            ("srv/python/dev-requirements.txt", "flask==2.0.1\n"),
        ])],
    );
    layout.write(&world.work("image"));
    world.write("feed/X-1.json", r#"{"id":"X-1","affected":[{"package":{"ecosystem":"npm","name":"none"}}]}"#);
    world
        .stella(0, &["scan", "--input", "image", "--feed", "feed", "--emit-artifacts-dir", "out"])
        .says(&["6 packages"]);
    let expected = [
        "pkg:gem/rack@2.2.3",
        "pkg:gem/rake@2.2.3",
        "pkg:maven/com.google.guava/guava@31.1-jre",
        "pkg:maven/org.ow2.asm/asm@9.2",
        "pkg:pypi/flask@2.0.1",
        "pkg:pypi/requests@2.31.0",
    ];
    let mut found = purls(&world, "out/sbom.cdx.json");
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_built_in_scanner_reads_an_image_and_replays_it_from_the_store_alone() {
    let (world, digest) = scene();
    let scan = ["scan", "--input", "image", "--feed", "feed", "--emit-artifacts-dir", "out"];
    world.stella(0, &scan).says(&["2 packages, 1 finding"]);
    let manifest = world.json("MANIFEST.json");
    valid(&manifest, "scan-manifest-v1.json");
    let input = &manifest["input"];
    assert_eq!((&input["type"], &input["digest"]), (&"oci_image".into(), &digest.to_string().into()));
    assert_eq!(input["image_ref"], digest.to_string());
    assert_eq!(input["layers"].as_array().unwrap().len(), 2);
    assert_eq!(purls(&world, "out/sbom.cdx.json").len(), 2);
    assert!(
        purls(&world, "out/sbom.cdx.json").iter().any(|purl| purl.starts_with("pkg:deb/debian/zlib")),
        "the package list"
    );
    assert!(world.read("out/findings.json").contains("minimist"));

    // Neither the layout nor what was unpacked of it is needed again.
    fs::remove_dir_all(world.work("image")).unwrap();
    fs::remove_dir_all(world.path("home/.local/share/stella/store/rootfs")).unwrap();
    world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match: the replay is the same as recorded"]);

    // A layer that is gone is named.
    let layer: Digest = input["layers"][1].as_str().unwrap().parse().unwrap();
    fs::remove_file(world.store().path_of(&layer)).unwrap();
    fs::remove_dir_all(world.path("home/.local/share/stella/store/rootfs")).unwrap();
    world.stella(3, &["replay", "--from", "MANIFEST.json"]).says(&[&layer.short()]);
}

#[test]
fn the_same_image_from_an_archive_is_the_same_scan() {
    let (world, digest) = scene();
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all(".", world.work("image")).unwrap();
    world.write("image.tar", tar.into_inner().unwrap());
    world.stella(0, &["scan", "--input", "image.tar", "--feed", "feed", "--emit-artifacts-dir", "out"]);
    assert_eq!(world.json("MANIFEST.json")["input"]["digest"], digest.to_string());
    // Its image by digest, and one that it has not.
    let named = |digest: Digest| format!("image.tar@{digest}");
    world.stella(0, &["image", "inspect", &named(digest)]);
    world.stella(2, &["image", "inspect", &named(Digest::of(b"other"))]).complains(&["no image for sha256:"]);
}

#[test]
fn of_several_images_the_one_for_a_platform() {
    let (world, _) = scene();
    let (mut layout, _) = image("amd64");
    let arm =
        layout.image("arm64", &[layer(&[("srv/package-lock.json", &npm_lock(&[("marked", "0.3.9")]).to_string())])]);
    layout.write(&world.work("both"));
    let scan =
        ["scan", "--input", "both", "--platform", "linux/arm64", "--feed", "feed", "--emit-artifacts-dir", "out"];
    world.stella(0, &scan);
    assert_eq!(world.json("MANIFEST.json")["input"]["digest"], arm.to_string());
    assert_eq!(purls(&world, "out/sbom.cdx.json"), ["pkg:npm/marked@0.3.9"]);
    world.stella(2, &["scan", "--input", "both", "--platform", "linux/riscv64"]).complains(&[
        "no image for linux/riscv64",
        &arm.to_string(),
        "hint: name another",
    ]);
    world.stella(2, &["scan", "--input", "both", "--platform", "riscv64"]).complains(&["is not a platform"]);
}

#[test]
fn a_command_sees_the_layout_and_the_unpacked_image() {
    let (world, digest) = scene();
    world.script(
        "scan.sh",
        "set -e\ncd \"$1\" && find . | sort\ncat \"$2/srv/app/package-lock.json\"\nls \"$2/srv\"\nreadlink \"$2/srv/escape\"\ntouch \"$2/new\" 2>/dev/null && echo written\ntrue",
    );
    let scan = ["scan", "--input", "image", "--artifact", "evidence=-", "--emit-artifacts-dir", "out", "--"];
    world.stella(0, &[&scan[..], &["./scan.sh", "{input}", "{rootfs}"]].concat());
    let seen = world.read("out/evidence.out");
    crate::harness::says(
        &seen,
        &[
            "./index.json",
            "./oci-layout",
            &format!("./blobs/sha256/{}", digest.hex()),
            "minimist",
            "app\nescape\n",
            "/etc/passwd",
        ],
    );
    // The store's copy is what the next scan sees, too.
    if world.json("MANIFEST.json")["environment"]["network"] == "disabled" {
        assert!(!seen.contains("written"), "{seen}");
    }
    world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match: the replay is the same as recorded"]);

    let file = ["scan", "--input", "feed", "--artifact", "evidence=-", "--", "./scan.sh", "{rootfs}"];
    world.stella(2, &file).complains(&["`{rootfs}` stands for an unpacked image"]);
    let wrapped = ["scan", "--as-is", "--input", "image", "--artifact", "evidence=-", "--", "./scan.sh"];
    world.stella(2, &wrapped).complains(&["takes no image"]);
}

#[test]
fn the_built_in_scanner_in_a_sandbox_reads_the_same_also_with_a_store_that_is_named_relatively() {
    let (world, _) = scene();
    let scan = |more: &[&str], out: &str| {
        let start = ["scan", "--store", "st", "--input", "image", "--feed", "feed", "--emit-artifacts-dir", out];
        world.stella(0, &[&start[..], more].concat());
        world.read(&format!("{out}/sbom.cdx.json")) + &world.read(&format!("{out}/findings.json"))
    };
    assert_eq!(scan(&[], "plain"), scan(&["--require-isolation", "none"], "sealed"));
}

#[test]
fn an_image_that_is_not_what_it_says_is_refused() {
    let (world, _) = scene();
    let blob = files(&world.work("image/blobs"))
        .into_iter()
        .find(|path| fs::read(path).unwrap().starts_with(&[0x28, 0xb5, 0x2f, 0xfd]))
        .unwrap();
    let mut bytes = fs::read(&blob).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&blob, bytes).unwrap();
    let name = blob.file_name().unwrap().to_str().unwrap().to_owned();
    world.stella(5, &["scan", "--input", "image"]).complains(&[
        &name,
        "has other bytes",
        "hint: do not use this image",
    ]);
    assert!(!world.exists("MANIFEST.json"));
    world
        .stella(2, &["image", "inspect", "feed"])
        .complains(&["`feed` is not an image", "hint: give an OCI image layout"]);
    world.stella(2, &["image", "inspect", &format!("debian@{}", Digest::of(b""))]).complains(&["names no registry"]);
    let climbing = {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..11].copy_from_slice(b"../climbing");
        header.set_size(0);
        header.set_mode(0o644);
        header.set_cksum();
        [header.as_bytes(), &[0; 1024][..]].concat()
    };
    let mut layout = Layout::default();
    layout.image("amd64", &[climbing]);
    layout.write(&world.work("hostile"));
    world
        .stella(5, &["image", "unpack", "hostile"])
        .complains(&["entry `../climbing` is refused: the path has a `..`"]);
}

#[cfg(not(feature = "registry"))]
#[test]
fn without_registries_a_name_says_what_to_do() {
    let (world, digest) = scene();
    let name = format!("registry.example/app@{digest}");
    world
        .stella(2, &["scan", "--input", &name])
        .complains(&["built without access to registries", "--features registry"]);
    // What is in the store needs none.
    world.stella(0, &["image", "unpack", "image"]);
    world.stella(0, &["scan", "--input", &name, "--feed", "feed"]);
    assert_eq!(world.json("MANIFEST.json")["input"]["image_ref"], name);
}
