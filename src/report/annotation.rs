//! What stands beside a line of a file: the problems of a run that have a place, for interfaces that take them one by one.
//!
//! Invariants: the most important first; every text is harmless, of bounded length and of the basic plane of Unicode alone, since the
//! API of checks has refused what lies beyond. Absent: how they are sent.

use crate::model::result::RunResult;
use crate::report::problem::{Heed, Place, problems};
use crate::report::untrusted;

/// The API of checks takes 255 characters.
const MAX_TITLE: usize = 200;
/// Far below the 64 KB of that API: a request holds fifty of them.
const MAX_MESSAGE: usize = 4000;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Where.
    pub place: Place,
    /// How much it weighs.
    pub heed: Heed,
    /// What it is about, in one line.
    pub title: String,
    /// What is the matter, in lines.
    pub message: String,
}

/// The first `most`, and how many problems have none of them: those without a place, and the rest.
pub fn annotations(run: &RunResult, most: usize) -> (Vec<Annotation>, usize) {
    let all = problems(run);
    let count = all.len();
    let placed = all.into_iter().filter_map(|problem| {
        let message =
            problem.text().iter().map(|line| plain(&untrusted::log_line(line))).collect::<Vec<_>>().join("\n");
        let title = cut(&plain(&untrusted::visible(&format!("stella {}", problem.name))), MAX_TITLE);
        Some(Annotation { place: problem.place?, heed: problem.heed, title, message: cut(&message, MAX_MESSAGE) })
    });
    let shown: Vec<Annotation> = placed.filter(|one| plain(&one.place.file) == one.place.file).take(most).collect();
    let rest = count - shown.len();
    (shown, rest)
}

/// Without mentions and without characters beyond the basic plane.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in untrusted::unmentioned(text).chars() {
        if u32::from(c) > 0xFFFF { untrusted::escape(c, &mut out) } else { out.push(c) }
    }
    out
}

/// The first `max` characters, and a `…` where there are more.
pub(super) fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_most_important_stand_first_and_the_rest_is_counted() {
        let run = fixture::many(250);
        let count = problems(&run).len();
        let (shown, rest) = annotations(&run, 300);
        assert_eq!((shown.len(), shown.len() + rest), (300, count));
        assert!(shown[0].message.contains("CVE-2021-44228") && shown[0].place.line == 3);
        assert!(shown.windows(2).all(|pair| pair[0].heed <= pair[1].heed));
    }

    #[test]
    fn nothing_foreign_acts_in_them() {
        let run = fixture::of_texts(vec!["\u{1f600} @org/team\n::error::x ##[x] \u{202e}".repeat(500)]);
        for one in annotations(&run, 100).0 {
            let text = format!("{}{}", one.title, one.message);
            assert!(text.chars().all(|c| u32::from(c) <= 0xFFFF && c != '\u{202e}'), "{text}");
            assert!(!text.contains("##") && !text.contains("@org"), "{text}");
            assert!(one.title.chars().count() <= MAX_TITLE + 1 && one.message.chars().count() <= MAX_MESSAGE + 1);
        }
    }
}
