//! Circles in a graph of imports.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::iter;

/// One module uses a name that another defines. Both are paths from the crate root; the root itself is `crate`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Import {
    fn is_inside(&self, folder: &str) -> bool {
        is_inside(&self.from, folder) && is_inside(&self.to, folder)
    }

    /// Whether a child of a module imports from that module.
    fn is_of_child_from(&self, parent: &str) -> bool {
        self.to == parent && parent_of(&self.from) == Some(parent)
    }
}

fn parent_of(module: &str) -> Option<&str> {
    (module != "crate").then(|| module.rsplit_once("::").map_or("crate", |(parent, _)| parent))
}

/// Whether a module is a folder's own module or below it.
fn is_inside(module: &str, folder: &str) -> bool {
    folder == "crate" || module.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
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

/// The circles, except those in which a child imports from its parent and that stay inside the parent's folder.
///
/// So each folder is searched for circles that no single child's folder contains, without the imports of its children
/// from its own module.
pub(crate) fn circles(imports: &[Import]) -> Vec<Circle> {
    let mut folders = BTreeSet::from(["crate"]);
    for module in imports.iter().flat_map(|import| [&*import.from, &*import.to]) {
        folders.extend(iter::successors(parent_of(module), |folder| parent_of(folder)));
    }
    folders.into_iter().flat_map(|folder| circles_across(folder, imports)).collect()
}

/// The circles inside a folder that lead from one child's folder to another, or to the folder's own module.
fn circles_across(folder: &str, imports: &[Import]) -> Vec<Circle> {
    let is_counted = |import: &&Import| import.is_inside(folder) && !import.is_of_child_from(folder);
    let imports: Vec<_> = imports.iter().filter(is_counted).collect();
    let mut graph = BTreeMap::<&str, Vec<&str>>::new();
    for import in &imports {
        graph.entry(&import.from).or_default().push(&import.to);
    }
    let reachable: BTreeMap<_, _> = graph.keys().map(|&from| (from, reachable(&graph, from))).collect();
    let reaches = |from: &str, to: &str| reachable.get(from).is_some_and(|found| found.contains(to));
    let mut seen = BTreeSet::<&str>::new();
    let mut circles = Vec::new();
    for &module in graph.keys() {
        if !reaches(module, module) || seen.contains(module) {
            continue;
        }
        let modules: BTreeSet<_> = reachable[module].iter().copied().filter(|other| reaches(other, module)).collect();
        seen.extend(&modules);
        if modules.iter().map(|module| part_of(folder, module)).collect::<BTreeSet<_>>().len() > 1 {
            let inside = |import: &&&Import| modules.contains(&*import.from) && modules.contains(&*import.to);
            let imports = imports.iter().filter(inside).map(|&import| import.clone()).collect();
            circles.push(Circle { modules: modules.into_iter().map(str::to_owned).collect(), imports });
        }
    }
    circles
}

/// The part of a folder that holds a module: the name of the child, or nothing for the folder's own module.
fn part_of<'a>(folder: &str, module: &'a str) -> Option<&'a str> {
    let below = match folder {
        "crate" => (module != "crate").then_some(module)?,
        folder => module.strip_prefix(folder)?.strip_prefix("::")?,
    };
    below.split("::").next()
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

    #[test]
    fn a_circle_through_a_parent_may_not_leave_the_folder_of_the_parent() {
        let inside = [("a::b", "a"), ("a", "a::c"), ("a::c", "a::b")];
        assert!(circles(&imports(&inside)).is_empty());
        let outside = [("a::b", "a"), ("a", "x"), ("x", "a::b")];
        assert_eq!(modules_of(&circles(&imports(&outside))), [vec!["a", "a::b", "x"]]);
        let both = [("a::b", "a"), ("a", "a::b"), ("a::b::c", "a::b"), ("a::b", "a::b::c"), ("x", "a")];
        assert!(circles(&imports(&both)).is_empty());
    }
}
