//! Details: what tells packages, findings and statements of one key apart, each with its name.

use std::collections::BTreeSet;

/// Collects details; what is absent or empty is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Details(BTreeSet<String>);

impl Details {
    /// Adds `name: text`.
    pub(crate) fn add(&mut self, name: &str, text: impl AsRef<str>) {
        let text = text.as_ref();
        if !text.is_empty() {
            self.0.insert(format!("{name}: {text}"));
        }
    }

    /// Adds `name: text` where there is a text.
    pub(crate) fn maybe(&mut self, name: &str, text: Option<impl AsRef<str>>) {
        if let Some(text) = text {
            self.add(name, text);
        }
    }

    /// Adds `name: text` for each.
    pub(crate) fn each(&mut self, name: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) {
        texts.into_iter().for_each(|text| self.add(name, text));
    }

    /// All texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// As they stand in a value.
    pub(crate) fn done(self) -> BTreeSet<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_no_detail() {
        let mut details = Details::default();
        details.add("message", "");
        details.maybe("scope", None::<&str>);
        details.maybe("scope", Some("optional"));
        details.each("at", ["b", "a", "b"]);
        assert_eq!(details.texts().collect::<Vec<_>>(), ["at: a", "at: b", "scope: optional"]);
    }
}
