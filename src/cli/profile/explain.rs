//! `stella profile explain`: what a profile does to a document.

use std::path::PathBuf;

use clap::Args;

use crate::artifacts::detect_profile;
use crate::canonical::{self, Explanation, Form, Limits, Profile, Roots, health};
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::{CliError, CliResult};
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::host::fs;
use crate::job::artifact;
use crate::model::digest::Digest;
use crate::model::exit::Exit;
use crate::model::limits;
use crate::report::count::counted;
use crate::report::untrusted;
use crate::wire::v1::profiles::{ProfileExplanationSchema, ProfileExplanationV1, RuleUseV1};
use crate::workspace::profiles;

/// What is left out, masked, replaced or put in order in a document, by which rule, and why
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The document
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The profile [default: that of the document's format, by its content]
    #[arg(long, value_name = "NAME|FILE")]
    profile: Option<String>,
    /// Where the input of the scan lay (repeatable)
    #[arg(long, value_name = "PATH")]
    root: Vec<String>,
}

pub(super) fn run(global: &GlobalArgs, args: &ExplainArgs) -> CliResult {
    let config = setup::config(global)?;
    let read = fs::read(&args.file, limits::MAX_DOCUMENT_BYTES)?;
    let given = args.profile.as_deref().map(|text| profiles::find(text, &config)).transpose()?;
    let name = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let profile = given.as_ref().unwrap_or_else(|| detect_profile::recognised(&name, &read, &config));
    let bytes = if profile.form() == Form::Bytes { &*read } else { artifact::without_mark(&read) };
    let roots = Roots::new(args.root.iter().cloned())?;
    let unreadable = |error| CliError::from(error).hint("a profile of form `json` reads JSON");
    let explained = canonical::explain(profile, &roots, bytes, &Limits::default()).map_err(unreadable)?;
    let unwell = health::examine(profile, bytes, &Limits::default()).map_err(unreadable)?;
    let document = document(args, profile, bytes, &explained, unwell.iter().map(ToString::to_string).collect());
    match global.format {
        Format::Json => output::json(&document),
        Format::Text => output::data(&text(&document)),
    }
    Ok(Exit::Passed.into())
}

fn document(
    args: &ExplainArgs,
    profile: &Profile,
    bytes: &[u8],
    explained: &Explanation,
    unhealthy: Vec<String>,
) -> ProfileExplanationV1 {
    let used = explained.rules.iter().filter(|used| used.count > 0);
    let rules = used.zip(std::iter::repeat(profile.rules())).filter_map(|(used, rules)| {
        let rule = rules.get(used.index)?;
        Some(RuleUseV1 {
            path: rule.path().to_string(),
            action: rule.action().code(),
            reason: rule.reason().to_owned(),
            count: used.count,
            reordered: used.reordered,
            places: used.places.clone(),
        })
    });
    ProfileExplanationV1 {
        schema: ProfileExplanationSchema,
        file: args.file.display().to_string(),
        profile: profile.name().to_owned(),
        profile_digest: profile.digest(),
        raw_sha256: Digest::of(bytes),
        canonical_sha256: explained.digest,
        raw_bytes: bytes.len(),
        canonical_bytes: explained.bytes,
        rules: rules.collect(),
        unhealthy,
    }
}

fn text(document: &ProfileExplanationV1) -> String {
    let mut lines = vec![
        format!("{} under profile {} ({})", document.file, document.profile, document.profile_digest.short()),
        format!("  raw        {} ({} bytes)", document.raw_sha256, document.raw_bytes),
        format!("  canonical  {} ({} bytes)", document.canonical_sha256, document.canonical_bytes),
    ];
    for rule in &document.rules {
        let count = match rule.action {
            "set" => format!("{}, {} put in order", counted(rule.count, "array", "arrays"), rule.reordered),
            _ => counted(rule.count, "place", "places"),
        };
        let path = if rule.path.is_empty() { "(all)" } else { &rule.path };
        lines.push(format!("{:<13} {path}: {count}", rule.action));
        lines.push(format!("              {}", rule.reason));
        if rule.action != "set" && !rule.places.is_empty() {
            lines.push(format!("              at {}", rule.places.join(" ")));
        }
    }
    if document.rules.is_empty() {
        lines.push("nothing is hidden".to_owned());
    }
    lines.extend(document.unhealthy.iter().map(|what| format!("unhealthy     {what}")));
    lines.iter().map(|line| untrusted::visible(line).to_string() + "\n").collect()
}
