//! Layouts as folders and archives, and which image of several is meant.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use tar::EntryType;

use crate::model::digest::Digest;
use crate::model::error_chain::causes;
use crate::oci::samples::{Memory, OCI_CONFIG, OCI_MANIFEST, entry, file, resolve, tar};
use crate::oci::{BlobProblem, Image, ImageError, Layout, Platform, Wanted, write_layout};
use crate::rootfs::rootfs;
use crate::store::blob::{BlobStore, LocalStore, StoreBlobs};

/// An image for each architecture, and their descriptors as an index lists them.
fn two() -> (Memory, Vec<Value>) {
    let mut blobs = Memory::default();
    let mut listed = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let mut manifest = blobs.image(&[tar(&[file("arch", architecture)])], architecture);
        manifest["platform"] = json!({ "os": "linux", "architecture": architecture });
        listed.push(manifest);
    }
    (blobs, listed)
}

fn digest(descriptor: &Value) -> Digest {
    descriptor["digest"].as_str().unwrap().parse().unwrap()
}

fn wanted(digest: Option<&Value>, platform: Option<&str>) -> Wanted {
    Wanted { digest: digest.map(self::digest), platform: platform.map(|text| text.parse().unwrap()) }
}

#[test]
fn a_folder_and_an_archive_are_one_layout_and_what_is_written_is_read_again() {
    let (blobs, listed) = two();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("folder");
    blobs.layout(&folder, &listed);
    let archive = dir.path().join("image.tar");
    let entries: Vec<_> = blobs
        .files(&listed)
        .into_iter()
        .map(|(name, bytes)| entry(EntryType::Regular, format!("./{name}").as_bytes(), b"", 0o644, &bytes))
        .collect();
    fs::write(&archive, tar(&entries)).unwrap();
    let mut images = Vec::new();
    for path in [&folder, &archive] {
        assert!(Layout::is_one(path));
        let layout = Layout::open(path).unwrap();
        let image = Image::resolve(&layout, layout.index(), &wanted(None, Some("linux/arm64"))).unwrap();
        let root = rootfs(&image, &layout, &dir.path().join("cache")).unwrap();
        assert_eq!(fs::read(root.path.join("arch")).unwrap(), b"arm64");
        images.push(image);
    }
    assert_eq!(images[0], images[1]);

    // Through a store, whose digests are all that is kept, to the same layout.
    let store = Arc::new(LocalStore::open(dir.path().join("store")).unwrap());
    for bytes in blobs.0.values() {
        store.put(bytes).unwrap();
    }
    let kept = StoreBlobs { store, scratch: dir.path().join("scratch") };
    let again = Image::by_digest(&kept, images[0].digest(), None).unwrap();
    assert_eq!(again, images[0]);
    for (name, source) in [("one", &kept as &dyn crate::oci::Blobs), ("two", &blobs)] {
        write_layout(&again, source, &dir.path().join(name)).unwrap();
    }
    let tree = |name: &str| crate::archive::tree::Tree::open(&dir.path().join(name)).unwrap().digest();
    assert_eq!(tree("one"), tree("two"));
    let written = Layout::open(&dir.path().join("one")).unwrap();
    assert_eq!(Image::resolve(&written, written.index(), &Wanted::default()).unwrap(), again);
    assert_eq!(fs::read_dir(dir.path().join("scratch")).unwrap().count(), 0);
}

#[test]
fn the_image_that_is_meant() {
    let (mut blobs, listed) = two();
    let index = blobs.index(&listed);
    let found = |roots: &[Value], wanted: &Wanted| resolve(&blobs, roots, wanted).unwrap().digest();
    let arm = digest(&listed[1]);
    assert_eq!(found(&listed, &wanted(None, Some("linux/arm64"))), arm);
    assert_eq!(found(std::slice::from_ref(&index), &wanted(None, Some("linux/arm64"))), arm);
    assert_eq!(found(std::slice::from_ref(&index), &wanted(Some(&listed[1]), None)), arm);
    assert_eq!(found(std::slice::from_ref(&index), &wanted(Some(&index), Some("linux/arm64"))), arm);
    // The only image is meant, whatever it runs on; the same image under two tags is one.
    assert_eq!(found(&listed[1..], &Wanted::default()), arm);
    assert_eq!(found(&[listed[1].clone(), listed[1].clone()], &Wanted::default()), arm);
    // An index need not say what its images run on: their configurations do.
    let silent: Vec<_> = listed
        .iter()
        .cloned()
        .map(|mut descriptor| {
            descriptor.as_object_mut().unwrap().remove("platform");
            descriptor
        })
        .collect();
    assert_eq!(found(&silent, &wanted(None, Some("linux/arm64"))), arm);

    let error = |wanted: &Wanted| resolve(&blobs, &listed, wanted).unwrap_err();
    let Err(ImageError::NoSuchImage { wanted: said, found }) =
        Err::<(), _>(error(&wanted(None, Some("linux/riscv64"))))
    else {
        panic!()
    };
    assert_eq!((said.as_str(), found.len()), ("linux/riscv64", 2));
    assert!(matches!(error(&wanted(Some(&index), None)), ImageError::NoSuchImage { .. }));
    let other = blobs.clone().image(&[tar(&[file("arch", "another")])], "arm64");
    let mut more = blobs.clone();
    more.image(&[tar(&[file("arch", "another")])], "arm64");
    let both = [listed[1].clone(), other];
    assert!(matches!(resolve(&more, &both, &wanted(None, Some("linux/arm64"))), Err(ImageError::Several { .. })));
}

#[test]
fn what_builders_list_beside_their_images_is_no_image() {
    let (blobs, listed) = two();
    let mut provenance = listed[0].clone();
    provenance["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
    let image = resolve(&blobs, &[listed[1].clone(), provenance], &Wanted::default()).unwrap();
    assert_eq!(image.platform(), &"linux/arm64".parse::<Platform>().unwrap());
}

#[test]
fn documents_that_contradict_themselves_are_refused() {
    let (mut blobs, listed) = two();
    let layer = blobs.put("application/vnd.oci.image.layer.v1.tar", tar(&[]));
    let mut manifest = |config: Value, kind: &str, layers: usize| {
        let config = blobs.put(kind, config.to_string());
        let text = json!({ "schemaVersion": 2, "config": config, "layers": vec![layer.clone(); layers] }).to_string();
        let descriptor = blobs.put(OCI_MANIFEST, text);
        causes(&resolve(&blobs, &[descriptor], &Wanted::default()).unwrap_err())
    };
    let config = |kind: &str, diff_ids: &[&str]| json!({ "os": "linux", "architecture": "amd64", "rootfs": { "type": kind, "diff_ids": diff_ids } });
    let some = Digest::of(b"x").to_string();
    for (error, said) in [
        (manifest(config("layers", &[]), OCI_CONFIG, 1), "the manifest 1"),
        (manifest(config("overlay", &[]), OCI_CONFIG, 0), "expected `layers`"),
        (manifest(config("layers", &[]), "application/vnd.oci.empty.v1+json", 0), "not a container image"),
        (manifest(config("layers", &["sha256:00"]), OCI_CONFIG, 1), "64 lower-case hex digits"),
        (manifest(json!({ "os": "linux" }), OCI_CONFIG, 0), "missing field"),
        (manifest(config("layers", &vec![some.as_str(); 513]), OCI_CONFIG, 513), "more than 512 layers"),
    ] {
        assert!(error.contains(said), "{error}");
    }
    // An index below an index below …, and one that is larger than its own description.
    let mut nested = blobs.index(&listed);
    for _ in 0..6 {
        nested = blobs.index(&[nested]);
    }
    let error = causes(&resolve(&blobs, std::slice::from_ref(&nested), &Wanted::default()).unwrap_err());
    assert!(error.contains("nested more than"), "{error}");
    nested["size"] = 3.into();
    let error = resolve(&blobs, std::slice::from_ref(&nested), &Wanted::default()).unwrap_err();
    assert!(matches!(error, ImageError::Blob { problem: BlobProblem::Size { expected: 3 }, .. }), "{error}");
    nested["size"] = (1_u64 << 40).into();
    let error = resolve(&blobs, &[nested], &Wanted::default()).unwrap_err();
    assert!(matches!(error, ImageError::Blob { problem: BlobProblem::TooLarge { .. }, .. }), "{error}");
}

#[test]
fn what_is_no_layout_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let said = |path: &Path| Layout::open(path).unwrap_err().to_string();
    let folder = dir.path().join("folder");
    fs::create_dir(&folder).unwrap();
    assert!(!Layout::is_one(&folder));
    assert!(said(&folder).contains("no `oci-layout`"));
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
    assert!(said(&folder).contains("expected 1.x"));
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    assert!(said(&folder).contains("no `index.json`"));
    fs::write(folder.join("index.json"), vec![b' '; (4 << 20) + 1]).unwrap();
    assert!(said(&folder).contains("too large"));

    let archive = dir.path().join("archive");
    let marker = file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    for (bytes, what) in [
        (tar(&[file("manifest.json", "[]")]), "no `oci-layout`"),
        (tar(&[marker.clone(), marker.clone()]), "twice"),
        (tar(&[marker.clone(), file("index.json", "{}")])[..1200].to_vec(), "tar archive"),
        (b"PK\x03\x04".to_vec(), "tar archive"),
    ] {
        fs::write(&archive, bytes).unwrap();
        assert!(said(&archive).contains(what), "{}", said(&archive));
    }
    assert!(!Layout::is_one(&dir.path().join("none")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_archive_panics(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("archive");
        fs::write(&path, &bytes).unwrap();
        prop_assert!(Layout::open(&path).is_err());
        prop_assert!(!Layout::is_one(&path));
    }
}
