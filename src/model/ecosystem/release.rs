//! What two suffixes of one ecosystem have in common.

use std::borrow::Cow;

use crate::model::ecosystem::known::{MAVEN_CENTRAL_OTHER, Suffix};

/// The part of a suffix by which two are compared; none where it tells nothing that a missing one does not.
pub(super) fn common(kind: Suffix, suffix: &str) -> Option<Cow<'_, str>> {
    match kind {
        Suffix::None => None,
        Suffix::Whole => Some(Cow::Borrowed(suffix)),
        Suffix::Major => Some(Cow::Borrowed(suffix.split(['.', ':']).next().unwrap_or(suffix))),
        Suffix::Branch => Some(branch(suffix)),
        Suffix::Ubuntu => Some(ubuntu(suffix)),
        Suffix::Cpe => operating_system(suffix).map(Cow::Borrowed),
        Suffix::Repository(usual) => {
            let place = |address: &str| {
                let address = address.trim_end_matches('/');
                address.split_once("://").map_or(address, |(_, place)| place).to_lowercase()
            };
            let own = place(suffix);
            let is_usual = own == place(usual) || (usual.contains("maven") && own == place(MAVEN_CENTRAL_OTHER));
            (!is_usual).then_some(Cow::Owned(own))
        }
    }
}

/// `3.18` of `v3.18` and of `3.18.4`; what is not a number is itself (`edge`).
fn branch(suffix: &str) -> Cow<'_, str> {
    let number = suffix.strip_prefix('v').unwrap_or(suffix);
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return Cow::Borrowed(suffix);
    }
    let end = number.match_indices('.').nth(1).map_or(number.len(), |(at, _)| at);
    Cow::Borrowed(&number[..end])
}

/// `24.04` of `24.04:LTS` and of `Pro:24.04:LTS`. Other words name another set of packages (`Pro:FIPS:22.04:LTS`).
fn ubuntu(suffix: &str) -> Cow<'_, str> {
    let words: Vec<&str> = suffix.split(':').filter(|word| !matches!(*word, "Pro" | "LTS")).collect();
    match words[..] {
        [release] => Cow::Borrowed(release),
        _ => Cow::Owned(words.join(":")),
    }
}

/// `8` of `enterprise_linux:8::baseos`, `rhel_aus:8.4::appstream`, `openshift:4.12::el8` and `8.4`; none of a product that
/// does not say on which release it runs.
fn operating_system(suffix: &str) -> Option<&str> {
    let major = |number: &str| -> usize { number.bytes().take_while(u8::is_ascii_digit).count() };
    if suffix.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(&suffix[..major(suffix)]);
    }
    let (product, rest) = suffix.split_once(':')?;
    let (version, after) = rest.split_once("::").unwrap_or((rest, ""));
    let told = after.split(':').find_map(|word| {
        let number = word.strip_prefix("el")?;
        Some(&number[..major(number)]).filter(|number| !number.is_empty())
    });
    let is_system = product.starts_with("enterprise_linux") || product.starts_with("rhel_");
    told.or_else(|| Some(&version[..major(version)]).filter(|number| is_system && !number.is_empty()))
}

#[cfg(test)]
mod tests {
    use crate::model::ecosystem::Ecosystem;

    #[test]
    fn releases_are_compared_by_what_they_have_in_common() {
        for (name, release) in [
            ("Debian:12", Some("12")),
            ("Debian:12.5", Some("12")),
            ("Debian:sid", Some("sid")),
            ("Rocky Linux:9.4", Some("9")),
            ("Mageia:9", Some("9")),
            ("Red Hat:9.2", Some("9")),
            ("Red Hat:enterprise_linux:9::baseos", Some("9")),
            ("Red Hat:enterprise_linux:10.0", Some("10")),
            ("Red Hat:rhel_eus:9.2::appstream", Some("9")),
            ("Red Hat:openshift:4.12::el8", Some("8")),
            ("Red Hat:rhel_software_collections:3::el7", Some("7")),
            ("Red Hat:openshift:4.12", None),
            ("openSUSE:Leap 15.6", Some("Leap 15.6")),
            ("Ubuntu:24.04:LTS", Some("24.04")),
            ("Ubuntu:Pro:18.04:LTS", Some("18.04")),
            ("Ubuntu:23.10", Some("23.10")),
            ("Ubuntu:Pro:FIPS:22.04:LTS", Some("FIPS:22.04")),
            ("Alpine:v3.18", Some("3.18")),
            ("Alpine:3.18.4", Some("3.18")),
            ("Alpine:edge", Some("edge")),
            ("Photon OS:3.0", Some("3.0")),
            ("Maven:https://repo.maven.apache.org/maven2", None),
            ("Maven:http://repo1.maven.org/maven2/", None),
            ("Maven:https://maven.google.com", Some("maven.google.com")),
            ("Packagist:https://packages.drupal.org/8", Some("packages.drupal.org/8")),
            ("AlmaLinux", None),
            ("npm", None),
        ] {
            assert_eq!(Ecosystem::from(name).release().as_deref(), release, "{name}");
        }
    }
}
