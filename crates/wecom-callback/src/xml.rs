//! The XML of callbacks: elements, text, CDATA and the five predefined entities.
//!
//! Reading a document copies nothing and does not recurse: an [`Element`] is a view into the text. A document type
//! declaration (DTD) is refused, so no entity can be declared. Attributes are ignored.

pub(crate) mod element;
mod error;
pub(crate) mod leaf;
mod reference;
pub(crate) mod scanner;
mod syntax;
pub(crate) mod text;
pub(crate) mod writer;

pub use self::element::{Children, Element};
pub use self::error::{XmlError, XmlProblem};
pub use self::scanner::MAX_DEPTH;
