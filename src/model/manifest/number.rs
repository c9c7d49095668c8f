//! Whole numbers of a manifest that are larger or smaller than their type: read as the nearest one, which is out of bounds too.
//! So a manifest that was edited is told by its field, as one whose number is only a little too large.

use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// A number that may be absent.
pub(super) fn nearest<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    Option::<Number>::deserialize(from)?.map(|number| near(&number)).transpose()
}

/// A list of numbers.
pub(super) fn all_nearest<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<i32>, D::Error> {
    Vec::<Number>::deserialize(from)?.iter().map(near).collect()
}

fn near<T: TryFrom<i128> + Limits, E: serde::de::Error>(number: &Number) -> Result<T, E> {
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    // Beyond 64 bits a number is read as a fraction, and every fraction of that size is whole.
    let beyond = || number.as_f64().filter(|number| number.abs() >= 1e18);
    let whole = whole.or_else(|| beyond().map(|number| if number > 0.0 { i128::MAX } else { i128::MIN }));
    let whole = whole.ok_or_else(|| E::custom(format!("`{number}` is not a whole number")))?;
    Ok(T::try_from(whole).unwrap_or(if whole < 0 { T::LEAST } else { T::MOST }))
}

/// The bounds of a type.
trait Limits {
    const LEAST: Self;
    const MOST: Self;
}

impl Limits for u32 {
    const LEAST: Self = Self::MIN;
    const MOST: Self = Self::MAX;
}

impl Limits for i32 {
    const LEAST: Self = Self::MIN;
    const MOST: Self = Self::MAX;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Read {
        #[serde(default, deserialize_with = "nearest")]
        one: Option<u32>,
        #[serde(default, deserialize_with = "all_nearest")]
        all: Vec<i32>,
    }

    #[test]
    fn a_number_beyond_its_type_is_the_nearest_one_and_a_fraction_is_none() {
        let one = |text: &str| serde_json::from_str::<Read>(&format!("{{\"one\": {text}}}")).map(|read| read.one).ok();
        assert_eq!((one("3"), one("null")), (Some(Some(3)), Some(None)));
        assert_eq!(serde_json::from_str::<Read>("{}").unwrap().one, None);
        for most in ["4294967295", "4294967296", "18446744073709551616", "1e300"] {
            assert_eq!(one(most), Some(Some(u32::MAX)), "{most}");
        }
        assert_eq!((one("-1"), one("-1e300")), (Some(Some(0)), Some(Some(0))));
        assert_eq!((one("1.5"), one("\"1\""), one("[]")), (None, None, None));
        let read: Read = serde_json::from_str("{\"all\": [0, 4294967296, -4294967296]}").unwrap();
        assert_eq!(read.all, [0, i32::MAX, i32::MIN]);
    }
}
