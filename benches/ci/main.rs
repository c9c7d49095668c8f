//! A repository full of regression cases, replayed: what a pull request waits for.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `STELLA_BENCH_CASES` | cases that are replayed in process | 1000 |
//! | `STELLA_BENCH_SANDBOXES` | cases that are replayed in a sandbox each | 100 |
//! | `STELLA_BENCH_ROUNDS` | how often each figure is taken | 7 |
//! | `STELLA_BENCH_DIR` | where the repository is generated | the system's temporary directory |
//!
//! Every round starts without anything parsed before; the files were just written, so they come from the page cache.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod repository;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use stella::config::Config;
use stella::flow::suite::run::{self, CiRequest};
use stella::model::outcome::Outcome;
use stella::model::result::RunResult;
use stella::workspace::context::Context;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Replays at the same time, in every figure.
const JOBS: usize = 2;

/// Keeps the built-in scanner out of the program's own process: the strongest sandbox that works here, whichever it is.
const SANDBOXED: [&str; 2] = ["--require-isolation", "none"];

fn main() -> Fallible<()> {
    // `cargo bench -- --test` asks whether it works, not how fast it is.
    let trial = std::env::args().any(|argument| argument == "--test");
    let number = |name: &str, usual: usize, in_trial: usize| {
        let given = std::env::var(name).ok().and_then(|text| text.parse().ok());
        if trial { in_trial } else { given.unwrap_or(usual).max(1) }
    };
    let rounds = number("STELLA_BENCH_ROUNDS", 7, 1);
    let parent = std::env::var_os("STELLA_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = tempfile::Builder::new().prefix("stella-bench-").tempdir_in(parent)?;
    let many = Generated::new(directory.path().join("many"), number("STELLA_BENCH_CASES", 1000, 12))?;
    let few = Generated::new(directory.path().join("few"), number("STELLA_BENCH_SANDBOXES", 100, 4))?;

    println!("{JOBS} jobs, {rounds} rounds; times in ms, per case of the median");
    println!("{:<48} {:>6} {:>9} {:>9} {:>9} {:>9}", "", "cases", "median", "min", "max", "per case");
    report("in process: flow::ci::run", many.cases, &measure(rounds, || many.in_process())?);
    report("the program: stella ci", many.cases, &measure(rounds, || many.program(&[]))?);
    let what = format!("the program, a sandbox per case ({})", few.level()?);
    report(&what, few.cases, &measure(rounds, || few.program(&SANDBOXED))?);
    Ok(())
}

/// A generated repository with a place for its stores.
struct Generated {
    root: PathBuf,
    cases: usize,
}

impl Generated {
    fn new(root: PathBuf, cases: usize) -> Fallible<Self> {
        let generated = Self { root, cases };
        std::fs::create_dir_all(&generated.root)?;
        repository::generate(&generated.root, cases, &generated.context()?)?;
        // What has just been written must not be on its way to the disk while time is taken.
        Command::new("sync").status()?;
        check(&generated.run()?.0, cases)?;
        Ok(generated)
    }

    fn context(&self) -> Fallible<Context> {
        Ok(Context::open(Config::for_directory(&self.root)?, &self.store(), None, Vec::new())?)
    }

    fn store(&self) -> PathBuf {
        self.root.with_extension("store")
    }

    fn run(&self) -> Fallible<(RunResult, Duration)> {
        let context = self.context()?;
        let request = CiRequest {
            commit: None,
            base_subject: None,
            uncommitted: None,
            pinned: false,
            expects_candidate: false,
            only: Vec::new(),
            shard: None,
            jobs: JOBS,
            out_dir: None,
            gate: None,
            folders: None,
            base: None,
            without_base: None,
            approvals: Vec::new(),
            explain: None,
        };
        let started = Instant::now();
        let result = run::run(&context, &request, &mut [])?;
        Ok((result.0, started.elapsed()))
    }

    fn in_process(&self) -> Fallible<Duration> {
        let (result, took) = self.run()?;
        check(&result, self.cases)?;
        Ok(took)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stella"));
        command.args(["ci", "--jobs", &JOBS.to_string(), "--store"]).arg(self.store()).args(arguments);
        command.current_dir(&self.root).stderr(Stdio::null());
        command
    }

    /// From the start of the program to its end, as a shell sees it.
    fn program(&self, arguments: &[&str]) -> Fallible<Duration> {
        let mut command = self.command(arguments);
        let started = Instant::now();
        let status = command.stdout(Stdio::null()).status()?;
        let took = started.elapsed();
        // Zero means that every case matched.
        if status.success() { Ok(took) } else { Err(format!("`stella ci` ended with {status}").into()) }
    }

    /// The level of isolation that every sandboxed case reaches.
    fn level(&self) -> Fallible<String> {
        let output = self.command(&SANDBOXED).args(["--format", "json"]).output()?;
        let result: Value = serde_json::from_slice(&output.stdout)?;
        let replays = result["replays"].as_array().ok_or("a result without replays")?;
        let levels: BTreeSet<&str> =
            replays.iter().filter_map(|replay| replay["executor_env"]["isolation"].as_str()).collect();
        match Vec::from_iter(levels)[..] {
            [level] if replays.len() == self.cases => Ok(level.to_owned()),
            ref levels => Err(format!("{} cases at the levels {levels:?}", replays.len()).into()),
        }
    }
}

/// A run that is not what it should be is not worth timing.
fn check(result: &RunResult, cases: usize) -> Fallible<()> {
    if result.replays.len() != cases {
        return Err(format!("{} of {cases} cases were replayed", result.replays.len()).into());
    }
    for replay in &result.replays {
        if !matches!(replay.outcome, Outcome::Match { lucky: false }) {
            return Err(format!("`{}`: {:?}", replay.id, replay.outcome).into());
        }
        if !replay.executor.as_ref().is_some_and(|executor| executor.in_process) {
            return Err(format!("`{}` left this process", replay.id).into());
        }
    }
    Ok(())
}

/// One round to warm up, then the times of `rounds`, sorted.
fn measure(rounds: usize, one: impl Fn() -> Fallible<Duration>) -> Fallible<Vec<Duration>> {
    one()?;
    let mut times = (0..rounds).map(|_| one()).collect::<Fallible<Vec<_>>>()?;
    times.sort_unstable();
    Ok(times)
}

fn report(what: &str, cases: usize, sorted: &[Duration]) {
    let milliseconds = |at: usize| sorted.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
    let median = milliseconds(sorted.len() / 2);
    let (min, max) = (milliseconds(0), milliseconds(sorted.len() - 1));
    println!("{what:<48} {cases:>6} {median:>9.1} {min:>9.1} {max:>9.1} {:>9.3}", median / cases as f64);
}
