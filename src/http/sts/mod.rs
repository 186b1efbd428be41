//! The STS API: AWS's Query protocol, answered as XML or JSON (API version 2011-06-15).
//!
//! One file an operation. [`StsApi::answer`] reads a request far enough to know the operation; the
//! operation reads the rest.

mod access_token_error;
mod answer;
mod assume_role;
mod assume_role_with_saml;
mod assume_role_with_web_identity;
mod assume_root;
mod assuming;
mod cors;
mod decode_authorization_message;
mod error;
mod get_caller_identity;
mod get_web_identity_token;
mod parameters;
mod saml_error;
mod user_sessions;
mod validation;

use std::sync::Arc;

use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

pub use answer::Format;
pub use error::{Recorded, StsFault};
pub use parameters::{MAX_PARAMETERS, ParameterError, Parameters};

use crate::domain::{Endpoint, KnownRegion, RequestId};
use crate::flows::{
    AssumeRole, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, AssumeRoot, GetCallerIdentity,
    GetWebIdentityToken, Recorder, RefusedCall, RequestMeta, UserSessions,
};
use crate::http::edge::{Body, Edge, pass_over};
use crate::sigv4;

/// The version of the API.
const VERSION: &str = "2011-06-15";
/// The part of a path that names a region: see [`PATHS`].
const REGION: &str = "region";
/// Where STS is asked beside `/`: at a base path, for clients that share a host with other APIs, and at the
/// endpoints of regions.
pub const PATHS: [&str; 4] = [
    "/sts",
    "/sts/",
    "/regions/{region}/sts",
    "/regions/{region}/sts/",
];
/// The header that names a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXTENDED_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-sts-extended-request-id");

/// The flows behind the API.
#[derive(Clone)]
pub struct StsApi {
    /// The edge.
    pub edge: Edge,
    /// `AssumeRole`
    pub assume_role: AssumeRole,
    /// `AssumeRoleWithSAML`
    pub assume_role_with_saml: AssumeRoleWithSaml,
    /// `AssumeRoleWithWebIdentity`
    pub assume_role_with_web_identity: AssumeRoleWithWebIdentity,
    /// `AssumeRoot`
    pub assume_root: AssumeRoot,
    /// `GetSessionToken`, `GetFederationToken`, `GetAccessKeyInfo`, `DecodeAuthorizationMessage`,
    /// `GetDelegatedAccessToken`
    pub user_sessions: UserSessions,
    /// `GetCallerIdentity`
    pub get_caller_identity: GetCallerIdentity,
    /// `GetWebIdentityToken`
    pub get_web_identity_token: GetWebIdentityToken,
    /// Where calls are recorded that no flow was reached for.
    pub recorder: Arc<Recorder>,
    /// The longest body, in bytes.
    pub max_body_bytes: usize,
}

/// A request to the API, read as far as every operation needs it.
pub(super) struct Call<'a> {
    meta: &'a RequestMeta,
    parameters: Parameters<'a>,
    request: &'a HttpRequest,
    body: &'a [u8],
}

impl StsApi {
    /// Answers a POST, or a GET whose query names an action.
    pub async fn answer(&self, request: &HttpRequest, payload: Payload) -> HttpResponse {
        let format = accepted(request.headers());
        let Ok(mut meta) = self.edge.meta(request) else {
            return StsFault::unavailable().respond(RequestId::NIL, format);
        };
        let id = meta.id;
        match self.run(request, payload, &mut meta).await {
            Ok(success) => {
                let mut response = HttpResponse::Ok();
                headers(&mut response, id, format).body(success.render(id, format))
            }
            Err(fault) => self.refuse(fault, &meta).await.respond(id, format),
        }
    }

    /// The refusal, recorded where it must be; one that can't be is none.
    async fn refuse(&self, fault: StsFault, meta: &RequestMeta) -> StsFault {
        if fault.is_failed_proof() {
            self.edge.proof_failed(meta);
        }
        if matches!(fault.recorded(), Recorded::ByFlow | Recorded::Counted) {
            return fault;
        }
        let call = RefusedCall {
            operation: fault.operation(),
            code: fault.code(),
            why: fault.reason(),
        };
        match self.recorder.refused_call(meta, &call).await {
            Ok(()) => fault,
            Err(_) => StsFault::unavailable(),
        }
    }

    /// Answers a browser that asks whether a page of another origin may call.
    pub fn preflight(&self, request: &HttpRequest) -> HttpResponse {
        let Ok(meta) = self.edge.meta(request) else {
            return StsFault::unavailable().respond(RequestId::NIL, Format::Xml);
        };
        match self.region(request) {
            Ok(_) => cors::preflight(),
            Err(fault) => fault.respond(meta.id, Format::Xml),
        }
    }

    async fn run(
        &self,
        request: &HttpRequest,
        payload: Payload,
        meta: &mut RequestMeta,
    ) -> Result<answer::Success<'static>, StsFault> {
        if let Some(known) = self.region(request)? {
            meta.region = known.region;
            meta.endpoint = Endpoint::Regional(known.enabling);
        }
        if let Err(refused) = self.edge.admit_proof(meta) {
            pass_over(payload).await;
            return Err(refused.into());
        }
        let body = self.body(request, payload).await?;
        self.edge.begin(meta);
        let encoded = if request.method() == Method::GET {
            request.query_string().as_bytes()
        } else {
            refuse_split_parameters(request)?;
            &body
        };
        let parameters = Parameters::parse(encoded)?;
        let call = Call {
            meta,
            parameters,
            request,
            body: &body,
        };
        let action = call.parameters.find("Action").unwrap_or_default();
        let answer = self.dispatch(&call).await;
        answer.map_err(|fault| fault.of_operation(action))
    }

    /// The region whose endpoint was asked, by host or by path; none where neither is a region's own.
    fn region(&self, request: &HttpRequest) -> Result<Option<KnownRegion>, StsFault> {
        let of_host = self.edge.hosts.endpoint(request.headers())?;
        let Some(name) = request.match_info().get(REGION) else {
            return Ok(of_host);
        };
        let of_path = self.edge.regions.find(name).ok_or_else(unknown_endpoint)?;
        if of_host.is_some_and(|of_host| of_host != of_path) {
            return Err(unknown_endpoint());
        }
        Ok(Some(of_path))
    }

    async fn body(&self, request: &HttpRequest, payload: Payload) -> Result<Body, StsFault> {
        if request.method() == Method::POST {
            check_content(request.headers())?;
        }
        let most = self.max_body_bytes;
        Ok(self.edge.bodies.read(request, payload, most).await?)
    }

    async fn dispatch(&self, call: &Call<'_>) -> Result<answer::Success<'static>, StsFault> {
        let action = call.parameters.find("Action").unwrap_or_default();
        let version = call.parameters.find("Version");
        match (action, version) {
            ("AssumeRole", Some(VERSION)) => assume_role::answer(&self.assume_role, call).await,
            ("AssumeRoleWithSAML", Some(VERSION)) => {
                assume_role_with_saml::answer(&self.assume_role_with_saml, call).await
            }
            ("AssumeRoleWithWebIdentity", Some(VERSION)) => {
                assume_role_with_web_identity::answer(&self.assume_role_with_web_identity, call)
                    .await
            }
            ("GetSessionToken", Some(VERSION)) => {
                user_sessions::get_session_token(&self.user_sessions, call).await
            }
            ("GetFederationToken", Some(VERSION)) => {
                user_sessions::get_federation_token(&self.user_sessions, call).await
            }
            ("GetAccessKeyInfo", Some(VERSION)) => {
                user_sessions::get_access_key_info(&self.user_sessions, call).await
            }
            ("DecodeAuthorizationMessage", Some(VERSION)) => {
                decode_authorization_message::answer(&self.user_sessions, call).await
            }
            ("GetCallerIdentity", Some(VERSION)) => {
                get_caller_identity::answer(&self.get_caller_identity, call).await
            }
            (action @ ("AssumeRoot" | "GetWebIdentityToken"), Some(VERSION))
                if call.meta.endpoint == Endpoint::Global =>
            {
                Err(not_global(action))
            }
            ("GetWebIdentityToken", Some(VERSION)) => {
                get_web_identity_token::answer(&self.get_web_identity_token, call).await
            }
            ("AssumeRoot", Some(VERSION)) => assume_root::answer(&self.assume_root, call).await,
            ("GetDelegatedAccessToken", Some(VERSION)) => {
                user_sessions::get_delegated_access_token(&self.user_sessions, call).await
            }
            ("", _) => Err(missing_action()),
            (action, version) => Err(unknown_action(action, version)),
        }
    }
}

impl Call<'_> {
    fn headers(&self) -> Vec<(&str, &[u8])> {
        let headers = self.request.headers();
        let mut received = Vec::with_capacity(headers.len());
        received.extend(
            headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes())),
        );
        received
    }

    /// The request as it was received, for verifying its signature.
    fn signed<'c>(&'c self, headers: &'c [(&'c str, &'c [u8])]) -> sigv4::HttpRequest<'c> {
        let uri = self.request.uri();
        sigv4::HttpRequest {
            method: self.request.method().as_str(),
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
            headers,
            body: self.body,
        }
    }
}

/// The headers of every answer of the API.
fn headers(
    response: &mut HttpResponseBuilder,
    id: RequestId,
    format: Format,
) -> &mut HttpResponseBuilder {
    let id = id.to_string();
    cors::readable(response)
        .insert_header((
            CONTENT_TYPE,
            HeaderValue::from_static(format.content_type()),
        ))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((EXTENDED_REQUEST_ID, id.as_str()))
        .insert_header((REQUEST_ID, id))
}

fn accepted(headers: &HeaderMap) -> Format {
    let accept = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default().trim();
    if first.eq_ignore_ascii_case("application/json") {
        Format::Json
    } else {
        Format::Xml
    }
}

/// A POST must say that it carries a form, and carry it as it is. What is said twice is not said.
fn check_content(headers: &HeaderMap) -> Result<(), StsFault> {
    let all = |name: HeaderName| {
        headers
            .get_all(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    if all(CONTENT_ENCODING).any(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(unsupported("Send the body without a Content-Encoding."));
    }
    let mut media = all(CONTENT_TYPE);
    match (media.next(), media.next()) {
        (Some(media), None) if is_form(media) => Ok(()),
        (Some(_), _) => Err(unsupported(
            "Send the parameters as application/x-www-form-urlencoded.",
        )),
        (None, _) => Err(missing_action()),
    }
}

fn is_form(media: &str) -> bool {
    const FORM: &str = "application/x-www-form-urlencoded";
    if media == FORM {
        return true;
    }
    let media = media.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case(FORM)
}

fn unsupported(message: &str) -> StsFault {
    StsFault::undispatched(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UnsupportedMediaType",
        message,
    )
}

/// The parameters of a POST are in its body: what two readers could look for in different places is
/// refused.
fn refuse_split_parameters(request: &HttpRequest) -> Result<(), StsFault> {
    if request.query_string().is_empty() {
        return Ok(());
    }
    let message = "Send the parameters of a POST in its body only.";
    Err(StsFault::undispatched(
        StatusCode::BAD_REQUEST,
        "InvalidParameterCombination",
        message,
    ))
}

fn unknown_endpoint() -> StsFault {
    let message = "There is no such endpoint: ask /regions/<region>/sts, or the host sts.<region>.<domain>, for a region that there is.";
    StsFault::undispatched(StatusCode::NOT_FOUND, "InvalidEndpoint", message)
}

fn missing_action() -> StsFault {
    let message = "The request must say what to do: send Action and Version as application/x-www-form-urlencoded parameters.";
    StsFault::undispatched(StatusCode::BAD_REQUEST, "MissingAction", message)
}

/// AWS's global endpoint doesn't have these operations (STS API reference).
fn not_global(action: &str) -> StsFault {
    let message = format!(
        "Could not find operation {action} for version {VERSION} at the global endpoint: ask a region's, /regions/<region>/sts"
    );
    StsFault::undispatched(StatusCode::BAD_REQUEST, "InvalidAction", message)
}

fn unknown_action(action: &str, version: Option<&str>) -> StsFault {
    const SHOWN: usize = 128;
    let shown = |text: &str| text.chars().take(SHOWN).collect::<String>();
    let version = version.map_or_else(|| "NO_VERSION_SPECIFIED".to_owned(), shown);
    let message = format!(
        "Could not find operation {} for version {version}",
        shown(action)
    );
    StsFault::undispatched(StatusCode::BAD_REQUEST, "InvalidAction", message)
}
