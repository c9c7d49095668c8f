//! The demonstration: a real lockfile, a real feed, and the same feed three months later.
//!
//! Nothing is staged: it records, replays and compares with the code that every other command uses.

use std::path::{Path, PathBuf};

use crate::config;
use crate::host::fs::{self, FsError};

const LOCKFILE: &str = include_str!("package-lock.json");

const CONFIG: &str = "version: 1
# What this checkout builds: a feed. It is swapped into every canary.
subject: { kind: feed, path: feed-2022-04 }
canaries: [canaries]
";

/// Published before 2022.
const OLD_RECORDS: [(&str, &str); 7] = [
    ("GHSA-2pr6-76vf-7546.json", include_str!("records/GHSA-2pr6-76vf-7546.json")),
    ("GHSA-8j8c-7jfh-h6hx.json", include_str!("records/GHSA-8j8c-7jfh-h6hx.json")),
    ("GHSA-ch52-vgq2-943f.json", include_str!("records/GHSA-ch52-vgq2-943f.json")),
    ("GHSA-jf85-cpcp-j695.json", include_str!("records/GHSA-jf85-cpcp-j695.json")),
    ("GHSA-p6mc-m468-83gw.json", include_str!("records/GHSA-p6mc-m468-83gw.json")),
    ("GHSA-vh95-rmgr-6w4m.json", include_str!("records/GHSA-vh95-rmgr-6w4m.json")),
    ("GHSA-xf5p-87ch-gxw2.json", include_str!("records/GHSA-xf5p-87ch-gxw2.json")),
];

/// Published between January and March 2022.
const NEW_RECORDS: [(&str, &str); 4] = [
    ("GHSA-29mw-wpgm-hmr9.json", include_str!("records/GHSA-29mw-wpgm-hmr9.json")),
    ("GHSA-5v2h-r2cx-5xgj.json", include_str!("records/GHSA-5v2h-r2cx-5xgj.json")),
    ("GHSA-rrrm-qjm4-v8hf.json", include_str!("records/GHSA-rrrm-qjm4-v8hf.json")),
    ("GHSA-xvch-5gv4-984h.json", include_str!("records/GHSA-xvch-5gv4-984h.json")),
];

/// Where everything of a demonstration lies.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The lockfile to scan.
    pub lockfile: PathBuf,
    /// The feed of New Year 2022.
    pub feed: PathBuf,
    /// The same feed in April.
    pub feed_later: PathBuf,
    /// A configuration whose subject is that later feed.
    pub config: PathBuf,
}

/// Lays out the files of a demonstration below `root`.
pub fn lay_out(root: &Path) -> Result<Scene, FsError> {
    let scene = Scene {
        lockfile: root.join("package-lock.json"),
        feed: root.join("feed-2022-01"),
        feed_later: root.join("feed-2022-04"),
        config: root.join(config::FILE_NAME),
    };
    for folder in [&scene.feed, &scene.feed_later] {
        fs::ensure_dir(folder)?;
    }
    fs::write_atomic(&scene.lockfile, LOCKFILE.as_bytes())?;
    fs::write_atomic(&scene.config, CONFIG.as_bytes())?;
    for (name, text) in OLD_RECORDS {
        fs::write_atomic(&scene.feed.join(name), text.as_bytes())?;
    }
    for (name, text) in OLD_RECORDS.iter().chain(&NEW_RECORDS) {
        fs::write_atomic(&scene.feed_later.join(name), text.as_bytes())?;
    }
    Ok(scene)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::osv;

    #[test]
    fn the_feeds_are_split_by_the_day_of_publication() {
        let published = |text: &str| {
            serde_json::from_str::<serde_json::Value>(text).unwrap()["published"].as_str().unwrap().to_owned()
        };
        for (name, text) in OLD_RECORDS.iter().chain(&NEW_RECORDS) {
            let id = osv::read(text.as_bytes()).unwrap().id;
            assert_eq!(*name, format!("{id}.json"));
        }
        assert!(OLD_RECORDS.iter().all(|(_, text)| *published(text) < *"2022"));
        let spring = |text: &str| ("2022-01".."2022-04").contains(&published(text).as_str());
        assert!(NEW_RECORDS.iter().all(|(_, text)| spring(text)));
    }
}
