//! The checks of a store of seen events.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use wecom_callback::{MessageDigest, Seen, SeenEvents};
use wecom_core::Timer;

use super::StoreReport;

/// The number of callers that mark one message at the same time.
const CALLERS: usize = 8;
/// The pause between two reads of a mark, until it has expired.
const PAUSE: Duration = Duration::from_millis(100);
/// The maximum number of reads. With the pauses they take 15 seconds, three times the 5 seconds after which WeCom sends a
/// message again.
const READS: u32 = 150;

/// Checks a store of [`SeenEvents`], with digests that begin with `prefix`. The store must have no mark of such a digest.
/// Requires the feature `callback`.
///
/// Takes as long as an abandoned mark lasts, usually 5 seconds on the timer, and at most about 15 seconds.
pub async fn check_seen_events<S>(store: &S, timer: &impl Timer, prefix: [u8; 16]) -> StoreReport
where
    S: SeenEvents,
    S::Error: fmt::Display,
{
    let mut report = StoreReport::default();
    let [first, second, third, fourth] = [1, 2, 3, 4].map(|number| digest(prefix, number));
    report.expect("a message is new at first", store.begin(&first).await, |seen| *seen == Seen::New);
    report.expect("a marked message is in progress", store.begin(&first).await, |seen| *seen == Seen::InProgress);
    report.expect("another message is new", store.begin(&second).await, |seen| *seen == Seen::New);
    report.expect("a message is finished", store.finish(&first).await, |()| true);
    report.expect("a finished message is handled", store.begin(&first).await, |seen| *seen == Seen::Handled);
    report.expect("a handled message is not forgotten", store.forget(&first).await, |()| true);
    report.expect("a handled message stays handled", store.begin(&first).await, |seen| *seen == Seen::Handled);
    report.expect("a message whose handler failed is forgotten", store.forget(&second).await, |()| true);
    report.expect("a forgotten message is new", store.begin(&second).await, |seen| *seen == Seen::New);

    let seen = begin_at_once(store, &third).await;
    report.expect("of concurrent callers, one handles a message", seen, |new| *new == 1);

    report.expect("a fourth message is new", store.begin(&fourth).await, |seen| *seen == Seen::New);
    store.abandon(&fourth);
    let mut seen = store.begin(&fourth).await;
    for _ in 0..READS {
        if !matches!(seen, Ok(Seen::InProgress)) {
            break;
        }
        timer.sleep(PAUSE).await;
        seen = store.begin(&fourth).await;
    }
    report.expect("an abandoned message is new after 5 seconds", seen, |seen| *seen == Seen::New);
    report
}

fn digest(prefix: [u8; 16], number: u32) -> MessageDigest {
    let mut bytes = [0; 20];
    let (head, tail) = bytes.split_at_mut(prefix.len());
    head.copy_from_slice(&prefix);
    tail.copy_from_slice(&number.to_be_bytes());
    MessageDigest::from_bytes(bytes)
}

/// Marks a message from many callers at the same time. Returns the number of callers for which the message was new.
async fn begin_at_once<S: SeenEvents>(store: &S, digest: &MessageDigest) -> Result<usize, S::Error> {
    let mut callers: Vec<_> = (0..CALLERS).map(|_| Some(Box::pin(store.begin(digest)))).collect();
    let mut new = 0;
    poll_fn(|context| {
        for caller in &mut callers {
            let Some(Poll::Ready(seen)) = caller.as_mut().map(|begin| Pin::as_mut(begin).poll(context)) else {
                continue;
            };
            *caller = None;
            match seen {
                Ok(Seen::New) => new += 1,
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        if callers.iter().any(Option::is_some) { Poll::Pending } else { Poll::Ready(Ok(())) }
    })
    .await?;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use wecom_callback::InMemorySeenEvents;
    use wecom_mock::ManualTimer;

    use super::*;

    fn check<S: SeenEvents<Error = Infallible>>(store: &S) -> StoreReport {
        let timer = ManualTimer::new();
        timer.run(check_seen_events(store, &timer, [7; 16]))
    }

    #[test]
    fn the_store_in_memory_passes() {
        check(&InMemorySeenEvents::default()).assert();
    }

    /// Reads and marks in two steps, and never lets a mark expire.
    #[derive(Default)]
    struct TwoSteps(Mutex<Vec<MessageDigest>>);

    impl SeenEvents for TwoSteps {
        type Error = Infallible;

        async fn begin(&self, digest: &MessageDigest) -> Result<Seen, Infallible> {
            if self.0.lock().unwrap().contains(digest) {
                return Ok(Seen::InProgress);
            }
            let mut is_first = true;
            poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
            self.0.lock().unwrap().push(*digest);
            Ok(Seen::New)
        }

        async fn finish(&self, _digest: &MessageDigest) -> Result<(), Infallible> {
            Ok(())
        }

        async fn forget(&self, digest: &MessageDigest) -> Result<(), Infallible> {
            self.0.lock().unwrap().retain(|marked| marked != digest);
            Ok(())
        }
    }

    #[test]
    fn a_store_that_breaks_its_contract_has_a_finding_for_each_broken_promise() {
        let report = check(&TwoSteps::default());
        let broken: Vec<_> = report.findings().iter().map(|finding| finding.promise).collect();
        let expected = [
            "a finished message is handled",
            "a handled message stays handled",
            "of concurrent callers, one handles a message",
            "an abandoned message is new after 5 seconds",
        ];
        assert_eq!(broken, expected);
    }
}
