//! `GET /`: what this is, and who is here; and the files that the pages need.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::demo::pages::{HomePage, page};
use crate::demo::provider::DemoProvider;

/// `GET /`.
pub(in crate::demo) async fn home(provider: web::Data<DemoProvider>) -> HttpResponse {
    let clients = provider.clients().iter();
    let template = HomePage {
        issuer: provider.issuer().as_str(),
        people: provider.people(),
        clients: clients.map(|client| client.id.as_str()).collect(),
    };
    page(StatusCode::OK, &template)
}

/// `GET /demo.css`.
pub(in crate::demo) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .body(include_str!("../../../static/demo.css"))
}

/// `GET /demo.js`.
pub(in crate::demo) async fn script() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .body(include_str!("../../../static/demo.js"))
}

/// `GET /demo.svg`.
pub(in crate::demo) async fn icon() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .body(include_str!("../../../static/demo.svg"))
}
