//! Whether this program can ask anybody at all.

use crate::flow::attest::web::Web;
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// The way over HTTP.
///
/// # Errors
/// When the client cannot be set up.
#[cfg(feature = "registry")]
pub fn over_http() -> Result<Box<dyn Web>, NoWeb> {
    Ok(Box::new(crate::flow::attest::web_over_http::WebOverHttp::new()?))
}

/// There is none.
///
/// # Errors
/// [`NoWeb::NoNetwork`].
#[cfg(not(feature = "registry"))]
pub fn over_http() -> Result<Box<dyn Web>, NoWeb> {
    Err(NoWeb::NoNetwork)
}

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub enum NoWeb {
    /// The client cannot be set up.
    #[cfg(feature = "registry")]
    #[error("no service can be asked")]
    Client(#[from] crate::host::http::HttpError),
    /// This program has no network.
    #[cfg(not(feature = "registry"))]
    #[error("this stella was built without the network (feature `registry`): it can ask no service")]
    NoNetwork,
}

impl Diagnostic for NoWeb {
    fn kind(&self) -> FailureKind {
        match self {
            #[cfg(feature = "registry")]
            Self::Client(_) => FailureKind::Infrastructure,
            #[cfg(not(feature = "registry"))]
            Self::NoNetwork => FailureKind::Usage,
        }
    }
}
