//! `stella init`: a configuration and a first case.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::args::{Format, GlobalArgs, IsolationArgs};
use crate::cli::error::CliResult;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::flow::suite::init;
use crate::flow::suite::init::recipe::Recipe;
use crate::model::error_chain::causes;
use crate::model::exit::Exit;
use crate::wire::v1::commands::{InitSchema, InitV1};

/// Write a commented .stella.yaml and a first working case
///
/// Looks at the repository for a lockfile or SBOM to make the case from. Nothing that exists is overwritten.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Write a pipeline too, that gates changes: a workflow of GitHub Actions, a job of GitLab
    #[arg(long, value_enum, value_name = "SYSTEM")]
    ci: Option<CiSystem>,
}

/// A CI system for which there is a recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CiSystem {
    /// .github/workflows/stella.yml
    Github,
    /// The same file, with a second job that comments on pull requests
    GithubComment,
    /// .gitlab/stella.yml, and .gitlab-ci.yml that includes it
    Gitlab,
}

impl From<CiSystem> for Recipe {
    fn from(system: CiSystem) -> Self {
        match system {
            CiSystem::Github => Self::Github,
            CiSystem::GithubComment => Self::GithubComment,
            CiSystem::Gitlab => Self::Gitlab,
        }
    }
}

pub fn run(global: &GlobalArgs, args: InitArgs) -> CliResult {
    let context = setup::context(global, &IsolationArgs { require_isolation: None, ro: Vec::new() })?;
    let done = init::init(&context, args.ci.map(Recipe::from))?;
    let shown = |path: &PathBuf| path.strip_prefix(".").unwrap_or(path).display().to_string();
    for (path, error) in &done.broken {
        output::talk(&format!("note: {} is not read: {}", shown(path), causes(error)));
    }
    if global.format == Format::Json {
        output::json(&InitV1 {
            schema: InitSchema,
            inventory: done.inventory.as_ref().map(shown),
            written: done.written.iter().map(shown).collect(),
            kept: done.kept.iter().map(shown).collect(),
        });
        return Ok(Exit::Passed.into());
    }
    match &done.inventory {
        Some(path) => output::talk(&format!("found {}", shown(path))),
        None => output::talk("found no lockfile or SBOM: the first case uses a sample"),
    }
    done.written.iter().for_each(|path| output::data_line(&format!("wrote {}", shown(path))));
    done.kept.iter().for_each(|path| output::data_line(&format!("kept  {}", shown(path))));
    let is_workflow = |path: &&PathBuf| {
        path.extension().is_some_and(|ext| ext == "yml")
            && path.parent().is_some_and(|folder| folder.ends_with(".github/workflows"))
    };
    if let Some(path) = done.kept.iter().find(is_workflow) {
        output::talk(&format!(
            "{} is there already and was left as it is: remove it to have the one that was asked for",
            shown(path)
        ));
    }
    if args.ci == Some(CiSystem::Gitlab) {
        if done.kept.iter().any(|path| path.ends_with(".gitlab-ci.yml")) {
            output::talk("add to .gitlab-ci.yml: include: [{local: .gitlab/stella.yml}]");
        }
        output::talk("set STELLA_SHA256 in .gitlab/stella.yml: the job runs nothing without it");
    }
    if Path::new("regressions").exists() {
        output::talk("next: stella ci");
    }
    Ok(Exit::Passed.into())
}
