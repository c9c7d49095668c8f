//! What stood in the way when a report was last written: hidden in it, and read back to say what is new.
//!
//! Invariants: it holds fingerprints, a commit and a count, and no foreign text, so that it can stand in an HTML comment; what
//! is read back is as strict as what is written, and bounded. Absent: who wrote the text that it is read from. That is for the
//! reader of comments to ask.

use std::collections::BTreeSet;

use crate::report::origin::Commit;
use crate::report::problem::{Heed, Problem};

/// Problems that are remembered; more are counted.
const MOST: usize = 1000;

/// Bytes of a fingerprint that are kept.
const BYTES: usize = 6;

/// The largest text that is looked through.
const MAX_TEXT: usize = 1 << 20;

const BEGIN: &str = "<!-- stella:standing:1 ";
const END: &str = " -->";

/// What stood in the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    problems: BTreeSet<[u8; BYTES]>,
    more: usize,
    commit: Option<Commit>,
}

/// How what stands in the way differs from what stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "counts")]
pub struct Since {
    pub fixed: usize,
    pub new: usize,
    pub same: usize,
}

impl Standing {
    /// Of what stands in the way now; what is allowed or approved does not.
    pub fn of(problems: &[Problem], commit: Option<Commit>) -> Self {
        let mut all: BTreeSet<[u8; BYTES]> = BTreeSet::new();
        for problem in problems.iter().filter(|problem| problem.heed != Heed::Notice) {
            let [a, b, c, d, e, f, ..] = *problem.fingerprint.as_bytes();
            all.insert([a, b, c, d, e, f]);
        }
        let more = all.len().saturating_sub(MOST);
        Self { problems: all.into_iter().take(MOST).collect(), more, commit }
    }

    /// How `now` differs; `None` where one of them remembers too little to tell.
    pub fn since(&self, now: &Self) -> Option<Since> {
        let same = self.problems.intersection(&now.problems).count();
        let (fixed, new) = (self.problems.len() - same, now.problems.len() - same);
        (self.more == 0 && now.more == 0).then_some(Since { fixed, new, same })
    }

    /// The commit that was judged.
    pub fn commit(&self) -> Option<&Commit> {
        self.commit.as_ref()
    }

    /// As an HTML comment of one line.
    pub fn hidden(&self) -> String {
        let prints: Vec<String> =
            self.problems.iter().map(|print| print.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
        let commit = self.commit.as_ref().map_or("-", Commit::short);
        format!("{BEGIN}{commit} {} {}{END}", self.more, prints.concat())
    }

    /// The last one in `text`; `None` where there is none, or it is not what [`hidden`](Self::hidden) writes.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let (_, rest) = text.rsplit_once(BEGIN)?;
        let (inside, _) = rest.split_once(END)?;
        let mut parts = inside.split(' ');
        let (commit, more, prints) = (parts.next()?, parts.next()?, parts.next()?);
        let commit = match commit {
            "-" => None,
            commit => Some(Commit::try_from(commit).ok()?),
        };
        let bytes = hex::decode(prints).ok()?;
        let (chunks, rest) = bytes.as_chunks::<BYTES>();
        let problems: BTreeSet<[u8; BYTES]> = chunks.iter().copied().collect();
        let read = Self { problems, more: more.parse().ok()?, commit };
        // Strict: what another hand wrote in another way is not ours.
        let is_ours = rest.is_empty() && parts.next().is_none() && read.problems.len() <= MOST;
        (is_ours && read.hidden() == format!("{BEGIN}{inside}{END}")).then_some(read)
    }
}

impl Since {
    /// `2 fixed, 1 new, 3 as before`
    pub fn words(self) -> String {
        format!("{} fixed, {} new, {} as before", self.fixed, self.new, self.same)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::fixture;
    use crate::report::problem::problems;

    fn commit() -> Option<Commit> {
        Commit::try_from("0123456789abcdef0123").ok()
    }

    #[test]
    fn what_was_hidden_is_read_back() {
        let standing = Standing::of(&problems(&fixture::run()), commit());
        let text = format!("# a page\n\n{}\n", standing.hidden());
        let read = Standing::read(&text).unwrap();
        assert_eq!(read.commit().map(Commit::short), Some("0123456789ab"));
        assert_eq!(read.since(&standing), Some(Since { fixed: 0, new: 0, same: 4 }));
        assert_eq!(Standing::read(&Standing::default().hidden()), Some(Standing::default()));
    }

    #[test]
    fn what_is_fixed_and_what_is_new_is_counted() {
        let before = problems(&fixture::run());
        let after: Vec<Problem> =
            problems(&fixture::judged()).into_iter().filter(|p| !p.name.contains("SCN-0002")).collect();
        let since = Standing::of(&before, None).since(&Standing::of(&after, None)).unwrap();
        // What a release lets pass stands in nobody's way.
        assert_eq!((since.fixed, since.same), (3, 1));
        assert_eq!(since.new, after.len() - 1 - after.iter().filter(|p| p.heed == Heed::Notice).count());
        assert!(since.words().starts_with("3 fixed, "));
    }

    #[test]
    fn too_many_are_counted_and_not_compared() {
        let one = problems(&fixture::run()).remove(0);
        let many: Vec<Problem> = (0..MOST + 5)
            .map(|i| Problem { fingerprint: crate::model::digest::Digest::of(&i.to_le_bytes()), ..one.clone() })
            .collect();
        let standing = Standing::of(&many, None);
        assert_eq!(standing.more, 5);
        let hidden = standing.hidden();
        assert!(hidden.len() < 13_000, "{}", hidden.len());
        assert_eq!(Standing::read(&hidden), Some(standing.clone()));
        assert_eq!(standing.since(&standing), None);
    }

    #[test]
    fn what_another_hand_wrote_is_not_read() {
        for inside in [
            "",
            "- 0",
            "- 0 0",
            "- 0 zz",
            "- -1 ",
            "- 00 ",
            "- 0  ",
            "- 0 AABBCCDDEEFF",
            "g 0 ",
            "- 0 aabbccddeeff x",
            "- 0 aabbccddeeffaabbccddeeff",
            "- 0 ffffffffffff000000000000",
            "012345678 0 --",
        ] {
            assert_eq!(Standing::read(&format!("{BEGIN}{inside}{END}")), None, "{inside}");
        }
        assert_eq!(Standing::read(&"x".repeat(MAX_TEXT + 1)), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_not(text in any::<String>(), nasty in fixture::nasty()) {
            let _ = Standing::read(&text);
            let _ = Standing::read(&format!("{BEGIN}{nasty}{END}{text}"));
        }
    }
}
