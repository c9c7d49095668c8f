//! What a program's last lines tell of why it failed, by the words that programs and runtimes use for it.

/// What programs say that got no more memory.
const OUT_OF_MEMORY: &[&str] = &[
    "MemoryError",
    "Cannot allocate memory",
    "out of memory",
    "Out of memory",
    "OutOfMemoryError",
    "bad_alloc",
    "Out of space",
    "ENOMEM",
];
/// What programs say that wrote too much.
const TOO_MUCH: &[&str] =
    &["File too large", "file too large", "EFBIG", "No space left on device", "no space left", "ENOSPC"];
/// What programs say that have as many files open as they may.
const OPEN_FILES: &[&str] = &["Too many open files", "too many open files", "EMFILE"];
/// What programs say that need a database, in small letters.
const DATABASE: &[&str] = &[
    "database not found",
    "no database",
    "db error",
    "database is missing",
    "database does not exist",
    "database update",
    "db is missing",
    "db missing",
    "download the database",
    "failed to load database",
    "failed to load vulnerability db",
];
/// What programs say that do not know an argument.
const USAGE: &[&str] = &[
    "usage:",
    "Usage:",
    "USAGE:",
    "unknown option",
    "unknown flag",
    "unrecognized option",
    "unrecognized argument",
    "unexpected argument",
    "invalid option",
    "no such option",
    "No such option",
];
/// What programs say that did not find a file.
const NO_FILE: &[&str] = &["No such file or directory", "FileNotFoundError", "ENOENT"];

/// The last lines of a program.
#[derive(Debug, Clone, Copy)]
pub struct LastWords<'a>(pub &'a [String]);

impl<'a> LastWords<'a> {
    /// It got no more memory.
    pub fn tell_of_memory(self) -> bool {
        self.hold(OUT_OF_MEMORY)
    }

    /// It wrote too much.
    pub fn tell_of_too_much(self) -> bool {
        self.hold(TOO_MUCH)
    }

    /// It had too many files open.
    pub fn tell_of_open_files(self) -> bool {
        self.hold(OPEN_FILES)
    }

    /// It needs a database.
    pub fn tell_of_a_database(self) -> bool {
        self.0.iter().map(|line| line.to_lowercase()).any(|line| DATABASE.iter().any(|word| line.contains(word)))
    }

    /// It did not understand its arguments.
    pub fn tell_of_usage(self) -> bool {
        self.hold(USAGE)
    }

    /// It did not find a file.
    pub fn tell_of_no_file(self) -> bool {
        self.hold(NO_FILE)
    }

    /// The library that the loader did not find (glibc, then musl).
    pub fn library(self) -> Option<&'a str> {
        self.0.iter().find_map(|line| {
            let rest = line
                .split_once("error while loading shared libraries: ")
                .or(line.split_once("Error loading shared library "))?
                .1;
            rest.split(':').next().filter(|name| !name.is_empty())
        })
    }

    /// They are those of a JSON document: the result.
    pub fn look_like_json(self) -> bool {
        let is_part = |line: &String| {
            let line = line.trim();
            let line = line.strip_suffix(',').unwrap_or(line);
            matches!(line, "{" | "}" | "[" | "]" | "]}" | "}]" | "{}" | "[]")
                || line.starts_with("{\"")
                || line.starts_with("[{\"")
                || (line.starts_with('"') && (line.contains("\":") || line.ends_with('"')))
        };
        !self.0.is_empty() && self.0.iter().all(is_part)
    }

    fn hold(self, words: &[&str]) -> bool {
        self.0.iter().any(|line| words.iter().any(|word| line.contains(word)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_on_standard_error_is_told_from_messages() {
        let look = |lines: &[&str]| {
            let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
            LastWords(&lines).look_like_json()
        };
        assert!(look(&["],", "\"fixInfo\": {", "\"editColumn\": 2,", "\"insertText\": \" \"", "},", "}", "]"]));
        assert!(look(&["[{\"ruleId\":1}]"]));
        assert!(!look(&["{\"level\":\"info\"}", "cannot open a"]));
        assert!(!look(&["error: 1"]) && !look(&[]));
    }

    #[test]
    fn limits_are_known_by_their_words() {
        let says = |line: &str| {
            let lines = [line.to_owned()];
            let words = LastWords(&lines);
            (words.tell_of_memory(), words.tell_of_too_much(), words.tell_of_open_files())
        };
        assert_eq!(says("MemoryError"), (true, false, false));
        assert_eq!(says("OSError: [Errno 27] File too large: 'x'"), (false, true, false));
        assert_eq!(says("OSError: [Errno 24] Too many open files: 'x'"), (false, false, true));
        assert_eq!(says("Error: EMFILE: too many open files, open 'x'"), (false, false, true));
    }

    #[test]
    fn a_library_that_is_missing_is_named() {
        for line in [
            "./x: error while loading shared libraries: libfoo9.so: cannot open shared object file",
            "Error loading shared library libfoo9.so: No such file or directory (needed by /x)",
        ] {
            assert_eq!(LastWords(&[line.to_owned()]).library(), Some("libfoo9.so"));
        }
    }
}
