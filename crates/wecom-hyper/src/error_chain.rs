//! Walks an error and its sources.

use std::error::Error as StdError;
use std::io;

/// The error and its sources. The source of an [`io::Error`] is not the error that it wraps, but the source of that
/// error, so the wrapped error is taken instead.
pub(crate) fn links<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&link| match link.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|wrapped| wrapped as &(dyn StdError + 'static)),
        None => link.source(),
    })
}

/// Whether an error of this type is among the links.
pub(crate) fn has<E: StdError + 'static>(error: &(dyn StdError + 'static)) -> bool {
    links(error).any(<dyn StdError>::is::<E>)
}

/// The kind of the innermost I/O error.
pub(crate) fn find_kind_of_io(error: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    links(error).filter_map(|link| link.downcast_ref::<io::Error>()).last().map(io::Error::kind)
}

/// The text of the innermost error.
#[cfg(feature = "proxy")]
pub(crate) fn root_text(error: &(dyn StdError + 'static)) -> String {
    links(error).last().map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
#[cfg(feature = "proxy")]
mod tests {
    use super::*;

    #[test]
    fn the_root_text_is_that_of_the_innermost_error() {
        let inner = io::Error::other("connection refused");
        assert_eq!(root_text(&io::Error::other(inner)), "connection refused");
    }
}
