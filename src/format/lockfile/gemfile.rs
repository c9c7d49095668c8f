//! `Gemfile.lock`, as Bundler writes it.
//!
//! The gems of a section stand under `specs:`, four blanks in, as `name (version)` or `name (version-platform)`; what
//! stands deeper are their requirements. `GEM` sections are of an index, `GIT` sections of a repository, `PATH` sections
//! of the project itself. A gem built for several platforms is listed once for each; the platform is kept in the purl.

use crate::format::error::FormatError;
use crate::format::listing::Listing;
use crate::format::lockfile::locked;
use crate::format::purl;
use crate::model::ecosystem::Ecosystem;

const FORMAT: &str = "Gemfile.lock";
/// The index whose gems need no word on where they are from.
const INDEX: &str = "https://rubygems.org/";

/// Reads the gems of a `Gemfile.lock`.
pub(crate) fn read(text: &str) -> Result<Listing, FormatError> {
    let mut listing = Listing::default();
    let (mut section, mut remote, mut in_specs) = ("", "", false);
    for (index, line) in text.lines().enumerate() {
        let fail = |problem| FormatError::Line { format: FORMAT, line: index + 1, problem };
        let content = line.trim_start();
        let lists_gems = matches!(section, "GIT" | "GEM" | "PATH" | "PLUGIN SOURCE");
        match line.len() - content.len() {
            _ if content.is_empty() => {}
            _ if line.chars().take_while(|c| c.is_whitespace()).any(|c| c != ' ') => {
                return Err(fail("it is not indented by blanks, as Bundler writes it".to_owned()));
            }
            0 if !is_heading(content.trim_end()) => {
                return Err(fail(format!("`{}` is not the heading of a section", content.trim_end())));
            }
            0 => (section, remote, in_specs) = (content.trim_end(), "", false),
            2 if lists_gems => {
                if !content.contains(':') {
                    return Err(fail(format!("`{}` is not written `name: value`", content.trim_end())));
                }
                in_specs = content.trim_end() == "specs:";
                if let Some(address) = content.strip_prefix("remote:") {
                    remote = address.trim();
                }
            }
            4 if in_specs => {
                let Some((name, version, platform)) = spec(content) else {
                    return Err(fail(format!("`{content}` is not written `name (version)`")));
                };
                if section == "PATH" {
                    let why = format!("line {}: it lies in `{remote}`: a gem of the project itself", index + 1);
                    listing.skip(format!("{name} {version}"), why);
                    continue;
                }
                let origin = match section {
                    "GIT" => ("vcs_url", remote),
                    _ if remote == INDEX => ("repository_url", ""),
                    _ => ("repository_url", remote),
                };
                let purl = purl::build("gem", None, name, version, &[origin, ("platform", platform)]).map_err(fail)?;
                listing.packages.push(locked(name.to_owned(), version.to_owned(), purl, Ecosystem::ruby_gems()));
            }
            // What a gem requires.
            6 if in_specs => {}
            _ if lists_gems => return Err(fail("it is not indented as Bundler does it".to_owned())),
            _ => {}
        }
    }
    if section.is_empty() {
        return Err(FormatError::Hollow { format: FORMAT, missing: "the heading of a section" });
    }
    Ok(listing)
}

/// Whether a line may begin a section; newer versions of Bundler add some (`CHECKSUMS`).
fn is_heading(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_uppercase()) && line.chars().all(|c| c.is_ascii_uppercase() || c == ' ')
}

/// Name, version and platform. A version has no hyphen: Bundler writes those of pre-releases as `.pre.`.
fn spec(line: &str) -> Option<(&str, &str, &str)> {
    let (name, version) = line.trim_end().strip_suffix(')')?.split_once(" (")?;
    let (version, platform) = version.split_once('-').unwrap_or((version, ""));
    let word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    (word(name) && word(version)).then_some((name, version, platform))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gems_of_every_section() {
        let text = "GIT\n  remote: https://git.example/own.git\n  revision: 0123abc\n  specs:\n    own (0.1.0)\n      rack\n\n\
            PATH\n  remote: .\n  specs:\n    shop (1.0.0)\n\n\
            GEM\n  remote: https://rubygems.org/\n  specs:\n    nokogiri (1.15.4)\n      racc (~> 1.4)\n    \
            nokogiri (1.15.4-x86_64-linux)\n      racc (~> 1.4)\n    rails (7.1.0.rc1)\n\n\
            GEM\n  remote: https://gems.example/\n  specs:\n    inner (2.0)\n\n\
            PLATFORMS\n  ruby\n  x86_64-linux\n\nDEPENDENCIES\n  rails (= 7.1.0.rc1)\n\nBUNDLED WITH\n   2.4.10\n";
        let listing = read(text).unwrap();
        let keys: Vec<_> = listing.packages.iter().map(|package| package.key()).collect();
        assert_eq!(
            keys,
            [
                "pkg:gem/own@0.1.0?vcs_url=https:%2F%2Fgit.example%2Fown.git",
                "pkg:gem/nokogiri@1.15.4",
                "pkg:gem/nokogiri@1.15.4?platform=x86_64-linux",
                "pkg:gem/rails@7.1.0.rc1",
                "pkg:gem/inner@2.0?repository_url=https:%2F%2Fgems.example%2F",
            ]
        );
        assert_eq!(listing.skipped[0].what, "shop 1.0.0");
    }

    #[test]
    fn a_broken_line_is_named() {
        assert!(read("\n").unwrap_err().to_string().contains("not even the heading of a section"));
        let error = read("GEM\n  specs:\n    rails 7\n").unwrap_err().to_string();
        assert_eq!(error, "Gemfile.lock: line 3: `rails 7` is not written `name (version)`");
    }

    #[test]
    fn what_bundler_would_not_write_is_an_error() {
        for (text, line) in [
            ("GEM\n  specs:\n<<<<<<< HEAD\n    rack (2.2.3)\n", 3),
            ("GEM\n  specs:\n\track (2.2.3)\n", 3),
            ("GEM\n  specs:\n    rack (2.2.3)\n   rails (7.0.0)\n", 4),
            ("gem\n  specs:\n", 1),
            ("GEM\n  specs\n    rack (2.2.3)\n", 2),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("Gemfile.lock: line {line}: ")), "{text}: {error}");
        }
    }
}
