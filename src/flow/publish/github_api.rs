//! GitHub's API over `host::http`: a client that follows redirects to read, and one that follows none to write.

use std::error::Error;
use std::time::Duration;

use crate::ci::github::access::Access;
use crate::ci::github::api::{Answer, Api, Call, Method};
use crate::host::clock;
use crate::host::http::exchange::Exchange;
use crate::host::http::{Body, Http, HttpError, Reach};

/// How long one call may take.
const WITHIN: Duration = Duration::from_secs(60);

/// The way to the API.
pub struct GithubApi {
    access: Access,
    reading: Http,
    writing: Http,
}

impl GithubApi {
    /// Sets up the clients.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn new(access: Access) -> Result<Self, HttpError> {
        let reach = Reach { past_proxies: false, certificates: None };
        Ok(Self { access, reading: Http::new(&reach)?, writing: Http::staying(&reach)? })
    }
}

impl Api for GithubApi {
    fn send(&mut self, call: &Call) -> Result<Answer, Box<dyn Error + Send + Sync>> {
        let bytes = call.body.as_ref().map(|body| body.to_string().into_bytes());
        let url = self.access.url(&call.path);
        let exchange = Exchange {
            method: call.method.into(),
            url: &url,
            headers: self.access.headers().into(),
            within: WITHIN,
            body: bytes.as_ref().map(|bytes| Body { content_type: "application/json", bytes }),
            limit: call.limit,
        };
        let http = if call.method == Method::Get { &self.reading } else { &self.writing };
        let reply = http.exchange(&exchange)?;
        Ok(Answer { status: reply.status, headers: reply.headers.into_iter().collect(), body: reply.body })
    }

    fn wait(&mut self, pause: Duration) {
        std::thread::sleep(pause);
    }

    fn now(&self) -> u64 {
        u64::try_from(clock::now().as_second()).unwrap_or(0)
    }
}
