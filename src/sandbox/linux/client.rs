//! Stella's side: asks the helper for the strongest mechanism that works, and says how it went.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use crate::host::scratch::{self, Scratch};
use crate::model::result::Isolation;
use crate::sandbox::ending::{Ending, Finished, Reason};
use crate::sandbox::error::SandboxError;
use crate::sandbox::ledger::Ledger;
use crate::sandbox::level::{Reached, lost_at};
use crate::sandbox::linux::cpu_pinning;
use crate::sandbox::linux::helper_process::{HelperProcess, Printed};
use crate::sandbox::sandbox_path::PRIVATE;
use crate::sandbox::spec::{SandboxSpec, SystemRoots};
use crate::sandbox::wire::{self, Cause, Failure, How, Mechanism, Part, Report, Request};

pub(crate) fn probe(spec: &SandboxSpec, helper: &Path, ceiling: Isolation) -> Result<Reached, SandboxError> {
    strongest(spec, ceiling, |mechanism| Attempt { spec, helper, mechanism, probe: true }.make()).map(|made| {
        let Made { level, finished, refused } = made;
        Reached { level, lost: all_lost(level, spec, refused, finished.lost) }
    })
}

pub(crate) fn run(spec: &SandboxSpec, helper: &Path, ceiling: Isolation) -> Result<Finished, SandboxError> {
    strongest(spec, ceiling, |mechanism| Attempt { spec, helper, mechanism, probe: false }.make()).map(|made| {
        let Made { level, finished, refused } = made;
        Finished { level, lost: all_lost(level, spec, refused, finished.lost), ..finished }
    })
}

struct Made {
    level: Isolation,
    finished: Finished,
    /// Why it is not a stronger level.
    refused: Vec<String>,
}

/// What one mechanism came to.
enum Tried {
    Finished(Box<Finished>),
    /// Nothing was run; a weaker mechanism may do.
    Refused(Cause),
}

/// Tries mechanisms from the strongest that is allowed downwards until one is not refused. A closure needs a root of its own,
/// and somebody who sees what is opened in it.
fn strongest(
    spec: &SandboxSpec,
    ceiling: Isolation,
    attempt: impl Fn(Mechanism) -> Result<Tried, SandboxError>,
) -> Result<Made, SandboxError> {
    let mut refused: Vec<Cause> = Vec::new();
    let needs_all = matches!(spec.system, SystemRoots::Closure { .. });
    for level in [Isolation::Full, Isolation::Traced, Isolation::Isolated, Isolation::None] {
        if needs_all && level != Isolation::Full {
            let why = why_not_stronger(level, ceiling, &refused);
            return Err(SandboxError::NoRoot { why: why.join("; ") });
        }
        let needs: &[Part] = match level {
            Isolation::Full => &[Part::Namespaces, Part::Tracing],
            Isolation::Traced => &[Part::Tracing],
            Isolation::Isolated => &[Part::Namespaces],
            Isolation::None => &[],
        };
        // What was refused once is refused again.
        if level < ceiling || refused.iter().any(|cause| needs.contains(&cause.part)) {
            continue;
        }
        let own = matches!(level, Isolation::Traced | Isolation::None).then(private_root).transpose();
        let own = own.map_err(|source| machine("make a private folder", source))?;
        let root = own.as_ref().map(|own| own.path().to_owned()).unwrap_or_default();
        if level == Isolation::Traced {
            // The program is the same user and sees this process, which decides about it: from now on it has no way to look into it.
            set_dumpable_behavior(DumpableBehavior::NotDumpable)
                .map_err(|errno| machine("close stella to other processes", errno.into()))?;
        }
        let tried = attempt(match level {
            Isolation::Full => Mechanism::Full,
            Isolation::Traced => Mechanism::Traced { root },
            Isolation::Isolated => Mechanism::Isolated,
            Isolation::None => Mechanism::Plain { root },
        })?;
        match tried {
            Tried::Finished(finished) => {
                return Ok(Made { level, finished: *finished, refused: why_not_stronger(level, ceiling, &refused) });
            }
            Tried::Refused(cause) if level == Isolation::None => {
                return Err(machine(&cause.step, io::Error::from_raw_os_error(cause.errno)));
            }
            Tried::Refused(cause) => refused.push(cause),
        }
    }
    Err(machine("run at any level", io::ErrorKind::Unsupported.into()))
}

/// What kept a run from a stronger level: the machine, or the wish for a weaker one.
fn why_not_stronger(level: Isolation, ceiling: Isolation, refused: &[Cause]) -> Vec<String> {
    let mut why: Vec<String> = refused
        .iter()
        .map(|cause| {
            let part = match cause.part {
                Part::Namespaces => "namespaces",
                Part::Tracing => "tracing",
            };
            format!("{part}: refused at `{}`: {}", cause.step, io::Error::from_raw_os_error(cause.errno))
        })
        .collect();
    if level == ceiling && level != Isolation::Full {
        why.push(format!("isolation: no level above `{}` was asked for", level.code()));
    }
    why
}

/// A folder for the runs that cannot have a root of their own; goes with the value.
fn private_root() -> io::Result<Scratch> {
    let root = Scratch::unswept()?;
    for place in PRIVATE {
        std::fs::create_dir(root.path().join(place.relative()))?;
    }
    std::fs::create_dir(root.path().join("tmp"))?;
    Ok(root)
}

fn all_lost(level: Isolation, spec: &SandboxSpec, refused: Vec<String>, found: Vec<String>) -> Vec<String> {
    refused.into_iter().chain(lost_at(level, spec)).chain(found).collect()
}

fn machine(step: &str, source: io::Error) -> SandboxError {
    SandboxError::Machine { step: step.to_owned(), source }
}

/// One try to run a spec with one mechanism.
struct Attempt<'a> {
    spec: &'a SandboxSpec,
    helper: &'a Path,
    mechanism: Mechanism,
    probe: bool,
}

impl Attempt<'_> {
    fn make(self) -> Result<Tried, SandboxError> {
        let begun = Instant::now();
        let (ours, theirs) = UnixStream::pair().map_err(|source| machine("make a socket", source))?;
        let (child, processors) = self.start(theirs)?;
        // A helper that died early is told apart by its missing report, not by the failing write.
        self.ask(&ours, processors).ok();
        if !self.probe {
            // While the helper builds: the folder of temporary files may be long.
            scratch::sweep_once();
        }
        let running = HelperProcess::new(child, ours, self.spec.limits.captured_bytes);
        let mut running = running.map_err(|source| machine("watch the helper", source))?;
        let (report, killed) = running.wait(begun.checked_add(self.spec.limits.wall));
        let Printed { stdout, stderr, exceeded } = running.drain();
        let killed = killed.or(exceeded.then_some(Reason::OutputTooLarge));

        let mut seen = (None, None);
        let (by_itself, lost, ledger) = match report {
            None => (None, Vec::new(), Ledger::default()),
            Some(Report::Refused(cause)) => return Ok(Tried::Refused(cause)),
            Some(Report::Failed { what, errno }) => {
                return Err(self.failure(&what, io::Error::from_raw_os_error(errno)));
            }
            Some(Report::Ready { lost }) => (Some(Ending::Code(0)), lost, Ledger::default()),
            Some(Report::Ended { how, lost, ledger, look_ups, lacking }) => {
                let ending = match how {
                    How::Code(code) => Ending::Code(code),
                    // A program wrote too large a file.
                    How::Signal(libc::SIGXFSZ) => Ending::Killed(Reason::OutputTooLarge),
                    How::Signal(signal) => Ending::Signal(signal),
                    How::Killed(reason) => Ending::Killed(reason),
                    How::Stopped => Ending::Killed(Reason::TimedOut),
                };
                seen = (look_ups, lacking);
                (Some(ending), lost, ledger)
            }
        };
        let Some(ending) = killed.map(Ending::Killed).or(by_itself) else {
            let tail = stderr.get(stderr.len().saturating_sub(400)..).unwrap_or_default();
            let said = String::from_utf8_lossy(tail).trim().to_owned();
            let said = if said.is_empty() { said } else { format!(": {said}") };
            return Err(SandboxError::Silent { helper: self.helper.to_owned(), said });
        };
        Ok(Tried::Finished(Box::new(Finished {
            ending,
            stdout,
            stderr,
            truncated: exceeded,
            level: Isolation::None,
            lost,
            wall: begun.elapsed(),
            ledger,
            look_ups: seen.0,
            lacking: seen.1,
        })))
    }

    /// Starts the helper, on the processor that this thread is on; returns with it where this thread may run.
    fn start(&self, socket: UnixStream) -> Result<(Child, Vec<usize>), SandboxError> {
        let failed = |source| SandboxError::Start { helper: self.helper.to_owned(), source };
        let helper = std::path::absolute(self.helper).map_err(failed)?;
        let before = cpu_pinning::pin();
        // No working directory: with one, stella's memory would be copied for the start.
        // The program can read what its first process was called by: not where the helper lies on the machine.
        let started = Command::new(helper)
            .arg0("stella-sandbox")
            .env_clear()
            .stdin(OwnedFd::from(socket))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let processors = before.map_or_else(Vec::new, |before| {
            cpu_pinning::unpin(&before);
            cpu_pinning::numbers(&before)
        });
        Ok((started.map_err(failed)?, processors))
    }

    fn ask(&self, to: &UnixStream, processors: Vec<usize>) -> io::Result<()> {
        let (mechanism, spec) = (self.mechanism.clone(), self.spec.clone());
        wire::send(to, &Request { mechanism, spec, processors, probe: self.probe })
    }

    fn failure(&self, what: &Failure, source: io::Error) -> SandboxError {
        let mount = match what {
            Failure::Mount(number) => self.spec.mounts.iter().nth(*number),
            _ => None,
        };
        match (what, mount) {
            (Failure::Mount(_), Some(mount)) => {
                SandboxError::Mount { host: mount.host().to_owned(), inside: mount.inside().clone(), source }
            }
            (Failure::Program, _) => SandboxError::Program { program: self.spec.argv.program().to_owned(), source },
            (Failure::WorkingDirectory, _) => {
                SandboxError::WorkingDirectory { path: self.spec.working_directory.clone(), source }
            }
            (Failure::Step(step), _) => machine(step, source),
            (Failure::Mount(_), None) => machine("mount", source),
        }
    }
}
