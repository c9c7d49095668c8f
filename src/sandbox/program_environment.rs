//! The environment of the program: the spec's allow-list and what its other fields decide; nothing is inherited.

use std::collections::BTreeMap;

use crate::sandbox::path_mapping::PathMapping;
use crate::sandbox::sandbox_path::{HOME, SCANNER};
use crate::sandbox::spec::{Clock, SandboxSpec};

/// Where programs are looked up before the scanner's own folder.
const SYSTEM_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// All that the program finds in its environment.
pub(crate) fn of_program(spec: &SandboxSpec, mapping: &PathMapping) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> =
        spec.env.iter().map(|(name, value)| (name.to_owned(), mapping.rewrite(value))).collect();
    let mut fix = |name: &str, value: String| all.insert(name.to_owned(), value);
    fix("TZ", spec.tz.as_str().to_owned());
    fix("LC_ALL", spec.locale.as_str().to_owned());
    fix("LANG", spec.locale.as_str().to_owned());
    fix("HOME", mapping.of(&HOME));
    let first: String = spec.path.iter().map(|folder| format!("{}:", folder.as_str())).collect();
    fix("PATH", format!("{first}{SYSTEM_PATH}:{}", mapping.of(&SCANNER)));
    fix("TMPDIR", mapping.temporary());
    if let Clock::Frozen(instant) = spec.clock {
        fix("SOURCE_DATE_EPOCH", instant.as_second().to_string());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::validated::Argv;

    fn spec(clock: Clock) -> SandboxSpec {
        SandboxSpec::new(Argv::new(["true"]).unwrap(), clock)
    }

    #[test]
    fn the_program_gets_the_list_and_the_fixed_ones() {
        let mut spec = spec(Clock::Frozen("2026-01-02T03:04:05.9Z".parse().unwrap()));
        spec.env.set("TOKEN", "/tmp/stella/config/x").unwrap();
        let all: Vec<_> =
            of_program(&spec, &PathMapping::OwnRoot).into_iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            all,
            [
                "HOME=/tmp/stella/home",
                "LANG=C.UTF-8",
                "LC_ALL=C.UTF-8",
                "PATH=/usr/local/bin:/usr/bin:/bin:/tmp/stella/scanner",
                "SOURCE_DATE_EPOCH=1767323045",
                "TMPDIR=/tmp",
                "TOKEN=/tmp/stella/config/x",
                "TZ=UTC",
            ]
        );
    }

    #[test]
    fn a_running_clock_has_no_epoch() {
        assert!(!of_program(&spec(Clock::Real), &PathMapping::OwnRoot).contains_key("SOURCE_DATE_EPOCH"));
    }
}
