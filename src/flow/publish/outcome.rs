//! What became of everything that was to be published, in words and codes.

use crate::ci::sticky_comment::Posted;
use crate::ci::written::Written;
use crate::model::exit::Exit;

/// What became of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `comment`, `status`, `check` or `issue`.
    pub what: &'static str,
    /// A stable word.
    pub code: &'static str,
    /// In a sentence.
    pub words: String,
}

/// What became of all.
#[derive(Debug, Clone)]
pub struct Published {
    /// How what is shown ends.
    pub shown: Exit,
    /// How publishing ends, where all of it could be published: it changes no verdict, and is not well where the report cannot be read or
    /// is not taken at its word.
    pub ends: Exit,
    /// Why it is not.
    pub complaints: Vec<String>,
    /// One for each that was asked for.
    pub outcomes: Vec<Outcome>,
    /// What could not be published, and why.
    pub failures: Vec<String>,
    /// What mends it.
    pub hints: Vec<String>,
    /// Calls that were made, those that were made again counted.
    pub calls: u64,
    /// Calls that would be made, each with what it sends.
    pub would: Vec<(String, usize)>,
    /// The comment that would stand there.
    pub text: Option<String>,
}

impl Published {
    /// Of what ends so, with nothing published yet.
    pub fn new(shown: Exit) -> Self {
        Self {
            shown,
            ends: Exit::Passed,
            complaints: Vec::new(),
            outcomes: Vec::new(),
            failures: Vec::new(),
            hints: Vec::new(),
            calls: 0,
            would: Vec::new(),
            text: None,
        }
    }
}

impl Outcome {
    /// Of a comment.
    pub fn of_comment(posted: &Posted) -> Self {
        let (code, words) = match posted {
            Posted::Quiet => ("quiet", "nothing is said: it is green, and nothing was said before".to_owned()),
            Posted::Created(id) => ("created", format!("created ({id})")),
            Posted::Updated(id) => ("updated", format!("written over ({id})")),
            Posted::Unchanged(id) => ("unchanged", format!("it says that already ({id})")),
            Posted::Newer(id) => ("newer", format!("a newer run wrote it ({id})")),
            Posted::Moved(to) => ("moved", moved(to)),
            Posted::Closed => ("closed", "the pull request is closed".to_owned()),
        };
        Self { what: "comment", code, words }
    }

    /// Of a status or a check run.
    pub fn of_written(what: &'static str, written: &Written) -> Self {
        let (code, words) = match written {
            Written::Done => ("created", "created".to_owned()),
            Written::Newer => ("newer", "a newer run wrote one".to_owned()),
            Written::Moved(to) => ("moved", moved(to)),
            Written::Closed => ("closed", "the pull request is closed".to_owned()),
        };
        Self { what, code, words }
    }

    /// Of one that is not asked for here.
    pub fn left_out(what: &'static str, why: &str) -> Self {
        Self { what, code: "left-out", words: format!("left out: {why}") }
    }
}

fn moved(to: &str) -> String {
    let short: String = to.chars().filter(char::is_ascii_hexdigit).take(12).collect();
    format!("the pull request is at {short} now, whose own run tells of it")
}
