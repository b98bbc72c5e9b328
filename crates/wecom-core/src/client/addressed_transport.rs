//! The transport with the address and the user agent that every request of a client bears.

use std::sync::Arc;

use crate::error::Error;
use crate::http::base_url::BaseUrl;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::transport_error::TransportError;
use crate::secret::redactor::Redactor;
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

    /// Sends a request.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response, Error> {
        self.begin(request).await.map_err(|error| explain(error, request))
    }

    /// Hands a request to the transport; what becomes of it is what that future gives. Its errors are to be
    /// [explained](explain).
    pub(crate) fn begin(&self, request: &Request) -> M::Future<'_, Result<Response, TransportError>> {
        M::send(&self.transport, request.clone())
    }
}

/// The call's error: its texts are made free of the request's secrets, whatever the HTTP library printed.
pub(crate) fn explain(error: TransportError, request: &Request) -> Error {
    let redactor = Redactor::new(request.secrets());
    let error = error.redacted(|text| redactor.leaks(text), |text| redactor.text(text));
    Error::new(request.endpoint(), request.attempt(), error)
}
