//! The answer to WeCom.

/// The body of an answer with status 200.
///
/// ```
/// # use wecom_callback::Answer;
/// # fn send(status: u16, content_type: &str, body: String) {}
/// fn respond(answer: Answer) {
///     send(200, answer.content_type(), answer.into_body());
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "WeCom sends a request again if it is not answered"]
pub struct Answer {
    content_type: &'static str,
    body: String,
}

impl Answer {
    pub(crate) fn text(body: impl Into<String>) -> Self {
        Self { content_type: "text/plain; charset=utf-8", body: body.into() }
    }

    pub(crate) fn xml(body: String) -> Self {
        Self { content_type: "text/xml; charset=utf-8", body }
    }

    /// Returns the value of the header `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// Returns the body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Returns the body, by value.
    #[must_use]
    pub fn into_body(self) -> String {
        self.body
    }
}
