//! Runs a job: the built-in scanner in this process, everything else (and it too, where isolation is required) in a sandbox.
//!
//! Invariants: a scanner that could not run is never unhealthy, and one that ran badly is never infrastructure; the level
//! of isolation that was reached is part of what is returned.

use crate::config::Config;
use crate::execute::builtin::{BuiltInError, Scan};
use crate::execute::failure::{Failure, Trouble};
use crate::execute::health_gate;
use crate::execute::host_fingerprint;
use crate::execute::run_folders::{RunFolders, RunOverrides};
use crate::execute::showing::{self, Situation};
use crate::hint;
use crate::host::fs;
use crate::host::machine;
use crate::job::artifact::Artifact;
use crate::job::dimensions::ExecutionEnvironment;
use crate::job::material::ScannerMaterial;
use crate::job::scan_spec::ScanSpec;
use crate::model::diagnostic::Diagnostic as _;
use crate::model::digest::Digest;
use crate::model::error_chain::chain;
use crate::model::hint::Hint;
use crate::model::manifest::NetworkMode;
use crate::model::parameter::Parameter;
use crate::model::result::{ExecutorEnv, Isolation};
use crate::model::showing::{AbsentPath, OF_A_CALL, Showing, signal_name};
use crate::model::text::redact::{self, Known};
use crate::sandbox::error::SandboxError;
use crate::sandbox::helper;
use crate::sandbox::ledger::Denied;
use crate::sandbox::level::{self, NotIsolated};
use crate::sandbox::look_ups::LookUps;
use crate::sandbox::run::{self, Ending, Finished};
use crate::sandbox::spec::{Limits, Paths};
use crate::sandbox::validated::CpuCount;
use crate::workspace::context::Context;

/// A job that ran, healthily.
#[derive(Debug, Clone)]
pub struct Executed {
    /// What it wrote.
    pub artifacts: Vec<Artifact>,
    /// Its exit code; 0 in process.
    pub exit_code: i32,
    /// Where and how it ran.
    pub executor: ExecutorEnv,
    /// Everything around it.
    pub environment: ExecutionEnvironment,
    /// What the sandbox denied.
    pub denied: Vec<String>,
    /// All that it saw, as lines of JSON; `None` where nothing was observed.
    pub ledger: Option<Vec<u8>>,
    /// What the scanner said aloud.
    pub notes: Vec<String>,
    /// What it looked up, where that was asked for and somebody could see it.
    pub look_ups: Option<LookUps>,
    /// What the run showed; nothing in process.
    pub showing: Showing,
}

impl Executed {
    /// What the run showed, with the next steps after `trouble`.
    pub fn after(&self, trouble: Trouble, job: &ScanSpec, context: &Context) -> Showing {
        let mut shown = self.showing.clone();
        shown.next = showing::next(trouble, &shown, &situation(job, &context.config));
        shown.without(&secrets(job))
    }

    /// What a run that went well was not given, in words: its result may be the poorer for it.
    pub fn denial(&self) -> Option<String> {
        let listed = |all: Vec<&str>| {
            let more = all.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            all.into_iter().take(NAMED).collect::<Vec<_>>().join(", ") + &more
        };
        let calls = |what: &&String| !what.starts_with(OF_A_CALL);
        let network: Vec<&str> = self.showing.refused.iter().filter(calls).map(String::as_str).collect();
        let wanted = |path: &&AbsentPath| path.on_machine || path.attempt == AbsentPath::NAMED;
        let paths: Vec<&str> = self.showing.absent.iter().filter(wanted).map(|path| path.path.as_str()).collect();
        let network = (!network.is_empty()).then(|| format!("on the network {}", listed(network)));
        let paths = (!paths.is_empty()).then(|| format!("of the machine {}", listed(paths)));
        let both: Vec<String> = network.into_iter().chain(paths).collect();
        let looked_up = self.showing.absent.iter().filter(|path| path.is_looked_up());
        let programs: Vec<&str> = looked_up.map(|path| path.path.as_str()).collect();
        let programs = (!programs.is_empty()).then(|| format!("the programs {}", listed(programs)));
        let both: Vec<String> = both.into_iter().chain(programs).collect();
        (!both.is_empty()).then(|| {
            format!("the scanner reached for what it was not given: {}; its result may lack something", both.join("; "))
        })
    }
}

/// What the next steps after a run of `job` depend on.
fn situation(job: &ScanSpec, config: &Config) -> Situation {
    let adapters = config.all_adapters();
    let adapter = job
        .program_name()
        .and_then(|name| adapters.into_iter().find(|adapter| adapter.program == name || adapter.name == name));
    let need = adapter.and_then(|adapter| adapter.feed.as_ref().map(|feed| (adapter.name.clone(), feed.what.clone())));
    Situation {
        expected_exit_codes: job.expected_exit_codes.clone(),
        clock_runs: job.settings.clock_runs,
        memory_mib: job.settings.memory_limit.map_or_else(|| Limits::default().memory_bytes >> 20, u64::from),
        has_feed: !job.feeds.is_empty(),
        is_offline: job.network == NetworkMode::Disabled,
        file_mib: Limits::default().file_bytes >> 20,
        is_replay: job.recorded_env.is_some(),
        database: need,
    }
}

/// How many things of one kind a note names.
const NAMED: usize = 3;

/// Runs `job` once.
///
/// # Errors
/// When the scan could not run, or ran badly: [`Failure`] tells the two apart.
pub fn execute(job: &ScanSpec, context: &Context) -> Result<Executed, Failure> {
    let mut executed = run_once(job, context)?;
    gate(job, &executed, context)?;
    executed.notes.splice(0..0, differences(job));
    Ok(executed)
}

/// The second half of the health gate, with what the run showed.
///
/// # Errors
/// When the run did not go well.
pub fn gate(job: &ScanSpec, executed: &Executed, context: &Context) -> Result<(), Failure> {
    let told = |(trouble, failure): (Trouble, Failure)| {
        failure.showing(executed.after(trouble, job, context)).without(&secrets(job))
    };
    let was_refused = executed.showing.was_refused_the_network();
    health_gate::gate(job, &executed.artifacts, (executed.exit_code, was_refused), &context.config).map_err(told)
}

/// What a recording had and this run cannot have.
fn differences(job: &ScanSpec) -> Vec<String> {
    let absent = job.recorded_env.iter().flatten().filter(|name| !job.env.contains_key(*name));
    let mut notes: Vec<String> = absent
        .map(|name| format!("the variable `{name}` was passed when recorded and is not now: pass it again"))
        .collect();
    if job.argv.iter().any(|word| word.contains(redact::REDACTED)) {
        notes.push("a secret was taken out of the recorded command: it runs with the word in its place".to_owned());
    }
    notes
}

/// Runs `job` once in a sandbox, with something changed around it.
///
/// # Errors
/// When the scan could not run, or ran badly: [`Failure`] tells the two apart.
pub fn execute_with(job: &ScanSpec, overrides: &RunOverrides, context: &Context) -> Result<Executed, Failure> {
    let executed = in_sandbox(job, overrides, context)?;
    gate(job, &executed, context)?;
    Ok(executed)
}

fn run_once(job: &ScanSpec, context: &Context) -> Result<Executed, Failure> {
    match (&job.scanner, context.require_isolation) {
        (ScannerMaterial::BuiltIn, None) => in_process(job, context),
        _ => in_sandbox(job, &RunOverrides::default(), context),
    }
}

fn in_process(job: &ScanSpec, context: &Context) -> Result<Executed, Failure> {
    let policy = &job.policy.as_ref().unwrap_or(&context.default_policy).policy;
    let scan = Scan { files: job.input.files(), flags: &job.flags, feeds: &job.feeds, policy, clock: job.clock };
    let output = scan.run().map_err(|error| match error {
        BuiltInError::Policy(_) => Failure::infra("the policy cannot decide", &error),
        BuiltInError::NoFeed => {
            let next = hint!("give a directory of OSV records, or a bundle, with {}", Parameter::Feed.to("PATH"));
            Failure::unhealthy("the built-in scanner failed", &error).next([next])
        }
        BuiltInError::Flag(_)
        | BuiltInError::Distribution(_)
        | BuiltInError::Twice(_)
        | BuiltInError::NoInventory { .. }
        | BuiltInError::NothingUsable { .. }
        | BuiltInError::Inventory(_)
        | BuiltInError::CallGraph { .. }
        | BuiltInError::TwoCallGraphs { .. }
        | BuiltInError::TwoFeeds
        | BuiltInError::Feed { .. } => Failure::unhealthy("the built-in scanner failed", &error),
    })?;
    let environment = environment(job, true);
    let executor = executor(job, &environment);
    Ok(Executed {
        artifacts: output.artifacts,
        exit_code: 0,
        executor,
        environment,
        denied: Vec::new(),
        ledger: None,
        notes: output.notes,
        look_ups: None,
        showing: Showing::default(),
    })
}

/// What is around a job on this machine. The built-in scanner in process sees no machine: its clock, zone and locale are
/// the job's, and nothing else can reach its results.
pub fn environment(job: &ScanSpec, frozen: bool) -> ExecutionEnvironment {
    ExecutionEnvironment {
        arch: machine::arch().to_owned(),
        os: machine::os().to_owned(),
        tz: job.tz.clone(),
        locale: job.locale.clone(),
        network: job.network,
        clock: (frozen && (job.scanner.is_builtin() || !job.settings.clock_runs)).then_some(job.clock),
        runtime: None,
        cpu_count: job.settings.cpu_count.map(CpuCount::get),
        seed: Some(job.seed),
        roots: job.roots.clone(),
        path: job.settings.path.clone(),
        file_times_clamped: frozen && job.settings.clamp_file_times && !job.settings.clock_runs,
        settings: job.settings.digested(),
    }
}

/// That of a run in this process.
fn executor(job: &ScanSpec, environment: &ExecutionEnvironment) -> ExecutorEnv {
    ExecutorEnv {
        in_process: true,
        isolation: None,
        lost: Vec::new(),
        denied: Vec::new(),
        ledger: None,
        arch: environment.arch.clone(),
        os: environment.os.clone(),
        tz: job.tz.clone(),
        locale: job.locale.clone(),
        clock: environment.clock,
    }
}

/// The values that are secret in a run of `job`: those of the variables that were passed, and those that a recording takes
/// out of the command.
pub fn secrets(job: &ScanSpec) -> Known {
    let redacted = redact::arguments(&job.argv).0;
    let words = job.argv.iter().zip(&redacted).filter(|(_, redacted)| *redacted == redact::REDACTED);
    let variables = redact::variables(&job.set_env).0;
    let set =
        job.set_env.iter().filter(|(name, _)| variables.get(*name).is_some_and(|value| value == redact::REDACTED));
    Known::of(
        job.env.values().chain(words.map(|(word, _)| word)).chain(set.map(|(_, value)| value)).map(String::as_str),
    )
}

/// Whatever is told of a run leaves it without its secrets.
fn in_sandbox(job: &ScanSpec, overrides: &RunOverrides, context: &Context) -> Result<Executed, Failure> {
    let secrets = secrets(job);
    let hide = |all: Vec<String>| all.iter().map(|text| secrets.hide(text)).collect::<Vec<_>>();
    let executed = sealed(job, overrides, context, &secrets).map_err(|failure| failure.without(&secrets))?;
    Ok(Executed {
        denied: hide(executed.denied),
        executor: ExecutorEnv { denied: hide(executed.executor.denied), ..executed.executor },
        notes: hide(executed.notes),
        showing: executed.showing.without(&secrets),
        ..executed
    })
}

fn sealed(job: &ScanSpec, overrides: &RunOverrides, context: &Context, secrets: &Known) -> Result<Executed, Failure> {
    let folders =
        RunFolders::new(job, overrides).map_err(|error| Failure::infra("cannot lay out the sandbox", &error))?;
    let helper = helper::helper_path().map_err(|error| Failure::infra("cannot start the sandbox", &error))?;
    let mut spec =
        folders.spec(job, overrides).map_err(|error| Failure::infra("cannot describe the sandbox", &error))?;
    if context.ledger.is_some() {
        spec.paths = Paths::Every;
    }
    if let Some(wanted) = context.require_isolation {
        // Before anything foreign runs, and once more on what was really reached.
        let reached = run::probe(&spec, &helper).map_err(|error| cannot_run(&error))?;
        level::require(&reached, wanted).map_err(|error| too_weak(&error))?;
    }
    let program = folders.program(job);
    let finished = run::run(&spec, &helper).map_err(|error| {
        let mut shown = showing::not_started(&job.roots, &spec, program.as_deref());
        if !matches!(error, SandboxError::Program { .. }) {
            return cannot_run(&error);
        }
        if shown.no_interpreter.is_some() {
            shown.next = showing::next(Trouble::Ended, &shown, &situation(job, &context.config));
            return Failure::infra("cannot run the scanner", &error).showing(shown);
        }
        if let Some((cause, next)) = program.as_deref().and_then(showing::why_not) {
            shown.next.push(next.into());
            let detail = chain("cannot run the scanner", &error);
            return Failure::machine(format!("{detail}: {cause}")).showing(shown);
        }
        cannot_run(&error)
    })?;
    if let Some(wanted) = context.require_isolation {
        level::require(&finished.reached(), wanted).map_err(|error| too_weak(&error))?;
    }
    if let Some(file) = &context.ledger {
        let lines = finished.ledger.to_lines(finished.level, &finished.lost);
        fs::write_output(file, &lines).map_err(|error| Failure::infra("cannot write the ledger", &error))?;
    }
    if let Some(path) = &finished.lacking {
        return Err(lacking(path));
    }
    let mut shown = showing::of(&job.roots, &spec, program.as_deref(), &finished, secrets);
    let mut told = |trouble, failure: Failure| {
        shown.next = showing::next(trouble, &shown, &situation(job, &context.config));
        failure.showing(shown.clone())
    };
    let exit_code = healthy(job, &finished).map_err(|(trouble, failure)| told(trouble, failure))?;
    let known_well = health_gate::is_known_well(job, exit_code, &context.config);
    let artifacts = folders.collect(job, &finished, known_well);
    let artifacts = artifacts.map_err(|(trouble, failure)| told(trouble, failure))?;
    let frozen = matches!(finished.level, Isolation::Full | Isolation::Traced) || job.scanner.is_builtin();
    let mut environment = environment(job, frozen);
    if finished.level == Isolation::None && !job.scanner.is_builtin() {
        // What was asked for is not what was had.
        environment.network = NetworkMode::Enabled;
    }
    // What a closure ran on is a part of it.
    if !job.scanner.is_builtin() && !matches!(job.scanner, ScannerMaterial::Closure(_)) {
        let runtime = host_fingerprint::of_host(&job.roots);
        environment.runtime =
            Some(runtime.map_err(|error| Failure::infra("cannot take a fingerprint of the system folders", &error))?);
    }
    let denied: Vec<String> =
        finished.ledger.denied().iter().filter(|denied| is_denial(denied)).map(ToString::to_string).collect();
    let observed = matches!(finished.level, Isolation::Full | Isolation::Traced);
    let ledger = observed.then(|| finished.ledger.to_lines(finished.level, &finished.lost));
    let executor = ExecutorEnv {
        in_process: false,
        isolation: Some(finished.level),
        lost: finished.lost.clone(),
        denied: denied.clone(),
        ledger: ledger.as_deref().map(Digest::of),
        ..executor(job, &environment)
    };
    let said = String::from_utf8_lossy(&finished.stderr);
    let notes = said.lines().filter_map(|line| line.strip_prefix("note: ")).map(str::to_owned);
    let notes = if job.scanner.is_builtin() { notes.collect() } else { Vec::new() };
    let look_ups = finished.look_ups.filter(|_| finished.level == Isolation::Full);
    Ok(Executed { artifacts, exit_code, executor, environment, denied, ledger, notes, look_ups, showing: shown })
}

/// A file that was looked for and is not there is told where a scan is recorded; most programs do well without it, so that it
/// makes no match a lucky one.
fn is_denial(denied: &Denied) -> bool {
    !matches!(denied, Denied::Path { attempt, .. } if matches!(attempt.as_str(), "open" | "look up"))
}

/// A sandbox that is weaker than required, with what can be done about it.
fn too_weak(error: &NotIsolated) -> Failure {
    let (wanted, reached) = (error.wanted.code(), error.reached.level.code());
    let hint = error.hint().map(|hint| hint.for_command_line()).unwrap_or_default();
    let steps = hint.lines().map(|line| Hint::from(line.to_owned()));
    Failure::machine(format!("isolation `{wanted}` is required, `{reached}` was reached")).next(steps)
}

/// A closure that is not whole for this run.
fn lacking(path: &str) -> Failure {
    let again = hint!("record it again, with the input that is to be replayed and {}", Parameter::Closure);
    Failure::unreplayable(format!(
        "the closure lacks the content of `{path}`, which the recorded run did not read: {}",
        again.for_command_line()
    ))
}

/// A run that could not be made, with what can be done about it.
fn cannot_run(error: &SandboxError) -> Failure {
    if let SandboxError::NoRoot { .. } = error {
        return Failure::unreplayable(chain("unreplayable here", error));
    }
    Failure::infra("cannot run the scanner", error).next(error.hint())
}

/// The first half of the health gate: how the program ended.
fn healthy(job: &ScanSpec, finished: &Finished) -> Result<i32, (Trouble, Failure)> {
    let (trouble, what) = match finished.ending {
        Ending::Code(code) if job.expected_exit_codes.is_empty() || job.expected_exit_codes.contains(&code) => {
            return Ok(code);
        }
        Ending::Code(code) => {
            let expected = &job.expected_exit_codes;
            (Trouble::ExitCode, format!("the scanner ended with exit code {code}, expected {expected:?}"))
        }
        Ending::Signal(signal) => (Trouble::Ended, format!("the scanner was killed by {}", signal_name(signal))),
        Ending::Killed(reason) => (Trouble::Ended, format!("the scanner {}", reason.in_words())),
    };
    Err((trouble, Failure::unwell(what)))
}
