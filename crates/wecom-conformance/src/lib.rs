//! Checks that a transport of your own keeps the contract of [`Transport`](wecom_core::Transport): each promise is a named
//! [`Check`] with a verdict.
//!
//! It is for those who bring their own HTTP stack. The suite starts servers on 127.0.0.1, on threads of its own, that do
//! what the real service does on a bad day: they redirect, stall, drip, break off, hang up, never end. It needs no
//! runtime, brings none, and sends nothing beyond loopback. A transport that keeps the contract is through in about a
//! second; one that breaks it takes longer, and is given up in the end.
//!
//! In a test of your own, on whichever runtime your transport runs on:
//!
//! ```no_run
//! # use wecom_core::{Request, Response, Transport, TransportError, async_trait};
//! # struct OurStack;
//! # #[async_trait]
//! # impl Transport for OurStack {
//! #     async fn send(&self, _: Request) -> Result<Response, TransportError> { unimplemented!() }
//! # }
//! # pollster::block_on(async {
//! let report = wecom_conformance::check(&OurStack).await;
//! println!("{report}");
//! report.assert();
//! # });
//! ```
//!
//! What the report looks like:
//!
//! ```text
//! 17 checks: 1 failed, 1 with a warning
//!   passed  any HTTP status is Ok
//!   FAILED  redirects are not followed
//!             expected: Ok with status 302, and nothing sent to the address that it names
//!             actual:   Ok with status 200 and 26 bytes
//!   ...
//!   warned  dropping the future cancels the request
//!             ...
//! ```
//!
//! The transport has to take `http://` URLs, must not send them to a proxy, and has to reach a socket: for one that answers
//! from memory, or speaks to one service alone, there is [`check_exchanges`]. What the suite does not see: TLS, DNS, whether
//! URLs are logged, and the transport's own limit for requests that bring none.
//!
//! A blocking HTTP library can't cancel what is under way, and so passes with a warning; run its calls on threads of
//! their own, or the suite and everything else on the thread that polls waits for them.
//!
//! # A server that fails on purpose
//!
//! [`FaultServer`] tests an HTTP stack as a whole: its timeouts, pool, proxy and limits. The feature `tls` adds a fault: a
//! certificate that no client trusts.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod checks;
mod fault_server;
mod scripted_server;

pub use crate::checks::{Check, Report, Verdict, check, check_exchanges, check_exchanges_local, check_local};
pub use crate::fault_server::{FaultServer, ReceivedRequest, SocketFault};
