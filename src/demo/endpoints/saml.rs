//! Sign-ins by SAML: `/saml/sso` and `/saml/start` show the people, `/saml/sso/choose` sends the
//! browser on with a response; and `/saml/metadata`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::demo::faults::{Choice, Protocol};
use crate::demo::pages::{ChoosePage, FormPostPage, MessagePage, page, page_with_form_to};
use crate::demo::parameters::Parameters;
use crate::demo::provider::DemoProvider;
use crate::demo::saml::{Asked, Incoming};
use crate::federation::saml::messages::PostForm;
use crate::federation::saml::vocabulary::EndpointUrl;

/// `GET /saml/metadata`.
pub(in crate::demo) async fn metadata(provider: web::Data<DemoProvider>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/samlmetadata+xml")
        .body(provider.saml().metadata())
}

/// `GET /saml/sso`: the redirect binding.
pub(in crate::demo) async fn redirected(
    request: HttpRequest,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    let incoming = Incoming::Redirect(request.query_string());
    match provider.saml().begin(&incoming) {
        Ok(asked) => shown(&provider, asked),
        Err(error) => not_shown(&error.to_string()),
    }
}

/// `POST /saml/sso`: the POST binding.
pub(in crate::demo) async fn posted(
    body: web::Bytes,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    let Ok(parameters) = Parameters::parse(&body) else {
        return not_shown(REPEATED);
    };
    let message = parameters.value("SAMLRequest").unwrap_or_default();
    let incoming = Incoming::Post(message, parameters.value("RelayState"));
    match provider.saml().begin(&incoming) {
        Ok(asked) => shown(&provider, asked),
        Err(error) => not_shown(&error.to_string()),
    }
}

/// `GET /saml/start?at=ENTITY`: the provider begins.
pub(in crate::demo) async fn start(
    request: HttpRequest,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    let Ok(parameters) = Parameters::parse(request.query_string().as_bytes()) else {
        return not_shown(REPEATED);
    };
    let at = parameters.value("at").unwrap_or_default();
    match provider.saml().begin_unasked(at) {
        Ok(asked) => shown(&provider, asked),
        Err(error) => not_shown(&error.to_string()),
    }
}

/// `POST /saml/sso/choose`: the sign-in that was kept, and a person or a fault.
pub(in crate::demo) async fn choose(
    body: web::Bytes,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    let Ok(parameters) = Parameters::parse(&body) else {
        return not_shown(REPEATED);
    };
    let ticket = parameters.value("ticket").unwrap_or_default();
    let Some(asked) = provider.saml().take(ticket) else {
        return not_shown("It was finished already, or begun more than ten minutes ago.");
    };
    let choice = Choice::read(&parameters, provider.people());
    match provider.saml().answer(&asked, choice.as_ref()) {
        Ok(form) => form_page(&form),
        Err(error) => not_shown(&error.to_string()),
    }
}

const REPEATED: &str = "A parameter is given more than once.";

fn shown(provider: &DemoProvider, asked: Asked) -> HttpResponse {
    let client = asked.service_provider().as_str().to_owned();
    let origin = origin(asked.consumer());
    let Ok(ticket) = provider.saml().keep(asked) else {
        return not_shown("Too many sign-ins are open; try again in a minute.");
    };
    let template = ChoosePage {
        client: &client,
        action: "/saml/sso/choose",
        parameters: vec![("ticket", &ticket)],
        people: provider.people(),
        protocol: Protocol::Saml,
        has_unpublished_key: provider.has_unpublished_key(),
    };
    page_with_form_to(&[origin], StatusCode::OK, &template)
}

/// The page that posts a message.
pub(super) fn form_page(form: &PostForm) -> HttpResponse {
    let mut parameters = vec![(form.field, form.message.as_str())];
    parameters.extend(
        form.relay_state
            .as_deref()
            .map(|state| ("RelayState", state)),
    );
    let template = FormPostPage {
        action: form.action.as_str(),
        parameters,
    };
    page_with_form_to(&[origin(&form.action)], StatusCode::OK, &template)
}

/// Scheme, host and port, as a Content-Security-Policy names them.
pub(super) fn origin(url: &EndpointUrl) -> String {
    let origin = url::Url::parse(url.as_str()).map(|url| url.origin().ascii_serialization());
    origin.unwrap_or_default()
}

fn not_shown(why: &str) -> HttpResponse {
    let template = MessagePage {
        title: "This sign-in can’t go on",
        text: why,
    };
    page(StatusCode::BAD_REQUEST, &template)
}
