//! The laws of bundles: one identity for a directory and its bundle, and no bundle that is not what it lists.

use std::path::Path;

use crate::archive::tree::Tree;
use crate::archive::{ArchiveError, Entry, Limits, Node, Problem, content_digest, dir, extract, pack, pack_to, read};
use crate::bundle::feed::{self, FeedBundle, FeedSource};
use crate::bundle::listed::{BundleError, Record};
use crate::bundle::policy;
use crate::host::compress;
use crate::model::digest::Digest;

/// A directory of two records, one of them below a directory.
fn records(root: &Path) {
    std::fs::create_dir_all(root.join("npm")).unwrap();
    std::fs::write(root.join("npm/GHSA-1.json"), br#"{"id":"GHSA-1"}"#).unwrap();
    std::fs::write(root.join("DSA-1.json"), br#"{"id":"DSA-1"}"#).unwrap();
}

fn source() -> FeedSource {
    FeedSource { url: "https://osv.example/all.zip".to_owned(), etag: Some("e1".to_owned()), ..FeedSource::default() }
}

fn digests(bundle: &FeedBundle) -> (Digest, Digest) {
    (bundle.content_digest(), bundle.records_digest())
}

#[test]
fn a_directory_and_its_bundle_are_one_feed() {
    let temp = tempfile::tempdir().unwrap();
    let (plain, unpacked) = (temp.path().join("plain"), temp.path().join("unpacked"));
    records(&plain);
    let opened = feed::open(&plain).unwrap();
    let paths: Vec<_> = opened.records().map(|Record { path, bytes }| (path.as_str(), bytes.len())).collect();
    assert_eq!(paths, [("DSA-1.json", 14), ("npm/GHSA-1.json", 15)]);
    assert_eq!(opened.archive_digest(), None);

    let packed = opened.pack().unwrap();
    assert_eq!(packed.digests.content, opened.content_digest());
    let file = temp.path().join(packed.file_name());
    std::fs::write(&file, &packed.bytes).unwrap();
    extract(&packed.bytes, &unpacked, &Limits::default()).unwrap();
    for same in [feed::open(&file).unwrap(), feed::open(&unpacked).unwrap(), feed::build(&plain, vec![]).unwrap()] {
        assert_eq!(digests(&same), digests(&opened));
        assert!(same.records().eq(opened.records()));
    }
    assert_eq!(feed::open(&file).unwrap().archive_digest(), Some(packed.digests.archive));

    // A stated origin is another content, and still the same records.
    let stated = feed::build(&plain, vec![source()]).unwrap();
    assert_ne!(stated.content_digest(), opened.content_digest());
    assert_eq!(stated.records_digest(), opened.records_digest());
    assert_eq!(feed::verify(&stated.pack().unwrap().bytes).unwrap().manifest().origin.sources, [source()]);
    assert_eq!(stated.records_digest(), dir::digest(&plain, &Limits::default()).unwrap());

    let restored = temp.path().join("restored");
    stated.restore_records(&restored).unwrap();
    assert_eq!(digests(&feed::open(&restored).unwrap()), digests(&opened));
}

#[test]
fn the_archive_has_the_layout_of_the_contract() {
    let temp = tempfile::tempdir().unwrap();
    records(temp.path());
    let packed = feed::build(temp.path(), vec![source()]).unwrap().pack().unwrap();
    let entries = read(&packed.bytes, &Limits::default()).unwrap();
    let paths: Vec<_> = entries.iter().map(|entry| entry.path.as_str()).collect();
    let layout = ["feed_bundle_manifest.json", "feeds", "feeds/DSA-1.json", "feeds/npm", "feeds/npm/GHSA-1.json"];
    assert_eq!(paths, layout);
    let Node::File { content, .. } = entries[0].node.clone() else { panic!("no file") };
    insta::assert_snapshot!(String::from_utf8(content.into_bytes().unwrap()).unwrap(), @r#"
    {
      "schema": "stella.feed-bundle/1",
      "sources": [
        {
          "url": "https://osv.example/all.zip",
          "etag": "e1"
        }
      ],
      "files": [
        {
          "path": "feeds/DSA-1.json",
          "sha256": "sha256:91ede88d235c214f52be97255b093270c72c1fa573d869d15247a77d64b7a59f",
          "size": 14
        },
        {
          "path": "feeds/npm/GHSA-1.json",
          "sha256": "sha256:6245d38e4312b465345a6bbe4d05d7ac8c8a5e6161a7ca84c9a2b6a54d92ffce",
          "size": 15
        }
      ],
      "generated_by": {
        "name": "stella",
        "version": "1"
      }
    }
    "#);
}

#[test]
fn a_bundle_packed_by_another_zstd_is_the_same_content() {
    let temp = tempfile::tempdir().unwrap();
    records(temp.path());
    let packed = feed::open(temp.path()).unwrap().pack().unwrap();
    let tar = zstd::decode_all(&packed.bytes[..]).unwrap();
    let repacked = compress::pack(&tar, 1).unwrap();
    let (one, other) = (feed::verify(&packed.bytes).unwrap(), feed::verify(&repacked).unwrap());
    assert_ne!(one.archive_digest(), other.archive_digest());
    assert_eq!(digests(&one), digests(&other));
}

#[test]
fn what_is_not_exactly_what_is_listed_is_no_bundle() {
    let temp = tempfile::tempdir().unwrap();
    records(temp.path());
    let sound = read(&feed::open(temp.path()).unwrap().pack().unwrap().bytes, &Limits::default()).unwrap();
    let changed = |change: &dyn Fn(&mut Vec<Entry>)| {
        let mut entries = sound.clone();
        change(&mut entries);
        feed::verify(&pack(&entries, &Limits::default()).unwrap().bytes).map(drop).unwrap_err()
    };
    let manifest = |from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        changed(&move |entries| {
            let Node::File { content, .. } = entries[0].node.clone() else { panic!("no file") };
            let text = String::from_utf8(content.into_bytes().unwrap()).unwrap();
            assert!(text.contains(&from), "{text}");
            entries[0] = Entry::file(entries[0].path.clone(), text.replacen(&from, &to, 1).into_bytes());
        })
    };
    let put = |at: usize, bytes: &'static [u8]| {
        changed(&move |entries| entries[at] = Entry::file(entries[at].path.clone(), bytes.to_vec()))
    };
    let add =
        |path: &'static str| changed(&move |entries| entries.push(Entry::file(path.parse().unwrap(), b"{}".to_vec())));

    let missing = changed(&|entries| drop(entries.remove(2)));
    assert!(matches!(missing, BundleError::Missing { path } if path == "feeds/DSA-1.json"));
    assert!(matches!(put(2, br#"{"id":"DSA-2"}"#), BundleError::Digest { path, .. } if path == "feeds/DSA-1.json"));
    assert!(matches!(manifest(r#""size": 14"#, r#""size": 15"#), BundleError::Digest { expected_size: 15, .. }));
    assert!(matches!(add("feeds/extra.json"), BundleError::Unlisted { path } if path == "feeds/extra.json"));
    assert!(matches!(add("README"), BundleError::Foreign { path, .. } if path == "README"));
    assert!(matches!(add("feeds2/x"), BundleError::Foreign { .. }));
    let link = Entry { path: "feeds/link".parse().unwrap(), node: Node::Symlink { target: "DSA-1.json".to_owned() } };
    assert!(matches!(changed(&|entries| entries.push(link.clone())), BundleError::Foreign { .. }));
    assert!(matches!(changed(&|entries| drop(entries.remove(0))), BundleError::NoManifest { .. }));
    assert!(matches!(put(0, b"{}"), BundleError::Manifest { .. }));
    assert!(matches!(put(0, b"\xff"), BundleError::Manifest { .. }));
    assert!(matches!(manifest("bundle/1", "bundle/2"), BundleError::Schema { found, .. } if found.ends_with("/2")));
    let malformed = manifest("\"sha256:", "\"md5:");
    assert!(matches!(&malformed, BundleError::Manifest { .. }), "{malformed}");
    assert!(matches!(manifest("DSA-1.json", "npm/GHSA-1.json"), BundleError::Order { .. }));
    let doubled = r#""schema": "stella.feed-bundle/1", "schema": "#;
    assert!(matches!(manifest(r#""schema": "#, doubled), BundleError::Manifest { .. }));
    assert!(matches!(manifest("}\n", "}\n{}"), BundleError::Manifest { .. }));
}

#[test]
fn an_archive_under_another_ones_name_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let plain = temp.path().join("plain");
    records(&plain);
    let packed = feed::open(&plain).unwrap().pack().unwrap();
    let wrong = temp.path().join(format!("{}.tar.zst", Digest::of(b"other").hex()));
    std::fs::write(&wrong, &packed.bytes).unwrap();
    assert!(matches!(feed::open(&wrong), Err(BundleError::Name { .. })));
    let free = temp.path().join("feed.tar.zst");
    std::fs::write(&free, &packed.bytes).unwrap();
    assert_eq!(feed::open(&free).unwrap().archive_digest(), Some(packed.digests.archive));
}

#[test]
fn a_plain_directory_holds_plain_files_only() {
    let temp = tempfile::tempdir().unwrap();
    records(temp.path());
    std::os::unix::fs::symlink("DSA-1.json", temp.path().join("link")).unwrap();
    let error = feed::open(temp.path()).unwrap_err();
    assert!(matches!(&error, BundleError::Foreign { path, .. } if path == "link"), "{error}");
    assert!(feed::open(&temp.path().join("none")).is_err());
}

/// Nobody who gives one record has to know what zstd is.
#[test]
fn a_single_record_is_told_what_is_missing() {
    let temp = tempfile::tempdir().unwrap();
    for (name, bytes) in [("single.json", &br#"{"id":"DSA-1"}"#[..]), ("empty.tar.zst", b"")] {
        std::fs::write(temp.path().join(name), bytes).unwrap();
        let error = feed::open(&temp.path().join(name)).unwrap_err().to_string();
        assert!(error.contains("not a feed bundle") && error.contains("give the folder"), "{error}");
    }
}

#[test]
fn a_policy_is_a_bundle_of_its_own_kind() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("deny.rego"), b"package stella\n").unwrap();
    let commit = "0123456789abcdef0123456789abcdef01234567".to_owned();
    let bundle = policy::build(temp.path(), Some(commit.clone())).unwrap();
    let packed = bundle.pack().unwrap();
    let read = policy::verify(&packed.bytes).unwrap();
    assert_eq!(read.manifest().origin.commit, Some(commit));
    assert_eq!(read.records().map(|r| r.path.as_str()).collect::<Vec<_>>(), ["deny.rego"]);
    assert_eq!(read.records_digest(), policy::open(temp.path()).unwrap().records_digest());
    assert!(matches!(feed::verify(&packed.bytes), Err(BundleError::Foreign { .. } | BundleError::NoManifest { .. })));
}

#[test]
fn a_tree_is_the_same_as_directory_and_as_archive() {
    let temp = tempfile::tempdir().unwrap();
    let (root, file, back) = (temp.path().join("in"), temp.path().join("in.tar.zst"), temp.path().join("back"));
    records(&root);
    std::os::unix::fs::symlink("npm/GHSA-1.json", root.join("link")).unwrap();
    let tree = Tree::open(&root).unwrap();
    let packed = tree.pack().unwrap();
    let (_, digests) = pack_to(tree.entries(), std::fs::File::create(&file).unwrap(), &Limits::default()).unwrap();
    assert_eq!(digests, packed.digests);
    let archived = Tree::open(&file).unwrap();
    archived.restore(&back).unwrap();
    for same in [archived, Tree::verify(&packed.bytes).unwrap(), Tree::open(&back).unwrap()] {
        assert_eq!(same.digest(), tree.digest());
    }
    assert_eq!(content_digest(tree.entries(), &Limits::default()).unwrap(), packed.digests.content);
}

#[test]
fn a_tree_that_changed_on_disk_is_neither_packed_nor_restored() {
    let temp = tempfile::tempdir().unwrap();
    let (root, to) = (temp.path().join("in"), temp.path().join("to"));
    records(&root);
    let tree = Tree::open(&root).unwrap();
    // The same length: only the digest can tell.
    std::fs::write(root.join("DSA-1.json"), br#"{"id":"DSA-2"}"#).unwrap();
    for error in [tree.pack().map(drop).unwrap_err(), tree.restore(&to).unwrap_err()] {
        assert!(matches!(error, ArchiveError::Entry { problem: Problem::Changed, .. }), "{error}");
    }
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1);
}
