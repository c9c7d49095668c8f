//! What a run showed, one value for everything that can change.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use crate::artifacts::comparison::{ComparisonError, Rules};
use crate::artifacts::in_scope;
use crate::attribute::{Key, Observation};
use crate::job::artifact::Artifact;
use crate::model::digest::Digest;

/// Reads the artifacts of one side.
///
/// # Errors
/// When an artifact is not what its format says, or the policy cannot decide.
pub fn observe(expected: &[Artifact], actual: &[Artifact], rules: &Rules<'_>) -> Result<Observation, ComparisonError> {
    let (canonical, meaning, decision) = in_scope::read(expected, actual, rules)?;
    let mut observation: Observation =
        canonical.into_iter().map(|(name, digest)| (Key::Artifact(name), digest)).collect();
    let mut add = |keyed: BTreeMap<Key, Digest>| observation.extend(keyed);
    add(grouped(meaning.findings(), |finding| Key::Finding {
        cve_id: finding.key.cve_id.clone(),
        affected_purl: finding.key.affected.clone(),
    }));
    add(grouped(meaning.packages(), |package| Key::Package(package.key())));
    add(grouped(meaning.vex(), |vex| Key::Vex {
        vulnerability: vex.vulnerability.clone(),
        product: vex.product.clone(),
    }));
    if let Some(decision) = decision {
        observation.insert(Key::Decision, value(&decision));
    }
    Ok(observation)
}

fn grouped<'a, T: Debug + Ord + 'a>(
    all: impl Iterator<Item = &'a T>,
    key: impl Fn(&T) -> Key,
) -> BTreeMap<Key, Digest> {
    let mut groups: BTreeMap<Key, BTreeSet<&T>> = BTreeMap::new();
    for one in all {
        groups.entry(key(one)).or_default().insert(one);
    }
    groups.into_iter().map(|(key, group)| (key, value(&group))).collect()
}

/// Values are held against values of this process alone: any text that shows every field will do.
fn value(of: &impl Debug) -> Digest {
    Digest::of(format!("{of:?}").as_bytes())
}
