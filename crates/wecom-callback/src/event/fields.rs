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

    /// Returns the element as a value. `None` if it is missing, empty or malformed.
    pub(super) fn value<T: FromStr>(&self, name: &str) -> Option<T> {
        value(&self.text(name)?)
    }

    /// Returns the children of a child.
    pub(super) fn below(&self, name: &str) -> Option<Fields<'a>> {
        self.child(name).map(Fields::of)
    }

    /// Returns a list of values, from one or several list elements or, as some documents show it, without one. Empty
    /// elements are skipped. `None` if a value is malformed.
    pub(super) fn list<T: FromStr>(&self, list: &str, item: &str) -> Option<Vec<T>> {
        let lists = self.parent.children().filter(|child| child.name() == list);
        let without_list = self.child(list).is_none().then_some(self.parent);
        let items = lists.chain(without_list).flat_map(|list| list.children()).filter(|child| child.name() == item);
        items.map(|item| item.text()).filter(|text| !text.is_empty()).map(|text| text.parse().ok()).collect()
    }
}

/// Returns a text as a value. `None` if it is empty or malformed.
fn value<T: FromStr>(text: &str) -> Option<T> {
    if text.is_empty() { None } else { text.parse().ok() }
}
