//! `GET /issuers/{account}/.well-known/…`: what others verify an account's tokens by.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use super::Api;
use super::error::PortalError;
use crate::domain::AccountId;

/// A new key is published a day before it signs, so that an hour in a cache is soon enough.
const CACHED: &str = "public, max-age=3600";

pub(super) async fn discovery(
    api: Api,
    request: HttpRequest,
    account: Path<String>,
) -> HttpResponse {
    api.answer(&request, async |meta| {
        let account = known(&account)?;
        document(api.issuers.discovery(account, &meta)?)
    })
    .await
}

pub(super) async fn keys(api: Api, request: HttpRequest, account: Path<String>) -> HttpResponse {
    api.answer(&request, async |meta| {
        let account = known(&account)?;
        document(api.issuers.keys(account, &meta).await?)
    })
    .await
}

/// An issuer is one text, so that an account in any other spelling is none.
fn known(account: &str) -> Result<AccountId, PortalError> {
    account.parse().map_err(|_| PortalError::NotFound)
}

fn document(json: Option<String>) -> Result<HttpResponse, PortalError> {
    let json = json.ok_or(PortalError::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header(("Content-Type", "application/json"))
        .insert_header(("Cache-Control", CACHED))
        .body(json))
}
