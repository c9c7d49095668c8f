//! Licences that relationships declare or conclude.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::element::{Element, is_license};
use crate::format::error::FormatError;
use crate::format::licenses::canonical;
use crate::format::text::Unfolding;

/// The licences of elements by id.
pub(super) fn licenses<'d>(
    graph: &'d [Element],
    by_id: &HashMap<&str, &Element>,
    unfolding: &mut Unfolding,
) -> Result<HashMap<&'d str, BTreeSet<String>>, FormatError> {
    let mut licenses: HashMap<&str, BTreeSet<String>> = HashMap::new();
    for element in graph {
        let Some(from) = element.from.as_deref().filter(|_| is_license(element)) else { continue };
        for to in &element.to {
            // A licence of the list is named by its address, and need not be in the document.
            let name = license_name(to, by_id);
            if !matches!(
                name,
                "" | "NoAssertion" | "NoAssertionLicense" | "None" | "NoneLicense" | "NOASSERTION" | "NONE"
            ) {
                unfolding.take([name])?;
                licenses.entry(from).or_default().insert(name.to_owned());
            }
        }
    }
    Ok(licenses)
}

/// How a licence is called that an id names: by its expression or its name; one of the list by the end of its address; one
/// that only the document knows by its class, since such an id may be another each time.
fn license_name<'d>(id: &'d str, by_id: &HashMap<&str, &'d Element>) -> &'d str {
    let address = || id.rsplit('/').next().unwrap_or(id);
    let Some(license) = by_id.get(id) else { return address() };
    let named = license.expression().or(license.name.as_deref());
    named.unwrap_or_else(|| if has_address(license) { address() } else { &license.class })
}

/// Whether it is a licence of the list, which its address names.
fn has_address(license: &Element) -> bool {
    matches!(license.class.as_str(), "expandedlicensing_ListedLicense" | "expandedlicensing_IndividualLicensingInfo")
}

/// How licences are stated of elements, by id: declared or concluded.
pub(super) fn stated_licenses<'d>(
    graph: &'d [Element],
    by_id: &HashMap<&str, &Element>,
    unfolding: &mut Unfolding,
) -> Result<HashMap<&'d str, BTreeSet<String>>, FormatError> {
    let mut stated: HashMap<&str, BTreeSet<String>> = HashMap::new();
    for element in graph.iter().filter(|element| is_license(element)) {
        let Some(from) = element.from.as_deref() else { continue };
        let kind = element.relationship.as_deref().unwrap_or_default();
        for to in &element.to {
            let mut said = format!("{kind} {}", canonical(license_name(to, by_id)));
            // Who wrote a licence of their own may call it like one of the list.
            let own = by_id.get(to.as_str()).filter(|own| own.expression().is_none() && !has_address(own));
            said.extend(own.map(|own| format!(" ({})", own.class)));
            for word in [element.completeness.as_deref(), element.scope.as_deref()].into_iter().flatten() {
                said.push(' ');
                said.push_str(word);
            }
            unfolding.take([said.as_str()])?;
            stated.entry(from).or_default().insert(said);
        }
    }
    Ok(stated)
}

/// Licence expressions that no element refers to, neither by this id nor by another: they are said all the same.
pub(super) fn unreferred(graph: &[Element]) -> BTreeSet<String> {
    let mut referred: HashSet<&str> = HashSet::new();
    for element in graph {
        referred.extend(element.to.iter().chain(&element.from).chain(&element.roots).map(String::as_str));
    }
    let (named, alone): (Vec<&Element>, Vec<&Element>) = graph
        .iter()
        .filter(|element| element.expression().is_some())
        .partition(|element| element.id.as_deref().is_some_and(|id| referred.contains(id)));
    let texts = |elements: Vec<&Element>| -> BTreeSet<String> {
        elements.into_iter().filter_map(Element::expression).map(canonical).collect()
    };
    // Two elements that say the same are one licence, be it referred to by one of their ids alone.
    let named = texts(named);
    texts(alone).difference(&named).map(|text| format!("licence {text}")).collect()
}
