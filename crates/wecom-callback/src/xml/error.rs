//! The errors of refused documents.

use std::fmt;

/// A document that is not well-formed, or uses a part of XML that callbacks do not need.
///
/// The text names the problem and the byte offset, and quotes no part of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XmlError {
    problem: XmlProblem,
    offset: usize,
}

/// The problem with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum XmlProblem {
    /// The document has no root element.
    NoRoot,
    /// There is content other than white space and comments outside the root element.
    OutsideRoot,
    /// A tag is malformed, or has no name.
    Tag,
    /// An end tag does not match its start tag.
    Mismatch,
    /// The document ends inside an element, a tag, a comment or a CDATA section.
    Unclosed,
    /// A document type declaration (DTD) or another declaration. Declarations are refused.
    Declaration,
    /// A `&` begins neither one of the five predefined entities nor a character reference.
    Entity,
    /// Elements are nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    TooDeep,
    /// The document is not UTF-8.
    NotUtf8,
}

impl XmlError {
    pub(crate) fn new(problem: XmlProblem, offset: usize) -> Self {
        Self { problem, offset }
    }

    /// Returns the problem.
    #[must_use]
    pub fn problem(self) -> XmlProblem {
        self.problem
    }

    /// Returns the byte offset in the document where the problem was found.
    #[must_use]
    pub fn offset(self) -> usize {
        self.offset
    }
}

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed XML: {} at byte {}", self.problem, self.offset)
    }
}

impl fmt::Display for XmlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRoot => "no root element",
            Self::OutsideRoot => "content outside the root element",
            Self::Tag => "malformed tag",
            Self::Mismatch => "mismatched end tag",
            Self::Unclosed => "unexpected end of document",
            Self::Declaration => "declaration not allowed",
            Self::Entity => "unknown entity",
            Self::TooDeep => "elements nested too deeply",
            Self::NotUtf8 => "invalid UTF-8",
        })
    }
}

impl std::error::Error for XmlError {}
