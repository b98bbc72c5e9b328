//! The elements below a message's root element, read by name.

use std::borrow::Cow;
use std::str::FromStr;

use crate::xml::Element;

/// The children of an element. The first 16 are cached; no known message has more.
pub(super) struct Fields<'a> {
    parent: Element<'a>,
    first: [Option<Element<'a>>; 16],
}

impl<'a> Fields<'a> {
    pub(super) fn of(parent: Element<'a>) -> Self {
        let mut first = [None; 16];
        for (place, child) in first.iter_mut().zip(parent.children()) {
            *place = Some(child);
        }
        Self { parent, first }
    }

    fn child(&self, name: &str) -> Option<Element<'a>> {
        match self.first.iter().flatten().find(|child| child.name() == name) {
            Some(child) => Some(*child),
            None if self.first.last().is_some_and(Option::is_some) => self.parent.child(name),
            None => None,
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.child(name).map(|child| child.text())
    }

    /// The element as a value. `None` if it is missing, empty or malformed.
    pub(super) fn value<T: FromStr>(&self, name: &str) -> Option<T> {
        value(&self.text(name)?)
    }

    /// The children of a child.
    pub(super) fn below(&self, name: &str) -> Option<Fields<'a>> {
        self.child(name).map(Fields::of)
    }

    /// A list of values, in a list element or, as some documents show it, without one. `None` if one of them is malformed,
    /// or if there is none.
    pub(super) fn list<T: FromStr>(&self, list: &str, item: &str) -> Option<Vec<T>> {
        let parent = self.child(list).unwrap_or(self.parent);
        let items = parent.children().filter(|child| child.name() == item);
        let values: Option<Vec<T>> = items.map(|item| value(&item.text())).collect();
        values.filter(|values| !values.is_empty())
    }
}

/// A text as a value. `None` if it is empty or malformed.
fn value<T: FromStr>(text: &str) -> Option<T> {
    if text.is_empty() { None } else { text.parse().ok() }
}
