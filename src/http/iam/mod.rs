//! The IAM API: AWS's Query protocol, answered as XML or JSON (API version 2010-05-08).
//!
//! One file an area. What an action does is in `flows::iam`; here is how its parameters are read and its
//! answer is written. [`ACTIONS`] has the name of every action that there is.

mod access_keys;
mod account;
mod authorization_details;
mod documents;
mod error;
mod exclusions;
mod groups;
mod holders;
mod instance_profiles;
mod mfa_devices;
mod oidc_providers;
mod operation;
mod parameters;
mod policies;
mod policy_fields;
mod qr_code;
mod roles;
mod saml_providers;
mod shapes;
mod simulate;
mod tagging;
mod user_fields;
mod user_settings;
mod users;

use crate::flows::Caller;
use crate::flows::iam::{self, Iam};
use crate::http::query::{Call, IAM, QueryFault, Success, missing_action, unknown_action};

pub use self::documents::{
    DOCUMENTS_PACE, Document, Documents, MAX_DOCUMENT_BODY_BYTES, MAX_NAMED, MAX_NETWORK_BYTES,
    MAX_PROVEN, MAX_SENDER_BYTES, MAX_TURNS, Most, NAMED_BUDGET, PROVEN_BUDGET,
};

use self::operation::Operation;

/// The API.
#[derive(Debug, Clone)]
pub struct IamApi {
    /// What it does.
    pub flow: Iam,
    /// Reads what is longer than other bodies.
    pub documents: Documents,
}

/// Makes [`IamApi::dispatch_to`], which knows every action by its name, and [`ACTIONS`].
macro_rules! operations {
    ($($action:ty,)*) => {
        /// Every action that there is, by name.
        pub const ACTIONS: &[&str] = &[$(<$action as iam::Action>::NAME,)*];

        impl IamApi {
            async fn dispatch_to(
                &self,
                name: &str,
                caller: &Caller,
                call: &Call<'_>,
            ) -> Result<Success<'static>, QueryFault> {
                match name {
                    $(<$action as iam::Action>::NAME => self.answer::<$action>(caller, call).await,)*
                    other => Err(unknown_action(other, Some(IAM.version))),
                }
            }
        }
    };
}

operations! {
    iam::account::CreateAccountAlias,
    iam::account::DeleteAccountAlias,
    iam::account::DisableOutboundFederation,
    iam::account::DisableRootSessions,
    iam::account::EnableOutboundFederation,
    iam::account::EnableRootSessions,
    iam::account::GetAccountSummary,
    iam::account::GetOutboundFederation,
    iam::account::ListAccountAliases,
    iam::account::ListOrganizationsFeatures,
    iam::account::SetSecurityTokenServicePreferences,
    iam::authorization_details::GetAccountAuthorizationDetails,
    iam::oidc_providers::AddClientId,
    iam::oidc_providers::CreateOidcProvider,
    iam::oidc_providers::DeleteOidcProvider,
    iam::oidc_providers::GetOidcProvider,
    iam::oidc_providers::ListOidcProviders,
    iam::tagging::ListTags<iam::oidc_providers::OfOidcProvider>,
    iam::oidc_providers::RemoveClientId,
    iam::tagging::Tag<iam::oidc_providers::OfOidcProvider>,
    iam::tagging::Untag<iam::oidc_providers::OfOidcProvider>,
    iam::oidc_providers::UpdateThumbprints,
    iam::saml_providers::CreateSamlProvider,
    iam::saml_providers::DeleteSamlProvider,
    iam::saml_providers::GetSamlProvider,
    iam::saml_providers::ListSamlProviders,
    iam::tagging::ListTags<iam::saml_providers::OfSamlProvider>,
    iam::tagging::Tag<iam::saml_providers::OfSamlProvider>,
    iam::tagging::Untag<iam::saml_providers::OfSamlProvider>,
    iam::saml_providers::UpdateSamlProvider,
    iam::users::CreateUser,
    iam::users::DeleteUser,
    iam::users::GetUser,
    iam::users::ListUsers,
    iam::user_settings::UpdateUser,
    iam::tagging::Tag<iam::holders::OfUser>,
    iam::tagging::Untag<iam::holders::OfUser>,
    iam::tagging::ListTags<iam::holders::OfUser>,
    iam::user_settings::PutUserBoundary,
    iam::user_settings::DeleteUserBoundary,
    iam::holders::PutPolicy<iam::holders::OfUser>,
    iam::holders::GetPolicy<iam::holders::OfUser>,
    iam::holders::ListPolicies<iam::holders::OfUser>,
    iam::holders::DeletePolicy<iam::holders::OfUser>,
    iam::holders::AttachPolicy<iam::holders::OfUser>,
    iam::holders::DetachPolicy<iam::holders::OfUser>,
    iam::holders::ListAttached<iam::holders::OfUser>,
    iam::access_keys::CreateAccessKey,
    iam::access_keys::ListAccessKeys,
    iam::access_keys::UpdateAccessKey,
    iam::access_keys::DeleteAccessKey,
    iam::access_keys::GetKeyLastUsed,
    iam::mfa_devices::CreateDevice,
    iam::mfa_devices::ListVirtualDevices,
    iam::mfa_devices::DeleteDevice,
    iam::tagging::Tag<iam::mfa_devices::OfDevice>,
    iam::tagging::Untag<iam::mfa_devices::OfDevice>,
    iam::tagging::ListTags<iam::mfa_devices::OfDevice>,
    iam::users_devices::EnableDevice,
    iam::users_devices::DeactivateDevice,
    iam::users_devices::ResyncDevice,
    iam::users_devices::ListDevices,
    iam::users_devices::GetDevice,
    iam::groups::CreateGroup,
    iam::groups::GetGroup,
    iam::groups::ListGroups,
    iam::groups::UpdateGroup,
    iam::groups::DeleteGroup,
    iam::membership::AddUserToGroup,
    iam::membership::RemoveUserFromGroup,
    iam::membership::ListGroupsForUser,
    iam::holders::PutPolicy<iam::holders::OfGroup>,
    iam::holders::GetPolicy<iam::holders::OfGroup>,
    iam::holders::ListPolicies<iam::holders::OfGroup>,
    iam::holders::DeletePolicy<iam::holders::OfGroup>,
    iam::holders::AttachPolicy<iam::holders::OfGroup>,
    iam::holders::DetachPolicy<iam::holders::OfGroup>,
    iam::holders::ListAttached<iam::holders::OfGroup>,
    iam::policies::CreatePolicy,
    iam::policies::CreatePolicyVersion,
    iam::policies::DeletePolicy,
    iam::policies::DeletePolicyVersion,
    iam::policies::GetPolicy,
    iam::policies::GetPolicyVersion,
    iam::policies::ListEntitiesForPolicy,
    iam::policies::ListPolicies,
    iam::tagging::ListTags<iam::policies::OfPolicy>,
    iam::policies::ListPolicyVersions,
    iam::policies::SetDefaultPolicyVersion,
    iam::tagging::Tag<iam::policies::OfPolicy>,
    iam::tagging::Untag<iam::policies::OfPolicy>,
    iam::holders::AttachPolicy<iam::roles::OfRole>,
    iam::roles::CreateRole,
    iam::roles::CreateServiceLinkedRole,
    iam::roles::DeleteRole,
    iam::roles::DeleteRolePermissionsBoundary,
    iam::holders::DeletePolicy<iam::roles::OfRole>,
    iam::roles::DeleteServiceLinkedRole,
    iam::holders::DetachPolicy<iam::roles::OfRole>,
    iam::roles::GetRole,
    iam::holders::GetPolicy<iam::roles::OfRole>,
    iam::roles::GetServiceLinkedRoleDeletionStatus,
    iam::holders::ListAttached<iam::roles::OfRole>,
    iam::holders::ListPolicies<iam::roles::OfRole>,
    iam::roles::ListRoles,
    iam::tagging::ListTags<iam::roles::OfRole>,
    iam::roles::PutRolePermissionsBoundary,
    iam::holders::PutPolicy<iam::roles::OfRole>,
    iam::tagging::Tag<iam::roles::OfRole>,
    iam::tagging::Untag<iam::roles::OfRole>,
    iam::roles::UpdateAssumeRolePolicy,
    iam::roles::UpdateRole,
    iam::roles::UpdateRoleDescription,
    iam::instance_profiles::AddRoleToInstanceProfile,
    iam::instance_profiles::CreateInstanceProfile,
    iam::instance_profiles::DeleteInstanceProfile,
    iam::instance_profiles::GetInstanceProfile,
    iam::tagging::ListTags<iam::instance_profiles::OfProfile>,
    iam::instance_profiles::ListInstanceProfiles,
    iam::instance_profiles::ListInstanceProfilesForRole,
    iam::instance_profiles::RemoveRoleFromInstanceProfile,
    iam::tagging::Tag<iam::instance_profiles::OfProfile>,
    iam::tagging::Untag<iam::instance_profiles::OfProfile>,
    iam::simulate::GetContextKeysForCustomPolicy,
    iam::simulate::GetContextKeysForPrincipalPolicy,
    iam::simulate::SimulateCustomPolicy,
    iam::simulate::SimulatePrincipalPolicy,
}

impl IamApi {
    /// Answers a call, whatever it names. Who asks is found out before anything else of it is read.
    ///
    /// # Errors
    /// [`QueryFault`]
    pub async fn dispatch(&self, call: &Call<'_>) -> Result<Success<'static>, QueryFault> {
        let name = call.parameters.find("Action").unwrap_or_default();
        let version = call.parameters.find("Version");
        if name.is_empty() {
            return Err(missing_action());
        }
        if version != Some(IAM.version) || !ACTIONS.contains(&name) {
            return Err(unknown_action(name, version));
        }
        let headers = call.headers();
        let caller = self
            .flow
            .caller(&call.signed(&headers), name, call.meta)
            .await?;
        // Each action's future is as large as its parameters: one at a time, where it is needed.
        Box::pin(self.dispatch_to(name, &caller, call)).await
    }

    async fn answer<O: Operation>(
        &self,
        caller: &Caller,
        call: &Call<'_>,
    ) -> Result<Success<'static>, QueryFault> {
        let action = O::read(&call.parameters)?;
        let answer = self.flow.run(&action, caller, call.meta).await?;
        Ok(Success {
            operation: O::NAME,
            members: O::members(answer),
        })
    }
}
