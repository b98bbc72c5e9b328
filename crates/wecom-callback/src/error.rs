//! The errors of refused requests, and the HTTP status to answer with.

use std::fmt;

use crate::xml::XmlError;

/// A refused request, or an invalid setting.
///
/// [`kind`](Self::kind) states the cause, for the operator. [`http_status`](Self::http_status) is the status to answer with.
/// It is the same for a wrong signature, padding or receive id, so that an attacker learns nothing.
///
/// No text of an error contains a key, a signature or a part of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
}

/// The cause of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The Token is empty or has white space. The console's Token has only letters and digits.
    InvalidToken,
    /// The EncodingAESKey is not 43 characters of Base64.
    InvalidAesKey,
    /// Two channels of one receiver have the same Token and EncodingAESKey, so a request would belong to both.
    AmbiguousKeys,
    /// The query lacks a parameter, such as `msg_signature`.
    MissingParameter(&'static str),
    /// The query is longer than this number of bytes.
    QueryTooLong(usize),
    /// The body is longer than the receiver's limit, in bytes.
    BodyTooLarge(usize),
    /// The body is not a well-formed envelope.
    Envelope(XmlError),
    /// The envelope has no `Encrypt`.
    MissingEncrypt,
    /// The signature matches no channel: the request is not from WeCom, or the Token is wrong.
    Signature,
    /// The timestamp is outside the receiver's window or not a number: a replay, or a wrong clock.
    Timestamp,
    /// The encrypted text is not Base64.
    Base64,
    /// The encrypted bytes are not whole cipher blocks.
    Ciphertext,
    /// The padding is invalid: the message was encrypted with another EncodingAESKey.
    Padding,
    /// The length field does not fit the plaintext.
    Length,
    /// The message was encrypted for a receive id that the channel does not accept.
    ReceiveId,
    /// The decrypted `echostr` is not the short text of a URL check: the `Encrypt` of an event was sent as `echostr`.
    Echo,
    /// The decrypted message is not well-formed.
    Message(XmlError),
    /// A suite channel does not support replies.
    NoReply,
    /// The message to encrypt is 4 GiB or longer.
    MessageTooLong,
    /// The operating system returned no random bytes.
    Random,
}

impl Error {
    /// Returns the cause.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the HTTP status to answer, with an empty body.
    ///
    /// | status | for |
    /// |---|---|
    /// | 400 | a query or a body that is not a callback, and a correctly encrypted message that is not well-formed XML |
    /// | 403 | signature, timestamp, decryption, receive id, echo |
    /// | 413 | a query or a body over the limit |
    /// | 500 | a fault on the receiver's side |
    ///
    /// WeCom sends a request again unless the status is 200.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        use ErrorKind as Kind;
        match self.kind {
            Kind::MissingParameter(_) | Kind::Envelope(_) | Kind::MissingEncrypt | Kind::Message(_) => 400,
            Kind::Signature
            | Kind::Timestamp
            | Kind::Base64
            | Kind::Ciphertext
            | Kind::Padding
            | Kind::Length
            | Kind::ReceiveId
            | Kind::Echo => 403,
            Kind::QueryTooLong(_) | Kind::BodyTooLarge(_) => 413,
            Kind::InvalidToken
            | Kind::InvalidAesKey
            | Kind::AmbiguousKeys
            | Kind::NoReply
            | Kind::MessageTooLong
            | Kind::Random => 500,
        }
    }

    /// Returns the code of the same error in the vendor's sample library (WXBizMsgCrypt).
    #[must_use]
    pub fn vendor_code(&self) -> Option<i32> {
        use ErrorKind as Kind;
        match self.kind {
            Kind::Signature => Some(-40001),
            Kind::Envelope(_) | Kind::MissingEncrypt => Some(-40002),
            Kind::InvalidAesKey => Some(-40004),
            Kind::ReceiveId => Some(-40005),
            Kind::Ciphertext | Kind::Padding => Some(-40007),
            Kind::Length => Some(-40008),
            Kind::Base64 => Some(-40010),
            _ => None,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match self.vendor_code() {
            Some(code) => write!(f, " [{code}]"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidToken => f.write_str("invalid Token: it is empty or has white space; copy it from the console"),
            Self::InvalidAesKey => {
                f.write_str("invalid EncodingAESKey: it is not 43 characters of Base64; copy it from the console")
            }
            Self::AmbiguousKeys => f.write_str(
                "ambiguous keys: two channels have the same Token and EncodingAESKey; generate new keys for one of them",
            ),
            Self::MissingParameter(name) => {
                write!(f, "missing parameter: the query has no {name}; pass the raw query string of the URL")
            }
            Self::QueryTooLong(limit) => write!(f, "query too long: more than {limit} bytes"),
            Self::BodyTooLarge(limit) => write!(f, "body too large: more than {limit} bytes"),
            Self::Envelope(error) => write!(f, "invalid envelope: {error}"),
            Self::MissingEncrypt => f.write_str("invalid envelope: it has no Encrypt; the body is not a callback"),
            Self::Signature => f.write_str(
                "invalid signature: the request is not from WeCom, or the Token is wrong; copy it from the console",
            ),
            Self::Timestamp => {
                f.write_str("timestamp outside the window: a replayed request, or a wrong clock on this machine")
            }
            Self::Base64 => f.write_str("decryption failed: Encrypt is not Base64"),
            Self::Ciphertext => f.write_str("decryption failed: incomplete cipher block"),
            Self::Padding => f.write_str(
                "decryption failed: invalid padding; the EncodingAESKey is wrong, copy it from the console",
            ),
            Self::Length => f.write_str(
                "decryption failed: invalid length; the EncodingAESKey is wrong, copy it from the console",
            ),
            Self::ReceiveId => f.write_str(
                "receive id mismatch: the message is for another corp or suite; add its id to the channel's receive ids",
            ),
            Self::Echo => f.write_str("invalid echostr: it is not the echo of a URL check; an event was replayed"),
            Self::Message(error) => write!(f, "invalid message: {error}"),
            Self::NoReply => {
                f.write_str("reply not supported: a suite channel can only be acknowledged")
            }
            Self::MessageTooLong => f.write_str("message too long: 4 GiB or more"),
            Self::Random => f.write_str("no random bytes: the operating system returned an error"),
        }
    }
}

impl std::error::Error for Error {}
