//! What AWS's own clients ask by the Query protocol: STS and IAM, on one address (decision 13).
//!
//! [`AwsApi::answer`] reads a request far enough to know the API; the API reads the rest.

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use crate::domain::{Endpoint, KnownRegion, RequestId};
use crate::flows::{Recorder, RefusedCall, RequestMeta};
use crate::http::edge::{Answers, Body, Edge, Queue, SHORT_ANSWER_BYTES, announced, pass_over};
use crate::http::iam::{Document, IamApi};
use crate::http::query::{
    Api, Call, Format, IAM, Parameters, QueryFault, Recorded, STS, Success, accepted,
    check_content, preflight, refuse_split_parameters,
};
use crate::http::sts::StsApi;

/// The part of a path that names a region: see [`PATHS`].
const REGION: &str = "region";
/// Where the APIs are asked beside `/`: at base paths, for clients that can't tell them apart by anything
/// else, and STS at the endpoints of regions.
pub const PATHS: [&str; 6] = [
    "/sts",
    "/sts/",
    "/iam",
    "/iam/",
    "/regions/{region}/sts",
    "/regions/{region}/sts/",
];

/// The APIs, and what they share.
#[derive(Clone)]
pub struct AwsApi {
    /// The edge.
    pub edge: Edge,
    /// STS
    pub sts: StsApi,
    /// IAM
    pub iam: IamApi,
    /// Where calls are recorded that no flow was reached for.
    pub recorder: Arc<Recorder>,
    /// What long answers may take together.
    pub answers: Answers,
    /// The longest body, in bytes.
    pub max_body_bytes: usize,
}

/// The API that a base path is of; none for `/`, where the version tells.
fn api_of_path(path: &str) -> Option<&'static Api> {
    match path.trim_end_matches('/') {
        "" => None,
        "/iam" => Some(&IAM),
        _ => Some(&STS),
    }
}

impl AwsApi {
    /// Answers a POST, or a GET whose query names an action.
    pub async fn answer(&self, request: &HttpRequest, payload: Payload) -> HttpResponse {
        let format = accepted(request.headers());
        let mut api = api_of_path(request.path()).unwrap_or(&STS);
        let Ok(mut meta) = self.edge.meta(request) else {
            return QueryFault::unavailable().respond(api, RequestId::NIL, format);
        };
        let id = meta.id;
        match self.run(request, payload, (&mut meta, &mut api)).await {
            Ok(success) => {
                let mut response = HttpResponse::Ok();
                let response = api.headers(&mut response, id, format);
                let answer = success.render(api.namespace, id, format);
                if answer.len() <= SHORT_ANSWER_BYTES {
                    return response.body(answer);
                }
                match self.answers.hold(answer) {
                    Ok(answer) => response.body(answer),
                    Err(full) => QueryFault::from(full).respond(api, id, format),
                }
            }
            Err(fault) => {
                let fault = Box::pin(self.refuse(fault, api, &meta)).await;
                fault.respond(api, id, format)
            }
        }
    }

    /// The refusal, recorded where it must be; one that can't be is none.
    async fn refuse(&self, fault: QueryFault, api: &Api, meta: &RequestMeta) -> QueryFault {
        if fault.is_failed_proof() {
            self.edge.proof_failed(meta);
        }
        if fault.is_crowded_out() {
            Queue::pace_refusal().await;
        }
        if matches!(fault.recorded(), Recorded::ByFlow | Recorded::Counted) {
            return fault;
        }
        let call = RefusedCall {
            source: api.source,
            operation: fault.operation(),
            code: fault.code(),
            why: fault.reason(),
        };
        match self.recorder.refused_call(meta, &call).await {
            Ok(()) => fault,
            Err(_) => QueryFault::unavailable(),
        }
    }

    /// Answers a browser that asks whether a page of another origin may call.
    pub fn preflight(&self, request: &HttpRequest) -> HttpResponse {
        let Ok(meta) = self.edge.meta(request) else {
            return QueryFault::unavailable().respond(&STS, RequestId::NIL, Format::Xml);
        };
        match self.region(request) {
            Ok(_) => preflight(),
            Err(fault) => fault.respond(&STS, meta.id, Format::Xml),
        }
    }

    async fn run(
        &self,
        request: &HttpRequest,
        payload: Payload,
        (meta, api): (&mut RequestMeta, &mut &'static Api),
    ) -> Result<Success<'static>, QueryFault> {
        if let Some(known) = self.region(request)? {
            meta.region = known.region;
            meta.endpoint = Endpoint::Regional(known.enabling);
        }
        if let Err(refused) = self.edge.admit_proof(meta) {
            pass_over(payload).await;
            return Err(refused.into());
        }
        let sent = self.body(request, payload, meta).await?;
        let body: &Body = sent.as_ref();
        self.edge.begin(meta);
        let encoded = if request.method() == Method::GET {
            request.query_string().as_bytes()
        } else {
            refuse_split_parameters(request)?;
            body
        };
        let parameters = Parameters::parse(encoded)?;
        let call = Call {
            meta,
            parameters,
            request,
            body,
        };
        let action = call.parameters.find("Action").unwrap_or_default();
        if api_of_path(request.path()).is_none()
            && call.parameters.find("Version") == Some(IAM.version)
        {
            *api = &IAM;
        }
        let answer = if **api == IAM {
            Box::pin(self.iam.dispatch(&call)).await
        } else {
            match self.sts.dispatch(&call) {
                Ok(operation) => operation.await,
                Err(fault) => Err(fault),
            }
        };
        answer.map_err(|fault| fault.of_operation(action))
    }

    /// The region whose endpoint was asked, by host or by path; none where neither is a region's own.
    fn region(&self, request: &HttpRequest) -> Result<Option<KnownRegion>, QueryFault> {
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

    async fn body(
        &self,
        request: &HttpRequest,
        mut payload: Payload,
        meta: &RequestMeta,
    ) -> Result<Sent, QueryFault> {
        let most = self.max_body_bytes;
        if request.method() == Method::POST {
            check_content(request.headers())?;
            let is_long = announced(request).is_some_and(|length| length > most);
            if is_long && api_of_path(request.path()).is_none_or(|api| *api == IAM) {
                // Few are long, and what reads them is large.
                let document = Box::pin(self.iam.document(request, payload, meta));
                payload = match document.await? {
                    Ok(document) => return Ok(Sent::Long(document)),
                    Err(payload) => payload,
                };
            }
        }
        let body = self.edge.bodies.read(request, payload, most).await?;
        Ok(Sent::Usual(body))
    }
}

/// What a request brought.
enum Sent {
    /// A body like any other.
    Usual(Body),
    /// One with the metadata of a provider in it.
    Long(Document),
}

impl AsRef<Body> for Sent {
    fn as_ref(&self) -> &Body {
        match self {
            Self::Usual(body) => body,
            Self::Long(document) => &document.body,
        }
    }
}

fn unknown_endpoint() -> QueryFault {
    let message = "There is no such endpoint: ask /regions/<region>/sts, or the host sts.<region>.<domain>, for a region that there is.";
    QueryFault::undispatched(StatusCode::NOT_FOUND, "InvalidEndpoint", message)
}
