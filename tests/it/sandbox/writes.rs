//! What a program can change where there are no namespaces: Landlock keeps it to its own folders.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use stella::model::result::Isolation;
use stella::sandbox::guest::OUT;
use stella::sandbox::run::{Ending, Finished, run_at_most};
use stella::sandbox::spec::Mount;

use super::{helper, out, shell};

/// A run at `traced`; `None`, and a word why, where this machine has no such level or no Landlock.
fn traced(script: &str, mount: Option<&Mount>) -> Option<Finished> {
    let mut spec = shell(script);
    if let Some(mount) = mount {
        spec.mounts.add(mount.clone()).unwrap();
    }
    let finished = run_at_most(&spec, helper(), Isolation::Traced).unwrap();
    let unprotected = finished.lost.iter().any(|lost| lost.contains("mounts are not read-only"));
    if finished.level != Isolation::Traced || unprotected {
        // Set where the machine is known to have everything.
        assert!(std::env::var_os("STELLA_TEST_ISOLATION").is_none(), "{:?}", finished.lost);
        eprintln!("skipped: {:?}", finished.lost);
        return None;
    }
    assert_eq!(finished.ending, Ending::Code(0), "{}", String::from_utf8_lossy(&finished.stderr));
    Some(finished)
}

#[test]
fn nothing_outside_its_folders_is_changed_by_a_traced_program() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().to_str().unwrap();
    fs::create_dir_all(dir.path().join("folder/empty")).unwrap();
    fs::write(dir.path().join("file"), "content").unwrap();
    fs::write(dir.path().join("folder/file"), "content").unwrap();
    let changes = [
        "echo x > $at/new",
        "echo x >> $at/file",
        "echo x > $at/file",
        "truncate -s 0 $at/file",
        "rm $at/file",
        "mv $at/file $at/moved",
        "mv $at/file $at/folder/moved",
        "mv $at/folder $at/moved",
        "ln $at/file $at/linked",
        "ln $at/file $HOME/linked",
        "ln -s file $at/symbolic",
        "mkdir $at/folder/new",
        "rmdir $at/folder/empty",
        "mkfifo $at/queue",
        "cp /bin/sh $at/copy",
        "mv $HOME/own $at/own",
        "ln $HOME/own $at/own",
        "echo x > $HOME/lead/new",
        "echo x > /proc/self/cwd/../../$at/new",
    ];
    let tries = changes.map(|change| format!("(at={at}; {change}) 2>/dev/null && echo 'DONE {change}'\n"));
    let script = format!("echo own > $HOME/own; ln -s {at} $HOME/lead\n{}cat {at}/file", tries.concat());
    let Some(finished) = traced(&script, None) else { return };
    assert_eq!(out(&finished), "content");
    let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["file", "folder"]);
    assert_eq!(fs::read_dir(dir.path().join("folder")).unwrap().count(), 2);
    assert_eq!(fs::read_to_string(dir.path().join("file")).unwrap(), "content");
}

#[test]
fn what_a_traced_program_is_given_it_can_change() {
    let results = tempfile::tempdir().unwrap();
    fs::write(results.path().join("old"), "old").unwrap();
    let script = "set -e\n\
         for at in /tmp/stella/out $HOME $TMPDIR .; do\n\
           echo one > $at/file; echo two >> $at/file; truncate -s 4 $at/file; mkdir $at/folder; mv $at/file $at/folder/f\n\
           ln $at/folder/f $at/folder/g; ln -s f $at/folder/h; mkfifo $at/folder/queue; rm $at/folder/h $at/folder/queue\n\
         done\n\
         echo moved > $HOME/moved; mv $HOME/moved /tmp/stella/out/moved; rm /tmp/stella/out/old\n\
         echo x > /dev/null; echo ok";
    let mount = Mount::writable(results.path(), OUT).unwrap();
    let Some(finished) = traced(script, Some(&mount)) else { return };
    assert_eq!(out(&finished), "ok\n");
    let text = |name: &str| fs::read_to_string(results.path().join(name)).unwrap();
    assert_eq!((text("folder/f"), text("folder/g"), text("moved")), ("one\n".into(), "one\n".into(), "moved\n".into()));
    assert!(!results.path().join("old").exists());
}

/// Landlock has no right for it: whoever may, changes them anywhere. To be noticed should that change.
#[test]
fn attributes_of_files_are_not_protected_and_it_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "content").unwrap();
    let Some(finished) = traced(&format!("chmod 601 {}", file.display()), None) else { return };
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o601);
    let said = "host files: their modes, owners, times and extended attributes can be changed";
    assert!(finished.lost.iter().any(|lost| lost.starts_with(said)), "{:?}", finished.lost);
}
