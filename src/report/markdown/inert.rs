//! How a page of Markdown is seen to be inert: nothing foreign in it acts, whichever way it is read.

/// The page without code: what a reader looks for mentions, links and elements in.
fn outside_code(page: &str) -> String {
    let (mut out, mut fence) = (String::new(), None::<usize>);
    for line in page.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open && line.len() == ticks => fence = None,
            Some(_) => {}
            None if ticks >= 3 => fence = Some(ticks),
            None => {
                let spans: Vec<&str> = line.split('`').collect();
                assert_eq!(spans.len() % 2, 1, "a span is left open: {line}");
                out += &spans.into_iter().step_by(2).collect::<Vec<_>>().join("code");
                out.push('\n');
            }
        }
    }
    assert!(fence.is_none(), "a fence is left open");
    out
}

/// Fails where something in `page` acts: markers, hidden characters, elements, mentions, references, links, odd rows.
pub(crate) fn check(page: &str) {
    assert!(!page.contains("<!--"), "a marker: {page}");
    assert!(!page.contains(['\u{202e}', '\u{200b}', '\u{1b}', '\0', '\r']), "a hidden character: {page}");
    assert!(!page.contains("##vso[") && !page.contains("##["), "a logging command: {page}");

    // A page may be printed to a log, too.
    assert!(page.lines().all(|line| !line.trim_start().starts_with("::")), "a workflow command: {page}");
    let mut prose = outside_code(page);
    for ours in ["<details open>", "<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"] {
        prose = prose.replace(ours, "");
    }
    assert!(!prose.contains(['<', '>']), "an element: {prose}");
    for line in prose.lines() {
        let pipes = line.matches('|').count();
        assert!(!line.contains('|') || (line.starts_with('|') && (pipes == 7 || pipes == 9)), "{line}");
    }
    let chars: Vec<char> = prose.chars().collect();
    for pair in chars.windows(2) {
        assert!(!(pair[0] == '@' && !pair[1].is_whitespace() && pair[1] != '&'), "a mention: {prose}");
        assert!(!(pair[0] == '#' && pair[1].is_alphabetic()), "a reference: {prose}");
    }
    let references = prose.replace("&#", "");
    assert!(!references.contains("#1") && !references.contains("GH-1"), "a reference: {prose}");
    for link in ["://", "www.", "]("] {
        assert!(!prose.contains(link), "a link: {prose}");
    }
}
