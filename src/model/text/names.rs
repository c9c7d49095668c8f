//! Names in a sentence.

/// Each name between backticks, with commas between them.
pub fn quoted<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_stands_between_backticks() {
        assert_eq!(quoted(["a", "b c"]), "`a`, `b c`");
        assert_eq!(quoted(Vec::<String>::new()), "");
    }
}
