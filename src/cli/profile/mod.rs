//! `stella profile`: what is hidden in a document and why, and whether a profile sees what it must.

mod explain;
mod learn;
mod trial;
mod unwritable;

use clap::{Args, Subcommand};

use crate::canonical::Profile;
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::CliResult;
use crate::cli::profile::unwritable::Unwritable;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::model::artifact::ArtifactFormat;
use crate::model::exit::Exit;
use crate::report::untrusted;
use crate::wire::v1::profiles::{ProfileListSchema, ProfileListV1, ProfileV1};
use crate::workspace::profiles;

/// See, try and make the profiles under which documents are compared
#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// The built-in profiles
    List,
    /// Show one as it is written, to read or to begin another with
    Show(ShowArgs),
    Explain(explain::ExplainArgs),
    Test(trial::TestArgs),
    Learn(Box<learn::LearnArgs>),
}

/// One profile.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Its name, or its file
    #[arg(value_name = "NAME|FILE")]
    profile: String,
}

pub fn run(global: &GlobalArgs, command: ProfileCommand) -> CliResult {
    match command {
        ProfileCommand::List => list(global),
        ProfileCommand::Show(args) => show(global, &args),
        ProfileCommand::Explain(args) => explain::run(global, &args),
        ProfileCommand::Test(args) => trial::run(global, &args),
        ProfileCommand::Learn(args) => learn::run(global, &args),
    }
}

fn show(global: &GlobalArgs, args: &ShowArgs) -> CliResult {
    let profile = profiles::find(&args.profile, &setup::config(global)?)?;
    let yaml = profile.to_yaml().map_err(Unwritable)?;
    // A profile of the repository may hold anything.
    output::data(&yaml.lines().map(|line| untrusted::visible(line).to_string() + "\n").collect::<String>());
    Ok(Exit::Passed.into())
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
        output::json(&ProfileListV1 { schema: ProfileListSchema, profiles });
        return Ok(Exit::Passed.into());
    }
    for ProfileV1 { name, digest, rules, signs, replaced } in profiles {
        let replaced = if replaced { "  (the configuration's)" } else { "" };
        output::data(&format!("{name:<16} {} {rules:>3} rules {signs:>2} signs{replaced}\n", digest.short()));
    }
    Ok(Exit::Passed.into())
}
