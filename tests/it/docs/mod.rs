//! What the documentation says is true: its links lead somewhere, its commands exist, its examples parse.

mod house;
mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use stella::canonical::Profile;
use stella::config::Config;
use stella::config::adapter::Adapter;
use stella::flow::schema;

use crate::harness::World;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(relative: &str) -> String {
    fs::read_to_string(root().join(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
}

/// Every page, by its path from the root of the repository.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "policies/README.md"].map(str::to_owned).into();
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            pages.push(format!("docs/{name}"));
        }
    }
    pages.sort();
    pages
}

/// A fenced block: its language, the line it begins at, and its text.
struct Block {
    language: String,
    line: usize,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(language), None) => {
                open = Some(Block { language: language.trim().to_owned(), line: at + 2, text: String::new() });
            }
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is never closed");
    blocks
}

/// The page without its fenced blocks, line by line.
fn prose(page: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push(line);
        }
    }
    lines
}

/// The anchors that GitHub gives to the headings of a page.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page)
        .into_iter()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let slug = |heading: &str| {
        let kept = heading
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .collect::<String>();
        kept.replace(' ', "-")
    };
    headings.map(slug).collect()
}

fn links(page: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(page) {
        for piece in line.split("](").skip(1) {
            links.extend(piece.split_once(')').map(|(target, _)| target.to_owned()));
        }
    }
    links
}

#[test]
fn every_link_leads_somewhere() {
    let mut checked = 0;
    for page in pages() {
        let text = read(&page);
        let folder = root().join(&page).parent().unwrap().to_owned();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (target, anchor) = link.split_once('#').unwrap_or((link.as_str(), ""));
            let path = if target.is_empty() { root().join(&page) } else { folder.join(target) };
            assert!(path.exists(), "{page}: `{link}` leads nowhere");
            if !anchor.is_empty() {
                let found = anchors(&fs::read_to_string(&path).unwrap());
                assert!(found.contains(anchor), "{page}: `{link}`: no such heading, there are {found:?}");
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} links were found");
}

/// The words of a line of shell: quotes, escapes and comments, and where the command ends.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(_), _) => word.get_or_insert_default().push(c),
            (None, '\\') => word.get_or_insert_default().extend(characters.next()),
            (None, ' ') => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (None, '|' | ';' | '&' | '>' | '<') => break,
            (None, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The `stella` commands of a block: in `console` the lines after `$ `, in `sh` every line.
fn commands(block: &Block) -> Vec<Vec<String>> {
    let prompt = match block.language.as_str() {
        "console" => "$ ",
        "sh" => "",
        _ => return Vec::new(),
    };
    let text = block.text.replace("\\\n", " ");
    // `…` at the end of a shown command: the rest was cut.
    let lines = text.lines().filter_map(|line| line.strip_prefix(prompt)?.trim().split('…').next());
    lines.map(words).filter(|words| words.first().is_some_and(|first| first == "stella")).collect()
}

#[test]
fn every_command_parses() {
    let world = World::new();
    let mut parsed = 0;
    for page in pages() {
        for block in blocks(&read(&page)) {
            for command in commands(&block) {
                // Help is shown when the parser reaches it: everything before was understood, and nothing runs.
                let (ours, _) = command.split_at(command.iter().position(|word| word == "--").unwrap_or(command.len()));
                let arguments: Vec<&str> = ours[1..].iter().map(String::as_str).chain(["--help"]).collect();
                let run = world.command(&arguments).output().unwrap();
                let said = String::from_utf8_lossy(&run.stderr);
                assert!(run.status.success(), "{page}:{}: `{}`\n{said}", block.line, command.join(" "));
                parsed += 1;
            }
        }
    }
    assert!(parsed > 20, "only {parsed} commands were found");
}

#[test]
fn the_demonstration_in_the_readme_is_the_true_one() {
    let readme = read("README.md");
    let picture = blocks(&readme).into_iter().find(|block| block.text.contains("$ stella demo")).unwrap().text;
    let output = World::new().stella(0, &["demo"]).stdout;
    // `…` stands for whatever was cut: alone for lines, in a line for a part of it.
    let mut rest = output.lines();
    for line in picture.lines().skip(1).filter(|line| !line.trim().is_empty() && line.trim() != "…") {
        assert!(
            rest.any(|real| is_cut_of(line, real)),
            "not in the output of `stella demo`, or not in this order: {line}"
        );
    }
}

/// Whether `shown` is `real` with pieces replaced by `…`.
fn is_cut_of(shown: &str, real: &str) -> bool {
    let mut pieces = shown.split('…');
    let Some(mut rest) = pieces.next().and_then(|first| real.strip_prefix(first)) else { return false };
    let mut last = "";
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
        last = piece;
    }
    if shown.contains('…') { last.is_empty() || rest.is_empty() } else { rest.is_empty() }
}

#[test]
fn every_example_of_a_configuration_loads() {
    let blocks = blocks(&read("docs/configuration.md"));
    let mut loaded = 0;
    for block in blocks.iter().filter(|block| block.language == "yaml") {
        let world = World::new();
        let file = world.write(".stella.yaml", &block.text);
        // The files that an example names.
        for line in block.text.lines() {
            if let Some((name, path)) = line.split_once(": ").filter(|(_, path)| path.starts_with("stella/")) {
                world.write(path, format!("profile: {}\nform: json\n", name.trim()));
            }
            if let Some(path) = line.strip_prefix("adapters: [").and_then(|rest| rest.strip_suffix(']')) {
                world.write(path, &adapter_example().text);
            }
        }
        let problem = Config::load(file.parent().unwrap(), None).err();
        assert!(problem.is_none(), "docs/configuration.md:{}: {problem:?}", block.line);
        loaded += 1;
    }
    assert!(loaded >= 5, "only {loaded} examples were found");
}

fn adapter_example() -> Block {
    let blocks = blocks(&read("docs/adapters.md"));
    blocks.into_iter().find(|block| block.text.starts_with("adapter: ")).unwrap()
}

#[test]
fn the_example_of_an_adapter_is_one() {
    let block = adapter_example();
    let problem = Adapter::parse(&block.text).err();
    assert!(problem.is_none(), "docs/adapters.md:{}: {problem:?}", block.line);
}

/// The table of built-in adapters says what they say.
#[test]
fn the_table_of_adapters_is_that_of_the_program() {
    let page = read("docs/adapters.md");
    for adapter in Adapter::builtin() {
        let Some(release) = &adapter.verified else {
            assert!(page.contains(&format!("`{}`", adapter.name)), "`{}` is missing", adapter.name);
            continue;
        };
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` | {release} |", adapter.name)));
        let row = row.unwrap_or_else(|| panic!("no row for `{}` {release}", adapter.name));
        for output in adapter.outputs.keys() {
            assert!(row.contains(&format!("`{output}`")), "{row}: `{output}` is missing");
        }
    }
}

#[test]
fn every_example_of_a_profile_is_one() {
    let page = read("docs/profiles.md");
    let examples: Vec<Block> = blocks(&page).into_iter().filter(|block| block.text.contains("profile: ")).collect();
    assert!(!examples.is_empty());
    for block in examples {
        let problem = Profile::parse(&block.text).err();
        assert!(problem.is_none(), "docs/profiles.md:{}: {problem:?}", block.line);
    }
}

/// Every property of a schema, wherever it stands.
fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(own)) = members.get("properties") {
                found.extend(own.keys().cloned());
            }
            members.values().for_each(|member| properties(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, found)),
        _ => {}
    }
}

#[test]
fn every_field_has_its_words() {
    let schemas: BTreeMap<&str, Value> = schema::all().into_iter().collect();
    let rows = [
        ("stella-yaml-v1.json", "docs/configuration.md"),
        ("scan-manifest-v1.json", "docs/manifest.md"),
        ("case-metadata-v1.json", "docs/regression-cases.md"),
        ("case-config-v1.json", "docs/regression-cases.md"),
    ];
    for (schema, page) in rows {
        let mut fields = BTreeSet::new();
        properties(&schemas[schema], &mut fields);
        assert!(fields.len() > 5);
        let text = read(page);
        let silent: Vec<&String> = fields.iter().filter(|field| !text.contains(&format!("`{field}`"))).collect();
        assert!(silent.is_empty(), "{page} says nothing of {silent:?}");
    }
}

#[test]
fn every_schema_has_its_place() {
    let linked: BTreeSet<String> = links(&read("docs/json-output.md")).into_iter().collect();
    for entry in fs::read_dir(root().join("docs/schema")).unwrap() {
        let link = format!("schema/{}", name(&entry.unwrap().path()));
        assert!(linked.contains(&link), "docs/json-output.md says nothing of `{link}`");
    }
}

#[test]
fn every_action_is_pinned() {
    let folder = root().join(".github/workflows");
    let mut pinned = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let Some((_, action)) = line.split_once("uses: ") else { continue };
            // This repository's own action is that of the checkout.
            if action.starts_with("./ ") {
                continue;
            }
            assert!(is_pinned(action), "{}: `{action}` is not pinned by digest with its version", name(&path));
            pinned += 1;
        }
    }
    assert!(pinned > 0);
}

fn is_pinned(action: &str) -> bool {
    let Some((reference, version)) = action.split_once(" # v") else { return false };
    let digest = reference.split_once('@').map_or("", |(_, digest)| digest);
    digest.len() == 40 && digest.bytes().all(|b| b.is_ascii_hexdigit()) && !version.is_empty()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
