//! Elements without children, read at once. They are most of every document.

use std::ops::Range;

use super::syntax::{CDATA, CDATA_END, begins_name, find};
use crate::bytes;

/// The form of an element's content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing, or text without references.
    #[default]
    Plain,
    /// One CDATA section.
    Cdata,
    /// Anything else.
    Mixed,
}

/// The lengths of the name and the content of an element that contains only text without references, or only one CDATA
/// section. Most elements do. The numbers are small because two registers can then return them.
#[derive(Clone, Copy)]
pub(super) struct Leaf {
    name: u32,
    content: u32,
    pub(super) shape: Shape,
}

impl Leaf {
    #[inline(never)]
    pub(super) fn at_start_of(text: &[u8]) -> Option<Self> {
        let name = plain_start(text)?;
        let named = text.get(b"<".len()..)?;
        let inside = named.get(name + b">".len()..)?;
        let (content, shape) = if inside.starts_with(CDATA) {
            (CDATA.len() + find(inside.get(CDATA.len()..)?, CDATA_END)? + CDATA_END.len(), Shape::Cdata)
        } else {
            (bytes::find(inside, b'<')?, Shape::Plain)
        };
        let [b'<', b'/', ending @ ..] = inside.get(content..)? else { return None };
        let ends = ending.get(name) == Some(&b'>') && bytes::same(named, ending, name);
        let is_leaf = ends && (shape == Shape::Cdata || bytes::find(inside.get(..content)?, b'&').is_none());
        is_leaf.then_some(Self { name: name.try_into().ok()?, content: content.try_into().ok()?, shape })
    }

    /// Returns the offsets of the name and the content, if the element begins at an offset.
    #[inline(always)]
    pub(super) fn ranges(self, start: usize) -> (Range<usize>, Range<usize>) {
        let name = start + b"<".len();
        let name = name..name + self.name as usize;
        let content = name.end + b">".len();
        (name, content..content + self.content as usize)
    }

    /// Returns the length of the elements right after this one that have the same name, the same form and texts of the same
    /// length, as the ids in a list have. `text` begins with this element.
    ///
    /// The position of each of them is known before it is read, so the processor reads several at the same time.
    #[inline(always)]
    pub(super) fn length_of_repetitions(self, text: &[u8]) -> usize {
        let length = self.length();
        let mut end = length;
        while text.get(end..).is_some_and(|next| self.is_repeated(text, next)) {
            end += length;
        }
        end - length
    }

    /// Returns whether `next` begins with an element like this one, with which `text` begins.
    #[inline(always)]
    fn is_repeated(self, text: &[u8], next: &[u8]) -> bool {
        let name = self.name as usize;
        let (before, after) = match self.shape {
            Shape::Cdata => (name + b"<>".len() + CDATA.len(), CDATA_END.len() + b"</>".len() + name),
            _ => (name + b"<>".len(), b"</>".len() + name),
        };
        let value_end = self.length() - after;
        let (Some(value), Some(end), Some(next_end)) =
            (next.get(before..value_end), text.get(value_end..), next.get(value_end..))
        else {
            return false;
        };
        bytes::same(text, next, before)
            && bytes::same(end, next_end, after)
            && !match self.shape {
                Shape::Cdata => bytes::has_any(value, [b']']),
                _ => bytes::has_any(value, [b'<', b'&']),
            }
    }

    /// Returns the length of the element.
    #[inline(always)]
    pub(super) fn length(self) -> usize {
        b"<></>".len() + 2 * self.name as usize + self.content as usize
    }
}

/// Returns the length of the name in a start tag `<name>`.
#[inline(always)]
pub(super) fn plain_start(text: &[u8]) -> Option<usize> {
    let [b'<', named @ ..] = text else { return None };
    let length = bytes::find_below_at(named)?;
    (begins_name(*named.first()?) && named.get(length) == Some(&b'>')).then_some(length)
}
