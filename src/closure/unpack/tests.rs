use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::*;
use crate::closure::capture::{Captured, View, Wanted, capture, now};
use crate::closure::error::CaptureError;
use crate::sandbox::look_ups::LookUps;
use crate::store::blob::LocalStore;

/// A folder of the machine with a tool in it, and a store.
struct Machine {
    folder: tempfile::TempDir,
    store: LocalStore,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(folder.path().join("store")).unwrap();
        let machine = Self { folder, store };
        fs::create_dir_all(machine.at("tool/bin")).unwrap();
        fs::create_dir_all(machine.at("tool/lib")).unwrap();
        fs::create_dir_all(machine.at("tool/other")).unwrap();
        fs::write(machine.at("tool/other/inside"), "").unwrap();
        fs::write(machine.at("tool/bin/scan"), "#!/usr/bin/env sh\n").unwrap();
        fs::set_permissions(machine.at("tool/bin/scan"), Permissions::from_mode(0o755)).unwrap();
        fs::write(machine.at("tool/lib/rules"), "rules").unwrap();
        fs::write(machine.at("tool/lib/more"), "more rules").unwrap();
        fs::write(machine.at("tool/lib/empty"), "").unwrap();
        symlink("lib/rules", machine.at("tool/link")).unwrap();
        machine
    }

    fn at(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn text(&self, below: &str) -> String {
        self.at(below).display().to_string()
    }

    fn capture(&self, look_ups: &LookUps, limit: u64) -> Result<Captured, CaptureError> {
        let view = View::new(&[self.text("tool")], None);
        let (homes, admitted) = Default::default();
        let wanted = Wanted {
            look_ups,
            view,
            scanner: self.text("tool/bin/scan"),
            began: now(),
            laid_out: false,
            limit,
            homes,
            admitted,
        };
        capture(&wanted, &self.store)
    }

    fn usual(&self) -> LookUps {
        LookUps {
            opened: vec![self.text("tool/link"), self.text("tool/lib/gone"), "/etc/passwd".into(), self.text("store")],
            listed: vec![self.text("tool/lib")],
            looked_at: vec![self.text("tool/bin/../lib/more")],
            ..LookUps::default()
        }
    }

    fn unpack(&self, captured: &Captured) -> Result<Unpacked, UnpackError> {
        unpack(&captured.listing, captured.digest, &self.store, &self.at("cache"))
    }
}

/// A path of the machine where it lies in an unpacked closure.
fn inside(unpacked: &Unpacked, path: &Path) -> PathBuf {
    unpacked.root.join(path.strip_prefix("/").unwrap())
}

#[test]
fn a_closure_holds_what_was_opened_and_names_what_was_looked_at() {
    let machine = Machine::new();
    let captured = machine.capture(&machine.usual(), u64::MAX).unwrap();
    let unpacked = machine.unpack(&captured).unwrap();
    let there = |below: &str| inside(&unpacked, &machine.at(below));
    assert_eq!(fs::read_to_string(there("tool/lib/rules")).unwrap(), "rules");
    assert_eq!(fs::read_link(there("tool/link")).unwrap(), Path::new("lib/rules"));
    assert_eq!(fs::read(there("tool/lib/empty")).unwrap(), b"");
    // The program, its interpreter, the interpreter of the line after that, and their loader, which the kernel opens by itself.
    assert!(there("tool/bin/scan").is_file());
    assert!(
        captured
            .listing
            .get(b"/usr/bin/env")
            .is_some_and(|entry| matches!(entry, Entry::File { content: Some(_), .. } | Entry::Link { .. }))
    );
    assert!(captured.listing.entries().any(|(path, _)| String::from_utf8_lossy(path).contains("/ld-")));
    // Looked at alone: as large and as old as it is, and marked.
    let (real, kept) =
        (fs::metadata(machine.at("tool/lib/more")).unwrap(), fs::metadata(there("tool/lib/more")).unwrap());
    let of = |found: &fs::Metadata| (found.len(), found.mtime(), found.mtime_nsec(), found.mode());
    assert_eq!(of(&kept), of(&real));
    let list = fs::read_to_string(&unpacked.without_content).unwrap();
    assert!(list.lines().any(|line| line == format!("file {}", kept.ino())), "{list}");
    // What lies beside something that was looked for is known by its name; of a folder in which nothing was looked for nothing is.
    let of = |path: &str| captured.listing.get(path.as_bytes());
    assert!(matches!(of(&machine.text("tool/bin")), Some(Entry::Folder { listed: true, .. })));
    assert!(matches!(of(&machine.text("tool/other")), Some(Entry::Folder { listed: false, .. })));
    assert!(of(&machine.text("tool/other/inside")).is_none());
    let other = fs::metadata(there("tool/other")).unwrap().ino();
    assert!(list.lines().any(|line| line == format!("folder {other}")), "{list}");
    assert_eq!(
        captured
            .listing
            .get(machine.text("tool/lib").as_bytes())
            .map(|entry| matches!(entry, Entry::Folder { listed: true, .. })),
        Some(true)
    );
    // Nothing of what was not shown, and nothing that every run has for itself.
    assert!(!there("store").exists() && captured.listing.get(b"/etc/passwd").is_none());
    assert!(captured.missed >= 2, "{}", captured.missed);
    // The same again is the same closure, and stores nothing new.
    let blobs = files::walk(machine.store.root(), 10_000).unwrap().len();
    assert_eq!(machine.capture(&machine.usual(), u64::MAX).unwrap().digest, captured.digest);
    assert_eq!(files::walk(machine.store.root(), 10_000).unwrap().len(), blobs);
}

#[test]
fn what_is_unpacked_is_found_again_and_what_was_changed_is_unpacked_anew() {
    let machine = Machine::new();
    let captured = machine.capture(&machine.usual(), u64::MAX).unwrap();
    let first = machine.unpack(&captured).unwrap();
    let rules = inside(&first, &machine.at("tool/lib/rules"));
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    let before = inode(&rules);
    assert_eq!((machine.unpack(&captured).unwrap(), inode(&rules)), (first.clone(), before));
    // Of the same length, with the time that it had.
    let time = fs::metadata(&rules).unwrap().modified().unwrap();
    fs::set_permissions(&rules, Permissions::from_mode(0o644)).unwrap();
    fs::write(&rules, "RULES").unwrap();
    File::options().write(true).open(&rules).unwrap().set_modified(time).unwrap();
    assert_eq!(machine.unpack(&captured).unwrap(), first);
    assert_eq!(fs::read_to_string(&rules).unwrap(), "rules");
    let extra = inside(&first, &machine.at("tool/lib/extra"));
    fs::write(&extra, "").unwrap();
    machine.unpack(&captured).unwrap();
    assert!(!extra.exists());
}

#[test]
fn what_is_gone_or_damaged_is_named_and_leaves_nothing() {
    let machine = Machine::new();
    let captured = machine.capture(&machine.usual(), u64::MAX).unwrap();
    let rules = Digest::of(b"rules");
    let blob = machine.store.path_of(&rules);
    let packed = fs::read(&blob).unwrap();
    fs::write(&blob, b"rot").unwrap();
    let error = machine.unpack(&captured).unwrap_err();
    assert!(
        matches!(&error, UnpackError::Damaged { path, digest, .. } if *path == machine.text("tool/lib/rules") && *digest == rules),
        "{error}"
    );
    fs::remove_file(&blob).unwrap();
    let UnpackError::Gone(gone) = machine.unpack(&captured).unwrap_err() else { panic!() };
    assert_eq!(gone, [format!("`{}` of the closure ({rules})", machine.text("tool/lib/rules"))]);
    let left = files::walk(&machine.at("cache"), 100).unwrap();
    assert!(left.iter().all(|item| matches!(item.kind, files::Kind::Directory)), "{left:?}");
    fs::write(&blob, packed).unwrap();
    // A listing that says another length than the content has.
    let text = String::from_utf8(captured.listing.to_bytes()).unwrap();
    let line = text.lines().find(|line| line.contains(&rules.hex())).unwrap();
    let text = text.replace(line, &line.replace("\"size\":5", "\"size\":6"));
    let listing = Listing::parse(text.as_bytes()).unwrap();
    let unpacked = unpack(&listing, Digest::of(text.as_bytes()), &machine.store, &machine.at("cache"));
    assert!(matches!(unpacked, Err(UnpackError::Size { expected: 6, found: 5, .. })), "{unpacked:?}");
}

#[test]
fn what_changes_while_it_is_recorded_and_what_is_too_much_is_named() {
    let machine = Machine::new();
    let error = machine.capture(&machine.usual(), 20).unwrap_err();
    assert!(matches!(&error, CaptureError::TooLarge { limit: 20, largest, .. } if !largest.is_empty()), "{error}");
    let before = files::walk(machine.store.root(), 1_000).unwrap().len();
    let cut = LookUps { cut: true, ..machine.usual() };
    assert!(matches!(machine.capture(&cut, u64::MAX), Err(CaptureError::TooManyPaths)));
    let view = View::new(&[machine.text("tool")], None);
    let began = Modified { seconds: 1_000_000_000, nanoseconds: 0 };
    let look_ups = machine.usual();
    let scanner = machine.text("tool/bin/scan");
    let (homes, admitted) = Default::default();
    let wanted =
        Wanted { look_ups: &look_ups, view, scanner, began, laid_out: false, limit: u64::MAX, homes, admitted };
    let error = capture(&wanted, &machine.store).unwrap_err();
    assert!(matches!(&error, CaptureError::Changed { path } if path.contains("/tool/")), "{error}");
    assert_eq!(files::walk(machine.store.root(), 1_000).unwrap().len(), before);
}
