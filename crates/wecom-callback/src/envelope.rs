//! The envelope: the outer document of a request and of a reply, whose `Encrypt` contains the message.

use std::borrow::Cow;

use crate::crypto::Sealed;
use crate::error::{Error, ErrorKind};
use crate::xml::leaf::Shape;
use crate::xml::scanner::{Found, Scanner};
use crate::xml::text::{section, text_of};
use crate::xml::writer::Writer;
use crate::xml::{XmlError, XmlProblem};

/// Finds the encrypted text in a request's body.
#[inline]
pub(crate) fn encrypted(body: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let found = find_encrypted(body).map_err(ErrorKind::Envelope)?.ok_or(ErrorKind::MissingEncrypt)?;
    let offset = found.content.start;
    let content = body.get(found.content).unwrap_or_default();
    match found.shape {
        Shape::Cdata => Ok(Cow::Borrowed(section(content))),
        shape => {
            let content = std::str::from_utf8(content).map_err(|error| {
                ErrorKind::Envelope(XmlError::new(XmlProblem::NotUtf8, offset + error.valid_up_to()))
            })?;
            Ok(match text_of(content, shape) {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            })
        }
    }
}

/// Checks the whole document, and finds the first `Encrypt` below the root element.
#[inline]
fn find_encrypted(body: &[u8]) -> Result<Option<Found>, XmlError> {
    let mut scanner = Scanner::new(body);
    let mut encrypted = None;
    let (root, ended) = scanner.root_start()?;
    while let Some(child) = if ended { None } else { scanner.child(Some(&root))? } {
        if encrypted.is_none() && body.get(child.name.clone()) == Some(b"Encrypt") {
            encrypted = Some(child);
        }
    }
    scanner.finish()?;
    Ok(encrypted)
}

/// Returns the body of a request, as WeCom writes it.
pub(crate) fn request(to_user_name: &str, agent_id: &str, encrypted: &str) -> String {
    let mut xml = Writer::new();
    xml.text("ToUserName", to_user_name).text("AgentID", agent_id).text("Encrypt", encrypted);
    xml.finish()
}

/// Returns the body of an encrypted reply.
pub(crate) fn reply(sealed: &Sealed) -> String {
    let mut xml = Writer::new();
    xml.text("Encrypt", &sealed.encrypted)
        .text("MsgSignature", &sealed.signature)
        .number("TimeStamp", &sealed.timestamp)
        .text("Nonce", &sealed.nonce);
    xml.finish()
}
