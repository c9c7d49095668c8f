//! An error with all its causes on one line.

use std::error::Error;
use std::fmt;
use std::path::Path;

/// `doing: error: cause: cause`
pub fn chain(doing: &str, error: &(dyn Error + 'static)) -> String {
    format!("{doing}: {}", causes(error))
}

/// `error: cause: cause`
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

/// An error with all its causes, in which one folder stands in the place of another: what was read in a private folder is called by
/// where people find it.
#[derive(Debug)]
pub struct Elsewhere {
    text: String,
    source: Option<Box<Self>>,
}

impl Elsewhere {
    /// `error`, with `shown` in the place of `read`.
    pub fn new(error: &(dyn Error + 'static), read: &Path, shown: &Path) -> Self {
        let text = error.to_string().replace(&*read.to_string_lossy(), &shown.to_string_lossy());
        Self { text, source: error.source().map(|source| Box::new(Self::new(source, read, shown))) }
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Elsewhere {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_folder_is_called_by_where_people_find_it_also_in_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read `/tmp/x/3/a/manifest.json`")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("/tmp/x/3/a/expected is gone"));
        let shown = Elsewhere::new(&error, Path::new("/tmp/x/3/a"), Path::new("canaries/a"));
        assert_eq!(causes(&shown), "cannot read `canaries/a/manifest.json`: canaries/a/expected is gone");
    }
}
