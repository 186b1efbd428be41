//! Long answers, which take memory until they are taken.
//!
//! Who asks for much and reads it slowly, or not, would keep a node's memory. What all long answers take together
//! is bounded, and each must be taken at some pace.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use tokio::time::Instant;

/// A shorter answer is not counted: each connection has one at a time.
pub const SHORT_ANSWER_BYTES: usize = 64 * 1024;
/// So many bytes the longer ones take together.
pub const ANSWERS_BUDGET: usize = 128 * 1024 * 1024;
/// Whoever takes one more slowly loses it, after [`LEAST_TIME`].
pub const LEAST_BYTES_PER_SECOND: usize = 64 * 1024;
/// So long anybody may take for any answer.
pub const LEAST_TIME: Duration = Duration::from_secs(30);

/// So much is given to the connection at once; the rest stays counted.
const PIECE_BYTES: usize = 64 * 1024;

/// What long answers may take together.
#[derive(Debug, Clone)]
pub struct Answers {
    free: Arc<AtomicUsize>,
}

/// Too many long answers are under way; there is room again soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much is being answered at this moment; try again")]
pub struct AnswersFull;

/// An answer that is counted until it is taken.
#[derive(Debug)]
pub struct LongAnswer {
    rest: Bytes,
    length: usize,
    began: Instant,
    free: Arc<AtomicUsize>,
}

impl Default for Answers {
    fn default() -> Self {
        Self::within(ANSWERS_BUDGET)
    }
}

impl Answers {
    /// Together they may take so many bytes.
    pub fn within(budget: usize) -> Self {
        Self {
            free: Arc::new(AtomicUsize::new(budget)),
        }
    }

    /// Counts an answer until it is taken.
    ///
    /// # Errors
    /// [`AnswersFull`]
    pub fn hold(&self, answer: Vec<u8>) -> Result<LongAnswer, AnswersFull> {
        let length = answer.len();
        let take = |free: usize| free.checked_sub(length);
        self.free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .map_err(|_| AnswersFull)?;
        Ok(LongAnswer {
            rest: answer.into(),
            length,
            began: Instant::now(),
            free: Arc::clone(&self.free),
        })
    }
}

impl LongAnswer {
    /// Whether as much of it was taken as must be by now.
    fn is_taken_in_time(&self) -> bool {
        let taken = (self.length - self.rest.len()) / LEAST_BYTES_PER_SECOND;
        let due = Duration::from_secs(u64::try_from(taken).unwrap_or(u64::MAX));
        self.began.elapsed() <= LEAST_TIME.saturating_add(due)
    }
}

impl MessageBody for LongAnswer {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(u64::try_from(self.length).unwrap_or(u64::MAX))
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, io::Error>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            return Poll::Ready(None);
        }
        if !this.is_taken_in_time() {
            let error = io::Error::other("an answer was taken too slowly, and given up");
            return Poll::Ready(Some(Err(error)));
        }
        let length = this.rest.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(this.rest.split_to(length))))
    }
}

impl Drop for LongAnswer {
    fn drop(&mut self) {
        self.free.fetch_add(self.length, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn next(answer: &mut LongAnswer) -> Option<io::Result<Bytes>> {
        poll_fn(|context| Pin::new(&mut *answer).poll_next(context)).await
    }

    #[tokio::test]
    async fn an_answer_is_given_whole_piece_by_piece() {
        let sent: Vec<u8> = (0..=255).cycle().take(3 * PIECE_BYTES + 7).collect();
        let mut answer = Answers::default().hold(sent.clone()).unwrap();
        assert_eq!(answer.size(), BodySize::Sized(sent.len() as u64));
        let mut taken = Vec::new();
        while let Some(piece) = next(&mut answer).await {
            let piece = piece.unwrap();
            assert!(piece.len() <= PIECE_BYTES);
            taken.extend_from_slice(&piece);
        }
        assert_eq!(taken, sent);
    }

    #[tokio::test]
    async fn answers_together_take_no_more_than_the_budget_and_give_it_back() {
        let answers = Answers::within(100);
        let first = answers.hold(vec![0; 60]).unwrap();
        assert_eq!(answers.hold(vec![0; 41]).unwrap_err(), AnswersFull);
        let second = answers.hold(vec![0; 40]).unwrap();
        drop((first, second));
        assert!(answers.hold(vec![0; 100]).is_ok());
    }

    #[tokio::test]
    async fn who_takes_too_slowly_loses_it() {
        let mut answer = Answers::default().hold(vec![0; 20 * PIECE_BYTES]).unwrap();
        for _ in 0..10 {
            assert!(next(&mut answer).await.unwrap().is_ok());
        }
        let seconds = |answer: &LongAnswer, seconds| {
            let time = LEAST_TIME + Duration::from_secs(seconds);
            answer.began.checked_sub(time).unwrap()
        };
        // Ten pieces are due after ten seconds more.
        let began = answer.began;
        answer.began = seconds(&answer, 11);
        assert!(next(&mut answer).await.unwrap().is_err());
        answer.began = began;
        assert!(next(&mut answer).await.unwrap().is_ok());
    }
}
