//! What a user can give or ask for, by a name that no face owns: hints speak of it, and each face has its own spelling.
//!
//! The command line spells a parameter as the option of that name and an operation as the subcommand of that name; a test in
//! `cli` holds that each of them is there.

/// Something that a user can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "docs/cli.md says what each of them is")]
pub enum Parameter {
    AnyFormat,
    Artifact,
    ArtifactInInput,
    AsIs,
    Base,
    By,
    CallGraph,
    Capture,
    CaptureSecrets,
    CertificateIdentity,
    CertificateOidcIssuer,
    Clock,
    Closure,
    ClosureLimit,
    Config,
    Dir,
    EmitArtifactsDir,
    EmitManifest,
    Env,
    Exactly,
    Exclude,
    Explain,
    ExpectExit,
    Feed,
    Flag,
    From,
    FromRun,
    Gate,
    History,
    IncludeIgnored,
    Input,
    Key,
    Ledger,
    Memory,
    Mode,
    Network,
    Only,
    Out,
    OutDir,
    Output,
    Password,
    Path,
    Pinned,
    Platform,
    Reason,
    Result,
    Reviewed,
    Ro,
    Scanner,
    ScannerConfig,
    Shard,
    SignatureOnly,
    Store,
    Timeout,
    TimestampUrl,
    Timings,
    TracePaths,
    TrustedRoot,
    Update,
    With,
    WithGit,
}

impl Parameter {
    /// Its name, in small letters with `-` between words.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// It with a value, or with a word that stands for one, such as `PATH`.
    pub fn to(self, value: impl Into<String>) -> Given {
        Given { parameter: self, value: Some(value.into()) }
    }
}

/// A parameter, and the value that it is given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Given {
    /// Which.
    pub parameter: Parameter,
    /// The value; `None` for one that is only switched on, or where any value does.
    pub value: Option<String>,
}

impl From<Parameter> for Given {
    fn from(parameter: Parameter) -> Self {
        Self { parameter, value: None }
    }
}

/// Something that a user can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[expect(missing_docs, reason = "docs/cli.md says what each of them does")]
pub enum Operation {
    #[strum(serialize = "accept")]
    Accept,
    #[strum(serialize = "adapter list")]
    AdapterList,
    #[strum(serialize = "adapter show")]
    AdapterShow,
    #[strum(serialize = "chaos")]
    Chaos,
    #[strum(serialize = "ci")]
    Ci,
    #[strum(serialize = "explain")]
    Explain,
    #[strum(serialize = "feed bisect")]
    FeedBisect,
    #[strum(serialize = "feed build")]
    FeedBuild,
    #[strum(serialize = "init")]
    Init,
    #[strum(serialize = "manifest validate")]
    ManifestValidate,
    #[strum(serialize = "profile list")]
    ProfileList,
    #[strum(serialize = "replay")]
    Replay,
    #[strum(serialize = "reproduce")]
    Reproduce,
    #[strum(serialize = "reviewed")]
    Reviewed,
    #[strum(serialize = "sandbox")]
    Sandbox,
    #[strum(serialize = "scan")]
    Scan,
}

impl Operation {
    /// Its name: words with a space between them.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
