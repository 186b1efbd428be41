//! The first page: how to sign in, or on to the roles.

use actix_web::http::StatusCode;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::error::PortalError;
use super::pages::{ConnectionChoice, SignInPage};
use super::respond::{content_security_policy, page, redirect};
use super::{Api, PortalApi};
use crate::domain::LocalPath;
use crate::flows::RequestMeta;

/// Where a sign-in should lead.
#[derive(Deserialize)]
struct Destination {
    return_to: Option<String>,
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
    let ways = api.sign_in.connections(meta)?;
    let leads_to: Vec<String> = ways
        .iter()
        .flat_map(|way| way.sites.iter().cloned())
        .collect();
    let connections = ways.iter().map(|way| ConnectionChoice {
        id: way.connection.id.clone(),
        display_name: way.connection.display_name.as_str().into(),
        description: Some(way.connection.description.as_str())
            .filter(|text| !text.is_empty())
            .map(Into::into),
    });
    let return_to = Query::<Destination>::from_query(request.query_string()).ok();
    let return_to =
        return_to.and_then(|query| query.into_inner().return_to?.parse::<LocalPath>().ok());
    let template = SignInPage {
        frame: api.frame(request),
        connections: connections.collect(),
        return_to,
        destination: None,
    };
    let mut response = page(StatusCode::OK, &template);
    if let Ok(policy) = content_security_policy(&leads_to).parse() {
        response
            .headers_mut()
            .insert(actix_web::http::header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}
