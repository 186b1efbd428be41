//! Turns that the tasks of one thread take.

use std::future::poll_fn;
use std::task::Poll;

/// Comes back at the task's next turn, after whatever else its thread has ready.
///
/// Unlike tokio's `yield_now`, which lets a thread look for input first, it asks for the next turn at
/// once, so that a turn that is due anyway is the same: a connection's task is woken by the body that
/// it hands to its own handler, and every turn costs a look at the connection.
pub async fn next_turn() {
    let mut has_asked = false;
    poll_fn(|context| {
        if has_asked {
            return Poll::Ready(());
        }
        has_asked = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn the_next_turn_is_asked_for_once_and_at_once() {
        let count = Arc::new(Wakes::default());
        let waker = Arc::clone(&count).into();
        let mut context = Context::from_waker(&waker);
        let mut turn = pin!(next_turn());
        assert!(turn.as_mut().poll(&mut context).is_pending());
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        assert!(turn.as_mut().poll(&mut context).is_ready());
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }
}
