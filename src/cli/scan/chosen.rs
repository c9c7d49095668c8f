//! Which scanner the arguments mean, and its command.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::scan::ScanArgs;
use crate::config::adapter::{self, Adapter, Selection, SelectionError};
use crate::execute::scanner_program::{self, ProgramError};
use crate::job::material::ScannerMaterial;
use crate::model::artifact_spec::ArtifactSpec;
use crate::workspace::context::Context;
use crate::workspace::open_inputs;

/// A scanner with its command.
pub(super) struct Chosen<'a> {
    pub(super) scanner: ScannerMaterial,
    pub(super) argv: Vec<String>,
    pub(super) set_env: BTreeMap<String, String>,
    pub(super) artifacts: Vec<ArtifactSpec>,
    pub(super) exit_codes: Vec<i32>,
    /// Folders of the machine that it needs.
    pub(super) roots: Vec<String>,
    /// The adapter that made the command.
    pub(super) adapter: Option<&'a Adapter>,
}

impl Chosen<'_> {
    fn command(scanner: ScannerMaterial, argv: Vec<String>) -> Self {
        let (set_env, artifacts, exit_codes, roots) = Default::default();
        Self { scanner, argv, set_env, artifacts, exit_codes, roots, adapter: None }
    }
}

/// The scanner that the arguments ask for.
pub(super) fn scanner<'a>(args: &ScanArgs, context: &'a Context) -> Result<Chosen<'a>, CliError> {
    let Some((program, rest)) = args.command.split_first() else {
        return match args.scanner.as_deref() {
            None | Some("builtin") => Ok(Chosen::command(ScannerMaterial::BuiltIn, Vec::new())),
            Some(given) => by_adapter(given, args, context),
        };
    };
    if !args.output.is_empty() {
        return Err(CliError::usage("`--output` chooses what an adapter writes; a command says it by itself"));
    }
    match args.scanner.as_deref() {
        Some("builtin") => Err(CliError::usage("the built-in scanner takes no command")),
        Some(_) if !args.command.iter().any(|word| word.contains("{scanner}")) => {
            Err(CliError::usage("the command does not run the scanner that was named")
                .hint("write `{scanner}` where it stands"))
        }
        Some(path) => {
            let scanner = open_inputs::scanner(Path::new(path)).map_err(CliError::usage)?;
            Ok(Chosen::command(scanner, args.command.clone()))
        }
        None => {
            let found = open_inputs::look_up(program, search(args).as_deref()).ok_or_else(|| {
                CliError::usage(format!("no program `{program}`")).hint("is it installed, and on PATH?")
            })?;
            let material = open_inputs::executable(&found).map_err(CliError::usage)?;
            let argv = std::iter::once("{scanner}".to_owned()).chain(rest.iter().cloned());
            Ok(Chosen::command(material, argv.collect()))
        }
    }
}

/// Where programs are looked up: what the arguments add, then the caller's `PATH`.
fn search(args: &ScanArgs) -> Option<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(args.path.iter().cloned().chain(std::env::split_paths(&path))).ok()
}

fn by_adapter<'a>(given: &str, args: &ScanArgs, context: &'a Context) -> Result<Chosen<'a>, CliError> {
    let (name, program) = given.split_once('=').map_or((given, None), |(name, path)| (name, Some(Path::new(path))));
    let adapter = context.config.adapter(name).ok_or_else(|| {
        CliError::usage(format!("no adapter is called `{name}`")).hint(
            "`stella adapter list` names them; any other scanner needs its command, e.g. `--scanner bin/scan -- {scanner} {input}`",
        )
    })?;
    if !args.artifact.is_empty() {
        return Err(CliError::usage("an adapter knows what its scanner writes: it takes no `--artifact`")
            .hint("choose with `--output`"));
    }
    let selection = Selection {
        outputs: &args.output,
        feed: !args.feed.is_empty(),
        config: args.scanner_config.is_some(),
        flags: &args.flag,
    };
    let command = adapter.command(&selection).map_err(|error| match error {
        SelectionError::NoOutput { .. } | SelectionError::OneOutput { .. } => {
            CliError::usage(error).hint("choose with `--output`")
        }
        error => CliError::usage(error).hint(format!("`stella adapter show {name}` says what it reads")),
    })?;
    let input = args.input.as_deref().unwrap_or(Path::new("."));
    if !adapter::takes(adapter.input, input) {
        let wanted = match adapter.input {
            adapter::InputKind::Directory => "a directory",
            _ => "a file",
        };
        return Err(CliError::usage(format!("`{name}` scans {wanted}, and `{}` is none", input.display())));
    }
    let located = scanner_program::locate(adapter, program, search(args).as_deref()).map_err(|error| match error {
        ProgramError::NotFound { .. } => CliError::usage(error)
            .hint(format!("install it and put it on PATH, or say where it is: `--scanner {name}=PATH`")),
        error => CliError::usage(error),
    })?;
    let material = open_inputs::executable(&located.path).map_err(CliError::usage)?;
    if adapter.verified.is_none() {
        output::talk(&format!("note: the adapter `{name}` is not verified: nobody says with which release it was run"));
    }
    Ok(Chosen {
        scanner: material,
        argv: command.argv,
        set_env: command.set_env,
        artifacts: command.artifacts,
        exit_codes: command.exit_codes,
        roots: located.roots,
        adapter: Some(adapter),
    })
}
