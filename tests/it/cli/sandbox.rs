//! `stella sandbox`: one command as a replay would run it.

use serde_json::Value;

use crate::harness::{World, valid};

/// Whether the machine gives all that these tests look at; a test of the sandbox itself says what it lacks.
fn is_full(world: &World) -> bool {
    let reached = world.command(&["doctor"]).output().unwrap().status.code() == Some(0);
    if !reached {
        assert!(std::env::var_os("STELLA_TEST_ISOLATION").is_none());
        eprintln!("skipped: this machine does not isolate in full");
    }
    reached
}

#[test]
fn the_command_has_the_clock_and_its_exit_code_is_passed_on() {
    let world = World::new();
    if !is_full(&world) {
        return;
    }
    let run = world.stella(7, &["sandbox", "--clock", "2001-02-03T04:05:06Z", "--", "sh", "-c", "date -u +%F; exit 7"]);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("2001-02-03\n", ""));
    let run = world.stella(0, &["sandbox", "--", "date", "-u", "+%FT%TZ"]);
    assert_eq!(run.stdout, format!("{}\n", crate::harness::NOW));
    world.stella(137, &["sandbox", "--", "sh", "-c", "kill -9 $$"]).complains(&["killed by signal 9"]);
}

#[test]
fn what_was_reached_for_is_said_and_written_down() {
    let world = World::new();
    if !is_full(&world) {
        return;
    }
    let script = "getent hosts feed.example.com; cd /home; exit 0";
    let run = world.stella(0, &["sandbox", "--ledger", "ledger.jsonl", "--", "sh", "-c", script]);
    run.complains(&["denied: network: look-up of feed.example.com (A", "denied: path: enter /home by "]);
    let ledger = world.read("ledger.jsonl");
    let lines: Vec<Value> = ledger.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.iter().for_each(|line| valid(line, "ledger-v1.json"));
    assert_eq!((&lines[0]["schema"], &lines[0]["level"]), (&"stella-ledger/1".into(), &"full".into()));
    let events: Vec<_> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
    assert!(["exec", "name", "path", "end"].iter().all(|event| events.contains(event)), "{events:?}");
}

/// Names of files and of sockets are the program's to choose.
#[test]
fn what_was_reached_for_forges_no_line() {
    let world = World::new();
    if !is_full(&world) {
        return;
    }
    let script = "n=$TMPDIR/$(printf 'x\\nerror: forged\\n::error::forged\\342\\200\\250\\342\\200\\256\\302\\2332J\\033[2J'); cp /bin/sh \"$n\"; \
                  \"$n\" -c 'cd /home' 2>/dev/null; cp /usr/bin/getent \"$n\"; \"$n\" hosts feed.example.com; exit 0";
    for level in ["full", "traced"] {
        let run = world.stella(0, &["sandbox", "--at-most", level, "--", "sh", "-c", script]);
        let denied: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("denied: ")).collect();
        let named = |line: &&&str| line.contains(r"/x\nerror: forged\n::error::forged\u{2028}\u{202e}\u{9b}2J\x1b[2J");
        assert!(denied.iter().any(|line| named(&line)), "{level}: {}", run.stderr);
        assert!(run.stderr.lines().all(|line| !line.starts_with("error") && !line.starts_with("::")), "{}", run.stderr);
        let raw = run.stderr.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{2028}']);
        assert!(!raw, "{level}: {:?}", run.stderr);
    }
}

#[test]
fn settings_are_what_the_command_sees() {
    let world = World::new();
    if !is_full(&world) {
        return;
    }
    world.write("shown/file", "content");
    let shown = world.work("shown").canonicalize().unwrap();
    let shown = shown.to_str().unwrap();
    let writable = world.path("home").canonicalize().unwrap();
    let writable = writable.to_str().unwrap();
    let script = format!(
        "nproc; hostname; echo $TZ; id -u; umask; cat {shown}/file; echo; (echo x > {shown}/new) 2>/dev/null || echo read-only; \
         echo x > {writable}/new; echo $PASSED"
    );
    let mut command = world.command(&["sandbox", "--cpus", "3", "--hostname", "other", "--tz", "Etc/GMT+5", "--user"]);
    command.args(["7:8", "--umask", "077", "--env", "PASSED", "--ro", shown, "--rw", writable, "--", "sh", "-c"]);
    command.arg(script).env("PASSED", "yes");
    let run = world.run(0, command);
    assert_eq!(run.stdout, "3\nother\nEtc/GMT+5\n7\n0077\ncontent\nread-only\nyes\n");
    assert!(world.path("home/new").exists());
}

#[test]
fn what_cannot_be_is_refused_with_a_word_how() {
    let world = World::new();
    for (arguments, words) in [
        (["--clock", "yesterday"], "`yesterday` is not an instant"),
        (["--umask", "999"], "`999` is not an octal number"),
        (["--user", "me"], "`me` is not the number"),
        (["--ro", "/no/such/folder"], "cannot show `/no/such/folder`"),
        (["--env", "NOT_THERE"], "`--env NOT_THERE` cannot be passed on"),
        (["--tz", "/etc/localtime"], "is not a time zone"),
    ] {
        let all = [&["sandbox"], arguments.as_slice(), &["--", "true"]].concat();
        world.stella(2, &all).complains(&["error: ", words]);
    }
    world.stella(4, &["sandbox", "--", "no-such-command"]).complains(&["`no-such-command` cannot be run", "hint: "]);
    world.stella(4, &["sandbox", "--at-most", "none", "--require-isolation", "full", "--", "true"]);
    world.stella(4, &["sandbox", "--timeout", "1", "--", "sleep", "60"]).complains(&["ran out of time"]);
}

/// Named regression: the next step that a failed run names did not work for a program beside the user.
#[test]
fn a_program_that_is_named_from_the_working_directory_is_found() {
    let world = World::new();
    world.script("scan.sh", "cat rules.yaml; echo ran");
    let run = world.stella(0, &["sandbox", "--ro", ".", "--ledger", "l.jsonl", "--trace-paths", "--", "./scan.sh"]);
    assert_eq!(run.stdout, "ran\n");
}
