//! Large documents, whole processes: `stella canonicalize` and `stella diff` beside their peers, in one run.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `STELLA_BENCH_COMPONENTS` | components of the inventories | 100000 |
//! | `STELLA_BENCH_ROUNDS` | how often each figure is taken | 7 |
//!
//! `cargo bench --bench documents -- diff` runs that part alone; the other is called `canonicalize`.
//!
//! The peers take turns within a round. Peak memory and processor time are those that GNU time tells. What is not
//! installed is skipped by name: jq, GNU time, sbomdiff.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod generate;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use stella::model::digest::Digest;

type Fallible<T> = Result<T, Box<dyn Error>>;

const TIME: &str = "/usr/bin/time";

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, file] = &arguments[..]
        && flag == "--peer"
    {
        return peer(Path::new(file));
    }
    // `cargo bench -- --test` asks whether it works, not how fast it is.
    let trial = arguments.iter().any(|argument| argument == "--test");
    let number = |name: &str, usual: usize, in_trial: usize| {
        let given = std::env::var(name).ok().and_then(|text| text.parse().ok());
        if trial { in_trial } else { given.unwrap_or(usual) }
    };
    let components = number("STELLA_BENCH_COMPONENTS", 100_000, 500);
    let rounds = number("STELLA_BENCH_ROUNDS", 7, 1);
    let directory = tempfile::tempdir()?;
    let bench = Bench { directory: directory.path(), rounds };
    let is_asked = |part: &str| {
        let other = ["canonicalize", "diff"].into_iter().filter(|other| *other != part);
        !other.into_iter().any(|other| arguments.iter().any(|argument| argument == other))
    };
    if is_asked("canonicalize") {
        bench.canonicalize(components)?;
    }
    if is_asked("diff") { bench.diff(components) } else { Ok(()) }
}

/// serde_json_canonicalizer behind serde_json, in a process of its own.
fn peer(file: &Path) -> Fallible<()> {
    let value: serde_json::Value = serde_json::from_slice(&std::fs::read(file)?)?;
    println!("{}  {}", Digest::of(&serde_json_canonicalizer::to_vec(&value)?), file.display());
    Ok(())
}

struct Bench<'d> {
    directory: &'d Path,
    rounds: usize,
}

/// What one process took.
#[derive(Clone, Copy)]
struct Taken {
    wall: f64,
    processor: f64,
    peak: f64,
}

struct Contender {
    name: &'static str,
    command: Vec<String>,
    /// The exit code that is right.
    code: i32,
}

fn contender(name: &'static str, command: &[&str]) -> Contender {
    Contender { name, command: command.iter().map(|part| (*part).to_owned()).collect(), code: 0 }
}

fn is_installed(program: &str) -> bool {
    let found = Command::new("/bin/sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

impl Bench<'_> {
    fn canonicalize(&self, components: usize) -> Fallible<()> {
        let sbom = generate::cyclonedx(components, 1, None);
        let size = sbom.len();
        let documents = [
            ("CycloneDX", generate::pretty(&sbom), "pretty-printed"),
            ("hard", generate::hard(size), "escapes, floats, nesting"),
            ("floats", generate::floats(size / 20), "17 digits each"),
            ("wide", generate::wide(components * 10, false), "unsorted members in the root object"),
            ("wide, nested", generate::wide(components * 10, true), "unsorted members in one object"),
            // serde_json reads no more than 128 levels.
            ("deep", generate::deep(120, size / 10), "unsorted objects around one string"),
            ("CycloneDX", sbom, "compact"),
        ];
        let stella = env!("CARGO_BIN_EXE_stella");
        let own = std::env::current_exe()?.display().to_string();
        for (name, text, what) in documents.iter().rev() {
            let file = self.write("document.json", text)?;
            let file = file.display().to_string();
            println!("\n{name}, {what}: {:.1} MB\n", text.len() as f64 / 1e6);
            let jq = format!("jq -cS . {file} | sha256sum");
            let mut contenders = vec![
                contender("serde_json_canonicalizer", &[&own, "--peer", &file]),
                contender("stella, RFC 8785", &[stella, "canonicalize", "--hash", "--profile", "none", &file]),
                contender("stella, its profile", &[stella, "canonicalize", "--hash", "--profile", "cyclonedx", &file]),
            ];
            if is_installed("jq") {
                contenders.push(contender("jq -cS, sha256sum", &["/bin/sh", "-c", &jq]));
            } else {
                println!("skipped: jq (not installed: apt-get install jq)");
            }
            let digests: Vec<String> = contenders.iter().take(2).map(digest).collect::<Fallible<_>>()?;
            assert_eq!(digests[0], digests[1], "{name}: the two do not agree");
            self.race(&contenders)?;
        }
        Ok(())
    }

    fn diff(&self, components: usize) -> Fallible<()> {
        let before = self.write("before.json", &generate::cyclonedx(components, 1, None))?.display().to_string();
        let after = self.write("after.json", &generate::cyclonedx(components, 2, Some(1000)))?.display().to_string();
        println!("\ndifference of two inventories of {components} components, shuffled, 0.1 % changed\n");
        let stella = env!("CARGO_BIN_EXE_stella");
        let own = |name, more: &[&str]| Contender {
            code: 1,
            ..contender(name, &[&[stella, "diff", "--a", &before, "--b", &after], more].concat())
        };
        let mut contenders = Vec::new();
        if is_installed("sbomdiff") {
            contenders.push(Contender { code: 1, ..contender("sbomdiff", &["sbomdiff", &before, &after]) });
        } else {
            println!("skipped: sbomdiff (not installed: pip install sbomdiff==0.6.0)");
        }
        contenders.push(own("stella diff --mode sf", &["--mode", "sf"]));
        contenders.push(own("stella diff", &[]));
        let told = Command::new(stella).args(["diff", "--a", &before, "--b", &after]).output()?;
        let told = String::from_utf8(told.stdout)?;
        let changed = components.div_ceil(1000);
        assert!(told.contains(&format!("differs: {changed} package")), "not what was changed:\n{told}");
        self.race(&contenders)
    }

    fn write(&self, name: &str, text: &str) -> Fallible<PathBuf> {
        let file = self.directory.join(name);
        std::fs::write(&file, text)?;
        Ok(file)
    }

    /// Lets the contenders take turns; ratios are to the first.
    fn race(&self, contenders: &[Contender]) -> Fallible<()> {
        let mut taken: Vec<Vec<Taken>> = contenders.iter().map(|_| Vec::new()).collect();
        for _ in 0..self.rounds {
            for (contender, taken) in contenders.iter().zip(&mut taken) {
                taken.push(self.run(contender)?);
            }
        }
        println!("| | wall ms: median | min | CPU ms: median | peak MiB | wall ratio | CPU ratio |");
        println!("|---|---:|---:|---:|---:|---:|---:|");
        for (contender, own) in contenders.iter().zip(&taken) {
            let ratio = |figure: fn(&Taken) -> f64| {
                median(taken[0].iter().zip(own).map(|(first, own)| figure(first) / figure(own)).collect())
            };
            let middle = |figure: fn(&Taken) -> f64| median(own.iter().map(figure).collect());
            let least = own.iter().map(|taken| taken.wall).fold(f64::INFINITY, f64::min);
            println!(
                "| {} | {:.0} | {least:.0} | {:.0} | {:.0} | {:.1} | {:.1} |",
                contender.name,
                middle(|taken| taken.wall),
                middle(|taken| taken.processor),
                middle(|taken| taken.peak),
                ratio(|taken| taken.wall),
                ratio(|taken| taken.processor),
            );
        }
        Ok(())
    }

    fn run(&self, contender: &Contender) -> Fallible<Taken> {
        let figures = self.directory.join("figures");
        let measured = Path::new(TIME).exists();
        let mut command = Command::new(if measured { TIME } else { &contender.command[0] });
        if measured {
            command.args(["--quiet", "-f", "%U %S %M", "-o"]).arg(&figures).arg(&contender.command[0]);
        }
        let start = Instant::now();
        let status = command.args(&contender.command[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        let wall = start.elapsed().as_secs_f64() * 1e3;
        if status.code() != Some(contender.code) {
            return Err(format!("{}: {status}", contender.name).into());
        }
        let text = if measured { std::fs::read_to_string(&figures)? } else { String::new() };
        let mut parts = text.split_whitespace().map(|part| part.parse().unwrap_or(f64::NAN));
        let mut next = || parts.next().unwrap_or(f64::NAN);
        let processor = (next() + next()) * 1e3;
        Ok(Taken { wall, processor, peak: next() / 1024.0 })
    }
}

/// The first word of what a contender prints.
fn digest(contender: &Contender) -> Fallible<String> {
    let output = Command::new(&contender.command[0]).args(&contender.command[1..]).output()?;
    Ok(String::from_utf8(output.stdout)?.split_whitespace().next().unwrap_or_default().to_owned())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
