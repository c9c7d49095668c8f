//! Configurations of the base that a change takes away, beside the one that is judged.
//!
//! Invariants: each is named by its content, with all that it owns, so that an approval is of what is gone and of nothing that comes
//! there later; one that lies elsewhere as it was is not gone.

use crate::config;
use crate::flow::suite::base::commit::Which;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::listing::{self, Known};
use crate::flow::suite::base::snapshot::{self, Snapshot};
use crate::flow::suite::{canary, case};
use crate::git::object_id::ObjectId;
use crate::git::repository::Repository;
use crate::git::tree::Commit;
use crate::model::change::approval::{ChangeKey, Changed, Cover};
use crate::model::change::base::{Change, Effect};
use crate::model::digest::Digest;

/// Other configurations of the base that the change takes away. What is judged is found by the folder that a step runs in: whoever drops
/// one, or puts a link in the place of its folder, has another one judged. Where nothing of the base is judged (`judged` is `None`), its
/// cases and canaries, too.
///
/// # Errors
/// When the repository cannot be read.
pub fn taken_away(
    repository: &Repository,
    which: &Which,
    layout: &Layout,
    judged: Option<&str>,
) -> Result<Vec<Change>, BaseError> {
    let names: &[&str] = match judged {
        Some(_) => &[config::FILE_NAME],
        None => &[config::FILE_NAME, case::METADATA, canary::MANIFEST],
    };
    let head = repository.commit("HEAD")?;
    let there = repository.paths_called(&head, names)?;
    let all = repository.paths_called(&which.rules, names)?;
    let mut was = all.clone();
    if which.changed_from != which.rules {
        // What the base gained since is not what the change takes away.
        let before = repository.paths_called(&which.changed_from, names)?;
        was.retain(|path| before.contains(path));
    }
    let gone: Vec<&String> =
        was.iter().filter(|path| !there.contains(*path) && Some(path.as_str()) != judged).collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let mut content = Contents { repository, layout, known: Known::new() };
    let mut new = Vec::new();
    for path in there.iter().filter(|path| !all.contains(*path)) {
        new.push((path, content.of(&head, path)?));
    }
    let mut changes = Vec::new();
    for path in gone {
        let Some(old) = content.of(&which.rules, path)? else { continue };
        // One folder is the new place of one.
        let elsewhere = new.iter().position(|(_, content)| *content == Some(old));
        let (effect, side, detail) = match elsewhere.map(|at| new.remove(at).0) {
            Some(to) => (Effect::Neutral, Some(old), format!("it is `{to}` now, with all that it owns")),
            None => {
                let detail = format!("the base has `{path}`, and the checkout does not: nobody judges by it any more");
                (Effect::Loosening, None, detail)
            }
        };
        let key = ChangeKey { of: Changed::Rule { key: path.clone() }, old: Some(old), new: side };
        changes.push(Change { key, effect, detail, reverts_to: None, cover: Cover::None });
    }
    Ok(changes)
}

/// What names a configuration with all that it owns, a case or a canary.
struct Contents<'a> {
    repository: &'a Repository,
    layout: &'a Layout,
    known: Known,
}

impl Contents<'_> {
    /// `None` of a file that is called as one of a canary and is of something else.
    fn of(&mut self, commit: &ObjectId, path: &str) -> Result<Option<Digest>, BaseError> {
        let mut objects = self.repository.objects()?;
        let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
        let read = Commit::read(&mut objects, commit)?;
        if name == config::FILE_NAME {
            let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            let layout = Layout { prefix, file: name.to_owned(), ..self.layout.clone() };
            let bytes = snapshot::read_file(&mut objects, &read, path)?.unwrap_or_default();
            return Ok(Some(match snapshot::read(&mut objects, commit, &layout, None, &mut self.known) {
                Ok(snapshot) => owned(&bytes, &snapshot),
                // It is known by its text alone.
                Err(_) => Digest::of(&bytes),
            }));
        }
        let files = listing::of_commit(&mut objects, &read, folder, &mut self.known)?.unwrap_or_default();
        let is_one = name == case::METADATA || files.keys().any(|file| file.starts_with("expected/"));
        Ok(is_one.then(|| listing::digest(&listing::plain(&files))))
    }
}

/// One digest of a configuration and of every case and canary that it owns, wherever they lie.
fn owned(config: &[u8], snapshot: &Snapshot) -> Digest {
    let mut text = format!("{}\n", Digest::of(config));
    for (id, item) in &snapshot.items {
        let files = listing::digest(&listing::plain(&item.files));
        text += &format!("{} {}:{} {files}\n", id.kind.code(), id.id.len(), id.id);
    }
    Digest::of(text.as_bytes())
}
