//! Components ↔ packages.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::format::cyclonedx::wire::{Component, FORMAT, License, LicenseChoice, Property};
use crate::format::details::Details;
use crate::format::error::FormatError;
use crate::format::listing::Listing;
use crate::format::package;
use crate::format::purl::{self, Facts, Written};
use crate::model::digest::Digest;
use crate::model::ecosystem::Ecosystem;
use crate::model::package::{Package, Purl, SourcePackage};
use crate::model::vex::COMPONENT_SEPARATOR;

const ECOSYSTEM: &str = "stella:ecosystem";
const SOURCE_NAME: &str = "stella:source:name";
const SOURCE_VERSION: &str = "stella:source:version";

/// What a reference names, as findings and statements speak of it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The package's key.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// Its type, where that tells it from another of its key: it has no purl, and is not a library.
    pub(crate) kind: Option<String>,
}

impl Place {
    fn of(package: &Package, kind: &str) -> Self {
        let kind = Some(kind).filter(|kind| package.purl.is_none() && *kind != "library").map(str::to_owned);
        Self { key: package.key(), name: package.name.clone(), version: package.version.clone(), kind }
    }
}

/// Walks the components of a document. Depth is bounded by the JSON reader.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) listing: Listing,
    /// What the document is about, for vulnerabilities that name no component.
    pub(crate) subject: Option<Place>,
    /// The document's own serial number, with which a BOM-Link begins that stays within it.
    pub(crate) serial: Option<String>,
    /// The parts of components and services that are there and not read.
    pub(crate) not_read: BTreeSet<&'static str>,
    ids: HashSet<String>,
    pub(crate) by_ref: HashMap<String, Place>,
}

impl Reader {
    /// Takes the root: it can be referred to, what is nested in it is listed.
    pub(crate) fn root(&mut self, mut root: Component) -> Result<(), FormatError> {
        let nested = std::mem::take(&mut root.components);
        let id = root.bom_ref.take();
        self.claim(id.as_deref())?;
        self.not_read.extend(root.not_read());
        let kind = root.kind.clone();
        let (mut package, _) = read_package(root);
        let place = Place::of(&package, &kind);
        if let Some(id) = id {
            self.by_ref.insert(id, place.clone());
        }
        self.subject = Some(place);
        package.details.insert("the document is about it".to_owned());
        self.listing.others.push(package);
        self.components("metadata.component.components", nested)
    }

    pub(crate) fn components(&mut self, path: &str, components: Vec<Component>) -> Result<(), FormatError> {
        for (index, mut component) in components.into_iter().enumerate() {
            let path = format!("{path}[{index}]");
            let nested = std::mem::take(&mut component.components);
            let id = component.bom_ref.take();
            self.claim(id.as_deref())?;
            let kind = component.kind.clone();
            self.not_read.extend(component.not_read());
            let (package, bad_purl) = read_package(component);
            if let Some(id) = id {
                self.by_ref.insert(id, Place::of(&package, &kind));
            }
            if let Some(bad) = bad_purl {
                let why = format!("`{bad}` is not a package URL; `{}` is kept without one", package.key());
                self.listing.skip(format!("{path}.purl"), why);
            }
            if package.purl.is_some() || matches!(kind.as_str(), "library" | "framework" | "application") {
                self.listing.packages.push(package);
            } else {
                let why = format!("`{}` is of type `{kind}` and has no purl: not a package", package.key());
                self.listing.skip(&path, why);
                self.listing.others.push(package);
            }
            if !nested.is_empty() {
                self.components(&format!("{path}.components"), nested)?;
            }
        }
        Ok(())
    }

    /// Notes that an id is used.
    pub(crate) fn claim(&mut self, id: Option<&str>) -> Result<(), FormatError> {
        match id {
            Some(id) if !self.ids.insert(id.to_owned()) => {
                Err(FormatError::DuplicateId { format: FORMAT, id: id.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// What a reference means: a `bom-ref`, the fragment of a BOM-Link to this document, or a purl itself. A component inside a
    /// product, `whole -> part`, is neither: it is known by these words.
    pub(crate) fn resolve(&self, reference: &str) -> Option<Place> {
        let link = reference.strip_prefix("urn:cdx:").and_then(|link| link.split_once('#'));
        let fragment = link.map(|(_, id)| id);
        // Without a serial number of its own nobody can say which document is meant.
        let own = link.filter(|(document, _)| self.serial.as_deref().is_none_or(|serial| is_of(document, serial)));
        if let Some(place) = self.by_ref.get(reference).or_else(|| self.by_ref.get(own?.1)) {
            return Some(place.clone());
        }
        let written: Written =
            fragment.or(Some(reference)).filter(|text| !text.contains(COMPONENT_SEPARATOR))?.parse().ok()?;
        let facts = written.facts()?;
        Some(Place {
            key: written.purl.to_string(),
            name: facts.name,
            version: facts.version.unwrap_or_default(),
            kind: None,
        })
    }
}

/// Whether `uuid/version` of a BOM-Link is of the document with this serial number.
fn is_of(document: &str, serial: &str) -> bool {
    let uuid = document.split('/').next().unwrap_or_default();
    serial.strip_prefix("urn:uuid:").unwrap_or(serial).eq_ignore_ascii_case(uuid)
}

/// The package of a component, and the text of its purl where it is none.
fn read_package(component: Component) -> (Package, Option<String>) {
    let given = component.purl.filter(|purl| !purl.is_empty());
    let purl: Option<Written> = given.as_deref().and_then(|purl| purl.parse().ok());
    let bad_purl = given.filter(|_| purl.is_none());
    let facts = purl.as_ref().and_then(Written::facts);
    let version = package::version_of(component.version.clone(), facts.as_ref());
    let properties = &component.properties;
    let source = source(properties, &version).or_else(|| facts.as_ref()?.source.clone());
    let ecosystem = Property::find(properties, ECOSYSTEM).map(Ecosystem::from);
    let ecosystem = ecosystem.or_else(|| Some(facts.as_ref()?.ecosystem.clone()));
    let mut details = Details::default();
    details.add("type", &component.kind);
    details.maybe("scope", component.scope.as_ref().filter(|scope| *scope != "required"));
    details.maybe("cpe", component.cpe.as_ref());
    details.maybe("mime type", component.mime_type.as_ref());
    details.maybe("publisher", component.publisher.as_ref());
    details.maybe("supplier", component.supplier.as_ref().and_then(|supplier| supplier.name.as_ref()));
    details.maybe("manufacturer", component.manufacturer.as_ref().and_then(|maker| maker.name.as_ref()));
    details.maybe("version range", component.version_range.as_ref());
    details.maybe("external", component.is_external.map(|is| is.to_string()));
    details.maybe("modified", component.modified.map(|is| is.to_string()));
    details.maybe("SWID", component.swid.as_ref().map(|swid| &swid.tag_id));
    details.each("OmniBOR", &component.omnibor);
    details.each("SWHID", &component.swhid);
    component.hashes.iter().for_each(|hash| details.add(&hash.alg, &hash.content));
    let named = name(component.group.as_deref(), &component.name, facts.as_ref());
    let group = component.group.as_deref().filter(|group| !group.is_empty());
    package::stated(
        &spelled(group, &component.name, facts.as_ref()),
        component.version.as_deref(),
        facts.as_ref(),
        &mut details,
    );
    details.maybe("group", group);
    details.maybe("not a package URL", bad_purl.as_ref());
    let licenses = licenses(component.licenses, &mut details);
    let package = Package {
        name: named,
        version,
        purl: purl.map(|written| written.purl),
        ecosystem: ecosystem.unwrap_or_else(Ecosystem::unknown),
        licenses,
        source,
        details: details.done(),
    };
    (package, bad_purl)
}

/// The licences by what names them; what else is said of each is a detail.
pub(crate) fn licenses(choices: Vec<LicenseChoice>, details: &mut Details) -> BTreeSet<String> {
    let mut licenses = BTreeSet::new();
    for choice in choices {
        let LicenseChoice { license, expression, acknowledgement, .. } = choice;
        let (name, text, own) = match license {
            Some(License { id, name, text, acknowledgement, .. }) => {
                if let (Some(id), Some(name)) = (&id, &name) {
                    details.add("licence", format!("{id} is called {name}"));
                }
                // The schema allows one of the two; where both stand, both count.
                details.maybe("licence beside it", expression);
                (id.or(name), text, acknowledgement)
            }
            None => (expression, None, None),
        };
        let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
        details.maybe("licence", own.map(|word| format!("{name} is {word}")));
        details.maybe("licence as an entry", acknowledgement.map(|word| format!("{name} is {word}")));
        let text = text.filter(|text| !text.content.is_empty());
        details
            .maybe("licence text", text.map(|text| format!("{name} {}", Digest::of(text.content.as_bytes()).short())));
        licenses.insert(name);
    }
    licenses
}

/// The name that the purl gives, with the group that the component has.
fn name(group: Option<&str>, name: &str, facts: Option<&Facts>) -> String {
    let spelled = spelled(group.filter(|group| !group.is_empty()), name, facts);
    match facts {
        Some(facts) => package::name_of(spelled, facts),
        None => spelled,
    }
}

/// The name with its group before it, as the ecosystem of the purl joins them.
fn spelled(group: Option<&str>, name: &str, facts: Option<&Facts>) -> String {
    let separator = if facts.is_some_and(|facts| facts.ecosystem.name() == "Maven") { ':' } else { '/' };
    group.map_or_else(|| name.to_owned(), |group| format!("{group}{separator}{name}"))
}

/// The source package, as stella and Trivy write it.
fn source(properties: &[Property], version: &str) -> Option<SourcePackage> {
    let find = |name: &str| Property::find(properties, name).filter(|value| !value.is_empty());
    if let Some(name) = Property::find(properties, SOURCE_NAME) {
        let version = Property::find(properties, SOURCE_VERSION).unwrap_or_default();
        return Some(SourcePackage { name: name.to_owned(), version: version.to_owned() });
    }
    let name = find("aquasecurity:trivy:SrcName")?;
    let version = match find("aquasecurity:trivy:SrcVersion") {
        Some(upstream) => {
            let epoch = find("aquasecurity:trivy:SrcEpoch").filter(|epoch| *epoch != "0");
            let epoch = epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
            let release =
                find("aquasecurity:trivy:SrcRelease").map(|release| format!("-{release}")).unwrap_or_default();
            format!("{epoch}{upstream}{release}")
        }
        None => version.to_owned(),
    };
    Some(SourcePackage { name: name.to_owned(), version })
}

/// The component of a package. What the schema has no place for goes into properties.
pub(crate) fn write(package: &Package, reference: String) -> Component {
    let facts = package.purl.as_ref().and_then(purl::facts);
    let implied = facts.map_or(Ecosystem::unknown(), |facts| facts.ecosystem);
    let mut properties = Vec::new();
    if package.ecosystem != implied {
        properties.push(Property::new(ECOSYSTEM, &package.ecosystem.to_string()));
    }
    if let Some(source) = &package.source {
        properties.push(Property::new(SOURCE_NAME, &source.name));
        properties.push(Property::new(SOURCE_VERSION, &source.version));
    }
    let license = |name: &String| LicenseChoice {
        license: Some(License { name: Some(name.clone()), ..License::default() }),
        ..LicenseChoice::default()
    };
    Component {
        kind: "library".to_owned(),
        bom_ref: Some(reference),
        name: package.name.clone(),
        version: Some(package.version.clone()).filter(|version| !version.is_empty()),
        licenses: package.licenses.iter().map(license).collect(),
        purl: package.purl.as_ref().map(Purl::to_string),
        properties,
        ..Component::default()
    }
}
