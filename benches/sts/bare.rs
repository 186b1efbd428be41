//! The server `bare`: what the two operations can't do without, and nothing else.
//!
//! It checks no issuer, time, audience, policy or host, keeps no log and knows no error but a
//! status. What it does, it does for real: a request with a wrong signature is refused.

use std::net::TcpListener;
use std::path::Path;

use actix_web::web::{self, Bytes, Data, Form};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::{BASE64, HEXLOWER};
use rolegate::seal::{HEAD, SealingKey};
use serde::Deserialize;

use crate::Outcome;
use crate::identity::PublishedKey;
use crate::saml;
use crate::server::{WORKERS, listening, runtime};

/// The key that session tokens of this server are sealed under; it guards nothing.
pub const SEALING_KEY: [u8; 32] = [7; 32];
/// What session tokens of this server are sealed as.
pub const CONTEXT: &[u8] = b"bare session token";
/// The headers that its callers sign, in the order of the canonical request.
pub const SIGNED_HEADERS: [&str; 5] = [
    "amz-sdk-invocation-id",
    "content-type",
    "host",
    "x-amz-date",
    "x-amz-security-token",
];
/// What is sealed for a session.
const SESSION_BYTES: usize = 1024;
/// The length of the answer to a web identity.
pub const WEB_IDENTITY_BYTES: usize = 700;
/// The length of the answer to a SAML response.
pub const SAML_BYTES: usize = 1_400;
/// The length of the answer to a signed request for another session.
pub const ASSUME_ROLE_BYTES: usize = 1_400;
/// The length of the answer to a signed request.
pub const CALLER_IDENTITY_BYTES: usize = 400;
/// The length of the answer to a question.
pub const AUTHORIZE_BYTES: usize = 640;

/// The longest form: SAML responses are longer than the usual limit.
const FORM_BYTES: usize = 64 * 1024;

struct Bare {
    provider: ParsedPublicKey,
    saml_provider: ParsedPublicKey,
    sessions: RandomizedNonceKey,
    tokens: SealingKey,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WebIdentityForm {
    role_arn: String,
    role_session_name: String,
    web_identity_token: String,
}

#[derive(Deserialize)]
struct SamlForm {
    #[serde(rename = "RoleArn")]
    role_arn: String,
    #[serde(rename = "SAMLAssertion")]
    assertion: String,
}

/// Serves until its input ends.
pub fn serve(folder: &Path) -> Outcome<()> {
    let key = PublishedKey::read(folder)?;
    let components = RsaPublicKeyComponents { n: key.n, e: key.e };
    let bare = Data::new(Bare {
        provider: components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)?,
        saml_provider: ParsedPublicKey::new(
            &RSA_PKCS1_2048_8192_SHA256,
            saml::published_key(folder)?,
        )?,
        sessions: RandomizedNonceKey::new(&AES_256_GCM, &SEALING_KEY)?,
        tokens: SealingKey::new(SEALING_KEY),
    });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    runtime()?.block_on(async {
        let app = move || {
            App::new()
                .app_data(bare.clone())
                .app_data(web::FormConfig::default().limit(FORM_BYTES))
                .route("/web-identity", web::post().to(web_identity))
                .route("/saml", web::post().to(saml_response))
                .route("/assume-role", web::post().to(assume_role))
                .route("/caller-identity", web::post().to(caller_identity))
                .route("/authorize", web::post().to(authorize))
        };
        let server = HttpServer::new(app).workers(WORKERS).disable_signals();
        let server = server.listen(listener)?.run();
        let handle = server.handle();
        let serving = tokio::spawn(server);
        listening(address).await?;
        handle.stop(false).await;
        Ok(serving.await??)
    })
}

async fn web_identity(bare: Data<Bare>, form: Form<WebIdentityForm>) -> HttpResponse {
    match sealed_session(&bare, &form) {
        Some(sealed) => answer(&form.role_arn, &sealed, WEB_IDENTITY_BYTES),
        None => HttpResponse::Forbidden().finish(),
    }
}

/// Verifies the token, and seals a session of the usual size.
fn sealed_session(bare: &Bare, form: &WebIdentityForm) -> Option<Vec<u8>> {
    let (signed, signature) = form.web_identity_token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let verified = bare.provider.verify_sig(signed.as_bytes(), &signature);
    verified.ok()?;
    sealed(bare, &form.role_session_name)
}

async fn saml_response(bare: Data<Bare>, form: Form<SamlForm>) -> HttpResponse {
    match sealed_saml_session(&bare, &form) {
        Some(sealed) => answer(&form.role_arn, &sealed, SAML_BYTES),
        None => HttpResponse::Forbidden().finish(),
    }
}

/// Verifies the signature over the SignedInfo, which its provider writes in canonical form, and seals
/// a session of the usual size. It reads no XML and hashes no assertion.
fn sealed_saml_session(bare: &Bare, form: &SamlForm) -> Option<Vec<u8>> {
    let response = BASE64.decode(form.assertion.as_bytes()).ok()?;
    let signed = element(&response, b"<ds:SignedInfo ", b"</ds:SignedInfo>")?;
    let value = element(&response, b"<ds:SignatureValue>", b"</ds:SignatureValue>")?;
    let value = value.strip_prefix(b"<ds:SignatureValue>")?;
    let signature = BASE64
        .decode(value.strip_suffix(b"</ds:SignatureValue>")?)
        .ok()?;
    bare.saml_provider.verify_sig(signed, &signature).ok()?;
    sealed(bare, &form.role_arn)
}

/// The bytes from the first `begin` to the end of the first `end`.
fn element<'x>(xml: &'x [u8], begin: &[u8], end: &[u8]) -> Option<&'x [u8]> {
    let from = memchr::memmem::find(xml, begin)?;
    let to = memchr::memmem::find(xml, end)?;
    xml.get(from..to + end.len())
}

/// Seals a session of the usual size.
fn sealed(bare: &Bare, name: &str) -> Option<Vec<u8>> {
    let mut session = name.as_bytes().to_vec();
    session.resize(SESSION_BYTES, b' ');
    let nonce = bare
        .sessions
        .seal_in_place_append_tag(Aad::empty(), &mut session)
        .ok()?;
    session.extend_from_slice(nonce.as_ref());
    Some(session)
}

async fn caller_identity(bare: Data<Bare>, request: HttpRequest, body: Bytes) -> HttpResponse {
    match opened_session(&bare, &request, &body) {
        Some(session) => answer("caller", &session, CALLER_IDENTITY_BYTES),
        None => HttpResponse::Forbidden().finish(),
    }
}

/// As for a caller identity, and seals a session of the usual size.
async fn assume_role(bare: Data<Bare>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let opened = opened_session(&bare, &request, &body);
    match opened.and_then(|_| sealed(&bare, "assumed")) {
        Some(sealed) => answer("assumed", &sealed, ASSUME_ROLE_BYTES),
        None => HttpResponse::Forbidden().finish(),
    }
}

/// Opens the session token and verifies the signature (SigV4) with the secret that belongs to it.
fn opened_session(bare: &Bare, request: &HttpRequest, body: &[u8]) -> Option<Vec<u8>> {
    let headers = request.headers();
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let token = BASE64.decode(text("x-amz-security-token")?.as_bytes());
    let (session, secret) = opened(bare, token.ok()?)?;
    is_signed(&text, &SIGNED_HEADERS, request.path(), body, &secret)?;
    Some(session)
}

/// What a session token holds, and its secret.
fn opened(bare: &Bare, mut token: Vec<u8>) -> Option<(Vec<u8>, String)> {
    let opened = bare.tokens.open(&[CONTEXT], &mut token).ok()?;
    let secret = secret_of(opened.companion.expose());
    let end = HEAD + opened.plaintext.len();
    token.truncate(end);
    Some((token.split_off(HEAD), secret))
}

/// Verifies the signature of a POST with these headers, of which these are signed.
pub fn is_signed<'t>(
    text: &impl Fn(&str) -> Option<&'t str>,
    names: &[&str],
    path: &str,
    body: &[u8],
    secret: &str,
) -> Option<()> {
    let (rest, signature) = text("authorization")?.rsplit_once("Signature=")?;
    let (_, credential) = rest.split_once("Credential=")?;
    let (_, scope) = credential.split(',').next()?.split_once('/')?;
    let canonical = canonical_request(path, text, names, body)?;
    let to_sign = [
        "AWS4-HMAC-SHA256",
        text("x-amz-date")?,
        scope,
        &HEXLOWER.encode(digest(&SHA256, &canonical).as_ref()),
    ]
    .join("\n");
    let mut key = hmac::Key::new(HMAC_SHA256, ["AWS4", secret].concat().as_bytes());
    for step in scope.split('/') {
        key = hmac::Key::new(HMAC_SHA256, hmac::sign(&key, step.as_bytes()).as_ref());
    }
    let signature = HEXLOWER.decode(signature.as_bytes()).ok()?;
    hmac::verify(&key, to_sign.as_bytes(), &signature).ok()
}

async fn authorize(bare: Data<Bare>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let open = |token: Vec<u8>| opened(&bare, token);
    match crate::authorize::answered(&request, &body, open) {
        Some(session) => json_answer(&session, AUTHORIZE_BYTES),
        None => HttpResponse::Forbidden().finish(),
    }
}

/// An answer in JSON of exactly `length` bytes.
fn json_answer(bytes: &[u8], length: usize) -> HttpResponse {
    const BEGIN: &str = "{\"decision\":\"allow\",\"identity\":\"";
    const END: &str = "\"}";
    let mut text = BASE64.encode(bytes);
    text.truncate(length.saturating_sub(BEGIN.len() + END.len()));
    let body = [BEGIN, &text, END].concat();
    HttpResponse::Ok()
        .content_type("application/json")
        .body(body)
}

/// The secret access key of a token with this companion.
pub fn secret_of(companion: &[u8; 32]) -> String {
    BASE64.encode(companion)
}

fn canonical_request<'t>(
    path: &str,
    text: &impl Fn(&str) -> Option<&'t str>,
    names: &[&str],
    body: &[u8],
) -> Option<Vec<u8>> {
    let mut canonical = Vec::with_capacity(2048);
    canonical.extend_from_slice(b"POST\n");
    canonical.extend_from_slice(path.as_bytes());
    canonical.extend_from_slice(b"\n\n");
    for name in names {
        canonical.extend_from_slice(name.as_bytes());
        canonical.push(b':');
        canonical.extend_from_slice(text(name)?.as_bytes());
        canonical.push(b'\n');
    }
    canonical.push(b'\n');
    canonical.extend_from_slice(names.join(";").as_bytes());
    canonical.push(b'\n');
    let hash = HEXLOWER.encode(digest(&SHA256, body).as_ref());
    canonical.extend_from_slice(hash.as_bytes());
    Some(canonical)
}

/// An answer in XML of exactly `length` bytes.
fn answer(name: &str, bytes: &[u8], length: usize) -> HttpResponse {
    const END: &[u8] = b"</Token></Result></Response>\n";
    let mut body = Vec::with_capacity(length);
    body.extend_from_slice(b"<Response><Result><Name>");
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(b"</Name><Token>");
    let mut text = BASE64.encode(bytes).into_bytes();
    text.resize(length.saturating_sub(body.len() + END.len()), b'=');
    body.extend_from_slice(&text);
    body.extend_from_slice(END);
    HttpResponse::Ok().content_type("text/xml").body(body)
}
