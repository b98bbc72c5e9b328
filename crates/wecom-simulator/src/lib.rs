//! A simulator of the WeCom (企业微信) upstream/downstream API (上下游): a service with state, in memory as a transport, or
//! on a socket.
//!
//! | To | there is |
//! |---|---|
//! | call a WeCom that behaves, and remembers | [`Simulator`] |
//! | describe the world that it begins with | [`World`], [`WorldApp`], [`WorldChain`], [`WorldCorp`], [`WorldPerson`], … |
//! | receive replies in the other known ways of writing them | [`WireVariant`] |
//! | serve it on a socket, for clients in any language | the feature `server`: `SimulatorServer`, and the program `wecom-sim` |
//!
//! It needs no network, no runtime and no clock. Only the feature `server` opens sockets, and brings hyper and tokio.
//!
//! ```
//! use wecom_simulator::Simulator;
//! use wecom_upstream::Upstream;
//!
//! let upstream = Upstream::new(Simulator::demo().client());
//! # pollster::block_on(async {
//! assert_eq!(upstream.get_chain_list().await?.chains[0].chain_name, "全国经销商");
//! # Ok::<(), wecom_core::Error>(())
//! # })?;
//! # Ok::<(), wecom_core::Error>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod call;
mod calls;
mod chain;
mod controls;
mod cursor;
mod hash;
mod import;
mod parameters;
mod refusal;
#[cfg(feature = "server")]
mod server;
mod service;
mod simulator;
mod state;
mod wire_variant;
mod world;

#[cfg(feature = "server")]
pub use crate::server::{ServedCall, SimulatorServer};
pub use crate::simulator::Simulator;
pub use crate::wire_variant::WireVariant;
pub use crate::world::{
    LoginAccount, World, WorldApp, WorldChain, WorldCorp, WorldCustomer, WorldError, WorldPerson, WorldSession,
};
