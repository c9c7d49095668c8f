//! Artifacts of which nobody said what they are: what they hold tells it, and may tell something else in the next run.

use serde::de::IgnoredAny;

use crate::hint;
use crate::model::artifact::ArtifactFormat;
use crate::model::artifact_spec::ArtifactSpec;
use crate::model::hint::Hint;
use crate::model::parameter::Parameter;

/// Why text that begins as JSON does is not JSON: cut short, or with something else behind it. `None` where it is, or does
/// not begin so.
pub fn broken_json(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    let mut rest = text.chars().filter(|c| !c.is_ascii_whitespace());
    let begins = match (rest.next()?, rest.next()) {
        ('{', Some('"' | '}')) | ('[', Some('{' | '"')) => true,
        // `[1/3] fetching` is not a list, `[1, 2` is one that was cut.
        ('{' | '[', _) => is_cut(text),
        _ => false,
    };
    if !begins {
        return None;
    }
    // One value, or one after the other.
    let values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.filter_map(Result::err).next().map(|error| error.to_string())
}

fn is_cut(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

/// What to know of an artifact whose format was recognised as `format`, where another run of the same tool may have another.
pub fn ambiguous(spec: &ArtifactSpec, format: ArtifactFormat, has_profile: bool, bytes: &[u8]) -> Option<Hint> {
    let is_one_line = || {
        let text = bytes.trim_ascii();
        text.first() == Some(&b'{') && !text.contains(&b'\n')
    };
    let may_be_lines =
        format == ArtifactFormat::JsonLines || (format == ArtifactFormat::Json && !has_profile && is_one_line());
    let named = |format: &str| Parameter::Artifact.to(format!("{spec}:{format}"));
    (spec.format.is_none() && may_be_lines).then(|| {
        hint!(
            "what `{}` is was told by what it holds, `{}`: if the scanner writes one value a line, name it with {}, so that a \
             run that finds one thing or nothing is read the same way",
            spec.to_string(),
            format.code(),
            named("json-lines")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_as_json_and_is_not_is_told() {
        for text in [
            "{\"a\": [1,2",
            "{\"a\":1}\n{\"b\":",
            "[{\"a\": 1}, ",
            "[1, 2",
            "{\"a\":1}\nwarning: disk is slow",
            "{",
            " \u{feff}[\"a\" \"b\"]",
            "{\"a\": NaN}",
        ] {
            assert!(broken_json(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "{}",
            "[]",
            "{\"a\": 1}\n",
            "{\"a\":1}\n{\"b\":2}",
            "[INFO] scanning",
            "[1/3] fetching",
            "[+] found",
            "{% block %}",
            "a.py:1: warning",
            "<xml/>",
            "",
            "{ name }",
        ] {
            assert_eq!(broken_json(text.as_bytes()), None, "{text}");
        }
        assert_eq!(broken_json(b"{\"\xff"), None);
    }

    #[test]
    fn a_format_that_depends_on_how_much_is_found_is_told() {
        let spec = |text: &str| text.parse::<ArtifactSpec>().unwrap();
        let told = |text, format, bytes: &str| ambiguous(&spec(text), format, false, bytes.as_bytes()).is_some();
        assert!(told("findings=-", ArtifactFormat::JsonLines, "{}\n{}\n"));
        assert!(told("findings=-", ArtifactFormat::Json, "{\"a\":1}\n"));
        assert!(!told("findings=-", ArtifactFormat::Json, "{\n \"a\":1}\n"));
        assert!(!told("findings=-", ArtifactFormat::Json, "[]"));
        assert!(!told("findings=-", ArtifactFormat::Sarif, "{}"));
        assert!(!told("findings=-:json", ArtifactFormat::Json, "{\"a\":1}\n"));
        assert!(ambiguous(&spec("findings=-"), ArtifactFormat::Json, true, b"{}").is_none());
        let hint = ambiguous(&spec("findings=out.json"), ArtifactFormat::JsonLines, false, b"{}\n{}").unwrap();
        assert!(hint.for_command_line().contains("`--artifact findings=out.json:json-lines`"), "{hint:?}");
    }
}
