//! Why a scan that was asked for cannot be recorded.

use std::path::PathBuf;

use crate::archive::ArchiveError;
use crate::config::adapter::SelectionError;
use crate::config::{UnknownAdapter, UnknownProfile};
use crate::execute::builtin::BuiltInError;
use crate::execute::scanner_program::ProgramError;
use crate::hint;
use crate::host::fs::FsError;
use crate::job::material::MaterialError;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::parameter::{Operation, Parameter};
use crate::scanner::callgraph::CallGraphError;
use crate::workspace::git_folder::Refused;
use crate::workspace::open_inputs::TreeError;

/// Why a scan that was asked for cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum ScanRequestError {
    /// A command without a word.
    #[error("no command")]
    NoCommand,
    /// The program of the command is nowhere.
    #[error("no program `{0}`")]
    NoProgram(String),
    /// A scanner is named, and the command does not run it.
    #[error("the command does not run the scanner that was named")]
    ScannerNotRun,
    /// The scanner that is named cannot be read.
    #[error(transparent)]
    Scanner(MaterialError),
    /// No adapter has this name.
    #[error(transparent)]
    Adapter(#[from] UnknownAdapter),
    /// The adapter cannot make the command.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The adapter's program cannot be used.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The adapter's scanner reads another kind of input.
    #[error("`{adapter}` scans {wanted}, and `{}` is not one", .input.display())]
    InputKind {
        /// The adapter.
        adapter: String,
        /// What it scans.
        wanted: &'static str,
        /// The input.
        input: PathBuf,
    },
    /// An artifact names a profile that nobody knows.
    #[error(transparent)]
    Profile(#[from] UnknownProfile),
    /// The command writes nothing that is kept.
    #[error("nothing is kept of this command")]
    NothingKept,
    /// A feed's name is not one.
    #[error("feed `{0}`: expected a plain name without `/` before the `=`")]
    FeedName(String),
    /// The input cannot be read.
    #[error(transparent)]
    Input(MaterialError),
    /// What is asked for with its history has none, or one that cannot be taken along.
    #[error("the history of `{}` cannot be a part of the input: {why}", .input.display())]
    History {
        /// The input.
        input: PathBuf,
        /// Why not.
        why: Refused,
    },
    /// A feed cannot be read.
    #[error(transparent)]
    Feed(MaterialError),
    /// The policy cannot be used.
    #[error(transparent)]
    Policy(TreeError),
    /// The scanner's configuration cannot be read.
    #[error(transparent)]
    Config(MaterialError),
    /// What is to be left out is not there.
    #[error("`{}`, which is to be left out, is not there", .excluded.display())]
    ExcludedMissing {
        /// What is to be left out.
        excluded: PathBuf,
        /// What may be meant: it is there within the input.
        meant: Option<PathBuf>,
    },
    /// What is to be left out is not a part of the input anyway.
    #[error("`{}`, which is to be left out, does not lie in `{}`", .excluded.display(), .input.display())]
    ExcludedOutside {
        /// What is to be left out.
        excluded: PathBuf,
        /// The input.
        input: PathBuf,
    },
    /// Nothing can be left out of a file.
    #[error("`{}` cannot be left out of `{}`, which is not a directory", .excluded.display(), .input.display())]
    ExcludedOfFile {
        /// What is to be left out.
        excluded: PathBuf,
        /// The input.
        input: PathBuf,
    },
    /// A platform is of an image.
    #[error("`{}` is not an image, so it has no platform to choose", .0.display())]
    PlatformOfFile(PathBuf),
    /// A flag that the built-in scanner does not have, and what else it says of them.
    #[error(transparent)]
    BuiltIn(#[from] BuiltInError),
    /// What should be a call graph is something else.
    #[error("`{}` is not a call graph", .file.display())]
    NoCallGraph {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: CallGraphError,
    },
    /// The call graph does not go with the input.
    #[error(transparent)]
    CallGraph(ArchiveError),
    /// A call graph goes with files and directories.
    #[error("a call graph goes with files and directories, not with images")]
    CallGraphOfImage,
    /// The command asks for an unpacked image.
    #[error("`{{rootfs}}` stands for an unpacked image, and the input is not one")]
    NoRootfs,
    /// A command that runs where it is finds an image by itself.
    #[error("a command that runs as it is takes no image: it finds the image by itself")]
    AsIsImage,
    /// A command that runs where it is reads files.
    #[error("a command that runs as it is takes directories, not bundles: it reads the files itself")]
    AsIsBundle,
    /// A command that runs where it is has one feed.
    #[error("a command that runs as it is knows one feed: it finds the others by itself")]
    AsIsFeeds,
    /// A file that is part of the request cannot be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// There is no working directory to run in.
    #[error("cannot find where the command runs")]
    Place(#[source] FsError),
}

impl Diagnostic for ScanRequestError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Input(error) | Self::Scanner(error) | Self::Config(error) | Self::Feed(error) => error.kind(),
            Self::CallGraph(error) => error.kind(),
            Self::File(error) => error.kind(),
            Self::Place(_) => FailureKind::Infrastructure,
            Self::NoCommand
            | Self::NoProgram(_)
            | Self::ScannerNotRun
            | Self::Adapter(_)
            | Self::Selection(_)
            | Self::Program(_)
            | Self::InputKind { .. }
            | Self::Profile(_)
            | Self::NothingKept
            | Self::FeedName(_)
            | Self::Policy(_)
            | Self::ExcludedMissing { .. }
            | Self::ExcludedOutside { .. }
            | Self::ExcludedOfFile { .. }
            | Self::PlatformOfFile(_)
            | Self::History { .. }
            | Self::BuiltIn(_)
            | Self::NoCallGraph { .. }
            | Self::CallGraphOfImage
            | Self::NoRootfs
            | Self::AsIsImage
            | Self::AsIsBundle
            | Self::AsIsFeeds => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let artifact = |path: &str| Parameter::Artifact.to(format!("findings={path}"));
        match self {
            Self::NoProgram(_) => Some("is it installed, and on PATH?".into()),
            Self::ScannerNotRun => Some("write `{scanner}` where it stands".into()),
            Self::ExcludedMissing { meant: Some(meant), .. } => Some(hint!(
                "paths begin at the working directory: {}",
                Parameter::Exclude.to(meant.display().to_string())
            )),
            Self::NoCallGraph { .. } => Some("it is JSON of the schema `stella.callgraph/1`: docs/formats.md".into()),
            Self::Adapter(_) => Some(hint!(
                "{} names them; any other scanner needs its command, e.g. {}",
                Operation::AdapterList,
                Operation::Scan.with([Parameter::Scanner.to("bin/scan")], Some("{scanner} {input}"))
            )),
            Self::Selection(error) => error.hint(),
            Self::Program(error) => error.hint(),
            Self::History { why, .. } => why.hint(),
            Self::Profile(error) => error.hint(),
            Self::NothingKept => Some(hint!(
                "name what it writes, e.g. {}, or {} for its standard output",
                artifact("out.json"),
                artifact("-")
            )),
            Self::FeedName(_) => {
                Some(hint!("a path that holds a `=` needs a name, e.g. {}", Parameter::Feed.to("osv=PATH")))
            }
            Self::Input(
                error @ (MaterialError::Image { .. }
                | MaterialError::ImageName(_)
                | MaterialError::NoRegistry(_)
                | MaterialError::Read { .. }),
            ) => error.hint(),
            Self::Input(_) => Some(hint!(
                "name a smaller input with {}, or leave a part of it out with {}",
                Parameter::Input,
                Parameter::Exclude.to("PATH")
            )),
            Self::Feed(_) => Some(hint!("a feed is a directory, or a bundle made by {}", Operation::FeedBuild)),
            Self::Policy(_) => Some("policies/README.md says what a policy is made of".into()),
            _ => None,
        }
    }
}
