//! The text of an element: character data and CDATA sections, put together.

use std::borrow::Cow;

use super::reference::unescape_into;
use super::scanner::{CDATA, CDATA_END, Scanner, Shape, Token};

/// The text in an element's content. White space at either end is trimmed unless a CDATA section holds it.
pub(crate) fn text_of(content: &str, shape: Shape) -> Cow<'_, str> {
    match shape {
        Shape::Plain => Cow::Borrowed(without_printed_wrapper(content.trim_ascii())),
        Shape::Cdata => {
            let section = content.get(CDATA.len()..content.len().saturating_sub(CDATA_END.len()));
            Cow::Borrowed(section.unwrap_or_default())
        }
        Shape::Mixed => Cow::Owned(joined(content)),
    }
}

/// The text in a CDATA section.
pub(crate) fn section(content: &[u8]) -> &[u8] {
    content.strip_prefix(CDATA).and_then(|rest| rest.strip_suffix(CDATA_END)).unwrap_or_default()
}

/// Some of the vendor's documents print an id as `![CDATA[id]]`, without the angle brackets.
fn without_printed_wrapper(text: &str) -> &str {
    text.strip_prefix("![CDATA[").and_then(|rest| rest.strip_suffix("]]")).unwrap_or(text)
}

fn joined(content: &str) -> String {
    let mut text = String::new();
    let mut protected = 0;
    let mut depth = 0_usize;
    let mut scanner = Scanner::new(content.as_bytes());
    while let Ok(Some(token)) = scanner.token() {
        match token {
            Token::Start(_) => depth += 1,
            Token::End(_) => depth = depth.saturating_sub(1),
            Token::Text(piece) if depth == 0 => {
                let piece = content.get(piece).unwrap_or_default();
                let piece = if text.is_empty() && protected == 0 { piece.trim_ascii_start() } else { piece };
                unescape_into(&mut text, piece);
            }
            Token::Cdata(piece) if depth == 0 => {
                text.push_str(content.get(piece).unwrap_or_default());
                protected = text.len();
            }
            Token::Text(_) | Token::Cdata(_) | Token::Empty(_) => {}
        }
    }
    let trimmed = text.trim_ascii_end().len().max(protected);
    text.truncate(trimmed);
    text
}
