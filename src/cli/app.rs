//! Every command, and which file runs it.

use clap::{Parser, Subcommand};

use crate::cli::args::GlobalArgs;
use crate::cli::attest::{self, conformance, key, submit, trust_command, verify};
use crate::cli::error::CliResult;
use crate::cli::options::deferred::Deferred;
use crate::cli::{accept, reviewed};
use crate::cli::{
    adapter, badge, builtin_scan, canonicalize, chaos, ci, closure, demo, diff, doctor, explain, feed, gate, image,
    init, manifest, profile, publish, replay, report, reproduce, sandbox, scan, score,
};

/// Proves that security scans are repeatable.
///
/// stella records a scan with everything it depended on, replays it sealed, compares the results
/// (bitwise, semantic, policy), names the input that made them drift, and gates pull requests on it.
#[derive(Debug, Parser)]
#[command(name = "stella", version, propagate_version = false, max_term_width = 100, after_help = EXIT_CODES)]
pub(super) struct App {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 passed · 1 drift, regression or a gate that fails · 2 usage or configuration · \
3 inconclusive (nothing to replay, unhealthy, unreplayable, too little evidence) · 4 infrastructure · 5 verification failed";

#[derive(Debug, Subcommand)]
enum Command {
    Scan(Deferred<scan::ScanArgs>),
    Replay(Deferred<replay::ReplayArgs>),
    Explain(Deferred<explain::ExplainArgs>),
    Diff(Deferred<diff::DiffArgs>),
    Ci(Deferred<ci::CiArgs>),
    Merge(Deferred<ci::merge::MergeArgs>),
    Reproduce(Deferred<reproduce::ReproduceArgs>),
    Report(Deferred<report::ReportArgs>),
    Publish(Deferred<publish::PublishArgs>),
    Notify(Deferred<publish::notify::NotifyArgs>),
    Attest(Deferred<attest::AttestArgs>),
    Submit(Deferred<submit::SubmitArgs>),
    Verify(Deferred<verify::VerifyArgs>),
    Badge(Deferred<badge::BadgeArgs>),
    Score(Deferred<score::ScoreArgs>),
    Gate(Deferred<gate::GateArgs>),
    Accept(Deferred<accept::AcceptArgs>),
    Reviewed(Deferred<reviewed::ReviewedArgs>),
    Chaos(Deferred<chaos::ChaosArgs>),
    Canonicalize(Deferred<canonicalize::CanonicalizeArgs>),
    Init(Deferred<init::InitArgs>),
    Demo(Deferred<demo::DemoArgs>),
    Sandbox(Deferred<sandbox::SandboxArgs>),
    Doctor(Deferred<doctor::DoctorArgs>),
    #[command(subcommand)]
    Adapter(Deferred<adapter::AdapterCommand>),
    #[command(subcommand)]
    Manifest(Deferred<manifest::ManifestCommand>),
    #[command(subcommand)]
    Closure(Deferred<closure::ClosureCommand>),
    #[command(subcommand)]
    Feed(Deferred<feed::FeedCommand>),
    #[command(subcommand)]
    Image(Deferred<image::ImageCommand>),
    #[command(subcommand)]
    Key(Deferred<key::KeyCommand>),
    #[command(subcommand)]
    Trust(Deferred<trust_command::TrustCommand>),
    #[command(subcommand)]
    Profile(Deferred<profile::ProfileCommand>),
    /// The built-in scanner as a process of its own: what a sandbox runs.
    #[command(hide = true)]
    BuiltinScan(Deferred<builtin_scan::BuiltinScanArgs>),
    /// The client protocol of Sigstore's own tests.
    #[command(subcommand, hide = true)]
    SigstoreConformance(Deferred<conformance::ConformanceCommand>),
}

/// Does what the command line asks for.
pub(super) fn dispatch(app: App) -> CliResult {
    let global = &app.global;
    match app.command {
        Command::Scan(args) => scan::run(global, &args.0),
        Command::Replay(args) => replay::run(global, *args.0),
        Command::Explain(args) => explain::run(global, *args.0),
        Command::Diff(args) => diff::run(global, *args.0),
        Command::Ci(args) => ci::run(global, &args.0),
        Command::Merge(args) => ci::merge::run(global, &args.0),
        Command::Reproduce(args) => reproduce::run(global, &args.0),
        Command::Report(args) => report::run(global, &args.0),
        Command::Publish(args) => publish::run(global, &args.0),
        Command::Notify(args) => publish::notify::run(global, &args.0),
        Command::Attest(args) => attest::run(global, &args.0),
        Command::Submit(args) => submit::run(global, &args.0),
        Command::Verify(args) => verify::run(global, &args.0),
        Command::Badge(args) => badge::run(global, &args.0),
        Command::Score(args) => score::run(global, &args.0),
        Command::Gate(args) => gate::run(global, &args.0),
        Command::Accept(args) => accept::run(global, &args.0),
        Command::Reviewed(args) => reviewed::run(global, &args.0),
        Command::Chaos(args) => chaos::run(global, *args.0),
        Command::Canonicalize(args) => canonicalize::run(global, &args.0),
        Command::Init(args) => init::run(global, *args.0),
        Command::Demo(args) => demo::run(*args.0, run_words),
        Command::Sandbox(args) => sandbox::run(global, &args.0),
        Command::Doctor(args) => doctor::run(global, &args.0),
        Command::Adapter(command) => adapter::run(global, *command.0),
        Command::Manifest(command) => manifest::run(global, *command.0),
        Command::Closure(command) => closure::run(global, *command.0),
        Command::Feed(command) => feed::run(global, *command.0),
        Command::Image(command) => image::run(global, *command.0),
        Command::Key(command) => key::run(global, *command.0),
        Command::Trust(command) => trust_command::run(global, *command.0),
        Command::SigstoreConformance(command) => conformance::run(*command.0),
        Command::Profile(command) => profile::run(global, *command.0),
        Command::BuiltinScan(args) => builtin_scan::run(*args.0),
    }
}

/// Runs a command that is given word by word, without the name of the program.
fn run_words(words: &[String]) -> Result<CliResult, clap::Error> {
    Ok(dispatch(App::try_parse_from(std::iter::once("stella").chain(words.iter().map(String::as_str)))?))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use strum::VariantArray;

    use super::*;
    use crate::model::parameter::{Operation, Parameter};

    #[test]
    fn the_command_line_is_well_formed() {
        App::command().debug_assert();
    }

    /// Hints name parameters and operations; each is an option or a command of that name.
    #[test]
    fn what_hints_name_is_there() {
        fn options(command: &clap::Command, all: &mut Vec<String>) {
            all.extend(command.get_arguments().filter_map(|argument| argument.get_long()).map(str::to_owned));
            command.get_subcommands().for_each(|sub| options(sub, all));
        }
        let app = App::command();
        let mut all = Vec::new();
        options(&app, &mut all);
        for parameter in Parameter::VARIANTS {
            assert!(
                all.iter().any(|option| option == parameter.name()),
                "no option is called `--{}`",
                parameter.name()
            );
        }
        for operation in Operation::VARIANTS {
            let found = operation.name().split(' ').try_fold(&app, |command, word| command.find_subcommand(word));
            assert!(found.is_some(), "no command is called `stella {}`", operation.name());
        }
    }
}
