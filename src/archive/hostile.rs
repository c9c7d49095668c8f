//! Archives as an attacker would build them, byte by byte: each is refused by its own name, and nothing is extracted.

use std::io::{self, Write};

use proptest::prelude::*;
use tar::{EntryType, Header};

use crate::archive::{ArchiveError, Limits, PathError, Problem, extract, read};
use crate::host::compress::{self, UnpackError};

/// A header that says exactly what it is told to say.
fn header(kind: EntryType, path: &[u8], link: &[u8], mode: u32, size: u64) -> Vec<u8> {
    let mut header = Header::new_ustar();
    let fields = header.as_ustar_mut().unwrap();
    fields.name[..path.len()].copy_from_slice(path);
    fields.linkname[..link.len()].copy_from_slice(link);
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn file(path: &[u8], data: &[u8]) -> Vec<u8> {
    let padding = vec![0; data.len().next_multiple_of(512) - data.len()];
    [&header(EntryType::Regular, path, b"", 0o644, data.len() as u64)[..], data, &padding].concat()
}

fn special(kind: EntryType, path: &str, link: &str) -> Vec<u8> {
    header(kind, path.as_bytes(), link.as_bytes(), 0o644, 0)
}

fn pax(records: &str) -> Vec<u8> {
    let padding = vec![0; records.len().next_multiple_of(512) - records.len()];
    let head = header(EntryType::XHeader, b"pax", b"", 0o644, records.len() as u64);
    [&head[..], records.as_bytes(), &padding].concat()
}

fn archive(parts: &[Vec<u8>]) -> Vec<u8> {
    compress::pack(&[&parts.concat()[..], &[0; 1024]].concat(), 3).unwrap()
}

/// Reads and extracts; both must refuse alike, and leave nothing behind.
fn refused(archive: &[u8], limits: &Limits) -> ArchiveError {
    let dir = tempfile::tempdir().unwrap();
    let extracted = extract(archive, &dir.path().join("tree"), limits).unwrap_err();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "left behind after: {extracted}");
    let error = read(archive, limits).unwrap_err();
    assert_eq!(error.to_string(), extracted.to_string());
    error
}

#[test]
fn each_hostile_entry_is_refused_by_name() {
    let link = |path, target| special(EntryType::Symlink, path, target);
    let long = |name: &str| [pax(&record("path", name)), file(b"short", b"")].concat();
    let text = str::to_owned;
    let (name, deep) = ("n".repeat(256), "n/".repeat(2048));
    #[rustfmt::skip]
    let table: Vec<(&str, Vec<u8>, &str, Problem)> = vec![
        ("absolute path", file(b"/etc/passwd", b"x"), "/etc/passwd", PathError::Absolute.into()),
        ("absolute path in pax", long("/etc/passwd"), "/etc/passwd", PathError::Absolute.into()),
        ("parent", file(b"a/../../b", b"x"), "a/../../b", PathError::Parent.into()),
        ("parent of a directory", special(EntryType::Directory, "../", ""), "../", PathError::Parent.into()),
        ("dot", file(b"./a", b"x"), "./a", PathError::NotPlain.into()),
        ("directory in disguise", file(b"a/", b"x"), "a/", PathError::NotPlain.into()),
        ("no name", file(b"", b"x"), "", PathError::Empty.into()),
        ("not UTF-8", file(b"caf\xe9", b"x"), "caf\u{fffd}", PathError::NotUtf8.into()),
        ("NUL in pax", long("a\0b"), "a\0b", PathError::Nul.into()),
        ("long name", long(&name), &name, PathError::TooLong.into()),
        ("long path", long(&deep), &deep, PathError::TooLong.into()),
        ("duplicate", [file(b"a", b"1"), file(b"a", b"2")].concat(), "a", Problem::Duplicate),
        ("duplicate in pax", [file(b"a", b"1"), long("a")].concat(), "a", Problem::Duplicate),
        ("file below a file", [file(b"a", b"1"), file(b"a/b", b"2")].concat(), "a/b",
            Problem::NotBelowDirectory { ancestor: text("a") }),
        ("file through a link", [link("a", "b"), file(b"a/b", b"2")].concat(), "a/b",
            Problem::NotBelowDirectory { ancestor: text("a") }),
        ("link over a directory", [file(b"a/b", b"2"), link("a", "/tmp")].concat(), "a", Problem::HasChildren),
        ("hard link", [file(b"a", b"1"), special(EntryType::Link, "b", "a")].concat(), "b",
            Problem::HardLink { target: text("a") }),
        ("hard link that leaves", special(EntryType::Link, "b", "../../etc/passwd"), "b",
            Problem::HardLink { target: text("../../etc/passwd") }),
        ("absolute link", link("a", "/etc/passwd"), "a", Problem::SymlinkLeaves { target: text("/etc/passwd") }),
        ("link that leaves", link("d/a", "../../x"), "d/a", Problem::SymlinkLeaves { target: text("../../x") }),
        ("link that leaves through a link", [link("d/up", ".."), link("a", "d/up/../x")].concat(), "a",
            Problem::SymlinkLeaves { target: text("d/up/../x") }),
        ("long link that leaves", [pax(&record("linkpath", &"../".repeat(50))), link("a", "b")].concat(), "a",
            Problem::SymlinkLeaves { target: "../".repeat(50) }),
        ("link to itself", link("a", "a"), "a", Problem::SymlinkLoop { target: text("a") }),
        ("link to nothing", link("a", ""), "a", Problem::SymlinkTarget),
        ("character device", special(EntryType::Char, "a", ""), "a", Problem::Special("a character device")),
        ("block device", special(EntryType::Block, "a", ""), "a", Problem::Special("a block device")),
        ("pipe", special(EntryType::Fifo, "a", ""), "a", Problem::Special("a named pipe")),
        ("sparse file", special(EntryType::GNUSparse, "a", ""), "a", Problem::UnknownType(text("S"))),
        ("GNU long name", special(EntryType::GNULongName, "a", ""), "a", Problem::UnknownType(text("L"))),
        ("global pax header", special(EntryType::XGlobalHeader, "a", ""), "a", Problem::UnknownType(text("g"))),
        ("setuid", header(EntryType::Regular, b"a", b"", 0o4755, 0), "a", Problem::SpecialBits(0o4755)),
        ("setgid directory", header(EntryType::Directory, b"a/", b"", 0o2755, 0), "a/", Problem::SpecialBits(0o2755)),
        ("directory with contents", header(EntryType::Directory, b"a", b"", 0o755, 9), "a", Problem::Contents(9)),
        ("pax size", [pax(&record("size", "9")), file(b"a", b"1")].concat(), "pax", Problem::PaxKey(text("size"))),
        ("pax attribute", [pax(&record("SCHILY.xattr.a", "9")), file(b"a", b"")].concat(), "pax",
            Problem::PaxKey(text("SCHILY.xattr.a"))),
        ("broken pax", [pax("99 path=x\n"), file(b"a", b"1")].concat(), "pax", Problem::PaxMalformed),
    ];
    for (what, parts, path, problem) in table {
        // A harmless entry first: refusing must also undo.
        match refused(&archive(&[file(b"harmless", b"ok"), parts]), &Limits::default()) {
            ArchiveError::Entry { path: p, problem: found } => {
                assert_eq!((p.as_str(), found), (path, problem), "{what}")
            }
            other => panic!("{what}: {other}"),
        }
    }
}

fn record(key: &str, value: &str) -> String {
    crate::archive::pax::record(key, value)
}

#[test]
fn a_stream_that_is_not_whole_or_not_alone_is_refused() {
    let limits = Limits::default();
    let tar = [&file(b"a", b"1")[..], &[0; 1024]].concat();
    let pack = |tar: &[u8]| compress::pack(tar, 3).unwrap();
    assert_eq!(read(&pack(&tar), &limits).unwrap().len(), 1);
    // GNU tar fills its last record of 10 KiB with zeros.
    assert_eq!(read(&pack(&[&tar[..], &[0; 8192]].concat()), &limits).unwrap().len(), 1);

    for cut in [0, 1024, 1024 + 512] {
        assert!(matches!(refused(&pack(&tar[..cut]), &limits), ArchiveError::Truncated), "cut at {cut}");
    }
    assert!(matches!(refused(&pack(&tar[..512]), &limits), ArchiveError::Truncated));
    for cut in [100, 600] {
        assert!(matches!(refused(&pack(&tar[..cut]), &limits), ArchiveError::Tar { .. }), "cut at {cut}");
    }
    let garbage = [&tar[..], b"garbage"].concat();
    assert!(matches!(refused(&pack(&garbage), &limits), ArchiveError::TrailingGarbage));
    let second = [&tar[..], &file(b"hidden", b"2"), &[0; 1024]].concat();
    assert!(matches!(refused(&pack(&second), &limits), ArchiveError::TrailingGarbage));

    let packed = pack(&tar);
    let trailing = [&packed[..], b"garbage"].concat();
    assert!(matches!(refused(&trailing, &limits), ArchiveError::Unpack(UnpackError::Trailing)));
    let twice = [&packed[..], &packed[..]].concat();
    assert!(matches!(refused(&twice, &limits), ArchiveError::Unpack(UnpackError::Trailing)));
    let half = &packed[..packed.len() / 2];
    assert!(matches!(refused(half, &limits), ArchiveError::Unpack(UnpackError::Damaged(_))));
    assert!(matches!(refused(b"PK\x03\x04", &limits), ArchiveError::Unpack(UnpackError::Damaged(_))));

    let mut wrong_sum = tar.clone();
    wrong_sum[0] ^= 1;
    assert!(matches!(refused(&pack(&wrong_sum), &limits), ArchiveError::Tar { offset: 0, .. }));
    let lonely = archive(&[pax(&record("path", "x"))]);
    assert!(matches!(refused(&lonely, &limits), ArchiveError::Tar { .. }));
    let doubled = archive(&[pax(&record("path", "x")), pax(&record("path", "y")), file(b"a", b"")]);
    assert!(matches!(refused(&doubled, &limits), ArchiveError::Tar { .. }));
    let swollen = archive(&[pax(&record("comment", &"x".repeat(20_000))), file(b"a", b"")]);
    assert!(matches!(refused(&swollen, &limits), ArchiveError::Tar { .. }));
}

#[test]
fn too_much_is_refused_before_it_hurts() {
    let limits = Limits { entries: 10, ..Limits::default() };
    let many: Vec<_> = (0..11).map(|n| file(format!("f{n}").as_bytes(), b"")).collect();
    assert_eq!(read(&archive(&many[..10]), &limits).unwrap().len(), 10);
    assert!(matches!(refused(&archive(&many), &limits), ArchiveError::TooManyEntries { limit: 10 }));
    let deep = file(b"1/2/3/4/5/6/7/8/9/10/11", b"");
    assert!(matches!(refused(&archive(&[deep]), &limits), ArchiveError::TooManyEntries { limit: 10 }));

    let packed = archive(&many);
    let limits = Limits { packed_bytes: packed.len() as u64 - 1, ..Limits::default() };
    assert!(matches!(refused(&packed, &limits), ArchiveError::TooLarge { .. }));
    let limits = Limits { unpacked_bytes: 2000, ..Limits::default() };
    let error = refused(&packed, &limits);
    assert!(matches!(error, ArchiveError::Unpack(UnpackError::TooLarge { limit: 2000 })), "{error}");

    // 64 MiB of zeros in some kilobytes.
    let mut encoder = compress::packer(Vec::new(), 3).unwrap();
    encoder.write_all(&header(EntryType::Regular, b"zeros", b"", 0o644, 64 << 20)).unwrap();
    io::copy(&mut io::Read::take(io::repeat(0), (64 << 20) + 1024), &mut encoder).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 16 << 10);
    assert!(matches!(refused(&bomb, &Limits::default()), ArchiveError::Unpack(UnpackError::Bomb { .. })));
    // A size that is only claimed costs nothing.
    let claim = archive(&[header(EntryType::Regular, b"huge", b"", 0o644, 1 << 62)]);
    assert!(matches!(refused(&claim, &Limits::default()), ArchiveError::Truncated));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_stream_panics_or_leaves_its_directory(
        parts in prop::collection::vec(
            (0u8..128, "[a./]{0,6}", "[a./]{0,6}", prop::collection::vec(any::<u8>(), 0..40)),
            0..6,
        ),
        flip in 0usize..4096,
    ) {
        let parts = parts.iter().map(|(kind, path, link, data)| {
            let kind = EntryType::new(b"0123456xgLKS"[usize::from(*kind) % 12]);
            let padding = vec![0; data.len().next_multiple_of(512) - data.len()];
            let head = header(kind, path.as_bytes(), link.as_bytes(), 0o644, data.len() as u64);
            [&head[..], data, &padding].concat()
        });
        let mut tar = [parts.collect::<Vec<_>>().concat(), vec![0; 1024]].concat();
        let at = flip % tar.len();
        for flipped in [false, true] {
            if flipped {
                tar[at] ^= 0x55;
            }
            let dir = tempfile::tempdir().unwrap();
            let packed = compress::pack(&tar, 1).unwrap();
            let extracted = extract(&packed, &dir.path().join("tree"), &Limits::default());
            prop_assert_eq!(extracted.is_ok(), read(&packed, &Limits::default()).is_ok());
            prop_assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), usize::from(extracted.is_ok()));
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        prop_assert!(read(&bytes, &Limits::default()).is_err());
    }
}
