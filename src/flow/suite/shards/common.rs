//! What all shards of a run must have in common, told by each machine for itself.

use std::collections::BTreeMap;

use crate::config::{self, Config};
use crate::flow::suite::base::prepare::Prepared;
use crate::flow::suite::head::{UnknownHead, head};
use crate::flow::suite::shards::suite::Suite;
use crate::hint;
use crate::host::fs::{self, FsError};
use crate::model::change::approval::ChangeKey;
use crate::model::change::base::RulesOf;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::limits;
use crate::model::parameter::{Operation, Parameter};
use crate::model::shard::{CiRun, JudgedBy};
use crate::model::text::objects;
use crate::wire::v1::timings::TimingsV1;

/// How long each case and canary took, as it is committed beside the configuration.
pub const TIMINGS: &str = ".stella-timings.json";

/// What all shards of a run have in common, but for the suite.
#[derive(Debug, Clone)]
pub struct Common {
    head: Option<String>,
    configuration: Digest,
    base: Option<Digest>,
    options: String,
    /// How long each is known to take, in milliseconds.
    pub(super) durations: BTreeMap<String, u64>,
    timings: Option<Digest>,
    /// The run of the CI system.
    pub(super) ci_run: Option<CiRun>,
}

/// Why nobody can tell what a shard is a part of.
#[derive(Debug, thiserror::Error)]
pub enum CommonError {
    /// The configuration or the timings cannot be read.
    #[error(transparent)]
    Read(#[from] FsError),
    /// The timings are not timings.
    #[error("`{TIMINGS}` is not a list of timings")]
    Timings(#[source] serde_json::Error),
    /// The repository does not tell which commit this is.
    #[error(transparent)]
    Head(#[from] UnknownHead),
}

impl Diagnostic for CommonError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Read(_) => FailureKind::Infrastructure,
            Self::Head(error) => error.kind(),
            Self::Timings(_) => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Timings(_) => Some(hint!(
                "write it anew with {}, or delete it: then all are taken to be alike",
                Operation::Ci.with([Parameter::Timings.to(TIMINGS)], None)
            )),
            Self::Read(_) | Self::Head(_) => None,
        }
    }
}

/// The timings of a checkout: the digest of the file, and how long each replay took.
///
/// # Errors
/// When they cannot be read: no run in shards would begin.
pub fn timings(own: &Config) -> Result<(Option<Digest>, BTreeMap<String, u64>), CommonError> {
    match fs::read_if_present(&own.root.join(TIMINGS), limits::MAX_CONFIG_BYTES)? {
        None => Ok((None, BTreeMap::new())),
        Some(bytes) => {
            let read = objects::from_slice::<TimingsV1>(&bytes).map_err(CommonError::Timings)?;
            Ok((Some(Digest::of(&bytes)), read.duration_ms))
        }
    }
}

impl Common {
    /// That of a checkout with the configuration `own`, held against `base`, run with `options` in the run `ci_run`.
    ///
    /// # Errors
    /// See [`CommonError`].
    pub fn of(
        own: &Config,
        base: Option<&Prepared>,
        options: String,
        ci_run: Option<CiRun>,
    ) -> Result<Self, CommonError> {
        let head = head(&own.root)?;
        let file = own.file.clone().unwrap_or_else(|| own.root.join(config::FILE_NAME));
        let written = fs::read_if_present(&file, limits::MAX_CONFIG_BYTES)?.unwrap_or_default();
        let (timings, durations) = timings(own)?;
        Ok(Self {
            head,
            configuration: Digest::of(&written),
            base: base.map(of_base),
            options,
            durations,
            timings,
            ci_run,
        })
    }

    /// What a shard of `suite` is judged by.
    pub fn judged_by(&self, suite: &Suite) -> JudgedBy {
        JudgedBy {
            head: self.head.clone(),
            configuration: self.configuration,
            base: self.base,
            suite: suite.digest(),
            timings: self.timings,
            options: self.options.clone(),
        }
    }

    /// How long each is known to take, in milliseconds.
    pub fn durations(&self) -> &BTreeMap<String, u64> {
        &self.durations
    }

    /// The run of the CI system.
    pub fn ci_run(&self) -> Option<&CiRun> {
        self.ci_run.as_ref()
    }
}

/// The base by its commits, and every change that was found: which approvals there are is asked once, of the whole.
fn of_base(prepared: &Prepared) -> Digest {
    let from = match &prepared.base.rules {
        RulesOf::FirstIntroduction { .. } => "first introduction",
        RulesOf::Base { changed_from, .. } => changed_from,
    };
    let mut text = format!("stella.base/1\n{}\n{from}\n{}\n", prepared.at.0, prepared.base.subject_dropped);
    for change in &prepared.base.changes {
        let ChangeKey { of, old, new } = &change.key;
        let (id, part) = (of.id().unwrap_or_default(), of.part());
        let side = |digest: &Option<Digest>| digest.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
        text += &format!("{:?} {}:{id} {}:{part} {} {}\n", change.effect, id.len(), part.len(), side(old), side(new));
    }
    Digest::of(text.as_bytes())
}
