//! `stella profile learn`: a profile from runs of a scanner.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::canonical::Profile;
use crate::cli::args::{Format, GlobalArgs, IsolationArgs};
use crate::cli::error::{CliError, CliResult};
use crate::cli::profile::unwritable::Unwritable;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::flow::experiment::learn::{self, LearnReport, LearnedArtifact};
use crate::flow::experiment::learn_request::{self, LearnRequest};
use crate::host::fs;
use crate::model::artifact_spec::ArtifactSpec;
use crate::model::exit::Exit;
use crate::report::count::counted;
use crate::report::untrusted;
use crate::wire::v1::profiles::{LessonV1, ProfileLearnSchema, ProfileLearnV1};
use crate::workspace::profiles;

/// Run a scanner again and again with something changed around it, and propose a profile
///
/// Unchanged; with the clock a day on; with the input in another folder; with folders in another order; with other times
/// on the files; several at once. What differs and is noise becomes a rule that names the runs in which it did; what
/// differs and is none is told. Exits with 1 where such a difference is left.
#[derive(Debug, Args)]
pub struct LearnArgs {
    /// What to scan: a file or a directory
    #[arg(long, value_name = "PATH", default_value = ".")]
    input: PathBuf,
    /// What is not a part of the input (repeatable)
    #[arg(long, value_name = "PATH")]
    exclude: Vec<PathBuf>,
    /// What the command writes: a file, or `-` for its standard output
    #[arg(long, value_name = "TYPE=PATH[:FORMAT]", default_value = "findings=-")]
    artifact: Vec<String>,
    /// Advisories: a directory or a bundle
    #[arg(long, value_name = "PATH")]
    feed: Option<PathBuf>,
    /// An environment variable that the command may see (repeatable)
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    /// Exit codes that mean that it ran well [default: any, but for what profiles know]
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = clap::value_parser!(i32).range(0..=255))]
    expect_exit: Vec<i32>,
    /// What is known already [default: the profile of the artifact's format]
    #[arg(long, value_name = "NAME|FILE")]
    profile: Option<String>,
    /// How often it runs unchanged, beside the first time
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u8).range(1..=50))]
    again: u8,
    /// Where to write the profile [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    isolation: IsolationArgs,
    /// The command of the scanner
    #[arg(last = true, value_name = "COMMAND", required = true)]
    command: Vec<String>,
}

pub(super) fn run(global: &GlobalArgs, args: &LearnArgs) -> CliResult {
    let context = setup::context(global, &args.isolation)?;
    let known = args.profile.as_deref().map(|text| profiles::find(text, &context.config)).transpose()?;
    let artifacts = args.artifact.iter().map(|text| text.parse()).collect::<Result<Vec<ArtifactSpec>, _>>()?;
    let job = learn_request::job(
        &LearnRequest {
            input: args.input.clone(),
            exclude: args.exclude.clone(),
            artifacts,
            feed: args.feed.clone(),
            env: setup::variables(&args.env)?,
            expected_exit_codes: args.expect_exit.clone(),
            command: args.command.clone(),
            search: setup::search(&[]),
        },
        &context,
    )?;
    let base = |name: &str, bytes: &[u8]| -> Profile {
        known.clone().unwrap_or_else(|| profiles::for_document(name, bytes, &context.config).clone())
    };
    let lessons = learn::learn(&job, usize::from(args.again), base, &context)?;
    show(global, args, &lessons)?;
    let is_left = lessons.lessons.iter().any(|lesson| lesson.learnt.same < lesson.learnt.of);
    Ok(if is_left || !lessons.failed.is_empty() { Exit::Failed } else { Exit::Passed }.into())
}

/// The file of a lesson: with several artifacts the artifact's name stands in it.
fn file(out: &Path, lesson: &LearnedArtifact, is_only: bool) -> PathBuf {
    if is_only {
        return out.to_owned();
    }
    let name = out.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    out.with_file_name(format!("{}-{name}", lesson.artifact))
}

fn show(global: &GlobalArgs, args: &LearnArgs, lessons: &LearnReport) -> Result<(), CliError> {
    output::talk(&format!("{} runs beside the first", lessons.runs.len()));
    for (perturbation, how) in &lessons.failed {
        output::talk(&format!("a run failed, {perturbation}: {how}"));
    }
    for lost in &lessons.without_effect {
        output::talk(&format!("without effect here: {lost}"));
    }
    for name in &lessons.not_json {
        output::talk(&format!("artifact `{name}` is not JSON: nothing can be learnt of it"));
    }
    let mut documents = Vec::new();
    for lesson in &lessons.lessons {
        let learnt = &lesson.learnt;
        let yaml = learnt.profile.to_yaml().map_err(Unwritable)?;
        let path = args.out.as_deref().map(|out| file(out, lesson, lessons.lessons.len() == 1));
        if let Some(path) = &path {
            fs::write_output(path, yaml.as_bytes())?;
        }
        output::talk(&format!(
            "artifact `{}`: {}; {} of {} runs are then the same as the first",
            lesson.artifact,
            counted(learnt.new.len() as u64, "new rule", "new rules"),
            learnt.same,
            learnt.of
        ));
        for (place, (why, evidence)) in &learnt.not_noise {
            output::talk(&format!("  not noise: {place}: {why}; {evidence}"));
        }
        match (global.format, &path) {
            (Format::Json, _) => documents.push(document(lesson, yaml, path.as_deref())),
            (Format::Text, None) => {
                let lines = yaml.lines().map(|line| untrusted::visible(line).to_string() + "\n");
                output::data(&lines.collect::<String>());
            }
            (Format::Text, Some(path)) => output::data_line(&path.display().to_string()),
        }
    }
    if global.format == Format::Json {
        output::json(&ProfileLearnV1 {
            schema: ProfileLearnSchema,
            runs: lessons.runs.len(),
            failed: lessons.failed.iter().map(|(perturbation, how)| format!("{perturbation}: {how}")).collect(),
            without_effect: lessons.without_effect.clone(),
            lessons: documents,
        });
    }
    Ok(())
}

fn document(lesson: &LearnedArtifact, profile: String, path: Option<&Path>) -> LessonV1 {
    let learnt = &lesson.learnt;
    LessonV1 {
        artifact: lesson.artifact.clone(),
        profile,
        file: path.map(|path| path.display().to_string()),
        new: learnt.new.iter().map(|(place, evidence)| (place.clone(), evidence.to_string())).collect(),
        not_noise: learnt
            .not_noise
            .iter()
            .map(|(place, (why, evidence))| (place.clone(), format!("{why}; {evidence}")))
            .collect(),
        same: learnt.same,
        of: learnt.of,
    }
}
