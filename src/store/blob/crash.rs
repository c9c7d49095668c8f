//! Writers killed at any instant leave a store in which every visible blob is whole.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::host::fs::{self, Kind};
use crate::model::digest::Digest;
use crate::store::blob::{BlobSource, BlobStore, LocalStore};

/// The test is its own child: with [`STORE`] set it writes until it is killed.
const CHILD: &str = "store::blob::crash::killed_writers_leave_no_half_blob";
const STORE: &str = "STELLA_CRASH_TEST_STORE";
const KILLS: u32 = 200;

fn write_until_killed(root: &Path) {
    let store = LocalStore::open(root).unwrap();
    for round in std::process::id().. {
        let blob = |n: u32| (round ^ (n << 24)).to_le_bytes().repeat(1 + n as usize * 9000);
        // Most of the time in single writes: a batch spends nearly all of its own waiting for the disk.
        for n in 0..12 {
            store.put(&blob(n)).unwrap();
        }
        let mut batch = store.batch();
        for n in 12..16 {
            batch.put(&blob(n)).unwrap();
        }
        batch.commit().unwrap();
    }
}

#[test]
fn killed_writers_leave_no_half_blob() {
    if let Some(root) = std::env::var_os(STORE) {
        write_until_killed(Path::new(&root));
    }
    let dir = tempfile::tempdir().unwrap();
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD])
            .env(STORE, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Spread over start, first write and later ones; not a multiple of anything that the child does.
        std::thread::sleep(Duration::from_micros(1500 + u64::from(kill) * 7919 % 33_000));
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "the child must not end by itself");
    }
    assert!(every_visible_blob_is_whole(dir.path()) > 0, "no child came as far as its first blob");

    let store = LocalStore::open(dir.path()).unwrap();
    let digest = store.put(b"after the crashes").unwrap();
    assert_eq!(store.get(&digest).unwrap().unwrap(), b"after the crashes");
}

fn every_visible_blob_is_whole(root: &Path) -> usize {
    let store = LocalStore::open(root).unwrap();
    let items = fs::walk(&root.join("sha256"), 1_000_000).unwrap();
    let names = items.iter().filter(|item| matches!(item.kind, Kind::File { .. })).map(|item| {
        let digest = item.relative.file_stem().unwrap().to_str().unwrap();
        format!("sha256:{digest}").parse::<Digest>().expect("no other file stands among the blobs")
    });
    names.inspect(|digest| assert!(store.get(digest).unwrap().is_some())).count()
}
