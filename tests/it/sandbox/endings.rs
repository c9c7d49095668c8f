//! Whatever ends stella, nothing is left: no process, no folder, also none that nobody may enter.

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{HANGS, alive, mark, until};

/// The program of this build, or the copy that another user can reach; its helper lies beside it.
fn stella() -> PathBuf {
    std::env::var_os("STELLA_TEST_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_stella").into(), PathBuf::from)
}

/// A folder to work in, and one for what is temporary.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["work", "home", "temporary", "in"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("in/file"), "x").unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        // Whoever started the tests may ignore some signals (`nohup`, a shell that puts them behind itself).
        let mut command = Command::new("env");
        command.arg("--default-signal=INT,TERM,HUP,QUIT,USR1").arg(stella());
        command.args(arguments).current_dir(self.path("work")).env_clear();
        command.env("HOME", self.path("home")).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("TMPDIR", self.path("temporary")).stdout(Stdio::null()).stderr(Stdio::null());
        // A signal that a terminal sends goes to a whole group: to this one, and not to the test.
        command.process_group(0);
        command
    }

    /// The same where nothing keeps a build from other processes: the superuser has no `unshare`, others are not asked for it.
    fn without_unshare(&self, arguments: &[&str]) -> Command {
        let command = self.command(arguments);
        // Where nobody has namespaces it is not to be had anyway.
        let is_had = || Command::new("unshare").args(["--mount", "true"]).stderr(Stdio::null()).status();
        if !rustix::process::geteuid().is_root() || !is_had().is_ok_and(|status| status.success()) {
            return command;
        }
        let script = "mount --bind /bin/false /usr/bin/unshare && exec \"$@\"";
        let mut covered = Command::new("unshare");
        covered.args(["--mount", "sh", "-c", script, "sh"]).arg(command.get_program()).args(command.get_args());
        covered.current_dir(self.path("work")).env_clear();
        covered.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        covered.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        covered
    }

    /// What is left of temporary folders, and in the store of what was not finished.
    fn left(&self) -> Vec<PathBuf> {
        let mut left = Vec::new();
        for folder in ["temporary", "work"].map(|name| self.path(name)) {
            list(&folder, &mut left);
        }
        left.retain(|path| path.starts_with(self.path("temporary")) || path.to_string_lossy().contains("stella-tmp-"));
        left
    }
}

fn list(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        all.push(entry.path());
        if entry.file_type().unwrap().is_dir() {
            list(&entry.path(), all);
        }
    }
}

/// Whether it is the program itself, at its name or its path, and not who starts it.
fn sleeps(command: &str) -> bool {
    command.split(' ').next().is_some_and(|program| program == "sleep" || program.ends_with("/sleep"))
}

fn processes(mark: &str) -> impl Iterator<Item = Pid> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let is_one = move |entry: &fs::DirEntry| {
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains(mark)
    };
    all.filter(is_one).filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits until it has ended.
fn ended(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if began.elapsed() > HANGS {
            child.kill().unwrap();
            panic!("it goes on: {}", child.wait().unwrap());
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// What a program leaves that does not want to be removed, before it waits.
fn unwilling(wait: &str) -> String {
    format!(
        "cd /tmp/stella/out && mkdir -p a/b/c && echo x > a/b/c/file && chmod 000 a/b/c a/b a; \
         trap '' TERM INT HUP QUIT; (setsid sleep {wait} &); {wait_for_it}",
        wait_for_it = format_args!("sleep {wait}; :"),
    )
}

#[test]
fn a_signal_ends_a_run_of_every_level_and_leaves_nothing() {
    let world = World::new();
    let signals = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT, Signal::USR1];
    let levels = ["full", "traced", "isolated", "none"];
    for (number, signal) in (500..).zip(signals) {
        for level in levels {
            let mark = mark(number);
            let script = unwilling(&mark);
            let arguments = ["sandbox", "--at-most", level, "--", "/bin/sh", "-c", &script];
            let mut child = world.command(&arguments).spawn().unwrap();
            until("the program runs", || alive(&mark).iter().any(|command| sleeps(command)));
            send(&child, signal);
            let status = ended(&mut child);
            assert_eq!(status.signal(), Some(signal.as_raw()), "{level} {status}");
            until(&format!("{signal:?} at {level} ends every process"), || alive(&mark).is_empty());
            assert_eq!(world.left(), [] as [PathBuf; 0], "{signal:?} at {level}");
        }
    }
}

/// Records a program that is done at once; returns what it runs. From then on it waits.
fn recorded(world: &World, wait: &str) -> [String; 3] {
    // What is in a folder that is shown is not recorded.
    let shown = world.path("shown");
    fs::create_dir(&shown).unwrap();
    fs::write(shown.join("quick"), "").unwrap();
    let script = format!("test -e {}/quick || sleep {wait}; echo '[]'", shown.display());
    let ro = ["--ro".to_owned(), shown.display().to_string()];
    let arguments = ["scan", "--input", "../in", "--artifact", "findings=-:bytes", &ro[0], &ro[1]];
    let arguments: Vec<_> = arguments.into_iter().chain(["--", "/bin/sh", "-c", &script]).collect();
    let status = world.command(&arguments).status().unwrap();
    assert_eq!(status.code(), Some(0));
    fs::remove_file(shown.join("quick")).unwrap();
    let [option, folder] = ro;
    [script, option, folder]
}

#[test]
fn a_signal_ends_every_command_that_runs_a_scanner() {
    let world = World::new();
    let mark = mark(510);
    let [script, ro, shown] = recorded(&world, &mark);
    let scan = ["scan", "--input", "../in", "--emit-manifest", "other.json", &ro, &shown, "--artifact"];
    let scan: Vec<_> = scan.into_iter().chain(["findings=-:bytes", "--", "/bin/sh", "-c", &script]).collect();
    let replay = ["replay", "--from", "MANIFEST.json", &ro, &shown];
    let chaos = ["chaos", "--from", "MANIFEST.json", &ro, &shown];
    let as_is = ["scan", "--as-is", "--input", "../in", "--emit-manifest", "other.json", "--artifact"];
    let as_is: Vec<_> = as_is.into_iter().chain(["findings=-:bytes", "--", "sleep", &mark]).collect();
    let commands: [&[&str]; 4] = [&scan, &replay, &chaos, &as_is];
    for (command, signal) in commands.into_iter().zip([Signal::INT, Signal::TERM, Signal::HUP, Signal::TERM]) {
        let mut child = world.command(command).spawn().unwrap();
        let running = || {
            assert!(child_runs(&child), "{command:?} has ended");
            alive(&mark).iter().any(|command| sleeps(command))
        };
        until(&format!("{command:?} runs its program"), running);
        send(&child, signal);
        let status = ended(&mut child);
        assert_eq!(status.signal(), Some(signal.as_raw()), "{command:?}: {status}");
        until("every process ends", || alive(&mark).is_empty());
        assert_eq!(world.left(), [] as [PathBuf; 0], "{command:?}");
        assert!(!world.path("work/other.json").exists(), "nothing is recorded of a run that was interrupted");
    }
}

/// A step that is run as it is has the same end as a sealed one, with all that it has started: what waits in its place, what
/// has left its session, and what does not listen.
#[test]
fn a_signal_ends_a_step_that_is_run_as_it_is_with_all_that_it_has_started() {
    let world = World::new();
    for (number, signal) in (540..).zip([Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT, Signal::USR1]) {
        let mark = mark(number);
        let scripts = [
            format!("sleep {mark}; :"),
            format!("(setsid sleep {mark} &); sleep {mark}; :"),
            format!("sh -c 'trap \"\" INT TERM HUP QUIT USR1; sleep {mark}; sleep {mark}' & wait"),
        ];
        for script in &scripts {
            let scan = ["scan", "--as-is", "--input", "../in", "--artifact", "findings=-:bytes", "--", "/bin/sh", "-c"];
            let scan: Vec<_> = scan.into_iter().chain([script.as_str()]).collect();
            let mut child = world.command(&scan).spawn().unwrap();
            until("the step runs", || alive(&mark).iter().any(|command| sleeps(command)));
            send(&child, signal);
            let status = ended(&mut child);
            assert_eq!(status.signal(), Some(signal.as_raw()), "{script}: {status}");
            until(&format!("{signal:?} ends every process of {script}"), || alive(&mark).is_empty());
            assert_eq!(world.left(), [] as [PathBuf; 0], "{signal:?} of {script}");
        }
    }
}

/// Nothing of a build goes on when stella is ended, wherever it has gone to and whatever keeps it from other processes, and
/// nothing of what it has made when that is run.
#[test]
fn a_signal_ends_a_build_and_what_it_has_built_with_all_that_they_have_started() {
    let world = World::new();
    assert_eq!(world.command(&["init"]).status().unwrap().code(), Some(0));
    // What waits in its place, what has left its session, and what does not listen: all at once.
    let script = |wait: &str| {
        format!(
            "(setsid sleep {wait} &); sh -c 'trap \"\" INT TERM HUP QUIT USR1; sleep {wait}; sleep {wait}' & sleep {wait}"
        )
    };
    for (number, signal) in (560..).zip([Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT, Signal::USR1]) {
        let mark = mark(number);
        let scan = world.path("work/scan.in");
        fs::write(&scan, format!("#!/bin/sh\n{}\n", script(&mark))).unwrap();
        let builds = [script(&mark), "mkdir -p bin && cp scan.in bin/scan && chmod +x bin/scan".to_owned()];
        for (build, alone) in builds.iter().flat_map(|build| [(build, false), (build, true)]) {
            // A folded text takes the script as it stands.
            let configuration = format!(
                "version: 1\nsubject:\n  kind: scanner\n  build_sudo: {alone}\n  build: >-\n    {build}\n  path: bin/scan\n  \
                 argv: ['{{scanner}}']\n  artifacts: ['findings=findings.json']\n"
            );
            fs::write(world.path("work/.stella.yaml"), configuration).unwrap();
            let mut ci = if alone { world.without_unshare(&["ci"]) } else { world.command(&["ci"]) };
            let mut child = ci.spawn().unwrap();
            let runs = || {
                assert!(child_runs(&child), "{build}: it has ended");
                alive(&mark).iter().filter(|command| sleeps(command)).count() >= 3
            };
            until(&format!("{build} runs"), runs);
            send(&child, signal);
            let status = ended(&mut child);
            assert_eq!(status.signal(), Some(signal.as_raw()), "{build}: {status}");
            until(&format!("{signal:?} ends every process of {build}"), || alive(&mark).is_empty());
            assert_eq!(world.left(), [] as [PathBuf; 0], "{signal:?} of {build}");
        }
    }
}

/// What a step leaves behind on purpose, as a server for the next step, is the caller's.
#[test]
fn a_step_that_ends_by_itself_leaves_running_what_it_has_started() {
    let world = World::new();
    let mark = format!("20.{}", mark(550));
    let script = format!("setsid sleep {mark} >/dev/null 2>&1 & echo '[]'");
    let scan =
        ["scan", "--as-is", "--input", "../in", "--artifact", "findings=-:bytes", "--", "/bin/sh", "-c", &script];
    assert_eq!(world.command(&scan).status().unwrap().code(), Some(0));
    // It may not have become `sleep` yet: the step does not wait for it.
    until("it goes on", || alive(&mark).iter().any(|command| sleeps(command)));
    processes(&mark).for_each(|pid| kill_process(pid, Signal::KILL).unwrap());
}

fn child_runs(child: &Child) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[test]
fn a_signal_that_the_caller_ignores_is_ignored() {
    let world = World::new();
    let mark = mark(520);
    let shown = world.path("in");
    let waits = format!("until test -e {}/heard; do sleep 0.0{mark}; done", shown.display());
    let script = format!("trap '' HUP; exec \"$0\" sandbox --ro {} -- sh -c '{waits}'", shown.display());
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &script]).arg(stella()).env("TMPDIR", world.path("temporary")).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    until("the program runs", || alive(&mark).iter().any(|command| sleeps(command)));
    send(&child, Signal::HUP);
    // Whoever has it ended would have done so by now, or does not wait for the program to end well.
    until("the program goes on", || alive(&mark).iter().any(|command| sleeps(command)));
    fs::write(shown.join("heard"), "").unwrap();
    assert_eq!(ended(&mut child).code(), Some(0));
}

/// At any moment: while the helper starts, while folders are made, while the program runs, while all of it is taken down.
#[test]
fn what_is_killed_at_any_moment_ends_and_is_swept_by_the_next_run() {
    let world = World::new();
    let mark = mark(530);
    let [_, ro, shown] = recorded(&world, &mark);
    let kept = world.path("temporary").join("stella-notes-of-mine");
    fs::create_dir(&kept).unwrap();
    let began = Instant::now();
    for round in 0..24_u32 {
        let level = ["full", "traced", "isolated", "none"][round as usize % 4];
        let script = unwilling(&mark);
        let sandbox = ["sandbox", "--at-most", level, "--", "/bin/sh", "-c", &script];
        let replay = ["replay", "--from", "MANIFEST.json", &ro, &shown];
        let mut child = world.command(if round % 3 == 0 { &replay } else { &sandbox }).spawn().unwrap();
        // No two alike, and none that could be foreseen.
        let noise = began.elapsed().subsec_nanos() % 20_000;
        thread::sleep(Duration::from_micros(u64::from(round * 9_000 + noise)));
        child.kill().unwrap();
        child.wait().unwrap();
        until(&format!("round {round} at {level}"), || alive(&mark).is_empty());
    }
    // The helper of the last one may still be removing its own.
    until("the next run sweeps", move || {
        let mut next = world.command(&["sandbox", "--", "true"]);
        assert_eq!(next.status().unwrap().code(), Some(0));
        world.left() == [kept.clone()]
    });
}
