//! The STS API: AWS's Query protocol, answered as XML or JSON (API version 2011-06-15).
//!
//! One file an operation, which reads what it needs of the call.

mod access_token_error;
mod assume_role;
mod assume_role_with_saml;
mod assume_role_with_web_identity;
mod assume_root;
mod assuming;
mod decode_authorization_message;
mod error;
mod get_caller_identity;
mod get_web_identity_token;
mod saml_error;
mod user_sessions;

use actix_web::http::StatusCode;
use futures_util::future::LocalBoxFuture;

use crate::domain::Endpoint;
use crate::flows::{
    AssumeRole, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, AssumeRoot, GetCallerIdentity,
    GetWebIdentityToken, UserSessions,
};
use crate::http::query::{Call, QueryFault, STS, Success, missing_action, unknown_action};

const VERSION: &str = STS.version;

/// An operation that has begun.
type Answering<'c> = LocalBoxFuture<'c, Result<Success<'static>, QueryFault>>;

/// The flows behind the API.
#[derive(Clone)]
pub struct StsApi {
    /// `AssumeRole`
    pub assume_role: AssumeRole,
    /// `AssumeRoleWithSAML`
    pub assume_role_with_saml: AssumeRoleWithSaml,
    /// `AssumeRoleWithWebIdentity`
    pub assume_role_with_web_identity: AssumeRoleWithWebIdentity,
    /// `AssumeRoot`
    pub assume_root: AssumeRoot,
    /// `GetSessionToken`, `GetFederationToken`, `GetAccessKeyInfo`, `DecodeAuthorizationMessage`,
    /// `GetDelegatedAccessToken`
    pub user_sessions: UserSessions,
    /// `GetCallerIdentity`
    pub get_caller_identity: GetCallerIdentity,
    /// `GetWebIdentityToken`
    pub get_web_identity_token: GetWebIdentityToken,
}

impl StsApi {
    /// Begins the operation that a call names.
    ///
    /// # Errors
    /// [`QueryFault`] where there is none.
    pub fn dispatch<'c>(&'c self, call: &'c Call<'_>) -> Result<Answering<'c>, QueryFault> {
        let action = call.parameters.find("Action").unwrap_or_default();
        let version = call.parameters.find("Version");
        let users = &self.user_sessions;
        Ok(match (action, version) {
            ("AssumeRole", Some(VERSION)) => Box::pin(assume_role::answer(&self.assume_role, call)),
            ("AssumeRoleWithSAML", Some(VERSION)) => {
                let flow = &self.assume_role_with_saml;
                Box::pin(assume_role_with_saml::answer(flow, call))
            }
            ("AssumeRoleWithWebIdentity", Some(VERSION)) => {
                let flow = &self.assume_role_with_web_identity;
                Box::pin(assume_role_with_web_identity::answer(flow, call))
            }
            ("GetSessionToken", Some(VERSION)) => {
                Box::pin(user_sessions::get_session_token(users, call))
            }
            ("GetFederationToken", Some(VERSION)) => {
                Box::pin(user_sessions::get_federation_token(users, call))
            }
            ("GetAccessKeyInfo", Some(VERSION)) => {
                Box::pin(user_sessions::get_access_key_info(users, call))
            }
            ("DecodeAuthorizationMessage", Some(VERSION)) => {
                Box::pin(decode_authorization_message::answer(users, call))
            }
            ("GetCallerIdentity", Some(VERSION)) => {
                Box::pin(get_caller_identity::answer(&self.get_caller_identity, call))
            }
            (action @ ("AssumeRoot" | "GetWebIdentityToken"), Some(VERSION))
                if call.meta.endpoint == Endpoint::Global =>
            {
                return Err(not_global(action));
            }
            ("GetWebIdentityToken", Some(VERSION)) => {
                let flow = &self.get_web_identity_token;
                Box::pin(get_web_identity_token::answer(flow, call))
            }
            ("AssumeRoot", Some(VERSION)) => Box::pin(assume_root::answer(&self.assume_root, call)),
            ("GetDelegatedAccessToken", Some(VERSION)) => {
                Box::pin(user_sessions::get_delegated_access_token(users, call))
            }
            ("", _) => return Err(missing_action()),
            (action, version) => return Err(unknown_action(action, version)),
        })
    }
}

/// AWS's global endpoint doesn't have these operations (STS API reference).
fn not_global(action: &str) -> QueryFault {
    let message = format!(
        "Could not find operation {action} for version {VERSION} at the global endpoint: ask a region's, /regions/<region>/sts"
    );
    QueryFault::undispatched(StatusCode::BAD_REQUEST, "InvalidAction", message)
}
