//! The artifacts of a run that are compared with what is expected, each read.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifacts::comparison::{ComparisonError, Rules, Scope};
use crate::artifacts::meaning::{decide, meaning};
use crate::artifacts::read_artifact::{KnownArtifacts, ReadArtifact};
use crate::compare::semantic::Semantics;
use crate::format::coverage;
use crate::job::artifact::Artifact;
use crate::model::decision::Decision;
use crate::model::digest::Digest;
use crate::model::result::ArtifactResult;

/// The artifacts of a run that are compared with what is expected.
fn in_scope<'a>(expected: &[Artifact], actual: &'a [Artifact], scope: Scope) -> Vec<&'a Artifact> {
    let primary = expected.iter().filter(|artifact| artifact.artifact_type.is_primary());
    let names: BTreeSet<&str> = primary.map(|artifact| artifact.name.as_str()).collect();
    let is_older = is_before_coverage(expected);
    let counts = |artifact: &&Artifact| match scope {
        Scope::All => !(is_older && artifact.name == coverage::FILE),
        Scope::Expected => names.contains(artifact.name.as_str()),
    };
    actual.iter().filter(counts).collect()
}

/// Whether artifacts are those of a built-in scanner that did not say yet what it looked at: that is then not compared.
pub fn is_before_coverage(expected: &[Artifact]) -> bool {
    let has = |name: &str| expected.iter().any(|artifact| artifact.name == name);
    has("findings.json") && has("sbom.cdx.json") && !has(coverage::FILE)
}

/// The artifacts of a run that are compared with what is expected, each read.
///
/// # Errors
/// When one of them is not what its format says.
pub fn read_actual<'a>(
    expected: &[Artifact],
    actual: &'a [Artifact],
    rules: &Rules<'_>,
) -> Result<Vec<ReadArtifact<'a>>, ComparisonError> {
    let (actual, nothing) = (in_scope(expected, actual, rules.scope), KnownArtifacts::default());
    ReadArtifact::all(actual, rules.actual_roots, rules.config, (&nothing, rules.across_builds))
        .map_err(|(name, source)| ComparisonError::Actual { name, source })
}

/// The canonical digests of one side, what it means, and its decision: its own, or the policy's.
///
/// # Errors
/// When an artifact is not what its format says, or the policy cannot decide.
#[expect(clippy::type_complexity, reason = "three values that are taken apart at once")]
pub fn read(
    expected: &[Artifact],
    actual: &[Artifact],
    rules: &Rules<'_>,
) -> Result<(Vec<(String, Digest)>, Semantics, Option<Decision>), ComparisonError> {
    let read = read_actual(expected, actual, rules)?;
    let digests = read.iter().map(|read| (read.name().to_owned(), read.canonical.digest)).collect();
    let meaning = meaning(read.into_iter().map(|read| read.document));
    let decision = decide(&meaning, rules.policy, rules.now)?;
    Ok((digests, meaning, decision))
}

/// The names of the artifacts in which two runs differ, among those that are compared with what is expected: `first` is what a
/// comparison read of the first run, `second` are the artifacts of the other.
///
/// # Errors
/// When an artifact of the second run is not what its format says.
pub fn unstable(
    expected: &[Artifact],
    (first, second): (&[ArtifactResult], &[Artifact]),
    rules: &Rules<'_>,
) -> Result<Vec<String>, ComparisonError> {
    let second = read_actual(expected, second, rules)?;
    let second: BTreeMap<&str, Digest> = second.iter().map(|read| (read.name(), read.canonical.digest)).collect();
    let first: BTreeMap<&str, Digest> =
        first.iter().filter_map(|result| Some((result.name.as_str(), result.actual?))).collect();
    let names: BTreeSet<&str> = first.keys().chain(second.keys()).copied().collect();
    Ok(names.into_iter().filter(|name| first.get(name) != second.get(name)).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::artifacts::compare_artifacts::compare;
    use crate::canonical::Roots;
    use crate::config::Config;
    use crate::model::artifact::{ArtifactFormat, ArtifactType};
    use crate::policy::Policy;

    #[test]
    fn two_runs_are_held_against_each_other_in_what_is_compared_alone() {
        let artifact = |name: &str, bytes: &[u8]| Artifact {
            artifact_type: ArtifactType::Findings,
            name: name.to_owned(),
            format: ArtifactFormat::Bytes,
            profile: None,
            bytes: bytes.into(),
        };
        let config = Config::for_directory(std::path::Path::new(".")).unwrap();
        let policy = Policy::builtin_default().unwrap();
        let expected = [artifact("a", b"0")];
        let first = [artifact("a", b"1"), artifact("log", b"1")];
        let broken = Artifact { format: ArtifactFormat::StellaFindings, ..artifact("other", b"{") };
        let second = [artifact("a", b"1"), artifact("log", b"2"), artifact("more", b"")];
        let names = |scope, second: &[Artifact]| {
            let rules = Rules {
                config: &config,
                scope,
                policy: &policy,
                now: Timestamp::UNIX_EPOCH,
                expected_roots: &Roots::default(),
                actual_roots: &Roots::default(),
                across_builds: false,
            };
            let compared = compare(&expected, &KnownArtifacts::default(), &first, &rules)?;
            unstable(&expected, (&compared.artifacts, second), &rules)
        };
        assert_eq!(names(Scope::All, &second).unwrap(), ["log", "more"]);
        assert!(names(Scope::Expected, &second).unwrap().is_empty());
        let second = [artifact("a", b"1"), artifact("log", b"1"), broken];
        assert!(names(Scope::All, &second).is_err());
        assert!(names(Scope::Expected, &second).unwrap().is_empty());
    }
}
