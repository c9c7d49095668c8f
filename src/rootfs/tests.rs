//! What layers do to each other, and what is kept of them.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use tar::EntryType;

use crate::oci::samples::{MTIME, Memory, directory, entry, file, gzip, hard_link, image, resolve, symlink, tar};
use crate::oci::{Image, Wanted};
use crate::rootfs::samples::extended;
use crate::rootfs::{RootFs, RootfsError, rootfs, sound_rootfs};

/// Everything below a root: directories end in `/`, links say where they lead.
fn tree(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let items = crate::host::fs::walk(root, 1000).unwrap();
    for item in items {
        let path = item.relative.to_str().unwrap().to_owned();
        let full = root.join(&item.relative);
        match item.kind {
            crate::host::fs::Kind::Directory => found.insert(path + "/", String::new()),
            crate::host::fs::Kind::Symlink { target } => found.insert(path, format!("-> {}", target.display())),
            _ => found.insert(path, std::fs::read_to_string(full).unwrap()),
        };
    }
    found
}

fn unpacked(blobs: &Memory, image: &Image) -> (tempfile::TempDir, RootFs) {
    let dir = tempfile::tempdir().unwrap();
    let rootfs = rootfs(image, blobs, dir.path()).unwrap();
    rootfs.check().unwrap();
    (dir, rootfs)
}

#[track_caller]
fn becomes(layers: &[&[Vec<u8>]], expected: &[(&str, &str)]) {
    let (blobs, image) = image(layers);
    let (_dir, rootfs) = unpacked(&blobs, &image);
    let expected: BTreeMap<_, _> = expected.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
    assert_eq!(tree(&rootfs.path), expected);
}

#[test]
fn whiteouts_hide_lower_layers_and_nothing_of_their_own() {
    let lower =
        [directory("d"), file("d/a", "1"), file("d/b", "1"), directory("d/s"), file("d/s/x", "1"), file("f", "1")];
    becomes(
        &[&lower, &[file("d/.wh.a", ""), file(".wh.f", "")]],
        &[("d/", ""), ("d/b", "1"), ("d/s/", ""), ("d/s/x", "1")],
    );
    becomes(&[&lower, &[file(".wh.d", "")]], &[("f", "1")]);
    // The same layer puts it back, before or after.
    for layer in [[file("d/.wh.a", ""), file("d/a", "2")], [file("d/a", "2"), file("d/.wh.a", "")]] {
        becomes(&[&lower[..3], &layer], &[("d/", ""), ("d/a", "2"), ("d/b", "1")]);
    }
    for layer in [[file(".wh.d", ""), file("d/new", "2")], [file("d/new", "2"), file(".wh.d", "")]] {
        becomes(&[&lower, &layer], &[("d/", ""), ("d/new", "2"), ("f", "1")]);
    }
    // What is not there can be hidden, too, and a mark of AUFS says nothing.
    becomes(&[&[file("n/.wh.x", ""), file(".wh.y", ""), file(".wh..wh.aufs", ""), file(".wh..wh.plnk/1", "")]], &[]);
}

#[test]
fn an_opaque_directory_hides_all_that_lower_layers_have_in_it() {
    let lower = [directory("d"), file("d/a", "1"), directory("d/s"), file("d/s/x", "1"), file("f", "1")];
    let opaque = file("d/.wh..wh..opq", "");
    for layer in
        [[opaque.clone(), file("d/s/y", "2"), file("d/a", "2")], [file("d/s/y", "2"), file("d/a", "2"), opaque.clone()]]
    {
        becomes(&[&lower, &layer], &[("d/", ""), ("d/a", "2"), ("d/s/", ""), ("d/s/y", "2"), ("f", "1")]);
    }
    becomes(&[&lower, &[file(".wh..wh..opq", "")]], &[]);
}

#[test]
fn what_is_of_another_kind_is_replaced() {
    let lower = [directory("d"), file("d/a", "1"), file("f", "1"), symlink("l", "d")];
    becomes(
        &[&lower, &[file("d", "2"), file("f/x", "2"), directory("l")]],
        &[("d", "2"), ("f/", ""), ("f/x", "2"), ("l/", "")],
    );
    becomes(&[&lower, &[symlink("d", "f"), file("l", "2")]], &[("d", "-> f"), ("f", "1"), ("l", "2")]);
    // A device is left out, and what it replaced is gone as it would be.
    let device = entry(EntryType::Char, b"d", b"", 0o666, b"");
    becomes(&[&lower, &[device]], &[("f", "1"), ("l", "-> d")]);
    // A directory that is given again keeps what is in it.
    becomes(&[&lower[..2], &[directory("d"), directory("./d/")]], &[("d/", ""), ("d/a", "1")]);
}

#[test]
fn links_on_the_way_are_followed_inside_the_root() {
    let lower = [directory("usr"), directory("usr/lib"), symlink("lib", "usr/lib"), symlink("abs", "/usr/lib")];
    let upper = [file("lib/a", "2"), file("abs/b", "2"), file("abs/.wh.none", "")];
    becomes(
        &[&lower, &upper],
        &[
            ("abs", "-> /usr/lib"),
            ("lib", "-> usr/lib"),
            ("usr/", ""),
            ("usr/lib/", ""),
            ("usr/lib/a", "2"),
            ("usr/lib/b", "2"),
        ],
    );
    becomes(
        &[&lower, &upper, &[file("lib/.wh.b", ""), file("abs/.wh.a", "")]],
        &[("abs", "-> /usr/lib"), ("lib", "-> usr/lib"), ("usr/", ""), ("usr/lib/", "")],
    );
    // A link that leads nowhere yet leads to a directory that is made.
    becomes(
        &[&[symlink("run", "/var/run"), file("run/x", "1")]],
        &[("run", "-> /var/run"), ("var/", ""), ("var/run/", ""), ("var/run/x", "1")],
    );
    // Links are kept as they are, wherever they lead.
    becomes(&[&[symlink("out", "../../../etc/passwd")]], &[("out", "-> ../../../etc/passwd")]);
}

#[test]
fn hard_links_are_one_file_also_across_layers() {
    let lower = [file("a", "1"), symlink("s", "a")];
    let upper = [hard_link("b", "a"), hard_link("./c", "/a"), hard_link("t", "s"), hard_link("a", "a")];
    let (blobs, image) = image(&[&lower, &upper]);
    let (_dir, rootfs) = unpacked(&blobs, &image);
    let node = |name: &str| std::fs::symlink_metadata(rootfs.path.join(name)).unwrap().ino();
    assert_eq!([node("b"), node("c")], [node("a"); 2]);
    assert_eq!(std::fs::read_link(rootfs.path.join("t")).unwrap(), Path::new("a"));
    // One name is replaced or goes; the other stays what it was.
    becomes(
        &[&lower, &upper, &[file("a", "3"), file(".wh.b", ""), file(".wh.s", ""), file(".wh.t", "")]],
        &[("a", "3"), ("c", "1")],
    );
    // The digest does not tell a hard link from a file with the same bytes.
    let copies = [file("a", "1"), file("b", "1")];
    let links = [file("a", "1"), hard_link("b", "a")];
    let digest = |entries: &[Vec<u8>]| {
        let (blobs, image) = crate::oci::samples::image(&[entries]);
        unpacked(&blobs, &image).1.content
    };
    assert_eq!(digest(&copies), digest(&links));
}

#[test]
fn modes_and_times_are_those_of_the_layers_and_what_is_lost_is_counted() {
    let with_mode = |kind, path: &str, mode| entry(kind, path.as_bytes(), b"", mode, b"");
    let owned = {
        let mut head = tar::Header::from_byte_slice(&file("owned", "")).clone();
        head.set_uid(33);
        head.set_cksum();
        head.as_bytes().to_vec()
    };
    let entries = [
        with_mode(EntryType::Directory, "./", 0o750),
        with_mode(EntryType::Directory, "tmp", 0o1777),
        with_mode(EntryType::Directory, "locked", 0o000),
        file("locked/in", "x"),
        with_mode(EntryType::Regular, "su", 0o6755),
        with_mode(EntryType::Regular, "shadow", 0o000),
        with_mode(EntryType::Fifo, "pipe", 0o644),
        with_mode(EntryType::Block, "disk", 0o644),
        [extended(&[("mtime", "1.5"), ("SCHILY.xattr.user.a", "b")]), file("half", "")].concat(),
        owned,
    ];
    let (blobs, image) = image(&[&entries]);
    let (_dir, rootfs) = unpacked(&blobs, &image);
    for (path, mode) in
        [("", 0o750), ("tmp", 0o1777), ("locked", 0o700), ("locked/in", 0o644), ("su", 0o755), ("shadow", 0o400)]
    {
        let metadata = std::fs::symlink_metadata(rootfs.path.join(path)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, mode, "{path}");
        assert_eq!(metadata.modified().unwrap(), UNIX_EPOCH + Duration::from_secs(MTIME), "{path}");
    }
    let half = std::fs::metadata(rootfs.path.join("half")).unwrap().modified().unwrap();
    assert_eq!(half, UNIX_EPOCH + Duration::from_millis(1500));
    let notes = rootfs.notes;
    assert_eq!((notes.special_files, notes.special_bits, notes.attributes, notes.owners), (2, 1, 1, 1));
    assert_eq!(notes.lines().len(), 4);
    assert_eq!(rootfs.run.env, ["PATH=/bin"]);
    assert_eq!((rootfs.run.working_dir.as_str(), rootfs.run.entrypoint.len()), ("/srv", 1));
}

#[test]
fn names_are_bytes_and_long_ones_come_in_extended_headers() {
    let long = vec!["long".repeat(20); 5].join("/");
    let gnu = entry(EntryType::GNULongName, b"././@LongLink", b"", 0, format!("gnu-{long}\0").as_bytes());
    let entries = [
        entry(EntryType::Regular, b"caf\xe9", b"", 0o644, b"latin1"),
        [extended(&[("path", &long)]), file("cut", "pax")].concat(),
        [gnu, file("cut", "gnu")].concat(),
        [extended(&[("linkpath", &long)]), symlink("far", "cut")].concat(),
        [extended(&[("size", "3")]), file("sized", "123")].concat(),
        entry(EntryType::XGlobalHeader, b"pax_global_header", b"", 0, b"18 comment=abcdef\n"),
    ];
    let (blobs, image) = image(&[&entries]);
    let (_dir, rootfs) = unpacked(&blobs, &image);
    let latin1: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"caf\xe9");
    assert_eq!(std::fs::read(rootfs.path.join(latin1)).unwrap(), b"latin1");
    assert_eq!(std::fs::read(rootfs.path.join(&long)).unwrap(), b"pax");
    assert_eq!(std::fs::read(rootfs.path.join(format!("gnu-{long}"))).unwrap(), b"gnu");
    assert_eq!(std::fs::read_link(rootfs.path.join("far")).unwrap(), Path::new(&long));
}

#[test]
fn every_media_type_of_layers_is_read() {
    let tar = tar(&[file("a", "1")]);
    let (packed, frames) = (gzip(&tar), zstd::encode_all(&tar[..], 3).unwrap());
    // Both in two parts, as parallel packers write them.
    let halves = |pack: &dyn Fn(&[u8]) -> Vec<u8>| [pack(&tar[..700]), pack(&tar[700..])].concat();
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    for (kind, blob) in [
        ("application/vnd.oci.image.layer.v1.tar", tar.clone()),
        ("application/vnd.oci.image.layer.v1.tar+gzip", packed.clone()),
        ("application/vnd.oci.image.layer.v1.tar+gzip", halves(&gzip)),
        ("application/vnd.oci.image.layer.v1.tar+zstd", frames),
        ("application/vnd.oci.image.layer.v1.tar+zstd", halves(&zstd)),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", packed),
        ("application/vnd.docker.image.rootfs.diff.tar", tar.clone()),
    ] {
        let mut blobs = Memory::default();
        let manifest = blobs.image_of(vec![(kind, blob, tar.clone())], "amd64");
        let image = resolve(&blobs, &[manifest], &Wanted::default()).unwrap();
        let (_dir, rootfs) = unpacked(&blobs, &image);
        assert_eq!(std::fs::read(rootfs.path.join("a")).unwrap(), b"1", "{kind}");
    }
}

#[test]
fn a_kept_root_filesystem_is_found_again_and_can_be_checked() {
    let (mut blobs, image) = image(&[&[directory("d"), file("d/a", "1"), symlink("l", "d/a")]]);
    let dir = tempfile::tempdir().unwrap();
    let first = rootfs(&image, &blobs, dir.path()).unwrap();
    // Recorded once: whoever changes this changes the identity of every environment that was recorded.
    assert_eq!(first.content.short(), "2518c5a5ad7e");
    // Nothing is read again.
    let whole = blobs.clone();
    blobs.0.clear();
    assert_eq!(rootfs(&image, &blobs, dir.path()).unwrap(), first);

    std::fs::write(first.path.join("d/a"), "2").unwrap();
    assert!(matches!(first.check(), Err(RootfsError::Changed { .. })));
    std::fs::write(first.path.join("d/a"), "1").unwrap();
    first.check().unwrap();
    for change in [
        |root: &Path| std::fs::set_permissions(root.join("d"), PermissionsExt::from_mode(0o711)).unwrap(),
        |root: &Path| std::fs::write(root.join("new"), "").unwrap(),
        |root: &Path| std::fs::remove_file(root.join("l")).unwrap(),
    ] {
        change(&first.path);
        assert!(matches!(first.check(), Err(RootfsError::Changed { .. })));
    }
    // It cannot be mended without its layers, and is mended with them.
    assert!(sound_rootfs(&image, &blobs, dir.path()).is_err());
    assert_eq!(sound_rootfs(&image, &whole, dir.path()).unwrap(), first);
    first.check().unwrap();
}
