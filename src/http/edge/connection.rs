//! How long a connection may be held, and how far ahead it is read.
//!
//! The HTTP library bounds the time of a connection's first head and of a silence between requests,
//! and nothing else. A client that sends one byte of its next head, a body that nobody reads, or
//! requests without end and takes no answer would be kept for ever, and what was read ahead with it.
//!
//! ```text
//! Waiting   ─ no request is being answered: the next one must begin in time, and its head be whole
//!    │ ▲      in time; little is read at once, so that few requests are read ahead
//!    ▼ │
//! Answering ─ its body is read, and hardly more; the handler bounds the time
//!    │
//!    ▼ it was answered without its chunked body
//! Discarding ─ what is left of the body must come in the time of a head, and another request with it
//!
//! while an answer is not taken nothing is read, and some of it must be taken in time
//! ```
//!
//! Where its worker has more to do than it can, a request that has come is left unread until there is a
//! place for it in the worker's [`Queue`].

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{RequestHead, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::Queue;
use crate::metrics::OpenOne;

/// So many bytes are read at once while no request is being answered: most requests whole.
const WAITING_BYTES: usize = 4 * 1024;
/// So many bytes are read beyond the body of a request that is being answered.
const AHEAD_BYTES: usize = 1024;
/// Of an answer that the other side does not take at once, so many bytes must go out each time.
const LEAST_TAKEN_BYTES: usize = 16 * 1024;

/// How long a connection may be held.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// From one request to the next.
    pub idle: Duration,
    /// In each such time a part of an answer must be taken.
    pub taking: Duration,
}

/// A connection of which a request is told: [`tell_connection`] says when it is being answered.
#[derive(Clone)]
pub struct Connection(Rc<Shared>);

struct Shared {
    idle: Duration,
    head: Duration,
    phase: Cell<Phase>,
    /// So many bytes may be read before the next pause.
    room: Cell<usize>,
    /// Whom to tell that there is room again.
    reader: Cell<Option<Waker>>,
    turn: Cell<Turn>,
}

/// Whether the next request may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// When it has come.
    Open,
    /// It has come and is left unread.
    Awaited,
    /// A place is kept for it.
    Come,
}

impl Shared {
    /// Whether nothing of the next request was read.
    const fn is_between_requests(&self) -> bool {
        matches!(
            self.phase.get(),
            Phase::Waiting {
                has_begun: false,
                ..
            }
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The next head must be whole, or where nothing of it was sent yet, begin, before `until`.
    Waiting { until: Instant, has_begun: bool },
    /// The body's length is known.
    Answering,
    /// The body ends somewhere, and was not read to its end.
    AnsweringChunked,
    /// It was answered, and nobody reads what is left of its body: before `until` the next request
    /// must begin to be answered.
    Discarding { until: Instant },
}

impl Connection {
    fn new(limits: &ConnectionLimits) -> Self {
        Self(Rc::new(Shared {
            idle: limits.idle,
            head: limits.head,
            phase: Cell::new(waiting(limits.idle)),
            room: Cell::new(WAITING_BYTES),
            reader: Cell::new(None),
            turn: Cell::new(Turn::Open),
        }))
    }

    /// A request is answered from now on, until what is returned is dropped.
    fn begin(&self, head: &RequestHead) -> Answering {
        let length = head.headers().get(CONTENT_LENGTH);
        let (phase, room) = if head.headers().contains_key(TRANSFER_ENCODING) {
            (Phase::AnsweringChunked, WAITING_BYTES)
        } else {
            let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
            let body = length.unwrap_or_default();
            (Phase::Answering, body.saturating_add(AHEAD_BYTES))
        };
        self.0.phase.set(phase);
        self.0.room.set(room);
        Answering(self.clone())
    }

    /// The body of the request that is being answered was read to its end.
    pub(super) fn has_read_body(&self) {
        if self.0.phase.get() == Phase::AnsweringChunked {
            self.0.phase.set(Phase::Answering);
            self.0.room.set(AHEAD_BYTES);
        }
    }

    /// The next request is waited for: as long as a connection may be idle, but hardly any time
    /// where the body of the last one may go on and nobody reads it.
    fn wait(&self) {
        self.0.phase.set(match self.0.phase.get() {
            Phase::Waiting { .. } | Phase::Answering => waiting(self.0.idle),
            Phase::AnsweringChunked | Phase::Discarding { .. } => Phase::Discarding {
                until: Instant::now() + self.0.head.min(self.0.idle),
            },
        });
        self.0.room.set(WAITING_BYTES);
        self.resume();
    }

    /// Its turn has come; whether it is there to take it.
    pub(super) fn call(&self) -> bool {
        self.0.turn.set(Turn::Come);
        self.resume();
        Rc::strong_count(&self.0) > 1
    }

    fn resume(&self) {
        if let Some(reader) = self.0.reader.take() {
            reader.wake();
        }
    }
}

fn waiting(idle: Duration) -> Phase {
    Phase::Waiting {
        until: Instant::now() + idle,
        has_begun: false,
    }
}

/// A request is being answered.
struct Answering(Connection);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.wait();
    }
}

/// Tells the connection of a request when it is being answered. It is the outermost middleware.
///
/// # Errors
/// Those of the inner ones.
pub async fn tell_connection<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let connection = request.conn_data::<Connection>();
    let _answering = connection.map(|connection| connection.begin(request.head()));
    next.call(request).await
}

/// What can tell that there is something to read, without reading it.
pub trait Readable {
    /// Ready where there is, or where reading would fail.
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()>;
}

impl Readable for TcpStream {
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.poll_read_ready(context).map(drop)
    }
}

impl Readable for TlsStream<TcpStream> {
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.get_ref().0.poll_readable(context)
    }
}

/// A connection's bytes, within its limits. Where one is passed, reading ends and writing fails.
pub struct Bounded<T> {
    io: T,
    limits: ConnectionLimits,
    connection: Connection,
    /// Goes off from time to time while the next request is waited for, never after its limit.
    alarm: Pin<Box<Sleep>>,
    taking: Option<Taking>,
    queue: Option<Queue>,
    /// Counts it as long as it is open.
    _counted: Option<OpenOne>,
}

/// An answer waits for the other side to take it.
struct Taking {
    alarm: Pin<Box<Sleep>>,
    /// Went out since the alarm was set.
    written: usize,
}

impl<T> Bounded<T> {
    /// A connection that was just accepted.
    pub fn new(io: T, limits: ConnectionLimits) -> Self {
        Self {
            io,
            limits,
            connection: Connection::new(&limits),
            alarm: Box::pin(sleep(limits.head.min(limits.idle))),
            taking: None,
            queue: None,
            _counted: None,
        }
    }

    /// The same, counted until it ends.
    #[must_use]
    pub fn counted_as(self, one: OpenOne) -> Self {
        Self {
            _counted: Some(one),
            ..self
        }
    }

    /// The same, whose requests wait in this queue.
    #[must_use]
    pub fn waiting_in(self, queue: Queue) -> Self {
        Self {
            queue: Some(queue),
            ..self
        }
    }

    /// What requests are told of it.
    pub fn connection(&self) -> Connection {
        self.connection.clone()
    }

    fn shared(&self) -> &Shared {
        &self.connection.0
    }

    /// Reads no further now. Ends the connection where the next request was waited for too long.
    fn pause(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let until = match self.shared().phase.get() {
            Phase::Waiting { until, .. } | Phase::Discarding { until } => until,
            Phase::Answering | Phase::AnsweringChunked => return Poll::Pending,
        };
        while self.alarm.as_mut().poll(context).is_ready() {
            let now = Instant::now();
            if now >= until {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(until.min(now + self.limits.head));
        }
        Poll::Pending
    }

    /// There is no room: after a turn of everybody else, or when the request was answered.
    fn pause_for_room(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self.shared().phase.get() {
            Phase::Answering => self.suspend(context),
            Phase::Waiting { .. } | Phase::Discarding { .. } | Phase::AnsweringChunked => {
                self.shared().room.set(WAITING_BYTES);
                context.waker().wake_by_ref();
            }
        }
        self.pause(context)
    }

    fn suspend(&self, context: &Context<'_>) {
        self.shared().reader.set(Some(context.waker().clone()));
    }

    fn has_read(&self, bytes: usize) {
        let shared = self.shared();
        shared.room.set(shared.room.get().saturating_sub(bytes));
        if let Phase::Waiting {
            until,
            has_begun: false,
        } = shared.phase.get()
        {
            shared.phase.set(Phase::Waiting {
                until: until.min(Instant::now() + self.limits.head),
                has_begun: true,
            });
        }
    }

    /// The other side does not take what is written.
    fn stall(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let time = self.limits.taking;
        let taking = self.taking.get_or_insert_with(|| Taking {
            alarm: Box::pin(sleep(time)),
            written: 0,
        });
        while taking.alarm.as_mut().poll(context).is_ready() {
            if taking.written < LEAST_TAKEN_BYTES {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            taking.written = 0;
            taking.alarm.as_mut().reset(Instant::now() + time);
        }
        Poll::Pending
    }

    /// The other side took all that was written. A long answer is no silence.
    fn is_taken(&mut self) {
        if self.taking.take().is_none() {
            return;
        }
        match self.shared().phase.get() {
            Phase::Waiting { .. } | Phase::Discarding { .. } => self.connection.wait(),
            Phase::Answering | Phase::AnsweringChunked => self.connection.resume(),
        }
    }
}

impl<T: Readable> Bounded<T> {
    /// Whether it is not the next request's turn to be read. Where it has not come yet it has no turn.
    fn is_left_unread(&self, context: &mut Context<'_>) -> bool {
        let Some(queue) = &self.queue else {
            return false;
        };
        let shared = self.shared();
        match shared.turn.get() {
            Turn::Awaited => true,
            Turn::Come => {
                shared.turn.set(Turn::Open);
                Queue::release();
                false
            }
            Turn::Open => {
                let is_left = shared.is_between_requests()
                    && queue.leaves_unread(&self.connection, || {
                        self.io.poll_readable(context).is_ready()
                    });
                if is_left {
                    shared.turn.set(Turn::Awaited);
                }
                is_left
            }
        }
    }
}

impl<T: AsyncRead + Readable + Unpin> AsyncRead for Bounded<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.taking.is_some() {
            this.suspend(context);
            return Poll::Pending;
        }
        if this.is_left_unread(context) {
            this.suspend(context);
            return this.pause(context).map(Ok);
        }
        let room = this.shared().room.get().min(buffer.remaining());
        if room == 0 {
            return this.pause_for_room(context).map(Ok);
        }
        let before = buffer.filled().len();
        let mut part = (&mut this.io).take(room as u64);
        match Pin::new(&mut part).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => {
                this.has_read(buffer.filled().len() - before);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                if this.shared().phase.get() != Phase::Answering {
                    this.shared().room.set(WAITING_BYTES);
                }
                this.pause(context).map(Ok)
            }
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Bounded<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let Poll::Ready(written) = Pin::new(&mut this.io).poll_write(context, bytes) else {
            return this.stall(context).map(Err);
        };
        if let (Some(taking), Ok(written)) = (&mut this.taking, &written) {
            taking.written = taking.written.saturating_add(*written);
        }
        Poll::Ready(written)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Poll::Ready(flushed) = Pin::new(&mut this.io).poll_flush(context) else {
            return this.stall(context).map(Err);
        };
        this.is_taken();
        Poll::Ready(flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Poll::Ready(ended) = Pin::new(&mut this.io).poll_shutdown(context) else {
            let failed = ready!(this.stall(context));
            return Poll::Ready(Err(failed));
        };
        Poll::Ready(ended)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use actix_web::test::TestRequest;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    /// Only what is read.
    impl Readable for DuplexStream {
        fn poll_readable(&self, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }

    const LONG: Duration = Duration::from_mins(1);
    const PLENTY: usize = 1024 * 1024;

    /// Counts how often a task would be polled again.
    #[derive(Default)]
    struct Turns(AtomicUsize);

    impl Wake for Turns {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn limits(taking: Duration) -> ConnectionLimits {
        ConnectionLimits {
            head: LONG,
            idle: LONG,
            taking,
        }
    }

    /// A connection over which so many bytes were sent, and the other end of it.
    async fn connection(sent: usize) -> (Bounded<DuplexStream>, DuplexStream) {
        let (io, mut other) = duplex(PLENTY);
        other.write_all(&vec![b'a'; sent]).await.unwrap();
        (Bounded::new(io, limits(LONG)), other)
    }

    /// Reads until there is no more for now, as the HTTP library does, and tells how much that was
    /// and how often it would be asked again.
    fn read(bounded: &mut Bounded<DuplexStream>) -> (usize, usize) {
        let turns = Arc::new(Turns::default());
        let waker = Waker::from(Arc::clone(&turns));
        let mut context = Context::from_waker(&waker);
        let mut bytes = vec![0; PLENTY];
        let mut buffer = ReadBuf::new(&mut bytes);
        while Pin::new(&mut *bounded)
            .poll_read(&mut context, &mut buffer)
            .is_ready()
        {}
        (buffer.filled().len(), turns.0.load(Ordering::Relaxed))
    }

    fn begin(bounded: &Bounded<DuplexStream>, header: (&str, &str)) -> Answering {
        let request = TestRequest::default().insert_header(header).to_request();
        bounded.connection().begin(request.head())
    }

    #[actix_web::test]
    async fn little_is_read_at_once_while_no_request_is_answered() {
        let (mut bounded, _other) = connection(WAITING_BYTES + 10).await;
        assert_eq!(read(&mut bounded), (WAITING_BYTES, 1));
        assert_eq!(read(&mut bounded), (10, 0));
    }

    #[actix_web::test]
    async fn a_request_without_a_place_is_left_unread_until_there_is_one() {
        let queue = Queue::new(1, Arc::default());
        let (bounded, _other) = connection(10).await;
        let mut bounded = bounded.waiting_in(queue.clone());
        queue.enter().unwrap();
        let (refused, _end) = connection(0).await;
        while !queue.leaves_unread(&refused.connection(), || true) {}
        assert_eq!(read(&mut bounded), (0, 0));
        queue.end_round();
        assert_eq!(read(&mut bounded), (0, 0));
        queue.end_round();
        assert_eq!(read(&mut bounded), (10, 0));
    }

    #[actix_web::test]
    async fn a_request_of_which_something_was_read_is_read_on() {
        let queue = Queue::new(1, Arc::default());
        let (bounded, mut other) = connection(10).await;
        let mut bounded = bounded.waiting_in(queue.clone());
        assert_eq!(read(&mut bounded), (10, 0));
        queue.enter().unwrap();
        let (refused, _end) = connection(0).await;
        while !queue.leaves_unread(&refused.connection(), || true) {}
        other.write_all(b"more").await.unwrap();
        assert_eq!(read(&mut bounded), (4, 0));
    }

    #[actix_web::test]
    async fn hardly_more_than_its_body_is_read_while_a_request_is_answered() {
        let (mut bounded, _other) = connection(PLENTY).await;
        let answering = begin(&bounded, ("content-length", "20000"));
        assert_eq!(read(&mut bounded), (20_000 + AHEAD_BYTES, 0));
        assert_eq!(read(&mut bounded), (0, 0));
        drop(answering);
        assert_eq!(read(&mut bounded), (WAITING_BYTES, 1));
    }

    #[actix_web::test]
    async fn whoever_waits_for_room_is_told_when_the_request_was_answered() {
        let (mut bounded, _other) = connection(PLENTY).await;
        let answering = begin(&bounded, ("content-length", "0"));
        let turns = Arc::new(Turns::default());
        let waker = Waker::from(Arc::clone(&turns));
        let mut bytes = vec![0; PLENTY];
        let mut buffer = ReadBuf::new(&mut bytes);
        let mut context = Context::from_waker(&waker);
        while Pin::new(&mut bounded)
            .poll_read(&mut context, &mut buffer)
            .is_ready()
        {}
        assert_eq!(turns.0.load(Ordering::Relaxed), 0);
        drop(answering);
        assert_eq!(turns.0.load(Ordering::Relaxed), 1);
    }

    #[actix_web::test]
    async fn a_body_without_a_length_is_read_a_little_at_a_time() {
        let (mut bounded, _other) = connection(PLENTY).await;
        let _answering = begin(&bounded, ("transfer-encoding", "chunked"));
        assert_eq!(read(&mut bounded), (WAITING_BYTES, 1));
        assert_eq!(read(&mut bounded), (WAITING_BYTES, 1));
    }

    #[actix_web::test]
    async fn a_body_without_a_length_that_was_read_counts_as_one_with_a_length() {
        let (mut bounded, _other) = connection(PLENTY).await;
        let answering = begin(&bounded, ("transfer-encoding", "chunked"));
        bounded.connection().has_read_body();
        assert_eq!(read(&mut bounded), (AHEAD_BYTES, 0));
        drop(answering);
        let phase = bounded.shared().phase.get();
        assert!(matches!(phase, Phase::Waiting { .. }), "{phase:?}");
    }

    #[actix_web::test]
    async fn what_nobody_read_of_a_body_is_waited_for_no_longer_than_a_head() {
        let (io, _other) = duplex(PLENTY);
        let limits = ConnectionLimits {
            head: Duration::from_millis(1),
            idle: LONG,
            taking: LONG,
        };
        let mut bounded = Bounded::new(io, limits);
        drop(begin(&bounded, ("transfer-encoding", "chunked")));
        let mut byte = [0; 1];
        let end = tokio::time::timeout(LONG / 6, bounded.read(&mut byte)).await;
        assert_eq!(end.unwrap().unwrap(), 0);
    }

    #[actix_web::test]
    async fn nothing_is_read_while_an_answer_is_not_taken() {
        let (io, mut other) = duplex(LEAST_TAKEN_BYTES);
        other.write_all(b"ahead").await.unwrap();
        let mut bounded = Bounded::new(io, limits(LONG));
        let mut sent = 0;
        let waker = Waker::from(Arc::new(Turns::default()));
        let mut context = Context::from_waker(&waker);
        while let Poll::Ready(written) =
            Pin::new(&mut bounded).poll_write(&mut context, &[b'a'; 999])
        {
            sent += written.unwrap();
        }
        assert_eq!(read(&mut bounded), (0, 0));
        other.read_exact(&mut vec![0; sent]).await.unwrap();
        bounded.flush().await.unwrap();
        assert_eq!(read(&mut bounded), (5, 0));
    }

    #[actix_web::test]
    async fn an_answer_that_is_not_taken_is_given_up() {
        let (io, _other) = duplex(LEAST_TAKEN_BYTES);
        let mut bounded = Bounded::new(io, limits(Duration::from_millis(1)));
        let error = bounded.write_all(&vec![b'a'; 2 * LEAST_TAKEN_BYTES]).await;
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
