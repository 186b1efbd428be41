//! A code for a proven identity: the back channel of a sign-in.

use std::borrow::Cow;

use openidconnect::{AuthType, AuthorizationCode, ClientSecret, PkceCodeVerifier};

use super::assertion::{ASSERTION_TYPE, Assertion, ClientKey};
use super::protocol::{Carrier, Tokens, blame};
use super::{RelyingParty, SignInError};
use crate::domain::{ClaimSource, Claims, ProviderRef, Secret, UnixTime};
use crate::federation::connection::{ClientAuth, KeyId, OidcConnection};
use crate::federation::discovery::ProviderMetadata;
use crate::federation::id_token::{Expected, Purpose, UnverifiedIdToken, check_count};
use crate::federation::outgoing::FetchError;
use crate::federation::secret_file::SecretFile;
use crate::federation::{ProvenIdentity, Quoted};

/// What every private key in PEM says (RFC 7468): no client secret does.
const PRIVATE_KEY: &str = "PRIVATE KEY-----";

/// One exchange, for one answer.
pub(super) struct Exchange<'e> {
    pub(super) party: &'e RelyingParty,
    pub(super) connection: OidcConnection<'e>,
    pub(super) metadata: &'e ProviderMetadata,
    pub(super) now: UnixTime,
}

/// How the client proves itself in one request.
enum Credential {
    Secret(AuthType, Secret<String>),
    Assertion(String),
    None,
}

impl Exchange<'_> {
    /// Exchanges the code.
    pub(super) async fn tokens(
        &self,
        code: &str,
        pkce_verifier: &str,
    ) -> Result<Tokens, SignInError> {
        let credential = self.credential().await?;
        let mut client = self.party.client(self.connection, self.metadata)?;
        client = client.set_auth_type(AuthType::RequestBody);
        if let Credential::Secret(kind, secret) = &credential {
            client = client
                .set_auth_type(kind.clone())
                .set_client_secret(ClientSecret::new(secret.expose().clone()));
        }
        let mut request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(pkce_verifier.to_owned()));
        if let Credential::Assertion(assertion) = credential {
            request = request
                .add_extra_param("client_assertion_type", ASSERTION_TYPE)
                .add_extra_param("client_assertion", Cow::Owned(assertion));
        }
        let carrier = Carrier(&self.party.outgoing);
        let answer = request.request_async(&carrier).await;
        answer.map_err(blame)?.into_tokens()
    }

    /// Proves the id_token that came.
    pub(super) async fn prove(
        &self,
        tokens: &Tokens,
        code: &str,
        nonce: &str,
    ) -> Result<ProvenIdentity, SignInError> {
        let expected = Expected {
            provider: &ProviderRef::Connection(self.connection.id.clone()),
            issuer: &self.connection.settings.issuer,
            clients: std::slice::from_ref(&self.connection.settings.client_id),
            purpose: Purpose::SignIn {
                nonce,
                code,
                access_token: tokens.access_token.expose(),
                max_age: self.connection.settings.max_age,
            },
        };
        let token = UnverifiedIdToken::parse(tokens.id_token.expose())?;
        Ok(token.verify(&expected, &self.party.keys, self.now).await?)
    }

    /// Adds what the UserInfo endpoint says (OpenID Connect Core 1.0, section 5.3), if it speaks of
    /// the same person. The id_token's own claims stay as they are.
    pub(super) async fn add_userinfo(
        &self,
        mut proven: ProvenIdentity,
        tokens: &Tokens,
    ) -> Result<ProvenIdentity, SignInError> {
        let endpoint = self.metadata.userinfo_endpoint.clone();
        let url = endpoint.ok_or(SignInError::NoEndpoint("userinfo_endpoint"))?;
        let mut request = reqwest::Request::new(reqwest::Method::GET, url);
        let bearer = ["Bearer ", tokens.access_token.expose()].concat();
        let mut bearer =
            http::HeaderValue::try_from(bearer).map_err(|_| SignInError::TokenAnswer)?;
        bearer.set_sensitive(true);
        let headers = request.headers_mut();
        headers.insert(http::header::AUTHORIZATION, bearer);
        let answer = self.party.outgoing.json(request).await;
        let members = answer.map_err(userinfo_failed)?.members;
        let subject = members.get("sub").and_then(serde_json::Value::as_str);
        if subject != Some(proven.subject.as_str()) {
            return Err(SignInError::OtherSubject {
                expected: Quoted::new(proven.subject.as_str()),
                found: Quoted::new(subject.unwrap_or_default()),
            });
        }
        let more = Claims::from_json(&members, ClaimSource::UserInfo);
        proven.claims.fill_from(more);
        check_count(&proven.claims)?;
        Ok(proven)
    }

    async fn credential(&self) -> Result<Credential, SignInError> {
        match &self.connection.settings.client_auth {
            ClientAuth::ClientSecretPost { file } => self.secret(AuthType::RequestBody, file).await,
            ClientAuth::ClientSecretBasic { file } => self.secret(AuthType::BasicAuth, file).await,
            ClientAuth::PrivateKeyJwt { file, key_id } => {
                self.assertion(file, key_id.as_ref()).await
            }
            ClientAuth::None => Ok(Credential::None),
        }
    }

    async fn secret(&self, how: AuthType, file: &SecretFile) -> Result<Credential, SignInError> {
        let secret = self.party.secrets.read(file).await?;
        if secret.expose().contains(PRIVATE_KEY) {
            return Err(SignInError::PrivateKeyAsSecret);
        }
        Ok(Credential::Secret(how, secret))
    }

    async fn assertion(
        &self,
        file: &SecretFile,
        key_id: Option<&KeyId>,
    ) -> Result<Credential, SignInError> {
        let endpoint = self.metadata.token_endpoint.as_ref();
        let assertion = Assertion {
            client: &self.connection.settings.client_id,
            token_endpoint: endpoint.ok_or(SignInError::NoEndpoint("token_endpoint"))?,
            key_id,
            now: self.now,
        };
        let key = ClientKey::from_pem(self.party.secrets.read(file).await?.expose())?;
        let signed = key.assert(&assertion, &*self.party.entropy)?;
        Ok(Credential::Assertion(signed))
    }
}

fn userinfo_failed(source: FetchError) -> SignInError {
    SignInError::Provider {
        what: "the UserInfo endpoint",
        source,
    }
}
