//! Options that say nothing beside the rest of the command line: they are refused, for who gives one expects something of it.

use crate::cli::options::error::OptionError;
use crate::cli::options::given::{self, Given};

/// When an option says nothing.
struct Idle {
    /// The command; empty for any.
    command: &'static str,
    options: &'static [&'static str],
    when: fn(&Given<'_>) -> bool,
    why: &'static str,
}

pub fn check(given: &Given<'_>) -> Result<(), OptionError> {
    for rule in IDLE.iter().filter(|rule| rule.command.is_empty() || rule.command == given.command) {
        if let Some(id) = rule.options.iter().find(|id| given.has(id))
            && (rule.when)(given)
        {
            return Err(OptionError::Idle { option: given::spelt(id), why: rule.why });
        }
    }
    Ok(())
}

const IDLE: &[Idle] = &[
    // What every command has, and not every one uses.
    Idle { command: "", options: &["format"], when: has_one_form, why: "the command has one form of output" },
    Idle { command: "", options: &["config"], when: needs_no_config, why: "the command reads no configuration" },
    Idle { command: "", options: &["store"], when: needs_no_store, why: "the command uses no store" },
    // What scans decides what can be said of it.
    Idle { command: "scan", options: &["with_git"], when: is_builtin, why: "the built-in scanner reads no history" },
    Idle {
        command: "scan",
        options: &["scanner_config", "output", "artifact", "artifact_in_input"],
        when: is_builtin,
        why: "what the built-in scanner reads and writes is fixed",
    },
    Idle {
        command: "scan",
        options: &["scanner_version", "expect_exit", "env", "network"],
        when: is_builtin,
        why: "the built-in scanner is part of stella: it has no version, exit code, variables or network of its own",
    },
    Idle {
        command: "scan",
        options: &[
            "ro",
            "path",
            "timeout",
            "memory",
            "ledger",
            "clamp_file_times",
            "closure",
            "closure_limit",
            "capture",
            "capture_secrets",
        ],
        when: is_builtin,
        why: "it is for a command that runs sealed, and for an adapter's",
    },
    Idle {
        command: "scan",
        options: &["clock"],
        when: |given| is_builtin(given) && given.is("clock", "real"),
        why: "`real` is for a command that runs sealed, and for an adapter's",
    },
    Idle {
        command: "scan",
        options: &["artifact", "artifact_in_input"],
        when: is_adapter,
        why: "an adapter knows what its scanner writes; `--output` chooses",
    },
    Idle {
        command: "scan",
        options: &["call_graph"],
        when: |given| !is_builtin(given),
        why: "the built-in scanner alone reads a call graph",
    },
    Idle {
        command: "scan",
        options: &["output"],
        when: is_command,
        why: "it chooses what an adapter writes; a command says it by itself",
    },
    Idle { command: "scan", options: &["flag"], when: is_command, why: "a command has its own flags" },
    Idle {
        command: "scan",
        options: &["as_is"],
        when: |given| !is_command(given),
        why: "it runs a command where it is, and no command was given after `--`",
    },
    Idle {
        command: "scan",
        options: &[
            "require_isolation",
            "ro",
            "network",
            "path",
            "timeout",
            "memory",
            "ledger",
            "clamp_file_times",
            "closure",
            "closure_limit",
            "capture",
            "capture_secrets",
        ],
        when: is_as_is,
        why: "`--as-is` seals nothing",
    },
    Idle {
        command: "scan",
        options: &["clock"],
        when: |given| is_as_is(given) && given.is("clock", "real"),
        why: "`--as-is` seals nothing: the clock runs anyway",
    },
    Idle {
        command: "scan",
        options: &["clamp_file_times"],
        when: |given| given.is("clock", "real"),
        why: "no file is newer than a clock that runs",
    },
    // One option that says how another one works.
    Idle {
        command: "scan",
        options: &["closure_limit", "capture", "capture_secrets"],
        when: |given| !given.is_on("closure"),
        why: "it says how `--closure` is kept, which was not given",
    },
    Idle {
        command: "replay",
        options: &["max_replays", "max_time"],
        when: |given| !given.is_on("explain"),
        why: "it limits `--explain`, which was not given",
    },
    Idle {
        command: "ci",
        options: &["max_replays", "max_time"],
        when: |given| !given.is_on("explain"),
        why: "it limits `--explain`, which was not given",
    },
    Idle {
        command: "replay",
        options: &["commit"],
        when: |given| given.has("with") || given.has("clamp_file_times"),
        why: "a replay with other inputs is not noted",
    },
    Idle {
        command: "replay",
        options: &["clamp_file_times"],
        when: |given| given.values("with").iter().any(|with| with.starts_with("clamp-file-times=")),
        why: "`--with clamp-file-times=` says it already",
    },
    Idle {
        command: "ci",
        options: &["strict", "fail_on"],
        when: |given| !given.has("gate"),
        why: "it says how strict a gate is, and none was asked: name one with `--gate pr|nightly|release`",
    },
    Idle {
        command: "ci",
        options: &["strict"],
        when: |given| given.is("gate", "pr"),
        why: "the gate `pr` judges no window: there is no interval",
    },
    Idle {
        command: "ci",
        options: &["base"],
        when: |given| !given.is("gate", "pr") && !given.has("only"),
        why: "it says by whose rules a pull request is judged: it goes with `--gate pr`, or with `--only ID` for one replay of it",
    },
    Idle {
        command: "ci",
        options: &["reviewed"],
        when: |given| !given.is("gate", "pr") && !given.has("base"),
        why: "a review counts for `--gate pr`",
    },
    Idle {
        command: "ci",
        options: &["pinned"],
        when: |given| given.is("gate", "pr") || given.is("gate", "release"),
        why: "the gate judges what this checkout builds, which `--pinned` leaves out; `--gate nightly` judges pinned replays",
    },
    Idle {
        command: "ci",
        options: &["base_subject"],
        when: |given| !given.is("gate", "pr") && !given.has("base"),
        why: "it tells what was red before a pull request: it goes with `--gate pr`, or with `--only ID --base REF`",
    },
    Idle {
        command: "ci",
        options: &["predicate"],
        when: |given| !given.is("gate", "release") || given.has("shard"),
        why: "it is what the gate `release` says of a whole run",
    },
    Idle {
        command: "merge",
        options: &["predicate"],
        when: |given| !given.is("gate", "release"),
        why: "it is what the gate `release` says",
    },
    Idle {
        command: "publish",
        options: &["job"],
        when: |given| given.has("from_run"),
        why: "GitHub tells how that run ended",
    },
    Idle {
        command: "publish",
        options: &["artifact"],
        when: |given| !given.has("from_run"),
        why: "it names what another run has left, and `--from-run` was not given",
    },
    Idle {
        command: "publish",
        options: &["conclusion"],
        when: |given| given.has("from_run"),
        why: "GitHub tells how that run ended",
    },
    Idle {
        command: "publish",
        options: &["author"],
        when: |given| given.is_on("no_comment"),
        why: "it says who writes comments, and none is written",
    },
    Idle {
        command: "notify",
        options: &["require_publish"],
        when: |given| given.is_on("dry_run"),
        why: "`--dry-run` publishes nothing",
    },
    Idle {
        command: "publish",
        options: &["require_publish"],
        when: |given| given.is_on("dry_run"),
        why: "`--dry-run` publishes nothing",
    },
    Idle {
        command: "ci",
        options: &["history", "commit"],
        when: |given| given.has("shard"),
        why: "one shard is noted nowhere: `stella merge` notes all of them together",
    },
    Idle {
        command: "merge",
        options: &["strict", "fail_on"],
        when: |given| !given.has("gate"),
        why: "it says how strict a gate is, and none was asked: name one with `--gate pr|nightly|release`",
    },
    Idle {
        command: "merge",
        options: &["strict"],
        when: |given| given.is("gate", "pr"),
        why: "the gate `pr` judges no window: there is no interval",
    },
    Idle {
        command: "merge",
        options: &["base", "reviewed"],
        when: |given| !given.is("gate", "pr"),
        why: "it is about the rules by which a pull request is judged: it goes with `--gate pr`",
    },
    Idle {
        command: "merge",
        options: &["pinned"],
        when: |given| given.is("gate", "pr") || given.is("gate", "release"),
        why: "the gate judges what this checkout builds, which `--pinned` leaves out; `--gate nightly` judges pinned replays",
    },
    Idle {
        command: "report",
        options: &["strict", "fail_on"],
        when: |given| !given.has("gate"),
        why: "it says how strict a gate is, and none was asked: name one with `--gate pr|nightly|release`",
    },
    Idle {
        command: "report",
        options: &["strict"],
        when: |given| given.is("gate", "pr"),
        why: "the gate `pr` judges no window: there is no interval",
    },
    Idle {
        command: "report",
        options: &["history"],
        when: |given| {
            !is_any(given, &["badge", "badge-json"]) && !given.is("gate", "nightly") && !given.is("gate", "release")
        },
        why: "a badge and the gates `nightly` and `release` look at a window of time",
    },
    Idle {
        command: "report",
        options: &["key"],
        when: |given| !is_any(given, &["comment", "sarif"]),
        why: "a comment and SARIF alone have a key",
    },
    Idle {
        command: "report",
        options: &["before"],
        when: |given| !is_any(given, &["comment", "html"]),
        why: "a comment and the page alone say what is new",
    },
    Idle {
        command: "report",
        options: &["commit", "link"],
        when: |given| !is_any(given, &["comment", "html", "job-summary", "buildkite"]),
        why: "the form has no place for it",
    },
    Idle {
        command: "gate",
        options: &["history"],
        when: |given| given.values("gate") == ["pr"],
        why: "the gate `pr` judges one run, and no window of time",
    },
    Idle {
        command: "gate",
        options: &["strict"],
        when: |given| given.values("gate") == ["pr"],
        why: "the gate `pr` judges no window: there is no interval",
    },
    Idle {
        command: "accept",
        options: &["by", "until"],
        when: |given| !given.has("reason"),
        why: "without `--reason` nothing is written",
    },
    Idle {
        command: "accept",
        options: &["format"],
        when: |given| given.is("patch", "-") && given.is("format", "json"),
        why: "standard output is the patch's",
    },
    Idle {
        command: "submit",
        options: &["rekor_tiles_url"],
        when: |given| !given.has("signing_config") && !given.is("rekor_api_version", "2"),
        why: "a log of API 1 has no tiles",
    },
    Idle {
        command: "attest",
        options: &["trusted_root"],
        when: |given| !given.has("timestamp_url") && !given.has("signing_config"),
        why: "nobody is asked for a certificate or a timestamp",
    },
    Idle {
        command: "attest",
        options: &["password"],
        when: |given| given.has("fulcio_url") || given.has("signing_config"),
        why: "there is no key that it would open",
    },
    Idle {
        command: "manifest sign",
        options: &["password"],
        when: |given| given.has("fulcio_url") || given.has("signing_config"),
        why: "there is no key that it would open",
    },
    Idle {
        command: "manifest sign",
        options: &["trusted_root"],
        when: |given| ["timestamp_url", "signing_config", "rekor_url"].iter().all(|id| !given.has(id)),
        why: "nobody is asked for a certificate, a timestamp or an entry",
    },
    Idle {
        command: "diff",
        options: &["json"],
        when: |given| given.is("format", "text"),
        why: "`--format text` says otherwise",
    },
    Idle {
        command: "sandbox",
        options: &["clock_step", "clamp_file_times"],
        when: |given| given.is("clock", "real"),
        why: "the clock runs: there is no frozen one",
    },
    Idle {
        command: "sandbox",
        options: &["ro"],
        when: |given| given.values("ro").iter().any(|path| given.values("rw").contains(path)),
        why: "`--rw` shows the same folder to be changed",
    },
];

/// Commands whose output is a document, a page or the output of another command.
fn has_one_form(given: &Given<'_>) -> bool {
    const ONE: [&str; 15] = [
        "badge",
        "canonicalize",
        "closure export",
        "demo",
        "report",
        "sandbox",
        "adapter show",
        "profile show",
        "manifest migrate",
        "manifest sign",
        "builtin-scan",
        "trust create",
        "trust update",
        "sigstore-conformance sign-bundle",
        "sigstore-conformance verify-bundle",
    ];
    ONE.contains(&given.command.as_str())
}

/// Whether a command uses something that every command can be given.
enum Use {
    Always,
    Never,
    /// What it was given says it.
    If(fn(&Given<'_>) -> bool),
}

impl Use {
    fn is_used(&self, given: &Given<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::If(uses) => uses(given),
        }
    }
}

/// Every command: whether it reads a configuration, and whether it uses a store. A test holds it to the program's own list.
const USES: &[(&str, Use, Use)] = {
    use Use::{Always, If, Never};
    const NO_HISTORY: Use = If(|given| !given.has("history"));
    const A_ROOTFS: Use = If(|given| given.has("rootfs"));
    &[
        ("accept", Always, Always),
        ("adapter list", Always, Never),
        ("adapter show", Always, Never),
        ("attest", Always, NO_HISTORY),
        ("badge", Always, Never),
        ("builtin-scan", Never, Never),
        ("canonicalize", Always, Never),
        ("chaos", Always, Always),
        ("ci", Always, Always),
        ("closure diff", Always, Always),
        ("closure export", Always, Always),
        ("closure show", Always, Always),
        ("demo", Never, Never),
        ("diff", Always, Never),
        ("doctor", Never, Never),
        ("explain", Always, Always),
        ("feed bisect", Always, Always),
        ("feed build", Never, Never),
        ("feed verify", Never, Never),
        ("gate", Always, NO_HISTORY),
        ("image inspect", Always, Always),
        ("image unpack", Always, Always),
        ("init", Always, Always),
        ("key generate", Never, Never),
        ("key public", Never, Never),
        ("manifest migrate", Never, Never),
        ("manifest show", Never, Never),
        ("manifest sign", Never, Never),
        ("manifest validate", Never, Never),
        ("manifest verify", Never, Never),
        ("merge", Always, Always),
        ("notify", Always, Never),
        ("profile explain", Always, Never),
        ("profile learn", Always, Always),
        ("profile list", Always, Never),
        ("profile show", Always, Never),
        ("profile test", If(|given| given.has("profile")), Never),
        ("publish", Always, Never),
        ("replay", Always, Always),
        ("report", Always, NO_HISTORY),
        ("reproduce", Never, Never),
        ("reviewed", Always, Never),
        ("sandbox", A_ROOTFS, A_ROOTFS),
        ("scan", Always, Always),
        ("score", Always, NO_HISTORY),
        ("sigstore-conformance sign-bundle", Never, Never),
        ("sigstore-conformance verify-bundle", Never, Never),
        ("submit", Never, Never),
        ("trust create", Never, Never),
        ("trust update", Never, Never),
        ("verify", Never, Never),
    ]
};

fn uses(given: &Given<'_>) -> Option<&'static (&'static str, Use, Use)> {
    USES.iter().find(|(command, ..)| *command == given.command)
}

fn needs_no_config(given: &Given<'_>) -> bool {
    uses(given).is_some_and(|(_, config, _)| !config.is_used(given))
}

fn needs_no_store(given: &Given<'_>) -> bool {
    uses(given).is_some_and(|(_, _, store)| !store.is_used(given))
}

fn is_any(given: &Given<'_>, switches: &[&str]) -> bool {
    switches.iter().any(|id| given.is_on(id))
}

fn is_command(given: &Given<'_>) -> bool {
    given.has("command")
}

fn is_builtin(given: &Given<'_>) -> bool {
    !is_command(given) && (!given.has("scanner") || given.is("scanner", "builtin"))
}

fn is_adapter(given: &Given<'_>) -> bool {
    !is_command(given) && !is_builtin(given)
}

fn is_as_is(given: &Given<'_>) -> bool {
    is_command(given) && given.is_on("as_is")
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::*;
    use crate::cli::app::App;

    fn names(command: &Command, above: &[&str], all: &mut Vec<String>) {
        for sub in command.get_subcommands() {
            let words = [above, &[sub.get_name()]].concat();
            if sub.has_subcommands() {
                names(sub, &words, all);
            } else {
                all.push(words.join(" "));
            }
        }
    }

    #[test]
    fn every_command_says_what_it_uses() {
        let (mut all, known) = (Vec::new(), USES.iter().map(|(command, ..)| *command).collect::<Vec<_>>());
        names(&App::command(), &[], &mut all);
        all.sort();
        assert_eq!(known, all);
    }
}
