//! Reports of programs that are not run here, as the programs' own projects publish them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::format::{Document, detect, read_document};
use crate::model::artifact::ArtifactFormat;

/// What a report means, one line for each package, finding and statement.
fn told(document: &Document) -> Vec<String> {
    let packages = document.packages.iter().flatten().map(|package| {
        let licenses: Vec<&str> = package.licenses.iter().map(String::as_str).collect();
        format!("package {} [{}]", package.key(), licenses.join(", "))
    });
    let findings = document.findings.iter().flatten().map(|finding| {
        let fixed: Vec<&str> = finding.fixed_versions.iter().map(String::as_str).collect();
        let status = finding.vex_status.map(|status| status.to_string()).unwrap_or_default();
        let (id, affected) = (&finding.key.cve_id, &finding.key.affected);
        format!("finding {id} in {affected}: {} [{}] {status}", finding.severity, fixed.join("; "))
    });
    let vex = document
        .vex
        .iter()
        .flatten()
        .map(|vex| format!("vex {} of {}: {}", vex.vulnerability, vex.product, vex.status));
    packages.chain(findings).chain(vex).map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn published_reports_are_recognised_and_read() {
    let expected: BTreeMap<&str, (ArtifactFormat, &[&str])> = [
        (
            "trivy-composer.json",
            (
                ArtifactFormat::Trivy,
                &[
                    "package pkg:composer/guzzlehttp/psr7@1.8.3 [MIT]",
                    "package pkg:composer/psr/http-message@1.1 [MIT]",
                    "package pkg:composer/ralouphie/getallheaders@3.0.3 [MIT]",
                    "finding CVE-2022-24775 in pkg:composer/guzzlehttp/psr7@1.8.3: high [1.8.4] affected",
                ] as &[&str],
            ),
        ),
        ("trivy-dockerfile.json", (ArtifactFormat::Trivy, &["finding DS002 in Dockerfile: high []"])),
        (
            "trivy-image.json",
            (
                ArtifactFormat::Trivy,
                &[
                    "finding CVE-2019-15542 in ammonia@1.9.0: high [>= 2.1.0]",
                    "finding CVE-2021-38193 in ammonia@1.9.0: medium [< 3.0.0; >= 2.1.3; >= 3.1.0]",
                ],
            ),
        ),
        (
            "grype-directory.json",
            (
                ArtifactFormat::Grype,
                &[
                    "finding CVE-1999-0001 in package-1@1.1.1: low [1.2.1; 2.1.3; 3.4.0]",
                    "finding CVE-1999-0002 in pkg:deb/package-2@2.2.2: critical []",
                ],
            ),
        ),
    ]
    .into();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format/published");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "ORIGIN.md" {
            continue;
        }
        let (format, meaning) = expected.get(name).unwrap_or_else(|| panic!("nothing is expected of {name}"));
        let bytes = fs::read(&path).unwrap();
        assert_eq!(detect(&bytes), *format, "{name}");
        assert_eq!(told(&read_document(*format, &bytes).unwrap()), *meaning, "{name}");
        seen += 1;
    }
    assert_eq!(seen, expected.len());
}
