//! Whom a certificate must name, by the names of the options of cosign.

use clap::Args;

use crate::attest::x509::identity::{Identity, Wanted};
use crate::cli::error::CliError;

/// Whom a certificate must name.
#[derive(Debug, Args)]
pub struct CertificateArgs {
    /// Who must have signed, as a certificate says it: an e-mail address, or the URI of a workflow
    #[arg(long, value_name = "IDENTITY", conflicts_with_all = ["key", "certificate_identity_regexp"], requires = "oidc_issuer")]
    certificate_identity: Option<String>,
    /// The same as a regular expression, which must describe all of it
    #[arg(long, value_name = "REGEXP", conflicts_with = "key", requires = "oidc_issuer")]
    certificate_identity_regexp: Option<String>,
    /// The identity provider that must have said so, such as https://token.actions.githubusercontent.com
    #[arg(long, value_name = "URL", group = "oidc_issuer", conflicts_with_all = ["key", "certificate_oidc_issuer_regexp"])]
    certificate_oidc_issuer: Option<String>,
    /// The same as a regular expression, which must describe all of it
    #[arg(long, value_name = "REGEXP", group = "oidc_issuer", conflicts_with = "key")]
    certificate_oidc_issuer_regexp: Option<String>,
}

impl CertificateArgs {
    /// Whom it must name; `None` where keys are trusted.
    ///
    /// # Errors
    /// When an expression is not one.
    pub fn identity(&self) -> Result<Option<Identity>, CliError> {
        let wanted = |exactly: &Option<String>, matching: &Option<String>| -> Result<Option<Wanted>, CliError> {
            Ok(match (exactly, matching) {
                (Some(name), _) => Some(Wanted::Exactly(name.clone())),
                (None, Some(expression)) => Some(Wanted::matching(expression)?),
                (None, None) => None,
            })
        };
        let identity = wanted(&self.certificate_identity, &self.certificate_identity_regexp)?;
        let issuer = wanted(&self.certificate_oidc_issuer, &self.certificate_oidc_issuer_regexp)?;
        Ok(identity.zip(issuer).map(|(identity, issuer)| Identity { identity, issuer }))
    }
}
