//! A decrypted message: its document, and the elements that all messages have.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use zeroize::Zeroize;

use crate::xml::scanner::{Found, Scanner};
use crate::xml::{Element, XmlError, XmlProblem};

/// A decrypted message: well-formed XML of any kind.
///
/// No `Debug` shows its content. A message of a suite channel can contain a ticket or an authorization code, so it is
/// zeroed on drop. So is every message created by [`Message::parse`].
///
/// ```
/// use wecom_callback::{Event, Message};
///
/// let message = Message::parse(
///     "<xml><MsgType>event</MsgType><Event>open_approval_change</Event><No>7</No></xml>",
/// )?;
/// assert_eq!(message.kind(), "event/open_approval_change");
/// assert_eq!(message.root().child("No").and_then(|number| number.parse()), Some(7));
/// assert!(matches!(Event::from(&message), Event::Other(_)));
/// # Ok::<(), wecom_callback::XmlError>(())
/// ```
#[derive(Clone)]
pub struct Message {
    text: String,
    root: Found,
    zeroed: bool,
}

impl Message {
    /// Parses a message's XML. A leading byte order mark (BOM) is removed.
    ///
    /// # Errors
    ///
    /// Returns an [`XmlError`] if the document is not well-formed, has a declaration such as a DTD, or nests elements deeper than
    /// [`MAX_DEPTH`](crate::MAX_DEPTH).
    pub fn parse(text: impl Into<String>) -> Result<Self, XmlError> {
        Self::checked(text.into(), true)
    }

    #[inline]
    pub(crate) fn from_bytes(bytes: Vec<u8>, zeroed: bool) -> Result<Self, XmlError> {
        match String::from_utf8(bytes) {
            Ok(text) => Self::checked(text, zeroed),
            Err(error) => {
                let offset = error.utf8_error().valid_up_to();
                if zeroed {
                    error.into_bytes().zeroize();
                }
                Err(XmlError::new(XmlProblem::NotUtf8, offset))
            }
        }
    }

    #[inline]
    fn checked(text: String, zeroed: bool) -> Result<Self, XmlError> {
        let mut message = Self { text, root: Found::default(), zeroed };
        if message.text.starts_with('\u{FEFF}') {
            message.text.remove(0);
        }
        message.root = Scanner::document(message.text.as_bytes())?;
        Ok(message)
    }

    /// Returns the XML.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the root element, from which every element can be read.
    #[must_use]
    pub fn root(&self) -> Element<'_> {
        Element::found(&self.text, &self.root)
    }

    /// Returns the kind of the message, such as `text`, `event/change_chain/corp_join` or `suite_ticket`: `InfoType`, or
    /// `MsgType`, `Event` and `ChangeType`, those that the message has. Control and format characters, such as line breaks,
    /// are escaped as `{:?}` escapes them, so that a log line shows them.
    #[must_use]
    pub fn kind(&self) -> String {
        let parts = ["InfoType", "MsgType", "Event", "ChangeType"].map(|name| self.text_of(name));
        let kind = parts.iter().flatten().map(AsRef::as_ref).collect::<Vec<_>>().join("/");
        if kind.bytes().all(|byte| byte.is_ascii_graphic()) { kind } else { kind.escape_debug().to_string() }
    }

    /// Returns `ToUserName`: the corp of the member who sent the message, or the corp that an event is about.
    ///
    /// For a member of a downstream corp this is the downstream corp, while [`Callback::receive_id`](crate::Callback::receive_id)
    /// is the upstream corp.
    #[must_use]
    pub fn to_user_name(&self) -> Option<Cow<'_, str>> {
        self.text_of("ToUserName")
    }

    /// Returns `FromUserName`: the member's userid, or `sys`.
    #[must_use]
    pub fn from_user_name(&self) -> Option<Cow<'_, str>> {
        self.text_of("FromUserName")
    }

    /// Returns the time at which the message was created: `CreateTime`, or `TimeStamp` on a suite channel.
    #[must_use]
    pub fn create_time(&self) -> Option<SystemTime> {
        let seconds = self.value_of("CreateTime").or_else(|| self.value_of("TimeStamp"))?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }

    /// Returns the text of an element below the root element.
    fn text_of(&self, name: &str) -> Option<Cow<'_, str>> {
        self.root().child(name).map(|child| child.text())
    }

    fn value_of<T: FromStr>(&self, name: &str) -> Option<T> {
        self.root().child(name)?.parse()
    }
}

/// Messages are equal if their XML is equal.
impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Message {}

impl Drop for Message {
    fn drop(&mut self) {
        if self.zeroed {
            self.text.zeroize();
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({}, {} bytes)", self.kind(), self.text.len())
    }
}
