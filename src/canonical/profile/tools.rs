//! Profiles for the JSON of single tools. Which tool wrote a document its content tells; the format stays `json`.

use std::sync::LazyLock;

use crate::canonical::profile::Profile;

/// Registers the embedded files; `every_file_is_registered` finds one that is forgotten.
macro_rules! tools {
    ($($file:literal),*) => {
        // The text is part of the program, and a test reads each.
        static TOOLS: LazyLock<Vec<Profile>> = LazyLock::new(|| {
            vec![$(Profile::parse(include_str!(concat!("../profiles/tools/", $file))).expect($file)),*]
        });
        #[cfg(test)]
        const FILES: &[&str] = &[$($file),*];
    };
}

tools![
    "bandit.yaml",
    "checkov.yaml",
    "detect-secrets.yaml",
    "eslint.yaml",
    "gitleaks.yaml",
    "npm-audit.yaml",
    "retire.yaml",
    "ruff.yaml",
    "semgrep.yaml",
    "zizmor.yaml"
];

/// All of them, sorted by name.
pub(super) fn all() -> &'static [Profile] {
    &TOOLS
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::canonical::profile::Form;

    #[test]
    fn every_file_is_registered() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/canonical/profiles/tools");
        let mut found: Vec<String> =
            folder.read_dir().unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        found.sort();
        assert_eq!(found, FILES);
    }

    #[test]
    fn every_one_is_named_after_its_file() {
        for (profile, file) in all().iter().zip(FILES) {
            assert_eq!(format!("{}.yaml", profile.name()), *file);
            assert_eq!(profile.form(), Form::Json);
            for rule in profile.rules() {
                assert!(rule.reason().len() > 10, "{file}: {} gives no real reason", rule.path());
            }
        }
    }
}
