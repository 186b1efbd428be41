//! `GET /`: what this is, and who is here; and the files that the pages need.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::saml::origin;
use crate::demo::pages::{HomePage, SignedIn, page_with_form_to};
use crate::demo::provider::DemoProvider;
use crate::domain::EntityId;

/// `GET /`.
pub(in crate::demo) async fn home(provider: web::Data<DemoProvider>) -> HttpResponse {
    let clients = provider.clients().iter();
    let service_providers = provider.saml().registered();
    let template = HomePage {
        issuer: provider.issuer().as_str(),
        people: provider.people(),
        clients: clients.map(|client| client.id.as_str()).collect(),
        service_providers: service_providers.iter().map(EntityId::as_str).collect(),
        signed_in: signed_in(&provider),
        speaks_to_sts: provider.saml().sts().is_some(),
        has_unpublished_key: provider.has_unpublished_key(),
    };
    // A sign-out leads to them.
    let origins: Vec<_> = provider
        .saml()
        .logout_addresses()
        .iter()
        .map(origin)
        .collect();
    page_with_form_to(&origins, StatusCode::OK, &template)
}

/// Who has sessions by SAML, and how many.
fn signed_in(provider: &DemoProvider) -> Vec<SignedIn<'_>> {
    let open = provider.saml().open_sessions();
    let everybody = provider.people().iter().map(|person| {
        let theirs = open.iter().filter(|session| session.person == person.key);
        SignedIn {
            person,
            sessions: theirs.count(),
        }
    });
    everybody.filter(|them| them.sessions > 0).collect()
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
