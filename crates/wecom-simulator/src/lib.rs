//! A simulator of the WeCom (企业微信) upstream/downstream API (上下游). It keeps state, and runs in memory as a transport or
//! as a server.
//!
//! | for | see |
//! |---|---|
//! | calls to a simulated service | [`Simulator`] |
//! | its initial state | [`World`], [`WorldApp`], [`WorldChain`], [`WorldCorp`], [`WorldPerson`] |
//! | changes without a call, and their events (回调) | [`Simulator::admin`], [`Simulator::events`] |
//! | the undocumented forms of replies | [`WireVariant`] |
//! | endpoints that the simulator does not implement | [`Simulator::respond`] |
//! | refusals of requests that differ from the documentation | [`Simulator::strict`] |
//! | clients in other languages | `SimulatorServer` and the program `wecom-sim`, with the feature `server` |
//!
//! The simulator needs no network, no runtime and no clock. Only the feature `server` opens sockets and reads the clock, for
//! the timestamps of the events that it pushes; it depends on hyper and tokio.
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
//!
//! | feature | adds |
//! |---|---|
//! | `server` | `SimulatorServer`, the simulator on a socket, and the program `wecom-sim` |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod admin;
mod call;
mod calls;
mod chain;
mod controls;
mod cursor;
mod custom_endpoints;
mod events;
mod hash;
mod import;
mod misuse;
mod parameters;
mod refusal;
mod respond;
#[cfg(feature = "server")]
mod server;
mod service;
mod simulator;
mod state;
mod steps;
mod unknown_endpoint;
mod wire_variant;
mod world;

pub use crate::admin::{Admin, AdminError};
pub use crate::events::Events;
#[cfg(feature = "server")]
pub use crate::server::{CallbackAttempt, CallbackOutcome, CallbackUrl, CallbackUrlError, ServedCall, SimulatorServer};
pub use crate::simulator::Simulator;
#[cfg(feature = "step-count")]
#[doc(hidden)]
pub use crate::steps::count_steps;
pub use crate::wire_variant::{UnknownWireVariant, WireVariant};
pub use crate::world::{
    LoginAccount, World, WorldApp, WorldChain, WorldCorp, WorldCustomer, WorldError, WorldPerson, WorldSession,
};
