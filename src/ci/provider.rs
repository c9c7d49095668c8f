//! What the system that runs a pipeline says of it in environment variables.

use std::ffi::OsString;

use crate::model::shard::CiRun;

/// Where the systems tell the commit, in the order in which they are asked: GitHub, GitLab, Azure Pipelines, Buildkite, CircleCI, Jenkins.
const COMMIT_VARIABLES: [&str; 6] =
    ["GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "GIT_COMMIT"];

/// The commit that the system works on; `None` where none tells it.
pub fn commit(variable: impl Fn(&str) -> Option<OsString>) -> Option<String> {
    let told = |name: &&str| variable(name)?.into_string().ok().filter(|sha| !sha.is_empty());
    COMMIT_VARIABLES.iter().find_map(told)
}

/// Where the systems tell the run of a job, and a number that grows each time when the job is repeated in it: GitHub, GitLab.
const RUN_VARIABLES: [(&str, &str); 2] = [("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"), ("CI_PIPELINE_ID", "CI_JOB_ID")];

/// The run that this job is a part of; `None` where none tells it.
pub fn run(variable: impl Fn(&str) -> Option<OsString>) -> Option<CiRun> {
    let told = |name: &str| variable(name)?.into_string().ok();
    let number = |name: &str| told(name)?.parse::<u64>().ok();
    RUN_VARIABLES.iter().find_map(|(run, attempt)| {
        let (id, attempt) = (number(run)?, number(attempt)?);
        Some(CiRun { id: id.to_string(), attempt })
    })
}

/// Whether a system runs this process and no person looks on: all of them set `CI`.
pub fn is_unattended(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("CI").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn the_first_system_that_tells_a_commit_is_believed() {
        for (set, expected) in [
            (&[][..], None),
            (&[("GIT_COMMIT", "c")], Some("c")),
            (&[("GIT_COMMIT", "c"), ("BUILDKITE_COMMIT", "b")], Some("b")),
            (&[("CI_COMMIT_SHA", "l"), ("GITHUB_SHA", "g"), ("BUILD_SOURCEVERSION", "a")], Some("g")),
            (&[("GITHUB_SHA", ""), ("BUILD_SOURCEVERSION", "a")], Some("a")),
            (&[("SHA", "x")], None),
        ] {
            assert_eq!(commit(among(set)).as_deref(), expected, "{set:?}");
        }
    }

    #[test]
    fn a_run_is_told_with_its_attempt_or_not_at_all() {
        let of = |id: &str, attempt| Some(CiRun { id: id.to_owned(), attempt });
        for (set, expected) in [
            (&[][..], None),
            (&[("GITHUB_RUN_ID", "7"), ("GITHUB_RUN_ATTEMPT", "2")], of("7", 2)),
            (&[("CI_PIPELINE_ID", "8"), ("CI_JOB_ID", "90")], of("8", 90)),
            (&[("GITHUB_RUN_ID", "7")], None),
            (&[("GITHUB_RUN_ID", "7\n"), ("GITHUB_RUN_ATTEMPT", "2")], None),
        ] {
            assert_eq!(run(among(set)), expected, "{set:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_commit_that_is_not_text_is_not_taken() {
        use std::os::unix::ffi::OsStringExt;
        assert_eq!(commit(|name| (name == "GITHUB_SHA").then(|| OsString::from_vec(vec![0xff]))), None);
    }

    #[test]
    fn any_value_says_that_nobody_looks_on() {
        assert!(is_unattended(among(&[("CI", "")])) && is_unattended(among(&[("CI", "true")])));
        assert!(!is_unattended(among(&[("TF_BUILD", "True")])));
    }
}
