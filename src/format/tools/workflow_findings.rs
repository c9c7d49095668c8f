//! Auditors of workflows: zizmor.

use serde::Deserialize;
use serde_json::Value;

use crate::format::details::Details;
use crate::format::error::FormatError;
use crate::format::json;
use crate::format::tools::report::{Report, Spot, severity};
use crate::model::finding::SUPPRESSED;

#[derive(Deserialize)]
struct Audited {
    ident: String,
    desc: Option<String>,
    determinations: Option<Determinations>,
    #[serde(default)]
    locations: Vec<Location>,
    #[serde(default)]
    ignored: bool,
}

#[derive(Deserialize)]
struct Determinations {
    severity: Option<String>,
    confidence: Option<String>,
    persona: Option<String>,
}

#[derive(Deserialize)]
struct Location {
    symbolic: Option<Symbolic>,
    concrete: Option<Value>,
}

#[derive(Deserialize)]
struct Symbolic {
    key: Option<Value>,
    annotation: Option<String>,
    kind: Option<String>,
    route: Option<Value>,
}

impl Location {
    fn spot(&self) -> Spot {
        // The name of a file stands below the kind of its input: `{"Local": {"given_path": …}}`.
        let key = self.symbolic.as_ref().and_then(|symbolic| symbolic.key.as_ref());
        let inputs = key.and_then(Value::as_object).into_iter().flat_map(|key| key.values());
        let path = |input: &Value| {
            ["given_path", "path"].iter().find_map(|name| input.get(name)).and_then(Value::as_str).map(str::to_owned)
        };
        let file = inputs.into_iter().find_map(path).unwrap_or_default();
        let start = self.concrete.as_ref().and_then(|concrete| concrete.pointer("/location/start_point"));
        // Counted from nought there, from one everywhere else.
        let number = |name: &str| start.and_then(|start| start.get(name)).and_then(Value::as_u64).map(|n| n + 1);
        Spot { file, line: number("row"), column: number("column") }
    }

    /// All that is said of a place.
    fn told(&self) -> String {
        let Some(symbolic) = &self.symbolic else { return self.spot().text() };
        let Symbolic { annotation, kind, route, key } = symbolic;
        let key = key.as_ref().map(Value::to_string);
        let concrete = self.concrete.as_ref().and_then(|concrete| concrete.get("location")).map(Value::to_string);
        let route = route.as_ref().map(Value::to_string);
        let said = [Some(self.spot().text()), kind.clone(), annotation.clone(), key, route, concrete];
        said.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// `zizmor --format json`.
pub(super) fn zizmor(text: &str, report: &mut Report) -> Result<(), FormatError> {
    let audited: Vec<Audited> = json::read("zizmor JSON", text)?;
    for found in audited {
        let is_primary = |location: &&Location| {
            location.symbolic.as_ref().and_then(|symbolic| symbolic.kind.as_deref()) == Some("Primary")
        };
        let primary = found.locations.iter().find(is_primary).or_else(|| found.locations.first());
        let spot = primary.map(Location::spot).unwrap_or_default();
        let mut details = Details::default();
        details.maybe("message", found.desc);
        details.each("place", found.locations.iter().map(Location::told));
        let said = found.determinations.as_ref();
        details.maybe("confidence", said.and_then(|said| said.confidence.as_ref()));
        details.maybe("persona", said.and_then(|said| said.persona.as_ref()));
        if found.ignored {
            details.add(SUPPRESSED.trim_end_matches(": "), "ignored");
        }
        report.found(found.ident, &spot, severity(said.and_then(|said| said.severity.as_deref())), details);
    }
    Ok(())
}
