//! Proofs for a command line: `GET /demo/token?person=ines&audience=CLIENT` gives an id_token,
//! `GET /demo/saml-response?person=ines` a SAML response for STS in base64.
//!
//! No real provider has these: they stand for the token file that a workload would be given, and for
//! the response that a tool fishes out of a browser.

use actix_web::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

use crate::demo::parameters::Parameters;
use crate::demo::provider::{DemoError, DemoProvider, Overrides};

/// `GET /demo/token`.
pub(in crate::demo) async fn token(
    request: HttpRequest,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    let Ok(parameters) = Parameters::parse(request.query_string().as_bytes()) else {
        let told = "person and audience must each be given once".to_owned();
        return plain(HttpResponse::BadRequest(), told);
    };
    let person = parameters.value("person").unwrap_or_default();
    let audience = parameters.value("audience").unwrap_or_default();
    let now = provider.clock.now();
    match provider.mint(person, audience, now, &Overrides::default()) {
        Ok(token) => plain(HttpResponse::Ok(), token),
        Err(error) => plain(status(error), error.to_string()),
    }
}

/// `GET /demo/saml-response`.
pub(in crate::demo) async fn saml_response(
    request: HttpRequest,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    let parameters = Parameters::parse(request.query_string().as_bytes()).ok();
    let person = parameters.as_ref().and_then(|them| them.value("person"));
    let Some(person) = provider.person(person.unwrap_or_default()) else {
        return plain(
            HttpResponse::BadRequest(),
            DemoError::UnknownPerson.to_string(),
        );
    };
    match provider.saml().response_for_sts(person) {
        Ok(Some(response)) => plain(HttpResponse::Ok(), response),
        Ok(None) => plain(
            HttpResponse::NotFound(),
            "the demo provider knows no STS".to_owned(),
        ),
        Err(error) => plain(HttpResponse::InternalServerError(), error.to_string()),
    }
}

fn status(error: DemoError) -> HttpResponseBuilder {
    match error {
        DemoError::UnknownPerson | DemoError::UnknownClient => HttpResponse::BadRequest(),
        DemoError::IssuerHasPath
        | DemoError::Key(_)
        | DemoError::Ticket
        | DemoError::SamlKey(_)
        | DemoError::Value(_) => HttpResponse::InternalServerError(),
    }
}

fn plain(mut response: HttpResponseBuilder, text: String) -> HttpResponse {
    response
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(text)
}
