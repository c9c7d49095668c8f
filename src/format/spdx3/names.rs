//! How elements are called: never by an id, which may be another each time.

use std::collections::HashMap;

use super::element::Element;

/// What an id names: the key of a package, the name of another element; one to nothing names itself.
pub(super) fn name_of(id: &str, by_id: &HashMap<&str, &Element>, keys: &HashMap<&str, String>) -> String {
    if let Some(key) = keys.get(id) {
        return key.clone();
    }
    match by_id.get(id) {
        Some(element) if element.class == "security_Vulnerability" => named(element).unwrap_or(id).to_owned(),
        // Its name is the document's own.
        Some(element) if element.class == "SpdxDocument" => "the document".to_owned(),
        Some(element) => {
            let name = element.expression().or(element.name.as_deref()).unwrap_or_default();
            format!("{} {name}", element.class).trim_end().to_owned()
        }
        None => id.to_owned(),
    }
}

/// The id of a vulnerability: its CVE id, else its name.
pub(super) fn named(vulnerability: &Element) -> Option<&str> {
    let cves = vulnerability.external_identifiers.iter().filter(|other| other.external_identifier_type == "cve");
    cves.map(|external| external.identifier.as_str()).min().or(vulnerability.name.as_deref())
}
