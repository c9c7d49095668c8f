//! An existing step of a pipeline, run where it is: no sandbox, its own environment, its own output.
//!
//! What it saw is recorded as far as it can be; that nothing was sealed is recorded too (level `none`, clock `real`).

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::execute::collect_artifacts;
use crate::execute::failure::{Failure, Trouble};
use crate::execute::run_job::Executed;
use crate::execute::showing;
use crate::host::descendants::Step;
use crate::host::machine;
use crate::host::scratch::Scratch;
use crate::job::dimensions::ExecutionEnvironment;
use crate::job::known_locale::{is_known_locale, is_known_zone};
use crate::job::material::ScannerMaterial;
use crate::job::scan_spec::ScanSpec;
use crate::model::artifact_spec::ArtifactPath;
use crate::model::limits;
use crate::model::manifest::NetworkMode;
use crate::model::result::{ExecutorEnv, Isolation};
use crate::sandbox::validated::{Locale, TimeZone};

/// The real places of a command that runs where it is.
#[derive(Debug, Clone)]
pub struct HostPaths {
    /// Its working directory.
    pub directory: PathBuf,
    /// `{input}`
    pub input: PathBuf,
    /// `{feed}`
    pub feed: Option<PathBuf>,
    /// `{policy}`
    pub policy: Option<PathBuf>,
    /// `{config}`
    pub config: Option<PathBuf>,
}

/// Runs the command with the caller's environment; its talk and its output pass through.
///
/// # Errors
/// When the command cannot be started, or what it should have written cannot be read.
pub fn execute(job: &ScanSpec, place: &HostPaths) -> Result<Executed, Failure> {
    let out = Scratch::new();
    let out = out.map_err(|error| Failure::infra("cannot make a private folder", &error))?;
    let argv = fill(job, place, out.path());
    let before = collect_artifacts::stamps(&job.artifacts, &place.directory);
    let wants_stdout = job.artifacts.iter().any(|spec| spec.path == ArtifactPath::Stdout);
    let (status, stdout) = run(&argv, &place.directory, wants_stdout).map_err(|error| {
        let program = argv.first().map_or("", String::as_str);
        let failure = Failure::infra(&format!("cannot run `{program}` and pass on what it writes"), &error);
        let told = program.contains('/').then(|| showing::not_started_unsealed(&place.directory.join(program)));
        failure.showing(told.unwrap_or_default())
    })?;
    if stdout.len() as u64 > limits::MAX_DOCUMENT_BYTES {
        let limit = limits::MAX_DOCUMENT_BYTES;
        return Err(Failure::unwell(format!(
            "the standard output is larger than {limit} bytes, the limit of an artifact"
        )));
    }
    let exit_code = status.code().ok_or_else(|| {
        let failure = Failure::unwell(format!("the scanner was ended: {status}"));
        let next = "nothing of stella stood between it and the machine: run the same command by itself to see more";
        failure.showing(showing::of_unsealed(None, signal(status))).next([next.into()])
    })?;
    if !job.expected_exit_codes.is_empty() && !job.expected_exit_codes.contains(&exit_code) {
        let expected = &job.expected_exit_codes;
        let failure = Failure::unwell(format!("the scanner ended with exit code {exit_code}, expected {expected:?}"));
        return Err(told(Trouble::ExitCode, failure, exit_code, expected));
    }
    if let Some(path) = collect_artifacts::untouched(&before, &job.artifacts, &place.directory) {
        return Err(Failure::unwell(format!("artifact `{path}` was not written: it is the one of an earlier run")));
    }
    let artifacts = collect_artifacts::collect(
        &job.artifacts,
        &stdout,
        &place.directory,
        out.path(),
        !job.expected_exit_codes.is_empty(),
    );
    let artifacts =
        artifacts.map_err(|(trouble, failure)| told(trouble, failure, exit_code, &job.expected_exit_codes))?;
    let artifacts = collect_artifacts::with_decision(job, artifacts)?;
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let tz = variable("TZ").filter(|tz| TimeZone::new(tz.as_str()).is_ok() && is_known_zone(tz));
    let locale = ["LC_ALL", "LANG"].into_iter().find_map(variable);
    let locale = locale.filter(|locale| Locale::new(locale.as_str()).is_ok() && is_known_locale(locale));
    let environment = ExecutionEnvironment {
        arch: machine::arch().to_owned(),
        os: machine::os().to_owned(),
        // What a replay could not set is not recorded.
        tz: tz.unwrap_or_else(|| "UTC".to_owned()),
        locale: locale.unwrap_or_else(|| "C".to_owned()),
        network: NetworkMode::Enabled,
        clock: None,
        runtime: None,
        cpu_count: None,
        seed: None,
        roots: Vec::new(),
        path: Vec::new(),
        file_times_clamped: false,
        settings: None,
    };
    let executor = ExecutorEnv {
        in_process: false,
        isolation: Some(Isolation::None),
        lost: vec!["everything: the command ran where it is".to_owned()],
        denied: Vec::new(),
        ledger: None,
        arch: environment.arch.clone(),
        os: environment.os.clone(),
        tz: environment.tz.clone(),
        locale: environment.locale.clone(),
        clock: None,
    };
    Ok(Executed {
        artifacts,
        exit_code,
        executor,
        environment,
        denied: Vec::new(),
        ledger: None,
        notes: Vec::new(),
        look_ups: None,
        showing: showing::of_unsealed(Some(exit_code), None),
    })
}

/// The failure of a step that ended by itself, with what to do.
fn told(trouble: Trouble, failure: Failure, exit_code: i32, expected: &[i32]) -> Failure {
    let mut shown = showing::of_unsealed(Some(exit_code), None);
    shown.next = match (trouble, exit_code) {
        (Trouble::ExitCode, code) => vec![showing::expect_exit(expected, code, "say so:")],
        (Trouble::Missing, _) => vec![
            "name the file where it is written: from the folder in which the step runs, below `{out}`, or `-` for standard output"
                .into(),
        ],
        (trouble, _) => showing::of_artifact(trouble).into_iter().collect(),
    };
    failure.showing(shown)
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

fn fill(job: &ScanSpec, place: &HostPaths, out: &Path) -> Vec<String> {
    let text = |path: Option<&Path>| path.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
    let scanner = match &job.scanner {
        ScannerMaterial::Binary { path, .. } => text(Some(path)),
        _ => String::new(),
    };
    let one = |word: &String| {
        word.replace("{input}", &text(Some(&place.input)))
            .replace("{feed}", &text(place.feed.as_deref()))
            .replace("{policy}", &text(place.policy.as_deref()))
            .replace("{config}", &text(place.config.as_deref()))
            .replace("{scanner}", &scanner)
            .replace("{out}", &text(Some(out)))
    };
    job.argv.iter().map(one).collect()
}

/// Standard output is kept where an artifact is made of it, and passed on in any case.
///
/// # Errors
/// Where the command cannot be started, and where what it wrote cannot be passed on: whoever reads it must not take a part for all.
fn run(argv: &[String], directory: &Path, wants_stdout: bool) -> io::Result<(ExitStatus, Vec<u8>)> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no command"));
    };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory);
    if wants_stdout {
        command.stdout(Stdio::piped());
    }
    let (mut child, _hold) = Step::start(|| command.spawn())?;
    let mut kept = Vec::new();
    let mut lost = None;
    if let Some(mut stdout) = child.stdout.take() {
        let mut buffer = [0; 64 * 1024];
        loop {
            let read = stdout.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            // Beyond the limit it is passed on all the same: the step must not notice that it is watched.
            if kept.len() as u64 <= limits::MAX_DOCUMENT_BYTES {
                kept.extend_from_slice(&buffer[..read]);
            }
            // Neither a reader that went away nor a full disk is a reason to stop the step.
            if let Err(why) = io::stdout().write_all(&buffer[..read]).and_then(|()| io::stdout().flush())
                && why.kind() != io::ErrorKind::BrokenPipe
            {
                lost.get_or_insert(why);
            }
        }
    }
    let status = child.wait()?;
    match lost {
        Some(why) => Err(why),
        None => Ok((status, kept)),
    }
}
