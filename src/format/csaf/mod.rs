//! CSAF 2.0 (<https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html>), read for the status of its products.
//!
//! | status | list in `product_status` |
//! |---|---|
//! | affected | `known_affected`, `first_affected`, `last_affected` |
//! | not_affected | `known_not_affected` |
//! | fixed | `fixed`, `first_fixed` |
//! | under_investigation | `under_investigation` |
//!
//! A *not_affected* takes its justification from a flag, whose labels are OpenVEX's words, else from the threat of
//! category *impact*. Any category of document is read so: an advisory states the same lists as a VEX document.
//! Absent: `recommended`, which is no status; remediations, scores, notes and revisions.

mod products;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

use crate::format::csaf::products::{FORMAT, ProductTree, Products};
use crate::format::error::FormatError;
use crate::format::json;
use crate::format::text::Unfolding;
use crate::model::vex::{VexStatement, VexStatus};

#[derive(Deserialize)]
struct Header {
    document: Meta,
}

#[derive(Deserialize)]
struct Meta {
    csaf_version: String,
}

#[derive(Deserialize)]
struct Advisory {
    product_tree: Option<ProductTree>,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct Vulnerability {
    cve: Option<String>,
    #[serde(default)]
    ids: Vec<Id>,
    #[serde(default)]
    product_status: ProductStatus,
    #[serde(default)]
    flags: Vec<Flag>,
    #[serde(default)]
    threats: Vec<Threat>,
}

#[derive(Deserialize)]
struct Id {
    text: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ProductStatus {
    first_affected: Vec<String>,
    known_affected: Vec<String>,
    last_affected: Vec<String>,
    known_not_affected: Vec<String>,
    first_fixed: Vec<String>,
    fixed: Vec<String>,
    under_investigation: Vec<String>,
}

impl ProductStatus {
    fn lists(self) -> [(VexStatus, Vec<String>); 7] {
        [
            (VexStatus::Affected, self.first_affected),
            (VexStatus::Affected, self.known_affected),
            (VexStatus::Affected, self.last_affected),
            (VexStatus::NotAffected, self.known_not_affected),
            (VexStatus::Fixed, self.first_fixed),
            (VexStatus::Fixed, self.fixed),
            (VexStatus::UnderInvestigation, self.under_investigation),
        ]
    }
}

#[derive(Deserialize)]
struct Flag {
    label: String,
    #[serde(default)]
    product_ids: Vec<String>,
    #[serde(default)]
    group_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Threat {
    category: String,
    details: String,
    #[serde(default)]
    product_ids: Vec<String>,
    #[serde(default)]
    group_ids: Vec<String>,
}

/// Reads the statements of a document, sorted, each once.
pub(crate) fn read(text: &str) -> Result<Vec<VexStatement>, FormatError> {
    let header: Header = json::read(FORMAT, text)?;
    if header.document.csaf_version != "2.0" {
        let found = header.document.csaf_version;
        return Err(FormatError::Version { format: FORMAT, found, known: &["2.0"] });
    }
    let advisory: Advisory = json::read(FORMAT, text)?;
    let mut unfolding = Unfolding::new(FORMAT);
    let products = Products::of(advisory.product_tree.unwrap_or_default(), &mut unfolding)?;
    let mut statements = BTreeSet::new();
    for (index, vulnerability) in advisory.vulnerabilities.into_iter().enumerate() {
        // Ids of other systems are a set: which stands first must not matter.
        let other = || vulnerability.ids.iter().map(|id| &id.text).min().cloned();
        let Some(name) = vulnerability.cve.clone().or_else(other) else {
            let path = format!("vulnerabilities[{index}]");
            let problem = "neither `cve` nor `ids` names it; a vulnerability is nothing without an id".to_owned();
            return Err(FormatError::Field { format: FORMAT, path, problem });
        };
        let reasons = reasons(&vulnerability, &products, &mut unfolding)?;
        for (status, ids) in vulnerability.product_status.lists() {
            for id in ids {
                let reason = reasons.get(id.as_str()).filter(|_| status == VexStatus::NotAffected);
                let product = products.name(&id);
                unfolding.take([name.as_str(), product, reason.map_or("", String::as_str)])?;
                statements.insert(VexStatement {
                    vulnerability: name.clone(),
                    product: product.to_owned(),
                    status,
                    justification: reason.cloned(),
                });
            }
        }
    }
    Ok(statements.into_iter().collect())
}

/// Why products are not affected, by id. Of several reasons a flag counts before a threat, and the least of its kind.
fn reasons(
    vulnerability: &Vulnerability,
    products: &Products,
    unfolding: &mut Unfolding,
) -> Result<HashMap<String, String>, FormatError> {
    let flags = vulnerability.flags.iter().map(|flag| (0, &flag.label, &flag.product_ids, &flag.group_ids));
    let impacts = vulnerability.threats.iter().filter(|threat| threat.category == "impact");
    let impacts = impacts.map(|threat| (1, &threat.details, &threat.product_ids, &threat.group_ids));
    let mut reasons: BTreeMap<&str, (u8, &str)> = BTreeMap::new();
    for (rank, reason, ids, groups) in flags.chain(impacts) {
        let members = groups.iter().flat_map(|group| products.group(group));
        for id in ids.iter().chain(members) {
            unfolding.take([""])?;
            let least = reasons.entry(id).or_insert((rank, reason));
            *least = (*least).min((rank, reason));
        }
    }
    let mut texts = HashMap::new();
    for (id, (_, reason)) in reasons {
        unfolding.take([id, reason])?;
        texts.insert(id.to_owned(), reason.to_owned());
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(rest: &str) -> String {
        format!(r#"{{"document":{{"category":"csaf_vex","csaf_version":"2.0"}},{rest}}}"#)
    }

    #[test]
    fn every_list_is_a_status() {
        let read = read(&document(
            r#""product_tree":{
                 "branches":[{"category":"vendor","name":"v","branches":[
                   {"category":"product_version","name":"1","product":{"product_id":"A","name":"app 1","product_identification_helper":{"purl":"pkg:npm/App@1"}}}]}],
                 "full_product_names":[{"product_id":"OS","name":"os","product_identification_helper":{"cpe":"cpe:/o:x:os:9"}},{"product_id":"B","name":"b"}],
                 "relationships":[{"category":"default_component_of","product_reference":"A","relates_to_product_reference":"OS",
                                   "full_product_name":{"product_id":"OS:A","name":"app on os"}}],
                 "product_groups":[{"group_id":"G","product_ids":["B","OS:A"]}]},
               "vulnerabilities":[{"cve":"CVE-2024-1",
                 "product_status":{"known_not_affected":["A","OS:A","B"],"fixed":["OS"],"known_affected":["gone"],"under_investigation":["B"],"recommended":["OS"]},
                 "flags":[{"label":"component_not_present","product_ids":["A"]}],
                 "threats":[{"category":"impact","details":"own words","group_ids":["G"]},{"category":"exploit_status","details":"none","product_ids":["A"]}]},
                {"ids":[{"system_name":"x","text":"X-2"},{"system_name":"x","text":"X-1"}],"product_status":{"first_affected":["A"]}}]"#,
        ))
        .unwrap();
        let lines: Vec<_> = read
            .iter()
            .map(|s| {
                format!("{} {} {} {}", s.vulnerability, s.product, s.status, s.justification.as_deref().unwrap_or("-"))
            })
            .collect();
        assert_eq!(
            lines,
            [
                "CVE-2024-1 B not_affected own words",
                "CVE-2024-1 B under_investigation -",
                "CVE-2024-1 cpe:/o:x:os:9 fixed -",
                "CVE-2024-1 cpe:/o:x:os:9 -> pkg:npm/app@1 not_affected own words",
                "CVE-2024-1 gone affected -",
                "CVE-2024-1 pkg:npm/app@1 not_affected component_not_present",
                "X-1 pkg:npm/app@1 affected -",
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (document("").replace("2.0", "2.1").replace(",}", "}"), "version `2.1` is not read, only `2.0`"),
            (document(r#""vulnerabilities":[{"product_status":{}}]"#), "`vulnerabilities[0]`"),
            (
                document(r#""vulnerabilities":[{"product_status":{"fixed":"A"}}]"#),
                "`vulnerabilities[0].product_status.fixed`",
            ),
            (
                document(
                    r#""product_tree":{"full_product_names":[{"product_id":"A","name":"a"},{"product_id":"A","name":"b"}]}"#,
                ),
                "the id `A`",
            ),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn references_that_double_are_bounded() {
        let mut relationships = String::new();
        for step in 0..64 {
            let of = if step == 0 { "A".to_owned() } else { format!("R{}", step - 1) };
            let comma = if step == 0 { "" } else { "," };
            relationships += &format!(
                r#"{comma}{{"product_reference":"{of}","relates_to_product_reference":"{of}","full_product_name":{{"product_id":"R{step}","name":"r"}}}}"#
            );
        }
        let text = document(&format!(r#""product_tree":{{"relationships":[{relationships}]}}"#));
        assert!(matches!(read(&text), Err(FormatError::Unfolds { .. })));
    }
}
