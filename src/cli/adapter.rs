//! `stella adapter`: which scanners stella knows how to run.

use clap::{Args, Subcommand};

use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::CliResult;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::config::adapter::Adapter;
use crate::model::exit::Exit;
use crate::report::untrusted;
use crate::wire::v1::commands::{AdapterV1, AdaptersSchema, AdaptersV1};

/// List and show the scanners that `stella scan --scanner NAME` knows how to run
#[derive(Debug, Subcommand)]
pub enum AdapterCommand {
    /// List them: those that come with stella, and those of the repository
    List,
    /// Show one as it is written, to read or to begin another with
    Show(NameArgs),
}

/// One adapter.
#[derive(Debug, Args)]
pub struct NameArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
}

pub fn run(global: &GlobalArgs, command: AdapterCommand) -> CliResult {
    let config = setup::config(global)?;
    match command {
        AdapterCommand::List => list(global, &config.all_adapters()),
        AdapterCommand::Show(NameArgs { name }) => {
            output::data(&config.adapter(&name)?.text);
        }
    }
    Ok(Exit::Passed.into())
}

fn list(global: &GlobalArgs, adapters: &[&Adapter]) {
    if global.format == Format::Json {
        let adapters = adapters.iter().map(|adapter| AdapterV1 {
            name: adapter.name.clone(),
            summary: adapter.summary.clone(),
            verified: adapter.verified.clone(),
            outputs: adapter.outputs.keys().cloned().collect(),
            default_output: adapter.default_output.clone(),
            feed: adapter.feed.as_ref().map(|feed| feed.what.clone()),
            config: adapter.config.as_ref().map(|config| config.what.clone()),
        });
        output::json(&AdaptersV1 { schema: AdaptersSchema, adapters: adapters.collect() });
        return;
    }
    for adapter in adapters {
        let outputs: Vec<&str> = adapter.outputs.keys().map(String::as_str).collect();
        let verified = adapter.verified.as_deref().unwrap_or("not run");
        let (name, outputs, summary) = (&adapter.name, outputs.join(","), &adapter.summary);
        output::data(&format!(
            "{}\n",
            untrusted::log_line(&format!("{name:<16} {verified:<9} {outputs:<20} {summary}"))
        ));
    }
}
