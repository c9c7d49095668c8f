//! What a sealed run costs beside the same command plain and in bubblewrap: start-up, and real scanners.
//!
//! The three take turns in one series, so that a machine that slows down slows all of them. Whole runs are timed, from
//! the call to the end of the command; of stella with everything on: clock, seed, processors, order, ledger. A word
//! after `--` times only the cases whose name has it.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use stella::model::result::Isolation;
use stella::sandbox::run::{Ending, run};
use stella::sandbox::sandbox_path::{FEED, INPUT};
use stella::sandbox::spec::{Clock, HostRoot, Mount, SandboxSpec};
use stella::sandbox::validated::{Argv, CpuCount};

mod cases;

use cases::Case;

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    // As a test: once each, nothing is measured.
    let quick = std::env::args().any(|argument| argument == "--test");
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let rounds = std::env::var("STELLA_BENCH_ROUNDS").ok().map(|rounds| rounds.parse()).transpose()?;
    let helper = Path::new(env!("CARGO_BIN_EXE_stella-sandbox"));
    let bwrap = Command::new("bwrap").arg("--version").output().is_ok();
    if !bwrap {
        println!("bubblewrap: skipped (not installed: Debian's package `bubblewrap`)");
    }
    let folder = tempfile::tempdir()?;
    println!("{:<20} {:<8} {:>9} {:>9} {:>9} {:>7}", "command", "how", "median", "least", "most", "ratio");
    for case in cases::cases(folder.path())? {
        if wanted.as_ref().is_none_or(|wanted| case.name.contains(wanted.as_str())) {
            measure(&case, helper, bwrap, if quick { 1 } else { rounds.unwrap_or(case.rounds) })?;
        }
    }
    Ok(())
}

fn measure(case: &Case, helper: &Path, bwrap: bool, rounds: usize) -> Fallible<()> {
    let outside = Filled::of(case, |path| path.display().to_string(), |path| path.display().to_string());
    let inside = Filled::of(case, |_| INPUT.as_str().to_owned(), |_| FEED.as_str().to_owned());
    let spec = spec(case, inside)?;
    let mut times: Vec<(&str, Vec<Duration>)> = vec![("plain", vec![]), ("bwrap", vec![]), ("stella", vec![])];
    // One round goes before, for what is read for the first time.
    for round in 0..=rounds {
        for (how, times) in &mut times {
            let begun = Instant::now();
            match *how {
                "plain" => spawn(&outside.argv, &outside.environment, case.exit_codes)?,
                "bwrap" if bwrap => spawn(&wrapped(&outside.argv), &outside.environment, case.exit_codes)?,
                "bwrap" => continue,
                _ => {
                    let finished = run(&spec, helper)?;
                    if finished.level != Isolation::Full {
                        return Err(format!("isolation {}: {:?}", finished.level.code(), finished.lost).into());
                    }
                    if !matches!(finished.ending, Ending::Code(code) if case.exit_codes.contains(&code)) {
                        let said = String::from_utf8_lossy(&finished.stderr).into_owned();
                        return Err(format!("{}: {:?}: {said}", case.name, finished.ending).into());
                    }
                }
            }
            if round > 0 {
                times.push(begun.elapsed());
            }
        }
    }
    let plain = median(&times[0].1);
    for (how, times) in times.iter().filter(|(_, times)| !times.is_empty()) {
        let (least, most) = (times.iter().min().copied(), times.iter().max().copied());
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{:<20} {how:<8} {:>6.2} ms {:>6.2} ms {:>6.2} ms {:>7.2}",
            case.name,
            ms(median(times)),
            ms(least.unwrap_or_default()),
            ms(most.unwrap_or_default()),
            median(times).as_secs_f64() / plain.as_secs_f64()
        );
    }
    // Round by round: what the machine does to one of them it does to the others.
    let [(_, plain), (_, bwrap), (_, stella)] = times.as_slice() else { return Ok(()) };
    let beside = |how: &str, other: &[Duration], what: &str, these: &[Duration]| {
        let mut ratios: Vec<f64> =
            other.iter().zip(these).map(|(other, this)| this.as_secs_f64() / other.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        if let Some(median) = ratios.get(ratios.len() / 2) {
            println!("{:<20} {what} / {how}, round by round: median {median:.2}", case.name);
        }
    };
    beside("plain", plain, "bwrap", bwrap);
    beside("plain", plain, "stella", stella);
    beside("bwrap", bwrap, "stella", stella);
    Ok(())
}

/// A case with the places of what it reads filled in.
struct Filled {
    argv: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Filled {
    fn of(case: &Case, input: impl Fn(&Path) -> String, feed: impl Fn(&Path) -> String) -> Self {
        let input = case.input.as_deref().map(input).unwrap_or_default();
        let feed = case.feed.as_deref().map(feed).unwrap_or_default();
        let fill = |word: &str| word.replace("{input}", &input).replace("{feed}", &feed);
        Self {
            argv: case.argv.iter().map(|word| fill(word)).collect(),
            environment: case.environment.iter().map(|(name, value)| (*name, fill(value))).collect(),
        }
    }
}

fn spec(case: &Case, filled: Filled) -> Fallible<SandboxSpec> {
    let mut spec = SandboxSpec::new(Argv::new(filled.argv)?, Clock::Frozen("2026-01-02T03:04:05Z".parse()?));
    spec.cpu_count = Some(CpuCount::nearest(2));
    for (host, inside) in [(&case.input, INPUT), (&case.feed, FEED)] {
        if let Some(host) = host {
            spec.mounts.add(Mount::read_only(host.canonicalize()?, inside)?)?;
        }
    }
    if let Some(root) = &case.root {
        spec.roots.push(HostRoot::try_from(root.display().to_string())?);
    }
    for (name, value) in filled.environment {
        spec.env.set(name, value)?;
    }
    Ok(spec)
}

fn wrapped(argv: &[String]) -> Vec<String> {
    // The machine's `/tmp` stays as it is: what the commands read may lie there.
    let bwrap =
        ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--tmpfs", "/run", "--proc", "/proc", "--dev", "/dev"];
    bwrap.iter().map(|word| (*word).to_owned()).chain(argv.iter().cloned()).collect()
}

fn spawn(argv: &[String], environment: &[(&str, String)], exit_codes: &[i32]) -> Fallible<()> {
    let (program, arguments) = argv.split_first().ok_or("no command")?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", "/tmp")
        // As in the sandbox: what a program does at its start depends on them.
        .envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC")])
        .envs(environment.iter().map(|(name, value)| (*name, value)));
    // Read and thrown away, as stella reads what it keeps.
    let output = command.output()?;
    match output.status.code() {
        Some(code) if exit_codes.contains(&code) => Ok(()),
        _ => Err(format!("{argv:?}: {:?}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into()),
    }
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
