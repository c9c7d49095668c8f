use std::error::Error as _;

use proptest::prelude::*;

use super::*;
use crate::canonical::Profile;

const SMALL: &str = "\
adapter: small
summary: for these tests
program: small
command: ['{scanner}', '{options}', '{input}']
env: {DB: '{feed}', CI: 'true'}
input: any
feed: {what: a database, required: true, arguments: ['--db', '{feed}']}
config: {what: rules, arguments: ['--rules', '{config}']}
outputs:
  json: {arguments: ['--json', '{out}/s.json'], artifact: 'findings={out}/s.json:json'}
  sarif: {arguments: ['--sarif', '{out}/s.sarif'], artifact: 'findings={out}/s.sarif:sarif'}
default_output: json
several_outputs: true
exit_codes: [0, 3]
";

fn builtin(name: &str) -> &'static Adapter {
    Adapter::builtin().iter().find(|adapter| adapter.name == name).unwrap()
}

#[test]
fn every_file_is_registered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/adapters");
    let mut found: Vec<String> =
        folder.read_dir().unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, FILES);
}

#[test]
fn every_builtin_adapter_makes_every_command_that_it_offers() {
    for (adapter, file) in Adapter::builtin().iter().zip(FILES) {
        assert_eq!(format!("{}.yaml", adapter.name), *file);
        for (name, output) in &adapter.outputs {
            let selection = Selection {
                outputs: std::slice::from_ref(name),
                feed: adapter.feed.is_some(),
                config: adapter.config.is_some(),
                flags: &[],
            };
            let command = adapter.command(&selection).unwrap();
            assert_eq!(command.argv[0], "{scanner}");
            assert!(!command.argv.iter().any(|word| word == OPTIONS), "{file}: {:?}", command.argv);
            assert_eq!(command.artifacts, std::slice::from_ref(&output.artifact));
            assert!(output.artifact.format.is_some(), "{file}: `{name}` leaves its format to the content");
            if let Some(profile) = &output.artifact.profile {
                assert!(Profile::named(profile).is_some(), "{file}: `{name}` names a profile that is not there");
            }
            let named = |place: &str| {
                let words = command.argv.iter().chain(command.set_env.values());
                words.into_iter().any(|word| word.contains(place))
            };
            assert_eq!(named("{feed}"), adapter.feed.is_some(), "{file}");
            assert_eq!(named("{config}"), adapter.config.is_some(), "{file}");
        }
    }
}

#[test]
fn a_selection_becomes_a_command() {
    let adapter = Adapter::parse(SMALL).unwrap();
    let outputs = ["sarif".to_owned(), "json".to_owned()];
    let flags = ["--deep".to_owned()];
    let command = adapter.command(&Selection { outputs: &outputs, feed: true, config: true, flags: &flags }).unwrap();
    assert_eq!(
        command.argv.join(" "),
        "{scanner} --sarif {out}/s.sarif --json {out}/s.json --db {feed} --rules {config} --deep {input}"
    );
    assert_eq!(command.artifacts.iter().map(ArtifactSpec::file_name).collect::<Vec<_>>(), ["s.sarif", "s.json"]);
    assert_eq!(command.set_env.len(), 2);
    assert_eq!(command.exit_codes, [0, 3]);

    let plain = adapter.command(&Selection { outputs: &[], feed: true, config: false, flags: &[] }).unwrap();
    assert_eq!(plain.argv.join(" "), "{scanner} --json {out}/s.json --db {feed} {input}");
}

#[test]
fn what_cannot_be_served_is_said() {
    let ask = |name: &str, outputs: &[&str], feed, config| {
        let outputs: Vec<String> = outputs.iter().map(|output| (*output).to_owned()).collect();
        let selection = Selection { outputs: &outputs, feed, config, flags: &[] };
        let error = builtin(name).command(&selection).map(|_| ()).unwrap_err();
        (error.to_string(), error.hint().unwrap().for_command_line())
    };
    let rows = [
        (ask("bandit", &["xml"], false, false), "`bandit` has no output `xml`: it has `json`, `sarif`", "--output"),
        (ask("bandit", &["json", "sarif"], false, false), "`bandit` writes one output in one run", "--output"),
        (ask("bandit", &[], true, false), "`bandit` takes no feed", "stella adapter show bandit"),
        (ask("npm-sbom", &[], false, true), "`npm-sbom` takes no configuration", "stella adapter show npm-sbom"),
        (ask("semgrep", &[], false, false), "`semgrep` needs rules, a file or a folder", "--scanner-config PATH"),
        (
            ask("osv-scanner", &[], false, false),
            "`osv-scanner` needs its offline database: a folder that holds osv-scalibr/ECOSYSTEM/all.zip",
            "--feed PATH",
        ),
    ];
    for ((said, hint), expected, mends) in rows {
        assert_eq!(said, expected);
        assert!(hint.contains(mends), "{hint}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    // (text to replace, by what, the error, its cause)
    let rows = [
        ("adapter: small", "adapter: Small", "`adapter` must be a name", ""),
        ("adapter: small", "adapter: builtin", "not `builtin`", ""),
        ("program: small", "program: bin/small", "`program` must be a name", ""),
        ("'{scanner}', ", "small, ", "`command` must begin with `{scanner}`", ""),
        ("'{options}', ", "", "`command` must hold the word `{options}` once", ""),
        ("'{input}'", "'{inputs}'", "`{inputs}` is not a place: known are {input}, ", ""),
        ("'{feed}', CI", "'{output}/x', CI", "`{output}` is not a place", ""),
        ("CI:", "SOURCE_DATE_EPOCH:", "`env`", "SOURCE_DATE_EPOCH"),
        ("default_output: json", "default_output: xml", "`default_output` must be one of `outputs`", ""),
        ("exit_codes: [0, 3]", "exit_codes: []", "`exit_codes` must name", ""),
        ("findings={out}/s.sarif:sarif", "finding=x", "`outputs.sarif.artifact`", "finding=x"),
        ("{out}/s.sarif:sarif'", "{out}/s.json:sarif'", "`outputs.sarif.artifact` has the file name `s.json`", ""),
        ("summary:", "sumary:", "adapter is not valid at `sumary`", "unknown field `sumary`"),
        ("what: rules", "why: rules", "adapter is not valid at `config", "unknown field `why`"),
        ("summary: for", "version: 2\nsummary: for", "`version` is newer", ""),
    ];
    for (from, to, error, cause) in rows {
        assert!(SMALL.contains(from), "{from}");
        let refused = Adapter::parse(&SMALL.replace(from, to)).unwrap_err();
        assert!(refused.to_string().contains(error), "{to}: {refused}");
        let source = refused.source().map(ToString::to_string).unwrap_or_default();
        assert!(source.contains(cause), "{to}: {source}");
    }
    assert!(Adapter::parse("").is_err());
}

#[test]
fn braces_that_are_no_place_stay() {
    for word in ["", "{", "}", "{}", "{{input}}", "{Input}", "a{1}b", "{input}{out}", "{é}", "{nope"] {
        assert_eq!(unknown_place(word), None, "{word}");
    }
    assert_eq!(unknown_place("x{out}{nope}"), Some("nope"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(at in 0..SMALL.len(), junk in "[\\PC\n]{0,12}") {
        let _ = Adapter::parse(&format!("{}{junk}{}", &SMALL[..at], &SMALL[at..]));
        let _ = Adapter::parse(&junk);
    }
}
