//! Services, the graph of dependencies and what is said of completeness, a line for each: they are compared, and no policy
//! looks at them.
//!
//! Invariants: an element is named by what it is, as findings name it, and never by its `bom-ref`; an edge counts once for
//! each pair of references, however often it is listed.

use std::collections::BTreeSet;

use crate::format::cyclonedx::component::{Place, Reader, licenses};
use crate::format::cyclonedx::wire::{Composition, Dependency, Service};
use crate::format::details::Details;
use crate::format::error::FormatError;
use crate::format::licenses::canonical;
use crate::format::text::Unfolding;

/// What is said of services. They can be referred to from here on.
pub(crate) fn services(services: Vec<Service>, reader: &mut Reader) -> Result<Vec<String>, FormatError> {
    let mut facts = Vec::new();
    for mut service in services {
        let below = std::mem::take(&mut service.services);
        reader.claim(service.bom_ref.as_deref())?;
        reader.not_read.extend(service.not_read());
        let Service { bom_ref, provider, group, name, version, endpoints, licenses: choices, .. } = service;
        let version = version.unwrap_or_default();
        let named = [provider.and_then(|provider| provider.name), group, Some(name.clone())];
        let key = format!("service {}@{version}", named.into_iter().flatten().collect::<Vec<_>>().join("/"));
        if let Some(id) = bom_ref {
            reader.by_ref.insert(id, Place { key: key.clone(), name, version, kind: None });
        }
        let mut details = Details::default();
        details.each("endpoint", endpoints);
        details.maybe("authenticated", service.authenticated.map(|is| is.to_string()));
        details.maybe("crosses a trust boundary", service.trust_boundary.map(|is| is.to_string()));
        details.maybe("trust zone", service.trust_zone);
        let licenses = licenses(choices, &mut details);
        details.each("licence", licenses.iter().map(|text| canonical(text)));
        facts.push(format!("{key} ({})", details.texts().collect::<Vec<_>>().join("; ")));
        facts.extend(self::services(below, reader)?);
    }
    Ok(facts)
}

/// The edges of the graph, and the elements that need nothing.
pub(crate) fn dependencies(
    dependencies: Vec<Dependency>,
    reader: &Reader,
    unfolding: &mut Unfolding,
) -> Result<Vec<String>, FormatError> {
    let mut edges = BTreeSet::new();
    for Dependency { reference, depends_on, provides } in &dependencies {
        if depends_on.is_empty() && provides.is_empty() {
            edges.insert((reference.as_str(), "needs nothing", ""));
        }
        edges.extend(depends_on.iter().map(|other| (reference.as_str(), "depends on ", other.as_str())));
        edges.extend(provides.iter().map(|other| (reference.as_str(), "provides ", other.as_str())));
    }
    let mut facts = Vec::with_capacity(edges.len());
    for (from, what, to) in edges {
        let fact =
            format!("{} {what}{}", named(from, reader), if to.is_empty() { String::new() } else { named(to, reader) });
        unfolding.take([fact.as_str()])?;
        facts.push(fact);
    }
    Ok(facts)
}

/// What is said of completeness.
pub(crate) fn compositions(
    compositions: Vec<Composition>,
    reader: &mut Reader,
    unfolding: &mut Unfolding,
) -> Result<Vec<String>, FormatError> {
    let mut facts = Vec::new();
    for composition in compositions {
        if composition.signature.0 {
            reader.not_read.insert("signatures");
        }
        let mut details = Details::default();
        let lists = [
            ("assembly", &composition.assemblies),
            ("dependencies of", &composition.dependencies),
            ("vulnerability", &composition.vulnerabilities),
        ];
        for (what, ids) in lists {
            details.each(what, ids.iter().map(|id| named(id, reader)));
        }
        unfolding.take(details.texts())?;
        facts.push(format!("{}: {}", composition.aggregate, details.texts().collect::<Vec<_>>().join("; ")));
    }
    Ok(facts)
}

/// What a reference names; one to nothing names itself.
fn named(reference: &str, reader: &Reader) -> String {
    let Some(place) = reader.resolve(reference) else { return reference.to_owned() };
    match place.kind {
        Some(kind) => format!("{} ({kind})", place.key),
        None => place.key,
    }
}
