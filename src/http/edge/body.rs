//! Request bodies, read within bounds.
//!
//! Whoever can reach a node may send a body, so each takes no more memory than it is long, and what
//! all of them take together is bounded: the first [`FREE_BYTES`] of each by the number of
//! connections, the rest by a budget.

use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use futures_util::future::poll_immediate;
use tokio::time::{Instant, timeout_at};

use super::Connection;
use crate::turn::next_turn;

/// So many bytes of each body are not counted: about what a connection takes anyway. Small requests
/// are answered even while strangers have used up the budget.
pub const FREE_BYTES: usize = 16 * 1024;

/// Why a body was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Longer than is allowed.
    #[error("the body is longer than is allowed")]
    TooLarge,
    /// Not there in time.
    #[error("the body was not sent in time")]
    TooSlow,
    /// Other bodies take all the memory there is for them; it is free again soon.
    #[error("too much is being sent at this moment; try again")]
    NoRoom,
    /// The connection broke, or the framing is wrong.
    #[error("the body could not be read")]
    Broken,
}

/// How slowly bodies may be sent, and how much memory they may take together.
#[derive(Debug, Clone)]
pub struct Bodies {
    time: Duration,
    pace: Option<Pace>,
    free: Arc<AtomicUsize>,
}

/// The pace that a body has to keep from its first byte to its last: what came sooner is no reason to stand still
/// later.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// At least so many bytes a second, and as many as it takes for all of it to be there in time.
    pub bytes_per_second: usize,
    /// How far it may fall behind.
    pub lag: Duration,
}

/// When more of a body must have come, by its pace.
#[derive(Debug)]
struct Due {
    at: Instant,
    pace: Pace,
}

impl Due {
    fn from_now(pace: Pace) -> Self {
        Self {
            at: Instant::now() + pace.lag,
            pace,
        }
    }

    fn came(&mut self, bytes: usize) {
        let seconds = Duration::from_secs(u64::try_from(bytes).unwrap_or(u64::MAX));
        let rate = u32::try_from(self.pace.bytes_per_second).unwrap_or(u32::MAX);
        let earned = seconds.checked_div(rate).unwrap_or_default();
        let latest = Instant::now() + self.pace.lag;
        self.at = self.at.checked_add(earned).unwrap_or(latest).min(latest);
    }
}

/// A body that was read; what it took of the budget is given back with it.
#[derive(Debug)]
pub struct Body {
    bytes: Bytes,
    _taken: Taken,
}

/// What a body has taken of the budget, in bytes.
#[derive(Debug)]
struct Taken {
    bytes: usize,
    from: Arc<AtomicUsize>,
}

impl Bodies {
    /// Each body must be there after `time`; together they take up to `budget` bytes beyond
    /// 16 KiB each.
    pub fn new(time: Duration, budget: usize) -> Self {
        Self {
            time,
            pace: None,
            free: Arc::new(AtomicUsize::new(budget)),
        }
    }

    /// The same time, and a budget of their own.
    pub fn apart(&self, budget: usize) -> Self {
        Self::new(self.time, budget)
    }

    /// The same, and each must keep this pace.
    #[must_use]
    pub const fn at_pace(mut self, pace: Pace) -> Self {
        self.pace = Some(pace);
        self
    }

    /// The pace of a body of this length.
    fn due(&self, announced: Option<usize>) -> Option<Due> {
        let pace = self.pace?;
        let seconds = usize::try_from(self.time.as_secs()).unwrap_or(usize::MAX);
        let in_time = announced.unwrap_or_default() / seconds.max(1);
        Some(Due::from_now(Pace {
            bytes_per_second: pace.bytes_per_second.max(in_time),
            ..pace
        }))
    }

    /// How long a body may take.
    pub const fn time(&self) -> Duration {
        self.time
    }

    /// Reads the whole body, at most `most` bytes.
    ///
    /// # Errors
    /// [`BodyError`]; what was read is dropped.
    pub async fn read(
        &self,
        request: &HttpRequest,
        payload: Payload,
        most: usize,
    ) -> Result<Body, BodyError> {
        let announced = announced(request);
        if announced.is_some_and(|length| length > most) {
            return Err(BodyError::TooLarge);
        }
        let body = self.read_in_time(payload, announced, most).await?;
        if announced.is_none()
            && let Some(connection) = request.conn_data::<Connection>()
        {
            connection.has_read_body();
        }
        Ok(body)
    }

    async fn read_in_time(
        &self,
        payload: Payload,
        announced: Option<usize>,
        most: usize,
    ) -> Result<Body, BodyError> {
        let mut reading = pin!(self.collect(payload, announced, most));
        // A body that came together with its head needs no timer: the connection hands it over once
        // the request has been polled.
        if let Some(body) = poll_immediate(&mut reading).await {
            return body;
        }
        next_turn().await;
        if let Some(body) = poll_immediate(&mut reading).await {
            return body;
        }
        tokio::time::timeout(self.time, reading)
            .await
            .map_err(|_| BodyError::TooSlow)?
    }

    /// Memory is set aside once, for as much as was announced; it is taken from the budget only as
    /// it fills, so that announcing alone costs nobody anything.
    async fn collect(
        &self,
        mut payload: Payload,
        announced: Option<usize>,
        most: usize,
    ) -> Result<Body, BodyError> {
        let mut taken = Taken {
            bytes: 0,
            from: Arc::clone(&self.free),
        };
        let mut first = Bytes::new();
        let mut body = BytesMut::new();
        let mut length = 0;
        let mut due = self.due(announced);
        while let Some(chunk) = next_chunk(&mut payload, due.as_ref()).await? {
            if let Some(due) = &mut due {
                due.came(chunk.len());
            }
            length += chunk.len();
            if length > most {
                return Err(BodyError::TooLarge);
            }
            taken.grow_to(length.saturating_sub(FREE_BYTES))?;
            if length == chunk.len() {
                first = chunk;
                continue;
            }
            if body.is_empty() {
                body.reserve(announced.unwrap_or(length));
                body.extend_from_slice(&std::mem::take(&mut first));
            }
            body.extend_from_slice(&chunk);
        }
        let bytes = if body.is_empty() {
            first
        } else {
            body.freeze()
        };
        Ok(Body {
            bytes,
            _taken: taken,
        })
    }
}

async fn next_chunk(payload: &mut Payload, due: Option<&Due>) -> Result<Option<Bytes>, BodyError> {
    let next = match due {
        Some(due) => timeout_at(due.at, payload.next())
            .await
            .map_err(|_| BodyError::TooSlow)?,
        None => payload.next().await,
    };
    next.transpose().map_err(|_| BodyError::Broken)
}

/// A body that has come is read within so many turns: an assertion's in the second, the longest in four.
const TURNS: usize = 4;

/// Passes over a body that came together with its head, so that the connection can be used again. One that
/// is still to come is not waited for: the connection ends with the answer.
pub async fn pass_over(mut payload: Payload) {
    let mut rest = pin!(async { while let Some(Ok(_)) = payload.next().await {} });
    for _ in 0..TURNS {
        if poll_immediate(&mut rest).await.is_some() {
            return;
        }
        next_turn().await;
    }
    poll_immediate(&mut rest).await;
}

/// The length that the head says; none where the body is chunked. The HTTP library has refused what
/// is said twice or is no number.
pub fn announced(request: &HttpRequest) -> Option<usize> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

impl Taken {
    fn grow_to(&mut self, bytes: usize) -> Result<(), BodyError> {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        let take = |free: usize| free.checked_sub(more);
        self.from
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .map_err(|_| BodyError::NoRoom)?;
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.from.fetch_add(self.bytes, Ordering::Relaxed);
        }
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use actix_web::FromRequest as _;
    use actix_web::test::TestRequest;

    use super::*;

    const KIB: usize = 1024;

    fn bodies(budget: usize) -> Bodies {
        Bodies::new(Duration::from_mins(1), budget)
    }

    /// A body of so many bytes, announced or not, in chunks of 10 KiB.
    async fn read(
        bodies: &Bodies,
        length: usize,
        announced: Option<usize>,
    ) -> Result<Body, BodyError> {
        let request = announced.map_or_else(TestRequest::default, |announced| {
            TestRequest::default().insert_header((CONTENT_LENGTH, announced))
        });
        let sent = vec![b'a'; length];
        let chunks: Vec<_> = sent
            .chunks(10 * KIB)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        let stream: actix_web::dev::Payload = actix_web::dev::Payload::Stream {
            payload: Box::pin(futures_util::stream::iter(chunks)),
        };
        let request = request.to_http_request();
        let payload = Payload::from_request(&request, &mut { stream })
            .await
            .unwrap();
        bodies.read(&request, payload, 64 * KIB).await
    }

    #[actix_web::test]
    async fn a_body_is_read_whole_up_to_its_limit() {
        let bodies = bodies(1024 * KIB);
        for length in [0, 1, 10 * KIB, 10 * KIB + 1, 64 * KIB] {
            for announced in [None, Some(length)] {
                let body = read(&bodies, length, announced).await.unwrap();
                assert_eq!(body.len(), length);
            }
        }
        for announced in [None, Some(64 * KIB + 1)] {
            let error = read(&bodies, 64 * KIB + 1, announced).await.unwrap_err();
            assert_eq!(error, BodyError::TooLarge, "{announced:?}");
        }
    }

    #[actix_web::test]
    async fn what_is_announced_beyond_the_limit_is_not_waited_for() {
        let error = read(&bodies(1024 * KIB), 0, Some(64 * KIB + 1)).await;
        assert_eq!(error.unwrap_err(), BodyError::TooLarge);
    }

    #[actix_web::test]
    async fn memory_is_set_aside_once_and_exactly() {
        let body = read(&bodies(1024 * KIB), 60 * KIB, Some(60 * KIB))
            .await
            .unwrap();
        let bytes = body.bytes.try_into_mut().unwrap();
        assert_eq!(bytes.capacity(), 60 * KIB);
    }

    #[actix_web::test]
    async fn bodies_together_take_no_more_than_the_budget_and_give_it_back() {
        let bodies = bodies(40 * KIB);
        let first = read(&bodies, FREE_BYTES + 30 * KIB, None).await.unwrap();
        let second = read(&bodies, FREE_BYTES + 30 * KIB, None).await;
        assert_eq!(second.unwrap_err(), BodyError::NoRoom);
        assert_eq!(
            read(&bodies, FREE_BYTES + 10 * KIB, None)
                .await
                .unwrap()
                .len(),
            26 * KIB
        );
        drop(first);
        assert!(read(&bodies, FREE_BYTES + 40 * KIB, None).await.is_ok());
        assert_eq!(bodies.free.load(Ordering::Relaxed), 40 * KIB);
    }

    #[actix_web::test]
    async fn a_body_must_keep_its_pace_to_the_end() {
        let pace = Pace {
            bytes_per_second: 100,
            lag: Duration::from_secs(5),
        };
        let after =
            |due: &Due, seconds: u64| due.at - Instant::now() <= Duration::from_secs(seconds);
        let mut due = Due::from_now(pace);
        due.at -= Duration::from_secs(3);
        due.came(200);
        assert!(after(&due, 4) && !after(&due, 3), "two seconds' worth came");
        due.came(1_000_000);
        assert!(after(&due, 5), "nothing is saved up");
    }

    #[actix_web::test]
    async fn a_long_body_is_to_come_as_fast_as_its_time_wants() {
        let pace = Pace {
            bytes_per_second: 100,
            lag: Duration::from_secs(5),
        };
        let bodies = bodies(KIB).at_pace(pace);
        for (announced, expected) in [(None, 100), (Some(600), 100), (Some(60_000), 1000)] {
            let due = bodies.due(announced).unwrap();
            assert_eq!(due.pace.bytes_per_second, expected);
        }
    }

    #[actix_web::test]
    async fn small_bodies_are_read_without_a_budget() {
        let bodies = bodies(0);
        assert!(read(&bodies, FREE_BYTES, None).await.is_ok());
        let error = read(&bodies, FREE_BYTES + 1, None).await.unwrap_err();
        assert_eq!(error, BodyError::NoRoom);
    }
}
