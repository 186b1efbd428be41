//! Bodies with the metadata of a SAML provider in them, which are longer than any other.
//!
//! Whoever sends one must sign by header, for `iam`, with a key that there is; where the request states the
//! hash of its body, as few clients do, the signature is verified before the body is read. Whoever states none may
//! only know a key's id, and has one body of that key under way at a time: a key that somebody has seen in a log
//! keeps nobody else out. Few are taken in at once, within a budget of their own, so that strangers' bodies have no
//! part in it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::HttpRequest;
use actix_web::web::Payload;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::IamApi;
use crate::domain::AccessKeyId;
use crate::flows::{HeadProof, RequestMeta};
use crate::http::edge::{Bodies, Body};
use crate::http::query::QueryFault;
use crate::sigv4;

/// A body may have so many bytes: a document of the model's 10,000,000 characters, percent-encoded.
pub const MAX_DOCUMENT_BODY_BYTES: usize = 32 * 1024 * 1024;
/// So many are taken in at once; further requests wait for as long as a body may take.
pub const MAX_DOCUMENT_BODIES: usize = 2;
/// So many bytes those under way may take together: as many as are taken in at once.
pub const DOCUMENTS_BUDGET: usize = MAX_DOCUMENT_BODIES * MAX_DOCUMENT_BODY_BYTES;

/// Reads them.
#[derive(Debug, Clone)]
pub struct Documents {
    bodies: Bodies,
    under_way: Arc<Semaphore>,
    unproven: Unproven,
}

/// The keys that are named by requests whose bodies are under way, or wait to be, and are proven by nothing yet.
#[derive(Debug, Clone, Default)]
struct Unproven(Arc<Mutex<BTreeSet<AccessKeyId>>>);

/// The only one of its key.
#[derive(Debug)]
struct OnlyOne {
    key: AccessKeyId,
    of: Unproven,
}

impl Unproven {
    /// None where there is one already.
    fn enter(&self, key: AccessKeyId) -> Option<OnlyOne> {
        self.keys().insert(key.clone()).then(|| OnlyOne {
            key,
            of: self.clone(),
        })
    }

    fn keys(&self) -> MutexGuard<'_, BTreeSet<AccessKeyId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OnlyOne {
    fn drop(&mut self) {
        self.of.keys().remove(&self.key);
    }
}

/// A long body, and its place among those that are taken in.
#[derive(Debug)]
pub struct Document {
    /// The body.
    pub body: Body,
    _place: OwnedSemaphorePermit,
    _only_one: Option<OnlyOne>,
}

impl Documents {
    /// As slow as these bodies, within a budget of their own.
    pub fn beside(bodies: &Bodies) -> Self {
        Self {
            bodies: bodies.apart(DOCUMENTS_BUDGET),
            under_way: Arc::new(Semaphore::new(MAX_DOCUMENT_BODIES)),
            unproven: Unproven::default(),
        }
    }
}

impl IamApi {
    /// Reads a body that may be long; none where the request is not signed for this API, and its payload is
    /// given back.
    ///
    /// # Errors
    /// [`QueryFault`]
    pub async fn document(
        &self,
        request: &HttpRequest,
        payload: Payload,
        meta: &RequestMeta,
    ) -> Result<Result<Document, Payload>, QueryFault> {
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
        if !is_of_iam(&head) {
            return Ok(Err(payload));
        }
        let documents = &self.documents;
        let only_one = match self.flow.admit_document(&head, meta).await? {
            HeadProof::Signed => None,
            HeadProof::KeyAlone(key) => {
                let entered = documents.unproven.enter(key);
                Some(entered.ok_or_else(QueryFault::unavailable)?)
            }
        };
        let place = Arc::clone(&documents.under_way).acquire_owned();
        let place = tokio::time::timeout(documents.bodies.time(), place).await;
        let place = place.map_err(|_| QueryFault::unavailable())?;
        let place = place.map_err(|_| QueryFault::unavailable())?;
        let most = MAX_DOCUMENT_BODY_BYTES;
        let body = documents.bodies.read(request, payload, most).await?;
        Ok(Ok(Document {
            body,
            _place: place,
            _only_one: only_one,
        }))
    }
}

/// Whether a request says that it is signed for this API.
fn is_of_iam(head: &sigv4::HttpRequest<'_>) -> bool {
    let signature = sigv4::read(head).ok().flatten();
    signature.is_some_and(|signature| signature.service() == "iam")
}
