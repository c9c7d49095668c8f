//! From files to a policy that can be asked.

use std::fmt;

use regorus::{Engine, Value};

use crate::policy::builtins;
use crate::policy::error::{EngineError, PolicyError};
use crate::policy::limits::{MAX_FILES, MAX_POLICY_BYTES};
use crate::policy::static_check;

/// The package of the entry points.
const PACKAGE: [&str; 2] = ["stella", "policy"];
/// The rule that is evaluated: it joins the entry points, so that one evaluation (and one time limit) serves all.
pub(super) const ENTRY: &str = "data.stella_entry.answer";
const ENTRY_FILE: &str = "<entry>";

/// A compiled policy. Cheap to ask and to clone; can be shared between threads.
#[derive(Clone)]
pub struct Policy {
    pub(super) engine: Engine,
    pub(super) name: String,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Policy {
    /// Compiles a policy from its files (name with `/`, content), in any order.
    ///
    /// Files that end in `.rego` are rules, but for tests (`_test.rego`); files called `data.json` are data, mounted
    /// under the directory that they are in (`a/b/data.json` is `data.a.b`), as OPA does it
    /// (<https://www.openpolicyagent.org/docs/management-bundles#bundle-file-format>). Others are ignored.
    ///
    /// # Errors
    /// Whatever is wrong with the files, with the file and line where it can be said: see [`PolicyError`].
    pub fn load(files: &[(String, Vec<u8>)]) -> Result<Self, PolicyError> {
        within("files of the policy", files.len(), MAX_FILES)?;
        within("bytes of the policy", files.iter().map(|(_, content)| content.len()).sum(), MAX_POLICY_BYTES)?;
        let mut files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
        files.sort_unstable();
        if let Some(pair) = files.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(PolicyError::Duplicate { file: pair[0].0.to_owned() });
        }

        let mut engine = Engine::new();
        // Kept from standard error; nobody reads them.
        engine.set_gather_prints(true);
        let mut any = false;
        for (name, content) in files {
            let base = name.rsplit('/').next().unwrap_or(name);
            if base.ends_with(".rego") && !base.ends_with("_test.rego") {
                add_rules(&mut engine, name, content)?;
                any = true;
            } else if base == "data.json" {
                add_data(&mut engine, name, content)?;
            } else if matches!(base, "data.yaml" | "data.yml") {
                return Err(PolicyError::DataFormat { file: name.to_owned() });
            }
        }
        if !any {
            return Err(PolicyError::NoRules);
        }
        Self::prepare(engine)
    }

    /// The name of the policy set: what its rule `policy_set` says, else `unnamed`.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn prepare(mut engine: Engine) -> Result<Self, PolicyError> {
        let rules = static_check::check(&mut engine)?;
        let has = |rule| rules.has(&[PACKAGE[0], PACKAGE[1], rule]);
        if !has("deny") {
            return Err(PolicyError::NoEntryPoint);
        }
        let fields: Vec<String> = ["deny", "warn"]
            .into_iter()
            .filter(|rule| has(rule))
            .map(|rule| format!("\"{rule}\": data.{}.{rule}", PACKAGE.join(".")))
            .collect();
        let entry = format!("package stella_entry\n\nanswer := {{{}}}\n", fields.join(", "));
        let compile = |source| PolicyError::Compile { source };
        engine.add_policy(ENTRY_FILE.to_owned(), entry).map_err(|e| compile(EngineError::new(e)))?;
        builtins::guard(&mut engine).map_err(compile)?;
        // Compiling leaves the engine prepared, so that its clones need not analyse the rules again.
        engine.compile_with_entrypoint(&ENTRY.into()).map_err(|e| compile(EngineError::new(e)))?;
        let mut policy = Self { engine, name: "unnamed".to_owned() };
        if has("policy_set") {
            policy.name = policy.ask_name()?;
        }
        Ok(policy)
    }
}

/// Refuses what is more than `limit`.
pub(super) fn within(what: &'static str, given: usize, limit: usize) -> Result<(), PolicyError> {
    if given > limit { Err(PolicyError::TooLarge { what, given, limit }) } else { Ok(()) }
}

fn add_rules(engine: &mut Engine, name: &str, content: &[u8]) -> Result<(), PolicyError> {
    let text =
        std::str::from_utf8(content).map_err(|source| PolicyError::Encoding { file: name.to_owned(), source })?;
    static_check::check_nesting(name, text)?;
    let added = engine.add_policy(name.to_owned(), text.to_owned());
    added.map(drop).map_err(|e| PolicyError::Rego { file: name.to_owned(), source: EngineError::new(e) })
}

fn add_data(engine: &mut Engine, name: &str, content: &[u8]) -> Result<(), PolicyError> {
    let mut data: serde_json::Value =
        serde_json::from_slice(content).map_err(|source| PolicyError::Json { file: name.to_owned(), source })?;
    for directory in name.split('/').rev().skip(1) {
        data = serde_json::Value::Object([(directory.to_owned(), data)].into_iter().collect());
    }
    let added = engine.add_data(Value::from(data));
    added.map_err(|e| PolicyError::Data { file: name.to_owned(), source: EngineError::new(e) })
}
