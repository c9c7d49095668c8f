//! One page that holds a whole report and needs nothing else: no script, no address, no file beside it.
//!
//! `page.html` is the page, `replay.html` what one replay fills, `style.css` how it looks; askama compiles them. `view` makes of a
//! report what they show, `plot` the numbers of the pictures.
//!
//! Invariants: every value passes [`escape`], also in attributes; a value is never an address and never a style; the content
//! security policy allows the one style sheet, by its digest, and nothing else. Too much degrades in steps, and what was left out
//! is said. Absent: history, which a single result does not have.

mod escape;
#[cfg(test)]
pub(crate) mod inert;
mod plot;
mod view;

use askama::Template;

use crate::model::digest::Digest;
use crate::report::html::view::{Limits, Page};
use crate::report::publication::Publication;

/// Bytes that a browser shows without delay, and that an artifact of a run may have.
pub const BUDGET: usize = 12_000_000;

/// As it stands in the page: a template that is included is without its last line break.
const STYLE: &str = include_str!("style.css").trim_ascii_end();

/// From everything to a table without details.
const STEPS: [Limits; 4] = [
    Limits { rows: 5000, replays: 300, items: 200 },
    Limits { rows: 5000, replays: 50, items: 50 },
    Limits { rows: 1000, replays: 10, items: 10 },
    Limits { rows: 100, replays: 0, items: 5 },
];

/// The page of `report` in at most `budget` bytes, where that is possible.
///
/// # Errors
/// None that a result causes: the template's own.
pub fn render(report: &Publication<'_>, budget: usize) -> Result<String, askama::Error> {
    let mut page = String::new();
    for limits in STEPS {
        page = Page::new(report, limits, policy()).render()?;
        if page.len() <= budget {
            break;
        }
    }
    Ok(page)
}

/// No script, no request, no form, no base; the one style sheet by its digest.
fn policy() -> String {
    let digest = base64(Digest::of(STYLE.as_bytes()).as_bytes());
    format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
}

/// RFC 4648 §4, of 32 bytes: a policy wants digests so.
fn base64(bytes: &[u8; 32]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sign = |six: u32| char::from(ALPHABET[(six & 63) as usize]);
    let mut out = String::with_capacity(44);
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        out.extend([sign(bits >> 18), sign(bits >> 12)]);
        out.push(if chunk.len() > 1 { sign(bits >> 6) } else { '=' });
        out.push(if chunk.len() > 2 { sign(bits) } else { '=' });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::report::origin::{Commit, Link};

    fn page(report: &Publication<'_>) -> String {
        render(report, BUDGET).unwrap()
    }

    #[test]
    fn the_page_of_the_rich_run() {
        let mut run = fixture::judged();
        run.replays.iter_mut().for_each(|replay| replay.explanation = Some(fixture::explanation()));
        run.replays[3].showing = Some(fixture::showing());
        let mut report = Publication::of(&run, run.finished_at);
        report.commit = Commit::try_from("c0ffee0123456789").ok();
        report.link = Link::try_from("https://ci.example/run/1").ok();
        let page = page(&report);
        inert::check(&page, &["https://ci.example/run/1"]);
        let (head, body) = page.split_once("<body>").unwrap();
        assert!(head.contains("Content-Security-Policy"));
        insta::assert_snapshot!(body);
    }

    #[test]
    fn the_policy_allows_the_style_that_is_there() {
        let run = fixture::run();
        let page = page(&Publication::of(&run, run.finished_at));
        let (_, rest) = page.split_once("<style>").unwrap();
        let (style, _) = rest.split_once("</style>").unwrap();
        assert_eq!(style, STYLE);
        // The value is an attribute: its quotes are written as numbers.
        let policy = policy().replace('\'', "&#39;").replace('=', "&#61;");
        assert!(
            page.contains(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">")),
            "{page}"
        );
        assert_eq!(base64(Digest::of(b"").as_bytes()), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    /// Whatever is written into a template goes through the escaper, and nothing in it could be made an address or a style.
    #[test]
    fn the_templates_leave_no_way_round() {
        for template in [include_str!("page.html"), include_str!("replay.html")] {
            let ways = ["|safe", "| safe", "|escape", "<script", "style=", "javascript:", "src=", "url(", "{% raw"];
            assert!(!ways.iter().any(|way| template.contains(way)), "{:?}", ways.map(|way| template.contains(way)));
            // `onclick` and the like.
            let handler = template.split_whitespace().find(|word| word.starts_with("on") && word.contains('='));
            assert_eq!(handler, None);
            for (at, _) in template.match_indices("href=\"") {
                let address = &template[at + 6..];
                assert!(address.starts_with('#') || address.starts_with("{{ link }}"), "{}", &address[..20]);
            }
            assert!(!template.contains("={{"), "a value stands in an attribute without quotes");
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import") && !STYLE.contains("</"));
    }

    #[test]
    fn a_large_run_degrades_and_says_what_is_missing() {
        let run = fixture::many(300);
        let report = Publication::of(&run, run.finished_at);
        let whole = page(&report);
        assert!(whole.contains("Not shown here: "), "1,200 replays do not match");
        for budget in [2_000_000, 200_000] {
            let page = render(&report, budget).unwrap();
            assert!(page.len() <= budget, "{} > {budget}", page.len());
            assert!(page.contains("600 of 1800 replays match") && page.contains("Not shown here: "));
            inert::check(&page, &[]);
        }
    }

    #[test]
    fn an_empty_run_has_a_page() {
        let run = fixture::run();
        let empty = crate::model::result::RunResult::new("1".into(), run.started_at, run.finished_at, vec![], vec![]);
        let page = page(&Publication::of(&empty, run.finished_at));
        inert::check(&page, &[]);
        assert!(page.contains("nothing was replayed"));
    }
}
