//! Decisions: what is looked for stands in the body, so that no name of a person gets into the logs of
//! proxies.

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::{AdminApi, AdminFault, Admitted, Body, answer};
use crate::decisions::{Place, Wanted};
use crate::domain::{IssuerName, RequestId, Subject};
use crate::flows::AdminAction;

/// As many are told where nobody says how many.
const USUAL_LIMIT: usize = 50;

/// Adds the routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/admin/v1/decisions/search", web::post().to(search))
        .route("/admin/v1/decisions/erase", web::post().to(erase))
        .route("/admin/v1/decisions/{id}", web::get().to(one));
}

/// What `decisions` is sent.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchRequest {
    /// What is looked for.
    pub wanted: Wanted,
    /// What is older than this place, which the answer before told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Place>,
    /// At most so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// What `decisions erase` is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EraseRequest {
    /// Whom.
    pub person: ErasedPerson,
}

/// A person.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasedPerson {
    /// Who vouches for them; an entity id of SAML has `saml:` before it.
    pub issuer: IssuerName,
    /// What they are called there.
    pub subject: Subject,
}

async fn search(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let asked: SearchRequest = call.json()?;
            let limit = asked.limit.unwrap_or(USUAL_LIMIT);
            let what = (&asked.wanted, asked.after);
            let flow = &api.administration;
            Ok(flow
                .list_decisions(&call.caller, what, limit, &call.meta)
                .await?)
        },
    )
    .await
}

async fn one(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let id = request.match_info().get("id").map(str::parse::<RequestId>);
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let id = match &id {
                Some(Ok(id)) => *id,
                Some(Err(error)) => return Err(AdminFault::RequestId(*error)),
                None => RequestId::NIL,
            };
            let flow = &api.administration;
            Ok(flow.decision(&call.caller, id, &call.meta).await?)
        },
    )
    .await
}

async fn erase(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let asked: EraseRequest = call.json()?;
            let flow = &api.administration;
            call.once(flow, AdminAction::EraseDecisions).await?;
            let person = (&asked.person.issuer, &asked.person.subject);
            Ok(flow
                .erase_decisions(&call.caller, person, &call.meta)
                .await?)
        },
    )
    .await
}
