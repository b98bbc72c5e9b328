#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod bytes;
mod callback;
mod channel;
mod crypto;
mod digest;
mod envelope;
mod error;
pub mod event;
mod message;
mod query;
mod receiver;
mod secret;
mod seen;
mod sender;
mod xml;

pub use crate::answer::Answer;
pub use crate::callback::Callback;
pub use crate::channel::{Channel, ReceiveIds};
pub use crate::crypto::{CallbackKeys, Plaintext, RandomBytes};
pub use crate::digest::MessageDigest;
pub use crate::error::{Error, ErrorKind};
#[doc(no_inline)]
pub use crate::event::{
    Authorization, AuthorizedCorp, BatchJobResult, ChainChange, ChangeChain, Event, JobType, Member, MenuEvent,
    ShareChange, SuiteTicket, TextMessage,
};
pub use crate::message::Message;
pub use crate::query::{MAX_QUERY, Query};
pub use crate::receiver::Receiver;
pub use crate::secret::{AuthCode, Ticket};
pub use crate::seen::{InMemorySeenEvents, Once, OnceError, Seen, SeenEvents, handle_once};
pub use crate::sender::{CallbackRequest, Sender};
pub use crate::xml::{Children, Element, MAX_DEPTH, XmlError, XmlProblem};
