//! The signed parameters of a request's URL.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::bytes;
use crate::crypto::{CallbackKeys, Sealed, Verified};
use crate::error::{Error, ErrorKind};

/// The maximum length of a raw query, in bytes. Queries from WeCom have a few hundred bytes.
pub const MAX_QUERY: usize = 8 << 10;

/// The parameters that WeCom signs: `msg_signature`, `timestamp`, `nonce` and, when a URL is checked, `echostr`.
///
/// It is created from a raw query string. Each value is percent-decoded once, and `+` is a plus sign; other parameters are
/// ignored. For a framework that provides only decoded values, use [`Query::from_decoded`].
///
/// ```
/// use wecom_callback::Query;
///
/// let raw =
///     Query::from("msg_signature=5c45ff&timestamp=1409659589&nonce=263014780&tenant=7");
/// # let _ = raw;
/// let decoded =
///     Query::from_decoded([("timestamp", "1409659589"), ("nonce", "263014780")]);
/// # let _ = decoded;
/// ```
#[derive(Clone, Default)]
pub struct Query<'a> {
    too_long: bool,
    msg_signature: Option<Cow<'a, str>>,
    timestamp: Option<Cow<'a, str>>,
    nonce: Option<Cow<'a, str>>,
    echostr: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// Creates a query from names and values that are already percent-decoded.
    ///
    /// A decoder for forms turns a `+` of `echostr` into a space. It is turned back, because Base64 has no spaces.
    pub fn from_decoded(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut query = Self::default();
        for (name, value) in parameters {
            query.set(name, || Cow::Borrowed(value));
        }
        query
    }

    /// Keeps the first value of each known parameter.
    fn set(&mut self, name: &str, value: impl FnOnce() -> Cow<'a, str>) {
        let place = match name {
            "msg_signature" => &mut self.msg_signature,
            "timestamp" => &mut self.timestamp,
            "nonce" => &mut self.nonce,
            "echostr" => &mut self.echostr,
            _ => return,
        };
        if place.is_none() {
            *place = Some(value());
        }
    }

    pub(crate) fn signed(&self) -> Result<Signed<'_>, Error> {
        if self.too_long {
            return Err(ErrorKind::QueryTooLong(MAX_QUERY).into());
        }
        Ok(Signed {
            msg_signature: required(&self.msg_signature, "msg_signature")?,
            timestamp: required(&self.timestamp, "timestamp")?,
            nonce: required(&self.nonce, "nonce")?,
        })
    }

    pub(crate) fn echostr(&self) -> Result<Cow<'_, str>, Error> {
        let echostr = required(&self.echostr, "echostr")?;
        Ok(if echostr.contains(' ') { Cow::Owned(echostr.replace(' ', "+")) } else { Cow::Borrowed(echostr) })
    }
}

/// The three parameters of every request.
pub(crate) struct Signed<'a> {
    pub(crate) msg_signature: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) nonce: &'a str,
}

impl Signed<'_> {
    /// Verifies that the signature over an encrypted text was made with these keys.
    pub(crate) fn verify(&self, keys: &CallbackKeys, encrypted: &[u8]) -> Option<Verified> {
        keys.verify(self.msg_signature, self.timestamp, self.nonce, encrypted)
    }
}

fn required<'a>(value: &'a Option<Cow<'_, str>>, name: &'static str) -> Result<&'a str, Error> {
    value.as_deref().ok_or_else(|| ErrorKind::MissingParameter(name).into())
}

impl<'a> From<&'a str> for Query<'a> {
    fn from(raw: &'a str) -> Self {
        let raw = raw.strip_prefix('?').unwrap_or(raw);
        let mut query = Self { too_long: raw.len() > MAX_QUERY, ..Self::default() };
        if !query.too_long {
            let mut rest = Some(raw);
            while let Some(pairs) = rest {
                let pair;
                (pair, rest) = split_once(pairs, b'&').map_or((pairs, None), |(pair, rest)| (pair, Some(rest)));
                if let Some((name, value)) = split_once(pair, b'=') {
                    query.set(name, || decoded(value));
                }
            }
        }
        query
    }
}

impl<'a> From<&'a String> for Query<'a> {
    fn from(raw: &'a String) -> Self {
        Self::from(raw.as_str())
    }
}

/// Shows no value, because an attacker could replay a signature and an `echostr`.
impl fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Query(***)")
    }
}

/// Splits a text around the first occurrence of an ASCII character.
#[inline]
fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = bytes::find(text.as_bytes(), separator)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[inline]
fn decoded(value: &str) -> Cow<'_, str> {
    match bytes::find(value.as_bytes(), b'%') {
        Some(_) => percent_decode_str(value).decode_utf8_lossy(),
        None => Cow::Borrowed(value),
    }
}

/// Writes the query of a request as WeCom sends it.
pub(crate) fn write(sealed: &Sealed, echostr: Option<&str>) -> String {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let Sealed { signature, timestamp, nonce, .. } = sealed;
    let query = format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}");
    match echostr {
        Some(echostr) => format!("{query}&echostr={}", utf8_percent_encode(echostr, ESCAPED)),
        None => query,
    }
}
