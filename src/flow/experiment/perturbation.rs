//! Ways to perturb a job, one thing at a time, each of which must not matter to a result.

use jiff::{SignedDuration, Timestamp};

use crate::archive::tree::Tree;
use crate::job::material::InputMaterial;
use crate::job::scan_spec::ScanSpec;
use crate::model::cause::SubTag;
use crate::sandbox::spec::DirectoryOrder;
use crate::sandbox::validated::{CpuCount, Hostname, Umask, User};

/// One way to perturb a job.
pub struct PerturbationKind {
    /// Its name.
    pub name: &'static str,
    /// What is done.
    pub what: &'static str,
    /// What a result that it changes depends on; `None` where there is no name for that.
    pub tells: Option<SubTag>,
    /// The subject of what a level of isolation loses when it does not keep this.
    subject: Option<&'static str>,
    change: fn(&mut ScanSpec) -> Result<(), &'static str>,
}

impl PerturbationKind {
    /// The perturbed job; why there is none where it has no meaning for this one, or `lost` says that it would have no effect.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn perturb(&self, job: &ScanSpec, lost: &[String]) -> Result<ScanSpec, String> {
        let prefix = self.subject.map(|subject| format!("{subject}:"));
        if let Some(why) = lost.iter().find(|line| prefix.as_ref().is_some_and(|prefix| line.starts_with(prefix))) {
            return Err(why.clone());
        }
        let mut job = job.clone();
        (self.change)(&mut job)?;
        Ok(job)
    }
}

const fn way(
    name: &'static str,
    what: &'static str,
    tells: Option<SubTag>,
    subject: Option<&'static str>,
    change: fn(&mut ScanSpec) -> Result<(), &'static str>,
) -> PerturbationKind {
    PerturbationKind { name, what, tells, subject, change }
}

/// Every perturbation, in the order in which they are made.
pub const ALL: [PerturbationKind; 14] = [
    way("clock", "a year and a day later", Some(SubTag::Time), Some("clock"), |job| {
        if job.settings.clock_runs {
            return Err("the scan was recorded with a running clock");
        }
        job.clock = later(job.clock);
        Ok(())
    }),
    way("tz", "Pacific/Kiritimati", Some(SubTag::Tz), None, |job| {
        job.tz = "Pacific/Kiritimati".to_owned();
        Ok(())
    }),
    way("locale", "tr_TR.UTF-8", Some(SubTag::Locale), None, |job| {
        job.locale = "tr_TR.UTF-8".to_owned();
        Ok(())
    }),
    way("hostname", "`chaos-monkey`", Some(SubTag::Hostname), Some("hostname"), |job| {
        job.settings.hostname = Hostname::new("chaos-monkey").ok();
        Ok(())
    }),
    way("cpu-count", "one processor", Some(SubTag::CpuCount), Some("cpu count"), |job| {
        job.settings.cpu_count = Some(CpuCount::nearest(1));
        Ok(())
    }),
    way("cpu-count-many", "seven processors", Some(SubTag::CpuCount), Some("cpu count"), |job| {
        job.settings.cpu_count = Some(CpuCount::nearest(7));
        Ok(())
    }),
    way("directory-order", "shuffled by the seed", Some(SubTag::Ordering), Some("directory order"), |job| {
        job.settings.directory_order = Some(DirectoryOrder::Seeded);
        Ok(())
    }),
    way(
        "component-order",
        "lists of components and packages in the input reversed",
        Some(SubTag::Ordering),
        None,
        reverse_components,
    ),
    way("seed", "another seed of all randomness", Some(SubTag::Rng), Some("randomness"), |job| {
        job.seed = job.seed.wrapping_add(0x5eed);
        Ok(())
    }),
    way("uid", "user 4242", None, Some("user"), |job| {
        job.settings.user = User::new(4242, 4242).ok();
        Ok(())
    }),
    way("umask", "077", None, None, |job| {
        job.settings.umask = Umask::new(0o077).ok();
        Ok(())
    }),
    way("home", "another home directory", Some(SubTag::Path), None, |job| wrapped(job, &["/usr/bin/env", "HOME=/tmp"])),
    way("warm-cache", "the second run in one sandbox", None, None, |job| {
        wrapped(job, &["/bin/sh", "-c", "\"$@\" >/dev/null 2>&1; exec \"$@\"", "sh"])
    }),
    way("environment", "one variable more that nobody reads", None, None, |job| {
        job.env.insert("STELLA_CHAOS".to_owned(), "1".to_owned());
        Ok(())
    }),
];

fn later(at: Timestamp) -> Timestamp {
    const HOURS: i64 = 366 * 24;
    at.checked_add(SignedDuration::from_hours(HOURS)).unwrap_or(at)
}

/// The command behind another one; the built-in scanner has no command.
fn wrapped(job: &mut ScanSpec, before: &[&str]) -> Result<(), &'static str> {
    if job.argv.is_empty() {
        return Err("the built-in scanner has no process of its own");
    }
    job.argv.splice(0..0, before.iter().map(|word| (*word).to_owned()));
    Ok(())
}

/// Reverses `components` and `packages` of every JSON document of the input: an order that means nothing.
fn reverse_components(job: &mut ScanSpec) -> Result<(), &'static str> {
    let reversed = |bytes: &[u8]| -> Option<Vec<u8>> {
        let mut document: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        let mut any = false;
        for name in ["components", "packages"] {
            if let Some(list) =
                document.get_mut(name).and_then(|list| list.as_array_mut()).filter(|list| list.len() > 1)
            {
                list.reverse();
                any = true;
            }
        }
        any.then(|| serde_json::to_vec(&document).ok()).flatten()
    };
    const NONE: &str = "no document of the input has a list of components or packages";
    match &job.input {
        InputMaterial::File { name, bytes, .. } => {
            let bytes = reversed(bytes).ok_or(NONE)?;
            job.input = InputMaterial::file(name.clone(), bytes);
        }
        InputMaterial::Tree(_) => {
            let files = job.input.files();
            let turned: Vec<(String, Vec<u8>, bool)> = files
                .into_iter()
                .map(|(path, bytes)| match reversed(bytes) {
                    Some(reversed) => (path.to_owned(), reversed, true),
                    None => (path.to_owned(), bytes.to_vec(), false),
                })
                .collect();
            if !turned.iter().any(|(_, _, any)| *any) {
                return Err(NONE);
            }
            let files = turned.into_iter().map(|(path, bytes, _)| (path, bytes)).collect();
            let tree = Tree::of_files(files).map_err(|_| NONE)?;
            job.input = InputMaterial::Tree(tree);
        }
        InputMaterial::Image(_) => return Err("what an image holds is fixed by its digest"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::replay::swap_request::factors;
    use crate::job::scan_spec::sample;
    use crate::model::cause::Factor;
    use crate::model::dimension::Dimension;

    fn input(text: &str) -> ScanSpec {
        ScanSpec { input: InputMaterial::file("bom.json", text.into()), ..sample::of_a_file() }
    }

    const LISTS: &str = r#"{"components":[1,2,3],"packages":[4]}"#;

    #[test]
    fn each_changes_one_thing_and_that_is_the_one_it_tells_of() {
        let scan = input(LISTS);
        for way in &ALL {
            let perturbed = way.perturb(&scan, &[]).unwrap();
            let expected = match way.name {
                "clock" => vec![Factor::of_environment(SubTag::Time)],
                "tz" => vec![Factor::of_environment(SubTag::Tz)],
                "locale" => vec![Factor::of_environment(SubTag::Locale)],
                "hostname" => vec![Factor::of_environment(SubTag::Hostname)],
                "cpu-count" | "cpu-count-many" => vec![Factor::of_environment(SubTag::CpuCount)],
                "directory-order" => vec![Factor::of_environment(SubTag::Ordering)],
                "seed" => vec![Factor::of_environment(SubTag::Rng)],
                "uid" | "umask" => vec![Factor::whole(Dimension::Environment)],
                "component-order" => vec![Factor::whole(Dimension::Input)],
                "home" | "warm-cache" => vec![Factor::whole(Dimension::Config)],
                "environment" => Vec::new(),
                name => panic!("what does `{name}` change?"),
            };
            assert_eq!(factors(&scan, &perturbed), expected, "{}", way.name);
            assert_eq!(perturbed.env != scan.env, way.name == "environment", "{}", way.name);
        }
    }

    #[test]
    fn what_would_have_no_effect_is_not_run_and_says_why() {
        for way in &ALL {
            let Some(subject) = way.subject else { continue };
            let lost = ["other: nothing".to_owned(), format!("{subject}: the machine's is seen")];
            assert_eq!(way.perturb(&input(LISTS), &lost).unwrap_err(), lost[1], "{}", way.name);
            assert!(way.perturb(&input(LISTS), &lost[..1]).is_ok(), "{}", way.name);
        }
        let running = crate::job::machine_settings::Settings { clock_runs: true, ..Default::default() };
        let scans = [
            ("clock", ScanSpec { settings: running, ..input(LISTS) }),
            ("home", ScanSpec { argv: Vec::new(), ..input(LISTS) }),
            ("warm-cache", ScanSpec { argv: Vec::new(), ..input(LISTS) }),
            ("component-order", input("{}")),
            ("component-order", input(r#"{"components":[1]}"#)),
            ("component-order", input("not JSON")),
        ];
        for (name, scan) in scans {
            let way = ALL.iter().find(|way| way.name == name).unwrap();
            assert!(way.perturb(&scan, &[]).is_err(), "{name}");
        }
    }

    #[test]
    fn lists_are_reversed_and_everything_else_stays() {
        let mut scan = input(LISTS);
        reverse_components(&mut scan).unwrap();
        assert_eq!(scan.input.files(), [("bom.json", br#"{"components":[3,2,1],"packages":[4]}"#.as_slice())]);
        let files = [("a.json", LISTS), ("b.txt", "text"), ("c.json", "{\"components\": []}")];
        let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
        let mut scan = ScanSpec { input: InputMaterial::Tree(Tree::of_files(files.to_vec()).unwrap()), ..scan };
        reverse_components(&mut scan).unwrap();
        let read: Vec<_> =
            scan.input.files().into_iter().map(|(path, bytes)| (path, String::from_utf8_lossy(bytes))).collect();
        assert_eq!(read[0], ("a.json", r#"{"components":[3,2,1],"packages":[4]}"#.into()));
        assert_eq!(read[1..], [("b.txt", "text".into()), ("c.json", "{\"components\": []}".into())]);
    }
}
