//! Opens requests: verifies, decrypts and checks them, in an order in which a refusal reveals nothing.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::callback::Callback;
use crate::channel::Channel;
use crate::crypto::Verified;
use crate::envelope;
use crate::error::{Error, ErrorKind};
use crate::message::Message;
use crate::query::{Query, Signed};

/// The maximum length of the decrypted `echostr`, in bytes.
const MAX_ECHO: usize = 128;

/// Receives the requests that reach one URL, for one or several channels.
///
/// It keeps no state and reads no clock. A request that WeCom repeats is opened again;
/// [`SeenEvents`](crate::SeenEvents) states whether its message was handled.
///
/// ```
/// use std::time::SystemTime;
/// use wecom_callback::{CallbackKeys, Channel, Receiver};
///
/// let keys =
///     CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")?;
/// let receiver = Receiver::new(Channel::app(keys, "wx5823bf96d3bd56c7"));
///
/// let refused = receiver.open(
///     "msg_signature=0&timestamp=1409659589&nonce=1",
///     b"<xml><Encrypt/></xml>",
///     SystemTime::now(),
/// );
/// assert_eq!(refused.unwrap_err().http_status(), 403);
/// # Ok::<(), wecom_callback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Receiver {
    channels: Vec<Arc<Channel>>,
    window: Option<Duration>,
    body_limit: usize,
}

impl Receiver {
    /// The default of [`with_body_limit`](Self::with_body_limit): 128 KiB, enough for a message of 95 KiB.
    pub const DEFAULT_BODY_LIMIT: usize = 128 << 10;

    /// The default of [`with_window`](Self::with_window): 10 minutes.
    pub const DEFAULT_WINDOW: Duration = Duration::from_secs(600);

    /// Creates a receiver for one channel.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            channels: vec![Arc::new(channel)],
            window: Some(Self::DEFAULT_WINDOW),
            body_limit: Self::DEFAULT_BODY_LIMIT,
        }
    }

    /// Adds a channel on the same URL. The signature of a request determines its channel.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::AmbiguousKeys`] if another channel has the same Token and EncodingAESKey.
    pub fn with_channel(mut self, channel: Channel) -> Result<Self, Error> {
        if self.channels.iter().any(|other| other.keys().same_as(channel.keys())) {
            return Err(ErrorKind::AmbiguousKeys.into());
        }
        self.channels.push(Arc::new(channel));
        Ok(self)
    }

    /// Sets the maximum difference between a request's timestamp and the receiver's clock, before or after. A request
    /// outside this window is refused, so requests recorded earlier cannot be replayed.
    #[must_use]
    pub fn with_window(mut self, window: Duration) -> Self {
        self.window = Some(window);
        self
    }

    /// Accepts requests with any timestamp.
    #[must_use]
    pub fn without_window(mut self) -> Self {
        self.window = None;
        self
    }

    /// Sets the maximum length of a body, in bytes.
    #[must_use]
    pub fn with_body_limit(mut self, limit: usize) -> Self {
        self.body_limit = limit;
        self
    }

    /// Returns the maximum length of a body, in bytes. A server need not read more than this.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// Answers the check (验证URL有效性) that WeCom makes with `GET` when the URL is saved in the console. WeCom waits one
    /// second.
    ///
    /// The answer is the decrypted `echostr`, at most 128 bytes. Text that begins like XML is refused, because a recorded
    /// event could be sent as an `echostr`.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] whose [`http_status`](Error::http_status) is the status to answer.
    pub fn verify_url<'q>(&self, query: impl Into<Query<'q>>, now: SystemTime) -> Result<Answer, Error> {
        let query = query.into();
        let (signed, echostr) = (query.signed()?, query.echostr()?);
        let (_, opened) = self.decrypt(&signed, echostr.as_bytes(), now)?;
        Ok(Answer::text(echo(opened.message).ok_or(ErrorKind::Echo)?))
    }

    /// Opens the request that WeCom makes with `POST` for each event and message.
    ///
    /// The query is the raw query string of the URL, or a [`Query`]. The time is `SystemTime::now()`, or any value in a
    /// test.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] whose [`http_status`](Error::http_status) is the status to answer.
    pub fn open<'q>(&self, query: impl Into<Query<'q>>, body: &[u8], now: SystemTime) -> Result<Callback, Error> {
        self.open_request(&query.into(), body, now)
    }

    fn open_request(&self, query: &Query<'_>, body: &[u8], now: SystemTime) -> Result<Callback, Error> {
        if body.len() > self.body_limit {
            return Err(ErrorKind::BodyTooLarge(self.body_limit).into());
        }
        let signed = query.signed()?;
        let encrypted = envelope::encrypted(body)?;
        let (channel, opened) = self.decrypt(&signed, &encrypted, now)?;
        let message = Message::from_bytes(opened.message, channel.is_suite()).map_err(ErrorKind::Message)?;
        Ok(Callback::new(Arc::clone(channel), message, opened.receive_id))
    }

    /// Finds the channel by the signature. Two channels may have the same Token, so every channel that matches is tried. The
    /// error is that of the first.
    #[inline]
    fn decrypt(
        &self,
        signed: &Signed<'_>,
        encrypted: &[u8],
        now: SystemTime,
    ) -> Result<(&Arc<Channel>, Opened), Error> {
        let mut refusal = None;
        for channel in &self.channels {
            let Some(verified) = signed.verify(channel.keys(), encrypted) else { continue };
            self.check_window(signed.timestamp, now)?;
            match open_for(channel, verified) {
                Ok(opened) => return Ok((channel, opened)),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| ErrorKind::Signature.into()))
    }

    fn check_window(&self, timestamp: &str, now: SystemTime) -> Result<(), Error> {
        let Some(window) = self.window else { return Ok(()) };
        let sent = timestamp.parse().ok().map(Duration::from_secs);
        let sent =
            sent.and_then(|since_epoch| SystemTime::UNIX_EPOCH.checked_add(since_epoch)).ok_or(ErrorKind::Timestamp)?;
        let distance = now.duration_since(sent).unwrap_or_else(|ahead| ahead.duration());
        if distance <= window { Ok(()) } else { Err(ErrorKind::Timestamp.into()) }
    }
}

/// A decrypted message, for a receive id that its channel accepts.
struct Opened {
    message: Vec<u8>,
    receive_id: String,
}

#[inline]
fn open_for(channel: &Channel, verified: Verified) -> Result<Opened, Error> {
    let (message, receive_id) = channel.keys().open(verified)?.into_parts();
    match String::from_utf8(receive_id) {
        Ok(receive_id) if channel.accepts(&receive_id) => Ok(Opened { message, receive_id }),
        _ => Err(ErrorKind::ReceiveId.into()),
    }
}

/// Returns the text that WeCom encrypts for a URL check, a number of about 20 digits. `None` for any other message.
///
/// The signature does not distinguish an `echostr` from the `Encrypt` of an event. A person who has recorded the request of
/// an event could send it as a URL check, so the answer must not contain a message.
fn echo(message: Vec<u8>) -> Option<String> {
    // A replayed event may contain a secret.
    let message = Zeroizing::new(message);
    let text = std::str::from_utf8(&message).ok().filter(|text| text.len() <= MAX_ECHO)?;
    let is_xml = text.trim_start().starts_with(['<', '\u{FEFF}']);
    (!is_xml).then(|| text.to_owned())
}
