//! Go versions: modules (`v1.2.3`, `v2.0.0+incompatible`, pseudo-versions) and toolchains (`go1.21rc2`).
//!
//! Source: `golang.org/x/mod/semver` for modules; the Go vulnerability database writes toolchain and standard
//! library versions as SemVer, `1.21.0-rc.2` for the tag `go1.21rc2`, without `v`.

use std::borrow::Cow;

use crate::scanner::version::semver::SemVer;

/// Reads a version; `v1` and `v1.2` are short for `v1.0.0` and `v1.2.0`.
pub(super) fn parse(text: &str) -> Result<SemVer, semver::Error> {
    match text.strip_prefix('v') {
        Some(module) => SemVer::parse(&fill_up(module)),
        None => SemVer::parse(&spell_out(text.strip_prefix("go").unwrap_or(text))),
    }
}

/// Adds the missing numbers of a short form; a short form takes no suffix.
fn fill_up(text: &str) -> Cow<'_, str> {
    match text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        true => Cow::Owned(format!("{text}{}", missing_numbers(text))),
        false => Cow::Borrowed(text),
    }
}

fn missing_numbers(numbers: &str) -> &'static str {
    match numbers.bytes().filter(|&byte| byte == b'.').count() {
        0 => ".0.0",
        1 => ".0",
        _ => "",
    }
}

/// Writes a toolchain's pre-release (`1.21rc2`) as SemVer does (`1.21.0-rc.2`).
fn spell_out(text: &str) -> Cow<'_, str> {
    for kind in ["beta", "rc"] {
        if let Some((numbers, count)) = text.split_once(kind)
            && numbers.ends_with(|last: char| last.is_ascii_digit())
            && numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return Cow::Owned(format!("{numbers}{}-{kind}.{count}", missing_numbers(numbers)));
        }
    }
    fill_up(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SemVer {
        parse(text).unwrap()
    }

    #[test]
    fn module_order_is_the_published_one() {
        // golang.org/x/mod/semver, semver_test.go: ascending, equal where the canonical form is.
        let table = [
            ("v1.0.0-alpha", "v1.0.0-alpha"),
            ("v1.0.0-alpha.1", "v1.0.0-alpha.1"),
            ("v1.0.0-alpha.beta", "v1.0.0-alpha.beta"),
            ("v1.0.0-beta", "v1.0.0-beta"),
            ("v1.0.0-beta.2", "v1.0.0-beta.2"),
            ("v1.0.0-beta.11", "v1.0.0-beta.11"),
            ("v1.0.0-rc.1", "v1.0.0-rc.1"),
            ("v1", "v1.0.0"),
            ("v1.0", "v1.0.0"),
            ("v1.0.0", "v1.0.0"),
            ("v1.2", "v1.2.0"),
            ("v1.2.0", "v1.2.0"),
            ("v1.2.3-456", "v1.2.3-456"),
            ("v1.2.3-456.789", "v1.2.3-456.789"),
            ("v1.2.3-456-789", "v1.2.3-456-789"),
            ("v1.2.3-456a", "v1.2.3-456a"),
            ("v1.2.3-pre", "v1.2.3-pre"),
            ("v1.2.3-pre+meta", "v1.2.3-pre"),
            ("v1.2.3-pre.1", "v1.2.3-pre.1"),
            ("v1.2.3-zzz", "v1.2.3-zzz"),
            ("v1.2.3", "v1.2.3"),
            ("v1.2.3+meta", "v1.2.3"),
            ("v1.2.3+meta-pre", "v1.2.3"),
            ("v1.2.3+meta-pre.sha.256a", "v1.2.3"),
        ];
        for (i, (a, canonical_a)) in table.iter().enumerate() {
            for (j, (b, canonical_b)) in table.iter().enumerate() {
                let expected = if canonical_a == canonical_b { std::cmp::Ordering::Equal } else { i.cmp(&j) };
                assert_eq!(read(a).cmp(&read(b)), expected, "{a} {b}");
            }
        }
        assert!(read("v1.19") > read("v1.2"));
    }

    #[test]
    fn invalid_module_versions_are_the_published_ones() {
        // golang.org/x/mod/semver, semver_test.go: a short form takes no suffix.
        for text in ["bad", "v1-alpha.beta.gamma", "v1-pre", "v1+meta", "v1-pre+meta", "v1.2-pre", "v1.2+meta"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pseudo_versions_lie_before_the_release_they_precede() {
        // https://go.dev/ref/mod#pseudo-versions
        let ascending = [
            "v0.0.0-20191109021931-daa7c04131f5",
            "v0.0.0-20210101000000-000000000000",
            "v0.1.0",
            "v1.2.3-pre",
            "v1.2.3-pre.0.20191109021931-daa7c04131f5",
            "v1.2.3",
            "v1.2.4-0.20191109021931-daa7c04131f5",
            "v1.2.4",
            "v2.0.0+incompatible",
            "v2.0.1-0.20191109021931-daa7c04131f5+incompatible",
        ];
        assert!(ascending.is_sorted_by(|a, b| read(a) < read(b)));
        assert_eq!(read("v2.0.0+incompatible"), read("2.0.0"));
    }

    #[test]
    fn toolchains_are_ordered_as_in_the_vulnerability_database() {
        let ascending =
            ["1.20.7", "1.21.0-0", "go1.21beta1", "go1.21rc2", "1.21rc10", "1.21.0", "go1.21.1", "1.22.0-0"];
        assert!(ascending.is_sorted_by(|a, b| read(a) < read(b)));
        assert_eq!(read("go1.21rc2"), read("1.21.0-rc.2"));
        assert_eq!(read("go1.21"), read("1.21.0"));
        for text in ["go1.21rc", "v1.21rc2", "go", "go1.21alpha1"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
