//! Every option that clap knows, with a command line in which it says nothing, if there is one; and every way to say one thing twice.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};

use super::{check, deferred, error::OptionError, given::Given, once};
use crate::cli::app::App;

/// What each option needs so that it says something: nothing (`-`), or a command line in which it says nothing and is refused.
const OPTIONS: &str = "
scan --input -
scan --platform -
scan --exclude -
scan --include-ignored -
scan --with-git scan --input a --with-git
scan --call-graph scan --call-graph g.json --artifact findings=- -- tool
scan --feed -
scan --policy -
scan --scanner -
scan --scanner-config scan --input a --scanner-config c
scan --output scan --artifact findings=- --output sarif -- tool
scan --scanner-version scan --input a --scanner-version 2
scan --flag scan --artifact findings=- --flag=-v -- tool
scan --artifact scan --input a --artifact findings=-
scan --env scan --input a --env HOME
scan --expect-exit scan --input a --expect-exit 0
scan --label -
scan --network scan --input a --network allow
scan --as-is scan --input a --as-is
scan --clock scan --input a --clock real
scan --closure scan --input a --closure
scan --closure-limit scan --artifact findings=- --closure-limit 5 -- tool
scan --capture scan --artifact findings=- --capture p -- tool
scan --capture-secrets scan --artifact findings=- --capture-secrets p -- tool
scan --timeout scan --as-is --artifact findings=- --timeout 5 -- tool
scan --memory scan --input a --memory 5
scan --clamp-file-times scan --clock real --clamp-file-times --artifact findings=- -- tool
scan --path scan --input a --path bin
scan --artifact-in-input scan --scanner bandit --artifact-in-input
scan --ledger scan --input a --ledger l
scan --emit-manifest -
scan --emit-artifacts-dir -
scan --require-isolation scan --as-is --require-isolation full --artifact findings=- -- tool
scan --ro scan --input a --ro /srv
replay --from -
replay --out-dir -
replay --with -
replay --clamp-file-times replay --from m --with clamp-file-times=true --clamp-file-times
replay --env -
replay --history replay --from m --history h --with feed=f
replay --commit replay --from m --commit c --with feed=f
replay --explain -
replay --max-replays replay --from m --max-replays 3
replay --max-time replay --from m --max-time 3
replay --require-isolation -
replay --ro -
explain --from -
explain --with -
explain --env -
explain --max-replays -
explain --max-time -
explain --require-isolation -
explain --ro -
diff --a -
diff --b -
diff --as -
diff --mode -
diff --json diff --a a --b b --json --format text
ci --pinned ci --pinned --gate pr
ci --only ci --only a --gate pr
ci --shard ci --shard 1/2 --only a
ci --base-subject ci --base-subject p
ci --jobs -
ci --junit -
ci --result -
ci --summary -
ci --out-dir -
ci --emit -
ci --timings -
ci --predicate ci --gate pr --predicate p
ci --gate -
ci --strict ci --strict
ci --fail-on ci --fail-on warn
ci --base ci --base main
ci --reviewed ci --reviewed r.json
ci --history ci --shard 1/2 --history h
ci --commit ci --shard 1/2 --commit c0ffee0
ci --explain -
ci --max-replays ci --max-replays 3
ci --max-time ci --max-time 3
ci --require-isolation -
ci --ro -
merge --pinned merge r --pinned --gate pr
merge --gate -
merge --strict merge r --strict
merge --fail-on merge r --fail-on warn
merge --base merge r --base main
merge --reviewed merge r --reviewed r.json
merge --history -
merge --commit -
merge --require-isolation -
merge --ro -
merge --junit -
merge --result -
merge --summary -
merge --out-dir -
merge --emit -
merge --timings -
merge --predicate merge r --gate pr --predicate p
reproduce --only -
reproduce --require-isolation -
reproduce --ro -
report --html -
report --markdown -
report --junit -
report --sarif -
report --code-quality -
report --job-summary -
report --comment -
report --github-annotations -
report --github-outputs -
report --azure -
report --buildkite -
report --badge -
report --badge-json -
report --output -
report --gate -
report --strict report r --html --strict
report --fail-on report r --html --fail-on warn
report --history report r --html --history h
report --key report r --html --key k
report --commit report r --junit --commit c0ffee0
report --link report r --junit --link https://a
report --before report r --junit --before b
badge --result -
badge --commit badge d --commit c0ffee0
score --history -
score --window -
score --by -
gate --history gate pr --result r --history h
gate --result -
gate --strict gate pr --result r --strict
gate --fail-on -
accept --exactly -
accept --reason -
accept --by accept --by me
accept --until accept --until 2030-01-01
accept --update accept --update
accept --all-equal -
accept --patch accept --patch p
accept --base -
accept --reviewed -
accept --require-isolation -
accept --ro -
reviewed --out -
notify --report -
notify --conclusion -
notify --key -
notify --author -
notify --require-publish notify --report r --dry-run --require-publish
notify --dry-run -
publish --report -
publish --from-run -
publish --job publish --from-run 1 --job j
publish --artifact publish --report r --artifact a
publish --conclusion publish --from-run 1 --conclusion success
publish --key -
publish --no-comment -
publish --status -
publish --check -
publish --author publish --report r --no-comment --author a
publish --require-publish publish --report r --dry-run --require-publish
publish --dry-run -
chaos --from -
chaos --only -
chaos --env -
chaos --require-isolation -
chaos --ro -
canonicalize --profile -
canonicalize --hash -
init --ci -
demo --dir -
sandbox --clock -
sandbox --clock-step sandbox --clock real --clock-step 5 -- tool
sandbox --seed -
sandbox --cpus -
sandbox --order -
sandbox --tz -
sandbox --locale -
sandbox --hostname -
sandbox --user -
sandbox --umask -
sandbox --aslr -
sandbox --network -
sandbox --env -
sandbox --ro sandbox --ro /srv --rw /srv -- tool
sandbox --rw -
sandbox --rootfs -
sandbox --clamp-file-times sandbox --clock real --clamp-file-times -- tool
sandbox --trace-paths -
sandbox --timeout -
sandbox --memory -
sandbox --processes -
sandbox --ledger -
sandbox --require-isolation -
sandbox --at-most -
manifest migrate --out -
manifest sign --key manifest sign --fulcio-url u --timestamp-url u --bundle b --key k m
manifest sign --password manifest sign --signing-config c --bundle b --password p m
manifest sign --fulcio-url manifest sign --key k --timestamp-url u --bundle b --fulcio-url u m
manifest sign --identity-token manifest sign --key k --bundle b --identity-token t m
manifest sign --oidc-client-id manifest sign --key k --bundle b --oidc-client-id n m
manifest sign --timestamp-url manifest sign --signing-config c --bundle b --timestamp-url u m
manifest sign --signing-config manifest sign --key k --bundle b --signing-config c m
manifest sign --rekor-url manifest sign --signing-config c --bundle b --rekor-url u m
manifest sign --rekor-api-version manifest sign --key k --bundle b --rekor-api-version 2 m
manifest sign --trusted-root manifest sign --key k --bundle b --trusted-root t m
manifest sign --bundle -
manifest verify --bundle -
manifest verify --key manifest verify --bundle b --certificate-identity i --certificate-oidc-issuer u --key k m
manifest verify --certificate-identity -
manifest verify --certificate-identity-regexp -
manifest verify --certificate-oidc-issuer -
manifest verify --certificate-oidc-issuer-regexp -
manifest verify --trusted-root manifest verify --bundle b --key k --signature-only --trusted-root t m
manifest verify --signature-only manifest verify --bundle b --key k --trusted-root t --signature-only m
manifest verify --allow-no-log manifest verify --bundle b --key k --signature-only --allow-no-log m
feed build --out-dir -
feed build --source -
feed build --any-format -
feed bisect --from -
feed bisect --feed -
feed bisect --finding -
feed bisect --env -
feed bisect --require-isolation -
feed bisect --ro -
image inspect --platform -
image unpack --platform -
profile explain --profile -
profile explain --root -
profile test --document profile test --document d
profile test --root profile test sarif --root r
profile learn --input -
profile learn --exclude -
profile learn --artifact -
profile learn --feed -
profile learn --env -
profile learn --expect-exit -
profile learn --profile -
profile learn --again -
profile learn --out -
profile learn --require-isolation -
profile learn --ro -
builtin-scan --input -
builtin-scan --feeds -
builtin-scan --policy -
builtin-scan --clock -
builtin-scan --out -
attest --result -
attest --gate -
attest --history -
attest --strict -
attest --checksums attest --result r --dry-run --checksums c f
attest --dry-run attest --result r --key k --out-dir o --dry-run f
attest --key attest --result r --dry-run --key k f
attest --password attest --result r --dry-run --password p f
attest --out-dir attest --result r --dry-run --out-dir o f
attest --queue attest --result r --dry-run --queue q f
attest --fulcio-url attest --result r --queue q --key k --timestamp-url t --fulcio-url u f
attest --identity-token attest --result r --queue q --key k --identity-token t f
attest --oidc-client-id attest --result r --queue q --key k --oidc-client-id n f
attest --timestamp-url attest --result r --out-dir o --key k --timestamp-url u f
attest --signing-config attest --result r --queue q --key k --signing-config c f
attest --trusted-root attest --result r --queue q --key k --trusted-root t f
verify --bundle -
verify --key verify --bundle b --certificate-identity i --certificate-oidc-issuer u --key k f
verify --certificate-identity -
verify --certificate-identity-regexp -
verify --certificate-oidc-issuer -
verify --certificate-oidc-issuer-regexp -
verify --trusted-root verify --bundle b --key k --signature-only --trusted-root t f
verify --allow-no-log verify --bundle b --key k --signature-only --allow-no-log f
verify --signature-only verify --bundle b --key k --trusted-root t --signature-only f
verify --type -
verify --require-fidelity -
verify --require-verdict -
verify --max-age -
submit --queue -
submit --rekor-url submit --queue q --out-dir o --signing-config c --rekor-url u
submit --rekor-api-version submit --queue q --out-dir o --signing-config c --rekor-api-version 2
submit --rekor-tiles-url submit --queue q --out-dir o --rekor-url u --rekor-tiles-url t
submit --timestamp-url submit --queue q --out-dir o --signing-config c --timestamp-url u
submit --signing-config submit --queue q --out-dir o --rekor-url u --signing-config c
submit --trusted-root -
submit --out-dir -
submit --jobs -
submit --patience -
submit --report -
key generate --out -
key generate --algorithm -
key generate --password key generate --unencrypted --password p
key generate --encryption key generate --unencrypted --encryption cosign
key generate --unencrypted -
key public --key -
key public --password -
key public --out -
builtin-scan --flag -
trust create --rekor -
trust create --fulcio -
trust create --ct-log -
trust create --timestamp-authority -
trust create --out -
trust update --trusted-root -
trust update --out -
sigstore-conformance sign-bundle --staging sigstore-conformance sign-bundle --identity-token t --bundle b --signing-config c --staging f
sigstore-conformance sign-bundle --in-toto -
sigstore-conformance sign-bundle --identity-token -
sigstore-conformance sign-bundle --bundle -
sigstore-conformance sign-bundle --signing-config sigstore-conformance sign-bundle --identity-token t --bundle b --staging --signing-config c f
sigstore-conformance sign-bundle --trusted-root -
sigstore-conformance verify-bundle --staging -
sigstore-conformance verify-bundle --bundle -
sigstore-conformance verify-bundle --key sigstore-conformance verify-bundle --bundle b --certificate-identity i --certificate-oidc-issuer u --key k f
sigstore-conformance verify-bundle --certificate-identity -
sigstore-conformance verify-bundle --certificate-identity-regexp -
sigstore-conformance verify-bundle --certificate-oidc-issuer -
sigstore-conformance verify-bundle --certificate-oidc-issuer-regexp -
sigstore-conformance verify-bundle --trusted-root -
";

/// A command line of each command that is right, and which of the options of every command say something in it: its output's form,
/// the configuration, the store.
const COMMANDS: &[(&str, &str)] = &[
    ("scan --input a --feed f", "format config store"),
    ("replay --from m", "format config store"),
    ("explain --from m", "format config store"),
    ("diff --a a --b b", "format config"),
    ("ci", "format config store"),
    ("merge r", "format config store"),
    ("reproduce r", "format"),
    ("report r --badge", "config store"),
    ("badge d", "config"),
    ("score", "format config store"),
    ("gate nightly", "format config store"),
    ("accept", "format config store"),
    ("reviewed --out r", "format config"),
    ("publish --report r", "format config"),
    ("notify --report r", "format config"),
    ("chaos --from m", "format config store"),
    ("canonicalize a", "config"),
    ("init", "format config store"),
    ("demo", ""),
    ("sandbox --rootfs image -- tool", "config store"),
    ("doctor", "format"),
    ("adapter list", "format config"),
    ("adapter show a", "config"),
    ("manifest show m", "format"),
    ("manifest validate m", "format"),
    ("manifest migrate m", ""),
    ("manifest sign --key k --bundle b m", ""),
    ("manifest verify --bundle b --key k m", "format"),
    ("feed build f", "format"),
    ("feed verify f", "format"),
    ("feed bisect --from m a b", "format config store"),
    ("closure show m", "format config store"),
    ("closure diff m n", "format config store"),
    ("closure export m d", "config store"),
    ("image inspect i", "format config store"),
    ("image unpack i", "format config store"),
    ("attest --result r --dry-run f", "format config store"),
    ("submit --queue q --rekor-url u --out-dir o", "format"),
    ("verify --bundle b --key k f", "format"),
    ("key generate --unencrypted", "format"),
    ("key public --key k", "format"),
    ("profile list", "format config"),
    ("profile show p", "config"),
    ("profile explain d", "format config"),
    ("profile test p", "format config"),
    ("profile learn -- tool", "format config store"),
    ("trust create --rekor url=u,key=k --out o", ""),
    ("trust update --out o f", ""),
    ("sigstore-conformance sign-bundle --identity-token t --bundle b f", ""),
    ("sigstore-conformance verify-bundle --bundle b --key k f", ""),
    ("builtin-scan --input a --clock 2026-01-01T00:00:00Z --out o", ""),
];

/// Values out of the range of every option that takes a number, by what clap says it takes.
const NUMBERS: &[(&str, &[&str])] = &[
    ("CODE", &["256", "300", "-1", "x"]),
    ("SECONDS", &["-1", "99999999999999", "x"]),
    ("MIB", &["0", "-1", "99999999999999", "x"]),
    ("N", &["-1", "99999999999999999999999", "x"]),
    ("NANOSECONDS", &["-1", "99999999999999999999999", "x"]),
    ("DAYS", &["0d", "-1d", "99999d", "30", "x"]),
];

/// Counts of something of which there must be one.
const AT_LEAST_ONE: &[&str] = &["max_replays", "jobs", "cpus", "processes", "again", "timeout"];

/// Why a command line is refused, whoever does it; `None` where it stands.
fn refused(line: &str) -> Option<String> {
    let words: Vec<OsString> = std::iter::once("stella").chain(line.split_whitespace()).map(OsString::from).collect();
    match App::command().try_get_matches_from(&words) {
        Err(error) => Some(error.to_string()),
        Ok(matches) => check(App::command, &words, &matches).err().map(|error: OptionError| error.to_string()),
    }
}

fn leaves(command: &Command, path: &str, all: &mut Vec<(String, Command)>) {
    let below: Vec<&Command> = command.get_subcommands().filter(|sub| sub.get_name() != "help").collect();
    if below.is_empty() {
        all.push((path.trim().to_owned(), command.clone()));
    }
    below.into_iter().for_each(|sub| leaves(sub, &format!("{path} {}", sub.get_name()), all));
}

/// Every command that does something, with the options that are its own.
fn commands() -> Vec<(String, Vec<Arg>)> {
    let mut app = App::command();
    app.build();
    let mut all = Vec::new();
    leaves(&app, "", &mut all);
    let own = |command: Command| {
        let options = command.get_arguments().filter(|argument| argument.get_long().is_some());
        let own = options
            .filter(|argument| !argument.is_global_set() && !["help", "version"].contains(&argument.get_id().as_str()));
        own.cloned().collect()
    };
    all.into_iter().map(|(path, command)| (path, own(command))).collect()
}

fn base(command: &str) -> &'static str {
    let mut lines = COMMANDS.iter().map(|(line, _)| *line);
    let of = |line: &&str| line.strip_prefix(command).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    lines.find(of).unwrap_or_else(|| panic!("COMMANDS says nothing of `stella {command}`"))
}

/// A command line with more words, before what stands behind `--`.
fn with(line: &str, more: &str) -> String {
    match line.split_once(" -- ") {
        Some((before, after)) => format!("{before} {more} -- {after}"),
        None => format!("{line} {more}"),
    }
}

#[test]
fn every_option_is_told_from_one_that_says_nothing() {
    let mut rows = BTreeSet::new();
    for row in OPTIONS.trim().lines() {
        let (command, rest) = row.split_once(" --").unwrap();
        let (option, line) = rest.split_once(' ').unwrap();
        assert!(rows.insert((command.to_owned(), option.to_owned())), "twice: {row}");
        if line == "-" {
            continue;
        }
        let why = refused(line).unwrap_or_else(|| panic!("`stella {line}` is accepted"));
        assert!(why.contains(&format!("--{option}")), "{line}: {why}");
        // What is wrong with it is this option alone.
        assert!(line.starts_with(command), "{row}");
    }
    let known = commands().into_iter().flat_map(|(command, options)| {
        options.into_iter().map(move |option| (command.clone(), option.get_long().unwrap().to_owned()))
    });
    let known: BTreeSet<_> = known.collect();
    assert_eq!(rows.difference(&known).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "no such option");
    assert_eq!(known.difference(&rows).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "OPTIONS forgets them");
}

#[test]
fn what_every_command_takes_is_refused_where_it_says_nothing() {
    assert_eq!(COMMANDS.len(), commands().len());
    for (command, _) in commands() {
        let line = base(&command);
        assert_eq!(refused(line), None, "{line}");
        let uses = COMMANDS.iter().find(|(known, _)| *known == line).unwrap().1;
        for (option, value) in [("format", "json"), ("config", "c.yaml"), ("store", "s")] {
            let says_something = uses.split(' ').any(|used| used == option);
            for given in [format!("--{option} {value} {line}"), with(line, &format!("--{option} {value}"))] {
                let why = refused(&given);
                assert_eq!(why.is_none(), says_something, "{given}: {why:?}");
                assert!(why.is_none_or(|why| why.contains(&format!("--{option}"))), "{given}");
            }
            if says_something {
                let other = if option == "format" { "text" } else { "other" };
                let twice = with(&format!("--{option} {value} {line}"), &format!("--{option} {other}"));
                assert!(refused(&twice).is_some_and(|why| why.contains("twice")), "{twice}");
                let same = with(&format!("--{option} {value} {line}"), &format!("--{option} {value}"));
                assert_eq!(refused(&same), None, "{same}");
            }
        }
    }
}

/// What is looked for at two levels is told from its name.
#[test]
fn an_option_of_every_command_has_one_name_and_a_long_one() {
    let app = App::command();
    let of_every_command: Vec<_> = app.get_arguments().filter(|option| option.is_global_set()).collect();
    assert_eq!(of_every_command.len(), 3);
    for option in of_every_command {
        let others = option.get_all_aliases().unwrap_or_default();
        assert!(option.get_long().is_some() && option.get_short().is_none() && others.is_empty(), "{option}");
    }
    for twice in [
        "--format json scan --input a --format=text",
        "--format=json scan --input a --format text",
        "--format json profile --format text list",
        "profile --format json list --format text",
    ] {
        assert!(refused(twice).is_some_and(|why| why.contains("twice")), "{twice}");
    }
    assert_eq!(refused("scan --input a --format json -- --format text"), None);
}

/// What is described late is described as ever.
#[test]
fn commands_that_are_described_late_are_the_same() {
    let lines = COMMANDS.iter().map(|(line, _)| *line).chain([
        "adapter",
        "adapter unknown",
        "profile learn",
        "profile lern",
        "feed bisect --unknown",
        "manifest validate",
        "sandbox",
        "unknown",
    ]);
    for line in lines {
        let words: Vec<OsString> =
            std::iter::once("stella").chain(line.split_whitespace()).map(OsString::from).collect();
        let parsed = |described: Command| {
            let parsed = described.try_get_matches_from(&words);
            let read = |matches: ArgMatches| App::from_arg_matches(&matches).map(|app| format!("{app:?}"));
            parsed.and_then(read).map_err(|error| error.to_string())
        };
        assert_eq!(parsed(deferred::described(&words, App::command)), parsed(App::command()), "{line}");
    }
}

#[test]
fn what_can_be_given_once_is_given_once() {
    for (command, options) in commands() {
        for option in options {
            let (id, long) = (option.get_id().as_str(), option.get_long().unwrap());
            let line = base(&command);
            match option.get_action() {
                ArgAction::Append => {
                    let is_known = once::is_named(id) || once::SETS.contains(&id);
                    assert!(is_known, "`stella {command} --{long}`: is it a set, or does it name what it gives?");
                }
                ArgAction::SetTrue => {
                    let why = refused(&with(line, &format!("--{long} --{long}")));
                    assert!(why.is_some_and(|why| why.contains(&format!("--{long}"))), "{command} --{long}");
                }
                ArgAction::Set => {
                    let value = option.get_possible_values().first().map_or("1", |value| value.get_name()).to_owned();
                    let why = refused(&with(line, &format!("--{long}={value} --{long}={value}")));
                    assert!(why.is_some_and(|why| why.contains(&format!("--{long}"))), "{command} --{long}");
                }
                other => panic!("{command} --{long}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_name_is_given_one_value() {
    let twice = [
        "scan --input a --label t=a --label t=b",
        "scan --input a --label t=a --label t=a",
        "scan --input a --feed f --feed g",
        "scan --input a --feed osv=f --feed g",
        "scan --artifact findings=a --artifact findings=a:sarif -- tool",
        "scan --scanner bandit --output sarif,sarif",
        "ci --emit html=a --emit html=b",
        "replay --from m --with feed=a --with feed=b",
        "replay --from m --with feed=osv=a --with feed=osv=b",
        "replay --from m --with feed=osv=a --with feed=b",
        "replay --from m --with scanner=a --with scanner=builtin",
        "explain --from m --with tz=UTC --with tz=CET",
        "profile learn --artifact findings=a --artifact findings=a -- tool",
    ];
    for line in twice {
        assert!(refused(line).is_some_and(|why| why.contains("twice")), "{line}");
    }
    let once = [
        "scan --input a --label t=a --label u=a",
        "scan --input a --feed osv=f --feed nvd=f",
        "scan --artifact findings=a --artifact sbom=a --artifact findings=b -- tool",
        "replay --from m --with feed=osv=a --with feed=nvd=a --with policy=a",
        "score --history a --history a --by x --by x",
        "scan --scanner bandit --flag=-v --flag=-v",
    ];
    for line in once {
        assert_eq!(refused(line), None, "{line}");
    }
}

#[test]
fn a_file_is_written_for_one_purpose() {
    let one = [
        "ci --junit a.xml --result ./a.xml",
        "ci --history h --summary h",
        "ci --emit html=a --summary a",
        "ci --emit html=a --emit sarif=./a",
        "scan --input a.json --emit-manifest a.json",
        "replay --from m --out-dir m",
        "profile learn --input a --out a -- tool",
    ];
    for line in one {
        assert!(refused(line).is_some_and(|why| why.contains("name one file")), "{line}");
    }
    for line in [
        "ci --junit a.xml --result a.json",
        "ci --junit /dev/stdout --result /dev/stdout",
        "scan --input . --emit-artifacts-dir .",
    ] {
        assert_eq!(refused(line), None, "{line}");
    }
}

#[test]
fn a_number_out_of_range_is_refused() {
    let mut seen = BTreeSet::new();
    for (command, options) in commands() {
        for option in options {
            let takes = option.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
            let Some((takes, bad)) = NUMBERS.iter().find(|(known, _)| takes == Some(known)) else { continue };
            let (id, long) = (option.get_id().as_str(), option.get_long().unwrap());
            seen.insert(*takes);
            let none = AT_LEAST_ONE.contains(&id).then_some("0");
            for value in bad.iter().copied().chain(none) {
                let line = with(base(&command), &format!("--{long}={value}"));
                let why = refused(&line).unwrap_or_else(|| panic!("`stella {line}` is accepted"));
                assert!(why.contains("invalid value"), "{line}: {why}");
            }
        }
    }
    assert_eq!(seen.len(), NUMBERS.len());
}

/// The environment and defaults are nobody's mistake.
#[test]
fn what_nobody_wrote_is_not_refused() {
    let matches = App::command().try_get_matches_from(["stella", "doctor"]).unwrap();
    let given = Given::of(&matches);
    assert_eq!(given.command, "doctor");
    assert!(!given.has("format") && !given.has("store"));
}
