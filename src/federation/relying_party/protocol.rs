//! How the openidconnect crate, which speaks the protocol, meets our outgoing client and verifier.

use std::pin::Pin;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessToken, AsyncHttpClient, AuthUrl, Client, ClientId, EmptyAdditionalClaims, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, IdToken, IssuerUrl, JsonWebKeySet, OAuth2TokenResponse,
    RefreshToken, RequestTokenError, Scope, StandardErrorResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::SignInError;
use crate::domain::Secret;
use crate::federation::Quoted;
use crate::federation::connection::OidcSettings;
use crate::federation::discovery::ProviderMetadata;
use crate::federation::json::{JsonError, parse_object};
use crate::federation::outgoing::{FetchError, Outgoing};

/// The relying party's client, with its authorization and token endpoints set.
pub(super) type OidcClient = Client<
    EmptyAdditionalClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    TokenAnswer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointNotSet,
>;

/// The client of a connection; its keys stay empty, since the crate verifies nothing.
pub(super) fn client(
    settings: &OidcSettings,
    metadata: &ProviderMetadata,
) -> Result<OidcClient, SignInError> {
    let endpoint = |url: &Option<Url>, name| url.clone().ok_or(SignInError::NoEndpoint(name));
    let authorization = endpoint(&metadata.authorization_endpoint, "authorization_endpoint")?;
    let token = endpoint(&metadata.token_endpoint, "token_endpoint")?;
    let issuer = IssuerUrl::new(settings.issuer.as_str().to_owned());
    Ok(Client::new(
        ClientId::new(settings.client_id.as_str().to_owned()),
        issuer.map_err(|_| SignInError::Url("the issuer"))?,
        JsonWebKeySet::default(),
    )
    .set_auth_uri(AuthUrl::from_url(authorization))
    .set_token_uri(TokenUrl::from_url(token)))
}

/// What the token endpoint answers. The id_token stays a text: only our verifier reads it.
#[derive(Serialize, Deserialize)]
pub(super) struct TokenAnswer {
    access_token: AccessToken,
    #[serde(deserialize_with = "token_type")]
    token_type: CoreTokenType,
    #[serde(default)]
    id_token: Option<String>,
}

impl std::fmt::Debug for TokenAnswer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TokenAnswer(redacted)")
    }
}

/// The type's name in any case (RFC 6749, section 5.1).
fn token_type<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<CoreTokenType, D::Error> {
    let name = String::deserialize(reader)?;
    if name.eq_ignore_ascii_case("Bearer") {
        Ok(CoreTokenType::Bearer)
    } else {
        Ok(CoreTokenType::Extension(name))
    }
}

/// What came for a code.
pub(super) struct Tokens {
    pub(super) access_token: Secret<String>,
    pub(super) id_token: Secret<String>,
}

impl TokenAnswer {
    /// The bearer tokens of the answer.
    pub(super) fn into_tokens(self) -> Result<Tokens, SignInError> {
        if self.token_type != CoreTokenType::Bearer {
            return Err(SignInError::TokenAnswer);
        }
        Ok(Tokens {
            access_token: Secret::new(self.access_token.into_secret()),
            id_token: Secret::new(self.id_token.ok_or(SignInError::NoIdToken)?),
        })
    }
}

impl OAuth2TokenResponse for TokenAnswer {
    type TokenType = CoreTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &CoreTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<std::time::Duration> {
        None
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

type CoreIdTokenType = IdToken<
    EmptyAdditionalClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

impl
    TokenResponse<
        EmptyAdditionalClaims,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    > for TokenAnswer
{
    /// None, so that the crate's verifier has nothing to verify.
    fn id_token(&self) -> Option<&CoreIdTokenType> {
        None
    }
}

/// Why the token endpoint's answer did not arrive or is no strict JSON.
#[derive(Debug, thiserror::Error)]
pub(super) enum CarryError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error("the request is malformed")]
    Request(#[source] reqwest::Error),
}

/// Carries the crate's requests to the token endpoint.
///
/// Its future is boxed: the one of a closure would not be known to be `Send` behind the crate's
/// trait.
pub(super) struct Carrier<'o>(pub(super) &'o Outgoing);

impl<'c> AsyncHttpClient<'c> for Carrier<'_> {
    type Error = CarryError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, CarryError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.carry(request))
    }
}

impl Carrier<'_> {
    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, CarryError> {
        let request = reqwest::Request::try_from(request).map_err(CarryError::Request)?;
        let answer = self.0.send(request).await?;
        if answer.status() == http::StatusCode::OK {
            parse_object(answer.body())?;
        }
        Ok(answer)
    }
}

/// Says who is to blame for a failed exchange.
pub(super) fn blame(
    error: RequestTokenError<CarryError, StandardErrorResponse<CoreErrorResponseType>>,
) -> SignInError {
    match error {
        RequestTokenError::ServerResponse(refusal) => SignInError::CodeRefused {
            error: Quoted::new(refusal.error().as_ref()),
            description: Quoted::new(refusal.error_description().map_or("", String::as_str)),
        },
        RequestTokenError::Request(CarryError::Fetch(source)) => SignInError::Provider {
            what: "the token endpoint",
            source,
        },
        RequestTokenError::Request(CarryError::Json(source)) => SignInError::Provider {
            what: "the token endpoint",
            source: FetchError::Json(source),
        },
        RequestTokenError::Request(CarryError::Request(_))
        | RequestTokenError::Parse(..)
        | RequestTokenError::Other(_) => SignInError::TokenAnswer,
    }
}
