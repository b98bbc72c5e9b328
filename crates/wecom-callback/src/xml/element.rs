//! An element, as a view into the text of a document.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::leaf::Shape;
use super::scanner::{Found, Scanner};
use super::text::text_of;

/// An element of a document: its name, its text and its children.
///
/// ```
/// use wecom_callback::Message;
///
/// let message = Message::parse(
///     "<xml><Event>report</Event><Places><Place>9</Place><Place>11</Place></Places></xml>",
/// )?;
/// let places: Vec<u8> = message
///     .root()
///     .child("Places")
///     .into_iter()
///     .flat_map(|places| places.children())
///     .filter_map(|place| place.parse())
///     .collect();
/// assert_eq!(places, [9, 11]);
/// # Ok::<(), wecom_callback::XmlError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Element<'a> {
    name: &'a str,
    content: &'a str,
    shape: Shape,
}

impl<'a> Element<'a> {
    pub(crate) fn found(text: &'a str, found: &Found) -> Self {
        let slice = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or_default();
        Self { name: slice(&found.name), content: slice(&found.content), shape: found.shape }
    }

    /// Returns the element's name, such as `ChainId`.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the element's own text: character data and CDATA sections, joined and unescaped, without the text of its children.
    /// White space at either end is trimmed, unless it is in a CDATA section.
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        text_of(self.content, self.shape)
    }

    /// Parses the text, for example as a number or an id. Returns `None` if it is not one.
    #[must_use]
    pub fn parse<T: FromStr>(&self) -> Option<T> {
        self.text().parse().ok()
    }

    /// Returns the elements one level below, in order.
    #[must_use]
    pub fn children(&self) -> Children<'a> {
        Children { content: self.content, scanner: Scanner::new(self.content.as_bytes()) }
    }

    /// Returns the first child with a name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<Element<'a>> {
        self.children().find(|child| child.name == name)
    }
}

/// Shows only the name, because the text may contain a secret or personal data.
impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>***", self.name.escape_debug())
    }
}

/// The elements below an [`Element`], created by [`Element::children`].
#[derive(Clone)]
pub struct Children<'a> {
    content: &'a str,
    scanner: Scanner<'a>,
}

impl<'a> Iterator for Children<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let found = self.scanner.child(None).ok().flatten()?;
        Some(Element::found(self.content, &found))
    }
}

impl fmt::Debug for Children<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
