//! A package as documents list it: a name, perhaps a version, perhaps a purl.

use std::collections::BTreeSet;

use crate::format::details::Details;
use crate::format::purl::{Facts, Written, with_epoch};
use crate::model::ecosystem::Ecosystem;
use crate::model::package::Package;

/// The package of an entry. What the entry leaves out the purl tells.
pub(crate) fn of_entry(
    name: String,
    version: Option<String>,
    purl: Option<Written>,
    licenses: BTreeSet<String>,
) -> Package {
    let facts = purl.as_ref().and_then(Written::facts);
    let purl = purl.map(|written| written.purl);
    let mut details = Details::default();
    stated(&name, version.as_deref(), facts.as_ref(), &mut details);
    let details = details.done();
    let version = version_of(version, facts.as_ref());
    match facts {
        Some(facts) => {
            let name = name_of(name, &facts);
            Package { name, version, purl, ecosystem: facts.ecosystem, licenses, source: facts.source, details }
        }
        None => Package { name, version, purl, ecosystem: Ecosystem::unknown(), licenses, source: None, details },
    }
}

/// What an entry states besides its purl: another name or version than the purl has, or no version where the purl has one. The
/// purl says what the package is; that something else is written there is not nothing.
pub(crate) fn stated(name: &str, version: Option<&str>, facts: Option<&Facts>, details: &mut Details) {
    let Some(facts) = facts else { return };
    details.maybe("named", Some(name).filter(|name| *name != facts.name));
    match (version.filter(|version| !version.is_empty()), &facts.version) {
        (Some(version), other) => {
            let full = with_epoch(version, facts.epoch.as_deref());
            let differs = other.as_ref().is_none_or(|other| *other != full || full != version);
            details.maybe("stated version", Some(version).filter(|_| differs));
        }
        (None, Some(_)) => details.add("stated version", "none"),
        (None, None) => {}
    }
}

/// A package with more details.
pub(crate) fn with_details(mut package: Package, details: Details) -> Package {
    package.details.extend(details.done());
    package
}

/// The version of an entry, else that of its purl; with the epoch that stands in the purl alone.
pub(crate) fn version_of(stated: Option<String>, facts: Option<&Facts>) -> String {
    let stated = stated.filter(|version| !version.is_empty());
    let stated = stated.map(|version| with_epoch(&version, facts.and_then(|facts| facts.epoch.as_deref())));
    stated.or_else(|| facts?.version.clone()).unwrap_or_default()
}

/// The name that the purl gives. Where the two differ in nothing but case, and the purl is all lower case, the entry's
/// spelling is kept: some types fold it, their advisories do not.
pub(crate) fn name_of(spelled: String, facts: &Facts) -> String {
    let folded = !facts.name.chars().any(char::is_uppercase) && spelled.eq_ignore_ascii_case(&facts.name);
    if folded && facts.ecosystem.name() != "PyPI" { spelled } else { facts.name.clone() }
}

/// What a finding says of the package that it affects.
pub(crate) struct Affected {
    /// The package's key: its purl in canonical spelling, else `name@version`.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// What is stated besides.
    pub(crate) stated: BTreeSet<String>,
}

impl Affected {
    /// The package of a finding by name, version, and a purl that may be absent, empty or none at all.
    pub(crate) fn new(name: String, version: String, purl: Option<&str>) -> Self {
        let written = purl.filter(|purl| !purl.is_empty());
        let purl = written.and_then(|purl| purl.parse().ok());
        let mut stated = Details::default();
        stated.maybe("not a package URL", written.filter(|_| purl.is_none()));
        let package = of_entry(name, Some(version), purl, BTreeSet::new());
        let stated = stated.done().into_iter().chain(package.details.iter().cloned()).collect();
        Self { key: package.key(), name: package.name, version: package.version, stated }
    }
}
