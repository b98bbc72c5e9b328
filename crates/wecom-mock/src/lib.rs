//! Test doubles for code that calls the WeCom (企业微信) API: no network, no runtime, no clock.
//!
//! | To | there is |
//! |---|---|
//! | answer calls in a test | [`Mock`], [`Stub`], [`Answer`] |
//! | see what was called | [`Mock::calls`], [`Mock::journal`], [`RecordedCall`] |
//! | be sure that all of it was called | [`Mock::verify`], or simply dropping the mock |
//! | make calls fail, before sending or after | [`Faults`], [`Fault`], [`FaultRule`] |
//! | record what a transport brings, and replay it | [`Recorder`], [`Cassette`], [`Player`] |
//! | move time by hand | [`ManualTimer`] |
//!
//! A WeCom that behaves, and remembers, is in `wecom-simulator`. Checks for a transport of your own, and a server whose
//! sockets fail, are in `wecom-conformance`.
//!
//! A [`Mock`] is a transport: it takes the place of the network, below everything else. Tokens, repetitions, checks of the
//! request and decoding of the reply are those of the real client, and what a stub answers goes through them as bytes.
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
//! /// The code under test: it takes a chain that doesn't exist for one without groups.
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
//! When the mock goes out of scope, the test fails if a stub was not called, or if a call came that no stub answers. That
//! call has failed by then, with an error that says what came, which stub is the nearest, and what differs.
//!
//! Any runtime will do, and both threading families: [`Mock::client`] and [`Mock::local_client`].

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod cassette;
mod fail;
mod faults;
mod manual_timer;
mod mock;
mod stub;

pub use crate::cassette::{Cassette, CassetteError, Player, Recorder, ReplayError};
pub use crate::faults::{Fault, FaultRule, Faults};
pub use crate::manual_timer::ManualTimer;
pub use crate::mock::Mock;
pub use crate::stub::answer::Answer;
pub use crate::stub::journal::RecordedCall;
pub use crate::stub::verify::VerifyError;
pub use crate::stub::{Stub, Untyped};
