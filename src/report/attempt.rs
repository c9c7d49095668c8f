//! Which attempt of which run wrote a comment: hidden in it, so that an older one does not overwrite what a newer one wrote.
//!
//! Invariant: it holds two numbers and no foreign text. Absent: who wrote the text that it is read from. That is for the reader of
//! comments to ask.

const BEGIN: &str = "<!-- stella:attempt:1 ";
const END: &str = " -->";

/// An attempt of a run; a later one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt {
    /// The number of the run, which grows.
    pub run: u64,
    /// Which attempt of it, from 1.
    pub attempt: u64,
}

impl Attempt {
    /// As an HTML comment of one line.
    pub fn hidden(self) -> String {
        format!("{BEGIN}{} {}{END}", self.run, self.attempt)
    }

    /// The last one in `text`; `None` where there is none that [`hidden`](Self::hidden) writes.
    pub fn read(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(BEGIN)?;
        let (inside, _) = rest.split_once(END)?;
        let (run, attempt) = inside.split_once(' ')?;
        let read = Self { run: run.parse().ok()?, attempt: attempt.parse().ok()? };
        (read.hidden() == format!("{BEGIN}{inside}{END}")).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_hidden_is_read_back_and_nothing_else() {
        let attempt = Attempt { run: 12_345_678_901, attempt: 2 };
        assert_eq!(Attempt::read(&format!("page\n{}\n", attempt.hidden())), Some(attempt));
        for inside in ["", "1", "1 ", " 1", "01 1", "1 +1", "1 1 1", "-1 1", "99999999999999999999999 1"] {
            assert_eq!(Attempt::read(&format!("{BEGIN}{inside}{END}")), None, "{inside}");
        }
        assert!(
            attempt < Attempt { run: 12_345_678_901, attempt: 3 }
                && attempt < Attempt { run: 12_345_678_902, attempt: 1 }
        );
    }
}
