//! Secrets are taken out before anything is written.
//!
//! Rules, not guesses: a value is redacted when its name says that it is secret (`--token`, `api_key=`,
//! `Authorization:`), when it carries the prefix of a known kind of token, or when it is the user part of a
//! URL. Absent: entropy heuristics, which would make a recorded command depend on luck.

use std::collections::BTreeMap;

/// What stands in the place of a secret.
pub const REDACTED: &str = "REDACTED";

/// Words that make the value after them secret, compared without case, `-` and `_`.
const SECRET_NAMES: [&str; 12] = [
    "token",
    "password",
    "passwd",
    "secret",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "credential",
    "credentials",
    "authorization",
    "auth",
];

/// Prefixes of published token formats (GitHub, GitLab, Slack, AWS, npm, PyPI, Google, OpenAI, Stripe, JWT).
const TOKEN_PREFIXES: [&str; 18] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "AKIA",
    "ASIA",
    "npm_",
    "pypi-",
    "AIza",
    "sk-",
    "sk_live_",
    "eyJ",
];

/// The variables with every secret replaced; the second value says whether anything was.
pub fn variables(variables: &BTreeMap<String, String>) -> (BTreeMap<String, String>, bool) {
    let one = |(name, value): (&String, &String)| {
        let value = if names_a_secret(name) { REDACTED.to_owned() } else { text(value) };
        (name.clone(), value)
    };
    let redacted: BTreeMap<String, String> = variables.iter().map(one).collect();
    let changed = redacted != *variables;
    (redacted, changed)
}

/// The arguments with every secret replaced; the second value says whether anything was.
pub fn arguments(arguments: &[String]) -> (Vec<String>, bool) {
    let mut next_is_secret = false;
    let redacted: Vec<String> = arguments
        .iter()
        .map(|argument| {
            let secret = std::mem::replace(&mut next_is_secret, argument.starts_with('-') && names_a_secret(argument));
            if secret && !argument.starts_with('-') { REDACTED.to_owned() } else { text(argument) }
        })
        .collect();
    let changed = redacted != arguments;
    (redacted, changed)
}

/// A text with secrets in `name=value` pairs, after secret flags, in URLs, headers and known tokens replaced, line by line.
pub fn text(text: &str) -> String {
    text.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    let (content, end) = match line.strip_suffix('\n') {
        Some(content) => (content, "\n"),
        None => (line, ""),
    };
    match secret_header(content) {
        Some(at) => format!("{}: {REDACTED}{end}", words(&content[..at])),
        None => words(content) + end,
    }
}

/// Where the colon of `Authorization: Bearer x` and the like stands: all that follows it is secret.
fn secret_header(line: &str) -> Option<usize> {
    line.match_indices(": ").map(|(at, _)| at).find(|at| {
        let before = &line[..*at];
        let begin = before.rfind(|c: char| c.is_whitespace() || matches!(c, '=' | '"' | '\'')).map_or(0, |i| i + 1);
        // The delimiter may be longer than one byte; a name that is cut there names nothing.
        before.get(begin..).is_some_and(names_a_secret)
    })
}

fn words(text: &str) -> String {
    let mut next_is_secret = false;
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let bare = piece.trim_end_matches(char::is_whitespace);
        let is_flag = bare.starts_with('-');
        if std::mem::replace(&mut next_is_secret, is_flag && !bare.contains('=') && names_a_secret(bare))
            && !is_flag
            && !bare.is_empty()
        {
            out.push_str(REDACTED);
        } else {
            out.push_str(&word(bare));
        }
        out.push_str(&piece[bare.len()..]);
    }
    out
}

fn word(word: &str) -> String {
    if let Some((scheme, rest)) = word.split_once("://") {
        return url(scheme, rest);
    }
    match word.split_once('=') {
        Some((name, value)) if names_a_secret(name) && !value.is_empty() => format!("{name}={REDACTED}"),
        Some((name, value)) if is_token(value) => format!("{name}={REDACTED}"),
        _ if is_token(word) => REDACTED.to_owned(),
        _ => word.to_owned(),
    }
}

fn url(scheme: &str, rest: &str) -> String {
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(authority_end);
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{REDACTED}@{host}"),
        None => authority.to_owned(),
    };
    if let Some((name, _)) = scheme.rsplit_once('=').filter(|(name, _)| names_a_secret(name)) {
        return format!("{name}={REDACTED}");
    }
    let mut out = format!("{scheme}://{authority}");
    let mut pieces = tail.split_inclusive(['?', '&', '#', ';']);
    if let Some(path) = pieces.next() {
        out.push_str(path);
    }
    for piece in pieces {
        let (pair, end) = match piece.char_indices().next_back() {
            Some((i, '?' | '&' | '#' | ';')) => piece.split_at(i),
            _ => (piece, ""),
        };
        match pair.split_once('=') {
            Some((name, value)) if names_a_secret(name) || is_signature(name) || is_token(value) => {
                out.push_str(&format!("{name}={REDACTED}"));
            }
            _ => out.push_str(pair),
        }
        out.push_str(end);
    }
    out
}

fn is_signature(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "sig" | "signature" | "key" | "x-amz-signature" | "x-goog-signature" | "code")
}

fn names_a_secret(name: &str) -> bool {
    let name = name.split('=').next().unwrap_or(name);
    let folded: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    SECRET_NAMES.iter().any(|secret| folded == *secret || (secret.len() > 4 && folded.ends_with(secret)))
}

fn is_token(value: &str) -> bool {
    TOKEN_PREFIXES.iter().any(|prefix| value.starts_with(prefix) && value.len() >= prefix.len() + 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_and_nothing_else() {
        let long = "0123456789abcdef0123456789abcdef";
        let cases = [
            ("--password=hunter2", "--password=REDACTED"),
            ("GITHUB_TOKEN=x", "GITHUB_TOKEN=REDACTED"),
            ("--api-key=x", "--api-key=REDACTED"),
            (&format!("ghp_{long}"), "REDACTED"),
            (&format!("x=glpat-{long}"), "x=REDACTED"),
            ("Authorization: Bearer abc def", "Authorization: REDACTED"),
            ("--header=Authorization: Bearer abc", "--header=Authorization: REDACTED"),
            ("error: x\nAuthorization: Bearer abc\nrest", "error: x\nAuthorization: REDACTED\nrest"),
            ("bad:\tghp_0123456789abcdef\nmore", "bad:\tREDACTED\nmore"),
            ("scan --token abc --feed dir", "scan --token REDACTED --feed dir"),
            ("https://me:pw@host/p?a=1", "https://REDACTED@host/p?a=1"),
            ("https://host/p?token=abc&a=1#f", "https://host/p?token=REDACTED&a=1#f"),
            ("https://host/p?X-Amz-Signature=00&b", "https://host/p?X-Amz-Signature=REDACTED&b"),
            ("--severity=high", "--severity=high"),
            ("pkg:npm/x@1.0.0?a=b", "pkg:npm/x@1.0.0?a=b"),
            ("--token=https://host/x", "--token=REDACTED"),
            ("sk-short", "sk-short"),
            ("", ""),
        ];
        for (given, expected) in cases {
            assert_eq!(text(given), expected, "{given}");
        }
    }

    #[test]
    fn the_argument_after_a_secret_flag_is_secret() {
        let given = ["scan", "--token", "abc", "--feed", "dir", "--auth", "--verbose"].map(str::to_owned);
        let (redacted, changed) = arguments(&given);
        assert_eq!(redacted, ["scan", "--token", "REDACTED", "--feed", "dir", "--auth", "--verbose"]);
        assert!(changed);
        assert!(!arguments(&given[3..5]).1);
    }

    proptest::proptest! {
        #[test]
        fn redacting_twice_changes_nothing_more(given: String) {
            let once = text(&given);
            proptest::prop_assert_eq!(text(&once), once);
        }
    }
}
