//! What one commit of the past has of what is asked for: approvals, rules, cases and canaries, in each folder in which the configuration
//! lies or lay.
//!
//! Invariants: what did not change from one commit to another is read once, however many commits there are; a file of approvals that is
//! not understood as a whole approved nothing, and by a configuration that cannot be read nobody was judged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::config::{Config, approvals, rule_changes};
use crate::flow::suite::base::case_changes::of_value;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::finding;
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::past::reader::{Reader, is_file};
use crate::flow::suite::base::snapshot::{self, Snapshot};
use crate::flow::suite::{canary, case};
use crate::git::object_id::ObjectId;
use crate::git::tree::{Commit, Entry, Mode};
use crate::model::change::approval::{ChangeKey, Changed};
use crate::model::digest::Digest;
use crate::model::limits;
use crate::model::result::SubjectKind;

/// What a change leads to: what is changed, and the digest of what it is then.
pub type Target = (Changed, Option<Digest>);

/// The entries of a file: their changes, each with what it was approved after.
pub type Entries = Rc<BTreeMap<ChangeKey, Option<String>>>;

/// A case or a canary as it lay at a commit.
#[derive(Debug, Clone)]
pub struct Item {
    /// Which of the two.
    pub kind: SubjectKind,
    /// The name of its folder.
    pub folder: String,
    /// The folder's path from the top.
    pub path: String,
    /// The folder's tree.
    pub tree: ObjectId,
}

/// Cases and canaries by their ids. What did not change from one commit to another is kept once.
pub type Items = Rc<BTreeMap<Rc<str>, Rc<Item>>>;

/// A configuration of the past; what cannot be read has none.
#[derive(Debug)]
pub struct PastConfig {
    config: Option<Config>,
    /// What its rules change of those that stand now.
    pub rules: BTreeSet<Target>,
}

/// A file of the configuration, and the object that it was.
type NamedFile = (String, Option<ObjectId>);

/// What a commit has in one folder.
#[derive(Debug)]
pub struct Folder {
    /// Its approvals; `None` where it has no such file.
    pub entries: Option<Entries>,
    /// Its configuration.
    pub config: Rc<PastConfig>,
    /// Those cases and canaries of it that are asked for.
    pub items: Items,
}

/// What a commit has, folder by folder.
pub type View = Rc<Vec<Folder>>;

/// The root of cases or canaries, and its tree at a commit.
type Root = (SubjectKind, String, ObjectId);

/// A configuration with the files that it names, as they were then.
type KnownConfig = (Vec<NamedFile>, Rc<PastConfig>);

/// What looks at commits.
pub struct Viewer<'a> {
    /// What stands now.
    tip: &'a Snapshot,
    /// Where its configuration lies.
    layout: &'a Layout,
    /// Cases and canaries that are asked for.
    ids: BTreeSet<Rc<str>>,
    /// Folders in which the configuration lies or lay, with `/` at the end.
    folders: BTreeSet<String>,
    /// Every path whose past is looked at.
    pub paths: BTreeSet<String>,
    views: HashMap<ObjectId, View>,
    entries: HashMap<ObjectId, Entries>,
    /// By folder and object.
    configs: HashMap<(String, Option<ObjectId>), Vec<KnownConfig>>,
    items: HashMap<Vec<Root>, Items>,
    kept: HashMap<(String, ObjectId), Rc<Item>>,
    /// The id of the case that a folder is.
    case_ids: HashMap<ObjectId, Option<Rc<str>>>,
}

impl<'a> Viewer<'a> {
    /// One that looks for these ids, in the folder of `layout`.
    pub fn new(tip: &'a Snapshot, layout: &'a Layout, ids: BTreeSet<Rc<str>>) -> Self {
        let mut viewer = Self {
            tip,
            layout,
            ids,
            folders: BTreeSet::new(),
            paths: BTreeSet::new(),
            views: HashMap::new(),
            entries: HashMap::new(),
            configs: HashMap::new(),
            items: HashMap::new(),
            kept: HashMap::new(),
            case_ids: HashMap::new(),
        };
        viewer.look_into(layout.prefix.clone());
        viewer
    }

    /// Folders in which the configuration lies or lay.
    pub fn folders(&self) -> impl Iterator<Item = &String> {
        self.folders.iter()
    }

    /// Looks into one more folder.
    pub fn look_into(&mut self, prefix: String) {
        self.paths.insert(format!("{prefix}{}", approvals::FILE_NAME));
        self.paths.insert(format!("{prefix}{}", self.layout.file));
        if self.folders.insert(prefix) {
            self.views.clear();
        }
    }

    /// What a commit has. Where that lies is looked at from now on.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn view(&mut self, reader: &mut Reader<'_>, commit: &Commit) -> Result<View, BaseError> {
        if let Some(known) = self.views.get(&commit.id) {
            return Ok(Rc::clone(known));
        }
        let mut folders = Vec::new();
        for prefix in self.folders.clone() {
            let entries = match reader.file(commit, &format!("{prefix}{}", approvals::FILE_NAME))? {
                Some(id) => Some(self.entries(reader, &id)?),
                None => None,
            };
            let config = self.config(reader, commit, &prefix)?;
            let items = self.items(reader, commit, &prefix, &config)?;
            folders.push(Folder { entries, config, items });
        }
        let view = Rc::new(folders);
        self.views.insert(commit.id.clone(), Rc::clone(&view));
        Ok(view)
    }

    fn entries(&mut self, reader: &mut Reader<'_>, id: &ObjectId) -> Result<Entries, BaseError> {
        if let Some(known) = self.entries.get(id) {
            return Ok(Rc::clone(known));
        }
        let bytes = reader.bytes(id, limits::MAX_CONFIG_BYTES)?;
        let entries = approvals::parse(&bytes).unwrap_or_default();
        let found: Entries = Rc::new(entries.into_iter().map(|one| (one.key, one.after)).collect());
        self.entries.insert(id.clone(), Rc::clone(&found));
        Ok(found)
    }

    fn config(&mut self, reader: &mut Reader<'_>, commit: &Commit, prefix: &str) -> Result<Rc<PastConfig>, BaseError> {
        let layout = Layout { prefix: prefix.to_owned(), ..self.layout.clone() };
        let file = reader.file(commit, &format!("{prefix}{}", layout.file))?;
        let at = (prefix.to_owned(), file);
        for (named, config) in self.configs.get(&at).into_iter().flatten() {
            let mut is_same = true;
            for (path, was) in named {
                is_same = is_same && reader.file(commit, path)? == *was;
            }
            if is_same {
                return Ok(Rc::clone(config));
            }
        }
        let bytes = match &at.1 {
            Some(id) => Some(reader.bytes(id, limits::MAX_CONFIG_BYTES)?),
            None => None,
        };
        let mut names = Vec::new();
        let objects = reader.objects();
        let read = snapshot::configuration_and_names(objects, commit, &layout, bytes.as_deref(), None, &mut names);
        let config = match read {
            Ok(config) => Some(config),
            // It names what is not there, or is broken: then nobody was judged by it.
            Err(error) if reader.objects().is_over() => return Err(reader.failed(error)),
            Err(_) => None,
        };
        let mut named = Vec::new();
        for path in names {
            named.push((path.clone(), reader.file(commit, &path)?));
            self.paths.insert(path);
        }
        let side = |value: &serde_json::Value| (!value.is_null()).then(|| of_value(value));
        let changes = config.as_ref().map(|config| rule_changes::changes(&self.tip.config, config));
        let changes = changes.unwrap_or_default().into_iter();
        let rules = changes.map(|change| (Changed::Rule { key: change.key }, side(&change.new))).collect();
        let config = Rc::new(PastConfig { config, rules });
        self.configs.entry(at).or_default().push((named, Rc::clone(&config)));
        Ok(config)
    }

    fn items(
        &mut self,
        reader: &mut Reader<'_>,
        commit: &Commit,
        prefix: &str,
        config: &PastConfig,
    ) -> Result<Items, BaseError> {
        // Of a configuration that cannot be read the roots are those of today.
        let config = config.config.as_ref().unwrap_or(&self.tip.config);
        let layout = Layout { prefix: prefix.to_owned(), ..self.layout.clone() };
        let canaries = config.canaries.iter().map(|root| (SubjectKind::Canary, root));
        let roots = canaries.chain(config.cases.iter().map(|root| (SubjectKind::Case, root)));
        let mut found: Vec<Root> = Vec::new();
        for (kind, root) in roots {
            let Ok(path) = layout.path_of_joined(root) else { continue };
            if let Some(Entry { mode: Mode::Folder, id }) = reader.find(commit, &path)? {
                found.push((kind, path, id));
            }
        }
        if let Some(known) = self.items.get(&found) {
            return Ok(Rc::clone(known));
        }
        let mut items = BTreeMap::new();
        for (kind, root, tree) in &found {
            for (id, folder, tree) in self.in_root(reader, *kind, tree)? {
                let path = format!("{root}/{folder}");
                let kept = self.kept.entry((path.clone(), tree.clone()));
                let item = kept.or_insert_with(|| Rc::new(Item { kind: *kind, folder, path, tree }));
                // The first of those with one id.
                items.entry(id).or_insert_with(|| Rc::clone(item));
            }
        }
        self.paths.extend(items.values().map(|item| item.path.clone()));
        let items = Rc::new(items);
        self.items.insert(found, Rc::clone(&items));
        Ok(items)
    }

    /// Those that are asked for in one root: id, folder and tree.
    fn in_root(
        &mut self,
        reader: &mut Reader<'_>,
        kind: SubjectKind,
        root: &ObjectId,
    ) -> Result<Vec<(Rc<str>, String, ObjectId)>, BaseError> {
        let level = reader.level(root)?;
        let mut found = Vec::new();
        let is_one = |folder: &str, entry: &Entry| entry.mode == Mode::Folder && finding::is_visible(folder);
        match kind {
            SubjectKind::Case => {
                for (folder, entry) in level.iter().filter(|(folder, entry)| is_one(folder, entry)) {
                    if let Some(id) = self.case_id(reader, &entry.id)?
                        && self.ids.contains(&id)
                    {
                        found.push((id, folder.clone(), entry.id.clone()));
                    }
                }
            }
            SubjectKind::Canary | SubjectKind::Manifest => {
                for id in &self.ids {
                    let Some(entry) = level.get(&**id).filter(|entry| is_one(id, entry)) else { continue };
                    if reader.level(&entry.id)?.get(canary::MANIFEST).is_some_and(is_file) {
                        found.push((Rc::clone(id), id.to_string(), entry.id.clone()));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The id in the metadata of a case; `None` where they cannot be read.
    fn case_id(&mut self, reader: &mut Reader<'_>, folder: &ObjectId) -> Result<Option<Rc<str>>, BaseError> {
        if let Some(known) = self.case_ids.get(folder) {
            return Ok(known.clone());
        }
        let metadata = reader.level(folder)?.get(case::METADATA).cloned().filter(is_file);
        let id = match metadata {
            Some(entry) => finding::id_of_case(&reader.bytes(&entry.id, limits::MAX_CONFIG_BYTES)?).map(Rc::from),
            None => None,
        };
        self.case_ids.insert(folder.clone(), id.clone());
        Ok(id)
    }
}
