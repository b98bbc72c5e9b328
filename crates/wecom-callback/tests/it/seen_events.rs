//! Each message is handled once: marks, failures, dropped handlers, limits.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use pollster::block_on;
use wecom_callback::{
    Callback, CallbackKeys, Channel, InMemorySeenEvents, MessageDigest, Once, OnceError, Receiver, Seen, SeenEvents,
    Sender, handle_once,
};

use crate::support::*;

fn message(number: usize) -> Callback {
    opened(&format!("<xml><FromUserName>sys</FromUserName><CreateTime>1700000000</CreateTime><No>{number}</No></xml>"))
}

async fn handled(seen: &impl SeenEvents, callback: &Callback) -> Option<Once<()>> {
    handle_once(seen, callback, async { Ok::<_, Infallible>(()) }).await.ok()
}

/// Polls a future once.
async fn poll_once<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context))).await
}

#[test]
fn a_repeated_message_is_handled_once() {
    let (seen, handled) = (InMemorySeenEvents::default(), Cell::new(0));
    let outcomes = [1, 2, 3].map(|_| {
        let handler = async {
            handled.set(handled.get() + 1);
            Ok::<_, Infallible>(())
        };
        block_on(handle_once(&seen, &message(1), handler)).unwrap()
    });
    assert_eq!((outcomes, handled.get()), ([Once::Handled(()), Once::Duplicate, Once::Duplicate], 1));
}

#[test]
fn two_events_within_one_second_are_both_handled() {
    let seen = InMemorySeenEvents::default();
    for number in 1..=2 {
        assert_eq!(block_on(handled(&seen, &message(number))), Some(Once::Handled(())));
    }
}

#[test]
fn attempts_to_deliver_one_message_have_one_digest_and_channels_have_their_own() {
    let xml = "<xml><No>1</No></xml>";
    let attempt = |keys: &CallbackKeys, id: &str, name: &str, random: u8| {
        let random = wecom_callback::RandomBytes::new([random; 24]);
        let request = Sender::app(keys.clone(), id).xml_request(xml, now(), random).unwrap();
        let receiver = Receiver::new(Channel::app(keys.clone(), id).with_name(name));
        receiver.open(request.query(), request.body(), now()).unwrap().digest()
    };
    let other_keys = CallbackKeys::new("rotated", &"b".repeat(43)).unwrap();
    let digest = attempt(&keys(), CORP, "app", 1);
    assert_eq!(attempt(&keys(), CORP, "app", 2), digest);
    assert_eq!(attempt(&other_keys, CORP, "app", 1), digest, "new keys in the console change nothing");
    assert_ne!(attempt(&keys(), "wwother", "app", 1), digest);
    assert_ne!(attempt(&keys(), CORP, "second", 1), digest);
    assert_eq!(digest.to_string().len(), 40);
    assert_eq!(digest.as_bytes().len(), 20);
}

#[test]
fn a_failed_message_is_handled_again() {
    let seen = InMemorySeenEvents::default();
    let failed = block_on(handle_once(&seen, &message(1), async { Err::<(), _>("database down") }));
    assert_eq!(failed, Err(OnceError::Handler("database down")));
    assert_eq!(block_on(handled(&seen, &message(1))), Some(Once::Handled(())));
}

#[test]
fn a_message_whose_handler_is_dropped_is_handled_again() {
    let seen = InMemorySeenEvents::default();
    block_on(async {
        let callback = message(1);
        let mut attempt = Box::pin(handle_once(&seen, &callback, pending::<Result<(), Infallible>>()));
        assert!(poll_once(&mut attempt).await.is_pending());
        assert_eq!(handled(&seen, &message(1)).await, Some(Once::InProgress));
        drop(attempt);
        assert_eq!(handled(&seen, &message(1)).await, Some(Once::Handled(())));
    });
}

#[test]
fn a_message_whose_handler_panics_is_handled_again() {
    let seen = InMemorySeenEvents::default();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ =
            block_on(handle_once::<_, (), Infallible>(&seen, &message(1), async { panic!("a bug in the handler") }));
    }));
    assert!(panicked.is_err());
    assert_eq!(block_on(handled(&seen, &message(1))), Some(Once::Handled(())));
}

#[test]
fn memory_is_bounded_and_the_latest_messages_are_kept() {
    let seen = InMemorySeenEvents::new(100);
    block_on(async {
        for number in 0..1000 {
            assert_eq!(handled(&seen, &message(number)).await, Some(Once::Handled(())));
        }
        for number in 900..1000 {
            assert_eq!(handled(&seen, &message(number)).await, Some(Once::Duplicate), "{number}");
        }
        assert_eq!(handled(&seen, &message(899)).await, Some(Once::Handled(())));
    });
    assert_eq!(format!("{seen:?}"), "InMemorySeenEvents { capacity: 100, handled: 100, in_progress: 0 }");
}

#[test]
fn a_store_with_capacity_zero_still_detects_a_concurrent_attempt() {
    let seen = InMemorySeenEvents::new(0);
    block_on(async {
        let callback = message(1);
        let mut attempt = Box::pin(handle_once(&seen, &callback, pending::<Result<(), Infallible>>()));
        assert!(poll_once(&mut attempt).await.is_pending());
        assert_eq!(handled(&seen, &message(1)).await, Some(Once::InProgress));
    });
}

/// A store that fails at one step.
struct Failing(&'static str);

impl SeenEvents for Failing {
    type Error = &'static str;

    async fn begin(&self, _: &MessageDigest) -> Result<Seen, &'static str> {
        if self.0 == "begin" { Err("store down") } else { Ok(Seen::New) }
    }

    async fn finish(&self, _: &MessageDigest) -> Result<(), &'static str> {
        Err("store down")
    }

    async fn forget(&self, _: &MessageDigest) -> Result<(), &'static str> {
        Err("store down")
    }
}

#[test]
fn a_store_failure_before_the_handler_prevents_it_and_a_later_one_does_not_undo_it() {
    let run =
        |step, handler: Result<(), &'static str>| block_on(handle_once(&Failing(step), &message(1), async { handler }));
    assert_eq!(run("begin", Ok(())), Err(OnceError::Store("store down")));
    assert_eq!(run("finish", Ok(())), Ok(Once::Handled(())));
    assert_eq!(run("finish", Err("handler down")), Err(OnceError::Handler("handler down")));
}

/// A store that stays on one thread.
#[derive(Default)]
struct OnOneThread(Rc<RefCell<HashMap<MessageDigest, Seen>>>);

impl SeenEvents for OnOneThread {
    type Error = Infallible;

    async fn begin(&self, digest: &MessageDigest) -> Result<Seen, Infallible> {
        Ok(self.0.borrow_mut().insert(*digest, Seen::InProgress).unwrap_or(Seen::New))
    }

    async fn finish(&self, digest: &MessageDigest) -> Result<(), Infallible> {
        self.0.borrow_mut().insert(*digest, Seen::Handled);
        Ok(())
    }

    async fn forget(&self, digest: &MessageDigest) -> Result<(), Infallible> {
        self.0.borrow_mut().remove(digest);
        Ok(())
    }
}

#[test]
fn stores_of_both_threading_families_work() {
    fn assert_send<T: Send>(future: T) -> T {
        future
    }
    let (shared, callback) = (InMemorySeenEvents::default(), message(1));
    let handling = assert_send(handle_once(&shared, &callback, async { Ok::<_, Infallible>(()) }));
    assert_eq!(block_on(handling), Ok(Once::Handled(())));

    let local = OnOneThread::default();
    let handling = pin!(handle_once(&local, &callback, async { Ok::<_, Infallible>(Rc::new(())) }));
    assert!(matches!(block_on(handling), Ok(Once::Handled(_))));
    assert_eq!(block_on(handled(&local, &callback)), Some(Once::Duplicate));
}
