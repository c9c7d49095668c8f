//! How a release is made: the commit that is tagged adds the digests of what was built from its parent, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::base::forge::Forge;
use crate::harness::{copy, repository, says};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A clone of a repository with the scripts of this one, and a `gh` that writes down what it is asked.
struct Release {
    forge: Forge,
}

impl Release {
    fn new(changelog: &str) -> Self {
        let forge = Forge::of(|dev| {
            for name in [".ci/publish", ".ci/add-checksums", "action/checksums.json", "Cargo.toml"] {
                let to = dev.path(name);
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                copy(&repository(name), &to);
            }
            dev.write("CHANGELOG.md", changelog);
        });
        let gh = forge.world.script("bin/gh", "printf '%s|' \"$@\" >>\"$LOG\"; echo >>\"$LOG\"");
        assert!(gh.is_file());
        let dist = forge.world.path("dist");
        fs::create_dir(&dist).unwrap();
        for target in ["x86_64-unknown-linux-musl", "aarch64-apple-darwin"] {
            fs::write(dist.join(format!("stella-{VERSION}-{target}.tar.gz")), target).unwrap();
        }
        Self { forge }
    }

    fn log(&self) -> PathBuf {
        self.forge.world.path("gh.log")
    }

    fn publish(&self) -> Output {
        let path = format!("{}:/usr/bin:/bin", self.forge.world.work("bin").display());
        let mut command = Command::new(self.forge.dev().path(".ci/publish"));
        command.arg(self.forge.world.path("dist")).env_clear().env("PATH", path).env("LOG", self.log());
        command.env("HOME", self.forge.world.path("home")).env("GH_TOKEN", "ghs_of_the_job");
        command.output().unwrap()
    }
}

fn changelog() -> String {
    format!("# Changelog\n\n## [Unreleased]\n\n## [{VERSION}]\n\n- What is new.\n\n## [0.0.1]\n\n- What was.\n")
}

#[test]
fn a_release_is_the_commit_after_the_one_that_was_built() {
    let release = Release::new(&changelog());
    let git = |arguments: &[&str]| release.forge.git(&release.forge.world.path("bare.git"), arguments);
    let built = git(&["rev-parse", "main"]);
    let output = release.publish();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let tag = format!("v{VERSION}");
    assert_eq!(git(&["rev-parse", &format!("{tag}^")]), built);
    assert_eq!(git(&["diff", "--name-only", &built, &tag]), "action/checksums.json");
    assert_eq!(git(&["rev-parse", "main"]), git(&["rev-parse", &tag]), "the next release adds to it");
    let table: Value = serde_json::from_str(&git(&["show", &format!("{tag}:action/checksums.json")])).unwrap();
    assert_eq!(table["default"], VERSION);
    assert_eq!(table["sha256"].as_object().unwrap().len(), 2);

    // A draft until everything is in it.
    let asked = fs::read_to_string(release.log()).unwrap();
    let verbs: Vec<&str> = asked.lines().map(|line| line.split('|').nth(1).unwrap_or_default()).collect();
    let of_release: Vec<&str> = verbs.into_iter().filter(|verb| ["create", "upload", "edit"].contains(verb)).collect();
    assert_eq!(of_release, ["create", "upload", "edit"], "{asked}");
    says(&asked, &["--draft|--verify-tag|", "- What is new.", "SHA256SUMS", "--draft=false"]);
    assert!(!asked.contains("What was") && !asked.contains("ghs_"), "{asked}");

    // What is published is never changed.
    let again = release.publish();
    assert!(!again.status.success());
    says(&String::from_utf8_lossy(&again.stderr), &["is there already"]);
    assert_eq!(fs::read_to_string(release.log()).unwrap(), asked);
}

#[test]
fn what_is_missing_stops_a_release_before_anything_leaves() {
    let unsaid = Release::new("# Changelog\n\n## [Unreleased]\n");
    let empty = Release::new(&changelog());
    fs::remove_dir_all(empty.forge.world.path("dist")).unwrap();
    fs::create_dir(empty.forge.world.path("dist")).unwrap();
    for (release, why) in [(unsaid, "CHANGELOG.md says nothing of"), (empty, "has no archive of")] {
        let output = release.publish();
        assert!(!output.status.success());
        says(&String::from_utf8_lossy(&output.stderr), &[why]);
        assert!(!release.log().exists());
        assert_eq!(release.forge.git(&release.forge.world.path("bare.git"), &["tag"]), "");
    }
}

/// What is linked is named, with its licence, its text and its digest.
#[test]
fn every_crate_in_the_program_is_named_with_its_licence() {
    let folder = tempfile::tempdir().unwrap();
    let target = "x86_64-unknown-linux-gnu";
    let output = Command::new(repository(".ci/third-party")).args([target]).arg(folder.path()).output().unwrap();
    if !output.status.success() && missing(&output) {
        assert!(std::env::var_os("STELLA_TEST_REAL").is_none());
        return;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&fs::read(folder.path().join("sbom.cdx.json")).unwrap()).unwrap();
    let components = document["components"].as_array().unwrap();
    assert!(components.len() > 100, "{}", components.len());
    let text = fs::read_to_string(folder.path().join("THIRD-PARTY.txt")).unwrap();
    for component in components {
        let named = |name: &str| component[name].as_str().unwrap();
        assert!(text.contains(&format!("\n{} {}: ", named("name"), named("version"))), "{component}");
        assert!(
            spdx::Expression::parse(component["licenses"][0]["expression"].as_str().unwrap()).is_ok(),
            "{component}"
        );
        assert_eq!(component["hashes"][0]["content"].as_str().unwrap().len(), 64);
    }
    let has = |name: &str| components.iter().any(|component| component["name"] == name);
    assert!(has("regorus") && has("reqwest"));
    // What only tests use is not in the program.
    assert!(!has("proptest") && !has("insta") && !has("stella"));
    // What we read of SBOMs finds each of them, and misses nothing.
    let text = fs::read(folder.path().join("sbom.cdx.json")).unwrap();
    let inventory = stella::format::inventory::read_inventory("sbom.cdx.json", &text, None).unwrap();
    assert_eq!(inventory.packages.len(), components.len());
}

fn missing(output: &Output) -> bool {
    let said = String::from_utf8_lossy(&output.stderr);
    said.contains("jq") || !Path::new("/usr/bin/jq").exists()
}
