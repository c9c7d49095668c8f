//! What is assessed of vulnerabilities: VEX statements, scores and catalogues.

use std::collections::{BTreeSet, HashMap};

use super::element::{Element, FORMAT};
use super::names::{name_of, named};
use crate::format::details::Details;
use crate::format::error::FormatError;
use crate::format::text::Unfolding;
use crate::model::vex::{VexStatement, VexStatus};

/// What is assessed of vulnerabilities besides a VEX status, a line for each, sorted; and vulnerabilities that nothing assesses.
pub(super) fn assessments(
    graph: &[Element],
    by_id: &HashMap<&str, &Element>,
    keys: &HashMap<&str, String>,
    unfolding: &mut Unfolding,
) -> Result<Vec<String>, FormatError> {
    let mut facts = Vec::new();
    let of = |element: &&Element| element.is_assessment() && !element.class.starts_with("security_Vex");
    for element in graph.iter().filter(of) {
        let from = element.from.as_deref().unwrap_or_default();
        let vulnerability = by_id.get(from).and_then(|vulnerability| named(vulnerability)).unwrap_or(from);
        let score = element.score.map(|score| score.to_string());
        let number = |number: Option<f64>| number.map(|number| number.to_string());
        let (percentile, probability) = (number(element.percentile), number(element.probability));
        let exploited = element.exploited.map(|is| if is { "exploited" } else { "not exploited" });
        let assessed = element.assessed.as_ref().map(|id| name_of(id, by_id, keys));
        let said = [
            element.severity.as_deref(),
            score.as_deref(),
            element.vector.as_deref(),
            element.decision.as_deref(),
            element.catalog.as_deref(),
            exploited,
            element.locator.as_deref(),
            percentile.as_deref(),
            probability.as_deref(),
            element.withdrawn.as_deref(),
            assessed.as_deref(),
            element.completeness.as_deref(),
        ];
        let said: Vec<&str> = said.into_iter().flatten().collect();
        for to in element.to.iter().collect::<BTreeSet<_>>() {
            let product = name_of(to, by_id, keys);
            let fact = format!("{}: {vulnerability} in {product} ({})", element.class, said.join(" "));
            unfolding.take([fact.as_str()])?;
            facts.push(fact);
        }
    }
    let vulnerabilities = graph.iter().filter(|element| element.class == "security_Vulnerability");
    facts.extend(vulnerabilities.map(|element| {
        let ids = element.external_identifiers.iter();
        let mut said: Vec<String> = ids
            .map(|id| format!("{} {}", id.external_identifier_type, id.identifier))
            .chain(element.withdrawn.clone())
            .collect();
        said.sort();
        said.dedup();
        said.extend(element.name.clone());
        format!("vulnerability {} ({})", named(element).unwrap_or_default(), said.join("; "))
    }));
    Ok(facts)
}

/// The VEX assessments; none at all where the document has no such element.
pub(super) fn statements(
    graph: &[Element],
    by_id: &HashMap<&str, &Element>,
    keys: &HashMap<&str, String>,
    unfolding: &mut Unfolding,
) -> Result<Option<Vec<VexStatement>>, FormatError> {
    let mut statements = BTreeSet::new();
    let mut assessed = false;
    for (index, element) in graph.iter().enumerate() {
        let status = match element.class.as_str() {
            "security_VexAffectedVulnAssessmentRelationship" => VexStatus::Affected,
            "security_VexFixedVulnAssessmentRelationship" => VexStatus::Fixed,
            "security_VexNotAffectedVulnAssessmentRelationship" => VexStatus::NotAffected,
            "security_VexUnderInvestigationVulnAssessmentRelationship" => VexStatus::UnderInvestigation,
            _ => continue,
        };
        assessed = true;
        let Some(from) = element.from.as_deref() else {
            let problem = "it is absent; an assessment is of a vulnerability".to_owned();
            return Err(FormatError::Field { format: FORMAT, path: format!("@graph[{index}].from"), problem });
        };
        let vulnerability = by_id.get(from).and_then(|vulnerability| named(vulnerability)).unwrap_or(from);
        let word = element.justification.as_deref().map(justification).or_else(|| element.impact.clone());
        let word = word.filter(|_| status == VexStatus::NotAffected);
        let mut details = Details::default();
        details.maybe("action", element.action.as_ref());
        details.maybe("notes", element.notes.as_ref());
        details.maybe("version", element.vex_version.as_ref());
        details.maybe("withdrawn", element.withdrawn.as_ref());
        details.maybe("impact", element.impact.as_ref());
        details.maybe("completeness", element.completeness.as_ref());
        details.maybe("justified as", element.justification.as_ref().filter(|_| status != VexStatus::NotAffected));
        details.maybe("assessed in", element.assessed.as_ref().map(|id| name_of(id, by_id, keys)));
        let details = details.done();
        for to in &element.to {
            let product = name_of(to, by_id, keys);
            let texts = [vulnerability, product.as_str(), word.as_deref().unwrap_or_default()];
            unfolding.take(texts.into_iter().chain(details.iter().map(String::as_str)))?;
            statements.insert(VexStatement {
                vulnerability: vulnerability.to_owned(),
                product,
                status,
                justification: word.clone(),
                details: details.clone(),
            });
        }
    }
    Ok(assessed.then(|| statements.into_iter().collect()))
}

/// OpenVEX's word for SPDX's, which is the same in another spelling (`componentNotPresent`).
fn justification(word: &str) -> String {
    let mut spelled = String::new();
    for c in word.chars() {
        if c.is_ascii_uppercase() {
            spelled.push('_');
        }
        spelled.push(c.to_ascii_lowercase());
    }
    spelled
}
