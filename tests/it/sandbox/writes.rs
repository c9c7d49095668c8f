//! What a program can change where there are no namespaces: Landlock keeps it to its own folders.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use stella::model::result::Isolation;
use stella::sandbox::ledger::Entry;
use stella::sandbox::run::{Ending, Finished, run_at_most};
use stella::sandbox::sandbox_path::OUT;
use stella::sandbox::spec::Mount;

use super::{helper, out, root, shell};

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

/// Outside it would lend the rights of whoever starts stella to any user.
#[test]
fn no_file_is_left_that_lends_its_owners_rights() {
    let Some(python) = super::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let at = folder.path().to_str().unwrap();
    let numbers = if cfg!(target_arch = "aarch64") { "437, None, None" } else { "437, 85, 133" };
    let script = format!(
        "import ctypes, os\nc = ctypes.CDLL(None)\nos.chdir('{at}'); os.umask(0)\nopenat2, creat, mknod = {numbers}\n\
         for i, m in enumerate((0o4755, 0o2755, 0o6777)):\n\
         \x20 def new(n):\n    f = open(f'{{n}}{{i}}', 'w'); return f.fileno(), f.name, f\n\
         \x20 how = (ctypes.c_uint64 * 3)(0o101, m, 0)\n\
         \x20 tries = [\n\
         \x20   lambda: c.chmod(new('a')[1].encode(), m), lambda: os.fchmod(new('b')[0], m),\n\
         \x20   lambda: os.chmod(new('c')[1], m, dir_fd=os.open('.', 0)), lambda: c.fchmod(os.open('.', 0), 0o2777),\n\
         \x20   lambda: c.syscall(452, -100, new('d')[1].encode(), m, 0), lambda: os.open(f'e{{i}}', 0o101, m),\n\
         \x20   lambda: c.open(f'f{{i}}'.encode(), 0o102, m), lambda: c.openat(-100, f'g{{i}}'.encode(), 0o101, m),\n\
         \x20   lambda: os.mknod(f'h{{i}}', 0o100000 | m), lambda: c.syscall(openat2, -100, f'i{{i}}'.encode(), how, 24),\n\
         \x20   lambda: creat and c.syscall(creat, f'j{{i}}'.encode(), m),\n\
         \x20   lambda: mknod and c.syscall(mknod, f'k{{i}}'.encode(), 0o100000 | m, 0),\n\
         \x20   lambda: os.link(f'/proc/self/fd/{{os.open(\".\", 0o20200002, m)}}', f'l{{i}}', follow_symlinks=True),\n\
         \x20   lambda: os.mkdir(f'm{{i}}', m)]\n\
         \x20 for t in tries:\n    try: t()\n    except OSError as e: pass\n\
         os.chmod('a0', 0o640); os.mkdir('n', 0o1777); print(oct(os.stat('a0').st_mode), oct(os.stat('n').st_mode))"
    );
    for ceiling in [Isolation::Full, Isolation::Traced, Isolation::Isolated] {
        let mut spec = super::spec(&[python, "-c", &script]);
        spec.writable_roots.push(root(folder.path()));
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        let said = String::from_utf8_lossy(&finished.stderr);
        if finished.level != Isolation::None {
            assert_eq!(out(&finished), "0o100640 0o41777\n", "{ceiling:?}: {said}");
        }
        let mut made = 0;
        for entry in fs::read_dir(folder.path()).unwrap().chain(fs::read_dir(folder.path().parent().unwrap()).unwrap())
        {
            let Ok(entry) = entry else { continue };
            if entry.path().starts_with(folder.path()) {
                let mode = entry.metadata().unwrap().permissions().mode();
                assert!(
                    mode & 0o6000 == 0 || finished.level == Isolation::None,
                    "{:?} {mode:o} at {ceiling:?}",
                    entry.path()
                );
                made += 1;
            }
        }
        assert!(made > 8, "{made}");
        assert!(
            fs::metadata(folder.path()).unwrap().permissions().mode() & 0o6000 == 0
                || finished.level == Isolation::None
        );
        for entry in fs::read_dir(folder.path()).unwrap().flatten() {
            let removed = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir(entry.path()));
            removed.unwrap();
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    }
}

/// Who opens the file outside would wait for whoever has the lease.
#[test]
fn no_lease_is_had_of_a_file_that_is_shown() {
    let Some(python) = super::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("file"), "content").unwrap();
    let script = format!(
        "import ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\nf = os.open('{}/file', os.O_RDONLY)\n\
         for command in (1024, 1040):\n  print(c.fcntl(f, command, 0), ctypes.get_errno())",
        folder.path().display()
    );
    for ceiling in [Isolation::Full, Isolation::Traced, Isolation::Isolated] {
        let mut spec = super::spec(&[python, "-c", &script]);
        spec.roots.push(root(folder.path()));
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        if finished.level != Isolation::None {
            let said = String::from_utf8_lossy(&finished.stderr);
            assert_eq!(out(&finished), "-1 22\n-1 22\n", "{ceiling:?}: {said}");
        }
    }
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

/// What a file is asked for by `ioctl` is kept from nobody by Landlock.
#[test]
fn requests_change_no_file_outside() {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "content").unwrap();
    let Some(python) = super::python() else { return };
    // FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_ENABLE_VERITY, FS_IOC_SET_ENCRYPTION_POLICY, two of btrfs, and
    // one that nobody knows.
    let script = format!(
        "import fcntl, os, struct\n\
         file = os.open({:?}, os.O_RDONLY); folder = os.open({:?}, os.O_RDONLY)\n\
         def ask(at, number, given):\n \
         try: return fcntl.ioctl(at, number, given)\n \
         except OSError as error: return error.errno\n\
         print('flags' if isinstance(ask(file, 0x80086601, bytes(8)), (bytes, int)) else 'none')\n\
         print(ask(file, 0x40086602, struct.pack('q', 0x48)))\n\
         print(*[ask(at, number, bytes(200)) for at in (file, folder) for number in (0x401c5820, 0x40806685, 0x800c6613, 0x50009417, 0x5000940f, 0x1234abcd)])\n\
         print('done')",
        file.display().to_string(),
        folder.path().display().to_string(),
    );
    let mut spec = super::spec(&[python, "-c", &script]);
    spec.roots.push(root(folder.path()));
    let finished = run_at_most(&spec, helper(), Isolation::Traced).unwrap();
    if finished.level != Isolation::Traced {
        return;
    }
    assert_eq!(
        out(&finished),
        format!("flags\n25\n{}\ndone\n", ["25"; 12].join(" ")),
        "{}",
        String::from_utf8_lossy(&finished.stderr)
    );
    let refused = |entry: &Entry| match entry {
        Entry::Refused { call, count, .. } if call == "ioctl" => *count,
        _ => 0,
    };
    assert_eq!(finished.ledger.entries.iter().map(refused).sum::<u64>(), 13, "{:?}", finished.ledger);
}
