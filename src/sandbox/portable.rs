//! The sandbox of machines that are not Linux: none, and it says so.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::host::scratch::Scratch;
use crate::model::result::Isolation;
use crate::sandbox::budget::Budget;
use crate::sandbox::capture::Stream;
use crate::sandbox::ending::{Ending, Finished, Reason};
use crate::sandbox::error::SandboxError;
use crate::sandbox::ledger::Ledger;
use crate::sandbox::level::{Reached, lost_at};
use crate::sandbox::path_mapping::PathMapping;
use crate::sandbox::program::{Program, Unrunnable};
use crate::sandbox::spec::SandboxSpec;

/// How often the program is looked at.
const TICK: Duration = Duration::from_millis(5);

pub(crate) fn probe(spec: &SandboxSpec, _helper: &Path, _ceiling: Isolation) -> Result<Reached, SandboxError> {
    Ok(Reached { level: Isolation::None, lost: lost(spec) })
}

pub(crate) fn run(spec: &SandboxSpec, _helper: &Path, _ceiling: Isolation) -> Result<Finished, SandboxError> {
    let machine = |step: &str, source| SandboxError::Machine { step: step.to_owned(), source };
    let root = Scratch::new();
    let root = root.map_err(|source| machine("make a private folder", source))?;
    for name in ["home", "work", "out", "tmp"] {
        std::fs::create_dir(root.path().join(name)).map_err(|source| machine("make a private folder", source))?;
    }
    let mapping = PathMapping::Machine { root: root.path().to_owned(), mounts: spec.mounts.clone() };
    let not_run = |source| SandboxError::Program { program: spec.argv.program().to_owned(), source };
    let mut command = Program::find(spec, &mapping).map(|program| program.command()).map_err(|why| match why {
        Unrunnable::Program(source) => not_run(source),
        Unrunnable::WorkingDirectory(source) => {
            SandboxError::WorkingDirectory { path: spec.working_directory.clone(), source }
        }
    })?;
    let begun = Instant::now();
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().map_err(not_run)?;
    let budget = Budget::new(spec.limits.captured_bytes);
    let (events, ended) = mpsc::channel();
    let stdout = child.stdout.take().map(|from| Stream::start(from, Arc::clone(&budget), events.clone(), (), ()));
    let stderr = child.stderr.take().map(|from| Stream::start(from, Arc::clone(&budget), events, (), ()));
    let mut killed = None;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|source| machine("wait for the program", source))? {
            break status;
        }
        if budget.is_exceeded() {
            killed = Some(Reason::OutputTooLarge);
        } else if begun.elapsed() >= spec.limits.wall {
            killed = Some(Reason::TimedOut);
        }
        if killed.is_some() {
            child.kill().ok();
        }
        thread::sleep(TICK);
    };
    // A process that the program left behind may hold the pipes for ever.
    while ended.recv_timeout(Duration::from_secs(1)).is_ok() {}
    let exceeded = budget.is_exceeded().then_some(Reason::OutputTooLarge);
    let ending = match (killed.or(exceeded), status.code()) {
        (Some(reason), _) => Ending::Killed(reason),
        (None, Some(code)) => Ending::Code(code),
        (None, None) => Ending::Signal(0),
    };
    Ok(Finished {
        ending,
        stdout: stdout.map(Stream::take).unwrap_or_default(),
        stderr: stderr.map(Stream::take).unwrap_or_default(),
        truncated: budget.is_exceeded(),
        level: Isolation::None,
        lost: lost(spec),
        wall: begun.elapsed(),
        ledger: Ledger::default(),
        look_ups: None,
        lacking: None,
    })
}

fn lost(spec: &SandboxSpec) -> Vec<String> {
    let mut lost = vec!["isolation: only Linux has a sandbox".to_owned()];
    lost.extend(lost_at(Isolation::None, spec));
    lost.extend(["limits: only wall time and printed bytes", "umask: the machine's"].map(str::to_owned));
    lost.push("processes: what the program leaves behind is not ended".to_owned());
    lost
}
