//! JSON in and out: errors that name the field, output that is always the same.

pub mod lines;

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::format::error::FormatError;
use crate::model::text::objects;

/// Reads one JSON document, in which an object is an object ([`objects`]). Depth is bounded by `serde_json` (128).
pub(crate) fn read<T: DeserializeOwned>(format: &'static str, text: &str) -> Result<T, FormatError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = objects::deserialize(&mut deserializer);
    let value = value.map_err(|error| refused(format, text, error.path().to_string(), error.into_inner()))?;
    deserializer.end().map_err(|source| refused(format, text, ".".to_owned(), source))?;
    Ok(value)
}

fn refused(format: &'static str, text: &str, path: String, source: serde_json::Error) -> FormatError {
    // What is broken before any field is.
    let path = if path == "?" { ".".to_owned() } else { path };
    if source.is_data() {
        return FormatError::Json { format, path, source };
    }
    let lines = text.split_inclusive('\n').take(source.line().saturating_sub(1));
    let before: usize = lines.map(str::len).sum();
    // The parser counts columns from 1, and 0 for a line that it has not begun.
    let offset = before + source.column().saturating_sub(1);
    FormatError::Syntax { format, path, offset, source }
}

#[derive(Deserialize)]
struct Schema {
    schema: String,
}

/// Checks the `schema` of one of our own documents before anything else of it is read.
pub(crate) fn check_schema(
    format: &'static str,
    text: &str,
    known: &'static [&'static str],
) -> Result<(), FormatError> {
    let Schema { schema } = read(format, text)?;
    if known.contains(&schema.as_str()) { Ok(()) } else { Err(FormatError::Version { format, found: schema, known }) }
}

/// Writes a wire type: two spaces of indent, fields in the type's order, a final newline.
pub(crate) fn write<T: Serialize>(value: &T) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "memory does not fail, and no wire type has keys that are not strings")]
    let mut bytes = serde_json::to_vec_pretty(value).expect("wire types are JSON");
    bytes.push(b'\n');
    bytes
}

/// Whether there is anything in a part that is not read: `null`, and a list or object without anything, are nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Present(pub(crate) bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;

        impl<'de> Visitor<'de> for Anything {
            type Value = bool;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_unit<E>(self) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
                Ok(true)
            }

            fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
                Ok(true)
            }

            fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
                Ok(true)
            }

            fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
                Ok(true)
            }

            fn visit_str<E>(self, text: &str) -> Result<bool, E> {
                Ok(!text.is_empty())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
                let mut any = false;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    any = true;
                }
                Ok(any)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
                let mut any = false;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    any = true;
                }
                Ok(any)
            }
        }

        deserializer.deserialize_any(Anything).map(Present)
    }
}

impl Serialize for Present {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

/// An object whose keys are data, in the document's order. A key that comes twice is an error.
#[derive(Debug)]
pub(crate) struct Members<T>(pub(crate) Vec<(String, T)>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = Members<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut seen = HashSet::new();
                let mut members = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if !seen.insert(key.clone()) {
                        return Err(A::Error::custom(format_args!("the key `{key}` comes twice")));
                    }
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn errors_name_the_field_and_the_place() {
        #[derive(Debug, Deserialize)]
        struct Wire {
            #[expect(dead_code, reason = "only its error is looked at")]
            items: Vec<u8>,
        }
        let error = read::<Wire>("x", "{\"items\":[1,\n\"a\"]}").unwrap_err();
        assert!(error.to_string().contains("`items[1]`"), "{error}");
        assert!(error.source().unwrap().to_string().contains("line 2 column 3"), "{:?}", error.source());
        for (text, path, offset) in [
            ("{\"items\":[]} {}", ".", 13),
            ("{\"items\":[1,\n", "items", 13),
            ("{\"items\":[1,\n2,x]}", "items[2]", 15),
            ("{\"items\":[1e999]}", "items[0]", 14),
            ("", ".", 0),
        ] {
            let error = read::<Wire>("x", text).unwrap_err().to_string();
            assert!(error.contains(&format!("byte {offset} (in `{path}`)")), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_key_comes_once() {
        let members: Members<u8> = read("x", r#"{"b":1,"a":2}"#).unwrap();
        assert_eq!(members.0, [("b".to_owned(), 1), ("a".to_owned(), 2)]);
        assert!(read::<Members<u8>>("x", r#"{"a":1,"\u0061":2}"#).is_err());
    }
}
