//! The way to services over HTTP.

use std::thread;
use std::time::Duration;

use crate::attest::rekor::transport::NoAnswer;
use crate::flow::attest::web::{Question, Reply, Web};
use crate::host::http::exchange::Exchange;
use crate::host::http::{Body, Http, HttpError, Reach, host_of, is_loopback};

const WITHIN: Duration = Duration::from_secs(30);
/// The longest answer: a chain of certificates, a timestamp, a token.
const MAX_ANSWER: u64 = 256 << 10;

/// The way over HTTP: past every proxy to this machine.
#[derive(Debug)]
pub struct WebOverHttp {
    near: Http,
    far: Http,
}

impl WebOverHttp {
    /// A way.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn new() -> Result<Self, HttpError> {
        // No redirect: a token goes to who was meant.
        let with = |past_proxies| Http::staying(&Reach { past_proxies, certificates: None });
        Ok(Self { near: with(true)?, far: with(false)? })
    }
}

impl Web for WebOverHttp {
    fn ask(&self, question: &Question<'_>) -> Result<Reply, NoAnswer> {
        let Question { url, body, bearer } = *question;
        let mut headers = vec![("accept", "application/json, application/timestamp-reply".to_owned())];
        headers.extend(bearer.map(|secret| ("authorization", format!("bearer {secret}"))));
        let method = if body.is_some() { "POST" } else { "GET" };
        let body = body.map(|(content_type, bytes)| Body { content_type, bytes });
        let asked = Exchange { method, url, headers, within: WITHIN, body, limit: MAX_ANSWER };
        let http = if is_loopback(host_of(url)) { &self.near } else { &self.far };
        let reply = http.exchange(&asked).map_err(|error| match error {
            HttpError::Refused(_) | HttpError::TooLargeToSend { .. } | HttpError::Client(_) => {
                NoAnswer::Impossible(Box::new(error))
            }
            error => NoAnswer::Unknown(Box::new(error)),
        })?;
        let retry_after = reply.headers.iter().find(|(name, _)| name == "retry-after");
        let retry_after = retry_after.and_then(|(_, text)| text.trim().parse().ok()).map(Duration::from_secs);
        Ok(Reply { status: reply.status, retry_after, body: reply.body })
    }

    fn wait(&self, pause: Duration) {
        thread::sleep(pause);
    }
}
