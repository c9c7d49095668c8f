//! Perturbs a recorded scan, one thing at a time: what must not matter to a result, and does it?
//!
//! Invariants: a change is reported only where it came twice and the unperturbed scan is steady; what the level of isolation
//! does not keep is named as not tested, never as passed.

use std::collections::BTreeMap;
use std::path::Path;

use crate::flow::context::Context;
use crate::flow::execute::{self, Executed};
use crate::flow::failure::chain;
use crate::flow::job::Job;
use crate::flow::perturb::{ALL, Way};
use crate::flow::replay::Replay;
use crate::flow::replay_manifest::{self, ReplayError, ReplayRequest};
use crate::flow::roots;
use crate::flow::verdict::{self, Rules};
use crate::host::scratch::Scratch;
use crate::model::chaos::{ArtifactDigest, Chaos, Perturbation, Shown};
use crate::model::digest::Digest;
use crate::model::manifest::ScanManifest;
use crate::model::outcome::Outcome;

/// How often the scan is run unperturbed: what differs among these runs differs from itself.
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

/// Perturbs the scan that `manifest` recorded; only in the ways of `only`, where there are any.
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
    let reproduce = replay_manifest::title(&manifest, request, context).reproduce;
    let replay = prepared(manifest, request, context, scratch.path())?;
    let scan = Scan { replay: &replay, context };
    let (first, executed) = scan.digests(&replay.job).map_err(ChaosError::NotRunning)?;
    let mut unstable = BTreeMap::new();
    for _ in 1..UNPERTURBED {
        let (again, _) = scan.digests(&replay.job).map_err(ChaosError::NotRunning)?;
        unstable.extend(differing(&first, &again));
    }
    let mut perturbations = vec![Perturbation {
        name: "again".to_owned(),
        what: format!("nothing: {UNPERTURBED} runs of the same"),
        shown: if unstable.is_empty() { Shown::Same } else { Shown::Unstable },
        changed: listed(&unstable),
        why: None,
    }];
    let wanted = |way: &&Way| only.is_empty() || only.iter().any(|name| name == way.name);
    for way in ALL.iter().filter(wanted) {
        perturbations.push(scan.perturb(way, &first, &unstable, &executed.executor.lost));
    }
    Ok(Chaos { scan_id, unperturbed: listed(&first), perturbations, reproduce })
}

fn prepared(
    manifest: ScanManifest,
    request: &ReplayRequest,
    context: &Context,
    scratch: &Path,
) -> Result<Replay, ChaosError> {
    let title = replay_manifest::title(&manifest, request, context);
    replay_manifest::prepare(manifest, &title, request, context, scratch)?.map_err(|outcome| match outcome {
        Outcome::Unreplayable { missing } => ChaosError::Gone(missing),
        Outcome::Infra { detail } | Outcome::Unhealthy { detail } => ChaosError::NotRunning(detail),
        other => ChaosError::NotRunning(other.code().to_owned()),
    })
}

type Digests = BTreeMap<String, Digest>;

struct Scan<'a> {
    replay: &'a Replay,
    context: &'a Context,
}

impl Scan<'_> {
    fn digests(&self, job: &Job) -> Result<(Digests, Executed), String> {
        let executed = execute::execute(job, self.context).map_err(|failure| failure.detail)?;
        let expected = &self.replay.expected;
        let rules = Rules {
            config: &self.context.config,
            scope: expected.scope,
            policy: &self.context.default_policy.policy,
            now: self.replay.job.clock,
            expected_roots: &expected.roots,
            actual_roots: &roots::of_job(job),
        };
        let (digests, ..) = verdict::read(&expected.artifacts, &executed.artifacts, &rules)
            .map_err(|error| chain("the result cannot be read", &error))?;
        Ok((digests.into_iter().collect(), executed))
    }

    fn perturb(&self, way: &Way, first: &Digests, unstable: &Digests, lost: &[String]) -> Perturbation {
        let of = |shown, changed, why| Perturbation {
            name: way.name.to_owned(),
            what: way.what.to_owned(),
            shown,
            changed,
            why,
        };
        let job = match way.perturb(&self.replay.job, lost) {
            Ok(job) => job,
            Err(why) => return of(Shown::NotTested, Vec::new(), Some(why)),
        };
        let changed = match self.digests(&job) {
            Err(why) => return of(Shown::Failed, Vec::new(), Some(why)),
            Ok((digests, _)) => differing(first, &digests),
        };
        let changed: Digests = changed.into_iter().filter(|(name, _)| !unstable.contains_key(name)).collect();
        if changed.is_empty() {
            return of(Shown::Same, Vec::new(), None);
        }
        // Not before it was seen twice.
        match self.digests(&job) {
            Ok((again, _)) if changed.iter().all(|(name, digest)| again.get(name) == Some(digest)) => {
                of(Shown::Changed, listed(&changed), None)
            }
            Ok(_) => of(Shown::Unstable, listed(&changed), Some("two perturbed runs differ".to_owned())),
            Err(why) => of(Shown::Failed, listed(&changed), Some(why)),
        }
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
