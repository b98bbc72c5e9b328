//! The language of error texts.

/// The language in which an error explains WeCom's `errcode`: [`ClientBuilder::error_language`].
///
/// [`ClientBuilder::error_language`]: crate::ClientBuilder::error_language
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// English, the default.
    #[default]
    English,
    /// Chinese (中文), with the terms of the vendor's console.
    Chinese,
}
