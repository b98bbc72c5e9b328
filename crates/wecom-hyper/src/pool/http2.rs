//! HTTP/2: the task of a connection, and the tasks of the calls that share it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::client::conn::TrySendError;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::{sleep_until, timeout};
use wecom_core::Delivery;

use crate::connect::Connected;
use crate::connect::origin::Origin;
use crate::exchange::body::Whole;
use crate::exchange::reply::collect;
use crate::failure;
use crate::pool::Shared;
use crate::pool::alarm::Alarm;
use crate::pool::job::{Job, Outcome, after};
use crate::pool::shared_connection::{Connection, Streams};
use crate::pool::slot::Slot;

/// The time limit for closing a connection.
const CLOSING: Duration = Duration::from_secs(1);

/// Drives a connection until it ends or is idle for too long.
pub(crate) async fn serve(mut slot: Slot, connected: Connected, origin: Arc<Origin>) {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new());
    if let Some(settings) = slot.http2() {
        settings.apply_to(&mut builder);
    }
    let (sender, connection) = match builder.handshake(TokioIo::new(connected.stream)).await {
        Ok(both) => both,
        Err(error) => return slot.fail(&failure::of_request(error, true)),
    };
    let shared = Connection::new(sender, origin, connected.wire);
    for job in slot.share(shared.clone()) {
        drop(tokio::spawn(exchange(Arc::clone(slot.shared()), slot.lane(), shared.clone(), job)));
    }
    let listing = Listing { slot: &slot, streams: Arc::clone(shared.streams()) };
    // From now on only the pool and the calls hold senders.
    drop(shared);
    let mut connection = pin!(connection);
    let mut alarm = Alarm::new();
    let has_ended = poll_fn(|context| {
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        loop {
            if !alarm.is_due(context, after(listing.streams.last_used(), slot.idle_timeout())) {
                return Poll::Pending;
            }
            if listing.slot.unshare(&listing.streams, true) {
                return Poll::Ready(false);
            }
        }
    })
    .await;
    drop(listing);
    if !has_ended {
        // Without senders the connection ends. The outcome does not matter.
        let _ = timeout(CLOSING, connection).await;
    }
}

/// Stops the sharing of a connection when its task ends. It holds no sender, so that the connection ends with the pool.
struct Listing<'a> {
    slot: &'a Slot,
    streams: Arc<Streams>,
}

impl Drop for Listing<'_> {
    fn drop(&mut self) {
        self.slot.unshare(&self.streams, false);
    }
}

/// What ended the exchange of a call.
enum End {
    Answered(Outcome),
    Unanswered(TrySendError<http::Request<Whole>>),
    TimedOut,
    Cancelled,
}

/// Sends one request and reads its reply. Runs in its own task, so that the reply is read even if the caller is not polled.
pub(crate) async fn exchange(shared: Arc<Shared>, lane: u64, connection: Connection, job: Box<Job>) {
    let Job { request, limits, mut ticket } = *job;
    let (mut sender, active) = connection.split();
    let written = active.wire().mark();
    ticket.set_delivery(Delivery::Unknown);
    let path = request.uri().clone();
    let sending = sender.try_send_request(absolute(request, active.origin()));
    drop(sender);
    let mut exchange = pin!(async {
        let reply = match sending.await {
            Ok(reply) => reply,
            Err(error) => return End::Unanswered(error),
        };
        if active.record_reply() {
            shared.counts.connection_was_reused();
        }
        let (head, body) = reply.into_parts();
        End::Answered(collect(head, body, limits.reply).await)
    });
    let mut limit = pin!(sleep_until(limits.deadline));
    let end = poll_fn(|context| {
        if let Poll::Ready(end) = exchange.as_mut().poll(context) {
            return Poll::Ready(end);
        }
        if ticket.poll_cancelled(context).is_ready() {
            return Poll::Ready(End::Cancelled);
        }
        Pin::new(&mut limit).poll(context).map(|()| End::TimedOut)
    })
    .await;
    match end {
        End::Cancelled => {}
        End::Answered(outcome) => ticket.resolve(outcome),
        End::TimedOut => ticket.resolve(Err(failure::timed_out(limits.time, false))),
        End::Unanswered(mut error) => match error.take_message() {
            // The connection had ended. The first request of a new connection is not sent again.
            Some(mut request) if active.was_used() => {
                *request.uri_mut() = path;
                ticket.set_delivery(Delivery::NotSent);
                shared.requeue(lane, Box::new(Job { request, limits, ticket }));
            }
            returned => {
                let is_dead = active.wire().is_gone() && active.wire().close_if_unwritten(written);
                let unwritten = returned.is_some() || is_dead;
                ticket.resolve(Err(failure::of_request(error.into_error(), unwritten)));
            }
        },
    }
}

/// Returns the request with its full URL and without the `host` header, as HTTP/2 needs it.
fn absolute(mut request: http::Request<Whole>, origin: &Origin) -> http::Request<Whole> {
    if let Some(uri) = origin.absolute(request.uri().clone()) {
        *request.uri_mut() = uri;
    }
    if request.headers().get(http::header::HOST) == Some(origin.host()) {
        request.headers_mut().remove(http::header::HOST);
    }
    request
}

#[cfg(test)]
#[cfg(feature = "bundled-roots")]
mod tests {
    use tokio::runtime::Handle;
    use wecom_core::TransportErrorKind::ConnectionLost;

    use super::*;
    use crate::pool::fixture::{connection, job};
    use crate::pool::state::{Offer, Place};
    use crate::{HyperTransport, Roots};

    fn transport() -> HyperTransport {
        HyperTransport::builder().roots(Roots::Bundled).build().unwrap()
    }

    #[tokio::test]
    async fn a_call_on_a_used_connection_that_has_ended_returns_to_the_head_of_the_queue() {
        let transport = transport();
        let shared = &transport.pool().0;
        let (queued, _queued_outcome) = job("/queued");
        let origin = shared.lock().origin(false, "127.0.0.1:1").unwrap();
        let place = shared.lock().submit(&Handle::current(), &origin, true, queued);
        let Place::Queued { lane, .. } = place else { panic!("no connection is open") };
        let (connection, task) = connection().await;
        connection.begin();
        connection.clone().split().1.record_reply();
        drop(task);
        connection.begin();
        let (returned, mut outcome) = job("/returned");
        exchange(Arc::clone(shared), lane, connection, returned).await;
        assert!(outcome.try_recv().is_err(), "the call still waits");
        let Offer::Job(next) = shared.lock().offer(lane, &Arc::default()) else { panic!("two calls are queued") };
        assert_eq!(next.request.uri(), "/returned");
    }

    #[tokio::test]
    async fn the_first_call_on_a_connection_that_has_ended_fails_unsent() {
        let transport = transport();
        let (connection, task) = connection().await;
        drop(task);
        connection.begin();
        let (job, mut outcome) = job("/");
        exchange(Arc::clone(&transport.pool().0), 1, connection, job).await;
        let error = outcome.try_recv().unwrap().unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (ConnectionLost, Delivery::NotSent));
    }
}
