//! Jobs: work that takes several calls.
//!
//! | to | use |
//! |---|---|
//! | read a list page by page | [`Upstream::pages`](crate::Upstream::pages), [`pager`] |
//! | read the whole directory (通讯录) of a chain | [`Upstream::walk`](crate::Upstream::walk), [`walk`] |
//! | keep a copy of the directory current by events | [`Upstream::directory`](crate::Upstream::directory), [`directory`] |
//! | keep a directory in memory, print it, and compare two versions of it | [`chain_tree`] |
//! | import any number of corps and contacts | [`Upstream::import`](crate::Upstream::import), [`import`] |
//! | save an import to a file, to which each change is appended | [`ImportJournal`](import::ImportJournal) |
//! | save the state of any job to a file, which is replaced atomically | [`SavedFile`] |
//! | link customers with WeChat users | [`Upstream::map_customers`](crate::Upstream::map_customers), [`customers`] |
//!
//! A job runs while the caller awaits it. It spawns nothing, and any wait uses the caller's timer. The state of a job
//! can be stored, and another process can resume it.

pub mod chain_tree;
pub mod customers;
pub mod directory;
pub mod import;
#[cfg(feature = "callback")]
mod import_end;
mod journal_file;
mod kept_call;
pub mod pager;
mod saved_file;
mod saved_format;
mod transience;
pub mod walk;

pub use self::saved_file::SavedFile;
