//! Plain HTTP only where it stays on the machine or behind a proxy (decision 14).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::ConnectionType;

use super::TrustedProxies;

/// What a load balancer and an operator ask; it is no secret.
const OPEN_PATHS: [&str; 2] = ["/healthz", "/readyz"];

/// The addresses from which the machine calls itself. A service mesh's sidecar calls from another one of 127.0.0.0/8,
/// for whoever is in the mesh.
const HERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

/// Who may speak to a listener.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Everybody: it speaks TLS, or only this machine reaches it.
    Private,
    /// Trusted proxies: it speaks plain HTTP where others reach it.
    PlainHttp(Arc<TrustedProxies>),
    /// Likewise, and whoever is on this machine. A listener for operators has nobody in front who comes from here
    /// and speaks for others.
    PlainHttpForOperators(Arc<TrustedProxies>),
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

    /// Of a listener without TLS at this address, where only operators ask.
    pub fn plain_for_operators(listen: SocketAddr, proxies: &Arc<TrustedProxies>) -> Self {
        match Self::plain(listen, proxies) {
            Self::PlainHttp(proxies) => Self::PlainHttpForOperators(proxies),
            other => other,
        }
    }

    pub(super) fn admits(&self, request: &ServiceRequest) -> bool {
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        let is_trusted = |proxies: &TrustedProxies| peer.is_some_and(|peer| proxies.trusts(peer));
        OPEN_PATHS.contains(&request.path())
            || match self {
                Self::Private => true,
                Self::PlainHttp(proxies) => is_trusted(proxies),
                Self::PlainHttpForOperators(proxies) => {
                    is_trusted(proxies) || peer.is_some_and(|peer| HERE.contains(&peer))
                }
            }
    }
}

/// What everybody else is told: an answer would travel in the clear.
pub(super) fn refusal() -> HttpResponse {
    let mut response = HttpResponse::Forbidden()
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("Content-Type", "text/plain; charset=utf-8"))
        .body("plain HTTP is answered to the proxies in trusted_proxies only; come by one of them, or by https");
    response
        .head_mut()
        .set_connection_type(ConnectionType::Close);
    response
}
