//! A Tokio runtime without the drivers for time and I/O.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::error::RedisStoreError;

/// Runs an operation. Returns an error if the runtime lacks a driver. Tokio panics then, and offers no other way to detect
/// it.
pub(crate) async fn with_drivers<T>(operation: impl Future<Output = T>) -> Result<T, RedisStoreError> {
    let mut operation = pin!(operation);
    // After a panic, the operation is not polled again.
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| operation.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) if is_missing_driver(&*panic) => Poll::Ready(Err(RedisStoreError::NoRuntime)),
        Err(panic) => resume_unwind(panic),
    })
    .await
}

/// Whether Tokio has panicked with a text such as "A Tokio 1.x context was found, but timers are disabled".
fn is_missing_driver(panic: &(dyn Any + Send)) -> bool {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.is_some_and(|text| text.contains("Tokio") && text.contains("disabled"))
}
