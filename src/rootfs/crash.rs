//! Unpackers killed at any instant leave only whole root filesystems under their names.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::host::fs::{self, Kind, TEMP_PREFIX};
use crate::oci::samples::{file, hard_link, image, symlink};
use crate::rootfs::rootfs;
use crate::rootfs::{RECORD, Record, content};

/// The test is its own child: with [`CACHE`] set it unpacks until it is killed.
const CHILD: &str = "rootfs::crash::killed_unpackers_leave_nothing_half_done";
const CACHE: &str = "STELLA_CRASH_TEST_CACHE";
const KILLS: u64 = 30;

fn unpack_until_killed(root: &Path) {
    let lower: Vec<_> = (0..200).map(|n| file(&format!("d{}/f{n}", n % 7), &"x".repeat(n * 37))).collect();
    let upper = [hard_link("l", "d1/f1"), symlink("s", "/d2"), file(".wh.d3", "")];
    let (blobs, image) = image(&[&lower, &upper]);
    for round in 0_u32.. {
        rootfs(&image, &blobs, &root.join(format!("{}-{round}", std::process::id()))).unwrap();
    }
}

#[test]
fn killed_unpackers_leave_nothing_half_done() {
    if let Some(root) = std::env::var_os(CACHE) {
        unpack_until_killed(Path::new(&root));
    }
    let dir = tempfile::tempdir().unwrap();
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD])
            .env(CACHE, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Spread over start and the first rounds; not a multiple of anything that the child does.
        std::thread::sleep(Duration::from_micros(3000 + kill * 7919 % 61_000));
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "the child must not end by itself");
    }
    // Depth: cache, `sha256`, two digits, the folder.
    for item in fs::walk(dir.path(), 1_000_000).unwrap() {
        let name = item.relative.file_name().unwrap().to_str().unwrap();
        if item.kind == Kind::Directory && item.relative.components().count() == 4 && !name.starts_with(TEMP_PREFIX) {
            let folder = dir.path().join(&item.relative);
            let record: Record = serde_json::from_slice(&std::fs::read(folder.join(RECORD)).unwrap()).unwrap();
            assert_eq!(content::of_folder(&folder.join("root"), 1000).unwrap(), record.content);
        }
    }
}
