//! A transport with the settings of a client for every request: base URL, user agent, language of errors.

use std::sync::Arc;

use crate::error::Error;
use crate::error::language::Language;
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
    error_language: Language,
}

impl<M: Family> Clone for AddressedTransport<M> {
    fn clone(&self) -> Self {
        Self {
            transport: self.transport.clone(),
            base: self.base.clone(),
            user_agent: self.user_agent.clone(),
            error_language: self.error_language,
        }
    }
}

impl<M: Family> AddressedTransport<M> {
    pub(crate) fn new(transport: M::Transport, base: BaseUrl, user_agent: Arc<str>, error_language: Language) -> Self {
        Self { transport, base, user_agent, error_language }
    }

    pub(crate) fn base_url(&self) -> &BaseUrl {
        &self.base
    }

    /// Sets the base URL, the user agent and the language of errors of a request.
    pub(crate) fn address(&self, request: &mut Request) {
        request.address(self.base.clone(), self.user_agent.clone(), self.error_language);
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
