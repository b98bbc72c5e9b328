//! What several processes share when they call the WeCom (企业微信) API, in Redis or Valkey.
//!
//! To WeCom, the processes of a company are one corp: with one access token for each app, one quota, and one copy of each
//! event. A [`RedisStore`] is their shared state.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use wecom_core::{Client, Credentials, Quotas, Secret};
//! use wecom_hyper::{HyperTransport, TokioTimer};
//! use wecom_redis::RedisStore;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = RedisStore::connect("redis://127.0.0.1/").await?;
//! let client = Client::builder(HyperTransport::new()?)
//!     .credentials(Credentials::new("ww1234567890abcdef", Secret::new("the-app-secret")))
//!     .timer(TokioTimer::new())
//!     .token_store("dealer-app", store.clone())
//!     .quotas(Quotas::wait_at_most(Duration::from_secs(60)))
//!     .quota_store("ww1234567890abcdef", store.clone())
//!     .build();
//! # let _ = client;
//! # Ok(())
//! # }
//! ```
//!
//! | to | use a clone of the store with |
//! |---|---|
//! | fetch one token for all processes | [`ClientBuilder::token_store`](wecom_core::ClientBuilder::token_store) |
//! | keep one quota together | [`ClientBuilder::quota_store`](wecom_core::ClientBuilder::quota_store) |
//! | let one process do some work, such as an import | [`Lease::acquire`](wecom_core::lease::Lease::acquire) |
//! | save the state of a job, for another process to continue it | [`RedisStore::saved_state`] |
//! | handle each event once | `handle_once` of `wecom-callback`, feature `callback` |
//! | store customers | `Upstream::map_customers` of `wecom-upstream`, feature `upstream` |
//! | report the health of a program | [`RedisStore::ping`] |
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
//! | `wecom:quota:{CORP/PATH}` | hash | after the longest window without calls, or at the end of a block | the number of calls in each hundredth of each window, the ends of blocks (45009), the number of refusals with 45033 |
//! | `wecom:state:{NAME}` | hash | 30 days after the last save | the saved state, its revision, the id of the handle that saved it |
//! | `wecom:seen:{DIGEST}` | string | 5 seconds after its process ended, an hour after the handler ended | the mark of a message |
//! | `wecom:customer:{UNIONID}` | string | 180 days after it was stored | the record as JSON, with its version |
//! | `wecom:pending-id:{PENDING_ID}` | string | 180 days after it was stored | the `unionid` |
//!
//! Whoever can read this Redis can use the tokens. Give it a password, and give no other program access to these keys.
//!
//! # Without Redis
//!
//! Every operation ends within its [time limit](RedisStoreBuilder::time_limit), by default one second. An operation whose
//! connection has failed opens another one and runs once more. The next operation after a timeout opens another connection
//! too.
//!
//! | Redis | tokens | quotas | leases, saved states | seen events |
//! |---|---|---|---|---|
//! | has restarted, or has lost its data | one process fetches a token and stores it | windows start empty: until the longest has passed, up to twice the quota | leases are lost, their fences still grow; a job saves its state again with its next step | an event may be handled again |
//! | is away, slow, out of memory, or sends garbage | each process keeps its token, or fetches its own | each process uses its own share | an error: do not begin the work, and stop it before its next step | an error: answer 503, and WeCom sends the event again |
//! | fails over to a replica | as after a loss of the latest writes, because Redis replicates asynchronously | the same | the same | the same |
//!
//! Windows, leases and fences use the clock of Redis. If it is set forward, or a replica with a clock that is ahead takes over,
//! windows end earlier by the difference.
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
mod drivers;
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
