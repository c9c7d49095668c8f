//! Leaves what failing replays need beside their report.
//!
//! The scan is recorded once more, as it ran, with what was expected of it in the place of what comes out. So what is left is a manifest
//! like any other, in a store like any other, and is read back with the checks that every foreign recording meets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::execute::builtin;
use crate::flow::record::recording::{self, RecordRequest};
use crate::flow::replay::replay_job::{PreparedReplay, Recorded};
use crate::flow::suite::reproduce::{FOLDER, LIST, MAX_BYTES, MAX_REPLAYS, STORE};
use crate::host::clock;
use crate::host::fs::{self, FsError, Kind};
use crate::job::input_roots;
use crate::job::manifest_file;
use crate::job::manifest_summary::UNKNOWN_VERSION;
use crate::job::material::{InputMaterial, ScannerMaterial};
use crate::model::digest::Digest;
use crate::model::error_chain::chain;
use crate::model::manifest::{InputType, ScanManifest};
use crate::model::outcome::Outcome;
use crate::model::result::ReplayResult;
use crate::store::blob::{BlobStore, LocalStore};
use crate::wire::v1::reproduce::{self, AgainV1, LeftOutV1, NotKeptV1, ReproduceSchema, ReproduceV1};
use crate::workspace::context::Context;

/// The most blobs that one replay needs.
const MAX_BLOBS: u64 = 10_000;

/// What is kept of one run.
pub struct Keeper {
    folder: PathBuf,
    /// The most bytes of blobs.
    most: u64,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    replays: Vec<AgainV1>,
    not_kept: Vec<NotKeptV1>,
    left_out: Vec<LeftOutV1>,
    bytes: u64,
}

/// A replay whose needs are kept.
pub struct Failing<'a> {
    /// As it was run.
    pub replay: &'a PreparedReplay,
    /// How it ended.
    pub result: &'a ReplayResult,
    /// The manifest that was recorded; `None` for a case.
    pub recorded: Option<&'a ScanManifest>,
    /// A secret was found in what it wrote or should have written.
    pub has_secrets: bool,
}

impl Keeper {
    /// Keeps below the report in `report`. What an earlier run left there goes.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn new(report: &Path) -> Result<Self, FsError> {
        Self::of(report, MAX_BYTES)
    }

    fn of(report: &Path, most: u64) -> Result<Self, FsError> {
        let folder = report.join(FOLDER);
        fs::check_output_dir(&folder)?;
        fs::remove_dir_if_present(&folder.join(STORE))?;
        fs::remove_file_if_present(&folder.join(LIST))?;
        Ok(Self { folder, most, found: Mutex::default() })
    }

    /// Keeps what a replay needs that differs. It never fails: why it could not be kept stands in the list.
    pub fn keep(&self, failing: &Failing<'_>, scratch: &Path, context: &Context) {
        let why = match &failing.result.outcome {
            Outcome::Match { .. } => return,
            Outcome::Drift { .. } | Outcome::Flaky { .. } => self.kept(failing, scratch, context).err(),
            Outcome::Unhealthy { .. } | Outcome::Unreplayable { .. } | Outcome::Infra { .. } => {
                Some("it could not be compared: nothing differs that could be seen again".to_owned())
            }
        };
        if let Some(why) = why {
            self.found().not_kept.push(NotKeptV1::of(failing.result, why));
        }
    }

    /// Notes one that could not begin.
    pub fn not_begun(&self, result: &ReplayResult) {
        let why = "it could not begin: what it lacks is not here either".to_owned();
        self.found().not_kept.push(NotKeptV1::of(result, why));
    }

    /// Takes over what the report of one shard keeps: all of it, or nothing where there is no room for it. Every byte is read below `root`,
    /// whatever links there are.
    ///
    /// # Errors
    /// When something of it cannot be read or written.
    pub fn adopt(&self, list: ReproduceV1, root: &Path, report: &Path) -> Result<(), FsError> {
        let from = report.join(FOLDER).join(STORE);
        let to = self.folder.join(STORE);
        let mut found = self.found();
        let items = match fs::walk(&from, MAX_BLOBS) {
            Err(error) if error.is_not_found() => Vec::new(),
            items => items?,
        };
        let is_new = |item: &fs::Item| fs::is_missing(&to.join(&item.relative));
        let size = |item: &fs::Item| match item.kind {
            Kind::File { size, .. } => size,
            _ => 0,
        };
        let more: u64 = items.iter().filter(|item| is_new(item)).map(size).fold(0, u64::saturating_add);
        let mut replays = list.replays;
        let kept = if found.bytes.saturating_add(more) > self.most {
            0
        } else {
            for item in items.iter().filter(|item| item.kind != Kind::Directory && is_new(item)) {
                let bytes = fs::read_inside(root, &from.join(&item.relative), self.most)?;
                let target = to.join(&item.relative);
                if let Some(folder) = target.parent() {
                    fs::ensure_dir(folder)?;
                }
                fs::write_atomic(&target, &bytes)?;
                found.bytes += bytes.len() as u64;
            }
            found.left_out.extend(list.left_out);
            MAX_REPLAYS.saturating_sub(found.replays.len())
        };
        let rest = replays.split_off(kept.min(replays.len()));
        let why = format!("{MAX_REPLAYS} replays, or {} bytes, are kept already", self.most);
        found.not_kept.extend(rest.into_iter().map(|again| again.not_kept(why.clone())));
        found.not_kept.extend(list.not_kept);
        found.replays.append(&mut replays);
        Ok(())
    }

    /// Notes every replay that did not match and of which nothing is known here.
    pub fn note_rest(&self, replays: &[ReplayResult]) {
        let mut found = self.found();
        let known: BTreeSet<String> =
            found.replays.iter().map(|one| &one.id).chain(found.not_kept.iter().map(|one| &one.id)).cloned().collect();
        let is_open = |replay: &&ReplayResult| !matches!(replay.outcome, Outcome::Match { .. });
        let rest = replays.iter().filter(is_open).filter(|replay| !known.contains(&replay.id));
        let why = "the report of its shard holds nothing of it";
        found.not_kept.extend(rest.map(|replay| NotKeptV1::of(replay, why.to_owned())));
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self, failing: &Failing<'_>, scratch: &Path, context: &Context) -> Result<(), String> {
        let Failing { replay, result, recorded, has_secrets } = failing;
        if *has_secrets {
            return Err("a secret scanner found values in it: its input is not put into a report".to_owned());
        }
        if matches!(replay.job.input, InputMaterial::Image(_)) {
            return Err("its input is a container image".to_owned());
        }
        if replay.expected.roots != input_roots::of_job(&replay.job) {
            return Err("it was recorded where its input lay, at a path of another machine".to_owned());
        }
        {
            let found = self.found();
            if found.replays.len() >= MAX_REPLAYS || found.bytes >= self.most {
                return Err(format!("{MAX_REPLAYS} replays, or {} bytes, are kept already", self.most));
            }
        }
        let told = |doing: &str, error: &(dyn std::error::Error + 'static)| chain(doing, error);
        let store = LocalStore::open(scratch.join("kept")).map_err(|error| told("no store can be made", &error))?;
        let own = context.keeping_in(store.clone());
        let is_builtin = matches!(replay.job.scanner, ScannerMaterial::BuiltIn);
        let engine = match (is_builtin, recorded) {
            (true, _) => builtin::ENGINE.to_owned(),
            (false, Some(recorded)) => recorded.scanner.engine.clone(),
            (false, None) => "subject".to_owned(),
        };
        let version = if is_builtin { env!("CARGO_PKG_VERSION") } else { UNKNOWN_VERSION };
        let request = RecordRequest {
            job: replay.job.clone(),
            engine,
            scanner_version: version.to_owned(),
            labels: result.labels.clone(),
            input_type: recorded.map_or(InputType::File, |recorded| recorded.input.input_type),
            as_is: None,
            closure: None,
            created_at: clock::now(),
            ignored: Vec::new(),
        };
        let manifest = recording::record_expecting(&request, &replay.expected.artifacts, &own)
            .map_err(|error| told("it could not be recorded", &error))?;
        let put = |bytes: &[u8]| store.put(bytes).map_err(|error| told("the store cannot be written", &error));
        let bytes_of = |manifest: &ScanManifest| {
            manifest_file::to_bytes(manifest).map_err(|error| told("its manifest cannot be written", &error))
        };
        let again = AgainV1 {
            id: result.id.clone(),
            title: result.title.clone(),
            kind: result.kind.into(),
            mode: result.mode.into(),
            candidate: result.candidate,
            across_builds: replay.across_builds,
            manifest: put(&bytes_of(&manifest)?)?,
            recorded: recorded.map(|recorded| put(&bytes_of(recorded)?)).transpose()?,
            moving: match &replay.expected.recorded {
                Recorded::Known(_) => None,
                Recorded::AllBut(moving) => Some((*moving).into()),
            },
            seen: (*result).into(),
        };
        self.take_over(&store, &again).map_err(|error| told("it cannot be kept", &error))?;
        self.found().replays.push(again);
        Ok(())
    }

    /// Takes every blob of a store over, as far as there is room.
    fn take_over(&self, store: &LocalStore, of: &AgainV1) -> Result<(), FsError> {
        let from = store.root().join("sha256");
        let to = self.folder.join(STORE).join("sha256");
        let mut found = self.found();
        for item in fs::walk(&from, MAX_BLOBS)? {
            let Kind::File { size, .. } = item.kind else { continue };
            let target = to.join(&item.relative);
            if !fs::is_missing(&target) {
                continue;
            }
            if found.bytes.saturating_add(size) > self.most {
                let name = item.relative.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let digest = format!("sha256:{name}");
                if !found.left_out.iter().any(|other| other.digest == digest) {
                    found.left_out.push(LeftOutV1 { digest, bytes: size, id: of.id.clone() });
                }
                continue;
            }
            let bytes = fs::read(&from.join(&item.relative), MAX_BYTES)?;
            if let Some(folder) = target.parent() {
                fs::ensure_dir(folder)?;
            }
            fs::write_atomic(&target, &bytes)?;
            found.bytes += size;
        }
        Ok(())
    }

    /// Writes the list; nothing where nothing failed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self, context: &Context) -> Result<(), FsError> {
        let Found { mut replays, mut not_kept, left_out, .. } =
            self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        if replays.is_empty() && not_kept.is_empty() {
            return Ok(());
        }
        replays.sort_by(|a, b| a.id.cmp(&b.id));
        not_kept.sort_by(|a, b| a.id.cmp(&b.id));
        let mut profiles = BTreeMap::new();
        let folder = &self.folder;
        fs::ensure_dir(folder)?;
        for (name, profile) in &context.config.profiles {
            // One that has no text could not be read back either: what is compared then says so.
            let Ok(text) = profile.to_yaml() else { continue };
            if let Ok(digest) = put(&folder.join(STORE), text.as_bytes()) {
                profiles.insert(name.as_str().to_owned(), digest);
            }
        }
        let stella_version = env!("CARGO_PKG_VERSION").to_owned();
        let list = ReproduceV1 { schema: ReproduceSchema::V1, stella_version, profiles, replays, not_kept, left_out };
        match reproduce::write(&list) {
            Ok(text) => fs::write_atomic(&folder.join(LIST), text.as_bytes()),
            // No value of these types causes it.
            Err(_) => Ok(()),
        }
    }
}

fn put(store: &Path, bytes: &[u8]) -> Result<Digest, crate::store::blob::StoreError> {
    LocalStore::open(store)?.put(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v1::outcome::OutcomeCode;
    use crate::wire::v1::reproduce::SeenV1;
    use crate::wire::v1::words::{Mode, SubjectKind};

    fn again(id: &str, manifest: Digest) -> AgainV1 {
        AgainV1 {
            id: id.to_owned(),
            title: String::new(),
            kind: SubjectKind::Case,
            mode: Mode::Regression,
            candidate: true,
            across_builds: false,
            manifest,
            recorded: None,
            moving: None,
            seen: SeenV1 { outcome: OutcomeCode::Drift, artifacts: BTreeMap::new() },
        }
    }

    #[test]
    fn what_does_not_fit_is_listed_by_its_digest_once() {
        let dir = tempfile::tempdir().unwrap();
        let (report, most) = (dir.path().join("report"), 4096);
        let keeper = Keeper::of(&report, most).unwrap();
        let mut large = vec![0_u8; 64 * 1024];
        // Nothing that could be packed.
        let mut state = 1_u32;
        for byte in &mut large {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        let mut digests = Vec::new();
        for id in ["a", "b"] {
            let store = LocalStore::open(dir.path().join(id)).unwrap();
            let small = store.put(id.as_bytes()).unwrap();
            digests.push(store.put(&large).unwrap());
            keeper.take_over(&store, &again(id, small)).unwrap();
        }
        let found = keeper.found();
        assert!(found.bytes <= most);
        let left: Vec<(&str, &str)> = found.left_out.iter().map(|one| (one.digest.as_str(), one.id.as_str())).collect();
        assert_eq!(left, [(digests[0].to_string().as_str(), "a")]);
        assert!(found.left_out[0].bytes > 60_000);
        let kept = fs::walk(&report.join(FOLDER).join(STORE), MAX_BLOBS).unwrap();
        assert_eq!(kept.iter().filter(|item| matches!(item.kind, Kind::File { .. })).count(), 2);
    }
}
