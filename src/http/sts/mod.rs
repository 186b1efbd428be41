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

use crate::domain::Endpoint;
use crate::flows::{
    AssumeRole, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, AssumeRoot, GetCallerIdentity,
    GetWebIdentityToken, UserSessions,
};
use crate::http::query::{Call, QueryFault, STS, Success, missing_action, unknown_action};

const VERSION: &str = STS.version;

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
    /// Answers a call, whatever it names.
    ///
    /// # Errors
    /// [`QueryFault`]
    pub async fn dispatch(&self, call: &Call<'_>) -> Result<Success<'static>, QueryFault> {
        let action = call.parameters.find("Action").unwrap_or_default();
        let version = call.parameters.find("Version");
        match (action, version) {
            ("AssumeRole", Some(VERSION)) => assume_role::answer(&self.assume_role, call).await,
            ("AssumeRoleWithSAML", Some(VERSION)) => {
                assume_role_with_saml::answer(&self.assume_role_with_saml, call).await
            }
            ("AssumeRoleWithWebIdentity", Some(VERSION)) => {
                assume_role_with_web_identity::answer(&self.assume_role_with_web_identity, call)
                    .await
            }
            ("GetSessionToken", Some(VERSION)) => {
                user_sessions::get_session_token(&self.user_sessions, call).await
            }
            ("GetFederationToken", Some(VERSION)) => {
                user_sessions::get_federation_token(&self.user_sessions, call).await
            }
            ("GetAccessKeyInfo", Some(VERSION)) => {
                user_sessions::get_access_key_info(&self.user_sessions, call).await
            }
            ("DecodeAuthorizationMessage", Some(VERSION)) => {
                decode_authorization_message::answer(&self.user_sessions, call).await
            }
            ("GetCallerIdentity", Some(VERSION)) => {
                get_caller_identity::answer(&self.get_caller_identity, call).await
            }
            (action @ ("AssumeRoot" | "GetWebIdentityToken"), Some(VERSION))
                if call.meta.endpoint == Endpoint::Global =>
            {
                Err(not_global(action))
            }
            ("GetWebIdentityToken", Some(VERSION)) => {
                get_web_identity_token::answer(&self.get_web_identity_token, call).await
            }
            ("AssumeRoot", Some(VERSION)) => assume_root::answer(&self.assume_root, call).await,
            ("GetDelegatedAccessToken", Some(VERSION)) => {
                user_sessions::get_delegated_access_token(&self.user_sessions, call).await
            }
            ("", _) => Err(missing_action()),
            (action, version) => Err(unknown_action(action, version)),
        }
    }
}

/// AWS's global endpoint doesn't have these operations (STS API reference).
fn not_global(action: &str) -> QueryFault {
    let message = format!(
        "Could not find operation {action} for version {VERSION} at the global endpoint: ask a region's, /regions/<region>/sts"
    );
    QueryFault::undispatched(StatusCode::BAD_REQUEST, "InvalidAction", message)
}
