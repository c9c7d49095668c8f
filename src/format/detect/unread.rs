//! Files that list packages and are not read: known by name or by how they begin, so that they are never passed over in silence.

use crate::format::detect::inventory::{base_name, is_named};

/// Names of whole files.
const NAMES: [(&str, &str); 61] = [
    (".terraform.lock.hcl", "a lockfile of Terraform"),
    ("Cartfile.resolved", "a lockfile of Carthage"),
    ("Chart.lock", "a lockfile of Helm"),
    ("Directory.Packages.props", "the versions of a NuGet project"),
    ("Godeps.json", "a lockfile of Godep"),
    ("Gopkg.lock", "a lockfile of dep"),
    ("MODULE.bazel.lock", "a lockfile of Bazel"),
    ("Manifest.toml", "a lockfile of Julia"),
    ("Package.resolved", "a lockfile of the Swift Package Manager"),
    ("Packages.db", "the database of RPM packages"),
    ("Pipfile.lock", "a lockfile of Pipenv"),
    ("Podfile.lock", "a lockfile of CocoaPods"),
    ("bom.pb", "a CycloneDX document in Protocol Buffers"),
    ("bun.lock", "a lockfile of Bun"),
    ("bun.lockb", "a lockfile of Bun"),
    ("cabal.project.freeze", "a lockfile of Cabal"),
    ("composer.lock", "a lockfile of Composer"),
    ("conan.lock", "a lockfile of Conan"),
    ("conanfile.txt", "the packages of a Conan project"),
    ("conda-lock.yaml", "a lockfile of conda"),
    ("conda-lock.yml", "a lockfile of conda"),
    ("constraints.txt", "constraints of pip"),
    ("cpanfile.snapshot", "a lockfile of Carton"),
    ("deno.lock", "a lockfile of Deno"),
    ("dub.selections.json", "a lockfile of D"),
    ("environment.yaml", "an environment of conda"),
    ("environment.yml", "an environment of conda"),
    ("flake.lock", "a lockfile of Nix"),
    ("glide.lock", "a lockfile of Glide"),
    ("go.mod", "the modules of a Go project, which are read with the `go.sum` beside it"),
    ("go.work", "the modules of a Go workspace"),
    ("go.work.sum", "the checksums of a Go workspace"),
    ("libs.versions.toml", "the versions of a Gradle project"),
    ("requirements-dev.lock", "a lockfile of Rye"),
    ("requirements.in", "requirements of pip that are not pinned"),
    ("requirements.lock", "a lockfile of Rye"),
    ("verification-metadata.xml", "the verified artifacts of Gradle"),
    ("ivy.xml", "a project of Ivy"),
    ("maven_install.json", "a lockfile of Bazel"),
    ("mix.lock", "a lockfile of Mix"),
    ("packages.config", "the packages of a NuGet project"),
    ("packages.lock.json", "a lockfile of NuGet"),
    ("paket.lock", "a lockfile of Paket"),
    ("pdm.lock", "a lockfile of PDM"),
    ("pixi.lock", "a lockfile of Pixi"),
    ("pnpm-lock.yaml", "a lockfile of pnpm"),
    ("pnpm-lock.yml", "a lockfile of pnpm"),
    ("pom.xml", "a project of Maven"),
    ("project.assets.json", "the resolved packages of a NuGet project"),
    ("pubspec.lock", "a lockfile of Dart"),
    ("pylock.toml", "a lockfile of Python"),
    ("rebar.lock", "a lockfile of Rebar"),
    ("renv.lock", "a lockfile of renv"),
    ("rpmdb.sqlite", "the database of RPM packages"),
    ("shard.lock", "a lockfile of Crystal"),
    ("stack.yaml.lock", "a lockfile of Stack"),
    ("uv.lock", "a lockfile of uv"),
    ("vcpkg.json", "the packages of vcpkg"),
    ("yarn.lock", "a lockfile of Yarn"),
    ("bom.xml", "a CycloneDX document in XML"),
    ("sbom.xml", "an SBOM in XML"),
];

/// How names end.
const ENDINGS: [(&str, &str); 34] = [
    (".deps.json", "the dependencies of a .NET program"),
    (".cdx.xml", "a CycloneDX document in XML"),
    (".cdx.yaml", "a CycloneDX document in YAML"),
    (".cdx.yml", "a CycloneDX document in YAML"),
    (".csproj", "a project of .NET"),
    (".fsproj", "a project of .NET"),
    (".vbproj", "a project of .NET"),
    ("bom.xml", "an SBOM in XML"),
    ("bom.yaml", "an SBOM in YAML"),
    ("bom.yml", "an SBOM in YAML"),
    (".cdx", "a CycloneDX document in Protocol Buffers"),
    (".cdx.pb", "a CycloneDX document in Protocol Buffers"),
    (".spdx", "an SPDX document of tags and values"),
    (".spdx.xml", "an SPDX document in XML"),
    (".spdx.rdf", "an SPDX document in RDF"),
    (".spdx.rdf.xml", "an SPDX document in RDF"),
    (".spdx.yaml", "an SPDX document in YAML"),
    (".spdx.yml", "an SPDX document in YAML"),
    (".aar", "an archive of Android, which is a package or holds some"),
    (".apk", "a package of Alpine or Android"),
    (".conda", "a package of conda"),
    (".crate", "a package of Rust"),
    (".deb", "a package of Debian"),
    (".ear", "an archive of Java, which holds packages"),
    (".egg", "a package of Python"),
    (".gem", "a package of RubyGems"),
    (".jar", "an archive of Java, which is a package or holds some"),
    (".nupkg", "a package of NuGet"),
    (".rpm", "a package of RPM"),
    (".war", "an archive of Java, which holds packages"),
    (".whl", "a package of Python"),
    // Of the tools that nobody here knows.
    (".lock", "a lockfile by its name"),
    (".locked", "a lockfile by its name"),
    (".lockfile", "a lockfile by its name"),
];

/// What files are whose folder ends so, by how their names end.
const IN_FOLDERS: [(&str, &str, &str); 3] = [
    ("conda-meta", ".json", "a package that conda installed"),
    (".dist-info", "metadata", "an installed package of Python"),
    (".egg-info", "pkg-info", "an installed package of Python"),
];

/// How compressed files end.
const COMPRESSED: [&str; 5] = [".gz", ".xz", ".zst", ".bz2", ".zip"];

/// How copies end that editors and merges leave behind.
const COPIES: [&str; 2] = [".orig", ".bak"];

/// How whole paths end.
const PATHS: [(&str, &str); 6] = [
    ("vendor/modules.txt", "the vendored modules of a Go project"),
    ("vendor/composer/installed.json", "the packages that Composer installed"),
    ("lib/apk/db/installed", "the database of Alpine packages"),
    ("var/lib/rpm/Packages", "the database of RPM packages"),
    ("var/lib/pacman/local/ALPM_DB_VERSION", "the database of Arch packages"),
    ("var/lib/opkg/status", "the database of OpenWrt packages"),
];

/// What begins a document that nothing else tells.
const BEGINNINGS: [(&str, &str); 3] = [
    ("cyclonedx.org/schema/bom", "a CycloneDX document in XML"),
    ("spdx.org/rdf/", "an SPDX document in RDF"),
    ("SPDXVersion: SPDX-", "an SPDX document of tags and values"),
];
/// Members of JSON, what their value begins with, and what has them.
const MEMBERS: [(&str, char, &str); 3] = [
    ("\"bomFormat\"", '"', "a CycloneDX document that is not whole, or lies within another"),
    ("\"spdxVersion\"", '"', "an SPDX document that is not whole, or lies within another"),
    ("\"lockfileVersion\"", '0', "a lockfile of npm that is not whole, or lies within another document"),
];
/// Words in the name of a JSON file that is an SBOM, as it says.
const WORDS: [&str; 4] = ["cdx", "cyclonedx", "sbom", "spdx"];
/// In how many bytes it is looked for.
const LOOKED_AT: usize = 2048;

/// The same by what a file begins with, where nothing is known by its name that is read.
pub fn unread_content(path: &str, bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LOOKED_AT)]);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(['{', '[']) {
        let has = |(member, value, _): &&(&str, char, &str)| has_member(text, member, *value);
        return MEMBERS.iter().find(has).map(|(_, _, what)| *what).or_else(|| sbom_by_name(path));
    }
    if text.starts_with("Package:") {
        return described(text);
    }
    let may_be = text.starts_with('<') || text.starts_with("SPDXVersion:");
    BEGINNINGS.iter().find(|(mark, _)| may_be && text.contains(mark)).map(|(_, what)| *what)
}

/// Whether a member stands somewhere with such a value: a text, or a number for `0`.
fn has_member(text: &str, member: &str, value: char) -> bool {
    text.match_indices(member).any(|(at, _)| {
        let behind = text[at + member.len()..].trim_start().strip_prefix(':').map(str::trim_start);
        behind.and_then(|behind| behind.chars().next()).is_some_and(|first| match value {
            '0' => first.is_ascii_digit(),
            value => first == value,
        })
    })
}

/// What a JSON file is by its name alone.
fn sbom_by_name(path: &str) -> Option<&'static str> {
    let base = base_name(path).to_ascii_lowercase();
    let mut words = base.split(|letter: char| !letter.is_ascii_alphanumeric());
    let is_named = base.ends_with(".json") && !words.clone().any(|word| word == "schema");
    (is_named && words.any(|word| WORDS.contains(&word)))
        .then_some("an SBOM by its name, and none that is known by its content")
}

/// What a file of paragraphs is that are not of installed packages.
fn described(text: &str) -> Option<&'static str> {
    let first: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).collect();
    let has = |name: &str| {
        first.iter().any(|line| line.split_once(':').is_some_and(|(field, _)| field.eq_ignore_ascii_case(name)))
    };
    match (has("Version"), has("Title"), has("Architecture") || has("Filename")) {
        (true, true, false) => Some("the description of an R package"),
        (true, _, true) => Some("what Debian packages say of themselves, whether they are installed or not"),
        _ => None,
    }
}

/// What a file is that lists packages and is not read; none for every other file. Names are known in any case.
pub fn unread(path: &str) -> Option<&'static str> {
    let lower = path.to_ascii_lowercase();
    let base = base_name(&lower);
    let by_path = PATHS.iter().find(|(end, _)| {
        lower.strip_suffix(&end.to_ascii_lowercase()).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    });
    let by_name = || NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(base));
    if let Some((_, what)) = by_path.or_else(by_name) {
        return Some(what);
    }
    // It is read.
    if is_named(path) {
        return None;
    }
    if let Some(within) = COMPRESSED.iter().find_map(|end| lower.strip_suffix(end)) {
        return (is_named(within) || unread(within).is_some()).then_some("a list of packages by its name, compressed");
    }
    if let Some(first) = COPIES.iter().find_map(|end| lower.strip_suffix(end)) {
        return (is_named(first) || unread(first).is_some()).then_some("a copy of a list of packages, by its name");
    }
    let folder = lower.strip_suffix(base)?.trim_end_matches('/');
    let ends = |name: &str| if name.starts_with('.') { base.ends_with(name) } else { base == name };
    let in_folder = IN_FOLDERS.iter().find(|(end, name, _)| ends(name) && folder.ends_with(end));
    let by_ending = || ENDINGS.iter().find(|(end, _)| base.ends_with(end)).map(|(_, what)| *what);
    in_folder.map(|(_, _, what)| *what).or_else(by_ending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::detect::inventory::recognise;

    #[test]
    fn what_lists_packages_is_known_by_name() {
        for (path, known) in [
            ("web/yarn.lock", true),
            ("Pipfile.lock", true),
            ("pom.xml", true),
            ("a/b/app.cdx.xml", true),
            ("lib/apk/db/installed", true),
            ("root/lib/apk/db/installed", true),
            ("db/installed", false),
            ("src/main.rs", false),
            ("package.json", false),
            ("yarn.lock.md", false),
            ("YARN.LOCK", true),
            ("a/POM.XML", true),
            ("A.CDX.XML", true),
            ("b.JAR", true),
            ("requirements.lock", true),
            ("gradle/dependency-locks/compile.lockfile", true),
            ("some.lock", true),
            ("package-lock.json.gz", true),
            ("sbom.cdx.json.GZ", true),
            ("yarn.lock.zst", true),
            ("notes.txt.gz", false),
            ("lib/a-1.0.dist-info/METADATA", true),
            ("lib/a.egg-info/PKG-INFO", true),
            ("doc/METADATA", false),
            // Named regression: packages and lists that were of no kind.
            ("a.rpm", true),
            ("a.apk", true),
            ("dist/a.egg", true),
            ("libs/a.AAR", true),
            ("a.conda", true),
            ("vendor/a-1.0.crate", true),
            ("env/conda-meta/numpy-1.26.json", true),
            ("env/conda-meta/history", false),
            ("conda/numpy.json", false),
            ("sbom.cdx.json.zip", true),
            ("src.zip", false),
            ("sbom.yaml", true),
            ("my-bom.yml", true),
            ("Cargo.lock.orig", true),
            ("yarn.lock.orig", true),
            ("package-lock.json.bak", true),
            ("main.rs.orig", false),
            // They are read.
            ("Gemfile.lock", false),
            ("CARGO.LOCK", false),
            ("gems.locked", false),
            ("gradle.lockfile", false),
        ] {
            assert_eq!(unread(path).is_some(), known, "{path}");
        }
    }

    /// Named regression: an inventory that was cut off, or lay within a list, was of no kind unless its name said so.
    #[test]
    fn what_begins_like_an_inventory_is_named() {
        let whole = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5"}"#;
        for (path, text, named) in [
            ("data.json", &whole[..40], true),
            ("two.json", &format!("{whole}\n{whole}"), true),
            ("list.json", &format!("[{whole}]"), true),
            ("signed.json", &format!(r#"{{"predicate":{whole}}}"#), true),
            ("data.json", "\u{feff} {\"spdxVersion\"\n:\"SPDX-2.3\",", true),
            ("old.json", "{\"lockfileVersion\": 3, \"packages\":", true),
            ("my-sbom.json", "{}", true),
            ("bom-1.5.schema.json", r#"{"properties":{"bomFormat":{"type":"string"}}}"#, false),
            ("spdx.schema.json", "{}", false),
            ("bombay.json", "{}", false),
            ("app.js", "const x = {\"bomFormat\":\"CycloneDX\"}", false),
            ("pkg/DESCRIPTION", "Package: a\nTitle: x\nVersion: 1\n", true),
            ("Packages", "Package: a\nVersion: 1\nFilename: x.deb\n\nPackage: b\n", true),
            ("NOTES.md", "Package: how we name packages\n\nVersion: 1\nTitle: x\n", false),
        ] {
            assert_eq!(unread_content(path, text.as_bytes()).is_some(), named, "{path} {text}");
        }
    }

    #[test]
    fn nothing_is_both_read_and_not() {
        for (name, _) in NAMES {
            assert_eq!(recognise(name, "x"), None, "{name}");
        }
    }
}
