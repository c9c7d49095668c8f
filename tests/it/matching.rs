//! Inputs that are easily read wrongly, each with what is right for it (`tests/data/matching`).
//!
//! The table is the test: a folder without a row, and a row without a folder, fail it.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::harness::{World, repository, says, valid};

const CASES: &str = "tests/data/matching";

/// What is right for a case.
enum Right {
    /// Exactly these findings, as `ID package@version severity`, and these words in the notes.
    Found(&'static [&'static str], &'static [&'static str]),
    /// No scan, with these words in the error.
    Refused(&'static [&'static str]),
}

use Right::{Found, Refused};

/// The case, where its condition was reported or what the standard says, and what is right.
const TABLE: &[(&str, &str, Right)] = &[
    (
        "20-req-utf16-single",
        "https://github.com/aquasecurity/trivy/issues/5361; pip reads it by its byte order mark",
        Found(&["P-d django@3.2.21 unknown"], &[]),
    ),
    (
        "21-req-utf16-in-directory",
        "https://github.com/aquasecurity/trivy/issues/5361",
        Found(&["P-d django@3.2.21 unknown"], &[]),
    ),
    (
        "23-req-include-r",
        "https://github.com/google/osv-scanner/issues/252",
        Found(&["P-d django@3.2.21 unknown", "P-f flask@0.5 unknown"], &[]),
    ),
    (
        "36-sbom-go-case-name-absent-mixed",
        "https://github.com/getprovenant/provenant/issues/957",
        Found(&["GO-m github.com/Masterminds/goutils@v1.1.0 unknown"], &[]),
    ),
    ("38-go-std-gomod-purl", "https://github.com/golang/go/issues/71567", Found(&["GO-s std@go1.21.2 unknown"], &[])),
    (
        "55-ubuntu-listed-versions-LTS",
        "https://github.com/google/osv-scanner/issues/1293; https://github.com/google/osv.dev/pull/2984",
        Found(&["UBUNTU-1 openvpn@2.6.9-1ubuntu4 unknown"], &["every Ubuntu release"]),
    ),
    ("58-rpm-epoch-in-purl-only", "https://github.com/anchore/grype/issues/2170", Found(&[], &[])),
    (
        "64-sbom-github-names",
        "the SBOM of GitHub's dependency graph; https://github.com/getprovenant/provenant/issues/957",
        Found(
            &[
                "D django@3.2.21 unknown",
                "J JSONStream@1.3.5 unknown",
                "M github.com/Masterminds/goutils@1.1.0 unknown",
                "N Newtonsoft.Json@12.0.1 unknown",
            ],
            &[],
        ),
    ),
    (
        "65-rocky-alma-names",
        "OSV schema, defined ecosystems; https://github.com/ossf/osv-schema/pull/220",
        Found(&["ALSA-1 bind-libs@32:9.11.4-1.el8 unknown", "RLSA-1 bind-libs@32:9.11.4-1.el8 unknown"], &[]),
    ),
    (
        "71-cvss4-only",
        "https://github.com/aboutcode-org/vulnerablecode/issues/1857; https://github.com/github/advisory-database/issues/5058",
        Found(&["GHSA-s lodash@4.17.15 critical"], &[]),
    ),
    (
        "73-cvss-typed-v4-but-31",
        "https://github.com/github/advisory-database/issues/4989",
        Found(&["GHSA-s lodash@4.17.15 critical"], &[]),
    ),
    ("78-dbspec-severity-important", "the words of Red Hat and SUSE", Found(&["GHSA-s lodash@4.17.15 high"], &[])),
    (
        "79-malicious-no-severity",
        "https://github.com/ossf/malicious-packages states no severity",
        Found(&["GHSA-s lodash@4.17.15 critical"], &[]),
    ),
    (
        "80-feed-only-yaml",
        "OSV schema: `modified` is required, so this is not a record",
        Refused(&["no record was read", "PYSEC-1.yaml"]),
    ),
    (
        "81-feed-only-all.zip",
        "https://google.github.io/osv.dev/data: `ECOSYSTEM/all.zip`",
        Found(&["GHSA-lo lodash@4.17.15 unknown"], &[]),
    ),
    ("82-feed-empty-dir", "a feed without a record finds nothing, whatever is scanned", Refused(&["it is empty"])),
    (
        "88-feed-json-plus-yaml",
        "what is given and not read is named",
        Found(&[], &["`more/GHSA-lo.yaml` of the feed: not read"]),
    ),
    (
        "90-ecosystem-case",
        "OSV schema, defined ecosystems: `npm`",
        Found(
            &[],
            &["`GHSA-x` about `pkg:npm/lodash@4.17.15` is not evaluated", "`NPM`, which the OSV schema does not know"],
        ),
    ),
    (
        "94-no-ranges-no-versions",
        "OSV schema, evaluation: nothing says which versions are affected",
        Found(&[], &["`GHSA-x` about `pkg:npm/lodash@4.17.15` is not evaluated: it lists no version and no range"]),
    ),
    (
        "102-git-range-only",
        "OSV schema: a range of commits cannot be evaluated without the repository",
        Found(&[], &["`GHSA-x` about `pkg:npm/lodash@4.17.15` is not evaluated: its ranges are of commits"]),
    ),
    ("120-dir-yarn-lock", "what is not read is said", Found(&[], &["`web/yarn.lock` is not read"])),
    ("121-dir-pipfile-lock", "what is not read is said", Found(&[], &["`Pipfile.lock` is not read"])),
    (
        "123-dir-bad-utf8-lockfile",
        "pip and osv-scanner read it: the byte stands in a comment",
        Found(&["PYSEC-d django@3.2.21 unknown"], &[]),
    ),
    (
        "129-gemfile-lock-conflict",
        "Bundler refuses a file with marks of a merge conflict",
        Refused(&["Gemfile.lock", "line 4", "merge conflict"]),
    ),
    (
        "136-alias-bundle-allowlist",
        "OSV schema, aliases: a distribution's bundle of two CVEs does not make them one",
        Found(&["CVE-2021-1000 lodash@4.17.15 low", "CVE-2021-1001 lodash@4.17.15 critical"], &[]),
    ),
    (
        "140-mal-introduced0-unreadable-version",
        "OSV schema: `0` sorts before every version",
        Found(&["MAL-evil evil@1.0 critical", "MAL-evil2 evil2@1.2.3.4 critical"], &[]),
    ),
    (
        "144-npm-v2-empty-packages",
        "npm writes both lists; the one that lists nothing does not empty the other",
        Found(&["G lodash@4.17.15 unknown"], &[]),
    ),
    (
        "148-event-tie-order-b",
        "OSV schema, evaluation: events are sorted",
        Found(&["X-a a@1.0.0 unknown", "X-b b@1.5.0 unknown"], &[]),
    ),
    (
        "154-osrelease-of-other-tree",
        "os-release(5) is of its own root filesystem",
        Found(&["D foo@1.0-1 unknown"], &[]),
    ),
];

fn case(name: &str) -> World {
    let world = World::new();
    world.copy_from_repository(&format!("{CASES}/{name}/in"), "in");
    if repository(&format!("{CASES}/{name}/osv")).exists() {
        world.copy_from_repository(&format!("{CASES}/{name}/osv"), "osv");
    } else {
        fs::create_dir(world.work("osv")).unwrap();
    }
    world
}

const SCAN: [&str; 9] =
    ["scan", "--input", "in", "--feed", "osv", "--emit-manifest", "M.json", "--emit-artifacts-dir", "out"];

#[test]
fn every_case_has_its_right_answer() {
    let folders: BTreeSet<String> = fs::read_dir(repository(CASES))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(folders, rows);
    for (name, _, right) in TABLE {
        let world = case(name);
        match right {
            Refused(words) => {
                world.stella(3, &SCAN).complains(words);
                assert!(!world.exists("M.json"), "{name}");
            }
            Found(findings, words) => {
                let run = world.stella(0, &SCAN);
                assert_eq!(found(&world.json("out/findings.json")), *findings, "{name}: {}", run.stderr);
                says(&run.stderr, words);
                says(&run.stdout, &["coverage: "]);
                valid(&world.json("out/coverage.json"), "coverage-v1.json");
            }
        }
    }
}

/// `ID package@version severity` of each finding, sorted.
fn found(findings: &Value) -> Vec<String> {
    let mut lines: Vec<String> = findings["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let text = |field: &str| finding[field].as_str().unwrap().to_owned();
            format!("{} {}@{} {}", text("cve_id"), text("package"), text("version"), text("severity"))
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn to_accept_one_cve_of_a_bundle_is_not_to_accept_the_other() {
    for with_bundle in [true, false] {
        let world = case("136-alias-bundle-allowlist");
        if !with_bundle {
            fs::remove_file(world.work("osv/RLSA-1.json")).unwrap();
        }
        world.copy_from_repository("policies/default", "rules");
        world.edit("rules/data.json", |data| {
            data["allow"] = serde_json::json!([
                { "id": "CVE-2021-1000", "expires": "2030-01-01T00:00:00Z", "reason": "not used" }
            ]);
        });
        let mut arguments = SCAN.to_vec();
        arguments.extend(["--policy", "rules"]);
        world.stella(0, &arguments).says(&["policy says fail (severity-critical"]);
    }
}

#[test]
fn malicious_code_blocks_by_default() {
    let world = case("79-malicious-no-severity");
    world.stella(0, &SCAN).says(&["policy says fail (severity-critical)"]);
}

#[test]
fn without_a_feed_nothing_is_green() {
    let world = case("71-cvss4-only");
    world
        .stella(3, &["scan", "--input", "in", "--emit-manifest", "M.json"])
        .complains(&["no feed of advisories was given"]);
}

#[test]
fn an_inventory_that_lists_nothing_is_clean_and_said() {
    let world = case("71-cvss4-only");
    world.write("in/package-lock.json", r#"{"lockfileVersion":3,"packages":{"":{"name":"app"}}}"#);
    world
        .stella(0, &SCAN)
        .says(&["0 packages, 0 findings, policy says pass"])
        .complains(&["the input was read, and lists no package"]);
}

/// Named regression: a `go.sum` that had lost a line, or all of them, was a clean project.
#[test]
fn what_go_mod_requires_is_found_whatever_go_sum_lost() {
    let world = case("71-cvss4-only");
    fs::remove_file(world.work("in/package-lock.json")).unwrap();
    let record = r#"{"id":"GO-X","affected":[{"package":{"ecosystem":"Go","name":"a.example/b"},
        "ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#;
    world.write(&format!("{}/GO-X.json", SCAN[4]), record);
    let whole = "module m\ngo 1.21\nrequire (\n\ta.example/b v1.1.0\n)\n";
    world.write("in/go.mod", whole);
    let found = "1 package, 1 finding";
    for lost in ["a.example/b v1.1.0 h1:x=\n", "", "a.example/b v1.0.0 h1:x=\n"] {
        world.write("in/go.sum", lost);
        world.stella(0, &SCAN).says(&[found]);
    }
    world.write("in/go.sum", "a.example/b v1.1.0 h1:x=\n");
    let of_another = format!("{whole}replace a.example/b v1.0.0 => c.example/d v1.0.0\n");
    world.write("in/go.mod", &of_another);
    world.stella(0, &SCAN).says(&[found]);
    for (broken, why) in [
        (whole.trim_end_matches(")\n").to_owned(), "the file ends within it"),
        (whole.replace(")", "<<<<<<< HEAD\n)"), "a mark of a merge conflict"),
    ] {
        world.write("in/go.mod", &broken);
        world.stella(3, &SCAN).complains(&["go.mod", why]);
    }
}

/// Named regression: a feed of repositories alone, as those made of the NVD's, found nothing and was green.
#[test]
fn a_feed_that_names_no_package_is_refused() {
    let world = case("71-cvss4-only");
    let folder = world.work(SCAN[4]);
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    world.write(&format!("{}/CVE-1.json", SCAN[4]), r#"{"id":"CVE-1","affected":[{"versions":["4.17.20"]}]}"#);
    world.stella(3, &SCAN).complains(&["no record in it names a package (1 read)"]);
}

/// Named regression: requirements of which none is pinned passed as an inventory that lists nothing.
#[test]
fn an_inventory_of_which_every_package_is_left_out_is_not_clean() {
    let world = case("71-cvss4-only");
    fs::remove_file(world.work("in/package-lock.json")).unwrap();
    for (path, text, what) in [
        ("in/requirements.txt", "Django>=3.0\n", "`Django>=3.0` (line 1: it is not pinned; pin it with `==`)"),
        (
            "in/requirements.txt",
            "-r gone.txt\n",
            "`-r gone.txt` (line 1: `gone.txt` is not in the input, and is not read)",
        ),
        (
            "in/package-lock.json",
            r#"{"lockfileVersion":3,"packages":{"node_modules/a":{}}}"#,
            "`node_modules/a` (it has no version)",
        ),
    ] {
        world.write(path, text);
        world.stella(3, &SCAN).complains(&["no package that is listed can be used", what]);
        fs::remove_file(world.work(path)).unwrap();
    }
    // The project's own packages are no loss.
    world.write("in/Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n");
    world.stella(0, &SCAN).complains(&["the input was read, and lists no package that is compared"]);
}

/// Named regression: a byte order mark before a record refused the whole feed.
#[test]
fn records_with_a_byte_order_mark_are_read() {
    let world = case("71-cvss4-only");
    let name = fs::read_dir(world.work(SCAN[4])).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&name).unwrap();
    let found = || {
        let stdout = world.stella(0, &SCAN).stdout;
        stdout.lines().find(|line| line.contains("findings.json")).map(str::to_owned).unwrap()
    };
    let before = found();
    let wide: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for bytes in [format!("\u{feff}{text}").into_bytes(), wide] {
        fs::write(&name, bytes).unwrap();
        assert_eq!(found(), before);
    }
}

#[test]
fn an_input_of_which_nothing_can_be_read_is_not_clean() {
    let world = case("120-dir-yarn-lock");
    fs::remove_file(world.work("in/package-lock.json")).unwrap();
    world.stella(3, &SCAN).complains(&["nothing to scan", "`web/yarn.lock` is a lockfile of Yarn"]);
}

#[test]
fn a_zip_archive_is_a_feed_of_its_own() {
    let world = case("81-feed-only-all.zip");
    let mut arguments = SCAN;
    arguments[4] = "osv/npm/all.zip";
    world.stella(0, &arguments).says(&["1 finding"]);
    // And it replays.
    world.stella(0, &["replay", "--from", "M.json", "--out-dir", "again"]);
}
