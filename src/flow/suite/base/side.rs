//! One state of a case or canary, and what another state changes of it.
//!
//! Invariants: a state is read once, however often others are held against it; a change is named by the same digests wherever the two
//! states come from: two commits, or a commit and the checkout.

use crate::flow::suite::base::canary_changes::{self, CanarySide};
use crate::flow::suite::base::case_changes::{self, About, CaseSide, ChangeScope};
use crate::flow::suite::base::checkout::OwnItem;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::finding::ItemId;
use crate::flow::suite::base::listing::{self, Files};
use crate::flow::suite::canary::Canary;
use crate::flow::suite::case::Case;
use crate::model::change::base::{Change, Effect};
use crate::model::result::SubjectKind;
use crate::workspace::context::Context;

/// One state.
pub struct Side<'a> {
    id: &'a ItemId,
    read: Read,
    files: Files,
}

enum Read {
    Case(Box<CaseSide>),
    Canary(Box<CanarySide>),
}

impl<'a> Side<'a> {
    /// Reads the state that the base has of `id`.
    ///
    /// # Errors
    /// When it is not a case or canary that can be read.
    pub fn read(id: &'a ItemId, item: OwnItem, context: &Context) -> Result<Self, BaseError> {
        let read = match id.kind {
            SubjectKind::Case => match Case::found(&item.directory, &item.shown, context) {
                Ok(case) => Read::Case(Box::new(CaseSide::new(case, &item.files, context))),
                Err(source) => return Err(BaseError::Case { id: id.id.clone(), source }),
            },
            SubjectKind::Canary | SubjectKind::Manifest => match Canary::found(&item.directory, &item.shown) {
                Ok(canary) => Read::Canary(Box::new(CanarySide::new(canary, context))),
                Err(source) => return Err(BaseError::Canary { id: id.id.clone(), source }),
            },
        };
        Ok(Self { id, read, files: item.files })
    }

    /// Everything that `head` changes of it.
    pub fn changes(&self, head: &OwnItem, scope: ChangeScope, context: &Context) -> Vec<Change> {
        let about = About(&self.id.id);
        let sides = (Some(listing::digest(&self.files)), Some(listing::digest(&head.files)));
        let unreadable = |error: &dyn std::error::Error| {
            let detail = format!("the checkout's cannot be read: {error}");
            vec![about.part("unreadable", Effect::Loosening, sides, detail)]
        };
        let mut changes = match &self.read {
            Read::Case(was) => match Case::found(&head.directory, &head.shown, context) {
                Ok(case) => case_changes::changes(was, &CaseSide::new(case, &head.files, context), context),
                Err(error) => unreadable(&error),
            },
            Read::Canary(was) => match Canary::found(&head.directory, &head.shown) {
                Ok(canary) => canary_changes::changes(was, &CanarySide::new(canary, context), scope, context),
                Err(error) => unreadable(&error),
            },
        };
        if head.is_link {
            changes.push(about.part("link", Effect::Loosening, sides, "its folder is a link".to_owned()));
        }
        if changes.is_empty() {
            let detail = case_changes::differing(&self.files, &head.files);
            changes.push(about.part("text", Effect::Neutral, sides, detail));
        }
        changes
    }
}
