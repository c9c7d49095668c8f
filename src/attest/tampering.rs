//! Changes of what is signed, for the tests that hold that each is refused.

use serde_json::Value;

/// Pointers of everything in a document that is neither an object nor an array.
pub(crate) fn leaves(document: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, all: &mut Vec<String>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(key, value)| walk(value, &format!("{at}/{key}"), all)),
            Value::Array(array) => {
                array.iter().enumerate().for_each(|(i, value)| walk(value, &format!("{at}/{i}"), all))
            }
            _ => all.push(at.to_owned()),
        }
    }
    let mut all = Vec::new();
    walk(document, "", &mut all);
    all
}

/// A text with one character changed or taken out, at up to about `places` places, and with more or less of it.
pub(crate) fn others(text: &str, places: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut all: Vec<String> = vec![String::new(), format!("{text}A"), format!("A{text}"), format!("{text}\n")];
    all.push(text.trim_end_matches('=').to_owned());
    let step = (characters.len() / places).max(1);
    for at in (0..characters.len()).step_by(step).chain(characters.len().checked_sub(1)) {
        let with = |other: char| {
            let mut changed = characters.clone();
            changed[at] = other;
            changed.into_iter().collect()
        };
        all.push(with(if characters[at] == 'B' { 'C' } else { 'B' }));
        if characters[at].is_ascii_digit() {
            all.push(with(if characters[at] == '7' { '8' } else { '7' }));
        }
        let mut shorter = characters.clone();
        shorter.remove(at);
        all.push(shorter.into_iter().collect());
    }
    all.retain(|other| other != text);
    all
}
