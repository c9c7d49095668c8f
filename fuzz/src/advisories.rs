//! What a feed holds: OSV records, and the feed that is made of them; call graphs; evidence. The input is lines, each a
//! document, so that records meet.

use stella::format::{evidence, osv};
use stella::scanner::callgraph;
use stella::scanner::feed::Feed;

/// One run of the target.
pub fn run(input: &[u8]) {
    let whole = osv::read(input).ok();
    let lines = input.split(|byte| *byte == b'\n').filter_map(|line| osv::read(line).ok());
    let advisories: Vec<_> = whole.into_iter().chain(lines).collect();
    let known = advisories.len();
    assert!(Feed::new(advisories.clone()).len() <= known);
    let reversed = advisories.into_iter().rev().collect();
    Feed::new(reversed);

    callgraph::is_one(input);
    let _ = callgraph::read(input);
    if let Ok(text) = std::str::from_utf8(input)
        && let Ok(paths) = evidence::read(text)
    {
        let again = evidence::write(&paths);
        let again = std::str::from_utf8(&again).expect("JSON is text");
        assert_eq!(evidence::read(again).expect("we wrote it"), paths);
    }
}
