//! Who is asked when something is signed at once: authorities, and a log.

use std::time::Duration;

use crate::attest::key::private::PrivateKey;
use crate::attest::rekor::generation::Generation;
use crate::attest::rekor::submit::Patience;
use crate::attest::rekor::transport::LogPlace;
use crate::attest::trusted_root::TrustedRoot;
use crate::cli::error::CliError;
use crate::flow::attest::direct::{self, Direct, Log, What};
use crate::flow::attest::keyless::{Authority, Keyless, TokenSource};
use crate::flow::attest::log;
use crate::flow::attest::network;
use crate::flow::attest::sign::{SignError, Signing, Timestamping};
use crate::flow::attest::stamp::Stamping;
use crate::host::clock;

/// How long a log may be out of order.
const PATIENCE: Patience = Patience { within: Duration::from_secs(300), attempts: 50 };

/// Where they are.
#[derive(Debug, Clone, Default)]
pub struct At {
    /// The authority of certificates.
    pub fulcio: Option<String>,
    /// That of timestamps.
    pub timestamps: Option<String>,
    /// The log, and of which generation it is.
    pub rekor: Option<(String, Generation)>,
    /// Where it shows its tiles, if elsewhere.
    pub tiles: Option<String>,
}

/// The bundle of `what`, by a key, or by a token for that audience.
///
/// # Errors
/// What [`direct::bundle`] says; when nobody can be asked.
pub fn bundle(
    what: What<'_>,
    key: Option<&PrivateKey>,
    token: Option<(TokenSource, &str)>,
    at: &At,
    root: &TrustedRoot,
) -> Result<String, CliError> {
    let asks = at.timestamps.is_some() || token.is_some();
    let web = asks.then(network::over_http).transpose()?;
    let shown = match (&web, &at.timestamps) {
        (Some(web), Some(url)) => Some(Timestamping { stamping: Stamping { web: &**web, url }, root }),
        _ => None,
    };
    let way = at.rekor.as_ref().map(|(url, _)| log::way(LogPlace { url, tiles: at.tiles.as_deref() })).transpose()?;
    let log = match (&way, &at.rekor) {
        (Some(way), Some((_, generation))) => Some(Log { way: &**way, generation: *generation, patience: PATIENCE }),
        _ => None,
    };
    let mut signing = match (key, token, &web, &at.fulcio) {
        (Some(key), ..) => Signing::Key(key),
        (None, Some((source, audience)), Some(web), Some(fulcio)) => {
            let authority = Authority { web: &**web, fulcio, audience };
            Signing::Keyless(Box::new(Keyless::new(authority, source, clock::now())?))
        }
        _ => return Err(SignError::NoSigner.into()),
    };
    Ok(direct::bundle(what, &mut signing, Direct { shown, log, root }, clock::now)?)
}
