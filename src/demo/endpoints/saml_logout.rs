//! Sign-outs by SAML: `/saml/logout` takes the messages of service providers, `/saml/sign-out` begins.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};

use super::saml::form_page;
use crate::demo::pages::{MessagePage, page};
use crate::demo::parameters::Parameters;
use crate::demo::provider::DemoProvider;
use crate::demo::saml::{Answered, Departure, Incoming, LogoutFault, Success};
use crate::federation::saml::redirect::MessageKind;

/// `GET /saml/logout`: the redirect binding.
pub(in crate::demo) async fn redirected(
    request: HttpRequest,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    let incoming = Incoming::Redirect(request.query_string());
    // What the query itself says counts.
    gone_on(&provider, &incoming, MessageKind::Request)
}

/// `POST /saml/logout`: the POST binding.
pub(in crate::demo) async fn posted(
    body: web::Bytes,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    let Ok(parameters) = Parameters::parse(&body) else {
        return refused(&LogoutFault::Form);
    };
    let (kind, message) = match (
        parameters.value("SAMLRequest"),
        parameters.value("SAMLResponse"),
    ) {
        (Some(message), None) => (MessageKind::Request, message),
        (None, Some(message)) => (MessageKind::Response, message),
        (None, None) | (Some(_), Some(_)) => return refused(&LogoutFault::Form),
    };
    let incoming = Incoming::Post(message, parameters.value("RelayState"));
    gone_on(&provider, &incoming, kind)
}

/// `POST /saml/sign-out`: a person is signed out wherever they are signed in.
pub(in crate::demo) async fn begin(
    body: web::Bytes,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    let parameters = Parameters::parse(&body).ok();
    let person = parameters.as_ref().and_then(|them| them.value("person"));
    next(&provider, person.unwrap_or_default())
}

fn gone_on(provider: &DemoProvider, incoming: &Incoming<'_>, kind: MessageKind) -> HttpResponse {
    match provider.saml().log_out_by(incoming, kind) {
        Ok(Answered::Back(departure)) => sent(departure),
        Ok(Answered::Over {
            person,
            succeeded: Success::Yes,
        }) => next(provider, &person),
        Ok(Answered::Over { .. }) => page(
            StatusCode::OK,
            &MessagePage {
                title: "Signed out here",
                text: "The session here is over, but the service provider says that it could not \
                       end its own.",
            },
        ),
        Err(fault) => refused(&fault),
    }
}

/// On to the next service provider, until there is none.
fn next(provider: &DemoProvider, person: &str) -> HttpResponse {
    match provider.saml().log_out(person) {
        Ok(Some(departure)) => sent(departure),
        Ok(None) => page(
            StatusCode::OK,
            &MessagePage {
                title: "Signed out everywhere",
                text: "No session is left here, and every service provider was told.",
            },
        ),
        Err(fault) => refused(&fault),
    }
}

fn sent(departure: Departure) -> HttpResponse {
    match departure {
        Departure::Redirect(url) => HttpResponse::SeeOther()
            .insert_header((LOCATION, url))
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish(),
        Departure::Post(form) => form_page(&form),
    }
}

fn refused(fault: &LogoutFault) -> HttpResponse {
    let template = MessagePage {
        title: "This sign-out can’t go on",
        text: &fault.to_string(),
    };
    page(StatusCode::BAD_REQUEST, &template)
}
