//! Reading an authorization request (RFC 6749, section 4.1.1; RFC 7636; RFC 9207).

use super::client::{Client, RedirectUri};
use super::parameters::Parameters;
use super::provider::DemoProvider;

/// `state` and `nonce` are at most this many bytes.
const MAX_OPAQUE: usize = 2048;

/// An authorization request that may be answered.
pub(super) struct AuthorizationRequest<'a> {
    pub(super) client: &'a Client,
    pub(super) answer_to: AnswerTo<'a>,
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
}

/// Where the answer goes, once client and address are known to belong together.
pub(super) struct AnswerTo<'a> {
    pub(super) redirect_uri: &'a RedirectUri,
    pub(super) mode: ResponseMode,
    pub(super) state: Option<String>,
}

/// How the answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponseMode {
    /// In the query of a redirect.
    Query,
    /// In a form that the browser posts (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

/// Why a request is not answered with a code.
pub(super) enum Refusal<'a> {
    /// The browser must not be sent anywhere: the person is told.
    Shown(Untrusted),
    /// The client is told.
    Answered(AnswerTo<'a>, ClientError),
}

/// A request whose redirect address can't be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Untrusted {
    #[error("The client is not registered here.")]
    UnknownClient,
    #[error("The redirect_uri is not registered for this client.")]
    UnknownRedirectUri,
    #[error("The response_mode must be query or form_post.")]
    UnknownResponseMode,
    #[error("A parameter is given more than once.")]
    Repeated,
    #[error("The state is longer than 2048 bytes.")]
    LongState,
}

/// An error of the client (RFC 6749, section 4.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientError {
    pub(super) code: &'static str,
    pub(super) description: &'static str,
}

impl ClientError {
    const fn new(code: &'static str, description: &'static str) -> Self {
        Self { code, description }
    }
}

impl<'a> AuthorizationRequest<'a> {
    /// Reads the parameters of `/authorize`, or of the form that it shows.
    pub(super) fn read(
        provider: &'a DemoProvider,
        parameters: &Parameters,
    ) -> Result<Self, Refusal<'a>> {
        let (client, answer_to) = trusted_address(provider, parameters).map_err(Refusal::Shown)?;
        match checked(parameters) {
            Ok((challenge, nonce)) => Ok(Self {
                client,
                answer_to,
                challenge,
                nonce,
            }),
            Err(error) => Err(Refusal::Answered(answer_to, error)),
        }
    }
}

/// Client and address first: before they are known no error may leave by a redirect
/// (RFC 9700, section 4.11.2).
fn trusted_address<'a>(
    provider: &'a DemoProvider,
    parameters: &Parameters,
) -> Result<(&'a Client, AnswerTo<'a>), Untrusted> {
    let id = parameters.value("client_id").unwrap_or_default();
    let client = provider.client(id).ok_or(Untrusted::UnknownClient)?;
    let uri = parameters.value("redirect_uri").unwrap_or_default();
    let redirect_uri = client.redirect_uri(uri);
    let redirect_uri = redirect_uri.ok_or(Untrusted::UnknownRedirectUri)?;
    let mode = match parameters.value("response_mode") {
        None | Some("query") => ResponseMode::Query,
        Some("form_post") => ResponseMode::FormPost,
        Some(_) => return Err(Untrusted::UnknownResponseMode),
    };
    let state = parameters.value("state").map(str::to_owned);
    if state.as_ref().is_some_and(|state| state.len() > MAX_OPAQUE) {
        return Err(Untrusted::LongState);
    }
    let answer_to = AnswerTo {
        redirect_uri,
        mode,
        state,
    };
    Ok((client, answer_to))
}

/// The challenge and the nonce of a request that asks for nothing else than a code with S256.
fn checked(parameters: &Parameters) -> Result<(String, Option<String>), ClientError> {
    if parameters.value("response_type") != Some("code") {
        let error = "unsupported_response_type";
        return Err(ClientError::new(error, "response_type must be code"));
    }
    let mut scopes = parameters.value("scope").unwrap_or_default().split(' ');
    if !scopes.any(|scope| scope == "openid") {
        return Err(ClientError::new("invalid_scope", "scope must hold openid"));
    }
    if parameters.value("request").is_some() || parameters.value("request_uri").is_some() {
        let error = "request_not_supported";
        return Err(ClientError::new(error, "request objects are not read"));
    }
    if parameters.value("prompt") == Some("none") {
        let error = "login_required";
        return Err(ClientError::new(error, "somebody must choose a person"));
    }
    let nonce = parameters.value("nonce").map(str::to_owned);
    if nonce.as_ref().is_some_and(|nonce| nonce.len() > MAX_OPAQUE) {
        let error = "invalid_request";
        return Err(ClientError::new(error, "nonce is longer than 2048 bytes"));
    }
    Ok((challenge(parameters)?, nonce))
}

/// An S256 challenge: 43 characters of base64url (RFC 7636, section 4.2).
fn challenge(parameters: &Parameters) -> Result<String, ClientError> {
    let challenge = parameters.value("code_challenge").unwrap_or_default();
    let is_digest = challenge.len() == 43
        && challenge
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_digest && parameters.value("code_challenge_method") == Some("S256") {
        Ok(challenge.to_owned())
    } else {
        let description = "a code_challenge with the method S256 is required";
        Err(ClientError::new("invalid_request", description))
    }
}
