//! The profiles that come with stella, one for each format.

use std::sync::LazyLock;

use crate::canonical::profile::{Profile, tools};
use crate::model::artifact::{ArtifactFormat, ProfileName};

impl Profile {
    /// The profile that comes with stella for `format`.
    pub fn builtin(format: ArtifactFormat) -> &'static Self {
        match format {
            ArtifactFormat::Cyclonedx => &CYCLONEDX,
            ArtifactFormat::CyclonedxVex => &CYCLONEDX_VEX,
            ArtifactFormat::Spdx => &SPDX,
            ArtifactFormat::Spdx3 => &SPDX3,
            ArtifactFormat::Openvex => &OPENVEX,
            ArtifactFormat::Csaf => &CSAF,
            ArtifactFormat::Sarif => &SARIF,
            ArtifactFormat::Grype => &GRYPE,
            ArtifactFormat::OsvScanner => &OSV_SCANNER,
            ArtifactFormat::Syft => &SYFT,
            ArtifactFormat::Trivy => &TRIVY,
            ArtifactFormat::StellaFindings => &STELLA_FINDINGS,
            ArtifactFormat::StellaDecision => &STELLA_DECISION,
            ArtifactFormat::Json => &JSON,
            ArtifactFormat::JsonLines => &JSON_LINES,
            ArtifactFormat::Bytes => &BYTES,
        }
    }

    /// The profiles for single tools that come with stella, sorted by name.
    pub fn tools() -> &'static [Self] {
        tools::all()
    }

    /// The profile of that name that comes with stella: that of a format or of a tool.
    pub fn named(name: &ProfileName) -> Option<&'static Self> {
        let of_format = || name.as_str().parse().ok().map(Self::builtin);
        Self::tools().iter().find(|profile| profile.name() == name.as_str()).or_else(of_format)
    }
}

/// Registers the embedded files; `every_file_is_registered` finds one that is forgotten.
macro_rules! builtin {
    ($($name:ident = $file:literal;)*) => {
        $(
            // The text is part of the program, and a test reads each.
            static $name: LazyLock<Profile> =
                LazyLock::new(|| Profile::parse(include_str!(concat!("../profiles/", $file))).expect($file));
        )*
        #[cfg(test)]
        const FILES: &[&str] = &[$($file),*];
    };
}

builtin! {
    CYCLONEDX = "cyclonedx.yaml";
    CYCLONEDX_VEX = "cyclonedx-vex.yaml";
    SPDX = "spdx.yaml";
    SPDX3 = "spdx3.yaml";
    OPENVEX = "openvex.yaml";
    CSAF = "csaf.yaml";
    SARIF = "sarif.yaml";
    GRYPE = "grype.yaml";
    OSV_SCANNER = "osv-scanner.yaml";
    SYFT = "syft.yaml";
    TRIVY = "trivy.yaml";
    STELLA_FINDINGS = "stella-findings.yaml";
    STELLA_DECISION = "stella-decision.yaml";
    JSON = "json.yaml";
    JSON_LINES = "json-lines.yaml";
    BYTES = "bytes.yaml";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_is_registered() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/canonical/profiles");
        let mut found: Vec<String> =
            folder.read_dir().unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        found.retain(|name| name != "tools");
        let mut registered = FILES.to_vec();
        found.sort();
        registered.sort();
        assert_eq!(found, registered);
    }

    #[test]
    fn every_builtin_profile_reads_and_is_named_after_its_format() {
        let mut digests = BTreeSet::new();
        for format in ArtifactFormat::ALL.iter().copied() {
            let profile = Profile::builtin(format);
            assert_eq!(profile.name(), format.code());
            assert!(digests.insert(profile.digest()), "{format} has another profile's digest");
            for rule in profile.rules() {
                assert!(rule.reason().len() > 10, "{format}: {} gives no real reason", rule.path());
            }
        }
        assert!(Profile::builtin(ArtifactFormat::Json).rules().is_empty());
    }

    #[test]
    fn every_name_means_one_profile() {
        let formats: Vec<&str> = ArtifactFormat::ALL.iter().map(|format| Profile::builtin(*format).name()).collect();
        for name in formats.iter().copied().chain(Profile::tools().iter().map(Profile::name)) {
            assert_eq!(Profile::named(&name.parse().unwrap()).unwrap().name(), name);
        }
        assert!(Profile::tools().iter().all(|tool| !formats.contains(&tool.name())));
        assert_eq!(Profile::named(&"nope".parse().unwrap()), None);
    }

    #[test]
    fn both_readings_of_cyclonedx_have_the_same_rules() {
        let (sbom, vex) = (Profile::builtin(ArtifactFormat::Cyclonedx), Profile::builtin(ArtifactFormat::CyclonedxVex));
        assert_eq!(sbom.rules(), vex.rules());
    }
}
