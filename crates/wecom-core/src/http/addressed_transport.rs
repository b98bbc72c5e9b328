//! A transport with the base URL and the user agent of a client.

use std::sync::Arc;

use crate::error::Error;
use crate::http::base_url::BaseUrl;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::transport_error::TransportError;
use crate::secret::message::shown_message;
use crate::secret::redactor::Redactor;
use crate::threading::Family;

pub(crate) struct AddressedTransport<M: Family> {
    transport: M::Transport,
    base: BaseUrl,
    user_agent: Arc<str>,
}

impl<M: Family> Clone for AddressedTransport<M> {
    fn clone(&self) -> Self {
        Self { transport: self.transport.clone(), base: self.base.clone(), user_agent: self.user_agent.clone() }
    }
}

impl<M: Family> AddressedTransport<M> {
    pub(crate) fn new(transport: M::Transport, base: BaseUrl, user_agent: Arc<str>) -> Self {
        Self { transport, base, user_agent }
    }

    pub(crate) fn base_url(&self) -> &BaseUrl {
        &self.base
    }

    /// Sets the base URL and the user agent of a request.
    pub(crate) fn address(&self, request: Request) -> Request {
        request.with_base_url(self.base.clone()).with_user_agent(self.user_agent.clone())
    }

    /// Sends a request. Redacts the request's secrets in the texts of an error, which an HTTP library may print.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response, Error> {
        let outcome = M::send(&self.transport, request.clone()).await;
        outcome.map_err(|error| Error::new(request.endpoint(), request.attempt(), redacted(error, request)))
    }
}

fn redacted(error: TransportError, request: &Request) -> TransportError {
    let redactor = Redactor::new(request.expose_secrets());
    error.redacted(|text| redactor.must_replace(text), |text| shown_message(text, &redactor))
}
