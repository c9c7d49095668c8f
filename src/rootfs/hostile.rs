//! Layers as an attacker would build them: each is refused by its own name, nothing is left, and nothing is written
//! outside.

use std::io::Write;
use std::path::Path;

use proptest::prelude::*;
use tar::EntryType;

use crate::archive::PathError;
use crate::host::compress::UnpackError;
use crate::model::digest::Digest;
use crate::oci::samples::{Memory, directory, entry, file, gzip, hard_link, header, image, resolve, symlink, tar};
use crate::oci::{BlobProblem, ImageError, Wanted};
use crate::rootfs::layer::{LayerError, LayerProblem};
use crate::rootfs::samples::extended;
use crate::rootfs::unpack::{Limits, unpack_within};
use crate::rootfs::{RootfsError, rootfs};

/// Unpacks beside a folder that must stay as it was.
#[track_caller]
fn refused(layers: &[&[Vec<u8>]]) -> LayerError {
    let (blobs, image) = image(layers);
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let error = rootfs(&image, &blobs, &cache).unwrap_err();
    nothing_is_left(&cache);
    match error {
        RootfsError::Layer { source, .. } => source,
        other => panic!("{other}"),
    }
}

fn nothing_is_left(cache: &Path) {
    let left = crate::host::fs::walk(cache, 1000).unwrap();
    assert!(left.iter().all(|item| item.kind == crate::host::fs::Kind::Directory), "{left:?}");
    assert!(left.len() <= 2, "{left:?}");
}

#[test]
fn hostile_entries_are_refused_by_name() {
    use LayerProblem as P;
    let text = str::to_owned;
    let lower = vec![directory("d"), file("d/f", "1"), file("f", "1")];
    let raw = |kind, path: &[u8], size| header(kind, path, b"", 0o644, size);
    let deep = vec!["x".repeat(200); 12].join("/");
    #[rustfmt::skip]
    let table: Vec<(&str, Vec<Vec<u8>>, LayerProblem)> = vec![
        ("climbs", vec![file("../x", "")], P::Path(PathError::Parent)),
        ("climbs in the middle", vec![file("a/../../x", "")], P::Path(PathError::Parent)),
        ("climbs from the root", vec![file("/../x", "")], P::Path(PathError::Parent)),
        ("empty name", vec![raw(EntryType::Regular, b"", 0)], P::Path(PathError::Empty)),
        ("long component", vec![[extended(&[("path", &"x".repeat(256))]), file("x", "")].concat()], P::Path(PathError::TooLong)),
        ("long path", vec![[extended(&[("path", &"x/".repeat(2050))]), file("x", "")].concat()], P::Path(PathError::TooLong)),
        ("long where it leads", vec![
            [extended(&[("path", &deep)]), directory("x")].concat(),
            [extended(&[("linkpath", &deep)]), symlink("l", "x")].concat(),
            [extended(&[("path", &format!("l/{deep}"))]), file("x", "")].concat(),
        ], P::PathTooLong),
        ("NUL in an extended name", vec![[extended(&[("path", "a\0b")]), file("x", "")].concat()], P::Path(PathError::Nul)),
        ("twice", vec![file("a", "1"), file("a", "2")], P::Duplicate),
        ("twice, spelled differently", vec![file("a", "1"), symlink("./a", "x")], P::Duplicate),
        ("twice, on two ways", vec![symlink("e", "d"), file("d/n", "1"), file("e/n", "2")], P::Duplicate),
        ("file over a directory with entries", vec![file("n/a", "1"), file("n", "2")], P::HasChildren),
        ("device over a directory with entries", vec![file("n/a", "1"), raw(EntryType::Char, b"n", 0)], P::HasChildren),
        ("file as the root", vec![file("./", "1")], P::Contents(1)),
        ("link as the root", vec![symlink("/", "/etc")], P::HasChildren),
        ("below a file", vec![file("n", "1"), file("n/a", "2")], P::NotBelowDirectory { ancestor: text("n") }),
        ("through a link that climbs", vec![symlink("l", "../../etc"), file("l/x", "")], P::LinkLeaves { target: text("../../etc") }),
        ("through links that climb", vec![symlink("l", "d/up"), symlink("d/up", "../.."), file("l/x", "")], P::LinkLeaves { target: text("../..") }),
        ("through a loop", vec![symlink("a", "b"), symlink("b", "a"), file("a/x", "")], P::LinkLoop),
        ("whiteout through a link that climbs", vec![symlink("l", ".."), file("l/.wh.f", "")], P::LinkLeaves { target: text("..") }),
        ("hard link that climbs", vec![hard_link("h", "../../etc/passwd")], P::Path(PathError::Parent)),
        ("hard link to the machine", vec![hard_link("h", "/etc/passwd")], P::HardLinkTarget { target: text("/etc/passwd") }),
        ("hard link through a link", vec![symlink("l", "/etc"), hard_link("h", "l/passwd")], P::HardLinkTarget { target: text("l/passwd") }),
        ("hard link through a link that climbs", vec![symlink("l", ".."), hard_link("h", "l/f")], P::LinkLeaves { target: text("..") }),
        ("hard link to a directory", vec![hard_link("h", "d")], P::HardLinkTarget { target: text("d") }),
        ("hard link in place of its own directory", vec![hard_link("d", "d/f")], P::HardLinkTarget { target: text("d/f") }),
        ("hard link to a device", vec![raw(EntryType::Char, b"c", 0), hard_link("h", "c")], P::HardLinkTarget { target: text("c") }),
        ("hard link to nothing", vec![hard_link("h", "")], P::Path(PathError::Empty)),
        ("hard link with contents", vec![entry(EntryType::Link, b"h", b"f", 0o644, b"x")], P::Contents(1)),
        ("directory with contents", vec![entry(EntryType::Directory, b"n", b"", 0o755, b"x")], P::Contents(1)),
        ("link to nothing", vec![symlink("l", "")], P::SymlinkTarget),
        ("whiteout of nothing", vec![file("d/.wh.", "")], P::Whiteout),
        ("whiteout of the directory itself", vec![file("d/.wh..", "")], P::Whiteout),
        ("whiteout of the directory above", vec![file("d/.wh...", "")], P::Whiteout),
        ("below a whiteout", vec![file(".wh.d/x", "")], P::Whiteout),
        ("sparse file", vec![raw(EntryType::GNUSparse, b"s", 0)], P::UnknownType(text("S"))),
        ("unknown type", vec![raw(EntryType::new(b'V'), b"v", 0)], P::UnknownType(text("V"))),
        ("sparse file in an extended header", vec![[extended(&[("GNU.sparse.major", "1")]), file("s", "")].concat()], P::PaxKey(text("GNU.sparse.major"))),
        ("another size", vec![[extended(&[("size", "9")]), file("s", "1")].concat()], P::PaxKey(text("size"))),
        ("two names", vec![[extended(&[("path", "a")]), extended(&[("path", "b")]), file("c", "")].concat()], P::PaxMalformed),
        ("broken extended header", vec![[entry(EntryType::XHeader, b"p", b"", 0, b"99 path=x\n"), file("a", "")].concat()], P::PaxMalformed),
        ("path for all", vec![entry(EntryType::XGlobalHeader, b"g", b"", 0, b"10 path=x\n")], P::PaxKey(text("path"))),
        ("broken time", vec![[extended(&[("mtime", "x")]), file("a", "")].concat()], P::Field("time")),
    ];
    for (what, layer, problem) in table {
        match refused(&[&lower, &layer]) {
            LayerError::Entry { problem: found, .. } => assert_eq!(found, problem, "{what}"),
            other => panic!("{what}: {other}"),
        }
    }
}

#[test]
fn a_link_to_a_folder_of_the_machine_is_never_written_through() {
    let dir = tempfile::tempdir().unwrap();
    let outside = dir.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("f"), "mine").unwrap();
    let target = outside.to_str().unwrap();
    let entries = [symlink("l", target), file("l/x", "1"), file("l/f", "1")];
    let (blobs, image) = image(&[&entries, &[file("l/.wh.x", ""), file("l/f", "2")]]);
    let root = rootfs(&image, &blobs, &dir.path().join("cache")).unwrap();
    // As after `chroot`: the folder of that name inside.
    assert_eq!(std::fs::read(root.path.join(target.trim_start_matches('/')).join("f")).unwrap(), b"2");
    let left: Vec<_> = std::fs::read_dir(&outside).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["f"]);
    assert_eq!(std::fs::read(outside.join("f")).unwrap(), b"mine");
}

#[test]
fn a_stream_that_is_not_whole_or_not_alone_is_refused() {
    let lonely = extended(&[("path", "x")]);
    assert!(matches!(refused(&[&[lonely]]), LayerError::Tar { .. }));
    let huge = extended(&[("comment", &"x".repeat(1 << 20))]);
    assert!(matches!(refused(&[&[huge, file("a", "")]]), LayerError::Tar { .. }));
    let cut = header(EntryType::Regular, b"a", b"", 0o644, 1 << 30);
    assert!(matches!(refused(&[&[cut]]), LayerError::Tar { .. }));
    let hidden = [file("a", ""), vec![0; 1024], file("b", "")];
    assert!(matches!(refused(&[&hidden]), LayerError::TrailingGarbage));
    let mut broken = file("a", "");
    broken[0] ^= 1;
    assert!(matches!(refused(&[&[broken]]), LayerError::Tar { offset: 0, .. }));
}

/// Blobs with one layer that is `blob`, where the configuration knows the tar stream `plain`.
fn one_layer(kind: &str, blob: Vec<u8>, plain: Vec<u8>) -> Result<(), RootfsError> {
    let mut blobs = Memory::default();
    let manifest = blobs.image_of(vec![(kind, blob, plain)], "amd64");
    let image = resolve(&blobs, &[manifest], &Wanted::default())?;
    let dir = tempfile::tempdir().unwrap();
    let result = rootfs(&image, &blobs, dir.path()).map(drop);
    nothing_is_left(dir.path());
    result
}

#[test]
fn a_layer_is_what_its_digests_say() {
    const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
    let (plain, other) = (tar(&[file("a", "1")]), tar(&[file("a", "2")]));
    let layer = |result: Result<(), RootfsError>| match result.unwrap_err() {
        RootfsError::Layer { source, .. } => source,
        other => panic!("{other}"),
    };
    let error = layer(one_layer(GZIP, gzip(&other), plain.clone()));
    assert!(
        matches!(error, LayerError::DiffId { expected, found } if expected == Digest::of(&plain) && found == Digest::of(&other))
    );
    let packed = gzip(&plain);
    let zstd = zstd::encode_all(&plain[..], 3).unwrap();
    for (kind, blob) in [
        (GZIP, packed[..packed.len() - 9].to_vec()),
        (GZIP, [&packed[..], b"garbage"].concat()),
        (GZIP, plain.clone()),
        (ZSTD, zstd[..zstd.len() - 5].to_vec()),
        (ZSTD, [&zstd[..], b"garbage"].concat()),
        (ZSTD, packed.clone()),
    ] {
        let error = layer(one_layer(kind, blob, plain.clone()));
        assert!(matches!(error, LayerError::Damaged { .. }), "{error}");
    }
    let error = one_layer("application/x-sh", packed, plain).unwrap_err();
    assert!(matches!(error, RootfsError::Image(ImageError::Encoding { .. })), "{error}");
}

#[test]
fn a_blob_that_is_not_what_it_is_called_is_refused() {
    let (blobs, image) = image(&[&[file("a", "1"), file("b", &"x".repeat(5000))]]);
    let layer = image.layers()[0].blob.digest;
    let problem = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut blobs = blobs.clone();
        change(blobs.0.get_mut(&layer).unwrap());
        let dir = tempfile::tempdir().unwrap();
        let error = rootfs(&image, &blobs, dir.path()).unwrap_err();
        nothing_is_left(dir.path());
        error
    };
    // The end of a gzip stream is its checksum, which nothing but the digest and the decoder look at.
    let flipped = problem(&|bytes| *bytes.last_mut().unwrap() ^= 1);
    assert!(matches!(flipped, RootfsError::Layer { source: LayerError::Damaged { .. }, .. }), "{flipped}");
    let longer = problem(&|bytes| bytes.push(0));
    assert!(
        matches!(longer, RootfsError::Image(ImageError::Blob { problem: BlobProblem::Size { .. }, .. })),
        "{longer}"
    );
    let shorter = problem(&|bytes| bytes.truncate(bytes.len() - 1));
    assert!(
        matches!(shorter, RootfsError::Image(ImageError::Blob { problem: BlobProblem::Size { .. }, .. })),
        "{shorter}"
    );
    // The time in a gzip header changes the blob and nothing of what it unpacks to.
    let other = problem(&|bytes| bytes[4] ^= 1);
    assert!(
        matches!(other, RootfsError::Image(ImageError::Blob { problem: BlobProblem::Digest { .. }, .. })),
        "{other}"
    );
    let mut gone = blobs.clone();
    gone.0.remove(&layer);
    let dir = tempfile::tempdir().unwrap();
    let error = rootfs(&image, &gone, dir.path()).unwrap_err();
    assert!(matches!(error, RootfsError::Image(ImageError::Blob { problem: BlobProblem::Gone, .. })), "{error}");
}

#[test]
fn too_much_is_refused_before_it_hurts() {
    let many: Vec<_> = (0..11).map(|n| file(&format!("f{n}"), "")).collect();
    let replaced: Vec<Vec<u8>> = vec![file(".wh.f0", ""); 11];
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { entries: 10, bytes: 1 << 20 };
    let unpack = |layers: &[&[Vec<u8>]], name: &str, limits| {
        let (blobs, image) = image(layers);
        match unpack_within(&image, &blobs, &dir.path().join(name), limits) {
            Err(RootfsError::Layer { source, .. }) => Some(source),
            Err(other) => panic!("{other}"),
            Ok(_) => None,
        }
    };
    assert!(unpack(&[&many[..10]], "ten", limits).is_none());
    for (name, layers) in
        [("one", [&many[..], &[]]), ("two", [&many[..6], &many[6..]]), ("hidden", [&replaced[..], &[]])]
    {
        assert!(matches!(unpack(&layers, name, limits), Some(LayerError::TooManyEntries { limit: 10 })), "{name}");
    }
    let deep = [file("1/2/3/4/5/6/7/8/9/10/11", "")];
    assert!(matches!(unpack(&[&deep], "deep", limits), Some(LayerError::TooManyEntries { .. })));
    // The limit on bytes is for all layers together.
    let large = [file("a", &"x".repeat(4000))];
    let limits = Limits { entries: 10, bytes: 8000 };
    assert!(unpack(&[&large], "small", limits).is_none());
    let error = unpack(&[&large, &large], "large", limits);
    assert!(matches!(error, Some(LayerError::TooMuch(UnpackError::TooLarge { .. }))), "{error:?}");
}

#[test]
fn a_bomb_is_refused() {
    for (kind, packer) in [("gzip", true), ("zstd", false)] {
        let head = header(EntryType::Regular, b"zeros", b"", 0o644, 512 << 20);
        let zeros = vec![0; 1 << 20];
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let mut zstd = zstd::Encoder::new(Vec::new(), 3).unwrap();
        let out: &mut dyn Write = if packer { &mut gzip } else { &mut zstd };
        out.write_all(&head).unwrap();
        // Far fewer than announced: it must not get that far.
        (0..80).for_each(|_| out.write_all(&zeros).unwrap());
        let blob = if packer { gzip.finish().unwrap() } else { zstd.finish().unwrap() };
        // gzip cannot pack better than 1 to 1032: 80 MiB of zeros are under the floor of what is looked at, or just over.
        assert!(blob.len() < 100_000, "{kind}: {}", blob.len());
        let media = format!("application/vnd.oci.image.layer.v1.tar+{kind}");
        match one_layer(&media, blob, Vec::new()).unwrap_err() {
            RootfsError::Layer { source: LayerError::TooMuch(UnpackError::Bomb { .. }), .. } => {}
            other => panic!("{kind}: {other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_stream_panics_or_leaves_its_folder(
        parts in prop::collection::vec(
            (0u8..128, "[ab./]{0,6}|(.wh.)?[ab.]{0,2}", "[ab./]{0,6}", prop::collection::vec(any::<u8>(), 0..40)),
            0..10,
        ),
        split in 0usize..10,
        flip in prop::option::of(0usize..4096),
    ) {
        let entries: Vec<_> = parts.iter().map(|(kind, path, link, data)| {
            let kind = EntryType::new(b"00001112255346xgLKS"[usize::from(*kind) % 19]);
            let data = if kind == EntryType::Regular { &data[..] } else { b"" };
            entry(kind, path.as_bytes(), link.as_bytes(), 0o644, data)
        }).collect();
        let split = split.min(entries.len());
        let mut tars = vec![tar(&entries[..split]), tar(&entries[split..])];
        if let Some(flip) = flip {
            let at = flip % tars[1].len();
            tars[1][at] ^= 0x55;
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("sentinel"), "mine").unwrap();
        let mut blobs = Memory::default();
        let manifest = blobs.image(&tars, "amd64");
        let image = resolve(&blobs, &[manifest], &Wanted::default()).unwrap();
        let cache = dir.path().join("cache");
        match rootfs(&image, &blobs, &cache) {
            Ok(rootfs) => rootfs.check().unwrap(),
            Err(_) => nothing_is_left(&cache),
        }
        let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        prop_assert_eq!(names.len(), 2);
    }
}
