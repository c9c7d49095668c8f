//! Whether what fails now failed before the change: the replay once more, with the base's subject in the place of the checkout's.
//!
//! Invariants: it is taken up before anything of the checkout runs, and is not used where the checkout's build changed it; it says
//! something of a replay that fails, and decides nothing.

use std::collections::BTreeSet;

use crate::flow::replay::replay_job::{PreparedReplay, Title};
use crate::flow::suite::base::finding::ItemId;
use crate::flow::suite::base::subject::BaseSubject;
use crate::flow::suite::subject::{self, Built, Engine};
use crate::host::fs;
use crate::host::scratch::Scratch;
use crate::job::material::ScannerMaterial;
use crate::model::change::before::BeforeChange;
use crate::model::digest::Digest;
use crate::model::error_chain::causes;
use crate::model::limits::MAX_BLOB_BYTES;
use crate::model::outcome::Outcome;
use crate::model::result::{ArtifactResult, ReplayResult};
use crate::workspace::context::Context;

/// The base's subject, ready to be swapped in, or why it is not.
pub(super) struct Before {
    built: Result<Built, String>,
    /// Replays that the base does not have so.
    of_checkout: BTreeSet<ItemId>,
    /// Where a program of it lies for as long as this lives.
    _scratch: Option<Scratch>,
}

impl Before {
    /// Takes it up.
    pub(super) fn take_up(of: &BaseSubject, engine: &Engine, context: &Context) -> Self {
        let of_checkout = of.of_checkout.clone();
        let taken_up = of.subject().and_then(|subject| {
            let scratch = Scratch::new().map_err(|error| causes(&error))?;
            let built = subject::take_up_of(subject, context, engine.clone(), scratch.path());
            let built = built.map_err(|error| format!("the base's subject cannot be used: {}", causes(&error)))?;
            Ok((built, scratch))
        });
        match taken_up {
            Ok((built, scratch)) => Self { built: Ok(built), of_checkout, _scratch: Some(scratch) },
            Err(why) => Self { built: Err(why), of_checkout, _scratch: None },
        }
    }

    /// The same after the checkout's build, which could have changed a program of it.
    pub(super) fn after_the_build(mut self) -> Self {
        let program = match &self.built {
            Ok(Built::Stella(material) | Built::Scanner(material, ..)) => Some(material),
            _ => None,
        };
        let file = match program {
            Some(ScannerMaterial::Stella { path, digest } | ScannerMaterial::Binary { path, digest, .. }) => {
                Some((path, digest))
            }
            _ => None,
        };
        let is_as_it_was =
            file.is_none_or(|(path, digest)| fs::digest(path, MAX_BLOB_BYTES).is_ok_and(|now| now == *digest));
        if !is_as_it_was {
            self.built = Err("the checkout's build changed the base's subject".to_owned());
        }
        self
    }

    /// What it does in `replay`, which ended as `result` says; `None` where that has nothing to do with the subject, or says nothing.
    pub(super) fn of(&self, replay: &PreparedReplay, result: &ReplayResult, context: &Context) -> Option<BeforeChange> {
        let says_something =
            matches!(result.outcome, Outcome::Drift { .. } | Outcome::Flaky { .. } | Outcome::Unhealthy { .. });
        if !result.candidate || !says_something {
            return None;
        }
        let Title { id, kind, .. } = &replay.title;
        if self.of_checkout.contains(&ItemId { kind: *kind, id: id.clone() }) {
            let why = "the base has no such case or canary, or has it otherwise".to_owned();
            return Some(BeforeChange::NotKnown { why });
        }
        let built = match &self.built {
            Ok(built) => built,
            Err(why) => return Some(BeforeChange::NotKnown { why: why.clone() }),
        };
        let mut with_the_bases = replay.clone();
        // In the place of the checkout's, which stands there already.
        built.swap_into_recording(&mut with_the_bases.job);
        Some(told(result, &with_the_bases.run(context).result))
    }
}

fn told(now: &ReplayResult, before: &ReplayResult) -> BeforeChange {
    let not_known = |why: String| BeforeChange::NotKnown { why };
    match (&before.outcome, &now.outcome) {
        (Outcome::Unreplayable { .. } | Outcome::Infra { .. }, _) => {
            not_known(format!("with the base's subject the replay is {}", before.outcome.code()))
        }
        // One run that matches is no proof where runs differ.
        (Outcome::Match { .. }, Outcome::Flaky { .. }) => {
            not_known("it differs from itself, so that one match with the base's subject says nothing".to_owned())
        }
        (Outcome::Match { .. }, _) => BeforeChange::Green,
        (Outcome::Unhealthy { detail: was }, Outcome::Unhealthy { detail: is }) if was == is => BeforeChange::RedAsNow,
        // Where it lies now it may lack what it had beside it.
        (Outcome::Unhealthy { .. }, _) => not_known("the base's subject does not run well there".to_owned()),
        (before_it, now_it) if before_it.code() == now_it.code() && written(before) == written(now) => {
            BeforeChange::RedAsNow
        }
        _ => BeforeChange::RedOtherwise,
    }
}

fn written(of: &ReplayResult) -> Vec<(&str, Option<Digest>)> {
    of.artifacts.iter().map(|ArtifactResult { name, actual, .. }| (name.as_str(), *actual)).collect()
}
