//! The directory's history.

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::{AdminApi, Admitted, Body, answer};
use crate::flows::{AdminAction, ApplyMode, LogQuery, RollBack};
use crate::store::Generation;

/// Adds the routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/admin/v1/directory/log", web::post().to(log))
        .route("/admin/v1/directory/show", web::post().to(show))
        .route("/admin/v1/directory/diff", web::post().to(difference))
        .route("/admin/v1/directory/rollback", web::post().to(roll_back));
}

/// What `directory show` is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShowRequest {
    /// Which generation.
    pub generation: Generation,
}

/// What `directory diff` is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiffRequest {
    /// The one generation.
    pub from: Generation,
    /// The other.
    pub to: Generation,
}

/// What `directory rollback` is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollBackRequest {
    /// The generation at which it was as it is to be.
    pub generation: Generation,
    /// Whether to change anything.
    pub mode: ApplyMode,
    /// The generation that it is now; at another one it is a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Generation>,
}

async fn log(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let query: LogQuery = call.json()?;
            let flow = &api.administration;
            Ok(flow.directory_log(&call.caller, query, &call.meta).await?)
        },
    )
    .await
}

async fn show(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let asked: ShowRequest = call.json()?;
            let flow = &api.administration;
            Ok(flow
                .logged_generation(&call.caller, asked.generation, &call.meta)
                .await?)
        },
    )
    .await
}

async fn difference(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let asked: DiffRequest = call.json()?;
            let both = (asked.from, asked.to);
            let flow = &api.administration;
            Ok(flow.difference(&call.caller, both, &call.meta).await?)
        },
    )
    .await
}

async fn roll_back(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let asked: RollBackRequest = call.json()?;
            let flow = &api.administration;
            call.once(flow, AdminAction::RollBackDirectory).await?;
            let asked = RollBack {
                to: asked.generation,
                mode: asked.mode,
                base: asked.base,
            };
            Ok(flow.roll_back(&call.caller, asked, &call.meta).await?)
        },
    )
    .await
}
