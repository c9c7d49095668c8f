//! The command reference: generated from the command line itself.

use std::fmt::Write;

use clap::CommandFactory;

use crate::cli::app::App;

/// Every command with its help, as Markdown. `docs/cli.md` is this text; a test holds it fresh.
pub fn reference() -> String {
    let mut out = String::from("# Commands\n\nGenerated from the program: regenerate with `make bless`.\n");
    let mut app = App::command().term_width(100);
    app.build();
    section(&mut out, &mut app, "stella");
    out
}

fn section(out: &mut String, command: &mut clap::Command, path: &str) {
    let help = command.render_long_help().to_string();
    // Writing to a string does not fail.
    let _ = write!(out, "\n## `{path}`\n\n```text\n{}\n```\n", trimmed(&help));
    let names: Vec<String> = command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        if let Some(sub) = command.find_subcommand_mut(&name) {
            section(out, sub, &format!("{path} {name}"));
        }
    }
}

/// Without spaces at line ends.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}
