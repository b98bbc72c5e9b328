//! The source of a crate as a tree of modules, without its unit tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::{Attribute, Item, Meta};

/// A path of names from the crate root.
pub(crate) type ModulePath = Vec<String>;

/// A module with the items that it holds.
pub(crate) struct Module {
    pub(crate) items: Vec<Item>,
    /// The names of its child modules.
    pub(crate) children: BTreeSet<String>,
    /// The module of the file that it is written in. It differs from the module itself for an inline module.
    pub(crate) file: ModulePath,
}

/// All modules of a crate by their paths.
pub(crate) struct CrateSource {
    pub(crate) modules: BTreeMap<ModulePath, Module>,
}

impl CrateSource {
    /// Reads the file of the crate root and all files that it names.
    pub(crate) fn read(lib: &Path) -> Self {
        Self::read_with(lib, &|file| {
            fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        })
    }

    /// The same with another way to read a file.
    pub(crate) fn read_with(lib: &Path, read: &dyn Fn(&Path) -> String) -> Self {
        let mut reader = Reader { read, modules: BTreeMap::new() };
        reader.add_file(lib, lib.parent().unwrap(), Vec::new());
        Self { modules: reader.modules }
    }
}

struct Reader<'a> {
    read: &'a dyn Fn(&Path) -> String,
    modules: BTreeMap<ModulePath, Module>,
}

impl Reader<'_> {
    fn add_file(&mut self, file: &Path, folder: &Path, path: ModulePath) {
        let parsed = syn::parse_file(&(self.read)(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.add(parsed.items, folder, path.clone(), path);
    }

    fn add(&mut self, items: Vec<Item>, folder: &Path, path: ModulePath, file: ModulePath) {
        let mut children = BTreeSet::new();
        let mut kept = Vec::new();
        for item in items {
            match item {
                Item::Mod(module) if is_test(&module.attrs) => {}
                Item::Mod(module) => {
                    let name = module.ident.to_string();
                    let child: ModulePath = path.iter().cloned().chain([name.clone()]).collect();
                    let below = folder.join(&name);
                    match module.content {
                        Some((_, items)) => self.add(items, &below, child, file.clone()),
                        None => self.add_file(&folder.join(format!("{name}.rs")), &below, child),
                    }
                    children.insert(name);
                }
                Item::ExternCrate(item) if item.ident == "self" => {
                    panic!("{}: `extern crate self` hides imports: write `crate`", path.join("::"))
                }
                item => kept.push(item),
            }
        }
        self.modules.insert(path, Module { items: kept, children, file });
    }
}

/// Whether an item is compiled for unit tests only.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string() == "test",
        meta => meta.path().is_ident("test"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a: `extern crate self` hides imports: write `crate`")]
    fn a_second_name_for_the_crate_is_refused() {
        let read = |file: &Path| {
            if file == Path::new("lib.rs") { "mod a;".to_owned() } else { "extern crate self as me;".to_owned() }
        };
        CrateSource::read_with(Path::new("lib.rs"), &read);
    }
}
