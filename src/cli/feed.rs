//! `stella feed`: build, verify and bisect feed bundles.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::bundle::feed::FeedBundle;
use crate::cli::args::{Format, GlobalArgs, IsolationArgs};
use crate::cli::error::CliResult;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::flow::experiment::bisect;
use crate::flow::replay::prepare::ReplayRequest;
use crate::job::manifest_file;
use crate::model::digest::Digest;
use crate::model::exit::Exit;
use crate::model::parameter::Operation;
use crate::model::text::command_line;
use crate::report::text::{self, Style};
use crate::report::untrusted;
use crate::wire::v1::commands::{FeedBundleInfoSchema, FeedBundleInfoV1};
use crate::wire::v1::feed_bisect::FeedBisectV1;
use crate::workspace::feed_bundle;

/// Build, verify and bisect feed bundles
#[derive(Debug, Subcommand)]
pub enum FeedCommand {
    /// Pack a directory of advisories into a bundle that is named by its digest
    Build(BuildArgs),
    /// Check every record of a bundle against its manifest
    ///
    /// Exits with 5 when a byte is not what the manifest says.
    Verify(VerifyArgs),
    /// Find the snapshot of a feed at which findings of a recorded scan flipped, and what changed in it
    ///
    /// Replays the scan with a few snapshots of the chain (their number's logarithm for each flip) and shows the records and
    /// fields in which the two neighbours differ. Exits with 1 when a finding flipped.
    Bisect(BisectArgs),
}

/// What to bisect.
#[derive(Debug, Args)]
pub struct BisectArgs {
    /// The manifest of the recording
    #[arg(long, value_name = "MANIFEST.json")]
    from: PathBuf,
    /// Which of several recorded feeds the snapshots are of
    #[arg(long, value_name = "NAME")]
    feed: Option<String>,
    /// Only this vulnerability (repeatable)
    #[arg(long, value_name = "CVE")]
    finding: Vec<String>,
    /// An environment variable that the recording passed too
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    #[command(flatten)]
    isolation: IsolationArgs,
    /// Snapshots of the feed, oldest first: directories or bundles
    #[arg(value_name = "SNAPSHOT", required = true)]
    chain: Vec<PathBuf>,
}

/// An address with its scheme (RFC 3986 §3), as something of another kind is soon given in its place.
fn url(text: &str) -> Result<String, String> {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    let parts = text.split_once("://").filter(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty());
    parts
        .map(|_| text.to_owned())
        .ok_or_else(|| "expected an address such as https://example.org/advisories".to_owned())
}

/// What to pack.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The directory of advisories
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Where to write `<digest>.tar.zst`
    #[arg(long, value_name = "DIR", default_value = ".")]
    out_dir: PathBuf,
    /// Where the advisories come from: URL, optionally with `@COMMIT` (repeatable)
    #[arg(long, value_name = "URL[@COMMIT]", value_parser = url)]
    source: Vec<String>,
    /// Take records in any format, not only OSV
    #[arg(long)]
    any_format: bool,
}

/// What to check.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The bundle
    #[arg(value_name = "BUNDLE.tar.zst")]
    bundle: PathBuf,
}

pub fn run(global: &GlobalArgs, command: FeedCommand) -> CliResult {
    match command {
        FeedCommand::Build(args) => build(global, &args),
        FeedCommand::Verify(args) => verify(global, &args),
        FeedCommand::Bisect(args) => bisect(global, &args),
    }
}

fn build(global: &GlobalArgs, args: &BuildArgs) -> CliResult {
    let sources = args.source.iter().map(|text| feed_bundle::source(text)).collect();
    let written = feed_bundle::build(&args.directory, sources, args.any_format, &args.out_dir)?;
    show(global, &written.file, written.archive, &written.bundle);
    Ok(Exit::Passed.into())
}

fn bisect(global: &GlobalArgs, args: &BisectArgs) -> CliResult {
    let context = setup::context(global, &args.isolation)?;
    let manifest = manifest_file::read(&args.from)?;
    let request = ReplayRequest::as_recorded(&args.from, &args.env, Operation::FeedBisect);
    args.isolation.note_without_a_command(request.runs_a_command(&manifest));
    let chain = (args.feed.as_deref(), args.chain.as_slice());
    let mut found = bisect::run(&manifest, &request, chain, &args.finding, &context)?;
    found.reproduce = reproduce(args, &context.options);
    let exit = if found.flips.is_empty() { Exit::Passed } else { Exit::Failed };
    match global.format {
        Format::Json => output::json(&FeedBisectV1::from(found)),
        Format::Text => output::data(&text::bisection(&found, Style::coloured())),
    }
    Ok(exit.into())
}

fn reproduce(args: &BisectArgs, options: &[String]) -> String {
    let mut words = ["stella", "feed", "bisect", "--from"].map(str::to_owned).to_vec();
    words.push(args.from.display().to_string());
    let mut option = |name: &str, value: &String| words.extend([name.to_owned(), value.clone()]);
    args.feed.iter().for_each(|feed| option("--feed", feed));
    args.finding.iter().for_each(|finding| option("--finding", finding));
    args.env.iter().for_each(|name| option("--env", name));
    words.extend(options.iter().cloned());
    words.extend(args.chain.iter().map(|path| path.display().to_string()));
    command_line::line(words)
}

fn verify(global: &GlobalArgs, args: &VerifyArgs) -> CliResult {
    let (archive, bundle) = feed_bundle::verify(&args.bundle)?;
    show(global, &args.bundle, archive, &bundle);
    Ok(Exit::Passed.into())
}

fn show(global: &GlobalArgs, path: &Path, archive: Digest, bundle: &FeedBundle) {
    let records = bundle.records().count();
    let content = bundle.content_digest();
    match global.format {
        Format::Json => output::json(&FeedBundleInfoV1 {
            schema: FeedBundleInfoSchema,
            bundle: path.display().to_string(),
            digest: archive,
            content_digest: content,
            records,
        }),
        Format::Text => output::data(&format!(
            "{}\n  records  {records}\n  archive  {archive}\n  content  {content}\n",
            untrusted::log_line(&path.display().to_string())
        )),
    }
}
