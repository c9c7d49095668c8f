//! How the program comes to the runner: whatever the host does, what runs has the digest that the action's own tree names.

use std::fs;
use std::process::Command;

use crate::action::host::{Answer, Host};
use crate::action::job::{ASSET, Job, Step, VERSION};
use crate::harness::says;

/// A program that says that it ran.
const RAN: &str = "touch \"$GITHUB_WORKSPACE/ran\"; echo 'the program ran'";

fn released() -> (Job, Vec<u8>) {
    let job = Job::new();
    let archive = job.release(RAN);
    (job, archive)
}

fn cached(job: &Job) -> std::path::PathBuf {
    job.world.path("_tool/stella").join(VERSION).join(ASSET)
}

fn downloads(answers: Vec<Answer>, code: i32, words: &[&str]) -> (Step, Vec<String>, bool) {
    let (job, _) = released();
    let host = Host::start(answers);
    let job = job.with("mirror", &host.url);
    let step = job.ends(code, words);
    let ran = job.world.exists("ran");
    assert_eq!(ran, code == 0, "{}", step.log);
    (step, host.asked(), ran)
}

#[test]
fn a_host_that_fails_at_first_is_asked_again() {
    let (job, archive) = released();
    let host = Host::start(vec![Answer::Status(503), Answer::Half(archive.clone()), Answer::File(archive.clone())]);
    let job = job.with("mirror", &format!("{}/copy/", host.url));
    let step = job.ends(0, &["try 1 of 8: the host answered 503", "try 2 of 8: curl ended with 18", "the program ran"]);
    assert_eq!(host.asked(), vec![format!("/copy/v{VERSION}/{ASSET}"); 3]);
    assert!(step.log.contains("its SHA-256 is right"));
    // The cache keeps the archive, and not what was unpacked.
    assert_eq!(fs::read(cached(&job)).unwrap(), archive);
    assert_eq!(fs::read_dir(job.world.path("_tool/stella")).unwrap().count(), 1);
}

#[test]
fn other_bytes_are_never_run() {
    let (job, archive) = released();
    let mut wrong = archive.clone();
    *wrong.last_mut().unwrap() ^= 1;
    for (bytes, why) in
        [(wrong, "a wrong byte"), (archive[..archive.len() - 1].to_vec(), "a byte less"), (vec![], "none")]
    {
        let (step, asked, _) =
            downloads(vec![Answer::File(bytes)], 5, &["has another SHA-256 than action/checksums.json"]);
        assert_eq!(asked.len(), 1, "{why}");
        assert_eq!(step.outputs, "", "{why}");
        says(&step.summary, &["The gate did not run (exit code 5)"]);
    }
    drop(job);
}

#[test]
fn a_missing_asset_is_told_at_once() {
    for status in [404, 410] {
        let (step, asked, _) =
            downloads(vec![Answer::Status(status)], 4, &["there is no", ASSET, "a mirror must have it"]);
        assert_eq!(asked.len(), 1, "{}", step.log);
    }
}

#[test]
fn a_redirection_is_followed_and_not_for_ever() {
    let (job, archive) = released();
    let host = Host::start(vec![Answer::Elsewhere("/elsewhere".to_owned()), Answer::Slowly(archive)]);
    let job = job.with("mirror", &host.url);
    job.ends(0, &["the program ran"]);
    assert_eq!(host.asked()[1], "/elsewhere");
}

/// Sources the action's own functions, with a clock that `sleep` moves.
fn fetch(url: &str, environment: &[(&str, &str)]) -> (i32, String) {
    let job = Job::new();
    let script =
        ". \"$1/say.sh\"; . \"$1/download.sh\"; sleep() { echo \"slept $1\"; SECONDS=$((SECONDS + $1 + ${SLOW:-0})); }
        code=0; fetch \"$2\" \"$3\" || code=$?; echo \"ended with $code\"; [ ! -e \"$3\" ] || echo 'a file is there'";
    let mut command = Command::new("/bin/bash");
    command.args(["--noprofile", "--norc", "-euo", "pipefail", "-c", script, "bash"]).arg(job.action("action"));
    command.arg(url).arg(job.world.work("asset")).env_clear().env("PATH", "/usr/bin:/bin");
    command.envs(environment.iter().copied());
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn it_gives_up_after_eight_tries_or_two_minutes() {
    let host = Host::start(vec![Answer::Status(500), Answer::Silence, Answer::Status(429)]);
    let (_, log) = fetch(&format!("{}/a", host.url), &[]);
    assert_eq!(host.asked().len(), 8, "{log}");
    says(&log, &["try 8 of 8: the host answered 429", "ended with 1"]);
    assert!(!log.contains("a file is there"), "{log}");
    let slept: Vec<u32> = log.lines().filter_map(|line| line.strip_prefix("slept ")?.parse().ok()).collect();
    assert_eq!(slept.len(), 7, "{log}");
    assert!(slept.iter().sum::<u32>() < 120 && slept.is_sorted());

    // Where each try takes its time there are fewer.
    let host = Host::start(vec![Answer::Status(502)]);
    let (_, log) = fetch(&format!("{}/a", host.url), &[("SLOW", "50")]);
    assert_eq!(host.asked().len(), 3, "{log}");
    assert!(log.contains("ended with 1"), "{log}");
}

#[test]
fn a_host_that_redirects_to_a_file_of_the_machine_is_not_obeyed() {
    for elsewhere in ["file:///etc/hostname", "ftp://127.0.0.1/a", "gopher://127.0.0.1/a", "dict://127.0.0.1/a"] {
        let host = Host::start(vec![Answer::Elsewhere(elsewhere.to_owned())]);
        let (_, log) = fetch(&format!("{}/a", host.url), &[]);
        says(&log, &["try 1 of 8: curl ended with 1", "ended with 1"]);
        assert!(!log.contains("a file is there"), "{log}");
    }
    let host = Host::start(vec![Answer::Elsewhere("/round".to_owned())]);
    let (_, log) = fetch(&format!("{}/a", host.url), &[("SLOW", "120")]);
    assert_eq!(host.asked().len(), 6, "five redirections: {log}");
}

#[test]
fn proxies_and_certificates_of_the_machine_are_honoured() {
    let proxy = Host::start(vec![Answer::Status(403)]);
    let (_, log) = fetch("http://localhost:9/a", &[("http_proxy", &proxy.url), ("SLOW", "120")]);
    assert_eq!(proxy.asked(), ["http://localhost:9/a"], "{log}");
    // One that is not to be used for this host.
    let (_, log) =
        fetch("http://localhost:9/a", &[("http_proxy", &proxy.url), ("NO_PROXY", "localhost"), ("SLOW", "120")]);
    assert_eq!(proxy.asked().len(), 1, "{log}");
    says(&log, &["the host cannot be reached (curl 7)"]);
    // TLS goes through the proxy as a tunnel.
    let (_, log) = fetch("https://releases.example/a", &[("HTTPS_PROXY", &proxy.url), ("SLOW", "120")]);
    assert_eq!(proxy.asked().last().unwrap(), "releases.example:443", "{log}");
    let (_, log) = fetch("https://127.0.0.1:9/a", &[("CURL_CA_BUNDLE", "/no/such/file"), ("SLOW", "120")]);
    assert!(log.contains("curl 77") || log.contains("curl 7"), "{log}");
}

#[test]
fn what_the_cache_holds_is_looked_at_each_time() {
    let (job, archive) = released();
    let host = Host::start(vec![Answer::File(archive.clone())]);
    let job = job.with("mirror", &host.url);
    job.ends(0, &["was downloaded"]);
    job.ends(0, &["is in the tool cache", "the program ran"]);
    assert_eq!(host.asked().len(), 1);

    // Somebody has changed it: it is not run, and put right.
    fs::write(cached(&job), b"other bytes").unwrap();
    job.ends(0, &["in the tool cache has another SHA-256", "was downloaded", "the program ran"]);
    assert_eq!(host.asked().len(), 2);
    assert_eq!(fs::read(cached(&job)).unwrap(), archive);

    // A link may lead anywhere.
    let elsewhere = job.world.path("elsewhere");
    fs::rename(cached(&job), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, cached(&job)).unwrap();
    job.ends(0, &["was downloaded"]);
    assert_eq!(host.asked().len(), 3);
}

#[test]
fn a_cache_that_cannot_be_written_costs_a_download_and_no_more() {
    for cache in ["/proc/stella", "/dev/null/stella"] {
        let (job, archive) = released();
        let host = Host::start(vec![Answer::File(archive)]);
        let job = job.with("mirror", &host.url).env("RUNNER_TOOL_CACHE", cache);
        job.ends(0, &["the tool cache cannot be written", "the program ran"]);
        job.ends(0, &["the program ran"]);
        assert_eq!(host.asked().len(), 2);
    }
    let (job, archive) = released();
    let host = Host::start(vec![Answer::File(archive)]);
    let job = job.with("mirror", &host.url).without("RUNNER_TOOL_CACHE");
    let step = job.ends(0, &["the program ran"]);
    assert!(!step.log.contains("tool cache"), "{}", step.log);
}

/// The two jobs of one machine, at one time, with one cache.
#[test]
fn two_jobs_may_fill_one_cache() {
    let (job, archive) = released();
    let host = Host::start(vec![Answer::Slowly(archive.clone())]);
    let job = job.with("mirror", &host.url);
    let mut children: Vec<_> =
        (0..2).map(|_| job.command().stdout(std::process::Stdio::null()).spawn().unwrap()).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(fs::read(cached(&job)).unwrap(), archive);
    assert_eq!(fs::read_dir(cached(&job).parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_release_that_the_tree_does_not_know_is_refused() {
    let (job, archive) = released();
    let host = Host::start(vec![Answer::File(archive)]);
    let job = job.with("mirror", &host.url);
    for (version, code, words) in [
        ("1.2.3", 4, "has no stella-1.2.3-x86_64-unknown-linux-musl.tar.gz"),
        ("9x8x7", 2, "`version` is a release such as 1.2.3"),
        ("latest", 2, "`version` is a release such as 1.2.3"),
        ("../../9.8.7", 2, "`version` is a release such as 1.2.3"),
        ("9.8.7/../9.8.7", 2, "`version` is a release such as 1.2.3"),
    ] {
        job_with(&host.url, version).ends(code, &[words]);
    }
    assert_eq!(host.asked().len(), 0);
    for version in ["9.8.7", "v9.8.7"] {
        let (job, _) = released();
        let fresh = Host::start(vec![Answer::File(fs::read(job.world.path(ASSET)).unwrap())]);
        job.with("version", version).with("mirror", &fresh.url).ends(0, &["the program ran"]);
    }
    drop(job);
}

fn job_with(mirror: &str, version: &str) -> Job {
    let (job, _) = released();
    job.with("mirror", mirror).with("version", version)
}

#[test]
fn a_table_that_says_two_things_says_nothing() {
    let (job, _) = released();
    let table = job.action("action/checksums.json");
    let text = fs::read_to_string(&table).unwrap();
    let line = text.lines().find(|line| line.contains(ASSET)).unwrap().to_owned();
    let other = line.replace(&line[line.len() - 9..line.len() - 1], "00000000");
    for (table_text, why) in [
        (text.replace(&line, &format!("{line},\n{other}")), "has no"),
        (text.replace(&line, &line.to_uppercase()), "has no"),
        (text.replace(&line, &line[..line.len() - 2]), "has no"),
        (text.replace(ASSET, &ASSET.replace('.', "_")), "has no"),
        (text.replace(ASSET, &ASSET.replace("9.8.7", "9.8.6")), "has no"),
        (text.replace(&line, &line.replace(": ", ":")), "has no"),
        (text.replace("\"9.8.7\"", "\"\""), "no release belongs to this commit"),
        (text.replace("\"9.8.7\"", "\"9.8.7 \""), "no release belongs to this commit"),
        (String::new(), "no release belongs to this commit"),
    ] {
        fs::write(&table, table_text).unwrap();
        job.ends(4, &[why]);
    }
}

#[test]
fn a_commit_without_a_release_says_so() {
    Job::new().ends(4, &["no release belongs to this commit of the action", "give `binary`"]);
}

#[test]
fn a_machine_for_which_nothing_is_built_is_told() {
    for (system, processor) in
        [("Windows", "X64"), ("macOS", "X64"), ("Linux", "ARM"), ("Linux", "X86"), ("", ""), ("Plan9", "X64")]
    {
        let job = Job::new();
        job.release(RAN);
        let step =
            job.env("RUNNER_OS", system).env("RUNNER_ARCH", processor).ends(4, &["there is no release of stella for"]);
        says(&step.log, &["use `runs-on: ubuntu-24.04`"]);
    }
    for (system, processor, target) in
        [("Linux", "ARM64", "aarch64-unknown-linux-musl"), ("macOS", "ARM64", "aarch64-apple-darwin")]
    {
        let job = Job::new();
        job.release(RAN);
        job.env("RUNNER_OS", system)
            .env("RUNNER_ARCH", processor)
            .ends(4, &[&format!("has no stella-{VERSION}-{target}.tar.gz")]);
    }
}

/// What a release is, is never changed.
#[test]
fn the_table_takes_a_release_once() {
    let (job, _) = released();
    let (table, archive) = (job.action("action/checksums.json"), job.world.path(ASSET));
    let add = |version: &str| {
        let program = crate::harness::repository(".ci/add-checksums");
        Command::new(program).arg(&table).arg(version).arg(&archive).output().unwrap()
    };
    let before = fs::read_to_string(&table).unwrap();
    assert!(add(VERSION).status.success());
    assert_eq!(fs::read_to_string(&table).unwrap(), before);
    serde_json::from_str::<serde_json::Value>(&before).unwrap();

    fs::write(&archive, "other bytes").unwrap();
    let refused = add(VERSION);
    assert!(!refused.status.success());
    says(&String::from_utf8_lossy(&refused.stderr), &["stands in", "with another SHA-256"]);
    assert_eq!(fs::read_to_string(&table).unwrap(), before);
}
