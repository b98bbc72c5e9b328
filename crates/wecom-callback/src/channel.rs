//! A channel: one 接收消息服务器配置 of the console, and the ids that its messages are encrypted for.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use wecom_core::ids::{CorpId, SuiteId};

use crate::crypto::CallbackKeys;

/// One configured callback URL: its keys, its kind, and the receive ids that it accepts.
///
/// | | app channel (数据回调, 接收消息服务器) | suite channel (指令回调) |
/// |---|---|---|
/// | belongs to | a self-built app; a provider's app | a provider's suite |
/// | receive id (receiveid) | the corp id; for a provider's app, the id of each customer's corp | the suite id |
/// | acknowledged with | an empty body, or an encrypted reply | `success` |
///
/// The receive id of an app of a natural person (个人主体第三方应用) is the empty string.
///
/// ```
/// use wecom_callback::{CallbackKeys, Channel, ReceiveIds};
///
/// let keys =
///     CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")?;
/// let own_app = Channel::app(keys.clone(), "ww1234567890abcdef").with_name("dealers");
/// let two_corps =
///     Channel::app(keys.clone(), ["ww1234567890abcdef", "wwfedcba0987654321"]);
/// let customers = Channel::app(keys.clone(), ReceiveIds::any());
/// let suite = Channel::suite(keys, "ww4asffe99e54c0f4c");
/// # let _ = (own_app, two_corps, customers, suite);
/// # Ok::<(), wecom_callback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Channel {
    name: Arc<str>,
    keys: CallbackKeys,
    receive_ids: ReceiveIds,
    is_suite: bool,
}

impl Channel {
    /// Creates the channel of an app.
    pub fn app(keys: CallbackKeys, receive_ids: impl Into<ReceiveIds>) -> Self {
        Self { name: "app".into(), keys, receive_ids: receive_ids.into(), is_suite: false }
    }

    /// Creates the channel of a suite.
    pub fn suite(keys: CallbackKeys, receive_ids: impl Into<ReceiveIds>) -> Self {
        Self { name: "suite".into(), keys, receive_ids: receive_ids.into(), is_suite: true }
    }

    /// Names the channel, to distinguish several on one URL. `app` and `suite` by default.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Returns the channel's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether this is a suite channel.
    #[must_use]
    pub fn is_suite(&self) -> bool {
        self.is_suite
    }

    pub(crate) fn keys(&self) -> &CallbackKeys {
        &self.keys
    }

    pub(crate) fn accepts(&self, receive_id: &str) -> bool {
        self.receive_ids.contain(receive_id)
    }
}

/// The receive ids (receiveid) that a channel accepts.
///
/// It is created from a text or an id, or from an array or a `Vec` of texts.
#[derive(Clone)]
pub struct ReceiveIds(Accepted);

#[derive(Clone)]
enum Accepted {
    Listed(Arc<BTreeSet<String>>),
    Decided(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl ReceiveIds {
    /// Accepts every receive id.
    ///
    /// For a provider with too many customers for a list. The signature still proves that the sender has the keys. Compare
    /// [`Callback::receive_id`](crate::Callback::receive_id) with the ids in the message.
    #[must_use]
    pub fn any() -> Self {
        Self::when(|_| true)
    }

    /// Accepts the receive ids for which the function returns `true`.
    pub fn when(accept: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Accepted::Decided(Arc::new(accept)))
    }

    fn contain(&self, receive_id: &str) -> bool {
        match &self.0 {
            Accepted::Listed(ids) => ids.contains(receive_id),
            Accepted::Decided(accept) => accept(receive_id),
        }
    }
}

impl<T: Into<String>> FromIterator<T> for ReceiveIds {
    fn from_iter<I: IntoIterator<Item = T>>(ids: I) -> Self {
        Self(Accepted::Listed(Arc::new(ids.into_iter().map(Into::into).collect())))
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for ReceiveIds {
    fn from(ids: [T; N]) -> Self {
        ids.into_iter().collect()
    }
}

impl<T: Into<String>> From<Vec<T>> for ReceiveIds {
    fn from(ids: Vec<T>) -> Self {
        ids.into_iter().collect()
    }
}

impl From<&str> for ReceiveIds {
    fn from(id: &str) -> Self {
        [id].into()
    }
}

impl From<String> for ReceiveIds {
    fn from(id: String) -> Self {
        [id].into()
    }
}

impl From<&CorpId> for ReceiveIds {
    fn from(id: &CorpId) -> Self {
        id.as_str().into()
    }
}

impl From<&SuiteId> for ReceiveIds {
    fn from(id: &SuiteId) -> Self {
        id.as_str().into()
    }
}

impl fmt::Debug for ReceiveIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Accepted::Listed(ids) => f.debug_set().entries(&**ids).finish(),
            Accepted::Decided(_) => f.write_str("ReceiveIds(..)"),
        }
    }
}
