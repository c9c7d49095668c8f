//! Which scanner a request means, and its command.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use crate::config::adapter::{self, Adapter, InputKind, Selection};
use crate::execute::builtin::ENGINE;
use crate::execute::scanner_program;
use crate::flow::record::request::error::ScanRequestError;
use crate::flow::record::request::scan_request::{ByAdapter, ScanRequest, Scanner};
use crate::job::material::ScannerMaterial;
use crate::model::artifact_spec::ArtifactSpec;
use crate::model::text::placeholder;
use crate::workspace::context::Context;
use crate::workspace::open_inputs;

/// A scanner with its command.
#[derive(Debug)]
pub(crate) struct Chosen<'a> {
    pub(crate) scanner: ScannerMaterial,
    pub(crate) argv: Vec<String>,
    pub(crate) set_env: BTreeMap<String, String>,
    pub(crate) artifacts: Vec<ArtifactSpec>,
    pub(crate) exit_codes: Vec<i32>,
    /// Folders of the machine that it needs.
    pub(crate) roots: Vec<String>,
    /// The adapter that made the command.
    pub(crate) adapter: Option<&'a Adapter>,
}

impl<'a> Chosen<'a> {
    /// The scanner that `request` asks for.
    ///
    /// # Errors
    /// Where it is not there, or the adapter cannot make its command.
    pub(crate) fn of(request: &ScanRequest, context: &'a Context) -> Result<Self, ScanRequestError> {
        let command = |scanner, argv, artifacts| {
            let (set_env, exit_codes, roots) = Default::default();
            Self { scanner, argv, set_env, artifacts, exit_codes, roots, adapter: None }
        };
        match &request.scanner {
            Scanner::BuiltIn { .. } => Ok(command(ScannerMaterial::BuiltIn, Vec::new(), Vec::new())),
            Scanner::Adapter(chosen) => Self::by_adapter(chosen, request, context),
            Scanner::Command { words, scanner: Some(scanner), artifacts, .. } => {
                if !words.iter().any(|word| word.contains(placeholder::SCANNER)) {
                    return Err(ScanRequestError::ScannerNotRun);
                }
                let scanner = open_inputs::scanner(scanner).map_err(ScanRequestError::Scanner)?;
                Ok(command(scanner, words.clone(), artifacts.clone()))
            }
            Scanner::Command { words, scanner: None, artifacts, .. } => {
                let (program, rest) = words.split_first().ok_or(ScanRequestError::NoCommand)?;
                let scanner = self::program(program, request.search.as_deref())?;
                let argv = std::iter::once(placeholder::SCANNER.to_owned()).chain(rest.iter().cloned());
                Ok(command(scanner, argv.collect(), artifacts.clone()))
            }
        }
    }

    fn by_adapter(chosen: &ByAdapter, request: &ScanRequest, context: &'a Context) -> Result<Self, ScanRequestError> {
        let ByAdapter { name, program, outputs, options, config, .. } = chosen;
        let adapter = context.config.adapter(name)?;
        let selection =
            Selection { outputs, feed: !request.feeds.is_empty(), config: config.is_some(), flags: options };
        let command = adapter.command(&selection)?;
        if !adapter::takes(adapter.input, &request.input) {
            let wanted = match adapter.input {
                InputKind::Directory => "a directory",
                InputKind::File | InputKind::Any => "a file",
            };
            return Err(ScanRequestError::InputKind { adapter: name.clone(), wanted, input: request.input.clone() });
        }
        let located = scanner_program::locate(adapter, program.as_deref(), request.search.as_deref())?;
        Ok(Self {
            scanner: open_inputs::executable(&located.path)?,
            argv: command.argv,
            set_env: command.set_env,
            artifacts: command.artifacts,
            exit_codes: command.exit_codes,
            roots: located.roots,
            adapter: Some(adapter),
        })
    }

    /// What the scanner is called in a manifest.
    pub(crate) fn engine(&self) -> String {
        match (&self.scanner, self.adapter) {
            (_, Some(adapter)) => adapter.name.clone(),
            (ScannerMaterial::BuiltIn | ScannerMaterial::Stella { .. }, None) => ENGINE.to_owned(),
            (ScannerMaterial::Binary { name, .. }, None) => name.clone(),
            (ScannerMaterial::Closure(closure), None) => {
                closure.scanner.rsplit('/').next().unwrap_or_default().to_owned()
            }
            (ScannerMaterial::Tree(_), None) => {
                let word = self.argv.first().map_or("scanner", String::as_str);
                word.rsplit('/').next().unwrap_or(word).to_owned()
            }
        }
    }
}

/// A program by its name, as a shell looks it up, or by its path.
///
/// # Errors
/// Where there is none, or it cannot be read.
pub fn program(name: &str, search: Option<&OsStr>) -> Result<ScannerMaterial, ScanRequestError> {
    let found = open_inputs::look_up(name, search).ok_or_else(|| ScanRequestError::NoProgram(name.to_owned()))?;
    Ok(open_inputs::executable(Path::new(&found))?)
}
