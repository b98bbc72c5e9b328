//! Circles in a graph of imports.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One module uses a name that another defines. Both are paths from the crate root; the root itself is `crate`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Import {
    /// Whether a module imports from its own parent.
    fn is_of_parent(&self) -> bool {
        let parent = self.from.rsplit_once("::").map_or("crate", |(parent, _)| parent);
        self.to == parent
    }
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` → `{}`", self.from, self.to)
    }
}

/// Modules that all reach each other, and the imports between them.
#[derive(Debug)]
pub(crate) struct Circle {
    pub(crate) modules: BTreeSet<String>,
    pub(crate) imports: Vec<Import>,
}

/// The circles that remain without the imports of a child from its parent.
pub(crate) fn circles(imports: &[Import]) -> Vec<Circle> {
    let mut graph = BTreeMap::<&str, Vec<&str>>::new();
    for import in imports.iter().filter(|import| !import.is_of_parent()) {
        graph.entry(&import.from).or_default().push(&import.to);
    }
    let reachable: BTreeMap<_, _> = graph.keys().map(|&from| (from, reachable(&graph, from))).collect();
    let reaches = |from: &str, to: &str| reachable.get(from).is_some_and(|found| found.contains(to));
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for &module in graph.keys() {
        if !reaches(module, module) || seen.contains(module) {
            continue;
        }
        let modules: BTreeSet<_> = reachable[module].iter().copied().filter(|other| reaches(other, module)).collect();
        let inside = |import: &&Import| modules.contains(&*import.from) && modules.contains(&*import.to);
        let imports = imports.iter().filter(|import| !import.is_of_parent()).filter(inside).cloned().collect();
        circles.push(Circle { modules: modules.iter().map(|&module| module.to_owned()).collect(), imports });
        seen.extend(modules);
    }
    circles
}

/// The modules that can be reached from one in at least one step.
fn reachable<'a>(graph: &BTreeMap<&'a str, Vec<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut ahead = graph.get(from).cloned().unwrap_or_default();
    while let Some(module) = ahead.pop() {
        if found.insert(module) {
            ahead.extend(graph.get(module).into_iter().flatten());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(pairs: &[(&str, &str)]) -> Vec<Import> {
        pairs.iter().map(|&(from, to)| Import { from: from.to_owned(), to: to.to_owned() }).collect()
    }

    fn modules_of(circles: &[Circle]) -> Vec<Vec<&str>> {
        circles.iter().map(|circle| circle.modules.iter().map(String::as_str).collect()).collect()
    }

    #[test]
    fn imports_in_one_direction_make_no_circle() {
        assert!(circles(&imports(&[("a", "b"), ("a", "c"), ("b", "c")])).is_empty());
    }

    #[test]
    fn two_modules_that_import_each_other_make_a_circle_and_so_do_three_in_a_row() {
        let found = circles(&imports(&[("a", "b"), ("b", "a"), ("c", "d"), ("d", "e"), ("e", "c"), ("a", "c")]));
        assert_eq!(modules_of(&found), [vec!["a", "b"], vec!["c", "d", "e"]]);
        assert_eq!(found[0].imports, imports(&[("a", "b"), ("b", "a")]));
    }

    #[test]
    fn a_child_may_use_its_parent_but_not_its_grandparent_or_its_sibling() {
        assert!(circles(&imports(&[("a", "a::b"), ("a::b", "a"), ("crate", "a"), ("a", "crate")])).is_empty());
        let found = circles(&imports(&[("a", "a::b::c"), ("a::b::c", "a"), ("a::x", "a::y"), ("a::y", "a::x")]));
        assert_eq!(modules_of(&found), [vec!["a", "a::b::c"], vec!["a::x", "a::y"]]);
    }
}
