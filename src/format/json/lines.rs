//! JSON Lines (jsonlines.org): values one after the other, read as one array of them.
//!
//! White space of any kind may stand between values, as tools write it that indent theirs. None is a document too: a tool
//! that writes one value for each finding found nothing.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// `bytes` as one JSON array; unchanged where they are not such values, so that whoever reads them strictly says what is
/// wrong.
pub fn as_array(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut array = vec![b'['];
    for value in serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>() {
        let Ok(value) = value else { return Cow::Borrowed(bytes) };
        if array.len() > 1 {
            array.push(b',');
        }
        array.extend_from_slice(value.get().as_bytes());
    }
    array.push(b']');
    Cow::Owned(array)
}

/// The first of at least two objects or arrays that stand one after the other, with nothing else between or beside them.
pub fn first_of_several(text: &str) -> Option<&str> {
    let (mut first, mut count) = (None, 0);
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.ok().map(RawValue::get).filter(|value| value.starts_with(['{', '[']))?;
        first = first.or(Some(value));
        count += 1;
    }
    first.filter(|_| count > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_one_and_many_are_one_format() {
        let rows: [(&str, &str); 6] = [
            ("", "[]"),
            (" \n", "[]"),
            ("{\"a\":1}\n", "[{\"a\":1}]"),
            ("{\"a\":1}\n{\"b\":2}\n", "[{\"a\":1},{\"b\":2}]"),
            ("{\n  \"a\": 1\n}\n{\"b\":2}", "[{\n  \"a\": 1\n},{\"b\":2}]"),
            ("[1]\n[2]", "[[1],[2]]"),
        ];
        for (given, expected) in rows {
            assert_eq!(as_array(given.as_bytes()), expected.as_bytes(), "{given:?}");
        }
        for broken in ["{\"a\":1},{\"b\":2}", "{\"a\":", "1]", "[1],[2", "hello"] {
            assert_eq!(as_array(broken.as_bytes()), broken.as_bytes(), "{broken:?}");
        }
    }

    #[test]
    fn only_several_objects_or_arrays_are_taken_for_it() {
        assert_eq!(first_of_several("{}\n{}\n"), Some("{}"));
        assert_eq!(first_of_several("[1] [2]"), Some("[1]"));
        for other in ["", "{}", "1 2 3", "a b", "{} x", "[1],[2]"] {
            assert_eq!(first_of_several(other), None, "{other}");
        }
    }
}
