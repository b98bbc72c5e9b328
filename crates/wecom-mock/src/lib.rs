//! Test doubles for code that calls the WeCom (企业微信) API. They need no network, no runtime and no clock.
//!
//! | to | use |
//! |---|---|
//! | answer calls in a test | [`Mock`], [`Answer`], [`stub`] |
//! | inspect the calls | [`Mock::calls`], [`Mock::journal`] |
//! | assert that all expected calls were made | [`Mock::verify`], or drop the mock |
//! | inject errors and delays | [`Faults`], [`faults`] |
//! | record the calls of a transport and replay them | [`Recorder`], [`Cassette`], [`Player`], [`cassette`] |
//! | advance time | [`ManualTimer`] |
//! | test clients that share a store, as several processes do | [`InMemoryStore`] |
//!
//! The crate `wecom-simulator` is an in-memory WeCom with state. The crate `wecom-conformance` checks a transport, and has a
//! server that injects socket faults.
//!
//! A [`Mock`] is a transport. The client above it fetches tokens, repeats calls, validates requests and decodes replies as it
//! does in production.
//!
//! ```
//! # use serde::{Deserialize, Serialize};
//! # use wecom_core::{ApiCall, Endpoint};
//! # #[derive(Serialize, Deserialize)] struct GetChainGroup { chain_id: String }
//! # impl GetChainGroup { fn new(id: &str) -> Self { Self { chain_id: id.to_owned() } } }
//! # #[derive(Serialize, Deserialize)] struct GetChainGroupReply { groups: Vec<String> }
//! # const ENDPOINT: Endpoint = Endpoint::post("get_chain_group", "corpgroup/corp/get_chain_group");
//! # impl ApiCall for GetChainGroup { const ENDPOINT: &'static Endpoint = &ENDPOINT; type Reply = GetChainGroupReply; }
//! use wecom_core::{Client, ErrCode, Error};
//! use wecom_mock::Mock;
//!
//! /// The code under test: a chain that does not exist has no groups.
//! async fn groups(client: &Client, chain_id: &str) -> Result<Vec<String>, Error> {
//!     match client.call(GetChainGroup::new(chain_id)).await {
//!         Err(error) if error.code() == Some(ErrCode::UNKNOWN_CHAIN) => Ok(Vec::new()),
//!         outcome => Ok(outcome?.groups),
//!     }
//! }
//!
//! let mock = Mock::new();
//! mock.on::<GetChainGroup>()
//!     .when(|call| call.chain_id == "ch1")
//!     .reply(GetChainGroupReply { groups: vec!["Suppliers".to_owned()] });
//! mock.on::<GetChainGroup>().error_code(ErrCode::UNKNOWN_CHAIN);
//!
//! let client = mock.client();
//! # pollster::block_on(async {
//! assert_eq!(groups(&client, "ch1").await?, ["Suppliers"]);
//! assert!(groups(&client, "ch2").await?.is_empty());
//! # Ok::<(), wecom_core::Error>(())
//! # })?;
//! assert_eq!(mock.calls::<GetChainGroup>()[1].chain_id, "ch2");
//! # Ok::<(), wecom_core::Error>(())
//! ```
//!
//! When the mock is dropped, the test fails if a stub was not called, or if there was a call that no stub answers. The error of
//! such a call shows the call, the nearest stub, and the differences.
//!
//! Everything works with any runtime and in both threading families: [`Mock::client`] and [`Mock::local_client`].

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod cassette;
mod fail_test;
pub mod faults;
mod in_memory_store;
mod manual_timer;
mod mock;
pub mod stub;

pub use crate::cassette::{Cassette, Player, Recorder};
pub use crate::faults::Faults;
pub use crate::in_memory_store::{InMemoryStore, StoreFault};
pub use crate::manual_timer::ManualTimer;
pub use crate::mock::Mock;
pub use crate::stub::Answer;
