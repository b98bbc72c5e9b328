//! Checks of the contracts of [`Transport`](wecom_core::Transport) and of stores, and a server that injects faults.
//!
//! # Check a transport
//!
//! [`check`] makes calls through the transport to scripted servers on 127.0.0.1, and returns a [`Report`] with a verdict for
//! each [`Check`]. The servers redirect, stall, send one byte at a time, truncate their replies, reset connections, and send
//! replies without end.
//!
//! ```no_run
//! # use wecom_core::{Request, Response, Transport, TransportError, async_trait};
//! # struct OurTransport;
//! # #[async_trait]
//! # impl Transport for OurTransport {
//! #     async fn send(&self, _: Request) -> Result<Response, TransportError> { unimplemented!() }
//! # }
//! # pollster::block_on(async {
//! wecom_conformance::check(&OurTransport).await.assert();
//! # });
//! ```
//!
//! If a check fails, the test fails with the report:
//!
//! ```text
//! 22 checks: 1 failed, 1 with a warning
//!   passed  any HTTP status is Ok (AnyStatusIsOk)
//!   FAILED  redirects are not followed (RedirectsAreNotFollowed)
//!             expected: Ok with status 302, and no request to the location, for a ...
//!             actual:   Ok with status 200 and 27 bytes, after a GET to the location ...
//!             remedy:   configure the HTTP library to return a redirect as the reply, ...
//!   ...
//!   warned  dropping the future cancels the request (DroppingCancels)
//!             ...
//! ```
//!
//! [`Suite`] runs single checks, and allows known failures with a reason.
//!
//! The suite runs on any async runtime or none, and sends nothing beyond loopback. It takes about ten seconds for a transport
//! that keeps the contract, and longer for one that does not. The transport must accept `http://` URLs and must not use a
//! proxy for them. The suite does not check TLS, DNS, log output, or the transport's default time limit.
//!
//! [`check_exchanges`] checks a transport without sockets, or one that reaches only a single service. Of the checks of
//! transports, only these also work on WebAssembly.
//!
//! A blocking HTTP library can't cancel a call, and passes with a warning. Run its calls on other threads, because a blocking
//! call also stops every other future on its thread. [`Suite::on_check`] shows in which check such a transport hangs.
//!
//! # Test an HTTP stack
//!
//! [`FaultServer`] injects faults below HTTP, to test the timeouts, pool, proxy and limits of an HTTP stack. The feature `tls`
//! adds the fault of a certificate that the client does not trust.
//!
//! # Check a store
//!
//! [`stores`] checks stores that several processes share: those of tokens, quotas and leases, and with the feature
//! `callback` those of seen events.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `tls` | [`FaultServer`] with TLS, and the fault of an untrusted certificate |
//! | `callback` | the checks of stores of seen events |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod check;
#[cfg(not(target_family = "wasm"))]
mod checks;
mod exchanges;
#[cfg(not(target_family = "wasm"))]
pub mod fault_server;
#[cfg(not(target_family = "wasm"))]
mod fixture;
mod panics;
mod probe;
mod report;
#[cfg(not(target_family = "wasm"))]
mod scripted_server;
pub mod stores;
mod suite;
mod wait;

pub use crate::check::Check;
#[cfg(not(target_family = "wasm"))]
#[doc(no_inline)]
pub use crate::fault_server::{FaultServer, SocketFault};
pub use crate::report::{Report, Verdict};
pub use crate::suite::{Suite, check_exchanges, check_exchanges_local};
#[cfg(not(target_family = "wasm"))]
pub use crate::suite::{check, check_local};
