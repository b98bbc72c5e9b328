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
//! | look up the `pending_id` of any number of customers | [`Upstream::pending_ids`](crate::Upstream::pending_ids), [`customers`] |
//! | link customers with WeChat users | [`Upstream::map_customers`](crate::Upstream::map_customers), [`customers`] |
//!
//! A job runs while the caller awaits it. It spawns nothing, and any wait uses the client's timer. The state of a job
//! can be stored, and another process can resume it.
//!
//! # Spans
//!
//! With the feature `tracing`, each job has a span with the target `wecom`, and each call has a span within it. The `outcome` of
//! a span is `finished`, `refreshed`, `stopped` or `failed`; it is empty if the job was dropped. The names and fields are
//! stable. No span and no event has a name, a number or an id of a person, a token or a secret.
//!
//! | span | fields | events |
//! |---|---|---|
//! | `wecom_walk`, for a walk | `chain_id`; at the end `groups`, `corps`, `failed_groups`, `outcome` | `debug`: a group is listed, with `groups`, `done`, `failed`, `corps`. `warn`: a group failed, the walk stopped, with `error` |
//! | `wecom_directory_refresh`, for a refresh of a directory | `chain_id`; at the end `joined`, `left`, `moved`, `outcome` | those of a walk within it. `warn`: the refresh failed, with `errcode` and `error` |
//! | `wecom_import`, for an import | `chain_id`, `rows`, `jobs`; at the end `imported`, `failed`, `unknown`, `outcome` | `info`: a job is submitted, waits for another import, has finished, with `job`, `jobid`, `wait_ms`, `imported`, `failed`, `unknown`. `debug`: a job runs. `warn`: a call is retried, the outcome of a job is unknown, the import stopped |
//! | `wecom_pending_ids`, for the lookup of pending ids | at the end `outcome` | for each call, `debug`: `customers`, `found`, `answered`. `warn`: it failed, with `error` |
//! | `wecom_customer_refresh`, for a lookup of one customer | at the end `corps`, `outcome` | `warn`: it failed, with `errcode` and `error` |

mod attention;
pub mod chain_tree;
pub mod customers;
pub mod directory;
mod exclusive;
pub mod import;
#[cfg(feature = "callback")]
mod import_end;
mod journal_file;
mod kept_call;
mod kept_read;
pub mod pager;
mod saved_file;
mod saved_format;
mod trace;
mod transience;
pub mod walk;

pub use self::saved_file::SavedFile;
