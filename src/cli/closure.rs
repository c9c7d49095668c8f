//! `stella closure`: look at the closure of a recording, hold two against each other, write one out as a folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::{Format, GlobalArgs, IsolationArgs};
use crate::cli::error::CliResult;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::closure::difference::{Change, Part, difference, parts};
use crate::closure::listing::Totals;
use crate::closure::packages::Package;
use crate::flow::record::closure::{ClosureOf, of_recording};
use crate::model::exit::Exit;
use crate::report::count::counted;
use crate::report::untrusted;
use crate::wire::v1::closure::{
    ClosureDiffSchema, ClosureDiffV1, ClosureFileChangeV1, ClosurePartV1, ClosureSchema, ClosureV1,
};

/// Look at closures of recordings: all that a scanner read of its machine
#[derive(Debug, Subcommand)]
pub enum ClosureCommand {
    /// Show how much a closure holds, of the scanner and of the system that it ran on
    Show(ShowArgs),
    /// Show in which files two closures differ
    ///
    /// Exits with 1 when they differ.
    Diff(DiffArgs),
    /// Write a closure out as a folder: its files, and empty ones for those of which there is no content
    Export(ExportArgs),
}

/// Whose closure.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The manifest of the recording
    #[arg(value_name = "MANIFEST.json")]
    manifest: PathBuf,
}

/// Two closures.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The manifest of one recording
    #[arg(value_name = "MANIFEST.json")]
    one: PathBuf,
    /// The manifest of the other
    #[arg(value_name = "OTHER.json")]
    other: PathBuf,
}

/// A closure and where it goes.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The manifest of the recording
    #[arg(value_name = "MANIFEST.json")]
    manifest: PathBuf,
    /// The folder to write, which is not there yet
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub fn run(global: &GlobalArgs, command: ClosureCommand) -> CliResult {
    let context = setup::context(global, &IsolationArgs::default())?;
    match command {
        ClosureCommand::Show(args) => {
            let closure = of_recording(&args.manifest, &context)?;
            show(global, &closure);
            Ok(Exit::Passed.into())
        }
        ClosureCommand::Diff(args) => {
            let (one, other) = (of_recording(&args.one, &context)?, of_recording(&args.other, &context)?);
            Ok(diff(global, &one, &other).into())
        }
        ClosureCommand::Export(args) => {
            let closure = of_recording(&args.manifest, &context)?;
            closure.export(&args.dir, &context)?;
            output::data_line(&format!("closure {} in {}", closure.digest, args.dir.display()));
            Ok(Exit::Passed.into())
        }
    }
}

fn part_name(part: Part) -> &'static str {
    match part {
        Part::Scanner => "scanner",
        Part::Runtime => "runtime",
    }
}

fn in_words(totals: &Totals) -> String {
    format!(
        "{} with {} bytes, {} without content",
        counted(totals.files, "file", "files"),
        totals.bytes,
        totals.without_content
    )
}

fn show(global: &GlobalArgs, closure: &ClosureOf) {
    let of_parts = parts(&closure.listing);
    match global.format {
        Format::Json => {
            let part = |part: Part| {
                let totals = of_parts.get(&part).copied().unwrap_or_default();
                let Totals { files, bytes, without_content, folders, links } = totals;
                ClosurePartV1 { files, bytes, without_content, folders, links }
            };
            output::json(&ClosureV1 {
                schema: ClosureSchema,
                digest: closure.digest,
                program: closure.listing.scanner().to_owned(),
                scanner: part(Part::Scanner),
                runtime: part(Part::Runtime),
            });
        }
        Format::Text => {
            output::data_line(&format!("closure {}", closure.digest));
            output::data_line(&format!("program {}", untrusted::visible(closure.listing.scanner())));
            for (part, totals) in of_parts {
                output::data_line(&format!("{} {}", part_name(part), in_words(&totals)));
            }
        }
    }
}

fn package_in_words(package: &Package) -> String {
    match &package.version {
        Some(version) => format!("{} {version}", package.name),
        None => package.name.clone(),
    }
}

/// How many files of each package differ.
fn of_packages(changes: &[Change]) -> BTreeMap<String, u64> {
    let mut packages = BTreeMap::new();
    for package in changes.iter().filter_map(|change| change.package.as_ref()) {
        *packages.entry(package_in_words(package)).or_default() += 1;
    }
    packages
}

fn diff(global: &GlobalArgs, one: &ClosureOf, other: &ClosureOf) -> Exit {
    let changes = difference(&one.listing, &other.listing);
    let same = one.digest == other.digest;
    match global.format {
        Format::Json => {
            let changes = changes.iter().map(|change| ClosureFileChangeV1 {
                path: change.path.clone(),
                part: part_name(change.part).to_owned(),
                change: change.kind.code().to_owned(),
                package: change.package.as_ref().map(package_in_words),
            });
            output::json(&ClosureDiffV1 {
                schema: ClosureDiffSchema,
                one: one.digest,
                other: other.digest,
                same,
                changes: changes.collect(),
            });
        }
        Format::Text => {
            for change in &changes {
                let path = untrusted::visible(&change.path);
                output::data_line(&format!("{} {} {path}", part_name(change.part), change.kind.code()));
            }
            for (package, files) in of_packages(&changes) {
                output::data_line(&format!(
                    "package {}: {}",
                    untrusted::visible(&package),
                    counted(files, "file", "files")
                ));
            }
            let words = if same { "the same" } else { "not the same" };
            output::data_line(&format!("{words}: {}", counted(changes.len() as u64, "difference", "differences")));
        }
    }
    if same { Exit::Passed } else { Exit::Failed }
}
