//! What a program inside sees and cannot reach, and that nothing of it is left.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use stella::model::diagnostic::Diagnostic;
use stella::model::result::Isolation;
use stella::sandbox::error::SandboxError;
use stella::sandbox::level::require;
use stella::sandbox::run::{Ending, Reason, probe_strictest, run, run_at_most};
use stella::sandbox::sandbox_path::{CONFIG, INPUT, OUT, SCANNER};
use stella::sandbox::spec::{Clock, Mount, Network};
use stella::sandbox::validated::{CpuCount, Hostname, Locale, TimeZone, Umask, User};

use super::{
    LEVELS, alive, has_namespaces, helper, is_lost, isolates, mark, out, printed, python, root, shell, spec, traces,
    within,
};
use crate::harness::write_program;

#[test]
fn the_probe_says_what_the_level_lacks() {
    let reached = probe_strictest(helper()).unwrap();
    assert!(!reached.lost.is_empty(), "even in full, a file that is written has the machine's time");
    if reached.level == Isolation::Full {
        assert!(require(&reached, Isolation::Full).is_ok());
    } else {
        let refusal = require(&reached, Isolation::Full).unwrap_err();
        let hint = refusal.hint().unwrap().for_command_line();
        let words = if reached.level == Isolation::Isolated { "SYS_PTRACE" } else { "seccomp=unconfined" };
        assert!(hint.contains(words), "{hint}");
    }
}

#[test]
fn every_level_works_here_and_says_what_it_lacks() {
    if !traces("every_level_works_here_and_says_what_it_lacks") {
        return;
    }
    for ceiling in LEVELS {
        let finished = run_at_most(&spec(&["date", "+%s"]), helper(), ceiling).unwrap();
        assert_eq!(finished.level, ceiling, "{:?}", finished.lost);
        let traced = matches!(ceiling, Isolation::Full | Isolation::Traced);
        assert_eq!(out(&finished) == "1767323045\n", traced, "{}", out(&finished));
        for subject in ["clock", "ledger", "directory order"] {
            assert_eq!(is_lost(&finished, subject), !traced, "{subject} in {:?}", finished.lost);
        }
        for subject in ["paths", "hostname", "user"] {
            assert_eq!(is_lost(&finished, subject), !has_namespaces(&finished), "{subject} in {:?}", finished.lost);
        }
    }
}

#[test]
fn the_environment_is_exactly_the_list() {
    let mut spec = spec(&["env"]);
    spec.env.set("PASSED_ON", "yes").unwrap();
    let expected = BTreeMap::from([
        ("HOME", "/tmp/stella/home"),
        ("LANG", "C.UTF-8"),
        ("LC_ALL", "C.UTF-8"),
        ("PASSED_ON", "yes"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/tmp/stella/scanner"),
        ("SOURCE_DATE_EPOCH", "1767323045"),
        ("TMPDIR", "/tmp"),
        ("TZ", "UTC"),
    ]);
    for ceiling in LEVELS {
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        let text = out(&finished);
        let seen: BTreeMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
        if !has_namespaces(&finished) {
            assert!(seen.keys().eq(expected.keys()), "{seen:?}");
            assert!(!seen["HOME"].starts_with("/tmp/stella/"), "{seen:?}");
        } else {
            assert_eq!(seen, expected);
        }
    }
}

#[test]
fn no_process_outside_is_in_sight() {
    if !isolates("no_process_outside_is_in_sight") {
        return;
    }
    let mark = mark(400);
    let outside = Outside(Command::new("sleep").arg(&mark).env("OUTSIDE", format!("secret-{mark}")).spawn().unwrap());
    // Redirections of the shell itself are its own reading, and not that of what it starts.
    let script = "for what in cmdline environ comm stat status maps mountinfo net/tcp root/etc/passwd; do \
                  cat /proc/[0-9]*/$what /proc/[0-9]*/task/*/$what; done 2>/dev/null | tr '\\0' ' '; echo --; \
                  ls -d /proc/[0-9]* | sort; echo --; cat /proc/1/environ /proc/1/maps 2>&1 | head -c 200; \
                  echo --; read -r own rest < /proc/self/stat && echo $own";
    for ceiling in LEVELS {
        let finished = run_at_most(&shell(script), helper(), ceiling).unwrap();
        if !has_namespaces(&finished) {
            continue;
        }
        let text = out(&finished);
        assert!(!text.contains(&mark) && !text.contains("CARGO"), "{text}");
        let parts: Vec<_> = text.split("--\n").collect();
        assert!(parts[2].contains("Permission denied"), "{text}");
        assert!(parts[3].trim().parse::<u32>().is_ok(), "the program reads what `/proc` says of itself: {text}");
        if is_lost(&finished, "host processes") {
            let named = |line: &&str| line.contains("(sleep)") || line.contains("\tsleep");
            assert_eq!(parts[0].lines().find(named), None);
        } else {
            assert!(parts[1].lines().count() <= 8 && parts[1].starts_with("/proc/1\n"), "{text}");
        }
    }
    drop(outside);
}

/// A process of the machine; ends with the value.
struct Outside(std::process::Child);

impl Drop for Outside {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn no_network_is_reachable() {
    let (true, Some(python)) = (isolates("no_network_is_reachable"), python()) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        "import os, socket\n\
         for address in (('127.0.0.1', {port}), ('192.0.2.1', 80), ('1.1.1.1', 53)):\n\
         \x20 try: socket.create_connection(address, 2); print('REACHED', address)\n\
         \x20 except OSError as error: print('no', error.errno)\n\
         os.environ['RES_OPTIONS'] = 'timeout:30 attempts:5'\n\
         try: socket.getaddrinfo('example.com', 443); print('RESOLVED')\n\
         except OSError: print('no name')\n\
         server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname()); print('own')\n\
         print(open('/proc/net/dev').read().count(':'))\n"
    );
    // A look-up that nobody answers would take longer than the run may.
    let text = printed(&spec(&[python, "-c", &script]));
    assert_eq!(text.lines().collect::<Vec<_>>(), ["no 111", "no 101", "no 101", "no name", "own", "1"], "{text}");
}

#[test]
fn an_allowed_network_is_the_machines() {
    let (true, Some(python)) = (isolates("an_allowed_network_is_the_machines"), python()) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!("import socket; socket.create_connection(('127.0.0.1', {port}), 5); print('reached')");
    let mut spec = spec(&[python, "-c", &script]);
    spec.network = Network::Allowed;
    assert_eq!(printed(&spec), "reached\n");
}

#[test]
fn mounts_are_read_only_unless_they_say_so() {
    if !isolates("mounts_are_read_only_unless_they_say_so") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (input, results) = (dir.path().join("in"), dir.path().join("results"));
    fs::create_dir_all(input.join("deep")).unwrap();
    fs::create_dir(&results).unwrap();
    fs::write(input.join("deep/file"), "content").unwrap();
    fs::write(dir.path().join("config"), "one file").unwrap();
    let mut spec = shell(
        "cat /tmp/stella/input/deep/file /tmp/stella/config; echo\n\
         for at in /tmp/stella/input/new /tmp/stella/input/deep/file /tmp/stella/config /usr/new /etc/new /new /dev/new \
           /proc/sys/kernel/core_pattern /proc/self/oom_score_adj; do\n\
           if echo x > $at; then echo WRITTEN $at; fi\n\
         done 2>/dev/null\n\
         for at in /tmp/stella/out/new /tmp/stella/home/new /tmp/new /dev/shm/new /var/tmp/new ./new; do echo x > $at || echo REFUSED $at; done\n\
         if [ -e /etc/ssl/private ] || [ -e /etc/shadow ]; then echo PRIVATE KEYS; fi\n\
         ls /",
    );
    spec.mounts.add(Mount::read_only(&input, INPUT).unwrap()).unwrap();
    spec.mounts.add(Mount::read_only(dir.path().join("config"), CONFIG).unwrap()).unwrap();
    spec.mounts.add(Mount::writable(&results, OUT).unwrap()).unwrap();
    let text = printed(&spec);
    assert!(text.starts_with("contentone file\n"), "{text}");
    assert!(!text.contains("WRITTEN") && !text.contains("REFUSED"), "{text}");
    assert!(!text.contains("PRIVATE KEYS"), "{text}");
    for hidden in ["root", "home", "srv", "mnt"] {
        assert!(!text.lines().any(|line| line == hidden), "{text}");
    }
    assert_eq!(fs::read_to_string(results.join("new")).unwrap(), "x\n");
    assert_eq!(fs::read_to_string(input.join("deep/file")).unwrap(), "content");
    assert!(!Path::new("/dev/shm/new").exists());
}

#[test]
fn no_power_is_left_to_get_out() {
    if !isolates("no_power_is_left_to_get_out") {
        return;
    }
    let text = printed(&shell(
        "{ grep -E '^(Cap|NoNewPrivs)'; } < /proc/self/status\n\
         for try in 'mount -t tmpfs x /tmp' 'umount /tmp' 'unshare -U true' 'unshare -r true' 'hostname other' \
           'kill -9 1' 'nsenter -t 1 -m true' 'mount -o remount,rw /'; do\n\
           if $try; then [ \"$try\" = 'kill -9 1' ] || echo DONE $try; fi\n\
         done 2>/dev/null\n\
         echo end",
    ));
    assert_eq!(text.matches("0000000000000000").count(), 5, "{text}");
    assert!(text.contains("NoNewPrivs:\t1") && text.ends_with("end\n"), "{text}");
    assert!(!text.contains("DONE"), "{text}");
}

#[test]
fn what_the_spec_fixes_is_what_the_program_sees() {
    if !isolates("what_the_spec_fixes_is_what_the_program_sees") {
        return;
    }
    let script = "hostname; cat /etc/hostname /proc/sys/kernel/hostname; id -u; id -un; id -g; umask; pwd; echo $TZ $LC_ALL; \
                  { cut -d: -f3 | sort -u; } < /proc/self/cgroup; nproc; ulimit -n; echo $$; ls -l /proc/self/fd | wc -l";
    let mut spec = shell(script);
    spec.hostname = Hostname::new("other").unwrap();
    spec.user = User::new(4711, 12).unwrap();
    spec.umask = Umask::new(0o077).unwrap();
    spec.tz = TimeZone::new("Etc/GMT+5").unwrap();
    spec.locale = Locale::new("POSIX").unwrap();
    spec.cpu_count = Some(CpuCount::nearest(1));
    let text = printed(&spec);
    let lines: Vec<_> = text.lines().collect();
    let expected = [
        "other",
        "other",
        "other",
        "4711",
        "stella",
        "12",
        "0077",
        "/tmp/stella/work",
        "Etc/GMT+5 POSIX",
        "/",
        "1",
        "1024",
    ];
    assert_eq!(lines[..12].iter().zip(expected).filter(|(a, b)| **a != *b).collect::<Vec<_>>(), [], "{text}");
    assert_eq!(lines[12], "2", "the first process after pid 1: {text}");
    // stdin, stdout, stderr, the folder that `ls` reads, and the line `total`.
    assert_eq!(lines[13], "5", "{text}");
    assert_eq!(printed(&spec), text, "the same spec, the same output, process numbers too");
}

#[test]
fn addresses_are_the_same_in_every_run_unless_they_are_to_differ() {
    let script = "{ tail -1; } < /proc/self/maps; { grep stack; } < /proc/self/maps";
    let first = run(&shell(script), helper()).unwrap();
    if is_lost(&first, "address randomisation") {
        eprintln!("skipped: {:?}", first.lost);
        return;
    }
    assert_eq!(out(&first), printed(&shell(script)));
    let mut random = shell(script);
    random.aslr = true;
    assert_ne!(printed(&random), printed(&random));
}

#[test]
fn a_real_clock_is_the_machines() {
    let mut real = spec(&["date", "+%s"]);
    real.clock = Clock::Real;
    for ceiling in LEVELS {
        let finished = run_at_most(&real, helper(), ceiling).unwrap();
        assert!(!is_lost(&finished, "clock"));
        let seen: i64 = out(&finished).trim().parse().unwrap();
        assert!((jiff::Timestamp::now().as_second() - seen).abs() < 120, "{seen}");
    }
}

#[test]
fn more_processors_than_there_are_is_reported() {
    let mut spec = spec(&["true"]);
    spec.cpu_count = Some(CpuCount::nearest(1023));
    for ceiling in LEVELS {
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        assert!(finished.lost.iter().any(|lost| lost.contains("instead of 1023")), "{:?}", finished.lost);
    }
}

/// By what the kernel says of the program, not by what it is shown of the machine.
#[test]
fn a_program_runs_on_the_processors_that_were_chosen() {
    let allowed = |status: &str| {
        let line = status.lines().find(|line| line.starts_with("Cpus_allowed_list:"));
        line.and_then(|line| line.split_whitespace().nth(1)).unwrap_or_default().to_owned()
    };
    let ours = allowed(&std::fs::read_to_string("/proc/self/status").unwrap());
    let first = ours.split(['-', ',']).next().unwrap();
    for ceiling in LEVELS {
        for (count, expected) in [(None, ours.as_str()), (Some(1), first)] {
            let mut spec = spec(&["/bin/grep", "Cpus", "/proc/self/status"]);
            spec.cpu_count = count.map(CpuCount::nearest);
            let finished = run_at_most(&spec, helper(), ceiling).unwrap();
            assert_eq!(allowed(&out(&finished)), expected, "{ceiling:?}");
        }
    }
}

#[test]
fn exit_codes_and_signals_are_reported() {
    for ceiling in LEVELS {
        let ending = |script: &str| run_at_most(&shell(script), helper(), ceiling).unwrap().ending;
        assert_eq!(ending("exit 0"), Ending::Code(0));
        assert_eq!(ending("exit 42"), Ending::Code(42));
        assert_eq!(ending("kill -TERM $$"), Ending::Signal(15));
        assert_eq!(ending("kill -SEGV $$"), Ending::Signal(11));
        assert_eq!(ending("kill -KILL $$"), Ending::Signal(9));
    }
}

#[test]
fn both_streams_come_apart_and_stdin_is_empty() {
    for ceiling in LEVELS {
        let finished = run_at_most(&shell("echo data; echo talk >&2; wc -c"), helper(), ceiling).unwrap();
        assert_eq!(out(&finished), "data\n0\n");
        assert_eq!(finished.stderr, b"talk\n");
        assert!(!finished.truncated);
    }
}

#[test]
fn time_out_ends_trees_and_daemons() {
    for (number, ceiling) in LEVELS.into_iter().enumerate() {
        let mark = mark(100 + number as u32);
        // Children, grandchildren, and a daemon in a session of its own that ignores what it can and closes its output.
        let mut spec = shell(&format!(
            "trap '' TERM HUP INT; (setsid sh -c 'trap \"\" TERM HUP; sleep {mark}; :' >/dev/null 2>&1 &) ; \
             for i in 1 2 3; do (sleep {mark} & sleep {mark}; :) & done; echo begun; wait"
        ));
        let finished = within(&mut spec, ceiling, Duration::from_millis(1500), |finished| {
            assert_eq!(finished.ending, Ending::Killed(Reason::TimedOut));
            assert_eq!(alive(&mark), [] as [String; 0], "{ceiling:?}");
            out(finished) == "begun\n"
        });
        assert!(finished.wall >= spec.limits.wall);
    }
}

#[test]
fn what_the_program_leaves_behind_ends_with_it() {
    for (number, ceiling) in LEVELS.into_iter().enumerate() {
        let mark = mark(200 + number as u32);
        let script = format!("(setsid sleep {mark} &) ; sleep {mark} & echo done");
        let finished = run_at_most(&shell(&script), helper(), ceiling).unwrap();
        assert_eq!((finished.ending, out(&finished).as_str()), (Ending::Code(0), "done\n"));
        assert_eq!(alive(&mark), [] as [String; 0], "{ceiling:?}");
    }
}

#[test]
fn killing_stella_ends_the_run() {
    // This process plays stella's part through a child of its own, which it can kill.
    if std::env::var_os("STELLA_TEST_VICTIM").is_some() {
        let ceiling =
            if std::env::var("STELLA_TEST_VICTIM").unwrap() == "none" { Isolation::None } else { Isolation::Full };
        let mark = std::env::var("STELLA_TEST_MARK").unwrap();
        run_at_most(&shell(&format!("(setsid sleep {mark} &) ; sleep {mark}")), helper(), ceiling).ok();
        return;
    }
    for (number, level) in ["full", "none"].into_iter().enumerate() {
        let mark = mark(300 + number as u32);
        let private = tempfile::tempdir().unwrap();
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sandbox::walls::killing_stella_ends_the_run"])
            .env("STELLA_TEST_VICTIM", level)
            .env("STELLA_TEST_MARK", &mark)
            .env("TMPDIR", private.path())
            .spawn()
            .unwrap();
        let until = |done: &dyn Fn() -> bool| {
            // Once is enough: between fork and exec a process may be seen and then not.
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(30) {
                if done() {
                    return true;
                }
                thread::sleep(Duration::from_millis(20));
            }
            false
        };
        assert!(until(&|| alive(&mark).len() >= 2), "the run did not begin");
        victim.kill().unwrap();
        victim.wait().unwrap();
        assert!(until(&|| alive(&mark).is_empty()), "{level}: {:?}", alive(&mark));
        let is_empty = || fs::read_dir(private.path()).unwrap().next().is_none();
        assert!(until(&is_empty), "{level}: the private folder is left");
    }
}

#[test]
fn a_flood_of_output_is_bounded() {
    for ceiling in LEVELS {
        let mut spec = shell("yes 0123456789 & yes 0123456789 >&2");
        spec.limits.captured_bytes = 100_000;
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        assert_eq!(finished.ending, Ending::Killed(Reason::OutputTooLarge));
        assert!(finished.truncated);
        assert_eq!(finished.stdout.len() + finished.stderr.len(), 100_000);
    }
}

#[test]
fn a_file_that_is_too_large_ends_the_run() {
    for ceiling in LEVELS {
        let mut spec = spec(&["dd", "if=/dev/zero", "of=big", "bs=1000", "count=2000"]);
        spec.limits.file_bytes = 1 << 20;
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        assert!(
            finished.ending == Ending::Killed(Reason::OutputTooLarge) || finished.ending == Ending::Code(1),
            "{:?}",
            finished.ending
        );
    }
}

#[test]
fn memory_is_limited() {
    let Some(python) = python() else { return };
    let mut spec = spec(&[python, "-c", "x = bytearray(200 << 20); print('HAD')"]);
    spec.limits.memory_bytes = 100 << 20;
    for ceiling in LEVELS {
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        assert_eq!(out(&finished), "");
        assert_ne!(finished.ending, Ending::Code(0));
    }
}

#[test]
fn processes_are_limited_or_it_is_said_that_they_are_not() {
    let mut spec = shell("for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; echo all");
    spec.limits.processes = 6;
    let finished = run(&spec, helper()).unwrap();
    if is_lost(&finished, "limits")
        && finished.lost.iter().any(|lost| lost.contains("not limited") || lost.contains("not one by one"))
    {
        eprintln!("skipped: {:?}", finished.lost);
        return;
    }
    assert_eq!(out(&finished), "");
    assert_ne!(finished.ending, Ending::Code(0));
}

#[test]
fn a_program_that_is_not_there_is_named() {
    for ceiling in LEVELS {
        for missing in ["no-such-scanner", "/tmp/stella/scanner/no-such-scanner"] {
            let error = run_at_most(&spec(&[missing]), helper(), ceiling).unwrap_err();
            assert_eq!(error.to_string(), format!("`{missing}` cannot be run in the sandbox"));
            assert!(
                matches!(&error, SandboxError::Program { source, .. } if source.raw_os_error() == Some(2)),
                "{error:?}"
            );
            assert!(error.hint().is_some());
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut unmarked = spec(&[CONFIG.as_str()]);
        unmarked.mounts.add(Mount::read_only(file.path(), CONFIG).unwrap()).unwrap();
        let error = run_at_most(&unmarked, helper(), ceiling);
        assert!(
            matches!(&error, Err(SandboxError::Program { source, .. }) if source.raw_os_error() == Some(13)),
            "{error:?}"
        );
    }
}

/// Named regression: such a program was killed without a word, or ended by a signal of its own as every call of it failed.
#[test]
fn a_program_of_32_bits_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("of-32-bits");
    let (machine, code) = if cfg!(target_arch = "aarch64") {
        (40, b"\x07\0\xa0\xe3\x01\x70\xa0\xe3\0\0\0\xef".as_slice())
    } else {
        (3, b"\xb8\x01\0\0\0\xbb\x07\0\0\0\xcd\x80".as_slice())
    };
    // It ends with exit code 7.
    let (base, head, length) = (0x0804_8000_u32, 52 + 32_u32, 52 + 32 + code.len() as u32);
    let mut bytes = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0".to_vec();
    bytes.extend([machine, 0]);
    bytes.extend(
        [1, base + head, 52, 0, if machine == 40 { 0x0500_0000 } else { 0 }].into_iter().flat_map(u32::to_le_bytes),
    );
    bytes.extend([52, 32, 1, 40, 0, 0_u16].into_iter().flat_map(u16::to_le_bytes));
    bytes.extend([1, 0, base, base, length, length, 5, 0x1000].into_iter().flat_map(u32::to_le_bytes));
    bytes.extend(code);
    write_program(&program, &bytes);
    let path = program.to_str().unwrap();
    // Some kernels have no such programs.
    let runs_outside = Command::new(path).status().is_ok_and(|status| status.code() == Some(7));
    for ceiling in [Isolation::Full, Isolation::Traced, Isolation::Isolated] {
        let mut alone = spec(&[path]);
        alone.roots.push(root(folder.path()));
        let refused = run_at_most(&alone, helper(), ceiling);
        if refused.as_ref().is_ok_and(|finished| finished.level == Isolation::None) {
            continue;
        }
        let error = refused.unwrap_err();
        assert!(
            matches!(&error, SandboxError::Program { source, .. } if source.raw_os_error() == Some(8)),
            "{error:?}"
        );
        let hint = format!("{:?}", error.hint());
        assert!(hint.contains("a program for 32-bit processors is not run"), "{hint}");
        let mut started = shell(&format!("{path}; echo $?"));
        started.roots.push(root(folder.path()));
        let finished = run_at_most(&started, helper(), ceiling).unwrap();
        assert_ne!(out(&finished), "7\n", "{ceiling:?}");
        if runs_outside && matches!(finished.level, Isolation::Full | Isolation::Traced) {
            assert_eq!(out(&finished), "137\n", "{ceiling:?}");
            let said = format!("programs: `{path}` is one for 32-bit processors");
            assert!(finished.lost.iter().any(|lost| lost.starts_with(&said)), "{:?}", finished.lost);
        }
    }
}

#[test]
fn a_source_or_folder_that_is_not_there_is_named() {
    for ceiling in LEVELS {
        let mut mounted = spec(&["true"]);
        mounted.mounts.add(Mount::read_only("/no/such/source", INPUT).unwrap()).unwrap();
        let error = run_at_most(&mounted, helper(), ceiling).unwrap_err();
        assert_eq!(error.to_string(), "`/no/such/source` cannot be mounted at `/tmp/stella/input`");
        let mut elsewhere = spec(&["true"]);
        elsewhere.working_directory = INPUT.join("nowhere").unwrap();
        let error = run_at_most(&elsewhere, helper(), ceiling).unwrap_err();
        assert!(matches!(error, SandboxError::WorkingDirectory { .. }), "{error:?}");
    }
    let missing = PathBuf::from("/no/such/helper");
    assert!(matches!(run(&spec(&["true"]), &missing), Err(SandboxError::Start { helper, .. }) if helper == missing));
}

#[test]
fn a_helper_that_is_none_is_found_out() {
    let error = run(&spec(&["true"]), Path::new("/bin/false")).unwrap_err();
    assert!(matches!(error, SandboxError::Silent { .. }), "{error:?}");
}

#[test]
fn the_scanners_folder_is_searched_last() {
    let dir = tempfile::tempdir().unwrap();
    write_program(&dir.path().join("my-scanner"), "#!/bin/sh\necho $0\n");
    let mut spec = spec(&["my-scanner"]);
    spec.mounts.add(Mount::read_only(dir.path(), SCANNER).unwrap()).unwrap();
    for ceiling in LEVELS {
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        let place = match has_namespaces(&finished) {
            false => dir.path().to_str().unwrap().to_owned(),
            true => SCANNER.to_string(),
        };
        assert_eq!(out(&finished), format!("{place}/my-scanner\n"));
    }
}

#[test]
fn without_isolation_paths_are_the_machines_and_the_losses_are_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), "content").unwrap();
    let mut spec = shell("cat /tmp/stella/input/a; pwd; echo $HOME $TMPDIR; touch /tmp/stella/out/x");
    spec.mounts.add(Mount::read_only(dir.path(), INPUT).unwrap()).unwrap();
    let finished = run_at_most(&spec, helper(), Isolation::None).unwrap();
    assert_eq!((finished.level, finished.ending), (Isolation::None, Ending::Code(0)), "{finished:?}");
    let text = out(&finished);
    assert!(text.starts_with("content/") && text.contains("/work\n") && text.contains("/home "), "{text}");
    for subject in ["isolation", "network", "clock", "paths", "host files", "hostname", "user", "ledger", "randomness"]
    {
        assert!(is_lost(&finished, subject), "{subject} in {:?}", finished.lost);
    }
    let private = text.lines().next().unwrap().trim_start_matches("content").trim_end_matches("/work");
    assert!(private.contains("stella-") && !Path::new(private).exists(), "the private folder goes with the run");
}

#[test]
fn nothing_of_the_caller_is_inherited() {
    let test = "sandbox::walls::nothing_of_the_caller_is_inherited";
    if std::env::var_os("STELLA_TEST_CALLER").is_none() {
        // A caller that ignores signals and leaves a file open, as a script under `nohup` may.
        let script = format!("trap '' HUP INT TERM USR1; umask 077; exec 9</dev/null; exec \"$0\" --exact {test}");
        let caller = std::env::current_exe().unwrap();
        let mut command = Command::new("/bin/sh");
        let done = command.args(["-c", &script]).arg(caller).env("STELLA_TEST_CALLER", "1").output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        return;
    }
    for ceiling in LEVELS {
        let script = "{ grep SigIgn; } < /proc/self/status; ls /proc/self/fd | tr '\\n' ' '; stat -c %a /etc/hosts .";
        let finished = run_at_most(&shell(script), helper(), ceiling).unwrap();
        let text = out(&finished);
        let (ignored, rest) = text.split_once('\n').unwrap();
        let ignored = u64::from_str_radix(ignored.trim_start_matches("SigIgn:").trim(), 16).unwrap();
        // glibc ignores its two internal signals in every program that it spawns.
        assert_eq!(ignored & !(0b11 << 31), 0, "{text}");
        assert!(rest.starts_with("0 1 2 3 "), "{text}");
        if has_namespaces(&finished) {
            assert!(rest.ends_with("644\n755\n"), "{text}");
        }
    }
}

#[test]
fn no_mount_is_left() {
    let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count();
    let before = mounts();
    printed(&spec(&["true"]));
    assert_eq!(mounts(), before);
}
