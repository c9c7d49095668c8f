//! How a log of the second generation is spoken with (`rekor-tiles`): it answers when an entry is in a checkpoint, so after seconds; whom it
//! leaves without an answer it may have taken up all the same. It cannot be asked for an entry: the same bytes are sent again, which it
//! answers with the index of the entry, and the proof is put together out of what it shows to everyone.

use std::time::Duration;

use crate::attest::bundle;
use crate::attest::log::checkpoint::Checkpoint;
use crate::attest::log::entry::{Entry, Proof};
use crate::attest::log::leaf::Kind;
use crate::attest::log::merkle;
use crate::attest::rekor::dialect::{self, Dialect, Fetched, Meaning, Place, SubmitError};
use crate::attest::rekor::request::Request;
use crate::attest::rekor::tiles::{self, NotATile, Tile};
use crate::attest::rekor::transport::{Call, NoAnswer, Transport};

/// Where entries are made.
const ENTRIES: &str = "/api/v2/log/entries";
/// Where everything that is shown to everyone is.
pub const SHOWN: &str = "/api/v2";
/// Where the log shows what it has signed of its tree.
pub const CHECKPOINT: &str = "/api/v2/checkpoint";

/// A checkpoint of such a log comes every so often; the public one has ten seconds between them.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A log of the second generation.
#[derive(Debug, Clone)]
pub struct Second {
    /// Its id, as the trusted root has it.
    pub log_id: Vec<u8>,
}

impl Dialect for Second {
    fn send(&self, way: &dyn Transport, request: &Request) -> Meaning {
        let answer = match way.send(&Call::Post(ENTRIES, &request.body)) {
            Ok(answer) => answer,
            Err(error @ NoAnswer::Impossible(_)) => return Meaning::Never(SubmitError::Impossible(error)),
            Err(NoAnswer::Unknown(source)) => return Meaning::Later(format!("it does not answer: {source}"), None),
        };
        match answer.status {
            200 | 201 => match bundle::entry(&answer.body) {
                Ok(entry) if entry.body == request.entry => Meaning::There(Box::new(entry)),
                Ok(_) => Meaning::Never(SubmitError::Other),
                // It may have been cut off, or be of something in between.
                Err(_) => Meaning::Later("the answer of the log is not an entry".to_owned(), None),
            },
            409 => match answer.index.or_else(|| index_in(&dialect::said(&answer.body))) {
                Some(index) => Meaning::At(Place::Index(index)),
                None => Meaning::Never(dialect::refused(&answer)),
            },
            status if dialect::is_passing(status) => Meaning::Later(dialect::answers(&answer), answer.retry_after),
            _ => Meaning::Never(dialect::refused(&answer)),
        }
    }

    fn look(&self, way: &dyn Transport, place: &Place, request: &Request) -> Meaning {
        match place {
            Place::Index(index) => self.proved(way, *index, request).unwrap_or_else(|end| end.0),
            Place::Id(_) => Meaning::Missing,
        }
    }

    fn place(&self, _: &Request) -> Option<Place> {
        None
    }

    fn pauses(&self) -> (Duration, Duration) {
        (FIRST_PAUSE, LONGEST_PAUSE)
    }
}

/// The index at the end of what such a log says beside 409.
fn index_in(said: &str) -> Option<u64> {
    said.rsplit_once("with index ")?.1.parse().ok()
}

/// Why there is no proof.
struct End(Meaning);

impl From<NotATile> for End {
    fn from(error: NotATile) -> Self {
        Self(Meaning::Later(error.to_string(), None))
    }
}

impl Second {
    /// The entry at `index`, with its proof out of checkpoint and tiles, where it is that of `request`.
    fn proved(&self, way: &dyn Transport, index: u64, request: &Request) -> Result<Meaning, End> {
        let text = String::from_utf8(fetched(way, CHECKPOINT.to_owned())?).unwrap_or_default();
        let Ok(checkpoint) = Checkpoint::read(&text) else {
            return Err(End(Meaning::Later("what it shows as its checkpoint is not one".to_owned(), None)));
        };
        let size = checkpoint.size;
        if index >= size {
            return Err(End(Meaning::Later("the entry is in no checkpoint yet".to_owned(), None)));
        }
        let (leaf, path) = tiles::path(index, size, &mut |tile| self.tile(way, tile))?;
        if leaf != request.leaf() {
            return Ok(Meaning::Never(SubmitError::Other));
        }
        // Else its readers would be shown a path that leads nowhere.
        if merkle::root_over(leaf, index, size, &path) != Some(checkpoint.root) {
            return Err(NotATile.into());
        }
        let (kind, version) = Kind::HashedRekord2.code();
        let root = checkpoint.root.as_bytes().to_vec();
        let proof = Proof { index, size, root, path, checkpoint: text };
        Ok(Meaning::There(Box::new(Entry {
            index,
            log_id: self.log_id.clone(),
            kind: (kind.to_owned(), version.to_owned()),
            time: 0,
            promise: None,
            proof: Some(proof),
            body: request.entry.clone(),
        })))
    }

    fn tile(&self, way: &dyn Transport, tile: Tile) -> Result<Vec<u8>, End> {
        let paths = tile.paths();
        let mut last = End::from(NotATile);
        for path in paths {
            match fetched(way, format!("{SHOWN}/{path}")) {
                Ok(bytes) => return Ok(bytes),
                // A part of a tile goes when the tile is full.
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// What the log shows there; what is not there may come.
fn fetched(way: &dyn Transport, path: String) -> Result<Vec<u8>, End> {
    match Fetched::of(way.send(&Call::Get(path))) {
        Fetched::Body(bytes) => Ok(bytes),
        Fetched::Never(SubmitError::Refused { status: 404, .. }) => Err(NotATile.into()),
        Fetched::Never(error) => Err(End(Meaning::Never(error))),
        Fetched::Later(why, at_least) => Err(End(Meaning::Later(why, at_least))),
    }
}

#[cfg(test)]
mod tests;
