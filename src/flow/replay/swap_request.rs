//! What differs between two jobs, and jobs that take some of it from the one and some from the other.
//!
//! Invariant: what is not a factor comes from *now*: it is the same on both sides, or it was never recorded (the values of
//! variables).

use std::collections::BTreeMap;

use crate::attribute::Cell;
use crate::job::scan_spec::ScanSpec;
use crate::model::cause::{Factor, SubTag};
use crate::model::dimension::Dimension;

/// The parts of the environment that can be swapped alone.
const PARTS: [SubTag; 7] =
    [SubTag::Tz, SubTag::Locale, SubTag::Hostname, SubTag::CpuCount, SubTag::Ordering, SubTag::Time, SubTag::Rng];

/// What differs between two jobs and can be swapped, in the order in which the floor rule asks.
pub fn factors(recorded: &ScanSpec, now: &ScanSpec) -> Vec<Factor> {
    let whole = Dimension::BY_FLOOR_ORDER.into_iter().map(Factor::whole);
    let all = whole.chain(PARTS.into_iter().map(Factor::of_environment));
    all.filter(|factor| differs(*factor, recorded, now)).collect()
}

/// `now`, with every factor outside `cell` as it was recorded.
pub fn mix(recorded: &ScanSpec, now: &ScanSpec, factors: &[Factor], cell: Cell) -> ScanSpec {
    let mut job = now.clone();
    for (_, factor) in factors.iter().enumerate().filter(|(at, _)| !cell.contains(*at)) {
        take(*factor, &mut job, recorded);
    }
    job
}

fn differs(factor: Factor, a: &ScanSpec, b: &ScanSpec) -> bool {
    let feeds = |job: &ScanSpec| -> BTreeMap<String, _> {
        job.feeds.iter().map(|feed| (feed.name.clone(), feed.identity())).collect()
    };
    let (x, y) = (&a.settings, &b.settings);
    match (factor.dimension, factor.part) {
        (Dimension::Feed, _) => feeds(a) != feeds(b),
        (Dimension::Scanner, _) => a.scanner.identity() != b.scanner.identity(),
        (Dimension::Config, _) => {
            let told = |job: &ScanSpec| job.config.as_ref().map(|config| config.identity());
            a.argv != b.argv || a.flags != b.flags || a.set_env != b.set_env || told(a) != told(b)
        }
        (Dimension::Policy, _) => {
            a.policy.as_ref().map(|policy| policy.identity()) != b.policy.as_ref().map(|policy| policy.identity())
        }
        (Dimension::Input, _) => a.input.identity() != b.input.identity(),
        (Dimension::Environment, None) => {
            a.roots != b.roots || x.path != y.path || x.umask != y.umask || x.user != y.user
        }
        (Dimension::Environment, Some(part)) => match part {
            SubTag::Tz => a.tz != b.tz,
            SubTag::Locale => a.locale != b.locale,
            SubTag::Hostname => x.hostname != y.hostname,
            SubTag::CpuCount => x.cpu_count != y.cpu_count,
            SubTag::Ordering => x.directory_order != y.directory_order,
            SubTag::Time => (a.clock, x.clock_runs, x.clamp_file_times) != (b.clock, y.clock_runs, y.clamp_file_times),
            SubTag::Rng => a.seed != b.seed,
            _ => false,
        },
    }
}

/// Takes one factor from another job.
pub fn take(factor: Factor, into: &mut ScanSpec, from: &ScanSpec) {
    let settings = &from.settings;
    match (factor.dimension, factor.part) {
        (Dimension::Feed, _) => into.feeds.clone_from(&from.feeds),
        (Dimension::Scanner, _) => into.scanner = from.scanner.clone(),
        (Dimension::Config, _) => {
            into.argv.clone_from(&from.argv);
            into.flags.clone_from(&from.flags);
            into.set_env.clone_from(&from.set_env);
            into.config.clone_from(&from.config);
        }
        (Dimension::Policy, _) => into.policy.clone_from(&from.policy),
        (Dimension::Input, _) => into.input = from.input.clone(),
        (Dimension::Environment, None) => {
            into.roots.clone_from(&from.roots);
            into.settings.path.clone_from(&settings.path);
            (into.settings.umask, into.settings.user) = (settings.umask, settings.user);
        }
        (Dimension::Environment, Some(part)) => match part {
            SubTag::Tz => into.tz.clone_from(&from.tz),
            SubTag::Locale => into.locale.clone_from(&from.locale),
            SubTag::Hostname => into.settings.hostname.clone_from(&settings.hostname),
            SubTag::CpuCount => into.settings.cpu_count = settings.cpu_count,
            SubTag::Ordering => into.settings.directory_order = settings.directory_order,
            SubTag::Time => {
                (into.clock, into.settings.clock_runs) = (from.clock, settings.clock_runs);
                into.settings.clamp_file_times = settings.clamp_file_times;
            }
            SubTag::Rng => into.seed = from.seed,
            _ => {}
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::material::{InputMaterial, ScannerMaterial};
    use crate::job::scan_spec::sample;
    use crate::sandbox::spec::DirectoryOrder;
    use crate::sandbox::validated::{CpuCount, Hostname, Umask, User};

    const ENVIRONMENT: Factor = Factor { dimension: Dimension::Environment, part: None };

    fn config(scan: &mut ScanSpec) {
        scan.argv.push("--deep".to_owned());
    }

    type Change = fn(&mut ScanSpec);

    /// A change of each kind, with the one factor that it is.
    fn changes() -> Vec<(Factor, Change)> {
        let whole = Factor::whole;
        let part = Factor::of_environment;
        vec![
            (whole(Dimension::Input), |scan| scan.input = InputMaterial::file("other", b"[]".to_vec())),
            (whole(Dimension::Scanner), |scan| scan.scanner = ScannerMaterial::BuiltIn),
            (whole(Dimension::Config), config),
            (whole(Dimension::Config), |scan| scan.flags.push("--distro=debian-12".to_owned())),
            (whole(Dimension::Config), |scan| drop(scan.set_env.insert("MODE".to_owned(), "deep".to_owned()))),
            (whole(Dimension::Config), |scan| scan.config = Some(InputMaterial::file("rules", Vec::new()))),
            (ENVIRONMENT, |scan| scan.roots.push("/opt".to_owned())),
            (ENVIRONMENT, |scan| scan.settings.path.push("/opt/bin".to_owned())),
            (ENVIRONMENT, |scan| scan.settings.umask = Umask::new(0o077).ok()),
            (ENVIRONMENT, |scan| scan.settings.user = User::new(0, 0).ok()),
            (part(SubTag::Tz), |scan| scan.tz = "Europe/Vienna".to_owned()),
            (part(SubTag::Locale), |scan| scan.locale = "tr_TR.UTF-8".to_owned()),
            (part(SubTag::Hostname), |scan| scan.settings.hostname = Hostname::new("other").ok()),
            (part(SubTag::CpuCount), |scan| scan.settings.cpu_count = Some(CpuCount::nearest(3))),
            (part(SubTag::Ordering), |scan| scan.settings.directory_order = Some(DirectoryOrder::Seeded)),
            (part(SubTag::Time), |scan| scan.clock = "2027-01-01T00:00:00Z".parse().unwrap()),
            (part(SubTag::Time), |scan| scan.settings.clock_runs = true),
            (part(SubTag::Time), |scan| scan.settings.clamp_file_times = true),
            (part(SubTag::Rng), |scan| scan.seed += 1),
        ]
    }

    #[test]
    fn a_change_is_one_factor_and_taking_that_back_takes_back_the_change() {
        let recorded = sample::of_a_file();
        assert!(factors(&recorded, &recorded).is_empty());
        for (factor, change) in changes() {
            let mut now = recorded.clone();
            change(&mut now);
            assert_eq!(factors(&recorded, &now), [factor]);
            take(factor, &mut now, &recorded);
            assert!(factors(&recorded, &now).is_empty(), "{factor:?}");
        }
    }

    #[test]
    fn every_part_that_can_be_swapped_is_tried_here() {
        let tried: Vec<Factor> = changes().into_iter().map(|(factor, _)| factor).collect();
        for part in PARTS {
            assert!(tried.contains(&Factor::of_environment(part)), "{part:?}");
        }
    }

    #[test]
    fn a_mix_has_of_each_factor_the_side_that_the_cell_says() {
        let recorded = sample::of_a_file();
        let mut now = recorded.clone();
        // Of each factor one change, so that all of them differ at once.
        let mut seen = Vec::new();
        for (factor, change) in changes() {
            if !seen.contains(&factor) {
                change(&mut now);
                seen.push(factor);
            }
        }
        let all = factors(&recorded, &now);
        assert_eq!(all.len(), seen.len());
        assert!(factors(&recorded, &mix(&recorded, &now, &all, Cell::RECORDED)).is_empty());
        assert!(factors(&now, &mix(&recorded, &now, &all, Cell::now(all.len()))).is_empty());
        for (at, factor) in all.iter().enumerate() {
            assert_eq!(factors(&recorded, &mix(&recorded, &now, &all, Cell::only(at))), [*factor]);
        }
    }

    #[test]
    fn what_is_no_factor_is_of_now() {
        let recorded = sample::of_a_file();
        let mut now = recorded.clone();
        now.env.insert("TOKEN".to_owned(), "secret".to_owned());
        config(&mut now);
        let all = factors(&recorded, &now);
        assert_eq!(mix(&recorded, &now, &all, Cell::RECORDED).env, now.env);
    }
}
