//! What a sealed run costs beside the same command plain and in bubblewrap: start-up, and real scanners.
//!
//! The three take turns in one series, so that a machine that slows down slows all of them. Whole runs are timed, from
//! the call to the end of the command; of stella with everything on: clock, seed, processors, order, ledger.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use stella::model::result::Isolation;
use stella::sandbox::guest::INPUT;
use stella::sandbox::run::{Ending, run};
use stella::sandbox::setting::Argv;
use stella::sandbox::spec::{Clock, HostRoot, Mount, SandboxSpec};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// A command that is timed.
struct Case {
    name: &'static str,
    argv: Vec<String>,
    /// What it reads: the sandbox shows it at its own place, the others where it is.
    input: Option<PathBuf>,
    /// Where its program lives, where that is no folder of the system.
    root: Option<PathBuf>,
    rounds: usize,
    exit_codes: &'static [i32],
}

fn main() -> Fallible<()> {
    // As a test: once each, nothing is measured.
    let quick = std::env::args().any(|argument| argument == "--test");
    let helper = Path::new(env!("CARGO_BIN_EXE_stella-sandbox"));
    let bwrap = Command::new("bwrap").arg("--version").output().is_ok();
    if !bwrap {
        println!("bubblewrap: skipped (not installed: Debian's package `bubblewrap`)");
    }
    println!("{:<12} {:<8} {:>9} {:>9} {:>9} {:>7}", "command", "how", "median", "least", "most", "ratio");
    for case in cases()? {
        measure(&case, helper, bwrap, if quick { 1 } else { case.rounds })?;
    }
    Ok(())
}

fn cases() -> Fallible<Vec<Case>> {
    let own = |argv: &[&str]| argv.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut cases =
        vec![Case { name: "true", argv: own(&["/bin/true"]), input: None, root: None, rounds: 200, exit_codes: &[0] }];
    let parts = std::env::var_os("STELLA_REAL_PARTS")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/stella/real-parts")));
    let installed = |name: &str, program: &str| -> Option<(PathBuf, PathBuf)> {
        let entries = parts.as_ref()?.read_dir().ok()?.flatten();
        let folder = entries.map(|entry| entry.path()).find(|path| {
            path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}-")))
        })?;
        let program = folder.join(program);
        program.exists().then_some((folder, program))
    };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, program, flags, input) in [
        ("bandit", "bin/bandit", &["-q", "-r", "-f", "json"][..], PathBuf::new()),
        ("zizmor", "bin/zizmor", &["--offline", "--format", "json"], repository.join("tests/data/scanners/workflows")),
        ("osv-scanner", "bin/osv-scanner", &["--help"], repository.join("docs")),
    ] {
        let Some((folder, path)) = installed(name, program) else {
            println!("{name}: skipped (not installed: `make real-parts`)");
            continue;
        };
        // Bandit reads bandit.
        let input = if name == "bandit" { own_source(&folder).ok_or("no source of bandit")? } else { input };
        let mut argv = vec![path.display().to_string()];
        argv.extend(own(flags));
        if !flags.contains(&"--help") {
            argv.push("{input}".to_owned());
        }
        cases.push(Case {
            name,
            argv,
            input: Some(input),
            root: Some(folder),
            rounds: 15,
            exit_codes: &[0, 1, 11, 12, 13, 14],
        });
    }
    Ok(cases)
}

/// The package of bandit in its environment.
fn own_source(folder: &Path) -> Option<PathBuf> {
    let mut versions = folder.join("lib").read_dir().ok()?.flatten();
    versions.find_map(|entry| {
        let source = entry.path().join("site-packages/bandit/core");
        source.is_dir().then_some(source)
    })
}

fn measure(case: &Case, helper: &Path, bwrap: bool, rounds: usize) -> Fallible<()> {
    let input = case.input.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let filled = |input: &str| case.argv.iter().map(|word| word.replace("{input}", input)).collect::<Vec<_>>();
    let outside = filled(&input);
    let spec = spec(case, filled(INPUT.as_str()))?;
    let mut times: Vec<(&str, Vec<Duration>)> = vec![("plain", vec![]), ("bwrap", vec![]), ("stella", vec![])];
    // One round goes before, for what is read for the first time.
    for round in 0..=rounds {
        for (how, times) in &mut times {
            let begun = Instant::now();
            match *how {
                "plain" => spawn(&outside, case.exit_codes)?,
                "bwrap" if bwrap => spawn(&wrapped(&outside), case.exit_codes)?,
                "bwrap" => continue,
                _ => {
                    let finished = run(&spec, helper)?;
                    if finished.level != Isolation::Full {
                        return Err(format!("isolation {}: {:?}", finished.level.code(), finished.lost).into());
                    }
                    if !matches!(finished.ending, Ending::Code(code) if case.exit_codes.contains(&code)) {
                        return Err(format!("{}: {:?}", case.name, finished.ending).into());
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
            "{:<12} {how:<8} {:>6.2} ms {:>6.2} ms {:>6.2} ms {:>7.2}",
            case.name,
            ms(median(times)),
            ms(least.unwrap_or_default()),
            ms(most.unwrap_or_default()),
            median(times).as_secs_f64() / plain.as_secs_f64()
        );
    }
    if let [_, (_, bwrap), (_, stella)] = times.as_slice()
        && !bwrap.is_empty()
    {
        // Pair by pair: what the machine does to one of a pair it does to the other.
        let mut ratios: Vec<f64> =
            bwrap.iter().zip(stella).map(|(bwrap, stella)| stella.as_secs_f64() / bwrap.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        println!("{:<12} stella / bwrap, pair by pair: median {:.2}", case.name, ratios[ratios.len() / 2]);
    }
    Ok(())
}

fn spec(case: &Case, argv: Vec<String>) -> Fallible<SandboxSpec> {
    let mut spec = SandboxSpec::new(Argv::new(argv)?, Clock::Frozen("2026-01-02T03:04:05Z".parse()?));
    spec.cpu_count = Some(2);
    if let Some(input) = &case.input {
        spec.mounts.add(Mount::read_only(input.canonicalize()?, INPUT)?)?;
    }
    if let Some(root) = &case.root {
        spec.roots.push(HostRoot::try_from(root.display().to_string())?);
    }
    Ok(spec)
}

fn wrapped(argv: &[String]) -> Vec<String> {
    let bwrap =
        ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev"];
    bwrap.iter().map(|word| (*word).to_owned()).chain(argv.iter().cloned()).collect()
}

fn spawn(argv: &[String], exit_codes: &[i32]) -> Fallible<()> {
    let (program, arguments) = argv.split_first().ok_or("no command")?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", "/tmp");
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
