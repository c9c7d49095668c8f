//! A package as documents list it: a name, perhaps a version, perhaps a purl.

use std::collections::BTreeSet;

use crate::format::purl::{self, Facts};
use crate::model::package::{Ecosystem, Package, Purl};

/// The package of an entry. What the entry leaves out the purl tells; of a name that differs from the purl's in nothing
/// but case the entry's spelling is kept: some types fold it, their advisories do not.
pub(crate) fn of_entry(
    name: String,
    version: Option<String>,
    purl: Option<Purl>,
    licenses: BTreeSet<String>,
) -> Package {
    let facts = purl.as_ref().and_then(purl::facts);
    let version = version.filter(|version| !version.is_empty());
    let version = version.or_else(|| facts.as_ref()?.version.clone()).unwrap_or_default();
    match facts {
        Some(Facts { ecosystem, name: known, source, .. }) => {
            let kept = ecosystem != Ecosystem::PyPi && name.eq_ignore_ascii_case(&known);
            let name = if kept { name } else { known };
            Package { name, version, purl, ecosystem, licenses, source }
        }
        None => {
            let ecosystem = Ecosystem::Other("unknown".to_owned());
            Package { name, version, purl, ecosystem, licenses, source: None }
        }
    }
}

/// What a finding says of the package that it affects.
pub(crate) struct Affected {
    /// The package's key: its purl in canonical spelling, else `name@version`.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Affected {
    /// The package of a finding by name, version, and a purl that may be absent, empty or none at all.
    pub(crate) fn new(name: String, version: String, purl: Option<&str>) -> Self {
        let purl = purl.and_then(|purl| purl.parse().ok());
        let package = of_entry(name, Some(version), purl, BTreeSet::new());
        Self { key: package.key(), name: package.name, version: package.version }
    }
}
