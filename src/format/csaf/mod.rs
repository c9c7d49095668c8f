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
//! category *impact*. Any category of document is read so: an advisory states the same lists as a VEX document. The list
//! itself, threats, remediations and scores are details of the statement. `cve` and `ids` are optional (§3.2.3): then the title
//! names the vulnerability. One without a status of any product is a fact.
//! Absent: notes, references, revisions, acknowledgments.

mod products;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

use crate::format::csaf::products::{FORMAT, Named, ProductTree, Products};
use crate::format::details::Details;
use crate::format::document::Document;
use crate::format::error::FormatError;
use crate::format::json::{self, Present};
use crate::format::text::Unfolding;
use crate::model::vex::{VexStatement, VexStatus};

#[derive(Deserialize)]
struct Header {
    document: Meta,
}

#[derive(Deserialize)]
struct Meta {
    csaf_version: String,
    aggregate_severity: Option<AggregateSeverity>,
}

/// How bad it is as a whole, in the words of the publisher.
#[derive(Deserialize)]
struct AggregateSeverity {
    #[serde(default)]
    text: String,
    #[serde(default)]
    namespace: String,
}

#[derive(Deserialize)]
struct Advisory {
    product_tree: Option<ProductTree>,
    vulnerabilities: Option<Vec<Vulnerability>>,
}

#[derive(Deserialize)]
struct Vulnerability {
    cve: Option<String>,
    title: Option<String>,
    #[serde(default)]
    ids: Vec<Id>,
    cwe: Option<Weakness>,
    #[serde(default)]
    scores: Vec<Score>,
    #[serde(default)]
    remediations: Vec<Remediation>,
    #[serde(default)]
    product_status: ProductStatus,
    #[serde(default)]
    flags: Vec<Flag>,
    #[serde(default)]
    threats: Vec<Threat>,
    #[serde(default)]
    involvements: Present,
}

#[derive(Deserialize)]
struct Id {
    #[serde(default)]
    system_name: String,
    text: String,
}

#[derive(Deserialize)]
struct Weakness {
    id: Option<String>,
}

/// How bad it is for some products.
#[derive(Deserialize)]
struct Score {
    #[serde(default)]
    products: Vec<String>,
    cvss_v2: Option<Cvss>,
    cvss_v3: Option<Cvss>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cvss {
    vector_string: Option<String>,
    base_score: Option<f64>,
    base_severity: Option<String>,
}

#[derive(Deserialize)]
struct Remediation {
    category: String,
    details: String,
    #[serde(default)]
    product_ids: Vec<String>,
    #[serde(default)]
    group_ids: Vec<String>,
    #[serde(default)]
    entitlements: Vec<String>,
    restart_required: Option<RestartRequired>,
}

#[derive(Deserialize)]
struct RestartRequired {
    #[serde(default)]
    category: String,
    #[serde(default)]
    details: String,
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
    recommended: Vec<String>,
}

impl ProductStatus {
    /// Each list with what it says.
    fn lists(self) -> [(&'static str, VexStatus, Vec<String>); 7] {
        [
            ("first_affected", VexStatus::Affected, self.first_affected),
            ("known_affected", VexStatus::Affected, self.known_affected),
            ("last_affected", VexStatus::Affected, self.last_affected),
            ("known_not_affected", VexStatus::NotAffected, self.known_not_affected),
            ("first_fixed", VexStatus::Fixed, self.first_fixed),
            ("fixed", VexStatus::Fixed, self.fixed),
            ("under_investigation", VexStatus::UnderInvestigation, self.under_investigation),
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
pub(crate) fn read(text: &str) -> Result<Document, FormatError> {
    let header: Header = json::read(FORMAT, text)?;
    if header.document.csaf_version != "2.0" {
        let found = header.document.csaf_version;
        return Err(FormatError::Version { format: FORMAT, found, known: &["2.0"] });
    }
    let advisory: Advisory = json::read(FORMAT, text)?;
    let mut unfolding = Unfolding::new(FORMAT);
    let products = Products::of(advisory.product_tree.unwrap_or_default(), &mut unfolding)?;
    let mut document = Document { not_compared: NOT_COMPARED.map(str::to_owned).into(), ..Document::default() };
    if let Some(AggregateSeverity { text, namespace }) = header.document.aggregate_severity {
        document.facts.push(format!("severity of all: {text} {namespace}"));
    }
    document.facts.extend(products.all().map(|Named { name, details }| {
        let said: Vec<&str> = details.iter().map(String::as_str).collect();
        format!("product {name} ({})", said.join("; "))
    }));
    let said = statements(advisory.vulnerabilities, &products, &mut document, &mut unfolding)?;
    document.vex = said;
    document.facts.sort();
    // The lists of CSAF are sets.
    document.facts.dedup();
    Ok(document)
}

/// The statements, each once; absent where the document does not speak of vulnerabilities. What is no statement is told.
fn statements(
    vulnerabilities: Option<Vec<Vulnerability>>,
    products: &Products,
    document: &mut Document,
    unfolding: &mut Unfolding,
) -> Result<Option<Vec<VexStatement>>, FormatError> {
    let Some(vulnerabilities) = vulnerabilities else { return Ok(None) };
    let mut statements = BTreeSet::new();
    for vulnerability in vulnerabilities {
        let name = vulnerability.name();
        let reasons = reasons(&vulnerability, products, unfolding)?;
        let mut by_product = by_product(&vulnerability, products, unfolding)?;
        let mut of_all = Details::default();
        // Where the CVE names it, the other ids are its aliases.
        let ids = vulnerability.ids.iter();
        of_all.each("id", ids.map(|id| format!("{} {}", id.system_name, id.text)));
        of_all.maybe("title", vulnerability.title.as_ref().filter(|title| **title != name));
        // A title or another id may read like the CVE id that is absent.
        of_all.maybe("named by", vulnerability.cve.is_none().then_some("another id"));
        if vulnerability.involvements.0 {
            document.not_compared.insert("involvements".to_owned());
        }
        of_all.maybe("weakness", vulnerability.cwe.as_ref().and_then(|cwe| cwe.id.as_ref()));
        // What is said of no product is said of the vulnerability.
        for Threat { category, details, product_ids, group_ids } in &vulnerability.threats {
            let is_of_all = product_ids.is_empty() && group_ids.is_empty();
            of_all.maybe("threat", is_of_all.then(|| format!("{category}: {details}")));
        }
        for remediation in &vulnerability.remediations {
            let is_of_all = remediation.product_ids.is_empty() && remediation.group_ids.is_empty();
            of_all.maybe("remediation", is_of_all.then(|| remediation.told()));
        }
        for Flag { label, product_ids, group_ids } in &vulnerability.flags {
            of_all.maybe("flag", Some(label).filter(|_| product_ids.is_empty() && group_ids.is_empty()));
        }
        for id in &vulnerability.product_status.recommended {
            let Named { name, details } = products.named(id);
            unfolding.take([name.as_str()].into_iter().chain(details.iter().map(String::as_str)))?;
            let details: Vec<String> = details.into_iter().collect();
            of_all.add("recommended", format!("{name} ({})", details.join("; ")));
        }
        let of_all = of_all.done();
        let mut is_stated = false;
        let mut stated: BTreeSet<String> = BTreeSet::new();
        for (list, status, ids) in vulnerability.product_status.lists() {
            for id in ids {
                is_stated = true;
                let reason = reasons.get(id.as_str()).filter(|_| status == VexStatus::NotAffected);
                let Named { name: product, mut details } = products.named(&id);
                details.insert(format!("list: {list}"));
                details.extend(of_all.iter().cloned());
                stated.insert(id.clone());
                details.extend(by_product.entry(id).or_default().texts().map(str::to_owned));
                let texts = [name.as_str(), &product, reason.map_or("", String::as_str)];
                unfolding.take(texts.into_iter().chain(details.iter().map(String::as_str)))?;
                statements.insert(VexStatement {
                    vulnerability: name.clone(),
                    product,
                    status,
                    justification: reason.cloned(),
                    details,
                });
            }
        }
        // What is said of products that have no status is said all the same.
        let mut unstated: Vec<(String, Details)> =
            by_product.into_iter().filter(|(id, _)| !stated.contains(id)).collect();
        unstated.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (id, said) in unstated {
            let Named { name: product, details } = products.named(&id);
            unfolding.take(details.iter().map(String::as_str).chain(said.texts()))?;
            let said: Vec<&str> = said.texts().chain(details.iter().map(String::as_str)).collect();
            document.facts.push(format!("{name} in {product}, without a status ({})", said.join("; ")));
        }
        if !is_stated {
            let details: Vec<String> = of_all.into_iter().collect();
            document.facts.push(format!("{name} without a status of any product ({})", details.join("; ")));
        }
    }
    Ok(Some(statements.into_iter().collect()))
}

/// What is never compared but as bytes.
const NOT_COMPARED: [&str; 1] = ["notes, references, revisions and acknowledgments"];

impl Vulnerability {
    /// The CVE id, else the least of its other ids, which are a set, else its title.
    fn name(&self) -> String {
        let other = || self.ids.iter().map(|id| &id.text).min().or(self.title.as_ref()).cloned();
        self.cve.clone().or_else(other).unwrap_or_else(|| "(a vulnerability without an id)".to_owned())
    }
}

impl Remediation {
    fn told(&self) -> String {
        let Self { category, details, entitlements, restart_required, .. } = self;
        let entitlements: BTreeSet<&String> = entitlements.iter().collect();
        let entitled: String = entitlements.into_iter().map(|text| format!(" entitled {text}")).collect();
        let restart = restart_required.as_ref();
        let restart = restart.map(|restart| format!(" restart {} {}", restart.category, restart.details));
        format!("{category}: {details}{entitled}{}", restart.unwrap_or_default())
    }
}

/// What is said of single products besides their status, by id.
fn by_product(
    vulnerability: &Vulnerability,
    products: &Products,
    unfolding: &mut Unfolding,
) -> Result<HashMap<String, Details>, FormatError> {
    let mut details: HashMap<String, Details> = HashMap::new();
    let mut add = |id: &String, what: &str, text: &str| {
        unfolding.take([id.as_str(), what, text])?;
        details.entry(id.clone()).or_default().add(what, text);
        Ok::<(), FormatError>(())
    };
    let members = |ids: &[String], groups: &[String]| -> Vec<String> {
        let grouped = groups.iter().flat_map(|group| products.group(group));
        ids.iter().chain(grouped).cloned().collect()
    };
    for Threat { category, details, product_ids, group_ids } in &vulnerability.threats {
        for id in members(product_ids, group_ids) {
            add(&id, "threat", &format!("{category}: {details}"))?;
        }
    }
    for remediation in &vulnerability.remediations {
        for id in members(&remediation.product_ids, &remediation.group_ids) {
            add(&id, "remediation", &remediation.told())?;
        }
    }
    for Flag { label, product_ids, group_ids } in &vulnerability.flags {
        for id in members(product_ids, group_ids) {
            add(&id, "flag", label)?;
        }
    }
    for Score { products, cvss_v2, cvss_v3 } in &vulnerability.scores {
        for Cvss { vector_string, base_score, base_severity } in cvss_v2.iter().chain(cvss_v3) {
            let score = base_score.map(|score| score.to_string());
            let said: Vec<&str> =
                [vector_string.as_deref(), score.as_deref(), base_severity.as_deref()].into_iter().flatten().collect();
            for id in products {
                add(id, "score", &said.join(" "))?;
            }
        }
    }
    Ok(details)
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
    fn the_products_of_a_document_without_vulnerabilities_are_a_set() {
        let document = |ids: &[(&str, &str)]| {
            let names: Vec<String> =
                ids.iter().map(|(id, name)| format!(r#"{{"product_id":"{id}","name":"{name}"}}"#)).collect();
            read(&format!(
                r#"{{"document":{{"csaf_version":"2.0"}},"product_tree":{{"full_product_names":[{}]}}}}"#,
                names.join(",")
            ))
            .unwrap()
            .facts
        };
        let facts = document(&[("1", "a"), ("2", "b")]);
        assert_eq!(document(&[("2", "b"), ("1", "a")]), facts);
        assert_eq!(document(&[("1", "a"), ("2", "b"), ("3", "a")]), facts);
        assert_ne!(document(&[("1", "a")]), facts);
    }

    #[test]
    fn a_cve_id_is_another_thing_than_a_title_that_reads_like_it() {
        let statement = |given: &str| {
            let text = format!(
                r#"{{"document":{{"csaf_version":"2.0"}},"product_tree":{{"full_product_names":[{{"product_id":"1","name":"a"}}]}},
                   "vulnerabilities":[{{{given},"product_status":{{"fixed":["1"]}}}}]}}"#
            );
            read(&text).unwrap().vex
        };
        assert_ne!(statement(r#""cve":"CVE-2024-1","title":"CVE-2024-1""#), statement(r#""title":"CVE-2024-1""#));
    }

    #[test]
    fn every_list_is_a_status() {
        let document = read(&document(
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
        let read = document.vex.unwrap();
        let lines: Vec<_> = read
            .iter()
            .map(|s| {
                format!("{} {} {} {}", s.vulnerability, s.product, s.status, s.justification.as_deref().unwrap_or("-"))
            })
            .collect();
        assert_eq!(
            lines,
            [
                "CVE-2024-1 b not_affected own words",
                "CVE-2024-1 b under_investigation -",
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
    fn a_vulnerability_needs_no_id() {
        let text = document(
            r#""product_tree":{"full_product_names":[{"product_id":"A","name":"a"}]},
               "vulnerabilities":[{"title":"A flaw","product_status":{"fixed":["A"]}},{"product_status":{}}]"#,
        );
        let document = read(&text).unwrap();
        assert_eq!(document.vex.unwrap()[0].vulnerability, "A flaw");
        assert_eq!(
            document.facts,
            [
                "(a vulnerability without an id) without a status of any product (named by: another id)",
                "product a (name: a)"
            ]
        );
    }

    #[test]
    fn a_product_is_what_it_is_and_not_its_id() {
        let of = |id: &str, range: &str| {
            let text = document(&format!(
                r#""product_tree":{{"branches":[{{"category":"product_name","name":"Gate","branches":[
                     {{"category":"product_version_range","name":"{range}","product":{{"product_id":"{id}","name":"Gate"}}}}]}}]}},
                   "vulnerabilities":[{{"cve":"CVE-1","product_status":{{"known_affected":["{id}"]}},
                     "remediations":[{{"category":"vendor_fix","details":"upd","product_ids":["{id}"]}}]}}]"#
            ));
            read(&text).unwrap().vex.unwrap()
        };
        assert_eq!(of("P1", "<2"), of("CSAFPID-7", "<2"));
        assert_ne!(of("P1", "<2"), of("P1", "<3"));
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
