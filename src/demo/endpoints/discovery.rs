//! `/.well-known/openid-configuration` and `/jwks` (OpenID Connect Discovery 1.0, section 3).

use actix_web::{HttpResponse, Responder, web};
use serde::Serialize;

use crate::demo::provider::DemoProvider;
use crate::domain::Issuer;

#[derive(Serialize)]
struct Configuration<'a> {
    issuer: &'a Issuer,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    end_session_endpoint: String,
    jwks_uri: String,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 2],
    grant_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 2],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    code_challenge_methods_supported: [&'static str; 1],
    scopes_supported: [&'static str; 4],
    claims_supported: [&'static str; 6],
    authorization_response_iss_parameter_supported: bool,
    #[serde(flatten)]
    back_channel: BackChannel,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
}

/// OpenID Connect Back-Channel Logout 1.0, section 2.1.
#[derive(Serialize)]
struct BackChannel {
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
}

impl<'a> Configuration<'a> {
    fn of(issuer: &'a Issuer) -> Self {
        let at = |path| [issuer.as_str(), path].concat();
        Self {
            issuer,
            authorization_endpoint: at("/authorize"),
            token_endpoint: at("/token"),
            userinfo_endpoint: at("/userinfo"),
            end_session_endpoint: at("/end-session"),
            jwks_uri: at("/jwks"),
            response_types_supported: ["code"],
            response_modes_supported: ["query", "form_post"],
            grant_types_supported: ["authorization_code"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["RS256", "ES256"],
            token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
            code_challenge_methods_supported: ["S256"],
            scopes_supported: ["openid", "profile", "email", "groups"],
            claims_supported: [
                "sub",
                "name",
                "email",
                "email_verified",
                "department",
                "groups",
            ],
            authorization_response_iss_parameter_supported: true,
            back_channel: BackChannel {
                backchannel_logout_supported: true,
                backchannel_logout_session_supported: true,
            },
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
        }
    }
}

/// `GET /.well-known/openid-configuration`.
pub(in crate::demo) async fn configuration(provider: web::Data<DemoProvider>) -> impl Responder {
    HttpResponse::Ok().json(Configuration::of(provider.issuer()))
}

/// `GET /jwks`.
pub(in crate::demo) async fn jwks(provider: web::Data<DemoProvider>) -> HttpResponse {
    match provider.jwks() {
        Ok(json) => HttpResponse::Ok()
            .content_type("application/json")
            .body(json),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}
