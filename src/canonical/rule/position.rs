//! Which array a position counts in, and what tells its elements apart.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::canonical::rule::pattern::Pattern;
use crate::model::text::json_pointer;

/// The place of an array, seen from a position in it: a JSON pointer with three kinds of segment more.
///
/// | segment | means |
/// |---|---|
/// | `*` | the step that the position's own path takes at the same level |
/// | `{a/b}` | the number at `a/b` beside the position |
/// | `{a/b=c}` | the place of the element whose text at `c` is that at `a/b` beside the position, else one in letters of another case |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Array {
    text: String,
    segments: Vec<ArraySegment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ArraySegment {
    Name(String),
    Same,
    NumberAt(MemberPath),
    Named {
        /// The text, beside the position.
        by: MemberPath,
        /// That of an element.
        member: MemberPath,
    },
}

impl ArraySegment {
    /// What stands between braces.
    fn beside(text: &str) -> Self {
        let path = |text: &str| MemberPath::from(text.to_owned());
        match text.split_once('=') {
            Some((by, member)) => Self::Named { by: path(by), member: path(member) },
            None => Self::NumberAt(path(text)),
        }
    }
}

/// The place of the first element that has a name, as it is written, else in letters of another case: so guids are compared.
pub(crate) fn place_of<'n>(name: &str, names: impl Iterator<Item = Option<&'n str>> + Clone) -> Option<usize> {
    let at = |same: fn(&str, &str) -> bool| names.clone().position(|own| own.is_some_and(|own| same(own, name)));
    at(|own, name| own == name).or_else(|| at(str::eq_ignore_ascii_case))
}

/// Why a text is not a place of an array.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArrayError {
    /// It does not begin with `/`, or has a `~` that escapes nothing.
    #[error("`{0}` is not a pointer to an array: it begins with `/` and writes `~` as `~0`")]
    Pointer(String),
    /// It has `**`, which names no one array.
    #[error("`{0}` must name one array: `**` names many")]
    AnyDepth(String),
    /// A `*` stands where the rule's path may have had any number of levels.
    #[error("`{array}` has a `*` that `{path}` does not decide: both must have `*` there, and no `**` before it")]
    Undecided {
        /// The array.
        array: String,
        /// The rule's path.
        path: String,
    },
}

impl Array {
    /// The segments.
    pub(crate) fn segments(&self) -> &[ArraySegment] {
        &self.segments
    }

    /// Whether every `*` has a level of `path` that decides it.
    pub(super) fn check(&self, path: &Pattern) -> Result<(), ArrayError> {
        let fixed: Vec<&str> = path.as_str().split('/').skip(1).take_while(|segment| *segment != "**").collect();
        let decided = |(at, segment): (usize, &ArraySegment)| {
            *segment != ArraySegment::Same || fixed.get(at).is_some_and(|segment| *segment == "*")
        };
        if self.segments.iter().enumerate().all(decided) {
            return Ok(());
        }
        Err(ArrayError::Undecided { array: self.text.clone(), path: path.as_str().to_owned() })
    }
}

impl TryFrom<String> for Array {
    type Error = ArrayError;

    fn try_from(text: String) -> Result<Self, ArrayError> {
        let Some(path) = text.strip_prefix('/') else { return Err(ArrayError::Pointer(text)) };
        let mut segments = Vec::new();
        // A number's place holds `/` itself.
        let mut rest = Some(path);
        while let Some(at) = rest {
            let (segment, next) = match at.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((member, "")) => (Some(ArraySegment::beside(member)), None),
                Some((member, after)) if after.starts_with('/') => (Some(ArraySegment::beside(member)), after.get(1..)),
                _ => {
                    let (name, next) = at.split_once('/').map_or((at, None), |(name, next)| (name, Some(next)));
                    let segment = match name {
                        "**" => return Err(ArrayError::AnyDepth(text)),
                        "*" => Some(ArraySegment::Same),
                        name => json_pointer::unescaped(name).map(ArraySegment::Name),
                    };
                    (segment, next)
                }
            };
            let Some(segment) = segment else { return Err(ArrayError::Pointer(text)) };
            segments.push(segment);
            rest = next;
        }
        Ok(Self { text, segments })
    }
}

impl From<Array> for String {
    fn from(array: Array) -> Self {
        array.text
    }
}

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A member below a value: names with `/` between them, `a/b`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct MemberPath(Vec<String>);

impl MemberPath {
    /// The names, outermost first; none for the value itself.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl From<String> for MemberPath {
    fn from(text: String) -> Self {
        Self(text.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }
}

impl From<MemberPath> for String {
    fn from(path: MemberPath) -> Self {
        path.0.join("/")
    }
}

impl fmt::Display for MemberPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(text: &str) -> Result<Array, ArrayError> {
        Array::try_from(text.to_owned())
    }

    #[test]
    fn a_place_is_read_with_its_numbers() {
        let read = array("/runs/*/tool/extensions/{toolComponent/index}/rules").unwrap();
        let name = |name: &str| ArraySegment::Name(name.to_owned());
        let number = ArraySegment::NumberAt(MemberPath::from("toolComponent/index".to_owned()));
        let expected = [name("runs"), ArraySegment::Same, name("tool"), name("extensions"), number, name("rules")];
        assert_eq!(read.segments(), expected);
        assert_eq!(array("/a/{b}").unwrap().segments().len(), 2);
        let path = |text: &str| MemberPath::from(text.to_owned());
        let named = ArraySegment::Named { by: path("of/name"), member: path("name") };
        assert_eq!(array("/a/{of/name=name}/c").unwrap().segments(), [name("a"), named, name("c")]);
        let names = [None, Some("B"), Some("b"), Some("b")].into_iter();
        assert_eq!(
            (place_of("b", names.clone()), place_of("B", names.clone()), place_of("c", names)),
            (Some(2), Some(1), None)
        );
        assert_eq!(array("/a~1b").unwrap().segments(), [name("a/b")]);
    }

    #[test]
    fn what_names_no_one_array_is_refused() {
        assert!(matches!(array("a"), Err(ArrayError::Pointer(_))));
        assert!(matches!(array("/~2"), Err(ArrayError::Pointer(_))));
        assert!(matches!(array("/**/a"), Err(ArrayError::AnyDepth(_))));
        let into = array("/runs/*/rules").unwrap();
        let path = |text: &str| text.parse::<Pattern>().unwrap();
        assert!(into.check(&path("/runs/*/results/*/ruleIndex")).is_ok());
        assert!(into.check(&path("/runs/*/**/index")).is_ok());
        for undecided in ["/**/index", "/runs/x/index", "/runs"] {
            assert!(into.check(&path(undecided)).is_err(), "{undecided}");
        }
    }
}
