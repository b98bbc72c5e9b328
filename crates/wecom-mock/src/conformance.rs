//! The contract of [`Transport`], run against a transport of your own: each promise a named [`Check`] with a verdict.
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
//! use wecom_mock::conformance;
//!
//! # pollster::block_on(async {
//! let report = conformance::check(&OurStack).await;
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
//!             came:     Ok with status 200 and 26 bytes
//!   ...
//!   warned  dropping the future cancels the request
//!             ...
//! ```
//!
//! The transport has to take `http://` URLs, must not send them to a proxy, and has to reach a socket: for one that answers
//! from memory, or speaks to one service alone, there is [`check_exchanges`]. What the suite does not see: TLS, DNS, whether URLs are logged,
//! and the transport's own limit for requests that bring none.
//!
//! A blocking HTTP library can't cancel what is under way, and so passes with a warning; run its calls on threads of
//! their own, or the suite and everything else on the thread that polls waits for them.

use wecom_core::{AsLocal, LocalTransport, Request, Transport};

mod arriving;
mod dropping;
mod exchanges;
mod failing;
mod probe;
mod received;
mod replying;
mod report;
mod server;
mod wait;

use self::exchanges::Exchanges;
use self::probe::{Finding, Probe};
pub use self::report::{Check, Report, Verdict};

/// Runs every [`Check`] against a transport, one after the other.
///
/// The future is not `Send`: await it in the test itself, or in a `block_on`.
pub async fn check<T: Transport + ?Sized>(transport: &T) -> Report {
    check_local(&AsLocal(transport)).await
}

/// As [`check`], for a transport that stays on one thread.
pub async fn check_local<T: LocalTransport + ?Sized>(transport: &T) -> Report {
    let probe = Probe::new(&transport);
    let mut verdicts = Vec::new();
    for &check in Check::ALL {
        let verdict = run(check, &probe).await.err().unwrap_or(Verdict::Passed);
        verdicts.push((check, verdict));
    }
    Report::new(verdicts)
}

/// Runs the checks that need no server of the suite's own, on requests of the caller's: for a transport that answers from
/// memory, such as a simulator or a cassette, and for one that speaks to one service alone.
///
/// Each request has to be one that may be sent again and again, and has to have a reply of its own, the same each time: they
/// are sent one by one, all at once, after futures were dropped, and with a token that is not valid. Two with the same path
/// and query and another body show that bodies arrive, and one with a status other than 200 that any status is `Ok`. What these
/// requests don't show, or only a scripted server could, is [`NotApplicable`](Verdict::NotApplicable), and says why.
///
/// The order of the calls is always the same, so that what was recorded of them can be replayed.
///
/// ```
/// use wecom_core::{Endpoint, GetToken, Request};
/// use wecom_mock::Simulator;
/// use wecom_mock::conformance::{self, Check};
///
/// const CHAINS: Endpoint = Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");
/// const NOWHERE: Endpoint = Endpoint::get("nowhere", "corpgroup/nowhere");
///
/// let simulator = Simulator::demo();
/// # pollster::block_on(async {
/// let token = simulator.client().call(GetToken::new(simulator.credentials())).await?.access_token;
/// let requests = [&CHAINS, &NOWHERE].map(|endpoint| Request::new(endpoint).with_token(token.clone()));
///
/// let report = conformance::check_exchanges(&simulator, &requests).await;
/// report.assert();
/// assert!(report.not_applicable().any(|check| check == Check::ReplyIsBounded));
/// # Ok::<(), wecom_core::Error>(())
/// # })?;
/// # Ok::<(), wecom_core::Error>(())
/// ```
///
/// The future is not `Send`, as that of [`check`].
pub async fn check_exchanges<T: Transport + ?Sized>(transport: &T, requests: &[Request]) -> Report {
    check_exchanges_local(&AsLocal(transport), requests).await
}

/// As [`check_exchanges`], for a transport that stays on one thread.
pub async fn check_exchanges_local<T: LocalTransport + ?Sized>(transport: &T, requests: &[Request]) -> Report {
    let probe = Probe::new(&transport);
    let mut exchanges = Exchanges::new(&probe, requests);
    let mut verdicts = Vec::new();
    for &check in Check::ALL {
        let verdict = exchanges.run(check).await.err().unwrap_or(Verdict::Passed);
        verdicts.push((check, verdict));
    }
    Report::new(verdicts)
}

async fn run(check: Check, probe: &Probe<'_>) -> Finding {
    match check {
        Check::AnyStatusIsOk => replying::any_status(probe).await,
        Check::RedirectsAreNotFollowed => replying::redirects(probe).await,
        Check::MethodAndUrlArrive => arriving::method_and_url(probe).await,
        Check::HeadersArriveOnce => arriving::headers(probe).await,
        Check::BodyArrives => arriving::body(probe).await,
        Check::OneCallIsOneRequest => arriving::once(probe).await,
        Check::ReplyBodyComesBack => replying::body(probe).await,
        Check::ReplyHeadersComeBack => replying::headers(probe).await,
        Check::ReplyIsBounded => failing::endless_reply(probe).await,
        Check::TimeLimitIsKept => failing::time_limit(probe).await,
        Check::RefusedConnectionIsAnError => failing::refused_connection(probe).await,
        Check::LostConnectionMayBeDelivered => failing::lost_connection(probe).await,
        Check::BrokenReplyIsAnError => failing::broken_reply(probe).await,
        Check::DroppingCancels => dropping::cancels(probe).await,
        Check::UsableAfterDropping => dropping::usable_afterwards(probe).await,
        Check::RepliesAreNotMixedUp => replying::not_mixed_up(probe).await,
        Check::ErrorsHoldNoToken => probe.leak().map_or(Ok(()), Err),
    }
}
