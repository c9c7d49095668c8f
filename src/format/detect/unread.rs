//! Files that list packages and are not read: known by name, so that they are never passed over in silence.

use crate::format::detect::inventory::base_name;

/// Names of whole files.
const NAMES: [(&str, &str); 41] = [
    ("Cartfile.resolved", "a lockfile of Carthage"),
    ("MODULE.bazel.lock", "a lockfile of Bazel"),
    ("Manifest.toml", "a lockfile of Julia"),
    ("Package.resolved", "a lockfile of the Swift Package Manager"),
    ("Packages.db", "the database of RPM packages"),
    ("Pipfile.lock", "a lockfile of Pipenv"),
    ("Podfile.lock", "a lockfile of CocoaPods"),
    ("bun.lock", "a lockfile of Bun"),
    ("bun.lockb", "a lockfile of Bun"),
    ("cabal.project.freeze", "a lockfile of Cabal"),
    ("composer.lock", "a lockfile of Composer"),
    ("conan.lock", "a lockfile of Conan"),
    ("conda-lock.yml", "a lockfile of conda"),
    ("deno.lock", "a lockfile of Deno"),
    ("environment.yml", "an environment of conda"),
    ("go.mod", "the modules of a Go project, which are read with the `go.sum` beside it"),
    ("go.work.sum", "the checksums of a Go workspace"),
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
const ENDINGS: [(&str, &str); 11] = [
    (".deps.json", "the dependencies of a .NET program"),
    (".cdx.xml", "a CycloneDX document in XML"),
    ("bom.xml", "an SBOM in XML"),
    (".cdx", "a CycloneDX document in Protocol Buffers"),
    (".cdx.pb", "a CycloneDX document in Protocol Buffers"),
    (".spdx", "an SPDX document of tags and values"),
    (".spdx.xml", "an SPDX document in XML"),
    (".spdx.rdf", "an SPDX document in RDF"),
    (".spdx.rdf.xml", "an SPDX document in RDF"),
    (".spdx.yaml", "an SPDX document in YAML"),
    (".spdx.yml", "an SPDX document in YAML"),
];

/// How whole paths end.
const PATHS: [(&str, &str); 5] = [
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
/// In how many bytes it is looked for.
const LOOKED_AT: usize = 2048;

/// The same by what a file begins with.
pub fn unread_content(bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LOOKED_AT)]);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let may_be = text.starts_with('<') || text.starts_with("SPDXVersion:");
    BEGINNINGS.iter().find(|(mark, _)| may_be && text.contains(mark)).map(|(_, what)| *what)
}

/// What a file is that lists packages and is not read; none for every other file.
pub fn unread(path: &str) -> Option<&'static str> {
    let base = base_name(path);
    let by_path = PATHS
        .iter()
        .find(|(end, _)| path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/')));
    let by_name = || NAMES.iter().find(|(name, _)| *name == base);
    let by_ending = || ENDINGS.iter().find(|(end, _)| base.ends_with(end));
    by_path.or_else(by_name).or_else(by_ending).map(|(_, what)| *what)
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
        ] {
            assert_eq!(unread(path).is_some(), known, "{path}");
        }
    }

    #[test]
    fn nothing_is_both_read_and_not() {
        for (name, _) in NAMES {
            assert_eq!(recognise(name, "x"), None, "{name}");
        }
    }
}
