//! The inputs of a scan, each by digest: what may differ between a recording and its replay.

use std::collections::BTreeMap;

use crate::model::digest::Digest;

/// One input of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Dimension {
    /// What is scanned.
    Input,
    /// The program that scans.
    Scanner,
    /// Its flags and configuration.
    Config,
    /// The advisories it reads.
    Feed,
    /// The rules that decide.
    Policy,
    /// Everything around it: system roots, clock, time zone, locale, CPU count.
    Environment,
}

impl Dimension {
    /// Every dimension, in the order in which the floor rule asks.
    pub const BY_FLOOR_ORDER: [Self; 6] =
        [Self::Feed, Self::Scanner, Self::Config, Self::Policy, Self::Input, Self::Environment];

    /// The stable code, as in JSON.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// The digests of all dimensions; `None` where a scan has no such input or it is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "one field per variant of `Dimension`")]
pub struct Dimensions {
    pub input: Option<Digest>,
    pub scanner: Option<Digest>,
    pub config: Option<Digest>,
    pub feed: Option<Digest>,
    pub policy: Option<Digest>,
    pub environment: Option<Digest>,
}

impl Dimensions {
    /// Every dimension with its digest, in the order in which the floor rule asks.
    pub fn by_floor_order(&self) -> [(Dimension, Option<Digest>); 6] {
        Dimension::BY_FLOOR_ORDER.map(|dimension| (dimension, self.get(dimension)))
    }

    /// Those that are known, by their stable names.
    pub fn known(&self) -> BTreeMap<&'static str, Digest> {
        let known = |(dimension, digest): (Dimension, Option<Digest>)| Some((dimension.code(), digest?));
        self.by_floor_order().into_iter().filter_map(known).collect()
    }

    /// The digest of one dimension.
    pub fn get(&self, dimension: Dimension) -> Option<Digest> {
        match dimension {
            Dimension::Input => self.input,
            Dimension::Scanner => self.scanner,
            Dimension::Config => self.config,
            Dimension::Feed => self.feed,
            Dimension::Policy => self.policy,
            Dimension::Environment => self.environment,
        }
    }

    /// The same with one digest unknown.
    #[must_use]
    pub fn without(mut self, dimension: Dimension) -> Self {
        let digest = match dimension {
            Dimension::Input => &mut self.input,
            Dimension::Scanner => &mut self.scanner,
            Dimension::Config => &mut self.config,
            Dimension::Feed => &mut self.feed,
            Dimension::Policy => &mut self.policy,
            Dimension::Environment => &mut self.environment,
        };
        *digest = None;
        self
    }

    /// The dimensions whose digests differ from `other`, in floor order. A digest that only one side knows differs.
    pub fn differing(&self, other: &Self) -> Vec<Dimension> {
        let pairs = self.by_floor_order().into_iter().zip(other.by_floor_order());
        pairs.filter(|((_, a), (_, b))| a != b).map(|((dimension, _), _)| dimension).collect()
    }
}
