//! What relationships say, and what collections are about.

use std::collections::{BTreeSet, HashMap};

use super::element::{Element, is_license};
use super::names::name_of;
use crate::format::error::FormatError;
use crate::format::text::Unfolding;

/// Relationships other than licences, and what collections are about, a line for each.
pub(super) fn relationships(
    graph: &[Element],
    by_id: &HashMap<&str, &Element>,
    keys: &HashMap<&str, String>,
    unfolding: &mut Unfolding,
) -> Result<Vec<String>, FormatError> {
    let mut facts = Vec::new();
    // What two elements say of the same ones is said once.
    let mut known = BTreeSet::new();
    // A licence of a package is one of its details.
    let of_package =
        |element: &&Element| is_license(element) && element.from.as_deref().is_some_and(|id| keys.contains_key(id));
    for element in graph.iter().filter(|element| element.is_relationship() && !of_package(element)) {
        let from = name_of(element.from.as_deref().unwrap_or_default(), by_id, keys);
        let kind = element.relationship.as_deref().unwrap_or_default();
        let said = [element.completeness.as_deref(), element.scope.as_deref()];
        let said: String = said.into_iter().flatten().map(|word| format!(" ({word})")).collect();
        let from_id = element.from.as_deref();
        if element.to.is_empty() && known.insert((from_id, kind, None, said.clone())) {
            facts.push(format!("{from} {kind} nothing{said}"));
        }
        for to in &element.to {
            if !known.insert((from_id, kind, Some(to.as_str()), said.clone())) {
                continue;
            }
            let fact = format!("{from} {kind} {}{said}", name_of(to, by_id, keys));
            unfolding.take([fact.as_str()])?;
            facts.push(fact);
        }
    }
    for element in graph {
        for root in element.roots.iter().collect::<BTreeSet<_>>() {
            let fact = format!("{} is about {}", element.class, name_of(root, by_id, keys));
            unfolding.take([fact.as_str()])?;
            facts.push(fact);
        }
    }
    Ok(facts)
}
