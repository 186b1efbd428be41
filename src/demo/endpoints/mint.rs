//! `GET /demo/token?person=ines&audience=CLIENT`: an id_token for a command line.
//!
//! No real provider has this: it stands for the token file that a workload would be given.

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

fn status(error: DemoError) -> HttpResponseBuilder {
    match error {
        DemoError::UnknownPerson | DemoError::UnknownClient => HttpResponse::BadRequest(),
        DemoError::IssuerHasPath | DemoError::Key(_) => HttpResponse::InternalServerError(),
    }
}

fn plain(mut response: HttpResponseBuilder, text: String) -> HttpResponse {
    response
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(text)
}
