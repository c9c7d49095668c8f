//! Packages of Trivy: what each is, and by which key others depend on it.

use std::collections::BTreeSet;

use super::report::Listed;
use crate::format::details::Details;
use crate::format::package;
use crate::format::purl::Written;
use crate::model::package::{Package, SourcePackage};

impl Listed {
    fn purl(&self) -> Option<&String> {
        self.identifier.as_ref().and_then(|identifier| identifier.purl.as_ref()).filter(|purl| !purl.is_empty())
    }

    /// Its key, as others depend on it.
    pub(super) fn key(&self) -> String {
        let version = join(self.epoch, self.version.as_deref(), self.release.as_deref());
        let purl = self.purl().and_then(|purl| purl.parse().ok());
        package::of_entry(self.name.clone(), version, purl, BTreeSet::new()).key()
    }
}

pub(super) fn package(listed: Listed) -> Package {
    let version = join(listed.epoch, listed.version.as_deref(), listed.release.as_deref());
    let written = listed.purl().cloned();
    let purl: Option<Written> = written.as_ref().and_then(|purl| purl.parse().ok());
    let mut details = Details::default();
    details.maybe("not a package URL", written.filter(|_| purl.is_none()));
    details.add("architecture", &listed.arch);
    details.add("relationship", &listed.relationship);
    details.maybe("indirect", listed.indirect.then_some("yes"));
    details.maybe("for development", listed.dev.then_some("yes"));
    details.add("path", &listed.file_path);
    details.add("digest", &listed.digest);
    details.add("maintainer", &listed.maintainer);
    details.maybe("module", listed.modularitylabel.as_ref());
    let licenses = listed.licenses.into_iter().flatten().filter(|license| !license.is_empty()).collect();
    let mut package = package::with_details(package::of_entry(listed.name, version, purl, licenses), details);
    if let Some(name) = listed.src_name.filter(|name| !name.is_empty()) {
        let version = join(listed.src_epoch, listed.src_version.as_deref(), listed.src_release.as_deref());
        package.source = Some(SourcePackage { name, version: version.unwrap_or_default() });
    }
    package
}

/// `epoch:version-release`.
fn join(epoch: u64, version: Option<&str>, release: Option<&str>) -> Option<String> {
    let version = version.filter(|version| !version.is_empty())?;
    let epoch = if epoch > 0 { format!("{epoch}:") } else { String::new() };
    let release = release.filter(|release| !release.is_empty()).map(|release| format!("-{release}"));
    Some(format!("{epoch}{version}{}", release.unwrap_or_default()))
}
