//! Accounts: which there are, a new one, another name, one that goes.

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::{AdminApi, Admitted, Body, answer};
use crate::domain::AccountId;
use crate::flows::{AccountQuery, AdminAction, Contents, PutAccount};

/// Adds the routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/admin/v1/accounts/list", web::post().to(list))
        .route("/admin/v1/accounts/put", web::post().to(put))
        .route("/admin/v1/accounts/remove", web::post().to(remove));
}

/// What `accounts remove` is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveAccountRequest {
    /// Which account.
    pub account: AccountId,
    /// What becomes of what it still has.
    pub contents: Contents,
}

async fn list(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let query: AccountQuery = call.json()?;
            let flow = &api.administration;
            Ok(flow.accounts(&call.caller, query, &call.meta).await?)
        },
    )
    .await
}

async fn put(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let asked: PutAccount = call.json()?;
            let flow = &api.administration;
            call.once(flow, asked.action()).await?;
            Ok(flow.put_account(&call.caller, &asked, &call.meta).await?)
        },
    )
    .await
}

async fn remove(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let asked: RemoveAccountRequest = call.json()?;
            let flow = &api.administration;
            call.once(flow, AdminAction::RemoveAccount).await?;
            let what = (asked.account, asked.contents);
            Ok(flow.remove_account(&call.caller, what, &call.meta).await?)
        },
    )
    .await
}
