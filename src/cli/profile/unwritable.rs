//! A profile that cannot be written: a bug of a type.

use crate::canonical::ProfileError;
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// A profile that cannot be written: a bug of a type.
#[derive(Debug, thiserror::Error)]
#[error("the profile cannot be written")]
pub struct Unwritable(#[source] pub ProfileError);

impl Diagnostic for Unwritable {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }
}
