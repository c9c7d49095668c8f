//! Secrets are taken out before anything is written.
//!
//! Rules, not guesses: a value is redacted when its name says that it is secret (`--token`, `api_key=`,
//! `Authorization:`), when it carries the prefix of a known kind of token, or when it is the user part of a
//! URL. Absent: entropy heuristics, which would make a recorded command depend on luck.

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

/// A text with secrets in `name=value` pairs, URLs, headers and known tokens replaced.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, piece) in text.split(' ').enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(&word(piece));
    }
    header(out)
}

/// `Authorization: Bearer x` and the like: all that follows the name is secret.
fn header(text: String) -> String {
    match text.split_once(": ") {
        Some((name, _)) if names_a_secret(name) && !name.contains(' ') => format!("{name}: {REDACTED}"),
        _ => text,
    }
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
