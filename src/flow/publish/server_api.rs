//! The API of a server over `host::http`: a client that follows redirects to read, and one that follows none to write.

use std::error::Error;
use std::time::Duration;

use crate::ci::api::{Answer, Api, Call, Method, Server};
use crate::ci::{github, gitlab};
use crate::flow::publish::request::PublishError;
use crate::host::clock;
use crate::host::fs;
use crate::host::http::exchange::Exchange;
use crate::host::http::{Body, Http, Reach};
use crate::model::limits::MAX_CONFIG_BYTES;

/// How long one call may take.
const WITHIN: Duration = Duration::from_secs(60);

enum Access {
    GitHub(github::access::Access),
    GitLab(gitlab::Access),
}

/// The way to the API.
pub struct ServerApi {
    access: Access,
    reading: Http,
    writing: Http,
}

impl ServerApi {
    /// To GitHub.
    ///
    /// # Errors
    /// [`PublishError::Client`].
    pub fn github(access: github::access::Access) -> Result<Self, PublishError> {
        Self::new(Access::GitHub(access), Reach::default())
    }

    /// To GitLab.
    ///
    /// # Errors
    /// [`PublishError::Client`], [`PublishError::Certificates`].
    pub fn gitlab(access: gitlab::Access) -> Result<Self, PublishError> {
        let file = access.certificates.as_ref();
        let read = file.map(|file| fs::read(file.as_ref(), MAX_CONFIG_BYTES)).transpose();
        let certificates = read.map_err(PublishError::Certificates)?;
        Self::new(Access::GitLab(access), Reach { past_proxies: false, certificates })
    }

    fn new(access: Access, reach: Reach) -> Result<Self, PublishError> {
        Ok(Self { access, reading: Http::new(&reach)?, writing: Http::staying(&reach)? })
    }
}

impl Api for ServerApi {
    fn send(&mut self, call: &Call) -> Result<Answer, Box<dyn Error + Send + Sync>> {
        let bytes = call.body.as_ref().map(|body| body.to_string().into_bytes());
        let (url, headers) = match &self.access {
            Access::GitHub(access) => (access.url(&call.path), access.headers().to_vec()),
            Access::GitLab(access) => (access.url(&call.path), access.headers().to_vec()),
        };
        let exchange = Exchange {
            method: call.method.into(),
            url: &url,
            headers,
            within: WITHIN,
            body: bytes.as_ref().map(|bytes| Body { content_type: "application/json", bytes }),
            limit: call.limit,
        };
        // Where a redirect leads to another host, a client leaves `authorization` out, and not the header of GitLab.
        let may_follow = call.method == Method::Get && self.server() == Server::GitHub;
        let http = if may_follow { &self.reading } else { &self.writing };
        let reply = http.exchange(&exchange)?;
        Ok(Answer { status: reply.status, headers: reply.headers.into_iter().collect(), body: reply.body })
    }

    fn wait(&mut self, pause: Duration) {
        std::thread::sleep(pause);
    }

    fn now(&self) -> u64 {
        u64::try_from(clock::now().as_second()).unwrap_or(0)
    }

    fn server(&self) -> Server {
        match self.access {
            Access::GitHub(_) => Server::GitHub,
            Access::GitLab(_) => Server::GitLab,
        }
    }
}
