//! OpenVEX v0.2.0 (<https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>).
//!
//! The product of a statement is its purl, else its `@id`; where the statement is about a part of it,
//! `product -> part`. A justification belongs to *not_affected*; with another status it is not written.
//! Of several statements on one vulnerability in one product the last in time decides (§ *Precedence*): the others say nothing
//! any more. A statement without a time has that of the document. Of two at the same time none can be put aside.
//! Absent: authors, roles, suppliers, versions of statements.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::format::details::Details;
use crate::format::error::FormatError;
use crate::format::json;
use crate::format::purl;
use crate::format::text::{Unfolding, digest_spelled};
use crate::model::digest::Digest;
use crate::model::vex::{COMPONENT_SEPARATOR, VexStatement, VexStatus};

const FORMAT: &str = "OpenVEX";
/// The context of every version begins so.
pub(crate) const CONTEXT: &str = "https://openvex.dev/ns";
const WRITTEN: &str = "https://openvex.dev/ns/v0.2.0";

/// The specification's own words; anything else is written as an impact statement.
const JUSTIFICATIONS: [&str; 5] = [
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
];
/// *not_affected* must say why: written, and read as nothing, where no reason was given.
const NO_REASON: &str = "no reason was stated";
/// *affected* must say what to do: nothing is known of it here.
const NO_ACTION: &str = "no action was stated";

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "@context")]
    context: String,
}

#[derive(Deserialize, Serialize)]
struct Document {
    #[serde(rename = "@context")]
    context: String,
    #[serde(rename = "@id")]
    id: String,
    author: String,
    timestamp: String,
    version: i64,
    #[serde(default)]
    statements: Vec<Statement>,
}

#[derive(Deserialize, Serialize)]
struct Statement {
    vulnerability: Vulnerability,
    #[serde(default)]
    products: Vec<Product>,
    status: VexStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
    #[serde(skip_serializing)]
    status_notes: Option<String>,
    #[serde(skip_serializing)]
    timestamp: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Vulnerability {
    #[serde(rename = "@id", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing)]
    aliases: Vec<String>,
}

#[derive(Deserialize, Serialize)]
struct Product {
    #[serde(rename = "@id", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifiers: Option<Identifiers>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subcomponents: Vec<Product>,
    #[serde(default, skip_serializing)]
    hashes: BTreeMap<String, String>,
}

#[derive(Deserialize, Serialize)]
struct Identifiers {
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing)]
    cpe22: Option<String>,
    #[serde(skip_serializing)]
    cpe23: Option<String>,
}

impl Product {
    /// What it is besides its name.
    fn tell(&self, details: &mut Details, whose: &str) {
        let cpes = self.identifiers.iter().flat_map(|all| [all.cpe22.as_ref(), all.cpe23.as_ref()]).flatten();
        details.each(&format!("{whose}cpe"), cpes);
        let id = self.id.as_deref().map(purl::spelled);
        details.maybe(&format!("{whose}id"), id.filter(|id| Some(id) != self.name().as_ref()));
        let hash = |(name, hash): (&String, &String)| format!("{name} {}", digest_spelled(hash));
        details.each(&format!("{whose}hash"), self.hashes.iter().map(hash));
    }

    fn name(&self) -> Option<Cow<'_, str>> {
        let purl = self.identifiers.as_ref().and_then(|all| all.purl.as_deref());
        purl.or(self.id.as_deref()).map(purl::spelled)
    }
}

/// Reads the statements of an OpenVEX document, sorted, each once.
pub(crate) fn read(text: &str) -> Result<Vec<VexStatement>, FormatError> {
    let header: Header = json::read(FORMAT, text)?;
    if header.context != WRITTEN {
        return Err(FormatError::Version { format: FORMAT, found: header.context, known: &[WRITTEN] });
    }
    let document: Document = json::read(FORMAT, text)?;
    let mut statements: BTreeMap<(String, String), Deciding> = BTreeMap::new();
    let of_document = document.timestamp;
    let mut unfolding = Unfolding::new(FORMAT);
    for (index, statement) in document.statements.into_iter().enumerate() {
        let absent = |path: String| FormatError::Field {
            format: FORMAT,
            path: format!("statements[{index}].{path}"),
            problem: "it names nothing; give it a name or an `@id`".to_owned(),
        };
        let mut said = Details::default();
        said.each("alias", &statement.vulnerability.aliases);
        // Where it is named, its address is one more name.
        let address = statement.vulnerability.id.as_ref().filter(|_| statement.vulnerability.name.is_some());
        said.maybe("vulnerability", address);
        said.maybe("notes", statement.status_notes);
        said.maybe("action", statement.action_statement.filter(|text| text != NO_ACTION));
        let vulnerability = statement.vulnerability.name.or(statement.vulnerability.id);
        let vulnerability = vulnerability.ok_or_else(|| absent("vulnerability".to_owned()))?;
        let time = Time::of(statement.timestamp.as_deref().unwrap_or(&of_document));
        let impact = statement.impact_statement.filter(|text| text != NO_REASON);
        let reason =
            statement.justification.clone().or(impact.clone().filter(|_| statement.status == VexStatus::NotAffected));
        said.maybe("impact", impact.filter(|impact| Some(impact) != reason.as_ref()));
        // A justification belongs to *not_affected*; with another status it is a word beside it.
        said.maybe("justified as", reason.as_ref().filter(|_| statement.status != VexStatus::NotAffected));
        for (at, product) in statement.products.iter().enumerate() {
            let whole = product.name().ok_or_else(|| absent(format!("products[{at}]")))?;
            let mut own = said.clone();
            product.tell(&mut own, "");
            let mut places = Vec::new();
            for (part_at, part) in product.subcomponents.iter().enumerate() {
                let mut details = own.clone();
                part.tell(&mut details, "part ");
                let part = part.name();
                let part = part.ok_or_else(|| absent(format!("products[{at}].subcomponents[{part_at}]")))?;
                unfolding.take([&*whole, &*part])?;
                places.push((format!("{whole}{COMPONENT_SEPARATOR}{part}"), details));
            }
            if places.is_empty() {
                places.push((whole.into_owned(), own));
            }
            for (product, details) in places {
                let texts = [vulnerability.as_str(), reason.as_deref().unwrap_or_default()];
                unfolding.take(texts.into_iter().chain(details.texts()))?;
                let key = (vulnerability.clone(), product.clone());
                statements.entry(key).or_default().take(
                    time.clone(),
                    VexStatement {
                        vulnerability: vulnerability.clone(),
                        product,
                        status: statement.status,
                        justification: reason.clone(),
                        details: details.done(),
                    },
                );
            }
        }
    }
    let mut deciding: Vec<_> = statements.into_values().flat_map(|deciding| deciding.statements).collect();
    deciding.sort();
    Ok(deciding)
}

/// When a statement was made. A text that is not an instant comes before every instant, and is as late as any other.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Time(Option<Timestamp>);

impl Time {
    fn of(text: &str) -> Self {
        Self(text.parse().ok())
    }
}

/// The statements of one vulnerability and product that are the last in time.
#[derive(Default)]
struct Deciding {
    time: Time,
    statements: BTreeSet<VexStatement>,
}

impl Deciding {
    fn take(&mut self, time: Time, statement: VexStatement) {
        if time > self.time {
            *self = Self { time, statements: BTreeSet::new() };
        } else if time < self.time {
            return;
        }
        self.statements.insert(statement);
    }
}

/// Writes statements as an OpenVEX document. `timestamp` is the instant that the document speaks for; its
/// `@id` comes from the statements alone.
pub fn write(statements: &[VexStatement], timestamp: Timestamp) -> Vec<u8> {
    let statements: BTreeSet<_> = statements.iter().collect();
    let statements: Vec<_> = statements.into_iter().map(statement).collect();
    let id = Digest::of(&json::write(&statements)).hex();
    json::write(&Document {
        context: WRITTEN.to_owned(),
        // The name space that the specification keeps for documents without a home of their own.
        id: format!("https://openvex.dev/docs/public/vex-{id}"),
        author: "stella".to_owned(),
        timestamp: timestamp.to_string(),
        version: 1,
        statements,
    })
}

fn statement(statement: &VexStatement) -> Statement {
    let denied = statement.status == VexStatus::NotAffected;
    let reason = statement.justification.as_deref().filter(|_| denied);
    let justification = reason.filter(|reason| JUSTIFICATIONS.contains(reason)).map(str::to_owned);
    let impact = justification.is_none() && denied;
    Statement {
        vulnerability: Vulnerability { id: None, name: Some(statement.vulnerability.clone()), aliases: Vec::new() },
        products: vec![Product {
            id: Some(statement.product.clone()),
            identifiers: None,
            subcomponents: Vec::new(),
            hashes: BTreeMap::new(),
        }],
        status_notes: None,
        timestamp: None,
        status: statement.status,
        impact_statement: impact.then(|| reason.unwrap_or(NO_REASON).to_owned()),
        justification,
        action_statement: (statement.status == VexStatus::Affected).then(|| NO_ACTION.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(product: &str, status: VexStatus, justification: Option<&str>) -> VexStatement {
        VexStatement {
            vulnerability: "CVE-2021-23337".into(),
            product: product.into(),
            status,
            justification: justification.map(str::to_owned),
            details: BTreeSet::new(),
        }
    }

    #[test]
    fn the_written_document_is_this() {
        let reason = Some("vulnerable_code_not_in_execute_path");
        let written = write(&[statement("pkg:npm/a@1", VexStatus::NotAffected, reason)], Timestamp::UNIX_EPOCH);
        let expected = r#"{
  "@context": "https://openvex.dev/ns/v0.2.0",
  "@id": "https://openvex.dev/docs/public/vex-ID",
  "author": "stella",
  "timestamp": "1970-01-01T00:00:00Z",
  "version": 1,
  "statements": [
    {
      "vulnerability": {
        "name": "CVE-2021-23337"
      },
      "products": [
        {
          "@id": "pkg:npm/a@1"
        }
      ],
      "status": "not_affected",
      "justification": "vulnerable_code_not_in_execute_path"
    }
  ]
}
"#;
        let text = String::from_utf8(written).unwrap();
        let (before, rest) = text.split_once("vex-").unwrap();
        assert_eq!(format!("{before}vex-ID{}", &rest[64..]), expected);
    }

    #[test]
    fn products_are_named_by_purl_and_part() {
        let text = r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","author":"a","timestamp":"2024-01-01T00:00:00Z","version":1,
            "statements":[{"vulnerability":{"@id":"https://v.example/1","name":"CVE-2021-23337"},"status":"not_affected","impact_statement":"own words",
              "products":[{"@id":"image","identifiers":{"purl":"pkg:oci/i@sha256:00"},"subcomponents":[{"@id":"pkg:npm/a@1"}]},{"@id":"b"}]}]}"#;
        let of = |product: &str, details: &[&str]| VexStatement {
            details: details.iter().copied().map(str::to_owned).collect(),
            ..statement(product, VexStatus::NotAffected, Some("own words"))
        };
        // What a name stands beside is told as well.
        assert_eq!(
            read(text).unwrap(),
            [
                of("b", &["vulnerability: https://v.example/1"]),
                of("pkg:oci/i@sha256:00 -> pkg:npm/a@1", &["id: image", "vulnerability: https://v.example/1"]),
            ]
        );
    }

    /// Named regression: a package URL that was written in another way was another product.
    #[test]
    fn a_product_is_the_same_in_any_spelling_of_its_package_url() {
        let of = |product: &str| {
            let text = format!(
                r#"{{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","author":"a","timestamp":"2024-01-01T00:00:00Z","version":1,
                "statements":[{{"vulnerability":{{"name":"v"}},"status":"fixed","products":[{product}]}}]}}"#
            );
            read(&text).unwrap()
        };
        let one = of(r#"{"@id":"pkg:npm/%40s/a@1","hashes":{"sha-256":"abcd"}}"#);
        assert_eq!(of(r#"{"@id":"pkg:NPM/@s/a@1","hashes":{"sha-256":"ABCD"}}"#), one);
        assert_eq!(
            of(r#"{"@id":"pkg:NPM/@s/a@1","identifiers":{"purl":"pkg:npm/%40s/a@1"},"hashes":{"sha-256":"abcd"}}"#),
            one
        );
        assert_ne!(of(r#"{"@id":"pkg:npm/%40s/a@2","hashes":{"sha-256":"abcd"}}"#), one);
        assert_ne!(of(r#"{"@id":"pkg:npm/%40s/a@1","hashes":{"sha-256":"abce"}}"#), one);
    }

    #[test]
    fn the_last_in_time_decides() {
        let of = |statements: &str, document: &str| {
            let text = format!(
                r#"{{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","author":"a","timestamp":"{document}","version":1,
                "statements":[{statements}]}}"#
            );
            let statuses = read(&text).unwrap().into_iter().map(|statement| statement.status);
            statuses.collect::<Vec<_>>()
        };
        let one = |status: &str, time: &str| {
            let time = if time.is_empty() { String::new() } else { format!(r#","timestamp":"{time}""#) };
            format!(r#"{{"vulnerability":{{"name":"v"}},"products":[{{"@id":"p"}}],"status":"{status}"{time}}}"#)
        };
        let pair = |a: String, b: String| format!("{a},{b}");
        use VexStatus::{Affected, Fixed};
        let (early, late) = ("2024-01-01T00:00:00Z", "2024-02-01T00:00:00+02:00");
        for (statements, document, expected) in [
            (pair(one("affected", early), one("fixed", late)), late, &[Fixed][..]),
            (pair(one("affected", late), one("fixed", early)), late, &[Affected]),
            (pair(one("fixed", early), one("affected", late)), late, &[Affected]),
            (pair(one("affected", ""), one("fixed", early)), late, &[Affected]),
            (pair(one("affected", ""), one("fixed", late)), early, &[Fixed]),
            (pair(one("affected", early), one("fixed", early)), late, &[Affected, Fixed]),
        ] {
            assert_eq!(of(&statements, document), expected, "{statements}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (r#"{"@context":"https://openvex.dev/ns"}"#, "version `https://openvex.dev/ns` is not read"),
            (
                r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","author":"a","timestamp":"t","version":1,
                "statements":[{"vulnerability":{"name":"v"},"status":"odd"}]}"#,
                "`statements[0].status`",
            ),
            (
                r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","author":"a","timestamp":"t","version":1,
                "statements":[{"vulnerability":{"name":"v"},"status":"fixed","products":[{}]}]}"#,
                "`statements[0].products[0]`",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
