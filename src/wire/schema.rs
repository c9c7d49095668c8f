//! The JSON Schemas of the documents, made from their types.
//!
//! `flow::schema` lists them among all others; a test holds the committed files against the types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::wire::v1::diff_summary::DiffSummaryDocument;
use crate::wire::v1::result::ResultDocument;

/// The schema of `stella.result/1`.
pub fn result() -> Value {
    schema::<ResultDocument>("stella result, version 1")
}

/// The schema of `stella.diff-summary/1`.
pub fn diff_summary() -> Value {
    schema::<DiffSummaryDocument>("stella diff summary, version 1")
}

/// Draft 2020-12; describes what is written, so every field that is always there is required.
fn schema<T: JsonSchema>(title: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::LazyLock;

    use jsonschema::Validator;
    use proptest::prelude::*;

    use super::*;
    use crate::model::comparison::diff::DiffSummary;
    use crate::report::fixture;
    use crate::wire::v1;

    #[test]
    fn schema_refuses_what_is_not_a_result() {
        let validator = jsonschema::draft202012::new(&super::result()).unwrap();
        let good: Value = serde_json::from_str(&v1::result::write(&fixture::judged()).unwrap()).unwrap();
        assert!(validator.is_valid(&good));
        for pointer in ["/schema", "/rates/fidelity/bf", "/replays/0/outcome", "/replays/0/levels/bf", "/exit/code"] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = Value::from("nonsense");
            assert!(!validator.is_valid(&bad), "{pointer} may be nonsense");
        }
        let mut without = good;
        without["replays"][0].as_object_mut().unwrap().remove("mismatch_reason");
        assert!(!validator.is_valid(&without), "a field that is always written is not required");
    }

    #[test]
    fn schema_fields_are_explained() {
        let explained = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/result.md")).unwrap();
        let (result, diff) = (super::result(), super::diff_summary());
        let tables = [&result["properties"], &result["$defs"]["Replay"]["properties"], &diff["properties"]];
        for field in tables.into_iter().flat_map(|table| table.as_object().unwrap().keys()) {
            assert!(explained.contains(&format!("`{field}`")), "docs/result.md does not explain `{field}`");
        }
    }

    static RESULT: LazyLock<Validator> = LazyLock::new(|| jsonschema::draft202012::new(&super::result()).unwrap());
    static DIFF: LazyLock<Validator> = LazyLock::new(|| jsonschema::draft202012::new(&super::diff_summary()).unwrap());

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn schema_accepts_whatever_is_written(run in fixture::hostile_and_judged()) {
            let document: Value = serde_json::from_str(&v1::result::write(&run).unwrap()).unwrap();
            prop_assert!(RESULT.is_valid(&document), "{:?}", RESULT.validate(&document).err());
            for summary in run.replays.iter().map(|r| &r.diff).chain([&DiffSummary::default()]) {
                let document: Value = serde_json::from_str(&v1::diff_summary::write(summary).unwrap()).unwrap();
                prop_assert!(DIFF.is_valid(&document));
            }
        }
    }
}
