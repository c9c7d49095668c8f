//! The options that name the form of a report: one for each emitter.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, FromArgMatches};

use crate::report::emit::EMITTERS;
use crate::report::emit::emitter::Emitter;

/// The form of a report, one option for each.
#[derive(Debug)]
pub(super) struct FormArgs(pub(super) &'static Emitter);

impl Args for FormArgs {
    fn augment_args(command: Command) -> Command {
        let options = EMITTERS.map(|emitter| {
            let option = Arg::new(emitter.name).long(emitter.name).help(written(emitter)).action(ArgAction::SetTrue);
            option.help_heading("Forms").group("form")
        });
        command.args(options).group(ArgGroup::new("form").required(true).multiple(false))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn written(emitter: &Emitter) -> String {
    let mut about = emitter.about.to_owned();
    if let Some(first) = about.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    about
}

impl FromArgMatches for FormArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = EMITTERS.into_iter().find(|emitter| matches.get_flag(emitter.name));
        given.map(Self).ok_or_else(|| clap::Error::new(clap::error::ErrorKind::MissingRequiredArgument))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
