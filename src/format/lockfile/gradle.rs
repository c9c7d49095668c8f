//! `gradle.lockfile` (<https://docs.gradle.org/current/userguide/dependency_locking.html>).
//!
//! A line `group:artifact:version=configurations` is a locked module, in whatever configuration. The line `empty=` names
//! configurations that have none.

use crate::format::error::FormatError;
use crate::format::listing::Listing;
use crate::format::lockfile::locked;
use crate::format::purl;
use crate::model::ecosystem::Ecosystem;

const FORMAT: &str = "gradle.lockfile";

/// Reads the modules of a `gradle.lockfile`.
pub(crate) fn read(text: &str) -> Result<Listing, FormatError> {
    let mut listing = Listing::default();
    let mut says_nothing = true;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        says_nothing &= line.is_empty() || line.starts_with('#');
        if line.is_empty() || line.starts_with('#') || line.starts_with("empty=") {
            continue;
        }
        let fail = |problem| FormatError::Line { format: FORMAT, line: index + 1, problem };
        let module = line.split_once('=').map_or(line, |(module, _)| module);
        let [group, artifact, version] = module.split(':').collect::<Vec<_>>()[..] else {
            return Err(fail(format!("`{module}` is not written `group:artifact:version`")));
        };
        let purl = purl::build("maven", Some(group), artifact, version, &[]).map_err(fail)?;
        listing.packages.push(locked(format!("{group}:{artifact}"), version.to_owned(), purl, Ecosystem::maven()));
    }
    if says_nothing {
        return Err(FormatError::Hollow { format: FORMAT, missing: "the line `empty=`" });
    }
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_every_configuration() {
        let text = "# This is a Gradle generated file for dependency locking.\n\
            io.netty:netty-handler:4.1.90.Final=compileClasspath,runtimeClasspath\norg.slf4j:slf4j-api:2.0.7=runtimeClasspath\n\
            empty=annotationProcessor\n";
        let keys: Vec<_> = read(text).unwrap().packages.iter().map(|package| package.key()).collect();
        assert_eq!(keys, ["pkg:maven/io.netty/netty-handler@4.1.90.Final", "pkg:maven/org.slf4j/slf4j-api@2.0.7"]);
        assert!(read("# Gradle\nempty=compileClasspath\n").unwrap().packages.is_empty());
        assert!(read("# Gradle\n").unwrap_err().to_string().contains("not even the line `empty=`"));
        let error = read("a:b=c\n").unwrap_err().to_string();
        assert_eq!(error, "gradle.lockfile: line 1: `a:b` is not written `group:artifact:version`");
    }
}
