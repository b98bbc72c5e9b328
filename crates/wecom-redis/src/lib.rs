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
//! | to | pass a clone of the store to, or call |
//! |---|---|
//! | fetch one token for all processes | [`ClientBuilder::token_store`](wecom_core::ClientBuilder::token_store) |
//! | share one quota between all processes | [`ClientBuilder::quota_store`](wecom_core::ClientBuilder::quota_store) |
//! | let one process do some work, such as an import | [`Lease::acquire`](wecom_core::lease::Lease::acquire) |
//! | save the state of a job, so that another process can continue it | [`RedisStore::saved_state`] |
//! | handle each event once | `handle_once` of `wecom-callback`, feature `callback` |
//! | store customers | `Upstream::map_customers` of `wecom-upstream`, feature `upstream` |
//! | report the health of a program | [`RedisStore::ping`] |
//!
//! # Keys
//!
//! All keys begin with the [namespace](RedisStoreBuilder::namespace), by default `wecom`. Every key expires. The text in
//! braces is the hash tag. Redis Cluster keeps keys with the same tag on one node, and no script uses keys with different
//! tags.
//!
//! | key | type | expires | content |
//! |---|---|---|---|
//! | `wecom:token:{CORP/APP/SCOPE}` | string | with the token; after 2 hours if WeCom states no validity | the access token |
//! | `wecom:token-fetch:{CORP/APP/SCOPE}` | string | after 5 seconds, or when the fetch ends | the id of the process that fetches |
//! | `wecom:lease:{CORP/WORK}` | string | with the lease | the fence of the process that does the work |
//! | `wecom:lease-fence:{CORP/WORK}` | string | after 90 days | the last fence, which contains the time of Redis |
//! | `wecom:quota:{CORP/PATH}` | hash | after the longest window without calls, at the end of a block, or an hour after a refusal with 45033, whichever is latest | the number of calls in each hundredth of each window, the ends of blocks (45009), the number of refusals with 45033 |
//! | `wecom:state:{NAME}` | hash | 30 days after the last save | the saved state, its revision, the id of the handle that saved it |
//! | `wecom:seen:{DIGEST}` | string | 5 seconds after the process that handles the message ended; an hour after the message was handled | the mark of a message |
//! | `wecom:customer:{UNIONID}` | string | 180 days after it was stored | the record as JSON, with its version |
//! | `wecom:pending-id:{PENDING_ID}` | string | 180 days after it was stored | the `unionid` |
//!
//! Anyone who can read these keys can use the tokens. Protect Redis with a password, and let no other program access these
//! keys.
//!
//! # Without Redis
//!
//! Every operation ends within its [time limit](RedisStoreBuilder::time_limit), by default one second. If the connection
//! fails during an operation, the store opens a new connection and repeats the operation once. Two operations are not
//! repeated: giving back admissions, and recording a refusal. After a timeout, the next operation opens a new connection.
//!
//! | Redis | tokens | quotas | leases, saved states | seen events |
//! |---|---|---|---|---|
//! | has restarted, or has lost its data | one process fetches a token and stores it | windows start empty: up to twice the quota is used until the longest window has passed | leases are lost, and later fences are still greater; a job saves its state again at its next step | an event may be handled again |
//! | is unreachable, slow, out of memory, or sends invalid replies | each process keeps its token, or fetches its own | each process uses its own share | an error: do not begin the work, and stop it before its next step | an error: answer 503, and WeCom sends the event again |
//! | fails over to a replica | the latest writes may be lost, because Redis replicates asynchronously | the same | the same | the same |
//!
//! Windows, leases and fences use the clock of Redis. If that clock jumps forward, windows and leases end earlier by the
//! difference. The same happens if a replica takes over whose clock is ahead.
//!
//! Set `maxmemory-policy` to `noeviction`. With another policy, Redis may evict keys before they expire.
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
