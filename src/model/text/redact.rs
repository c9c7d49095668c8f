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

/// What a foreign program said, with more taken out than of a command that must run again: pairs with a quoted name or value
/// (`"api_key": "x"`, `password = x`), and the bodies of private keys.
pub fn said(text: &str) -> String {
    without_keys(text).split_inclusive('\n').map(pairs).collect()
}

/// `-----BEGIN … PRIVATE KEY-----` to its end, or to the end of the text; the rest of a key whose beginning was cut off.
fn without_keys(text: &str) -> String {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    let is_key = |label: &str| label.split('\n').next().is_some_and(|label| label.contains("PRIVATE KEY"));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    if let Some(end) = text.find(END).filter(|end| !text[..*end].contains(BEGIN) && is_key(&text[*end..])) {
        // The lines of a body are of one alphabet (RFC 7468).
        let is_body =
            |line: &&str| line.len() >= 16 && line.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
        let body: usize = text[..end].trim_end().rsplit('\n').take_while(is_body).map(|line| line.len() + 1).sum();
        out.push_str(&text[..end.saturating_sub(body)]);
        if body > 0 {
            out.push_str(REDACTED);
            out.push('\n');
        }
        rest = &text[end..];
    }
    while let Some(begin) = rest.find(BEGIN) {
        let label = begin + BEGIN.len();
        let body = rest[label..].find("-----").map_or(rest.len(), |at| label + at + "-----".len());
        out.push_str(&rest[..body]);
        let is_key = is_key(&rest[label..body]);
        rest = &rest[body..];
        if is_key {
            out.push_str(REDACTED);
            rest = rest.find(END).map_or("", |end| &rest[end..]);
        }
    }
    out + rest
}

/// One line of what a program said.
fn pairs(text: &str) -> String {
    for (at, sign) in text.match_indices([':', '=']) {
        let before = text[..at].trim_end();
        let bare = before.trim_end_matches(['"', '\'', '\\', '`']);
        let begin = bare
            .rfind(|c: char| c.is_whitespace() || "=\"'\\`{[(,&?;".contains(c))
            .map_or(0, |i| i + bare[i..].chars().next().map_or(1, char::len_utf8));
        let (name, after) = (&bare[begin..], &text[at + 1..]);
        let value = after.trim_start_matches([' ', '\t']);
        if name.contains("://") || after.starts_with("//") || !names_a_secret(name) || value.trim().is_empty() {
            continue;
        }
        let blank = &after[..after.len() - value.len()];
        let head = words(&text[..at]) + sign + blank;
        // `"x"`, `'x'`, and within a text of JSON `\"x\"`.
        let escaped = value.starts_with('\\');
        let inner = value.strip_prefix('\\').unwrap_or(value);
        if let Some(quote) = inner.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) {
            let open = &value[..usize::from(escaped) + 1];
            let content = &value[open.len()..];
            let end = if escaped { content.find(open) } else { closing(content, quote) };
            return match end {
                Some(end) => head + open + REDACTED + open + &pairs(&content[end + open.len()..]),
                None => head + open + REDACTED + if text.ends_with('\n') { "\n" } else { "" },
            };
        }
        if sign == ":" {
            return head + REDACTED + if text.ends_with('\n') { "\n" } else { "" };
        }
        let end = value.find(|c: char| c.is_whitespace() || c == '&').unwrap_or(value.len());
        return head + REDACTED + &pairs(&value[end..]);
    }
    line(text)
}

/// Where a quoted text ends, behind what is escaped in it.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends.then_some(at)
    })
}

/// The shortest value that is looked for: a shorter one stands in words that are not secret.
const SHORTEST: usize = 6;

/// Values that are known to be secret in one run: each is taken out of whatever is shown of it.
#[derive(Debug, Clone, Default)]
pub struct Known(Vec<String>);

impl Known {
    /// These values, and each of their lines, as they are and as JSON has them; those of less than 6 characters are left out.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = std::collections::BTreeSet::new();
        for value in values {
            for part in std::iter::once(value).chain(value.lines()).map(str::trim) {
                if part.chars().count() >= SHORTEST {
                    all.insert(part.to_owned());
                    // Without the quotes around it, and with one that is escaped at its end.
                    let quoted = serde_json::Value::from(part).to_string();
                    all.insert(quoted[1..quoted.len() - 1].to_owned());
                }
            }
        }
        let mut all: Vec<String> = all.into_iter().filter(|value| *value != REDACTED).collect();
        // A value that holds another goes first.
        all.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(all)
    }

    /// `text` without them.
    pub fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), REDACTED))
    }

    /// `text`, of which something was cut at each `…`, without them and without what is left of one that was cut there.
    pub fn hide_cut(&self, text: &str) -> String {
        let hidden = self.hide(text);
        let parts: Vec<&str> = hidden.split(CUT).collect();
        let last = parts.len() - 1;
        let left = parts.iter().enumerate().map(|(at, part)| {
            let begin = if at > 0 { self.ended_by(part) } else { 0 };
            let end = if at < last { self.begun_by(&part[begin..]) } else { 0 };
            let kept = &part[begin..part.len() - end];
            let mark = |length: usize| if length > 0 { REDACTED } else { "" };
            format!("{}{kept}{}", mark(begin), mark(end))
        });
        left.collect::<Vec<_>>().join(CUT)
    }

    /// How many bytes at the end of `text` are the beginning of one of them.
    fn begun_by(&self, text: &str) -> usize {
        let starts = text.char_indices().map(|(at, _)| at);
        let mut rests = starts.map(|at| &text[at..]);
        rests.find(|rest| self.0.iter().any(|value| value.starts_with(rest))).map_or(0, str::len)
    }

    /// How many bytes at the beginning of `text` are the end of one of them.
    fn ended_by(&self, text: &str) -> usize {
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).rev();
        let mut heads = ends.map(|end| &text[..end]);
        heads.find(|head| self.0.iter().any(|value| value.ends_with(head))).map_or(0, str::len)
    }
}

/// What stands where a text was cut.
const CUT: &str = "…";

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

    /// A value that ends with a quote left a backslash behind, and what was left was not JSON.
    #[test]
    fn a_value_that_ends_with_a_quote_leaves_json() {
        let value = "key = \"hunter2hunter2\"";
        let document = serde_json::json!({ "match": value, "a": 1 }).to_string();
        let shown: serde_json::Value = serde_json::from_str(&Known::of([value]).hide(&document)).unwrap();
        assert_eq!(shown, serde_json::json!({ "match": REDACTED, "a": 1 }));
    }

    #[test]
    fn the_argument_after_a_secret_flag_is_secret() {
        let given = ["scan", "--token", "abc", "--feed", "dir", "--auth", "--verbose"].map(str::to_owned);
        let (redacted, changed) = arguments(&given);
        assert_eq!(redacted, ["scan", "--token", "REDACTED", "--feed", "dir", "--auth", "--verbose"]);
        assert!(changed);
        assert!(!arguments(&given[3..5]).1);
    }

    #[test]
    fn what_a_program_said_holds_no_pair_of_a_secret() {
        let cases = [
            (r#"{"api_key": "sk-live"}"#, r#"{"api_key": "REDACTED"}"#),
            (r#"{"api_key":"a b","n":"x","token":"c\"d"}"#, r#"{"api_key":"REDACTED","n":"x","token":"REDACTED"}"#),
            (r#"msg="{\"password\": \"pw\"}" n=1"#, r#"msg="{\"password\": \"REDACTED\"}" n=1"#),
            ("{'client_secret': 'x y', 'n': 1}", "{'client_secret': 'REDACTED', 'n': 1}"),
            ("{\"token\": 12345}\nrest", "{\"token\": REDACTED\nrest"),
            ("\"secret\" : \"x", "\"secret\" : \"REDACTED"),
            ("password = hunter2 n", "password = REDACTED n"),
            ("db_password=\"a b\" n", "db_password=\"REDACTED\" n"),
            ("password:hunter2", "password:REDACTED"),
            ("a=1&token=x&b=2", "a=1&token=REDACTED&b=2"),
            ("Authorization: Bearer abc", "Authorization: REDACTED"),
            ("https://me:pw@host/p?a=1", "https://REDACTED@host/p?a=1"),
            ("error: x: no such file", "error: x: no such file"),
            ("pkg:npm/x@1.0.0: \"high\"", "pkg:npm/x@1.0.0: \"high\""),
            ("password:\nnext", "password:\nnext"),
        ];
        for (given, expected) in cases {
            assert_eq!(said(given), expected, "{given}");
        }
    }

    #[test]
    fn what_a_program_said_holds_no_private_key() {
        let body = "MIIEowIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF8PbnGy0AHB7";
        for label in ["RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK", "PRIVATE KEY"] {
            let key = format!("-----BEGIN {label}-----\n{body}\n{body}\n-----END {label}-----");
            let hidden = format!("-----BEGIN {label}-----REDACTED-----END {label}-----");
            assert_eq!(said(&format!("a\n{key}\nb")), format!("a\n{hidden}\nb"));
            assert_eq!(said(&key.replace('\n', "\\n")), hidden);
            assert_eq!(said(&key[..key.len() - 60]), hidden[..hidden.find("-----END").unwrap()]);
            let tail = said(&key[40 + label.len()..]);
            assert!(!tail.contains("xfn/ygWyF8PbnGy0AHB7") && tail.contains("-----END"), "{tail}");
        }
        let public = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----");
        assert_eq!(said(&public), public);
    }

    #[test]
    fn known_values_are_taken_out_wherever_they_stand() {
        let known = Known::of(["verysecret", "verysecretvalue12", "short", "two\nsecond line", "a\"bcdef"]);
        let given = "x=verysecretvalue12/verysecret short, second line a\\\"bcdef";
        assert_eq!(known.hide(given), "x=REDACTED/REDACTED short, REDACTED REDACTED");
    }

    proptest::proptest! {
        #[test]
        fn what_was_said_can_be_redacted_whatever_it_is(given: String) {
            let once = said(&given);
            proptest::prop_assert_eq!(said(&once), once);
        }

        #[test]
        fn redacting_twice_changes_nothing_more(given: String) {
            let once = text(&given);
            proptest::prop_assert_eq!(text(&once), once);
        }
    }

    #[test]
    fn of_a_value_that_was_cut_nothing_is_left() {
        let known = Known::of(["hunter2hunter2"]);
        for (text, shown) in [
            ("password: hunter2hun…", format!("password: {REDACTED}…")),
            ("password: h…", format!("password: {REDACTED}…")),
            ("…ter2hunter2 and more", format!("…{REDACTED} and more")),
            ("`hunter2hunter2` and ab… → `hunter2…", format!("`{REDACTED}` and ab… → `{REDACTED}…")),
            ("nothing of it…", "nothing of it…".to_owned()),
        ] {
            assert_eq!(known.hide_cut(text), shown);
        }
    }
}
