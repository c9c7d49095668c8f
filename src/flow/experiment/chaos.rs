//! Perturbs a recorded scan, one thing at a time: what must not matter to a result, and does it?
//!
//! Invariants: nothing is blamed before controls and perturbed runs, drawn in turn, split so cleanly that chance is bounded
//! as in an experiment ([`noise::ALPHA`]); an artifact that differs among controls, whenever that shows, is blamed on nothing;
//! what the level of isolation does not keep is named as not tested, never as passed.

use std::collections::BTreeMap;
use std::path::Path;

use crate::artifacts::comparison::Rules;
use crate::artifacts::in_scope;
use crate::attribute::noise;
use crate::execute::run_job::{self, Executed};
use crate::flow::experiment::perturbation::{ALL, PerturbationKind};
use crate::flow::replay::prepare::{self, ReplayError, ReplayRequest};
use crate::flow::replay::replay_job::PreparedReplay;
use crate::host::scratch::Scratch;
use crate::job::input_roots;
use crate::job::scan_spec::ScanSpec;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::error_chain::chain;
use crate::model::experiment::chaos::{ArtifactDigest, Chaos, Perturbation, PerturbationOutcome};
use crate::model::manifest::ScanManifest;
use crate::model::outcome::Outcome;
use crate::workspace::context::Context;

/// How often the scan is run unperturbed before anything is perturbed; more controls are drawn where something changes.
const UNPERTURBED: usize = 3;

/// Why nothing can be perturbed.
#[derive(Debug, thiserror::Error)]
pub enum ChaosError {
    /// Something that the user gave cannot be used.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A perturbation that there is not.
    #[error("there is no perturbation `{name}`: there are {}", ALL.map(|one| one.name).join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The scan cannot be run at all.
    #[error("the scan cannot be run unperturbed: {0}")]
    NotRunning(String),
    /// An input is gone.
    #[error("the scan cannot be run: {} gone", .0.join(", "))]
    Gone(Vec<String>),
}

impl Diagnostic for ChaosError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Replay(error) => error.kind(),
            Self::Unknown { .. } => FailureKind::Usage,
            Self::Gone(_) | Self::NotRunning(_) => FailureKind::Inconclusive,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Replay(error) => error.hint(),
            _ => None,
        }
    }
}

/// Perturbs the scan that `manifest` recorded; only in the ways of `only`, where there are any.
///
/// # Errors
/// When the manifest cannot be replayed, an input is gone, a name is not one of a perturbation, or the scan cannot run at all.
pub fn run(
    manifest: ScanManifest,
    request: &ReplayRequest,
    only: &[String],
    context: &Context,
) -> Result<Chaos, ChaosError> {
    if let Some(name) = only.iter().find(|name| !ALL.iter().any(|way| way.name == *name)) {
        return Err(ChaosError::Unknown { name: name.clone() });
    }
    let scratch = Scratch::new().map_err(ReplayError::Scratch)?;
    let scan_id = manifest.scan_id.clone();
    let reproduce = prepare::title(&manifest, request, context).reproduce;
    let replay = prepared(manifest, request, context, scratch.path())?;
    let scan = Scan { replay: &replay, context };
    let (first, executed) = scan.digests(&replay.job).map_err(ChaosError::NotRunning)?;
    let mut controls = Controls { first, runs: 1, unstable: BTreeMap::new() };
    for _ in 1..UNPERTURBED {
        let again = scan.digests(&replay.job).map_err(ChaosError::NotRunning)?;
        controls.add(Ok(again.0));
    }
    let wanted = |way: &&PerturbationKind| only.is_empty() || only.iter().any(|name| name == way.name);
    let ways: Vec<Perturbation> =
        ALL.iter().filter(wanted).map(|way| scan.perturb(way, &mut controls, &executed.executor.lost)).collect();
    let again = Perturbation {
        name: "again".to_owned(),
        what: format!("nothing: {} runs of the same", controls.runs),
        shown: if controls.unstable.is_empty() { PerturbationOutcome::Same } else { PerturbationOutcome::Unstable },
        changed: listed(&controls.unstable),
        why: None,
    };
    // A later control may have shown that an artifact differs from itself, which no perturbation is to blame for.
    let perturbations = std::iter::once(again).chain(ways.into_iter().map(|way| controls.acquit(way))).collect();
    Ok(Chaos { scan_id, unperturbed: listed(&controls.first), perturbations, reproduce })
}

/// What the unperturbed runs showed.
struct Controls {
    first: Digests,
    runs: usize,
    /// The artifacts that differ among them, with another digest that came.
    unstable: Digests,
}

impl Controls {
    fn add(&mut self, again: Result<Digests, String>) {
        self.runs += 1;
        // A run without a result differs in everything.
        let other = again.unwrap_or_default();
        self.unstable.extend(differing(&self.first, &other));
    }

    /// What `digests` has otherwise, among the artifacts that are steady.
    fn changed(&self, digests: &Digests) -> Digests {
        let mut changed = differing(&self.first, digests);
        changed.retain(|name, _| !self.unstable.contains_key(name));
        changed
    }

    fn is_steady(&self) -> bool {
        self.first.keys().any(|name| !self.unstable.contains_key(name))
    }

    /// `way` without what it was blamed for too early.
    fn acquit(&self, mut way: Perturbation) -> Perturbation {
        let acquits = match way.shown {
            PerturbationOutcome::Changed => {
                way.changed.retain(|artifact| !self.unstable.contains_key(&artifact.name));
                way.changed.is_empty()
            }
            PerturbationOutcome::Failed => !self.is_steady(),
            _ => false,
        };
        if acquits {
            way.shown = PerturbationOutcome::Unstable;
            way.why = Some("the unperturbed scan differs from itself, too".to_owned());
        }
        way
    }
}

fn prepared(
    manifest: ScanManifest,
    request: &ReplayRequest,
    context: &Context,
    scratch: &Path,
) -> Result<PreparedReplay, ChaosError> {
    let title = prepare::title(&manifest, request, context);
    prepare::prepare(manifest, &title, request, context, scratch)?.map_err(|outcome| match outcome {
        Outcome::Unreplayable { missing } => ChaosError::Gone(missing),
        Outcome::Infra { detail } | Outcome::Unhealthy { detail } => ChaosError::NotRunning(detail),
        other => ChaosError::NotRunning(other.code().to_owned()),
    })
}

type Digests = BTreeMap<String, Digest>;

struct Scan<'a> {
    replay: &'a PreparedReplay,
    context: &'a Context,
}

impl Scan<'_> {
    fn digests(&self, job: &ScanSpec) -> Result<(Digests, Executed), String> {
        let executed = run_job::execute(job, self.context).map_err(|failure| failure.detail)?;
        let expected = &self.replay.expected;
        let rules = Rules {
            config: &self.context.config,
            scope: expected.scope,
            policy: &self.context.default_policy.policy,
            now: self.replay.job.clock,
            expected_roots: &expected.roots,
            actual_roots: &input_roots::of_job(job),
            across_builds: self.replay.across_builds,
        };
        let (digests, ..) = in_scope::read(&expected.artifacts, &executed.artifacts, &rules)
            .map_err(|error| chain("the result cannot be read", &error))?;
        Ok((digests.into_iter().collect(), executed))
    }

    /// Draws perturbed runs and controls in turn until chance is bounded, or one of them says otherwise.
    fn perturb(&self, way: &PerturbationKind, controls: &mut Controls, lost: &[String]) -> Perturbation {
        let of = |shown, changed: &Digests, why| Perturbation {
            name: way.name.to_owned(),
            what: way.what.to_owned(),
            shown,
            changed: listed(changed),
            why,
        };
        let nothing = Digests::new();
        let job = match way.perturb(&self.replay.job, lost) {
            Ok(job) => job,
            Err(why) => return of(PerturbationOutcome::NotTested, &nothing, Some(why)),
        };
        let first = self.outcome(&job, controls);
        if first.as_ref().is_ok_and(Digests::is_empty) {
            return of(PerturbationOutcome::Same, &nothing, None);
        }
        let (mut blamed, mut runs) = (first, 1);
        while noise::chance_of_split(&[(runs, controls.runs)], ALL.len()) >= noise::ALPHA {
            controls.add(self.digests(&self.replay.job).map(|(digests, _)| digests));
            if let Ok(changed) = &mut blamed {
                changed.retain(|name, _| !controls.unstable.contains_key(name));
            }
            if !controls.is_steady() || blamed.as_ref().is_ok_and(Digests::is_empty) {
                let why = "the unperturbed scan differs from itself, too";
                return of(PerturbationOutcome::Unstable, &nothing, Some(why.to_owned()));
            }
            runs += 1;
            let again = self.outcome(&job, controls);
            let same = match (&blamed, &again) {
                (Ok(changed), Ok(again)) => changed.iter().all(|(name, digest)| again.get(name) == Some(digest)),
                (Err(_), Err(_)) => true,
                _ => false,
            };
            if !same {
                let why = format!("{runs} perturbed runs differ among themselves");
                return of(PerturbationOutcome::Unstable, blamed.as_ref().unwrap_or(&nothing), Some(why));
            }
        }
        match &blamed {
            Ok(changed) => of(PerturbationOutcome::Changed, changed, None),
            Err(why) => of(PerturbationOutcome::Failed, &nothing, Some(why.clone())),
        }
    }

    /// What a perturbed run changes among the steady artifacts; why it gave no result.
    fn outcome(&self, job: &ScanSpec, controls: &Controls) -> Result<Digests, String> {
        self.digests(job).map(|(digests, _)| controls.changed(&digests))
    }
}

/// The artifacts that are another, each with its new digest; one that is gone has the digest of nothing.
fn differing(before: &Digests, after: &Digests) -> Digests {
    let gone = before.keys().filter(|name| !after.contains_key(*name)).map(|name| (name.clone(), Digest::of(b"")));
    let other = after.iter().filter(|(name, digest)| before.get(*name) != Some(digest));
    other.map(|(name, digest)| (name.clone(), *digest)).chain(gone).collect()
}

fn listed(digests: &Digests) -> Vec<ArtifactDigest> {
    digests.iter().map(|(name, digest)| ArtifactDigest { name: name.clone(), canonical: *digest }).collect()
}
