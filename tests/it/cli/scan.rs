//! `stella scan`: what a recording keeps, and what it must never keep.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stella::model::digest::Digest;

use crate::cli::scene::{advisory, npm_lock, only, recorded, scene};
use crate::harness::{NOW, World, files, says, valid};

fn digest(value: &Value) -> Digest {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn a_recording_is_whole() {
    let world = recorded();
    let manifest = world.json("MANIFEST.json");
    valid(&manifest, "scan-manifest-v1.json");
    world.stella(0, &["manifest", "validate", "MANIFEST.json"]).says(&["MANIFEST.json: replayable"]);

    let blobs = world.blobs();
    let names: Vec<&str> =
        manifest["artifacts"].as_array().unwrap().iter().map(|a| a["path"].as_str().unwrap()).collect();
    let expected = [
        "sbom.cdx.json",
        "findings.json",
        "vex.cdx.json",
        "vex.openvex.json",
        "decision.json",
        "coverage.json",
        "feed.json",
    ];
    assert_eq!(names, expected);
    for artifact in manifest["artifacts"].as_array().unwrap() {
        let written = world.read(&format!("out/{}", artifact["path"].as_str().unwrap()));
        assert_eq!(blobs[&digest(&artifact["raw_sha256"])], written.as_bytes());
    }
    assert_eq!(blobs[&digest(&manifest["input"]["digest"])], world.read("app/package-lock.json").as_bytes());
    assert!(blobs.contains_key(&digest(&manifest["feeds"]["bundles"][0]["digest"])));
    assert_eq!(manifest["created_at"], NOW);
    assert_eq!(manifest["environment"]["clock_mode"], "frozen");
    assert_eq!(manifest["environment"]["clock_value"], NOW);
    valid(&world.json("out/findings.json"), "findings-v1.json");
    valid(&world.json("out/decision.json"), "decision-v1.json");
    valid(&world.json("out/coverage.json"), "coverage-v1.json");
    valid(&world.json("out/feed.json"), "feed-v1.json");
    let records = world.json("out/feed.json")["records"].clone();
    assert!(records.as_u64().unwrap() > 0);
    let feed =
        manifest["artifacts"].as_array().unwrap().iter().find(|artifact| artifact["path"] == "feed.json").unwrap();
    assert_eq!(feed["type"], "ledger");
}

/// What a feed holds changes with every day: a replay with another one of the same meaning matches.
#[test]
fn what_a_feed_holds_is_told_and_not_compared() {
    let world = recorded();
    let before = world.json("out/feed.json")["records"].as_u64().unwrap();
    let other = r#"{"id":"GHSA-other-0000-0000","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm",
        "name":"nobody-has-it"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#;
    world.write("feed/other.json", other);
    let out = world.stella(0, &["replay", "--from", "MANIFEST.json", "--with", "feed=feed", "--out-dir", "again"]);
    out.says(&["match"]);
    assert_eq!(world.json("again/feed.json")["records"].as_u64().unwrap(), before + 1);
}

#[test]
fn a_directory_is_kept_without_what_stella_writes_itself() {
    let world = scene();
    let scan =
        ["scan", "--input", ".", "--feed", "feed", "--emit-artifacts-dir", "out", "--store", "store", "--clock", NOW];
    world.stella(0, &scan);
    let first = world.json("MANIFEST.json")["input"]["digest"].clone();
    world.stella(0, &scan);
    assert_eq!(world.json("MANIFEST.json")["input"]["digest"], first);
    world.stella(0, &["replay", "--from", "MANIFEST.json", "--store", "store"]).says(&["match"]);
    let absolute = world.work("MANIFEST.json");
    world.stella(0, &[&scan[..], &["--emit-manifest", absolute.to_str().unwrap()]].concat());
    assert_eq!(world.json("MANIFEST.json")["input"]["digest"], first);
}

fn git(world: &World, arguments: &[&str]) {
    let mut command = std::process::Command::new("git");
    command.current_dir(world.work("."));
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What is scanned is what a fresh checkout would hold.
#[test]
fn what_git_ignores_is_no_part_of_the_input_unless_it_is_asked_for() {
    let world = World::new();
    git(&world, &["init", "-q"]);
    world.write(".gitignore", "vendor/\n*.tmp\n");
    world.write("vendor/tracked.txt", "1\n");
    world.write("vendor/local.txt", "2\n");
    world.write("src/a.txt", "3\n");
    world.write("src/b.tmp", "4\n");
    world.write("replay_out/old.txt", "5\n");
    git(&world, &["add", "-f", "vendor/tracked.txt", "src/a.txt", ".gitignore"]);
    git(&world, &["commit", "-qm", "one"]);
    let list =
        ["--", "/bin/sh", "-c", "find . -type f | sort | grep -v '^./.git/'; cat vendor/local.txt 2>/dev/null; exit 0"];
    let scan = |options: &[&str]| {
        let before = ["scan", "--artifact", "findings=-:bytes", "--emit-artifacts-dir", "../out"];
        let run = world.stella(0, &[&before[..], options, &list[..]].concat());
        (world.read("../out/findings.out"), run.stderr)
    };
    let (found, said) = scan(&[]);
    assert_eq!(found, "./.gitignore\n./src/a.txt\n./vendor/tracked.txt\n");
    says(&said, &["left out of the input, for git ignores it: `src/b.tmp`, `vendor/local.txt` (2 files, 4 bytes)"]);
    says(&said, &["--include-ignored", "for stella wrote it: `replay_out`"]);
    let (found, _) = scan(&["--include-ignored"]);
    assert_eq!(found, "./.gitignore\n./src/a.txt\n./src/b.tmp\n./vendor/local.txt\n./vendor/tracked.txt\n2\n");
    world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match"]);
}

#[test]
fn a_scanner_of_history_has_the_history_that_is_asked_for() {
    let world = World::new();
    git(&world, &["init", "-q"]);
    world.write("a.txt", "1\n");
    git(&world, &["add", "a.txt"]);
    git(&world, &["commit", "-qm", "the first"]);
    let scan = ["scan", "--with-git", "--artifact", "findings=-:bytes", "--emit-artifacts-dir", "../out"];
    let log = ["--", "/bin/sh", "-c", "git log --format=%s"];
    world.stella(0, &[&scan[..], &log[..]].concat());
    assert_eq!(world.read("../out/findings.out"), "the first\n");
    world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match"]);
    // A token that CI left there is not handed on.
    git(&world, &["config", "http.https://example.com/.extraheader", "AUTHORIZATION: basic eA=="]);
    let run = world.stella(2, &[&scan[..], &log[..]].concat());
    run.complains(&["`.git/config` may hold a secret in line", "persist-credentials: false"]);
    assert!(!run.stderr.contains("eA=="));
}

#[test]
fn the_command_that_it_ends_with_replays_it() {
    let world = scene();
    let scan = ["scan", "--input", "app/package-lock.json", "--feed", "feed", "--store", "my store"];
    let run = world.stella(0, &[&scan[..], &["--emit-manifest", "a b/M.json"]].concat());
    let line = run.stdout.lines().find_map(|line| line.strip_prefix("replay it: ")).unwrap();
    world.run(0, world.pasted(line)).says(&["match"]);
}

#[test]
fn a_feed_has_a_plain_name() {
    let world = scene();
    for name in ["..", "a/b", ""] {
        let feed = format!("{name}=feed");
        let run = world.stella(2, &["scan", "--input", "app/package-lock.json", "--feed", &feed]);
        run.complains(&[&format!("feed `{name}`: expected a plain name")]);
    }
}

#[test]
fn as_json_it_names_the_manifest_and_its_digest() {
    let world = scene();
    let run = world.stella(0, &["scan", "--input", "app/package-lock.json", "--feed", "feed", "--format", "json"]);
    let said = run.stdout_json();
    valid(&said, "recording-v1.json");
    assert_eq!(said["manifest"], "MANIFEST.json");
    assert_eq!(said["artifacts"], world.json("MANIFEST.json")["artifacts"]);
    let shown = world.stella(0, &["manifest", "show", "MANIFEST.json"]);
    shown.says(&[said["manifest_sha256"].as_str().unwrap(), said["scan_id"].as_str().unwrap()]);
}

/// Numbers without a pattern that matters here; the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// JSON with the members of every object in another order.
    fn write(&mut self, value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let mut members: Vec<String> =
                    members.iter().map(|(key, value)| format!("{}: {}", json!(key), self.write(value))).collect();
                self.shuffle(&mut members);
                format!("{{{}}}", members.join(",\n"))
            }
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.write(item)).collect();
                format!("[{}]", items.join(", "))
            }
            other => other.to_string(),
        }
    }
}

#[test]
fn no_order_of_the_input_reaches_an_artifact() {
    let mut dice = Dice(7);
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let cargo = ["serde 1.0.1", "libc 0.2.1", "time 0.1.44"];
    for _ in 0..20 {
        let world = World::new();
        let mut crates = cargo;
        dice.shuffle(&mut crates);
        let crates = crates.map(|named| {
            let (name, version) = named.split_once(' ').unwrap();
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\
                 source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
            )
        });
        let mut python = ["jinja2==2.10", "requests==2.19.1", "flask==1.0"];
        dice.shuffle(&mut python);
        let npm = npm_lock(&[("minimist", "0.0.8"), ("marked", "0.3.9"), ("lodash", "4.17.4")]);
        let component = |name: &str| {
            json!({"type": "library", "bom-ref": name, "name": name, "version": "1.0.0", "purl": format!("pkg:npm/{name}@1.0.0"),
            "licenses": [{"license": {"id": "MIT"}}, {"license": {"id": "ISC"}}]})
        };
        let mut components = ["alpha", "beta", "gamma"].map(component);
        dice.shuffle(&mut components);
        let bom = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components});
        let mut inputs = [
            ("app/package-lock.json", dice.write(&npm)),
            ("bom/bom.json", dice.write(&bom)),
            ("rust/Cargo.lock", format!("version = 3\n\n{}", crates.join("\n"))),
            ("py/requirements.txt", python.join("\n")),
        ];
        dice.shuffle(&mut inputs);
        for (name, text) in &inputs {
            world.write(&format!("in/{name}"), text);
        }
        let mut records = [
            advisory("GHSA-1", "CVE-2020-0001", "minimist", "0.2.1", "MODERATE"),
            advisory("GHSA-2", "CVE-2022-0002", "marked", "4.0.10", "HIGH"),
            advisory("GHSA-3", "CVE-2020-0003", "lodash", "4.17.21", "HIGH"),
            // A second name of the first: which of the two is read first must not matter.
            advisory("GHSA-4", "CVE-2020-0001", "minimist", "0.2.4", "CRITICAL"),
        ];
        for record in &mut records {
            record["aliases"].as_array_mut().unwrap().extend([json!("X-1"), json!("A-2")]);
            let own = format!("OWN-{}", record["id"].as_str().unwrap());
            record["aliases"] = json!([record["aliases"][0], own, format!("B-{own}")]);
            dice.shuffle(record["aliases"].as_array_mut().unwrap());
            // Ranges, their events, versions, and packages: of what a record lists nothing has an order.
            let affected = record["affected"].as_array_mut().unwrap();
            let mut events = [
                json!({"introduced": "0"}),
                json!({"fixed": "0.0.1"}),
                json!({"introduced": "0.0.2"}),
                affected[0]["ranges"][0]["events"][1].clone(),
            ];
            dice.shuffle(&mut events);
            let mut ranges = [
                json!({"type": "SEMVER", "events": events}),
                json!({"type": "SEMVER", "events": [{"introduced": "99.0.0"}, {"fixed": "99.0.1"}]}),
            ];
            dice.shuffle(&mut ranges);
            affected[0]["ranges"] = json!(ranges);
            let mut versions = ["0.0.8", "0.3.9", "4.17.4", "5.0.0"];
            dice.shuffle(&mut versions);
            affected[0]["versions"] = json!(versions);
            affected.extend(
                ["alpha", "beta"]
                    .map(|name| json!({"package": {"ecosystem": "npm", "name": name}, "versions": ["1.0.0"]})),
            );
            dice.shuffle(affected);
        }
        dice.shuffle(&mut records);
        for (i, record) in records.iter().enumerate() {
            world.write(&format!("feed/{i}.json"), dice.write(record));
        }
        let run =
            world.stella(0, &["scan", "--input", "in", "--feed", "feed", "--store", "../store", "--format", "json"]);
        let artifacts = run.stdout_json()["artifacts"].clone();
        for artifact in artifacts.as_array().unwrap() {
            let hash = artifact["canonical_sha256"].as_str().unwrap().to_owned();
            seen.entry(artifact["path"].as_str().unwrap().to_owned()).or_default().insert(hash);
        }
    }
    assert_eq!(seen.len(), 7);
    for (artifact, hashes) in seen {
        assert_eq!(hashes.len(), 1, "{artifact} depends on an order");
    }
}

/// A world with a scanner that writes by every way there is.
fn foreign(body: &str) -> World {
    let world = World::new();
    world.write("in/data.txt", "data\n");
    world.script("scan.sh", body);
    world
}

#[test]
fn a_command_writes_by_file_by_place_and_by_stdout() {
    let world = foreign(
        "cat data.txt 2>/dev/null >seen.txt; echo here > notes.txt; mkdir -p \"$2/deep\"; \
         echo there > \"$2/deep/log.txt\"; ls \"$1\"; exit 7",
    );
    let run = world.stella(
        0,
        &[
            "scan",
            "--input",
            "in",
            "--artifact",
            "evidence=notes.txt",
            "--artifact",
            "evidence={out}/deep/log.txt:bytes",
            "--artifact",
            "findings=-:bytes",
            "--emit-artifacts-dir",
            "out",
            "--",
            "./scan.sh",
            "{input}",
            "{out}",
        ],
    );
    run.says(&["artifacts of unknown meaning", "findings.out"]);
    assert_eq!(world.read("out/notes.txt"), "here\n");
    assert_eq!(world.read("out/log.txt"), "there\n");
    assert_eq!(world.read("out/findings.out"), "data.txt\nnotes.txt\nseen.txt\n");
    // The scanner worked in a copy.
    assert!(!world.exists("in/notes.txt") && !world.exists("notes.txt"));

    let manifest = world.json("MANIFEST.json");
    assert_eq!(manifest["scanner"]["expected_exit_codes"], json!([7]));
    assert_eq!(manifest["scanner"]["argv"], json!(["{scanner}", "{input}", "{out}"]));
    assert_eq!(manifest["scanner"]["engine"], "scan.sh");
    let scanner = digest(&manifest["scanner"]["scanner_binary_digest"]);
    assert_eq!(world.blobs()[&scanner], world.read("scan.sh").as_bytes());

    // The replay needs neither the scanner nor the input where they were.
    fs::remove_file(world.work("scan.sh")).unwrap();
    fs::remove_dir_all(world.work("in")).unwrap();
    world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match"]);
}

#[test]
fn a_scanner_that_is_not_repeatable_is_flaky() {
    // When a process began is the machine's, at every level.
    for body in ["cat /proc/self/stat", "echo x > /tmp/new; stat -c %z /tmp/new"] {
        let world = foreign(body);
        world.stella(
            0,
            &["scan", "--input", "in", "--clamp-file-times=false", "--artifact", "findings=-:bytes", "--", "./scan.sh"],
        );
        let run = world.stella(1, &["replay", "--from", "MANIFEST.json", "--format", "json"]);
        let result = run.stdout_json();
        assert_eq!(only(&result)["outcome"], "flaky", "{body}");
        assert_eq!(only(&result)["mismatch_reason"], "nondeterminism");
        assert!(only(&result)["detail"].as_str().unwrap().contains("findings.out"));
    }
}

#[test]
fn the_clock_and_randomness_of_a_recording_come_again() {
    for body in ["date +%s%N", "od -An -N8 -tx1 /dev/urandom", "mktemp -u", "hostname; id; nproc; ls -f /usr/bin"] {
        let world = foreign(body);
        world.stella(0, &["scan", "--input", "in", "--artifact", "findings=-:bytes", "--", "./scan.sh"]);
        if world.json("MANIFEST.json")["environment"]["isolation"] != "full" {
            assert!(std::env::var_os("STELLA_TEST_ISOLATION").is_none());
            eprintln!("skipped: this machine does not isolate in full");
            return;
        }
        let result = world.stella(0, &["replay", "--from", "MANIFEST.json", "--format", "json"]).stdout_json();
        assert_eq!(only(&result)["outcome"], "match", "{body}");
    }
}

#[test]
fn a_variable_is_passed_and_its_value_is_kept_nowhere() {
    let world = foreign("[ \"$MODE\" = swordfish-4711 ] || exit 3; echo well");
    let scan =
        ["scan", "--input", "in", "--artifact", "findings=-:bytes", "--env", "MODE", "--emit-artifacts-dir", "out"];
    let scan = [&scan[..], &["--", "./scan.sh"]].concat();
    world.stella(2, &scan).complains(&["--env MODE", "not found"]);
    let with_mode = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("MODE", "swordfish-4711");
        command
    };
    world.run(0, with_mode(&scan));
    assert_eq!(world.json("MANIFEST.json")["scanner"]["env_names"], json!(["MODE"]));

    // A replay without it: the scanner is not well, and says why.
    let run = world.stella(3, &["replay", "--from", "MANIFEST.json"]);
    run.says(&["unhealthy", "exit code 3, expected [0]"]);
    let replay = ["replay", "--from", "MANIFEST.json", "--env", "MODE", "--out-dir", "again"];
    world.run(0, with_mode(&replay)).says(&["match", "--env MODE"]);

    // The script itself names it, here and as a blob of the store.
    let holds = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("swordfish");
    let script = world.read("scan.sh").into_bytes();
    for path in files(&world.path("")) {
        let bytes = fs::read(&path).unwrap();
        let is_script = path.ends_with("scan.sh") || zstd::decode_all(&bytes[..]).is_ok_and(|blob| blob == script);
        assert!(is_script || !holds(&bytes), "{}", path.display());
    }
    let holding: Vec<Vec<u8>> = world.blobs().into_values().filter(|blob| holds(blob)).collect();
    assert_eq!(holding, [script]);
}

#[test]
fn secrets_of_the_command_line_are_taken_out() {
    let world = foreign("echo well");
    let run = world.stella(
        0,
        &[
            "scan",
            "--input",
            "in",
            "--artifact",
            "findings=-:bytes",
            "--emit-artifacts-dir",
            "out",
            "--",
            "./scan.sh",
            "--token",
            "hunter2-aa",
            "--password=hunter2-bb",
            "https://me:hunter2-cc@example.org/db",
            "--plain",
            "kept",
        ],
    );
    run.complains(&["secrets were taken out of the recorded command"]);
    let manifest = world.json("MANIFEST.json");
    let argv = manifest["scanner"]["argv"].as_array().unwrap();
    assert_eq!(argv[argv.len() - 2..], [json!("--plain"), json!("kept")]);
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"));
    for path in files(&world.path("")) {
        assert!(!String::from_utf8_lossy(&fs::read(&path).unwrap()).contains("hunter2"), "{}", path.display());
    }
    assert!(!world.blobs().into_values().any(|blob| String::from_utf8_lossy(&blob).contains("hunter2")));
    world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match"]);
}

#[test]
fn what_was_not_written_is_not_recorded() {
    let unhealthy = [
        ("true", "findings=out.json", "artifact `findings=out.json` was not written"),
        (": > out.json", "findings=out.json", "is empty"),
        (
            "truncate -s 300M out.json",
            "findings=out.json",
            "artifact `findings=out.json` has more than the 268435456 bytes",
        ),
        ("truncate -s 300M out.json", "findings=out.json", "leave a part of the input out with `--exclude PATH`"),
        ("echo {} > \"$1/out.json\"", "findings=out.json", "was not written, and there is a file `{out}/out.json`"),
        ("echo {} > out.json", "findings={out}/out.json", "was not written, and there is a file `out.json`"),
        ("mkdir out.json", "findings=out.json", "artifact `findings=out.json`"),
        ("echo '{' > out.json", "findings=out.json:sarif", "artifact `out.json`"),
        ("kill -9 $$", "findings=-:bytes", "killed by signal 9"),
    ];
    for (body, artifact, why) in unhealthy {
        let world = foreign(body);
        let run = world.stella(3, &["scan", "--input", "in", "--artifact", artifact, "--", "./scan.sh", "{out}"]);
        says(&run.stderr.replace("\n  |       ", " "), &[why, "hint: nothing was recorded"]);
        assert!(!world.exists("MANIFEST.json"), "{body}");
    }
}

#[test]
fn an_artifact_of_an_earlier_run_does_not_pass_for_this_ones() {
    let world = foreign("cat data.txt > out.json");
    let scan = ["scan", "--input", "in", "--artifact", "findings=out.json:bytes", "--", "./scan.sh"];
    world.stella(0, &scan);
    let first = world.json("MANIFEST.json")["input"]["digest"].clone();
    world.write("in/out.json", "left behind");
    world.stella(0, &scan);
    assert_eq!(world.json("MANIFEST.json")["input"]["digest"], first);
    world.script("scan.sh", "true");
    world.stella(3, &scan).complains(&["was not written"]);
}

#[test]
fn a_tools_json_is_compared_under_the_profile_that_it_is_named_with() {
    // When a process began is the machine's, at every level.
    let report = r#"echo '{"generated_at":"'$(cut -d' ' -f22 /proc/self/stat)'","results":[],"at":3}'"#;
    let world = foreign(report);
    let scan =
        |artifact| ["scan", "--input", "in", "--artifact", artifact, "--emit-artifacts-dir", "out", "--", "./scan.sh"];
    world.stella(0, &scan("findings=-:json"));
    world.stella(1, &["replay", "--from", "MANIFEST.json"]).says(&["flaky"]);
    assert_eq!(world.json("MANIFEST.json")["artifacts"][0]["profile"], Value::Null, "`json` is what was asked for");

    world.stella(0, &scan("findings=-:json/bandit"));
    let manifest = world.json("MANIFEST.json");
    valid(&manifest, "scan-manifest-v1.json");
    assert_eq!(
        (&manifest["artifacts"][0]["format"], &manifest["artifacts"][0]["profile"]),
        (&json!("json"), &json!("bandit"))
    );
    let run = world.stella(0, &["replay", "--from", "MANIFEST.json", "--format", "json"]);
    let result = run.stdout_json();
    assert_eq!(only(&result)["artifacts"][0]["masked"], json!({ "/generated_at": 1 }));
    assert_eq!(only(&result)["levels"]["bf"], true);
    assert_eq!(only(&result)["levels"]["sf"], true, "what the tool writes is read");

    // Two files say by their members what wrote them.
    let document = |at: u32| format!(r#"{{"errors":[],"generated_at":{at},"metrics":{{}},"results":[]}}"#);
    world.write("a.json", document(1));
    world.write("b.json", document(2));
    world.stella(0, &["diff", "--a", "a.json", "--b", "b.json", "--mode", "bf"]);

    // One of the repository's own.
    let rule = "{path: /generated_at, action: drop, reason: the time of the scan}";
    world.write("mine.yaml", format!("profile: mine\nform: json\nrules: [{rule}]\n"));
    world.stella(2, &scan("findings=-:json/mine")).complains(&[
        "no profile is called `mine`",
        "`semgrep`",
        "`profiles`",
    ]);
    world.write(".stella.yaml", "profiles: {mien: mine.yaml}\n");
    world.stella(2, &scan("findings=-:json/mien")).complains(&["`mien` is not a built-in profile", "`mine`"]);
    world.write(".stella.yaml", "profiles: {mine: mine.yaml}\n");
    world.stella(0, &scan("findings=-:json/mine"));
    world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match"]);
    // Where it is not known the document is compared as its format says, and that is said.
    world.write(".stella.yaml", "");
    world.stella(1, &["replay", "--from", "MANIFEST.json"]).says(&["another profile"]);
}

#[test]
fn an_artifact_never_comes_from_outside_the_working_directory() {
    let escapes = [
        ("ln -s /etc/passwd out.json", "findings=out.json:bytes", "was not written"),
        ("ln -s ../../../../../../../../etc/passwd out.json", "findings=out.json:bytes", "was not written"),
        ("ln -s /etc d", "findings=d/passwd:bytes", "a path led outside"),
        ("ln -s /etc/passwd \"$1/x\"", "findings={out}/x:bytes", "was not written"),
    ];
    for (body, artifact, why) in escapes {
        for extra in [&["--input", "in"][..], &["--as-is"]] {
            let world = foreign(body);
            let scan = [&["scan", "--artifact", artifact], extra, &["--", "./scan.sh", "{out}"]].concat();
            world.stella(3, &scan).complains(&[artifact, why]);
            assert!(!world.blobs().into_values().any(|blob| blob.starts_with(b"root:")), "{body}");
            assert!(!world.exists("MANIFEST.json"));
        }
    }
    let world = foreign("true");
    for outside in ["findings=/etc/passwd", "findings=../x", "findings={out}/../x"] {
        let run = world.stella(2, &["scan", "--artifact", outside, "--", "./scan.sh"]);
        run.complains(&["leaves the scanner's working directory"]);
    }
}

#[test]
fn as_is_a_step_stays_what_it_was() {
    let world = foreign("echo to-stdout; echo to-stderr >&2; echo \"$HOME\" > home.txt; exit 7");
    let run = world.stella(7, &["scan", "--as-is", "--artifact", "evidence=home.txt", "--", "./scan.sh"]);
    assert_eq!(run.stdout, "to-stdout\n");
    run.complains(&["to-stderr", "recorded scan-", "isolation `none`, which lacks: everything"]);
    assert!(world.exists("home.txt"), "it runs where it is");
    let manifest = world.json("MANIFEST.json");
    assert_eq!(manifest["environment"]["isolation"], "none");
    assert_eq!(manifest["environment"]["clock_mode"], "real");
    assert_eq!(manifest["environment"]["network"], "enabled");
    assert_eq!(manifest["scanner"]["expected_exit_codes"], json!([7]));

    // Standard output passes through where it is an artifact too.
    let piped =
        ["scan", "--as-is", "--artifact", "findings=-:bytes", "--emit-artifacts-dir", "../out", "--", "./scan.sh"];
    assert_eq!(world.stella(7, &piped).stdout, "to-stdout\n");
    assert_eq!(world.read("../out/findings.out"), "to-stdout\n");

    // A reader that goes away neither stops the step nor the recording.
    world.script("scan.sh", "seq 200000; echo done > done.txt");
    let line = "stella scan --as-is --artifact findings=-:bytes --artifact evidence=done.txt --emit-manifest p.json -- \
                ./scan.sh | true";
    world.run(0, world.pasted(line));
    assert_eq!(world.read("done.txt"), "done\n");
    assert!(world.exists("p.json"));

    // A step that wrote nothing is no recording.
    let world = foreign("exit 7");
    let run = world.stella(3, &["scan", "--as-is", "--artifact", "evidence=home.txt", "--", "./scan.sh"]);
    run.complains(&["artifact `evidence=home.txt` was not written", "nothing was recorded"]);
}

#[test]
fn a_sealed_command_reaches_no_network() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let world = foreign(&format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' 2>/dev/null && echo open || echo shut"));
    let scan = ["scan", "--input", "in", "--artifact", "findings=-:bytes", "--emit-artifacts-dir", "out"];

    let open = [&scan[..], &["--as-is", "--", "./scan.sh"]].concat();
    world.stella(0, &open);
    if world.read("out/findings.out") != "open\n" {
        eprintln!("skipped a_sealed_command_reaches_no_network: bash cannot connect here even where it may");
        return;
    }
    let sealed = [&scan[..], &["--require-isolation", "isolated", "--", "./scan.sh"]].concat();
    let output = world.command(&sealed).output().unwrap();
    if output.status.code() == Some(4) {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(std::env::var_os("STELLA_TEST_ISOLATION").is_none(), "{why}");
        eprintln!("skipped a_sealed_command_reaches_no_network: {why}");
        return;
    }
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(world.read("out/findings.out"), "shut\n");
    assert_eq!(world.json("MANIFEST.json")["environment"]["network"], "disabled");
    let reached = world.json("MANIFEST.json")["environment"]["isolation"].clone();
    assert!(reached == "full" || reached == "isolated", "{reached}");
}

#[test]
fn a_folder_of_the_machine_is_shown_read_only_on_request() {
    let world = foreign("cat \"$1/words\"; echo more > \"$1/mine\" || echo refused");
    world.write("tool/words", "hello\n");
    let tool = world.work("tool").display().to_string();
    let scan = |ro: &[&str]| {
        let start = ["scan", "--input", "in", "--artifact", "findings=-:bytes", "--emit-artifacts-dir", "out"];
        [&start[..], ro, &["--require-isolation", "isolated", "--", "./scan.sh", &tool]]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let hidden = scan(&[]);
    let output = world.command(&hidden.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    if output.status.code() == Some(4) {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(std::env::var_os("STELLA_TEST_ISOLATION").is_none(), "{why}");
        eprintln!("skipped a_folder_of_the_machine_is_shown_read_only_on_request: {why}");
        return;
    }
    assert_eq!(world.read("out/findings.out"), "refused\n", "what was not asked for is not there");

    let shown = scan(&["--ro", &tool]);
    world.stella(0, &shown.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(world.read("out/findings.out"), "hello\nrefused\n");
    assert!(!world.exists("tool/mine"));
    let manifest = world.json("MANIFEST.json");
    valid(&manifest, "scan-manifest-v1.json");
    assert_eq!(manifest["environment"]["roots"], json!([tool]));

    // A manifest comes from elsewhere and could ask for anything: who replays it says what may be seen.
    let run = world.stella(3, &["replay", "--from", "MANIFEST.json"]);
    run.says(&["unreplayable", "folder `[WORLD]/work/tool` of the machine (allow it with `--ro [WORLD]/work/tool`)"]);
    world.stella(0, &["replay", "--from", "MANIFEST.json", "--ro", &tool]).says(&["match"]);
    // Its content is kept nowhere: without it there is no replay.
    fs::rename(world.work("tool"), world.work("gone")).unwrap();
    world.stella(2, &["replay", "--from", "MANIFEST.json", "--ro", &tool]).complains(&["there is no such path"]);
    world
        .stella(2, &["scan", "--input", "in", "--ro", "tool", "--artifact", "findings=-", "--", "ls"])
        .complains(&["there is no such path"]);
}

#[test]
fn a_level_that_cannot_be_reached_is_said() {
    let world = scene();
    let Some(command) =
        world.without_namespaces(&["scan", "--input", "app/package-lock.json", "--require-isolation", "full"])
    else {
        return;
    };
    world.run(4, command).complains(&["isolation `full` is required", "next "]);
    assert!(!world.exists("MANIFEST.json"));
}

#[test]
fn misuse_says_what_to_do() {
    let world = scene();
    world.script("scan.sh", "true");
    let misuses: [(&[&str], &[&str]); 8] = [
        (&["scan"], &["nothing to scan", "--input PATH"]),
        (
            &["scan", "--input", "app", "--artifact", "findings=x"],
            &["`--artifact` does not apply", "what the built-in scanner reads and writes is fixed"],
        ),
        (&["scan", "--input", "app", "--as-is"], &["`--as-is` does not apply", "no command was given after `--`"]),
        (&["scan", "--", "./scan.sh"], &["nothing is kept of this command", "--artifact findings=out.json"]),
        (&["scan", "--artifact", "findings=-", "--", "no-such-program"], &["no program `no-such-program`", "PATH"]),
        (&["scan", "--artifact", "finding=-", "--", "./scan.sh"], &["finding=-", "findings"]),
        (&["scan", "--input", "nowhere"], &["nowhere"]),
        (&["scan", "--input", "app", "--flag=--nope"], &["--nope", "--distro"]),
    ];
    for (arguments, words) in misuses {
        world.stella(2, arguments).complains(words);
        assert!(!world.exists("MANIFEST.json"), "{arguments:?}");
    }
}

#[test]
fn killed_at_any_moment_nothing_is_half_written() {
    let world = scene();
    let mut dice = Dice(11);
    let scan = ["scan", "--input", ".", "--feed", "later", "--emit-manifest", "../m/MANIFEST.json"];
    let started = Instant::now();
    world.stella(0, &scan);
    let mut whole = usize::try_from(started.elapsed().as_micros()).unwrap();
    let mut finished = 0;
    for round in 0..30 {
        // Something new to write each time.
        world.write("app/round.txt", vec![round as u8; 200_000]);
        let mut child = world.command(&scan).stdout(fs::File::create("/dev/null").unwrap()).spawn().unwrap();
        thread::sleep(Duration::from_micros(dice.below(whole * 5 / 4) as u64));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            // The first run may have been a slow one.
            finished += 1;
            whole = whole * 3 / 4;
        }
        if world.exists("../m/MANIFEST.json") {
            let manifest = world.path("m/MANIFEST.json");
            world.stella(0, &["replay", "--from", manifest.to_str().unwrap()]).says(&["match"]);
        }
        // Each one that is there verifies as it is read.
        world.blobs();
    }
    assert!(finished < 30, "none was killed");
    world.stella(0, &scan);
    world.stella(0, &["replay", "--from", "../m/MANIFEST.json"]).says(&["match"]);
}

/// Named regression: an osv-scanner that ended with 127 for want of its database was recorded, with 127 as the code to expect.
#[test]
fn an_exit_code_that_says_nothing_ran_is_recorded_for_nobody() {
    let artifact = ["--artifact", "findings=-:json"];
    for (program, code, cause) in [
        ("osv-scanner", 127, "exit code 127, expected [0, 1]"),
        ("zizmor", 3, "exit code 3, expected ["),
        ("scan.sh", 126, "exit code 126, with which programs say that they, or what they started, did not run"),
        ("scan.sh", 127, "exit code 127, with which programs say"),
        ("scan.sh", 139, "exit code 139, with which programs say"),
    ] {
        let world = World::new();
        world.write("in/x", "x");
        world.script(program, &format!("echo '{{}}'; exit {code}"));
        let command = format!("./{program}");
        let scan = |exit, more: &[&str]| {
            let head = ["scan", "--input", "in", "--emit-manifest", "m.json"];
            world.stella(exit, &[&head[..], &artifact, more, &["--", &command]].concat())
        };
        scan(3, &[]).complains(&[cause, if program == "osv-scanner" { "--feed DIR" } else { "--expect-exit" }]);
        assert!(!world.exists("m.json"), "{program} {code}");
        scan(0, &["--expect-exit", &code.to_string()]);
    }
}
