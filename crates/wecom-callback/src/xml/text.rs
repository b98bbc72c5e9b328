//! The text of an element: character data and CDATA sections, joined.

use std::borrow::Cow;
use std::ops::Range;

use super::leaf::Shape;
use super::reference::unescape_into;
use super::scanner::{Scanner, Token};
use super::syntax::{CDATA, CDATA_END};

/// Returns the text in an element's content. White space at either end is trimmed, unless it is in a CDATA section.
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

/// Returns the text in a CDATA section.
pub(crate) fn section(content: &[u8]) -> &[u8] {
    content.strip_prefix(CDATA).and_then(|rest| rest.strip_suffix(CDATA_END)).unwrap_or_default()
}

/// Removes a printed `![CDATA[…]]` around a text: some of the vendor's documents show an id as `![CDATA[id]]`, without the
/// angle brackets.
fn without_printed_wrapper(text: &str) -> &str {
    text.strip_prefix("![CDATA[").and_then(|rest| rest.strip_suffix("]]")).unwrap_or(text)
}

fn joined(content: &str) -> String {
    let mut text = String::new();
    let mut sections: Option<Range<usize>> = None;
    let mut depth = 0_usize;
    let mut scanner = Scanner::new(content.as_bytes());
    while let Ok(Some(token)) = scanner.token() {
        match token {
            Token::Start(_) => depth += 1,
            Token::End(_) => depth = depth.saturating_sub(1),
            Token::Text(piece) if depth == 0 => unescape_into(&mut text, content.get(piece).unwrap_or_default()),
            Token::Cdata(piece) if depth == 0 => {
                let start = sections.map_or(text.len(), |sections| sections.start);
                text.push_str(content.get(piece).unwrap_or_default());
                sections = Some(start..text.len());
            }
            Token::Text(_) | Token::Cdata(_) | Token::Empty(_) => {}
        }
    }
    trimmed_around(text, sections)
}

/// Trims white space at both ends, except within the CDATA sections and between them.
fn trimmed_around(mut text: String, sections: Option<Range<usize>>) -> String {
    let sections = sections.unwrap_or(text.len()..0);
    let start = (text.len() - text.trim_ascii_start().len()).min(sections.start);
    let end = text.trim_ascii_end().len().max(sections.end);
    text.truncate(end);
    text.drain(..start.min(end));
    text
}
