//! `stella demo`: see it work, on real data, in a few seconds.

mod files;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::error::CliResult;
use crate::cli::terminal::output;
use crate::host::fs;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::exit::Exit;
use crate::model::text::command_line;

/// Record a real scan, replay it, let its feed drift, and see why
///
/// Writes into one directory only and needs no network. Every step is an ordinary command, shown before it runs.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where to work; everything stays there to be looked at
    #[arg(long, value_name = "DIR", default_value = "stella-demo")]
    dir: PathBuf,
}

/// One step: what it shows, the command, and how it must end.
struct Step {
    title: &'static str,
    arguments: Vec<String>,
    expected: Exit,
    meaning: &'static str,
}

/// Why the demonstration stops.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error("`{}` exists and is not a demonstration", .0.display())]
    NotOurs(PathBuf),
    #[error("step {number} ended with exit code {exit}, expected {expected}")]
    Step { number: usize, exit: u8, expected: u8 },
    #[error("a step is not a command")]
    Command(#[from] clap::Error),
}

impl Diagnostic for DemoError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NotOurs(_) => FailureKind::Usage,
            Self::Step { .. } | Self::Command(_) => FailureKind::Infrastructure,
        }
    }

    fn hint(&self) -> Option<Hint> {
        matches!(self, Self::NotOurs(_)).then(|| "name another directory with `--dir DIR`".into())
    }
}

/// Runs the steps, each by `run_words` as the command line would.
pub fn run(args: DemoArgs, run_words: impl Fn(&[String]) -> Result<CliResult, clap::Error>) -> CliResult {
    if args.dir.exists() && !is_ours(&args.dir) {
        return Err(DemoError::NotOurs(args.dir).into());
    }
    fs::ensure_dir(&args.dir)?;
    fs::write_atomic(&args.dir.join(MARK), b"made by `stella demo`; may be deleted\n")?;
    let scene = files::lay_out(&args.dir)?;
    for (i, step) in steps(&args.dir, &scene).iter().enumerate() {
        output::data(&format!("\n{}. {}\n$ stella {}\n\n", i + 1, step.title, command_line::line(&step.arguments)));
        let exit = run_words(&step.arguments).map_err(DemoError::from)??;
        if exit != step.expected.into() {
            return Err(DemoError::Step { number: i + 1, exit: exit.0, expected: step.expected.code() }.into());
        }
        output::data(&format!("\n→ exit code {}: {}\n", exit.0, step.meaning));
    }
    output::data(&format!(
        "\nEverything is in {0}/. Next: `stella init` in a repository of yours, or put `stella scan --as-is … --` in front of a \
         scanner that you run already.\n",
        args.dir.display()
    ));
    Ok(Exit::Passed.into())
}

const MARK: &str = ".stella-demo";

fn is_ours(directory: &Path) -> bool {
    directory.join(MARK).exists()
}

fn steps(root: &Path, scene: &files::Scene) -> Vec<Step> {
    let at = |path: &Path| path.display().to_string();
    let in_root = |name: &str| at(&root.join(name));
    let words = |text: &str, more: &[(&str, String)]| -> Vec<String> {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        for (flag, value) in more {
            words.extend([(*flag).to_owned(), value.clone()]);
        }
        words
    };
    let store = ("--store", in_root("store"));
    let manifest = in_root("canaries/express/manifest.json");
    vec![
        Step {
            title: "Record a scan: a real lockfile against the advisories of New Year 2022.",
            arguments: words(
                "scan",
                &[
                    ("--input", at(&scene.lockfile)),
                    ("--feed", at(&scene.feed)),
                    ("--clock", "2022-01-01T00:00:00Z".to_owned()),
                    ("--emit-manifest", manifest.clone()),
                    ("--emit-artifacts-dir", in_root("canaries/express/expected")),
                    store.clone(),
                ],
            ),
            expected: Exit::Passed,
            meaning: "everything the scan depended on is kept by digest",
        },
        Step {
            title: "Replay it from its manifest alone: is it the same, bit for bit?",
            arguments: words(
                "replay",
                &[("--from", manifest.clone()), ("--out-dir", in_root("replay")), store.clone()],
            ),
            expected: Exit::Passed,
            meaning: "bitwise fidelity: the scan is repeatable",
        },
        Step {
            title: "Three months later the feed has moved on. What does the same scan say now, and why?",
            arguments: words(
                "replay",
                &[
                    ("--from", manifest.clone()),
                    ("--with", format!("feed={}", at(&scene.feed_later))),
                    ("--out-dir", in_root("drift")),
                    store.clone(),
                ],
            ),
            expected: Exit::Failed,
            meaning: "a drift, its cause, and every finding that flipped",
        },
        Step {
            title: "A repository whose pull request brings that feed: its pipeline stops here, with a report.",
            arguments: words(
                "ci",
                &[
                    ("--config", at(&scene.config)),
                    ("--junit", in_root("report/junit.xml")),
                    ("--summary", in_root("report/summary.md")),
                    ("--result", in_root("report/result.json")),
                    store.clone(),
                ],
            ),
            expected: Exit::Failed,
            meaning: "the gate is red, and says why",
        },
        Step {
            title: "Two things moved on, the feed and the date. Which of them is it? Swap one at a time and see.",
            arguments: words(
                "explain",
                &[
                    ("--from", manifest),
                    ("--with", format!("feed={}", at(&scene.feed_later))),
                    ("--with", "clock=2022-04-01T00:00:00Z".to_owned()),
                    store,
                ],
            ),
            expected: Exit::Failed,
            meaning: "the feed is to blame for each finding, and the date for none: proved, not guessed",
        },
    ]
}
