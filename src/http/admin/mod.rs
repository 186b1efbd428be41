//! The admin API: JSON, signed with SigV4 for the service `rolegate`.
//!
//! | request | action | answer |
//! |---|---|---|
//! | `POST /admin/v1/directory` `{"mode": "apply" or "dry-run", "base": generation, "files": {path: text}}` | `rolegate:ApplyDirectory` | `{"generation", "changes"}` |
//! | `GET /admin/v1/directory` | `rolegate:ExportDirectory` | `{"generation", "files"}` |
//! | `POST /admin/v1/keys/rotate` `{"previous": "keep" or "drop"}` | `rolegate:RotateKeys` | `{"generation", "changes"}` |
//! | `POST /admin/v1/keys/rotate-web-identity` `{"previous": "keep"}` | `rolegate:RotateWebIdentityKeys` | the same |
//! | `POST /admin/v1/keys/rotate-saml` `{"previous": "keep" or "drop"}` | `rolegate:RotateSamlKeys` | `{"generation", "changes"}` |
//! | `POST /admin/v1/decisions/search` `{"wanted": {…}, "after": place, "limit": number}` | `rolegate:ListDecisions` | `{"decisions", "next"}` |
//! | `GET /admin/v1/decisions/{id}` | `rolegate:GetDecision` | `{"steps", "decision"}` |
//! | `POST /admin/v1/decisions/erase` `{"person": {"issuer", "subject"}}` | `rolegate:EraseDecisions` | `{"erased"}` |
//! | `POST /admin/v1/connections/refresh-metadata` `{"connection": id, "new_keys": "refuse" or "accept"}` | `rolegate:RefreshMetadata` | `{"generation", "changes", "notes"}` |
//! | `POST /admin/v1/revocations` `{"revoke": target}` | `rolegate:Revoke*` | `{"generation", "changes"}` |
//! | `POST /admin/v1/sessions` query | `rolegate:ListSessions` | `{"sessions", "found", "is_whole"}` |
//! | `POST /admin/v1/directory/log` `{"before": generation, "limit": number}` | `rolegate:ReadDirectoryLog` | `{"generations", "next"}` |
//! | `POST /admin/v1/directory/show` `{"generation"}` | the same | one of these |
//! | `POST /admin/v1/directory/diff` `{"from", "to"}` | the same | `{"changes", "more_changes"}` |
//! | `POST /admin/v1/directory/rollback` `{"generation", "mode", "base"}` | `rolegate:RollBackDirectory` | `{"generation", "changes"}` |
//! | `POST /admin/v1/accounts/list` `{"after", "limit"}` | `rolegate:ListAccounts` | `{"accounts", "next"}` |
//! | `POST /admin/v1/accounts/put` `{"account", "mode", "alias", …}` | `rolegate:PutAccount` | `{"generation", "changes"}` |
//! | `POST /admin/v1/accounts/remove` `{"account", "contents"}` | `rolegate:RemoveAccount` | `{"generation", "changes"}` |
//! | `POST /admin/v1/store/upgrade` `{}` | `rolegate:UpgradeStore` | `{"generation", "changes"}` |
//! | `POST /admin/v1/backup` `{}` | `rolegate:BackUp` | the archive |
//!
//! A refusal is `{"error": {"code", "message", "problems"}, "request_id"}`.
//!
//! ```text
//! Host ── its address's rate ── signed by header ── body ── the signature over all of it ── policies ── not made
//!          └ a large body: signature, with the hash of the body, and policies first             before ── flow
//! ```
//! A large body is read only for those who may have it applied, and few at a time. Who they are is
//! found out again when it is there: their session may have ended in between. That a request was made is kept
//! only of who may do what it asks, and the flow asks once more, by the directory that it changes.

mod accounts;
mod backup;
mod decisions;
mod history;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use accounts::RemoveAccountRequest;
pub use backup::{BackupRequest, LEAST_BYTES_PER_SECOND, MAX_STANDSTILL};
pub use decisions::{EraseRequest, ErasedPerson, SearchRequest};
pub use history::{DiffRequest, RollBackRequest, ShowRequest};

use super::edge::{Bodies, Body as SentBody, BodyError, Edge, HostError, NotAdmitted};
use crate::audit::EventSource;
use crate::causes::with_causes;
use crate::directory::{DirectoryFiles, Problem};
use crate::domain::{ConnectionId, InvalidValue, RequestId};
use crate::entropy::EntropyError;
use crate::federation::saml::metadata::refresh::NewKeys;
use crate::flows::{
    AdminAction, AdminError, Administration, ApplyMode, AuthenticationError, Authenticator, Caller,
    Desired, PreviousKeys, Recorder, RefusedCall, RequestMeta, RevokeTarget, SessionQuery,
};
use crate::sigv4;
use crate::store::Generation;

/// The service that admin requests are signed for.
pub const SERVICE: &str = "rolegate";
/// A directory's files together may have so many bytes.
pub const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;
/// Any other body may have so many bytes.
pub const MAX_SMALL_BODY_BYTES: usize = 64 * 1024;
/// So many directories are taken in at once; further requests wait for as long as a body may take.
pub const MAX_LARGE_BODIES: usize = 2;
/// So many bytes the directories under way may take together: as many as are taken in at once. Other
/// bodies, which strangers may send, have no part in it.
pub const DIRECTORIES_BUDGET: usize = MAX_LARGE_BODIES * MAX_BODY_BYTES;
/// Seconds after which a caller may try again when this node can't answer.
const RETRY_AFTER: u64 = 1;

/// The flows behind the API.
#[derive(Clone)]
pub struct AdminApi {
    /// The edge.
    pub edge: Edge,
    /// Finds out who signed.
    pub authenticator: Authenticator,
    /// What they may do.
    pub administration: Administration,
    /// Where calls are recorded that no flow was reached for.
    pub recorder: Arc<Recorder>,
    /// Reads directories, within [`DIRECTORIES_BUDGET`].
    pub directories: Bodies,
    /// Held by each request that may have a large body, until it is answered.
    pub large_bodies: Arc<Semaphore>,
}

/// How much a request may send.
#[derive(Debug, Clone, Copy)]
enum Body {
    /// [`MAX_SMALL_BODY_BYTES`]
    Small,
    /// [`MAX_BODY_BYTES`], only so many at once and only for who may do this.
    Large(AdminAction),
}

/// Adds the API's routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/admin/v1/directory", web::post().to(apply))
        .route("/admin/v1/directory", web::get().to(export))
        .route("/admin/v1/keys/rotate", web::post().to(rotate))
        .route("/admin/v1/keys/rotate-saml", web::post().to(rotate_saml))
        .route(
            "/admin/v1/keys/rotate-web-identity",
            web::post().to(rotate_web_identity),
        )
        .route(
            "/admin/v1/connections/refresh-metadata",
            web::post().to(refresh_metadata),
        )
        .route("/admin/v1/revocations", web::post().to(revoke))
        .route("/admin/v1/sessions", web::post().to(sessions))
        .route("/admin/v1/store/upgrade", web::post().to(upgrade_store))
        .route("/admin/v1/backup", web::post().to(backup::post))
        .configure(accounts::routes)
        .configure(history::routes)
        .configure(decisions::routes);
}

/// What `apply` is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplyRequest {
    /// Whether to change anything.
    pub mode: ApplyMode,
    /// The generation that the files were made for; with another one at the head it is a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Generation>,
    /// The files.
    pub files: DirectoryFiles,
}

/// What `keys rotate`, `keys rotate-saml` and `keys rotate-web-identity` are sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotateRequest {
    /// What becomes of the keys that are there.
    pub previous: PreviousKeys,
}

/// What `store upgrade` is sent.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpgradeRequest {}

/// What `connections refresh-metadata` is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// Whose provider's metadata is read.
    pub connection: ConnectionId,
    /// What becomes of metadata that shares no key with what was known.
    pub new_keys: NewKeys,
}

/// What `revoke` is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeRequest {
    /// Whose sessions are to end.
    pub revoke: RevokeTarget,
}

/// What a refusal says.
#[derive(Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// The error.
    pub error: RefusalError,
    /// Under which id it was recorded.
    pub request_id: String,
}

/// The error of a refusal.
#[derive(Debug, Serialize, Deserialize)]
pub struct RefusalError {
    /// A code that stays the same.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// Every problem of the directory's files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

async fn apply(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Large(AdminAction::ApplyDirectory)),
        async |call: &Admitted| {
            let asked: ApplyRequest = call.json()?;
            let desired = Desired {
                files: asked.files,
                mode: asked.mode,
                base: asked.base,
            };
            let flow = &api.administration;
            call.once(flow, AdminAction::ApplyDirectory).await?;
            Ok(flow.apply(&call.caller, desired, &call.meta).await?)
        },
    )
    .await
}

async fn export(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| Ok(api.administration.export(&call.caller, &call.meta).await?),
    )
    .await
}

async fn rotate(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let asked: RotateRequest = call.json()?;
            let flow = &api.administration;
            call.once(flow, AdminAction::RotateKeys).await?;
            Ok(flow
                .rotate_keys(&call.caller, asked.previous, &call.meta)
                .await?)
        },
    )
    .await
}

async fn rotate_saml(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let asked: RotateRequest = call.json()?;
            let flow = &api.administration;
            call.once(flow, AdminAction::RotateSamlKeys).await?;
            Ok(flow
                .rotate_saml_keys(&call.caller, asked.previous, &call.meta)
                .await?)
        },
    )
    .await
}

async fn rotate_web_identity(
    api: Data<AdminApi>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let asked: RotateRequest = call.json()?;
            let flow = &api.administration;
            call.once(flow, AdminAction::RotateWebIdentityKeys).await?;
            Ok(flow
                .rotate_web_identity_keys(&call.caller, asked.previous, &call.meta)
                .await?)
        },
    )
    .await
}

async fn upgrade_store(
    api: Data<AdminApi>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let UpgradeRequest {} = call.json()?;
            let flow = &api.administration;
            call.once(flow, AdminAction::UpgradeStore).await?;
            Ok(flow.upgrade_store(&call.caller, &call.meta).await?)
        },
    )
    .await
}

async fn refresh_metadata(
    api: Data<AdminApi>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let asked: RefreshRequest = call.json()?;
            let flow = &api.administration;
            call.once(flow, AdminAction::RefreshMetadata).await?;
            Ok(flow
                .refresh_metadata(&call.caller, &asked.connection, asked.new_keys, &call.meta)
                .await?)
        },
    )
    .await
}

async fn revoke(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let asked: RevokeRequest = call.json()?;
            let flow = &api.administration;
            call.once(flow, asked.revoke.action()).await?;
            Ok(flow.revoke(&call.caller, &asked.revoke, &call.meta).await?)
        },
    )
    .await
}

async fn sessions(api: Data<AdminApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    answer(
        &api,
        &request,
        (payload, Body::Small),
        async |call: &Admitted| {
            let query: SessionQuery = call.json()?;
            let flow = &api.administration;
            call.once(flow, AdminAction::ListSessions).await?;
            Ok(flow.sessions(&call.caller, &query, &call.meta).await?)
        },
    )
    .await
}

/// A request whose signature was verified.
struct Admitted {
    caller: Caller,
    meta: RequestMeta,
    body: SentBody,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Admitted {
    fn json<T: DeserializeOwned>(&self) -> Result<T, AdminFault> {
        serde_json::from_slice(&self.body).map_err(AdminFault::Json)
    }

    async fn once(&self, flow: &Administration, action: AdminAction) -> Result<(), AdminError> {
        flow.once(&self.caller, action, &self.meta).await
    }
}

async fn answer<T: Serialize>(
    api: &AdminApi,
    request: &HttpRequest,
    body: (Payload, Body),
    flow: impl AsyncFnOnce(&Admitted) -> Result<T, AdminFault>,
) -> HttpResponse {
    let mut meta = match api.edge.meta(request) {
        Ok(meta) => meta,
        Err(error) => return AdminFault::from(error).respond(RequestId::NIL),
    };
    let id = meta.id;
    match run(api, request, body, &mut meta, flow).await {
        Ok(done) => done_under(id).json(done),
        Err(fault) => fault.respond(id),
    }
}

/// Admits the request and runs its flow. What is refused is recorded.
async fn run<T>(
    api: &AdminApi,
    request: &HttpRequest,
    body: (Payload, Body),
    meta: &mut RequestMeta,
    flow: impl AsyncFnOnce(&Admitted) -> Result<T, AdminFault>,
) -> Result<T, AdminFault> {
    match admit(api, request, body, meta).await {
        Ok(admitted) => match flow(&admitted).await {
            Err(fault) => Err(record(api, &admitted.meta, Some(&admitted.caller), fault).await),
            done => done,
        },
        Err(fault) => Err(record(api, meta, None, fault).await),
    }
}

fn done_under(id: RequestId) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("x-amzn-RequestId", id.to_string()));
    response
}

/// The refusal, recorded; one that can't be is none.
async fn record(
    api: &AdminApi,
    meta: &RequestMeta,
    caller: Option<&Caller>,
    fault: AdminFault,
) -> AdminFault {
    if matches!(&fault, AdminFault::Authentication(error) if error.is_failed_proof()) {
        api.edge.proof_failed(meta);
    }
    let recorded = match &fault {
        // The flow has recorded it, or could not; or it is counted alone.
        AdminFault::Admin(_) | AdminFault::Entropy(_) | AdminFault::NotAdmitted(_) => return fault,
        AdminFault::Authentication(error) => api.recorder.unauthenticated_admin(meta, error).await,
        AdminFault::Host(_)
        | AdminFault::Body(_)
        | AdminFault::Busy
        | AdminFault::Json(_)
        | AdminFault::RequestId(_) => {
            let (_, code) = fault.status_and_code();
            let call = RefusedCall {
                source: EventSource::Gateway,
                operation: "AdminApi",
                code,
                why: &fault.to_string(),
            };
            api.recorder.refused_admin(meta, caller, &call).await
        }
    };
    match recorded {
        Ok(()) => fault,
        Err(error) => AuthenticationError::from(error).into(),
    }
}

async fn admit(
    api: &AdminApi,
    request: &HttpRequest,
    (payload, size): (Payload, Body),
    meta: &mut RequestMeta,
) -> Result<Admitted, AdminFault> {
    api.edge.hosts.check(request.headers())?;
    api.edge.admit_administrator(meta)?;
    let headers: Vec<(&str, &[u8])> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let head = sigv4::HttpRequest {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        headers: &headers,
        body: &[],
    };
    if let Some(signature) = sigv4::read(&head).map_err(AuthenticationError::from)? {
        let by_header = signature.refuse_presigned();
        by_header.map_err(AuthenticationError::from)?;
    }
    let authenticator = &api.authenticator;
    if let Body::Large(action) = size {
        let caller = authenticator.head(&head, SERVICE, meta.now).await?;
        api.administration.admit(&caller, action, meta).await?;
    }
    let (body, permit) = read(api, request, payload, size).await?;
    api.edge.begin(meta);
    let signed = sigv4::HttpRequest {
        body: &body,
        ..head
    };
    let caller = authenticator
        .authenticate(&signed, SERVICE, meta.now)
        .await?;
    Ok(Admitted {
        caller,
        meta: meta.clone(),
        body,
        _permit: permit,
    })
}

async fn read(
    api: &AdminApi,
    request: &HttpRequest,
    payload: Payload,
    size: Body,
) -> Result<(SentBody, Option<OwnedSemaphorePermit>), AdminFault> {
    let (bodies, bytes, permit) = match size {
        Body::Small => (&api.edge.bodies, MAX_SMALL_BODY_BYTES, None),
        Body::Large(_) => {
            let bodies = &api.directories;
            let permit = Arc::clone(&api.large_bodies).acquire_owned();
            let permit = tokio::time::timeout(bodies.time(), permit).await;
            let permit = permit.map_err(|_| AdminFault::Busy)?;
            let permit = permit.map_err(|_| AdminFault::Busy)?;
            (bodies, MAX_BODY_BYTES, Some(permit))
        }
    };
    Ok((bodies.read(request, payload, bytes).await?, permit))
}

#[derive(Debug, thiserror::Error)]
enum AdminFault {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("too many directories are being applied at this moment; try again")]
    Busy,
    #[error("the body is not what this request takes: {0}")]
    Json(serde_json::Error),
    #[error("the request id that is asked for: {0}")]
    RequestId(InvalidValue),
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl AdminFault {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Host(HostError::Missing) => (StatusCode::BAD_REQUEST, "InvalidHost"),
            Self::Host(HostError::NotServed) => (StatusCode::MISDIRECTED_REQUEST, "InvalidHost"),
            Self::NotAdmitted(NotAdmitted::Throttled(_)) => {
                (StatusCode::TOO_MANY_REQUESTS, "Throttling")
            }
            Self::Body(BodyError::TooLarge) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge")
            }
            Self::Body(BodyError::TooSlow) => (StatusCode::REQUEST_TIMEOUT, "RequestTimeout"),
            Self::Body(BodyError::Broken) | Self::Json(_) | Self::RequestId(_) => {
                (StatusCode::BAD_REQUEST, "MalformedInput")
            }
            Self::Authentication(error) => authentication(error),
            Self::Admin(error) => (admin_status(error), error.code()),
            Self::Body(BodyError::NoRoom)
            | Self::NotAdmitted(NotAdmitted::Queue(_))
            | Self::Busy
            | Self::Entropy(_) => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
        }
    }

    /// Seconds after which the same request may succeed.
    fn retry_after(&self) -> Option<u64> {
        match (self, self.status_and_code().0) {
            (Self::NotAdmitted(NotAdmitted::Throttled(throttled)), _) => Some(throttled.seconds()),
            (_, StatusCode::SERVICE_UNAVAILABLE) => Some(RETRY_AFTER),
            _ => None,
        }
    }

    fn respond(self, id: RequestId) -> HttpResponse {
        let (status, code) = self.status_and_code();
        let message = match &self {
            Self::Authentication(AuthenticationError::Signature(error)) => {
                error.aws_message().into_owned()
            }
            other => other.to_string(),
        };
        let retry_after = self.retry_after();
        if let (Self::Admin(error), StatusCode::SERVICE_UNAVAILABLE) = (&self, status) {
            tracing::error!(request = %id, error = with_causes(error), "the admin API can't answer");
        }
        let problems = match self {
            Self::Admin(AdminError::Invalid(problems)) => problems,
            _ => Vec::new(),
        };
        let mut response = HttpResponse::build(status);
        if let Some(seconds) = retry_after {
            response.insert_header(("Retry-After", seconds));
        }
        response
            .insert_header(("Cache-Control", "no-store"))
            .insert_header(("x-amzn-RequestId", id.to_string()))
            .json(Refusal {
                error: RefusalError {
                    code: code.to_owned(),
                    message,
                    problems,
                },
                request_id: id.to_string(),
            })
    }
}

fn authentication(error: &AuthenticationError) -> (StatusCode, &'static str) {
    match error {
        AuthenticationError::NotSigned => (StatusCode::FORBIDDEN, "MissingAuthenticationToken"),
        AuthenticationError::Signature(error) => (
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN),
            error.code(),
        ),
        AuthenticationError::InvalidToken => (StatusCode::FORBIDDEN, "InvalidClientTokenId"),
        AuthenticationError::ExpiredToken { .. } => (StatusCode::FORBIDDEN, "ExpiredToken"),
        AuthenticationError::Unavailable(_) | AuthenticationError::Audit(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable")
        }
    }
}

fn admin_status(error: &AdminError) -> StatusCode {
    match error {
        AdminError::Denied { .. } | AdminError::Ended | AdminError::SignedBefore(_) => {
            StatusCode::FORBIDDEN
        }
        AdminError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        AdminError::Conflict { .. }
        | AdminError::Replayed
        | AdminError::RotationUnderWay(_)
        | AdminError::NotUsedYet(_)
        | AdminError::NewestFormat(_)
        | AdminError::NoBackUp
        | AdminError::BackUpUnderWay
        | AdminError::Barred
        | AdminError::DecisionsOff
        | AdminError::AccountThere(_)
        | AdminError::AccountNotEmpty(_) => StatusCode::CONFLICT,
        AdminError::Metadata(_) => match error.code() {
            "NoSuchConnection" => StatusCode::NOT_FOUND,
            "MetadataUnavailable" => StatusCode::BAD_GATEWAY,
            _ => StatusCode::CONFLICT,
        },
        AdminError::TooManyKeys
        | AdminError::TooManySamlKeys
        | AdminError::TooManyRevocations
        | AdminError::Limit
        | AdminError::LogLimit
        | AdminError::NoAlias
        | AdminError::NoAccessRole => StatusCode::BAD_REQUEST,
        AdminError::NotThere { .. } | AdminError::NoDecision(_) => StatusCode::NOT_FOUND,
        AdminError::Audit(_)
        | AdminError::Directory(_)
        | AdminError::Store(_)
        | AdminError::Entropy(_)
        | AdminError::SamlKey(_)
        | AdminError::WebIdentityKey(_)
        | AdminError::Searching
        | AdminError::Decisions(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
