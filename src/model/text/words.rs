//! The words of a licence expression (SPDX 2.3, Annex D: letters, digits, `-`, `.`; a reference into another document has `:`).

/// The text in pieces that are one after the other the whole: words, and what stands between them. With each whether it is a
/// word.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':');
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_word = is_inside(rest.chars().next()?);
        let end = rest.find(|c| is_inside(c) != is_word).unwrap_or(rest.len());
        let (piece, more) = rest.split_at(end);
        rest = more;
        Some((is_word, piece))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_the_whole() {
        for text in ["", "MIT", "(MIT OR LicenseRef-a.1) AND é:x", "  a", "((", "é"] {
            assert_eq!(pieces(text).map(|(_, piece)| piece).collect::<String>(), text);
        }
        let words: Vec<&str> =
            pieces("(MIT OR LicenseRef-a.1)").filter(|(is, _)| *is).map(|(_, piece)| piece).collect();
        assert_eq!(words, ["MIT", "OR", "LicenseRef-a.1"]);
    }
}
