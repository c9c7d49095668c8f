//! What an earlier step of the job has left in the environment: it loads no code into the action, and none of its secrets reaches
//! what is replayed.

use std::fs;

use crate::action::host::{Answer, Host};
use crate::action::job::{ASSET, Job};
use crate::base::forge::{Forge, old};

/// Secrets as workflows have them in their environment.
const TOKENS: [&str; 10] = [
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_CACHE_URL",
    "NPM_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "INPUT_TOKEN",
    "CARGO_REGISTRY_TOKEN",
    "STELLA_TOKEN",
];

/// Writes what its own and its ancestors' environments hold, as far up as the step's own shell.
const SEARCH: &str = "{ cat /proc/self/environ; pid=$$
while [ \"$pid\" -gt 1 ] && [ \"$pid\" != \"$(cat \"$GITHUB_WORKSPACE/runner\")\" ]; do
  cat /proc/$pid/environ; tr '\\0' ' ' </proc/$pid/cmdline; pid=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$pid/status)
done; } >\"$GITHUB_WORKSPACE/found\" 2>/dev/null";

/// The secrets of one job: another test that runs beside it has others.
fn tokens(job: &Job) -> Vec<(&'static str, String)> {
    let root = job.world.path("");
    let job = root.iter().next_back().unwrap().to_str().unwrap();
    TOKENS.iter().enumerate().map(|(at, name)| (*name, format!("ghs_{at}_secret_of_{job}"))).collect()
}

fn planted(job: Job) -> Job {
    tokens(&job).into_iter().fold(job, |job, (name, token)| job.env(name, &token))
}

fn found(job: &Job) -> usize {
    let bytes = fs::read(job.world.work("found")).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    tokens(job).iter().filter(|(_, token)| text.contains(token)).count()
}

#[test]
fn no_secret_of_the_job_is_in_any_environment_above_the_program() {
    let job = planted(Job::new()).with_script(SEARCH);
    job.world.write("runner", std::process::id().to_string());
    job.ends(0, &[]);
    assert_eq!(found(&job), 0);

    // The search does find them, where a step runs the program as most actions do.
    let mut plain = std::process::Command::new("/bin/bash");
    plain.args(["-c", "\"$0\" && true"]).arg(job.world.work("tools/stella")).env_clear();
    plain.envs(tokens(&job)).env("PATH", "/usr/bin:/bin").env("GITHUB_WORKSPACE", job.world.work(""));
    assert!(plain.status().unwrap().success());
    assert_eq!(found(&job), TOKENS.len());
}

/// The build is the pull request's own program. It looks at itself, at everybody whom `/proc` shows, and through the folders of the
/// run and of the runner.
#[test]
fn a_build_of_the_checkout_finds_no_secret_of_the_job() {
    let search = "{ env; cat /proc/[0-9]*/environ; for file in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$file; done
        cat ../_temp/*.sh ../_runner/* ../_temp/stella-*/*; } >found 2>/dev/null; true";
    let forge = Forge::of(|dev| {
        dev.write(
            ".stella.yaml",
            "version: 1\nsubject: {kind: feed, path: out, build: cp -r feed out && sh search.sh}\n",
        );
        dev.write("search.sh", search);
        dev.write("feed/GHSA-old.json", old().to_string());
        dev.case("regressions/SCN-0001-minimist", "SCN-0001");
    });
    let sha = forge.dev_git(&["rev-parse", "main"]);
    forge.check_out(&sha, None);
    let Forge { world, .. } = forge;
    let job = planted(Job::of(world)).with_binary();
    job.ends(0, &["1 of 1 replay matches"]);
    assert!(job.world.read("found").contains("GITHUB_ACTIONS=true"), "it did search");
    assert_eq!(found(&job), 0);

    // The same search in a step of its own.
    let mut plain = std::process::Command::new("/bin/bash");
    plain.args(["-c", search]).current_dir(job.world.work("")).env_clear().env("PATH", "/usr/bin:/bin");
    plain.envs(tokens(&job));
    assert!(plain.status().unwrap().success());
    assert_eq!(found(&job), TOKENS.len());
}

#[test]
fn the_program_has_no_file_of_the_runner() {
    let job = Job::new().with_script("env >\"$GITHUB_WORKSPACE/found\"");
    job.ends(0, &[]);
    let text = job.world.read("found");
    let names: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "RUNNER_TEMP"] {
        assert!(!names.contains(&name), "{names:?}");
    }
    assert!(!text.contains("STELLA_INPUT_"), "{text}");
    for name in ["PATH", "HOME", "CI", "GITHUB_EVENT_NAME", "GITHUB_WORKSPACE", "STELLA_ACTION_PATH"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
}

/// What the build of a repository needs, and only that.
#[test]
fn the_program_has_the_path_of_the_job() {
    let path = "/opt/of-the-job/bin:/usr/bin:/bin";
    let job =
        Job::new().env("PATH", path).env("CARGO_HOME", "/opt/cargo").with_script("env >\"$GITHUB_WORKSPACE/found\"");
    job.ends(0, &[]);
    crate::harness::says(&job.world.read("found"), &[&format!("PATH={path}\n"), "CARGO_HOME=/opt/cargo\n"]);
}

/// Each way in which an environment puts code into a shell or into what it calls.
#[test]
fn nothing_in_the_environment_loads_code_into_the_action() {
    let job = Job::new();
    let archive = job.release("echo 'the program ran'");
    let host = Host::start(vec![Answer::File(archive)]);
    let pwned = job.world.path("pwned");
    let touch = format!("/bin/touch {}", pwned.display());
    let planted = job.world.script("planted.sh", &touch);
    // Programs of these names, found first.
    for name in
        ["bash", "env", "curl", "tar", "gzip", "sha256sum", "shasum", "od", "tr", "sed", "mktemp", "cat", "sudo", "id"]
    {
        job.world.script(&format!("planted/{name}"), &touch);
    }
    for name in [".bashrc", ".bash_profile", ".profile", ".bash_login"] {
        fs::write(job.world.path("home").join(name), &touch).unwrap();
    }
    fs::write(job.world.path("home/.curlrc"), "output = \"/dev/null\"\nurl = \"http://127.0.0.1:9/\"\n").unwrap();
    fs::write(job.world.path("home/.netrc"), "default login planted password planted").unwrap();
    let path = format!("{}:/usr/bin:/bin", job.world.work("planted").display());
    let function = format!("() {{ {touch}; }}");
    let job = job
        .env("BASH_ENV", planted.to_str().unwrap())
        .env("ENV", planted.to_str().unwrap())
        .env("BASH_FUNC_curl%%", &function)
        .env("BASH_FUNC_exec%%", &function)
        .env("BASH_FUNC_printf%%", &function)
        .env("SHELLOPTS", "xtrace")
        .env("PS4", &format!("$({touch})"))
        .env("BASHOPTS", "expand_aliases")
        .env("PROMPT_COMMAND", &touch)
        .env("CDPATH", "/")
        .env("IFS", "/")
        .env("TAR_OPTIONS", &format!("--checkpoint=1 --checkpoint-action=exec='{touch}'"))
        .env("GZIP", "-9")
        .env("CURL_HOME", job_home(&path))
        .env("PATH", &path)
        .with("mirror", &host.url);
    let step = job.ends(0, &["was downloaded", "the program ran"]);
    assert!(!pwned.exists(), "{}", step.log);
    assert_eq!(host.asked().len(), 1);
    assert!(host.asked()[0].ends_with(ASSET));

    // Each of the planted shells does run where a step has `shell: bash`.
    let mut plain = std::process::Command::new("/bin/bash");
    plain.args(["-c", "true"]).env("BASH_ENV", &planted);
    assert!(plain.status().unwrap().success() && pwned.exists());
}

fn job_home(path: &str) -> &str {
    path.split(':').next().unwrap()
}
