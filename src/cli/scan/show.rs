//! What a recording tells its user.

use std::path::Path;

use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::CliError;
use crate::cli::scan::args::ScanArgs;
use crate::cli::terminal::output;
use crate::closure::capture::Captured;
use crate::flow::record::recording::Recording;
use crate::format;
use crate::format::coverage;
use crate::job::manifest_file;
use crate::model::artifact::ArtifactType;
use crate::model::hint::Hint;
use crate::model::text::command_line;
use crate::report::count::counted;
use crate::wire::v1::commands::{RecordingSchema, RecordingV1};

/// The words in their order, each once.
fn distinct<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for word in words {
        if !seen.contains(word) {
            seen.push(*word);
        }
    }
    seen
}

fn replay_command(global: &GlobalArgs, args: &ScanArgs, roots: &[String]) -> String {
    let text = |path: &Path| path.display().to_string();
    let mut words = ["stella", "replay", "--from"].map(str::to_owned).to_vec();
    words.extend([text(&args.emit_manifest), "--out-dir".to_owned(), "replay_out/".to_owned()]);
    for (flag, path) in [("--config", &global.config), ("--store", &global.store)] {
        words.extend(path.iter().flat_map(|path| [flag.to_owned(), text(path)]));
    }
    words.extend(args.env.iter().flat_map(|name| ["--env".to_owned(), name.clone()]));
    words.extend(roots.iter().flat_map(|root| ["--ro".to_owned(), root.clone()]));
    command_line::line(words)
}

/// Prints it for people or as JSON. A wrapped step owns stdout, so people are then told on stderr.
pub(super) fn show(global: &GlobalArgs, args: &ScanArgs, recording: &Recording) -> Result<(), CliError> {
    let manifest = &recording.manifest;
    let digest = manifest_file::digest(manifest)?;
    for note in &recording.notes {
        output::talk(&format!("note: {}", note.for_command_line()));
    }
    let executor = &recording.executed.executor;
    if let Some(level) = executor.isolation {
        let lost: Vec<&str> = executor.lost.iter().map(|lost| lost.split(':').next().unwrap_or(lost)).collect();
        let lacks = distinct(&lost).join(", ");
        let lacks = if lacks.is_empty() { lacks } else { format!(", which lacks: {lacks} (docs/sandbox.md)") };
        output::talk(&format!("isolation `{}`{lacks}", level.code()));
    }
    if global.format == Format::Json {
        output::json(&RecordingV1 {
            schema: RecordingSchema,
            manifest: args.emit_manifest.display().to_string(),
            manifest_sha256: digest,
            scan_id: manifest.scan_id.clone(),
            artifacts: manifest.artifacts.clone(),
            exit_code: recording.executed.exit_code,
            notes: recording.notes.iter().map(Hint::for_command_line).collect(),
        });
        return Ok(());
    }
    // A wrapped step owns stdout.
    let say: fn(&str) = if args.as_is { output::talk } else { output::data_line };
    let documents = recording.artifacts.iter().map(|artifact| format::read_document(artifact.format, &artifact.bytes));
    let (mut packages, mut findings, mut decision) = (None, None, None);
    for document in documents.flatten() {
        packages = packages.or(document.packages.map(|all| all.len()));
        findings = findings.or(document.findings.map(|all| all.len()));
        decision = decision.or(document.decision);
    }
    let count = |n: Option<usize>, one: &str, more: &str| n.map(|n| counted(n as u64, one, more));
    let decided = decision.map(|d| {
        let reasons: Vec<&str> = d.reasons.iter().map(String::as_str).collect();
        format!(
            "policy says {}{}",
            d.verdict(),
            if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) }
        )
    });
    let facts: Vec<String> = [count(packages, "package", "packages"), count(findings, "finding", "findings"), decided]
        .into_iter()
        .flatten()
        .collect();
    say(&format!(
        "recorded {}: {}",
        manifest.scan_id,
        if facts.is_empty() { "artifacts of unknown meaning".to_owned() } else { facts.join(", ") }
    ));
    let coverage = recording.artifacts.iter().find(|artifact| artifact.name == coverage::FILE);
    let coverage = coverage.and_then(|artifact| std::str::from_utf8(&artifact.bytes).ok());
    // Another scanner may have a file of that name.
    if let Some(line) = coverage.and_then(|text| coverage::in_a_line(text).ok()) {
        say(&format!("coverage: {line}"));
    }
    if let Some(image) = &manifest.input.image_ref {
        say(&format!("image {image}"));
    }
    for artifact in &manifest.artifacts {
        let primary = if artifact.artifact_type == ArtifactType::Ledger { " (not compared)" } else { "" };
        say(&format!(
            "  {:<9} {:<18} {}{primary}",
            artifact.artifact_type.code(),
            artifact.path,
            artifact.canonical_sha256
        ));
    }
    if let Some(Captured { totals, missed, .. }) = &recording.closure {
        say(&format!(
            "closure: {} with {} bytes, {} without their content; {} found nothing",
            counted(totals.files, "file", "files"),
            totals.bytes,
            totals.without_content,
            counted(*missed, "look-up", "look-ups"),
        ));
    }
    say(&format!("manifest {} ({digest})", args.emit_manifest.display()));
    say(&format!("replay it: {}", replay_command(global, args, &manifest.environment.roots)));
    Ok(())
}
