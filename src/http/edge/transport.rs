//! Plain HTTP only where it stays on the machine or behind a proxy (decision 14).

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse};

use super::TrustedProxies;

/// What a load balancer and an operator ask; it is no secret.
const OPEN_PATHS: [&str; 2] = ["/healthz", "/readyz"];

/// Who may speak to a listener.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Everybody: it speaks TLS, or only this machine reaches it.
    Private,
    /// Trusted proxies: it speaks plain HTTP where others reach it.
    PlainHttp(Arc<TrustedProxies>),
}

impl Transport {
    /// Of a listener without TLS at this address.
    pub fn plain(listen: SocketAddr, proxies: &Arc<TrustedProxies>) -> Self {
        if listen.ip().to_canonical().is_loopback() {
            Self::Private
        } else {
            Self::PlainHttp(Arc::clone(proxies))
        }
    }

    fn admits(&self, request: &ServiceRequest) -> bool {
        let Self::PlainHttp(proxies) = self else {
            return true;
        };
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        OPEN_PATHS.contains(&request.path()) || peer.is_some_and(|peer| proxies.trusts(peer))
    }
}

/// Refuses plain HTTP from everybody but trusted proxies: what they were given would travel in the
/// clear. A listener of which nothing is known refuses everybody.
///
/// # Errors
/// Those of `next`.
pub async fn refuse_plain_http<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let transport = request.app_data::<Data<Transport>>();
    if transport.is_some_and(|transport| transport.admits(&request)) {
        let answer = next.call(request).await?;
        return Ok(answer.map_into_left_body());
    }
    let mut response = HttpResponse::Forbidden()
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("Content-Type", "text/plain; charset=utf-8"))
        .body("plain HTTP is answered to the proxies in trusted_proxies only; come by one of them, or by https");
    response
        .head_mut()
        .set_connection_type(actix_web::http::ConnectionType::Close);
    Ok(request.into_response(response).map_into_right_body())
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    use super::*;

    fn transport(listen: &str) -> Transport {
        let networks = vec!["10.0.0.0/8".parse().unwrap()];
        let proxies = Arc::new(TrustedProxies::new(networks, false));
        Transport::plain(listen.parse().unwrap(), &proxies)
    }

    async fn status(transport: Option<Transport>, peer: &str, path: &str) -> u16 {
        let app = App::new()
            .configure(|config| {
                if let Some(transport) = transport {
                    config.app_data(Data::new(transport));
                }
            })
            .default_service(web::to(HttpResponse::Ok))
            .wrap(from_fn(refuse_plain_http));
        let app = init_service(app).await;
        let request = TestRequest::with_uri(path).peer_addr(peer.parse().unwrap());
        let request = request.append_header(("x-forwarded-for", "10.0.0.1"));
        call_service(&app, request.to_request())
            .await
            .status()
            .into()
    }

    #[actix_web::test]
    async fn plain_http_is_for_trusted_proxies() {
        let open = || Some(transport("0.0.0.0:8080"));
        assert_eq!(status(open(), "10.0.0.1:1", "/").await, 200);
        assert_eq!(status(open(), "[::ffff:10.0.0.1]:1", "/").await, 200);
        assert_eq!(status(open(), "192.0.2.1:1", "/").await, 403);
        assert_eq!(status(open(), "127.0.0.1:1", "/").await, 403);
    }

    #[actix_web::test]
    async fn health_is_told_to_everybody() {
        for path in OPEN_PATHS {
            let open = Some(transport("0.0.0.0:8080"));
            assert_eq!(status(open, "192.0.2.1:1", path).await, 200, "{path}");
        }
        let open = Some(transport("0.0.0.0:8080"));
        assert_eq!(status(open, "192.0.2.1:1", "/healthz/x").await, 403);
    }

    #[actix_web::test]
    async fn on_loopback_plain_http_is_for_everybody() {
        for listen in ["127.0.0.1:8080", "[::1]:8080"] {
            let private = Some(transport(listen));
            assert_eq!(status(private, "192.0.2.1:1", "/").await, 200, "{listen}");
        }
        assert_eq!(status(None, "127.0.0.1:1", "/").await, 403);
    }
}
