//! Taking connections: what [`actix_web::HttpServer`] does, on connections that are bounded.
//!
//! ```text
//! TcpListener ─ (TLS) ─ Bounded ─ HTTP/1.1 ─ App
//! ```

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{Extensions, HttpService, Protocol, Request};
use actix_server::{GracefulShutdownSignal, Server, ServerBuilder};
use actix_service::{Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::rt::net::TcpStream;
use rustls::ServerConfig;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::http::edge::{Bounded, ConnectionLimits, Queue, Readable};
use crate::metrics::Open;

/// Connections that wait to be taken.
const BACKLOG: i32 = 1024;
/// After an answer to a request whose body was not read, the connection is read for so long, so that
/// the other side sees the answer before the end.
const LINGER: Duration = Duration::from_secs(1);

/// How a listener is served.
#[derive(Debug, Clone)]
pub(super) struct Listening {
    /// Threads.
    pub(super) workers: NonZeroUsize,
    /// Connections open at once, of each worker.
    pub(super) connections: usize,
    /// How long each may be held.
    pub(super) limits: ConnectionLimits,
    /// Where requests wait for each worker.
    pub(super) queue: Queue,
    /// For so long a stopping node finishes what was begun.
    pub(super) drain: Duration,
}

/// HTTP on whatever carries it.
#[derive(Clone)]
struct Http<A> {
    app: A,
    address: SocketAddr,
    limits: ConnectionLimits,
    queue: Queue,
    /// How many connections there are.
    open: Arc<Open>,
    stop: GracefulShutdownSignal,
}

/// Serves the app to whoever connects, by TLS where there are settings for it.
pub(super) fn listen<A, S, B>(
    (listener, open): (TcpListener, Arc<Open>),
    listening: Listening,
    tls: Option<ServerConfig>,
    app: A,
) -> io::Result<Server>
where
    A: Fn() -> S + Clone + Send + 'static,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error>
        + 'static,
    S::InitError: std::fmt::Debug,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let address = listener.local_addr()?;
    let socket = SockRef::from(&listener);
    socket.listen(BACKLOG)?;
    // Of what the node has let go of, the system forgets what nobody takes. Connections inherit it.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(listening.limits.taking))?;
    let builder = ServerBuilder::new()
        .disable_signals()
        .workers(listening.workers.get())
        .max_concurrent_connections(listening.connections)
        .shutdown_timeout(listening.drain.as_secs());
    let http = Http {
        app,
        address,
        limits: listening.limits,
        queue: listening.queue,
        open,
        stop: builder.graceful_shutdown_signal(),
    };
    let name = address.to_string();
    let builder = match tls.map(acceptor) {
        None => builder.listen(name, listener, move || http.plain())?,
        Some(acceptor) => builder.listen(name, listener, move || http.secure(&acceptor))?,
    };
    Ok(builder.run())
}

fn acceptor(mut tls: ServerConfig) -> Acceptor {
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Acceptor::new(tls)
}

impl<A, S, B> Http<A>
where
    A: Fn() -> S,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error>
        + 'static,
    S::InitError: std::fmt::Debug,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    fn plain(
        &self,
    ) -> impl ServiceFactory<TcpStream, Config = (), Response = (), InitError = ()> + use<A, S, B>
    {
        let bound = self.bound();
        fn_service(move |io: TcpStream| {
            let peer = io.peer_addr().ok();
            let io = bound(io);
            async move { Ok((io, Protocol::Http1, peer)) }
        })
        .and_then(self.http())
    }

    fn secure(
        &self,
        acceptor: &Acceptor,
    ) -> impl ServiceFactory<TcpStream, Config = (), Response = (), InitError = ()> + use<A, S, B>
    {
        let bound = self.bound();
        let bounded = fn_service(move |io: TlsStream<TcpStream>| {
            let peer = io.get_ref().0.peer_addr().ok();
            let io = bound(io);
            async move { Ok((io, Protocol::Http1, peer)) }
        });
        acceptor
            .clone()
            .map_err(drop)
            .and_then(bounded)
            .and_then(self.http().map_err(drop))
    }

    /// Holds a connection to the limits, and counts it.
    fn bound<T>(&self) -> impl Fn(T) -> Bounded<T> + Clone + use<T, A, S, B> {
        let (limits, open, queue) = (self.limits, Arc::clone(&self.open), self.queue.clone());
        move |io| {
            Bounded::new(io, limits)
                .counted_as(open.one())
                .waiting_in(queue.clone())
        }
    }

    fn http<T: AsyncRead + AsyncWrite + Readable + Unpin + 'static>(
        &self,
    ) -> impl ServiceFactory<
        (Bounded<T>, Protocol, Option<SocketAddr>),
        Config = (),
        Response = (),
        Error = DispatchError,
        InitError = (),
    > + use<T, A, S, B> {
        let stop = self.stop.clone();
        HttpService::build()
            .graceful_shutdown_signal(move || {
                let stop = stop.clone();
                async move { stop.notified().await }
            })
            .keep_alive(self.limits.idle)
            .client_request_timeout(self.limits.head)
            .client_disconnect_timeout(LINGER)
            .local_addr(self.address)
            .on_connect_ext(|io: &Bounded<T>, data: &mut Extensions| {
                data.insert(io.connection());
            })
            .finish(map_config((self.app)(), |()| AppConfig::default()))
    }
}
