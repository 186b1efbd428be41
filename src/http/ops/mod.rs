//! What an operator and a load balancer ask: `/healthz` and `/readyz`, and where operators have a listener
//! of their own, `/metrics`.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data, ServiceConfig};

use super::edge::Edge;
use crate::flows::{Observe, Readiness};
use crate::metrics::Metrics;

/// Who may come to the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everybody: `/readyz` says which checks hold.
    Everybody,
    /// Operators, on a listener of their own: it says also what is wrong.
    Operators,
}

/// The flows behind these routes.
#[derive(Clone)]
pub struct OpsApi {
    /// Who may come.
    pub audience: Audience,
    /// The edge, for the time.
    pub edge: Edge,
    /// Says whether this node is ready.
    pub readiness: Readiness,
    /// Tells what was counted and measured.
    pub observe: Observe,
}

/// Adds the routes. They are served under any host: a load balancer asks by address.
pub fn routes(config: &mut ServiceConfig) {
    for method in [Method::GET, Method::HEAD] {
        config
            .route("/healthz", web::method(method.clone()).to(healthz))
            .route("/readyz", web::method(method).to(readyz));
    }
}

/// Adds what strangers may not ask, for a listener that only operators reach.
pub fn operators_routes(config: &mut ServiceConfig) {
    for method in [Method::GET, Method::HEAD] {
        config.route("/metrics", web::method(method).to(metrics));
    }
}

/// What was counted and measured, in Prometheus' text format.
async fn metrics(api: Data<OpsApi>) -> HttpResponse {
    match api.observe.text(api.edge.clock.now()) {
        Ok(text) => HttpResponse::Ok()
            .insert_header(("Cache-Control", "no-store"))
            .content_type(Metrics::CONTENT_TYPE)
            .body(text),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// 200 as long as the process answers.
async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .body("ok\n")
}

/// 200 where this node can do its work, 503 where it can't; the body says what is and isn't ready.
async fn readyz(api: Data<OpsApi>) -> HttpResponse {
    let report = api.readiness.report(api.edge.clock.now()).await;
    let report = match api.audience {
        Audience::Everybody => report.without_reasons(),
        Audience::Operators => report,
    };
    let mut response = if report.ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    response
        .insert_header(("Cache-Control", "no-store"))
        .json(report)
}
