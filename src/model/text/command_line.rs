//! Command lines as text: what is shown can be pasted into a shell.

/// The words as one line of a POSIX shell; a word that the shell would take apart is quoted.
pub fn line<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> String {
    words.into_iter().map(|word| quoted(word.as_ref())).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+…".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_shell_would_change_is_quoted() {
        let cases = [
            (&["stella", "ci", "--only=SCN-0001"][..], "stella ci --only=SCN-0001"),
            (&["--feed", "…"], "--feed …"),
            (&["a b", "", "$HOME", "~", "*"], "'a b' '' '$HOME' '~' '*'"),
            (&["it's"], r"'it'\''s'"),
            (&["a\nb"], "'a\nb'"),
        ];
        for (words, expected) in cases {
            assert_eq!(line(words), expected);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_shell_reads_back_the_words() {
        let words = ["it's", "a b", "", "$HOME `x` \"y\" \\", "\u{e9}", "#!&|;<>()[]{}?*~"];
        let script = format!("printf '%s\\n' {}", line(words));
        let output = std::process::Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), words.join("\n") + "\n");
    }
}
