//! What the tests scan: small lockfiles and advisories, made to order.

use serde_json::{Value, json};

use crate::harness::World;

/// An npm lockfile with these packages.
pub fn npm_lock(packages: &[(&str, &str)]) -> Value {
    let mut all = json!({ "": { "name": "app", "version": "1.0.0" } });
    for (name, version) in packages {
        all[format!("node_modules/{name}")] = json!({ "version": version });
    }
    json!({ "name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": all })
}

/// An OSV record: `package` is vulnerable before `fixed`.
pub fn advisory(id: &str, cve: &str, package: &str, fixed: &str, severity: &str) -> Value {
    json!({
        "schema_version": "1.6.0",
        "id": id,
        "modified": "2026-01-01T00:00:00Z",
        "aliases": [cve],
        "affected": [{
            "package": { "ecosystem": "npm", "name": package },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
        }],
        "database_specific": { "severity": severity },
    })
}

/// A feed of one advisory.
pub fn feed_into(world: &World, folder: &str) {
    let old = advisory("GHSA-old", "CVE-2020-0001", "minimist", "0.2.1", "MODERATE");
    world.write(&format!("{folder}/GHSA-old.json"), old.to_string());
}

/// A lockfile, a feed with one advisory for it, and a later feed with one more.
pub fn scene() -> World {
    let world = World::new();
    world.write("app/package-lock.json", npm_lock(&[("minimist", "0.0.8"), ("marked", "0.3.9")]).to_string());
    let old = advisory("GHSA-old", "CVE-2020-0001", "minimist", "0.2.1", "MODERATE");
    let new = advisory("GHSA-new", "CVE-2022-0002", "marked", "4.0.10", "HIGH");
    world.write("feed/GHSA-old.json", old.to_string());
    world.write("later/GHSA-old.json", old.to_string());
    world.write("later/GHSA-new.json", new.to_string());
    world
}

/// The scene with its scan recorded as `MANIFEST.json` and `out/`.
pub fn recorded() -> World {
    let world = scene();
    let run =
        world.stella(0, &["scan", "--input", "app/package-lock.json", "--feed", "feed", "--emit-artifacts-dir", "out"]);
    run.says(&["2 packages, 1 finding, policy says pass", "replay it: stella replay --from MANIFEST.json"]);
    world
}

/// The one replay of a result.
pub fn only(result: &Value) -> &Value {
    let replays = result["replays"].as_array().unwrap();
    assert_eq!(replays.len(), 1, "{result:#}");
    &replays[0]
}
