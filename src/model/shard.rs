//! A part of a run: which shard of a suite it is, and what it was judged by.
//!
//! Invariants: a shard's number is one of its count; what two shards of one run have in common is compared field by field, and the
//! first that differs is named. Absent: how a suite is split, and how parts are put together (`flow::suite::shards`).

use std::fmt;
use std::str::FromStr;

use crate::model::digest::Digest;

/// The most shards of one run.
pub const MAX_SHARDS: u32 = 256;

/// One of several shards, written as `2/4`: counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard {
    index: u32,
    count: u32,
}

/// What is not a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected I/N, such as 2/4: I counts from 1 to N, and N is at most {MAX_SHARDS}")]
pub struct NotAShard;

impl Shard {
    /// Shard `index` of `count`, from 1.
    ///
    /// # Errors
    /// [`NotAShard`] where there is no such one.
    pub fn new(index: u32, count: u32) -> Result<Self, NotAShard> {
        if (1..=count).contains(&index) && count <= MAX_SHARDS { Ok(Self { index, count }) } else { Err(NotAShard) }
    }

    /// Every shard of `count`; none of more than there can be.
    pub fn all(count: u32) -> impl Iterator<Item = Self> {
        (1..=count).filter_map(move |index| Self::new(index, count).ok())
    }

    /// Its number, from 1.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many there are.
    pub fn count(self) -> u32 {
        self.count
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = NotAShard;

    fn from_str(text: &str) -> Result<Self, NotAShard> {
        let (index, count) = text.split_once('/').ok_or(NotAShard)?;
        let number = |text: &str| {
            let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_plain).ok_or(NotAShard)
        };
        Self::new(number(index)?, number(count)?)
    }
}

/// What the shards of one run have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedBy {
    /// The commit that is checked out; `None` outside of a repository.
    pub head: Option<String>,
    /// SHA-256 of the configuration file of the checkout.
    pub configuration: Digest,
    /// SHA-256 over the base and what the checkout changes of it; `None` where the run is held against none.
    pub base: Option<Digest>,
    /// SHA-256 over every case and canary that is run, with what each expects.
    pub suite: Digest,
    /// SHA-256 of the timings by which the suite was split; `None` where there are none.
    pub timings: Option<Digest>,
    /// The options that decide what is run and how it is judged.
    pub options: String,
}

/// Something in which two shards differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is, in words.
    pub what: &'static str,
    /// What the one says.
    pub one: String,
    /// What the other says.
    pub other: String,
}

impl JudgedBy {
    /// The first thing in which `other` differs.
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
        let short = |digest: Option<Digest>| or_none(digest.map(|digest| digest.to_string()));
        let words = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        let fields = [
            ("head", or_none(self.head.clone()), or_none(other.head.clone())),
            ("configuration", self.configuration.to_string(), other.configuration.to_string()),
            ("base", short(self.base), short(other.base)),
            ("options", words(&self.options), words(&other.options)),
            ("timings", short(self.timings), short(other.timings)),
            ("suite", self.suite.to_string(), other.suite.to_string()),
        ];
        let differing = fields.into_iter().find(|(_, one, other)| one != other);
        differing.map(|(what, one, other)| Difference { what, one, other })
    }
}

/// A run of a CI system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiRun {
    /// Its name there; the same for all jobs of it.
    pub id: String,
    /// A number that grows with each repetition of a job.
    pub attempt: u64,
}

/// What makes a run a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardRun {
    /// Which.
    pub shard: Shard,
    /// What it was judged by.
    pub judged_by: JudgedBy,
    /// The run of the CI system; `None` where none tells it.
    pub ci_run: Option<CiRun>,
}

/// How much of a suite a run is of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// Only what was asked for by name.
    Selected,
    /// One shard.
    Shard(Box<ShardRun>),
    /// All of it but for shards of which there is no result.
    Incomplete(Vec<Shard>),
}

impl Part {
    /// Whether something is not there.
    pub fn is_partial(&self) -> bool {
        *self != Self::Whole
    }

    /// The shard that it is.
    pub fn shard(&self) -> Option<Shard> {
        match self {
            Self::Shard(of) => Some(of.shard),
            Self::Whole | Self::Selected | Self::Incomplete(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_one_of_its_count() {
        for good in ["1/1", "2/4", "256/256"] {
            assert_eq!(good.parse::<Shard>().unwrap().to_string(), good);
        }
        for bad in ["", "1", "0/1", "2/1", "1/257", "-1/2", "+1/2", "1/2/3", " 1/2", "1/ 2", "a/b", "1/99999999999"] {
            assert_eq!(bad.parse::<Shard>(), Err(NotAShard), "{bad}");
        }
        assert_eq!(Shard::all(3).map(|shard| shard.to_string()).collect::<Vec<_>>(), ["1/3", "2/3", "3/3"]);
    }

    #[test]
    fn what_differs_is_named() {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let one = JudgedBy {
            head: Some("c0ffee".into()),
            configuration: digest("configuration"),
            base: None,
            suite: digest("suite"),
            timings: None,
            options: String::new(),
        };
        assert_eq!(one.difference(&one), None);
        let others = [
            ("head", JudgedBy { head: None, ..one.clone() }),
            ("configuration", JudgedBy { configuration: digest("x"), ..one.clone() }),
            ("base", JudgedBy { base: Some(digest("x")), ..one.clone() }),
            ("options", JudgedBy { options: "--pinned".into(), ..one.clone() }),
            ("timings", JudgedBy { timings: Some(digest("x")), ..one.clone() }),
            ("suite", JudgedBy { suite: digest("x"), ..one.clone() }),
        ];
        for (what, other) in others {
            let difference = one.difference(&other).unwrap();
            assert_eq!(difference.what, what);
            assert_ne!(difference.one, difference.other);
        }
    }
}
