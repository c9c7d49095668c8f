//! Who signs without a key: where the identity token comes from, and who gives certificates and timestamps.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::attest::rekor::generation::Generation;
use crate::attest::signing_config::{self, SigningConfig};
use crate::cli::error::CliError;
use crate::flow::attest::keyless::{MOST_TOKEN, TokenSource};
use crate::host::fs;
use crate::host::secret::SecretSource;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// The most bytes of the event of a workflow.
const MOST_EVENT: u64 = 4 << 20;

/// Who signs without a key, and who says when something was signed.
#[derive(Debug, Args)]
pub struct KeylessArgs {
    /// Sign by certificates of this Fulcio, to whom an identity token says who you are, in the place of a key
    #[arg(long, value_name = "URL", conflicts_with = "key", requires = "timestamp_url")]
    fulcio_url: Option<String>,
    /// The identity token: a file, `env://NAME` or `fd://NUMBER` [default: env://SIGSTORE_ID_TOKEN, or what GitHub gives a workflow with
    /// `permissions: id-token: write`]
    #[arg(long, value_name = "SOURCE", conflicts_with = "key")]
    identity_token: Option<SecretSource>,
    /// For whom the token must be
    #[arg(long, value_name = "NAME", default_value = "sigstore", conflicts_with = "key")]
    oidc_client_id: String,
    /// The authority that says when something was signed (RFC 3161), directly afterwards
    #[arg(long, value_name = "URL")]
    timestamp_url: Option<String>,
    /// Both of them, as a signing_config.json of Sigstore names them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "fulcio_url", "timestamp_url"])]
    signing_config: Option<PathBuf>,
}

/// Where certificates and timestamps come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// The authority of certificates.
    pub fulcio: Option<String>,
    /// That of timestamps.
    pub timestamps: Option<String>,
    /// The log, where a signing configuration names one.
    pub rekor: Option<(String, Generation)>,
}

/// Where a token comes from, or why nothing is signed.
pub enum Token {
    /// There.
    From(TokenSource),
    /// A pull request of a fork gets none, and that is as it should be.
    OfAFork,
}

/// Why nothing can be signed.
#[derive(Debug, thiserror::Error)]
pub enum NoIdentity {
    /// The workflow may not ask for one.
    #[error("this workflow gets no identity token")]
    Workflow,
    /// The pipeline asks for none.
    #[error("this pipeline has no identity token")]
    Pipeline,
    /// Nobody gives one.
    #[error("there is no identity token")]
    Nobody,
    /// It is not text.
    #[error("the identity token is not text")]
    NotText,
    /// A signing configuration has nobody for it.
    #[error("`{}` names no {what} that is valid today and known here", .path.display())]
    NotNamed {
        /// The file.
        path: PathBuf,
        /// Whom it does not name.
        what: &'static str,
    },
    /// A signing configuration cannot be used.
    #[error("cannot use the signing configuration `{}`", .0.display())]
    Config(PathBuf, #[source] signing_config::NotASigningConfig),
}

impl Diagnostic for NoIdentity {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Workflow => Some("give the job `permissions: id-token: write`".into()),
            Self::Pipeline => Some("give the job `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`".into()),
            Self::Nobody => Some("name it with `--identity-token env://NAME`".into()),
            Self::NotText | Self::NotNamed { .. } | Self::Config(..) => None,
        }
    }
}

/// A signing configuration.
///
/// # Errors
/// When it cannot be read.
pub fn read_config(path: &Path) -> Result<SigningConfig, CliError> {
    let bytes = fs::read(path, signing_config::MOST_BYTES)?;
    Ok(SigningConfig::read(&bytes).map_err(|error| NoIdentity::Config(path.to_path_buf(), error))?)
}

impl KeylessArgs {
    /// Who is asked.
    ///
    /// # Errors
    /// When a signing configuration cannot be read, or does not name both.
    pub fn services(&self) -> Result<Services, CliError> {
        let Some(path) = &self.signing_config else {
            return Ok(Services {
                fulcio: self.fulcio_url.clone(),
                timestamps: self.timestamp_url.clone(),
                rekor: None,
            });
        };
        let config = read_config(path)?;
        let named =
            |what, service: Option<String>| service.ok_or_else(|| NoIdentity::NotNamed { path: path.clone(), what });
        Ok(Services {
            fulcio: Some(named("certificate authority", config.fulcio)?),
            timestamps: Some(named("timestamp authority", config.timestamps)?),
            rekor: config.rekor,
        })
    }

    /// For whom a token must be.
    pub fn audience(&self) -> &str {
        &self.oidc_client_id
    }

    /// Where the token comes from.
    ///
    /// # Errors
    /// When there is none, or the one that is named cannot be read.
    pub fn token(&self) -> Result<Token, CliError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let given = self.identity_token.clone();
        let given = given
            .or_else(|| variable("SIGSTORE_ID_TOKEN").map(|_| SecretSource::Variable("SIGSTORE_ID_TOKEN".to_owned())));
        if let Some(source) = given {
            return read_token(&source).map(|text| Token::From(TokenSource::Given(text)));
        }
        let asked = (variable("ACTIONS_ID_TOKEN_REQUEST_URL"), variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
        if let (Some(url), Some(bearer)) = asked {
            return Ok(Token::From(TokenSource::Workflow { url, bearer: Zeroizing::new(bearer) }));
        }
        let is = |name: &str| variable(name).is_some_and(|value| value == "true");
        if is("GITHUB_ACTIONS") {
            let event = variable("GITHUB_EVENT_PATH").and_then(|path| fs::read(path.as_ref(), MOST_EVENT).ok());
            // No other event of a fork is without an identity: there it is the workflow that does not ask for one.
            let is_of_a_pull_request = variable("GITHUB_EVENT_NAME").is_some_and(|name| {
                name == "pull_request" || name == "pull_request_review" || name == "pull_request_review_comment"
            });
            let is_of_fork = is_of_a_pull_request && event.is_some_and(|event| is_of_fork(&event));
            return if is_of_fork { Ok(Token::OfAFork) } else { Err(NoIdentity::Workflow.into()) };
        }
        if is("GITLAB_CI") {
            let projects = (variable("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), variable("CI_MERGE_REQUEST_PROJECT_ID"));
            let is_of_fork = matches!(projects, (Some(source), Some(target)) if source != target);
            return if is_of_fork { Ok(Token::OfAFork) } else { Err(NoIdentity::Pipeline.into()) };
        }
        Err(NoIdentity::Nobody.into())
    }
}

/// A token, as text: blanks around it are not of it.
///
/// # Errors
/// When it cannot be read.
pub fn read_token(source: &SecretSource) -> Result<Zeroizing<String>, CliError> {
    let bytes = source.read_hidden(MOST_TOKEN)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| NoIdentity::NotText)?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// Whether the event of a workflow is of a pull request whose branch lies in another repository, or in one that is gone.
fn is_of_fork(event: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Event {
        pull_request: Option<Pull>,
    }
    #[derive(Deserialize)]
    struct Pull {
        head: Side,
        base: Side,
    }
    #[derive(Deserialize)]
    struct Side {
        repo: Option<Repository>,
    }
    #[derive(Deserialize, PartialEq)]
    struct Repository {
        full_name: String,
    }
    match serde_json::from_slice::<Event>(event) {
        Ok(Event { pull_request: Some(pull) }) => pull.head.repo != pull.base.repo,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_request_of_a_fork_is_told_from_one_of_the_repository() {
        let event = |head: &str| {
            format!(
                "{{\"pull_request\":{{\"head\":{{\"repo\":{head}}},\"base\":{{\"repo\":{{\"full_name\":\"o/r\"}}}}}}}}"
            )
        };
        for (head, is_it) in [("{\"full_name\":\"o/r\"}", false), ("{\"full_name\":\"x/r\"}", true), ("null", true)] {
            assert_eq!(is_of_fork(event(head).as_bytes()), is_it, "{head}");
        }
        for no in ["", "{}", "{\"pull_request\":{}}", "[]"] {
            assert!(!is_of_fork(no.as_bytes()), "{no}");
        }
    }
}
