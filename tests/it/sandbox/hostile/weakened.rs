//! Whether the search notices that a rule of the filter is missing: each is switched off in turn, in a build that can do so
//! (`RUSTFLAGS="--cfg stella_weaken"`). `fuzz/hostile rules` runs it; its table stands in `docs/testing.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use stella::model::result::Isolation;
use stella::sandbox::run::rules;

use super::play::{Player, Setting};
use super::program::Random;
use super::search::{Known, batch, from_environment, learn, settings};
use crate::sandbox::probes::{Probe, probe};

/// Which settings have a rule.
fn all_rules(player: &Player) -> BTreeMap<String, Vec<Setting>> {
    let mut all: BTreeMap<String, Vec<Setting>> = BTreeMap::new();
    for setting in settings() {
        for rule in rules(&player.spec(&[], setting), setting.level == Isolation::Full) {
            all.entry(rule).or_default().push(setting);
        }
    }
    all
}

/// Plays in `settings` until something is found that is not known, or the time is over.
fn first(
    player: &Player,
    settings: &[Setting],
    ignored: &BTreeSet<String>,
    wall: Duration,
    seed: u64,
) -> Option<(String, Duration, u64)> {
    let known = Mutex::new(Known::new());
    let (mut random, begun, mut lives) = (Random(seed), Instant::now(), 0);
    for setting in settings.iter().cycle() {
        let programs = batch(&known, &mut random);
        let played = player.play(&programs, *setting);
        lives += played.lives as u64;
        let found = played.findings.iter().find(|finding| !ignored.contains(&finding.key()));
        if let Some(found) = found {
            let after = begun.elapsed();
            // A rule is told from chance by playing the same with every rule.
            let suspects =
                found.life.and_then(|life| programs.get(life)).map_or(programs.as_slice(), std::slice::from_ref);
            for program in suspects {
                eprintln!("{:?}, call {} answers {}: {program}", setting, found.call, found.result);
            }
            return Some((format!("{} ({})", found.what, setting.level.code()), after, lives));
        }
        learn(&known, &programs, *setting, &played);
        if begun.elapsed() > wall {
            return None;
        }
    }
    None
}

fn names(findings: &BTreeSet<String>) -> String {
    findings.iter().cloned().collect::<Vec<_>>().join(", ")
}

#[test]
#[ignore = "an hour or so: fuzz/hostile rules"]
fn each_rule_is_missed_when_it_is_switched_off() {
    let Some(binary) = probe(Probe::Hostile) else { return };
    let wall = Duration::from_secs(from_environment("STELLA_HOSTILE_SECONDS", 60));
    let only = std::env::var("STELLA_HOSTILE_RULE").unwrap_or_default();
    // What is found with every rule says nothing about one.
    let ignored = Mutex::new(BTreeSet::new());
    let until = Instant::now() + wall;
    std::thread::scope(|scope| {
        for worker in 0..2 {
            let (ignored, binary) = (&ignored, &binary);
            scope.spawn(move || baseline(binary, ignored, until, worker));
        }
    });
    let ignored = ignored.into_inner().unwrap();
    println!("with every rule, and not looked at further: {}", names(&ignored));
    let all: Vec<_> = all_rules(&Player::new(&binary)).into_iter().filter(|(rule, _)| rule.contains(&only)).collect();
    let queue = Mutex::new(all.into_iter());
    let missed = Mutex::new(Vec::new());
    println!("| rule | found after | what |\n|---|---|---|");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| one_by_one(&binary, &queue, &ignored, wall, &missed));
        }
    });
    println!("not found: {:?}", missed.into_inner().unwrap());
}

fn baseline(binary: &Path, ignored: &Mutex<BTreeSet<String>>, until: Instant, worker: u64) {
    let player = Player::new(binary);
    let known = Mutex::new(Known::new());
    let mut random = Random(1000 + worker);
    for setting in settings().iter().cycle().skip(worker as usize) {
        let programs = batch(&known, &mut random);
        let played = player.play(&programs, *setting);
        ignored.lock().unwrap().extend(played.findings.iter().map(|finding| finding.key()));
        learn(&known, &programs, *setting, &played);
        if Instant::now() > until {
            break;
        }
    }
}

fn one_by_one(
    binary: &Path,
    queue: &Mutex<impl Iterator<Item = (String, Vec<Setting>)>>,
    ignored: &BTreeSet<String>,
    wall: Duration,
    missed: &Mutex<Vec<String>>,
) {
    loop {
        let next = queue.lock().unwrap().next();
        let Some((rule, settings)) = next else { return };
        let mut player = Player::new(binary);
        player.weaken = Some(rule.clone());
        match first(&player, &settings, ignored, wall, 7) {
            Some((what, after, lives)) => {
                println!("| `{rule}` | {:.1} s, {lives} lives | {what} |", after.as_secs_f32());
            }
            None => {
                println!("| `{rule}` | not in {} s | |", wall.as_secs());
                missed.lock().unwrap().push(rule);
            }
        }
    }
}
