//! What a change of the configuration does to what gates can see, key by key.
//!
//! Invariants: values are compared as they count, so a default that is written out is not a change; every key of `.stella.yaml` has a
//! class, and a test reads the keys from the schema; what has no direction that is known loosens.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::config::{Config, Subject};
use crate::model::artifact::ProfileName;
use crate::model::change::base::Effect;
use crate::model::gate_result::Strictness;
use crate::score::rules::{By, Expect};

/// What a change of a value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// It is the checkout's in any case: whoever changes it could change what it names.
    Checkout,
    /// Nothing: what it leads to is compared by itself.
    Free,
    /// Nobody can say: it loosens.
    Fixed,
    /// A lower number loosens.
    Minimum,
    /// A higher number loosens.
    Maximum,
    /// What is taken out of the set loosens; null is the set of everything.
    Set,
    /// What is put into the set loosens.
    Permission,
    /// A later one of these loosens.
    Order(&'static [&'static str]),
    /// By name, each compared rule by rule.
    Profiles,
}

/// A key with its class, and its value as it counts.
struct Key(&'static str, Class, fn(&Config) -> Value);

/// A switch whose `false` loosens.
const ON: Class = Class::Order(&["true", "false"]);
const FAIL_ON: Class = Class::Order(&["warn", "fail"]);

const LEVEL: Class = Class::Order(&["bf", "sf", "pf"]);

const KEYS: &[Key] = &[
    Key("version", Class::Free, |_| Value::Null),
    Key("subject.kind", Class::Fixed, kind),
    Key("subject.build", Class::Checkout, |config| json!(config.subject_place.as_ref().map(|place| &place.build))),
    Key("subject.path", Class::Checkout, |config| json!(config.subject_place.as_ref().map(|place| &place.path))),
    // A variable that a build is given may hold a secret.
    Key("subject.build_env", Class::Permission, |config| {
        json!(config.subject.as_ref().map(|subject| subject.build_env()).unwrap_or_default())
    }),
    // Who can become root can reach the program that judges.
    Key("subject.build_sudo", Class::Order(&["false", "true"]), |config| {
        json!(config.subject.as_ref().is_some_and(Subject::build_sudo).to_string())
    }),
    Key("subject.engine", Class::Fixed, |config| scanner(config, |scanner| json!(scanner.engine))),
    Key("subject.argv", Class::Fixed, |config| scanner(config, |scanner| json!(scanner.argv))),
    Key("subject.artifacts", Class::Fixed, |config| {
        scanner(config, |scanner| json!(scanner.artifacts.iter().map(ToString::to_string).collect::<Vec<_>>()))
    }),
    Key("subject.expect_exit", Class::Fixed, |config| scanner(config, |scanner| json!(scanner.expected_exit_codes))),
    Key("cases", Class::Free, |config| json!(config.cases)),
    Key("canaries", Class::Free, |config| json!(config.canaries)),
    Key("fixture_store", Class::Free, |config| json!(config.fixture_store)),
    Key("store", Class::Free, |config| json!(config.store)),
    Key("history", ON, |config| json!(config.history.to_string())),
    Key("thresholds.green", Class::Minimum, |config| json!(config.rules.green.number())),
    Key("thresholds.bucket", Class::Minimum, |config| json!(config.rules.bucket.number())),
    Key("thresholds.fail", Class::Minimum, |config| json!(config.rules.fail.number())),
    Key("thresholds.regulated", Class::Minimum, |config| json!(config.rules.regulated.number())),
    Key("thresholds.drop", Class::Maximum, |config| json!(config.rules.drop.number())),
    Key("thresholds.release_bf", Class::Minimum, |config| json!(config.rules.release_bf.number())),
    Key("thresholds.release_pf", Class::Minimum, |config| json!(config.rules.release_pf.number())),
    Key("thresholds.min_manifests", Class::Minimum, |config| json!(config.rules.min_manifests)),
    Key("thresholds.min_manifests_in_bucket", Class::Minimum, |config| json!(config.rules.min_manifests_in_bucket)),
    Key("thresholds.min_canaries", Class::Minimum, |config| json!(config.rules.min_canaries)),
    // A longer window dilutes what is bad today, a shorter one forgets what was bad.
    Key("thresholds.window_days", Class::Fixed, |config| json!(config.rules.window_days)),
    Key("gates.pr.level", LEVEL, |config| json!(config.rules.pr_level.code())),
    Key("gates.pr.expect", Class::Order(&["exact", "nothing_lost"]), |config| {
        let is_feed = matches!(config.subject, Some(Subject::Feed(_)));
        let usual = if is_feed { Expect::NothingLost } else { Expect::Exact };
        json!(match config.rules.pr_expect.unwrap_or(usual) {
            Expect::Exact => "exact",
            Expect::NothingLost => "nothing_lost",
        })
    }),
    Key("gates.release.level", LEVEL, |config| json!(config.rules.release_level.code())),
    Key("gates.nightly.strict", ON, |config| strict(config.rules.strictness.nightly)),
    Key("gates.nightly.fail_on", FAIL_ON, |config| fail_on(config.rules.strictness.nightly)),
    Key("gates.release.strict", ON, |config| strict(config.rules.strictness.release)),
    Key("gates.release.fail_on", FAIL_ON, |config| fail_on(config.rules.strictness.release)),
    Key("buckets.by", Class::Set, |config| match &config.rules.by {
        By::These(labels) => json!(labels),
        By::Every => Value::Null,
    }),
    Key("buckets.regulated.label", Class::Fixed, |config| json!(config.rules.regulated_label.label)),
    Key("buckets.regulated.values", Class::Set, |config| json!(config.rules.regulated_label.values)),
    Key("buckets.regulated.project", Class::Fixed, |config| json!(config.rules.regulated_label.project)),
    Key("profiles", Class::Profiles, |_| Value::Null),
    // They make recordings, and what a recording says is compared by itself.
    Key("adapters", Class::Free, |config| {
        json!(config.adapters.values().map(|adapter| (&adapter.name, &adapter.text)).collect::<Vec<_>>())
    }),
    Key("approvals.in_head", Class::Order(&["no", "reviewed", "yes"]), |config| json!(config.approvals.in_head.code())),
    Key("approvals.approvers", Class::Permission, |config| json!(config.approvals.approvers)),
];

/// What kind of thing a configuration has built; null where it has nothing built.
pub fn kind(config: &Config) -> Value {
    config.subject.as_ref().map_or(Value::Null, |subject| match subject {
        Subject::BuiltIn => json!("builtin"),
        // Another stella, whose scanner is built in it.
        Subject::Stella(_) => json!("builtin at a path"),
        Subject::Scanner(_) => json!("scanner"),
        Subject::Feed(_) => json!("feed"),
        Subject::Policy(_) => json!("policy"),
    })
}

fn scanner(config: &Config, value: impl FnOnce(&crate::config::ScannerSubject) -> Value) -> Value {
    match &config.subject {
        Some(Subject::Scanner(scanner)) => value(scanner),
        _ => Value::Null,
    }
}

fn strict(strictness: Strictness) -> Value {
    json!(strictness.strict.to_string())
}

fn fail_on(strictness: Strictness) -> Value {
    json!(if strictness.fail_on_warn { "warn" } else { "fail" })
}

/// One key whose value is another one.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleChange {
    /// The key; of a profile `profiles.NAME`.
    pub key: String,
    /// What the change does.
    pub effect: Effect,
    /// Its value before; null where there was none.
    pub old: Value,
    /// Its value now.
    pub new: Value,
    /// Whether it is the checkout's in any case.
    pub is_the_checkouts: bool,
}

/// Every key whose value in `head` is not that in `was`. Keys of a subject that only one of them has are left out.
pub fn changes(was: &Config, head: &Config) -> Vec<RuleChange> {
    let both_have_subjects = was.subject.is_some() && head.subject.is_some();
    let mut changes = Vec::new();
    for Key(key, class, value) in KEYS {
        if *class == Class::Profiles {
            profiles(was, head, &mut changes);
            continue;
        }
        let (old, new) = (value(was), value(head));
        if old == new || (key.starts_with("subject.") && !both_have_subjects) {
            continue;
        }
        let effect = if class.loosens(&old, &new) {
            Effect::Loosening
        } else if matches!(class, Class::Free | Class::Checkout) {
            Effect::Neutral
        } else {
            Effect::Tightening
        };
        let is_the_checkouts = *class == Class::Checkout;
        changes.push(RuleChange { key: (*key).to_owned(), effect, old, new, is_the_checkouts });
    }
    changes
}

impl Class {
    fn loosens(self, old: &Value, new: &Value) -> bool {
        // What cannot be compared loosens.
        let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
        let set = |value: &Value| -> Option<BTreeSet<String>> {
            value.as_array().map(|all| all.iter().map(ToString::to_string).collect())
        };
        match self {
            Self::Checkout | Self::Free => false,
            Self::Fixed | Self::Profiles => true,
            Self::Minimum => number(new).partial_cmp(&number(old)) != Some(Ordering::Greater),
            Self::Maximum => number(new).partial_cmp(&number(old)) != Some(Ordering::Less),
            Self::Set => match (set(old), set(new)) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(old), Some(new)) => !new.is_superset(&old),
            },
            Self::Permission => match (set(old), set(new)) {
                (Some(old), Some(new)) => !new.is_subset(&old),
                _ => true,
            },
            Self::Order(order) => {
                let at = |value: &Value| order.iter().position(|one| value.as_str() == Some(one));
                match (at(old), at(new)) {
                    (Some(old), Some(new)) => new > old,
                    _ => true,
                }
            }
        }
    }
}

/// Profiles of either side, each as it counts: a name that a side does not give is the built-in one.
fn profiles(was: &Config, head: &Config, changes: &mut Vec<RuleChange>) {
    let names: BTreeSet<&ProfileName> = was.profiles.keys().chain(head.profiles.keys()).collect();
    for name in names {
        let value = |config: &Config| -> Value {
            let profile = config.named_profile(name).and_then(|profile| profile.to_yaml().ok());
            profile.and_then(|text| serde_yaml::from_str(&text).ok()).unwrap_or(Value::Null)
        };
        let (old, new) = (value(was), value(head));
        if old == new {
            continue;
        }
        let effect = if old.is_null() {
            // A name that nothing could have used before.
            Effect::Neutral
        } else if hides_less(&old, &new) {
            Effect::Tightening
        } else {
            Effect::Loosening
        };
        changes.push(RuleChange { key: format!("profiles.{name}"), effect, old, new, is_the_checkouts: false });
    }
}

/// Whether a profile is another one with rules left out, or places at which a tool names itself, and nothing else. A rule that is left
/// out may bare a later one for the same place, so what stays must be in the same order; a new name for the same text hides nothing.
fn hides_less(old: &Value, new: &Value) -> bool {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return false };
    let list = |of: Option<&Value>| -> Vec<Value> { of.and_then(Value::as_array).cloned().unwrap_or_default() };
    let rules = |profile: &serde_json::Map<String, Value>| list(profile.get("rules"));
    let without = |profile: &serde_json::Map<String, Value>| {
        let mut rest = profile.clone();
        rest.remove("rules");
        rest.remove("identity");
        rest
    };
    let mut left = rules(old).into_iter();
    let fewer_rules = rules(new).iter().all(|rule| left.any(|old| old == *rule));
    let places = |profile: &serde_json::Map<String, Value>, part: &str| {
        list(profile.get("identity").and_then(|identity| identity.get(part)))
    };
    let fewer_places = ["version", "within", "unreferred"].iter().all(|part| {
        let known = places(old, part);
        places(new, part).iter().all(|place| known.contains(place))
    });
    without(old) == without(new) && fewer_rules && fewer_places
}

#[cfg(test)]
mod tests {
    use schemars::schema_for;

    use super::*;
    use crate::config::{FILE_NAME, RawConfig};
    use crate::host::fs::FsError;
    use std::path::Path;

    fn config(text: &str) -> Config {
        let files = |path: &str| -> Result<Vec<u8>, FsError> {
            let rule = |name: &str| format!("- {{path: /{name}, action: drop, reason: volatile}}\n");
            let rules: String = path.chars().filter(char::is_ascii_alphabetic).map(|c| rule(&c.to_string())).collect();
            Ok(format!("profile: own\nform: json\nrules:\n{rules}").into_bytes())
        };
        Config::of_commit(Path::new("/repo"), (Path::new(FILE_NAME), Some(text.as_bytes())), None, &files).unwrap()
    }

    fn seen(was: &str, head: &str) -> Vec<(String, Effect)> {
        changes(&config(was), &config(head)).into_iter().map(|change| (change.key, change.effect)).collect()
    }

    /// Every key of the schema, with dots; what is below a map by name is one key.
    fn keys(schema: &Value, of: &Value, prefix: &str, found: &mut BTreeSet<String>) {
        let target = of.get("$ref").or_else(|| of.pointer("/anyOf/0/$ref")).and_then(Value::as_str);
        let of = match target {
            Some(target) => schema.pointer(target.strip_prefix('#').unwrap()).unwrap(),
            None => of,
        };
        match of.get("properties").and_then(Value::as_object) {
            None => {
                found.insert(prefix.to_owned());
            }
            Some(properties) => {
                for (name, value) in properties {
                    let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                    keys(schema, value, &name, found);
                }
            }
        }
    }

    #[test]
    fn every_key_has_a_class() {
        let schema = schema_for!(RawConfig).to_value();
        let mut found = BTreeSet::new();
        keys(&schema, &schema, "", &mut found);
        assert!(found.len() > 30 && found.contains("buckets.regulated.label"), "{found:?}");
        let classed: BTreeSet<String> = KEYS.iter().map(|Key(key, ..)| (*key).to_owned()).collect();
        assert_eq!(found, classed);
        assert_eq!(KEYS.len(), classed.len());
    }

    #[test]
    fn a_default_that_is_written_out_is_no_change() {
        for text in [
            "# a comment\n",
            "version: 1\n",
            "thresholds: {green: 0.98, min_canaries: 10}\n",
            "cases: [regressions, tests/scanner/regressions]\n",
        ] {
            assert_eq!(seen("", text), [], "{text}");
        }
    }

    #[test]
    fn each_direction_is_told() {
        let subject = "subject: {kind: scanner, path: a/s, argv: ['{scanner}'], artifacts: [findings=-]}\n";
        let with = |more: &str| subject.replace("]}", &format!("], {more}}}"));
        let table: &[(&str, &str, &str)] = &[
            ("", "thresholds: {green: 0.97}", "thresholds.green"),
            ("", "thresholds: {bucket: 0.9}", "thresholds.bucket"),
            ("", "thresholds: {fail: 0.8}", "thresholds.fail"),
            ("", "thresholds: {regulated: 0.9}", "thresholds.regulated"),
            ("", "thresholds: {drop: 0.03}", "thresholds.drop"),
            ("", "thresholds: {release_bf: 0.5}", "thresholds.release_bf"),
            ("", "thresholds: {release_pf: 0.5}", "thresholds.release_pf"),
            ("", "thresholds: {min_manifests: 1}", "thresholds.min_manifests"),
            ("", "thresholds: {min_manifests_in_bucket: 1}", "thresholds.min_manifests_in_bucket"),
            ("", "thresholds: {min_canaries: 9}", "thresholds.min_canaries"),
            ("history: true", "", "history"),
            ("", "gates: {pr: {level: sf}}", "gates.pr.level"),
            ("", "gates: {pr: {expect: nothing_lost}}", "gates.pr.expect"),
            ("gates: {release: {level: sf}}", "gates: {release: {level: pf}}", "gates.release.level"),
            ("gates: {nightly: {strict: true}}", "", "gates.nightly.strict"),
            ("gates: {release: {strict: true}}", "", "gates.release.strict"),
            ("gates: {release: {fail_on: warn}}", "", "gates.release.fail_on"),
            ("gates: {nightly: {fail_on: warn}}", "", "gates.nightly.fail_on"),
            ("", "buckets: {by: [scanner]}", "buckets.by"),
            ("buckets: {by: [a, b]}", "buckets: {by: [a]}", "buckets.by"),
            (
                "buckets: {regulated: {values: [a, b]}}",
                "buckets: {regulated: {values: [b]}}",
                "buckets.regulated.values",
            ),
            ("", "approvals: {in_head: yes}", "approvals.in_head"),
            ("", "approvals: {approvers: [me]}", "approvals.approvers"),
            ("profiles: {own: a}", "profiles: {own: ab}", "profiles.own"),
            (subject, &with("build_sudo: true"), "subject.build_sudo"),
            (subject, &with("build: make, build_env: [TOKEN]").replace("build: make, ", ""), "subject.build_env"),
        ];
        for (strict, loose, key) in table {
            assert_eq!(seen(strict, loose), [((*key).to_owned(), Effect::Loosening)], "{strict} to {loose}");
            assert_eq!(seen(loose, strict), [((*key).to_owned(), Effect::Tightening)], "{loose} to {strict}");
        }
        // Where a tool names itself: what is put aside of it is compared with nothing.
        let sarif = |places: &str| {
            let whole = format!("profile: own\nform: json\nidentity: {{version: [{places}], reason: its build}}\n");
            serde_yaml::from_str::<Value>(&whole).unwrap()
        };
        let (narrow, wide) = (sarif("/a"), sarif("/a, /b"));
        assert!(hides_less(&wide, &narrow) && hides_less(&narrow, &narrow) && !hides_less(&narrow, &wide));
        assert!(!hides_less(&sarif("/a"), &sarif("/b")));
        // A profile that goes is another profile for whatever names it; one that comes was named by nothing.
        assert_eq!(seen("profiles: {own: a}", ""), [("profiles.own".to_owned(), Effect::Loosening)]);
        assert_eq!(seen("", "profiles: {own: a}"), [("profiles.own".to_owned(), Effect::Neutral)]);
        let both: &[(&str, &str, &str)] = &[
            ("", "thresholds: {window_days: 60}", "thresholds.window_days"),
            ("", "buckets: {regulated: {label: class}}", "buckets.regulated.label"),
            ("", "buckets: {regulated: {project: app}}", "buckets.regulated.project"),
            (subject, &with("engine: other"), "subject.engine"),
            (subject, &with("expect_exit: [0, 1]"), "subject.expect_exit"),
            (subject, &subject.replace("{scanner}'", "{scanner}', -q"), "subject.argv"),
            (subject, &subject.replace("findings=-", "evidence=-"), "subject.artifacts"),
            ("profiles: {own: ab}", "profiles: {own: ba}", "profiles.own"),
        ];
        for (one, other, key) in both {
            assert_eq!(seen(one, other), [((*key).to_owned(), Effect::Loosening)], "{other}");
            assert_eq!(seen(other, one), [((*key).to_owned(), Effect::Loosening)], "{other}");
        }
        for (text, key) in [("cases: [x]", "cases"), ("fixture_store: x", "fixture_store"), ("store: x", "store")] {
            assert_eq!(seen("", text), [(key.to_owned(), Effect::Neutral)], "{text}");
        }
        assert_eq!(seen(subject, &with("build: make")), [("subject.build".to_owned(), Effect::Neutral)]);
        let kinds = seen(subject, "subject: {kind: builtin}");
        assert!(kinds.contains(&("subject.kind".to_owned(), Effect::Loosening)), "{kinds:?}");
    }
}
