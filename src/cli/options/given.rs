//! What a command line gives, by the names of its options.

use std::ffi::OsStr;

use clap::ArgMatches;
use clap::parser::ValueSource;

/// The arguments of the command that is to run, and of the commands on the way to it.
pub struct Given<'a> {
    /// The words of the command, such as `feed build`.
    pub command: String,
    levels: Vec<&'a ArgMatches>,
}

impl<'a> Given<'a> {
    /// Of the whole program.
    pub fn of(matches: &'a ArgMatches) -> Self {
        let (mut words, mut levels) = (Vec::new(), vec![matches]);
        let mut below = matches.subcommand();
        while let Some((name, matches)) = below {
            words.push(name);
            levels.push(matches);
            below = matches.subcommand();
        }
        Self { command: words.join(" "), levels }
    }

    fn last(&self) -> &'a ArgMatches {
        // There is always the program itself.
        self.levels[self.levels.len() - 1]
    }

    /// Whether the user wrote it: a default or a variable of the environment is nobody's mistake.
    pub fn has(&self, id: &str) -> bool {
        is_written(self.last(), id)
    }

    /// Whether the user wrote it with this value.
    pub fn is(&self, id: &str, value: &str) -> bool {
        self.has(id) && self.values(id).iter().any(|given| *given == value)
    }

    /// What holds of a switch, however it came about.
    pub fn is_on(&self, id: &str) -> bool {
        let known = self.last().try_get_one::<bool>(id);
        known.ok().flatten().copied().unwrap_or(false)
    }

    /// What was written, as text.
    pub fn values(&self, id: &str) -> Vec<String> {
        values_of(self.last(), id)
    }

    /// What was written of it at each level of commands, where it stands at several.
    pub fn by_level(&self, id: &str) -> Vec<Vec<String>> {
        let with = self.levels.iter().filter(|level| is_written(level, id));
        with.map(|level| values_of(level, id)).collect()
    }
}

/// What the user would write for an option of this name.
pub fn spelt(id: &str) -> String {
    id.replace('_', "-")
}

fn is_written(matches: &ArgMatches, id: &str) -> bool {
    matches.try_contains_id(id).unwrap_or(false) && matches.value_source(id) == Some(ValueSource::CommandLine)
}

fn values_of(matches: &ArgMatches, id: &str) -> Vec<String> {
    let raw = matches.try_get_raw(id).ok().flatten();
    raw.into_iter().flatten().map(|value: &OsStr| value.to_string_lossy().into_owned()).collect()
}
