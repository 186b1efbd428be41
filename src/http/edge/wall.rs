//! What every request passes on its way in, and every answer on its way out.
//!
//! ```text
//! request ─ plain HTTP? ─ readable in one way only? ─> handler ─ panicked? ─ headers ─> answer
//! ```
//! One layer, because each takes a noticeable part of the time that a call to STS takes.

use std::panic::AssertUnwindSafe;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse};
use futures_util::FutureExt as _;

use super::{Transport, guard, transport};

/// What a listener's [`wall`] goes by; every worker has its own.
#[derive(Debug, Clone)]
pub struct Wall {
    /// Who may speak to the listener.
    pub transport: Transport,
    /// What every answer carries, unless it says something else under the same name.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// Refuses plain HTTP from everybody but trusted proxies, and what a proxy could read differently;
/// answers 500 where a handler panics, after which its worker goes on; adds the headers of every
/// answer. A listener without a [`Wall`] refuses everybody.
///
/// # Errors
/// Those of `next`, and the answer to a panic, which comes without the headers of every answer.
pub async fn wall<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let mut answer = match refusal(&request) {
        Some(response) => request.into_response(response).map_into_right_body(),
        None => match AssertUnwindSafe(next.call(request)).catch_unwind().await {
            Ok(answer) => answer?.map_into_left_body(),
            Err(_) => return Err(guard::panicked()),
        },
    };
    add_headers(&mut answer);
    Ok(answer)
}

fn refusal(request: &ServiceRequest) -> Option<HttpResponse> {
    let wall = request.app_data::<Data<Wall>>();
    let admits = wall.is_some_and(|wall| wall.transport.admits(request));
    if admits {
        guard::refusal(request.head())
    } else {
        Some(transport::refusal())
    }
}

fn add_headers<B>(answer: &mut ServiceResponse<B>) {
    let Some(wall) = answer.request().app_data::<Data<Wall>>().cloned() else {
        return;
    };
    let present = answer.headers_mut();
    for (name, value) in &wall.headers {
        if !present.contains_key(name) {
            present.insert(name.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use actix_web::http::header::{REFERRER_POLICY, X_FRAME_OPTIONS};
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    use super::*;
    use crate::http::edge::TrustedProxies;

    fn behind_proxies(listen: &str) -> Wall {
        wall_of(listen, Transport::plain)
    }

    fn wall_of(listen: &str, transport: fn(SocketAddr, &Arc<TrustedProxies>) -> Transport) -> Wall {
        let networks = vec!["10.0.0.0/8".parse().unwrap()];
        let proxies = Arc::new(TrustedProxies::new(networks, false));
        Wall {
            transport: transport(listen.parse().unwrap(), &proxies),
            headers: vec![
                (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
                (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            ],
        }
    }

    async fn answer(
        wall_of: Option<Wall>,
        peer: &str,
        path: &str,
    ) -> ServiceResponse<impl MessageBody> {
        let answer = async || {
            let mut answer = HttpResponse::Ok();
            answer.insert_header((REFERRER_POLICY, "no-referrer"));
            answer.finish()
        };
        let app = App::new()
            .configure(|config| {
                if let Some(wall) = wall_of {
                    config.app_data(Data::new(wall));
                }
            })
            .default_service(web::to(answer))
            .wrap(from_fn(wall));
        let app = init_service(app).await;
        let request = TestRequest::with_uri(path).peer_addr(peer.parse().unwrap());
        let request = request.append_header(("x-forwarded-for", "10.0.0.1"));
        call_service(&app, request.to_request()).await
    }

    async fn status(wall: Option<Wall>, peer: &str, path: &str) -> u16 {
        answer(wall, peer, path).await.status().into()
    }

    #[actix_web::test]
    async fn plain_http_is_for_trusted_proxies() {
        let open = || Some(behind_proxies("0.0.0.0:8080"));
        assert_eq!(status(open(), "10.0.0.1:1", "/").await, 200);
        assert_eq!(status(open(), "[::ffff:10.0.0.1]:1", "/").await, 200);
        assert_eq!(status(open(), "192.0.2.1:1", "/").await, 403);
        assert_eq!(status(open(), "127.0.0.1:1", "/").await, 403);
    }

    #[actix_web::test]
    async fn operators_may_ask_in_plain_http_on_the_machine_itself() {
        let open = || Some(wall_of("0.0.0.0:8081", Transport::plain_for_operators));
        for peer in [
            "127.0.0.1:1",
            "[::1]:1",
            "[::ffff:127.0.0.1]:1",
            "10.0.0.1:1",
        ] {
            assert_eq!(status(open(), peer, "/").await, 200, "{peer}");
        }
        for peer in ["192.0.2.1:1", "127.0.0.6:1"] {
            assert_eq!(status(open(), peer, "/").await, 403, "{peer}");
        }
    }

    #[actix_web::test]
    async fn health_is_told_to_everybody() {
        for path in ["/healthz", "/readyz"] {
            let open = Some(behind_proxies("0.0.0.0:8080"));
            assert_eq!(status(open, "192.0.2.1:1", path).await, 200, "{path}");
        }
        let open = Some(behind_proxies("0.0.0.0:8080"));
        assert_eq!(status(open, "192.0.2.1:1", "/healthz/x").await, 403);
    }

    #[actix_web::test]
    async fn on_loopback_plain_http_is_for_everybody() {
        for listen in ["127.0.0.1:8080", "[::1]:8080"] {
            let private = Some(behind_proxies(listen));
            assert_eq!(status(private, "192.0.2.1:1", "/").await, 200, "{listen}");
        }
        assert_eq!(status(None, "127.0.0.1:1", "/").await, 403);
    }

    #[actix_web::test]
    async fn every_answer_has_the_headers_and_may_say_more_precisely() {
        for (peer, status, policy) in [
            ("10.0.0.1:1", 200, "no-referrer"),
            ("192.0.2.1:1", 403, "same-origin"),
        ] {
            let wall = Some(behind_proxies("0.0.0.0:8080"));
            let answer = answer(wall, peer, "/").await;
            assert_eq!(answer.status(), status);
            let header = |name| answer.headers().get(name).map(HeaderValue::as_bytes);
            assert_eq!(header(X_FRAME_OPTIONS), Some(&b"DENY"[..]));
            assert_eq!(header(REFERRER_POLICY), Some(policy.as_bytes()));
        }
    }
}
