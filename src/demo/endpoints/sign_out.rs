//! `/end-session`: a client's person signs out (RP-Initiated Logout 1.0), or is signed out of all clients here.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::demo::client::{Client, ClientKind, RedirectUri};
use crate::demo::pages::{EndSessionPage, MessagePage, SignedIn, page};
use crate::demo::parameters::Parameters;
use crate::demo::provider::DemoProvider;

/// `GET /end-session`.
pub(in crate::demo) async fn asked(
    request: HttpRequest,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    if request.query_string().is_empty() {
        return who_is_signed_in(&provider);
    }
    signed_out(&provider, request.query_string().as_bytes()).await
}

/// `POST /end-session`.
pub(in crate::demo) async fn posted(
    body: web::Bytes,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    signed_out(&provider, &body).await
}

async fn signed_out(provider: &DemoProvider, encoded: &[u8]) -> HttpResponse {
    let Ok(parameters) = Parameters::parse(encoded) else {
        return told(
            "This sign-out can’t go on",
            "A parameter is given more than once.",
        );
    };
    if let Some(person) = parameters.value("person") {
        return everywhere(provider, person).await;
    }
    let hint = parameters.value("id_token_hint");
    let session = hint.and_then(|hint| provider.oidc.take_by(hint));
    if let Some((sid, session)) = &session {
        provider.tell(sid, session).await;
    }
    let client = parameters.value("client_id");
    let client = client.and_then(|id| provider.client(id));
    let back = parameters.value("post_logout_redirect_uri");
    match client
        .zip(back)
        .and_then(|(client, back)| own(client, back))
    {
        Some(back) => sent_back(&back, parameters.value("state")),
        None => told(
            "You are signed out",
            "The client named no address to go back to that is its own.",
        ),
    }
}

/// Signs a person out of every client, which each is told.
async fn everywhere(provider: &DemoProvider, person: &str) -> HttpResponse {
    let sessions = provider.oidc.take_of(person);
    let mut taken = 0;
    for (sid, session) in &sessions {
        taken += usize::from(provider.tell(sid, session).await);
    }
    let text = format!(
        "Sessions that are over here: {}. Clients that were told, and ended theirs: {taken}.",
        sessions.len()
    );
    told("Signed out everywhere", &text)
}

/// An address that is at the origin of one that is registered for the client.
fn own(client: &Client, address: &str) -> Option<RedirectUri> {
    let address: RedirectUri = address.parse().ok()?;
    let ClientKind::Web { redirect_uris, .. } = &client.kind else {
        return None;
    };
    let is_own = redirect_uris
        .iter()
        .any(|registered| registered.origin() == address.origin());
    is_own.then_some(address)
}

fn sent_back(address: &RedirectUri, state: Option<&str>) -> HttpResponse {
    let state = state.map(|state| ("state", state));
    let parameters: Vec<_> = state.into_iter().collect();
    HttpResponse::SeeOther()
        .insert_header((LOCATION, address.with_query(&parameters)))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}

fn who_is_signed_in(provider: &DemoProvider) -> HttpResponse {
    let everybody = provider.people().iter().map(|person| SignedIn {
        person,
        sessions: provider.oidc.of(person),
    });
    let template = EndSessionPage {
        signed_in: everybody.filter(|them| them.sessions > 0).collect(),
    };
    page(StatusCode::OK, &template)
}

fn told(title: &str, text: &str) -> HttpResponse {
    page(StatusCode::OK, &MessagePage { title, text })
}
