//! What a program itself says that it did not find: another program, as shells and languages word it, or a file.

/// What one of these ends in names a path that is not there.
const NOT_THERE: &[&str] = &[
    "No such file or directory",
    "no such file or directory",
    "cannot find",
    "Cannot find",
    "not found",
    "does not exist",
    "FileNotFoundError",
    "NoSuchFileException",
    "ENOENT",
];

/// Names of programs that were looked up in vain. `is_127` says that a shell ended with the code for that: its wording may
/// then be any.
pub fn programs(said: &[String], is_127: bool) -> Vec<String> {
    let mut all: Vec<String> = said.iter().filter_map(|line| program(line, is_127)).collect();
    all.dedup();
    all
}

fn program(line: &str, is_127: bool) -> Option<String> {
    let line = line.trim();
    let before = |end: &str| line.find(end).map(|at| &line[..at]);
    let after = |begin: &str| line.find(begin).map(|at| &line[at + begin.len()..]);
    let last = |text: &str| text.rsplit(": ").next().map(str::to_owned);
    // zsh, fish, Java, Node and Go; the others end with it.
    let found = after(": command not found: ")
        .or_else(|| after("Unknown command: "))
        .or_else(|| after("Cannot run program "))
        .map(str::to_owned)
        .or_else(|| after("spawn ").and_then(|rest| rest.strip_suffix(" ENOENT")).map(str::to_owned))
        .or_else(|| before(": executable file not found").and_then(last))
        .or_else(|| before(": command not found").and_then(last))
        .or_else(|| before(": inaccessible or not found").and_then(last))
        // dash and busybox: `sh: 1: tool: not found`, `/bin/sh: tool: not found`.
        .or_else(|| before(": not found").filter(|rest| is_127 || is_of_shell(rest)).and_then(last))
        .or_else(|| before(": No such file or directory").filter(|_| is_127).and_then(last))
        // A name without a folder, as of Python's subprocess.
        .or_else(|| {
            after("FileNotFoundError: [Errno 2] No such file or directory: ")
                .map(str::to_owned)
                .filter(|_| !line.contains('/'))
        });
    let name = found?;
    let name = name.split(':').next()?.trim().trim_matches(QUOTES);
    let name = name.split(['"', '\'']).next()?;
    let is_name =
        !name.is_empty() && name.len() <= 100 && !name.contains(|c: char| c.is_whitespace() || c == '/' || c == '.');
    (is_name || is_dotted(name)).then(|| name.to_owned())
}

/// A file's name is seldom a program's; that of a version is (`python3.11`).
fn is_dotted(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, end)| {
        !stem.is_empty()
            && !name.contains(|c: char| c.is_whitespace() || c == '/')
            && end.bytes().all(|b| b.is_ascii_digit())
    })
}

/// `…sh: 1`, `…sh: line 3`, `…sh`: what stands before the program's name.
fn is_of_shell(text: &str) -> bool {
    let Some((before, _)) = text.rsplit_once(": ") else { return false };
    let mut parts = before.rsplit(": ");
    let first = parts.next().unwrap_or_default();
    let number = first.strip_prefix("line ").unwrap_or(first);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number || first.ends_with("sh")
}

const QUOTES: &[char] = &['"', '\'', '`', '‘', '’', '“', '”', '(', ')', '[', ']', '<', '>', ',', ';', ':', '.'];

/// What may stand before a path; a dot is a part of it.
const OPENING: &[char] = &['"', '\'', '`', '‘', '’', '“', '”', '(', '[', '<'];

/// Absolute paths on lines that say that something is not there.
pub fn paths(said: &[String]) -> Vec<String> {
    words(said, |word| word.len() > 1 && word.starts_with('/') && !word.starts_with("//"))
}

/// Words on such lines that look like a path from the working directory.
pub fn relative_paths(said: &[String]) -> Vec<String> {
    words(said, |word| {
        let plain = !word.starts_with(['/', '-', '~']) && !word.contains("://") && word != ".." && word.len() > 1;
        plain && (word.contains('/') || word.contains('.'))
    })
}

fn words(said: &[String], is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut all = Vec::new();
    for line in said.iter().filter(|line| NOT_THERE.iter().any(|words| line.contains(words))) {
        let words =
            line.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '‘' | '’' | '=' | '(' | ','));
        for word in words.map(|word| word.trim_end_matches(QUOTES).trim_start_matches(OPENING)) {
            let word = word.split(':').next().unwrap_or(word);
            if is_wanted(word) && !all.iter().any(|one| one == word) {
                all.push(word.to_owned());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_was_not_found_is_named_whatever_the_wording() {
        let rows = [
            ("/tmp/stella/scanner/a.sh: 2: tool2: not found", false, Some("tool2")),
            ("sh: 1: tool: not found", false, Some("tool")),
            ("/bin/sh: tool: not found", false, Some("tool")),
            ("./a.sh: line 3: osv-scanner: command not found", false, Some("osv-scanner")),
            ("bash: tool: command not found", false, Some("tool")),
            ("zsh: command not found: tool", false, Some("tool")),
            ("fish: Unknown command: tool", false, Some("tool")),
            ("sh: tool: inaccessible or not found", false, Some("tool")),
            ("exec: \"tool\": executable file not found in $PATH", false, Some("tool")),
            ("Error: spawn tool ENOENT", false, Some("tool")),
            ("java.io.IOException: Cannot run program \"tool\": error=2", false, Some("tool")),
            ("FileNotFoundError: [Errno 2] No such file or directory: 'tool'", false, Some("tool")),
            ("/usr/bin/env: ‘python3.99’: No such file or directory", true, Some("python3.99")),
            ("xargs: tool: No such file or directory", true, Some("tool")),
            ("cat: rules: No such file or directory", false, None),
            ("FileNotFoundError: [Errno 2] No such file or directory: 'rules.yaml'", false, None),
            ("FileNotFoundError: [Errno 2] No such file or directory: '/etc/rules'", false, None),
            ("vulnerability database not found", false, None),
            ("error: package left-pad: not found", false, None),
        ];
        for (line, is_127, expected) in rows {
            assert_eq!(programs(&[line.to_owned()], is_127).first().map(String::as_str), expected, "{line}");
        }
    }

    #[test]
    fn paths_that_are_said_not_to_be_there_are_named() {
        let said = [
            "FileNotFoundError: [Errno 2] No such file or directory: '/etc/scan/rules.yaml'",
            "open /root/.cache/db: no such file or directory",
            "Error: ENOENT: no such file or directory, open '/opt/x/a.json'",
            "config=/etc/x.toml does not exist",
            "GET https://host/p: 404 not found",
            "reading /etc/hosts",
        ]
        .map(str::to_owned);
        assert_eq!(paths(&said), ["/etc/scan/rules.yaml", "/root/.cache/db", "/opt/x/a.json", "/etc/x.toml"]);
        let said = [
            "cat: rules/strict.yaml: No such file or directory",
            "FileNotFoundError: [Errno 2] No such file or directory: '../a.toml'",
            "open ./b: no such file or directory",
            "error: .semgrep.yml does not exist",
            "--config=c.yaml: not found",
            "reading d.yaml",
        ]
        .map(str::to_owned);
        let found = relative_paths(&said);
        assert_eq!(found, ["rules/strict.yaml", "../a.toml", "./b", ".semgrep.yml", "c.yaml"]);
    }
}
