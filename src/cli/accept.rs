//! `stella accept`: approve exactly what a change changes.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use crate::cli::args::{Format, GlobalArgs, IsolationArgs};
use crate::cli::base::{self, BaseArgs};
use crate::cli::error::{CliError, CliResult};
use crate::cli::progress::Progress;
use crate::cli::{output, setup};
use crate::config::{Subject, approvals};
use crate::flow::suite::discover::{self, Folders};
use crate::flow::suite::record_anew::{self, Approved, RecordAnewError};
use crate::flow::suite::run::{self, CiError, CiRequest};
use crate::flow::suite::subject::{self, Engine};
use crate::host::scratch::Scratch;
use crate::host::{clock, fs, machine};
use crate::model::change::approval::{Approval, ChangeKey, Changed};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::exit::Exit;
use crate::model::limits;
use crate::model::outcome::Outcome;
use crate::model::result::{Mode, ReplayResult, RunResult, SubjectKind};
use crate::report::{base_phrases, changes, phrases};
use crate::wire::v1::commands::{AcceptV1, AcceptableV1};
use crate::workspace::context::Context;

/// Approve what a change changes: differences of replays, recordings, and rules
///
/// Replays as `stella ci --gate pr` does, and shows what is not approved and why. With --reason it writes an entry for each change to
/// approvals.yaml: that change, from what it was to what it is, and no other. docs/gates.md says from when an approval counts.
#[derive(Debug, Args)]
pub struct AcceptArgs {
    /// Only changes of these cases and canaries [default: all, rules included]
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Only if the changes that are open are exactly those that a report named
    #[arg(long, value_name = "DIGEST")]
    exactly: Option<Digest>,
    /// Why the change is right; without it nothing is written
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who answers for it [default: the user of this machine]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// The last day on which the approval counts, e.g. 2026-12-31 [default: 90 days from now]
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// Record what differs anew, too, by running it with what this checkout builds
    #[arg(long, requires = "reason")]
    update: bool,
    /// Record every canary anew that what this checkout builds leaves canonically the same; that needs no approval
    #[arg(long)]
    all_equal: bool,
    #[command(flatten)]
    base: BaseArgs,
    #[command(flatten)]
    isolation: IsolationArgs,
}

/// For how long an approval counts where nobody says.
const DAYS: i64 = 90;

/// Why nothing is accepted.
#[derive(Debug, thiserror::Error)]
enum AcceptError {
    #[error("the changes that are open here are {found}, and not {asked}")]
    Others { found: Digest, asked: Digest },
    #[error("nothing that was replayed or changed is called `{0}`")]
    Unknown(String),
    #[error("who answers for it? neither USER nor LOGNAME is set")]
    Nobody,
    #[error("`--reason` and `--by` must not be empty")]
    Empty,
    #[error("`--until {0}` is over already")]
    Over(Date),
    #[error("the day until which it counts cannot be told")]
    Until(#[source] jiff::Error),
    #[error("approvals.yaml is not UTF-8 text")]
    NotText(#[source] std::string::FromUtf8Error),
    #[error("approvals.yaml cannot be added to")]
    Approvals(#[source] approvals::ApprovalsError),
}

impl Diagnostic for AcceptError {
    fn kind(&self) -> FailureKind {
        if matches!(self, Self::Others { .. }) { FailureKind::Inconclusive } else { FailureKind::Usage }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Others { .. } => {
                Some("look at the report of this very commit, or at `stella accept` without `--exactly`".into())
            }
            Self::Nobody => Some("name them with `--by NAME`".into()),
            _ => None,
        }
    }
}

pub fn run(global: &GlobalArgs, args: &AcceptArgs) -> CliResult {
    let own = setup::context(global, &args.isolation)?;
    let base = args.base.prepare(&own)?;
    let approved = match &base {
        Some(base) => base.approvals.entries.clone(),
        None => base::own_approvals(&own)?,
    };
    let context = base.as_ref().map_or(&own, |base| &base.context);
    let folders = match base.as_ref().and_then(|base| base.folders.clone()) {
        Some(folders) => folders,
        None => Folders::of(context).map_err(CiError::from)?,
    };
    let request = CiRequest {
        pinned: false,
        only: Vec::new(),
        jobs: machine::parallelism(),
        out_dir: None,
        gate: None,
        expects_candidate: base.as_ref().is_some_and(|base| base.base.subject_dropped),
        explain: None,
        folders: Some(folders.clone()),
        base: base.as_ref().map(|base| base.base.clone()),
        approvals: approved.clone(),
    };
    let mut progress = Progress::new();
    let (result, _) = run::run(context, &request, &mut [&mut progress])?;
    let open = result.open_changes();
    let name = ChangeKey::digest_of_all(&open);
    if let Some(exactly) = args.exactly
        && exactly != name
    {
        return Err(AcceptError::Others { found: name, asked: exactly }.into());
    }
    let known = |id: &String| {
        result.replays.iter().any(|replay| replay.id == *id) || open.iter().any(|key| key.of.id() == Some(id))
    };
    if let Some(unknown) = args.ids.iter().find(|id| !known(id)) {
        return Err(AcceptError::Unknown(unknown.clone()).into());
    }
    let wanted = |id: Option<&str>| args.ids.is_empty() || id.is_some_and(|id| args.ids.iter().any(|one| one == id));
    let chosen: Vec<&ChangeKey> = open.iter().filter(|key| wanted(key.of.id())).collect();
    let flaky: Vec<&str> = result
        .replays
        .iter()
        .filter(|replay| matches!(replay.outcome, Outcome::Flaky { .. }) && wanted(Some(&replay.id)))
        .map(|replay| replay.id.as_str())
        .collect();
    let entries = match &args.reason {
        None => Vec::new(),
        Some(reason) => entries(args, reason, &chosen)?,
    };
    if !entries.is_empty() {
        write(&own, &entries)?;
    }
    let mut recorded = Vec::new();
    if args.update || args.all_equal {
        recorded = record(args, &result, &chosen, &folders, context)?;
    }
    let report = Report {
        result: &result,
        name,
        chosen: &chosen,
        entries: &entries,
        flaky: &flaky,
        recorded: &recorded,
        earlier: &approved,
    };
    match global.format {
        Format::Json => output::json(&report.wire()),
        Format::Text => report.lines().iter().for_each(|line| output::data_line(line)),
    }
    Ok(if flaky.is_empty() { Exit::Passed } else { Exit::Failed }.into())
}

fn entries(args: &AcceptArgs, reason: &str, chosen: &[&ChangeKey]) -> Result<Vec<Approval>, CliError> {
    let user = || ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|name| !name.is_empty());
    let by = args.by.clone().or_else(user).ok_or(AcceptError::Nobody)?;
    if reason.trim().is_empty() || by.trim().is_empty() {
        return Err(AcceptError::Empty.into());
    }
    let today = clock::now().to_zoned(TimeZone::UTC).date();
    let span: Span = DAYS.days();
    let until = match args.until {
        Some(until) if until < today => return Err(AcceptError::Over(until).into()),
        Some(until) => until,
        None => today.checked_add(span).map_err(AcceptError::Until)?,
    };
    let entry = |key: &&ChangeKey| Approval { key: (*key).clone(), reason: reason.to_owned(), by: by.clone(), until };
    Ok(chosen.iter().map(entry).collect())
}

fn write(own: &Context, entries: &[Approval]) -> Result<(), CliError> {
    let file = own.config.root.join(approvals::FILE_NAME);
    let old = fs::read_if_present(&file, limits::MAX_CONFIG_BYTES)?;
    let old = String::from_utf8(old.unwrap_or_default()).map_err(AcceptError::NotText)?;
    let text = approvals::with(&old, entries).map_err(AcceptError::Approvals)?;
    Ok(fs::write_atomic(&file, text.as_bytes())?)
}

/// Records anew what was accepted, and what is canonically the same; the ids of both.
fn record(
    args: &AcceptArgs,
    result: &RunResult,
    chosen: &[&ChangeKey],
    folders: &Folders,
    context: &Context,
) -> Result<Vec<String>, CliError> {
    let mut wanted: BTreeMap<&str, Approved> = BTreeMap::new();
    if args.update {
        for key in chosen {
            if let Changed::Difference { id, artifact } = &key.of {
                wanted.entry(id).or_default().insert(artifact.clone(), key.new);
            }
        }
    }
    if args.all_equal {
        result.replays.iter().filter(|replay| is_refreshed(replay)).for_each(|replay| {
            wanted.entry(&replay.id).or_default();
        });
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let only: Vec<String> = wanted.keys().map(|id| (*id).to_owned()).collect();
    let found = discover::discover(folders, context, &only).map_err(CiError::from)?;
    let mut say = |line: &str| output::talk(line);
    let engine = match &context.config.subject {
        Some(Subject::Scanner(scanner)) => subject::engine(scanner, &found.engines)?,
        _ => Engine::OfNone,
    };
    subject::build(context, &mut say)?;
    let scratch = Scratch::new().map_err(CiError::Scratch)?;
    let built = subject::take_up(context, engine, scratch.path())?;
    let mut recorded = BTreeSet::new();
    let none = Approved::new();
    let failed = |id: &str, error: RecordAnewError| {
        CliError::from(error).hint(format!("`{id}` was not recorded anew; entries that were written stay"))
    };
    for case in &found.cases {
        let id = &case.metadata.id;
        let approved = wanted.get(id.as_str()).unwrap_or(&none);
        record_anew::case(case, &built, approved, context).map_err(|error| failed(id, error))?;
        recorded.insert(id.clone());
    }
    for canary in &found.canaries {
        let approved = wanted.get(canary.id.as_str()).unwrap_or(&none);
        record_anew::canary(canary, &built, approved, context).map_err(|error| failed(&canary.id, error))?;
        recorded.insert(canary.id.clone());
    }
    Ok(recorded.into_iter().collect())
}

/// Whether what this checkout builds is another one than what was recorded, and nothing came out otherwise.
fn is_refreshed(replay: &ReplayResult) -> bool {
    let same = matches!(replay.outcome, Outcome::Match { .. });
    same && replay.kind == SubjectKind::Canary && replay.mode == Mode::Regression && replay.recorded != replay.replayed
}

/// What is shown.
struct Report<'a> {
    result: &'a RunResult,
    name: Digest,
    chosen: &'a [&'a ChangeKey],
    entries: &'a [Approval],
    flaky: &'a [&'a str],
    recorded: &'a [String],
    earlier: &'a [Approval],
}

/// Lines of a difference that are shown.
const LINES: usize = 10;

impl Report<'_> {
    fn wire(&self) -> AcceptV1 {
        let change = |key: &&ChangeKey| AcceptableV1 {
            change: (*key).into(),
            detail: self.detail(key),
            takes_back: self.takes_back(key).is_some(),
        };
        AcceptV1 {
            schema: "stella.accept/1",
            exactly: self.name,
            changes: self.chosen.iter().map(change).collect(),
            written: self.entries.len() as u64,
            flaky: self.flaky.iter().map(|id| (*id).to_owned()).collect(),
            recorded: self.recorded.to_vec(),
        }
    }

    /// The approval that this change takes back.
    fn takes_back(&self, key: &ChangeKey) -> Option<&Approval> {
        let inverse = key.inverse();
        self.earlier.iter().find(|earlier| earlier.key.covers(&inverse))
    }

    fn detail(&self, key: &ChangeKey) -> String {
        if let Changed::Difference { id, .. } = &key.of {
            let replay = self.result.replays.iter().find(|replay| replay.id == *id);
            return replay.map(|replay| phrases::cause_cell(&replay.outcome)).unwrap_or_default();
        }
        let changes = self.result.base.iter().flat_map(|base| &base.changes);
        let found = changes.clone().find(|change| change.key == *key);
        found.map(|change| change.detail.clone()).unwrap_or_default()
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(base) = &self.result.base {
            lines.extend(base_phrases::head(base));
        }
        for key in self.chosen {
            lines.push(format!("{} {}: {}", key.of.kind(), key.of, self.detail(key)));
            if let Changed::Difference { id, .. } = &key.of
                && let Some(replay) = self.result.replays.iter().find(|replay| replay.id == *id)
            {
                lines.extend(
                    changes::first_lines(&replay.diff, LINES).into_iter().map(|line| format!("  {}", line.to_text())),
                );
            }
            if let Some(earlier) = self.takes_back(key) {
                lines.push(format!("  takes back what {} approved: {}", earlier.by, earlier.reason));
            }
        }
        for id in self.flaky {
            lines.push(format!("{id} differs from itself: what is flaky cannot be approved"));
        }
        if !self.recorded.is_empty() {
            lines.push(format!("{} recorded anew: {}", self.recorded.len(), self.recorded.join(", ")));
        }
        let count = self.chosen.len();
        lines.push(match (count, self.entries.len()) {
            (0, _) => "nothing needs an approval".to_owned(),
            (_, 0) => format!("{count} changes need an approval; write it with `--reason TEXT`"),
            (_, written) => format!("{written} entries written to {}", approvals::FILE_NAME),
        });
        lines
    }
}
