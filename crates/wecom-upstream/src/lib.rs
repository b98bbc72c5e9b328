//! A typed client for the upstream/downstream (上下游) API of WeCom (企业微信), over any HTTP transport.
//!
//! [`Upstream`] has one method for each call. It wraps a [`Client`], which takes a transport and a source of tokens.
//! The crate `wecom-hyper` has a transport for production; a closure is a transport too, as is any HTTP library behind
//! a short adapter.
//!
//! ```no_run
//! use wecom_hyper::HyperTransport;
//! use wecom_upstream::calls::GetChainGroup;
//! use wecom_upstream::{Client, Credentials, Upstream};
//!
//! # // Stands for the crate, which this one does not depend on.
//! # mod wecom_hyper {
//! #     use wecom_upstream::wecom_core::{Response, Transport, from_fn};
//! #     pub struct HyperTransport;
//! #     impl HyperTransport {
//! #         pub fn new() -> Result<impl Transport, std::io::Error> {
//! #             Ok(from_fn(|_| async { Ok(Response::new(200, "{}")) }))
//! #         }
//! #     }
//! # }
//! # async fn print_groups() -> Result<(), Box<dyn std::error::Error>> {
//! // Reads WECOM_CORP_ID and WECOM_SECRET.
//! let client =
//!     Client::builder(HyperTransport::new()?).credentials(Credentials::from_env()?).build();
//! let upstream = Upstream::new(client);
//!
//! for chain in upstream.get_chain_list().await?.chains {
//!     let list = GetChainGroup::new(&chain.chain_id);
//!     for group in upstream.get_chain_group(list).await?.groups {
//!         println!("{} / {}", chain.chain_name, group.group_name);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Where to find what
//!
//! | for | see |
//! |---|---|
//! | one call | the methods of [`Upstream`](Upstream#calls); requests and replies are in [`calls`] |
//! | a list of several pages, the whole directory of a chain, a large import, customers | [`jobs`] |
//! | a call with a downstream corp's token | [`Upstream::share`], [`Share`], [`Downstream`](Downstream#calls) |
//! | the types of ids | [`ids`] |
//! | types that several calls share: rules, chains, references to corps | [`values`] |
//! | the descriptors of all endpoints: paths, quotas, safety, documents | [`ENDPOINTS`], [`DOWNSTREAM_ENDPOINTS`] |
//! | transports, tokens, retries, errors | [`wecom_core`] |
//!
//! The crate root re-exports what most programs use: the facades, the client's building blocks, the error types and the
//! most frequent ids. Everything else is in its module.
//!
//! # Requests and replies
//!
//! A call validates its request against the documented rules, and sends nothing if the request breaks one. Replies are
//! decoded leniently: a missing field is empty or `None` unless the reply makes no sense without it, unknown fields are
//! ignored, and a number without a named variant is kept.
//!
//! WeCom allows 10,000 calls a minute and 150,000 an hour for each endpoint and corp, unless the request's
//! documentation says otherwise. The descriptors carry these quotas, for [`Quotas`] to apply.
//!
//! # Ids
//!
//! Each kind of id is a type. A call takes an id by value or by reference:
//!
//! ```
//! use wecom_upstream::ChainId;
//! use wecom_upstream::calls::GetChainGroup;
//!
//! let chain_id = ChainId::new("Ch1234");
//! let call = GetChainGroup::new(&chain_id);
//! # let _ = call;
//! ```
//!
//! An id of the wrong kind does not compile:
//!
//! ```compile_fail,E0277
//! use wecom_upstream::CorpId;
//! use wecom_upstream::calls::GetChainGroup;
//!
//! let corp_id = CorpId::new("ww1234");
//! let call = GetChainGroup::new(&corp_id);
//! # let _ = call;
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `callback` | events of `wecom-callback` keep a directory current, and end the waits of imports |
//! | `stream` | pagers, walks, imports and lookups of pending ids as a `Stream` of `futures-core` |
//! | `tracing` | a span for each job and for each call, and its events |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[macro_use]
pub mod calls;
pub mod downstream;
pub mod jobs;
mod paged_call;
#[cfg(test)]
mod samples;
mod serde_helpers;
mod upstream;
#[doc(hidden)]
pub mod validation;
pub mod values;

pub use wecom_core;
pub use wecom_core::ids;
pub use wecom_core::ids::{AgentId, ChainId, CorpId, ExternalUserId, GroupId, OpenId, UnionId, UserId};
pub use wecom_core::{
    AccessToken, BaseUrl, Client, Credentials, Delivery, ErrCode, Error, ErrorKind, Local, Observer, Quotas, Retry,
    Secret, Shared, Threading, Timer,
};

pub use crate::calls::{DOWNSTREAM_ENDPOINTS, ENDPOINTS};
pub use crate::downstream::{Downstream, Share};
pub use crate::upstream::Upstream;
