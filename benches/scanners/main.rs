//! How well real scanners repeat: records each, replays it five times with something around it changed, and writes the
//! table of `docs/scanners.md`.
//!
//! Everything goes through the program as a user runs it. A scanner that is not installed has no row; `make real-parts`
//! installs them. Absent: time. How long a scanner takes is not what is measured.

#![expect(clippy::print_stdout, reason = "progress is what it says while it runs")]
#![expect(clippy::unwrap_used, reason = "shared with the tests")]

#[path = "../../tests/it/real/parts.rs"]
mod parts;
#[expect(dead_code, reason = "what tests ask beyond this")]
#[path = "../../tests/it/real/scans.rs"]
mod scans;
mod table;
#[path = "../../tests/it/real/zip.rs"]
mod zip;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::scans::{SCANS, Scan};
use crate::table::Row;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// What is changed around a replay.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variation {
    Nothing,
    ZoneAndLocale,
    HostAndProcessors,
    Clock,
    Path,
}

const ROUNDS: [Variation; 5] =
    [Variation::Nothing, Variation::ZoneAndLocale, Variation::HostAndProcessors, Variation::Clock, Variation::Path];

fn main() -> Fallible<()> {
    let mut rows = Vec::new();
    for scan in &SCANS {
        let program = match parts::program(scan.part) {
            Ok(program) => program,
            Err(why) => {
                println!("skipped {}: {why}", scan.adapter);
                continue;
            }
        };
        for output in scan.output.split(',') {
            let row = measure(&Scan { output, ..*scan }, &program)?;
            println!("{}", row.line());
            rows.push(row);
        }
    }
    table::write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scanners.md"), &rows)
}

fn measure(scan: &Scan, program: &Path) -> Fallible<Row> {
    let world = tempfile::tempdir()?;
    let here = world.path().canonicalize()?;
    let (checkout, elsewhere) = (here.join("checkout"), here.join("other place/of the same"));
    for folder in [&checkout, &elsewhere] {
        fs::create_dir_all(folder)?;
        scans::write(folder)?;
    }
    let mut words = scan.arguments(program, &checkout);
    words.extend(["--emit-artifacts-dir", "recorded", "--format", "json"].map(str::to_owned));
    stella(&here, &here, &[], &words, 0)?;
    let manifest: Value = serde_json::from_slice(&fs::read(here.join("MANIFEST.json"))?)?;
    let mut row = Row::new(scan.adapter, scan.output, text(&manifest["scanner"]["scanner_version"]));
    for (at, around) in ROUNDS.into_iter().enumerate() {
        replay(scan, around, &manifest, &here.join(format!("round-{at}")), (&here, &elsewhere), &mut row)?;
    }
    Ok(row)
}

/// One replay, counted in `row`.
fn replay(
    scan: &Scan,
    around: Variation,
    manifest: &Value,
    folder: &Path,
    (here, elsewhere): (&Path, &Path),
    row: &mut Row,
) -> Fallible<()> {
    fs::create_dir(folder)?;
    let mut manifest = manifest.clone();
    let environment = &mut manifest["environment"];
    match around {
        Variation::ZoneAndLocale => {
            environment["tz"] = json!("Asia/Tokyo");
            environment["locale"] = json!("C.UTF-8");
        }
        Variation::Clock => environment["clock_value"] = json!("2031-07-08T09:10:11Z"),
        Variation::Nothing | Variation::HostAndProcessors | Variation::Path => {}
    }
    let roots = environment["roots"].as_array().cloned().unwrap_or_default();
    fs::write(folder.join("MANIFEST.json"), manifest.to_string())?;
    let mut words =
        ["replay", "--from", "MANIFEST.json", "--out-dir", "out", "--format", "json"].map(str::to_owned).to_vec();
    words.extend(roots.iter().flat_map(|root| ["--ro".to_owned(), text(root)]));
    let mut outside: Vec<&str> = Vec::new();
    match around {
        Variation::Path => {
            words.extend(["--with".to_owned(), format!("input={}", elsewhere.join(scan.input).display())])
        }
        // What the machine is called and how many processors may be used, for all that follows.
        Variation::HostAndProcessors if can_be_another_host() => {
            outside.extend([
                "unshare",
                "--uts",
                "--",
                "sh",
                "-c",
                "hostname another && exec taskset -c 0 \"$@\"",
                "sh",
            ]);
        }
        _ => {}
    }
    let printed = stella(folder, here, &outside, &words, 1)?;
    let result: Value = serde_json::from_slice(&printed)?;
    let replayed = &result["replays"][0];
    row.level = text(&replayed["executor_env"]["isolation"]);
    row.count(replayed, is_same(&here.join("recorded"), &folder.join("out"))?);
    Ok(())
}

/// Whether every artifact has the same bytes, before any profile.
fn is_same(recorded: &Path, replayed: &Path) -> Fallible<bool> {
    for entry in fs::read_dir(recorded)? {
        let entry = entry?;
        // Folders hold what was noted beside the artifacts.
        if entry.file_type()?.is_dir() {
            continue;
        }
        let path = entry.path();
        let other = replayed.join(path.file_name().unwrap_or_default());
        if fs::read(&path)? != fs::read(&other).unwrap_or_default() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn can_be_another_host() -> bool {
    let probe =
        Command::new("unshare").args(["--uts", "--", "sh", "-c", "hostname another && taskset -c 0 true"]).output();
    probe.is_ok_and(|output| output.status.success())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Runs the program in `folder`, with nothing of the caller's environment; what it prints, where it ends with at most `worst`.
fn stella(folder: &Path, home: &Path, outside: &[&str], words: &[String], worst: i32) -> Fallible<Vec<u8>> {
    let program = [env!("CARGO_BIN_EXE_stella")];
    let mut all = outside.iter().copied().chain(program).chain(words.iter().map(String::as_str));
    let mut command = Command::new(all.next().unwrap_or_default());
    command.args(all).current_dir(folder).env_clear();
    command.env("HOME", home).env("PATH", "/usr/local/bin:/usr/bin:/bin");
    let output = command.output()?;
    let code = output.status.code();
    if code.is_some_and(|code| code <= worst) {
        return Ok(output.stdout);
    }
    Err(format!("{command:?} ended with {code:?}:\n{}", String::from_utf8_lossy(&output.stderr)).into())
}
