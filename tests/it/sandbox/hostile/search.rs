//! The long search: new programs from those that led to something new, until the time is over; the smallest program of each
//! thing that is found lies in `fuzz/artifacts/hostile` then. `fuzz/hostile` runs it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use stella::model::result::Isolation;

use super::play::{Finding, Played, Player, Setting, SpecVariant};
use super::program::{Program, Random};
use super::seeds;
use crate::sandbox::probes::{Probe, probe};

/// How many lives a run has.
const LIVES: usize = 16;
/// How long the smallest program is looked for.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// What all workers know.
#[derive(Default)]
pub struct Known {
    cover: BTreeSet<(Setting, i64, i64)>,
    corpus: Vec<Program>,
    found: BTreeMap<String, String>,
    runs: u64,
    lives: u64,
}

impl Known {
    /// Nothing but where it begins.
    pub fn new() -> Self {
        Self { corpus: seeds(), ..Self::default() }
    }
}

pub fn batch(known: &Mutex<Known>, random: &mut Random) -> Vec<Program> {
    let known = known.lock().unwrap();
    let corpus = &known.corpus;
    let one = |random: &mut Random| {
        if corpus.is_empty() || random.below(2) == 0 {
            return Program::new(random);
        }
        let (from, other) = (random.below(corpus.len()), random.below(corpus.len()));
        corpus[from].mutate(&corpus[other], random)
    };
    (0..LIVES).map(|_| one(random)).collect()
}

/// Whether the same is found once more.
fn finds(player: &Player, program: &Program, setting: Setting, key: &str) -> bool {
    // A race is won at times only.
    (0..3).any(|_| player.play(std::slice::from_ref(program), setting).findings.iter().any(|found| found.key() == key))
}

/// The program with as few acts as possible that finds the same.
fn smallest(player: &Player, program: &Program, setting: Setting, key: &str, until: Instant) -> Option<Program> {
    if Instant::now() > until || !finds(player, program, setting, key) {
        return None;
    }
    let mut best = program.clone();
    let mut size = best.0.len() / 2;
    while size > 0 && Instant::now() < until {
        let mut at = 0;
        while at < best.0.len() && Instant::now() < until {
            let shorter = best.without(at, size);
            if !shorter.0.is_empty() && finds(player, &shorter, setting, key) {
                best = shorter;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    Some(best)
}

pub fn learn(
    known: &Mutex<Known>,
    programs: &[Program],
    setting: Setting,
    played: &Played,
) -> Vec<(Finding, Vec<Program>)> {
    let mut known = known.lock().unwrap();
    known.runs += 1;
    known.lives += played.lives as u64;
    let mut new = BTreeSet::new();
    for (life, call, result) in &played.cover {
        if known.cover.insert((setting, *call, *result)) {
            new.insert(*life);
        }
    }
    known.corpus.extend(new.into_iter().filter_map(|life| programs.get(life).cloned()));
    let mut fresh = Vec::new();
    for finding in &played.findings {
        let key = format!("{:?}-{}", setting.level, finding.key()).to_lowercase();
        if let Entry::Vacant(place) = known.found.entry(key) {
            place.insert(String::new());
            let suspects = finding
                .life
                .and_then(|life| programs.get(life))
                .map_or_else(|| programs.to_vec(), |one| vec![one.clone()]);
            fresh.push((finding.clone(), suspects));
        }
    }
    fresh
}

/// At `traced` a superuser would be let loose on the machine.
pub fn settings() -> Vec<Setting> {
    let is_root = rustix::process::geteuid().is_root();
    Setting::ALL.into_iter().filter(|setting| !is_root || setting.level == Isolation::Full).collect()
}

fn search(player: &Player, known: &Mutex<Known>, begun: Instant, until: Instant, seed: u64, artifacts: &Path) {
    let mut random = Random(seed);
    let settings = settings();
    let mut turn = seed as usize;
    while Instant::now() < until {
        let setting = settings[turn % settings.len()];
        turn += 1;
        let programs = batch(known, &mut random);
        let played = player.play(&programs, setting);
        for (finding, suspects) in learn(known, &programs, setting, &played) {
            let after = begun.elapsed().as_secs_f32();
            let patience = Instant::now() + PATIENCE;
            let small =
                suspects.iter().find_map(|program| smallest(player, program, setting, &finding.key(), patience));
            let key = format!("{:?}-{}", setting.level, finding.key()).to_lowercase();
            let text = match &small {
                Some(program) => format!("{program} # {key}: {}", program.in_words()),
                None => format!(
                    "# {key}: not found again; one of\n{}",
                    suspects.iter().map(|p| format!("{p}\n")).collect::<String>()
                ),
            };
            println!("{after:6.1} s  {setting:?} {finding:?}\n          {}", text.lines().next().unwrap_or_default());
            std::fs::write(artifacts.join(&key), format!("{text}\n")).unwrap();
            known.lock().unwrap().found.insert(key, text);
        }
    }
}

/// The calls with their results that a program made, by setting.
type Cover = BTreeSet<(Setting, i64, i64)>;

/// The fewest programs that cover as much as all of them, as far as that is found greedily.
fn chosen(player: &Player, corpus: &[Program], count: usize) -> Vec<Program> {
    let mut covers: Vec<(Program, Cover)> = Vec::new();
    for programs in corpus.chunks(LIVES) {
        let mut of = vec![BTreeSet::new(); programs.len()];
        for setting in settings().into_iter().filter(|setting| setting.asked == SpecVariant::Little) {
            for (life, call, result) in player.play(programs, setting).cover {
                if let Some(of) = of.get_mut(life) {
                    of.insert((setting, call, result));
                }
            }
        }
        covers.extend(programs.iter().cloned().zip(of));
    }
    let (mut covered, mut best) = (BTreeSet::new(), Vec::new());
    while best.len() < count {
        let next = covers.iter().max_by_key(|(_, cover)| cover.difference(&covered).count());
        let Some((program, cover)) = next.filter(|(_, cover)| !cover.is_subset(&covered)) else { break };
        covered.extend(cover.iter().copied());
        best.push(program.clone());
    }
    best
}

#[test]
#[ignore = "as long as STELLA_HOSTILE_SECONDS says: fuzz/hostile"]
fn for_as_long_as_it_is_told() {
    let Some(binary) = probe(Probe::Hostile) else { return };
    let artifacts =
        std::env::var_os("STELLA_HOSTILE_ARTIFACTS").map_or_else(|| "fuzz/artifacts/hostile".into(), PathBuf::from);
    std::fs::create_dir_all(&artifacts).unwrap();
    let begun = Instant::now();
    let until = begun + Duration::from_secs(from_environment("STELLA_HOSTILE_SECONDS", 60));
    let seed = from_environment("STELLA_HOSTILE_SEED", 1);
    let known = Mutex::new(Known::new());
    std::thread::scope(|scope| {
        for worker in 0..from_environment("STELLA_HOSTILE_JOBS", 2) {
            let (known, artifacts, binary) = (&known, &artifacts, &binary);
            scope.spawn(move || {
                search(&Player::new(binary), known, begun, until, seed.wrapping_mul(1000) + worker, artifacts);
            });
        }
    });
    let known = known.into_inner().unwrap();
    println!(
        "{} runs, {} lives, {} pairs of a call and a result, {} programs kept, {} things found",
        known.runs,
        known.lives,
        known.cover.len(),
        known.corpus.len(),
        known.found.len()
    );
    let wanted = from_environment("STELLA_HOSTILE_CHOOSE", 0);
    if wanted > 0 {
        let best = chosen(&Player::new(&binary), &known.corpus, wanted as usize);
        let lines: String = best.iter().map(|program| format!("{program} # {}\n", program.in_words())).collect();
        std::fs::write(artifacts.join("chosen"), lines).unwrap();
    }
    assert!(known.found.is_empty(), "{:#?}", known.found);
}
