//! Planted drifts: simulated scanners whose every cause is known, and what attribution makes of them.
//!
//! A scanner is a function of the inputs that are swapped, and of chance where it is flaky. The table is also the one of
//! `docs/attribution.md`, which is held fresh here (`make bless` writes it).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::LazyLock;

use stella::attribute::judge::KeyVerdict;
use stella::attribute::{Attribution, Cell, Key, Next, Observation, Plan, TrialOutcome, Trials, cause};
use stella::model::cause::{Factor, SubTag};
use stella::model::digest::Digest;
use stella::model::dimension::Dimension;
use stella::model::statistics::split_mix::SplitMix64;

use crate::harness::repository;

/// Seeds of the flaky scanners' chance: published, so that every run is the same.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=200;

/// Replays beyond two for each factor that a deterministic drift may take, where single swaps explain it.
const CONTROLS_AND_REPEATS: usize = 13;

/// Replays that each further cause may take: its swaps are repeated on their own.
const FURTHER_CAUSE: usize = 6;

/// One scanner.
struct Planted {
    title: &'static str,
    /// What differs between the recording and now.
    differs: &'static str,
    /// What each finding answers to. `a` alone; `a*b` only together; `a+b` each with a part of its own; `a|b` either;
    /// `~20` is lost in 20 % of the runs; `?` is never twice the same; `a~20` both.
    findings: &'static [&'static str],
    /// What must come out, finding by finding.
    expected: &'static [&'static str],
}

const fn planted(
    title: &'static str,
    differs: &'static str,
    findings: &'static [&'static str],
    expected: &'static [&'static str],
) -> Planted {
    Planted { title, differs, findings, expected }
}

const ALL: &str = "feed scanner config policy input tz";

#[rustfmt::skip]
const DETERMINISTIC: &[Planted] = &[
    planted("another feed alone", "feed", &["feed"], &["feed"]),
    planted("another scanner alone", "scanner", &["scanner"], &["scanner"]),
    planted("other flags alone", "config", &["config"], &["config"]),
    planted("another policy alone", "policy", &["policy"], &["policy"]),
    planted("another input alone", "input", &["input"], &["input"]),
    planted("another time zone alone", "tz", &["tz"], &["tz"]),
    planted("another locale alone", "locale", &["locale"], &["locale"]),
    planted("another host name alone", "hostname", &["hostname"], &["hostname"]),
    planted("depends on the CPU count", "cpu_count", &["cpu_count"], &["cpu_count"]),
    planted("prints the date", "time", &["time"], &["time"]),
    planted("sorts by hash order (seed)", "rng", &["rng"], &["rng"]),
    planted("lists a directory unsorted", "ordering", &["ordering"], &["ordering"]),
    planted("feed, beside an innocent scanner", "feed scanner", &["feed"], &["feed"]),
    planted("scanner, beside an innocent feed", "feed scanner", &["scanner"], &["scanner"]),
    planted("policy, beside an innocent feed", "feed policy", &["policy"], &["policy"]),
    planted("flags, beside an innocent scanner", "scanner config", &["config"], &["config"]),
    planted("input, beside an innocent feed", "feed input", &["input"], &["input"]),
    planted("time zone, beside an innocent locale", "locale tz", &["tz"], &["tz"]),
    planted("feed among six that differ", ALL, &["feed"], &["feed"]),
    planted("scanner among six", ALL, &["scanner"], &["scanner"]),
    planted("flags among six", ALL, &["config"], &["config"]),
    planted("policy among six", ALL, &["policy"], &["policy"]),
    planted("input among six", ALL, &["input"], &["input"]),
    planted("time zone among six", ALL, &["tz"], &["tz"]),
    planted("two findings, two causes", "feed scanner", &["feed", "scanner"], &["feed", "scanner"]),
    planted("two findings, two causes among six", ALL, &["policy", "input"], &["policy", "input"]),
    planted("three findings, three causes", "feed scanner policy", &["feed", "scanner", "policy"], &["feed", "scanner", "policy"]),
    planted("six findings, six causes", ALL, &["feed", "scanner", "config", "policy", "input", "tz"], &["feed", "scanner", "config", "policy", "input", "tz"]),
    planted("many of one and few of another", "feed scanner", &["feed", "feed", "feed", "feed", "scanner"], &["feed", "feed", "feed", "feed", "scanner"]),
    planted("a policy that bites only with a new advisory", "feed policy", &["feed*policy"], &["feed × policy"]),
    planted("the same among six", ALL, &["feed*policy"], &["feed × policy"]),
    planted("a flag that only the new scanner has", "scanner config", &["scanner*config"], &["scanner × config"]),
    planted("a parser's bug that only the new input shows", "scanner input", &["scanner*input"], &["scanner × input"]),
    planted("three that must come together", "feed scanner policy", &["feed*scanner*policy"], &["feed × scanner × policy"]),
    planted("three together among six", ALL, &["feed*config*input"], &["feed × config × input"]),
    planted("either of two is enough", "feed scanner", &["feed|scanner"], &["feed or scanner"]),
    planted("either of two among six", ALL, &["feed|input"], &["feed or input"]),
    planted("alone, or two together", "feed scanner policy", &["feed|scanner*policy"], &["feed or scanner × policy"]),
    planted("one finding, two causes at once", "feed scanner", &["feed+scanner"], &["feed + scanner"]),
    planted("one finding, two causes among six", ALL, &["scanner+policy"], &["scanner + policy"]),
    planted("one finding, three causes at once", "feed scanner policy", &["feed+scanner+policy"], &["feed + scanner + policy"]),
    planted("an interaction beside a single cause", "feed scanner policy", &["feed*policy", "scanner"], &["feed × policy", "scanner"]),
    planted("everything at once", "feed scanner policy input", &["feed", "scanner", "feed*policy", "input+scanner", "feed|input"], &["feed", "scanner", "feed × policy", "scanner + input", "feed or input"]),
    planted("nothing of all that differs", ALL, &[], &[]),
];

#[rustfmt::skip]
const FLAKY: &[Planted] = &[
    planted("loses a finding in 5 % of the runs", "feed", &["~5"], &["flaky"]),
    planted("loses a finding in 20 %", "feed", &["~20"], &["flaky"]),
    planted("loses a finding in 50 %", "feed", &["~50"], &["flaky"]),
    planted("5 %, three inputs differ", "feed scanner policy", &["~5"], &["flaky"]),
    planted("20 %, three inputs differ", "feed scanner policy", &["~20"], &["flaky"]),
    planted("50 %, three inputs differ", "feed scanner policy", &["~50"], &["flaky"]),
    planted("50 %, six inputs differ", ALL, &["~50"], &["flaky"]),
    planted("four findings at 20 %", "feed scanner", &["~20", "~20", "~20", "~20"], &["flaky", "flaky", "flaky", "flaky"]),
    planted("another value in every run", "feed scanner", &["?"], &["flaky"]),
    planted("50 %, nothing differs", "", &["~50"], &["flaky"]),
    planted("one at 20 %, one by the feed", "feed scanner", &["~20", "feed"], &["flaky", "feed"]),
    planted("by the feed, and 5 % beside it", "feed scanner", &["feed~5"], &["feed"]),
    planted("by the feed, and 20 % beside it", "feed scanner", &["feed~20"], &["feed"]),
    planted("by the feed, and 50 % beside it", "feed", &["feed~50"], &["feed"]),
];

fn factor(name: &str) -> Factor {
    let part = |tag| Factor::of_environment(tag);
    match name {
        "feed" => Factor::whole(Dimension::Feed),
        "scanner" => Factor::whole(Dimension::Scanner),
        "config" => Factor::whole(Dimension::Config),
        "policy" => Factor::whole(Dimension::Policy),
        "input" => Factor::whole(Dimension::Input),
        "tz" => part(SubTag::Tz),
        "locale" => part(SubTag::Locale),
        "hostname" => part(SubTag::Hostname),
        "cpu_count" => part(SubTag::CpuCount),
        "time" => part(SubTag::Time),
        "rng" => part(SubTag::Rng),
        "ordering" => part(SubTag::Ordering),
        other => panic!("no factor `{other}`"),
    }
}

struct Chance(SplitMix64);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    fn happens(&mut self, percent: u64) -> bool {
        self.0.draw() % 100 < percent
    }
}

struct Simulation<'a> {
    planted: &'a Planted,
    names: Vec<&'static str>,
    chance: Chance,
}

impl<'a> Simulation<'a> {
    fn new(planted: &'a Planted, seed: u64) -> Self {
        // Each scanner has chances of its own.
        let own = planted.title.bytes().fold(seed, |own, byte| SplitMix64::new(own ^ u64::from(byte)).draw());
        Self { planted, names: planted.differs.split_whitespace().collect(), chance: Chance::new(own) }
    }

    fn key(at: usize) -> Key {
        Key::Finding { cve_id: format!("CVE-2026-{at:04}"), affected_purl: "pkg:npm/a@1".into() }
    }

    fn is_now(&self, cell: Cell, name: &str) -> bool {
        cell.contains(self.names.iter().position(|known| *known == name).unwrap())
    }

    /// One run: a pure function of the cell, but for chance.
    fn run(&mut self, cell: Cell) -> Observation {
        let mut observation = Observation::new();
        for (at, rule) in self.planted.findings.iter().enumerate() {
            let (rule, percent) = rule.split_once('~').unwrap_or((rule, "0"));
            let state = match rule {
                "?" => self.chance.0.draw().to_string(),
                "" => String::new(),
                _ if rule.contains('+') => {
                    rule.split('+').map(|name| if self.is_now(cell, name) { '1' } else { '0' }).collect()
                }
                _ => {
                    let way = |way: &str| way.split('*').all(|name| self.is_now(cell, name));
                    rule.split('|').any(way).to_string()
                }
            };
            if !self.chance.happens(percent.parse().unwrap()) {
                observation.insert(Self::key(at), Digest::of(state.as_bytes()));
            }
        }
        observation
    }

    /// The whole experiment, from a recording made by the same scanner.
    fn explain(&mut self) -> Attribution {
        let golden = Some(self.run(Cell::RECORDED));
        let factors = self.names.iter().map(|name| factor(name)).collect();
        let plan = Plan { factors, golden, max_replays: 1000 };
        let mut trials = Trials::default();
        loop {
            match plan.next(&trials) {
                Next::Run(cell) => trials.add(cell, TrialOutcome::Observed(self.run(cell))),
                Next::Done(attribution) => return attribution,
            }
        }
    }
}

fn names(planted: &Planted, attribution: &Attribution) -> Vec<String> {
    let keys = (0..planted.findings.len()).map(Simulation::key);
    keys.map(|key| attribution.verdict(&key).map_or("-".into(), |verdict| cause::name(verdict, &attribution.factors)))
        .collect()
}

/// What attribution makes of a flaky scanner over all seeds.
#[derive(Default)]
struct Tally {
    found: BTreeMap<String, usize>,
    blamed_wrongly: usize,
    replays: Vec<usize>,
}

fn tally(planted: &Planted) -> Tally {
    let mut tally = Tally::default();
    for seed in SEEDS {
        let attribution = Simulation::new(planted, seed).explain();
        tally.replays.push(attribution.replays);
        for (rule, name) in planted.findings.iter().zip(names(planted, &attribution)) {
            // Whatever is named must be in the rule.
            let guilty = rule.split('~').next().unwrap();
            let innocent = |named: &str| !["flaky", "unexplained", "-"].contains(&named) && named != guilty;
            tally.blamed_wrongly += usize::from(innocent(&name));
            *tally.found.entry(name).or_default() += 1;
        }
    }
    tally.replays.sort_unstable();
    tally
}

/// Made once for the tests that read it.
static TALLIES: LazyLock<Vec<Tally>> = LazyLock::new(|| FLAKY.iter().map(tally).collect());

#[test]
fn every_deterministic_drift_has_its_cause_and_takes_few_replays() {
    for planted in DETERMINISTIC {
        let attribution = Simulation::new(planted, 0).explain();
        assert_eq!(names(planted, &attribution), planted.expected, "{}", planted.title);
        assert!(!attribution.partial && !attribution.is_flaky(), "{}", planted.title);
        for one in &attribution.explained {
            let KeyVerdict::Swaps(accusation) = &one.verdict else { panic!("{}: {one:?}", planted.title) };
            assert!(accusation.is_proved(), "{}: {accusation:?}", planted.title);
        }
        let is_single = planted.findings.iter().all(|rule| !rule.contains(['*', '+', '|']));
        let causes: BTreeSet<&str> = planted.expected.iter().copied().collect();
        let further = FURTHER_CAUSE * causes.len().saturating_sub(1);
        let bound = 2 * attribution.factors.len() + CONTROLS_AND_REPEATS + further;
        assert!(!is_single || attribution.replays <= bound, "{}: {} replays", planted.title, attribution.replays);
    }
}

#[test]
fn chance_blames_nobody() {
    for (planted, tally) in FLAKY.iter().zip(TALLIES.iter()) {
        assert_eq!(tally.blamed_wrongly, 0, "{}: {:?}", planted.title, tally.found);
    }
}

#[test]
fn the_same_trials_give_the_same_answer() {
    for planted in DETERMINISTIC.iter().chain(FLAKY) {
        let once = || Simulation::new(planted, 7).explain();
        assert_eq!(once(), once(), "{}", planted.title);
    }
}

#[test]
fn a_budget_ends_with_the_best_answer_and_says_so() {
    let planted = &DETERMINISTIC[DETERMINISTIC.len() - 2];
    let mut simulation = Simulation::new(planted, 0);
    let factors: Vec<Factor> = simulation.names.iter().map(|name| factor(name)).collect();
    let golden = Some(simulation.run(Cell::RECORDED));
    for max_replays in 0..30 {
        let plan = Plan { factors: factors.clone(), golden: golden.clone(), max_replays };
        let mut trials = Trials::default();
        let attribution = loop {
            match plan.next(&trials) {
                Next::Run(cell) => trials.add(cell, TrialOutcome::Observed(simulation.run(cell))),
                Next::Done(attribution) => break attribution,
            }
        };
        assert!(attribution.replays <= max_replays);
        assert!(attribution.partial, "{max_replays}");
        // What is named without being sure is not called proved, and what is proved is right.
        for (one, expected) in attribution.explained.iter().zip(planted.expected) {
            if let KeyVerdict::Swaps(accusation) = &one.verdict
                && accusation.is_proved()
            {
                assert_eq!(cause::name(&one.verdict, &factors), *expected);
            }
        }
    }
}

fn table() -> String {
    let mut text = "| planted | inputs that differ | found | replays |\n|---|---|---|---|\n".to_owned();
    for planted in DETERMINISTIC {
        let attribution = Simulation::new(planted, 0).explain();
        let (n, found) = (attribution.factors.len(), cause::in_short(&attribution));
        writeln!(text, "| {} | {n} | {found} | {} |", planted.title, attribution.replays).unwrap();
    }
    text += "\n| flaky | inputs that differ | found, over 200 seeds | blamed wrongly | replays: median, most |\n";
    text += "|---|---|---|---|---|\n";
    for (planted, tally) in FLAKY.iter().zip(TALLIES.iter()) {
        let mut found: Vec<_> = tally.found.iter().collect();
        found.sort_by(|a, b| b.1.cmp(a.1));
        let found: Vec<String> = found
            .into_iter()
            .map(|(name, count)| format!("{count} {}", if name == "-" { "not seen to differ" } else { name }))
            .collect();
        let (median, most) = (tally.replays[tally.replays.len() / 2], tally.replays.last().unwrap());
        let n = planted.differs.split_whitespace().count();
        let (found, wrong) = (found.join(", "), tally.blamed_wrongly);
        writeln!(text, "| {} | {n} | {found} | {wrong} | {median}, {most} |", planted.title).unwrap();
    }
    text
}

#[test]
fn the_page_shows_this_table() {
    const BEGIN: &str = "<!-- table: made by tests/it/attribution.rs -->\n";
    const END: &str = "<!-- end of table -->\n";
    let path = repository("docs/attribution.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    let table = table();
    if std::env::var_os("STELLA_BLESS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}\n{table}\n{END}{after}")).unwrap();
        return;
    }
    assert!(shown.trim() == table.trim(), "docs/attribution.md is stale: run `make bless` and look at the change");
    assert!(DETERMINISTIC.len() + FLAKY.len() >= 40);
}
