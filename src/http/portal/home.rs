//! The first page: how to sign in, or on to the roles.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::error::PortalError;
use super::pages::{AddressProblem, ConnectionChoice, SignInPage};
use super::respond::{content_security_policy, page, redirect};
use super::{Api, PortalApi, cookies, go};
use crate::domain::{ConnectionId, LocalPath};
use crate::flows::{RequestMeta, WayToSignIn};

/// With more connections than this the page asks for an e-mail address first, where one leads anywhere.
const MANY_CONNECTIONS: usize = 4;

/// Where a sign-in should lead.
#[derive(Deserialize)]
struct ReturnTo {
    return_to: Option<String>,
}

/// What the page is to show beside the ways to sign in.
#[derive(Default)]
pub(super) struct Choosing {
    /// Where the sign-in should lead.
    pub(super) return_to: Option<LocalPath>,
    /// Why the address that was given led nowhere.
    pub(super) problem: Option<AddressProblem>,
}

pub(super) async fn home(
    api: &PortalApi,
    request: &HttpRequest,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    match api.session(request, meta).await? {
        Some(_) => Ok(redirect("/roles")),
        None => sign_in(api, request, meta),
    }
}

pub(super) async fn sign_in_page(api: Api, request: HttpRequest) -> HttpResponse {
    api.answer(&request, async |meta| sign_in(&api, &request, &meta))
        .await
}

pub(super) async fn to_roles() -> HttpResponse {
    redirect("/roles")
}

fn sign_in(
    api: &PortalApi,
    request: &HttpRequest,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let query = Query::<ReturnTo>::from_query(request.query_string()).ok();
    let return_to = query.and_then(|query| query.into_inner().return_to?.parse().ok());
    let choosing = Choosing {
        return_to,
        problem: None,
    };
    choose(api, request, meta, choosing)
}

/// The page on which a person chooses how to sign in.
pub(super) fn choose(
    api: &PortalApi,
    request: &HttpRequest,
    meta: &RequestMeta,
    choosing: Choosing,
) -> Result<HttpResponse, PortalError> {
    let ways = api.sign_in.connections(meta)?;
    let last = cookies::last_connection(request);
    let leads_somewhere = ways.iter().any(|way| !way.connection.domains.is_empty());
    let template = SignInPage {
        frame: api.frame(request),
        asks_for_address: ways.len() > MANY_CONNECTIONS && leads_somewhere,
        problem: choosing.problem,
        connections: choices(&ways, last.as_ref()),
        destination: choosing.return_to.as_ref().and_then(go::destination),
        return_to: choosing.return_to,
    };
    let mut response = page(StatusCode::OK, &template);
    let leads_to: Vec<String> = ways.into_iter().flat_map(|way| way.sites).collect();
    if let Ok(policy) = content_security_policy(&leads_to).parse() {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// The connections, the one that was used last first. One that is no more is passed over.
fn choices(ways: &[WayToSignIn], last: Option<&ConnectionId>) -> Vec<ConnectionChoice> {
    let choice = |way: &WayToSignIn| ConnectionChoice {
        id: way.connection.id.clone(),
        display_name: way.connection.display_name.as_str().into(),
        description: Some(way.connection.description.as_str())
            .filter(|text| !text.is_empty())
            .map(Into::into),
        is_last: last == Some(&way.connection.id),
    };
    let mut choices: Vec<ConnectionChoice> = ways.iter().map(choice).collect();
    choices.sort_by_key(|choice| !choice.is_last);
    choices
}
