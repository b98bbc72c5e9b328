//! What several processes share when they call the WeCom (企业微信) API, in Redis or Valkey.
//!
//! To WeCom, the processes of a company are one corp: with one access token for each app, one quota, and one copy of each
//! event. A [`RedisStore`] is their shared state.
//!
//! ```no_run
//! use wecom_core::{Client, Credentials, Secret};
//! use wecom_hyper::{HyperTransport, TokioTimer};
//! use wecom_redis::RedisStore;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = RedisStore::connect("redis://127.0.0.1/").await?;
//! let client = Client::builder(HyperTransport::new()?)
//!     .credentials(Credentials::new("ww1234567890abcdef", Secret::new("the-app-secret")))
//!     .timer(TokioTimer::new())
//!     .token_store("dealer-app", store.clone())
//!     .build();
//! # let _ = client;
//! # Ok(())
//! # }
//! ```
//!
//! | to | use |
//! |---|---|
//! | let one process do some work, such as an import | [`Lease::acquire`](wecom_core::lease::Lease::acquire) with a clone of the store |
//! | fetch one token for all processes | [`ClientBuilder::token_store`](wecom_core::ClientBuilder::token_store) with a clone of the store |
//!
//! # Keys
//!
//! All keys begin with the [namespace](RedisStoreBuilder::namespace), by default `wecom`. All of them expire. Text in braces is
//! the hash tag: Redis Cluster keeps keys with the same tag on one node, and no operation uses keys with different tags.
//!
//! | key | type | expires | content |
//! |---|---|---|---|
//! | `wecom:token:{CORP/APP/SCOPE}` | string | with the token, by default after 2 hours | the access token |
//! | `wecom:token-fetch:{CORP/APP/SCOPE}` | string | after 5 seconds, or when the fetch ends | the id of the process that fetches |
//! | `wecom:lease:{CORP/WORK}` | string | with the lease | the fence of the process that does the work |
//! | `wecom:lease-fence:{CORP/WORK}` | string | after 90 days | the last fence, which contains the time of Redis |
//!
//! Whoever can read this Redis can use the tokens. Give it a password, and give no other program access to these keys.
//!
//! # Without Redis
//!
//! Every operation ends within its [time limit](RedisStoreBuilder::time_limit), by default one second. An operation whose
//! connection has failed opens another one and runs once more. The next operation after a timeout opens another connection
//! too.
//!
//! | Redis | tokens |
//! |---|---|
//! | has restarted, or has lost its data | one process fetches a token and stores it |
//! | is away, slow, out of memory, or sends garbage | each process keeps its token, or fetches its own |
//! | fails over to a replica | two processes may fetch at the same time, because Redis replicates asynchronously; one token wins |
//!
//! Set `maxmemory-policy` to `noeviction`: otherwise Redis may evict keys before they expire.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `callback` | yes | the store of seen events of `wecom-callback` |
//! | `upstream` | yes | the store of customers of `wecom-upstream` |
//! | `tls` | no | URLs that begin with `rediss://`: TLS by rustls with ring. It sets rustls' process-wide crypto provider, unless the program has set one |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod builder;
mod connection;
#[cfg(feature = "upstream")]
mod customers;
mod error;
mod keys;
mod leases;
mod quotas;
mod random;
mod saved_state;
#[cfg(feature = "callback")]
mod seen_events;
mod store;
mod tokens;

pub use crate::builder::RedisStoreBuilder;
pub use crate::error::RedisStoreError;
pub use crate::saved_state::SavedState;
pub use crate::store::RedisStore;
