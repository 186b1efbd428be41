//! The demo provider on a listener.

use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::body::MessageBody;
use actix_web::dev::{ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::http::header::HOST;
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpServer, error, web};
use tokio::task::JoinHandle;

use super::endpoints::{
    authorize, discovery, home, mint, publish, saml, saml_logout, sign_out, token, userinfo,
};
use super::provider::DemoProvider;

/// A request body is at most this many bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// A stop waits this many seconds for the requests that are under way.
const SHUTDOWN_SECONDS: u64 = 2;

/// How the provider is spoken to.
#[derive(Debug)]
pub enum Transport {
    /// Plain HTTP, for loopback.
    Plain,
    /// TLS.
    Tls(Box<rustls::ServerConfig>),
}

/// A provider that runs until it is stopped or this value is dropped.
#[derive(Debug)]
pub struct RunningDemo {
    address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
}

impl RunningDemo {
    /// Where the provider listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends after the requests that are under way, two seconds at most.
    pub async fn stop(mut self) -> io::Result<()> {
        self.handle.stop(true).await;
        (&mut self.serving).await.map_err(io::Error::other)?
    }
}

impl Drop for RunningDemo {
    fn drop(&mut self) {
        // The command is sent here; the future would only wait for its end.
        drop(self.handle.stop(false));
    }
}

/// Serves `provider` on `listener`, on the running tokio runtime.
///
/// # Errors
/// Where the listener can't be used.
pub fn run(
    provider: web::Data<DemoProvider>,
    listener: TcpListener,
    transport: Transport,
) -> io::Result<RunningDemo> {
    let address = listener.local_addr()?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(provider.clone())
            .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
            .wrap(from_fn(only_own_host))
            .configure(routes)
            .configure(saml_routes)
    });
    let server = server
        .workers(1)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals();
    let server = match transport {
        Transport::Plain => server.listen(listener)?,
        Transport::Tls(config) => server.listen_rustls_0_23(listener, *config)?,
    };
    let server = server.run();
    Ok(RunningDemo {
        address,
        handle: server.handle(),
        serving: tokio::spawn(server),
    })
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(home::home))
        .route("/demo.css", web::get().to(home::style))
        .route("/demo.js", web::get().to(home::script))
        .route("/demo.svg", web::get().to(home::icon))
        .route("/demo/token", web::get().to(mint::token))
        .route("/demo/saml-response", web::get().to(mint::saml_response))
        .route("/demo/publish-keys", web::post().to(publish::keys))
        .route("/jwks", web::get().to(discovery::jwks))
        .route("/authorize", web::get().to(authorize::show))
        .route("/authorize", web::post().to(authorize::show_posted))
        .route("/authorize/choose", web::post().to(authorize::choose))
        .route("/token", web::post().to(token::redeem))
        .route("/userinfo", web::get().to(userinfo::userinfo))
        .route("/userinfo", web::post().to(userinfo::userinfo))
        .route("/end-session", web::get().to(sign_out::asked))
        .route("/end-session", web::post().to(sign_out::posted))
        .route(
            "/.well-known/openid-configuration",
            web::get().to(discovery::configuration),
        );
}

fn saml_routes(config: &mut web::ServiceConfig) {
    config
        .route("/saml/metadata", web::get().to(saml::metadata))
        .route("/saml/sso", web::get().to(saml::redirected))
        .route("/saml/sso", web::post().to(saml::posted))
        .route("/saml/sso/choose", web::post().to(saml::choose))
        .route("/saml/start", web::get().to(saml::start))
        .route("/saml/logout", web::get().to(saml_logout::redirected))
        .route("/saml/logout", web::post().to(saml_logout::posted))
        .route("/saml/sign-out", web::post().to(saml_logout::begin));
}

/// Answers only requests for the issuer's own host, so that no other site can make its name lead
/// here and read the proofs that the provider gives to anybody.
async fn only_own_host(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let provider = request.app_data::<web::Data<DemoProvider>>();
    let own = provider.map(|provider| provider.issuer().without_scheme());
    let named = request.headers().get(HOST);
    let named = named.and_then(|host| host.to_str().ok());
    if named.is_some() && named == own {
        next.call(request).await
    } else {
        let told = "the demo provider answers only at the address of its issuer";
        Err(error::ErrorMisdirectedRequest(told))
    }
}
