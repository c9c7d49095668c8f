use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::config::Config;
use crate::execute::{builtin, run_job};
use crate::flow::record::recording::{self, RecordRequest, Recording};
use crate::host::clock;
use crate::job::dimensions;
use crate::job::scan_spec::sample;
use crate::model::manifest::ScanManifest;
use crate::workspace::open_inputs;

const RECORD: &str = r#"{"id": "TEST-1", "modified": "2026-01-01T00:00:00Z", "affected": [{
    "package": {"ecosystem": "npm", "name": "left"}, "versions": ["1.0.0"]}]}"#;
const LOCKFILE: &str = r#"{"lockfileVersion": 3, "packages": {"node_modules/left": {"version": "1.0.0"}}}"#;

/// A change of one field of a manifest.
type Change = fn(&mut ScanManifest);

/// A recording of the built-in scanner with a feed and a policy, and where its blobs are.
struct Recorded {
    folder: tempfile::TempDir,
    context: Context,
    scan: ScanSpec,
    recording: Recording,
}

impl Recorded {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let feed = folder.path().join("feed");
        fs::create_dir(&feed).unwrap();
        fs::write(feed.join("TEST-1.json"), RECORD).unwrap();
        let config = Config::for_directory(folder.path()).unwrap();
        let context = Context::open(config, &folder.path().join("store"), None, Vec::new()).unwrap();
        let scan = ScanSpec {
            input: InputMaterial::file("package-lock.json", LOCKFILE.into()),
            scanner: ScannerMaterial::BuiltIn,
            argv: Vec::new(),
            artifacts: Vec::new(),
            feeds: vec![open_inputs::feed("osv", &feed, &context).unwrap()],
            policy: Some(context.default_policy.clone()),
            ..sample::of_a_file()
        };
        let request = RecordRequest {
            job: scan.clone(),
            engine: builtin::ENGINE.to_owned(),
            scanner_version: "1".to_owned(),
            labels: BTreeMap::new(),
            input_type: InputType::Lockfile,
            as_is: None,
            closure: None,
            created_at: clock::now(),
            ignored: Vec::new(),
        };
        let recording = recording::record(&request, &context).unwrap();
        Self { folder, context, scan, recording }
    }

    fn manifest(&self) -> ReplayableManifest {
        ReplayableManifest::try_from(self.recording.manifest.clone()).unwrap()
    }

    fn restore(&self, swapped: &[Dimension]) -> Result<Restored, RestoreError> {
        restore(&self.manifest(), swapped, &self.context, self.folder.path())
    }

    /// The blobs that a replay needs, each with the input that it is of.
    fn blobs(&self) -> [(Dimension, Digest); 3] {
        let manifest = self.manifest();
        [
            (Dimension::Input, manifest.input.blob),
            (Dimension::Feed, manifest.feeds[0].archive.blob),
            (Dimension::Policy, manifest.policy.unwrap().blob),
        ]
    }
}

#[test]
fn a_manifest_has_the_digests_of_the_scan_that_it_was_made_of_and_becomes_it_again() {
    let recorded = Recorded::new();
    let dimensions = |scan: &ScanSpec| scan.dimensions(&run_job::environment(scan, true)).unwrap();
    let of_manifest = dimensions::of_manifest(&recorded.manifest()).unwrap();
    assert_eq!(of_manifest, dimensions(&recorded.scan));
    let restored = recorded.restore(&[]).unwrap();
    assert_eq!(dimensions(&restored.job), of_manifest);
    assert!(restored.gone.is_empty());
    let again = run_job::execute(&restored.job, &recorded.context).unwrap();
    assert_eq!(again.artifacts, recorded.recording.artifacts);
}

#[test]
fn another_value_of_a_field_is_another_digest_of_one_input() {
    let recorded = Recorded::new();
    let before = dimensions::of_manifest(&recorded.manifest()).unwrap();
    let changes: [(Dimension, Change); 4] = [
        (Dimension::Config, |manifest| manifest.scanner.flags.push("--distro=debian-12".to_owned())),
        (Dimension::Environment, |manifest| manifest.environment.tz = "Europe/Vienna".to_owned()),
        (Dimension::Environment, |manifest| manifest.environment.seed = Some(8)),
        (Dimension::Environment, |manifest| manifest.environment.cpu_count = Some(3)),
    ];
    for (dimension, change) in changes {
        let mut manifest = recorded.recording.manifest.clone();
        change(&mut manifest);
        let after = dimensions::of_manifest(&ReplayableManifest::try_from(manifest).unwrap()).unwrap();
        assert_ne!(before, after, "{dimension:?}");
        assert_eq!(before.clone().without(dimension), after.without(dimension), "{dimension:?}");
    }
}

#[test]
fn what_is_gone_is_named_unless_it_will_be_swapped() {
    let recorded = Recorded::new();
    for (dimension, blob) in recorded.blobs() {
        let path = recorded.context.local.path_of(&blob);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        match recorded.restore(&[]).unwrap_err() {
            RestoreError::Gone(missing) => {
                assert!(missing.len() == 1 && missing[0].contains(&blob.to_string()), "{missing:?}");
            }
            other => panic!("{dimension:?}: {other:?}"),
        }
        let restored = recorded.restore(&[dimension]).unwrap();
        assert_eq!(restored.gone.iter().map(|(of, _)| *of).collect::<Vec<_>>(), [dimension]);
        fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn what_is_damaged_is_named_by_its_field_unless_it_will_be_swapped() {
    let recorded = Recorded::new();
    for (dimension, blob) in recorded.blobs() {
        let path = recorded.context.local.path_of(&blob);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, b"other bytes").unwrap();
        match recorded.restore(&[]).unwrap_err() {
            RestoreError::Damaged(faults) => assert_eq!(faults.len(), 1, "{faults:?}"),
            other => panic!("{dimension:?}: {other:?}"),
        }
        assert!(recorded.restore(&[dimension]).is_ok(), "{dimension:?}");
        fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn a_store_that_cannot_be_read_is_neither_gone_nor_damaged() {
    let recorded = Recorded::new();
    let (_, blob) = recorded.blobs()[0];
    let path = recorded.context.local.path_of(&blob);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&path, &path).unwrap();
    let error = recorded.restore(&[]).unwrap_err();
    assert!(matches!(error, RestoreError::Broken(_)), "{error:?}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_folder_of_the_machine_is_shown_only_where_the_caller_names_it() {
    let mut recorded = Recorded::new();
    recorded.recording.manifest.environment.roots = vec!["/opt/tools".to_owned()];
    match recorded.restore(&[]).unwrap_err() {
        RestoreError::Gone(missing) => assert!(missing[0].contains("`/opt/tools`"), "{missing:?}"),
        other => panic!("{other:?}"),
    }
    recorded.context.roots = vec!["/opt/tools".to_owned()];
    assert_eq!(recorded.restore(&[]).unwrap().job.roots, ["/opt/tools"]);
}
