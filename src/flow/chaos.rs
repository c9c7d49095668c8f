//! Perturbs a recorded scan, one thing at a time: what must not matter to a result, and does it?
//!
//! Invariants: a change is reported only where it came twice and the unperturbed scan is steady; what the level of isolation
//! does not keep is named as not tested, never as passed.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use crate::flow::context::Context;
use crate::flow::execute::{self, Executed};
use crate::flow::failure::{Failure, chain};
use crate::flow::job::Job;
use crate::flow::material::InputMaterial;
use crate::flow::replay::Replay;
use crate::flow::replay_manifest::{self, ReplayError, ReplayRequest};
use crate::flow::verdict::{self, Rules};
use crate::model::chaos::{ArtifactDigest, Chaos, Perturbation, Shown};
use crate::model::digest::Digest;
use crate::model::manifest::ScanManifest;
use crate::model::outcome::Outcome;
use crate::sandbox::setting::{Hostname, Umask, User};
use crate::sandbox::spec::DirectoryOrder;

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

/// One way to perturb a job.
struct Way {
    name: &'static str,
    what: &'static str,
    /// The subject of what a level of isolation loses when it does not keep this.
    subject: Option<&'static str>,
    change: fn(&mut Job) -> Result<(), &'static str>,
}

const fn way(
    name: &'static str,
    what: &'static str,
    subject: Option<&'static str>,
    change: fn(&mut Job) -> Result<(), &'static str>,
) -> Way {
    Way { name, what, subject, change }
}

/// Every perturbation, in the order in which they are made.
const ALL: [Way; 14] = [
    way("clock", "a year and a day later", Some("clock"), |job| {
        job.clock = later(job.clock);
        Ok(())
    }),
    way("tz", "Pacific/Kiritimati", None, |job| {
        job.tz = "Pacific/Kiritimati".to_owned();
        Ok(())
    }),
    way("locale", "tr_TR.UTF-8", None, |job| {
        job.locale = "tr_TR.UTF-8".to_owned();
        Ok(())
    }),
    way("hostname", "`chaos-monkey`", Some("hostname"), |job| {
        job.settings.hostname = Hostname::new("chaos-monkey").ok();
        Ok(())
    }),
    way("cpu-count", "one processor", Some("cpu count"), |job| {
        job.settings.cpu_count = Some(1);
        Ok(())
    }),
    way("cpu-count-many", "seven processors", Some("cpu count"), |job| {
        job.settings.cpu_count = Some(7);
        Ok(())
    }),
    way("directory-order", "shuffled by the seed", Some("directory order"), |job| {
        job.settings.directory_order = Some(DirectoryOrder::Seeded);
        Ok(())
    }),
    way("component-order", "lists of components and packages in the input reversed", None, reverse_components),
    way("seed", "another seed of all randomness", Some("randomness"), |job| {
        job.seed = job.seed.wrapping_add(0x5eed);
        Ok(())
    }),
    way("uid", "user 4242", Some("user"), |job| {
        job.settings.user = User::new(4242, 4242).ok();
        Ok(())
    }),
    way("umask", "077", None, |job| {
        job.settings.umask = Umask::new(0o077).ok();
        Ok(())
    }),
    way("home", "another home directory", None, |job| wrapped(job, &["/usr/bin/env", "HOME=/tmp"])),
    way("warm-cache", "the second run in one sandbox", None, |job| {
        wrapped(job, &["/bin/sh", "-c", "\"$@\" >/dev/null 2>&1; exec \"$@\"", "sh"])
    }),
    way("environment", "one variable more that nobody reads", None, |job| {
        job.env.insert("STELLA_CHAOS".to_owned(), "1".to_owned());
        Ok(())
    }),
];

fn later(at: Timestamp) -> Timestamp {
    const HOURS: i64 = 366 * 24;
    at.checked_add(SignedDuration::from_hours(HOURS)).unwrap_or(at)
}

/// The command behind another one; the built-in scanner has no command.
fn wrapped(job: &mut Job, before: &[&str]) -> Result<(), &'static str> {
    if job.argv.is_empty() {
        return Err("the built-in scanner has no process of its own");
    }
    job.argv.splice(0..0, before.iter().map(|word| (*word).to_owned()));
    Ok(())
}

/// Reverses `components` and `packages` of every JSON document of the input: an order that means nothing.
fn reverse_components(job: &mut Job) -> Result<(), &'static str> {
    let reversed = |bytes: &[u8]| -> Option<Vec<u8>> {
        let mut document: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        let mut any = false;
        for name in ["components", "packages"] {
            if let Some(list) =
                document.get_mut(name).and_then(|list| list.as_array_mut()).filter(|list| list.len() > 1)
            {
                list.reverse();
                any = true;
            }
        }
        any.then(|| serde_json::to_vec(&document).ok()).flatten()
    };
    const NONE: &str = "no document of the input has a list of components or packages";
    match &job.input {
        InputMaterial::File { name, bytes, .. } => {
            let bytes = reversed(bytes).ok_or(NONE)?;
            job.input = InputMaterial::file(name.clone(), bytes);
        }
        InputMaterial::Tree(_) => {
            let files = job.input.files();
            let turned: Vec<(String, Vec<u8>, bool)> = files
                .into_iter()
                .map(|(path, bytes)| match reversed(bytes) {
                    Some(reversed) => (path.to_owned(), reversed, true),
                    None => (path.to_owned(), bytes.to_vec(), false),
                })
                .collect();
            if !turned.iter().any(|(_, _, any)| *any) {
                return Err(NONE);
            }
            let files = turned.into_iter().map(|(path, bytes, _)| (path, bytes)).collect();
            let tree = crate::bundle::tree::Tree::of_files(files).map_err(|_| NONE)?;
            job.input = InputMaterial::Tree(tree);
        }
    }
    Ok(())
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
    let scratch = tempfile::Builder::new().prefix("stella-chaos-").tempdir().map_err(ReplayError::Scratch)?;
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
        let executed = execute::execute(job, self.context).map_err(|failure| match failure {
            Failure::Unhealthy(why) | Failure::Infra(why) => why,
        })?;
        let expected = &self.replay.expected;
        let rules = Rules {
            config: &self.context.config,
            scope: expected.scope,
            policy: &self.context.default_policy.policy,
            now: self.replay.job.clock,
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
        let prefix = way.subject.map(|subject| format!("{subject}:"));
        if let Some(why) = lost.iter().find(|line| prefix.as_ref().is_some_and(|prefix| line.starts_with(prefix))) {
            return of(Shown::NotTested, Vec::new(), Some(why.clone()));
        }
        let mut job = self.replay.job.clone();
        if let Err(why) = (way.change)(&mut job) {
            return of(Shown::NotTested, Vec::new(), Some(why.to_owned()));
        }
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
