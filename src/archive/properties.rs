//! The laws of packing: one tree, one archive; what is packed is read back; what is extracted packs to the same.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;

use crate::archive::write::{items, pack_at};
use crate::archive::{
    ArchiveError, Content, Entry, Limits, Node, Problem, content_digest, dir, extract, pack, read, restore,
};
use crate::host::compress::UnpackError;
use crate::host::fs;

fn file(path: &str, bytes: &[u8]) -> Entry {
    Entry::file(path.parse().unwrap(), bytes.to_vec())
}

fn link(path: &str, target: &str) -> Entry {
    Entry { path: path.parse().unwrap(), node: Node::Symlink { target: target.to_owned() } }
}

fn directory(path: &str) -> Entry {
    Entry { path: path.parse().unwrap(), node: Node::Directory }
}

fn program(path: &str, bytes: &[u8]) -> Entry {
    let content = Content::Bytes(bytes.to_vec());
    Entry { path: path.parse().unwrap(), node: Node::File { content, executable: true } }
}

fn data(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bundle").join(name)).unwrap()
}

/// A tree with one of everything.
fn sample() -> Vec<Entry> {
    let long = "long/".repeat(30) + "näme";
    vec![
        file("a-b", b"before a/b by bytes"),
        file("a/b", b""),
        program("bin/tool", b"#!/bin/sh\n"),
        directory("empty"),
        link("bin/alias", "tool"),
        link("far", &("./".repeat(60) + "a/b")),
        file(&long, b"long path"),
    ]
}

#[test]
fn the_bytes_never_change() {
    // Recorded once: whoever changes these two changes the identity of everything that was ever packed.
    let packed = pack(&sample(), &Limits::default()).unwrap();
    assert_eq!(packed.digests.content.short(), "f3f6bb7ae89b");
    assert_eq!(pack(&[], &Limits::default()).unwrap().digests.content.short(), "5f70bf18a086");
}

#[test]
fn an_archive_of_the_first_version_is_still_read() {
    let archive = data("sample-v1.tar.zst");
    let entries = read(&archive, &Limits::default()).unwrap();
    assert!(sample().iter().all(|entry| entries.contains(entry)));
    let packed = pack(&sample(), &Limits::default()).unwrap();
    assert_eq!(content_digest(&entries, &Limits::default()).unwrap(), packed.digests.content);
}

#[test]
fn an_archive_of_gnu_tar_has_the_identity_of_its_tree() {
    let long = vec!["long".repeat(12); 3].join("/");
    let tree = [
        file("a", b"hello"),
        program("bin/tool", b"#!/bin/sh\n"),
        link("bin/alias", "tool"),
        directory("empty"),
        file(&format!("{long}/file"), b"deep\n"),
        link("far", &("./".repeat(60) + "a")),
    ];
    let entries = read(&data("gnu-tar-posix.tar.zst"), &Limits::default()).unwrap();
    assert!(tree.iter().all(|entry| entries.contains(entry)));
    let limits = Limits::default();
    assert_eq!(content_digest(&entries, &limits).unwrap(), content_digest(&tree, &limits).unwrap());
}

#[test]
fn another_level_is_another_archive_of_the_same_content() {
    let limits = Limits::default();
    let (other, digests) = pack_at(1, items(&sample()), Vec::new(), &limits).unwrap();
    let packed = pack(&sample(), &limits).unwrap();
    assert_ne!(digests.archive, packed.digests.archive);
    assert_eq!(digests.content, packed.digests.content);
    assert_eq!(read(&other, &limits).unwrap(), read(&packed.bytes, &limits).unwrap());
}

#[test]
fn the_content_digest_is_that_of_the_plain_tar() {
    let packed = pack(&sample(), &Limits::default()).unwrap();
    let tar = zstd::decode_all(&packed.bytes[..]).unwrap();
    assert_eq!(crate::model::digest::Digest::of(&tar), packed.digests.content);
    assert_eq!(content_digest(&sample(), &Limits::default()).unwrap(), packed.digests.content);
    assert_eq!(packed.file_name(), format!("{}.tar.zst", packed.digests.archive.hex()));
}

#[test]
fn the_way_to_an_entry_is_the_same_given_or_implied() {
    let limits = Limits::default();
    let implied = content_digest(&[file("a/b", b"")], &limits).unwrap();
    assert_eq!(content_digest(&[file("a/b", b""), directory("a")], &limits).unwrap(), implied);
    assert_ne!(content_digest(&[file("a/b", b""), directory("c")], &limits).unwrap(), implied);
}

#[test]
fn a_tree_survives_extraction() {
    let limits = Limits::default();
    let dir = tempfile::tempdir().unwrap();
    let packed = pack(&sample(), &limits).unwrap();
    let (one, two) = (dir.path().join("new/one"), dir.path().join("two"));
    extract(&packed.bytes, &one, &limits).unwrap();
    restore(&sample(), &two, &limits).unwrap();
    for tree in [&one, &two] {
        assert_eq!(dir::digest(tree, &limits).unwrap(), packed.digests.content);
        assert_eq!(dir::pack(tree, &limits).unwrap(), packed);
        let metadata = |path: &str| tree.join(path).symlink_metadata().unwrap();
        for (path, mode) in [("", 0o755), ("a", 0o755), ("a/b", 0o644), ("bin/tool", 0o755)] {
            assert_eq!(metadata(path).permissions().mode() & 0o7777, mode, "{path}");
        }
        for path in ["", "a", "a/b", "empty", "bin/alias"] {
            assert_eq!(metadata(path).modified().unwrap(), std::time::UNIX_EPOCH, "{path}");
        }
    }
    assert_eq!(fs::list(dir.path()).unwrap().len(), 2);
}

#[test]
fn what_stands_at_the_destination_is_not_touched() {
    let limits = Limits::default();
    let dir = tempfile::tempdir().unwrap();
    let packed = pack(&sample(), &limits).unwrap();
    std::fs::write(dir.path().join("mine"), b"mine").unwrap();
    let error = extract(&packed.bytes, dir.path(), &limits).unwrap_err();
    assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
    assert_eq!(std::fs::read(dir.path().join("mine")).unwrap(), b"mine");
    extract(&packed.bytes, &dir.path().join("mine/too"), &limits).unwrap_err();

    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    extract(&packed.bytes, &empty, &limits).unwrap();
    assert_eq!(dir::digest(&empty, &limits).unwrap(), packed.digests.content);
}

#[test]
fn what_a_directory_holds_beyond_a_tree_is_refused_by_name() {
    let problem = |make: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path());
        match dir::digest(dir.path(), &Limits::default()).unwrap_err() {
            ArchiveError::Entry { path, problem } => (path, problem),
            other => panic!("{other}"),
        }
    };
    let target = "../outside".to_owned();
    assert_eq!(
        problem(&|root| symlink("../outside", root.join("link")).unwrap()),
        ("link".to_owned(), Problem::SymlinkLeaves { target })
    );
    let (path, special) = problem(&|root| drop(std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap()));
    assert!(path == "socket" && matches!(special, Problem::Special(_)));
    let latin1: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"caf\xe9");
    let (path, _) = problem(&|root| std::fs::write(root.join(latin1), b"").unwrap());
    assert_eq!(path, "caf\u{fffd}");
}

#[test]
fn a_file_that_changes_while_it_is_packed_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    for (listed, length) in [(3, 4), (3, 2)] {
        std::fs::write(&path, vec![b'x'; listed]).unwrap();
        let entries = dir::entries(dir.path(), &Limits::default()).unwrap();
        std::fs::write(&path, vec![b'x'; length]).unwrap();
        for error in [
            pack(&entries, &Limits::default()).unwrap_err(),
            restore(&entries, &dir.path().join("copy"), &Limits::default()).unwrap_err(),
        ] {
            assert!(matches!(error, ArchiveError::Entry { problem: Problem::Changed, .. }), "{error}");
        }
    }
}

#[test]
fn nothing_is_packed_that_could_not_be_read() {
    let zeros = file("zeros", &vec![0; 32 << 20]);
    let error = pack(&[zeros], &Limits::default()).unwrap_err();
    assert!(matches!(error, ArchiveError::Unpack(UnpackError::Bomb { .. })), "{error}");
    let limits = Limits { unpacked_bytes: 1500, ..Limits::default() };
    let error = pack(&[file("a", &[1; 600])], &limits).unwrap_err();
    assert!(matches!(error, ArchiveError::Unpack(UnpackError::TooLarge { .. })), "{error}");
    for entries in [vec![file("a", b""), file("a", b"")], vec![link("a", "..")], vec![file("a", b""), file("a/b", b"")]]
    {
        assert!(matches!(pack(&entries, &Limits::default()), Err(ArchiveError::Entry { .. })));
    }
}

/// Trees of files, programs, directories and links to files, without conflicts.
fn trees() -> impl Strategy<Value = Vec<Entry>> {
    let path = prop::collection::vec("[a-c\u{e4}.-]{1,3}|[x]{60,110}", 1..4).prop_map(|parts| parts.join("/"));
    let entry = (path, 0u8..4, prop::collection::vec(any::<u8>(), 0..1200));
    prop::collection::vec(entry, 0..12).prop_map(|all| {
        let mut taken: Vec<Entry> = Vec::new();
        for (path, kind, bytes) in all {
            if path.parse::<crate::archive::EntryPath>().is_err() {
                continue;
            }
            taken.push(match kind {
                0 => directory(&path),
                1 => program(&path, &bytes),
                2 => link(&path, path.rsplit('/').next().unwrap_or("x")),
                _ => file(&path, &bytes),
            });
            if let Some(Entry { path, node: Node::Symlink { target } }) = taken.last_mut() {
                *target = format!("{target}-{}", path.as_str().len());
            }
            if content_digest(&taken, &Limits::default()).is_err() {
                taken.pop();
            }
        }
        taken
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn packing_is_independent_of_order_and_undone_by_reading(
        (tree, shuffled) in trees().prop_flat_map(|tree| (Just(tree.clone()), Just(tree).prop_shuffle())),
    ) {
        let limits = Limits::default();
        let packed = pack(&tree, &limits).unwrap();
        prop_assert_eq!(&pack(&shuffled, &limits).unwrap(), &packed);
        let back = read(&packed.bytes, &limits).unwrap();
        prop_assert!(tree.iter().all(|entry| back.contains(entry)));
        prop_assert!(back.windows(2).all(|pair| pair[0].path < pair[1].path));
        prop_assert_eq!(&pack(&back, &limits).unwrap(), &packed);

        let dir = tempfile::tempdir().unwrap();
        extract(&packed.bytes, &dir.path().join("tree"), &limits).unwrap();
        prop_assert_eq!(&dir::pack(&dir.path().join("tree"), &limits).unwrap(), &packed);
    }
}
