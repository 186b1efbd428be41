//! The browser's sign-in at an OpenID Connect provider: authorization code flow with PKCE S256.
//!
//! ```text
//! begin:  metadata -> authorization URL with state, nonce and code challenge
//! finish: answer's issuer (RFC 9207) -> code exchanged -> id_token verified -> UserInfo, if asked for
//! ```
//!
//! Whoever calls `finish` has the attempt that the answer's `state` belongs to from the browser that
//! began it.

mod answer;
mod assertion;
mod exchange;
mod protocol;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::CoreResponseType;
use openidconnect::{
    AuthenticationFlow, CsrfToken, LoginHint, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope,
};
use serde::{Deserialize, Serialize};
use url::Url;

pub use answer::{AnswerError, AuthorizationAnswer, MAX_ANSWER_BYTES};
pub use assertion::AssertionError;

use self::answer::Outcome;
use self::exchange::Exchange;
use self::protocol::OidcClient;
use super::connection::{OidcConnection, ResponseMode};
use super::discovery::ProviderMetadata;
use super::id_token::TokenError;
use super::key_cache::{KeyCache, KeyError};
use super::outgoing::{FetchError, Outgoing};
use super::secret_file::{SecretFileError, SecretFolder};
use super::{ProvenIdentity, Quoted};
use crate::domain::{Audience, ConnectionId, EmailAddress, Issuer, OidcSession, Secret, UnixTime};
use crate::entropy::{Entropy, EntropyError, draw};

/// Why a sign-in did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The provider's metadata can't be read: the provider is to blame.
    #[error("the provider's metadata could not be read")]
    Metadata(#[source] KeyError),
    /// The provider's metadata lacks an endpoint: the provider, or the choice of it, is to blame.
    #[error("the provider's metadata has no {0}")]
    NoEndpoint(&'static str),
    /// The provider says that it has no PKCE with S256.
    #[error("the provider does not support the PKCE method S256")]
    NoS256,
    /// The provider did not answer, or not usably.
    #[error("{what} of the provider did not answer")]
    Provider {
        /// `the token endpoint` or `the UserInfo endpoint`.
        what: &'static str,
        /// What went wrong.
        #[source]
        source: FetchError,
    },
    /// The provider turned the person or the request away.
    #[error("the provider refused the sign-in: {error}: {description}")]
    Refused {
        /// The error's code.
        error: Quoted,
        /// The provider's words; foreign text.
        description: Quoted,
    },
    /// The provider did not give tokens for the code.
    #[error("the provider refused the code: {error}: {description}")]
    CodeRefused {
        /// The error's code.
        error: Quoted,
        /// The provider's words; foreign text.
        description: Quoted,
    },
    /// The token endpoint's answer is no token response.
    #[error("the token endpoint's answer is no bearer token response")]
    TokenAnswer,
    /// The token endpoint's answer has no id_token.
    #[error("the token endpoint's answer has no id_token")]
    NoIdToken,
    /// The answer comes from another provider than the one that was asked (mix-up).
    #[error("the answer is from \"{found}\" instead of \"{expected}\"")]
    OtherIssuer {
        /// The issuer that was asked.
        expected: Quoted,
        /// The answer's `iss`; empty where it has none although the provider sends it always.
        found: Quoted,
    },
    /// The attempt was begun at another connection, or the connection has another issuer or client
    /// since.
    #[error("the sign-in was begun at another connection, or the connection was changed since")]
    OtherConnection,
    /// UserInfo speaks of somebody else.
    #[error("UserInfo is about \"{found}\" instead of \"{expected}\"")]
    OtherSubject {
        /// The id_token's `sub`.
        expected: Quoted,
        /// UserInfo's `sub`; empty where there is none.
        found: Quoted,
    },
    /// The id_token is refused.
    #[error("the id_token is refused")]
    Token(#[from] TokenError),
    /// The client's secret can't be read: whoever runs the node is to blame.
    #[error(transparent)]
    Secret(#[from] SecretFileError),
    /// The file with the client's secret holds a private key, which is never sent: whoever
    /// administers connections is to blame.
    #[error("the file with the client secret holds a private key; name it in private_key_jwt")]
    PrivateKeyAsSecret,
    /// The client's assertion can't be made: whoever runs the node is to blame.
    #[error(transparent)]
    Assertion(#[from] AssertionError),
    /// There was no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// A URL of ours or the provider's is unusable.
    #[error("{0} is no usable URL")]
    Url(&'static str),
}

/// A sign-in under way: what its answer must match.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginAttempt {
    /// The connection that was chosen; the only one that may answer.
    pub connection: ConnectionId,
    /// The issuer that the connection had then; no other one may answer.
    pub issuer: Issuer,
    /// The client that the connection was then.
    pub client_id: Audience,
    /// The `nonce` that the id_token must carry: 256 random bits.
    pub nonce: String,
    /// The PKCE verifier (RFC 7636): 256 random bits.
    pub pkce_verifier: String,
}

/// A sign-in that was begun.
#[derive(Clone)]
pub struct Begun {
    /// Where the browser is to go.
    pub authorization_url: Url,
    /// The `state`: 256 random bits. Its hash names the attempt.
    pub state: Secret<String>,
    /// What the answer must match; to be kept until then.
    pub attempt: LoginAttempt,
}

/// The relying party of every connection.
pub struct RelyingParty {
    keys: Arc<KeyCache>,
    outgoing: Arc<Outgoing>,
    entropy: Arc<dyn Entropy>,
    secrets: SecretFolder,
    public_url: Url,
}

impl RelyingParty {
    /// A relying party whose redirect URIs begin with `public_url`, and whose clients' secrets are in
    /// `secrets`.
    pub const fn new(
        keys: Arc<KeyCache>,
        outgoing: Arc<Outgoing>,
        entropy: Arc<dyn Entropy>,
        secrets: SecretFolder,
        public_url: Url,
    ) -> Self {
        Self {
            keys,
            outgoing,
            entropy,
            secrets,
            public_url,
        }
    }

    /// Where a provider answers: `{public_url}/oidc/callback/{connection}`.
    pub fn redirect_uri(&self, connection: &ConnectionId) -> Result<Url, SignInError> {
        let mut url = self.public_url.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.path_segments_mut()
            .map_err(|()| SignInError::Url("public_url"))?
            .pop_if_empty()
            .extend(["oidc", "callback", connection.as_str()]);
        Ok(url)
    }

    /// The origins that a sign-in at this issuer leads a browser to, as far as they are known
    /// already: the issuer's own and that of its authorization endpoint.
    pub fn leads_to(&self, issuer: &Issuer, now: UnixTime) -> Vec<String> {
        let metadata = self.keys.known_metadata(issuer, now);
        let endpoint = metadata.and_then(|metadata| metadata.authorization_endpoint.clone());
        let own = Url::parse(issuer.as_str()).ok();
        let mut sites: Vec<String> = [own, endpoint]
            .into_iter()
            .flatten()
            .map(|url| url.origin().ascii_serialization())
            .collect();
        sites.dedup();
        sites
    }

    /// Begins a sign-in at a connection. Where the connection lets it, the provider is told which address
    /// the person gave.
    pub async fn begin(
        &self,
        connection: OidcConnection<'_>,
        login_hint: Option<&EmailAddress>,
        now: UnixTime,
    ) -> Result<Begun, SignInError> {
        let metadata = self.metadata(&connection.settings.issuer, now).await?;
        let methods = metadata.code_challenge_methods.as_ref();
        if methods.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            return Err(SignInError::NoS256);
        }
        let (state, nonce, verifier) = (self.random()?, self.random()?, self.random()?);
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let client = self.client(connection, &metadata)?;
        let (own_state, own_nonce) = (CsrfToken::new(state.clone()), Nonce::new(nonce.clone()));
        let others = connection
            .settings
            .scopes
            .iter()
            .filter(|scope| *scope != "openid");
        let mut request = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                || own_state,
                || own_nonce,
            )
            .add_scopes(others.map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge);
        if connection.settings.response_mode == ResponseMode::FormPost {
            request = request.add_extra_param("response_mode", "form_post");
        }
        if let Some(hint) = login_hint.filter(|_| connection.settings.login_hint) {
            request = request.set_login_hint(LoginHint::new(hint.as_str().to_owned()));
        }
        if let Some(max_age) = connection.settings.max_age {
            request = request.set_max_age(Duration::from_secs(max_age.into()));
        }
        let (authorization_url, ..) = request.url();
        Ok(Begun {
            authorization_url,
            state: Secret::new(state),
            attempt: LoginAttempt {
                connection: connection.id.clone(),
                issuer: connection.settings.issuer.clone(),
                client_id: connection.settings.client_id.clone(),
                nonce,
                pkce_verifier: verifier,
            },
        })
    }

    /// Finishes the sign-in that `attempt` began and `answer` answers: who it is, and the provider's own
    /// session with them.
    pub async fn finish(
        &self,
        connection: OidcConnection<'_>,
        attempt: &LoginAttempt,
        answer: AuthorizationAnswer,
        now: UnixTime,
    ) -> Result<(ProvenIdentity, OidcSession), SignInError> {
        if !is_begun_at(attempt, connection) {
            return Err(SignInError::OtherConnection);
        }
        let metadata = self.metadata(&connection.settings.issuer, now).await?;
        check_answering_issuer(&metadata, &answer)?;
        let code = match answer.outcome {
            Outcome::Code(code) => code,
            Outcome::Error { error, description } => {
                return Err(SignInError::Refused { error, description });
            }
        };
        let exchange = Exchange {
            party: self,
            connection,
            metadata: &metadata,
            now,
        };
        let tokens = exchange
            .tokens(code.expose(), &attempt.pkce_verifier)
            .await?;
        let proven = exchange
            .prove(&tokens, code.expose(), &attempt.nonce)
            .await?;
        let session = OidcSession::new(sid(&proven), tokens.id_token.expose());
        if connection.settings.userinfo {
            Ok((exchange.add_userinfo(proven, &tokens).await?, session))
        } else {
            Ok((proven, session))
        }
    }

    async fn metadata(
        &self,
        issuer: &Issuer,
        now: UnixTime,
    ) -> Result<Arc<ProviderMetadata>, SignInError> {
        let metadata = self.keys.metadata(issuer, now).await;
        metadata.map_err(SignInError::Metadata)
    }

    fn client(
        &self,
        connection: OidcConnection<'_>,
        metadata: &ProviderMetadata,
    ) -> Result<OidcClient, SignInError> {
        let redirect_uri = RedirectUrl::from_url(self.redirect_uri(connection.id)?);
        Ok(protocol::client(connection.settings, metadata)?.set_redirect_uri(redirect_uri))
    }

    fn random(&self) -> Result<String, EntropyError> {
        Ok(URL_SAFE_NO_PAD.encode(draw::<32>(&*self.entropy)?))
    }
}

/// What the id_token calls the provider's session (OpenID Connect Back-Channel Logout 1.0, section 2.1).
fn sid(proven: &ProvenIdentity) -> Option<&str> {
    let claim = proven.claims().get("sid")?;
    match claim.values.as_slice() {
        [sid] if claim.unusable.is_none() => Some(sid),
        _ => None,
    }
}

/// Whether the connection is the one that the attempt was begun at, with the issuer and the client of
/// then. Nothing may be asked of another provider: it would be told the code and the verifier.
fn is_begun_at(attempt: &LoginAttempt, connection: OidcConnection<'_>) -> bool {
    attempt.connection == *connection.id
        && attempt.issuer == connection.settings.issuer
        && attempt.client_id == connection.settings.client_id
}

/// Holds the answer to the provider that was asked (RFC 9207, section 2.4).
fn check_answering_issuer(
    metadata: &ProviderMetadata,
    answer: &AuthorizationAnswer,
) -> Result<(), SignInError> {
    let expected = metadata.issuer.as_str();
    let is_good = match answer.issuer.as_deref() {
        Some(found) => found == expected,
        None => !metadata.sends_issuer,
    };
    if is_good {
        return Ok(());
    }
    Err(SignInError::OtherIssuer {
        expected: Quoted::new(expected),
        found: Quoted::new(answer.issuer.as_deref().unwrap_or_default()),
    })
}
