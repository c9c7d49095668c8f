//! Lockfiles and package databases: one file per format, each `text → Listing`.

pub(crate) mod cargo;
pub(crate) mod dpkg;
pub(crate) mod gemfile;
pub(crate) mod go_mod;
pub(crate) mod go_sum;
pub(crate) mod gradle;
pub(crate) mod npm;
pub(crate) mod poetry;
pub(crate) mod requirements;

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use crate::format::error::FormatError;
use crate::model::ecosystem::Ecosystem;
use crate::model::package::{Package, Purl};

/// A package as lockfiles know it: no licence, no source package.
fn locked(name: String, version: String, purl: Purl, ecosystem: Ecosystem) -> Package {
    Package {
        name,
        version,
        purl: Some(purl),
        ecosystem,
        licenses: BTreeSet::new(),
        source: None,
        details: BTreeSet::new(),
    }
}

/// Reads a TOML document. Depth is bounded by the parser.
fn toml<T: DeserializeOwned>(format: &'static str, text: &str) -> Result<T, FormatError> {
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        FormatError::Line { format, line: line_of(text, offset), problem: error.message().to_owned() }
    })
}

/// The line, counted from 1, of a byte offset.
fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}
