//! `/authorize` shows the people; `/authorize/choose` sends the browser back with a code.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::demo::authorization::{
    AnswerTo, AuthorizationRequest, ClientError, Refusal, ResponseMode, Untrusted,
};
use crate::demo::faults::{Choice, Protocol};
use crate::demo::pages::{ChoosePage, FormPostPage, MessagePage, page, page_with_form_to};
use crate::demo::parameters::Parameters;
use crate::demo::provider::{CodeGrant, DemoProvider};

/// `GET /authorize`.
pub(in crate::demo) async fn show(
    request: HttpRequest,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    shown(&provider, request.query_string().as_bytes())
}

/// `POST /authorize` (OpenID Connect Core 1.0, section 3.1.2.1 asks for both).
pub(in crate::demo) async fn show_posted(
    body: web::Bytes,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    shown(&provider, &body)
}

/// `POST /authorize/choose`: the request again, and a person or a fault.
pub(in crate::demo) async fn choose(
    body: web::Bytes,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    let Ok(parameters) = Parameters::parse(&body) else {
        return not_shown(Untrusted::Repeated);
    };
    let request = match AuthorizationRequest::read(&provider, &parameters) {
        Ok(request) => request,
        Err(refusal) => return refused(&provider, refusal),
    };
    match Choice::read(&parameters, provider.people()) {
        Some(choice) => answered(&provider, request, choice),
        None => refused(&provider, Refusal::Answered(request.answer_to, NOBODY)),
    }
}

const NOBODY: ClientError = ClientError {
    code: "access_denied",
    description: "no person of this name was chosen",
};
const OVERLOADED: ClientError = ClientError {
    code: "temporarily_unavailable",
    description: "no code could be given; try again in a minute",
};

fn shown(provider: &DemoProvider, encoded: &[u8]) -> HttpResponse {
    let Ok(parameters) = Parameters::parse(encoded) else {
        return not_shown(Untrusted::Repeated);
    };
    let request = match AuthorizationRequest::read(provider, &parameters) {
        Ok(request) => request,
        Err(refusal) => return refused(provider, refusal),
    };
    let passed_on = parameters
        .iter()
        .filter(|(name, _)| !Choice::FIELDS.contains(name));
    let template = ChoosePage {
        client: request.client.id.as_str(),
        action: "/authorize/choose",
        parameters: passed_on.collect(),
        people: provider.people(),
        protocol: Protocol::Oidc,
        has_unpublished_key: provider.has_unpublished_key(),
    };
    let origin = request.answer_to.redirect_uri.origin();
    page_with_form_to(&[origin], StatusCode::OK, &template)
}

fn answered(
    provider: &DemoProvider,
    request: AuthorizationRequest<'_>,
    choice: Choice,
) -> HttpResponse {
    let AuthorizationRequest {
        client,
        answer_to,
        challenge,
        nonce,
    } = request;
    let grant = CodeGrant {
        client: client.id.clone(),
        redirect_uri: answer_to.redirect_uri.as_str().to_owned(),
        challenge,
        nonce,
        choice,
    };
    let now = provider.clock.now();
    match provider.codes.give(grant, now, provider.entropy.as_ref()) {
        Ok(code) => answer(provider, &answer_to, &[("code", &code)]),
        Err(_) => refused(provider, Refusal::Answered(answer_to, OVERLOADED)),
    }
}

fn refused(provider: &DemoProvider, refusal: Refusal<'_>) -> HttpResponse {
    match refusal {
        Refusal::Shown(untrusted) => not_shown(untrusted),
        Refusal::Answered(answer_to, error) => {
            let parameters = [
                ("error", error.code),
                ("error_description", error.description),
            ];
            answer(provider, &answer_to, &parameters)
        }
    }
}

/// Sends the browser back with `parameters`, the state and the issuer (RFC 9207).
fn answer(provider: &DemoProvider, to: &AnswerTo<'_>, parameters: &[(&str, &str)]) -> HttpResponse {
    let mut parameters = parameters.to_vec();
    if let Some(state) = &to.state {
        parameters.push(("state", state));
    }
    parameters.push(("iss", provider.issuer().as_str()));
    match to.mode {
        // 303, so that a browser that posted asks with GET (RFC 9700, section 4.12).
        ResponseMode::Query => HttpResponse::SeeOther()
            .insert_header((LOCATION, to.redirect_uri.with_query(&parameters)))
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish(),
        ResponseMode::FormPost => {
            let action = to.redirect_uri.as_str();
            let template = FormPostPage { action, parameters };
            page_with_form_to(&[to.redirect_uri.origin()], StatusCode::OK, &template)
        }
    }
}

fn not_shown(untrusted: Untrusted) -> HttpResponse {
    let template = MessagePage {
        title: "This sign-in can’t go on",
        text: &untrusted.to_string(),
    };
    page(StatusCode::BAD_REQUEST, &template)
}
