//! An object is an object in every format: an array of what is in it is as wrong as any other value there.

use serde_json::{Value, json};

use crate::format::properties::SAMPLES;
use crate::format::{InventoryKind, detect, evidence, osv, read_document, read_inventory};

use crate::model::text::json_pointer;

/// What is read of a text: a value, or where it is refused.
type Reader = Box<dyn Fn(&str) -> Result<String, String>>;

fn readers() -> Vec<(&'static str, String, Reader)> {
    let mut readers: Vec<(&str, String, Reader)> = Vec::new();
    for (name, bytes) in SAMPLES.into_iter().filter(|(name, _)| name.ends_with(".json")) {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let format = detect(bytes);
        if format.has_meaning() {
            let read = move |text: &str| read_document(format, text.as_bytes()).map(|document| format!("{document:?}"));
            readers.push((name, text.clone(), Box::new(move |text| read(text).map_err(|error| error.to_string()))));
        }
        if read_inventory(name, bytes, None).is_ok_and(|inventory| inventory.kind == InventoryKind::PackageLock) {
            let read = move |text: &str| read_inventory(name, text.as_bytes(), None);
            let read = move |text: &str| read(text).map(|inventory| format!("{inventory:?}"));
            readers.push((name, text, Box::new(move |text| read(text).map_err(|error| error.to_string()))));
        }
    }
    let record = json!({
        "id": "A-1", "modified": "2024-01-01T00:00:00Z", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}],
        "affected": [{"package": {"ecosystem": "npm", "name": "a"},
                      "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.0"}]}]}],
    });
    let read = |text: &str| osv::read(text.as_bytes()).map(|advisory| format!("{advisory:?}"));
    readers.push(("OSV", record.to_string(), Box::new(move |text| read(text).map_err(|error| error.to_string()))));
    let paths =
        json!({"schema": "stella.evidence/1", "evidence": [{"cve_id": "C", "affected_purl": "p", "path": ["a"]}]});
    let read = |text: &str| evidence::read(text).map(|paths| format!("{paths:?}"));
    readers.push(("evidence", paths.to_string(), Box::new(move |text| read(text).map_err(|error| error.to_string()))));
    readers
}

/// Pointers of every object below and at `pointer`.
fn objects(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| objects(item, &format!("{pointer}/{at}"), found));
        }
        Value::Object(members) => {
            found.push(pointer.to_owned());
            for (name, member) in members {
                let name = json_pointer::escaped(name);
                objects(member, &format!("{pointer}/{name}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn an_array_in_place_of_an_object_is_refused_where_it_stands() {
    for (name, text, read) in readers() {
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut places = Vec::new();
        objects(&document, "", &mut places);
        let mut refused = 0;
        for place in &places {
            let with = |other: Value| {
                let mut changed = document.clone();
                *changed.pointer_mut(place).unwrap() = other;
                read(&changed.to_string())
            };
            let members: Vec<Value> = document.pointer(place).unwrap().as_object().unwrap().values().cloned().collect();
            let array = with(Value::Array(members));
            assert_eq!(array, with(Value::from(true)), "{name}: `{place}`");
            refused += usize::from(array.is_err());
        }
        assert!(read(&text).is_ok() && refused > 0, "{name}: {refused} of {}", places.len());
    }
}
