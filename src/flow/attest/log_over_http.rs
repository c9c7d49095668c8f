//! The way to a log over HTTP.

use std::thread;
use std::time::{Duration, Instant};

use crate::attest::rekor::second::SHOWN;
use crate::attest::rekor::transport::{Answer, Call, LogPlace, NoAnswer, Transport};
use crate::host::http::exchange::Exchange;
use crate::host::http::{Body, Http, HttpError, Reach, host_of, is_loopback};

/// How long one call may take: a log answers when it has put the entry into its tree, of the second generation after 20 seconds at the latest.
const WITHIN: Duration = Duration::from_secs(60);
/// The longest answer: an entry names the path to it, and does not repeat what was sent.
const MAX_ANSWER: u64 = 4 << 20;

/// A log at a URL.
#[derive(Debug)]
pub struct LogOverHttp {
    http: Http,
    base: String,
    tiles: Option<String>,
    began: Instant,
}

impl LogOverHttp {
    /// The log there: https, or http to this machine.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn at(place: LogPlace<'_>) -> Result<Self, HttpError> {
        let LogPlace { url, tiles } = place;
        // No redirect: what is public for ever goes to who was meant.
        let http = Http::staying(&Reach { past_proxies: is_loopback(host_of(url)), certificates: None })?;
        let without_end = |url: &str| url.trim_end_matches('/').to_owned();
        Ok(Self { http, base: without_end(url), tiles: tiles.map(without_end), began: Instant::now() })
    }
}

impl Transport for LogOverHttp {
    fn send(&self, call: &Call<'_>) -> Result<Answer, NoAnswer> {
        let (method, path, body) = match call {
            Call::Get(path) => ("GET", path.as_str(), None),
            Call::Post(path, bytes) => ("POST", *path, Some(Body { content_type: "application/json", bytes })),
        };
        let url = match (&self.tiles, call, path.strip_prefix(SHOWN)) {
            (Some(tiles), Call::Get(_), Some(shown)) => format!("{tiles}{shown}"),
            _ => format!("{}{path}", self.base),
        };
        let headers = vec![("accept", "application/json, application/x-pem-file".to_owned())];
        let asked = Exchange { method, url: &url, headers, within: WITHIN, body, limit: MAX_ANSWER };
        let reply = self.http.exchange(&asked).map_err(|error| match error {
            HttpError::Refused(_) | HttpError::TooLargeToSend { .. } | HttpError::Client(_) => {
                NoAnswer::Impossible(Box::new(error))
            }
            error => NoAnswer::Unknown(Box::new(error)),
        })?;
        let header = |name: &str| {
            let mut named = reply.headers.iter().filter(|(known, _)| known == name);
            named.next().map(|(_, value)| value.clone())
        };
        let retry_after = header("retry-after").and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        let index = header("x-log-index").and_then(|text| text.trim().parse().ok());
        Ok(Answer { status: reply.status, location: header("location"), index, retry_after, body: reply.body })
    }

    fn wait(&self, pause: Duration) {
        let mut bytes = [0; 1];
        // Without chance everybody comes back at once, and nothing else is lost.
        let share = getrandom::fill(&mut bytes).map_or(255, |()| u32::from(bytes[0]));
        thread::sleep(pause / 2 + pause / 2 * share / 255);
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}
