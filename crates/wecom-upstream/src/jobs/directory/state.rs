//! The state of a directory, without the calls in flight.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use wecom_core::ids::ChainId;

use super::mirror::Mirror;
use super::walking::WalkingState;
use crate::jobs::chain_tree::ChainTree;
use crate::jobs::pager::DEFAULT_PAGE_SIZE;

/// The name of the format, without its version.
const NAME: &str = "wecom directory state, version ";
const VERSION: u32 = 1;

/// The state of a [`Directory`](crate::jobs::directory::Directory). Store it, and resume with
/// [`Upstream::resume_directory`](crate::Upstream::resume_directory).
///
/// It holds the options, the directory as it was last read, the changes not returned yet, and what remains to be read,
/// including the noted events.
///
/// Its JSON names its format and version, and is private to this library otherwise. Deserializing another document, or a
/// state of a newer version, fails with an error that says so. It contains the names of corps; the `Debug` output does
/// not.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a state has no effect unless it is stored or resumed"]
pub struct DirectoryState {
    pub(crate) content: Content,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) options: DirectoryOptions,
    pub(crate) mirror: Mirror,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) walking: Option<WalkingState>,
}

/// The options of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DirectoryOptions {
    pub(crate) chain_id: ChainId,
    pub(crate) need_pending: bool,
    pub(crate) concurrency: usize,
    pub(crate) page_size: u32,
    pub(crate) outage_limit: Duration,
    pub(crate) walk_every: Duration,
}

impl DirectoryOptions {
    pub(crate) fn new(chain_id: ChainId) -> Self {
        Self {
            chain_id,
            need_pending: false,
            concurrency: 4,
            page_size: DEFAULT_PAGE_SIZE,
            outage_limit: Duration::from_secs(300),
            walk_every: Duration::from_secs(86_400),
        }
    }
}

impl DirectoryState {
    /// Returns the id of the chain.
    #[must_use]
    pub fn chain_id(&self) -> &ChainId {
        &self.content.options.chain_id
    }

    /// Returns the directory as it was last read; empty before the first walk has ended.
    #[must_use]
    pub fn tree(&self) -> &ChainTree {
        &self.content.mirror.tree
    }
}

impl fmt::Debug for DirectoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tree = self.tree();
        f.debug_struct("DirectoryState")
            .field("chain_id", self.chain_id())
            .field("groups", &tree.groups().len())
            .field("corps", &tree.placed_corps().count())
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Written<'a> {
    format: String,
    // After `format` in every usual order of fields, so that a foreign document fails at its name.
    payload: &'a Content,
}

impl Serialize for DirectoryState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { format: format!("{NAME}{VERSION}"), payload: &self.content }.serialize(serializer)
    }
}

#[derive(Deserialize)]
struct Stored {
    #[serde(default, deserialize_with = "check_format")]
    format: Option<()>,
    payload: Option<Content>,
}

impl<'de> Deserialize<'de> for DirectoryState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { format, payload } = Stored::deserialize(deserializer)?;
        format.ok_or_else(|| de::Error::custom("not the state of a directory: the field `format` is missing"))?;
        let content = payload.ok_or_else(|| de::Error::missing_field("payload"))?;
        Ok(Self { content })
    }
}

/// Accepts the name of this version.
fn check_format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<()>, D::Error> {
    let format = String::deserialize(deserializer)?;
    match format.strip_prefix(NAME).map(str::parse) {
        Some(Ok(VERSION)) => Ok(Some(())),
        Some(Ok(version)) if version > VERSION => Err(de::Error::custom(format_args!(
            "unsupported version: the directory state has version {version}, and this library reads version {VERSION}; \
             update wecom-upstream, or start without a state"
        ))),
        _ => Err(de::Error::custom("not the state of a directory: the field `format` has another name")),
    }
}
