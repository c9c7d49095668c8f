//! How many there are of something, in words.

/// `1 canary`, `3 canaries`
pub fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_none_are_more() {
        assert_eq!(
            [0, 1, 2].map(|count| counted(count, "canary", "canaries")),
            ["0 canaries", "1 canary", "2 canaries"]
        );
    }
}
