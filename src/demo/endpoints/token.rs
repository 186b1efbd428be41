//! `POST /token`: a code becomes an id_token and an access token (RFC 6749, section 4.1.3).

use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::demo::client::Client;
use crate::demo::keys::Algorithm;
use crate::demo::parameters::Parameters;
use crate::demo::provider::{CodeGrant, DemoProvider, Overrides, TOKEN_SECONDS, access_token_hash};

/// `POST /token`.
pub(in crate::demo) async fn redeem(
    request: HttpRequest,
    body: web::Bytes,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    match redeemed(&provider, &request, &body) {
        Ok(tokens) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(tokens),
        Err(error) => error.response(),
    }
}

#[derive(Serialize)]
struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    id_token: String,
}

/// Errors of RFC 6749, section 5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum TokenError {
    #[error("the request is no form, repeats a parameter or leaves one out")]
    InvalidRequest,
    #[error("the client did not authenticate in exactly one way")]
    InvalidClient,
    #[error("the code is unknown, used, expired or not for this client, address and verifier")]
    InvalidGrant,
    #[error("grant_type must be authorization_code")]
    UnsupportedGrantType,
    #[error("no token could be made")]
    Server,
}

#[derive(Serialize)]
struct ErrorBody {
    error: &'static str,
    error_description: String,
}

impl TokenError {
    const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::Server => "server_error",
        }
    }

    fn response(self) -> HttpResponse {
        let mut response = match self {
            Self::InvalidClient => HttpResponse::Unauthorized(),
            Self::Server => HttpResponse::InternalServerError(),
            Self::InvalidRequest | Self::InvalidGrant | Self::UnsupportedGrantType => {
                HttpResponse::BadRequest()
            }
        };
        if self == Self::InvalidClient {
            response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"demo\""));
        }
        response.insert_header((CACHE_CONTROL, "no-store"));
        response.json(ErrorBody {
            error: self.code(),
            error_description: self.to_string(),
        })
    }
}

fn redeemed(
    provider: &DemoProvider,
    request: &HttpRequest,
    body: &[u8],
) -> Result<Tokens, TokenError> {
    let content_type = header_text(request, &CONTENT_TYPE).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(TokenError::InvalidRequest);
    }
    let parameters = Parameters::parse(body).map_err(|_| TokenError::InvalidRequest)?;
    let basic = header_text(request, &AUTHORIZATION);
    let client = authenticated(provider, basic, &parameters)?;
    if parameters.value("grant_type") != Some("authorization_code") {
        return Err(TokenError::UnsupportedGrantType);
    }
    let code = parameters.value("code").ok_or(TokenError::InvalidRequest)?;
    // Taken before it is checked: a code that was shown with a wrong verifier is spent.
    let grant = provider.codes.take(code, provider.clock.now());
    let grant = grant.ok_or(TokenError::InvalidGrant)?;
    if !is_bound(&grant, client, &parameters) {
        return Err(TokenError::InvalidGrant);
    }
    tokens(provider, &grant)
}

/// The client, by `client_secret_basic` or `client_secret_post`, and never both.
fn authenticated<'a>(
    provider: &'a DemoProvider,
    basic: Option<&str>,
    parameters: &Parameters,
) -> Result<&'a Client, TokenError> {
    let (id, secret) = match (basic, parameters.value("client_secret")) {
        (Some(header), None) => basic_credentials(header).ok_or(TokenError::InvalidClient)?,
        (None, Some(secret)) => {
            let id = parameters.value("client_id").unwrap_or_default();
            (id.to_owned(), secret.to_owned())
        }
        (Some(_), Some(_)) | (None, None) => return Err(TokenError::InvalidClient),
    };
    if parameters
        .value("client_id")
        .is_some_and(|named| named != id)
    {
        return Err(TokenError::InvalidClient);
    }
    let client = provider.client(&id);
    let client = client.filter(|client| client.has_secret(&secret));
    client.ok_or(TokenError::InvalidClient)
}

/// Id and secret, each form-encoded before they were joined (RFC 6749, section 2.3.1).
fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let joined = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = joined.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .into_owned()
}

fn is_bound(grant: &CodeGrant, client: &Client, parameters: &Parameters) -> bool {
    let verifier = parameters.value("code_verifier").unwrap_or_default();
    grant.client == client.id
        && parameters.value("redirect_uri") == Some(grant.redirect_uri.as_str())
        && is_verifier(verifier)
        && challenge_of(verifier) == grant.challenge
}

/// 43 to 128 unreserved characters (RFC 7636, section 4.1).
fn is_verifier(verifier: &str) -> bool {
    (43..=128).contains(&verifier.len())
        && verifier
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn challenge_of(verifier: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

fn tokens(provider: &DemoProvider, grant: &CodeGrant) -> Result<Tokens, TokenError> {
    let now = provider.clock.now();
    let access_token = provider.access_token(&grant.person, now);
    let access_token = access_token.map_err(|_| TokenError::Server)?;
    let mut claims = Map::new();
    claims.insert("at_hash".into(), access_token_hash(&access_token).into());
    claims.insert(
        "nonce".into(),
        grant.nonce.clone().map_or(Value::Null, Value::from),
    );
    let sid = provider.oidc.begin(grant, provider.entropy.as_ref());
    claims.insert("sid".into(), sid.map_or(Value::Null, Value::from));
    let overrides = Overrides {
        algorithm: Algorithm::Rs256,
        claims,
    };
    let id_token = provider.sign_for(&grant.person, &grant.client, now, &overrides);
    Ok(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: TOKEN_SECONDS,
        id_token: id_token.map_err(|_| TokenError::Server)?,
    })
}

fn header_text<'a>(
    request: &'a HttpRequest,
    name: &actix_web::http::header::HeaderName,
) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_rfc_7636() {
        let challenge = challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        for bad in [
            &"a".repeat(42),
            &"a".repeat(129),
            &"é".repeat(30),
            &"a+".repeat(30),
        ] {
            assert!(!is_verifier(bad), "{bad}");
        }
        assert!(is_verifier(&"a-._~Z9".repeat(7)));
    }

    #[test]
    fn basic_credentials_are_form_encoded() {
        let header = ["Basic ", &STANDARD.encode("a%3Ab:p+q%2B")].concat();
        let expected = Some(("a:b".to_owned(), "p q+".to_owned()));
        assert_eq!(basic_credentials(&header), expected);
        assert_eq!(basic_credentials("Bearer abc"), None);
    }
}
