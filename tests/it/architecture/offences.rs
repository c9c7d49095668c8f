//! Made-up houses, each with one offence: what the tests of the house are there to see.

use std::collections::BTreeMap;

use super::source::House;
use super::{circles, idle_permissions, open_doors, wrong_arrows};

const ROWS: [(&str, &[&str]); 4] =
    [("model", &[]), ("flow", &["model"]), ("flow::record", &["model"]), ("flow::replay", &["model", "flow::record"])];

/// `lib.rs` declares the three modules, `flow` its two rooms; all files are empty but those that are given.
fn house(given: &[(&str, &str)]) -> House {
    let mut texts = BTreeMap::from([
        ("lib.rs", "pub mod model; pub mod flow;".to_owned()),
        ("model/mod.rs", "pub mod word;".to_owned()),
        ("model/word.rs", String::new()),
        ("flow/mod.rs", "pub mod record; pub mod replay;".to_owned()),
        ("flow/record.rs", String::new()),
        ("flow/replay.rs", String::new()),
    ]);
    for (path, text) in given {
        texts.entry(path).or_default().push_str(text);
    }
    House::of(&texts.into_iter().map(|(path, text)| (path.to_owned(), text)).collect())
}

#[track_caller]
fn assert_arrow(path: &str, text: &str, wrong: &[&str]) {
    assert_eq!(wrong_arrows(&house(&[(path, text)]), &ROWS), wrong, "{text}");
}

#[test]
fn an_arrow_up_is_seen_however_it_is_written() {
    let wrong = ["src/model/word.rs:1: `model` must not use `flow::record`"];
    for text in [
        "use crate::flow::record::Record;",
        "use crate::{flow::record, model};",
        "use crate::{self as root, flow::{record::{self, Record}}};",
        "use super::super::flow::record;",
        "fn f() { let _ = crate::flow::record::now(); }",
        "fn f() -> Vec<crate::flow::record::Record> { Vec::new() }",
        "fn f() { g!(\"{}\", crate::flow::record::NAME) }",
        "macro_rules! f { () => { use $crate::{flow::record as r}; } }",
        "#[derive(Serialize)] struct S { #[serde(with = \"crate::flow::record\")] at: u8 }",
    ] {
        let found = wrong_arrows(&house(&[("model/word.rs", text)]), &ROWS);
        assert!(found.contains(&wrong[0].to_owned()), "{text}: {found:?}");
    }
}

#[test]
fn code_behind_a_module_of_tests_is_read() {
    let text = "#[cfg(test)]\nmod laws;\nuse crate::flow::record::Record;";
    let house = house(&[("model/mod.rs", text), ("model/laws.rs", "use crate::flow::replay;")]);
    assert_eq!(wrong_arrows(&house, &ROWS), ["src/model/mod.rs:3: `model` must not use `flow::record`"]);
    assert!(house.test_only.contains("model/laws.rs"));
}

#[test]
fn tests_may_use_what_they_like() {
    for condition in ["cfg(test)", "cfg(all(test, unix))", "test"] {
        assert_arrow("model/word.rs", &format!("#[{condition}] fn f() {{ crate::flow::record::now() }}"), &[]);
    }
    let wrong = ["src/model/word.rs:1: `model` must not use `flow::record`"];
    for condition in ["cfg(not(test))", "cfg(any(test, unix))", "cfg(feature = \"test\")", "cfg_attr(test, ignore)"] {
        assert_arrow("model/word.rs", &format!("#[{condition}] fn f() {{ crate::flow::record::now() }}"), &wrong);
    }
}

#[test]
fn a_room_has_a_row_of_its_own() {
    assert_arrow("flow/replay.rs", "use super::record::Record;", &[]);
    assert_arrow(
        "flow/record.rs",
        "use super::replay::Replay;",
        &["src/flow/record.rs:1: `flow::record` must not use `flow::replay`"],
    );
    assert_arrow("flow/record.rs", "use super::Job;", &["src/flow/record.rs:1: `flow::record` must not use `flow`"]);
}

#[test]
fn what_a_row_allows_in_vain_is_seen() {
    let idle = |given: &[(&str, &str)]| idle_permissions(&house(given), &ROWS);
    let used = [("flow/mod.rs", "use crate::model;"), ("flow/record.rs", "use crate::model::word::Word;")];
    assert_eq!(
        idle(&used),
        ["`flow::replay` uses nothing of `model`", "`flow::replay` uses nothing of `flow::record`"]
    );
    let replay = "use super::record; #[cfg(test)] mod tests { use crate::model; }";
    let both = [used[0], used[1], ("flow/replay.rs", replay)];
    assert_eq!(idle(&both), ["`flow::replay` uses nothing of `model`"], "what only tests use is not used");
}

#[test]
fn a_name_that_was_imported_leads_where_it_came_from() {
    let text = "use crate::flow; fn f() { flow::record::now() }";
    let wrong = ["`model` must not use `flow`", "`model` must not use `flow::record`"];
    assert_arrow(
        "model/word.rs",
        text,
        &wrong.map(|wrong| format!("src/model/word.rs:1: {wrong}")).each_ref().map(|w| w.as_str()),
    );
}

#[test]
fn an_open_door_is_seen_however_it_is_written() {
    for text in [
        "use std::{fs, io};",
        "use std::{io, fs::{self, File}};",
        "use std::fs::File as F;",
        "use std::*;",
        "use std::time::*; fn f() -> SystemTime { std::time::SystemTime::now() }",
        "use std::time::{Duration, Instant as Now}; fn f() -> Now { Now::now() }",
        "use std as s; fn f() { s::process::exit(1) }",
        "fn f() { g!(std::env::var(\"HOME\")) }",
        "fn f() { if true { println!(\"x\") } }",
        "fn f() { std::eprintln!(\"x\") }",
        "use tempfile::TempDir;",
        "fn f() { ::libc::getpid(); }",
    ] {
        assert!(!open_doors(&house(&[("model/word.rs", text)]), &["model"]).is_empty(), "{text}");
        assert!(open_doors(&house(&[("flow/record.rs", text)]), &["model"]).is_empty(), "{text}");
    }
    for text in [
        "use std::{fmt, io::Read};",
        "use std::time::Duration;",
        "// std::fs\n/// std::fs\nfn f() -> &'static str { \"std::fs\" }",
    ] {
        assert_eq!(open_doors(&house(&[("model/word.rs", text)]), &["model"]), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_new_circle_is_seen() {
    let circle = ["flow/mod.rs", "flow/record.rs", "flow/replay.rs"];
    let house = house(&[
        ("flow/mod.rs", "pub use replay::Replay;"),
        ("flow/record.rs", "use super::Replay;"),
        ("flow/replay.rs", "fn f() { super::record::now() }"),
    ]);
    assert_eq!(circles::of(&house), [circle]);
}

#[test]
fn files_in_a_row_are_no_circle() {
    let house = house(&[
        ("flow/mod.rs", "pub use replay::Replay;"),
        (
            "flow/replay.rs",
            "use super::record::Record; use crate::model::word; #[cfg(test)] mod tests { use super::super::Replay; }",
        ),
        (
            "flow/record.rs",
            "use crate::model::{self, word::Word}; pub(super) fn f(record: u8) { let replay = record; }",
        ),
    ]);
    assert_eq!(circles::of(&house), Vec::<Vec<&str>>::new());
}

#[test]
fn a_file_that_nobody_declares_is_seen() {
    let house = house(&[("model/lost.rs", "use crate::flow::record;")]);
    assert_eq!(house.forgotten.into_iter().collect::<Vec<_>>(), ["model/lost.rs"]);
}

#[test]
fn an_option_in_a_text_below_the_command_line_is_seen_however_it_is_written() {
    let words = |path: &str, text: &str| super::command_line_words(&house(&[(path, text)]), &[]);
    for text in [
        "const A: &str = \"give `--feed PATH`\";",
        "fn f() { g!(\"--feed {}\", 1) }",
        "#[derive(Error)] #[error(\"`--feed`: {0}\")] struct E(u8);",
        "fn f() -> [&'static str; 1] { [r#\"a --feed\"#] }",
    ] {
        assert_eq!(words("model/word.rs", text), ["src/model/word.rs:1: `--feed`"], "{text}");
    }
    assert_eq!(words("model/word.rs", "const A: &str = \"`stella ci` does\";"), ["src/model/word.rs:1: ``stella `"]);
    for text in [
        "/// `--feed`\nfn f() {}",
        "#[cfg(test)] mod tests { const A: &str = \"--feed\"; }",
        "const A: &str = \"a -- b ---x a--b\";",
    ] {
        assert_eq!(words("model/word.rs", text), [] as [&str; 0], "{text}");
    }
}
