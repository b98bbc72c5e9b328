//! The transport with the address and the user agent that every request of a client bears.

use std::sync::Arc;

use crate::base_url::BaseUrl;
use crate::error::Error;
use crate::redact::Redactor;
use crate::request::Request;
use crate::response::Response;
use crate::threading::Threading;

pub(crate) struct Channel<M: Threading> {
    transport: M::Transport,
    base: BaseUrl,
    user_agent: Arc<str>,
}

impl<M: Threading> Clone for Channel<M> {
    fn clone(&self) -> Self {
        Self { transport: self.transport.clone(), base: self.base.clone(), user_agent: self.user_agent.clone() }
    }
}

impl<M: Threading> Channel<M> {
    pub(crate) fn new(transport: M::Transport, base: BaseUrl, user_agent: Arc<str>) -> Self {
        Self { transport, base, user_agent }
    }

    pub(crate) fn base_url(&self) -> &BaseUrl {
        &self.base
    }

    /// The request, addressed to this channel's server.
    pub(crate) fn address(&self, request: Request) -> Request {
        request.with_base_url(self.base.clone()).with_user_agent(self.user_agent.clone())
    }

    /// Sends a request; an error's texts are made free of the request's secrets, whatever the HTTP library printed.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response, Error> {
        M::send(&self.transport, request.clone()).await.map_err(|error| {
            let redactor = Redactor::new(request);
            let error = error.redacted(|text| redactor.leaks(text), |text| redactor.text(text));
            Error::new(request.endpoint(), request.attempt(), error)
        })
    }
}
