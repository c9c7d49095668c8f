//! What a scanner calls its version: it is asked, sealed as it will be when it scans.

use std::collections::BTreeMap;

use crate::execute::run_job;
use crate::job::material::InputMaterial;
use crate::job::scan_spec::ScanSpec;
use crate::model::artifact::{ArtifactFormat, ArtifactType};
use crate::model::artifact_spec::{ArtifactPath, ArtifactSpec};
use crate::workspace::context::Context;

/// The version of the scanner of `job`; `None` where it does not say one.
pub fn of(job: &ScanSpec, arguments: &[String], context: &Context) -> Option<String> {
    if arguments.is_empty() {
        return None;
    }
    let stdout = ArtifactSpec {
        artifact_type: ArtifactType::Evidence,
        path: ArtifactPath::Stdout,
        format: Some(ArtifactFormat::Bytes),
        profile: None,
    };
    let asked = ScanSpec {
        argv: std::iter::once("{scanner}".to_owned()).chain(arguments.iter().cloned()).collect(),
        artifacts: vec![stdout],
        input: InputMaterial::file("nothing", Vec::new()),
        config: None,
        feeds: Vec::new(),
        policy: None,
        set_env: BTreeMap::new(),
        expected_exit_codes: vec![0],
        ..job.clone()
    };
    let executed = run_job::execute(&asked, context).ok()?;
    find(&String::from_utf8_lossy(&executed.artifacts.first()?.bytes))
}

/// The first word that is a version, a digit first and a dot in it: of the line that begins with `Version`, else of the first
/// one. Further lines may name those of libraries and formats.
fn find(text: &str) -> Option<String> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines().find(|line| line.to_ascii_lowercase().starts_with("version")).or_else(|| lines().next())?;
    let words = line.split(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '\'' | '(' | ')'));
    let mut words = words.map(|word| word.strip_prefix('v').unwrap_or(word));
    let is_version = |word: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_');
        word.len() <= 40
            && word.starts_with(|c: char| c.is_ascii_digit())
            && word.contains('.')
            && word.chars().all(plain)
    };
    words.find(is_version).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_what_scanners_print() {
        for (said, version) in [
            ("bandit 1.9.4\n  python version = 3.11.2", Some("1.9.4")),
            ("osv-scanner version: 2.5.1\nosv-scalibr version: 0.4.6", Some("2.5.1")),
            ("1.182.0\n", Some("1.182.0")),
            ("Version: v0.68.1", Some("0.68.1")),
            ("Application: syft\nVersion:    1.42.0\nSchemaVersion: 16.1.3", Some("1.42.0")),
            ("Application: syft\nVersion: [not provided]\nSchemaVersion: 16.1.3", None),
            ("", None),
        ] {
            assert_eq!(find(said).as_deref(), version, "{said}");
        }
    }
}
