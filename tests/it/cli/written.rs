//! What cannot be written is a failure, in every command and for every file; and what a signal ends leaves nothing.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use stella::cli::reference;
use stella::host::machine;

use crate::cli::scene::recorded;
use crate::harness::{World, files};
use crate::oci_layout::{Layout, layer};

/// Every command that does something, with its page of the reference.
fn commands() -> Vec<(String, String)> {
    let reference = reference();
    let pages = reference.split("\n## `stella ").skip(1).map(|page| page.split_once('`').unwrap());
    let leaves = pages.filter(|(_, page)| !page.contains("\nCommands:"));
    leaves.map(|(name, page)| (name.to_owned(), page.to_owned())).collect()
}

/// A world in which every command has something to do.
fn world() -> World {
    let world = recorded();
    let mut layout = Layout::default();
    layout.image(machine::arch(), &[layer(&[("srv/a", "a")])]);
    layout.write(&world.work("image"));
    world.script("tool", "echo '{}'");
    world.write("plain.json", "{}");
    let scan = ["scan", "--closure", "--input", "app", "--artifact", "findings=-:json", "--emit-manifest"];
    world.stella(0, &[&scan[..], &["m/closure.json", "--", "./tool"]].concat());
    world.stella(0, &["init"]);
    world.stella(0, &["ci", "--history", "h.jsonl", "--result", "r.json"]);
    world.stella(0, &["ci", "--shard", "1/1", "--result", "s.json"]);
    world.stella(0, &["key", "generate", "--unencrypted", "--out", "pair"]);
    world.stella(0, &["manifest", "sign", "--key", "pair.key", "--bundle", "m.sigstore.json", "MANIFEST.json"]);
    world.stella(0, &["trust", "create", "--rekor", "url=https://rekor.example,key=pair.pub", "--out", "root.json"]);
    world.stella(0, &["feed", "build", "feed", "--out-dir", "bundles"]);
    fs::rename(&files(&world.work("bundles"))[0], world.work("osv.tar.zst")).unwrap();
    world
}

/// Commands that print nothing here: they need a pull request at GitHub, or a red report (`cli::reproduce` has one), or a
/// candidate that was replayed, or a log, or no pair of keys from the time before (`attest` has both), or a folder that is not there
/// yet (`closure` has one).
const ELSEWHERE: &[&str] =
    &["reviewed", "publish", "notify", "reproduce", "attest", "submit", "verify", "key generate", "closure export"];

/// How each command is made to print something.
const PRINTS: &[&str] = &[
    "scan --input app --feed feed --emit-manifest m/M.json",
    "replay --from MANIFEST.json",
    "explain --from MANIFEST.json",
    "diff --a out --b out",
    "ci",
    "score --history h.jsonl",
    "gate pr --result r.json",
    "report --html r.json",
    "merge s.json",
    "badge b --result r.json",
    "accept",
    "chaos --from MANIFEST.json --only tz",
    "canonicalize plain.json",
    "canonicalize --hash plain.json",
    "init",
    "demo --dir demo",
    "sandbox -- echo x",
    "doctor",
    "adapter list",
    "adapter show bandit",
    "manifest show MANIFEST.json",
    "manifest validate MANIFEST.json",
    "manifest migrate MANIFEST.json",
    "manifest sign --key pair.key --bundle m.sigstore.json MANIFEST.json",
    "manifest verify --key pair.pub --signature-only --bundle m.sigstore.json MANIFEST.json",
    "trust create --rekor url=https://rekor.example,key=pair.pub --out root.json",
    "trust update --trusted-root root.json --out newer.json root.json",
    "feed build feed --out-dir bundles",
    "feed verify osv.tar.zst",
    "feed bisect --from MANIFEST.json feed later",
    "closure show m/closure.json",
    "closure diff m/closure.json m/closure.json",
    "image inspect image",
    "image unpack image",
    "key public --key pair.key",
    "profile list",
    "profile show sarif",
    "profile explain plain.json",
    "profile test openvex",
    "profile learn --again 1 -- ./tool",
    "scan --as-is --artifact findings=-:json --emit-manifest m/as-is.json -- ./tool",
];

#[test]
fn a_full_standard_output_ends_every_command_with_4() {
    let world = world();
    for (command, _) in commands().iter().filter(|(name, _)| !ELSEWHERE.contains(&name.as_str())) {
        let is_tried = PRINTS.iter().any(|line| {
            line.strip_prefix(command.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        assert!(is_tried, "PRINTS does not say how `stella {command}` is made to print");
    }
    let lines = PRINTS.iter().map(|line| (*line).to_owned());
    let json = PRINTS.iter().filter(|line| {
        commands().iter().any(|(name, page)| line.starts_with(name.as_str()) && page.contains("--format"))
    });
    let json = json.map(|line| format!("{line} --format json"));
    let help = ["--help", "--version", "ci --help"].map(str::to_owned);
    let mut tried = 0;
    for line in lines.chain(json).chain(help) {
        if line.contains(" -- ") && line.ends_with("--format json") {
            continue;
        }
        let arguments: Vec<&str> = line.split(' ').collect();
        // Where it does not apply it is refused.
        let plain = world.command(&arguments).output().unwrap().status.code();
        if plain == Some(2) {
            continue;
        }
        let mut command = world.command(&arguments);
        command.stdout(File::options().write(true).open("/dev/full").unwrap());
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{line}\n{stderr}");
        assert!(stderr.contains("No space left on device"), "{line}\n{stderr}");
        tried += 1;
    }
    assert!(tried > PRINTS.len() + 10, "{tried}");
}

/// A reader that went away is no failure.
#[test]
fn a_closed_pipe_is_silent() {
    let world = world();
    for line in [
        "ci | true",
        "ci --format json | true",
        "canonicalize plain.json | true",
        "sandbox -- echo x | true",
        "--help | true",
    ] {
        // The exit code of the first of them, in a shell that does not tell it otherwise.
        let script = format!(
            "{{ stella {}; echo $? > code; }} | {}",
            line.split_once(" | ").unwrap().0,
            line.split_once(" | ").unwrap().1
        );
        let run = world.run(0, world.pasted(&script));
        assert_eq!(world.read("code").trim(), "0", "{line}: {}", run.stderr);
        assert!(!run.stderr.contains("error"), "{line}: {}", run.stderr);
    }
}

/// Options that name what is written, with a command line that writes it; `@` stands for the name.
const WRITES: &[(&str, &str)] = &[
    ("scan --emit-manifest", "scan --input app --feed feed --emit-manifest @"),
    ("scan --ledger", "scan --artifact findings=-:json --emit-manifest m/M.json --ledger @ -- ./tool"),
    ("replay --history", "replay --from MANIFEST.json --history @"),
    ("ci --junit", "ci --junit @"),
    ("ci --result", "ci --result @"),
    ("ci --summary", "ci --summary @"),
    ("ci --history", "ci --history @"),
    ("merge --junit", "merge s.json --junit @"),
    ("merge --result", "merge s.json --result @"),
    ("merge --summary", "merge s.json --summary @"),
    ("merge --history", "merge s.json --history @"),
    ("sandbox --ledger", "sandbox --ledger @ -- true"),
    ("manifest migrate --out", "manifest migrate MANIFEST.json --out @"),
    ("manifest sign --bundle", "manifest sign --key pair.key --bundle @ MANIFEST.json"),
    ("trust create --out", "trust create --rekor url=https://rekor.example,key=pair.pub --out @"),
    ("trust update --out", "trust update --trusted-root root.json --out @ root.json"),
    ("key public --out", "key public --key pair.key --out @"),
    ("profile learn --out", "profile learn --again 1 --out @ -- ./tool"),
];

/// Options that name folders into which is written.
const WRITES_INTO: &[(&str, &str)] = &[
    ("scan --emit-artifacts-dir", "scan --input app --feed feed --emit-manifest m/M.json --emit-artifacts-dir @"),
    ("scan --store", "scan --input app --feed feed --emit-manifest m/M.json --store @"),
    ("replay --out-dir", "replay --from MANIFEST.json --out-dir @"),
    ("ci --out-dir", "ci --out-dir @"),
    ("merge --out-dir", "merge s.json --out-dir @"),
    ("feed build --out-dir", "feed build feed --out-dir @"),
];

/// Options with a file or a folder that is read, that is made elsewhere in these tests, or that needs GitHub.
const OTHERS: &[&str] = &[
    "--config",
    "--store",
    "scan --call-graph",
    "scan --path",
    "scan --capture",
    "scan --capture-secrets",
    "score --history",
    "gate --history",
    "gate --result",
    "report --history",
    "report --before",
    "ci --reviewed",
    "ci --timings",
    "ci --predicate",
    "merge --reviewed",
    "merge --timings",
    "merge --predicate",
    "badge --result",
    "publish --report",
    "notify --report",
    "accept --patch",
    "accept --reviewed",
    "reviewed --out",
    "profile test --document",
    "demo --dir",
    "attest --result",
    "attest --history",
    "attest --out-dir",
    "attest --queue",
    "attest --signing-config",
    "attest --trusted-root",
    "submit --queue",
    "submit --out-dir",
    "submit --report",
    "submit --signing-config",
    "submit --trusted-root",
    "manifest sign --signing-config",
    "manifest sign --trusted-root",
    "manifest verify --bundle",
    "manifest verify --key",
    "manifest verify --trusted-root",
    "trust update --trusted-root",
    "verify --bundle",
    "verify --key",
    "verify --trusted-root",
];

#[test]
fn what_cannot_be_written_is_a_failure_for_every_file() {
    let mut named = BTreeSet::new();
    for (command, page) in commands() {
        for line in page.lines().map(str::trim_start).filter(|line| line.starts_with("--")) {
            let mut words = line.split(' ');
            let (option, value) = (words.next().unwrap(), words.next().unwrap_or_default());
            let is_file = ["<FILE>", "<DIR>"].contains(&value);
            let own = format!("{command} {option}");
            if is_file && !OTHERS.contains(&option) && !OTHERS.contains(&own.as_str()) {
                named.insert(own);
            }
        }
    }
    let tried = WRITES.iter().chain(WRITES_INTO).map(|(option, _)| (*option).to_owned());
    let tried: BTreeSet<String> = tried.filter(|option| option != "scan --store").collect();
    assert_eq!(named, tried, "an option that writes is not tried");

    let world = world();
    world.write("file", "x");
    fs::create_dir(world.work("folder")).unwrap();
    fs::create_dir(world.work("tmp")).unwrap();
    let run = |line: &str, name: &str| {
        let line = line.replace('@', name);
        let mut command = world.command(&line.split(' ').collect::<Vec<_>>());
        command.env("TMPDIR", world.work("tmp"));
        let run = world.run(4, command);
        run.complains(&["error: "]);
        (line, run.stderr)
    };
    for (option, line) in WRITES {
        let is_history = option.ends_with("--history");
        let (shown, said) = run(line, "/dev/full");
        // What is added to is read before, and a device is no history.
        let why = if is_history { "is not a regular file" } else { "No space left on device" };
        assert!(said.contains(why), "{shown}\n{said}");
        if is_history {
            let line = line.replace('@', "file/below");
            world
                .stella(2, &line.split(' ').collect::<Vec<_>>())
                .complains(&["cannot read the history", "`file/below`"]);
        } else {
            let (shown, said) = run(line, "file/below");
            assert!(said.contains("`file`"), "{shown}\n{said}");
        }
    }
    for (option, line) in WRITES.iter().filter(|(option, _)| !option.ends_with("--history")) {
        let (_, said) = run(line, "folder");
        assert!(said.contains("cannot write to `folder`: it is a folder"), "{option}\n{said}");
    }
    // One error, whichever the command.
    for (option, line) in WRITES_INTO {
        for name in ["file", "file/below"] {
            let (_, said) = run(line, name);
            let words =
                if *option == "scan --store" { "`file" } else { "cannot write into `file`: it is not a folder" };
            assert!(said.contains(words), "{option}\n{said}");
        }
    }
    assert_eq!(world.read("file"), "x");
    assert_eq!(files(&world.work("tmp")), Vec::<std::path::PathBuf>::new());
}

/// A command that takes a while, for each kind of work: in this process, in a sandbox, as it is, many at a time.
const SLOW: &[&str] = &[
    "scan --artifact findings=-:json --emit-manifest m/M.json -- ./slow",
    "scan --as-is --artifact findings=-:json --emit-manifest m/M.json -- ./slow",
    "sandbox -- sleep 60",
    "profile learn -- ./slow",
    "replay --from slow.json",
    "explain --from slow.json",
    "chaos --from slow.json",
    "canonicalize -",
];

#[test]
fn a_signal_ends_every_command_and_nothing_is_left() {
    let world = world();
    world.script("slow", "test -e quick || sleep 60; echo '{}'");
    world.write("in/quick", "");
    world.stella(
        0,
        &["scan", "--input", "in", "--artifact", "findings=-:json", "--emit-manifest", "slow.json", "--", "./slow"],
    );
    let before = files(&world.work(""));
    for line in SLOW {
        for signal in [2, 15] {
            fs::create_dir(world.path("tmp")).unwrap();
            // The recorded scan is quick: it is made slow by another input.
            let line = if line.contains("slow.json") && !line.starts_with("chaos") && !line.starts_with("explain") {
                format!("{line} --with input=app")
            } else {
                (*line).to_owned()
            };
            let mut command = world.interruptible(&line.split(' ').collect::<Vec<_>>());
            command.env("TMPDIR", world.path("tmp")).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            // At whatever moment of its work that is.
            std::thread::sleep(Duration::from_millis(400));
            let sent = std::process::Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status();
            // It is there until it is waited for.
            assert!(sent.unwrap().success());
            let status = child.wait().unwrap();
            // Two of them may be faster: nothing to interrupt.
            let is_over = status.code().is_some() && (line.starts_with("chaos") || line.starts_with("explain"));
            assert!(is_over || status.signal() == Some(signal), "{line}: {status}");
            let of_this_world = || {
                let found = std::process::Command::new("pgrep").args(["-f", world.path("").to_str().unwrap()]).output();
                found.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
            };
            let since = Instant::now();
            while (!files(&world.path("tmp")).is_empty() || !of_this_world().is_empty())
                && since.elapsed() < Duration::from_secs(60)
            {
                std::thread::sleep(Duration::from_millis(20));
            }
            let left: Vec<_> = fs::read_dir(world.path("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert_eq!(left, Vec::<std::path::PathBuf>::new(), "{line}");
            fs::remove_dir(world.path("tmp")).unwrap();
            assert_eq!(of_this_world(), "", "{line}");
        }
    }
    assert_eq!(files(&world.work("")), before);
}
