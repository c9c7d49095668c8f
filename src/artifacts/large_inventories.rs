//! Two large inventories side by side, a quicker way to what reading both would come to.
//!
//! ```text
//! file ─▶ blocks ─▶ canonical elements in order ─┐ equal ones cancel ─▶ scan ─▶ what else bears the names ─┐
//! file ─▶ blocks ─▶ canonical elements in order ─┘ the others ────────────────▶ read into the model ◀────────┘
//! ```
//!
//! Elements that are the same byte for byte in canonical form mean the same, so what differs is among the others. A
//! difference is told by name, and licences of one package are joined, so what shares a name with one of the others is
//! read with them; so is what vulnerabilities affect, what an edge of the graph of dependencies names that only one side has,
//! and what shares a name with that. Equal bytes are compared, never
//! digests of them.
//!
//! Invariant: the result is that of reading both in full, under a policy that decides by findings and statements, as the
//! default one does; what cannot be known to be is left to those who do, errors too. Only a limit on what a policy looks at
//! is not met, as it does not look at what both share.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::artifacts::document_file::InFile;
use crate::canonical::{PartitionReader, Partitioned, Profile, Source as _, Unsuited};
use crate::config::Config;
use crate::format::cyclonedx::{QuickScan, name_hint};
use crate::format::{self, Document};
use crate::model::artifact::ArtifactFormat;
use crate::model::digest::Digest;
use crate::model::limits;

/// From how many bytes on a document is large.
const LARGE: u64 = 1 << 20;
/// How much of a file is read at once.
const BLOCK: usize = 256 << 10;
/// How many components are looked at in one go.
const TURN: usize = 1024;

/// One side: its canonical form, and as much of its meaning as may differ from that of the other.
pub struct Side {
    /// The canonical form.
    pub parted: Partitioned,
    /// Its digest.
    pub digest: Digest,
    /// The part of its meaning.
    pub document: Document,
}

/// Reads `a` and `b` if both are large inventories that can be read in this way.
pub fn read(a: &Path, b: &Path, config: &Config) -> Option<[Side; 2]> {
    let profile = config.profile(ArtifactFormat::Cyclonedx, None);
    // Another could hide what has a meaning.
    if profile.digest() != Profile::builtin(ArtifactFormat::Cyclonedx).digest() {
        return None;
    }
    let (a, b) = (large(a)?, large(b)?);
    let [a, b] = both(|| part(a, profile), || part(b, profile))?;
    sides(a.ok()?, b.ok()?)
}

fn large(path: &Path) -> Option<InFile> {
    let file = InFile::open(path).ok()?;
    (LARGE..=limits::MAX_DOCUMENT_BYTES).contains(&file.size()).then_some(file)
}

fn part(mut file: InFile, profile: &Profile) -> Result<Partitioned, Unsuited> {
    let mut apart = PartitionReader::new(profile.rules(), "components", usize::try_from(file.size()).unwrap_or(0));
    let (mut block, mut total) = (vec![0; BLOCK], 0);
    loop {
        match file.fill(&mut block)? {
            0 => return apart.finish(),
            count => {
                total += count as u64;
                if total > limits::MAX_DOCUMENT_BYTES {
                    return Err(Unsuited);
                }
                apart.take(&block[..count])?;
            }
        }
    }
}

/// Runs the two at the same time; where no thread can be started, one after the other.
fn both<T: Send>(here: impl FnOnce() -> T, there: impl FnOnce() -> T + Send) -> Option<[T; 2]> {
    let waits = Mutex::new(Some(there));
    let take = || waits.lock().unwrap_or_else(PoisonError::into_inner).take().map(|there| there());
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, take);
        let here = here();
        let there = match other {
            Ok(other) => other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => take(),
        };
        Some([here, there?])
    })
}

fn digest(parted: &Partitioned) -> Digest {
    Digest::of_all(parted.pieces())
}

/// What was seen of components, each by its position.
#[derive(Default)]
struct ComponentScan {
    references: Vec<(usize, u64)>,
    names: Vec<(usize, u64)>,
    any_name: Vec<usize>,
    not_read: BTreeSet<&'static str>,
}

impl ComponentScan {
    fn look(&mut self, index: usize, component: &[u8]) -> Option<()> {
        let mut scan = QuickScan::default();
        scan.component(component).then(|| {
            self.references.extend(scan.references.into_iter().map(|reference| (index, reference)));
            self.names.extend(scan.names.into_iter().map(|name| (index, name)));
            self.any_name.extend(scan.any_name.then_some(index));
            self.not_read.append(&mut scan.not_read);
        })
    }
}

/// Looks at components of `parted` until all are looked at: `next` says which turn it is, for whoever looks.
fn look(parted: &Partitioned, next: &AtomicUsize) -> Option<ComponentScan> {
    let mut seen = ComponentScan::default();
    loop {
        let start = next.fetch_add(TURN, Ordering::Relaxed);
        if start >= parted.len() {
            return Some(seen);
        }
        for index in start..parted.len().min(start + TURN) {
            seen.look(index, parted.raw_element(index))?;
        }
    }
}

/// What was read, and of its meaning what may differ.
fn sides(a: Partitioned, b: Partitioned) -> Option<[Side; 2]> {
    // What both have needs to be looked at on one side only.
    let next = AtomicUsize::new(0);
    let pairing = || (a.unpaired(&b), digest(&b), look(&a, &next));
    let hashing = || (Default::default(), digest(&a), look(&a, &next));
    let [(unpaired, digest_b, seen), (_, digest_a, more)] = both(pairing, hashing)?;
    let (only_a, only_b): (Vec<usize>, Vec<usize>) = unpaired;
    let (seen, more) = (seen?, more?);
    let mut is_shared = vec![true; a.len()];
    only_a.iter().for_each(|index| is_shared[*index] = false);

    let references = || seen.references.iter().chain(&more.references);
    let (mut rest_a, mut rest_b) = (rest(&a)?, rest(&b)?);
    let not_read: BTreeSet<&'static str> =
        [&seen.not_read, &more.not_read, &rest_a.not_read, &rest_b.not_read].into_iter().flatten().copied().collect();
    let mut of_a: Vec<u64> =
        references().map(|(_, reference)| *reference).chain(std::mem::take(&mut rest_a.references)).collect();
    of_a.sort_unstable();
    let mut of_b = ComponentScan::default();
    only_b.iter().try_for_each(|index| of_b.look(*index, b.raw_element(*index)))?;
    let not_read = not_read.into_iter().chain(std::mem::take(&mut of_b.not_read)).map(str::to_owned);
    let not_read: BTreeSet<String> = not_read.collect();
    let mut only_of_b = HashSet::new();
    let is_new_in_b = of_b
        .references
        .iter()
        .map(|(_, reference)| *reference)
        .chain(std::mem::take(&mut rest_b.references))
        .all(|reference| only_of_b.insert(reference));
    let is_twice_in_a = of_a.windows(2).any(|pair| pair[0] == pair[1]);
    let is_twice_in_b = || references().any(|(index, reference)| is_shared[*index] && only_of_b.contains(reference));
    if is_twice_in_a || !is_new_in_b || is_twice_in_b() {
        return None;
    }

    let own: HashSet<u64> =
        references().filter(|(index, _)| !is_shared[*index]).map(|(_, reference)| *reference).collect();
    edges_apart(&mut rest_a, &mut rest_b, &own.union(&only_of_b).copied().collect());

    let elements = |of: &Partitioned, which: &[usize]| -> Vec<String> {
        which.iter().map(|index| of.element(*index).to_owned()).collect()
    };
    let (own_a, own_b) = (elements(&a, &only_a), elements(&b, &only_b));
    let read = |both: &[usize]| {
        let both = elements(&a, both);
        Some([document(&a, &own_a, &both)?, document(&b, &own_b, &both)?])
    };
    let in_order = |both: &mut Vec<usize>| {
        both.retain(|index| is_shared[*index]);
        both.sort_unstable();
        both.dedup();
    };
    let affected: HashSet<u64> = rest_a.affected.into_iter().chain(rest_b.affected).collect();
    let affected = references().filter(|(_, reference)| affected.contains(reference));
    let mut both: Vec<usize> = affected.map(|(index, _)| *index).collect();
    in_order(&mut both);
    let documents = read(&both)?;
    let packages = documents.iter().flat_map(|document| &document.packages).flatten().map(|package| &package.name);
    let findings = || documents.iter().flat_map(|document| &document.findings).flatten();
    let wanted = packages.chain(findings().map(|finding| &finding.package)).map(|name| name_hint(name));
    // What is affected and no component bears its reference may be the key of one: a name and a version.
    let keys = findings().map(|finding| &finding.key.affected).filter_map(|key| key.rsplit_once('@'));
    let wanted: HashSet<u64> = wanted.chain(keys.map(|(name, _)| name_hint(name))).collect();
    let namesakes = seen.names.iter().chain(&more.names).filter(|(_, name)| wanted.contains(name));
    let unknown = seen.any_name.iter().chain(&more.any_name).filter(|_| !wanted.is_empty());
    let before = both.len();
    both.extend(namesakes.map(|(index, _)| index).chain(unknown));
    in_order(&mut both);
    let [mut document_a, mut document_b] = if both.len() == before { documents } else { read(&both)? };
    // Where they list the same, what else differs is told by its places, for which the whole is needed.
    if digest_a != digest_b && document_a.lists_the_same(&document_b) {
        return None;
    }
    document_a.not_compared.extend(not_read.iter().cloned());
    document_b.not_compared.extend(not_read);
    Some([
        Side { parted: a, digest: digest_a, document: document_a },
        Side { parted: b, digest: digest_b, document: document_b },
    ])
}

/// What is named by edges that only one side has, or that name an element which only one side has, is looked at; the others say
/// the same on both sides by whatever names.
fn edges_apart(a: &mut QuickScan, b: &mut QuickScan, own: &HashSet<u64>) {
    let sorted = |scan: &mut QuickScan| {
        let mut edges = std::mem::take(&mut scan.edges);
        edges.sort_unstable();
        edges.dedup();
        edges
    };
    let (of_a, of_b) = (sorted(a), sorted(b));
    let named = |these: &[(u8, u64, u64)], those: &[(u8, u64, u64)]| -> Vec<u64> {
        let differs = |edge: &&(u8, u64, u64)| {
            those.binary_search(edge).is_err() || own.contains(&edge.1) || own.contains(&edge.2)
        };
        these.iter().filter(differs).flat_map(|(_, from, to)| [*from, *to]).collect()
    };
    a.affected.extend(named(&of_a, &of_b));
    b.affected.extend(named(&of_b, &of_a));
}

/// What is seen of a document but for its components.
fn rest(of: &Partitioned) -> Option<QuickScan> {
    let mut scan = QuickScan::default();
    scan.rest(of.canonical_rest().as_bytes()).then_some(scan)
}

/// What the document means if its components are these.
fn document(of: &Partitioned, own: &[String], both: &[String]) -> Option<Document> {
    let text = of.with_elements(own.iter().chain(both).map(String::as_str));
    if format::detect(&text) != ArtifactFormat::Cyclonedx {
        return None;
    }
    format::read_document(ArtifactFormat::Cyclonedx, &text).ok()
}

#[cfg(test)]
mod tests;
