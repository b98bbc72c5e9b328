//! Which module of a crate uses names of which other.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMacro, ItemUse, Macro, UseTree, Visibility};

use crate::circles::Import;
use crate::modules::{CrateSource, Module, ModulePath, is_test};

/// The imports between the files of a crate, each once.
///
/// A name that a module only re-exports, also with `*`, counts as an import from the module that defines it, and a
/// re-export of a child's names is no import. A call of a macro is an import from the module that defines the macro. Names
/// that a macro defines, and names brought in by a `use` of `*` that is no re-export, are not followed.
pub(crate) fn of(source: &CrateSource) -> BTreeSet<Import> {
    let references: BTreeMap<_, _> =
        source.modules.iter().map(|(path, module)| (path, References::collect(module))).collect();
    let resolver = Resolver::new(source, &references);
    let mut imports = BTreeSet::new();
    for (&path, references) in &references {
        for reference in &references.paths {
            let Some(target) = absolute(source, &resolver.names, path, &reference.path) else { continue };
            let defines = resolver.defining_module(target);
            if reference.is_reexport && defines.starts_with(path) {
                continue;
            }
            imports.extend(import(source, path, &defines));
        }
        let macros = references.macro_calls.iter().filter(|name| !references.macros.contains(*name));
        for defines in macros.filter_map(|name| resolver.macros.get(name.as_str())) {
            imports.extend(import(source, path, defines));
        }
    }
    imports
}

/// The import between the files of two modules, unless they are in one file.
fn import(source: &CrateSource, from: &ModulePath, to: &ModulePath) -> Option<Import> {
    let (from, to) = (&source.modules[from].file, &source.modules[to].file);
    (from != to).then(|| Import { from: shown(from), to: shown(to) })
}

fn shown(path: &[String]) -> String {
    if path.is_empty() { "crate".to_owned() } else { path.join("::") }
}

/// A path in the source text.
struct Reference {
    path: Vec<String>,
    is_reexport: bool,
}

/// The paths that a module's items mention.
#[derive(Default)]
struct References {
    paths: Vec<Reference>,
    /// What `use` brings into the module: the name in it and the path.
    used: Vec<(String, Vec<String>)>,
    /// The modules of which `use` with `*` brings in every name.
    globs: Vec<Vec<String>>,
    /// Whether a macro of the module re-exports every name of children that it gets as arguments.
    has_glob_macro: bool,
    /// The names that the module's items define.
    defined: BTreeSet<String>,
    /// The macros that the module defines.
    macros: BTreeSet<String>,
    /// The macros that the module calls by a plain name.
    macro_calls: BTreeSet<String>,
}

impl References {
    fn collect(module: &Module) -> Self {
        let mut references = Self::default();
        module.items.iter().for_each(|item| references.visit_item(item));
        references.defined = module.items.iter().filter_map(name_of).collect();
        references
    }

    /// The names that `use` brings into a module, with the path of each from the crate root.
    fn names(&self, source: &CrateSource, module: &ModulePath) -> BTreeMap<String, ModulePath> {
        let none = BTreeMap::new();
        let target = |path: &Vec<String>| absolute(source, &none, module, path);
        self.used.iter().filter_map(|(name, path)| Some((name.clone(), target(path)?))).collect()
    }

    /// The modules of which a module brings in every name, as paths from the crate root.
    fn globs(&self, source: &CrateSource, module: &ModulePath) -> Vec<ModulePath> {
        let none = BTreeMap::new();
        let written = self.globs.iter().filter_map(|path| absolute(source, &none, module, path));
        let children = source.modules[module].children.iter().filter(|_| self.has_glob_macro);
        written.chain(children.map(|child| module.iter().cloned().chain([child.clone()]).collect())).collect()
    }

    fn add(&mut self, path: Vec<String>) {
        self.paths.push(Reference { path, is_reexport: false });
    }

    fn add_use(&mut self, tree: &UseTree, before: &[String], is_reexport: bool) {
        let with = |name: &dyn ToString| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        let (name, path) = match tree {
            UseTree::Path(path) => return self.add_use(&path.tree, &with(&path.ident), is_reexport),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.add_use(tree, before, is_reexport));
            }
            UseTree::Name(name) if name.ident == "self" => (before.last().cloned().unwrap(), before.to_vec()),
            UseTree::Name(name) => (name.ident.to_string(), with(&name.ident)),
            UseTree::Rename(rename) => (rename.rename.to_string(), with(&rename.ident)),
            UseTree::Glob(_) => {
                self.paths.push(Reference { path: before.to_vec(), is_reexport });
                return self.globs.push(before.to_vec());
            }
        };
        self.paths.push(Reference { path: path.clone(), is_reexport });
        self.used.push((name, path));
    }

    /// Finds paths such as `crate::a::b` in tokens that are not parsed, and in the texts of attributes.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Ident(ident) if ["crate", "super", "self"].iter().any(|first| ident == first) => {
                    let path = path_in(&tokens[index..]);
                    if path.len() > 1 {
                        self.add(path);
                    }
                }
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let text = text.trim_matches('"');
                    if text.starts_with("crate::") || text.starts_with("super::") || text.starts_with("self::") {
                        self.add(text.split("::").map(str::to_owned).collect());
                    }
                }
                _ => {}
            }
        }
    }
}

/// The end of a re-export in a macro, without blanks, of every name of a child that is an argument.
const GLOB_OF_A_CHILD: &str = "::*;";

/// The name that an item defines in its module.
fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// The names at the start of tokens, as far as `::` joins them.
fn path_in(tokens: &[TokenTree]) -> Vec<String> {
    let mut path = Vec::new();
    let mut tokens = tokens.iter();
    while let Some(TokenTree::Ident(ident)) = tokens.next() {
        path.push(ident.to_string());
        let is_colon =
            |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        if !(is_colon(tokens.next()) && is_colon(tokens.next())) {
            break;
        }
    }
    path
}

impl Visit<'_> for References {
    fn visit_item(&mut self, item: &Item) {
        let attributes: &[Attribute] = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Macro(item) => &item.attrs,
            _ => &[],
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        if item.leading_colon.is_none() {
            self.add_use(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_item_macro(&mut self, item: &ItemMacro) {
        if let Some(name) = &item.ident {
            self.macros.insert(name.to_string());
            self.has_glob_macro |= item.mac.tokens.to_string().replace(' ', "").contains(GLOB_OF_A_CHILD);
        }
        visit::visit_item_macro(self, item);
    }

    fn visit_macro(&mut self, item: &Macro) {
        self.macro_calls.extend(item.path.get_ident().map(ToString::to_string));
        visit::visit_macro(self, item);
        self.add_tokens(item.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.add_tokens(list.tokens.clone());
        }
    }
}

type Names<'a> = BTreeMap<&'a ModulePath, BTreeMap<String, ModulePath>>;

/// A path from the crate root; `None` for a path into another crate, and for one that begins with an item's own name.
fn absolute(source: &CrateSource, names: &Names<'_>, module: &ModulePath, path: &[String]) -> Option<ModulePath> {
    let (first, rest) = path.split_first()?;
    let mut start = match first.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => module.clone(),
        name if source.modules[module].children.contains(name) => {
            module.iter().cloned().chain([name.to_owned()]).collect()
        }
        name => names.get(module)?.get(name)?.clone(),
    };
    if first == "super" {
        start.pop();
    }
    for name in rest {
        if name == "super" {
            start.pop();
        } else {
            start.push(name.clone());
        }
    }
    Some(start)
}

struct Resolver<'a> {
    source: &'a CrateSource,
    names: Names<'a>,
    /// The modules of which each module brings in every name.
    globs: BTreeMap<&'a ModulePath, Vec<ModulePath>>,
    defined: BTreeMap<&'a ModulePath, &'a BTreeSet<String>>,
    /// The module that defines each macro. A name that several modules define is left out.
    macros: BTreeMap<&'a str, &'a ModulePath>,
}

impl<'a> Resolver<'a> {
    fn new(source: &'a CrateSource, references: &'a BTreeMap<&'a ModulePath, References>) -> Self {
        let mut names: Names<'a> =
            references.iter().map(|(&path, references)| (path, references.names(source, path))).collect();
        let globs = references.iter().map(|(&path, references)| (path, references.globs(source, path))).collect();
        let defined = references.iter().map(|(&path, references)| (path, &references.defined)).collect();
        let mut macros = BTreeMap::new();
        for (&path, references) in references {
            for name in &references.macros {
                macros.entry(name.as_str()).and_modify(|module| *module = None).or_insert(Some(path));
            }
        }
        let macros: BTreeMap<_, _> = macros.into_iter().filter_map(|(name, module)| Some((name, module?))).collect();
        // `#[macro_export]` puts a macro into the crate root.
        if let Some(root) = names.get_mut(&ModulePath::new()) {
            for (&name, &module) in macros.iter().filter(|(_, module)| !module.is_empty()) {
                let path = module.iter().cloned().chain([name.to_owned()]).collect();
                root.entry(name.to_owned()).or_insert(path);
            }
        }
        Self { source, names, globs, defined, macros }
    }

    /// The module that defines what a path names. A re-export leads on to the module behind it.
    fn defining_module(&self, mut path: ModulePath) -> ModulePath {
        // A circle of re-exports does not compile, so a few steps are enough.
        for _ in 0..10 {
            let depth = (0..=path.len()).rev().find(|&depth| self.source.modules.contains_key(&path[..depth])).unwrap();
            let module = path[..depth].to_vec();
            let Some(name) = path.get(depth) else { return module };
            match self.target(&module, name, &mut BTreeSet::new()) {
                Some(target) if target[..] != path[..=depth] => {
                    path = target.iter().chain(&path[depth + 1..]).cloned().collect();
                }
                _ => return module,
            }
        }
        panic!("re-exports that lead nowhere: {path:?}");
    }

    /// The path behind a name of a module: that of its own item or child, of a `use`, or of a name behind a `*`.
    fn target(&self, module: &ModulePath, name: &str, seen: &mut BTreeSet<ModulePath>) -> Option<ModulePath> {
        if !seen.insert(module.clone()) {
            return None;
        }
        let own = || module.iter().cloned().chain([name.to_owned()]).collect();
        if self.source.modules[module].children.contains(name) || self.defined[module].contains(name) {
            return Some(own());
        }
        if let Some(target) = self.names[module].get(name) {
            return Some(target.clone());
        }
        let behind = self.globs[module].iter().filter(|path| self.source.modules.contains_key(*path));
        behind.into_iter().find_map(|path| self.target(path, name, seen))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The imports of a crate with these files, as `from to`.
    fn imports(files: &[(&str, &str)]) -> Vec<String> {
        let read = |file: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == file);
            found.unwrap_or_else(|| panic!("no {}", file.display())).1.to_owned()
        };
        let imports = of(&CrateSource::read_with(Path::new("lib.rs"), &read));
        imports.into_iter().map(|import| format!("{} {}", import.from, import.to)).collect()
    }

    #[test]
    fn a_use_and_a_path_in_the_code_are_imports() {
        let found = imports(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::{self, B as Other}; fn f() { let _ = super::c::g(); }"),
            ("b.rs", "pub(crate) struct B;"),
            ("c.rs", "use std::fmt; use serde::Serialize; pub(crate) fn g() {}"),
        ]);
        assert_eq!(found, ["a b", "a c"]);
    }

    #[test]
    fn a_name_that_is_re_exported_is_imported_from_where_it_is_defined() {
        let found = imports(&[
            ("lib.rs", "mod a; mod b; pub use crate::a::Renamed;"),
            ("a.rs", "mod inner; pub use self::inner::Inner as Renamed;"),
            ("a/inner.rs", "pub struct Inner;"),
            ("b.rs", "use crate::Renamed;"),
        ]);
        assert_eq!(found, ["b a::inner"]);
    }

    #[test]
    fn a_private_use_of_a_childs_name_is_an_import_and_so_is_a_parents_name_in_a_child() {
        let found = imports(&[
            ("lib.rs", "mod a; struct Root;"),
            ("a.rs", "mod inner; use inner::Inner; struct Outer(Inner);"),
            ("a/inner.rs", "use super::Outer; use crate::Root; pub(super) struct Inner;"),
        ]);
        assert_eq!(found, ["a a::inner", "a::inner a", "a::inner crate"]);
    }

    #[test]
    fn tokens_of_macros_and_texts_of_attributes_are_read_too() {
        let found = imports(&[
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a.rs", "macro_rules! m { () => { $crate::b::f() } } fn g() { assert!(crate::c::f()); }"),
            ("b.rs", "#[derive(Deserialize)] struct B { #[serde(with = \"crate::d\")] d: u8 }"),
            ("c.rs", ""),
            ("d.rs", ""),
        ]);
        assert_eq!(found, ["a b", "a c", "b d"]);
    }

    #[test]
    fn unit_tests_are_left_out_and_an_inline_module_counts_as_its_file() {
        let found = imports(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            (
                "a.rs",
                "#[cfg(test)] mod tests { use crate::b::B; } mod inline { use crate::c::C; use super::A; } struct A;",
            ),
            ("b.rs", "#[cfg(test)] use crate::c::C; #[cfg(test)] mod tests;"),
            ("c.rs", ""),
        ]);
        assert_eq!(found, ["a c"]);
    }

    #[test]
    fn a_name_behind_a_re_export_of_every_name_is_imported_from_where_it_is_defined() {
        let found = imports(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "mod inner; pub(crate) use self::inner::*; use crate::b::f;"),
            ("a/inner.rs", "mod deep; pub(crate) use self::deep::*;"),
            ("a/inner/deep.rs", "pub(crate) struct Deep; use crate::c::g;"),
            ("b.rs", "use crate::a::Deep; pub(crate) fn f() {}"),
            ("c.rs", "use crate::a::Deep; pub(crate) fn g() {}"),
        ]);
        assert_eq!(found, ["a b", "a::inner::deep c", "b a::inner::deep", "c a::inner::deep"]);
    }

    #[test]
    fn a_macro_that_re_exports_every_name_of_its_arguments_is_taken_to_get_each_child() {
        let found = imports(&[
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "mod one; macro_rules! exports { ($($name:ident)+) => { $(pub use self::$name::*;)+ } } table!();",
            ),
            ("a/one.rs", "use crate::b::f; pub struct One;"),
            ("b.rs", "use crate::a::One; pub(crate) fn f() {}"),
        ]);
        assert_eq!(found, ["a::one b", "b a::one"]);
    }

    #[test]
    fn a_call_of_a_macro_is_an_import_from_the_module_that_defines_it() {
        let found = imports(&[
            ("lib.rs", "#[macro_use] mod a; mod b; mod c;"),
            ("a.rs", "macro_rules! shared { () => {} } #[macro_export] macro_rules! exported { () => {} }"),
            ("b.rs", "shared!(); macro_rules! own { () => {} } own!(); vec![1];"),
            ("c.rs", "crate::exported!();"),
        ]);
        assert_eq!(found, ["b a", "c a"]);
    }
}
