//! What stands under `with:`. It may come from a pull request, by an expression: it is a value, and never a line of anything.

use std::fs;

use crate::action::job::{Job, is_empty};
use crate::harness::says;

const INPUTS: [&str; 13] = [
    "annotations",
    "base-subject",
    "binary",
    "config",
    "fail-on",
    "gate",
    "merge",
    "mirror",
    "mode",
    "require-isolation",
    "shard",
    "sudo",
    "version",
];

/// What tries to become a command of a shell, an option, or a line that the runner obeys. `PWNED` is a path.
const HOSTILE: [&str; 22] = [
    "$(touch PWNED)",
    "`touch PWNED`",
    "; touch PWNED",
    "\"; touch PWNED; \"",
    "'; touch PWNED; '",
    "| touch PWNED",
    "&& touch PWNED",
    "> PWNED",
    "\ntouch PWNED\n",
    "${HOME}",
    "$((touch PWNED))",
    "a[$(touch PWNED)]",
    "x}$(touch PWNED)",
    "--help",
    "-",
    "* ? [a-z]",
    "\n::error::forged",
    "\r::set-output name=x::y",
    "x ##[error]forged",
    "pr\noff",
    "PR",
    "%0A::error::forged",
];

#[test]
fn no_input_is_more_than_a_value() {
    for input in INPUTS {
        for text in HOSTILE {
            let job = Job::new();
            job.release("echo ran");
            let pwned = job.world.path("pwned");
            let mut job = job.with(input, &text.replace("PWNED", pwned.to_str().unwrap()));
            if input != "binary" {
                job = job.with_script("echo ran");
            }
            if ["version", "mirror"].contains(&input) {
                job = job.with("binary", "");
            }
            let step = job.run();
            // A configuration and a subject may be called anything: whether there is one, the program says.
            // That nothing was downloaded may be nobody's mistake, and is never green.
            let expected = match input {
                "base-subject" | "config" => 0,
                "merge" => 3,
                _ => 2,
            };
            assert_eq!(step.code, expected, "{input} {text:?}: {}", step.log);
            assert!(!pwned.exists(), "{input} {text:?}");
            for command in step.commands() {
                assert!(command.starts_with("::error title=stella::"), "{input} {text:?}: {command}");
                assert!(!command.contains("forged"), "{command}");
            }
            let lines = ["report-dir=", "result=", "junit=", "sarif="];
            assert!(
                step.outputs.lines().all(|line| lines.iter().any(|known| line.starts_with(known))),
                "{}",
                step.outputs
            );
        }
    }
}

#[test]
fn the_configuration_is_one_argument_whatever_it_is_called() {
    for name in ["--gate", "-h", "a b", "$x", "a\nb"] {
        let step =
            Job::new().with("config", name).with_script("for word; do printf '<%s>' \"$word\"; done; echo").run();
        says(&step.log, &[&format!("<--config={name}>")]);
    }
}

#[test]
fn the_inputs_become_options() {
    let shown = |job: Job| job.with_script("echo \"got $*\"").ends(0, &["got ci --out-dir "]).log;
    for (with, has, lacks) in [
        (&[][..], &["--gate pr"][..], &["--pinned", "--fail-on", "--require-isolation", "--config"][..]),
        (&[("gate", "off")], &[], &["--gate", "--pinned"]),
        (&[("mode", "pinned")], &["--pinned"], &["--gate"]),
        (&[("mode", "pinned"), ("gate", "nightly")], &["--gate nightly"], &["--pinned"]),
        (&[("mode", "regression"), ("gate", "release")], &["--gate release"], &["--pinned"]),
        (&[("fail-on", "warn")], &["--gate pr --fail-on warn"], &[]),
        (
            &[("require-isolation", "full"), ("config", "a/.stella.yaml")],
            &["--config=a/.stella.yaml", "--require-isolation full"],
            &[],
        ),
        (&[("shard", "2/4")], &["--shard 2/4", "--gate pr"], &[]),
        // An expression that came to nothing.
        (&[("gate", ""), ("annotations", ""), ("sudo", "")], &["--gate pr"], &[]),
    ] {
        let log = shown(with.iter().fold(Job::new(), |job, (name, value)| job.with(name, value)));
        says(&log, has);
        assert!(lacks.iter().all(|word| !log.contains(word)), "{with:?}: {log}");
    }
}

#[test]
fn shards_are_merged_from_the_folder_that_is_named() {
    let job = Job::new().with("merge", "all shards").with_script("for word; do printf '<%s>' \"$word\"; done; echo");
    job.ends(3, &["no shard has left a report"]);
    fs::create_dir(job.world.work("all shards")).unwrap();
    let folder = job.world.work("all shards");
    let log = job.ends(0, &[]).log;
    says(&log, &[&format!("<merge><{}><--out-dir>", folder.display()), "<--gate><pr>"]);
}

#[test]
fn inputs_that_contradict_each_other_are_refused() {
    for (with, why) in [
        (&[("mode", "pinned"), ("gate", "pr")][..], "with `mode: pinned` the gate is nightly or off"),
        (&[("mode", "pinned"), ("gate", "release")], "with `mode: pinned` the gate is nightly or off"),
        (&[("mode", "regression"), ("gate", "nightly")], "leave `mode` out"),
        (&[("binary", "x"), ("version", "1.2.3")], "`binary` stands alone"),
        (&[("binary", "x"), ("mirror", "https://a.example")], "`binary` stands alone"),
        (&[("gate", "off"), ("fail-on", "warn")], "`gate` is off"),
        (&[("shard", "1/2"), ("merge", "all")], "they are inputs of different jobs"),
        (&[("shard", "1")], "`shard` is one of N"),
        (&[("binary", "no/such/file")], "`binary` names no program"),
        (&[("binary", ".")], "`binary` names no program"),
    ] {
        let job = with.iter().fold(Job::new(), |job, (name, value)| job.with(name, value));
        let step = job.ends(2, &[why]);
        assert_eq!(step.outputs, "", "{with:?}");
        says(&step.summary, &["The gate did not run (exit code 2)"]);
        assert!(is_empty(&job.world.work("")), "{with:?}");
    }
}

#[test]
fn a_mirror_is_an_address_without_secrets() {
    for mirror in [
        "http://mirror.example/stella",
        "ftp://mirror.example",
        "file:///etc",
        "https://user:secret@mirror.example",
        "https://mirror.example/a?b",
        "https://mirror.example/a#b",
        "https://mirror.example/a b",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "/srv/mirror",
        "https://",
    ] {
        let job = Job::new();
        job.release("echo ran");
        let step = job.with("mirror", mirror).ends(2, &["`mirror` is an address such as"]);
        assert!(!step.log.contains("secret"), "{}", step.log);
    }
}

/// GitHub warns of an input that an action does not have, and goes on without it.
#[test]
fn a_mistyped_input_ends_with_2_and_the_nearest_one() {
    let workflow = |with: &str, uses: &str| {
        format!(
            "on: push\njobs:\n  gate:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: {uses}\n        with: {with}\n"
        )
    };
    let path = ".github/workflows/stella.yml";
    let job = Job::new().with_binary();
    job.world.write(path, workflow("{fail_on: warn}", "stella-replay/stella@v1"));
    let step =
        job.ends(2, &["`fail_on` is not an input of this action (job `gate`, step 1 of", path, "write `fail-on`"]);
    says(&step.summary, &["There is no result (exit code 2)"]);

    // What the workflow does not say of us is its own affair.
    for (with, uses) in [("{fail-on: warn}", "stella-replay/stella@v1"), ("{fail_on: warn}", "other/action@v1")] {
        job.world.write(path, workflow(with, uses));
        job.ends(3, &["nothing to replay"]);
    }
    // The workflow of another repository, and one that is not checked out.
    job.world.write(path, workflow("{fail_on: warn}", "stella-replay/stella@v1"));
    let of_another =
        Job::new().with_binary().env("GITHUB_WORKFLOW_REF", "org/rules/.github/workflows/stella.yml@refs/heads/main");
    of_another.world.write(path, workflow("{fail_on: warn}", "stella-replay/stella@v1"));
    of_another.ends(3, &["nothing to replay"]);
    fs::remove_file(job.world.work(path)).unwrap();
    job.ends(3, &["nothing to replay"]);

    // Only in the action: a person who runs `stella ci` is asked nothing.
    job.world.write(path, workflow("{fail_on: warn}", "stella-replay/stella@v1"));
    let mut alone = job.world.command(&["ci"]);
    alone.env("GITHUB_WORKFLOW_REF", "octo/app/.github/workflows/stella.yml@refs/heads/main");
    alone.env("GITHUB_WORKSPACE", job.world.work("")).env("GITHUB_REPOSITORY", "octo/app");
    job.world.run(3, alone);
}
