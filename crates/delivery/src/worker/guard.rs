//! Code of plugins may panic; whoever called it goes on.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// The result, or nothing when it panicked. What the code shared is not looked at any more.
pub(super) fn caught<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()
}

/// The same for code that waits.
pub(super) async fn caught_async<T>(code: impl Future<Output = T>) -> Option<T> {
    let mut code = pin!(code);
    std::future::poll_fn(|cx| match caught(|| code.as_mut().poll(cx)) {
        Some(Poll::Ready(value)) => Poll::Ready(Some(value)),
        Some(Poll::Pending) => Poll::Pending,
        None => Poll::Ready(None),
    })
    .await
}
