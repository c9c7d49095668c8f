//! `stella gate`: may this be merged, is the window good enough, may it be released.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::{CliError, CliResult};
use crate::cli::history::ReadArgs;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::host::{clock, fs};
use crate::model::gate_result::{Gate, Strictness};
use crate::model::result::RunResult;
use crate::report::text::{self, Style};
use crate::score::gate::request::GateRequest;
use crate::score::rules::Rules;
use crate::wire::v1;
use crate::wire::v1::gate::GateV1;

/// Judge a run or a window of time, and say why
///
/// Exits with 0 when the gate lets it pass, 1 when it does not, 3 when too little is known and that blocks, 4 when a replay
/// could not run. docs/scores.md explains every reason.
#[derive(Debug, Args)]
pub struct GateArgs {
    /// Which gate
    #[arg(value_enum, value_name = "GATE")]
    gate: WantedGate,
    #[command(flatten)]
    history: ReadArgs,
    /// The result of a run, as `stella ci --result` writes it; what it says of a gate is not believed
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
    #[command(flatten)]
    strictness: StrictnessArgs,
}

/// A gate that can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WantedGate {
    /// A pull request: every case and canary of a run
    Pr,
    /// The nightly run: pinned fidelity of a window, and of every bucket in it
    Nightly,
    /// A release: the canaries of a run as a census, and the window where there is a history
    Release,
}

impl From<WantedGate> for Gate {
    fn from(wanted: WantedGate) -> Self {
        match wanted {
            WantedGate::Pr => Self::Pr,
            WantedGate::Nightly => Self::Nightly,
            WantedGate::Release => Self::Release,
        }
    }
}

/// How strict a gate is.
#[derive(Debug, Args)]
pub struct StrictnessArgs {
    /// Judge a window by the lower end of its interval, and block where there is too little evidence
    #[arg(long)]
    strict: bool,
    /// What makes the gate end with 1 [default: the configuration's, else fail]
    #[arg(long, value_enum, value_name = "VERDICT")]
    fail_on: Option<FailOn>,
}

/// What makes a gate end with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Only what fails
    Fail,
    /// A warning too
    Warn,
}

impl StrictnessArgs {
    /// What holds for `gate`: the configuration, made more or less strict by the command line.
    pub fn of(&self, gate: Gate, rules: &Rules) -> Strictness {
        let configured = rules.strictness.of(gate);
        Strictness {
            strict: self.strict || configured.strict,
            fail_on_warn: self.fail_on.map_or(configured.fail_on_warn, |on| on == FailOn::Warn),
        }
    }
}

pub fn run(global: &GlobalArgs, args: &GateArgs) -> CliResult {
    let config = setup::config(global)?;
    let gate = Gate::from(args.gate);
    let history = args.history.read(global, &config)?;
    let run = args.result.as_deref().map(read_result).transpose()?;
    let strictness = args.strictness.of(gate, &config.rules);
    let request = GateRequest { gate, rules: config.rules, strictness, history };
    let gate_result = request.judge(run.as_ref(), clock::now())?;
    match global.format {
        Format::Json => output::json(&GateV1::from(&gate_result)),
        Format::Text => output::data(&text::gate(&gate_result, Style::coloured())),
    }
    Ok(gate_result.exit().into())
}

fn read_result(file: &Path) -> Result<RunResult, CliError> {
    let bytes = fs::read(file, v1::error::MAX_BYTES as u64)?;
    v1::read_result::read(&bytes).map_err(|error| {
        CliError::from(error).hint(format!("`{}` is not what `stella ci --result` writes", file.display()))
    })
}
