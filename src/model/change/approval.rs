//! Approvals: one change each, named by what it changes from and to, with who answers for it and until when.
//!
//! Invariants: an approval covers exactly the change that it names; the cause of the change is not a part of it, so that a cause
//! that was guessed wrongly approves nothing else. Absent: who may approve.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;

use crate::model::digest::Digest;

/// What is changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Changed {
    /// What a replay of a case or canary puts out: the artifact of that name.
    Difference {
        /// The case or canary.
        id: String,
        /// The artifact.
        artifact: String,
    },
    /// What is expected of a case or canary: the golden artifact of that name.
    Golden {
        /// The case or canary.
        id: String,
        /// The artifact.
        artifact: String,
    },
    /// Another part of a case or canary, such as its `argv`; `gone` for all of it.
    Recording {
        /// The case or canary.
        id: String,
        /// The part.
        part: String,
    },
    /// A key of the configuration, such as `thresholds.green`.
    Rule {
        /// The key.
        key: String,
    },
}

impl Changed {
    /// The case or canary that it is about.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Difference { id, .. } | Self::Golden { id, .. } | Self::Recording { id, .. } => Some(id),
            Self::Rule { .. } => None,
        }
    }

    /// The artifact, part or key.
    pub fn part(&self) -> &str {
        match self {
            Self::Difference { artifact, .. } | Self::Golden { artifact, .. } => artifact,
            Self::Recording { part, .. } => part,
            Self::Rule { key } => key,
        }
    }

    /// `difference`, `recording` or `rule`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Difference { .. } => "difference",
            Self::Golden { .. } | Self::Recording { .. } => "recording",
            Self::Rule { .. } => "rule",
        }
    }
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Difference { id, artifact } => write!(f, "{id}: {artifact}"),
            Self::Golden { id, artifact } => write!(f, "{id}: expected {artifact}"),
            Self::Recording { id, part } => write!(f, "{id}: {part}"),
            Self::Rule { key } => f.write_str(key),
        }
    }
}

/// A change: what, from what, to what; `None` where nothing was or is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeKey {
    /// What is changed.
    pub of: Changed,
    /// The digest of what it was.
    pub old: Option<Digest>,
    /// The digest of what it is.
    pub new: Option<Digest>,
}

impl ChangeKey {
    /// The change that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { of: self.of.clone(), old: self.new, new: self.old }
    }

    /// Whether an approval can name it: by digests that differ.
    pub fn can_be_approved(&self) -> bool {
        self.old != self.new
    }

    /// Whether whoever approved `self` has approved `other`, too: the same change; or that what was approved as the output of a
    /// replay is what is expected from now on.
    pub fn covers(&self, other: &Self) -> bool {
        let same_sides = (self.old, self.new) == (other.old, other.new);
        same_sides
            && match (&self.of, &other.of) {
                (Changed::Difference { id, artifact }, Changed::Golden { id: other_id, artifact: other_artifact }) => {
                    id == other_id && artifact == other_artifact
                }
                (one, other) => one == other,
            }
    }

    /// What names a set of changes: a digest that any other change in it moves.
    pub fn digest_of_all<'a>(all: impl IntoIterator<Item = &'a Self>) -> Digest {
        let side = |digest: Option<Digest>| digest.map_or_else(|| "absent".to_owned(), |digest| digest.to_string());
        let mut lines: Vec<String> = all
            .into_iter()
            .map(|key| {
                let (id, part) = (key.of.id().unwrap_or_default(), key.of.part());
                // Names may hold anything: their lengths say where they end.
                let golden = if matches!(key.of, Changed::Golden { .. }) { "golden" } else { key.of.kind() };
                let (old, new) = (side(key.old), side(key.new));
                format!("{golden} {}:{id} {}:{part} {old} {new}\n", id.len(), part.len())
            })
            .collect();
        lines.sort();
        lines.dedup();
        Digest::of(lines.concat().as_bytes())
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The change.
    pub key: ChangeKey,
    /// Why it is right.
    pub reason: String,
    /// Who answers for it.
    pub by: String,
    /// The last day on which it counts (UTC).
    pub until: Date,
    /// Where the same change was approved before and taken back: the commit after which it is approved anew. It tells this entry from
    /// the earlier one, which an edit of its other words does not.
    pub after: Option<String>,
}

impl Approval {
    /// What makes it this entry and no other: its change, and after what it was approved.
    pub fn identity(&self) -> (&ChangeKey, Option<&str>) {
        (&self.key, self.after.as_deref())
    }

    /// Whether it no longer counts on `today`.
    pub fn is_expired(&self, today: Date) -> bool {
        today > self.until
    }
}

/// Whether an approval that a pull request brings with it counts in that pull request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum InHead {
    /// It counts once it is merged.
    #[default]
    No,
    /// It counts where one of the base's approvers has approved exactly this commit.
    Reviewed,
    /// It counts, and is the first line of the report.
    Yes,
}

impl InHead {
    /// As it stands in a configuration.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Who may approve a change, and from when an approval counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovalRules {
    /// Whether an approval that a pull request brings with it counts in that pull request.
    pub in_head: InHead,
    /// Whose review counts, in lowercase: names at providers have no case.
    pub approvers: BTreeSet<String>,
}

/// Whether an entry still holds, by what stood on the base since the entry came to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Standing {
    /// Its change was not taken back.
    #[default]
    Holds,
    /// What it changes to stood on the base, and the base has left it again.
    TakenBack {
        /// The commit that left it.
        commit: String,
    },
    /// Nobody knows: the base's past cannot be read.
    Unread(Unread),
}

/// A past that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Why.
    pub why: String,
    /// The line that mends it.
    pub mend: String,
}

/// An approval that counts for as long as it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The entry.
    pub approval: Approval,
    /// Whether it holds.
    pub standing: Standing,
}

/// What became of a change that needs an approval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cover {
    /// Nobody approved it.
    #[default]
    None,
    /// It is approved.
    Approved(Approval),
    /// It was approved, and the approval has expired.
    Expired(Approval),
    /// It was approved, stood on the base and was taken back by that commit.
    TakenBack(Approval, String),
    /// It was approved, and nobody knows whether it was taken back since.
    Unread(Approval, Unread),
}

impl Cover {
    /// What `approvals` say of `key` on `today`. One that still counts wins, and then the one that says most.
    pub fn of<'a>(key: &ChangeKey, approvals: impl IntoIterator<Item = &'a Counted>, today: Date) -> Self {
        let mut found = Self::None;
        for Counted { approval, standing } in approvals.into_iter().filter(|one| one.approval.key.covers(key)) {
            let cover = match standing {
                _ if approval.is_expired(today) => Self::Expired(approval.clone()),
                Standing::Holds => return Self::Approved(approval.clone()),
                Standing::TakenBack { commit } => Self::TakenBack(approval.clone(), commit.clone()),
                Standing::Unread(unread) => Self::Unread(approval.clone(), unread.clone()),
            };
            if cover.rank() > found.rank() {
                found = cover;
            }
        }
        found
    }

    fn rank(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Expired(_) => 1,
            Self::Unread(..) => 2,
            Self::TakenBack(..) => 3,
            Self::Approved(_) => 4,
        }
    }

    /// Whether it is approved.
    pub fn is_approved(&self) -> bool {
        matches!(self, Self::Approved(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(of: Changed, old: &str, new: &str) -> ChangeKey {
        ChangeKey { of, old: Some(Digest::of(old.as_bytes())), new: Some(Digest::of(new.as_bytes())) }
    }

    fn difference(id: &str, artifact: &str) -> Changed {
        Changed::Difference { id: id.to_owned(), artifact: artifact.to_owned() }
    }

    fn golden(id: &str, artifact: &str) -> Changed {
        Changed::Golden { id: id.to_owned(), artifact: artifact.to_owned() }
    }

    #[test]
    fn an_approval_covers_its_change_its_golden_and_nothing_else() {
        let approved = key(difference("a", "findings.json"), "1", "2");
        assert!(approved.covers(&approved) && approved.covers(&key(golden("a", "findings.json"), "1", "2")));
        for other in [
            approved.inverse(),
            key(difference("a", "findings.json"), "1", "3"),
            key(difference("a", "findings.json"), "3", "2"),
            key(difference("b", "findings.json"), "1", "2"),
            key(difference("a", "vex.json"), "1", "2"),
            key(golden("b", "findings.json"), "1", "2"),
            key(Changed::Recording { id: "a".into(), part: "findings.json".into() }, "1", "2"),
            key(Changed::Rule { key: "findings.json".into() }, "1", "2"),
            ChangeKey { new: None, ..approved.clone() },
        ] {
            assert!(!approved.covers(&other), "{other:?}");
        }
        // What is expected may be recorded without the replay having changed: that approves no output.
        assert!(!key(golden("a", "findings.json"), "1", "2").covers(&approved));
    }

    #[test]
    fn a_day_is_counted_to_its_end_and_one_that_still_counts_wins() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let until = |text| Approval {
            key: key(difference("a", "x"), "1", "2"),
            reason: "r".into(),
            by: "b".into(),
            until: date(text),
            after: None,
        };
        let all = [until("2026-01-01"), until("2026-01-03")];
        let counted = all.clone().map(|approval| Counted { approval, standing: Standing::Holds });
        let cover = |today| Cover::of(&all[0].key, &counted, date(today));
        assert_eq!(cover("2026-01-01"), Cover::Approved(all[0].clone()));
        assert_eq!(cover("2026-01-03"), Cover::Approved(all[1].clone()));
        assert!(matches!(cover("2026-01-04"), Cover::Expired(_)));
        assert_eq!(Cover::of(&all[0].key.inverse(), &counted, date("2026-01-01")), Cover::None);
    }

    #[test]
    fn what_was_taken_back_approves_nothing_and_one_that_holds_wins() {
        let one = |standing: Standing, until: &str| Counted {
            approval: Approval {
                key: key(difference("a", "x"), "1", "2"),
                reason: "r".into(),
                by: "b".into(),
                until: until.parse().unwrap(),
                after: None,
            },
            standing,
        };
        let back = || one(Standing::TakenBack { commit: "c".into() }, "2026-01-03");
        let unread = || one(Standing::Unread(Unread { why: "w".into(), mend: "m".into() }), "2026-01-03");
        let over = || one(Standing::Holds, "2026-01-01");
        let holds = || one(Standing::Holds, "2026-01-03");
        let cover = |all: &[Counted]| Cover::of(&all[0].approval.key, all, "2026-01-02".parse().unwrap());
        assert!(matches!(cover(&[back()]), Cover::TakenBack(_, commit) if commit == "c"));
        assert!(matches!(cover(&[unread(), over()]), Cover::Unread(..)));
        assert!(matches!(cover(&[over(), back(), unread()]), Cover::TakenBack(..)));
        for all in [[back(), holds()], [holds(), back()], [unread(), holds()]] {
            assert!(cover(&all).is_approved());
        }
        for all in [vec![back()], vec![unread()], vec![over()]] {
            assert!(!cover(&all).is_approved());
        }
    }

    #[test]
    fn a_set_of_changes_is_named_whatever_their_order() {
        let (a, b) = (key(difference("a", "x"), "1", "2"), key(difference("b", "x"), "1", "2"));
        let name = |all: &[&ChangeKey]| ChangeKey::digest_of_all(all.iter().copied());
        assert_eq!(name(&[&a, &b]), name(&[&b, &a, &a]));
        for other in [vec![&a], vec![&b], vec![]] {
            assert_ne!(name(&[&a, &b]), name(&other));
        }
        assert_ne!(name(&[&a]), name(&[&a.inverse()]));
        assert_ne!(name(&[&key(golden("a", "x"), "1", "2")]), name(&[&a]));
    }
}
