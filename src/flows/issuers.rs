//! Accounts as issuers of tokens for others: what others read of them.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Mutex;

use super::node_keys::{NodeKeys, NodeKeysError};
use super::request::RequestMeta;
use super::unavailable::Unavailable;
use crate::directory::{LiveDirectory, Snapshot};
use crate::domain::{AccountId, Issuer, UnixTime};
use crate::federation::outbound::SigningAlgorithm;

/// Below an issuer: how its tokens are verified (OpenID Connect Discovery 1.0, section 4).
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
/// Below the gateway's URL: the issuers, each by its account.
const PATH: &str = "/issuers/";
/// Below an issuer: the keys.
pub const KEYS: &str = "/.well-known/jwks.json";

/// Where no key could be made, nobody tries again for so many seconds.
const AFTER_FAILURE: i64 = 5;

/// The accounts that give tokens for others.
#[derive(Clone)]
pub struct Issuers {
    /// Which accounts do.
    pub directory: Arc<LiveDirectory>,
    /// Makes the first key.
    pub node_keys: NodeKeys,
    /// Held while it is made, so that one request makes it; when that failed last.
    pub making: Arc<Mutex<Option<UnixTime>>>,
    /// The node's own URL, without a slash at its end.
    pub public_url: Arc<str>,
}

impl fmt::Debug for Issuers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Issuers")
    }
}

/// Tells this gateway's own issuers. Nobody is federated by what it says itself: a session would become one
/// without its end, its bounds and the way that it came.
#[derive(Debug, Clone)]
pub struct OwnIssuers(Arc<str>);

impl OwnIssuers {
    /// Those below this URL, which has no slash at its end.
    pub fn below(public_url: &str) -> Self {
        Self([public_url, PATH].concat().into())
    }

    /// The issuer of an account: `{public_url}/issuers/123456789012`.
    pub fn of(&self, account: AccountId) -> String {
        format!("{}{account}", self.0)
    }

    /// Whether this is one of them.
    pub fn has(&self, issuer: &str) -> bool {
        let begin = issuer.get(..self.0.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(&self.0))
    }
}

/// The issuers that may be providers on this node.
#[derive(Debug, Clone)]
pub struct FitIssuers {
    /// The gateway's own, which are nobody's provider.
    pub own: OwnIssuers,
    /// Those that may be plain http.
    pub plain_http: Arc<[Issuer]>,
}

impl FitIssuers {
    /// Why an issuer can't be a provider here; none where it can.
    pub fn unfit(&self, issuer: &Issuer) -> Option<String> {
        if self.own.has(issuer.as_str()) {
            return Some(format!(
                "{issuer} is this gateway's own: a role of another account is assumed with AssumeRole"
            ));
        }
        (issuer.is_plain_http() && !self.plain_http.contains(issuer)).then(|| format!("{issuer} is plain http; use https, or list it in federation.allow_http_issuers if it is on loopback"))
    }
}

/// What an issuer says of itself.
#[derive(Debug, Serialize)]
struct Discovery<'a> {
    issuer: &'a str,
    jwks_uri: String,
    response_types_supported: [&'a str; 1],
    subject_types_supported: [&'a str; 1],
    id_token_signing_alg_values_supported: [SigningAlgorithm; 2],
    claims_supported: [&'a str; 7],
}

impl Issuers {
    /// The issuer of an account: `{public_url}/issuers/123456789012`.
    pub fn of(&self, account: AccountId) -> String {
        format!("{}{PATH}{account}", self.public_url)
    }

    /// The discovery document of an account; none where it gives no tokens.
    ///
    /// # Errors
    /// [`Unavailable`] where the directory can't be read.
    pub fn discovery(
        &self,
        account: AccountId,
        meta: &RequestMeta,
    ) -> Result<Option<String>, Unavailable> {
        if !gives_tokens(&*self.directory.snapshot(meta.now)?, account) {
            return Ok(None);
        }
        let issuer = self.of(account);
        let document = Discovery {
            issuer: &issuer,
            jwks_uri: [&*issuer, KEYS].concat(),
            response_types_supported: ["id_token"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: SigningAlgorithm::ALL,
            claims_supported: [
                "iss",
                "aud",
                "sub",
                "iat",
                "exp",
                "jti",
                "https://sts.amazonaws.com/",
            ],
        };
        Ok(serde_json::to_string(&document).ok())
    }

    /// The keys of an account; none where it gives no tokens.
    ///
    /// # Errors
    /// [`Unavailable`] where the directory or the keys can't be read.
    pub async fn keys(
        &self,
        account: AccountId,
        meta: &RequestMeta,
    ) -> Result<Option<String>, Unavailable> {
        if !gives_tokens(&*self.directory.snapshot(meta.now)?, account) {
            return Ok(None);
        }
        let snapshot = self.ready(meta.now).await?;
        let keys = snapshot.web_identity_keys()?;
        Ok(serde_json::to_string(&keys.published(meta.now)).ok())
    }

    /// The directory with a key that signs. The first is made when somebody asks for it: for a token, or for
    /// the keys of an account that gives some.
    ///
    /// # Errors
    /// [`Unavailable`] where it can't be made.
    pub(super) async fn ready(&self, now: UnixTime) -> Result<Arc<Snapshot>, Unavailable> {
        let snapshot = self.directory.snapshot(now)?;
        if !snapshot.directory().web_identity_keys.is_empty() {
            return Ok(snapshot);
        }
        let mut failed_at = self.making.lock().await;
        if failed_at.is_some_and(|at| (0..AFTER_FAILURE).contains(&now.since(at))) {
            return Err(Unavailable::NoWebIdentityKey);
        }
        let made = self.node_keys.make_web_identity_key(now).await;
        *failed_at = made.is_err().then_some(now);
        made.map_err(|error: NodeKeysError| Unavailable::NodeKeys(Box::new(error)))?;
        Ok(self.directory.snapshot(now)?)
    }
}

fn gives_tokens(snapshot: &Snapshot, account: AccountId) -> bool {
    let account = snapshot.account(account);
    account.is_some_and(|account| account.settings.outbound_federation)
}
