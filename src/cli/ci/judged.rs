//! How a run over a whole suite is judged: the same for one run and for the shards of one.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::ci::provider;
use crate::cli::args::{GlobalArgs, IsolationArgs};
use crate::cli::base::{self, BaseArgs};
use crate::cli::error::CliError;
use crate::cli::gate::{StrictnessArgs, WantedGate};
use crate::cli::history::{self, NoteArgs};
use crate::cli::setup;
use crate::flow::suite::base::prepare::Prepared;
use crate::flow::suite::head::{head, uncommitted};
use crate::flow::suite::run::CiRequest;
use crate::flow::suite::shards::common::{self, Common};
use crate::model::gate_result::Gate;
use crate::model::result::{Isolation, RunResult};
use crate::score::gate::request::{GateError, GateRequest};
use crate::workspace::context::Context;

/// How a run is judged.
#[derive(Debug, Args)]
pub struct JudgedArgs {
    /// Replay canaries exactly as recorded
    #[arg(long)]
    pinned: bool,
    /// Let a gate decide how this ends; nightly implies --pinned
    #[arg(long, value_enum, value_name = "GATE")]
    gate: Option<WantedGate>,
    #[command(flatten)]
    strictness: StrictnessArgs,
    #[command(flatten)]
    base: BaseArgs,
    #[command(flatten)]
    note: NoteArgs,
    #[command(flatten)]
    pub isolation: IsolationArgs,
}

/// A run that can begin.
pub struct Judged {
    /// The checkout's own.
    pub own: Context,
    /// That by whose rules it is judged.
    pub context: Context,
    /// What is asked, of all that there is.
    pub request: CiRequest,
    /// Where every replay is noted.
    history: Option<PathBuf>,
    base: Option<Prepared>,
}

impl JudgedArgs {
    /// Everything that is known before the run. What is not `whole` is noted nowhere, and no window is looked at for it.
    pub fn prepare(&self, global: &GlobalArgs, whole: bool) -> Result<Judged, CliError> {
        let own = setup::context(global, &self.isolation)?;
        let is_pr = self.gate == Some(WantedGate::Pr);
        let wants_base = is_pr || self.base.is_given();
        let base = if wants_base { self.base.prepare(&own)? } else { None };
        if base.is_some() {
            // A change that breaks them would leave no run in shards after it.
            common::timings(&own.config)?;
        }
        let (approvals, without_base) = match (&base, self.gate) {
            (Some(base), _) => (base.approvals.entries.clone(), None),
            (None, Some(gate)) => base::own_approvals(&own, gate.into())?,
            (None, None) => (Vec::new(), None),
        };
        let context = base.as_ref().map_or(&own, |base| &base.context).clone();
        let history = if whole { self.note.file(&context)? } else { None };
        let gate = self.gate(&context, history.as_deref(), whole)?;
        let request = CiRequest {
            // A repository that does not tell has a run all the same; nothing is attested of it.
            commit: head(&own.config.root).unwrap_or_default(),
            // Before anything is built: what a build writes is not what it was built from.
            uncommitted: uncommitted(&own.config.root).map(|files| files.len() as u64),
            pinned: self.is_pinned(),
            only: Vec::new(),
            shard: None,
            jobs: 1,
            out_dir: None,
            base_subject: base.as_ref().and_then(|base| base.subject.clone()),
            expects_candidate: base.as_ref().is_some_and(|base| base.base.subject_dropped),
            gate,
            explain: None,
            folders: base.as_ref().and_then(|base| base.folders.clone()),
            base: base.as_ref().map(|base| base.base.clone()),
            without_base,
            approvals,
        };
        Ok(Judged { own, context, request, history, base })
    }

    fn is_pinned(&self) -> bool {
        self.pinned || self.gate == Some(WantedGate::Nightly)
    }

    /// The gate to ask, with everything that is known before the run.
    fn gate(&self, context: &Context, history: Option<&Path>, whole: bool) -> Result<Option<GateRequest>, CliError> {
        let Some(wanted) = self.gate else { return Ok(None) };
        let gate = Gate::from(wanted);
        let known = history.map(history::so_far).transpose()?;
        if gate == Gate::Nightly && known.is_none() && whole {
            return Err(GateError::NoHistory(gate).into());
        }
        let rules = context.config.rules.clone();
        Ok(Some(GateRequest { gate, strictness: self.strictness.of(gate, &rules), rules, history: known }))
    }

    /// What all shards of this run have in common.
    pub fn common(&self, judged: &Judged) -> Result<Common, CliError> {
        let mut options = Vec::new();
        options.extend(self.gate.map(|gate| format!("--gate {}", Gate::from(gate).code())));
        options.extend(self.is_pinned().then(|| "--pinned".to_owned()));
        let level = self.isolation.require_isolation.map(Isolation::from);
        options.extend(level.map(|level| format!("--require-isolation {}", level.code())));
        let ci_run = provider::run(|name| std::env::var_os(name));
        Ok(Common::of(&judged.own.config, judged.base.as_ref(), options.join(" "), ci_run)?)
    }

    /// Notes every replay of a whole run, where that is asked for.
    pub fn note(&self, judged: &Judged, result: &RunResult) -> Result<(), CliError> {
        match &judged.history {
            Some(file) => self.note.note(file, result),
            None => Ok(()),
        }
    }
}
