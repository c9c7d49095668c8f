//! `stella profile`: what is hidden in a document and why, and whether a profile sees what it must.

mod explain;
mod learn;
mod trial;

use clap::Subcommand;

use crate::canonical::Profile;
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::CliResult;
use crate::cli::{output, setup};
use crate::model::artifact::ArtifactFormat;
use crate::model::exit::Exit;
use crate::wire::v1::profiles::{ProfileListV1, ProfileV1};

/// See, try and make the profiles under which documents are compared
#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// The built-in profiles
    List,
    Explain(explain::ExplainArgs),
    Test(trial::TestArgs),
    Learn(Box<learn::LearnArgs>),
}

pub fn run(global: &GlobalArgs, command: ProfileCommand) -> CliResult {
    match command {
        ProfileCommand::List => list(global),
        ProfileCommand::Explain(args) => explain::run(global, &args),
        ProfileCommand::Test(args) => trial::run(global, &args),
        ProfileCommand::Learn(args) => learn::run(global, &args),
    }
}

fn list(global: &GlobalArgs) -> CliResult {
    let config = setup::config(global)?;
    let one = |format: ArtifactFormat| {
        let profile = config.profile(format, None);
        ProfileV1 {
            name: format.code().to_owned(),
            digest: profile.digest(),
            rules: profile.rules().len(),
            signs: profile.health().signs().len(),
            replaced: profile != Profile::builtin(format),
        }
    };
    let profiles: Vec<ProfileV1> = ArtifactFormat::ALL.iter().copied().map(one).collect();
    if global.format == Format::Json {
        output::json(&ProfileListV1 { schema: "stella.profile-list/1", profiles });
        return Ok(Exit::Passed.into());
    }
    for ProfileV1 { name, digest, rules, signs, replaced } in profiles {
        let replaced = if replaced { "  (the configuration's)" } else { "" };
        output::data(&format!("{name:<16} {} {rules:>3} rules {signs:>2} signs{replaced}\n", digest.short()));
    }
    Ok(Exit::Passed.into())
}
