//! Ways for a scanner to fail, as `docs/troubleshooting.md` shows them: each is made to happen, and what stella says must be
//! what the page says. With `STELLA_BLESS=1` the page is written anew.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::cli::scene::only;
use crate::harness::{World, copy, says};

const PAGE: &str = "docs/troubleshooting.md";

/// One way to fail.
struct Failure {
    /// The heading of the page.
    heading: &'static str,
    /// The scanner: a script.
    scanner: &'static str,
    /// Its name.
    name: &'static str,
    /// What is said to `stella scan` before `-- ./NAME`.
    arguments: &'static [&'static str],
    exit: u8,
    /// What must be said whatever the page says: the cause, and a next step.
    says: &'static [&'static str],
}

const JSON: &[&str] = &["--artifact", "findings=-:json"];

const FAILURES: [Failure; 11] = [
    Failure {
        heading: "The interpreter is not in the sandbox",
        scanner: "#!WORK/venv/bin/python3\nprint('{}')\n",
        name: "scan.py",
        arguments: JSON,
        exit: 4,
        says: &["lacks   [WORLD]/work/venv/bin/python3", "add `--ro [WORLD]/work/venv`"],
    },
    Failure {
        heading: "It needs the network",
        scanner: "#!/usr/bin/python3\nimport socket, sys\ntry:\n    socket.create_connection(('advisories.example.com', 443))\n\
                  except OSError as error:\n    sys.exit(f'cannot fetch the advisories: {error}')\n",
        name: "fetch",
        arguments: JSON,
        exit: 3,
        says: &["exit code 1", "cannot fetch the advisories", "refused advisories.example.com", "--network allow"],
    },
    Failure {
        heading: "A file is missing",
        scanner: "#!/bin/sh\ncat rules/strict.yaml || exit 1\n",
        name: "scan.sh",
        arguments: &["--expect-exit", "0", "--artifact", "findings=-:json"],
        exit: 3,
        says: &[
            "expected [0]",
            "rules/strict.yaml: No such file",
            "lies beside the input",
            "--scanner-config rules/strict.yaml",
        ],
    },
    Failure {
        heading: "The exit code is another",
        scanner: "#!/bin/sh\necho '{\"findings\": 2}' > out.json\nexit 3\n",
        name: "scan.sh",
        arguments: &["--expect-exit", "0,1", "--artifact", "findings=out.json"],
        exit: 3,
        says: &["exit code 3, expected [0, 1]", "--expect-exit 0,1,3"],
    },
    Failure {
        heading: "The output is empty",
        scanner: "#!/bin/sh\ntrue\n",
        name: "scan.sh",
        arguments: JSON,
        exit: 3,
        says: &["is empty", "exit code 0", "--expect-exit 0"],
    },
    Failure {
        heading: "It runs out of time",
        scanner: "#!/usr/bin/python3\nimport time\ndeadline = time.time() + 0.3\nwhile time.time() < deadline:\n    time.sleep(0.05)\nprint('{}')\n",
        name: "poll.py",
        arguments: &["--timeout", "3", "--artifact", "findings=-:json"],
        exit: 3,
        says: &["ran out of time", "limit of 3 s", "it read the clock", "`--clock real`", "--timeout SECONDS"],
    },
    Failure {
        heading: "It runs out of memory",
        scanner: "#!/usr/bin/python3\nrules = bytearray(400 << 20)\nprint('{}')\n",
        name: "scan.py",
        arguments: &["--memory", "200", "--artifact", "findings=-:json"],
        exit: 3,
        says: &["MemoryError", "it may use 200 MiB of memory", "--memory MIB"],
    },
    Failure {
        heading: "It crashes",
        scanner: "#!/bin/sh\necho 'scanning a.txt' >&2\nkill -SEGV $$\n",
        name: "scan.sh",
        arguments: JSON,
        exit: 3,
        says: &["signal 11 (SIGSEGV)", "scanning a.txt", "it crashed"],
    },
    Failure {
        heading: "Its database is missing",
        scanner: "#!/bin/sh\necho 'FATAL: DB error: --skip-db-update cannot be specified on the first run' >&2\nexit 1\n",
        name: "trivy",
        arguments: &["--artifact", "findings=out.json"],
        exit: 3,
        says: &["`findings=out.json` was not written", "DB error", "db/trivy.db", "--scanner trivy", "--feed DIR"],
    },
    Failure {
        heading: "Its command is wrong",
        scanner: "#!/bin/sh\necho 'scan: unknown option --frmat' >&2\necho 'usage: scan [--format FORMAT] PATH' >&2\nexit 2\n",
        name: "scan.sh",
        arguments: JSON,
        exit: 3,
        says: &["exit code 2", "unknown option --frmat", "it did not understand its command"],
    },
    Failure {
        heading: "It went well, and was not given something",
        scanner: "#!/usr/bin/python3\nimport socket\ntry:\n    socket.create_connection(('registry.example.com', 443))\n\
                  except OSError:\n    pass\nprint('{}')\n",
        name: "audit",
        arguments: JSON,
        exit: 0,
        says: &["note: the scanner reached for what it was not given: on the network registry.example.com"],
    },
];

fn world(way: &Failure) -> World {
    let world = World::new();
    world.write("in/a.txt", "x\n");
    world.write("rules/strict.yaml", "a: 1\n");
    fs::create_dir_all(world.work("venv/bin")).unwrap();
    symlink("/usr/bin/python3", world.work("venv/bin/python3")).unwrap();
    let work = world.work("");
    let script = way.scanner.replace("WORK/", work.to_str().unwrap());
    world.program(way.name, &script);
    world
}

/// The command and what it says, as the page shows it.
fn shown(way: &Failure) -> String {
    let world = world(way);
    let program = format!("./{}", way.name);
    let mut arguments = vec!["scan", "--input", "in"];
    arguments.extend(way.arguments);
    arguments.extend(["--", &program]);
    let run = world.stella(way.exit, &arguments);
    // However long its lines may be.
    says(&run.stderr.replace("\n  |       ", " "), way.says);
    for line in run.stderr.lines().filter(|line| !line.starts_with("note: ")) {
        assert!(line.chars().count() <= 80 + "[WORLD]".len() || !line.starts_with("  "), "{line}");
    }
    // Without the machine's own numbers, and what its isolation lacks.
    let said: String = run.stderr.split_inclusive('\n').filter(|line| !line.starts_with("isolation ")).collect();
    let stderr = counted(&said.replace("[WORLD]/work", "/home/me/project"));
    format!("$ stella {}\n{stderr}", arguments.join(" "))
}

/// How often a clock was read is another on every machine.
fn counted(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let words: Vec<&str> = line.split(' ').collect();
        let is_count = |at: usize| words.get(at + 1).is_some_and(|next| next.starts_with("times"));
        let words = words.iter().enumerate().map(|(at, word)| if is_count(at) { "60" } else { word });
        out += &words.collect::<Vec<_>>().join(" ");
    }
    out
}

#[test]
fn the_page_shows_what_stella_says() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(&file).unwrap();
    let mut new = page.clone();
    for way in &FAILURES {
        let heading = format!("\n## {}\n", way.heading);
        let section = new.find(&heading).unwrap_or_else(|| panic!("{PAGE} has no {heading:?}"));
        let begin = section + new[section..].find("```text\n").unwrap() + "```text\n".len();
        let end = begin + new[begin..].find("```\n").unwrap();
        new.replace_range(begin..end, &shown(way));
    }
    if std::env::var_os("STELLA_BLESS").is_some() {
        fs::write(file, new).unwrap();
    } else {
        assert_eq!(new, page, "{PAGE} is stale: regenerate it with `make bless`");
    }
}

/// What stands between backquotes in the next steps and is an option, with real values where a word stands for one.
fn options(text: &str) -> Vec<Vec<String>> {
    let steps = text.lines().filter_map(|line| line.strip_prefix("  next    ")).flat_map(|line| line.split('`'));
    let value = |word: &str| match word {
        "DIR" => "rules".to_owned(),
        "SECONDS" => "4".to_owned(),
        "MIB" => "4096".to_owned(),
        "PATH" => "in/a.txt".to_owned(),
        word => word.to_owned(),
    };
    steps.filter(|part| part.starts_with("--")).map(|part| part.split(' ').map(value).collect()).collect()
}

/// Every option that a next step names is taken as it stands, beside those that were given; and where it is the whole remedy,
/// the scan is recorded.
#[test]
fn the_next_steps_work_as_they_stand() {
    let remedied = [
        "The interpreter is not in the sandbox",
        "The exit code is another",
        "The output is empty",
        "It runs out of time",
        "It runs out of memory",
    ];
    for way in &FAILURES {
        let program = format!("./{}", way.name);
        let world = world(way);
        let scan = |more: &[String], arguments: &[&str]| {
            let mut words: Vec<String> = ["scan", "--input", "in"].map(str::to_owned).to_vec();
            words.extend(arguments.iter().map(|&word| word.to_owned()));
            words.extend(more.iter().cloned());
            // An adapter makes the command.
            if !more.iter().any(|word| word == "--scanner") {
                words.extend(["--".to_owned(), program.clone()]);
            }
            words
        };
        let mut command = world.command(&[]);
        command.args(scan(&[], way.arguments));
        let text = world.run(way.exit, command).stderr.replace("\n  |       ", " ");
        let text = text.replace("[WORLD]", world.work("").parent().unwrap().to_str().unwrap());
        let options = options(&text);
        assert!(!options.is_empty() || way.exit == 0 || way.heading == "Its command is wrong", "{text}");
        let mut ended = Vec::new();
        for option in options {
            // What is given again takes the place of what was given.
            let name = option.first().cloned().unwrap_or_default();
            let given: Vec<&str> = match way.arguments.iter().position(|word| *word == name) {
                Some(at) => way.arguments[..at].iter().chain(&way.arguments[at + 2..]).copied().collect(),
                None => way.arguments.to_vec(),
            };
            let is_adapter = name == "--scanner";
            let given = if is_adapter { &[][..] } else { &given[..] };
            // A format that may be empty is said with the exit code.
            let lines: Vec<&str> = given
                .iter()
                .map(|word| {
                    if *word == "findings=-:json" && way.heading == "The output is empty" {
                        "findings=-:json-lines"
                    } else {
                        word
                    }
                })
                .collect();
            let mut command = world.command(&[]);
            command.args(scan(&option, &lines));
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            // An adapter's program is not on this machine.
            assert!(output.status.code() != Some(2) || is_adapter, "{}: {option:?}: {said}", way.heading);
            ended.push(output.status.code());
        }
        let is_remedied = ended.contains(&Some(0));
        assert_eq!(is_remedied, remedied.contains(&way.heading), "{}: {ended:?}\n{text}", way.heading);
    }
}

#[test]
fn a_replay_says_it_in_every_output() {
    let world = World::new();
    world.write("in/code", "0");
    world.script("scan.sh", "echo 'no rules found' >&2\necho '{}'\nexit $(cat code)");
    let home = "fixtures/canaries/one";
    let manifest = format!("{home}/manifest.json");
    let scan =
        ["scan", "--input", "in", "--artifact", "findings=-:json", "--emit-manifest", &manifest, "--", "./scan.sh"];
    world.stella(0, &scan);
    world.write("in/code", "5");
    let replay = ["replay", "--from", &manifest, "--with", "input=in"];
    let run = world.stella(3, &replay);
    run.says(&[
        "unhealthy",
        "ended     exit code 5",
        "said      no rules found",
        "next      if 5 means that it ran well",
    ]);
    let run = world.stella(3, &[&replay[..], &["--format", "json"]].concat());
    let showing = only(&run.stdout_json())["showing"].clone();
    assert_eq!(showing["ended"], serde_json::json!({ "how": "exit", "code": 5 }));
    assert_eq!(showing["said"], serde_json::json!(["no rules found"]));
    // The same in a run of several.
    world.rewrite(&manifest, |manifest| manifest["scanner"]["expected_exit_codes"] = serde_json::json!([5]));
    let ci = ["ci", "--pinned", "--junit", "junit.xml", "--summary", "summary.md"];
    world.stella(3, &ci).says(&["exit code 0, expected [5]", "said      no rules found"]);
    for (file, shown) in [
        ("junit.xml", "ended: exit code 0\nsaid: no rules found"),
        ("summary.md", "- ended: exit code 0\n- said: no rules found"),
    ] {
        assert!(world.read(file).contains(shown), "{}", world.read(file));
    }
}

/// As a Java program does whose timers never fire: it gives up, ends well, and its result is the poorer for it.
#[test]
fn a_recording_that_mostly_waited_says_how_often_it_read_the_clock() {
    let world = World::new();
    world.write("in/a", "");
    world.script("scan.sh", "date > /dev/null; sleep 3; echo '{}'");
    let scan = ["scan", "--input", "in", "--artifact", "findings=-:json"];
    let run = world.stella(0, &[&scan[..], &["--", "./scan.sh"]].concat());
    run.complains(&["s and read the clock ", "which stands still", "record with `--clock real`"]);
    let run = world.stella(0, &[&scan[..], &["--clock", "real", "--", "./scan.sh"]].concat());
    assert!(!run.stderr.contains("read the clock"), "{}", run.stderr);
    world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match", "clock running"]);
}

/// What a run says on stderr, its lines joined.
fn said(world: &World, exit: u8, arguments: &[&str]) -> String {
    let scan = ["scan", "--input", "in", "--artifact", "findings=-:json"];
    world.stella(exit, &[&scan[..], arguments].concat()).stderr.replace("\n  |       ", " ")
}

#[test]
fn what_cannot_be_started_or_does_not_find_something_says_which_and_what_to_do() {
    let world = World::new();
    world.write("in/a", "");
    world.script("tools/tool2", "echo '{}'");
    let rows: [(&[u8], u32, u8, &[&str]); 11] = [
        (b"echo '{}'\n", 0o755, 4, &["has no first line that names its interpreter", "next    begin it with"]),
        (b"", 0o755, 4, &["is empty", "next    "]),
        (b"\x7fELF\x02\x01garbage", 0o755, 4, &["or damaged", "next    build or fetch it"]),
        (b"#!/bin/sh\necho '{}'\n", 0o644, 4, &["is not executable", "next    make it executable: `chmod +x"]),
        (b"#!/bin/sh\r\necho '{}'\r\n", 0o755, 4, &["lacks   /bin/sh\\r", "carriage return", "line ends of Unix"]),
        (b"#!/bin/sh\ntool2 .\n", 0o755, 3, &["absent  tool2 (looked up as a program", "`tool2`", "--path"]),
        (b"#!/bin/sh\ntool2 . | cat\n", 0o755, 3, &["absent  tool2 (looked up as a program", "`tool2`", "--path"]),
        (b"#!/bin/bash\ntool2 .\nexit 0\n", 0o755, 3, &["absent  tool2 (looked up as a program", "--path"]),
        (
            b"#!/usr/bin/python3\nopen('/etc/scan/rules.yaml')\n",
            0o755,
            3,
            &["absent  /etc/scan/rules.yaml (nowhere)", "`/etc/scan/rules.yaml` is nowhere on this machine", "--ro"],
        ),
        (
            b"#!/bin/sh\necho 'x: error while loading shared libraries: libfoo9.so: cannot open' >&2\nexit 127\n",
            0o755,
            3,
            &["it needs the library `libfoo9.so`"],
        ),
        (
            b"#!/bin/bash\nbash -c 'kill -SEGV $$'\nexit $?\n",
            0o755,
            3,
            &["139 is what a shell makes of signal 11 (SIGSEGV)"],
        ),
    ];
    for (bytes, mode, exit, words) in rows {
        let path = world.write("run", bytes);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let text = said(&world, exit, &["--", "./run"]);
        says(&text, words);
        if !text.contains("139") {
            assert!(!text.contains("--expect-exit") && !text.contains("json-lines"), "{text}");
        }
    }
    // What the option that it names does.
    world.write("run", "#!/bin/sh\ntool2 .\n");
    fs::set_permissions(world.work("run"), fs::Permissions::from_mode(0o755)).unwrap();
    said(&world, 0, &["--path", "tools", "--", "./run"]);
}

#[test]
fn an_artifact_that_is_not_a_file_is_told_apart_from_one_that_is_missing() {
    let world = World::new();
    world.write("in/a", "");
    for (make, words) in [
        ("mkdir out.json", "is a folder, not a regular file"),
        ("mkfifo out.json", "is a named pipe, not a regular file"),
        ("ln -s /etc/passwd out.json", "is a link that leads elsewhere, not a regular file"),
    ] {
        world.script("run", make);
        let scan = ["scan", "--input", "in", "--artifact", "findings=out.json", "--", "./run"];
        let text = world.stella(3, &scan).stderr;
        says(&text, &[words, "make it write a regular file"]);
        assert!(!text.contains("/run/input"), "{text}");
    }
}

#[test]
fn no_output_shows_a_secret_of_the_run() {
    let world = World::new();
    world.write("in/code", "0");
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA0Z3VS5JJcds3xfn\n-----END RSA PRIVATE KEY-----";
    world.write("key", key);
    world.script(
        "scan.sh",
        &format!(
            "echo \"my value is $MY_SETTING at /$MY_SETTING/x\" >&2\necho '{{\"api_key\": \"sk-livexyz\"}}' >&2\n\
             cat >&2 <<'END'\n{key}\nEND\necho '{{}}'\nexit $(cat code)"
        ),
    );
    let home = "fixtures/canaries/one";
    let manifest = format!("{home}/manifest.json");
    let scan =
        ["scan", "--input", "in", "--artifact", "findings=-:json", "--env", "MY_SETTING", "--emit-manifest", &manifest];
    let with_value = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("MY_SETTING", "verysecretvalue12");
        command
    };
    let scan = [&scan[..], &["--expect-exit", "0", "--", "./scan.sh"]].concat();
    world.run(0, with_value(&scan));
    world.write("in/code", "5");
    let failed = world.run(3, with_value(&scan));
    let replay = ["replay", "--from", &manifest, "--with", "input=in", "--env", "MY_SETTING"];
    let text = world.run(3, with_value(&replay));
    let json = world.run(3, with_value(&[&replay[..], &["--format", "json", "--out-dir", "replayed"]].concat()));
    let all = [failed.stdout, failed.stderr, text.stdout, text.stderr, json.stdout, json.stderr];
    for output in &all {
        for secret in ["verysecretvalue12", "sk-livexyz", "MIIEowIBAAKCAQEA0Z3VS5JJcds3xfn"] {
            assert!(!output.contains(secret), "{secret}:\n{output}");
        }
    }
    says(&all[1], &["my value is REDACTED", "\"api_key\": \"REDACTED\"", "PRIVATE KEY-----REDACTED"]);
    // A replay has no `--expect-exit`.
    says(&all[2].replace("\n            ", " "), &["record again with"]);
}

/// A home with two files of configuration, of which the run's is empty.
#[test]
fn configuration_that_was_looked_for_is_told_whether_the_run_went_well_or_not() {
    let world = World::new();
    world.write("in/a", "");
    fs::write(world.path("home/.scanrc"), "strict").unwrap();
    fs::create_dir_all(world.path("home/.cache/scan")).unwrap();
    fs::write(world.path("home/.cache/scan/advisories.db"), "x").unwrap();
    world.write("beside.toml", "");
    let looks = "import os\nhome = os.environ['HOME']\nfor path in (home + '/.scanrc', home + '/.cache/scan/advisories.db', home + '/.other',\n\
                 \x20            'beside.toml', '/etc/scan/rules.yaml', '/usr/share/nothing', home + '/x.py'):\n    os.path.exists(path)\n";
    let script = |end: &str| {
        world.program("scan.py", &format!("#!/usr/bin/python3\n{looks}{end}\n"));
    };
    script("print('{}')");
    let text = said(&world, 0, &["--", "./scan.py", "--config=beside.toml"]);
    let note = text.lines().find(|line| line.contains("reached for")).unwrap_or_else(|| panic!("{text}"));
    // What the command names, what is a database, then configuration; what the machine does not have either is no loss.
    says(note, &["of the machine beside.toml, ~/.cache/scan/advisories.db, ~/.scanrc; its result may lack something"]);
    script("raise SystemExit(3)");
    let text = said(&world, 3, &["--", "./scan.py", "--config=beside.toml"]);
    says(
        &text,
        &[
            "absent  beside.toml, ~/.cache/scan/advisories.db, ~/.scanrc (on this machine",
            "absent  /etc/scan/rules.yaml, ~/.other (nowhere)",
            "`beside.toml` lies beside the input",
        ],
    );
    assert!(!text.contains("/usr/share/nothing") && !text.contains("x.py,"), "{text}");
    // The ledger of a run that failed has them all.
    said(&world, 3, &["--ledger", "ledger.jsonl", "--", "./scan.py"]);
    let ledger = world.read("ledger.jsonl");
    says(&ledger, &["/usr/share/nothing", "/tmp/stella/home/x.py", "\"event\":\"end\""]);
}

#[test]
fn a_run_that_failed_for_want_of_the_network_is_not_recorded_as_well() {
    let world = World::new();
    world.write("in/a", "");
    let script = |code: u8| {
        let script = format!(
            "#!/usr/bin/python3\nimport socket, sys\ntry:\n    socket.create_connection(('registry.example.com', 443))\n\
             except OSError:\n    pass\nprint('{{}}')\nsys.exit({code})\n"
        );
        world.program("audit", &script);
    };
    script(1);
    let text = said(&world, 3, &["--", "./audit"]);
    says(&text, &["exit code 1, after it was refused the network", "--network allow", "`--expect-exit 0,1`"]);
    said(&world, 0, &["--expect-exit", "0,1", "--", "./audit"]);
    script(0);
    says(&said(&world, 0, &["--", "./audit"]), &["on the network registry.example.com"]);
}

#[test]
fn an_artifact_that_begins_as_json_and_is_cut_is_not_recorded_as_bytes() {
    let world = World::new();
    world.write("in/a", "");
    let scan = |exit: u8, artifact: &str, body: &str| {
        world.script("scan.sh", body);
        world.stella(exit, &["scan", "--input", "in", "--artifact", artifact, "--", "./scan.sh"]).stderr
    };
    for cut in ["printf '{\"a\": [1, 2'", "printf '{\"a\":1}\\n{\"b\":'", "echo '[{\"a\": 1}]'; echo 'done in 3 s'"] {
        says(
            &scan(3, "findings=-", cut),
            &["`findings=-` begins as JSON and is not JSON", "`findings=out.json:sarif`"],
        );
        scan(0, "findings=-:bytes", cut);
    }
    let lines = "echo '{\"a\":1}'; echo '{\"a\":2}'";
    for (artifact, body) in [("findings=-", lines), ("findings=-", "echo '{\"a\":1}'")] {
        says(&scan(0, artifact, body), &["`--artifact findings=-:json-lines`"]);
    }
    assert!(!scan(0, "findings=-:json-lines", lines).contains("json-lines"));
    assert!(!scan(0, "findings=-", "echo '[1/2] text'").contains("json-lines"));
}

#[test]
fn a_result_on_standard_error_is_told() {
    let world = World::new();
    world.write("in/a", "");
    world.script("scan.sh", "printf '[\\n{\\n\"rule\": \"a\",\\n\"line\": 1\\n}\\n]\\n' >&2; exit 1");
    says(&said(&world, 3, &["--", "./scan.sh"]), &["its result seems to go to its standard error"]);
}

/// As a virtual environment made with the Python of pyenv.
#[test]
fn an_interpreter_that_is_a_link_to_a_hidden_one_is_told_with_both_folders() {
    let world = World::new();
    world.write("in/a", "");
    for name in ["venv/bin", "pyenv/bin"] {
        fs::create_dir_all(world.work(name)).unwrap();
    }
    // A shell is a program that needs nothing beside it.
    copy(Path::new("/bin/sh"), &world.work("pyenv/bin/python3"));
    symlink(world.work("pyenv/bin/python3"), world.work("venv/bin/python3")).unwrap();
    let script = format!("#!{}\necho '{{}}'\n", world.work("venv/bin/python3").display());
    world.program("venv/bin/scan", &script);
    let both = "--ro [WORLD]/work/venv --ro [WORLD]/work/pyenv";
    says(&said(&world, 4, &["--", "venv/bin/scan"]), &["lacks   [WORLD]/work/venv/bin/python3", both]);
    let text = said(&world, 4, &["--ro", "venv", "--", "venv/bin/scan"]);
    says(&text, &["lacks   [WORLD]/work/pyenv/bin/python3", "--ro [WORLD]/work/pyenv"]);
    said(&world, 0, &["--ro", "venv", "--ro", "pyenv", "--", "venv/bin/scan"]);
}

#[test]
fn a_step_that_is_run_as_it_is_says_what_to_do_too() {
    let world = World::new();
    world.write("in/a", "");
    let run = |exit: u8, bytes: &str, words: &[&str]| {
        world.program("step", bytes);
        let scan = ["scan", "--as-is", "--expect-exit", "0", "--artifact", "findings=out.json", "--", "./step"];
        says(&world.stella(exit, &scan).stderr.replace("\n  |       ", " "), words);
    };
    run(4, "#!/opt/nowhere/python9\n", &["lacks   /opt/nowhere/python9", "`/opt/nowhere/python9`: install it"]);
    run(3, "#!/bin/sh\nkill -SEGV $$\n", &["ended   signal 11 (SIGSEGV)", "next    "]);
    run(3, "#!/bin/sh\nexit 3\n", &["ended   exit code 3", "`--expect-exit 0,3`"]);
    run(3, "#!/bin/sh\n", &["was not written", "next    name the file where it is written"]);
}

#[test]
fn an_artifact_of_the_input_that_is_left_out_is_said_to_be() {
    let world = World::new();
    world.write("in/base.json", "{}");
    world.script("scan.sh", "[ -e base.json ] || exit 3\necho '{\"a\": 1}' > base.json");
    let scan = ["scan", "--input", "in", "--artifact", "findings=base.json"];
    let run = world.stella(3, &[&scan[..], &["--", "./scan.sh"]].concat());
    run.complains(&["`base.json` lies in the input", "`--artifact-in-input`"]);
    let run = world.stella(0, &[&scan[..], &["--artifact-in-input", "--", "./scan.sh"]].concat());
    assert!(!run.stderr.contains("lies in the input"), "{}", run.stderr);
}

#[test]
fn a_folder_that_is_allowed_allows_what_is_in_it() {
    let world = World::new();
    world.write("in/a", "");
    world.write("tools/one/x", "");
    world.script("scan.sh", "echo '{}'");
    let scan = ["scan", "--input", "in", "--ro", "tools/one", "--artifact", "findings=-:json", "--", "./scan.sh"];
    world.stella(0, &scan);
    world.stella(3, &["replay", "--from", "MANIFEST.json"]).says(&["allow it with"]);
    world.stella(0, &["replay", "--from", "MANIFEST.json", "--ro", "tools"]).says(&["match"]);
}
