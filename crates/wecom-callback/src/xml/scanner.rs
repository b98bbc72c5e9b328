//! Finds elements in the bytes of a document, in one pass and without allocating.

use std::ops::Range;

use super::error::{XmlError, XmlProblem};
use super::leaf::{Leaf, Shape, plain_start};
use super::reference::check_references;
use super::syntax::{CDATA, CDATA_END, begins_name, ends_name, find, follows_name, is_space};
use crate::bytes;

/// The maximum depth of nested elements in a document, including the root element. The vendor's own documents use three
/// levels.
pub const MAX_DEPTH: usize = 16;

/// Reads the elements of one level, in order.
#[derive(Clone, Debug)]
pub(crate) struct Scanner<'a> {
    input: &'a [u8],
    at: usize,
}

/// The positions of an element's name and content in the scanner's input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: Range<usize>,
    pub(crate) content: Range<usize>,
    pub(crate) shape: Shape,
}

/// One lexical piece of a document.
pub(crate) enum Token {
    Start(Range<usize>),
    Empty(Range<usize>),
    End(Range<usize>),
    Text(Range<usize>),
    Cdata(Range<usize>),
}

impl Found {
    fn empty(name: Range<usize>) -> Self {
        Self { content: name.end..name.end, name, shape: Shape::Plain }
    }
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0 }
    }

    /// Checks a whole document, and finds its root element.
    pub(crate) fn document(input: &'a [u8]) -> Result<Found, XmlError> {
        let mut scanner = Self::new(input);
        let root = match scanner.root_start()? {
            (name, true) => Found::empty(name),
            (name, false) => scanner.element(name)?,
        };
        scanner.finish()?;
        Ok(root)
    }

    /// Returns the name in the root element's start tag, and whether the element ends with it.
    pub(crate) fn root_start(&mut self) -> Result<(Range<usize>, bool), XmlError> {
        if let Some(name) = self.plain_start() {
            return Ok((name, false));
        }
        loop {
            match self.token()? {
                Some(Token::Text(text)) => self.check_blank(text)?,
                Some(Token::Start(name)) => return Ok((name, false)),
                Some(Token::Empty(name)) => return Ok((name, true)),
                Some(_) => return Err(self.error(XmlProblem::OutsideRoot)),
                None => return Err(self.error(XmlProblem::NoRoot)),
            }
        }
    }

    /// Checks that nothing but white space and comments is left.
    pub(crate) fn finish(&mut self) -> Result<(), XmlError> {
        while let Some(token) = if self.at == self.input.len() { None } else { self.token()? } {
            match token {
                Token::Text(text) => self.check_blank(text)?,
                _ => return Err(self.error(XmlProblem::OutsideRoot)),
            }
        }
        Ok(())
    }

    /// Returns the next element of this level, checked with all its content. `None` at the end of the input, and after the
    /// end tag of `parent`, which is the name of the element that this level belongs to.
    #[inline(always)]
    pub(crate) fn child(&mut self, parent: Option<&Range<usize>>) -> Result<Option<Found>, XmlError> {
        match self.leaf() {
            Some(leaf) => Ok(Some(leaf)),
            None if parent.is_some_and(|parent| self.plain_end(parent)) => Ok(None),
            None => self.child_of_any_form(parent),
        }
    }

    fn child_of_any_form(&mut self, parent: Option<&Range<usize>>) -> Result<Option<Found>, XmlError> {
        loop {
            if let Some(leaf) = self.leaf() {
                return Ok(Some(leaf));
            }
            match self.token()? {
                Some(Token::Start(name)) => return self.element(name).map(Some),
                Some(Token::Empty(name)) => return Ok(Some(Found::empty(name))),
                Some(Token::End(name)) => {
                    return match parent {
                        Some(parent) if self.same(parent, &name) => Ok(None),
                        _ => Err(self.error(XmlProblem::Mismatch)),
                    };
                }
                Some(Token::Text(text)) => {
                    self.check_text(text)?;
                }
                Some(Token::Cdata(_)) => {}
                None if parent.is_some() => return Err(self.error(XmlProblem::Unclosed)),
                None => return Ok(None),
            }
        }
    }

    /// Reads the rest of an element whose start tag has been read.
    fn element(&mut self, name: Range<usize>) -> Result<Found, XmlError> {
        let start = self.at;
        let mut open = [const { 0..0 }; MAX_DEPTH - 1];
        let mut depth = 0;
        let mut shape = Shape::Plain;
        loop {
            let end = self.at;
            if depth < open.len() {
                if let Some(leaf) = Leaf::at_start_of(self.rest()) {
                    // The elements below the root element are different ones, those below another element are often a list.
                    let repetitions = if depth > 0 { leaf.length_of_repetitions(self.rest()) } else { 0 };
                    self.at += leaf.length() + repetitions;
                    shape = Shape::Mixed;
                    continue;
                }
            }
            let innermost = depth.checked_sub(1).and_then(|last| open.get(last)).unwrap_or(&name);
            if self.plain_end(innermost) {
                let Some(outer) = depth.checked_sub(1) else { return Ok(Found { name, content: start..end, shape }) };
                depth = outer;
                continue;
            }
            match self.token()? {
                Some(Token::Start(inner)) => {
                    shape = Shape::Mixed;
                    let Some(place) = open.get_mut(depth) else { return Err(self.error(XmlProblem::TooDeep)) };
                    *place = inner;
                    depth += 1;
                }
                Some(Token::End(ended)) if depth == 0 => {
                    if !self.same(&name, &ended) {
                        return Err(self.error(XmlProblem::Mismatch));
                    }
                    return Ok(Found { name, content: start..end, shape });
                }
                Some(Token::End(ended)) => {
                    depth -= 1;
                    if !open.get(depth).is_some_and(|open| self.same(open, &ended)) {
                        return Err(self.error(XmlProblem::Mismatch));
                    }
                }
                Some(Token::Text(text)) => {
                    let plain = self.check_text(text.clone())? && text.start == start;
                    shape = if plain { shape } else { Shape::Mixed };
                }
                Some(Token::Cdata(section)) => {
                    shape = if section.start == start + CDATA.len() { Shape::Cdata } else { Shape::Mixed };
                }
                Some(Token::Empty(_)) => shape = Shape::Mixed,
                None => return Err(self.error(XmlProblem::Unclosed)),
            }
        }
    }

    /// Returns the next element, if it is a [`Leaf`]. Otherwise returns `None` and consumes nothing.
    #[inline(always)]
    fn leaf(&mut self) -> Option<Found> {
        let leaf = Leaf::at_start_of(self.rest())?;
        let (name, content) = leaf.ranges(self.at);
        self.at += leaf.length();
        Some(Found { name, content, shape: leaf.shape })
    }

    /// Returns the name in the next start tag, if the tag is only `<name>`. Otherwise returns `None` and consumes nothing.
    #[inline(always)]
    fn plain_start(&mut self) -> Option<Range<usize>> {
        let name = plain_start(self.rest())?;
        let name = self.at + b"<".len()..self.at + b"<".len() + name;
        self.at = name.end + b">".len();
        Some(name)
    }

    /// Consumes the next end tag, if it is exactly `</name>` for the name of the start tag.
    #[inline(always)]
    fn plain_end(&mut self, name: &Range<usize>) -> bool {
        let [b'<', b'/', ending @ ..] = self.rest() else { return false };
        let (named, length) = (self.input.get(name.start..).unwrap_or_default(), name.len() + b">".len());
        let ends = ending.get(name.len()) == Some(&b'>') && bytes::same(named, ending, name.len());
        if ends {
            self.at += b"</".len() + length;
        }
        ends
    }

    /// Returns the next piece; comments and processing instructions are skipped.
    pub(crate) fn token(&mut self) -> Result<Option<Token>, XmlError> {
        loop {
            let start = self.at;
            let rest = self.rest();
            let (Some(&first), second) = (rest.first(), rest.get(1)) else { return Ok(None) };
            if first != b'<' {
                self.at = start + bytes::find(rest, b'<').unwrap_or(rest.len());
                return Ok(Some(Token::Text(start..self.at)));
            }
            match second {
                Some(b'/') => return self.end_tag().map(Some),
                Some(b'?') => {
                    self.at = self.name(start + b"<?".len())?.start;
                    self.skip_past(b"?>")?;
                }
                Some(b'!') if rest.starts_with(CDATA) => return self.cdata().map(Some),
                Some(b'!') if rest.starts_with(b"<!--") => {
                    self.at = start + b"<!--".len();
                    self.skip_past(b"-->")?;
                }
                Some(b'!') => return Err(self.error(XmlProblem::Declaration)),
                _ => return self.start_tag().map(Some),
            }
        }
    }

    fn cdata(&mut self) -> Result<Token, XmlError> {
        let start = self.at + CDATA.len();
        self.at = start;
        self.skip_past(CDATA_END)?;
        Ok(Token::Cdata(start..self.at - CDATA_END.len()))
    }

    fn start_tag(&mut self) -> Result<Token, XmlError> {
        if let Some(name) = self.plain_start() {
            return Ok(Token::Start(name));
        }
        let name = self.name(self.at + 1)?;
        self.at = name.end;
        let empty = loop {
            match self.rest().first() {
                Some(b'>') => break false,
                Some(b'/') if self.rest().get(1) == Some(&b'>') => {
                    self.at += 1;
                    break true;
                }
                Some(&quote @ (b'"' | b'\'')) => {
                    self.at += 1;
                    self.skip_past(&[quote])?;
                }
                Some(b'<' | b'/') => return Err(self.error(XmlProblem::Tag)),
                Some(_) => self.at += 1,
                None => return Err(self.error(XmlProblem::Unclosed)),
            }
        };
        self.at += 1;
        Ok(if empty { Token::Empty(name) } else { Token::Start(name) })
    }

    fn end_tag(&mut self) -> Result<Token, XmlError> {
        let name = self.name(self.at + 2)?;
        let space = self.input.get(name.end..).unwrap_or_default().iter().take_while(|byte| is_space(**byte)).count();
        self.at = name.end + space;
        match self.rest().first() {
            Some(b'>') => {
                self.at += 1;
                Ok(Token::End(name))
            }
            Some(_) => Err(self.error(XmlProblem::Tag)),
            None => Err(self.error(XmlProblem::Unclosed)),
        }
    }

    /// Returns the name that begins at an offset.
    fn name(&self, start: usize) -> Result<Range<usize>, XmlError> {
        let rest = self.input.get(start..).unwrap_or_default();
        if rest.first().is_some_and(|first| !begins_name(*first)) {
            return Err(self.error(XmlProblem::Tag));
        }
        match rest.iter().position(|byte| ends_name(*byte)) {
            Some(length) if rest.get(length).is_some_and(|byte| follows_name(*byte)) => Ok(start..start + length),
            Some(_) => Err(self.error(XmlProblem::Tag)),
            None => Err(self.error(XmlProblem::Unclosed)),
        }
    }

    fn skip_past(&mut self, end: &[u8]) -> Result<(), XmlError> {
        match find(self.rest(), end) {
            Some(found) => {
                self.at += found + end.len();
                Ok(())
            }
            None => Err(self.error(XmlProblem::Unclosed)),
        }
    }

    /// Checks the references in a text. `true` if it has none.
    fn check_text(&self, text: Range<usize>) -> Result<bool, XmlError> {
        let offset = text.start;
        check_references(self.input.get(text).unwrap_or_default())
            .map_err(|at| XmlError::new(XmlProblem::Entity, offset + at))
    }

    fn check_blank(&self, text: Range<usize>) -> Result<(), XmlError> {
        let blank = self.input.get(text).unwrap_or_default().iter().all(|byte| is_space(*byte));
        if blank { Ok(()) } else { Err(self.error(XmlProblem::OutsideRoot)) }
    }

    fn same(&self, left: &Range<usize>, right: &Range<usize>) -> bool {
        self.input.get(left.clone()) == self.input.get(right.clone())
    }

    fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn error(&self, problem: XmlProblem) -> XmlError {
        XmlError::new(problem, self.at.min(self.input.len()))
    }
}
