//! The elements below a message's root element, read by name.

use std::borrow::Cow;
use std::str::FromStr;

use crate::xml::Element;

pub(super) struct Fields<'a>(Element<'a>);

impl<'a> Fields<'a> {
    pub(super) fn of(element: Element<'a>) -> Self {
        Self(element)
    }

    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.0.child(name).map(|child| child.text())
    }

    /// The element as a value. `None` if it is missing, empty or malformed.
    pub(super) fn value<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name).filter(|text| !text.is_empty())?.parse().ok()
    }

    /// The elements of an element.
    pub(super) fn below(&self, name: &str) -> Option<Fields<'a>> {
        self.0.child(name).map(Fields)
    }

    /// A list of values, either in a list element or, as some write it, directly. `None` if one of them is malformed, or if
    /// there is none.
    pub(super) fn list<T: FromStr>(&self, list: &str, item: &str) -> Option<Vec<T>> {
        let parent = self.0.child(list).unwrap_or(self.0);
        let items = parent.children().filter(|child| child.name() == item);
        let values: Option<Vec<T>> =
            items.map(|item| item.text().parse().ok().filter(|_| !item.text().is_empty())).collect();
        values.filter(|values| !values.is_empty())
    }
}
