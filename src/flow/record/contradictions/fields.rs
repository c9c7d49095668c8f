//! The fields of a manifest, each by itself and beside the others.

use std::collections::BTreeSet;
use std::path::Path;

use crate::job::in_place::runs_in_place;
use crate::job::known_locale::{is_known_locale, is_known_zone};
use crate::job::machine_settings::{MAX_MEMORY_LIMIT, MAX_TIME_LIMIT};
use crate::job::manifest_summary::is_plain_name;
use crate::model::digest::{Digest, DigestRef};
use crate::model::manifest::{Fault, Input, InputType, ScanManifest, ScannerKind};
use crate::model::result::Isolation;
use crate::sandbox::spec::{Environment as Variables, HostRoot};
use crate::sandbox::validated::{Argv, CpuCount, Locale, TimeZone};

/// Everything in `manifest` that no recording writes, but for its artifacts.
pub fn of(manifest: &ScanManifest) -> Vec<Fault> {
    let mut faults = Faults(Vec::new());
    faults.input(&manifest.input);
    faults.scanner(manifest);
    faults.feeds(manifest);
    faults.policy(manifest);
    faults.environment(manifest);
    faults.0
}

struct Faults(Vec<Fault>);

impl Faults {
    fn when(&mut self, wrong: bool, path: &str, what: impl Into<String>) {
        if wrong {
            self.0.push(Fault::edited(path, what));
        }
    }

    fn input(&mut self, input: &Input) {
        let is_tree = input.input_type == InputType::Directory;
        let is_image = input.input_type == InputType::OciImage;
        self.when(
            !is_tree && input.bundle_digest.is_some(),
            "input.type",
            "only a directory has an archive, and `input.bundle_digest` names one",
        );
        if let Some(path) = &input.path {
            self.when(
                !is_seen_path(path, !is_tree && !is_image),
                "input.path",
                format!("`{path}` is not a path at which a scanner sees its input"),
            );
        }
        self.when(!is_image && !input.layers.is_empty(), "input.layers", "only an image has layers");
        self.when(!is_image && input.image_ref.is_some(), "input.image_ref", "the input is not an image");
        if let Some(reference) = input.image_ref.as_deref().filter(|_| is_image) {
            let digest = reference.rsplit_once('@').map_or(reference, |(_, digest)| digest).parse::<Digest>().ok();
            let identity = input.digest.as_ref().and_then(DigestRef::resolved);
            self.when(digest.is_none() || digest != identity, "input.image_ref", "it does not name `input.digest`");
        }
    }

    fn scanner(&mut self, manifest: &ScanManifest) {
        let scanner = &manifest.scanner;
        let kind = scanner.kind;
        let is_builtin = kind == Some(ScannerKind::BuiltIn);
        self.when(
            kind != Some(ScannerKind::Tree) && scanner.bundle_digest.is_some(),
            "scanner.kind",
            "only a folder has an archive, and `scanner.bundle_digest` names one",
        );
        self.when(
            kind != Some(ScannerKind::Closure) && scanner.closure_digest.is_some(),
            "scanner.kind",
            "only a closure has a listing, and `scanner.closure_digest` names one",
        );
        self.when(
            is_builtin && !(scanner.argv.is_empty() && scanner.set_env.is_empty()),
            "scanner.kind",
            "the built-in scanner has neither `scanner.argv` nor `scanner.set_env`",
        );
        self.when(
            !is_builtin && !scanner.argv.is_empty() && Argv::new(scanner.argv.iter().cloned()).is_err(),
            "scanner.argv",
            "it cannot be run: a word holds a NUL byte, or the first is empty",
        );
        self.when(scanner.flags.iter().any(|flag| flag.contains('\0')), "scanner.flags", "a flag holds a NUL byte");
        self.when(
            !is_builtin && !scanner.flags.is_empty(),
            "scanner.flags",
            "only the built-in scanner has flags beside its command",
        );
        for (name, value) in &scanner.set_env {
            let refused = Variables::default().set(name, value).err();
            if let Some(why) = refused {
                self.when(true, &format!("scanner.set_env.{name}"), why.to_string());
            }
        }
        for (i, name) in scanner.env_names.iter().enumerate() {
            if let Err(why) = Variables::default().set(name, "") {
                self.when(true, &format!("scanner.env_names[{i}]"), why.to_string());
            }
        }
        for (i, code) in scanner.expected_exit_codes.iter().enumerate() {
            self.when(
                !(0..=255).contains(code),
                &format!("scanner.expected_exit_codes[{i}]"),
                format!("no program ends with {code}"),
            );
        }
        self.when(
            scanner.config_path.is_none() && scanner.config_bundle_digest.is_some(),
            "scanner.config_bundle_digest",
            "there is no `scanner.config_path` at which the configuration is seen",
        );
        if let Some(path) = &scanner.config_path {
            self.when(
                !is_seen_path(path, scanner.config_bundle_digest.is_none()),
                "scanner.config_path",
                format!("`{path}` is not a path at which a scanner sees its configuration"),
            );
        }
    }

    fn feeds(&mut self, manifest: &ScanManifest) {
        let feeds = &manifest.feeds;
        let only = feeds.vuln_feed_bundle_digest.as_ref();
        match feeds.bundles.as_slice() {
            [] => {}
            [one] => self.when(
                only.is_some_and(|only| *only != one.digest),
                "feeds.vuln_feed_bundle_digest",
                "it is not `feeds.bundles[0].digest`, the only feed",
            ),
            _ => self.when(
                only.is_some(),
                "feeds.vuln_feed_bundle_digest",
                "it names the only feed, and `feeds.bundles` has several",
            ),
        }
        let mut names = BTreeSet::new();
        for (i, feed) in feeds.bundles.iter().enumerate() {
            self.when(!is_plain_name(&feed.name), &format!("feeds.bundles[{i}].name"), NOT_PLAIN);
            self.when(
                !names.insert(&feed.name),
                &format!("feeds.bundles[{i}].name"),
                format!("another feed is called `{}`, too", feed.name),
            );
        }
    }

    fn policy(&mut self, manifest: &ScanManifest) {
        let policy = &manifest.policy;
        self.when(
            policy.policy_bundle_digest.is_none() && policy.policy_content_digest.is_some(),
            "policy.policy_content_digest",
            "there is no `policy.policy_bundle_digest` that it is the content of",
        );
    }

    fn environment(&mut self, manifest: &ScanManifest) {
        let environment = &manifest.environment;
        let (tz, locale) = (&environment.tz, &environment.locale);
        self.when(
            TimeZone::new(tz.as_str()).is_err() || !is_known_zone(tz),
            "environment.tz",
            format!("`{tz}` is not a time zone that is known"),
        );
        self.when(
            Locale::new(locale.as_str()).is_err() || !is_known_locale(locale),
            "environment.locale",
            format!("`{locale}` is not a locale that is known"),
        );
        if let Some(Err(why)) = environment.cpu_count.map(CpuCount::new) {
            self.when(true, "environment.cpu_count", why.to_string());
        }
        for (i, root) in environment.roots.iter().enumerate() {
            if let Err(why) = HostRoot::try_from(root.clone()) {
                self.when(true, &format!("environment.roots[{i}]"), why.to_string());
            }
        }
        for (i, folder) in environment.path.iter().enumerate() {
            let at = format!("environment.path[{i}]");
            match HostRoot::try_from(folder.clone()) {
                Err(why) => self.when(true, &at, why.to_string()),
                Ok(_) => self.when(
                    // Of a closure its listing says what there is.
                    manifest.scanner.kind != Some(ScannerKind::Closure)
                        && !runs_in_place(Path::new(folder), &environment.roots),
                    &at,
                    "it lies in no folder that the scanner sees",
                ),
            }
        }
        self.when(
            environment.time_limit_seconds.is_some_and(|seconds| !(1..=MAX_TIME_LIMIT).contains(&seconds)),
            "environment.time_limit_seconds",
            format!("it is not a number from 1 to {MAX_TIME_LIMIT}"),
        );
        self.when(
            environment.memory_limit_mib.is_some_and(|mib| !(1..=MAX_MEMORY_LIMIT).contains(&mib)),
            "environment.memory_limit_mib",
            format!("it is not a number from 1 to {MAX_MEMORY_LIMIT}"),
        );
        let observed = matches!(environment.isolation, Some(Isolation::Full | Isolation::Traced));
        self.when(
            environment.ledger_digest.is_some() && !observed,
            "environment.isolation",
            "only at the levels `full` and `traced` is there a ledger, and `environment.ledger_digest` names one",
        );
        self.when(
            environment.isolation.is_none() && manifest.scanner.kind.is_some_and(|kind| kind != ScannerKind::BuiltIn),
            "environment.isolation",
            "it is absent only for a scan by the built-in scanner",
        );
    }
}

/// Said of a name that becomes that of a file.
pub const NOT_PLAIN: &str = "expected a plain name of a file, of at most 255 bytes";

/// That of a file ends with a plain name, for it becomes the name of a file again.
fn is_seen_path(path: &str, is_file: bool) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_plain = !matches!(name, "" | "." | "..");
    !path.contains('\0') && (is_plain || !is_file)
}
