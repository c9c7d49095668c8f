//! `stella accept`: approve exactly what a change changes.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;

use crate::cli::args::{Format, GlobalArgs, IsolationArgs};
use crate::cli::base::BaseArgs;
use crate::cli::error::CliResult;
use crate::cli::setup;
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::{self, output};
use crate::config::approvals;
use crate::flow::suite::accept::{self, AcceptRequest, Done, Entry};
use crate::host::fs::{self, Writing};
use crate::host::machine;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::{Digest, DigestError};
use crate::model::exit::Exit;
use crate::model::outcome::Outcome;
use crate::report::{accept_phrases, untrusted};
use crate::wire::v1::commands::AcceptV1;

/// Approve what a change changes: differences of replays, recordings, and rules
///
/// Replays as `stella ci --gate pr` does, and shows what is not approved and why. With --reason it writes an entry for each change to
/// approvals.yaml: that change, from what it was to what it is, and no other. docs/gates.md says from when an approval counts.
#[derive(Debug, Args)]
pub struct AcceptArgs {
    /// Only changes of these cases and canaries [default: all, rules included]
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Only if the changes that are open are exactly those that a report named
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    exactly: Option<Digest>,
    /// Why the change is right; without it nothing is written
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who answers for it [default: the user of this machine]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// The last day on which the approval counts, e.g. 2026-12-31 [default: 90 days from now]
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// Record what differs anew, too, by running it with what this checkout builds
    #[arg(long, requires = "reason")]
    update: bool,
    /// Record every canary anew that what this checkout builds leaves canonically the same; that needs no approval
    #[arg(long)]
    all_equal: bool,
    /// Write what would be edited as a patch for `git apply`, to a file or to standard output (-); nothing of the checkout is changed
    #[arg(long, value_name = "FILE", requires = "reason")]
    patch: Option<PathBuf>,
    #[command(flatten)]
    base: BaseArgs,
    #[command(flatten)]
    isolation: IsolationArgs,
}

/// A digest, with or without the name of its algorithm.
fn digest(text: &str) -> Result<Digest, DigestError> {
    if text.contains(':') { text.parse() } else { format!("sha256:{text}").parse() }
}

/// Where entries are written that are not written into the checkout.
const PATCH: &str = "the patch";

/// Nobody answers for an entry.
#[derive(Debug, thiserror::Error)]
#[error("who answers for it? neither USER nor LOGNAME is set, and this machine does not know its user")]
struct Nobody;

impl Diagnostic for Nobody {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some("name them with `--by WHO`".into())
    }
}

pub fn run(global: &GlobalArgs, args: &AcceptArgs) -> CliResult {
    let to_stdout = args.patch.as_deref() == Some(Path::new("-"));
    if let Some(file) = args.patch.as_deref().filter(|_| !to_stdout) {
        fs::check_output(file, Writing::Anew)?;
    }
    let own = setup::context(global, &args.isolation)?;
    let base = args.base.prepare(&own)?;
    let told = |name: &&str| std::env::var(name).ok().filter(|name| !name.is_empty());
    let user = || ["USER", "LOGNAME"].iter().find_map(told).or_else(machine::user);
    let entry = match &args.reason {
        None => None,
        Some(reason) => {
            let by = args.by.clone().or_else(user).ok_or(Nobody)?;
            Some(Entry { reason: reason.clone(), by, until: args.until })
        }
    };
    let request = AcceptRequest {
        ids: args.ids.clone(),
        exactly: args.exactly,
        entry,
        update: args.update,
        all_equal: args.all_equal,
        as_patch: args.patch.is_some(),
    };
    let Done { accepted, patch } = accept::accept(&own, base.as_ref(), &request, &mut [&mut Progress::new()])?;
    match global.format {
        // Standard output is the patch's.
        Format::Text if to_stdout => {
            let lines = accept_phrases::lines(&accepted, PATCH);
            output::talk_lines(&lines.iter().map(|line| untrusted::log_line(line) + "\n").collect::<String>());
        }
        Format::Json => output::json(&AcceptV1::from(&accepted)),
        Format::Text => {
            let file = if args.patch.is_some() { PATCH } else { approvals::FILE_NAME };
            let lines = accept_phrases::lines(&accepted, file);
            let style = terminal::style();
            // A command is one line, whatever its width: it is pasted.
            let fit = |line: &String| {
                let shown = untrusted::log_line(line);
                if shown.starts_with("  stella ") { shown } else { style.fit(shown) }
            };
            lines.iter().for_each(|line| output::data(&(fit(line) + "\n")));
        }
    }
    if let (Some(file), Some(patch)) = (&args.patch, patch) {
        if to_stdout {
            output::bytes(&patch);
        } else {
            fs::write_output(file, &patch)?;
        }
    }
    let is_all = accepted.flaky.is_empty() && accepted.refused.is_empty();
    // Beside a change of how something is run, it may be what that change is about.
    let unjudged = accepted.unjudged().filter(|_| accepted.chosen.is_empty()).map(|replay| match replay.outcome {
        Outcome::Infra { .. } => Exit::Infrastructure,
        _ => Exit::Inconclusive,
    });
    let exits: Vec<Exit> = unjudged.chain((!is_all).then_some(Exit::Failed)).collect();
    let strongest = Exit::BY_PRECEDENCE.into_iter().find(|exit| exits.contains(exit));
    Ok(strongest.unwrap_or(Exit::Passed).into())
}
