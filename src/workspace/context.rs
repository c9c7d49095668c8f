//! What every flow of one run shares: configuration, stores, the default policy, and what was parsed already.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::attribute::trial_run::TrialRun;
use crate::bundle::feed::FeedBundle;
use crate::bundle::listed::BundleError;
use crate::bundle::policy::{PolicyBundle, PolicyOrigin};
use crate::config::Config;
use crate::hint;
use crate::job::material::{Advisories, FeedMaterial, PolicyMaterial, pairs};
use crate::job::osv_feed;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::parameter::{Operation, Parameter};
use crate::model::result::Isolation;
use crate::model::text::command_line;
use crate::policy::{DEFAULT_FILES, Policy, PolicyError};
use crate::scanner::feed::Feed;
use crate::store::blob::{LayeredStore, LocalStore, StoreError};

/// What every flow of one run shares. Cheap to clone, safe to share between threads.
#[derive(Clone)]
pub struct Context {
    /// What the repository asks for.
    pub config: Config,
    /// Where bytes come from, in order.
    pub blobs: LayeredStore,
    /// Where bytes are put.
    pub local: LocalStore,
    /// Decides where a scan has no policy of its own. A recording keeps it by digest like any other: a later stella may
    /// ship another one.
    pub default_policy: PolicyMaterial,
    /// The level of isolation that every execution must reach.
    pub require_isolation: Option<Isolation>,
    /// The options that lead to this context, as they stand in a command: every command to reproduce carries them.
    pub options: Vec<String>,
    /// Folders of the machine that the caller lets scanners see.
    pub roots: Vec<String>,
    /// Where what a sandbox sees of a scanner is written, each look-up of a path that is not there included, however it ends.
    pub ledger: Option<PathBuf>,
    parsed: Arc<Parsed>,
}

/// What was parsed already, by the digest of what it was parsed from.
#[derive(Default)]
struct Parsed {
    feeds: Mutex<HashMap<Digest, Advisories>>,
    policies: Mutex<HashMap<Digest, Arc<Policy>>>,
    /// Replays of experiments, by the digest of all their inputs.
    cells: Mutex<HashMap<Digest, Vec<Arc<TrialRun>>>>,
}

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The local store cannot be opened.
    #[error("cannot open the local store `{}`", .path.display())]
    Store {
        /// Its folder.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// The default policy does not load.
    #[error("the default policy does not load")]
    Policy(#[from] PolicyError),
    /// The default policy cannot be packed.
    #[error("the default policy cannot be packed")]
    Bundle(#[from] BundleError),
}

impl Diagnostic for ContextError {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Store { .. } => {
                Some(hint!("give a folder that can be written with {} or STELLA_STORE", Parameter::Store.to("DIR")))
            }
            Self::Policy(_) | Self::Bundle(_) => None,
        }
    }
}

impl Context {
    /// Opens the stores.
    ///
    /// # Errors
    /// When a store cannot be opened, or the default policy cannot be compiled.
    pub fn open(
        config: Config,
        local: &Path,
        require_isolation: Option<Isolation>,
        options: Vec<String>,
    ) -> Result<Self, ContextError> {
        let failed = |source| ContextError::Store { path: local.to_owned(), source };
        let local_store = LocalStore::open(local).map_err(failed)?;
        let blobs = LayeredStore::new(local_store.clone()).with_fixtures(&config.fixture_store);
        Ok(Self {
            default_policy: default_policy()?,
            blobs,
            local: local_store,
            config,
            require_isolation,
            options,
            roots: Vec::new(),
            ledger: None,
            parsed: Arc::default(),
        })
    }

    /// The same by the rules of another configuration, with the blobs of its fixtures at `base` before its own. `options` are added
    /// to those that lead here.
    #[must_use]
    pub fn by_rules_of(&self, config: Config, base: &Path, options: Vec<String>) -> Self {
        let blobs = LayeredStore::new(self.local.clone()).with_base(base).with_fixtures(&config.fixture_store);
        let options = self.options.iter().cloned().chain(options).collect();
        Self { config, blobs, options, ..self.clone() }
    }

    /// The same, where what is recorded is kept in another store.
    #[must_use]
    pub fn keeping_in(&self, local: LocalStore) -> Self {
        Self { local, ..self.clone() }
    }

    /// The same, where what sandboxes see is written to `file`.
    #[must_use]
    pub fn with_ledger(self, file: Option<PathBuf>) -> Self {
        Self { ledger: file, ..self }
    }

    /// The same, where scanners may see `roots` of the machine.
    #[must_use]
    pub fn with_roots(self, roots: Vec<String>) -> Self {
        Self { roots, ..self }
    }

    /// A feed, ready to be used; its records are read once per content.
    pub fn feed(&self, name: &str, bundle: FeedBundle, archive: Option<Vec<u8>>) -> FeedMaterial {
        let identity = bundle.content_digest();
        let known = lock(&self.parsed.feeds).get(&identity).cloned();
        let advisories = known.unwrap_or_else(|| {
            let parsed = osv_feed::read(pairs(bundle.records()))
                .map(|records| Arc::new(Feed::new(records.advisories).beside(records.unread)))
                .map_err(Arc::new);
            lock(&self.parsed.feeds).insert(identity, parsed.clone());
            parsed
        });
        FeedMaterial { name: name.to_owned(), bundle: Arc::new(bundle), archive: archive.map(Into::into), advisories }
    }

    /// The `nth` run that was made of these inputs.
    pub fn remembered(&self, inputs: &Digest, nth: usize) -> Option<Arc<TrialRun>> {
        lock(&self.parsed.cells).get(inputs).and_then(|runs| runs.get(nth)).cloned()
    }

    /// Keeps a run that was made of these inputs.
    pub fn remember(&self, inputs: Digest, ran: Arc<TrialRun>) {
        lock(&self.parsed.cells).entry(inputs).or_default().push(ran);
    }

    /// A policy, ready to be asked; it is compiled once per content.
    ///
    /// # Errors
    /// When it cannot be compiled.
    pub fn policy(&self, bundle: PolicyBundle, archive: Option<Vec<u8>>) -> Result<PolicyMaterial, PolicyError> {
        let identity = bundle.content_digest();
        let known = lock(&self.parsed.policies).get(&identity).cloned();
        let policy = match known {
            Some(policy) => policy,
            None => {
                let files: Vec<_> =
                    pairs(bundle.records()).map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect();
                let policy = Arc::new(Policy::load(&files)?);
                lock(&self.parsed.policies).insert(identity, policy.clone());
                policy
            }
        };
        Ok(PolicyMaterial { bundle: Arc::new(bundle), archive: archive.map(Into::into), policy })
    }
}

fn default_policy() -> Result<PolicyMaterial, ContextError> {
    let files = DEFAULT_FILES.map(|(name, text)| (name, text.as_bytes()));
    let bundle = PolicyBundle::of_records(files, PolicyOrigin::default())?;
    Ok(PolicyMaterial { bundle: Arc::new(bundle), archive: None, policy: Arc::new(Policy::builtin_default()?) })
}

impl Context {
    /// The configuration that the command named.
    pub fn config_given(&self) -> Option<String> {
        let named = format!("--{}", Parameter::Config.name());
        let at = self.options.iter().position(|option| *option == named)?;
        self.options.get(at + 1).cloned()
    }

    /// The command that replays one case or canary alone.
    pub fn reproduce(&self, id: &str, pinned: bool) -> String {
        let mut command = Operation::Ci.with([], None);
        command.given.extend(pinned.then(|| Parameter::Pinned.into()));
        command.given.extend([Parameter::Only.to(id), Parameter::OutDir.to("regress-out")]);
        command_line::line(command.words().iter().chain(&self.options))
    }
}

/// A cache is whole at every instant: a thread that died while it held the lock left nothing half-done.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
