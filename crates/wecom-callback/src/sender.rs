//! Creates requests as WeCom sends them, for tests and for a simulated service.

use std::fmt;
use std::time::SystemTime;

use crate::crypto::{CallbackKeys, RandomBytes, Sealed, seconds};
use crate::envelope;
use crate::error::Error;
use crate::event::{Event, Header};
use crate::query;

/// Creates signed and encrypted requests from events, as WeCom does, to test a handler without a network.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use wecom_callback::{
///     CallbackKeys, ChainChange, ChangeChain, Channel, Event, RandomBytes, Receiver, Sender,
/// };
/// use wecom_core::ids::{ChainId, CorpId};
///
/// # let keys = CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")?;
/// # let receiver = Receiver::new(Channel::app(keys.clone(), "wx5823bf96d3bd56c7"));
/// # let handle = |query: &str, body: &[u8], now| receiver.open(query, body, now);
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
/// let joined = ChangeChain::new(
///     ChainId::new("ChDealers"),
///     ChainChange::CorpJoin(vec![CorpId::new("wwtaihu")]),
/// );
///
/// let sender = Sender::app(keys, "wx5823bf96d3bd56c7");
/// let request = sender.request(
///     &Event::ChangeChain(joined.clone()),
///     now,
///     RandomBytes::new([7; 24]),
/// )?;
/// let opened = handle(request.query(), request.body(), now)?;
/// # assert_eq!(opened.event(), Event::ChangeChain(joined));
/// # Ok::<(), wecom_callback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sender {
    keys: CallbackKeys,
    receive_id: String,
    is_suite: bool,
}

/// A request to a callback URL, created by [`Sender::request`] and [`Sender::url_check`].
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackRequest {
    query: String,
    body: String,
}

impl Sender {
    /// Creates the sender of an app channel, for a corp id.
    pub fn app(keys: CallbackKeys, receive_id: impl Into<String>) -> Self {
        Self { keys, receive_id: receive_id.into(), is_suite: false }
    }

    /// Creates the sender of a suite channel, for a suite id.
    pub fn suite(keys: CallbackKeys, receive_id: impl Into<String>) -> Self {
        Self { keys, receive_id: receive_id.into(), is_suite: true }
    }

    /// Creates the `POST` request of an event. The time becomes the event's `CreateTime` (`TimeStamp` on a suite channel)
    /// and the request's timestamp.
    ///
    /// An event that lacks what its type needs opens as [`Event::Other`], such as a `CorpJoin` with an empty list.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::MessageTooLong`](crate::ErrorKind::MessageTooLong) for an event of 4 GiB or more.
    pub fn request(&self, event: &Event, now: SystemTime, random: RandomBytes) -> Result<CallbackRequest, Error> {
        self.xml_request(&self.xml(event, now), now, random)
    }

    /// Writes the message of an event in XML. The time becomes its `CreateTime` (`TimeStamp` on a suite channel).
    ///
    /// To send the same message again as WeCom does, pass it to [`xml_request`](Self::xml_request) for each attempt. Each
    /// request then has its own timestamp and signature.
    #[must_use]
    pub fn xml(&self, event: &Event, created: SystemTime) -> String {
        event.write(&Header { is_suite: self.is_suite, receive_id: &self.receive_id, seconds: seconds(created) })
    }

    /// Creates the `POST` request of any message in XML.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::MessageTooLong`](crate::ErrorKind::MessageTooLong) for a message of 4 GiB or more.
    pub fn xml_request(&self, xml: &str, now: SystemTime, random: RandomBytes) -> Result<CallbackRequest, Error> {
        let sealed = self.seal(xml, now, &random)?;
        let body = envelope::request(&self.receive_id, "", &sealed.encrypted);
        Ok(CallbackRequest { query: query::write(&sealed, None), body })
    }

    /// Creates the `GET` request that checks a URL (验证URL有效性). Its body is empty. The answer must be `echo`.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::MessageTooLong`](crate::ErrorKind::MessageTooLong) for an echo of 4 GiB or more.
    pub fn url_check(&self, echo: &str, now: SystemTime, random: RandomBytes) -> Result<CallbackRequest, Error> {
        let sealed = self.seal(echo, now, &random)?;
        Ok(CallbackRequest { query: query::write(&sealed, Some(&sealed.encrypted)), body: String::new() })
    }

    fn seal(&self, text: &str, now: SystemTime, random: &RandomBytes) -> Result<Sealed, Error> {
        Sealed::new(&self.keys, text, &self.receive_id, now, random)
    }
}

impl CallbackRequest {
    /// Returns the raw query string, without `?`.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Returns the body, of type `text/xml`.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.body.as_bytes()
    }
}

/// Shows neither the query nor the body, because an attacker could replay the signature.
impl fmt::Debug for CallbackRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallbackRequest(***, {} bytes)", self.body.len())
    }
}
