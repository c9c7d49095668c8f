//! How messages are written: short, usual words that are read once.

use super::{HOUSE, texts};

/// Whether `text` says *is no …* where it should say *is not a …*. *There is no …*, *no longer* and *no more* are usual.
pub fn is_odd(text: &str) -> bool {
    let text = format!(" {text} ");
    ["is", "are", "was", "were"].into_iter().any(|verb| {
        text.match_indices(&format!(" {verb} no ")).any(|(at, found)| {
            let (before, after) = (&text[..at], &text[at + found.len()..]);
            let is_there = before.to_lowercase().ends_with("there");
            !is_there && !after.starts_with("longer") && !after.starts_with("more")
        })
    })
}

fn odd_texts(file: &str) -> Vec<(String, usize)> {
    texts::of(&syn::parse_file(file).unwrap()).into_iter().filter(|(text, _)| is_odd(text)).collect()
}

#[test]
fn what_is_not_is_said_with_not() {
    let texts = HOUSE.files.iter().flat_map(|file| file.texts.iter().map(|(text, line)| (&file.path, text, line)));
    let wrong =
        texts.filter(|(_, text, _)| is_odd(text)).map(|(path, text, line)| format!("src/{path}:{line}: {text}"));
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "write *is not a …*:\n{}", wrong.join("\n"));
}

#[test]
fn an_odd_text_is_seen_wherever_it_stands() {
    for text in [
        "#[error(\"`{0}` is no host name\")] struct E;",
        "fn f() { g(format!(\"`{x}` is no file\")) }",
        "fn f() { let what = \"is no place\"; }",
        "const WHAT: &str = \"these are no roots\";",
    ] {
        assert_eq!(odd_texts(text).len(), 1, "{text}");
    }
    for text in [
        "/// It is no file.\nstruct S;",
        "const WHAT: &str = \"there is no file, and it is no longer asked for\";",
        "#[cfg(test)] mod tests { const WHAT: &str = \"it is no file\"; }",
    ] {
        assert_eq!(odd_texts(text), [], "{text}");
    }
}
